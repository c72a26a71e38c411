// onSipRequest: a request of a believed sender is shown to the script before anything is done with it.

import type { AddressBook, MappedJid } from '../../mapping/index.ts';
import { requestView, type Routed, type Routes } from '../../policy/index.ts';
import type { ServerTransaction, SipRequest } from '../../sip/index.ts';
import { responseOf } from './answers.ts';
import { changedRequest } from './changes.ts';
import { contextFromSip } from './contexts.ts';

export interface SipRoutingEnv {
  readonly book: AddressBook;
  /** It ends here: counts it. */
  ended(outcome: 'rejected' | 'nothing', request: SipRequest, status: number, text?: string): void;
  /** Goes on with it. */
  serve(request: SipRequest, from: MappedJid): void;
}

/** RFC 3428 §7: "accepted", which does not say that anybody gets it. */
const DROPPED = 202;

export function routeSipRequest(
  env: SipRoutingEnv,
  routes: Routes,
  tx: ServerTransaction,
  from: MappedJid,
): void {
  const { request } = tx;
  const { book } = env;
  const isMessage = request.method === 'MESSAGE';
  const occasion = isMessage ? 'sip-message' : 'sip-request';
  const context = contextFromSip(book, tx.source, {
    fromUri: request.from.uri,
    from: from.jidText,
    requestUri: request.requestUri,
  });
  const pair = `${from.bareText} ${request.requestUri}`;
  const end = (result: Routed): void => {
    const { status, reason, headers } = responseOf(result, request.method, book);
    env.ended('rejected', request, status, reason);
    tx.respond(status, { reason, headers });
  };
  routes.ask(
    occasion,
    pair,
    requestView(request),
    context,
    (result) => {
      if (typeof result === 'string') return end(result);
      switch (result.verb) {
        case 'relay':
          return env.serve(request, from);
        case 'drop':
          env.ended('nothing', request, DROPPED);
          return tx.respond(DROPPED);
        case 'reject':
        case 'redirect':
          return end(result);
        case 'rewrite': {
          if (result.changes === undefined) return env.serve(request, from);
          const changed = changedRequest(request, result.changes);
          const sender =
            result.changes.from === undefined ? undefined : book.sipSenderToJid(changed.from.uri);
          if (sender === undefined) return env.serve(changed, from);
          if (sender.ok) return env.serve(changed, sender.value);
          routes.unusable(occasion, `rewrite: from: ${sender.error.message}`, request.callId);
          return end('failed');
        }
      }
    },
    request.callId,
  );
}
