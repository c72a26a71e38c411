// One subscription in one dialog, from the subscriber's side, as data (RFC 6665 §4.1.2, its figure).
//
//   notify_wait ──NOTIFY──▶ pending ──NOTIFY active──▶ active
//        │                     │                         │
//        └─────────────────────┴────────────▶ terminated ◀── NOTIFY terminated, timer N, 481 …, expiry
//
// The way back to "init" is the subscriber's: `subscriber.ts`. A fetch (Expires: 0 from the start) and an unsubscription
// are the same machine in a hurry to end: only the final NOTIFY or timer N ends them.

import { causeOf, type End, type FailureReason } from './end.ts';

/** Which SUBSCRIBE has no final response yet: the first, one that refreshes, or the last one with Expires: 0. */
export type Sending = 'nothing' | 'initial' | 'refresh' | 'last';

export interface OpenSubscription {
  readonly name: 'notify_wait' | 'pending' | 'active';
  /** Seconds that SUBSCRIBE asks for; 0 for a fetch. */
  readonly asked: number;
  /** What the last 2xx gave. */
  readonly granted?: number;
  readonly sending: Sending;
  readonly ending: 'no' | 'fetch' | 'unsubscribe';
  /** After the response another SUBSCRIBE is due: a refresh, or the last one when it is `ending`. */
  readonly again: boolean;
  /** Times that 423 raised `asked`. */
  readonly raised: number;
  /** Refreshes that failed, one after the other. */
  readonly failures: number;
}

export type SubscriptionState = OpenSubscription | { readonly name: 'terminated' };

export type SubscriptionEvent =
  /** A 2xx. `expires` is absent when the response belongs to another dialog; `noNotify`: 204 of RFC 5839. */
  | { readonly kind: 'accepted'; readonly expires?: number; readonly noNotify?: boolean }
  /** Another final response, after credentials and further targets. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly minExpires?: number;
      readonly retryAfter?: number;
      /** The event package says that this ends the subscription, also where RFC 6665 would keep it. */
      readonly final?: boolean;
    }
  | { readonly kind: 'failed'; readonly reason: FailureReason }
  /** A NOTIFY that was taken; `state` in lower case. */
  | {
      readonly kind: 'notify';
      readonly state: string;
      readonly expires?: number;
      readonly reason?: string;
      readonly retryAfter?: number;
    }
  | { readonly kind: 'timerN' }
  /** A good moment before the subscription expires. */
  | { readonly kind: 'timerRefresh' }
  /** Nothing says any more that the subscription is still there. */
  | { readonly kind: 'timerExpiry' }
  /** The usage lost track and wants the full state. */
  | { readonly kind: 'refresh' }
  | { readonly kind: 'unsubscribe' };

export type SubscriptionEffect =
  /** In the dialog if there is one. Timer N starts each time that the SUBSCRIBE leaves. */
  | { readonly kind: 'send'; readonly expires: number }
  | { readonly kind: 'stopTimerN' }
  /** Timers for refresh (see `refreshDelayMs`) and expiry, from now. */
  | { readonly kind: 'schedule'; readonly seconds: number }
  /** Another try at refreshing; the expiry stays where it is. */
  | { readonly kind: 'retryRefresh'; readonly failures: number; readonly retryAfter: number }
  /** All timers stop; the dialog is gone. */
  | { readonly kind: 'end'; readonly end: End };

export interface SubscriptionTransition {
  readonly state: SubscriptionState;
  readonly effects: readonly SubscriptionEffect[];
  /** False: the state knows nothing of such an event, and nothing changed. */
  readonly expected: boolean;
}

/** 423 may raise the duration so often, and to so many seconds (two days); a longer one is a refusal. */
const MAX_RAISES = 2;
const MAX_EXPIRES = 172_800;

/** §4.1.2.2: after these to a refresh "the subscriber MUST consider the subscription terminated". */
const TERMINATING: ReadonlySet<number> = new Set([
  404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604,
  // RFC 3261 §12.2.1.2: 408 "SHOULD terminate the dialog".
  408,
]);

const TERMINATED: SubscriptionState = { name: 'terminated' };
const STOP_TIMER_N: SubscriptionEffect = { kind: 'stopTimerN' };

