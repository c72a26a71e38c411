// onStanza of a call: what an XMPP user begins a call with is shown to the script before anything is done with it.

import type { AddressBook, MappedUri } from '../../mapping/index.ts';
import { stanzaView, type Routes } from '../../policy/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import { stanzaError, type StanzaError } from '../../xmpp/index.ts';
import { bareOf } from '../address-text.ts';
import { stanzaErrorOf } from './answers.ts';
import { contextFromXmpp } from './contexts.ts';

/** What becomes of it; `error` undefined: nothing is said. */
export type CallVerdict =
  | { readonly goesOn: true }
  | { readonly goesOn: false; readonly error: StanzaError | undefined };

/** `sender`: who he is to SIP; `domain`: of the link. `decided` is called once, perhaps in a later turn. */
export function routeCall(
  { book, domain }: { readonly book: AddressBook; readonly domain: string },
  routes: Routes,
  stanza: XmlElement,
  sender: MappedUri,
  decided: (verdict: CallVerdict) => void,
): void {
  const from = stanza.attr('from') ?? '';
  const to = stanza.attr('to') ?? '';
  const context = contextFromXmpp(book, domain, { from, fromUri: sender.uri, to });
  const pair = `${sender.bareText} ${bareOf(to)}`;
  routes.ask(
    'call',
    pair,
    stanzaView(stanza, 'call'),
    context,
    (result) => {
      const verb = typeof result === 'string' ? undefined : result.verb;
      if (verb === 'relay') return decided({ goesOn: true });
      if (verb !== 'drop') return decided({ goesOn: false, error: stanzaErrorOf(result, book) });
      // RFC 6120 §8.2.3: an iq has an answer; this is the one of a user who is not there.
      const error = stanza.name === 'iq' ? stanzaError('service-unavailable') : undefined;
      decided({ goesOn: false, error });
    },
    stanza.attr('id'),
  );
}
