// The INVITE server transaction (RFC 3261 §17.2.1 with figure 7 of RFC 6026 §8.7).
//
//            | INVITE received: to TU, set timer 100
//            V
//        Proceeding -------------- INVITE: send last response; 1xx from TU: send it; timer 100: send 100
//            |
//            +-- 300-699 from TU: send it, set G and H --> Completed --- INVITE, timer G: send again
//            |                                                |  | timer H: inform TU -> Terminated
//            |                                                | ACK: set I
//            |                                                V
//            |                                            Confirmed --- timer I -> Terminated
//            +-- 2xx from TU: send it, set L ------------> Accepted --- 2xx from TU: send it; ACK: to TU
//                                                             | timer L -> Terminated

import {
  clearTimer,
  DELIVER_ACK,
  DELIVER_REQUEST,
  INFORM_TIMEOUT,
  INFORM_TRANSPORT,
  NO_EFFECTS,
  SEND_LAST_RESPONSE,
  SEND_NEW_RESPONSE,
  SEND_TRYING,
  setTimer,
  type Transition,
} from './effect.ts';
import type { ServerEvent, ServerMachine } from './event.ts';
import { INVITE_TRYING_MS, timerG, timerH, timerI, timerL, type TimersConfig } from './timing.ts';

export type InviteServerState =
  /** `answered`: a provisional response was sent. */
  | { readonly name: 'Proceeding'; readonly answered: boolean }
  /** `timerG`: the interval that runs, in milliseconds. */
  | { readonly name: 'Completed'; readonly timerG: number }
  | { readonly name: 'Confirmed' }
  | { readonly name: 'Accepted' }
  | { readonly name: 'Terminated' };

type T = Transition<InviteServerState>;

const UNANSWERED: InviteServerState = { name: 'Proceeding', answered: false };
const PROCEEDING: InviteServerState = { name: 'Proceeding', answered: true };
const CONFIRMED: InviteServerState = { name: 'Confirmed' };
const ACCEPTED: InviteServerState = { name: 'Accepted' };
const TERMINATED: InviteServerState = { name: 'Terminated' };
const start: T = { state: UNANSWERED, effects: [setTimer('100', INVITE_TRYING_MS), DELIVER_REQUEST] };
const unansweredStays: T = { state: UNANSWERED, effects: NO_EFFECTS };
const trying: T = { state: PROCEEDING, effects: [SEND_TRYING] };
const provisionalAgain: T = { state: PROCEEDING, effects: [SEND_LAST_RESPONSE] };
const provisional: T = { state: PROCEEDING, effects: [clearTimer('100'), SEND_NEW_RESPONSE] };
const provisionalFailed: T = { state: PROCEEDING, effects: [INFORM_TRANSPORT] };
const confirmedStays: T = { state: CONFIRMED, effects: NO_EFFECTS };
const acceptedStays: T = { state: ACCEPTED, effects: NO_EFFECTS };
const acceptedSend: T = { state: ACCEPTED, effects: [SEND_NEW_RESPONSE] };
const acceptedAck: T = { state: ACCEPTED, effects: [DELIVER_ACK] };
const acceptedFailed: T = { state: ACCEPTED, effects: [INFORM_TRANSPORT] };
const noAck: T = { state: TERMINATED, effects: [INFORM_TIMEOUT] };
const done: T = { state: TERMINATED, effects: NO_EFFECTS };

/** One machine for all transactions of one kind of transport. */
export class InviteServerMachine implements ServerMachine<InviteServerState> {
  readonly start: T = start;
  readonly #t2Ms: number;
  readonly #accepted: T;
  readonly #refused: T;
  readonly #confirmed: T;

  constructor(timing: TimersConfig, reliable: boolean) {
    const g = timerG(timing);
    const h = setTimer('H', timerH(timing));
    this.#t2Ms = timing.t2Ms;
    this.#accepted = { state: ACCEPTED, effects: [SEND_NEW_RESPONSE, setTimer('L', timerL(timing))] };
    this.#refused = {
      state: { name: 'Completed', timerG: g },
      effects: reliable ? [SEND_NEW_RESPONSE, h] : [SEND_NEW_RESPONSE, setTimer('G', g), h],
    };
    this.#confirmed = {
      state: CONFIRMED,
      effects: [clearTimer('G'), setTimer('I', timerI(timing, reliable))],
    };
  }

  step(state: InviteServerState, event: ServerEvent): T | undefined {
    switch (state.name) {
      case 'Proceeding':
        switch (event) {
          case 'request':
            return state.answered ? provisionalAgain : unansweredStays;
          case '100 from TU':
          case '101-199 from TU':
            return provisional;
          case '2xx from TU':
            return this.#accepted;
          case '300-699 from TU':
          case '408 from TU':
            return this.#refused;
          case 'timer 100':
            return state.answered ? undefined : trying;
          case 'transport error':
            return state.answered ? provisionalFailed : undefined;
          default:
            return undefined;
        }
      case 'Completed':
        switch (event) {
          case 'request':
            return { state, effects: [SEND_LAST_RESPONSE] };
          case 'timer G':
            return this.#again(state.timerG);
          case 'timer H':
            return noAck;
          case 'ack':
            return this.#confirmed;
          // RFC 6026 §7.1: "MUST NOT discard transaction state based only on … a … transport error".
          case 'transport error':
            return { state, effects: [INFORM_TRANSPORT] };
          default:
            return undefined;
        }
      case 'Confirmed':
        switch (event) {
          case 'ack':
          case 'request':
          case 'transport error':
            return confirmedStays;
          case 'timer I':
            return done;
          default:
            return undefined;
        }
      case 'Accepted':
        switch (event) {
          case 'request':
            return acceptedStays;
          case 'ack':
            return acceptedAck;
          case '2xx from TU':
            return acceptedSend;
          case 'transport error':
            return acceptedFailed;
          case 'timer L':
            return done;
          default:
            return undefined;
        }
      case 'Terminated':
        break;
    }
    return undefined;
  }

  #again(timerGMs: number): T {
    const g = Math.min(2 * timerGMs, this.#t2Ms);
    return { state: { name: 'Completed', timerG: g }, effects: [SEND_LAST_RESPONSE, setTimer('G', g)] };
  }
}
