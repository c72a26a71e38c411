// What SipEdge needs of a transport: one carrier for all listeners of one transport. TLS and WebSocket are to be
// further stream carriers; a batch of datagrams in one system call is another `DatagramSocket` under the UDP one.

import type { Bytes, Clock, Counter, Counters, Log, Timers } from '../../base/index.ts';
import type { LocalEndpoint, Source, Target, TransportName } from '../../sip/index.ts';

export interface CarrierEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly counters: Counters;
}

/** Where carriers hand up what they received. */
export interface CarrierSink {
  message(bytes: Bytes, source: Source): void;
  closed(connectionId: number, error: Error | undefined): void;
}

export type Failed = (error: Error) => void;

export interface Carrier {
  readonly transport: TransportName;
  /** The general endpoint of each listener; complete after `start`. */
  readonly endpoints: readonly LocalEndpoint[];
  /** Where its listeners can be reached, "all addresses" written out. */
  readonly reachableAt: readonly { readonly address: string; readonly port: number }[];
  /** Binds all; throws `ERR_SIP_LISTEN` with nothing left open. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** See `Transport`. */
  send(message: Bytes, target: Target, failed: Failed | undefined): void;
  localFor(target: Target): LocalEndpoint | undefined;
  /** True when a listener takes packets of both families. */
  isDualStack(endpoint: LocalEndpoint): boolean;
}

/** The counters of one transport, looked up once. */
export class CarrierCounters {
  readonly received: Counter;
  readonly sent: Counter;
  readonly #counters: Counters;
  readonly #transport: TransportName;

  constructor(counters: Counters, transport: TransportName) {
    this.#counters = counters;
    this.#transport = transport;
    this.received = counters.counter('stoxgate_sip_received_total', 'SIP messages received', { transport });
    this.sent = counters.counter('stoxgate_sip_sent_total', 'SIP messages given to the network', {
      transport,
    });
  }

  /** Counts a trouble that is no message: `what` from a closed set. */
  trouble(what: string): void {
    this.#counters
      .counter('stoxgate_sip_transport_troubles_total', 'Troubles of the SIP transports', {
        transport: this.#transport,
        what,
      })
      .add();
  }
}

/** Calls back after the present turn: `failed` must never run inside `send`. */
export function failLater(failed: Failed | undefined, error: Error): void {
  if (failed !== undefined) setImmediate(failed, error);
}
