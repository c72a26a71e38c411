// Carries the rows of the ledger from memory into the store, in pages, and keeps the store within its bounds in small
// steps. The ring is what waits: while the store fails, rows stay there, and what the ring cannot hold is counted.

import {
  type Clock,
  type Collection,
  type Counter,
  type Counters,
  type Log,
  type Random,
  type Timer,
  type Timers,
} from '../../base/index.ts';
import type { LedgerNote, LedgerPage, LedgerRecord } from '../../interwork/message/index.ts';
import { findInPages } from './ledger-find.ts';
import { NotesPage, RowsPage } from './ledger-pages.ts';
import type { LedgerRing } from './ledger-ring.ts';

type Page = RowsPage | NotesPage;

/** Rows handed over at one time … */
const GROUP = 256;
/** … at the latest so long after the first of them. */
const GROUP_MS = 200;
/** Rows of a page, and notes of one. A page that is not full is written again with what comes. */
const PAGE_ROWS = 64;
const PAGE_NOTES = 256;
/** A page is closed after this share of the time that rows are kept: that much longer its first row may be there … */
const PAGE_SHARE = 24;
const HOUR_MS = 3_600_000;
/** Pages that the store may have taken and not finished. */
const MAX_UNWRITTEN = 64;
const RETRY_MS = 5000;
/** Pages removed, or looked at, in one step. */
const STEP = 32;
/** With so many pages allowed, one less is kept after a trim; with twice as many two, up to `STEP`. */
const SLACK = 50;
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

export class LedgerWriter {
  readonly #env: LedgerWriterEnv;
  readonly #collection: Collection<LedgerPage>;
  /** Keys of this process are its own, so that it never writes over the rows of an earlier one. */
  readonly #prefix: string;
  readonly #dropped: Counter;
  #ring: LedgerRing;
  #bounds: LedgerBounds;
  /** The next row to be handed over. */
  #cursor: number;
  #rows: RowsPage | undefined;
  #notes: NotesPage | undefined;
  #pages = 0;
  readonly #unwritten = new Set<Page>();
  #failing = false;
  #timer: Timer | undefined;
  /** Pages in the store: never less than there are; undefined until it was asked. */
  #stored: number | undefined;
  #tidying = false;
  /** It is time to look for rows that are too old. */
  #ageing = true;
  #stopped = false;
  readonly #flush = (): void => this.flush();

