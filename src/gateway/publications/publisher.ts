// Users of the XMPP side whose domains have a presence server: their presence is published there (RFC 3903; rows CSP-01 …
// CSP-15). What is published is what they show to the gateway's own address, which is in their rosters like a contact: presence
// for one contact alone would else be told to all watchers (PRES-55).

import { presenceStanza, type PublisherRecord } from '../../interwork/presence/index.ts';
import type { MappedUri } from '../../mapping/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import type { LinkGroup } from '../link-group.ts';
import { Pace } from '../presence/pace.ts';
import { PublishedUser, type PublishedUserHost } from './published-user.ts';
import { PUBLISHER_LIMITS, type PublisherEnv, type PublisherLimits } from './publisher-env.ts';
import { PublisherRecords } from './publisher-records.ts';

/** How long a drain waits for removals, in milliseconds. */
const DRAIN_MS = 2000;

type Counted = 'limited' | 'restored' | 'welcomed' | Parameters<PublishedUserHost['count']>[0];

export class Publisher implements PublishedUserHost {
  readonly env: PublisherEnv;
  readonly limits: PublisherLimits;
  readonly #users = new Map<string, PublishedUser>();
  readonly #records: PublisherRecords;
  readonly #pace: Pace<PublishedUser>;
  #draining = false;
  #stopped = false;
  #whenEmpty: (() => void) | undefined;

  constructor(env: PublisherEnv) {
    this.env = env;
    this.limits = { ...PUBLISHER_LIMITS, ...env.limits };
    this.#records = new PublisherRecords(env);
    this.#pace = new Pace(env, (user) => user.check());
  }

  get size(): number {
    return this.#users.size;
  }

