// What happens to transactions, in the words of the figures (RFC 3261 §17), and the form of the machines.

import type { Transition } from './effect.ts';
import type { TimerName } from './timing.ts';

export type TimerEvent = `timer ${TimerName}`;

/** A response by its class, a timer that fired, or a failed send. */
export type ClientEvent = '1xx' | '2xx' | '300-699' | 'transport error' | TimerEvent;

/** A retransmitted request, an ACK, what the TU responds, a timer that fired, or a failed send. */
export type ServerEvent =
  | 'request'
  | 'ack'
  | '100 from TU'
  | '101-199 from TU'
  | '2xx from TU'
  | '300-699 from TU'
  /** Apart from its class, because RFC 4320 §4.2 forbids it where there is no INVITE. */
  | '408 from TU'
  | 'transport error'
  | TimerEvent;

/** `step` is pure; undefined means that the state does not expect the event and stays. */
export interface Machine<S, E> {
  /** What a new transaction does. */
  readonly start: Transition<S>;
  step(state: S, event: E): Transition<S> | undefined;
}

export type ClientMachine<S> = Machine<S, ClientEvent>;
export type ServerMachine<S> = Machine<S, ServerEvent>;

export function clientEvent(status: number): ClientEvent {
  if (status < 200) return '1xx';
  return status < 300 ? '2xx' : '300-699';
}

export function serverEvent(status: number): ServerEvent {
  if (status === 100) return '100 from TU';
  if (status < 200) return '101-199 from TU';
  if (status < 300) return '2xx from TU';
  return status === 408 ? '408 from TU' : '300-699 from TU';
}
