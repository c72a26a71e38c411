// The non-INVITE server transaction (RFC 3261 §17.2.2, figure 8, as changed by RFC 4320 §4 and RFC 6026 §8.8).
//
//            | request received: to TU, set timer 100
//            V
//        Trying ------------------ request: absorbed
//            | timer 100, or 100 from TU over a reliable transport: send 100, set expiry
//            V
//        Proceeding -------------- request: send 100 again
//            | 200-699 from TU: send it, set J (also straight from Trying); 408 from TU, expiry: send nothing, set J
//            V
//        Completed --------------- request: send the final response again, if there was one
//            | timer J
//            V
//        Terminated

import {
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
import { nonInviteExpiry, nonInviteTrying, timerJ, type TimersConfig } from './timing.ts';

export type NonInviteServerState =
  | { readonly name: 'Trying' }
  | { readonly name: 'Proceeding' }
  /** `answered` is false when no final response may be sent (RFC 4320 §4.2). */
  | { readonly name: 'Completed'; readonly answered: boolean }
  | { readonly name: 'Terminated' };

type T = Transition<NonInviteServerState>;

const TRYING: NonInviteServerState = { name: 'Trying' };
const PROCEEDING: NonInviteServerState = { name: 'Proceeding' };
const ANSWERED: NonInviteServerState = { name: 'Completed', answered: true };
const SILENT: NonInviteServerState = { name: 'Completed', answered: false };
const tryingStays: T = { state: TRYING, effects: NO_EFFECTS };
const silentStays: T = { state: SILENT, effects: NO_EFFECTS };
const answeredStays: T = { state: ANSWERED, effects: NO_EFFECTS };
const proceedingStays: T = { state: PROCEEDING, effects: NO_EFFECTS };
const tryingAgain: T = { state: PROCEEDING, effects: [SEND_LAST_RESPONSE] };
const answerAgain: T = { state: ANSWERED, effects: [SEND_LAST_RESPONSE] };
const done: T = { state: { name: 'Terminated' }, effects: NO_EFFECTS };
// RFC 6026 §8.8: "SHOULD inform the TU that a failure has occurred, and MUST remain in the current state".
const proceedingFailed: T = { state: PROCEEDING, effects: [INFORM_TRANSPORT] };
const answerFailed: T = { state: ANSWERED, effects: [INFORM_TRANSPORT] };

/** One machine for all transactions of one kind of transport; its ordinary transitions are shared constants. */
export class NonInviteServerMachine implements ServerMachine<NonInviteServerState> {
  readonly start: T;
  readonly #reliable: boolean;
  readonly #trying: T;
  readonly #final: T;
  readonly #silent: T;
  readonly #expired: T;

  constructor(timing: TimersConfig, reliable: boolean) {
    const tryingMs = nonInviteTrying(timing);
    const j = setTimer('J', timerJ(timing, reliable));
    this.#reliable = reliable;
    this.start = { state: TRYING, effects: [setTimer('100', tryingMs), DELIVER_REQUEST] };
    this.#trying = {
      state: PROCEEDING,
      effects: [SEND_TRYING, setTimer('expiry', nonInviteExpiry(timing) - tryingMs)],
    };
    this.#final = { state: ANSWERED, effects: [SEND_NEW_RESPONSE, j] };
    this.#silent = { state: SILENT, effects: [j] };
    this.#expired = { state: SILENT, effects: [j, INFORM_TIMEOUT] };
  }

  step(state: NonInviteServerState, event: ServerEvent): T | undefined {
    switch (state.name) {
      case 'Trying':
        switch (event) {
          // §17.2.2: "Once in the "Trying" state, any further request retransmissions are discarded."
          case 'request':
            return tryingStays;
          // RFC 4320 §4.1: over an unreliable transport not before the timer, which will send it.
          case '100 from TU':
            return this.#reliable ? this.#trying : tryingStays;
          // RFC 4320 §4.1: "MUST NOT send any provisional response with a Status-Code other than 100".
          case '101-199 from TU':
            return tryingStays;
          case 'timer 100':
            return this.#trying;
          default:
            return this.#open(event);
        }
      case 'Proceeding':
        switch (event) {
          case 'request':
          case '100 from TU':
            return tryingAgain;
          case '101-199 from TU':
            return proceedingStays;
          case 'transport error':
            return proceedingFailed;
          default:
            return this.#open(event);
        }
      case 'Completed':
        switch (event) {
          case 'request':
            return state.answered ? answerAgain : silentStays;
          // "Any other final responses passed by the TU … MUST be discarded while in the "Completed" state."
          case '2xx from TU':
          case '300-699 from TU':
          case '408 from TU':
            return state.answered ? answeredStays : silentStays;
          case 'transport error':
            return state.answered ? answerFailed : silentStays;
          case 'timer J':
            return done;
          default:
            return undefined;
        }
      case 'Terminated':
        break;
    }
    return undefined;
  }

  #open(event: ServerEvent): T | undefined {
    switch (event) {
      case '2xx from TU':
      case '300-699 from TU':
        return this.#final;
      // RFC 4320 §4.2: "MUST NOT send a response with Status-Code of 408 to a non-INVITE request".
      case '408 from TU':
        return this.#silent;
      case 'timer expiry':
        return this.#expired;
      default:
        return undefined;
    }
  }
}