  get publications(): number {
    let sum = 0;
    for (const user of this.#users.values()) sum += user.publications;
    return sum;
  }

  /** The user has a presence server. */
  serves(user: MappedUri): boolean {
    return this.env.live.models.serverOf(user.rule) !== undefined;
  }

  /** Presence of a user for the gateway's own address (the domain of its link). False: it says nothing here. */
  own(type: string, stanza: XmlElement, user: MappedUri, group: LinkGroup): boolean {
    if (!this.serves(user) || this.#stopped) return false;
    switch (type) {
      case 'available':
        return this.#available(stanza, user, group);
      case 'unavailable':
        this.#users.get(user.bareText)?.unavailable(user.jid.resource, group.domain);
        return true;
      case 'subscribe':
        this.#welcome(user, group);
        return true;
      case 'subscribed':
        return this.#authorized(user, group.domain);
      case 'unsubscribe':
        this.#answer('unsubscribed', user, group);
        return true;
      case 'unsubscribed':
      case 'error':
        // RFC 6121 §4.3.2: a probe is answered so by a server that knows nothing of us.
        return this.#revoked(user, group.domain);
      case 'probe':
        this.#present(user, group);
        return true;
      default:
        return false;
    }
  }

  /**
   * He has asked for a SIP contact, or his server did at his login: his own presence is wanted too, for those who watch him.
   * Once he is asked for it.
   */
  seen(user: MappedUri, group: LinkGroup): void {
    if (!this.serves(user) || this.#draining) return;
    const known = this.#users.get(user.bareText) ?? this.#open(user);
    if (known === undefined) return;
    if (known.addresses.size > 0) {
      if (!known.online) this.#pace.add(known);
      return;
    }
    if (known.asked) return;
    this.#askForPresence(known, group);
  }

  /** CSP-12, CSP-13: what he says about a SIP watcher. False: he has no presence server. */
  answered(type: 'subscribed' | 'unsubscribed', user: MappedUri, watcher: MappedUri): boolean {
    if (!this.serves(user) || this.#stopped) return false;
    const { book } = this.env.live;
    const uri = book.jidTargetToSip(watcher.bareText);
    const own = book.jidSenderToSip(user.bareText);
    if (!uri.ok || !own.ok) return false;
    this.#users.get(user.bareText)?.watchers.settled(uri.value.uri);
    this.env.decisions.decide(user.bareText, uri.value.uri, type === 'subscribed' ? 'allow' : 'block');
    return true;
  }

  /**
   * He asks for a SIP user whom he may have refused once: that one is not blocked any more, and asks again. XMPP has no other
   * way back, since `subscribed` for somebody who does not ask is kept by the user's server (RFC 6121 §3.4.2).
   */
  asksFor(user: MappedUri, contact: MappedUri): void {
    if (this.#draining || this.env.live.models.serverOf(user.rule)?.xcap === undefined) return;
    const uri = this.env.live.book.jidTargetToSip(contact.bareText);
    if (uri.ok) this.env.decisions.decide(user.bareText, uri.value.uri, 'ask');
  }

  /** A link of this domain is up: what is there now is asked for, and what could not be asked. */
  linkUp(domain: string): void {
    if (this.#stopped) return;
    for (const user of this.#users.values()) {
      if (user.addresses.has(domain) && (user.online || user.publications > 0)) this.#pace.add(user);
      user.watchers.askAgain();
    }
  }

  // The life of the driver.

  /** Reads what an earlier run left; nothing goes out yet. Rejects when the store fails. */
  restore(): Promise<void> {
    return this.#records.read((record) => this.#restoreOne(record));
  }

  /** The rules are others: whoever has no presence server any more is published no more. */
  configured(): void {
    for (const user of [...this.#users.values()]) {
      if (user.server !== undefined) continue;
      user.stop();
      this.#users.delete(user.jid);
      this.#records.delete(user);
    }
  }

  /**
   * Publishes nobody anew. What the store keeps stays published, for the next start; the rest is removed, and a moment is
   * waited for the answers.
   */
  async drain(): Promise<void> {
    this.#draining = true;
    this.#pace.stop();
    if (this.env.lasting) return;
    for (const user of this.#users.values()) user.withdraw();
    if (this.publications === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenEmpty = resolve;
    const timer = this.env.timers.set(DRAIN_MS, resolve);
    await promise;
    this.env.timers.clear(timer);
  }

  /** Says and writes nothing from now on. */
  stop(): void {
    this.#stopped = true;
    this.#pace.stop();
    for (const user of this.#users.values()) user.stop();
  }

  // What its users need.

  store(user: PublishedUser): void {
    if (!this.#stopped) this.#records.put(user);
  }

  ended(): void {
    if (this.#whenEmpty !== undefined && this.publications === 0) this.#whenEmpty();
  }

  count(event: Counted): void {
    this.env.counters
      .counter('stoxgate_published_users_total', 'What came of XMPP users whose presence is published.', {
        event,
      })
      .add();
  }

  #available(stanza: XmlElement, user: MappedUri, group: LinkGroup): boolean {
    if (this.#draining) return true;
    const known = this.#users.get(user.bareText) ?? this.#open(user);
    if (known === undefined) return true;
    if (!known.available(user.jid.resource, stanza, group.domain)) this.count('limited');
    // His server tells it to those whom he authorized; where the record is lost, this is how it is found again.
    if (!known.addresses.has(group.domain)) {
      known.addresses.add(group.domain);
      this.store(known);
    }
    return true;
  }

  #welcome(user: MappedUri, group: LinkGroup): void {
    this.#answer('subscribed', user, group);
    this.#present(user, group);
    const known = this.#users.get(user.bareText) ?? this.#open(user);
    if (known === undefined || known.addresses.has(group.domain)) return;
    this.count('welcomed');
    this.#askForPresence(known, group);
  }

  #askForPresence(user: PublishedUser, group: LinkGroup): void {
    user.asked = true;
    this.store(user);
    this.env.errors.send(presenceStanza('subscribe', group.domain, user.jid), group);
  }

  #authorized(user: MappedUri, domain: string): boolean {
    const known = this.#users.get(user.bareText) ?? this.#open(user);
    if (known === undefined) return true;
    known.addresses.add(domain);
    this.store(known);
    return true;
  }

  #revoked(user: MappedUri, domain: string): boolean {
    const known = this.#users.get(user.bareText);
    if (known === undefined) return false;
    known.revoked(domain);
    return true;
  }

  #answer(type: 'subscribed' | 'unsubscribed', user: MappedUri, group: LinkGroup): void {
    this.env.errors.send(presenceStanza(type, group.domain, user.bareText), group);
  }

  /** The gateway itself is there. */
  #present(user: MappedUri, group: LinkGroup): void {
    group.send(presenceStanza(this.#draining ? 'unavailable' : undefined, group.domain, user.bareText));
  }

  #open(user: MappedUri, record?: PublisherRecord): PublishedUser | undefined {
    const own = this.env.live.book.jidSenderToSip(user.bareText);
    if (!own.ok || this.#users.size >= this.limits.users) {
      this.count('limited');
      return undefined;
    }
    const fresh = new PublishedUser(this, user, own.value.uri, record);
    this.#users.set(fresh.jid, fresh);
    return fresh;
  }

  #restoreOne(record: PublisherRecord): void {
    const user = this.env.live.book.jidSenderToSip(record.user);
    if (!user.ok || !this.serves(user.value)) {
      this.env.log.warn('publications.unmapped', { user: record.user });
      return;
    }
    const known = this.#open(user.value, record);
    if (known === undefined) return;
    known.stored = true;
    this.count('restored');
  }
}
