// How a message that has no outcome yet looks in an answer of the ledger: its row so far, its state, what it waits for.

import { ToXmppState, type LedgerRecord, type ToSipState } from '../../interwork/message/index.ts';
import type { OpenRow } from './ledger.ts';
import type { OpenMessage } from './open-message.ts';
import { toXmppRecord } from './outcomes.ts';

/** Those of these messages that are asked for. */
export function openRows(
  messages: Iterable<OpenMessage>,
  named: (record: LedgerRecord) => boolean,
  limit: number,
): OpenRow[] {
  const rows: OpenRow[] = [];
  for (const message of messages) {
    const facts = message.facts(undefined, undefined);
    if (facts === undefined) continue;
    const record = toXmppRecord('open', facts, message.acceptedMs, undefined);
    if (!named(record)) continue;
    const { state, sinceMs } = message;
    rows.push({ record, state, sinceMs, waitsFor: waitsToXmpp(state) });
    if (rows.length === limit) break;
  }
  return rows;
}

function waitsToXmpp(state: ToXmppState): string {
  return state === ToXmppState.Parked
    ? 'a component link: the one that it was written to went away'
    : 'the acknowledgement of the XMPP server';
}

export const WAITS_TO_SIP: Readonly<Record<ToSipState['kind'], string>> = {
  queued: 'the answer to an earlier message to the same address (RFC 3428 section 8)',
  locating: 'the answer of DNS',
  trying: 'the answer of the SIP side',
  delivered: 'nothing',
  reported: 'nothing',
};
