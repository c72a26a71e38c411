// The words of the machine of an established session (`session.ts`): its states, events and effects.

import type { SessionExpires } from '../header/session-timer.ts';
import { DEFAULT_TIMERS, type TimersConfig } from '../transaction/timing.ts';
import type { ChangeEffect, ChangeEvent, ChangeMethod, Changes } from './change.ts';
import type { CallEnd } from './end.ts';
import type { Description } from './offers.ts';
import { ABSOLUTE_MIN_SE, type SessionTimer, type TimerOffer, type TimerPolicy } from './session-timer.ts';

export interface OpenSession {
  readonly name: 'open';
  readonly changes: Changes;
  readonly timer: SessionTimer | undefined;
  /** The largest Min-SE of this dialog (RFC 4028 §7.4). */
  readonly minSe: number | undefined;
  /** The peer takes UPDATE: it is in his Allow. */
  readonly update: boolean;
  /** A refresh of ours is due since the last 2xx, and so many attempts failed. */
  readonly refreshing: boolean;
  readonly failures: number;
  /** Session-Expires of our open request. */
  readonly asked: SessionExpires | undefined;
  /** What the peer's open requests say of the timer. */
  readonly inviteTimer: TimerOffer | undefined;
  readonly updateTimer: TimerOffer | undefined;
}

export interface MortalSession {
  readonly name: 'mortal';
  /** held: it waits for the ACK of the first 2xx (RFC 3261 §15). */
  readonly bye: 'no' | 'held' | 'sent';
  readonly changes: Changes;
}

export type SessionState = OpenSession | MortalSession | { readonly name: 'over' };

export type SessionEvent =
  /** `expires`: of a 2xx. `offer`: of a request of the peer. `minSe`: of a 422. */
  | {
      readonly kind: 'change';
      readonly event: ChangeEvent;
      readonly expires?: SessionExpires;
      readonly offer?: TimerOffer;
      readonly minSe?: number;
    }
  | { readonly kind: 'hangUp' }
  /** BYE of the peer. */
  | { readonly kind: 'bye'; readonly cseq: number }
  /** Our BYE has a final response, or gets none. */
  | { readonly kind: 'byeDone' }
  /** Another request of the peer in this dialog that needs the session: INFO, REFER, MESSAGE. */
  | { readonly kind: 'request'; readonly cseq: number }
  /** See `schedule`. */
  | { readonly kind: 'timerRefresh' }
  | { readonly kind: 'timerEnd' };

export type SessionEffect =
  | Exclude<ChangeEffect, { kind: 'send' | 'reply' | 'lost' }>
  | {
      readonly kind: 'send';
      readonly method: ChangeMethod;
      readonly description: Description;
      readonly expires?: SessionExpires;
      readonly minSe?: number;
    }
  /** `require`: with "Require: timer". `retryAfter`: as in `ChangeEffect`. */
  | {
      readonly kind: 'reply';
      readonly cseq: number;
      readonly status: number;
      readonly description: Description;
      readonly retryAfter?: true;
      readonly expires?: SessionExpires;
      readonly require?: boolean;
      readonly minSe?: number;
    }
  /** Timers of refresh and end, from now, instead of those before; absent ones stop. */
  | { readonly kind: 'schedule'; readonly refreshMs?: number; readonly endMs?: number }
  /** The timer of refresh alone. */
  | { readonly kind: 'retryRefresh'; readonly ms: number }
  | { readonly kind: 'bye' }
  /** The request at hand may be served; its answer is the server's. */
  | { readonly kind: 'serve'; readonly cseq: number }
  /** The only outcome of the session. */
  | { readonly kind: 'ended'; readonly end: CallEnd }
  /** The dialog is gone as far as the call goes. */
  | { readonly kind: 'over' };

export interface SessionTransition {
  readonly state: SessionState;
  readonly effects: readonly SessionEffect[];
  readonly expected: boolean;
}

export interface SessionRules {
  readonly timing: TimersConfig;
  readonly timer: TimerPolicy;
}

export const DEFAULT_SESSION_RULES: SessionRules = {
  timing: DEFAULT_TIMERS,
  timer: { interval: undefined, minSe: ABSOLUTE_MIN_SE },
};

/** What the session begins with. */
export interface SessionStart {
  /** Of the caller's or callee's "established". */
  readonly changes: Changes;
  readonly timer: SessionTimer | undefined;
  /** Only of requests of the peer within this dialog; a caller's 422 before it do not count (RFC 4028 §7.4). */
  readonly minSe?: number | undefined;
  readonly update: boolean;
}
