// All client transactions of a layer: sending, and matching of responses (RFC 3261 §17.1, §18.1).

import { ChurnMap, StoxgateError, type Clock, type Log, type Random, type Timers } from '../../base/index.ts';
import { BRANCH_COOKIE, parseViaLine } from '../header/via.ts';
import { CheckedField } from '../message/field.ts';
import { StoredRequest } from '../message/message.ts';
import { serializeMessage } from '../message/serialize.ts';
import type { HeaderField, SipRequest, SipResponse } from '../message/types.ts';
import type { LocalEndpoint, Source, Target, Transport } from '../transport.ts';
import {
  PendingClient,
  type Alternative,
  type ClientContext,
  type ClientHandlers,
  type ClientState,
  type ClientTransaction,
} from './client-transaction.ts';
import { buildCancel } from './companions.ts';
import { CompletedStore } from './completed-store.ts';
import type { TransactionCounters } from './counters.ts';
import type { ClientMachine } from './event.ts';
import { InviteClientMachine } from './invite-client.ts';
import { clientKey, responseKey } from './key.ts';
import type { KeyedHash } from './keyed-hash.ts';
import { NonInviteClientMachine } from './non-invite-client.ts';
import { transportForSize } from './size-rule.ts';
import { timerK, type TimersConfig } from './timing.ts';
import type { TransactionUser } from './user.ts';

/** 80 random bits: RFC 3261 §8.1.1.7 wants branches "unique across space and time". */
const BRANCH_CHARS = 16;

export interface ClientSideEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly transport: Transport;
  readonly log: Log;
  readonly counters: TransactionCounters;
  readonly timing: TimersConfig;
  readonly hash: KeyedHash;
  readonly maxCompleted: number;
  readonly maxUdpRequestBytes: number;
  readonly user: TransactionUser;
}

interface MachinePair {
  readonly invite: ClientMachine<ClientState>;
  readonly nonInvite: ClientMachine<ClientState>;
}

const nobody: ClientHandlers = { response: () => {}, failed: () => {} };

export class ClientSide implements ClientContext {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly transport: Transport;
  readonly log: Log;
  readonly counters: TransactionCounters;
  readonly timing: TimersConfig;
  readonly #env: ClientSideEnv;
  readonly #unreliable: MachinePair;
  readonly #reliable: MachinePair;
  readonly #pending = new ChurnMap<string, PendingClient>();
  readonly #completed: CompletedStore;
  /** "SIP/2.0/UDP host:port;rport;branch=z9hG4bK", or without rport, of each local endpoint. */
  readonly #viaStarts = new WeakMap<LocalEndpoint, string>();

