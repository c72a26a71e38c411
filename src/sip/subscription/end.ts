// How a subscription ended, and whether and when it is asked for again (RFC 6665 §4.1.3, RFC 3261 §21).

/** Why a SUBSCRIBE has no final response: nobody answered, nothing could be sent, no target, or we stop. */
export type FailureReason = 'timeout' | 'transport' | 'unlocatable' | 'stopped';

export type End =
  /** We wanted it to end. */
  | { readonly cause: 'unsubscribed' }
  /** A fetch had its answer. */
  | { readonly cause: 'fetched' }
  /** A NOTIFY said "terminated". `reason` in lower case. */
  | { readonly cause: 'notified'; readonly reason?: string; readonly retryAfter?: number }
  | { readonly cause: 'refused'; readonly status: number; readonly retryAfter?: number }
  | { readonly cause: 'failed'; readonly reason: FailureReason }
  /** Timer N. */
  | { readonly cause: 'noNotify' }
  /** It could not be refreshed in time. */
  | { readonly cause: 'expired' };

/** When to ask again. `now`: without delay, the first time in a row. */
export type Retry =
  | { readonly kind: 'never' }
  | { readonly kind: 'now' }
  | { readonly kind: 'later'; readonly atLeastSeconds: number };

/** The end as its owner sees it: who wanted it to end is content with any end, who fetched with a final NOTIFY. */
export function causeOf(end: End, ending: 'no' | 'fetch' | 'unsubscribe'): End {
  if (ending === 'unsubscribe') return { cause: 'unsubscribed' };
  // §4.4.3: NOTIFY requests triggered by Expires: 0 have "a "reason" parameter of "timeout"".
  const polled = end.cause === 'notified' && (end.reason === undefined || end.reason === 'timeout');
  return ending === 'fetch' && polled ? { cause: 'fetched' } : end;
}

/** A notifier that wants to be left alone for longer is not asked again by itself. */
const MAX_RETRY_AFTER_SECONDS = 86_400;

const NEVER: Retry = { kind: 'never' };
const NOW: Retry = { kind: 'now' };

/** Refusals that would be repeated: of the method, the package, the request as such, or of us. */
const FINAL_STATUSES: ReadonlySet<number> = new Set([
  400, 402, 403, 405, 406, 410, 413, 414, 415, 416, 420, 421, 423, 489, 493, 501, 505, 513, 603, 604, 606,
]);

/** The rule for this end. Retry-After counts only where its clause gives it a meaning. */
export function retryAfterEnd(end: End): Retry {
  switch (end.cause) {
    case 'unsubscribed':
    case 'fetched':
      return NEVER;
    case 'notified':
      return retryByReason(end.reason, end.retryAfter);
    case 'refused':
      if (FINAL_STATUSES.has(end.status)) return NEVER;
      // §4.1.2.2: after a 481 to a refresh "an unrelated initial SUBSCRIBE request".
      return end.status === 481 ? NOW : later(end.retryAfter);
    case 'failed':
      return end.reason === 'stopped' ? NEVER : later(undefined);
    case 'noNotify':
    case 'expired':
      return later(undefined);
  }
}

/** §4.1.3, the reason codes one by one. */
function retryByReason(reason: string | undefined, retryAfter: number | undefined): Retry {
  switch (reason) {
    case 'deactivated':
      // "SHOULD retry immediately with a new subscription"; retry-after "has no semantics".
      return NOW;
    case 'timeout':
      // "Clients MAY re-subscribe immediately"; retry-after "has no semantics".
      return NOW;
    case 'rejected':
    case 'noresource':
    case 'invariant':
      // "Clients SHOULD NOT attempt to re-subscribe", whatever retry-after says.
      return NEVER;
    default:
      // probation: "SHOULD retry at some later time"; giveup: "MAY retry immediately, but will likely get put back into
      // pending state"; none or unknown: "at any time". All: not before retry-after.
      return later(retryAfter);
  }
}

function later(atLeastSeconds = 0): Retry {
  return atLeastSeconds > MAX_RETRY_AFTER_SECONDS ? NEVER : { kind: 'later', atLeastSeconds };
}
