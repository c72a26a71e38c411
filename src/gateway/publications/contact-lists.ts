// The contacts of an XMPP user at a presence server that serves lists of them (`presence.lists`, row CSP-20): one subscription
// for many contacts, in the place of one for each.

import { BoundedMap, type Clock, type Counters, type Log, type Timers } from '../../base/index.ts';
import { entityKey } from '../../interwork/presence/index.ts';
import type { SubscribeParts, SubscriberHandle, SubscriptionUsage } from '../subscriptions/types.ts';
import type { Subscriptions } from '../subscriptions/subscriptions.ts';
import type { ListMember } from './list-member.ts';
import { ListSubscription, type ListParts } from './list-subscription.ts';

export interface ContactListsParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly counters: Counters;
  readonly subscriptions: Pick<Subscriptions, 'subscribe'>;
  /** For a contact whom no list serves. */
  subscribeAlone(parts: SubscribeParts, usage: SubscriptionUsage): SubscriberHandle | undefined;
}

/** What a list and its members need. */
export interface ContactListsEnv extends ContactListsParts {
  count(event: 'subscribed' | 'refused' | 'unnamed'): void;
  /** A member waits for a subscription of his own, or does not any more. */
  waits(member: ListMember, waiting: boolean): void;
}

/** Who was refused a list is not given one for so long. */
const REFUSED_MS = 3_600_000;
const MAX_REFUSED = 10_000;

export class ContactLists {
  readonly #env: ContactListsEnv;
  /** By user and URI: those that have members, the one that may take more last. */
  readonly #lists = new Map<string, ListSubscription[]>();
  readonly #refused = new BoundedMap<string, true>({ maxEntries: MAX_REFUSED });
  readonly #waiting = new Set<ListMember>();

  constructor(parts: ContactListsParts) {
    this.#env = {
      ...parts,
      subscribeAlone: (own, usage) => parts.subscribeAlone(own, usage),
      count: (event) => this.#count(event),
      waits: (member, waiting) => {
        if (waiting) this.#waiting.add(member);
        else this.#waiting.delete(member);
      },
    };
  }

  get size(): number {
    let size = 0;
    for (const lists of this.#lists.values()) size += lists.length;
    return size;
  }

  /** `lists`: the URI as it is configured; a star in it is the name of the user. */
  subscribe(
    parts: SubscribeParts,
    usage: SubscriptionUsage,
    lists: string,
    proxy: string | undefined,
  ): SubscriberHandle | undefined {
    const list: ListParts = { uri: listUri(lists, parts.from), carried: !lists.includes('*'), proxy };
    const key = `${parts.from} ${list.uri}`;
    const contact = entityKey(parts.resource);
    if (contact === undefined || this.#refused.get(key, this.#env.clock.now()) === true) {
      return this.#env.subscribeAlone(parts, usage);
    }
    const own = this.#lists.get(key) ?? [];
    this.#lists.set(key, own);
    let open = own.find((each) => each.open && !each.has(contact));
    if (open === undefined) {
      // A kept list is one, and it is full.
      if (!list.carried && own.length > 0) return this.#env.subscribeAlone(parts, usage);
      open = new ListSubscription(this.#env, list, parts, (ended, refused) =>
        this.#ended(key, ended, refused),
      );
      own.push(open);
    }
    return open.join(contact, parts, usage);
  }

  /** Nothing is told or asked from now on. */
  stop(): void {
    for (const lists of this.#lists.values()) for (const list of lists) list.stop();
    this.#lists.clear();
    for (const member of this.#waiting) member.stop();
    this.#waiting.clear();
  }

  #ended(key: string, ended: ListSubscription, refused: boolean): void {
    const left = this.#lists.get(key)?.filter((each) => each !== ended) ?? [];
    if (left.length === 0) this.#lists.delete(key);
    else this.#lists.set(key, left);
    if (refused) this.#refused.set(key, true, this.#env.clock.now(), REFUSED_MS);
  }

  #count(event: 'subscribed' | 'refused' | 'unnamed'): void {
    this.#env.counters
      .counter('stoxgate_presence_lists_total', 'Lists of contacts asked for at presence servers.', { event })
      .add();
  }
}

/** `from`: the SIP URI of the user. */
function listUri(lists: string, from: string): string {
  const user = from.slice(from.indexOf(':') + 1, Math.max(from.lastIndexOf('@'), 0));
  return lists.replace('*', () => user);
}
