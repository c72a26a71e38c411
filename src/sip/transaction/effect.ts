// What a transaction machine asks of its driver, and the form of its transitions (RFC 3261 §17).

import type { TimerName } from './timing.ts';

/**
 * `setTimer`: a transaction has at most one retransmission timer (A, E, G) and one other timer at a time; setting one
 * replaces the one before, and entering Terminated clears both. `send` of a `newResponse` makes it the last response;
 * `lastResponse` is the one sent before.
 */
export type Effect =
  | { readonly kind: 'send'; readonly what: 'request' | 'ack' | 'newResponse' | 'trying' | 'lastResponse' }
  | { readonly kind: 'deliver'; readonly what: 'request' | 'response' | 'ack' }
  | { readonly kind: 'inform'; readonly reason: 'timeout' | 'transport' }
  | { readonly kind: 'setTimer'; readonly timer: TimerName; readonly ms: number }
  | { readonly kind: 'clearTimer'; readonly timer: TimerName };

/** `step` gives undefined for an event that the state does not expect: the state stays, the driver counts and logs. */
export interface Transition<S> {
  readonly state: S;
  readonly effects: readonly Effect[];
}

export const NO_EFFECTS: readonly Effect[] = [];

export const SEND_REQUEST: Effect = { kind: 'send', what: 'request' };
export const SEND_ACK: Effect = { kind: 'send', what: 'ack' };
export const SEND_NEW_RESPONSE: Effect = { kind: 'send', what: 'newResponse' };
export const SEND_LAST_RESPONSE: Effect = { kind: 'send', what: 'lastResponse' };
export const SEND_TRYING: Effect = { kind: 'send', what: 'trying' };
export const DELIVER_REQUEST: Effect = { kind: 'deliver', what: 'request' };
export const DELIVER_RESPONSE: Effect = { kind: 'deliver', what: 'response' };
export const DELIVER_ACK: Effect = { kind: 'deliver', what: 'ack' };
export const INFORM_TIMEOUT: Effect = { kind: 'inform', reason: 'timeout' };
export const INFORM_TRANSPORT: Effect = { kind: 'inform', reason: 'transport' };

export function setTimer(timer: TimerName, ms: number): Effect {
  return { kind: 'setTimer', timer, ms };
}

export function clearTimer(timer: TimerName): Effect {
  return { kind: 'clearTimer', timer };
}
