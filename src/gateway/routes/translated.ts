// onTranslated: a message is shown to the script as the other side is to get it.

import type { AddressBook, MappedUri } from '../../mapping/index.ts';
import type { MessageDraft } from '../../interwork/message/index.ts';
import { requestView, stanzaView, type RouteAction, type Routed, type Routes } from '../../policy/index.ts';
import type { ServerTransaction } from '../../sip/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import { bareOf } from '../address-text.ts';
import { changedContent, changedStanza, previewRequest } from './changes.ts';
import { contextFromSip, contextFromXmpp } from './contexts.ts';

export interface ToXmppTranslated {
  readonly book: AddressBook;
  /** Goes on with it. */
  write(stanza: XmlElement): void;
  /** It ends here: with this result, which is neither `relay` nor `rewrite`. */
  end(result: Exclude<Routed, RouteAction> | RouteAction): void;
}

/** Towards XMPP. */
export function routeToXmpp(
  env: ToXmppTranslated,
  routes: Routes,
  tx: ServerTransaction,
  stanza: XmlElement,
): void {
  const { from, requestUri, callId } = tx.request;
  const sender = stanza.attr('from') ?? '';
  const context = contextFromSip(env.book, tx.source, { fromUri: from.uri, from: sender, requestUri });
  const pair = `${bareOf(sender)} ${bareOf(stanza.attr('to') ?? '')}`;
  const take = (result: Routed): void => {
    if (typeof result === 'string' || (result.verb !== 'relay' && result.verb !== 'rewrite'))
      return env.end(result);
    if (result.changes === undefined) return env.write(stanza);
    const { from } = result.changes;
    // Whoever it is made to come from must be one of the SIP side, or no answer would find its way.
    const known = from === undefined ? undefined : env.book.jidTargetToSip(from);
    if (known?.ok === false) {
      routes.unusable('stanza-out', `rewrite: from: ${known.error.message}`, callId);
      return env.end('failed');
    }
    env.write(changedStanza(stanza, result.changes));
  };
  routes.ask('stanza-out', pair, stanzaView(stanza), context, take, callId);
}

/** What a MESSAGE to SIP is made of, with its addresses. */
export interface Outgoing {
  readonly from: string;
  readonly requestUri: string;
  readonly callId: string;
  readonly draft: MessageDraft;
}

export interface ToSipTranslated {
  readonly book: AddressBook;
  /** Domain of the link. */
  readonly domain: string;
  send(outgoing: Outgoing): void;
  end(result: Exclude<Routed, RouteAction> | RouteAction): void;
}

/** Towards SIP. `stanza`: as its sender wrote it. */
export function routeToSip(
  env: ToSipTranslated,
  routes: Routes,
  stanza: XmlElement,
  people: { readonly from: MappedUri; readonly to: MappedUri },
  outgoing: Outgoing,
): void {
  const { from, to } = people;
  const { draft, ...addresses } = outgoing;
  const { headers, body, maxForwards } = draft;
  const context = contextFromXmpp(env.book, env.domain, {
    from: stanza.attr('from') ?? '',
    fromUri: from.uri,
    to: stanza.attr('to') ?? '',
  });
  const cid = stanza.attr('id');
  const take = (result: Routed): void => {
    if (typeof result === 'string' || (result.verb !== 'relay' && result.verb !== 'rewrite'))
      return env.end(result);
    const { changes } = result;
    if (changes === undefined) return env.send(outgoing);
    const known = changes.from === undefined ? undefined : env.book.sipTargetToJid(changes.from);
    if (known?.ok === false) {
      routes.unusable('request-out', `rewrite: from: ${known.error.message}`, cid);
      return env.end('failed');
    }
    env.send({
      callId: outgoing.callId,
      from: changes.from ?? outgoing.from,
      requestUri: changes.to ?? outgoing.requestUri,
      draft: changedContent(draft, changes),
    });
  };
  const preview = previewRequest({ ...addresses, headers, body, maxForwards });
  routes.ask('request-out', `${from.bareText} ${to.bareText}`, requestView(preview), context, take, cid);
}
