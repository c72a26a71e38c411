// One connection of a stream transport: framing, keep-alive, bounded sending, and the reasons for which it ends.
// Sources: RFC 3261 §18, RFC 5626 §3.5.1 and §4.4.1, RFC 5923.

import type { Socket } from 'node:net';
import { latin1Bytes, type Bytes, type Clock } from '../../base/index.ts';
import {
  SipFramer,
  type LocalEndpoint,
  type SipFault,
  type SipLimits,
  type Source,
} from '../../sip/index.ts';
import { failLater, type CarrierCounters, type Failed } from './carrier.ts';
import { connectError, systemCode, transportError } from './transport-error.ts';

export interface StreamLimits {
  /** To open a connection, in milliseconds. */
  readonly connectMs: number;
  /** From the first octet of a message to its last; and for the first message of an inbound connection. */
  readonly messageMs: number;
  /** Without any traffic, then the connection is closed. */
  readonly idleMs: number;
  /** That the peer may go without reading while octets wait. */
  readonly stallMs: number;
  /** Between an answer to a broken stream and its end. */
  readonly lingerMs: number;
  /** Octets that may wait to be sent on one connection. */
  readonly maxQueuedBytes: number;
  /** Inbound and outbound connections, each. */
  readonly maxConnections: number;
  /** Inbound connections of one address. */
  readonly maxPerPeer: number;
}

export const DEFAULT_STREAM_LIMITS: StreamLimits = {
  connectMs: 4000,
  // 64*T1, after which no transaction waits for it any more (RFC 3261 §17).
  messageMs: 32_000,
  idleMs: 600_000,
  stallMs: 32_000,
  lingerMs: 1000,
  maxQueuedBytes: 1024 * 1024,
  maxConnections: 4096,
  maxPerPeer: 256,
};

export interface ConnectionEvents {
  message(bytes: Bytes, source: Source): void;
  /** The stream is broken or being closed: nothing new may be sent on it, except answers. */
  retired(connection: StreamConnection): void;
  closed(connection: StreamConnection, error: Error | undefined): void;
}

export interface ConnectionParts {
  readonly id: number;
  readonly socket: Socket;
  readonly inbound: boolean;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly local: LocalEndpoint;
  readonly clock: Clock;
  readonly limits: StreamLimits;
  readonly sipLimits: SipLimits;
  readonly counters: CarrierCounters;
  readonly events: ConnectionEvents;
}

/** RFC 5626 §3.5.1: the answer to a double CRLF. */
const PONG = latin1Bytes('\r\n');

type Phase = 'connecting' | 'open' | /** Only answers leave. */ 'lingering' | 'closed';

export class StreamConnection {
  readonly id: number;
  readonly inbound: boolean;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly local: LocalEndpoint;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #limits: StreamLimits;
  readonly #counters: CarrierCounters;
  readonly #events: ConnectionEvents;
  readonly #framer: SipFramer;
  /** One for all messages of the connection. */
  readonly #source: Source;
  #phase: Phase;
  #error: Error | undefined;
  /** Something whole came: a message or a keep-alive. */
  #heard = false;
  /** Requests that came and were not answered finally; about, for an ACK has no answer. */
  #owed = 0;
  #lastTrafficMs: number;
  readonly #openedMs: number;
  #messageSinceMs: number | undefined;
  #stalledSinceMs: number | undefined;
  #lingerUntilMs = Infinity;
  #peerHasEnded = false;