  constructor(env: ClientSideEnv) {
    const { clock, timers, timing } = env;
    this.#env = env;
    this.clock = clock;
    this.timers = timers;
    this.transport = env.transport;
    this.log = env.log;
    this.counters = env.counters;
    this.timing = timing;
    this.#unreliable = machines(timing, false);
    this.#reliable = machines(timing, true);
    this.#completed = new CompletedStore({
      clock,
      timers,
      ttlMs: timerK(timing, false),
      maxRecords: env.maxCompleted,
    });
  }

  get pendingCount(): number {
    return this.#pending.size;
  }

  get completedCount(): number {
    return this.#completed.size;
  }

  request(
    request: SipRequest,
    target: Target,
    handlers: ClientHandlers,
    maxOctets: number,
    branch = this.#env.random.base32(BRANCH_CHARS),
  ): ClientTransaction | undefined {
    const first = this.#alternative(request, target, branch);
    if (first === undefined) return this.#failedTransaction(request, target, branch, handlers);
    if (first.bytes.length > maxOctets) return undefined;
    this.counters.clientStarted.add();
    const key = clientKey(BRANCH_COOKIE + branch, request.method);
    const large = transportForSize(target, first.bytes.length, this.#env.maxUdpRequestBytes);
    // RFC 3261 §18.1.1: another transport, and "the value in the top Via MUST be changed".
    const overTcp = large === target ? undefined : this.#alternative(request, large, branch);
    if (overTcp !== undefined) this.counters.switchedToTcp.add();
    const transaction =
      overTcp === undefined
        ? new PendingClient(this, key, first, undefined, handlers)
        : new PendingClient(this, key, overTcp, first, handlers);
    this.#pending.set(key, transaction);
    transaction.start();
    return transaction;
  }

  /** See TransactionLayer.resumeInvite. */
  resume(invite: SipRequest, target: Target, rings: boolean, handlers: ClientHandlers): ClientTransaction {
    const machine = this.#machine(invite.method, target);
    const sent = { request: invite, bytes: EMPTY, target, machine };
    const key = clientKey(invite.via.branch ?? '', invite.method);
    const transaction = new PendingClient(this, key, sent, undefined, handlers);
    this.#pending.set(key, transaction);
    transaction.resume(rings);
    return transaction;
  }

  /** See TransactionLayer.send. */
  send(request: SipRequest, target: Target, failed?: (error: Error) => void): void {
    const sent = this.#alternative(request, target, this.#env.random.base32(BRANCH_CHARS));
    if (sent === undefined) this.timers.set(0, () => failed?.(noListener(target)));
    else this.transport.send(sent.bytes, sent.target, failed);
  }

  receive(response: SipResponse, source: Source): void {
    // RFC 3261 §8.1.3.3: "If more than one Via header field value is present in a response, the UAC SHOULD discard".
    const key = hasOneVia(response) ? responseKey(response) : undefined;
    const transaction = key === undefined ? undefined : this.#pending.get(key);
    // RFC 3261 §17.1.3: branch and method of CSeq.
    if (transaction !== undefined && transaction.request.method === response.cseq.method) {
      transaction.receive(response);
      return;
    }
    if (key !== undefined && this.#wasCompleted(key)) {
      this.counters.responsesAbsorbed.add();
      return;
    }
    this.counters.strayResponses.add();
    this.#env.user.strayResponse?.(response, source);
  }

  stop(): void {
    const open = this.#pending.values();
    this.#pending.clear();
    this.#completed.clear();
    for (const transaction of open) transaction.stop();
  }

  clientCompleted(transaction: PendingClient): void {
    this.#pending.delete(transaction.key);
    this.#env.hash.digest(transaction.key);
    // When it is full, a late retransmission counts as stray: nothing else changes.
    this.#completed.add(this.#env.hash, 0);
  }

  clientEnded(transaction: PendingClient): void {
    if (this.#pending.get(transaction.key) === transaction) this.#pending.delete(transaction.key);
  }

  sendCancel(invite: PendingClient, headers: readonly HeaderField[]): void {
    const request = buildCancel(invite.request, headers);
    const { target } = invite;
    const key = clientKey(request.via.branch ?? '', 'CANCEL');
    const machine = this.#machine('CANCEL', target);
    const first = { request, bytes: serializeMessage(request), target, machine };
    const transaction = new PendingClient(this, key, first, undefined, nobody);
    this.counters.clientStarted.add();
    this.#pending.set(key, transaction);
    transaction.start();
  }

  #wasCompleted(key: string): boolean {
    this.#env.hash.digest(key);
    return this.#completed.find(this.#env.hash) >= 0;
  }

  /** The request with our Via for this target; undefined when there is no listener to send from. */
  #alternative(request: SipRequest, target: Target, branch: string): Alternative | undefined {
    const local = target.local ?? this.transport.localFor(target);
    if (local === undefined) return undefined;
    const sent = withOurVia(request, this.#viaStart(local) + branch);
    const machine = this.#machine(request.method, target);
    return { request: sent, bytes: serializeMessage(sent), target, machine };
  }

  #machine(method: string, target: Target): ClientMachine<ClientState> {
    const pair = target.transport === 'UDP' ? this.#unreliable : this.#reliable;
    return method === 'INVITE' ? pair.invite : pair.nonInvite;
  }

  #viaStart(local: LocalEndpoint): string {
    let start = this.#viaStarts.get(local);
    if (start === undefined) {
      const { transport, advertiseHost } = local;
      const port = viaPort(local);
      // RFC 3581 §4 is about datagrams. A server that applies it to streams too would answer the port of a connection that is
      // gone, at which nobody listens, and not sent-by (RFC 3261 §18.2.2).
      const rport = transport === 'UDP' ? ';rport' : '';
      // RFC 5923 §5: over TLS the connection may carry requests both ways.
      const alias = transport === 'TLS' ? ';alias' : '';
      start = `SIP/2.0/${transport} ${advertiseHost}${port}${rport}${alias};branch=${BRANCH_COOKIE}`;
      this.#viaStarts.set(local, start);
    }
    return start;
  }

  /** A transaction that can only fail, after `request` has returned. */
  #failedTransaction(
    request: SipRequest,
    target: Target,
    branch: string,
    handlers: ClientHandlers,
  ): ClientTransaction {
    const machine = this.#machine(request.method, target);
    const first = { request, bytes: EMPTY, target, machine };
    const transaction = new PendingClient(
      this,
      clientKey(branch, request.method),
      first,
      undefined,
      handlers,
    );
    this.#pending.set(transaction.key, transaction);
    this.timers.set(0, () => {
      if (this.#pending.has(transaction.key)) transaction.sendFailed(noListener(target));
    });
    return transaction;
  }
}

const EMPTY = new Uint8Array(0);

/** Of sent-by. That of TLS is always written: Kamailio takes an absent one for 5060 when it has to connect for an answer. */
function viaPort({ advertisePort, transport }: LocalEndpoint): string {
  if (advertisePort !== undefined) return `:${advertisePort}`;
  return transport === 'TLS' ? ':5061' : '';
}

function machines(timing: TimersConfig, reliable: boolean): MachinePair {
  return {
    invite: new InviteClientMachine(timing, reliable),
    nonInvite: new NonInviteClientMachine(timing, reliable),
  };
}

function noListener(target: Target): StoxgateError {
  const { transport, address, port } = target;
  const text = `no listener to send from over ${transport} to ${address} port ${port}`;
  return new StoxgateError('ERR_SIP_TRANSPORT_NO_LISTENER', text);
}

/** The request with this Via on top. Its text is ours, so it need not be looked through. */
function withOurVia(request: SipRequest, value: string): SipRequest {
  const headers: HeaderField[] = [new CheckedField('Via', 'via', value)];
  for (const field of request.headers) headers.push(field);
  const { method, requestUri, maxForwards, body, callId, cseq } = request;
  return new StoredRequest(method, requestUri, maxForwards, headers, body, { callId, cseq });
}

function hasOneVia(response: SipResponse): boolean {
  let fields = 0;
  for (const field of response.headers) {
    if (field.id !== 'via') continue;
    fields += 1;
    if (fields > 1) return false;
    if (!field.value.includes(',')) continue;
    const line = parseViaLine(field.value);
    if (!line.ok || line.value.length > 1) return false;
  }
  return fields === 1;
}
