// The newest rows of the ledger, in typed arrays and one block of octets: a message leaves no object behind that the
// garbage collector would have to carry, and no piece of the datagram or stream that its identifiers stood in.
//
// A row's number counts up for ever; its place is `number % capacity`. The texts of rows follow each other in the block,
// which begins anew when it is full; what is written over are always the oldest rows.

import { Buffer } from 'node:buffer';
import {
  isNamed,
  LEDGER_OUTCOMES,
  ledgerId,
  ledgerText,
  type LedgerRecord,
  type LedgerReport,
} from '../../interwork/message/index.ts';

/** Octets of the block for each row; most rows have 150 to 300. */
const OCTETS_PER_ROW = 400;
/** More than the texts of any one row, each of which is bounded. */
const MIN_OCTETS = 64 * 1024;
/** No identifier, address or text can hold it: XML 1.0 §2.2 and the SIP parser refuse it. */
const SEPARATOR = '\u0000';
const FROM_SIP = 16;
const REPORTS: readonly LedgerReport[] = ['delivered', 'displayed', 'failed'];

export class LedgerRing {
  readonly capacity: number;
  readonly #block: Buffer;
  readonly #offset: Uint32Array;
  readonly #length: Uint32Array;
  readonly #acceptedMs: Float64Array;
  readonly #endedMs: Float64Array;
  /** Three a row: when it was delivered, displayed, failed; 0: never. */
  readonly #reportMs: Float64Array;
  readonly #outcome: Uint8Array;
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
    this.#reportMs = new Float64Array(REPORTS.length * capacity);
    this.#outcome = new Uint8Array(capacity);
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
    const text = packed(record);
    const offset = this.#place(3 * text.length);
    const row = this.#next++;
    if (row - this.#first >= this.capacity) this.#drop();
    const place = row % this.capacity;
    this.#offset[place] = offset;
    const length = this.#block.write(text, offset, 'utf8');
    this.#length[place] = length;
    this.#write = offset + length;
    this.#acceptedMs[place] = record.acceptedMs;
    this.#endedMs[place] = record.endedMs ?? 0;
    this.#outcome[place] =
      LEDGER_OUTCOMES.indexOf(record.outcome) | (record.direction === 'sip_to_xmpp' ? FROM_SIP : 0);
    this.#status[place] = record.status ?? 0;
    this.#attempts[place] = Math.min(record.attempts ?? 0, 255);
    this.#cseq[place] = record.cseq === undefined ? 0 : record.cseq + 1;
    const reports = REPORTS.length * place;
    this.#reportMs[reports] = record.deliveredMs ?? 0;
    this.#reportMs[reports + 1] = record.displayedMs ?? 0;
    this.#reportMs[reports + 2] = record.failedMs ?? 0;
    if (record.failure !== undefined) this.#failures.set(row, record.failure);
    return row;
  }

  /** Notes what was learned later, the first time that it is; false when the row is no longer there. */
  report(row: number, report: LedgerReport, atMs: number, failure?: string): boolean {
    if (!this.has(row)) return false;
    const index = REPORTS.length * (row % this.capacity) + REPORTS.indexOf(report);
    if (this.#reportMs[index] !== 0) return true;
    this.#reportMs[index] = atMs;
    if (failure !== undefined) this.#failures.set(row, failure);
    return true;
  }

  /** A row that is there. */
  read(row: number): LedgerRecord {
    const place = row % this.capacity;
    const texts = this.#text(row).split(SEPARATOR);
    const outcome = this.#outcome[place] ?? 0;
    const reports = REPORTS.length * place;
    const cseq = this.#cseq[place] ?? 0;
    return {
      direction: (outcome & FROM_SIP) === 0 ? 'xmpp_to_sip' : 'sip_to_xmpp',
      outcome: LEDGER_OUTCOMES[outcome & (FROM_SIP - 1)] ?? 'open',
      acceptedMs: this.#acceptedMs[place] ?? 0,
      endedMs: this.#endedMs[place] || undefined,
      xmppId: present(texts[0]),
      xmppFrom: present(texts[1]),
      xmppTo: present(texts[2]),
      callId: present(texts[3]),
      fromTag: present(texts[4]),
      cseq: cseq === 0 ? undefined : cseq - 1,
      sipFrom: present(texts[5]),
      requestUri: present(texts[6]),
      // The last, since it comes from a body, which may hold anything.
      imdnId: present(texts.slice(11).join(SEPARATOR)),
      target: present(texts[7]),
      attempts: this.#attempts[place] || undefined,
      status: this.#status[place] || undefined,
      condition: present(texts[8]),
      text: present(texts[9]),
      clause: present(texts[10]),
      deliveredMs: this.#reportMs[reports] || undefined,
      displayedMs: this.#reportMs[reports + 1] || undefined,
      failedMs: this.#reportMs[reports + 2] || undefined,
      failure: this.#failures.get(row),
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

function packed(record: LedgerRecord): string {
  return [
    id(record.xmppId),
    text(record.xmppFrom),
    text(record.xmppTo),
    id(record.callId),
    text(record.fromTag),
    text(record.sipFrom),
    text(record.requestUri),
    text(record.target),
    text(record.condition),
    text(record.text),
    text(record.clause),
    id(record.imdnId),
  ].join(SEPARATOR);
}

function id(value: string | undefined): string {
  return value === undefined ? '' : ledgerId(value);
}

function text(value: string | undefined): string {
  return value === undefined ? '' : ledgerText(value);
}

function present(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
