// How many calls there may be at the same time, of one user, of one domain and altogether, and how often one user may try.

import { TokenBuckets, type Clock } from '../../base/index.ts';
import { domainOf } from '../address-text.ts';

export interface CallCapsOptions {
  /** Calls at the same time. */
  readonly user: number;
  readonly domain: number;
  readonly total: number;
  /** Calls that one user may begin in a minute. */
  readonly attempts: number;
}

/** Which limit is reached. */
export type CallCap = 'attempts' | 'user' | 'domain' | 'total';

const MAX_CALLERS = 10_000;

export class CallCaps {
  readonly #clock: Clock;
  #options: CallCapsOptions;
  #attempts: TokenBuckets;
  readonly #users = new Map<string, number>();
  readonly #domains = new Map<string, number>();
  #total = 0;

  constructor(clock: Clock, options: CallCapsOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#attempts = bucketsOf(options);
  }

  /** Others after a reload; calls that go on are counted on. */
  configure(options: CallCapsOptions): void {
    if (options.attempts !== this.#options.attempts) this.#attempts = bucketsOf(options);
    this.#options = options;
  }

  /** Keys that are counted. */
  get size(): number {
    return this.#users.size + this.#domains.size;
  }

  /** Counts one more between these two (bare JIDs); or says which limit is reached, and counts the attempt alone. */
  begin(caller: string, callee: string): CallCap | undefined {
    if (!this.#attempts.take(caller, this.#clock.now())) return 'attempts';
    const { user, domain, total } = this.#options;
    if (this.#total >= total) return 'total';
    const isFull = (counts: ReadonlyMap<string, number>, keys: ReadonlySet<string>, most: number): boolean =>
      [...keys].some((key) => (counts.get(key) ?? 0) >= most);
    if (isFull(this.#domains, domainsOf(caller, callee), domain)) return 'domain';
    if (isFull(this.#users, new Set([caller, callee]), user)) return 'user';
    this.#count(caller, callee, 1);
    return undefined;
  }

  /** A call of before a restart, which is there whatever the limits say. */
  restore(caller: string, callee: string): void {
    this.#count(caller, callee, 1);
  }

  end(caller: string, callee: string): void {
    this.#count(caller, callee, -1);
  }

  sweep(): void {
    this.#attempts.sweep(this.#clock.now());
  }

  #count(caller: string, callee: string, more: 1 | -1): void {
    this.#total += more;
    for (const user of new Set([caller, callee])) add(this.#users, user, more);
    for (const domain of domainsOf(caller, callee)) add(this.#domains, domain, more);
  }
}

function domainsOf(caller: string, callee: string): ReadonlySet<string> {
  return new Set([domainOf(caller), domainOf(callee)]);
}

function add(counts: Map<string, number>, key: string, more: number): void {
  const count = (counts.get(key) ?? 0) + more;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}

function bucketsOf({ attempts }: CallCapsOptions): TokenBuckets {
  return new TokenBuckets({ ratePerSecond: attempts / 60, burst: attempts, maxKeys: MAX_CALLERS });
}
