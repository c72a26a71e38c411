// SIP over TCP and TLS (RFC 3261 §18, §26.2): connections to peers, and which connection a message may use.
//
// Requests use connections that we opened, by address and port, over TLS also by the host that the server proved to be. A
// connection that the peer opened carries responses to its own requests; requests to it only over TLS, where its Via asks
// for that and its certificate names the host that is meant (RFC 5923 §5), for nothing else proves that who opened it owns
// the address in its requests.

import { connect, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Bytes } from '../../base/index.ts';
import {
  DEFAULT_SIP_LIMITS,
  transportTraits,
  type LocalEndpoint,
  type SipLimits,
  type Source,
  type Target,
} from '../../sip/index.ts';
import {
  CarrierCounters,
  failLater,
  type Carrier,
  type CarrierEnv,
  type CarrierSink,
  type Failed,
} from './carrier.ts';
import { ConnectionTable, type NextId } from './connection-table.ts';
import { InboundPlaces, type InboundPlace } from './inbound-places.ts';
import { familyOf, type ListenConfig } from './listen-config.ts';
import type { InterfaceAddress } from './local-side.ts';
import {
  DEFAULT_STREAM_LIMITS,
  StreamConnection,
  type ConnectionEvents,
  type StreamLimits,
  type Verification,
} from './stream-connection.ts';
import { StreamListeners, type Arrival, type StreamListener } from './stream-listeners.ts';
import { certifiedDomains, type TlsSide } from './tls-side.ts';
import { transportError } from './transport-error.ts';
import { peekVia } from './via-peek.ts';

export interface StreamOptions {
  readonly limits?: Partial<StreamLimits>;
  readonly sipLimits?: SipLimits;
  /** TLS; without it, TCP. */
  readonly tls?: TlsSide | undefined;
  readonly nextId?: NextId;
}

/** See the file head. */
export class StreamCarrier implements Carrier, ConnectionEvents {
  readonly transport: 'TCP' | 'TLS';
  readonly #env: CarrierEnv;
  readonly #sink: CarrierSink;
  readonly #limits: StreamLimits;
  readonly #sipLimits: SipLimits;
  readonly #tls: TlsSide | undefined;
  readonly #counters: CarrierCounters;
  readonly #listeners: StreamListeners;
  readonly #places: InboundPlaces;
  readonly #connections: ConnectionTable<StreamConnection>;
  /** Inbound ones in their TLS handshake. */
  readonly #handshakes = new Set<Socket>();
  #stopped = false;
  /** Those that we opened and that take requests, see `keyOf`. */
  readonly #outbound = new Map<string, StreamConnection>();
  /** Those that peers opened and that take requests, by address and port (RFC 5923 §5). */
  readonly #aliases = new Map<string, { connection: StreamConnection; domains: readonly string[] }>();

