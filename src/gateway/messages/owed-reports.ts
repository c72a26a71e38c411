// Reports that SIP users ask for (RFC 5438; rows RCPT-03 … RCPT-05): what XMPP says of a message after its 2xx becomes
// a notification to its sender. Only what was asked for is told, only what the recipient says counts, and each thing
// once. With a store it is remembered beyond a restart, for seven days (RCPT-09).

import {
  BoundedMap,
  detachText,
  type Clock,
  type Counter,
  type Counters,
  type Log,
} from '../../base/index.ts';
import {
  isMessageId,
  isReportFinished,
  REPORT_MS,
  stepReport,
  type OwedRecord,
  type ReportEvent,
  type ReportState,
} from '../../interwork/message/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import { readStanzaError } from '../../xmpp/index.ts';
import { bareOf, domainOf } from '../address-text.ts';
import type { AcceptedMessage, ReportSink } from './open-message.ts';
import type { ToXmppOutcomes } from './outcomes.ts';
import type { ReportStore } from './report-store.ts';

/** At hand; with a store those that went are looked for there. */
const MAX_AT_HAND = 20_000;
/** Of one SIP user: one who asks without end takes the place of his own, not that of others. */
const MAX_PER_SENDER = 1000;
/** For one record that is being looked for. */
const MAX_WAITING = 8;

export interface OwedReportsEnv {
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters;
  readonly outcomes: ToXmppOutcomes;
  readonly store: ReportStore;
  readonly sink: ReportSink;
}

const RESULTS = ['told', 'not-asked', 'repeated', 'foreign', 'unknown'] as const;
type ResultName = (typeof RESULTS)[number];

export class OwedReports {
  readonly #env: OwedReportsEnv;
  readonly #owed: BoundedMap<string, OwedRecord>;
  /** Stanza ids by sender, oldest first. */
  readonly #senders = new Map<string, Set<string>>();
  /** What waits for a record that is being looked for: one after the other, so that nothing is told twice. */
  readonly #recalling = new Map<string, ((record: OwedRecord | undefined) => void)[]>();
  readonly #results: Readonly<Record<ResultName, Counter>>;

