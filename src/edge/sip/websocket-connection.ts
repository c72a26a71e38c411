// One SIP connection over WebSocket (RFC 7118): a message is a SIP message, in a text or a binary frame.

import type { WebSocket } from 'ws';
import { latin1Bytes, type Bytes, type Clock } from '../../base/index.ts';
import type { LocalEndpoint, Source } from '../../sip/index.ts';
import { failLater, type CarrierCounters, type Failed } from './carrier.ts';
import type { Connection } from './connection-table.ts';
import type { InboundPlace } from './inbound-places.ts';
import type { StreamLimits } from './stream-connection.ts';
import { transportError } from './transport-error.ts';
import { peekVia } from './via-peek.ts';

export interface WebSocketEvents {
  message(bytes: Bytes, source: Source): void;
  /** RFC 7118 §5: the host under ".invalid" by which the client calls itself. */
  named(connection: WebSocketConnection, host: string): void;
  closed(connection: WebSocketConnection, error: Error | undefined): void;
}

export interface WebSocketParts {
  readonly id: number;
  readonly socket: WebSocket;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly local: LocalEndpoint;
  readonly clock: Clock;
  readonly limits: StreamLimits;
  readonly counters: CarrierCounters;
  readonly events: WebSocketEvents;
  readonly place: InboundPlace;
}

/** RFC 7118 §6: browsers cannot ping, so the server does; a pong has to come within 10 s. */
const PING_MS = 30_000;
const PONG_MS = 10_000;
/** RFC 6455 §7.4.1: normal closure, and 1003 for what cannot be accepted. */
const NORMAL = 1000;
const UNACCEPTABLE = 1003;
const PONG = latin1Bytes('\r\n');
const INVALID = '.invalid';

export class WebSocketConnection implements Connection {
  readonly id: number;
  readonly inbound = true;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly local: LocalEndpoint;
  /** The name under ".invalid" that the client made up, once it is known. */
  host: string | undefined;
  readonly #parts: WebSocketParts;
  readonly #source: Source;
  readonly #openedMs: number;
  #heard = false;
  #heardMs: number;
  #pingedMs: number | undefined;
  #stalledSinceMs: number | undefined;
  #error: Error | undefined;

  constructor(parts: WebSocketParts) {
    this.id = parts.id;
    this.remoteAddress = parts.remoteAddress;
    this.remotePort = parts.remotePort;
    this.local = parts.local;
    this.#parts = parts;
    this.#openedMs = this.#heardMs = parts.clock.now();
    this.#source = {
      transport: parts.local.transport,
      reliable: true,
      remoteAddress: parts.remoteAddress,
      remotePort: parts.remotePort,
      local: parts.local,
      connectionId: parts.id,
    };
    this.#listen();
  }

  get writable(): boolean {
    const { socket } = this.#parts;
    return socket.readyState === socket.OPEN;
  }

  write(message: Bytes, failed: Failed | undefined): void {
    const { socket, limits, counters } = this.#parts;
    const where = `${this.remoteAddress} port ${this.remotePort}`;
    if (!this.writable) {
      failLater(failed, transportError('ERR_SIP_TRANSPORT_CLOSED', `the connection to ${where} is closed`));
      return;
    }
    if (socket.bufferedAmount + message.length > limits.maxQueuedBytes) {
      counters.trouble('queue');
      const text = `${where} does not read: ${socket.bufferedAmount} octets wait`;
      failLater(failed, transportError('ERR_SIP_TRANSPORT_QUEUE', text));
      return;
    }
    // RFC 7118 §4.2: text frames have to be UTF-8, which SIP bodies need not be.
    const binary = !isUtf8(message);
    socket.send(message, { binary }, (error) => {
      if (error === undefined || error === null || failed === undefined) return;
      failed(transportError('ERR_SIP_TRANSPORT_CLOSED', `the connection to ${where} was lost`, error));
    });
    counters.sent.value += 1;
    if (socket.bufferedAmount > 0) this.#stalledSinceMs ??= this.#parts.clock.now();
  }

  check(nowMs: number): void {
    const { socket, limits } = this.#parts;
    if (socket.bufferedAmount === 0) this.#stalledSinceMs = undefined;
    if (!this.#heard && nowMs - this.#openedMs >= limits.messageMs) this.#overdue('slow-message');
    else if (nowMs - (this.#stalledSinceMs ?? nowMs) >= limits.stallMs) this.#overdue('stalled');
    else if (this.#pingedMs !== undefined) {
      if (nowMs - this.#pingedMs >= PONG_MS) this.#overdue('no-pong');
    } else if (nowMs - this.#heardMs >= PING_MS && this.writable) {
      this.#pingedMs = nowMs;
      socket.ping();
    }
  }

  end(): void {
    this.#parts.socket.close(NORMAL);
  }

  close(error: Error | undefined): void {
    this.#error ??= error;
    this.#parts.socket.terminate();
  }

  #listen(): void {
    const { socket, counters } = this.#parts;
    socket.on('message', (data) => this.#received(data instanceof Buffer ? data : Buffer.alloc(0)));
    socket.on('pong', () => this.#alive());
    socket.on('ping', () => this.#alive());
    socket.on('error', (error) => {
      // What breaks RFC 6455, or is longer than a message may be: `ws` closes the connection with its reason.
      counters.trouble('framing');
      const text = `the connection to ${this.remoteAddress} broke (${error.message})`;
      this.#error ??= transportError('ERR_SIP_TRANSPORT_CLOSED', text, error);
    });
    socket.on('close', () => this.#parts.events.closed(this, this.#error));
  }

  #alive(): void {
    this.#heardMs = this.#parts.clock.now();
    this.#pingedMs = undefined;
  }

  #received(bytes: Bytes): void {
    const { counters, events, place, socket } = this.#parts;
    this.#alive();
    if (isKeepAlive(bytes)) {
      // RFC 5626 §3.5.1, which some clients use here too.
      if (bytes.length === 4 && this.writable) socket.send(PONG, { binary: false });
      return;
    }
    if (bytes.length === 0) {
      counters.trouble('framing');
      socket.close(UNACCEPTABLE);
      return;
    }
    if (!this.#heard) {
      this.#heard = true;
      place.proven();
    }
    if (this.host === undefined) this.#learnName(bytes);
    counters.received.value += 1;
    events.message(bytes, this.#source);
  }

  #learnName(bytes: Bytes): void {
    const host = peekVia(bytes)?.host;
    if (host === undefined || !host.endsWith(INVALID)) return;
    this.host = host;
    this.#parts.events.named(this, host);
  }

  #overdue(what: 'slow-message' | 'stalled' | 'no-pong'): void {
    this.#parts.counters.trouble(what);
    const text = `${this.remoteAddress} port ${this.remotePort}: closed, ${what}`;
    this.close(transportError('ERR_SIP_TRANSPORT_CLOSED', text));
  }
}

function isKeepAlive(bytes: Bytes): boolean {
  return (
    (bytes.length === 2 || bytes.length === 4) && bytes.every((octet) => octet === 0x0d || octet === 0x0a)
  );
}

function isUtf8(bytes: Bytes): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