  constructor(parts: ConnectionParts) {
    this.id = parts.id;
    this.inbound = parts.inbound;
    this.remoteAddress = parts.remoteAddress;
    this.remotePort = parts.remotePort;
    this.local = parts.local;
    this.#socket = parts.socket;
    this.#clock = parts.clock;
    this.#limits = parts.limits;
    this.#counters = parts.counters;
    this.#events = parts.events;
    this.#phase = parts.inbound ? 'open' : 'connecting';
    this.#openedMs = this.#lastTrafficMs = parts.clock.now();
    this.#source = {
      transport: parts.local.transport,
      reliable: true,
      remoteAddress: parts.remoteAddress,
      remotePort: parts.remotePort,
      local: parts.local,
      connectionId: parts.id,
    };
    this.#framer = new SipFramer(parts.sipLimits, {
      message: (bytes) => this.#message(bytes),
      ping: () => this.#ping(),
      pong: () => this.#keepAlive(),
      fault: (fault, head) => this.#broken(fault, head),
    });
    this.#listen();
  }

  /** Where it leads, for errors and logs. */
  get where(): string {
    return `${this.remoteAddress} port ${this.remotePort}`;
  }

  /** True while messages may be written: until the end, also answers on a broken stream. */
  get writable(): boolean {
    return this.#phase !== 'closed' && this.#socket.writable;
  }

  write(message: Bytes, failed: Failed | undefined): void {
    if (!this.writable) {
      failLater(failed, this.#closedError());
      return;
    }
    if (this.#socket.writableLength + message.length > this.#limits.maxQueuedBytes) {
      this.#counters.trouble('queue');
      const text = `${this.where} does not read: ${this.#socket.writableLength} octets wait`;
      failLater(failed, transportError('ERR_SIP_TRANSPORT_QUEUE', text));
      return;
    }
    this.#lastTrafficMs = this.#clock.now();
    const taken =
      failed === undefined
        ? this.#socket.write(message)
        : this.#socket.write(message, (error) => {
            if (error !== null && error !== undefined) failed(this.#closedError());
          });
    if (!taken) this.#stalledSinceMs ??= this.#lastTrafficMs;
    this.#counters.sent.value += 1;
    if (this.#owed > 0 && isFinalResponse(message)) this.#owed -= 1;
    if (this.#owed === 0 && this.#peerHasEnded) this.end();
  }

  /** Ends it when one of its times is over. Called about once a second. */
  check(nowMs: number): void {
    const { connectMs, messageMs, idleMs, stallMs } = this.#limits;
    if (this.#phase === 'connecting') {
      if (nowMs - this.#openedMs >= connectMs) this.#overdue('connect', connectError(this.where, TIMED_OUT));
      return;
    }
    if (nowMs >= this.#lingerUntilMs) {
      this.close(undefined);
      return;
    }
    const since = this.#messageSinceMs ?? (this.inbound && !this.#heard ? this.#openedMs : nowMs);
    if (nowMs - since >= messageMs) this.#overdue('slow-message');
    else if (nowMs - (this.#stalledSinceMs ?? nowMs) >= stallMs) this.#overdue('stalled');
    else if (nowMs - this.#lastTrafficMs >= idleMs) this.#overdue('idle');
  }

  /** No more messages come or go; what was written still leaves, if the peer reads it. */
  end(): void {
    this.#retire();
    this.#socket.end();
  }

  /** At once; what waits is failed. */
  close(error: Error | undefined): void {
    this.#error ??= error;
    this.#retire();
    this.#socket.destroy();
  }

  #listen(): void {
    const socket = this.#socket;
    // MESSAGE and its response are small and wait for one another: never hold them back.
    socket.setNoDelay(true);
    socket.on('connect', () => {
      if (this.#phase === 'connecting') this.#phase = 'open';
      this.#lastTrafficMs = this.#clock.now();
    });
    socket.on('data', (chunk) => this.#received(chunk));
    socket.on('drain', () => {
      this.#stalledSinceMs = undefined;
    });
    socket.on('end', () => this.#peerEnded());
    socket.on('error', (error) => {
      this.#error ??= this.#phase === 'connecting' ? connectError(this.where, error) : this.#lost(error);
    });
    socket.on('close', () => {
      this.#retire();
      this.#phase = 'closed';
      this.#events.closed(this, this.#error);
    });
  }

  #received(chunk: Bytes): void {
    const now = this.#clock.now();
    this.#lastTrafficMs = now;
    const before = this.#counters.received.value;
    this.#framer.write(chunk);
    // The time of a message runs from its first octet, so that a new one starts it anew.
    if (this.#framer.pending === 0) this.#messageSinceMs = undefined;
    else if (this.#messageSinceMs === undefined || this.#counters.received.value !== before)
      this.#messageSinceMs = now;
  }

  #message(bytes: Bytes): void {
    if (this.#phase !== 'open') return;
    this.#heard = true;
    if (!isResponse(bytes)) this.#owed += 1;
    this.#counters.received.value += 1;
    this.#events.message(bytes, this.#source);
  }

  #keepAlive(): void {
    this.#heard = true;
  }

  // RFC 5626 §3.5.1: who accepted the connection answers; if both did, two pongs would make a ping.
  #ping(): void {
    this.#heard = true;
    if (!this.inbound || !this.writable) return;
    if (this.#socket.writableLength > this.#limits.maxQueuedBytes) return;
    if (!this.#socket.write(PONG)) this.#stalledSinceMs ??= this.#clock.now();
  }

  // RFC 3261 §18.3: without a length that can be trusted nothing after this head can be. The head goes up, where a
  // 400 is made of it if it allows one; then the connection closes.
  #broken(fault: SipFault, head: Bytes | undefined): void {
    this.#counters.trouble('framing');
    this.#error ??= transportError(
      'ERR_SIP_TRANSPORT_CLOSED',
      `${this.where} sent a broken stream: ${fault.message}`,
    );
    if (head !== undefined && head.length > 0) this.#events.message(head, this.#source);
    this.#linger(this.#limits.lingerMs);
  }

  // The peer will send no more. Inbound: it may still wait for responses, if it has not gone altogether, which looks
  // the same. Outbound: no response can come any more.
  #peerEnded(): void {
    this.#peerHasEnded = true;
    if (this.inbound && this.#owed > 0) this.#linger(this.#limits.messageMs);
    else this.end();
  }

  #linger(ms: number): void {
    this.#retire();
    this.#lingerUntilMs = Math.min(this.#lingerUntilMs, this.#clock.now() + ms);
  }

  #retire(): void {
    if (this.#phase === 'lingering' || this.#phase === 'closed') return;
    this.#phase = 'lingering';
    this.#events.retired(this);
  }

  #overdue(what: 'connect' | 'slow-message' | 'stalled' | 'idle', error?: Error): void {
    if (what !== 'idle') this.#counters.trouble(what);
    this.close(error ?? transportError('ERR_SIP_TRANSPORT_CLOSED', `${this.where}: closed, ${what}`));
  }

  #lost(cause: Error): Error {
    const reason = systemCode(cause) ?? cause.message;
    return transportError(
      'ERR_SIP_TRANSPORT_CLOSED',
      `the connection to ${this.where} was lost (${reason})`,
      cause,
    );
  }

  #closedError(): Error {
    return (
      this.#error ?? transportError('ERR_SIP_TRANSPORT_CLOSED', `the connection to ${this.where} is closed`)
    );
  }
}

/** RFC 3261 §7.2: "SIP/2.0 " and the status; a method never begins so, as it holds no slash. */
function isResponse(bytes: Bytes): boolean {
  return bytes[3] === SLASH && bytes[0] === UPPER_S && bytes[1] === UPPER_I && bytes[2] === UPPER_P;
}

function isFinalResponse(bytes: Bytes): boolean {
  return isResponse(bytes) && bytes[STATUS_AT] !== DIGIT_ONE;
}

const SLASH = 0x2f;
const UPPER_S = 0x53;
const UPPER_I = 0x49;
const UPPER_P = 0x50;
const DIGIT_ONE = 0x31;
const STATUS_AT = 8;
const TIMED_OUT = { code: 'ETIMEDOUT' };
