// The INVITE client transaction (RFC 3261 §17.1.1 with figure 5 of RFC 6026 §8.4).
//
//            | INVITE from TU: send request, set A and B
//            V
//        Calling ----------------- timer A: send request, A = 2*A
//            | 1xx: to TU          timer B, transport error: inform TU -> Terminated
//            V
//        Proceeding -------------- 1xx: to TU;  timer B (set again by CANCEL): inform TU -> Terminated
//            |
//            +-- 300-699: send ACK, to TU, set D --> Completed --- 300-699: send ACK; transport error: inform TU
//            |                                          | timer D -> Terminated
//            +-- 2xx: to TU, set M ----------------> Accepted ---- 2xx: to TU
//                (both also straight from Calling)      | timer M -> Terminated

import {
  clearTimer,
  DELIVER_RESPONSE,
  INFORM_TIMEOUT,
  INFORM_TRANSPORT,
  NO_EFFECTS,
  SEND_ACK,
  SEND_REQUEST,
  setTimer,
  type Transition,
} from './effect.ts';
import type { ClientEvent, ClientMachine } from './event.ts';
import { timerA, timerB, timerD, timerM, type TimersConfig } from './timing.ts';

export type InviteClientState =
  /** `timerA`: the interval that runs, in milliseconds. */
  | { readonly name: 'Calling'; readonly timerA: number }
  | { readonly name: 'Proceeding' }
  | { readonly name: 'Completed' }
  | { readonly name: 'Accepted' }
  | { readonly name: 'Terminated' };

type T = Transition<InviteClientState>;

const PROCEEDING: InviteClientState = { name: 'Proceeding' };
const COMPLETED: InviteClientState = { name: 'Completed' };
const ACCEPTED: InviteClientState = { name: 'Accepted' };
const TERMINATED: InviteClientState = { name: 'Terminated' };
const timedOut: T = { state: TERMINATED, effects: [INFORM_TIMEOUT] };
const failed: T = { state: TERMINATED, effects: [INFORM_TRANSPORT] };
const done: T = { state: TERMINATED, effects: NO_EFFECTS };
const ringing: T = { state: PROCEEDING, effects: [clearTimer('A'), clearTimer('B'), DELIVER_RESPONSE] };
const ringsOn: T = { state: PROCEEDING, effects: [DELIVER_RESPONSE] };
const proceedingStays: T = { state: PROCEEDING, effects: NO_EFFECTS };
// "… MUST cause the ACK to be re-passed to the transport layer …, but the newly received response MUST NOT be passed
// up to the TU."
const ackAgain: T = { state: COMPLETED, effects: [SEND_ACK] };
const completedStays: T = { state: COMPLETED, effects: NO_EFFECTS };
const acceptedAgain: T = { state: ACCEPTED, effects: [DELIVER_RESPONSE] };
const acceptedStays: T = { state: ACCEPTED, effects: NO_EFFECTS };

/** One machine for all transactions of one kind of transport. */
export class InviteClientMachine implements ClientMachine<InviteClientState> {
  readonly start: T;
  readonly #accepted: T;
  readonly #refused: T;

  constructor(timing: TimersConfig, reliable: boolean) {
    const a = timerA(timing);
    const b = setTimer('B', timerB(timing));
    this.start = {
      state: { name: 'Calling', timerA: a },
      effects: reliable ? [SEND_REQUEST, b] : [SEND_REQUEST, setTimer('A', a), b],
    };
    this.#accepted = {
      state: ACCEPTED,
      effects: [clearTimer('A'), setTimer('M', timerM(timing)), DELIVER_RESPONSE],
    };
    this.#refused = {
      state: COMPLETED,
      effects: [clearTimer('A'), SEND_ACK, setTimer('D', timerD(timing, reliable)), DELIVER_RESPONSE],
    };
  }

  step(state: InviteClientState, event: ClientEvent): T | undefined {
    switch (state.name) {
      case 'Calling':
        switch (event) {
          case '1xx':
            return ringing;
          case '2xx':
            return this.#accepted;
          case '300-699':
            return this.#refused;
          case 'timer A':
            return again(2 * state.timerA);
          // "The client transaction MUST NOT generate an ACK."
          case 'timer B':
            return timedOut;
          case 'transport error':
            return failed;
          default:
            return undefined;
        }
      case 'Proceeding':
        switch (event) {
          case '1xx':
            return ringsOn;
          case '2xx':
            return this.#accepted;
          case '300-699':
            return this.#refused;
          // A late report about a retransmission: the request did arrive.
          case 'transport error':
            return proceedingStays;
          // Runs in this state only after a CANCEL, RFC 3261 §9.1: with no final response in 64*T1 "the client SHOULD
          // consider the original transaction cancelled and SHOULD destroy" it.
          case 'timer B':
            return timedOut;
          default:
            return undefined;
        }
      case 'Completed':
        switch (event) {
          case '300-699':
            return ackAgain;
          case '1xx':
          case '2xx':
            return completedStays;
          case 'transport error':
            return failed;
          case 'timer D':
            return done;
          default:
            return undefined;
        }
      case 'Accepted':
        switch (event) {
          case '2xx':
            return acceptedAgain;
          case '1xx':
          case '300-699':
          case 'transport error':
            return acceptedStays;
          case 'timer M':
            return done;
          default:
            return undefined;
        }
      case 'Terminated':
        break;
    }
    return undefined;
  }
}

function again(timerAMs: number): T {
  return { state: { name: 'Calling', timerA: timerAMs }, effects: [SEND_REQUEST, setTimer('A', timerAMs)] };
}
