// All server transactions of a layer: matching, absorption, merged requests, CANCEL, the compact store
// (RFC 3261 §17.2, §8.2.2.2, §9.2, §18.2).

import type { Bytes, Clock, Log, Timers } from '../../base/index.ts';
import { withTopVia } from '../message/change.ts';
import { plainResponse } from '../message/plain-response.ts';
import type { SipRequest } from '../message/types.ts';
import type { Source, Target, Transport } from '../transport.ts';
import { CompletedStore, type Fingerprint } from './completed-store.ts';
import type { TransactionCounters } from './counters.ts';
import type { ServerMachine } from './event.ts';
import { InviteServerMachine } from './invite-server.ts';
import { ackMatches, canBeMerged, mergeKey, serverKey } from './key.ts';
import type { KeyedHash } from './keyed-hash.ts';
import { NonInviteServerMachine } from './non-invite-server.ts';
import { asksRport, responseTarget, viaAddition } from './response-target.ts';
import {
  PendingServer,
  type ServerContext,
  type ServerIdentity,
  type ServerState,
} from './server-transaction.ts';
import { PendingTable } from './pending-table.ts';
import { REGISTERED_METHODS } from '../usage/request-checks.ts';
import type { StatelessResponder } from './stateless.ts';
import { timerJ, type TimersConfig } from './timing.ts';
import type { Refusal, TransactionUser } from './user.ts';

/** RFC 3263 §5: finds by sent-by (SRV, then A and AAAA) where else a response may go; calls `found` once. */
export type ResolveSentBy = (
  request: SipRequest,
  source: Source,
  found: (targets: readonly Target[]) => void,
) => void;

export interface ServerSideEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly transport: Transport;
  readonly log: Log;
  readonly counters: TransactionCounters;
  readonly timing: TimersConfig;
  readonly hash: KeyedHash;
  readonly stateless: StatelessResponder;
  /** Without a final response. */
  readonly maxPending: number;
  /** Pending and completed transactions together. */
  readonly maxTransactions: number;
  /** Octets of responses kept whole because they cannot be rebuilt. */
  readonly maxKeptBytes: number;
  readonly resolveSentBy: ResolveSentBy | undefined;
  readonly user: TransactionUser;
}

const OVERLOADED: Refusal = { status: 503 };

/** What may be pending when a CANCEL comes, besides INVITE. */
const CANCELLABLE = REGISTERED_METHODS.filter((method) => !['ACK', 'CANCEL', 'INVITE'].includes(method));

interface MachinePair {
  readonly invite: ServerMachine<ServerState>;
  readonly nonInvite: ServerMachine<ServerState>;
}

export class ServerSide implements ServerContext {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly transport: Transport;
  readonly log: Log;
  readonly counters: TransactionCounters;
  readonly #env: ServerSideEnv;
  readonly #unreliable: MachinePair;
  readonly #reliable: MachinePair;
  readonly #pending = new PendingTable<PendingServer>();
  /** Pending transactions by `mergeKey`. */
  readonly #ongoing = new PendingTable<PendingServer>();
  /** Timer J: final status, and the whole response where it cannot be rebuilt from the request. */
  readonly #completed: CompletedStore<Bytes>;
  /** `mergeKey` of completed transactions. */
  readonly #merged: CompletedStore;
  #keptBytes = 0;
  readonly #toUser = (transaction: PendingServer): void => this.#env.user.request(transaction);
  readonly #cancelInvite = (cancel: PendingServer): void => this.#onCancel(cancel);

