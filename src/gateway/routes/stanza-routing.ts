// onStanza: a message, or a request for presence, of an XMPP user is shown to the script before anything is done with it.

import type { AddressBook, MappedUri } from '../../mapping/index.ts';
import { stanzaView, type Occasion, type Routed, type Routes } from '../../policy/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import type { StanzaError } from '../../xmpp/index.ts';
import { bareOf } from '../address-text.ts';
import { stanzaErrorOf } from './answers.ts';
import { changedStanza } from './changes.ts';
import { contextFromXmpp } from './contexts.ts';

export interface StanzaRoutingEnv {
  readonly book: AddressBook;
  /** Domain of the link. */
  readonly domain: string;
  /** Goes on with it. */
  serve(stanza: XmlElement): void;
  /** Answers it. */
  refuse(error: StanzaError): void;
  /** It ends without a word. */
  drop(): void;
}

/** `sender`: who he is to SIP. */
export function routeStanza(
  env: StanzaRoutingEnv,
  routes: Routes,
  stanza: XmlElement,
  sender: MappedUri,
): void {
  const occasion: Occasion = stanza.name === 'message' ? 'message' : 'presence';
  const from = stanza.attr('from') ?? '';
  const to = stanza.attr('to') ?? '';
  const context = contextFromXmpp(env.book, env.domain, { from, fromUri: sender.uri, to });
  const take = (result: Routed): void => {
    if (typeof result === 'string') return env.refuse(stanzaErrorOf(result, env.book));
    switch (result.verb) {
      case 'relay':
        return env.serve(stanza);
      case 'rewrite':
        return env.serve(result.changes === undefined ? stanza : changedStanza(stanza, result.changes));
      case 'drop':
        return env.drop();
      case 'reject':
      case 'redirect':
        return env.refuse(stanzaErrorOf(result, env.book));
    }
  };
  routes.ask(
    occasion,
    `${sender.bareText} ${bareOf(to)}`,
    stanzaView(stanza),
    context,
    take,
    stanza.attr('id'),
  );
}
