// Counters and ledger of promise 1: every message of a believed sender ends in exactly one of these, in its direction,
// and this is the only place where one is counted, so that the totals of the ledger are those of the counters. Messages
// of others are in stoxgate_sip_refused_total and have no row.

import { fromByteString, type Clock, type Counter, type Counters } from '../../base/index.ts';
import type {
  LedgerDirection,
  LedgerOutcome,
  LedgerRecord,
  LedgerReport,
} from '../../interwork/message/index.ts';
import type { SipRequest } from '../../sip/index.ts';
import type { Ledger } from './ledger.ts';

const NAME = 'stoxgate_messages_total';
const HELP = 'Messages by direction and reported outcome.';

/**
 * - `accepted`: 202, or 200 by configuration: the XMPP server has it
 * - `delivered`: 200 because the recipient's client said so
 * - `refused`: an error stanza became the response
 * - `rejected`: the gateway itself said no: policy, addresses, content, queue
 * - `unconfirmed`: 503: the XMPP side did not confirm it in time (ERR-G1, ERR-G5)
 * - `nothing`: 200 and nothing to tell the XMPP user (IM-46, IM-48), or 202 where the route script drops it
 */
export const TO_XMPP_OUTCOMES = [
  'accepted',
  'delivered',
  'refused',
  'rejected',
  'unconfirmed',
  'nothing',
] as const satisfies readonly LedgerOutcome[];
export type ToXmppOutcome = (typeof TO_XMPP_OUTCOMES)[number];

/**
 * - `delivered`: a 2xx
 * - `reported`: an error stanza went back
 * - `nothing`: nothing that SIP could carry and no answer due (IM-11, IM-16), or the route script drops it
 */
export const TO_SIP_OUTCOMES = [
  'delivered',
  'reported',
  'nothing',
] as const satisfies readonly LedgerOutcome[];
export type ToSipOutcome = (typeof TO_SIP_OUTCOMES)[number];

/** What its request does not say of a message from SIP. */
export interface ToXmppFacts {
  readonly request: SipRequest;
  /** When it came; undefined: now. */
  readonly acceptedMs?: number | undefined;
  /** `id`, `from` and `to` of the stanza, as far as there was one. */
  readonly id?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Message-ID, where reports were asked for. */
  readonly messageId?: string | undefined;
  /** Of the final response. */
  readonly status?: number | undefined;
  readonly condition?: string | undefined;
  readonly text?: string | undefined;
  readonly clause?: string | undefined;
}

/** What is known of a message from XMPP. */
export type ToSipFacts = Omit<LedgerRecord, 'direction' | 'outcome' | 'acceptedMs' | 'endedMs'> & {
  /** When it came; undefined: now. */
  readonly acceptedMs?: number | undefined;
};

function countersOf<O extends LedgerOutcome>(
  direction: LedgerDirection,
  outcomes: readonly O[],
  counters: Counters,
  ledger: Ledger,
): ReadonlyMap<O, Counter> {
  return new Map(
    outcomes.map((outcome) => {
      const counter = counters.counter(NAME, HELP, { direction, outcome });
      ledger.countedBy(direction, outcome, () => counter.value);
      return [outcome, counter] as const;
    }),
  );
}

/** SIP to XMPP. */
export class ToXmppOutcomes {
  readonly #clock: Clock;
  readonly #ledger: Ledger;
  readonly #counters: ReadonlyMap<ToXmppOutcome, Counter>;
  readonly #lost: Counter;

  constructor(env: { readonly clock: Clock; readonly counters: Counters }, ledger: Ledger) {
    this.#clock = env.clock;
    this.#ledger = ledger;
    this.#counters = countersOf('sip_to_xmpp', TO_XMPP_OUTCOMES, env.counters, ledger);
    this.#lost = env.counters.counter(
      'stoxgate_messages_lost_total',
      'Accepted messages for which an error came after the final response.',
      { direction: 'sip_to_xmpp' },
    );
  }

  /** A message has its outcome. Returns the number of its row in the ledger. */
  end(outcome: ToXmppOutcome, facts: ToXmppFacts): number {
    this.#counters.get(outcome)?.add();
    const endedMs = this.#clock.wall();
    return this.#ledger.add(toXmppRecord(outcome, facts, facts.acceptedMs ?? endedMs, endedMs));
  }

  /** An "is composing": nobody looks for one, and who types when is nobody's business, so it has no row. */
  typing(): void {
    this.#counters.get('nothing')?.add();
  }

  /** Something was learned, after its outcome, of one whose sender asked for reports. `id`: of its stanza. */
  told(id: string, report: LedgerReport, failure?: string): void {
    this.#ledger.reportNamed('sip_to_xmpp', id, report, failure);
  }

  /** An error about one that was plainly accepted, of which only the last bits of its row are remembered. */
  failedById(lowBits: number, id: string, condition: string): void {
    this.#ledger.reportFailure(lowBits, id, condition);
  }

  /** Of those accepted: an error came later. Not one of the sum. */
  lost(): void {
    this.#lost.add();
  }
}

/** XMPP to SIP. */
export class ToSipOutcomes {
  readonly #clock: Clock;
  readonly #ledger: Ledger;
  readonly #counters: ReadonlyMap<ToSipOutcome, Counter>;

  constructor(env: { readonly clock: Clock; readonly counters: Counters }, ledger: Ledger) {
    this.#clock = env.clock;
    this.#ledger = ledger;
    this.#counters = countersOf('xmpp_to_sip', TO_SIP_OUTCOMES, env.counters, ledger);
  }

  /** A message has its outcome. Returns the number of its row in the ledger. */
  end(outcome: ToSipOutcome, facts: ToSipFacts): number {
    this.#counters.get(outcome)?.add();
    const endedMs = this.#clock.wall();
    return this.#ledger.add(toSipRecord(outcome, facts, facts.acceptedMs ?? endedMs, endedMs));
  }

  /** Something was learned, after its outcome, of one whose sender asked for reports. `messageId`: of the request (IMDN). */
  told(messageId: string, report: LedgerReport, failure?: string): void {
    this.#ledger.reportNamed('xmpp_to_sip', messageId, report, failure);
  }

  /** A chat state and no text: see the other direction. */
  typing(): void {
    this.#counters.get('nothing')?.add();
  }
}

/** The row of a message from SIP. */
export function toXmppRecord(
  outcome: LedgerOutcome,
  facts: ToXmppFacts,
  acceptedMs: number,
  endedMs: number | undefined,
): LedgerRecord {
  const { request } = facts;
  const { tag, uri } = request.from;
  return {
    direction: 'sip_to_xmpp',
    outcome,
    acceptedMs,
    endedMs,
    xmppId: facts.id,
    xmppFrom: facts.from,
    xmppTo: facts.to,
    callId: request.callId,
    fromTag: tag === undefined ? undefined : fromByteString(tag),
    cseq: request.cseq.number,
    sipFrom: uri,
    requestUri: request.requestUri,
    imdnId: facts.messageId,
    status: facts.status,
    condition: facts.condition,
    text: facts.text,
    clause: facts.clause,
  };
}

/** The row of a message from XMPP. */
export function toSipRecord(
  outcome: LedgerOutcome,
  facts: ToSipFacts,
  acceptedMs: number,
  endedMs: number | undefined,
): LedgerRecord {
  return { ...facts, direction: 'xmpp_to_sip', outcome, acceptedMs: facts.acceptedMs ?? acceptedMs, endedMs };
}
