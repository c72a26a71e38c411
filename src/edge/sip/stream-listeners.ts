// The listening sockets of a transport over TCP (TCP, TLS, WebSocket), and the choice among them.

import { createServer, type Server, type Socket } from 'node:net';
import { canonicalIp } from '../../base/index.ts';
import type { LocalEndpoint, Target, TransportName } from '../../sip/index.ts';
import type { CarrierCounters, CarrierEnv } from './carrier.ts';
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

export interface StreamListener {
  readonly local: LocalSide;
  readonly server: Server;
  readonly dualStack: boolean;
  /** Undefined for a listener on all addresses. */
  readonly bindAddress: string | undefined;
}

/** A connection that came in: its other end, and the endpoint that it sees. */
export interface Arrival {
  readonly socket: Socket;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly local: LocalEndpoint;
}

export interface StreamListenersParts {
  readonly transport: TransportName;
  readonly configs: readonly ListenConfig[];
  readonly env: CarrierEnv;
  readonly interfaces: readonly InterfaceAddress[];
  readonly counters: CarrierCounters;
  arrived(arrival: Arrival): void;
}

export class StreamListeners {
  readonly #parts: StreamListenersParts;
  #listeners: StreamListener[] = [];
  #choice = new ListenerChoice<StreamListener>([]);

  constructor(parts: StreamListenersParts) {
    this.#parts = parts;
  }

  get endpoints(): readonly LocalEndpoint[] {
    return this.#listeners.map((listener) => listener.local.endpoint);
  }

  get reachableAt(): readonly { readonly address: string; readonly port: number }[] {
    return this.#listeners.flatMap((listener) => listener.local.reachableAt());
  }

  /** Binds all; throws `ERR_SIP_LISTEN` with nothing left open. */
  async start(): Promise<void> {
    for (const config of this.#parts.configs) {
      try {
        this.#listeners.push(await this.#listen(config));
      } catch (cause) {
        await this.stop();
        throw listenError(config, cause);
      }
    }
    this.#choice = new ListenerChoice(this.#listeners);
  }

  /** No new connections; resolves when those that came in are closed. */
  async stop(): Promise<void> {
    const listeners = this.#listeners;
    this.#listeners = [];
    this.#choice = new ListenerChoice<StreamListener>([]);
    await Promise.all(
      listeners.map(({ server }) => new Promise<void>((resolve) => void server.close(() => resolve()))),
    );
  }

  /** The listener from which a message to this target goes. */
  of(target: Target): StreamListener | undefined {
    return this.#choice.of(target.local, target.address);
  }

  isDualStack(endpoint: LocalEndpoint): boolean {
    return this.#listeners.some((listener) => listener.local.endpoint === endpoint && listener.dualStack);
  }

  async #listen(config: ListenConfig): Promise<StreamListener> {
    const { transport, configs, interfaces, counters, env } = this.#parts;
    const address = canonicalIp(config.host);
    if (address === undefined) throw new TypeError(`"${config.host}" is not an address`);
    const dualStack = isDualStack(config, configs);
    // Half open: a peer that has sent its last request may still read our response.
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const port = await bind(server, address, config.port, familyOf(address) === 6 && !dualStack);
    const advertise = config.advertise === undefined ? undefined : readAdvertise(config.advertise);
    const local = new LocalSide({ transport, address, port, dualStack, advertise, interfaces });
    server.on('connection', (socket) => this.#arrived(local, socket));
    server.on('error', (error) => {
      // EMFILE and the like: this connection is lost, the listener goes on.
      counters.trouble('accept');
      env.log.warn('sip.tcp.accept', { listener: config.host, error: error.message });
    });
    return { local, server, dualStack, bindAddress: isWildcard(address) ? undefined : address };
  }

  #arrived(local: LocalSide, socket: Socket): void {
    const remoteAddress = plainAddress(socket.remoteAddress ?? '');
    const { remotePort } = socket;
    // A socket without an address was reset before it got here.
    if (remotePort === undefined || remoteAddress === '') {
      socket.destroy();
      return;
    }
    this.#parts.arrived({ socket, remoteAddress, remotePort, local: local.endpointFor(remoteAddress) });
  }
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
