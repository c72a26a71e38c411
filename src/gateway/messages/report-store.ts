// The collection `reports`, as its two users see it: without a store it is a place where nothing lies, and a store that
// fails costs a report and a line in the log, never a message.

import type { Clock, Collection, Log } from '../../base/index.ts';
import type { ReportRecord } from '../../interwork/message/index.ts';

/** Of all users together; beyond it the oldest go. */
const MAX_STORED = 200_000;
const SWEEP_LIMIT = 1000;
/** Questions to the store at one time: reports are made up cheaply by whoever wants to keep it busy. */
const MAX_LOOKUPS = 1000;

export class ReportStore {
  readonly #clock: Clock;
  readonly #log: Log;
  #collection: Collection<ReportRecord> | undefined;
  #lookups = 0;

  constructor(env: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = env.clock;
    this.#log = env.log;
  }

  attach(collection: Collection<ReportRecord>): void {
    this.#collection = collection;
  }

  put(key: string, record: ReportRecord): void {
    this.#collection?.put(key, record, (error) => {
      if (error !== undefined) this.#log.warn('reports.unwritten', { error });
    });
  }

  delete(key: string): void {
    this.#collection?.delete(key);
  }

  /**
   * Looks for a record and calls `found` later, with undefined when there is none that is still good. False: there is
   * no store, or too much is being looked for, and `found` is not called.
   */
  find(key: string, found: (record: ReportRecord | undefined) => void): boolean {
    if (this.#collection === undefined || this.#lookups >= MAX_LOOKUPS) return false;
    this.#lookups += 1;
    void this.#find(this.#collection, key).then((record) => {
      this.#lookups -= 1;
      found(record);
    });
    return true;
  }

  sweep(): void {
    const failed = (error: unknown): void => this.#log.warn('reports.sweep-failed', { error });
    this.#collection?.takeExpired(this.#clock.wall(), SWEEP_LIMIT).catch(failed);
    this.#collection?.trim(MAX_STORED).catch(failed);
  }

  async #find(collection: Collection<ReportRecord>, key: string): Promise<ReportRecord | undefined> {
    try {
      const record = await collection.get(key);
      return record !== undefined && record.expiresMs > this.#clock.wall() ? record : undefined;
    } catch (error) {
      this.#log.warn('reports.unread', { error });
      return undefined;
    }
  }
}
