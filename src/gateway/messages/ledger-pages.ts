// The pages of the ledger that are being filled. A page of rows is made into text only when the store takes it, from the
// ring: what is made early and waits for the disk would outlive its generation and cost the collector more than the rows.

import type { Counter } from '../../base/index.ts';
import {
  noteLine,
  notesPage,
  rowsPage,
  type LedgerNote,
  type LedgerPage,
} from '../../interwork/message/index.ts';
import type { LedgerRing } from './ledger-ring.ts';

class OpenPage {
  readonly key: string;
  /** When it was begun, and the time of its last line: milliseconds since 1970-01-01T00:00:00Z. */
  readonly sinceMs: number;
  lastMs: number;
  /** Calls of `put` that are not finished. */
  pending = 0;
  /** It has something that no `put` took, or one that failed. */
  dirty = false;
  /** It is in the store. */
  stored = false;

  constructor(key: string, nowMs: number) {
    this.key = key;
    this.sinceMs = nowMs;
    this.lastMs = nowMs;
  }
}

/** Rows that follow each other in the ring. */
export class RowsPage extends OpenPage implements LedgerPage {
  readonly notes = 0;
  rows = 0;
  readonly #ring: LedgerRing;
  readonly #first: number;
  readonly #lost: Counter;

  /** `lost` counts rows that the ring could not hold until the store took them. */
  constructor(key: string, nowMs: number, ring: LedgerRing, first: number, lost: Counter) {
    super(key, nowMs);
    this.#ring = ring;
    this.#first = first;
    this.#lost = lost;
  }

  /** The row behind its last one. */
  get end(): number {
    return this.#first + this.rows;
  }

  /** The ring has all of its rows. */
  get whole(): boolean {
    return this.#ring.first <= this.#first;
  }

  /** The next `rows` rows of the ring belong to it. */
  add(rows: number, nowMs: number): void {
    this.rows += rows;
    this.lastMs = nowMs;
    this.dirty = true;
  }

  get json(): string {
    const first = Math.max(this.#first, this.#ring.first);
    if (first > this.#first) this.#lost.add(Math.min(first, this.end) - this.#first);
    return rowsPage(this.#ring.packed(first, this.end), this.lastMs).json;
  }
}

export class NotesPage extends OpenPage implements LedgerPage {
  readonly #lines: string[] = [];

  get notes(): number {
    return this.#lines.length;
  }

  get rows(): number {
    return 0;
  }

  add(note: LedgerNote): void {
    this.#lines.push(noteLine(note));
    this.lastMs = Math.max(this.lastMs, note.atMs);
    this.dirty = true;
  }

  get json(): string {
    return notesPage(this.#lines, this.lastMs).json;
  }
}
