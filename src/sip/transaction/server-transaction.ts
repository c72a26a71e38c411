// One pending server transaction: runs the effects of its machine (RFC 3261 §17.2).

import type { Bytes, Clock, Log, Timers } from '../../base/index.ts';
import { buildResponse } from '../message/build.ts';
import { plainResponse } from '../message/plain-response.ts';
import { serializeMessage } from '../message/serialize.ts';
import type { HeaderField, SipRequest } from '../message/types.ts';
import type { Source, Target, Transport } from '../transport.ts';
import type { Fingerprint } from './completed-store.ts';
import type { TransactionCounters } from './counters.ts';
import type { Effect } from './effect.ts';
import { serverEvent, type ServerEvent, type ServerMachine, type TimerEvent } from './event.ts';
import type { InviteServerState } from './invite-server.ts';
import type { NonInviteServerState } from './non-invite-server.ts';
import { TimedTransaction } from './pending-timers.ts';
import type { TimerName } from './timing.ts';

export type ServerState = InviteServerState | NonInviteServerState;

export interface ResponseOptions {
  /** Unicode; the registered phrase when left out. */
  readonly reason?: string | undefined;
  readonly headers?: readonly HeaderField[] | undefined;
  readonly body?: Bytes | undefined;
  /** A tag of one's own (a signed token), kept for all later responses. Default: derived from the transaction. */
  readonly toTag?: string | undefined;
}

export interface ServerTransaction {
  /** With `received` and `rport` filled in (RFC 3261 §18.2.1, RFC 3581 §4). */
  readonly request: SipRequest;
  readonly source: Source;
  readonly state: ServerState['name'];
  /** The To tag of the responses: that of the request, or ours. */
  readonly toTag: string;
  /**
   * Sends a response, 100 … 699. What the state or RFC 4320 does not allow is not sent: a second final response, 408 or
   * 101 … 199 to other requests than INVITE, an early 100 over UDP. Throws RangeError for another status.
   */
  respond(status: number, options?: ResponseOptions): void;
}

/** What a server transaction needs of its layer. */
export interface ServerContext {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly transport: Transport;
  readonly log: Log;
  readonly counters: TransactionCounters;
  /** Timer J: `status` 0 means that there is no response to repeat; `response` where it cannot be rebuilt. */
  serverCompleted(transaction: PendingServer, status: number, response: Bytes | undefined): void;
  serverEnded(transaction: PendingServer): void;
  /** RFC 3263 §5: where else a response may go; calls `found` once, perhaps with nothing. */
  backups(transaction: PendingServer, found: (targets: readonly Target[]) => void): void;
  deliverAck(ack: SipRequest, source: Source): void;
  informUser(transaction: PendingServer, reason: 'timeout' | 'transport', error: Error | undefined): void;
}

/** What a server transaction is known by. */
export interface ServerIdentity {
  readonly key: string;
  readonly fingerprint: Fingerprint;
  readonly mergeFingerprint: Fingerprint | undefined;
  /** The derived To tag. */
  readonly tag: string;
}

const NO_OPTIONS: ResponseOptions = {};

export class PendingServer extends TimedTransaction implements ServerTransaction {
  readonly request: SipRequest;
  readonly source: Source;
  /** See `serverKey`. */
  readonly key: string;
  /** Of `serverKey` and of `mergeKey` (undefined for what cannot be merged): the names in all tables. */
  readonly fingerprint: Fingerprint;
  readonly mergeFingerprint: Fingerprint | undefined;
  readonly #context: ServerContext;
  readonly #machine: ServerMachine<ServerState>;
  #state: ServerState;
  #toTag: string;
  readonly #target: Target;
  #ownTag = false;
  // The response that the machine may send, and the last one that it did.
  #status = 0;
  #options = NO_OPTIONS;
  #last: Bytes | undefined;
  #lastStatus = 0;
  #ackRequest: SipRequest | undefined;
  #ackSource: Source | undefined;
  #error: Error | undefined;

  constructor(
    context: ServerContext,
    machine: ServerMachine<ServerState>,
    request: SipRequest,
    source: Source,
    identity: ServerIdentity,
    target: Target,
  ) {
    super(context.clock, context.timers);
    this.#context = context;
    this.#machine = machine;
    this.#state = machine.start.state;
    this.request = request;
    this.source = source;
    this.key = identity.key;
    this.fingerprint = identity.fingerprint;
    this.mergeFingerprint = identity.mergeFingerprint;
    this.#toTag = request.to.tag ?? identity.tag;
    this.#target = target;
  }

  get state(): ServerState['name'] {
    return this.#state.name;
  }

  get toTag(): string {
    return this.#toTag;
  }

  /** Runs the start of the machine; `deliver` is its "pass to TU". */
  start(deliver: (transaction: PendingServer) => void): void {
    this.#run(this.#machine.start.effects, deliver);
  }

