// What DNS said, for as long as it may be believed; and one question at a time for one name.
//
// The resolver at hand gives a time to live for addresses only, so that other records are kept for 60 s. "No such
// record" and failures are kept for 10 s: long enough to stop a storm, short enough not to prolong an outage.

import { BoundedMap, type Clock, type Counters } from '../../base/index.ts';
import type { DnsAnswer, DnsResolver, NaptrRecord, SrvRecord } from './dns-resolver.ts';

export interface DnsCacheOptions {
  /** Records without a time to live, in milliseconds. */
  readonly serviceMs?: number;
  /** No record, and failures. */
  readonly negativeMs?: number;
  readonly minAddressMs?: number;
  readonly maxAddressMs?: number;
  /** Names kept, for each type of record. */
  readonly maxEntries?: number;
  /** Questions that may be open at one time, all types together; more are answered with a failure at once. */
  readonly maxOpen?: number;
}

/** An answer and the monotonic instant until which it holds. */
export interface Kept<R> {
  readonly answer: DnsAnswer<R>;
  readonly expiresMs: number;
}

const DEFAULTS = {
  serviceMs: 60_000,
  negativeMs: 10_000,
  minAddressMs: 30_000,
  maxAddressMs: 86_400_000,
  maxEntries: 10_000,
  maxOpen: 1000,
} as const satisfies Required<DnsCacheOptions>;

type RecordType = 'naptr' | 'srv' | 'a' | 'aaaa';

const OVERLOADED: DnsAnswer<never> = { kind: 'failure', reason: 'server' };

/** See the file head. */
export class DnsCache {
  readonly #resolver: DnsResolver;
  readonly #clock: Clock;
  readonly #counters: Counters;
  readonly #limits: Required<DnsCacheOptions>;
  readonly #naptr: Shelf<NaptrRecord>;
  readonly #srv: Shelf<SrvRecord>;
  readonly #a: Shelf<string>;
  readonly #aaaa: Shelf<string>;
  #open = 0;

  constructor(resolver: DnsResolver, clock: Clock, counters: Counters, options: DnsCacheOptions = {}) {
    this.#resolver = resolver;
    this.#clock = clock;
    this.#counters = counters;
    this.#limits = { ...DEFAULTS, ...options };
    const { maxEntries } = this.#limits;
    this.#naptr = new Shelf(maxEntries);
    this.#srv = new Shelf(maxEntries);
    this.#a = new Shelf(maxEntries);
    this.#aaaa = new Shelf(maxEntries);
  }

  /** How long a failure or "no such record" holds, in milliseconds. */
  get negativeMs(): number {
    return this.#limits.negativeMs;
  }

  /** How long records without a time to live hold, in milliseconds. */
  get serviceMs(): number {
    return this.#limits.serviceMs;
  }

  /** Questions under way, and names kept. */
  get sizes(): { readonly open: number; readonly kept: number } {
    const shelves = [this.#naptr, this.#srv, this.#a, this.#aaaa];
    return { open: this.#open, kept: shelves.reduce((sum, shelf) => sum + shelf.kept.size, 0) };
  }

  naptr(name: string): Promise<Kept<NaptrRecord>> {
    return this.#get('naptr', this.#naptr, name, (key) => this.#resolver.naptr(key));
  }

  srv(name: string): Promise<Kept<SrvRecord>> {
    return this.#get('srv', this.#srv, name, (key) => this.#resolver.srv(key));
  }

  a(name: string): Promise<Kept<string>> {
    return this.#get('a', this.#a, name, (key) => this.#resolver.a(key));
  }

  aaaa(name: string): Promise<Kept<string>> {
    return this.#get('aaaa', this.#aaaa, name, (key) => this.#resolver.aaaa(key));
  }

  /** Forgets everything that was answered: after a reload of the configuration. */
  clear(): void {
    for (const shelf of [this.#naptr, this.#srv, this.#a, this.#aaaa]) shelf.kept.clear();
  }

  #get<R>(
    type: RecordType,
    shelf: Shelf<R>,
    name: string,
    ask: (name: string) => Promise<DnsAnswer<R>>,
  ): Promise<Kept<R>> {
    const kept = shelf.kept.get(name, this.#clock.now());
    if (kept !== undefined) return Promise.resolve(kept);
    const joined = shelf.open.get(name);
    if (joined !== undefined) return joined;
    if (this.#open >= this.#limits.maxOpen) {
      this.#count(type, 'overload');
      return Promise.resolve({ answer: OVERLOADED, expiresMs: this.#clock.now() });
    }
    const pending = this.#ask(type, shelf, name, ask);
    shelf.open.set(name, pending);
    return pending;
  }

  async #ask<R>(
    type: RecordType,
    shelf: Shelf<R>,
    name: string,
    ask: (name: string) => Promise<DnsAnswer<R>>,
  ): Promise<Kept<R>> {
    this.#open += 1;
    let answer: DnsAnswer<R>;
    try {
      answer = await ask(name);
    } catch {
      answer = { kind: 'failure', reason: 'server' };
    }
    this.#open -= 1;
    shelf.open.delete(name);
    this.#count(type, answer.kind === 'failure' ? answer.reason : answer.kind);
    const now = this.#clock.now();
    const ttlMs = this.#lifetime(answer);
    const kept = { answer, expiresMs: now + ttlMs };
    shelf.kept.set(name, kept, now, ttlMs);
    return kept;
  }

  #lifetime(answer: DnsAnswer<unknown>): number {
    const { negativeMs, serviceMs, minAddressMs, maxAddressMs } = this.#limits;
    if (answer.kind !== 'records') return negativeMs;
    if (answer.ttlMs === undefined) return serviceMs;
    return Math.min(Math.max(answer.ttlMs, minAddressMs), maxAddressMs);
  }

  #count(type: RecordType, outcome: 'records' | 'none' | 'timeout' | 'server' | 'overload'): void {
    this.#counters.counter('stoxgate_dns_queries_total', 'DNS questions by outcome', { type, outcome }).add();
  }
}

class Shelf<R> {
  readonly kept: BoundedMap<string, Kept<R>>;
  readonly open = new Map<string, Promise<Kept<R>>>();

  constructor(maxEntries: number) {
    this.kept = new BoundedMap({ maxEntries });
  }
}
