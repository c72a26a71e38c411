// Carries the rows of the ledger from memory into the store, in groups, and keeps the store within its bounds in small
// steps. The ring is what waits: while the store fails, rows stay there, and what the ring cannot hold is counted.

import {
  type Clock,
  type Collection,
  type Counter,
  type Counters,
  type Entry,
  type Log,
  type Random,
  type Timer,
  type Timers,
} from '../../base/index.ts';
import {
  LEDGER_INDEXES,
  type LedgerDirection,
  type LedgerRecord,
  type LedgerReport,
} from '../../interwork/message/index.ts';
import type { LedgerRing } from './ledger-ring.ts';

/** Rows handed over at one time … */
const GROUP = 256;
/** … at the latest so long after the first of them. */
const GROUP_MS = 200;
/** Rows and reports that the store may have taken and not finished. */
const MAX_PENDING = 4096;
const RETRY_MS = 5000;
/** Rows removed, or looked at, in one step. */
const STEP = 500;
const PREFIX_CHARS = 8;

export interface LedgerWriterEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
}

export interface LedgerBounds {
  readonly rows: number;
  readonly hours: number;
}

interface Group {
  readonly first: number;
  readonly rows: number;
  left: number;
  error: Error | undefined;
}

export class LedgerWriter {
  readonly #env: LedgerWriterEnv;
  readonly #collection: Collection<LedgerRecord>;
  /** Keys of this process are its own, so that it never writes over the rows of an earlier one. */
  readonly #prefix: string;
  readonly #dropped: Counter;
  #ring: LedgerRing;
  #bounds: LedgerBounds;
  /** The next row to be handed over. */
  #cursor: number;
  #pending = 0;
  #failing = false;
  #timer: Timer | undefined;
  /** Rows in the store: never less than there are; undefined until it was asked. */
  #stored: number | undefined;
  #tidying = false;
  /** It is time to look for rows that are too old. */
  #ageing = true;
  #stopped = false;
  readonly #flush = (): void => this.flush();

