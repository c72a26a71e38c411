// One message of the ledger in words.

import { formatDateTime } from '../base/index.ts';
import { readLedgerRecord, type LedgerRecord } from '../interwork/message/index.ts';
import { reasonPhrase } from '../sip/index.ts';
import { shown } from './shown.ts';

/** A row, and for one without an outcome where it is. */
export interface TellableMessage {
  readonly record: LedgerRecord;
  readonly state: string | undefined;
  readonly sinceMs: number | undefined;
  readonly waitsFor: string | undefined;
}

/** Reads what the gateway answered. Throws TypeError for what is no row. */
export function readMessage(value: unknown): TellableMessage {
  const fields = new Map<string, unknown>(
    typeof value === 'object' && value !== null ? Object.entries(value) : [],
  );
  const state = fields.get('state');
  const sinceMs = fields.get('sinceMs');
  const waitsFor = fields.get('waitsFor');
  return {
    record: readLedgerRecord(value),
    state: typeof state === 'string' ? state : undefined,
    sinceMs: typeof sinceMs === 'number' ? sinceMs : undefined,
    waitsFor: typeof waitsFor === 'string' ? waitsFor : undefined,
  };
}

/** Its block of lines. */
export function explainMessage(message: TellableMessage): string[] {
  const { record } = message;
  const fromSip = record.direction === 'sip_to_xmpp';
  const lines: [string, string | undefined][] = [
    ['from', fromSip ? both(record.sipFrom, record.xmppFrom) : both(record.xmppFrom, record.sipFrom)],
    ['to', fromSip ? both(record.requestUri, record.xmppTo) : both(record.xmppTo, record.requestUri)],
    ['in XMPP', record.xmppId === undefined ? undefined : `id ${shown(record.xmppId)}`],
    ['in SIP', sipIds(record)],
    ['came', formatDateTime(record.acceptedMs)],
    ['ended', ended(record)],
    ['target', target(record)],
    ['outcome', outcome(message)],
    ['delivered', time(record.deliveredMs, 'the recipient’s client has it')],
    ['displayed', time(record.displayedMs, 'the recipient has seen it')],
    ['failed', time(record.failedMs, `an error came after the outcome: ${record.failure ?? 'unknown'}`)],
  ];
  return [
    fromSip ? 'SIP to XMPP' : 'XMPP to SIP',
    ...lines.flatMap(([name, text]) => (text === undefined ? [] : [`  ${name.padEnd(10)}${text}`])),
  ];
}

function both(here: string | undefined, there: string | undefined): string | undefined {
  if (here === undefined) return there === undefined ? undefined : shown(there);
  return there === undefined ? shown(here) : `${shown(here)}  (${shown(there)})`;
}

function sipIds({ callId, cseq, fromTag, imdnId }: LedgerRecord): string | undefined {
  const parts = [
    callId === undefined ? undefined : `Call-ID ${shown(callId)}`,
    cseq === undefined ? undefined : `CSeq ${cseq}`,
    fromTag === undefined ? undefined : `tag ${shown(fromTag)}`,
    imdnId === undefined ? undefined : `Message-ID ${shown(imdnId)}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(', ');
}

function ended({ acceptedMs, endedMs }: LedgerRecord): string | undefined {
  return endedMs === undefined ? undefined : `${formatDateTime(endedMs)}, after ${endedMs - acceptedMs} ms`;
}

function target({ target: place, attempts = 0 }: LedgerRecord): string | undefined {
  if (place === undefined) return undefined;
  return attempts > 1 ? `${place}, request ${attempts}` : place;
}

function time(ms: number | undefined, what: string): string | undefined {
  return ms === undefined ? undefined : `${formatDateTime(ms)}: ${what}`;
}

function outcome(message: TellableMessage): string {
  const { record } = message;
  return `${record.outcome}: ${sentence(message)}${record.clause === undefined ? '' : ` (${record.clause})`}`;
}

function sentence({ record, state, sinceMs, waitsFor }: TellableMessage): string {
  const { condition, text } = record;
  const status = record.status === undefined ? undefined : `${record.status} ${reasonPhrase(record.status)}`;
  const said = text === undefined ? '' : `, "${shown(text)}"`;
  const answered = status === undefined ? '' : `; the SIP sender was answered ${status}`;
  switch (record.outcome) {
    case 'open': {
      const since = sinceMs === undefined ? '' : ` since ${formatDateTime(sinceMs)}`;
      return `${state ?? 'unknown'}${since}, waits for ${waitsFor ?? 'something'}`;
    }
    case 'accepted':
      return `the XMPP server has it${answered}`;
    case 'delivered':
      return record.direction === 'sip_to_xmpp'
        ? `the recipient’s client has it${answered}`
        : `the SIP side answered ${status ?? '2xx'}`;
    case 'refused':
      return `the XMPP side answered ${condition ?? 'an error'}${said}${answered}`;
    case 'rejected':
      return `the gateway refused it${said}${answered}`;
    case 'unconfirmed':
      return `the XMPP server did not confirm it${answered}`;
    case 'nothing':
      return record.direction === 'sip_to_xmpp'
        ? `there was nothing in it for the XMPP side${answered}`
        : 'there was nothing in it for the SIP side';
    case 'reported': {
      const why = status === undefined ? 'it did not reach the SIP side' : `the SIP side answered ${status}`;
      return `${why}; the error for its sender is ${condition ?? 'unknown'}${said}`;
    }
  }
}
