// SIP over UDP (RFC 3261 §18): a datagram is a message; one socket a listener, chosen by the peer's address.

import { canonicalIp, type Bytes } from '../../base/index.ts';
import type { LocalEndpoint, Source, Target } from '../../sip/index.ts';
import {
  CarrierCounters,
  failLater,
  type Carrier,
  type CarrierEnv,
  type CarrierSink,
  type Failed,
} from './carrier.ts';
import { nodeDatagramSocket, type DatagramSocket, type DatagramSocketFactory } from './datagram-socket.ts';
import { familyOf, isDualStack, plainAddress, readAdvertise, type ListenConfig } from './listen-config.ts';
import { listenError } from './listen-error.ts';
import { ListenerChoice, LocalSide, type InterfaceAddress } from './local-side.ts';
import { transportError } from './transport-error.ts';

export interface UdpOptions {
  /** Kernel buffers in octets; the system may allow less (net.core.rmem_max). */
  readonly receiveBufferBytes?: number;
  readonly sendBufferBytes?: number;
  readonly createSocket?: DatagramSocketFactory;
}

/** With 256 requests under way the usual 200 KiB lose up to a fifth of a burst. */
const DEFAULT_BUFFER_BYTES = 4 * 1024 * 1024;

interface Listener {
  readonly local: LocalSide;
  readonly socket: DatagramSocket;
  /** An IPv4 peer is written as ::ffff:a.b.c.d. */
  readonly dualStack: boolean;
}

/** See the file head. */
export class UdpCarrier implements Carrier {
  readonly transport = 'UDP';
  readonly #configs: readonly ListenConfig[];
  readonly #env: CarrierEnv;
  readonly #sink: CarrierSink;
  readonly #interfaces: readonly InterfaceAddress[];
  readonly #options: UdpOptions;
  readonly #counters: CarrierCounters;
  #listeners: Listener[] = [];
  #choice = new ListenerChoice<Listener>([]);

  constructor(
    configs: readonly ListenConfig[],
    env: CarrierEnv,
    sink: CarrierSink,
    interfaces: readonly InterfaceAddress[],
    options: UdpOptions = {},
  ) {
    this.#configs = configs;
    this.#env = env;
    this.#sink = sink;
    this.#interfaces = interfaces;
    this.#options = options;
    this.#counters = new CarrierCounters(env.counters, 'UDP');
  }

  get endpoints(): readonly LocalEndpoint[] {
    return this.#listeners.map((listener) => listener.local.endpoint);
  }

  get reachableAt(): readonly { readonly address: string; readonly port: number }[] {
    return this.#listeners.flatMap((listener) => listener.local.reachableAt());
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
    await Promise.all(listeners.map((listener) => listener.socket.close()));
  }

  send(message: Bytes, target: Target, failed: Failed | undefined): void {
    const { address, port } = target;
    const listener = this.#choice.of(target.local, address);
    if (listener === undefined) {
      this.#counters.trouble('no-listener');
      failLater(failed, transportError('ERR_SIP_TRANSPORT_NONE', `no UDP listener for ${address}`));
      return;
    }
    const written = listener.dualStack && familyOf(address) === 4 ? `::ffff:${address}` : address;
    try {
      // A callback costs each send a closure and a tick, so that only who wants to know pays; without one node:dgram
      // keeps errors to itself, as a network does that loses the datagram.
      if (failed === undefined) {
        listener.socket.send(message, written, port);
      } else {
        listener.socket.send(message, written, port, (error) => this.#sendFailed(target, error, failed));
      }
      this.#counters.sent.value += 1;
    } catch (error) {
      // node:dgram throws for a port out of range: a bad target, not a bug of ours.
      this.#sendFailed(target, error, failed === undefined ? undefined : (later) => failLater(failed, later));
    }
  }

  localFor(target: Target): LocalEndpoint | undefined {
    return this.#choice.of(target.local, target.address)?.local.endpointFor(target.address);
  }

  isDualStack(endpoint: LocalEndpoint): boolean {
    return this.#listeners.some((listener) => listener.local.endpoint === endpoint && listener.dualStack);
  }

  async #listen(config: ListenConfig): Promise<Listener> {
    const address = canonicalIp(config.host);
    if (address === undefined) throw new TypeError(`"${config.host}" is not an address`);
    const dualStack = isDualStack(config, this.#configs);
    const family = familyOf(address);
    const create = this.#options.createSocket ?? nodeDatagramSocket;
    let local: LocalSide | undefined;
    const socket = create(
      {
        family,
        ipv6Only: family === 6 && !dualStack,
        receiveBufferBytes: this.#options.receiveBufferBytes ?? DEFAULT_BUFFER_BYTES,
        sendBufferBytes: this.#options.sendBufferBytes ?? DEFAULT_BUFFER_BYTES,
      },
      {
        message: (bytes, remote, port) => {
          if (local !== undefined) this.#receive(local, bytes, remote, port);
        },
        error: (error) => this.#socketError(config, error),
      },
    );
    const port = await socket.bind(address, config.port);
    const advertise = config.advertise === undefined ? undefined : readAdvertise(config.advertise);
    local = new LocalSide({
      transport: 'UDP',
      address,
      port,
      dualStack,
      advertise,
      interfaces: this.#interfaces,
    });
    return { local, socket, dualStack };
  }

  #receive(local: LocalSide, bytes: Bytes, remote: string, remotePort: number): void {
    // RFC 3261 §18.1.1 gives no meaning to an empty datagram; some send them to keep a NAT open.
    if (bytes.length === 0) return;
    this.#counters.received.value += 1;
    const remoteAddress = plainAddress(remote);
    const source: Source = {
      transport: 'UDP',
      reliable: false,
      remoteAddress,
      remotePort,
      local: local.endpointFor(remoteAddress),
      connectionId: undefined,
    };
    this.#sink.message(bytes, source);
  }

  #sendFailed(target: Target, cause: unknown, failed: Failed | undefined): void {
    this.#counters.trouble('send');
    if (failed === undefined) return;
    const where = `${target.address} port ${target.port}`;
    failed(transportError('ERR_SIP_TRANSPORT_SEND', `UDP to ${where} was not taken`, cause));
  }

  // Trouble in receiving. Never fatal: the next datagram may come.
  #socketError(config: ListenConfig, error: Error): void {
    this.#counters.trouble('socket');
    if (this.#env.log.enabled('debug'))
      this.#env.log.debug('sip.udp.error', { listener: config.host, error: error.message });
  }
}
