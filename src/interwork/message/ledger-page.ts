// Rows of the ledger as the store has them: many in one record. A record for each would make the ledger the dearest part
// of a message. What is learned of a message after its row went there is a note, behind it, in this page or a later one.

import { fromBase64, toBase64, toByteString, type CollectionSpec } from '../../base/index.ts';
import { recordOf } from './ledger-cells.ts';
import { ledgerId, type LedgerDirection, type LedgerRecord, type LedgerReport } from './ledger-record.ts';
import { unpackRows, type PackedRows } from './ledger-rows.ts';

/** A page. Its lines are read only where something is looked for. */
export interface LedgerPage {
  /** Notes in it. */
  readonly notes: number;
  /** Time of its last line, in milliseconds since 1970-01-01T00:00:00Z. */
  readonly lastMs: number;
  /** JSON: the whole page. */
  readonly json: string;
}

/** What was learned of a message after its outcome. */
export interface LedgerNote {
  readonly direction: LedgerDirection;
  /** What names it in a report, as `reportedAs` gives it. */
  readonly id: string;
  readonly report: LedgerReport;
  readonly atMs: number;
  /** Condition of a late error. */
  readonly failure?: string | undefined;
}

export interface PageRow {
  readonly row: number;
  readonly record: LedgerRecord;
}

/** The stanza id of a message that came from SIP, the Message-ID (RFC 5438 §6.3) of one that went there. */
export function reportedAs({ direction, xmppId, imdnId }: LedgerRecord): string | undefined {
  const id = direction === 'sip_to_xmpp' ? xmppId : imdnId;
  return id === undefined ? undefined : ledgerId(id);
}

export function noteLine({ direction, id, report, atMs, failure = '' }: LedgerNote): string {
  return JSON.stringify([direction, id, report, atMs, failure]);
}

/** A page of rows. */
export function rowsPage({ first, numbers, texts, failures }: PackedRows, lastMs: number): LedgerPage {
  const late = failures.length === 0 ? '' : `,"failures":${JSON.stringify(failures)}`;
  const rows = `"first":${first},"numbers":"${toBase64(numbers)}","texts":${JSON.stringify(texts)}${late}`;
  return { notes: 0, lastMs, json: `{"notes":0,"lastMs":${lastMs},${rows}}` };
}

/** A page of notes. */
export function notesPage(lines: readonly string[], lastMs: number): LedgerPage {
  const notes = lines.length;
  return { notes, lastMs, json: `{"notes":${notes},"lastMs":${lastMs},"lines":[${lines.join(',\n')}]}` };
}

/** True when the page may have something about this identifier: `false` is sure, and cheap. */
export function mayHold({ json }: LedgerPage, id: string): boolean {
  const octets = toByteString(id);
  return json.includes(escaped(id)) || (octets !== id && json.includes(escaped(octets)));
}

function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

/** What is in a page, in its order. What is not as it should be is passed over. */
export function* linesOf({ json }: LedgerPage): Generator<PageRow | LedgerNote> {
  const page: unknown = JSON.parse(json);
  if (typeof page !== 'object' || page === null) return;
  if ('lines' in page && Array.isArray(page.lines)) {
    for (const line of page.lines) {
      const read = Array.isArray(line) ? (rowOf(line) ?? noteOf(line)) : undefined;
      if (read !== undefined) yield read;
    }
  }
  const rows = packedRows(page);
  if (rows === undefined) return;
  for (const [row, cells] of unpackRows(rows)) yield { row, record: recordOf(cells) };
}

function packedRows(page: object): PackedRows | undefined {
  const { first, numbers, texts, failures } = { failures: [], ...page } as Record<string, unknown>;
  if (!isNumber(first) || typeof numbers !== 'string' || typeof texts !== 'string') return undefined;
  return {
    first,
    numbers: fromBase64(numbers),
    texts,
    failures: Array.isArray(failures) ? failures.filter(isFailure) : [],
  };
}

function isFailure(value: unknown): value is readonly [number, string] {
  return Array.isArray(value) && isNumber(value[0]) && typeof value[1] === 'string';
}

/** A row as version 1 wrote it. */
function rowOf(line: readonly unknown[]): PageRow | undefined {
  const [row, kind, acceptedMs, endedMs, status, attempts, cseq] = line;
  const [deliveredMs, displayedMs, failedMs, texts, failure] = line.slice(7);
  const numbers = [
    row,
    kind,
    acceptedMs,
    endedMs,
    status,
    attempts,
    cseq,
    deliveredMs,
    displayedMs,
    failedMs,
  ];
  if (!numbers.every(isNumber) || typeof texts !== 'string' || typeof failure !== 'string') return undefined;
  const [its = 0, ...cells] = numbers;
  const at = (place: number): number => cells[place] ?? 0;
  return {
    row: its,
    record: recordOf({
      ...{ kind: at(0), acceptedMs: at(1), endedMs: at(2), status: at(3), attempts: at(4), cseq: at(5) },
      ...{ deliveredMs: at(6), displayedMs: at(7), failedMs: at(8), texts, failure },
    }),
  };
}

function noteOf(line: readonly unknown[]): LedgerNote | undefined {
  const [direction, id, report, atMs, failure] = line;
  if (direction !== 'sip_to_xmpp' && direction !== 'xmpp_to_sip') return undefined;
  if (report !== 'delivered' && report !== 'displayed' && report !== 'failed') return undefined;
  if (typeof id !== 'string' || !isNumber(atMs) || typeof failure !== 'string') return undefined;
  return { direction, id, report, atMs, failure: failure === '' ? undefined : failure };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}

/** A row with a note about it: the first that says so counts. */
export function withNote(record: LedgerRecord, { report, atMs, failure }: LedgerNote): LedgerRecord {
  const field = `${report}Ms` as const;
  if (record[field] !== undefined) return record;
  return { ...record, [field]: atMs, ...(failure === undefined ? {} : { failure }) };
}

const HEAD = /^\{"notes":(\d+),"lastMs":(\d+),"(?:lines|first)":/;

export const LEDGER: CollectionSpec<LedgerPage> = {
  name: 'ledger',
  version: 2,
  indexes: {},
  encode: ({ json }) => json,
  decode(_version, text) {
    const [, notes, lastMs] = HEAD.exec(text) ?? [];
    if (notes === undefined || lastMs === undefined) throw new TypeError('not a page of the ledger');
    return { notes: Number(notes), lastMs: Number(lastMs), json: text };
  },
};
