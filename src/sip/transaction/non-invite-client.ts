// The non-INVITE client transaction (RFC 3261 §17.1.2, figure 6).
//
//            | request from TU: send request, set E and F
//            V
//        Trying ------------------ timer E: send request, E = min(2*E, T2)
//            | 1xx: to TU          timer F, transport error: inform TU -> Terminated
//            V
//        Proceeding -------------- timer E: send request, E = T2;  1xx: to TU;  F and error as above
//            | 200-699: to TU (also straight from Trying)
//            V
//        Completed --------------- responses are absorbed
//            | timer K
//            V
//        Terminated

import {
  clearTimer,
  DELIVER_RESPONSE,
  INFORM_TIMEOUT,
  INFORM_TRANSPORT,
  NO_EFFECTS,
  SEND_REQUEST,
  setTimer,
  type Transition,
} from './effect.ts';
import type { ClientEvent, ClientMachine } from './event.ts';
import { timerE, timerF, timerK, type TimersConfig } from './timing.ts';

export type NonInviteClientState =
  /** `timerE`: the interval that runs, in milliseconds. */
  | { readonly name: 'Trying'; readonly timerE: number }
  | { readonly name: 'Proceeding' }
  | { readonly name: 'Completed' }
  | { readonly name: 'Terminated' };

type T = Transition<NonInviteClientState>;

const PROCEEDING: NonInviteClientState = { name: 'Proceeding' };
const COMPLETED: NonInviteClientState = { name: 'Completed' };
const TERMINATED: NonInviteClientState = { name: 'Terminated' };
const timedOut: T = { state: TERMINATED, effects: [INFORM_TIMEOUT] };
const failed: T = { state: TERMINATED, effects: [INFORM_TRANSPORT] };
const provisional: T = { state: PROCEEDING, effects: [DELIVER_RESPONSE] };
const absorbed: T = { state: COMPLETED, effects: NO_EFFECTS };
const done: T = { state: TERMINATED, effects: NO_EFFECTS };

/** One machine for all transactions of one kind of transport; its ordinary transitions are shared constants. */
export class NonInviteClientMachine implements ClientMachine<NonInviteClientState> {
  readonly start: T;
  readonly #t2Ms: number;
  readonly #final: T;
  readonly #resent: T;

  constructor(timing: TimersConfig, reliable: boolean) {
    const e = timerE(timing);
    const f = setTimer('F', timerF(timing));
    this.#t2Ms = timing.t2Ms;
    this.start = {
      state: { name: 'Trying', timerE: e },
      effects: reliable ? [SEND_REQUEST, f] : [SEND_REQUEST, setTimer('E', e), f],
    };
    this.#final = {
      state: COMPLETED,
      effects: [clearTimer('E'), setTimer('K', timerK(timing, reliable)), DELIVER_RESPONSE],
    };
    // RFC 3261 §17.1.2.2: "If Timer E fires while in the "Proceeding" state … Timer E MUST be reset with a value of T2".
    this.#resent = { state: PROCEEDING, effects: [SEND_REQUEST, setTimer('E', timing.t2Ms)] };
  }

  step(state: NonInviteClientState, event: ClientEvent): T | undefined {
    switch (state.name) {
      case 'Trying':
        if (event === 'timer E') return this.#retry(state.timerE);
        return this.#waiting(event);
      case 'Proceeding':
        if (event === 'timer E') return this.#resent;
        return this.#waiting(event);
      case 'Completed':
        if (event === 'timer K') return done;
        // A late report about a retransmission means nothing once the answer is there.
        if (event === '1xx' || event === '2xx' || event === '300-699' || event === 'transport error')
          return absorbed;
        return undefined;
      case 'Terminated':
        break;
    }
    return undefined;
  }

  #waiting(event: ClientEvent): T | undefined {
    switch (event) {
      case '1xx':
        return provisional;
      case '2xx':
      case '300-699':
        return this.#final;
      case 'timer F':
        return timedOut;
      case 'transport error':
        return failed;
      default:
        return undefined;
    }
  }

  #retry(intervalMs: number): T {
    const e = Math.min(2 * intervalMs, this.#t2Ms);
    return { state: { name: 'Trying', timerE: e }, effects: [SEND_REQUEST, setTimer('E', e)] };
  }
}
