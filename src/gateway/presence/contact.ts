// One SIP watcher of one XMPP contact: his subscriptions, and what the contact has sent to him.

import { fromTicks, SmallSet, toTicks, type Clock, type Timer } from '../../base/index.ts';
import type {
  ContactState,
  PersonalEvents,
  PersonalNode,
  XmppResource,
} from '../../interwork/presence/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import type { ServedSubscription } from '../subscriptions/notifier-types.ts';
import type { SharedContact } from './shared-contact.ts';

/** Resources of one contact that are held, the newest; nobody has so many, and a document tells of all. */
const MAX_RESOURCES = 20;

/** In which words both are known. */
export interface ContactAddresses {
  /** Bare JIDs. */
  readonly watcher: string;
  readonly contact: string;
}

const NONE: readonly XmppResource[] = [];
const NO_FETCHES: readonly ServedSubscription[] = [];
const NO_EVENTS: PersonalEvents = {};

export class Contact {
  readonly addresses: ContactAddresses;
  readonly shared: SharedContact;
  state: ContactState = 'none';
  /** Why it is in its state, in words; and since when, by the monotonic clock, in ticks. */
  reason = '';
  #since: number | undefined;
  timer: Timer | undefined;
  /** The subscriptions of his phones, without fetches. */
  readonly subscriptions = new SmallSet<ServedSubscription>();
  /** Those that want one answer (PRES-49). */
  #fetches: SmallSet<ServedSubscription> | undefined;
  #resources: readonly XmppResource[] = NONE;
  /** Mood, activity and place, as they were told last (PRES-55: to this watcher). */
  #events = NO_EVENTS;
  #doubted: Set<string> | undefined;
  /** PRES-71: whose tuple says "closed". */
  lastResource = '';

  constructor(addresses: ContactAddresses, shared: SharedContact) {
    this.addresses = addresses;
    this.shared = shared;
  }

  /** In milliseconds since 1970-01-01T00:00:00Z; 0: it was never in another. */
  sinceMs(clock: Clock): number {
    return this.#since === undefined ? 0 : Math.round(clock.wall() + fromTicks(this.#since) - clock.now());
  }

  enter(state: ContactState, reason: string, nowMs: number): void {
    this.state = state;
    this.reason = reason;
    this.#since = toTicks(nowMs);
  }

  get key(): string {
    return contactKey(this.addresses.watcher, this.addresses.contact);
  }

  get fetches(): readonly ServedSubscription[] {
    return this.#fetches === undefined ? NO_FETCHES : [...this.#fetches];
  }

  add(subscription: ServedSubscription): void {
    if (subscription.isFetch) (this.#fetches ??= new SmallSet()).add(subscription);
    else this.subscriptions.add(subscription);
  }

  /** True: it was the last one that is no fetch. */
  delete(subscription: ServedSubscription): boolean {
    this.#fetches?.delete(subscription);
    if (this.#fetches?.size === 0) this.#fetches = undefined;
    return this.subscriptions.delete(subscription) && this.subscriptions.size === 0;
  }

  get idle(): boolean {
    return this.subscriptions.size === 0 && this.fetches.length === 0;
  }

  /** Resources that the contact has shown and not taken back. */
  get resources(): readonly XmppResource[] {
    return this.#resources;
  }

  get events(): PersonalEvents {
    return this.#events;
  }

  /** False: that was known. `payload` undefined: it is taken back. */
  told(node: PersonalNode, payload: XmlElement | undefined): boolean {
    if (this.#events[node] === payload) return false;
    const { [node]: _before, ...others } = this.#events;
    this.#events = payload === undefined ? others : { ...others, [node]: payload };
    return true;
  }

  /** Some of what is held may not be true any more. */
  get doubtful(): boolean {
    return this.#doubted !== undefined && this.#doubted.size > 0;
  }

  doubts(resource: string): boolean {
    return this.#doubted?.has(resource) === true;
  }

  available(held: XmppResource): void {
    this.#doubted?.delete(held.resource);
    const at = this.#resources.findIndex(({ resource }) => resource === held.resource);
    this.#resources = at < 0 ? [...this.#resources, held] : this.#resources.with(at, held);
    this.lastResource = held.resource;
    if (this.#resources.length > MAX_RESOURCES) this.#resources = this.#resources.slice(1);
  }

  /** '' for the bare address: he has no resource left. */
  unavailable(resource: string): void {
    if (resource === '') {
      this.#resources = NONE;
      this.#events = NO_EVENTS;
      this.#doubted = undefined;
      return;
    }
    this.#doubted?.delete(resource);
    const gone = this.#resources.find((each) => each.resource === resource);
    if (gone === undefined) return;
    this.#resources = this.#resources.filter((each) => each !== gone);
    this.lastResource = gone.resource;
    // Whoever is not there feels and does nothing that anybody is told of.
    if (this.#resources.length === 0) this.#events = NO_EVENTS;
  }

  /** What is held counts only if it is heard of again. */
  doubt(): void {
    this.#doubted = new Set(this.#resources.map(({ resource }) => resource));
  }

  dropDoubted(): void {
    for (const resource of this.#doubted ?? []) this.unavailable(resource);
    this.#doubted = undefined;
  }
}

export function contactKey(watcher: string, contact: string): string {
  return `${watcher} ${contact}`;
}
