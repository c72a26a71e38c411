// The newest rows of the ledger, in typed arrays and one block of octets: a message leaves no object behind that the
// garbage collector would have to carry, and no piece of the datagram or stream that its identifiers stood in.
//
// A row's number counts up for ever; its place is `number % capacity`. The texts of rows follow each other in the block,
// which begins anew when it is full; what is written over are always the oldest rows.

import { Buffer } from 'node:buffer';
import {
  cellsOf,
  endedMsOf,
  isNamed,
  LEDGER_REPORTS,
  noteReport,
  readRow,
  recordOf,
  ROW_OCTETS,
  textOctetsOf,
  writeRow,
  type LedgerCells,
  type LedgerRecord,
  type LedgerReport,
  type PackedRows,
} from '../../interwork/message/index.ts';

/** Octets of the block for each row; most rows have 150 to 300. */
const OCTETS_PER_ROW = 400;
/** More than the texts of any one row, each of which is bounded. */
const MIN_OCTETS = 64 * 1024;
export class LedgerRing {
  readonly capacity: number;
  readonly #block: Buffer;
  /** Where in the block the texts of a row begin. */
  readonly #offset: Uint32Array;
  readonly #rows: Buffer;
  readonly #numbers: DataView;
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
    this.#rows = Buffer.alloc(capacity * ROW_OCTETS);
    this.#numbers = new DataView(this.#rows.buffer, this.#rows.byteOffset, this.#rows.byteLength);
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
    writeRow(this.#numbers, place * ROW_OCTETS, cells, length);
    this.#write = offset + length;
    if (cells.failure !== '') this.#failures.set(row, cells.failure);
    return row;
  }

  /** Notes what was learned later, the first time that it is; false when the row is no longer there. */
  report(row: number, report: LedgerReport, atMs: number, failure?: string): boolean {
    if (!this.has(row)) return false;
    const first = noteReport(this.#numbers, this.#at(row), LEDGER_REPORTS.indexOf(report), atMs);
    if (!first) return true;
    if (failure !== undefined) this.#failures.set(row, failure);
    return true;
  }

  /** A row that is there. */
  read(row: number): LedgerRecord {
    return recordOf(this.#cells(row));
  }

  #cells(row: number): LedgerCells {
    const failure = this.#failures.get(row) ?? '';
    return { ...readRow(this.#numbers, this.#at(row)), texts: this.#text(row), failure };
  }

  /** Rows that are there, from `first` to before `end`, as they are held. */
  packed(first: number, end: number): PackedRows {
    const numbers: Buffer[] = [];
    const failures: [number, string][] = [];
    let texts = '';
    for (let row = first; row < end;) {
      const run = this.#runOf(row, end);
      numbers.push(this.#rows.subarray(this.#at(row), this.#at(run.last) + ROW_OCTETS));
      texts += this.#block.toString('latin1', this.#offsetOf(row), run.endOctet);
      row = run.last + 1;
    }
    if (this.#failures.size > 0) {
      for (const [row, failure] of this.#failures)
        if (row >= first && row < end) failures.push([row, failure]);
    }
    return { first, numbers: Buffer.concat(numbers), texts, failures };
  }

  /** The last of the rows from `row` on that lie behind each other, and where its texts end. */
  #runOf(row: number, end: number): { last: number; endOctet: number } {
    let last = row;
    let endOctet = this.#offsetOf(row) + this.#octetsOf(row);
    while (last + 1 < end && (last + 1) % this.capacity > 0 && this.#offsetOf(last + 1) === endOctet) {
      last += 1;
      endOctet += this.#octetsOf(last);
    }
    return { last, endOctet };
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
    while (this.#first < this.#next && endedMsOf(this.#numbers, this.#at(this.#first)) < endedMs)
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
    return this.#offsetOf(this.#first);
  }

  #offsetOf(row: number): number {
    return this.#offset[row % this.capacity] ?? 0;
  }

  #octetsOf(row: number): number {
    return textOctetsOf(this.#numbers, this.#at(row));
  }

  /** Where its numbers are. */
  #at(row: number): number {
    return (row % this.capacity) * ROW_OCTETS;
  }

  #drop(): void {
    if (this.#failures.size > 0) this.#failures.delete(this.#first);
    this.#first += 1;
  }

  #text(row: number): string {
    const offset = this.#offsetOf(row);
    return this.#block.toString('utf8', offset, offset + this.#octetsOf(row));
  }
}
