// Rows of the ledger side by side, as the memory and the store hold them: their numbers in cells of one width, their
// texts as octets that follow each other. A page is put into the store as it lies in memory: to write each row as text
// of its own cost more than everything else about it.

import { fromByteString, type Bytes } from '../../base/index.ts';
import type { LedgerCells } from './ledger-cells.ts';

/** What of a row is a number. */
export type RowNumbers = Omit<LedgerCells, 'texts' | 'failure'>;

/** Octets of the numbers of one row. */
export const ROW_OCTETS = 52;

// Offsets in a row; little-endian, whatever the machine, since the store may be read by another one.
const ACCEPTED = 0;
const ENDED = 8;
const DELIVERED = 16;
const DISPLAYED = 24;
const FAILED = 32;
const CSEQ = 40;
const TEXT_OCTETS = 44;
const STATUS = 48;
const KIND = 50;
const ATTEMPTS = 51;

/** Writes the numbers of a row at the octet `at`. */
export function writeRow(view: DataView, at: number, cells: LedgerCells, textOctets: number): void {
  view.setFloat64(at + ACCEPTED, cells.acceptedMs, true);
  view.setFloat64(at + ENDED, cells.endedMs, true);
  view.setFloat64(at + DELIVERED, cells.deliveredMs, true);
  view.setFloat64(at + DISPLAYED, cells.displayedMs, true);
  view.setFloat64(at + FAILED, cells.failedMs, true);
  view.setUint32(at + CSEQ, cells.cseq, true);
  view.setUint32(at + TEXT_OCTETS, textOctets, true);
  view.setUint16(at + STATUS, cells.status, true);
  view.setUint8(at + KIND, cells.kind);
  view.setUint8(at + ATTEMPTS, cells.attempts);
}

export function readRow(view: DataView, at: number): RowNumbers {
  return {
    kind: view.getUint8(at + KIND),
    acceptedMs: view.getFloat64(at + ACCEPTED, true),
    endedMs: view.getFloat64(at + ENDED, true),
    status: view.getUint16(at + STATUS, true),
    attempts: view.getUint8(at + ATTEMPTS),
    cseq: view.getUint32(at + CSEQ, true),
    deliveredMs: view.getFloat64(at + DELIVERED, true),
    displayedMs: view.getFloat64(at + DISPLAYED, true),
    failedMs: view.getFloat64(at + FAILED, true),
  };
}

/** When it had its outcome, in milliseconds since 1970-01-01T00:00:00Z; 0: it has none. */
export function endedMsOf(view: DataView, at: number): number {
  return view.getFloat64(at + ENDED, true);
}

/** Octets of its texts. */
export function textOctetsOf(view: DataView, at: number): number {
  return view.getUint32(at + TEXT_OCTETS, true);
}

/** Notes when a report came, the first time that it does; `report` is its place in `LEDGER_REPORTS`. True when it was the first. */
export function noteReport(view: DataView, at: number, report: number, atMs: number): boolean {
  const offset = at + DELIVERED + 8 * report;
  if (view.getFloat64(offset, true) !== 0) return false;
  view.setFloat64(offset, atMs, true);
  return true;
}

/** Rows that follow each other. */
export interface PackedRows {
  /** Number of the first. */
  readonly first: number;
  /** `ROW_OCTETS` for each. */
  readonly numbers: Bytes;
  /** Their texts in UTF-8, one octet a character. */
  readonly texts: string;
  /** Conditions of late errors, by number of the row. */
  readonly failures: readonly (readonly [number, string])[];
}

/** Every row with its number; fewer when `texts` is shorter than the numbers say. */
export function* unpackRows({
  first,
  numbers,
  texts,
  failures,
}: PackedRows): Generator<[number, LedgerCells]> {
  const view = new DataView(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  const failureOf = new Map(failures);
  let offset = 0;
  for (let n = 0; (n + 1) * ROW_OCTETS <= numbers.length; n++) {
    const at = n * ROW_OCTETS;
    const end = offset + textOctetsOf(view, at);
    if (end > texts.length) return;
    const failure = failureOf.get(first + n) ?? '';
    yield [first + n, { ...readRow(view, at), texts: fromByteString(texts.slice(offset, end)), failure }];
    offset = end;
  }
}
