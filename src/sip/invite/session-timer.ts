// Session timers (RFC 4028): what is asked, what is answered, who refreshes, and when. Pure; all durations in seconds
// unless they say milliseconds.

import type { SessionExpires } from '../header/session-timer.ts';

/** §4: "The absolute minimum for the Session-Expires header field is 90 seconds." */
export const ABSOLUTE_MIN_SE = 90;

/** What we want. */
export interface TimerPolicy {
  /** The interval that we ask for, or add to a 2xx whose request left it open; undefined: we only follow. */
  readonly interval: number | undefined;
  /** Shorter ones are answered 422; at least 90. */
  readonly minSe: number;
}

/** What a request says of it. */
export interface TimerOffer {
  /** "timer" is in Supported. */
  readonly supported: boolean;
  readonly expires?: SessionExpires | undefined;
  readonly minSe?: number | undefined;
}

export type TimerAnswer =
  /** 422 with this Min-SE (§9). */
  | { readonly kind: 'tooSmall'; readonly minSe: number }
  /** The 2xx has no Session-Expires: the session does not expire. */
  | { readonly kind: 'none' }
  /** `require`: the 2xx has "Require: timer". */
  | {
      readonly kind: 'timer';
      readonly expires: Required<SessionExpires>;
      readonly require: boolean;
    };

/** The timer of a session. */
export interface SessionTimer {
  readonly interval: number;
  readonly refresher: 'us' | 'peer';
}

/** §9: the answer of a UAS, with its table 2. */
export function answerTimer(offer: TimerOffer, policy: TimerPolicy): TimerAnswer {
  const { supported, expires } = offer;
  const floor = Math.max(offer.minSe ?? ABSOLUTE_MIN_SE, ABSOLUTE_MIN_SE);
  const min = Math.max(policy.minSe, ABSOLUTE_MIN_SE);
  if (expires === undefined) {
    if (policy.interval === undefined) return { kind: 'none' };
    // "This extension has the property that it works even when only one UA supports it" (§4): then that one refreshes.
    return timer(Math.max(policy.interval, floor), supported ? 'uac' : 'uas', supported);
  }
  if (expires.seconds < min) return supported ? { kind: 'tooSmall', minSe: min } : { kind: 'none' };
  // "MAY reduce its value but MUST NOT set it to a duration lower than" Min-SE, and "MUST NOT increase the value".
  const wish = Math.max(policy.interval ?? expires.seconds, floor, min);
  const seconds = Math.min(expires.seconds, wish);
  // Table 2: without support always the UAS; else the choice of the UAC, and without one ours: whoever asked refreshes.
  return timer(seconds, supported ? (expires.refresher ?? 'uac') : 'uas', supported);
}

function timer(seconds: number, refresher: 'uac' | 'uas', require: boolean): TimerAnswer {
  return { kind: 'timer', expires: { seconds, refresher }, require };
}

/** The timer that a 2xx of ours with this answer begins; undefined: none. */
export function timerOfAnswer(answer: TimerAnswer): SessionTimer | undefined {
  if (answer.kind !== 'timer') return undefined;
  const { seconds, refresher } = answer.expires;
  return { interval: seconds, refresher: refresher === 'uas' ? 'us' : 'peer' };
}

/**
 * §7.2: the timer that a 2xx to a request of ours begins. A peer that knows nothing of timers leaves it to us, "as if the
 * Session-Expires header field were in the 2xx response", when we had asked.
 */
export function timerOfResponse(
  asked: SessionExpires | undefined,
  answered: SessionExpires | undefined,
): SessionTimer | undefined {
  if (answered === undefined) {
    return asked === undefined ? undefined : { interval: asked.seconds, refresher: 'us' };
  }
  // Less than the absolute minimum would have us refresh as fast as the peer likes (§11.1).
  const interval = Math.max(answered.seconds, ABSOLUTE_MIN_SE);
  return { interval, refresher: answered.refresher === 'uas' ? 'peer' : 'us' };
}

/** §7.4: Session-Expires of a request within the dialog. `minSe`: the largest one of the dialog, if there was any. */
export function expiresOfRequest(
  session: SessionTimer | undefined,
  minSe: number | undefined,
): SessionExpires | undefined {
  if (session === undefined) return undefined;
  // "it SHOULD be equal to the maximum of the Min-SE header field (… default … 90 seconds) and the current session interval".
  const seconds = Math.max(minSe ?? ABSOLUTE_MIN_SE, session.interval);
  return { seconds, refresher: session.refresher === 'us' ? 'uac' : 'uas' };
}

/** The first refresh leaves at half of the interval (§7.2); after a failure the rest is halved, until it is too short. */
const MIN_REFRESH_MS = 16_000;

/** When to refresh for the `attempt`-th time, from the last one or from the start; undefined: it is too late. */
export function refreshDelayOf({ interval }: SessionTimer, attempt: number): number | undefined {
  const ms = (interval * 1000) / 2 ** (attempt + 1);
  return ms >= MIN_REFRESH_MS ? Math.floor(ms) : undefined;
}

/** §10: BYE "slightly before the session expiration. The minimum of 32 seconds and one third of the session interval". */
export function endDelayMs({ interval }: SessionTimer): number {
  return Math.floor((interval - Math.min(32, interval / 3)) * 1000);
}
