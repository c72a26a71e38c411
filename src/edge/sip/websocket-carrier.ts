// SIP over WebSocket, plain and secure (RFC 7118): the gateway is the server. It never opens such a connection itself,
// since browsers cannot be called; what is for a client goes on the connection that he opened.

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Bytes } from '../../base/index.ts';
import { DEFAULT_SIP_LIMITS, type LocalEndpoint, type Source, type Target } from '../../sip/index.ts';
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
import type { ListenConfig } from './listen-config.ts';
import type { InterfaceAddress } from './local-side.ts';
import { isAllowedOrigin } from './origin.ts';
import { DEFAULT_STREAM_LIMITS, type StreamLimits } from './stream-connection.ts';
import { StreamListeners, type Arrival } from './stream-listeners.ts';
import type { TlsSide } from './tls-side.ts';
import { transportError } from './transport-error.ts';
import { WebSocketConnection, type WebSocketEvents } from './websocket-connection.ts';

export interface WebSocketOptions {
  readonly limits?: Partial<StreamLimits>;
  /** wss; without it, ws. */
  readonly tls?: TlsSide | undefined;
  /** Origins of web pages that may connect (RFC 6455 §10.2); who says none is no web page. */
  readonly origins: () => readonly string[];
  readonly nextId?: NextId;
}

interface Opening {
  readonly arrival: Arrival;
  readonly place: InboundPlace;
  readonly timer: NodeJS.Timeout;
}

/** RFC 7118 §4.1. */
const SUBPROTOCOL = 'sip';
/** Octets of the request line and the header fields of the handshake. */
const MAX_HEADER_BYTES = 8192;

/** See the file head. */
export class WebSocketCarrier implements Carrier, WebSocketEvents {
  readonly transport: 'WS' | 'WSS';
  readonly #env: CarrierEnv;
  readonly #sink: CarrierSink;
  readonly #limits: StreamLimits;
  readonly #tls: TlsSide | undefined;
  readonly #origins: () => readonly string[];
  readonly #counters: CarrierCounters;
  readonly #listeners: StreamListeners;
  readonly #places: InboundPlaces;
  readonly #connections: ConnectionTable<WebSocketConnection>;
  readonly #http: Server;
  readonly #webSockets: WebSocketServer;
  /** Connections that are no WebSocket yet, by their stream and, in the TLS handshake, their socket. */
  readonly #opening = new Map<Duplex, Opening>();
  /** Clients by the host that they made up (RFC 7118 §5). */
  readonly #names = new Map<string, WebSocketConnection>();