  respond(status: number, options: ResponseOptions = NO_OPTIONS): void {
    if (!Number.isInteger(status) || status < 100 || status > 699) {
      throw new RangeError(`a SIP status is 100 … 699, not ${status}`);
    }
    this.#status = status;
    this.#options = options;
    this.#step(serverEvent(status));
    this.#options = NO_OPTIONS;
  }

  /** A retransmission of the request. */
  retransmitted(): void {
    this.#context.counters.requestsAbsorbed.add();
    this.#step('request');
  }

  acknowledged(ack: SipRequest, source: Source): void {
    this.#ackRequest = ack;
    this.#ackSource = source;
    this.#step('ack');
    this.#ackRequest = undefined;
    this.#ackSource = undefined;
  }

  /** Ends without a further word to the network. */
  stop(): void {
    this.clearTimers();
    this.#state = { name: 'Terminated' };
  }

  protected override timerFired(timer: TimerName): void {
    const event: TimerEvent = `timer ${timer}`;
    this.#step(event);
  }

  #step(event: ServerEvent): void {
    const transition = this.#machine.step(this.#state, event);
    if (transition === undefined) {
      const { counters, log } = this.#context;
      counters.unexpected.add();
      if (log.enabled('debug')) {
        log.debug('sip.transaction.unexpected', {
          side: 'server',
          state: this.#state.name,
          event,
          key: this.key,
        });
      }
      return;
    }
    this.#state = transition.state;
    if (transition.state.name === 'Terminated') {
      this.clearTimers();
      this.#context.serverEnded(this);
    }
    this.#run(transition.effects, undefined);
  }

  #run(effects: readonly Effect[], deliver: ((transaction: PendingServer) => void) | undefined): void {
    for (let i = 0; i < effects.length; i++) {
      const effect = effects[i];
      if (effect === undefined) continue;
      switch (effect.kind) {
        case 'send':
          this.#send(effect.what);
          break;
        case 'setTimer':
          if (effect.timer === 'J') this.#complete(effect.ms);
          else this.setTimer(effect.timer, effect.ms);
          break;
        case 'clearTimer':
          this.clearTimer(effect.timer);
          break;
        case 'deliver':
          if (effect.what === 'request') deliver?.(this);
          else if (this.#ackRequest !== undefined && this.#ackSource !== undefined) {
            this.#context.deliverAck(this.#ackRequest, this.#ackSource);
          }
          break;
        case 'inform':
          this.#context.informUser(this, effect.reason, this.#error);
          break;
      }
    }
  }

  /** Timer J runs in the compact store, and the object is not needed for that. */
  #complete(ms: number): void {
    this.clearTimers();
    if (ms === 0) {
      this.#context.serverEnded(this);
      return;
    }
    const { reason, headers, body } = this.#options;
    const status = this.#lastStatus < 200 ? 0 : this.#lastStatus;
    const plain = reason === undefined && headers === undefined && body === undefined && !this.#ownTag;
    this.#context.serverCompleted(this, status, plain || status === 0 ? undefined : this.#last);
  }

  #send(what: 'request' | 'ack' | 'newResponse' | 'trying' | 'lastResponse'): void {
    if (what === 'newResponse') this.#last = this.#build(this.#status, this.#options);
    else if (what === 'trying') this.#last = this.#build(100, NO_OPTIONS);
    if (this.#last !== undefined) this.#transmit(this.#last, this.#target);
  }

  #build(status: number, options: ResponseOptions): Bytes {
    if (options.toTag !== undefined && this.request.to.tag === undefined) {
      this.#toTag = options.toTag;
      this.#ownTag = true;
    }
    this.#lastStatus = status;
    this.#context.counters.response(status).value += 1;
    const { reason, headers, body } = options;
    // RFC 3261 §8.2.6.2: a tag in all responses but 100.
    const toTag = status === 100 ? undefined : this.#toTag;
    if (reason === undefined && headers === undefined && body === undefined)
      return plainResponse(this.request, status, toTag);
    return serializeMessage(buildResponse(this.request, status, { reason, headers, body, toTag }));
  }

  #transmit(bytes: Bytes, target: Target): void {
    this.#context.transport.send(bytes, target, (error) => {
      this.#context.counters.responsesFailed.add();
      // RFC 3261 §17.2.4: first the procedures of RFC 3263 §5, "which attempt to deliver the response to a backup".
      this.#context.backups(this, (targets) => this.#tryBackups(bytes, targets, 0, error));
    });
  }

  #tryBackups(bytes: Bytes, targets: readonly Target[], index: number, error: Error): void {
    const target = targets[index];
    if (target === undefined) {
      this.#error = error;
      this.#step('transport error');
      return;
    }
    this.#context.transport.send(bytes, target, (next) => this.#tryBackups(bytes, targets, index + 1, next));
  }
}