  constructor(
    configs: readonly ListenConfig[],
    env: CarrierEnv,
    sink: CarrierSink,
    interfaces: readonly InterfaceAddress[],
    { limits, sipLimits, tls, nextId }: StreamOptions = {},
  ) {
    this.transport = tls === undefined ? 'TCP' : 'TLS';
    this.#env = env;
    this.#sink = sink;
    this.#limits = { ...DEFAULT_STREAM_LIMITS, ...limits };
    this.#sipLimits = sipLimits ?? DEFAULT_SIP_LIMITS;
    this.#tls = tls;
    this.#counters = new CarrierCounters(env.counters, this.transport);
    this.#places = new InboundPlaces(this.#limits, env.clock);
    this.#connections = new ConnectionTable(env, nextId);
    const { transport } = this;
    const arrived = (arrival: Arrival): void => this.#arrived(arrival);
    this.#listeners = new StreamListeners({
      ...{ transport, configs, env, interfaces, counters: this.#counters, arrived },
    });
  }

  get endpoints(): readonly LocalEndpoint[] {
    return this.#listeners.endpoints;
  }

  get reachableAt(): readonly { readonly address: string; readonly port: number }[] {
    return this.#listeners.reachableAt;
  }

  /** Connections that are open, or being opened. */
  get connectionCount(): number {
    return this.#connections.size + this.#handshakes.size;
  }

  /** Addresses from which inbound connections are open. */
  get inboundPeerCount(): number {
    return this.#places.peers;
  }

  start(): Promise<void> {
    return this.#listeners.start();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const closed = this.#listeners.stop();
    for (const socket of this.#handshakes) socket.destroy();
    await this.#connections.closeAll();
    await closed;
  }

  send(message: Bytes, target: Target, failed: Failed | undefined): void {
    const known = this.#connections.get(target.connectionId);
    if (known?.writable === true) {
      known.write(message, failed);
      return;
    }
    // RFC 3261 §18.2.2: "If that connection is no longer open, the server SHOULD open a connection".
    const connection =
      this.#outbound.get(keyOf(target)) ?? this.#aliased(target) ?? this.#open(target, failed);
    connection?.write(message, failed);
  }

  localFor(target: Target): LocalEndpoint | undefined {
    const connection = this.#connections.get(target.connectionId);
    return connection?.local ?? this.#listeners.of(target)?.local.endpointFor(target.address);
  }

  isDualStack(endpoint: LocalEndpoint): boolean {
    return this.#listeners.isDualStack(endpoint);
  }

  message(bytes: Bytes, source: Source): void {
    if (source.certifiedDomains !== undefined) this.#learnAlias(bytes, source, source.certifiedDomains);
    this.#sink.message(bytes, source);
  }

  retired(connection: StreamConnection): void {
    const { key } = connection;
    if (key === undefined) return;
    if (this.#outbound.get(key) === connection) this.#outbound.delete(key);
    if (this.#aliases.get(key)?.connection === connection) this.#aliases.delete(key);
  }

  closed(connection: StreamConnection, error: Error | undefined): void {
    if (this.#connections.delete(connection)) this.#sink.closed(connection.id, error);
  }

  #arrived(arrival: Arrival): void {
    const { socket, remoteAddress } = arrival;
    if (this.#stopped) return void socket.destroy();
    const place = this.#places.take(remoteAddress, () => socket.destroy());
    if (place === undefined) {
      this.#counters.trouble('too-many-inbound');
      socket.destroy();
      return;
    }
    socket.once('close', () => place.free());
    if (this.#tls === undefined) this.#accepted(arrival, socket, place, undefined);
    else this.#shakeHands(this.#tls, arrival, place);
  }

  #shakeHands(tls: TlsSide, arrival: Arrival, place: InboundPlace): void {
    const { socket } = arrival;
    this.#handshakes.add(socket);
    // What goes wrong is told by the acceptor.
    socket.on('error', () => {});
    tls.acceptor.accept(socket, (result) => {
      this.#handshakes.delete(socket);
      if (result instanceof Error || this.#stopped) {
        if (!this.#stopped) this.#counters.trouble('handshake');
        socket.destroy();
      } else this.#accepted(arrival, result, place, certifiedDomains(result));
    });
  }

  #accepted(
    { remoteAddress, remotePort, local }: Arrival,
    socket: Socket,
    place: InboundPlace,
    domains: readonly string[] | undefined,
  ): void {
    const proven = (): void => place.proven();
    const parts = {
      socket,
      inbound: true,
      remoteAddress,
      remotePort,
      local,
      certifiedDomains: domains,
      proven,
    };
    this.#add(parts);
  }

  #open(target: Target, failed: Failed | undefined): StreamConnection | undefined {
    const { address, port } = target;
    const fail = (error: Error): undefined => {
      failLater(failed, error);
    };
    const listener = this.#listeners.of(target);
    if (listener === undefined) {
      this.#counters.trouble('no-listener');
      return fail(transportError('ERR_SIP_TRANSPORT_NONE', `no ${this.transport} listener for ${address}`));
    }
    const name = target.names?.[0];
    if (this.#tls !== undefined && name === undefined) {
      const text = `no TLS to ${address} port ${port}: nobody knows whom its certificate should name`;
      return fail(transportError('ERR_SIP_TRANSPORT_CERTIFICATE', text));
    }
    if (this.#connections.size + this.#handshakes.size - this.#places.count >= this.#limits.maxConnections) {
      this.#counters.trouble('too-many-outbound');
      const text = `no connection to ${address}: ${this.#limits.maxConnections} are open`;
      return fail(transportError('ERR_SIP_TRANSPORT_CONNECTIONS', text));
    }
    const plain = this.#connect(listener, address, port);
    if (plain instanceof Error) {
      this.#counters.trouble('connect');
      const text = `cannot connect to ${address} port ${port}`;
      return fail(transportError('ERR_SIP_TRANSPORT_CONNECT', text, plain));
    }
    let socket: Socket = plain;
    let verification: Verification | undefined;
    if (this.#tls !== undefined) {
      const secured: TLSSocket = this.#tls.secure(plain, target);
      socket = secured;
      verification = this.#tls.verification(secured, target);
    }
    // RFC 3261 §18.1.1: sent-by is where responses can come, so the listener's port, not the connection's own.
    const local = listener.local.endpointFor(address);
    const connection = this.#add({
      ...{ socket, inbound: false, remoteAddress: address, remotePort: port, local, verification },
    });
    connection.key = keyOf(target);
    this.#outbound.set(connection.key, connection);
    return connection;
  }

  #connect({ bindAddress }: StreamListener, address: string, port: number): Socket | Error {
    const family = familyOf(address);
    // From the listener's own address, by which the peer knows and trusts us.
    const from =
      bindAddress === undefined || familyOf(bindAddress) !== family ? {} : { localAddress: bindAddress };
    try {
      return connect({ host: address, port, family, allowHalfOpen: true, autoSelectFamily: false, ...from });
    } catch (error) {
      // node:net throws for a port out of range.
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  #add(
    parts: Pick<
      ConstructorParameters<typeof StreamConnection>[0],
      | 'socket'
      | 'inbound'
      | 'remoteAddress'
      | 'remotePort'
      | 'local'
      | 'certifiedDomains'
      | 'verification'
      | 'proven'
    >,
  ): StreamConnection {
    const connection = new StreamConnection({
      ...parts,
      id: this.#connections.nextId(),
      clock: this.#env.clock,
      limits: this.#limits,
      sipLimits: this.#sipLimits,
      counters: this.#counters,
      events: this,
    });
    this.#connections.add(connection);
    return connection;
  }

  /** RFC 5923 §5: the peer offers its connection for requests to the sent-by of its Via. */
  #learnAlias(bytes: Bytes, source: Source, domains: readonly string[]): void {
    const connection = this.#connections.get(source.connectionId);
    if (connection?.inbound !== true || connection.via !== undefined) return;
    const via = peekVia(bytes);
    if (via === undefined) return;
    connection.via = via;
    if (!via.alias) return;
    const port = via.port ?? transportTraits.TLS.defaultPort;
    connection.key = `${source.remoteAddress} ${port}`;
    this.#aliases.set(connection.key, { connection, domains });
  }

  #aliased({ address, port, names }: Target): StreamConnection | undefined {
    const alias = this.#aliases.size === 0 ? undefined : this.#aliases.get(`${address} ${port}`);
    if (alias?.connection.writable !== true) return undefined;
    return names?.some((name) => alias.domains.includes(name)) === true ? alias.connection : undefined;
  }
}

/** RFC 5922 §7.3: who was authenticated for one host is nobody for another. */
function keyOf({ transport, address, port, names }: Target): string {
  return transport === 'TLS' ? `${address} ${port} ${names?.join(' ') ?? ''}` : `${address} ${port}`;
}