  constructor(env: ServerSideEnv) {
    const { clock, timers, timing, maxTransactions } = env;
    this.#env = env;
    this.clock = clock;
    this.timers = timers;
    this.transport = env.transport;
    this.log = env.log;
    this.counters = env.counters;
    this.#unreliable = machines(timing, false);
    this.#reliable = machines(timing, true);
    const ttlMs = timerJ(timing, false);
    this.#completed = new CompletedStore<Bytes>({
      clock,
      timers,
      ttlMs,
      maxRecords: maxTransactions,
      onExtraExpired: (response) => (this.#keptBytes -= response.length),
    });
    this.#merged = new CompletedStore({ clock, timers, ttlMs, maxRecords: maxTransactions });
  }

  get pendingCount(): number {
    return this.#pending.size;
  }

  get completedCount(): number {
    return this.#completed.size;
  }

  receive(request: SipRequest, source: Source): void {
    const key = serverKey(request);
    // Left as it is until `#onNew` has taken fingerprint and tag from it.
    this.#env.hash.digest(key);
    const pending = this.#pending.get(this.#env.hash);
    if (request.method === 'ACK') this.#onAck(request, source, pending);
    else if (pending !== undefined) pending.retransmitted();
    else {
      const asked = asksRport(request.via);
      if (!this.#absorb(request, source, asked))
        this.#onNew(filled(request, source, asked), source, asked, key);
    }
  }

  /** See TransactionLayer.resumeReceived. */
  resume(request: SipRequest, source: Source): PendingServer {
    const key = serverKey(request);
    const known = this.#pendingOf(key);
    if (known !== undefined) return known;
    const machine = (source.reliable ? this.#reliable : this.#unreliable).invite;
    // The hash is that of the key.
    const identity = this.#identify(request, key);
    const target = responseTarget(request.via, source);
    const transaction = new PendingServer(this, machine, request, source, identity, target);
    this.#pending.set(identity.fingerprint, transaction);
    if (identity.mergeFingerprint !== undefined) this.#ongoing.set(identity.mergeFingerprint, transaction);
    return transaction;
  }

  stop(): void {
    const open = this.#pending.values();
    this.#pending.clear();
    this.#ongoing.clear();
    this.#completed.clear();
    this.#merged.clear();
    this.#keptBytes = 0;
    for (const transaction of open) transaction.stop();
  }

  serverCompleted(transaction: PendingServer, status: number, response: Bytes | undefined): void {
    this.serverEnded(transaction);
    const { fingerprint, mergeFingerprint } = transaction;
    // What was refused was not done: a proxy that tries it again by another way (RFC 3263 §4.3, new branch) is heard.
    if (mergeFingerprint !== undefined && status < 300) this.#merged.add(mergeFingerprint, status);
    if (response === undefined) this.#completed.add(fingerprint, status);
    else this.#keep(fingerprint, status, response);
  }

  serverEnded(transaction: PendingServer): void {
    const { fingerprint, mergeFingerprint } = transaction;
    this.#pending.delete(fingerprint);
    if (mergeFingerprint !== undefined) this.#ongoing.delete(mergeFingerprint);
  }

  backups(transaction: PendingServer, found: (targets: readonly Target[]) => void): void {
    const { resolveSentBy } = this.#env;
    if (resolveSentBy === undefined) found([]);
    else resolveSentBy(transaction.request, transaction.source, found);
  }

  deliverAck(ack: SipRequest, source: Source): void {
    this.#env.user.ack?.(ack, source);
  }

  informUser(transaction: PendingServer, reason: 'timeout' | 'transport', error: Error | undefined): void {
    if (reason === 'timeout') this.counters.serverTimeouts.add();
    this.#env.user.responseFailed?.(transaction, reason, error);
  }

  #keep(fingerprint: Fingerprint, status: number, response: Bytes): void {
    if (this.#keptBytes + response.length > this.#env.maxKeptBytes) {
      // A retransmission then gets the same status without the further fields: less, but not something else.
      this.counters.notKept.add();
      this.#completed.add(fingerprint, status);
    } else if (this.#completed.add(fingerprint, status, response)) {
      this.#keptBytes += response.length;
    }
  }

  #onAck(ack: SipRequest, source: Source, invite: PendingServer | undefined): void {
    if (invite !== undefined && ackMatches(ack, invite.toTag)) {
      invite.acknowledged(ack, source);
      return;
    }
    // RFC 3261 §13.3.1.4: the ACK to a 2xx is a transaction of its own, and goes to the user.
    this.counters.strayAcks.add();
    this.deliverAck(filled(ack, source, asksRport(ack.via)), source);
  }

  /** Completed: answers a retransmission as before. The hash is that of its key. */
  #absorb(request: SipRequest, source: Source, asked: boolean): boolean {
    const record = this.#completed.find(this.#env.hash);
    if (record < 0) return false;
    this.counters.requestsAbsorbed.add();
    const status = this.#completed.status(record);
    if (status === 0) return true;
    const target = responseTarget(request.via, source, asked);
    const whole = this.#completed.extra(record);
    const bytes = whole ?? this.#rebuild(filled(request, source, asked), status);
    this.transport.send(bytes, target, this.#countFailure);
    return true;
  }

  readonly #countFailure = (): void => this.counters.responsesFailed.add();

  /** The hash is still that of the key. */
  #rebuild(request: SipRequest, status: number): Bytes {
    const toTag = request.to.tag === undefined ? this.#env.hash.tag() : undefined;
    return plainResponse(request, status, toTag);
  }

  #onNew(request: SipRequest, source: Source, asked: boolean, key: string): void {
    const refusal = this.#env.user.refuses?.(request, source);
    if (refusal !== undefined) {
      this.#env.stateless.refuse(request, source, key, refusal);
      return;
    }
    const pending = this.#pending.size;
    if (pending >= this.#env.maxPending || pending + this.#completed.size >= this.#completed.maxRecords) {
      // What cannot be remembered afterwards must not be done: its retransmission would be done again. 503 without
      // Retry-After lets the sender try another gateway (RFC 3263 §4.3) and does not shut this one out.
      this.counters.overload.add();
      this.#env.stateless.respond(request, source, key, OVERLOADED);
      return;
    }
    this.counters.serverStarted.add();
    const identity = this.#identify(request, key);
    const { mergeFingerprint } = identity;
    const merged = mergeFingerprint !== undefined && this.#isMerged(mergeFingerprint);
    const pair = source.reliable ? this.#reliable : this.#unreliable;
    const machine = request.method === 'INVITE' ? pair.invite : pair.nonInvite;
    // A merged request is not what further ones would be merged with.
    const own = merged ? { ...identity, mergeFingerprint: undefined } : identity;
    const target = responseTarget(request.via, source, asked);
    const transaction = new PendingServer(this, machine, request, source, own, target);
    this.#pending.set(own.fingerprint, transaction);
    if (own.mergeFingerprint !== undefined) this.#ongoing.set(own.mergeFingerprint, transaction);
    if (merged) transaction.start(this.#refuseMerged);
    else if (request.method === 'CANCEL') transaction.start(this.#cancelInvite);
    else transaction.start(this.#toUser);
  }

  /**
   * RFC 3261 §8.2.2.2: no To tag, and From tag, Call-ID and CSeq "exactly match those associated with an ongoing
   * transaction, but the request does not match that transaction".
   */
  #isMerged(fingerprint: Fingerprint): boolean {
    return this.#ongoing.get(fingerprint) !== undefined || this.#merged.find(fingerprint) >= 0;
  }

  /** Takes fingerprint and tag of the key from the hash, then those of the merge key. */
  #identify(request: SipRequest, key: string): ServerIdentity {
    const { hash } = this.#env;
    const fingerprint = hash.fingerprint();
    const tag = hash.tag();
    if (!canBeMerged(request)) return { key, fingerprint, mergeFingerprint: undefined, tag };
    hash.digest(mergeKey(request));
    return { key, fingerprint, mergeFingerprint: hash.fingerprint(), tag };
  }

  readonly #refuseMerged = (transaction: PendingServer): void => {
    this.counters.merged.add();
    transaction.respond(482);
  };

  /** Takes the hash for itself. */
  #pendingOf(key: string): PendingServer | undefined {
    this.#env.hash.digest(key);
    return this.#pending.get(this.#env.hash);
  }

  #isPending(cancel: SipRequest): boolean {
    return CANCELLABLE.some((method) => this.#pendingOf(serverKey(cancel, method)) !== undefined);
  }

  /** RFC 3261 §9.2: 481 without a matching transaction; else 200, and no effect after a final response. */
  #onCancel(cancel: PendingServer): void {
    const invite = this.#pendingOf(serverKey(cancel.request, 'INVITE'));
    if (invite === undefined) {
      // "no effect" on any other request, and still 200 when it is there (§9.2: "regardless of the method").
      cancel.respond(this.#isPending(cancel.request) ? 200 : 481);
      return;
    }
    // "the To tag of the response to the CANCEL and the To tag in the response to the original request SHOULD be the same"
    const { toTag } = invite;
    cancel.respond(200, toTag === cancel.toTag ? undefined : { toTag });
    if (invite.state === 'Proceeding') this.#env.user.cancelled?.(invite, cancel.request);
  }
}

/** RFC 3261 §18.2.1, RFC 3581 §4: what the server transport adds to the top Via. */
function filled(request: SipRequest, source: Source, asked: boolean): SipRequest {
  const addition = viaAddition(request.via, source, asked);
  return addition === undefined ? request : withTopVia(request, addition);
}

function machines(timing: TimersConfig, reliable: boolean): MachinePair {
  return {
    invite: new InviteServerMachine(timing, reliable),
    nonInvite: new NonInviteServerMachine(timing, reliable),
  };
}
