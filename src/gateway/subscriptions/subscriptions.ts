// All subscriptions that the gateway has asked for: finds whose a NOTIFY is (RFC 6665 §4.4.1), and bounds their number.

import { ChurnMap } from '../../base/index.ts';
import {
  equalEvents,
  eventName,
  keyOfRequest,
  type KeptSubscription,
  type ServerTransaction,
  type SipRequest,
} from '../../sip/index.ts';
import type { Leg } from './leg.ts';
import type { LegIds } from './leg-requests.ts';
import { Subscriber, type SubscriberRegistry } from './subscriber.ts';
import type { SubscribeParts, SubscriberHandle, SubscriptionsEnv, SubscriptionUsage } from './types.ts';

/** How long a drain waits for final notifications, in milliseconds. */
const DRAIN_MS = 2000;

export class Subscriptions implements SubscriberRegistry {
  readonly #env: SubscriptionsEnv;
  readonly #subscribers = new Set<Subscriber>();
  /** By Call-ID and From tag of the initial SUBSCRIBE. */
  readonly #attempts = new ChurnMap<string, Subscriber>();
  readonly #dialogs = new ChurnMap<string, Leg>();
  #draining = false;
  #whenEmpty: (() => void) | undefined;

  constructor(env: SubscriptionsEnv) {
    this.#env = env;
  }

  /** Subscribers, with and without a subscription now. */
  get size(): number {
    return this.#subscribers.size;
  }

  get dialogs(): number {
    return this.#dialogs.size;
  }

  /**
   * Subscribes, and again whenever the subscription ends in a way that allows it, until it is unsubscribed. undefined
   * when there are too many, or the gateway drains. `usage.over` may be called before this returns only by a failure of
   * the transport at once.
   */
  subscribe(parts: SubscribeParts, usage: SubscriptionUsage): SubscriberHandle | undefined {
    if (this.#draining || this.#subscribers.size >= this.#env.maxSubscribers) return undefined;
    const subscriber = new Subscriber(this.#env, this, parts, usage);
    this.#subscribers.add(subscriber);
    subscriber.start();
    return subscriber;
  }

  /**
   * Goes on with subscriptions of one SUBSCRIBE that an earlier run of the gateway kept (`handle.kept`), as if nothing had
   * been. undefined when there are none, too many, or the gateway drains.
   */
  restore(
    parts: SubscribeParts,
    usage: SubscriptionUsage,
    kept: readonly KeptSubscription[],
  ): SubscriberHandle | undefined {
    if (kept.length === 0 || this.#draining || this.#subscribers.size >= this.#env.maxSubscribers) {
      return undefined;
    }
    const subscriber = new Subscriber(this.#env, this, parts, usage);
    this.#subscribers.add(subscriber);
    subscriber.restore(kept);
    return subscriber;
  }

  /** A NOTIFY of a believed source that passed RFC 3261 §8.2. */
  notify(tx: ServerTransaction): void {
    const taken = this.#notify(tx);
    this.#env.counters
      .counter('stoxgate_sip_notify_total', 'NOTIFY requests by their outcome.', {
        outcome: taken ? 'taken' : 'refused',
      })
      .add();
  }

  /** The request is within a dialog of a subscription. */
  has(request: SipRequest): boolean {
    return this.#dialogs.get(keyOfRequest(request)) !== undefined;
  }

  #notify(tx: ServerTransaction): boolean {
    const { request } = tx;
    const event = eventName(request);
    if (!event.ok || event.value === undefined) return refuse(tx, 400);
    // §4.1.3: "If … the event package designated in the "Event" header field of the NOTIFY request is not supported".
    if (!this.#env.packages.has(event.value.package)) return refuse(tx, 489);
    const leg = this.#dialogs.get(keyOfRequest(request));
    if (leg !== undefined) return equalEvents(leg.event, event.value) ? leg.notify(tx) : refuse(tx, 481);
    const subscriber = this.#attempts.get(attemptKey(request.callId, request.to.tag ?? ''));
    if (subscriber === undefined || !equalEvents(subscriber.parts.terms.event, event.value))
      return refuse(tx, 481);
    return subscriber.notify(tx);
  }

  /**
   * From now on nothing is subscribed; unsubscribes all but what goes on after the next start, and waits a moment for the
   * final notifications.
   */
  async drain(): Promise<void> {
    this.#draining = true;
    for (const subscriber of [...this.#subscribers]) if (!subscriber.lasts) subscriber.unsubscribe();
    if (this.#idle) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenEmpty = resolve;
    const timer = this.#env.timers.set(DRAIN_MS, resolve);
    await promise;
    this.#env.timers.clear(timer);
  }

  /** Ends all without a further word: notifiers find out by the 481 to their next NOTIFY. */
  stop(): void {
    this.#draining = true;
    for (const subscriber of [...this.#subscribers]) subscriber.stop();
    this.#dialogs.clear();
    this.#attempts.clear();
  }

  attempt(subscriber: Subscriber, ids: LegIds): void {
    this.#attempts.set(attemptKey(ids.callId, ids.localTag), subscriber);
  }

  attemptOver(ids: LegIds): void {
    this.#attempts.delete(attemptKey(ids.callId, ids.localTag));
  }

  bound(leg: Leg, key: string): void {
    this.#dialogs.set(key, leg);
  }

  unbound(key: string): void {
    this.#dialogs.delete(key);
  }

  over(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber);
    if (this.#whenEmpty !== undefined && this.#idle) this.#whenEmpty();
  }

  /** Nothing is waited for. */
  get #idle(): boolean {
    for (const subscriber of this.#subscribers) if (!subscriber.lasts) return false;
    return true;
  }
}

function attemptKey(callId: string, localTag: string): string {
  return `${callId} ${localTag.toLowerCase()}`;
}

function refuse(tx: ServerTransaction, status: number): false {
  tx.respond(status);
  return false;
}
