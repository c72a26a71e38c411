// The kept messages of one SIP user, in the order in which they were accepted: what finds them; their
// content is in the store.

import { detachText, type Timer } from '../../base/index.ts';
import type { LedgerRecord, OutboxRecord } from '../../interwork/message/index.ts';
import type { OpenRow } from './ledger.ts';

export interface KeptKey {
  readonly key: string;
  /** Place in the order of acceptance. Not a time: clocks are set back. */
  readonly order: number;
  /** When it was accepted, in milliseconds of the monotonic clock, also when an earlier process did. */
  readonly sinceMs: number;
  readonly attempt: Attempt;
  readonly names: KeptNames;
}

/** What the ledger finds it by, and tells of it. */
export interface KeptNames {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly acceptedMs: number;
  /** `id` and `from` of the stanza. */
  readonly xmppId: string | undefined;
  readonly xmppFrom: string | undefined;
  readonly callId: string;
}

export function keptNamesOf({
  acceptedMs,
  stanza,
  callId,
}: Pick<OutboxRecord, 'acceptedMs' | 'stanza' | 'callId'>): KeptNames {
  return {
    acceptedMs,
    xmppId: attribute(stanza, 'id'),
    xmppFrom: attribute(stanza, 'from'),
    callId: detachText(callId),
  };
}

function attribute(stanza: readonly string[], name: string): string | undefined {
  for (let i = 0; i + 1 < stanza.length; i += 2)
    if (stanza[i] === name) return detachText(stanza[i + 1] ?? '');
  return undefined;
}

/** For the ledger: what waits and is asked for, except what is being sent, which is with the deliveries. */
export function keptRows(
  queues: Iterable<KeptQueue>,
  named: (record: LedgerRecord) => boolean,
  limit: number,
): OpenRow[] {
  const rows: OpenRow[] = [];
  for (const queue of queues) {
    for (const entry of queue.keys) {
      if (rows.length >= limit) return rows;
      if (queue.busy && entry === queue.head) continue;
      const row = keptRow(queue, entry.names);
      if (named(row.record)) rows.push(row);
    }
  }
  return rows;
}

function keptRow(queue: KeptQueue, { acceptedMs, xmppId, xmppFrom, callId }: KeptNames): OpenRow {
  const record: LedgerRecord = {
    direction: 'xmpp_to_sip',
    outcome: 'open',
    acceptedMs,
    xmppId,
    xmppFrom,
    xmppTo: queue.recipient,
    callId,
  };
  return {
    record,
    state: 'kept',
    sinceMs: acceptedMs,
    waitsFor: 'its SIP user to be seen, or the next attempt',
  };
}

/** The next attempt to send a message, or the one that is under way. */
export interface Attempt {
  /** CSeq number. */
  cseq: number;
  /** A request with this CSeq may have been sent, and nobody knows what became of it. */
  asked: boolean;
  /** The process that may have sent it is gone. */
  restored: boolean;
}

export class KeptQueue {
  /** Bare JID of the SIP user. */
  readonly recipient: string;
  readonly keys: KeptKey[] = [];
  /** The head is being sent or read. */
  busy = false;
  /** Attempts since the user was last seen: they become rarer. */
  attempts = 0;
  timer: Timer | undefined;
  /** When a new message for the user was last a reason to try, in milliseconds of the monotonic clock. */
  nudgedMs = -Infinity;

  constructor(recipient: string) {
    this.recipient = recipient;
  }

  get head(): KeptKey | undefined {
    return this.keys[0];
  }

  find(key: string): KeptKey | undefined {
    return this.keys.find((entry) => entry.key === key);
  }

  /** Puts a key where it belongs: nearly always at the end. */
  insert(entry: KeptKey): void {
    let place = this.keys.length;
    while (place > 0 && (this.keys[place - 1]?.order ?? 0) > entry.order) place -= 1;
    this.keys.splice(place, 0, entry);
  }

  remove(key: string): void {
    const place = this.keys.findIndex((entry) => entry.key === key);
    if (place >= 0) this.keys.splice(place, 1);
  }
}

const FIRST_RETRY_MS = 60_000;
const LAST_RETRY_MS = 3_600_000;

/** When to try next, after so many attempts in vain: a minute, twice as long each time, an hour at most, ± 10 %. */
export function retryDelayMs(attempts: number, unit: number): number {
  const delay = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempts, 10));
  return delay * (0.9 + 0.2 * unit);
}

const RESTART_FIRST_MS = 1000;
const RESTART_SPREAD_MS = 14_000;

/**
 * When to try first after a start. A message that was under way when the last process died may have arrived; its
 * receiver knows it for 32 s (timer J), and only so long can he say so by a 482.
 */
export function restartDelayMs(unit: number): number {
  return RESTART_FIRST_MS + RESTART_SPREAD_MS * unit;
}