  constructor(
    configs: readonly ListenConfig[],
    env: CarrierEnv,
    sink: CarrierSink,
    interfaces: readonly InterfaceAddress[],
    { limits, tls, origins, nextId }: WebSocketOptions,
  ) {
    this.transport = tls === undefined ? 'WS' : 'WSS';
    this.#env = env;
    this.#sink = sink;
    this.#limits = { ...DEFAULT_STREAM_LIMITS, ...limits };
    this.#tls = tls;
    this.#origins = origins;
    this.#counters = new CarrierCounters(env.counters, this.transport);
    this.#places = new InboundPlaces(this.#limits, env.clock);
    this.#connections = new ConnectionTable(env, nextId);
    const { transport } = this;
    const arrived = (arrival: Arrival): void => this.#arrived(arrival);
    this.#listeners = new StreamListeners({
      ...{ transport, configs, env, interfaces, counters: this.#counters, arrived },
    });
    this.#http = createServer({ maxHeaderSize: MAX_HEADER_BYTES, keepAliveTimeout: 1 });
    this.#http.on('request', (_request, response) => {
      this.#counters.trouble('not-websocket');
      response.writeHead(426, { connection: 'close', upgrade: 'websocket' }).end();
    });
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#http.on('clientError', (_error, socket) => socket.destroy());
    this.#webSockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: DEFAULT_SIP_LIMITS.maxMessageBytes,
      perMessageDeflate: false,
      handleProtocols: () => SUBPROTOCOL,
    });
    this.#webSockets.on('wsClientError', (_error, socket) => {
      this.#counters.trouble('handshake');
      socket.destroy();
    });
  }

  get endpoints(): readonly LocalEndpoint[] {
    return this.#listeners.endpoints;
  }

  get reachableAt(): readonly { readonly address: string; readonly port: number }[] {
    return this.#listeners.reachableAt;
  }

  get connectionCount(): number {
    return this.#connections.size + this.#opening.size;
  }

  start(): Promise<void> {
    return this.#listeners.start();
  }

  async stop(): Promise<void> {
    const closed = this.#listeners.stop();
    for (const socket of this.#opening.keys()) socket.destroy();
    await this.#connections.closeAll();
    await closed;
  }

  send(message: Bytes, target: Target, failed: Failed | undefined): void {
    const connection = this.#connections.get(target.connectionId);
    if (connection?.writable === true) {
      connection.write(message, failed);
      return;
    }
    const text = `no open connection to ${target.address}: only a client can open one over ${this.transport}`;
    failLater(failed, transportError('ERR_SIP_TRANSPORT_CLOSED', text));
  }

  localFor(target: Target): LocalEndpoint | undefined {
    return this.#connections.get(target.connectionId)?.local;
  }

  isDualStack(endpoint: LocalEndpoint): boolean {
    return this.#listeners.isDualStack(endpoint);
  }

  /** RFC 7118 §5: the connection of a client by the host that he made up; undefined: he is not connected. */
  flowOf(host: string): Target | undefined {
    const connection = this.#names.get(host);
    if (connection?.writable !== true) return undefined;
    const { remoteAddress: address, remotePort: port, id: connectionId } = connection;
    return { transport: this.transport, address, port, connectionId };
  }

  isOpen(target: Target): boolean {
    return (
      target.transport === this.transport && this.#connections.get(target.connectionId)?.writable === true
    );
  }

  message(bytes: Bytes, source: Source): void {
    this.#sink.message(bytes, source);
  }

  /** Names are random, and the first who has one keeps it while he is connected: nobody can take it from him. */
  named(connection: WebSocketConnection, host: string): void {
    if (this.#names.get(host)?.writable !== true) this.#names.set(host, connection);
  }

  closed(connection: WebSocketConnection, error: Error | undefined): void {
    const { host } = connection;
    if (host !== undefined && this.#names.get(host) === connection) this.#names.delete(host);
    if (this.#connections.delete(connection)) this.#sink.closed(connection.id, error);
  }

  #arrived(arrival: Arrival): void {
    const { socket, remoteAddress } = arrival;
    const place = this.#places.take(remoteAddress, () => socket.destroy());
    if (place === undefined) {
      this.#counters.trouble('too-many-inbound');
      socket.destroy();
      return;
    }
    socket.once('close', () => place.free());
    socket.on('error', () => {});
    const opening = { arrival, place, timer: this.#deadline(socket) };
    this.#expect(socket, opening);
    if (this.#tls === undefined) {
      this.#http.emit('connection', socket);
      return;
    }
    this.#tls.acceptor.accept(socket, (result) => {
      this.#opening.delete(socket);
      if (result instanceof Error) {
        this.#counters.trouble('handshake');
        socket.destroy();
        return;
      }
      result.on('error', () => {});
      this.#expect(result, opening);
      this.#http.emit('connection', result);
    });
  }

  /** TLS and the upgrade together have the time of a handshake. Real time: nothing of ours waits for it. */
  #deadline(socket: Socket): NodeJS.Timeout {
    return setTimeout(() => {
      this.#counters.trouble('slow-message');
      socket.destroy();
    }, this.#limits.handshakeMs).unref();
  }

  #expect(socket: Duplex, opening: Opening): void {
    this.#opening.set(socket, opening);
    socket.once('close', () => {
      clearTimeout(opening.timer);
      this.#opening.delete(socket);
    });
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const opening = this.#opening.get(socket);
    if (opening === undefined) return;
    const refusal = this.#refusal(request);
    if (refusal !== undefined) {
      this.#counters.trouble(refusal === FORBIDDEN ? 'origin' : 'not-websocket');
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      clearTimeout(opening.timer);
      this.#opening.delete(socket);
      const { remoteAddress, remotePort, local } = opening.arrival;
      const connection = new WebSocketConnection({
        ...{ remoteAddress, remotePort, local, place: opening.place },
        id: this.#connections.nextId(),
        socket: webSocket,
        clock: this.#env.clock,
        limits: this.#limits,
        counters: this.#counters,
        events: this,
      });
      this.#connections.add(connection);
    });
  }

  #refusal({ headers }: IncomingMessage): string | undefined {
    const offered = headers['sec-websocket-protocol']?.split(',').map((each) => each.trim().toLowerCase());
    // RFC 7118 §4.1: the client has to offer "sip".
    if (offered?.includes(SUBPROTOCOL) !== true) return '400 Bad Request';
    return isAllowedOrigin(headers.origin, this.#origins()) ? undefined : FORBIDDEN;
  }
}

const FORBIDDEN = '403 Forbidden';
