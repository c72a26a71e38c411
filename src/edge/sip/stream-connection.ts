// One connection of a stream transport: framing, keep-alive, bounded sending, and the reasons for which it ends.
// Sources: RFC 3261 §18, RFC 5626 §3.5.1 and §4.4.1, RFC 5922 §7.3, RFC 5923.

import type { Socket } from 'node:net';
import { latin1Bytes, type Bytes, type Clock } from '../../base/index.ts';
import {
  SipFramer,
  type LocalEndpoint,
  type SipFault,
  type SipLimits,
  type Source,
} from '../../sip/index.ts';
import { AwaitingAnswers } from './awaiting-answers.ts';
import { failLater, type CarrierCounters, type Failed } from './carrier.ts';
import type { Connection } from './connection-table.ts';
import { FlowKeepAlive } from './flow-keep-alive.ts';
import type { PeekedVia } from './via-peek.ts';
import { gatherWrites } from './gather-writes.ts';
import { isFinalResponse, isResponse } from './message-kind.ts';
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
  /** For a TLS handshake that a peer began, in milliseconds. */
  readonly handshakeMs: number;
  /** Octets that may wait to be sent on one connection. */
  readonly maxQueuedBytes: number;
  /** Inbound and outbound connections, each. */
  readonly maxConnections: number;
  /** Inbound connections of one address. */
  readonly maxPerPeer: number;
  /** Those of them on which nothing whole came yet: handshakes, unfinished first messages. */
  readonly maxUnprovenPerPeer: number;
}

export const DEFAULT_STREAM_LIMITS: StreamLimits = {
  connectMs: 4000,
  // 64*T1, after which no transaction waits for it any more (RFC 3261 §17).
  messageMs: 32_000,
  idleMs: 600_000,
  stallMs: 32_000,
  lingerMs: 1000,
  handshakeMs: 10_000,
  maxQueuedBytes: 1024 * 1024,
  maxConnections: 4096,
  maxPerPeer: 256,
  maxUnprovenPerPeer: 64,
};

/** What an outbound connection over TLS needs to know before anything is written to it. */
export interface Verification {
  /** Called when the handshake is done: whom the server's certificate names, or why it will not do. */
  verify(): readonly string[] | Error;
}
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
  /** Over TLS, outbound. */
  readonly verification?: Verification | undefined;
  /** Over TLS, inbound: whom the verified certificate names. */
  readonly certifiedDomains?: readonly string[] | undefined;
  /** Something whole came for the first time. */
  readonly proven?: (() => void) | undefined;
}

/** RFC 5626 §3.5.1: the answer to a double CRLF. */
const PONG = latin1Bytes('\r\n');
const PING = latin1Bytes('\r\n\r\n');

type Phase = 'connecting' | 'open' | /** Only answers leave. */ 'lingering' | 'closed';

