// Where the presence of a SIP contact comes from for those who watch him: SUBSCRIBE to him, or to a presence server in his
// place (CSP-17, CSP-18), or what he publishes to the gateway (CSP-19, PRES-57). Watchers need not know.

import type { Clock, Counters, Log, Random, Timer, Timers } from '../../base/index.ts';
import { PIDF_TYPE } from '../../mime/index.ts';
import type { KeptSubscription } from '../../sip/index.ts';
import type { Live } from '../live.ts';
import type { PresenceServer } from '../presence-models.ts';
import type { Subscriptions } from '../subscriptions/subscriptions.ts';
import type {
  SubscribeParts,
  SubscriberHandle,
  SubscriberStatus,
  SubscriptionUsage,
} from '../subscriptions/types.ts';
import { ContactLists } from './contact-lists.ts';
import type { PublishedStateStore } from './published-states.ts';

export interface ContactSourcesEnv {
  readonly timers: Timers;
  readonly random: Random;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly live: Pick<Live, 'book' | 'models'>;
  readonly subscriptions: Pick<Subscriptions, 'subscribe' | 'restore'>;
  readonly published: PublishedStateStore;
}

/** How often a watcher is asked whether he is still there, as at a refresh (PRES-08): a quarter of it by chance. */
const CHECK_MS = 3_000_000;

export class ContactSources implements Pick<Subscriptions, 'subscribe' | 'restore'> {
  readonly #env: ContactSourcesEnv;
  /** Contacts at a presence server that serves lists (CSP-20). */
  readonly #lists: ContactLists;
  #serial = 0;

  constructor(env: ContactSourcesEnv) {
    this.#env = env;
    this.#lists = new ContactLists({
      ...env,
      subscribeAlone: (parts, usage) => env.subscriptions.subscribe(this.#withServer(parts), usage),
    });
  }

  get lists(): number {
    return this.#lists.size;
  }

  /** Nothing is told or asked from now on. */
  stop(): void {
    this.#lists.stop();
  }

  subscribe(parts: SubscribeParts, usage: SubscriptionUsage): SubscriberHandle | undefined {
    const jid = this.#publisher(parts.resource);
    if (jid === undefined) return this.#subscribe(parts, usage);
    this.#serial += 1;
    const subscription = new PublishedSubscription(this.#env, parts, usage, jid, `published ${this.#serial}`);
    subscription.start();
    return subscription;
  }

  restore(
    parts: SubscribeParts,
    usage: SubscriptionUsage,
    kept: readonly KeptSubscription[],
  ): SubscriberHandle | undefined {
    // What was a subscription of its own goes on as one, until it ends; lists are made anew. The model was another one: its
    // dialogs end by themselves.
    if (this.#publisher(parts.resource) !== undefined) return undefined;
    return this.#env.subscriptions.restore(this.#withServer(parts), usage, kept);
  }

  /** The bare JID of a SIP user who publishes here. */
  #publisher(resource: string): string | undefined {
    const { book, models } = this.#env.live;
    const user = book.sipSenderToJid(resource);
    return user.ok && models.publishHere(user.value.rule) ? user.value.bareText : undefined;
  }

  #subscribe(parts: SubscribeParts, usage: SubscriptionUsage): SubscriberHandle | undefined {
    const server = this.#serverOf(parts);
    // RFC 4662 §4.6: "polling of resource state may not be particularly useful".
    return server?.lists === undefined || parts.terms.expires === 0
      ? this.#env.subscriptions.subscribe(this.#withServer(parts), usage)
      : this.#lists.subscribe(parts, usage, server.lists, server.server);
  }

  #withServer(parts: SubscribeParts): SubscribeParts {
    const proxy = this.#serverOf(parts)?.server;
    return proxy === undefined ? parts : { ...parts, proxy };
  }

  /** CSP-17: the user's own presence server, which is his proxy; else that of the contact. */
  #serverOf({ from, resource }: SubscribeParts): PresenceServer | undefined {
    const { book, models } = this.#env.live;
    const user = book.sipTargetToJid(from);
    const contact = book.sipSenderToJid(resource);
    const own = user.ok ? models.serverOf(user.value.rule) : undefined;
    return own ?? (contact.ok ? models.serverOf(contact.value.rule) : undefined);
  }
}

/** Stands in for a subscription in SIP: active at once, and told each time that what is published changes. */
class PublishedSubscription implements SubscriberHandle {
  readonly kept: readonly KeptSubscription[] = [];
  readonly dialogs: readonly [] = [];
  readonly #env: ContactSourcesEnv;
  readonly #parts: SubscribeParts;
  readonly #usage: SubscriptionUsage;
  readonly #jid: string;
  readonly #id: string;
  readonly #changed = (): void => this.#notify('active');
  #timer: Timer | undefined;
  #over = false;

  constructor(
    env: ContactSourcesEnv,
    parts: SubscribeParts,
    usage: SubscriptionUsage,
    jid: string,
    id: string,
  ) {
    this.#env = env;
    this.#parts = parts;
    this.#usage = usage;
    this.#jid = jid;
    this.#id = id;
  }

  start(): void {
    if (this.#parts.terms.expires === 0) {
      this.#notify('terminated');
      this.#over = true;
      return this.#usage.over({ cause: 'fetched' });
    }
    this.#env.published.watch(this.#jid, this.#changed);
    this.#checkLater();
    this.#usage.accepted?.(false);
    this.#notify('active');
  }

  /** No dialog: what is published here needs none. */
  get status(): SubscriberStatus {
    return { state: this.#over ? 'over' : 'subscribing', failures: 0, againMs: undefined, dialogs: [] };
  }

  unsubscribe(): void {
    if (this.#over) return;
    this.#over = true;
    this.#env.timers.clear(this.#timer);
    this.#env.published.unwatch(this.#jid, this.#changed);
    this.#usage.accepted?.(true);
    this.#usage.over({ cause: 'unsubscribed' });
  }

  refresh(): void {
    if (!this.#over) this.#notify('active');
  }

  #notify(state: 'active' | 'terminated'): void {
    const { published } = this.#env;
    // Our own document is in order.
    void this.#usage.notified({
      dialog: this.#id,
      state,
      reason: state === 'terminated' ? 'timeout' : undefined,
      contentType: PIDF_TYPE,
      contentTypeField: PIDF_TYPE,
      language: undefined,
      body: published.document(this.#jid, this.#parts.resource),
    });
  }

  #checkLater(): void {
    const ms = CHECK_MS * (0.875 + this.#env.random.unit() / 4);
    this.#timer = this.#env.timers.set(ms, () => {
      this.#checkLater();
      this.#usage.refreshDue?.();
    });
  }
}
