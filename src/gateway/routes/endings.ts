// onResponse and onFailure: the script hears how a message ended, and may say how a failure is told, or try elsewhere.

import type { AddressBook, ErrorResponse } from '../../mapping/index.ts';
import type { FailureView, ResponseView, RouteContext, Routes } from '../../policy/index.ts';
import type { StanzaError } from '../../xmpp/index.ts';
import { responseOf, stanzaErrorOf } from './answers.ts';

/** Tells of a message that has arrived. Nothing waits for the script. */
export function tellResponse(
  routes: Routes,
  pair: string,
  response: ResponseView,
  context: RouteContext,
  cid: string | undefined,
): void {
  routes.ask('response', pair, Object.freeze(response), context, () => {}, cid);
}

/** `end`: with the response that the SIP sender gets. A script that fails changes nothing. */
export function routeFailureToXmpp(
  book: AddressBook,
  routes: Routes,
  pair: string,
  failure: FailureView,
  context: RouteContext,
  cid: string,
  end: (instead: ErrorResponse | undefined) => void,
): void {
  routes.ask(
    'failure-to-xmpp',
    pair,
    Object.freeze(failure),
    context,
    (result) => {
      const rejects = typeof result !== 'string' && result.verb === 'reject';
      end(rejects ? responseOf(result, 'MESSAGE', book) : undefined);
    },
    cid,
  );
}

export interface FailedToSip {
  /** Ends it with this error. */
  report(error: StanzaError): void;
  /** Sends it to this SIP URI; undefined when it was sent elsewhere too often. */
  readonly again: ((requestUri: string) => void) | undefined;
}

export function routeFailureToSip(
  book: AddressBook,
  routes: Routes,
  pair: string,
  failure: FailureView,
  context: RouteContext,
  cid: string | undefined,
  failed: FailedToSip,
  error: StanzaError,
): void {
  routes.ask(
    'failure-to-sip',
    pair,
    Object.freeze(failure),
    context,
    (result) => {
      if (typeof result === 'string') return failed.report(error);
      if (result.verb === 'reject') return failed.report(stanzaErrorOf(result, book));
      const elsewhere = result.changes?.to;
      if (elsewhere === undefined) return failed.report(error);
      if (failed.again !== undefined) return failed.again(elsewhere);
      routes.unusable('failure-to-sip', 'rewrite: a message is sent elsewhere three times at most', cid);
      failed.report(error);
    },
    cid,
  );
}
