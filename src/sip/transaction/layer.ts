// The transaction layer: between the transport below and the transaction users above (RFC 3261 §17, §18).
//
// A datagram comes in through `receive` and ends as a response to a client transaction, a request to the user, a
// retransmission that nobody hears of, or a count. What is pending is an object in a map; what is completed and only
// has to be recognised again is a record in a CompletedStore.

import type { Bytes, Clock, Counters, Log, Random, Timers } from '../../base/index.ts';
import type { SipLimits } from '../message/limits.ts';
import type { TransportName } from '../transport.ts';
import { parseMessage, type ParseOptions } from '../message/parse.ts';
import type { SipRequest } from '../message/types.ts';
import type { Source, Target, Transport } from '../transport.ts';
import { ClientSide } from './client-side.ts';
import type { ClientHandlers, ClientTransaction } from './client-transaction.ts';
import { TransactionCounters } from './counters.ts';
import { KeyedHash } from './keyed-hash.ts';
import { ServerSide, type ResolveSentBy } from './server-side.ts';
import type { ServerTransaction } from './server-transaction.ts';
import { MAX_UDP_REQUEST_BYTES } from './size-rule.ts';
import { DEFAULT_STATELESS_LIMITS, StatelessResponder, type StatelessLimits } from './stateless.ts';
import { DEFAULT_TIMERS, type TimersConfig } from './timing.ts';
import type { TransactionUser } from './user.ts';

export interface TransactionLimits extends StatelessLimits {
  /** Server transactions without a final response; above it new requests get 503. */
  readonly maxPendingServerTransactions: number;
  /** Server transactions, pending and completed; above it new requests get 503. A power of two. */
  readonly maxServerTransactions: number;
  /** Completed client transactions whose late responses are recognised. A power of two. */
  readonly maxCompletedClients: number;
  /** Octets of responses with further fields or a body, kept for retransmissions. */
  readonly maxKeptResponseBytes: number;
  /** Larger requests go over TCP instead of UDP (RFC 3261 §18.1.1). */
  readonly maxUdpRequestBytes: number;
}

/** From so many octets on a message has its own. */
const LARGE_OCTETS = 1000;

export const DEFAULT_TRANSACTION_LIMITS: TransactionLimits = {
  ...DEFAULT_STATELESS_LIMITS,
  maxPendingServerTransactions: 2 ** 16,
  maxServerTransactions: 2 ** 20,
  maxCompletedClients: 2 ** 18,
  maxKeptResponseBytes: 64 * 2 ** 20,
  maxUdpRequestBytes: MAX_UDP_REQUEST_BYTES,
};

export interface TransactionEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly transport: Transport;
  readonly log: Log;
  readonly counters: Counters;
  readonly timing?: Partial<TimersConfig>;
  readonly limits?: Partial<TransactionLimits>;
  readonly messageLimits?: SipLimits;
  /** Where responses go when neither connection nor source takes them (RFC 3263 §5). */
  readonly resolveSentBy?: ResolveSentBy;
}

export interface PendingCounts {
  readonly client: number;
  readonly server: number;
  /** Records of completed transactions, of both sides. */
  readonly completed: number;
}

export class TransactionLayer {
  readonly #client: ClientSide;
  readonly #server: ServerSide;
  readonly #stateless: StatelessResponder;
  readonly #counters: TransactionCounters;
  readonly #datagram: ParseOptions;
  readonly #stream: ParseOptions;

