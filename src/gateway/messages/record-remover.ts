// Takes records out of the outbox. What a store that fails (disk full) did not take out is taken out later: a record
// that stays behind would be sent once more at the next start, though its sender has its outcome.

import type { Collection, Log } from '../../base/index.ts';
import type { OutboxRecord } from '../../interwork/message/index.ts';

/** At once: no more than the store commits in one transaction. */
const BATCH = 1000;
/** About 10 MB; a store that fails takes no new records, so only a part of these is really there. */
const MAX_WAITING = 100_000;

export class RecordRemover {
  readonly #records: Collection<OutboxRecord>;
  readonly #log: Log;
  readonly #left = new Set<string>();
  #open = 0;
  #failed = false;
  readonly #maxWaiting: number;

  constructor(records: Collection<OutboxRecord>, log: Log, maxWaiting = MAX_WAITING) {
    this.#records = records;
    this.#log = log;
    this.#maxWaiting = maxWaiting;
  }

  /** Records that should be gone and may be there. */
  get waiting(): number {
    return this.#left.size;
  }

  remove(key: string): void {
    this.#records.delete(key, (error) => {
      if (error !== undefined) this.#keep(key);
    });
  }

  /** Tries again what did not succeed; while it succeeds, all of it. */
  retry(): void {
    if (this.#open > 0 || this.#left.size === 0) return;
    const batch: string[] = [];
    for (const key of this.#left) {
      if (batch.length === BATCH) break;
      batch.push(key);
    }
    this.#open = batch.length;
    this.#failed = false;
    for (const key of batch) this.#records.delete(key, (error) => this.#tried(key, error));
  }

  #tried(key: string, error: Error | undefined): void {
    this.#open -= 1;
    if (error === undefined) this.#left.delete(key);
    else this.#failed = true;
    if (this.#open === 0 && !this.#failed) this.retry();
  }

  #keep(key: string): void {
    this.#left.add(key);
    if (this.#left.size <= this.#maxWaiting) return;
    for (const oldest of this.#left) {
      this.#left.delete(oldest);
      this.#log.error('outbox.delete.given-up', { key: oldest });
      return;
    }
  }
}
