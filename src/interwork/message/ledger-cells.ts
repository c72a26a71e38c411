// A row of the ledger in its compact form: numbers, and its texts in one. The memory holds it as octets, the store as a
// line of JSON; an object for each row would cost more than the message itself.

import {
  LEDGER_OUTCOMES,
  ledgerId,
  ledgerText,
  type LedgerRecord,
  type LedgerReport,
} from './ledger-record.ts';

/** Hardly any text holds it, and JSON does not escape it: NUL would cost a fifth of the space. */
const SEPARATOR = '\u007f';
/** Stands for the separator inside of a text: no address or text can hold it (XML 1.0 §2.2, RFC 3261 §25.1). */
const STAND_IN = '\u0000';
const FROM_SIP = 16;
/** In the order of their cells. */
export const LEDGER_REPORTS: readonly LedgerReport[] = ['delivered', 'displayed', 'failed'];

/** Numbers are 0 where there is none; times are milliseconds since 1970-01-01T00:00:00Z. */
export interface LedgerCells {
  /** Direction and outcome. */
  readonly kind: number;
  readonly acceptedMs: number;
  readonly endedMs: number;
  readonly status: number;
  readonly attempts: number;
  /** CSeq + 1, at most 2^31 (RFC 3261 §8.1.1.5). */
  readonly cseq: number;
  readonly deliveredMs: number;
  readonly displayedMs: number;
  readonly failedMs: number;
  readonly texts: string;
  /** Condition of a late error; '' for none. */
  readonly failure: string;
}

export function cellsOf(record: LedgerRecord): LedgerCells {
  return {
    kind: LEDGER_OUTCOMES.indexOf(record.outcome) | (record.direction === 'sip_to_xmpp' ? FROM_SIP : 0),
    acceptedMs: record.acceptedMs,
    endedMs: record.endedMs ?? 0,
    status: record.status ?? 0,
    attempts: Math.min(record.attempts ?? 0, 255),
    cseq: record.cseq === undefined ? 0 : record.cseq + 1,
    deliveredMs: record.deliveredMs ?? 0,
    displayedMs: record.displayedMs ?? 0,
    failedMs: record.failedMs ?? 0,
    texts: textsOf(record),
    failure: record.failure ?? '',
  };
}

export function recordOf(cells: LedgerCells): LedgerRecord {
  const texts = cells.texts.split(SEPARATOR);
  return {
    direction: (cells.kind & FROM_SIP) === 0 ? 'xmpp_to_sip' : 'sip_to_xmpp',
    outcome: LEDGER_OUTCOMES[cells.kind & (FROM_SIP - 1)] ?? 'open',
    acceptedMs: cells.acceptedMs,
    endedMs: cells.endedMs || undefined,
    xmppId: present(texts[0]),
    xmppFrom: present(texts[1]),
    xmppTo: present(texts[2]),
    callId: present(texts[3]),
    fromTag: present(texts[4]),
    cseq: cells.cseq === 0 ? undefined : cells.cseq - 1,
    sipFrom: present(texts[5]),
    requestUri: present(texts[6]),
    // The last, since it comes from a body, which may hold anything.
    imdnId: texts.length === 12 ? texts[11] || undefined : texts.slice(11).join(SEPARATOR),
    target: present(texts[7]),
    attempts: cells.attempts || undefined,
    status: cells.status || undefined,
    condition: present(texts[8]),
    text: present(texts[9]),
    clause: present(texts[10]),
    deliveredMs: cells.deliveredMs || undefined,
    displayedMs: cells.displayedMs || undefined,
    failedMs: cells.failedMs || undefined,
    failure: cells.failure === '' ? undefined : cells.failure,
  };
}

function textsOf(record: LedgerRecord): string {
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
    record.imdnId === undefined ? '' : ledgerId(record.imdnId),
  ].join(SEPARATOR);
}

function id(value: string | undefined): string {
  return value === undefined ? '' : packed(ledgerId(value));
}

function text(value: string | undefined): string {
  return value === undefined ? '' : packed(ledgerText(value));
}

function packed(value: string): string {
  return value.includes(SEPARATOR) ? value.replaceAll(SEPARATOR, STAND_IN) : value;
}

function present(value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined;
  return value.includes(STAND_IN) ? value.replaceAll(STAND_IN, SEPARATOR) : value;
}
