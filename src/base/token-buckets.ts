// A rate for each of many (addresses, domains, users), in a table of bounded size. One that has been left alone long
// enough to be full again is the same as a new one, so that it need not be remembered.

import { BoundedMap } from './bounded-map.ts';
import { TokenBucket } from './token-bucket.ts';

export interface TokenBucketsOptions {
  readonly ratePerSecond: number;
  /** How many at once; at least 1. */
  readonly burst: number;
  /** Of those who are remembered, the one that was heard of least recently goes first. */
  readonly maxKeys: number;
}

export class TokenBuckets {
  readonly #options: TokenBucketsOptions;
  readonly #fullAfterMs: number;
  readonly #buckets: BoundedMap<string, TokenBucket>;

  constructor(options: TokenBucketsOptions) {
    this.#options = options;
    this.#fullAfterMs = (options.burst / options.ratePerSecond) * 1000;
    this.#buckets = new BoundedMap({ maxEntries: options.maxKeys });
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /** Takes one token of this key if there is one; its text is kept, so it should not be a piece of a larger one. */
  take(key: string, nowMs: number): boolean {
    return this.#of(key, nowMs).take(nowMs);
  }

  /** How long until this key has a token again, in milliseconds; 0 when it has one. */
  waitMs(key: string, nowMs: number): number {
    return this.#buckets.get(key, nowMs)?.waitMs(nowMs) ?? 0;
  }

  /** Forgets those who are full again. */
  sweep(nowMs: number): void {
    this.#buckets.sweep(nowMs);
  }

  #of(key: string, nowMs: number): TokenBucket {
    const { ratePerSecond, burst } = this.#options;
    const bucket = this.#buckets.get(key, nowMs) ?? new TokenBucket(ratePerSecond, burst, nowMs);
    this.#buckets.set(key, bucket, nowMs, this.#fullAfterMs);
    return bucket;
  }
}
