// All SIP listeners of the gateway as one `Transport` (RFC 3261 §18).

import type { Bytes } from '../../base/index.ts';
import {
  TransportSupport,
  type LocalEndpoint,
  type SipLimits,
  type Source,
  type Target,
  type Transport,
  type TransportName,
  type TransportSink,
} from '../../sip/index.ts';
import { failLater, type Carrier, type CarrierEnv, type CarrierSink } from './carrier.ts';
import type { DatagramSocketFactory } from './datagram-socket.ts';
import type { ListenConfig } from './listen-config.ts';
import { readInterfaces, type InterfaceAddress } from './local-side.ts';
import { StreamCarrier } from './stream-carrier.ts';
import type { StreamLimits } from './stream-connection.ts';
import { transportError } from './transport-error.ts';
import { UdpCarrier } from './udp-carrier.ts';

export interface SipEdgeEnv extends CarrierEnv {
  readonly limits?: Partial<StreamLimits> | undefined;
  readonly sipLimits?: SipLimits | undefined;
  /** Another UDP implementation than node:dgram. */
  readonly createDatagramSocket?: DatagramSocketFactory | undefined;
  /** The addresses of this machine; read when absent. */
  readonly interfaces?: readonly InterfaceAddress[] | undefined;
}

/** See the file head. */
export class SipEdge implements Transport {
  readonly #env: SipEdgeEnv;
  readonly #sink: TransportSink;
  readonly #carriers: readonly Carrier[];
  readonly #udp: UdpCarrier | undefined;
  readonly #tcp: StreamCarrier | undefined;

  /** Opens nothing yet. What comes in goes to `sink`, from `start` on. */
  constructor(listeners: readonly ListenConfig[], env: SipEdgeEnv, sink: TransportSink) {
    this.#env = env;
    this.#sink = sink;
    const guarded: CarrierSink = {
      message: (bytes, source) => this.#deliver(bytes, source),
      closed: (connectionId, error) => this.#closed(connectionId, error),
    };
    const interfaces = env.interfaces ?? readInterfaces();
    const udp = listeners.filter((listener) => listener.transport === 'UDP');
    const tcp = listeners.filter((listener) => listener.transport === 'TCP');
    if (udp.length > 0) {
      const { createDatagramSocket: createSocket } = env;
      const options = createSocket === undefined ? {} : { createSocket };
      this.#udp = new UdpCarrier(udp, env, guarded, interfaces, options);
    }
    if (tcp.length > 0) {
      const { limits = {}, sipLimits } = env;
      const options = sipLimits === undefined ? { limits } : { limits, sipLimits };
      this.#tcp = new StreamCarrier(tcp, env, guarded, interfaces, options);
    }
    this.#carriers = [this.#udp, this.#tcp].filter((carrier) => carrier !== undefined);
  }

  /** Binds every listener; throws `ERR_SIP_LISTEN`, which names the first that could not be, with none left open. */
  async start(): Promise<void> {
    for (const carrier of this.#carriers) {
      try {
        await carrier.start();
      } catch (error) {
        await this.stop();
        throw error;
      }
    }
  }

  /** Closes listeners and connections; what was written to a peer that reads still leaves. */
  async stop(): Promise<void> {
    await Promise.all(this.#carriers.map((carrier) => carrier.stop()));
  }

  /** The general endpoint of each listener, with the real ports; empty before `start`. */
  get localEndpoints(): readonly LocalEndpoint[] {
    return this.#carriers.flatMap((carrier) => carrier.endpoints);
  }

  /** All literal addresses and ports of the listeners, "all addresses" written out: for `LocatorOptions.own`. */
  get ownAddresses(): readonly { readonly address: string; readonly port: number }[] {
    return this.#carriers.flatMap((carrier) => carrier.reachableAt);
  }

  /** What the listeners allow a `Locator` to look for; after `start`. */
  get support(): TransportSupport {
    return TransportSupport.of(this.localEndpoints, {
      dualStack: (endpoint) => this.#carriers.some((carrier) => carrier.isDualStack(endpoint)),
    });
  }

  /** Connections that are open or being opened. */
  get connectionCount(): number {
    return this.#tcp?.connectionCount ?? 0;
  }

  send(message: Bytes, target: Target, failed?: (error: Error) => void): void {
    const carrier = this.#carrier(target.transport);
    if (carrier === undefined) {
      failLater(failed, transportError('ERR_SIP_TRANSPORT_NONE', `no ${target.transport} listener`));
      return;
    }
    carrier.send(message, target, failed);
  }

  localFor(target: Target): LocalEndpoint | undefined {
    return this.#carrier(target.transport)?.localFor(target);
  }

  #carrier(transport: TransportName): Carrier | undefined {
    if (transport === 'UDP') return this.#udp;
    return transport === 'TCP' ? this.#tcp : undefined;
  }

  // A bug of ours above must not stop the process, nor the messages of others.
  #deliver(bytes: Bytes, source: Source): void {
    try {
      this.#sink.message(bytes, source);
    } catch (error) {
      this.#bug(error);
    }
  }

  #closed(connectionId: number, error: Error | undefined): void {
    try {
      this.#sink.closed?.(connectionId, error);
    } catch (bug) {
      this.#bug(bug);
    }
  }

  #bug(error: unknown): void {
    this.#env.counters
      .counter('stoxgate_bugs_total', 'Exceptions that should not have been', { area: 'sip' })
      .add();
    this.#env.log.error('sip.bug', { error: error instanceof Error ? error.stack : String(error) });
  }
}
