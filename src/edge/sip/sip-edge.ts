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
import type { CertificateStore } from '../tls/index.ts';
import { failLater, type Carrier, type CarrierEnv, type CarrierSink } from './carrier.ts';
import type { DatagramSocketFactory } from './datagram-socket.ts';
import { counter } from './connection-table.ts';
import type { ListenConfig } from './listen-config.ts';
import { readInterfaces, type InterfaceAddress } from './local-side.ts';
import { StreamCarrier } from './stream-carrier.ts';
import { DEFAULT_STREAM_LIMITS, type StreamLimits } from './stream-connection.ts';
import { TlsSide } from './tls-side.ts';
import { transportError } from './transport-error.ts';
import { UdpCarrier } from './udp-carrier.ts';
import { WebSocketCarrier } from './websocket-carrier.ts';

export interface SipEdgeEnv extends CarrierEnv {
  readonly limits?: Partial<StreamLimits> | undefined;
  readonly sipLimits?: SipLimits | undefined;
  /** Another UDP implementation than node:dgram. */
  readonly createDatagramSocket?: DatagramSocketFactory | undefined;
  /** For listeners of TLS and secure WebSocket, which cannot be without it. */
  readonly certificates?: CertificateStore | undefined;
  /** Origins of web pages that may connect over WebSocket; asked each time. Default: none. */
  readonly origins?: (() => readonly string[]) | undefined;
  /** The addresses of this machine; read when absent. */
  readonly interfaces?: readonly InterfaceAddress[] | undefined;
}

/** See the file head. */
export class SipEdge implements Transport {
  readonly #env: SipEdgeEnv;
  readonly #sink: TransportSink;
  readonly #carriers = new Map<TransportName, Carrier>();
  readonly #streams: (StreamCarrier | WebSocketCarrier)[] = [];
  readonly #webSockets: WebSocketCarrier[] = [];

  /** Opens nothing yet. What comes in goes to `sink`, from `start` on. */
  constructor(listeners: readonly ListenConfig[], env: SipEdgeEnv, sink: TransportSink) {
    this.#env = env;
    this.#sink = sink;
    const guarded: CarrierSink = {
      message: (bytes, source) => this.#deliver(bytes, source),
      closed: (connectionId, error) => this.#closed(connectionId, error),
    };
    const interfaces = env.interfaces ?? readInterfaces();
    const of = (transport: TransportName): ListenConfig[] =>
      listeners.filter((listener) => listener.transport === transport);
    const { createDatagramSocket: createSocket, limits = {}, sipLimits, certificates } = env;
    const udp = of('UDP');
    if (udp.length > 0) {
      const options = createSocket === undefined ? {} : { createSocket };
      this.#carriers.set('UDP', new UdpCarrier(udp, env, guarded, interfaces, options));
    }
    const handshakeMs = limits.handshakeMs ?? DEFAULT_STREAM_LIMITS.handshakeMs;
    const tlsSide = (requestCertificate: boolean): TlsSide => {
      if (certificates === undefined) throw new TypeError('a listener over TLS needs certificates');
      return new TlsSide(certificates, env.clock, { requestCertificate, handshakeMs });
    };
    const common = { limits, nextId: counter(), ...(sipLimits === undefined ? {} : { sipLimits }) };
    for (const transport of ['TCP', 'TLS'] as const) {
      const configs = of(transport);
      if (configs.length === 0) continue;
      const tls = transport === 'TLS' ? tlsSide(true) : undefined;
      const carrier = new StreamCarrier(configs, env, guarded, interfaces, { ...common, tls });
      this.#carriers.set(transport, carrier);
      this.#streams.push(carrier);
    }
    const origins = env.origins ?? (() => []);
    for (const transport of ['WS', 'WSS'] as const) {
      const configs = of(transport);
      if (configs.length === 0) continue;
      // A browser that is asked for a certificate asks its user, who has none.
      const tls = transport === 'WSS' ? tlsSide(false) : undefined;
      const carrier = new WebSocketCarrier(configs, env, guarded, interfaces, { ...common, tls, origins });
      this.#carriers.set(transport, carrier);
      this.#streams.push(carrier);
      this.#webSockets.push(carrier);
    }
  }

  /** Binds every listener; throws `ERR_SIP_LISTEN`, which names the first that could not be, with none left open. */
  async start(): Promise<void> {
    for (const carrier of this.#carriers.values()) {
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
    await Promise.all(this.#all.map((carrier) => carrier.stop()));
  }

  /** The general endpoint of each listener, with the real ports; empty before `start`. */
  get localEndpoints(): readonly LocalEndpoint[] {
    return this.#all.flatMap((carrier) => carrier.endpoints);
  }

  /** All literal addresses and ports of the listeners, "all addresses" written out: for `LocatorOptions.own`. */
  get ownAddresses(): readonly { readonly address: string; readonly port: number }[] {
    return this.#all.flatMap((carrier) => carrier.reachableAt);
  }

  /** What the listeners allow a `Locator` to look for; after `start`. */
  get support(): TransportSupport {
    // RFC 7118: nobody can be called over WebSocket.
    const callable = this.localEndpoints.filter(({ transport }) => transport !== 'WS' && transport !== 'WSS');
    return TransportSupport.of(callable, {
      dualStack: (endpoint) => this.#all.some((carrier) => carrier.isDualStack(endpoint)),
    });
  }

  /** Connections that are open or being opened. */
  get connectionCount(): number {
    return this.#streams.reduce((sum, carrier) => sum + carrier.connectionCount, 0);
  }

  send(message: Bytes, target: Target, failed?: (error: Error) => void): void {
    const carrier = this.#carriers.get(target.transport);
    if (carrier === undefined) {
      failLater(failed, transportError('ERR_SIP_TRANSPORT_NONE', `no ${target.transport} listener`));
      return;
    }
    carrier.send(message, target, failed);
  }

  localFor(target: Target): LocalEndpoint | undefined {
    return this.#carriers.get(target.transport)?.localFor(target);
  }

  /** RFC 7118 §5: where the host is that a client of WebSocket made up for itself; undefined: not connected. */
  flowOf(host: string): Target | undefined {
    for (const carrier of this.#webSockets) {
      const target = carrier.flowOf(host);
      if (target !== undefined) return target;
    }
    return undefined;
  }

  /** Whether the connection of a target, of a client of WebSocket, is open. */
  isOpen(target: Target): boolean {
    return this.#webSockets.some((carrier) => carrier.isOpen(target));
  }

  get #all(): Carrier[] {
    return [...this.#carriers.values()];
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
