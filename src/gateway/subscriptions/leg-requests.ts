// The SUBSCRIBE requests of one subscription: the first one, and those within its dialog (RFC 6665 §4.1.2).

import {
  allowEvents,
  buildDialogRequest,
  buildRequest,
  formatNameAddr,
  minExpires,
  retryAfter,
  type Dialog,
  type SipResponse,
  type SubscriptionEvent,
  type Target,
} from '../../sip/index.ts';
import type { ExchangeParts } from './exchange.ts';
import { subscribeFields } from './fields.ts';
import type { SubscribeParts, SubscriptionsEnv } from './types.ts';

/** Call-ID and From tag of one initial SUBSCRIBE. */
export interface LegIds {
  readonly callId: string;
  readonly localTag: string;
}

type RequestParts = Pick<ExchangeParts, 'nextHop' | 'fallback' | 'routed' | 'build'>;

/** `cseq`: of its first try. */
export function initialRequest(
  env: SubscriptionsEnv,
  parts: SubscribeParts,
  ids: LegIds,
  cseq: number,
  seconds: number,
): RequestParts {
  const { resource, from } = parts;
  const content = parts.initial?.();
  return {
    nextHop: parts.proxy ?? resource,
    fallback: undefined,
    routed: false,
    build: (target: Target, challenges: number) =>
      buildRequest({
        method: 'SUBSCRIBE',
        requestUri: resource,
        from: formatNameAddr({ uri: from, params: new Map([['tag', ids.localTag]]) }),
        to: formatNameAddr({ uri: resource }),
        callId: ids.callId,
        cseq: cseq + challenges,
        headers: [
          ...subscribeFields(parts, seconds, env.localFor(target), false),
          ...(content?.headers ?? []),
        ],
        body: content?.body,
      }),
  };
}

/** RFC 3261 §12.2.1. */
export function dialogRequest(
  env: SubscriptionsEnv,
  parts: SubscribeParts,
  dialog: Dialog,
  seconds: number,
): RequestParts {
  return {
    nextHop: buildDialogRequest(dialog, { method: 'SUBSCRIBE' }).nextHop,
    fallback: parts.proxy ?? parts.resource,
    routed: dialog.routeSet.length > 0,
    build: (target: Target, challenges: number) =>
      buildDialogRequest(
        { ...dialog, localSeq: dialog.localSeq + challenges },
        {
          method: 'SUBSCRIBE',
          headers: subscribeFields(parts, seconds, env.localFor(target), dialog.secure),
        },
      ).request,
  };
}

/** What became of a SUBSCRIBE. */
export function countOutcome({ counters }: SubscriptionsEnv, what: 'accepted' | 'refused' | 'failed'): void {
  counters
    .counter('stoxgate_sip_subscribe_total', 'SUBSCRIBE requests by their outcome.', { outcome: what })
    .add();
}

/** What a final response that is no success means for the machine; it is logged. */
export function refusedBy(
  { log }: SubscriptionsEnv,
  { resource, terms: { event, finalStatuses } }: SubscribeParts,
  response: SipResponse,
): SubscriptionEvent {
  const { status } = response;
  log.debug('subscribe.refused', {
    status,
    resource,
    event: event.package,
    allowEvents: allowEvents(response),
  });
  const least = minExpires(response);
  const after = retryAfter(response);
  return {
    kind: 'refused',
    status,
    ...(least.ok && least.value !== undefined ? { minExpires: least.value } : {}),
    ...(after.ok && after.value !== undefined ? { retryAfter: after.value.seconds } : {}),
    final: finalStatuses?.has(status) === true,
  };
}
