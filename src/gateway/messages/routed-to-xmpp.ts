// What the route script has to do with the end of a message from SIP.

import { readStanzaError } from '../../xmpp/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import type { ToXmpp } from '../../interwork/message/index.ts';
import { stanzaErrorToResponse, type MappedJid } from '../../mapping/index.ts';
import type { Routed, Routes } from '../../policy/index.ts';
import type { ResponseOptions, ServerTransaction } from '../../sip/index.ts';
import { bareOf } from '../address-text.ts';
import type { Live } from '../live.ts';
import { responseOf, ROUTES_CLAUSE } from '../routes/answers.ts';
import { contextFromSip } from '../routes/contexts.ts';
import { routeFailureToXmpp, tellResponse } from '../routes/endings.ts';
import { peopleOf, type OpenMessage, type Why } from './open-message.ts';
import type { ToXmppOutcome, ToXmppOutcomes } from './outcomes.ts';

export interface RoutedEnv {
  readonly live: Pick<Live, 'book'>;
  readonly outcomes: Pick<ToXmppOutcomes, 'end'>;
}

export type Translated = Extract<ToXmpp, { kind: 'message' }>;
/** The two of a conversation that a message begins. */
export type Newcomers = readonly [MappedJid, MappedJid] | undefined;

/** How a message ends that was not accepted. */
export interface Ending {
  readonly status: number;
  readonly options?: ResponseOptions | undefined;
  readonly why?: Why | undefined;
}

const DROPPED = 202;

/** What an error stanza makes of the message that it is about. */
export function endingOf(stanza: XmlElement | undefined, book: Live['book']): Ending {
  if (stanza === undefined) return { status: 500 };
  const error = readStanzaError(stanza);
  const { status, headers, reason } = stanzaErrorToResponse(error, {
    full: (stanza.attr('from') ?? '').includes('/'),
    method: 'MESSAGE',
    // ERR-X05, ERR-X15: where the XMPP side says that he is now.
    book,
  });
  return { status, options: { headers, reason }, why: { condition: error.condition, text: error.text } };
}

/** The script has ended it before it was written. */
export function endByRoutes(
  { live, outcomes }: RoutedEnv,
  tx: ServerTransaction,
  stanza: XmlElement,
  result: Routed,
): void {
  const facts = { request: tx.request, id: stanza.attr('id'), ...peopleOf(stanza), clause: ROUTES_CLAUSE };
  if (typeof result !== 'string' && result.verb === 'drop') {
    outcomes.end('nothing', { ...facts, status: DROPPED });
    return tx.respond(DROPPED);
  }
  const { status, reason, headers } = responseOf(result, tx.request.method, live.book);
  outcomes.end('rejected', { ...facts, status, text: reason });
  tx.respond(status, { reason, headers });
}

/** It ends in vain: the script may say how that is told. */
export function failByRoutes(
  { live, outcomes }: RoutedEnv,
  routes: Routes,
  message: OpenMessage,
  tx: ServerTransaction,
  outcome: ToXmppOutcome,
  { status, options, why }: Ending,
): void {
  // Taken now: it is forgotten of the message when that has ended.
  const facts = message.facts(status, why);
  const failure = {
    status,
    condition: why?.condition === undefined ? undefined : conditionOf(message),
    text: why?.text,
    requestUri: undefined,
    attempts: 1,
  };
  routeFailureToXmpp(
    live.book,
    routes,
    pairOf(message),
    failure,
    contextOf(live, message, tx),
    message.id,
    (instead) => {
      if (facts !== undefined) {
        outcomes.end(
          outcome,
          instead === undefined
            ? facts
            : { ...facts, status: instead.status, text: instead.reason, clause: ROUTES_CLAUSE },
        );
      }
      if (instead === undefined) return tx.respond(status, options);
      tx.respond(instead.status, { reason: instead.reason, headers: instead.headers });
    },
  );
}

/** It has ended well. */
export function tellAccepted(
  live: Pick<Live, 'book'>,
  routes: Routes,
  message: OpenMessage,
  outcome: 'accepted' | 'delivered',
  status: number,
): void {
  const { tx } = message;
  if (tx === undefined || !routes.has('onResponse')) return;
  tellResponse(routes, pairOf(message), { status, outcome }, contextOf(live, message, tx), message.id);
}

function contextOf(
  live: Pick<Live, 'book'>,
  { stanza }: OpenMessage,
  { request, source }: ServerTransaction,
) {
  return contextFromSip(live.book, source, {
    fromUri: request.from.uri,
    from: stanza.attr('from') ?? '',
    requestUri: request.requestUri,
  });
}

function pairOf({ stanza }: OpenMessage): string {
  return `${bareOf(stanza.attr('from') ?? '')} ${bareOf(stanza.attr('to') ?? '')}`;
}

function conditionOf({ error }: OpenMessage) {
  return error === undefined ? undefined : readStanzaError(error).condition;
}