  constructor(env: OwedReportsEnv) {
    this.#env = env;
    this.#owed = new BoundedMap({
      maxEntries: MAX_AT_HAND,
      onDrop: (id, record) => this.#forgetSender(id, record.sender),
    });
    const of = (result: ResultName): Counter =>
      env.counters.counter('stoxgate_receipts_received_total', 'Receipts and markers from XMPP users.', {
        result,
      });
    this.#results = {
      told: of('told'),
      'not-asked': of('not-asked'),
      repeated: of('repeated'),
      foreign: of('foreign'),
      unknown: of('unknown'),
    };
  }

  /** Messages of which something may still be told, at hand. */
  get size(): number {
    return this.#owed.size;
  }

  /** A message was answered with 2xx, and its sender wants to hear more. */
  remember(message: AcceptedMessage, state: ReportState): void {
    if (isReportFinished(state, message.reports)) return;
    const { reports } = message;
    const record: OwedRecord = {
      kind: 'owed',
      // Pieces of the datagram that it came in would keep the whole of it.
      reports: { ...reports, messageId: detachText(reports.messageId) },
      senderUri: detachText(message.senderUri),
      recipientUri: detachText(message.recipientUri),
      sender: detachText(message.sender),
      recipient: detachText(message.recipient),
      state,
      expiresMs: this.#env.clock.wall() + REPORT_MS,
    };
    const id = detachText(message.id);
    this.#keep(id, record);
    this.#env.store.put(keyOf(id), record);
  }

  /** The recipient says that he has it, or has displayed it, and with it everything before (XEP-0333 §1). */
  said(event: 'delivered' | 'displayed', id: string, from: string): void {
    const record = this.#owed.get(id, this.#env.clock.now());
    if (record !== undefined) return this.#said(event, id, record, from);
    const looking = this.#recall(id, (found) => {
      if (found === undefined) this.#results.unknown.add();
      else this.#said(event, id, found, from);
    });
    if (!looking) this.#results.unknown.add();
  }

  /** An error stanza: true when it is about one of these that is at hand. */
  error(id: string, stanza: XmlElement): boolean {
    const record = this.#owed.get(id, this.#env.clock.now());
    if (record === undefined) return false;
    return this.#failed(id, record, stanza);
  }

  /** The same for one that may be in the store; false: there is no such place, or the id is none of ours. */
  errorLater(id: string, stanza: XmlElement): boolean {
    return this.#recall(id, (found) => {
      if (found !== undefined) this.#failed(id, found, stanza);
    });
  }

  /** Gives up what is too old. */
  sweep(): void {
    this.#owed.sweep(this.#env.clock.now());
  }

  /** Looks into the store; false: there is none, or the id is none of ours, and `use` is not called. */
  #recall(id: string, use: (record: OwedRecord | undefined) => void): boolean {
    if (!isMessageId(id)) return false;
    const waiting = this.#recalling.get(id);
    if (waiting !== undefined) {
      if (waiting.length >= MAX_WAITING) return false;
      waiting.push(use);
      return true;
    }
    const looking = this.#env.store.find(keyOf(id), (found) => {
      const uses = this.#recalling.get(id) ?? [];
      this.#recalling.delete(id);
      if (found?.kind === 'owed') this.#keep(id, found);
      for (const each of uses) each(this.#owed.get(id, this.#env.clock.now()));
    });
    if (looking) this.#recalling.set(id, [use]);
    return looking;
  }

  #said(event: 'delivered' | 'displayed', id: string, record: OwedRecord, from: string): void {
    // Nobody but the recipient can say it.
    if (bareOf(from) !== record.recipient) return this.#results.foreign.add();
    if (event === 'displayed') {
      for (const earlier of [...(this.#senders.get(record.sender) ?? [])]) {
        if (earlier === id) break;
        const other = this.#owed.get(earlier, this.#env.clock.now());
        if (other?.recipient === record.recipient) this.#step(earlier, other, 'displayed');
      }
    }
    this.#results[this.#step(id, record, event)].add();
  }

  #failed(id: string, record: OwedRecord, stanza: XmlElement): boolean {
    // The recipient says it, or a server on the way to him, which speaks for its domain.
    if (domainOf(stanza.attr('from') ?? '') !== domainOf(record.recipient)) return false;
    if (record.state === 'waiting') tellLoss(this.#env, id, stanza);
    this.#step(id, record, 'failed', readStanzaError(stanza).condition);
    return true;
  }

  #step(id: string, record: OwedRecord, event: ReportEvent, condition?: string): ResultName {
    const transition = stepReport(record.state, event);
    if (!transition.expected) return 'repeated';
    this.#env.outcomes.told(id, event, condition);
    const { reports, senderUri, recipientUri } = record;
    let result: ResultName = 'not-asked';
    for (const each of transition.tell) {
      if (!reports[WISHES[each]]) continue;
      result = 'told';
      this.#env.sink.report(each, { id, reports, senderUri, recipientUri });
    }
    if (isReportFinished(transition.state, reports)) {
      this.#owed.delete(id);
      this.#forgetSender(id, record.sender);
      this.#env.store.delete(keyOf(id));
    } else {
      const changed = { ...record, state: transition.state };
      this.#replace(id, changed);
      this.#env.store.put(keyOf(id), changed);
    }
    return result;
  }

  #keep(id: string, record: OwedRecord): void {
    this.#replace(id, record);
    let ids = this.#senders.get(record.sender);
    if (ids === undefined) this.#senders.set(record.sender, (ids = new Set()));
    ids.add(id);
    if (ids.size <= MAX_PER_SENDER) return;
    for (const oldest of ids) {
      this.#owed.delete(oldest);
      this.#forgetSender(oldest, record.sender);
      this.#env.store.delete(keyOf(oldest));
      return;
    }
  }

  #replace(id: string, record: OwedRecord): void {
    const { clock } = this.#env;
    this.#owed.set(id, record, clock.now(), record.expiresMs - clock.wall());
  }

  #forgetSender(id: string, sender: string): void {
    const ids = this.#senders.get(sender);
    if (ids === undefined) return;
    ids.delete(id);
    if (ids.size === 0) this.#senders.delete(sender);
  }
}

const WISHES = { delivered: 'positive', displayed: 'display', failed: 'negative' } as const;

function keyOf(id: string): string {
  return `o:${id}`;
}

/** The answer was 2xx, and then an error came: what can be said of it here. */
export function tellLoss(
  env: { readonly log: Log; readonly outcomes: ToXmppOutcomes },
  id: string,
  error: XmlElement,
): void {
  env.outcomes.lost();
  env.log.warn('message.lost', {
    cid: id,
    from: error.attr('from'),
    condition: readStanzaError(error).condition,
  });
}
