// Drives one subscriber: its attempts, their forks, and the pauses between them (RFC 6665 §4.1.2, §4.1.4).

import { SmallSet, type Timer } from '../../base/index.ts';
import {
  BEGIN_SUBSCRIBER,
  forkedSubscription,
  retryAfterEnd,
  retryDelayMs,
  stepSubscriber,
  type Dialog,
  type End,
  type KeptSubscription,
  type Retry,
  type ServerTransaction,
  type SubscriberEffect,
  type SubscriberEvent,
  type SubscriberState,
  type SubscriberTransition,
} from '../../sip/index.ts';
import { Leg } from './leg.ts';
import type { LegOwner } from './leg-owner.ts';
import type { LegIds } from './leg-requests.ts';
import type {
  SubscribeParts,
  SubscriberHandle,
  SubscriberStatus,
  SubscriptionsEnv,
  SubscriptionUsage,
} from './types.ts';

/** What a subscriber needs of the table of all. */
export interface SubscriberRegistry {
  attempt(subscriber: Subscriber, ids: LegIds): void;
  attemptOver(ids: LegIds): void;
  bound(leg: Leg, key: string): void;
  unbound(key: string): void;
  over(subscriber: Subscriber): void;
}

/** 130 random bits for a Call-ID, 80 for a tag, in characters of base32 (RFC 3261 §8.1.1.4, §19.3). */
const CALL_ID_CHARS = 26;
const TAG_CHARS = 16;
/** Subscriptions of one SUBSCRIBE; further forks are answered 481. */
const MAX_FORKS = 8;
const UNSUBSCRIBED: End = { cause: 'unsubscribed' };

export class Subscriber implements SubscriberHandle, LegOwner {
  readonly parts: SubscribeParts;
  readonly usage: SubscriptionUsage;
  readonly #env: SubscriptionsEnv;
  readonly #registry: SubscriberRegistry;
  readonly #legs = new SmallSet<Leg>();
  #state: SubscriberState = BEGIN_SUBSCRIBER.state;
  #ids: LegIds | undefined;
  /** The leg of the 2xx, until the first NOTIFY takes it. */
  #first: Leg | undefined;
  #retry: Timer | undefined;
  /** RFC 6665 §4.1.2.4: forks may answer until timer N of the initial SUBSCRIBE. */
  #forks: Timer | undefined;
  #lastEnd = UNSUBSCRIBED;

  constructor(
    env: SubscriptionsEnv,
    registry: SubscriberRegistry,
    parts: SubscribeParts,
    usage: SubscriptionUsage,
  ) {
    this.#env = env;
    this.#registry = registry;
    this.parts = parts;
    this.usage = usage;
  }

  get muted(): boolean {
    return this.#state.name === 'stopping';
  }

  /** It goes on after the next start. */
  get lasts(): boolean {
    return this.parts.terms.durable === true && this.#state.name !== 'stopping';
  }