  constructor(env: TransactionEnv, user: TransactionUser) {
    const { clock, timers, random, transport, log, messageLimits } = env;
    const limits = { ...DEFAULT_TRANSACTION_LIMITS, ...env.limits };
    const timing = { ...DEFAULT_TIMERS, ...env.timing };
    const counters = new TransactionCounters(env.counters);
    const hash = KeyedHash.random(random);
    const shared = { clock, timers, transport, log, counters, timing, hash, user };
    const parsing = messageLimits === undefined ? {} : { limits: messageLimits };
    this.#counters = counters;
    this.#datagram = { stream: false, ...parsing };
    this.#stream = { stream: true, ...parsing };
    this.#stateless = new StatelessResponder({ clock, transport, log, counters, hash }, limits);
    this.#client = new ClientSide({
      ...shared,
      random,
      maxCompleted: limits.maxCompletedClients,
      maxUdpRequestBytes: limits.maxUdpRequestBytes,
    });
    this.#server = new ServerSide({
      ...shared,
      stateless: this.#stateless,
      maxPending: limits.maxPendingServerTransactions,
      maxTransactions: limits.maxServerTransactions,
      maxKeptBytes: limits.maxKeptResponseBytes,
      resolveSentBy: env.resolveSentBy,
    });
  }

  /** One datagram, or one message cut out of a stream. The block may be used again afterwards. Never throws for what it holds. */
  receive(bytes: Bytes, source: Source): void {
    if (isKeepAlive(bytes)) {
      this.#counters.keepAlives.add();
      return;
    }
    const parsed = parseMessage(ownOctets(bytes), isStream(source.transport) ? this.#stream : this.#datagram);
    if (parsed.kind === 'malformed') this.#stateless.malformed(parsed.fault, parsed.wreck, source);
    else if (parsed.message.kind === 'request') this.#server.receive(parsed.message, source);
    else this.#client.receive(parsed.message, source);
  }

  /**
   * Starts a client transaction. `request` has no Via: the layer puts it on top, with a new branch and the transport
   * really used. A UDP target is left for TCP when the request is large, and taken again when TCP fails. Nothing is called
   * before this returns, unless the transport fails or answers at once. Not for ACK: that is `send`.
   */
  request(request: SipRequest, target: Target, handlers: ClientHandlers): ClientTransaction;
  /**
   * The same, but with nothing sent and undefined returned for a request of more than `maxOctets` as a whole (RFC 3428 §8).
   * `branch`: what follows the magic cookie, of token characters, as no other transaction has it; random when absent.
   */
  request(
    request: SipRequest,
    target: Target,
    handlers: ClientHandlers,
    maxOctets: number,
    branch?: string,
  ): ClientTransaction | undefined;
  request(
    request: SipRequest,
    target: Target,
    handlers: ClientHandlers,
    maxOctets = Infinity,
    branch?: string,
  ): ClientTransaction | undefined {
    return this.#client.request(request, target, handlers, maxOctets, branch);
  }

  /** Sends a request outside of any transaction, with a Via of its own: the ACK to a 2xx (RFC 3261 §13.2.2.4). */
  send(request: SipRequest, target: Target, failed?: (error: Error) => void): void {
    this.#client.send(request, target, failed);
  }

  /**
   * An INVITE client transaction of before a restart goes on: `invite` as it was sent, with its Via, to `target`. It is not sent
   * again; what comes for it is delivered, and it can be cancelled (RFC 3261 §9.1). `rings`: a provisional response was there.
   * Without one, and without another response in 64*T1, it fails with 'timeout'.
   */
  resumeInvite(
    invite: SipRequest,
    target: Target,
    rings: boolean,
    handlers: ClientHandlers,
  ): ClientTransaction {
    return this.#client.resume(invite, target, rings, handlers);
  }

  /**
   * An INVITE server transaction of before a restart goes on in "Proceeding" (RFC 3261 §17.2.1): `invite` as `ServerTransaction`
   * had it. The user is not asked; he responds, and what comes again of the INVITE is absorbed. One that has come again
   * already is that transaction.
   */
  resumeReceived(invite: SipRequest, source: Source): ServerTransaction {
    return this.#server.resume(invite, source);
  }

  /** Sizes of the maps. */
  get pending(): PendingCounts {
    return {
      client: this.#client.pendingCount,
      server: this.#server.pendingCount,
      completed: this.#client.completedCount + this.#server.completedCount,
    };
  }

  /** Ends all: open client transactions fail with 'stopped', server transactions stay without an answer. */
  stop(): void {
    this.#server.stop();
    this.#client.stop();
  }
}

/** RFC 5626 §3.5.1, RFC 3261 §7.5: CRLFs alone keep a binding alive and mean nothing. */
function isKeepAlive(bytes: Bytes): boolean {
  if (bytes.length > 4) return false;
  for (const octet of bytes) if (octet !== 0x0d && octet !== 0x0a && octet !== 0) return false;
  return true;
}

/** RFC 7118 §4.1: over WebSocket each message is framed, as a datagram is, and needs no Content-Length. */
function isStream(transport: TransportName): boolean {
  return transport === 'TCP' || transport === 'TLS';
}

/**
 * A large message is one of a call, as a rule, and its body is kept for 64*T1 and longer: it is copied out of a buffer that it
 * shares with many others, so that not all of them are kept.
 */
function ownOctets(bytes: Bytes): Bytes {
  const isShared = bytes.length > LARGE_OCTETS && bytes.buffer.byteLength > 2 * bytes.length;
  return isShared ? new Uint8Array(bytes) : bytes;
}
