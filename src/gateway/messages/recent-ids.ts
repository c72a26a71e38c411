// Ids of the last minutes, as fingerprints: enough to know one's own again, and small however many they are.

import type { Clock, Random, Timers } from '../../base/index.ts';
import { isMessageId } from '../../interwork/message/index.ts';
import { CompletedStore, KeyedHash } from '../../sip/index.ts';

/** Errors of servers come within seconds, those of servers that cannot be reached within a minute or two. */
const KEEP_MS = 60_000;
const MAX_IDS = 2 ** 18;

export class RecentIds {
  readonly #hash: KeyedHash;
  readonly #store: CompletedStore;
  readonly #clock: Clock;
  /** Until then some of the ids of the last minute are not known. */
  #incompleteUntilMs = -Infinity;

  constructor(env: { readonly clock: Clock; readonly timers: Timers; readonly random: Random }) {
    this.#clock = env.clock;
    this.#hash = KeyedHash.random(env.random);
    this.#store = new CompletedStore({
      clock: env.clock,
      timers: env.timers,
      ttlMs: KEEP_MS,
      maxRecords: MAX_IDS,
    });
  }

  /** Keeps an id for a minute, with the last 16 bits of the number of its row in the ledger. */
  add(id: string, row: number): void {
    this.#hash.digest(id);
    if (!this.#store.add(this.#hash, row & 0xffff)) this.#incompleteUntilMs = this.#clock.now() + KEEP_MS;
  }

  /** True for an id of the last minute; when there were too many to keep, for every id that looks like one. */
  has(id: string): boolean {
    this.#hash.digest(id);
    if (this.#store.find(this.#hash) >= 0) return true;
    return this.#clock.now() < this.#incompleteUntilMs && isMessageId(id);
  }

  /** What `add` kept with the id; 0 when the id is not known. */
  rowBits(id: string): number {
    this.#hash.digest(id);
    const record = this.#store.find(this.#hash);
    return record < 0 ? 0 : this.#store.status(record);
  }

  clear(): void {
    this.#store.clear();
  }
}