  get dialogs(): readonly Dialog[] {
    return [...this.#legs].flatMap((leg) => leg.dialog ?? []);
  }

  get kept(): readonly KeptSubscription[] {
    return [...this.#legs].flatMap((leg) => leg.kept ?? []);
  }

  get status(): SubscriberStatus {
    const { timers, clock } = this.#env;
    const leftMs = timers.leftMs(this.#retry);
    return {
      state: this.#state.name,
      failures: 'failures' in this.#state ? this.#state.failures : 0,
      againMs: leftMs === undefined ? undefined : clock.wall() + leftMs,
      dialogs: [...this.#legs].map((leg) => leg.status),
    };
  }

  start(): void {
    this.#apply(BEGIN_SUBSCRIBER);
  }

  /** In the place of `start`: goes on with what was kept, one at least. */
  restore(kept: readonly KeptSubscription[]): void {
    this.#state = { name: 'subscribing', subscriptions: kept.length, failures: 0 };
    for (const each of kept) {
      const { callId, localTag } = each.dialog;
      const leg = new Leg(this.#env, this, { callId, localTag });
      this.#legs.add(leg);
      leg.restore(each);
    }
  }

  refresh(): void {
    for (const leg of [...this.#legs]) leg.refresh();
  }

  unsubscribe(): void {
    this.#step({ kind: 'stop' });
  }

  /** Ends at once and says nothing to anybody but its owner. */
  stop(): void {
    if (this.#state.name === 'over') return;
    for (const leg of this.#legs) leg.stop();
    this.#legs.clear();
    this.#clearRetry();
    this.#state = { name: 'over' };
    this.#lastEnd = { cause: 'failed', reason: 'stopped' };
    this.#over();
  }

  /** A NOTIFY for its Call-ID and tag that belongs to no dialog yet. */
  notify(tx: ServerTransaction): boolean {
    const first = this.#first;
    if (first?.state === 'notify_wait') {
      if (!first.notify(tx)) return false;
      this.#first = undefined;
      return true;
    }
    const ids = this.#ids;
    const initial = [...this.#legs].find((leg) => leg.initial !== undefined)?.initial;
    if (ids === undefined || initial === undefined || !this.#mayFork()) {
      // §5.4.9: "would be rejected with a 481 response".
      tx.respond(481);
      return false;
    }
    const leg = new Leg(this.#env, this, ids, {
      state: forkedSubscription(this.parts.terms.expires),
      initial,
    });
    // Before the NOTIFY, which may end it again.
    this.#legs.add(leg);
    this.#step({ kind: 'forked' });
    if (leg.notify(tx)) return true;
    // It was not taken: no subscription came of it.
    if (this.#legs.delete(leg)) this.#step({ kind: 'ended', retry: { kind: 'never' }, lastedMs: 0 });
    return false;
  }

  #mayFork(): boolean {
    return (
      this.parts.terms.forks === 'several' &&
      this.#legs.size < MAX_FORKS &&
      this.#state.name === 'subscribing' &&
      this.#forks !== undefined
    );
  }

  bound(leg: Leg, key: string): void {
    this.#registry.bound(leg, key);
  }

  unbound(key: string): void {
    this.#registry.unbound(key);
  }

  ended(leg: Leg, end: End, lastedMs: number): void {
    this.#legs.delete(leg);
    if (this.#first === leg) this.#first = undefined;
    this.#lastEnd = end;
    this.#env.log.debug('subscription.ended', {
      resource: this.parts.resource,
      event: this.parts.terms.event.package,
      ...end,
    });
    this.#env.counters
      .counter('stoxgate_sip_subscriptions_ended_total', 'Subscriptions that ended, by what ended them.', {
        cause: CAUSES[end.cause],
      })
      .add();
    const final = end.cause === 'refused' && this.parts.terms.finalStatuses?.has(end.status) === true;
    const retry: Retry = final ? { kind: 'never' } : retryAfterEnd(end);
    const transition = stepSubscriber(this.#state, { kind: 'ended', retry, lastedMs });
    const [next] = transition.effects;
    if (next?.kind === 'subscribe' && transition.state.name === 'subscribing') {
      // Its owner hears of it in between, and may not want it any more.
      const between: SubscriberState = { name: 'waiting', failures: transition.state.failures };
      this.#state = between;
      this.usage.asksAgain?.(end, 'now');
      if (this.#state === between) this.#step({ kind: 'retryDue' });
      return;
    }
    this.#apply(transition);
    if (next?.kind === 'wait') this.usage.asksAgain?.(end, 'later');
  }

  #step(event: SubscriberEvent): void {
    const transition = stepSubscriber(this.#state, event);
    if (!transition.expected) {
      this.#env.log.debug('subscriber.unexpected', { state: this.#state.name, event: event.kind });
      return;
    }
    this.#apply(transition);
  }

  #apply({ state, effects }: SubscriberTransition): void {
    this.#state = state;
    for (const effect of effects) this.#run(effect);
  }

  #run(effect: SubscriberEffect): void {
    switch (effect.kind) {
      case 'subscribe':
        return this.#subscribe();
      case 'unsubscribeAll':
        for (const leg of [...this.#legs]) leg.unsubscribe();
        return;
      case 'wait': {
        this.#endAttempt();
        const delayMs = retryDelayMs(effect.failures, effect.atLeastSeconds, this.#env.random.unit());
        this.#retry = this.#env.timers.set(delayMs, () => this.#step({ kind: 'retryDue' }));
        return;
      }
      case 'stopWaiting':
        return this.#clearRetry();
      case 'over':
        return this.#over();
    }
  }

  /** RFC 6665 §4.1.2.2: "with a freshly generated Call-ID and a new, unique "From" tag". */
  #subscribe(): void {
    this.#endAttempt();
    const { random } = this.#env;
    const ids: LegIds = { callId: random.base32(CALL_ID_CHARS), localTag: random.base32(TAG_CHARS) };
    this.#ids = ids;
    this.#registry.attempt(this, ids);
    this.#awaitForks(ids);
    const leg = new Leg(this.#env, this, ids);
    this.#first = leg;
    this.#legs.add(leg);
    leg.start();
  }

  /** Behind that time a NOTIFY without a dialog is answered 481, and what it would have needed can go. */
  #awaitForks(ids: LegIds): void {
    const { timers, t1Ms } = this.#env;
    timers.clear(this.#forks);
    this.#forks = timers.set(64 * t1Ms, () => {
      this.#forks = undefined;
      if (this.#ids !== ids) return;
      // Another server may have been asked in between: its timer N began later.
      if (this.#first?.state === 'notify_wait') return this.#awaitForks(ids);
      for (const leg of this.#legs) leg.noMoreForks();
      this.#endAttempt();
    });
  }

  #endAttempt(): void {
    this.#env.timers.clear(this.#forks);
    this.#forks = undefined;
    if (this.#ids !== undefined) this.#registry.attemptOver(this.#ids);
    this.#ids = undefined;
    this.#first = undefined;
  }

  #over(): void {
    this.#endAttempt();
    this.#registry.over(this);
    this.usage.over(this.#lastEnd);
  }

  #clearRetry(): void {
    this.#env.timers.clear(this.#retry);
    this.#retry = undefined;
  }
}

/** The label of each cause in the metric. */
const CAUSES = {
  unsubscribed: 'unsubscribed',
  fetched: 'fetched',
  notified: 'notified',
  refused: 'refused',
  failed: 'failed',
  noNotify: 'no-notify',
  expired: 'expired',
} as const satisfies Record<End['cause'], string>;