/** Begins with the first SUBSCRIBE. `expires` 0 is a fetch (§4.4.3). */
export function beginSubscription(expires: number): SubscriptionTransition {
  const state: OpenSubscription = {
    name: 'notify_wait',
    asked: expires,
    sending: 'initial',
    ending: expires === 0 ? 'fetch' : 'no',
    again: false,
    raised: 0,
    failures: 0,
  };
  return to(state, send(expires));
}

/** §4.1.4: the subscription that a NOTIFY of another fork makes; that NOTIFY is its first event. */
export function forkedSubscription(expires: number): OpenSubscription {
  return {
    name: 'notify_wait',
    asked: expires,
    sending: 'nothing',
    ending: expires === 0 ? 'fetch' : 'no',
    again: false,
    raised: 0,
    failures: 0,
  };
}

/** Pure. See `SubscriptionTransition.expected`. */
export function stepSubscription(state: SubscriptionState, event: SubscriptionEvent): SubscriptionTransition {
  // What comes after the end was on its way before it, except NOTIFY, which has no dialog any more.
  if (state.name === 'terminated') return { state, effects: [], expected: event.kind !== 'notify' };
  switch (event.kind) {
    case 'accepted':
      return accepted(state, event);
    case 'refused':
      return refused(state, event);
    case 'failed':
      return failed(state, event.reason);
    case 'notify':
      return notified(state, event);
    case 'timerN':
      // §4.1.2.4: "considers the subscription failed"; §4.1.2.2: "considers the subscription terminated".
      return end(state, { cause: 'noNotify' });
    case 'timerExpiry':
      return state.name === 'notify_wait' ? unexpected(state) : end(state, { cause: 'expired' });
    case 'timerRefresh':
      return state.name === 'notify_wait' ? unexpected(state) : refresh(state);
    case 'refresh':
      // The first NOTIFY holds everything anyway.
      return state.name === 'notify_wait' ? to(state) : refresh(state);
    case 'unsubscribe':
      return unsubscribe(state);
  }
}

function accepted(
  state: OpenSubscription,
  event: SubscriptionEvent & { kind: 'accepted' },
): SubscriptionTransition {
  if (state.sending === 'nothing') return unexpected(state);
  const idle: OpenSubscription = { ...state, sending: 'nothing' };
  // §4.1.2.3: "a successful unsubscription will also trigger a final NOTIFY request".
  if (state.sending === 'last') return event.noNotify === true ? end(idle, { cause: 'noNotify' }) : to(idle);
  // §4.1.2.1: "might be smaller than the value indicated in the SUBSCRIBE request but cannot be larger".
  const granted = Math.min(event.expires ?? state.granted ?? state.asked, state.asked);
  const next: OpenSubscription = { ...idle, granted, failures: 0 };
  const effects: SubscriptionEffect[] = [];
  if (state.name !== 'notify_wait' && state.ending === 'no') {
    effects.push({ kind: 'schedule', seconds: granted });
    // §4.1.2.2: "a success response … that indicates that no NOTIFY request will be generated".
    if (event.noNotify === true && state.sending === 'refresh') effects.push(STOP_TIMER_N);
  }
  return followUp(next, effects);
}

function refused(
  state: OpenSubscription,
  event: SubscriptionEvent & { kind: 'refused' },
): SubscriptionTransition {
  const { status, minExpires = 0, retryAfter } = event;
  if (state.sending === 'nothing') return unexpected(state);
  const refusal: End = { cause: 'refused', status, ...(retryAfter === undefined ? {} : { retryAfter }) };
  if (state.sending === 'last') return end(state, refusal);
  // RFC 3261 §21.4.17, RFC 6665 §4.2.1.1: once more with what the notifier wants at least.
  const raised =
    status === 423 && minExpires > state.asked && minExpires <= MAX_EXPIRES && state.raised < MAX_RAISES;
  if (raised && state.ending === 'no') {
    return to({ ...state, asked: minExpires, raised: state.raised + 1 }, send(minExpires));
  }
  if (state.name === 'notify_wait') return end(state, refusal);
  const idle: OpenSubscription = { ...state, sending: 'nothing' };
  // A NOTIFY had made the subscription before: some fork refused, and another did not.
  if (state.sending === 'initial') return followUp(idle, []);
  if (TERMINATING.has(status) || event.final === true) return end(state, refusal);
  return stillValid(idle, retryAfter ?? 0);
}

