// SIP over TCP (RFC 3261 §18): listeners, connections to peers, and which connection a message may use.
//
// Requests use connections that we opened, by address and port; a connection that the peer opened carries responses
// to its own requests only, for nothing proves that who opened it owns the address in its requests (RFC 5923 §5 asks
// for TLS before such an alias).

import { connect, createServer, type Server, type Socket } from 'node:net';
import { canonicalIp, type Bytes, type Timer } from '../../base/index.ts';
import {
  DEFAULT_SIP_LIMITS,
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
import {
  familyOf,
  isDualStack,
  isWildcard,
  plainAddress,
  readAdvertise,
  type ListenConfig,
} from './listen-config.ts';
import { listenError } from './listen-error.ts';
import { ListenerChoice, LocalSide, type InterfaceAddress } from './local-side.ts';
import {
  DEFAULT_STREAM_LIMITS,
  StreamConnection,
  type ConnectionEvents,
  type StreamLimits,
} from './stream-connection.ts';
import { transportError } from './transport-error.ts';

export interface StreamOptions {
  readonly limits?: Partial<StreamLimits>;
  readonly sipLimits?: SipLimits;
}

/** How often the times of connections are looked at, in milliseconds. */
const CHECK_MS = 1000;
/** What `stop` gives peers to read what was written, in milliseconds. */
const STOP_MS = 500;

interface Listener {
  readonly local: LocalSide;
  readonly server: Server;
  readonly dualStack: boolean;
  /** Undefined for a listener on all addresses. */
  readonly bindAddress: string | undefined;
}

/** See the file head. */
export class StreamCarrier implements Carrier, ConnectionEvents {
  readonly transport = 'TCP';
  readonly #configs: readonly ListenConfig[];
  readonly #env: CarrierEnv;
  readonly #sink: CarrierSink;
  readonly #interfaces: readonly InterfaceAddress[];
  readonly #limits: StreamLimits;
  readonly #sipLimits: SipLimits;
  readonly #counters: CarrierCounters;
  readonly #connections = new Map<number, StreamConnection>();
  /** Those that we opened and that take requests, by address and port. */
  readonly #outbound = new Map<string, StreamConnection>();
  readonly #inboundPerPeer = new Map<string, number>();
  #inboundCount = 0;
  #nextId = 1;
  #listeners: Listener[] = [];
  #choice = new ListenerChoice<Listener>([]);
  #checkTimer: Timer | undefined;
  #whenEmpty: (() => void) | undefined;

  constructor(
    configs: readonly ListenConfig[],
    env: CarrierEnv,
    sink: CarrierSink,
    interfaces: readonly InterfaceAddress[],
    options: StreamOptions = {},
  ) {
    this.#configs = configs;
    this.#env = env;
    this.#sink = sink;
    this.#interfaces = interfaces;
    this.#limits = { ...DEFAULT_STREAM_LIMITS, ...options.limits };
    this.#sipLimits = options.sipLimits ?? DEFAULT_SIP_LIMITS;
    this.#counters = new CarrierCounters(env.counters, 'TCP');
  }

  get endpoints(): readonly LocalEndpoint[] {
    return this.#listeners.map((listener) => listener.local.endpoint);
  }

  get reachableAt(): readonly { readonly address: string; readonly port: number }[] {
    return this.#listeners.flatMap((listener) => listener.local.reachableAt());
  }

  /** Connections that are open, or being opened. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Addresses from which inbound connections are open. */
  get inboundPeerCount(): number {
    return this.#inboundPerPeer.size;
  }

  async start(): Promise<void> {
    for (const config of this.#configs) {
      try {
        this.#listeners.push(await this.#listen(config));
      } catch (cause) {
        await this.stop();
        throw listenError(config, cause);
      }
    }
    this.#choice = new ListenerChoice(this.#listeners);
  }

  async stop(): Promise<void> {
    const listeners = this.#listeners;
    this.#listeners = [];
    this.#choice = new ListenerChoice<Listener>([]);
    const closed = listeners.map(
      ({ server }) => new Promise<void>((resolve) => void server.close(() => resolve())),
    );
    await this.#closeConnections();
    await Promise.all(closed);
    this.#env.timers.clear(this.#checkTimer);
    this.#checkTimer = undefined;
  }

  send(message: Bytes, target: Target, failed: Failed | undefined): void {
    if (target.connectionId !== undefined) {
      const connection = this.#connections.get(target.connectionId);
      if (connection?.writable === true) {
        connection.write(message, failed);
        return;
      }
    }
    // RFC 3261 §18.2.2: "If that connection is no longer open, the server SHOULD open a connection".
    const connection = this.#outbound.get(keyOf(target)) ?? this.#open(target, failed);
    connection?.write(message, failed);
  }

  localFor(target: Target): LocalEndpoint | undefined {
    const connection =
      target.connectionId === undefined ? undefined : this.#connections.get(target.connectionId);
    return (
      connection?.local ?? this.#choice.of(target.local, target.address)?.local.endpointFor(target.address)
    );
  }

  isDualStack(endpoint: LocalEndpoint): boolean {
    return this.#listeners.some((listener) => listener.local.endpoint === endpoint && listener.dualStack);
  }

  message(bytes: Bytes, source: Source): void {
    this.#sink.message(bytes, source);
  }

  retired(connection: StreamConnection): void {
    const key = `${connection.remoteAddress} ${connection.remotePort}`;
    if (this.#outbound.get(key) === connection) this.#outbound.delete(key);
  }

  closed(connection: StreamConnection, error: Error | undefined): void {
    if (!this.#connections.delete(connection.id)) return;
    if (connection.inbound) this.#forgetInbound(connection.remoteAddress);
    this.#sink.closed(connection.id, error);
    if (this.#connections.size > 0) return;
    this.#env.timers.clear(this.#checkTimer);
    this.#checkTimer = undefined;
    this.#whenEmpty?.();
  }

  async #listen(config: ListenConfig): Promise<Listener> {
    const address = canonicalIp(config.host);
    if (address === undefined) throw new TypeError(`"${config.host}" is not an address`);
    const dualStack = isDualStack(config, this.#configs);
    // Half open: a peer that has sent its last request may still read our response.
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const port = await bind(server, address, config.port, familyOf(address) === 6 && !dualStack);
    const advertise = config.advertise === undefined ? undefined : readAdvertise(config.advertise);
    const { transport } = this;
    const interfaces = this.#interfaces;
    const local = new LocalSide({ transport, address, port, dualStack, advertise, interfaces });
    server.on('connection', (socket) => this.#accept(local, socket));
    server.on('error', (error) => {
      // EMFILE and the like: this connection is lost, the listener goes on.
      this.#counters.trouble('accept');
      this.#env.log.warn('sip.tcp.accept', { listener: config.host, error: error.message });
    });
    return { local, server, dualStack, bindAddress: isWildcard(address) ? undefined : address };
  }

  #accept(local: LocalSide, socket: Socket): void {
    const remoteAddress = plainAddress(socket.remoteAddress ?? '');
    const { remotePort } = socket;
    const ofPeer = this.#inboundPerPeer.get(remoteAddress) ?? 0;
    const tooMany = ofPeer >= this.#limits.maxPerPeer || this.#inboundCount >= this.#limits.maxConnections;
    // A socket without an address was reset before it got here.
    if (tooMany || remotePort === undefined || remoteAddress === '') {
      if (tooMany) this.#counters.trouble('too-many-inbound');
      socket.destroy();
      return;
    }
    this.#inboundPerPeer.set(remoteAddress, ofPeer + 1);
    this.#inboundCount += 1;
    this.#add(socket, true, remoteAddress, remotePort, local.endpointFor(remoteAddress));
  }

  #open(target: Target, failed: Failed | undefined): StreamConnection | undefined {
    const { address, port } = target;
    const listener = this.#choice.of(target.local, address);
    if (listener === undefined) {
      this.#counters.trouble('no-listener');
      failLater(failed, transportError('ERR_SIP_TRANSPORT_NONE', `no TCP listener for ${address}`));
      return undefined;
    }
    if (this.#connections.size - this.#inboundCount >= this.#limits.maxConnections) {
      this.#counters.trouble('too-many-outbound');
      const text = `no connection to ${address}: ${this.#limits.maxConnections} are open`;
      failLater(failed, transportError('ERR_SIP_TRANSPORT_CONNECTIONS', text));
      return undefined;
    }
    const socket = this.#connect(listener, address, port);
    if (socket instanceof Error) {
      this.#counters.trouble('connect');
      const text = `cannot connect to ${address} port ${port}`;
      failLater(failed, transportError('ERR_SIP_TRANSPORT_CONNECT', text, socket));
      return undefined;
    }
    // RFC 3261 §18.1.1: sent-by is where responses can come, so the listener's port, not the connection's own.
    const connection = this.#add(socket, false, address, port, listener.local.endpointFor(address));
    this.#outbound.set(keyOf(target), connection);
    return connection;
  }

  #connect({ bindAddress }: Listener, address: string, port: number): Socket | Error {
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
    socket: Socket,
    inbound: boolean,
    remoteAddress: string,
    remotePort: number,
    local: LocalEndpoint,
  ): StreamConnection {
    const connection = new StreamConnection({
      id: this.#nextId++,
      socket,
      inbound,
      remoteAddress,
      remotePort,
      local,
      clock: this.#env.clock,
      limits: this.#limits,
      sipLimits: this.#sipLimits,
      counters: this.#counters,
      events: this,
    });
    this.#connections.set(connection.id, connection);
    if (this.#checkTimer === undefined) this.#scheduleCheck();
    return connection;
  }

  // One timer for all connections: their times are long, and a second more or less does not matter.
  #scheduleCheck(): void {
    this.#checkTimer = this.#env.timers.set(CHECK_MS, () => {
      this.#checkTimer = undefined;
      const now = this.#env.clock.now();
      for (const connection of this.#connections.values()) connection.check(now);
      if (this.#connections.size > 0) this.#scheduleCheck();
    });
  }

  #forgetInbound(address: string): void {
    this.#inboundCount -= 1;
    const left = (this.#inboundPerPeer.get(address) ?? 1) - 1;
    if (left > 0) this.#inboundPerPeer.set(address, left);
    else this.#inboundPerPeer.delete(address);
  }

  async #closeConnections(): Promise<void> {
    if (this.#connections.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenEmpty = resolve;
    for (const connection of this.#connections.values()) connection.end();
    const timer = setTimeout(() => {
      for (const connection of this.#connections.values()) connection.close(undefined);
    }, STOP_MS);
    await promise;
    clearTimeout(timer);
    this.#whenEmpty = undefined;
  }
}

function keyOf({ address, port }: Target): string {
  return `${address} ${port}`;
}

function bind(server: Server, host: string, port: number, ipv6Only: boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, ipv6Only }, () => {
      server.removeListener('error', reject);
      const bound = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
    });
  });
}
