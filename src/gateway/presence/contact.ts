// One SIP watcher of one XMPP contact: his subscriptions, and what the contact has sent to him.

import type { Timer } from '../../base/index.ts';
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

export class Contact {
  readonly addresses: ContactAddresses;
  readonly shared: SharedContact;
  state: ContactState = 'none';
  /** Why it is in its state, in words; and since when, in milliseconds since 1970-01-01T00:00:00Z. */
  reason = '';
  sinceMs = 0;
  timer: Timer | undefined;
  /** The subscriptions of his phones, without fetches. */
  readonly subscriptions = new Set<ServedSubscription>();
  /** Those that want one answer (PRES-49). */
  readonly fetches = new Set<ServedSubscription>();
  readonly #resources = new Map<string, XmppResource>();
  /** Mood, activity and place, as they were told last (PRES-55: to this watcher). */
  #events: PersonalEvents = {};
  #doubted: Set<string> | undefined;
  /** PRES-71: whose tuple says "closed". */
  lastResource = '';

  constructor(addresses: ContactAddresses, shared: SharedContact) {
    this.addresses = addresses;
    this.shared = shared;
  }

  get key(): string {
    return contactKey(this.addresses.watcher, this.addresses.contact);
  }

  get idle(): boolean {
    return this.subscriptions.size === 0 && this.fetches.size === 0;
  }

  /** Resources that the contact has shown and not taken back. */
  get resources(): readonly XmppResource[] {
    return [...this.#resources.values()];
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
    this.#resources.set(held.resource, held);
    this.lastResource = held.resource;
    if (this.#resources.size <= MAX_RESOURCES) return;
    for (const oldest of this.#resources.keys()) return void this.#resources.delete(oldest);
  }

  /** '' for the bare address: he has no resource left. */
  unavailable(resource: string): void {
    if (resource === '') {
      this.#resources.clear();
      this.#events = {};
      this.#doubted = undefined;
      return;
    }
    this.#doubted?.delete(resource);
    if (this.#resources.delete(resource)) this.lastResource = resource;
    // Whoever is not there feels and does nothing that anybody is told of.
    if (this.#resources.size === 0) this.#events = {};
  }

  /** What is held counts only if it is heard of again. */
  doubt(): void {
    this.#doubted = new Set(this.#resources.keys());
  }

  dropDoubted(): void {
    for (const resource of this.#doubted ?? []) this.unavailable(resource);
    this.#doubted = undefined;
  }
}

export function contactKey(watcher: string, contact: string): string {
  return `${watcher} ${contact}`;
}