export class StreamConnection implements Connection {
  readonly id: number;
  readonly inbound: boolean;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly local: LocalEndpoint;
  /** The first top Via of the peer that could be read; see RFC 5923 §5. */
  via: PeekedVia | undefined;
  /** Its place in a table of its carrier. */
  key: string | undefined;
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #limits: StreamLimits;
  readonly #counters: CarrierCounters;
  readonly #events: ConnectionEvents;
  readonly #framer: SipFramer;
  readonly #verification: Verification | undefined;
  readonly #proven: (() => void) | undefined;
  /** One for all messages of the connection. */
  #source: Source;
  /** What waits until the server is known to be the right one. */
  #early: { readonly message: Bytes; readonly failed: Failed | undefined }[] = [];
  #earlyBytes = 0;
  readonly #awaiting = new AwaitingAnswers();
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
  readonly #keepAlive: FlowKeepAlive;

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
    this.#verification = parts.verification;
    this.#proven = parts.proven;
    this.#openedMs = this.#lastTrafficMs = parts.clock.now();
    this.#keepAlive = new FlowKeepAlive(parts.id, this.#openedMs);
    this.#source = {
      transport: parts.local.transport,
      reliable: true,
      remoteAddress: parts.remoteAddress,
      remotePort: parts.remotePort,
      local: parts.local,
      connectionId: parts.id,
      ...(parts.certifiedDomains === undefined ? {} : { certifiedDomains: parts.certifiedDomains }),
    };
    this.#framer = new SipFramer(parts.sipLimits, {
      message: (bytes) => this.#message(bytes),
      ping: () => this.#ping(),
      pong: () => this.#pong(),
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
    const waiting = this.#socket.writableLength + this.#earlyBytes;
    if (waiting + message.length > this.#limits.maxQueuedBytes) {
      this.#counters.trouble('queue');
      const text = `${this.where} does not read: ${waiting} octets wait`;
      failLater(failed, transportError('ERR_SIP_TRANSPORT_QUEUE', text));
      return;
    }
    if (this.#verification !== undefined && this.#phase === 'connecting') {
      // The caller may use his octets again.
      this.#early.push({ message: Uint8Array.from(message), failed });
      this.#earlyBytes += message.length;
      return;
    }
    this.#lastTrafficMs = this.#clock.now();
    gatherWrites(this.#socket);
    const awaited =
      this.inbound || failed === undefined || isResponse(message)
        ? undefined
        : this.#awaiting.add(failed, this.#lastTrafficMs);
    const taken =
      failed === undefined
        ? this.#socket.write(message)
        : this.#socket.write(message, (error) => {
            if (error === null || error === undefined) return;
            if (awaited === undefined) failed(this.#closedError());
            else awaited.fail(this.#closedError());
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
    else if (!this.inbound) this.#tend(nowMs);
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
    socket.once(this.#verification === undefined ? 'connect' : 'secureConnect', () => this.#connected());
    socket.on('data', (chunk) => this.#received(chunk));
    socket.on('drain', () => {
      this.#stalledSinceMs = undefined;
    });
    socket.on('end', () => this.#peerEnded());
    socket.on('error', (error) => {
      this.#error ??= this.#phase === 'connecting' ? this.#notConnected(error) : this.#lost(error);
    });
    socket.on('close', () => {
      this.#retire();
      this.#phase = 'closed';
      const error = this.#closedError();
      for (const { failed } of this.#early.splice(0)) failLater(failed, error);
      this.#awaiting.lost(error, this.#clock.now());
      this.#events.closed(this, this.#error);
    });
  }

  #connected(): void {
    if (this.#phase !== 'connecting') return;
    this.#lastTrafficMs = this.#clock.now();
    const names = this.#verification?.verify() ?? [];
    if (names instanceof Error) {
      // RFC 5922 §7.3: "If the server is not authenticated, the client MUST close the connection immediately."
      this.#counters.trouble('certificate');
      this.close(names);
      return;
    }
    this.#phase = 'open';
    if (names.length > 0) this.#source = { ...this.#source, certifiedDomains: names };
    this.#earlyBytes = 0;
    for (const { message, failed } of this.#early.splice(0)) this.write(message, failed);
  }

  #notConnected(cause: Error): Error {
    const code = systemCode(cause);
    const ofTls = code === undefined || code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS');
    if (this.#verification === undefined || (!ofTls && code !== 'ECONNRESET')) {
      return connectError(this.where, cause);
    }
    this.#counters.trouble('handshake');
    const text = `no TLS with ${this.where} (${code ?? cause.message})`;
    return transportError('ERR_SIP_TRANSPORT_TLS', text, cause);
  }

  #received(chunk: Bytes): void {
    const now = this.#clock.now();
    this.#keepAlive.heard(now);
    // Pongs alone are no use of a connection that we opened; a peer's pings show that he wants it.
    if (this.inbound) this.#lastTrafficMs = now;
    const before = this.#counters.received.value;
    this.#framer.write(chunk);
    // The time of a message runs from its first octet, so that a new one starts it anew.
    if (this.#framer.pending === 0) this.#messageSinceMs = undefined;
    else if (this.#messageSinceMs === undefined || this.#counters.received.value !== before)
      this.#messageSinceMs = now;
  }

  #message(bytes: Bytes): void {
    if (this.#phase !== 'open') return;
    this.#isProven();
    this.#lastTrafficMs = this.#clock.now();
    if (!isResponse(bytes)) this.#owed += 1;
    else if (!this.inbound && isFinalResponse(bytes)) this.#awaiting.answered();
    this.#counters.received.value += 1;
    this.#events.message(bytes, this.#source);
  }

  #isProven(): void {
    if (this.#heard) return;
    this.#heard = true;
    this.#proven?.();
  }

  #pong(): void {
    this.#isProven();
    this.#keepAlive.pong();
  }

  #tend(nowMs: number): void {
    const due = this.#keepAlive.due(nowMs);
    if (due === 'lost') this.#overdue('no-pong');
    else if (due === 'ping' && !this.#socket.write(PING)) this.#stalledSinceMs ??= nowMs;
  }

  // RFC 5626 §3.5.1: who accepted the connection answers; if both did, two pongs would make a ping.
  #ping(): void {
    this.#isProven();
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

  #overdue(what: 'connect' | 'slow-message' | 'stalled' | 'idle' | 'no-pong', error?: Error): void {
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

const TIMED_OUT = { code: 'ETIMEDOUT' };
