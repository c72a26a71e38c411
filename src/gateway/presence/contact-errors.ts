// What an error stanza of an XMPP contact, or of a server on the way to him, means for those who watch him (PRES-52).

import type { ContactEvent, ContactState } from '../../interwork/presence/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import { readStanzaError } from '../../xmpp/index.ts';

/** Conditions of errors to `subscribe` that end it; all others are for the time being. */
const ENDING: Readonly<Record<string, ContactEvent>> = {
  'item-not-found': 'notFound',
  gone: 'notFound',
  'remote-server-not-found': 'notFound',
  'jid-malformed': 'notFound',
  forbidden: 'forbidden',
  'not-allowed': 'forbidden',
  'not-authorized': 'forbidden',
};

export function eventOfError(state: ContactState, stanza: XmlElement): ContactEvent {
  const { condition } = readStanzaError(stanza);
  // Once he was there, an error of a server on the way says nothing of him.
  if (state !== 'asking' && condition.startsWith('remote-server')) return 'failed';
  return ENDING[condition] ?? 'failed';
}
