// All watchers, and how many of them one user may have and ask for (row ERR-G2).

import { detachText, TokenBuckets, type Clock } from '../../base/index.ts';
import type { WatcherRecord } from '../../interwork/presence/index.ts';
import type { AddressBook, MappedUri } from '../../mapping/index.ts';
import { Watch } from './watch.ts';

export interface WatcherLimits {
  /** Pairs of a user and a contact. */
  readonly watches: number;
  readonly perUser: number;
  /** `subscribe` of one user: so many at once, and so many a second for long. */
  readonly subscribeBurst: number;
  readonly subscribesPerSecond: number;
  /** The same for `probe`. His server sends one for each contact when he logs in. */
  readonly probeBurst: number;
  readonly probesPerSecond: number;
}

export const WATCHER_LIMITS: WatcherLimits = {
  watches: 200_000,
  perUser: 1000,
  subscribeBurst: 100,
  subscribesPerSecond: 1,
  probeBurst: 2000,
  probesPerSecond: 20,
};

const MAX_BUCKETS = 20_000;

/** What a user's watchers have in common, held once. */
interface User {
  readonly user: string;
  readonly userUri: string;
  watches: number;
}

export class WatchTable {
  readonly #clock: Clock;
  readonly #limits: WatcherLimits;
  readonly #watches = new Map<string, Watch>();
  readonly #users = new Map<string, User>();
  readonly #subscribes: TokenBuckets;
  readonly #probes: TokenBuckets;

  constructor(clock: Clock, limits: WatcherLimits) {
    this.#clock = clock;
    this.#limits = limits;
    const { subscribesPerSecond, subscribeBurst, probesPerSecond, probeBurst } = limits;
    this.#subscribes = buckets(subscribesPerSecond, subscribeBurst);
    this.#probes = buckets(probesPerSecond, probeBurst);
  }

  get size(): number {
    return this.#watches.size;
  }

  get(key: string): Watch | undefined {
    return this.#watches.get(key);
  }

  values(): IterableIterator<Watch> {
    return this.#watches.values();
  }

  /** A new watcher; both addresses are taken without their resources (PRES-01, PRES-20). */
  open(key: string, user: MappedUri, contact: MappedUri, book: AddressBook, told?: readonly string[]): Watch {
    const bareUser = book.jidSenderToSip(user.bareText);
    const bareContact = book.jidTargetToSip(contact.bareText);
    const shared = this.#user(user.bareText, bareUser.ok ? bareUser.value.uri : user.uri);
    const addresses = {
      user: shared.user,
      userUri: shared.userUri,
      // It stays for months: pieces of the chunk that a stanza came in would keep the whole chunk.
      contact: detachText(contact.bareText),
      contactUri: detachText(bareContact.ok ? bareContact.value.uri : contact.uri),
    };
    const watch = new Watch(detachText(key), addresses, this.#clock.now(), told);
    this.#watches.set(watch.key, watch);
    shared.watches += 1;
    return watch;
  }

  /** One of an earlier run; undefined: no rule covers one of the two any more. */
  restore(key: string, record: WatcherRecord, book: AddressBook): Watch | undefined {
    const user = book.jidSenderToSip(record.user);
    const contact = book.jidTargetToSip(record.contact);
    if (!user.ok || !contact.ok) return undefined;
    return this.open(key, user.value, contact.value, book, record.resources);
  }

  /** False: it was not there. */
  delete(watch: Watch): boolean {
    if (this.#watches.get(watch.key) !== watch) return false;
    this.#watches.delete(watch.key);
    const user = this.#users.get(watch.addresses.user);
    if (user === undefined) return true;
    user.watches -= 1;
    if (user.watches === 0) this.#users.delete(user.user);
    return true;
  }

  /** A further watcher of this user (bare JID) would be too many. */
  isFull(user: string): boolean {
    const { watches, perUser } = this.#limits;
    return this.#watches.size >= watches || (this.#users.get(user)?.watches ?? 0) >= perUser;
  }

  maySubscribe(user: string): boolean {
    return this.#subscribes.take(user, this.#clock.now());
  }

  mayProbe(user: string): boolean {
    return this.#probes.take(user, this.#clock.now());
  }

  #user(jid: string, uri: string): User {
    const known = this.#users.get(jid);
    // By other rules of `domains` he may be called otherwise now.
    if (known?.userUri === uri) return known;
    const user = {
      user: known?.user ?? detachText(jid),
      userUri: detachText(uri),
      watches: known?.watches ?? 0,
    };
    this.#users.set(user.user, user);
    return user;
  }
}

function buckets(ratePerSecond: number, burst: number): TokenBuckets {
  return new TokenBuckets({ ratePerSecond, burst, maxKeys: MAX_BUCKETS });
}
