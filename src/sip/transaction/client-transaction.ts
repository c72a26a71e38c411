// One pending client transaction: runs the effects of its machine (RFC 3261 §17.1).

import { StoxgateError, type Bytes, type Clock, type Log, type Timers } from '../../base/index.ts';
import type { HeaderField, SipRequest, SipResponse } from '../message/types.ts';
import { serializeMessage } from '../message/serialize.ts';
import type { Target, Transport } from '../transport.ts';
import { buildAck } from './companions.ts';
import type { TransactionCounters } from './counters.ts';
import type { Effect } from './effect.ts';
import { clientEvent, type ClientEvent, type ClientMachine, type TimerEvent } from './event.ts';
import { TimedTransaction } from './pending-timers.ts';
import type { InviteClientState } from './invite-client.ts';
import type { NonInviteClientState } from './non-invite-client.ts';
import { timerB, type TimerName, type TimersConfig } from './timing.ts';

export type ClientState = InviteClientState | NonInviteClientState;

/** Why there will be no response: nobody answered, nothing could be sent, or the layer was stopped. */
export type ClientFailure = 'timeout' | 'transport' | 'stopped';

/** The user of one client transaction. Exactly one final response or `failed` comes, unless 2xx of several forks do. */
export interface ClientHandlers {
  /** Provisional responses too; retransmissions never, except 2xx to INVITE (RFC 6026 §7.2). */
  response(response: SipResponse): void;
  /** `ERR_SIP_TRANSACTION_TIMEOUT`, `ERR_SIP_TRANSACTION_STOPPED`, or the error of the transport. */
  failed(reason: ClientFailure, error: Error): void;
}

export interface ClientTransaction {
  /** As sent, with our Via. */
  readonly request: SipRequest;
  /** Where it went; TCP instead of UDP for a large request. */
  readonly target: Target;
  readonly state: ClientState['name'];
  /**
   * RFC 3261 §9.1, INVITE only: sends CANCEL as soon as a provisional response is there, with these further fields
   * (Reason). Without a final response in 64*T1 after it the transaction fails with 'timeout'.
   */
  cancel(headers?: readonly HeaderField[]): void;
}

/** What a client transaction needs of its layer. */
export interface ClientContext {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly transport: Transport;
  readonly log: Log;
  readonly counters: TransactionCounters;
  readonly timing: TimersConfig;
  /** Timer K: retransmitted responses are still absorbed for a while. */
  clientCompleted(transaction: PendingClient): void;
  clientEnded(transaction: PendingClient): void;
  sendCancel(transaction: PendingClient, headers: readonly HeaderField[]): void;
}

/** The same request for another transport: what to go back to when large requests find no TCP listener. */
export interface Alternative {
  readonly request: SipRequest;
  readonly bytes: Bytes;
  readonly target: Target;
  readonly machine: ClientMachine<ClientState>;
}

export class PendingClient extends TimedTransaction implements ClientTransaction {
  /** See `clientKey`. */
  readonly key: string;
  readonly #context: ClientContext;
  readonly #handlers: ClientHandlers;
  #sent: Alternative;
  #fallback: Alternative | undefined;
  #state: ClientState;
  #response: SipResponse | undefined;
  #error: Error | undefined;
  #ack: Bytes | undefined;
  #cancel: readonly HeaderField[] | undefined;
  #retransmits = false;
  readonly #sendFailed = (error: Error): void => this.sendFailed(error);

  constructor(
    context: ClientContext,
    key: string,
    first: Alternative,
    fallback: Alternative | undefined,
    handlers: ClientHandlers,
  ) {
    super(context.clock, context.timers);
    this.key = key;
    this.#context = context;
    this.#handlers = handlers;
    this.#sent = first;
    this.#fallback = fallback;
    this.#state = first.machine.start.state;
  }

  get request(): SipRequest {
    return this.#sent.request;
  }

  get target(): Target {
    return this.#sent.target;
  }

  get state(): ClientState['name'] {
    return this.#state.name;
  }

  start(): void {
    const { start } = this.#sent.machine;
    this.#state = start.state;
    this.#run(start.effects);
  }