  constructor(
    env: LedgerWriterEnv,
    collection: Collection<LedgerRecord>,
    ring: LedgerRing,
    bounds: LedgerBounds,
  ) {
    this.#env = env;
    this.#collection = collection;
    this.#prefix = env.random.base32(PREFIX_CHARS);
    this.#ring = ring;
    this.#bounds = bounds;
    this.#cursor = ring.first;
    this.#dropped = env.counters.counter(
      'stoxgate_ledger_dropped_total',
      'Rows and reports of the ledger that the store did not take in time.',
    );
  }

  /** From now on these are the rows and the bounds. What is not handed over yet goes on from the new ring. */
  use(ring: LedgerRing, bounds: LedgerBounds): void {
    this.#ring = ring;
    this.#bounds = bounds;
    this.sweep();
  }

  /** A row was added to the ring. */
  added(): void {
    if (this.#failing || this.#stopped) return;
    if (this.#ring.next - this.#cursor >= GROUP) this.flush();
    else this.#timer ??= this.#env.timers.set(GROUP_MS, this.#flush);
  }

  /** Hands over what waits, as far as the store keeps up. */
  flush(): void {
    this.#env.timers.clear(this.#timer);
    this.#timer = undefined;
    while (this.#skipLost() > 0 && this.#pending < MAX_PENDING && !this.#failing) this.#hand();
  }

  /** Something was learned of a row after its end. */
  report(row: number, report: LedgerReport, atMs: number, failure: string | undefined): void {
    // What was not handed over yet will be handed over with it.
    if (row >= this.#cursor) return;
    if (this.#pending >= MAX_PENDING || this.#failing) return this.#dropped.add();
    const key = this.#key(row);
    if (this.#ring.has(row)) return this.#replace(key, this.#ring.read(row));
    this.#pending += 1;
    void this.#reportLater(key, report, atMs, failure);
  }

  /** Notes what was learned of a message that is known by its name in a report alone (`Ledger.reportNamed`). */
  async reportById(
    direction: LedgerDirection,
    id: string,
    report: LedgerReport,
    atMs: number,
    failure: string | undefined,
  ): Promise<void> {
    if (this.#pending >= MAX_PENDING || this.#failing) return this.#dropped.add();
    this.#pending += 1;
    try {
      const index = direction === 'sip_to_xmpp' ? 'xmpp_id' : 'imdn_id';
      const found = await this.#collection.find(index, id, { limit: STEP });
      const entry = found.findLast(({ record }) => record.direction === direction);
      if (entry !== undefined) this.#noteLater(entry.key, entry.record, report, atMs, failure);
    } catch {
      this.#dropped.add();
    } finally {
      this.#pending -= 1;
    }
  }

  /** The newest `limit` rows with this identifier that are in the store and not in the ring, and how many are older. */
  async find(id: string, limit: number): Promise<{ records: LedgerRecord[]; older: number }> {
    const found = new Map<string, Entry<LedgerRecord>>();
    let older = 0;
    const inRing = this.#keysInRing();
    for (const index of LEDGER_INDEXES) {
      let after = -1;
      for (;;) {
        const page: readonly Entry<LedgerRecord>[] = await this.#collection.find(index, id, {
          limit: STEP,
          ...(after < 0 ? {} : { after }),
        });
        for (const entry of page) if (!inRing(entry.key)) found.set(entry.key, entry);
        older += this.#keepNewest(found, limit);
        after = page.at(-1)?.seq ?? after;
        if (page.length < STEP) break;
      }
    }
    const records = [...found.values()]
      .toSorted((left, right) => right.seq - left.seq)
      .map(({ record }) => record);
    return { records, older };
  }

  /** Looks for what is too old, in the background. */
  sweep(): void {
    this.#ageing = true;
    this.#tidyLater();
  }

  /** Brings the store within its bounds, in small steps. */
  #tidyLater(): void {
    if (this.#tidying || this.#stopped) return;
    this.#tidying = true;
    void this.#tidy()
      .then(
        // It was time again meanwhile.
        () => this.#ageing,
        (error: unknown) => {
          this.#env.log.warn('ledger.store-failed', { error });
          return false;
        },
      )
      .then((again) => {
        this.#tidying = false;
        if (again) this.#tidyLater();
      });
  }

  /** Hands everything over; the store is closed after this. */
  stop(): void {
    while (this.#skipLost() > 0 && !this.#failing) this.#hand();
    this.#stopped = true;
    this.#env.timers.clear(this.#timer);
    this.#timer = undefined;
    if (this.#failing) this.#dropped.add(this.#ring.next - this.#cursor);
  }

  /** Rows to be handed over; those that the ring could not hold any longer are counted. */
  #skipLost(): number {
    const lost = this.#ring.first - this.#cursor;
    if (lost > 0) {
      // Where the ring holds all the rows that may be kept, nothing is lost: they are too old.
      if (this.#ring.capacity < this.#bounds.rows) this.#dropped.add(lost);
      this.#cursor = this.#ring.first;
    }
    return this.#ring.next - this.#cursor;
  }

  #hand(): void {
    const rows = Math.min(this.#ring.next - this.#cursor, GROUP);
    const group: Group = { first: this.#cursor, rows, left: rows, error: undefined };
    const written = (error?: Error): void => this.#written(group, error);
    this.#cursor += rows;
    this.#pending += rows;
    for (let row = group.first; row < group.first + rows; row++)
      this.#collection.put(this.#key(row), this.#ring.read(row), written);
  }

  #written(group: Group, error: Error | undefined): void {
    this.#pending -= 1;
    group.left -= 1;
    group.error ??= error;
    if (group.left > 0) return;
    if (group.error !== undefined) return this.#failed(group, group.error);
    this.#failing = false;
    if (this.#stored !== undefined) this.#stored += group.rows;
    this.#tidyLater();
    if (this.#ring.next > this.#cursor) this.added();
  }

  #failed(group: Group, error: Error): void {
    // A row that is written twice has the same key both times.
    this.#cursor = Math.min(this.#cursor, group.first);
    // Some of them may be there.
    this.#stored = undefined;
    if (this.#failing) return;
    this.#failing = true;
    this.#env.log.warn('ledger.store-failed', { error });
    if (this.#stopped) return this.#dropped.add(this.#ring.next - this.#cursor);
    this.#env.timers.clear(this.#timer);
    this.#timer = this.#env.timers.set(RETRY_MS, () => {
      this.#failing = false;
      this.flush();
    });
  }

  async #reportLater(
    key: string,
    report: LedgerReport,
    atMs: number,
    failure: string | undefined,
  ): Promise<void> {
    try {
      const record = await this.#collection.get(key);
      if (record !== undefined) this.#noteLater(key, record, report, atMs, failure);
    } catch {
      this.#dropped.add();
    } finally {
      this.#pending -= 1;
    }
  }

  #noteLater(
    key: string,
    record: LedgerRecord,
    report: LedgerReport,
    atMs: number,
    failure: string | undefined,
  ): void {
    const field = `${report}Ms` as const;
    if (record[field] !== undefined) return;
    this.#replace(key, { ...record, [field]: atMs, ...(failure === undefined ? {} : { failure }) });
  }

  #replace(key: string, record: LedgerRecord): void {
    this.#collection.put(key, record, (error) => {
      if (error !== undefined) this.#dropped.add();
    });
  }

  async #tidy(): Promise<void> {
    const { rows, hours } = this.#bounds;
    this.#stored ??= await this.#collection.count();
    while (this.#stored > rows && !this.#stopped) {
      const keep = Math.max(rows, this.#stored - STEP);
      const surplus = this.#stored - keep;
      await this.#collection.trim(keep);
      // Rows that came meanwhile were counted where they came.
      this.#stored -= surplus;
      await turn();
    }
    if (!this.#ageing) return;
    this.#ageing = false;
    const oldestMs = this.#env.clock.wall() - hours * 3_600_000;
    while (!this.#stopped) {
      const [oldest] = await this.#collection.scan({ limit: 1 });
      if (oldest === undefined || (oldest.record.endedMs ?? 0) >= oldestMs) return;
      for (const { key, record } of await this.#collection.scan({ limit: STEP })) {
        if ((record.endedMs ?? 0) >= oldestMs) break;
        this.#collection.delete(key);
        this.#stored -= 1;
      }
      await turn();
    }
  }

  /** Leaves the newest `limit`; says how many went. */
  #keepNewest(found: Map<string, Entry<LedgerRecord>>, limit: number): number {
    const excess = found.size - limit;
    if (excess <= 0) return 0;
    const oldest = [...found.values()].toSorted((left, right) => left.seq - right.seq).slice(0, excess);
    for (const { key } of oldest) found.delete(key);
    return excess;
  }

  #keysInRing(): (key: string) => boolean {
    const start = `${this.#prefix}.`;
    return (key) => key.startsWith(start) && this.#ring.has(Number.parseInt(key.slice(start.length), 36));
  }

  #key(row: number): string {
    return `${this.#prefix}.${row.toString(36)}`;
  }
}

/** Lets everything else have its turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
