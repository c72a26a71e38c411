// What the transaction layer counts. Labels come from closed sets.

import type { Counter, Counters } from '../../base/index.ts';

const PREFIX = 'stoxgate_sip';

/** Found once, bumped on the message path. */
export class TransactionCounters {
  readonly clientStarted: Counter;
  readonly serverStarted: Counter;
  readonly requestsRetransmitted: Counter;
  readonly requestsAbsorbed: Counter;
  readonly responsesAbsorbed: Counter;
  readonly strayResponses: Counter;
  readonly strayAcks: Counter;
  readonly keepAlives: Counter;
  readonly merged: Counter;
  readonly overload: Counter;
  readonly clientTimeouts: Counter;
  readonly serverTimeouts: Counter;
  readonly requestsFailed: Counter;
  readonly responsesFailed: Counter;
  readonly unexpected: Counter;
  readonly notKept: Counter;
  readonly switchedToTcp: Counter;
  readonly fellBackToUdp: Counter;
  readonly rejected: Counter;
  readonly rejectionsSuppressed: Counter;
  readonly #counters: Counters;
  readonly #responses = new Map<number, Counter>();

  constructor(counters: Counters) {
    const counter = (name: string, help: string, labels?: Record<string, string>): Counter =>
      counters.counter(`${PREFIX}_${name}_total`, help, labels);
    const transactions = 'Transactions started';
    const absorbed = 'Retransmissions that reached no user';
    const timeouts = 'Transactions that ran out of time';
    const failures = 'Messages that could not be sent';
    const stray = 'Messages that belong to no transaction';
    const switches = 'Requests whose size changed the transport';
    const rejections = 'Malformed requests, answered without state or not at all';
    this.clientStarted = counter('transactions', transactions, { side: 'client' });
    this.serverStarted = counter('transactions', transactions, { side: 'server' });
    this.requestsRetransmitted = counter('retransmissions', 'Requests sent again');
    this.requestsAbsorbed = counter('absorbed', absorbed, { kind: 'request' });
    this.responsesAbsorbed = counter('absorbed', absorbed, { kind: 'response' });
    this.strayResponses = counter('stray', stray, { kind: 'response' });
    this.strayAcks = counter('stray', stray, { kind: 'ack' });
    this.keepAlives = counter('keep_alives', 'Datagrams of nothing but line ends');
    this.merged = counter('merged_requests', 'Requests that came on two ways, answered 482');
    this.overload = counter(
      'overload',
      'Requests answered 503 because no more transactions can be remembered',
    );
    this.clientTimeouts = counter('transaction_timeouts', timeouts, { side: 'client' });
    this.serverTimeouts = counter('transaction_timeouts', timeouts, { side: 'server' });
    this.requestsFailed = counter('transport_failures', failures, { kind: 'request' });
    this.responsesFailed = counter('transport_failures', failures, { kind: 'response' });
    this.unexpected = counter('unexpected_events', 'Events that a transaction state does not expect');
    this.notKept = counter('responses_not_kept', 'Responses too many to be kept whole for retransmissions');
    this.switchedToTcp = counter('size_switches', switches, { to: 'tcp' });
    this.fellBackToUdp = counter('size_switches', switches, { to: 'udp' });
    this.rejected = counter('stateless_rejections', rejections, { result: 'sent' });
    this.rejectionsSuppressed = counter('stateless_rejections', rejections, { result: 'suppressed' });
    this.#counters = counters;
  }

  /** Responses of ours by status, repetitions not counted. */
  response(status: number): Counter {
    let counter = this.#responses.get(status);
    if (counter === undefined) {
      const labels = { status: String(status) };
      counter = this.#counters.counter(
        `${PREFIX}_responses_total`,
        'Responses that were made, by status',
        labels,
      );
      this.#responses.set(status, counter);
    }
    return counter;
  }

  /** Codes of the parser are a closed set. */
  malformed(code: string): Counter {
    return this.#counters.counter(
      `${PREFIX}_malformed_total`,
      'Messages that could not be parsed, by fault',
      {
        code,
      },
    );
  }
}