  /** It was sent before a restart; `rings`: a provisional response came. Nothing is sent, and nothing sent again. */
  resume(rings: boolean): void {
    this.#state = rings ? { name: 'Proceeding' } : { name: 'Calling', timerA: 0 };
    if (!rings) this.setTimer('B', timerB(this.#context.timing));
  }

  receive(response: SipResponse): void {
    // What is wanted by whoever hears of this response leaves by itself.
    const waited = this.#cancel !== undefined && this.#state.name === 'Calling';
    this.#response = response;
    this.#step(clientEvent(response.status));
    this.#response = undefined;
    if (waited && this.#state.name === 'Proceeding') this.#cancelNow();
  }

  /** The transport could surely not send. A large request goes back to UDP (RFC 3261 §18.1.1). */
  sendFailed(error: Error): void {
    const fallback = this.#fallback;
    if (fallback !== undefined && this.#waits()) {
      this.#fallback = undefined;
      this.#sent = fallback;
      this.#retransmits = false;
      this.#context.counters.fellBackToUdp.add();
      this.start();
      return;
    }
    if (this.#waits()) this.#context.counters.requestsFailed.add();
    this.#error = error;
    this.#step('transport error');
  }

  cancel(headers: readonly HeaderField[] = []): void {
    if (this.request.method !== 'INVITE' || this.#cancel !== undefined) return;
    this.#cancel = headers;
    // RFC 3261 §9.1: not before a provisional response; and after a final one it would mean nothing.
    if (this.#state.name === 'Proceeding') this.#cancelNow();
  }

  /** Ends without a further word to the network. */
  stop(): void {
    this.clearTimers();
    const open = this.#waits();
    this.#state = { name: 'Terminated' };
    if (!open) return;
    const text = `the transaction layer stopped before an answer to ${this.request.method} came`;
    this.#handlers.failed('stopped', new StoxgateError('ERR_SIP_TRANSACTION_STOPPED', text));
  }

  protected override timerFired(timer: TimerName): void {
    const event: TimerEvent = `timer ${timer}`;
    this.#step(event);
  }

  /** True before the final response. */
  #waits(): boolean {
    const { name } = this.#state;
    return name === 'Trying' || name === 'Calling' || name === 'Proceeding';
  }

  #cancelNow(): void {
    if (this.#cancel === undefined) return;
    this.setTimer('B', timerB(this.#context.timing));
    this.#context.sendCancel(this, this.#cancel);
  }

  #step(event: ClientEvent): void {
    const transition = this.#sent.machine.step(this.#state, event);
    if (transition === undefined) {
      const { counters, log } = this.#context;
      counters.unexpected.add();
      if (log.enabled('debug')) {
        log.debug('sip.transaction.unexpected', {
          side: 'client',
          state: this.#state.name,
          event,
          key: this.key,
        });
      }
      return;
    }
    const ends = transition.state.name === 'Terminated';
    this.#state = transition.state;
    // "destroyed the instant it enters the "Terminated" state": before the user hears of it and perhaps tries again.
    if (ends) {
      this.clearTimers();
      this.#context.clientEnded(this);
    }
    if (transition.effects.length > 0) this.#run(transition.effects);
    else if (event === '1xx' || event === '2xx' || event === '300-699') {
      this.#context.counters.responsesAbsorbed.add();
    }
  }

  #run(effects: readonly Effect[]): void {
    for (let i = 0; i < effects.length; i++) {
      const effect = effects[i];
      if (effect === undefined) continue;
      switch (effect.kind) {
        case 'send':
          this.#send(effect.what === 'ack');
          // A transport that fails at once has ended it: the timers that follow must not be set.
          if (this.#state.name === 'Terminated') return;
          break;
        case 'deliver':
          if (this.#response !== undefined) this.#handlers.response(this.#response);
          break;
        case 'setTimer':
          if (effect.timer === 'E' || effect.timer === 'A') this.setTimer(effect.timer, effect.ms);
          else this.#setOther(effect.timer, effect.ms);
          break;
        case 'clearTimer':
          this.clearTimer(effect.timer);
          break;
        case 'inform':
          this.#inform(effect.reason);
          break;
      }
    }
  }

  #setOther(timer: TimerName, ms: number): void {
    if (timer === 'K') {
      // The compact store waits for timer K; the object is not needed for that.
      this.clearTimers();
      if (ms > 0) this.#context.clientCompleted(this);
      else this.#context.clientEnded(this);
    } else this.setTimer(timer, ms);
  }

  #send(ack: boolean): void {
    const { transport, counters } = this.#context;
    const { bytes, target, request } = this.#sent;
    if (ack) {
      // RFC 3261 §17.1.1.3; the same ACK for each retransmission of the response.
      if (this.#ack === undefined && this.#response !== undefined) {
        this.#ack = serializeMessage(buildAck(request, this.#response));
      }
      if (this.#ack !== undefined) transport.send(this.#ack, target, this.#sendFailed);
      return;
    }
    if (this.#retransmits) counters.requestsRetransmitted.add();
    this.#retransmits = true;
    transport.send(bytes, target, this.#sendFailed);
  }

  #inform(reason: 'timeout' | 'transport'): void {
    if (reason === 'transport') {
      const error =
        this.#error ?? new StoxgateError('ERR_SIP_TRANSPORT_FAILED', 'a message could not be sent');
      this.#handlers.failed('transport', error);
      return;
    }
    this.#context.counters.clientTimeouts.add();
    const { transport, address, port } = this.target;
    const text = `no final response to ${this.request.method} from ${address} port ${port} over ${transport} in time`;
    this.#handlers.failed('timeout', new StoxgateError('ERR_SIP_TRANSACTION_TIMEOUT', text));
  }
}
