// What the message feature keeps beyond a restart: reports that are still due, and which SIP users understand requests
// for them (rows RCPT-01, RCPT-03, RCPT-09). The records are written as JSON and read with suspicion: what does not have
// the expected shape is passed over by the store.

import type { CollectionSpec } from '../../base/index.ts';
import type { RequestedReports } from '../../mapping/index.ts';
import type { ReportState } from './machine-report.ts';
import type { AskedMessage } from './report-token.ts';

/** A message from XMPP whose stanza id is too long for a token; the key is `a:` and its imdn.Message-ID. */
export interface AskedRecord {
  readonly kind: 'asked';
  readonly asked: AskedMessage;
  readonly expiresMs: number;
}

/** A message from SIP whose sender wants reports; the key is `o:` and its stanza id. */
export interface OwedRecord {
  readonly kind: 'owed';
  readonly reports: RequestedReports;
  /** From and To of the MESSAGE, as URIs. */
  readonly senderUri: string;
  readonly recipientUri: string;
  /** Bare JIDs of both. */
  readonly sender: string;
  readonly recipient: string;
  readonly state: ReportState;
  readonly expiresMs: number;
}

export type ReportRecord = AskedRecord | OwedRecord;

export const REPORTS_COLLECTION: CollectionSpec<ReportRecord> = {
  name: 'reports',
  version: 1,
  indexes: {},
  encode: (record) => JSON.stringify(record),
  decode: (_version, text) => readRecord(JSON.parse(text)),
  expires: (record) => record.expiresMs,
};

/** The key is the bare JID of the SIP user. */
export interface PeerRecord {
  /** Whether message/cpim reaches him. */
  readonly cpim: 'understood' | 'refused';
  readonly expiresMs: number;
}

export const PEERS_COLLECTION: CollectionSpec<PeerRecord> = {
  name: 'peers',
  version: 1,
  indexes: {},
  encode: (record) => JSON.stringify(record),
  decode: (_version, text) => {
    const fields = objectOf(JSON.parse(text));
    return {
      cpim: oneOf(fields['cpim'], ['understood', 'refused']),
      expiresMs: numberOf(fields['expiresMs']),
    };
  },
  expires: (record) => record.expiresMs,
};

function readRecord(value: unknown): ReportRecord {
  const fields = objectOf(value);
  const expiresMs = numberOf(fields['expiresMs']);
  if (fields['kind'] === 'asked') {
    const asked = objectOf(fields['asked']);
    return {
      kind: 'asked',
      asked: {
        id: textOf(asked['id']),
        receipt: asked['receipt'] === true,
        marker: asked['marker'] === true,
        chat: asked['chat'] === true,
        address: textOf(asked['address']),
      },
      expiresMs,
    };
  }
  if (fields['kind'] !== 'owed') throw new TypeError('a record of no known kind');
  const reports = objectOf(fields['reports']);
  return {
    kind: 'owed',
    reports: {
      messageId: textOf(reports['messageId']),
      positive: reports['positive'] === true,
      negative: reports['negative'] === true,
      display: reports['display'] === true,
    },
    senderUri: textOf(fields['senderUri']),
    recipientUri: textOf(fields['recipientUri']),
    sender: textOf(fields['sender']),
    recipient: textOf(fields['recipient']),
    state: oneOf(fields['state'], ['waiting', 'delivered', 'displayed', 'failed']),
    expiresMs,
  };
}

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new TypeError('not an object');
  return { ...value };
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('not a text');
  return value;
}

function numberOf(value: unknown): number {
  if (typeof value !== 'number') throw new TypeError('not a number');
  return value;
}

function oneOf<T extends string>(value: unknown, words: readonly T[]): T {
  const word = words.find((candidate) => candidate === value);
  if (word === undefined) throw new TypeError(`not one of ${words.join(', ')}`);
  return word;
}
