// What the ledger keeps of one message, on both sides: who, when, where to, and what became of it. Never a body, a
// subject or a language (docs/security.md, "The ledger").

import { hashBase64Url, utf8Length } from '../../base/index.ts';

export type LedgerDirection = 'sip_to_xmpp' | 'xmpp_to_sip';

/** The words of the label `outcome` of stoxgate_messages_total; `open`: none yet. */
export const LEDGER_OUTCOMES = [
  'open',
  'accepted',
  'delivered',
  'refused',
  'rejected',
  'unconfirmed',
  'nothing',
  'reported',
] as const;
export type LedgerOutcome = (typeof LEDGER_OUTCOMES)[number];

/** What was learned of a message after its outcome. */
export type LedgerReport = 'delivered' | 'displayed' | 'failed';

/** One message. What is not known, or was never there, is absent. Times: milliseconds since 1970-01-01T00:00:00Z. */
export interface LedgerRecord {
  readonly direction: LedgerDirection;
  readonly outcome: LedgerOutcome;
  readonly acceptedMs: number;
  /** Absent while it is open. */
  readonly endedMs?: number | undefined;
  /** `id` of the stanza. */
  readonly xmppId?: string | undefined;
  readonly xmppFrom?: string | undefined;
  readonly xmppTo?: string | undefined;
  readonly callId?: string | undefined;
  readonly fromTag?: string | undefined;
  readonly cseq?: number | undefined;
  /** From of the request, as a URI. */
  readonly sipFrom?: string | undefined;
  readonly requestUri?: string | undefined;
  /** Message-ID of a CPIM message whose sender asked for reports (RFC 5438 §6.3). */
  readonly imdnId?: string | undefined;
  /** The last target that was tried: `TRANSPORT ADDRESS PORT`. */
  readonly target?: string | undefined;
  /** Requests that were sent, those with credentials too. */
  readonly attempts?: number | undefined;
  /** The final SIP response, of whichever side gave it. */
  readonly status?: number | undefined;
  /** The stanza error, of whichever side gave it. */
  readonly condition?: string | undefined;
  /** What was said with it, for people. */
  readonly text?: string | undefined;
  /** The row of the gateway's own rules that decided. */
  readonly clause?: string | undefined;
  readonly deliveredMs?: number | undefined;
  readonly displayedMs?: number | undefined;
  readonly failedMs?: number | undefined;
  /** Condition of the error that came after the outcome. */
  readonly failure?: string | undefined;
}

/** Octets of an identifier in UTF-8: what an index can hold. */
const MAX_ID_OCTETS = 512;
/** No text of so few UTF-16 units has more octets than that. */
const SURELY_SHORT = MAX_ID_OCTETS / 3;
const ID_HEAD = 140;
/** UTF-16 units of addresses, targets and texts. */
const MAX_TEXT = 500;

/** An identifier as the ledger holds it and is asked for it: a longer one is its beginning and a digest of the whole. */
export function ledgerId(id: string): string {
  if (id.length <= SURELY_SHORT || utf8Length(id) <= MAX_ID_OCTETS) return id;
  return `${id.slice(0, ID_HEAD)}…${hashBase64Url('sha256', id)}`;
}

/** An address or a text as the ledger holds it. */
export function ledgerText(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - 1)}…`;
}

/** Longer ids of clients are not written into log lines. */
const MAX_CORRELATION = 64;

/** The `cid` of the log for a message from XMPP: the client's id where it has one that fits a log line, else undefined. */
export function correlationId(xmppId: string | undefined): string | undefined {
  return xmppId !== undefined && xmppId.length <= MAX_CORRELATION ? xmppId : undefined;
}

/** True when `id`, as `ledgerId` gives it, is an identifier of the message on either side. */
export function isNamed(record: LedgerRecord, id: string): boolean {
  return isSame(record.xmppId, id) || isSame(record.callId, id) || isSame(record.imdnId, id);
}

function isSame(value: string | undefined, id: string): boolean {
  return value === id || (value !== undefined && value.length > SURELY_SHORT && ledgerId(value) === id);
}

/** Reads a record out of JSON. Throws TypeError for what is none; what it does not know it leaves away. */
export function readLedgerRecord(value: unknown): LedgerRecord {
  if (typeof value !== 'object' || value === null) throw new TypeError('a ledger record is an object');
  const fields = new Map<string, unknown>(Object.entries(value));
  const text = (name: string): string | undefined => {
    const field = fields.get(name);
    return typeof field === 'string' ? field : undefined;
  };
  const number = (name: string): number | undefined => {
    const field = fields.get(name);
    return typeof field === 'number' ? field : undefined;
  };
  const direction = text('direction');
  const outcome = LEDGER_OUTCOMES.find((word) => word === text('outcome'));
  const acceptedMs = number('acceptedMs');
  if (
    (direction !== 'sip_to_xmpp' && direction !== 'xmpp_to_sip') ||
    outcome === undefined ||
    acceptedMs === undefined
  ) {
    throw new TypeError('a ledger record lacks its direction, outcome or time');
  }
  return {
    direction,
    outcome,
    acceptedMs,
    endedMs: number('endedMs'),
    xmppId: text('xmppId'),
    xmppFrom: text('xmppFrom'),
    xmppTo: text('xmppTo'),
    callId: text('callId'),
    fromTag: text('fromTag'),
    cseq: number('cseq'),
    sipFrom: text('sipFrom'),
    requestUri: text('requestUri'),
    imdnId: text('imdnId'),
    target: text('target'),
    attempts: number('attempts'),
    status: number('status'),
    condition: text('condition'),
    text: text('text'),
    clause: text('clause'),
    deliveredMs: number('deliveredMs'),
    displayedMs: number('displayedMs'),
    failedMs: number('failedMs'),
    failure: text('failure'),
  };
}