function failed(state: OpenSubscription, reason: FailureReason): SubscriptionTransition {
  if (state.sending === 'nothing') return unexpected(state);
  const failure: End = { cause: 'failed', reason };
  if (state.sending === 'last' || state.name === 'notify_wait' || reason === 'stopped') {
    return end(state, failure);
  }
  const idle: OpenSubscription = { ...state, sending: 'nothing' };
  if (state.sending === 'initial') return followUp(idle, []);
  // RFC 3261 §12.2.1.2: "A UAC SHOULD also terminate a dialog if no response at all is received for the request".
  if (reason === 'timeout') return end(state, failure);
  return stillValid(idle, 0);
}

/** §4.1.2.2: "the original subscription is still considered valid for the duration of the most recently known Expires". */
function stillValid(idle: OpenSubscription, retryAfter: number): SubscriptionTransition {
  const next: OpenSubscription = { ...idle, failures: idle.failures + 1 };
  // Nothing was accepted, so that timer N would wait for a NOTIFY that nobody owes.
  if (idle.again) return followUp(next, [STOP_TIMER_N]);
  return to(next, STOP_TIMER_N, { kind: 'retryRefresh', failures: idle.failures, retryAfter });
}

function notified(
  state: OpenSubscription,
  event: SubscriptionEvent & { kind: 'notify' },
): SubscriptionTransition {
  if (event.state === 'terminated') {
    const { reason, retryAfter } = event;
    return end(state, {
      cause: 'notified',
      ...(reason === undefined ? {} : { reason }),
      ...(retryAfter === undefined ? {} : { retryAfter }),
    });
  }
  // A state of a later document promises no more than "pending" does.
  const name = event.state === 'active' ? 'active' : 'pending';
  const next: OpenSubscription = { ...state, name };
  // It crossed the SUBSCRIBE that ends it, or came before the one that a fetch waits for: timer N goes on.
  if (state.ending !== 'no') return to(next);
  const effects: SubscriptionEffect[] = [STOP_TIMER_N];
  // §4.1.3: "the subscriber SHOULD take it as the authoritative subscription duration".
  const seconds =
    event.expires ?? (state.name === 'notify_wait' ? (state.granted ?? state.asked) : undefined);
  if (seconds !== undefined) effects.push({ kind: 'schedule', seconds: Math.min(seconds, state.asked) });
  return { state: next, effects, expected: true };
}

function refresh(state: OpenSubscription): SubscriptionTransition {
  if (state.ending !== 'no') return to(state);
  if (state.sending !== 'nothing') return to({ ...state, again: true });
  return to({ ...state, sending: 'refresh' }, send(state.asked));
}

function unsubscribe(state: OpenSubscription): SubscriptionTransition {
  if (state.ending !== 'no') return to(state);
  const ending: OpenSubscription = { ...state, ending: 'unsubscribe' };
  if (state.sending !== 'nothing') return to({ ...ending, again: true });
  return to({ ...ending, sending: 'last', again: false }, send(0));
}

/** After a response: what was asked for meanwhile. */
function followUp(state: OpenSubscription, effects: readonly SubscriptionEffect[]): SubscriptionTransition {
  if (!state.again) return { state, effects, expected: true };
  const last = state.ending === 'unsubscribe';
  const next: OpenSubscription = { ...state, again: false, sending: last ? 'last' : 'refresh' };
  return { state: next, effects: [...effects, send(last ? 0 : state.asked)], expected: true };
}

function end(state: OpenSubscription, given: End): SubscriptionTransition {
  return to(TERMINATED, { kind: 'end', end: causeOf(given, state.ending) });
}

function send(expires: number): SubscriptionEffect {
  return { kind: 'send', expires };
}

function to(state: SubscriptionState, ...effects: SubscriptionEffect[]): SubscriptionTransition {
  return { state, effects, expected: true };
}

function unexpected(state: SubscriptionState): SubscriptionTransition {
  return { state, effects: [], expected: false };
}
