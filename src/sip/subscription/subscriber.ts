// A subscriber: wants the state of one resource, and asks again when its subscription ended (the way back to "init" in
// the figure of RFC 6665 §4.1.2). One SUBSCRIBE may make several subscriptions by forking (§4.1.4); only when the last
// of them has ended a new SUBSCRIBE goes out, since it would reach all notifiers again.

import type { Retry } from './end.ts';

export type SubscriberState =
  | { readonly name: 'subscribing'; readonly subscriptions: number; readonly failures: number }
  /** Retry-after runs. */
  | { readonly name: 'waiting'; readonly failures: number }
  /** Each subscription was told to end. */
  | { readonly name: 'stopping'; readonly subscriptions: number }
  | { readonly name: 'over' };

export type SubscriberEvent =
  /** A NOTIFY of another fork made a further subscription. */
  | { readonly kind: 'forked' }
  /** A subscription ended. `lastedMs`: how long it had been pending or active. */
  | { readonly kind: 'ended'; readonly retry: Retry; readonly lastedMs: number }
  | { readonly kind: 'retryDue' }
  | { readonly kind: 'stop' };

export type SubscriberEffect =
  /** An initial SUBSCRIBE with a new Call-ID and From tag. */
  | { readonly kind: 'subscribe' }
  | { readonly kind: 'unsubscribeAll' }
  /** See `retryDelayMs`. */
  | { readonly kind: 'wait'; readonly failures: number; readonly atLeastSeconds: number }
  | { readonly kind: 'stopWaiting' }
  | { readonly kind: 'over' };

export interface SubscriberTransition {
  readonly state: SubscriberState;
  readonly effects: readonly SubscriberEffect[];
  readonly expected: boolean;
}

/** A subscription that lasted so long was a good one: what came before it is forgotten. */
const SETTLED_MS = 60_000;

export const BEGIN_SUBSCRIBER: SubscriberTransition = {
  state: { name: 'subscribing', subscriptions: 1, failures: 0 },
  effects: [{ kind: 'subscribe' }],
  expected: true,
};

const OVER: SubscriberTransition = { state: { name: 'over' }, effects: [{ kind: 'over' }], expected: true };

/** Pure. */
export function stepSubscriber(state: SubscriberState, event: SubscriberEvent): SubscriberTransition {
  switch (state.name) {
    case 'subscribing':
      return stepSubscribing(state, event);
    case 'waiting':
      if (event.kind === 'retryDue') {
        return to({ name: 'subscribing', subscriptions: 1, failures: state.failures }, { kind: 'subscribe' });
      }
      if (event.kind === 'stop') return to({ name: 'over' }, { kind: 'stopWaiting' }, { kind: 'over' });
      break;
    case 'stopping':
      if (event.kind === 'stop') return to(state);
      if (event.kind === 'ended') {
        return state.subscriptions > 1
          ? to({ name: 'stopping', subscriptions: state.subscriptions - 1 })
          : OVER;
      }
      break;
    case 'over':
      if (event.kind === 'stop') return to(state);
      break;
  }
  return { state, effects: [], expected: false };
}

function stepSubscribing(
  state: SubscriberState & { name: 'subscribing' },
  event: SubscriberEvent,
): SubscriberTransition {
  const { subscriptions, failures } = state;
  switch (event.kind) {
    case 'forked':
      return to({ ...state, subscriptions: subscriptions + 1 });
    case 'stop':
      return to({ name: 'stopping', subscriptions }, { kind: 'unsubscribeAll' });
    case 'ended': {
      if (subscriptions > 1) return to({ ...state, subscriptions: subscriptions - 1 });
      if (event.retry.kind === 'never') return OVER;
      const before = event.lastedMs >= SETTLED_MS ? 0 : failures;
      const now = event.retry.kind === 'now';
      // "immediately" is once: a notifier that ends each new subscription at once is a loop.
      if (now && before === 0) {
        return to({ name: 'subscribing', subscriptions: 1, failures: 1 }, { kind: 'subscribe' });
      }
      const atLeastSeconds = event.retry.kind === 'later' ? event.retry.atLeastSeconds : 0;
      return to(
        { name: 'waiting', failures: before + 1 },
        { kind: 'wait', failures: before, atLeastSeconds },
      );
    }
    case 'retryDue':
      return { state, effects: [], expected: false };
  }
}

function to(state: SubscriberState, ...effects: SubscriberEffect[]): SubscriberTransition {
  return { state, effects, expected: true };
}
