// The newest rows of the ledger, in typed arrays and one block of octets: a message leaves no object behind that the
// garbage collector would have to carry, and no piece of the datagram or stream that its identifiers stood in.
//
// A row's number counts up for ever; its place is `number % capacity`. The texts of rows follow each other in the block,
// which begins anew when it is full; what is written over are always the oldest rows.

import { Buffer } from 'node:buffer';
import {
  cellsOf,
  isNamed,
  LEDGER_REPORTS,
  recordOf,
  type LedgerCells,
  type LedgerRecord,
  type LedgerReport,
} from '../../interwork/message/index.ts';

/** Octets of the block for each row; most rows have 150 to 300. */
const OCTETS_PER_ROW = 400;
/** More than the texts of any one row, each of which is bounded. */
const MIN_OCTETS = 64 * 1024;
export class LedgerRing {
  readonly capacity: number;
  readonly #block: Buffer;
  readonly #offset: Uint32Array;
  readonly #length: Uint32Array;
  readonly #acceptedMs: Float64Array;
  readonly #endedMs: Float64Array;
  /** Three a row: when it was delivered, displayed, failed; 0: never. */
  readonly #reportMs: Float64Array;
  readonly #kind: Uint8Array;
  readonly #status: Uint16Array;
  readonly #attempts: Uint8Array;
  /** CSeq + 1, at most 2^31 (RFC 3261 §8.1.1.5); 0: none. */
  readonly #cseq: Uint32Array;
  /** Conditions of late errors, by row: there are few. */
  readonly #failures = new Map<number, string>();
  #first: number;
  #next: number;
  #write = 0;

  /** `firstRow` is the number of the first row that comes. */
  constructor(capacity: number, firstRow = 0) {
    this.capacity = capacity;
    this.#block = Buffer.alloc(Math.max(MIN_OCTETS, capacity * OCTETS_PER_ROW));
    this.#offset = new Uint32Array(capacity);
    this.#length = new Uint32Array(capacity);
    this.#acceptedMs = new Float64Array(capacity);
    this.#endedMs = new Float64Array(capacity);
    this.#reportMs = new Float64Array(LEDGER_REPORTS.length * capacity);
    this.#kind = new Uint8Array(capacity);
    this.#status = new Uint16Array(capacity);
    this.#attempts = new Uint8Array(capacity);
    this.#cseq = new Uint32Array(capacity);
    this.#first = firstRow;
    this.#next = firstRow;
  }

  /** Number of the oldest row that is there. */
  get first(): number {
    return this.#first;
  }

  /** Number that the next row gets. */
  get next(): number {
    return this.#next;
  }

  get size(): number {
    return this.#next - this.#first;
  }

  has(row: number): boolean {
    return row >= this.#first && row < this.#next;
  }

  /** Adds a row and returns its number. The oldest go when there is no room. */
  add(record: LedgerRecord): number {
    const cells = cellsOf(record);
    const offset = this.#place(3 * cells.texts.length);
    const row = this.#next++;
    if (row - this.#first >= this.capacity) this.#drop();
    const place = row % this.capacity;
    this.#offset[place] = offset;
    const length = this.#block.write(cells.texts, offset, 'utf8');
    this.#length[place] = length;
    this.#write = offset + length;
    this.#acceptedMs[place] = cells.acceptedMs;
    this.#endedMs[place] = cells.endedMs;
    this.#kind[place] = cells.kind;
    this.#status[place] = cells.status;
    this.#attempts[place] = cells.attempts;
    this.#cseq[place] = cells.cseq;
    const reports = LEDGER_REPORTS.length * place;
    this.#reportMs[reports] = cells.deliveredMs;
    this.#reportMs[reports + 1] = cells.displayedMs;
    this.#reportMs[reports + 2] = cells.failedMs;
    if (cells.failure !== '') this.#failures.set(row, cells.failure);
    return row;
  }

  /** Notes what was learned later, the first time that it is; false when the row is no longer there. */
  report(row: number, report: LedgerReport, atMs: number, failure?: string): boolean {
    if (!this.has(row)) return false;
    const index = LEDGER_REPORTS.length * (row % this.capacity) + LEDGER_REPORTS.indexOf(report);
    if (this.#reportMs[index] !== 0) return true;
    this.#reportMs[index] = atMs;
    if (failure !== undefined) this.#failures.set(row, failure);
    return true;
  }

  /** A row that is there. */
  read(row: number): LedgerRecord {
    return recordOf(this.cells(row));
  }

  /** The same, as it is held. */
  cells(row: number): LedgerCells {
    const place = row % this.capacity;
    const reports = LEDGER_REPORTS.length * place;
    return {
      kind: this.#kind[place] ?? 0,
      acceptedMs: this.#acceptedMs[place] ?? 0,
      endedMs: this.#endedMs[place] ?? 0,
      status: this.#status[place] ?? 0,
      attempts: this.#attempts[place] ?? 0,
      cseq: this.#cseq[place] ?? 0,
      deliveredMs: this.#reportMs[reports] ?? 0,
      displayedMs: this.#reportMs[reports + 1] ?? 0,
      failedMs: this.#reportMs[reports + 2] ?? 0,
      texts: this.#text(row),
      failure: this.#failures.get(row) ?? '',
    };
  }

  /** Numbers of the rows that have this identifier, newest first. `id` is as `ledgerId` gives it. */
  *find(id: string): Generator<number> {
    for (let row = this.#next - 1; row >= this.#first; row--) {
      // Most rows are passed over without being read.
      if (this.#text(row).includes(id) && isNamed(this.read(row), id)) yield row;
    }
  }

  /** Gives up what ended before. */
  dropBefore(endedMs: number): void {
    while (this.#first < this.#next && (this.#endedMs[this.#first % this.capacity] ?? 0) < endedMs)
      this.#drop();
  }

  /** The same rows, with their numbers, with room for another number of them. */
  resized(capacity: number): LedgerRing {
    const first = Math.max(this.#first, this.#next - capacity);
    const ring = new LedgerRing(capacity, first);
    for (let row = first; row < this.#next; row++) ring.add(this.read(row));
    return ring;
  }

  /** Where `octets` can be written; the rows that are in the way are given up. */
  #place(octets: number): number {
    let offset = this.#write;
    if (offset + octets > this.#block.length) {
      while (this.size > 0 && this.#firstOffset() >= offset) this.#drop();
      offset = 0;
    }
    while (this.size > 0 && this.#firstOffset() >= offset && this.#firstOffset() < offset + octets)
      this.#drop();
    return offset;
  }

  #firstOffset(): number {
    return this.#offset[this.#first % this.capacity] ?? 0;
  }

  #drop(): void {
    if (this.#failures.size > 0) this.#failures.delete(this.#first);
    this.#first += 1;
  }

  #text(row: number): string {
    const place = row % this.capacity;
    const offset = this.#offset[place] ?? 0;
    return this.#block.toString('utf8', offset, offset + (this.#length[place] ?? 0));
  }
}