  constructor(
    env: LedgerWriterEnv,
    collection: Collection<LedgerPage>,
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
    if (ring !== this.#ring) {
      // A page is written from the ring that its rows are in.
      this.#putDirty();
      this.#rows = undefined;
    }
    this.#ring = ring;
    this.#bounds = bounds;
    if (bounds.rows === 0) this.#forget();
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
    while (this.#skipLost() > 0 && !this.#full) this.#hand();
    this.#putDirty();
  }

  /** Something was learned of a message after its end: of row `row`, or, where that is not known, by the note alone. */
  report(note: LedgerNote, row?: number): void {
    // What was not handed over yet will be handed over with it.
    if (row !== undefined && row >= this.#cursor) return;
    if (this.#stopped || this.#full || this.#bounds.rows === 0) return this.#dropped.add();
    if (this.#notes === undefined || this.#notes.notes >= PAGE_NOTES || this.#isOld(this.#notes)) {
      this.#notes = new NotesPage(this.#newKey(), this.#env.clock.wall());
    }
    this.#notes.add(note);
    if (this.#notes.notes >= PAGE_NOTES) this.#put(this.#notes);
    else if (!this.#failing) this.#timer ??= this.#env.timers.set(GROUP_MS, this.#flush);
  }

  /** The newest `limit` rows with this identifier that are in the store and not in the ring, and how many are older. */
  find(id: string, limit: number): Promise<{ records: LedgerRecord[]; older: number }> {
    const start = `${this.#prefix}.`;
    return findInPages(
      this.#collection,
      id,
      limit,
      (key, row) => key.startsWith(start) && this.#ring.has(row),
    );
  }

  /** Looks for what is too old, in the background. */
  sweep(): void {
    this.#ageing = true;
    this.#tidyLater();
  }

  /** Hands everything over; the store is closed after this. */
  stop(): void {
    while (this.#skipLost() > 0 && !this.#failing) this.#hand();
    if (!this.#failing) this.#putDirty();
    this.#stopped = true;
    this.#env.timers.clear(this.#timer);
    this.#timer = undefined;
    if (this.#failing) this.#dropped.add(this.#ring.next - this.#cursor + this.#rowsUnwritten());
  }

  get #full(): boolean {
    return this.#failing || this.#unwritten.size >= MAX_UNWRITTEN;
  }

  get #pageRows(): number {
    return Math.min(PAGE_ROWS, this.#bounds.rows);
  }

  /** Pages that may be kept: so many that no more rows are kept than the bounds say. */
  get #pagesAllowed(): number {
    return this.#bounds.rows === 0 ? 0 : Math.floor(this.#bounds.rows / this.#pageRows);
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

  /** Puts the next rows into a page, as many as it has room for. */
  #hand(): void {
    const page = this.#rowsPage();
    const rows = Math.min(this.#ring.next - this.#cursor, this.#pageRows - page.rows);
    page.add(rows, this.#env.clock.wall());
    this.#cursor += rows;
    if (page.rows >= this.#pageRows) this.#put(page);
  }

  #rowsPage(): RowsPage {
    const page = this.#rows;
    // It is written from the ring, which must still have all of it.
    const fits = page !== undefined && page.rows < this.#pageRows && page.end === this.#cursor && page.whole;
    if (fits && !this.#isOld(page)) return page;
    return (this.#rows = new RowsPage(
      this.#newKey(),
      this.#env.clock.wall(),
      this.#ring,
      this.#cursor,
      this.#dropped,
    ));
  }

  #newKey(): string {
    return `${this.#prefix}.${(this.#pages++).toString(36)}`;
  }

  /** It covers as much time as one page may. */
  #isOld({ sinceMs }: Page): boolean {
    return this.#env.clock.wall() - sinceMs > (this.#bounds.hours * HOUR_MS) / PAGE_SHARE;
  }

  #putDirty(): void {
    if (this.#rows?.dirty === true) this.#put(this.#rows);
    if (this.#notes?.dirty === true) this.#put(this.#notes);
  }

  #put(page: Page): void {
    page.pending += 1;
    page.dirty = false;
    this.#unwritten.add(page);
    this.#collection.put(page.key, page, (error) => this.#written(page, error));
  }

  #written(page: Page, error: Error | undefined): void {
    page.pending -= 1;
    if (error !== undefined) return this.#failed(page, error);
    if (!page.stored) {
      page.stored = true;
      if (this.#stored !== undefined) this.#stored += 1;
      this.#tidyLater();
    }
    if (page.pending > 0 || page.dirty) return;
    this.#unwritten.delete(page);
    if (this.#ring.next > this.#cursor) this.added();
  }

  #failed(page: Page, error: Error): void {
    page.dirty = true;
    if (this.#stopped) return this.#dropped.add(page.rows);
    if (this.#failing) return;
    this.#failing = true;
    this.#env.log.warn('ledger.store-failed', { error });
    this.#env.timers.clear(this.#timer);
    this.#timer = this.#env.timers.set(RETRY_MS, () => {
      this.#failing = false;
      for (const each of this.#unwritten) if (each.dirty) this.#put(each);
      this.flush();
    });
  }

  #rowsUnwritten(): number {
    let rows = 0;
    for (const page of this.#unwritten) if (page.dirty) rows += page.rows;
    return rows;
  }

  /** Nothing may be remembered any more: what is only here goes. */
  #forget(): void {
    this.#rows = undefined;
    this.#notes = undefined;
    for (const page of this.#unwritten) page.dirty = false;
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

  async #tidy(): Promise<void> {
    this.#stored ??= await this.#collection.count();
    const allowed = this.#pagesAllowed;
    // A trim makes the store commit at once what it has, of others too: not one for each new page.
    const wanted = this.#stored > allowed ? allowed - Math.min(STEP, Math.floor(allowed / SLACK)) : allowed;
    while (this.#stored > wanted && !this.#stopped) {
      const keep = Math.max(wanted, this.#stored - STEP);
      const surplus = this.#stored - keep;
      await this.#collection.trim(keep);
      // Pages that came meanwhile were counted where they came.
      this.#stored -= surplus;
      await turn();
    }
    if (!this.#ageing) return;
    this.#ageing = false;
    const oldestMs = this.#env.clock.wall() - this.#bounds.hours * HOUR_MS;
    // One that is deleted must not be written again.
    if (this.#rows !== undefined && this.#rows.lastMs < oldestMs) this.#rows = undefined;
    if (this.#notes !== undefined && this.#notes.lastMs < oldestMs) this.#notes = undefined;
    while (!this.#stopped) {
      const pages = await this.#collection.scan({ limit: STEP });
      const old = pages.filter(({ record }) => record.lastMs < oldestMs);
      for (const { key } of old) {
        this.#collection.delete(key);
        this.#stored -= 1;
      }
      if (old.length < STEP) return;
      await turn();
    }
  }
}

/** Lets everything else have its turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
