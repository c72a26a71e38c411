// What every part of machine K does: transitions, timers, and the end of a call, which is told once.

import { ok, type Result } from '../../base/index.ts';
import {
  NO_AGREEMENT,
  stepOfferAnswer,
  type OfferAnswerEvent,
  type SessionDescription,
} from '../../sdp/index.ts';
import { transferredReason, type OwnAction } from '../../xmpp/index.ts';
import type {
  CallEffect,
  CallEvent,
  CallOutcome,
  CallState,
  CallTimer,
  CallTransition,
  Ending,
  Legs,
} from './machine-types.ts';

export type Handler<K extends CallEvent['kind']> = (
  state: CallState,
  event: Extract<CallEvent, { kind: K }>,
) => CallTransition;

const NO_EFFECTS: readonly CallEffect[] = [];

export function to(state: CallState, ...effects: readonly CallEffect[]): CallTransition {
  return { state, effects, expected: true };
}

/** An event that belongs to the state and changes nothing. */
export function same(state: CallState): CallTransition {
  return { state, effects: NO_EFFECTS, expected: true };
}

export function unexpected(state: CallState): CallTransition {
  return { state, effects: NO_EFFECTS, expected: false };
}

/** The effects of one step behind those of another. */
export function after(effects: readonly CallEffect[], next: CallTransition): CallTransition {
  return { ...next, effects: [...effects, ...next.effects] };
}

export function session(action: OwnAction): CallEffect {
  return { kind: 'session', action };
}

/** The effect that starts it, and the state that knows. */
export function withTimer(state: CallState, timer: CallTimer, ms: number): CallTransition {
  const timers = state.timers.includes(timer) ? state.timers : [...state.timers, timer];
  return to({ ...state, timers }, { kind: 'startTimer', timer, ms });
}

export function withoutTimer(state: CallState, timer: CallTimer): CallTransition {
  if (!state.timers.includes(timer)) return same(state);
  const timers = state.timers.filter((each) => each !== timer);
  return to({ ...state, timers }, { kind: 'stopTimer', timer });
}

/**
 * The call ends: each leg that lives is told, and the outcome is, once. A leg that ended by itself is not among `legs` of
 * the state any more. Nothing is left of the call when all of them have said so (`legEnded`).
 */
export function endCall(state: CallState, how: Ending): CallTransition {
  const { legs, timers } = state;
  const { status, cause, text, outcome } = how;
  const reason =
    how.transferred === true
      ? transferredReason(text)
      : { condition: how.reason, ...(text === undefined ? {} : { text }) };
  const effects: CallEffect[] = timers.map((timer) => ({ kind: 'stopTimer', timer }));
  if (legs.sip) {
    effects.push({
      ...{ kind: 'endSip', status },
      ...(cause === undefined ? {} : { cause }),
      ...(text === undefined ? {} : { text }),
    });
  }
  if (legs.session) effects.push(session({ action: 'session-terminate', reason }));
  // CALL-99: which message says so is seen by its machine.
  if (legs.initiation) effects.push({ kind: 'initiation', event: { kind: 'leave', reason } });
  effects.push({ kind: 'outcome', outcome });
  const ended: CallState = {
    ...state,
    ...{ phase: 'ended', timers: [], asked: undefined, offered: undefined },
    ...{ adding: [], replacing: [], untold: [], early: [], dirty: false },
    // It is known for a while yet, and nobody asks any more what was agreed.
    ...{ table: [], contents: [], groups: [], exchange: NO_AGREEMENT, sent: undefined },
  };
  if (isOver(legs)) effects.push({ kind: 'over' });
  return to(ended, ...effects);
}

/** One leg reports its end; what follows from it is `then`'s, unless the call has ended already. */
export function legEnded(
  state: CallState,
  leg: keyof Legs,
  then: (state: CallState) => Ending,
): CallTransition {
  // A session that came when all was over has an end as well.
  if (!state.legs[leg]) return state.phase === 'ended' ? same(state) : unexpected(state);
  const legs: Legs = { ...state.legs, [leg]: false };
  const next: CallState = { ...state, legs };
  if (state.phase !== 'ended') return endCall(next, then(state));
  return isOver(legs) ? to(next, { kind: 'over' }) : to(next);
}

function isOver({ sip, session: jingle, initiation }: Legs): boolean {
  return !sip && !jingle && !initiation;
}

/** The gateway ends the call: what was said does not fit. `status`: to a SIP side that waits for one; `text`: to both sides. */
export function giveUp(state: CallState, status: number, why: string, text?: string): CallTransition {
  const outcome: CallOutcome =
    state.phase === 'up'
      ? { kind: 'ended', by: 'gateway' }
      : { kind: 'failed', side: 'gateway', status, why };
  const reason = status === 488 ? 'incompatible-parameters' : 'general-error';
  return endCall(state, { status, cause: status, reason, text, outcome });
}

/** The exchange of descriptions after this. */
export function exchanged(
  state: CallState,
  event: Exclude<OfferAnswerEvent, { type: 'fail' }>,
): Result<CallState> {
  const next = stepOfferAnswer(state.exchange, event);
  if (!next.ok) return next;
  const isOurs = event.type === 'sendOffer' || event.type === 'sendAnswer';
  return ok({ ...state, exchange: next.value, ...(isOurs ? { sent: event.description } : {}) });
}

/** What was open failed, and what was agreed holds. */
export function failedExchange(state: CallState): CallState {
  const { exchange } = state;
  return exchange.name === 'stable'
    ? state
    : { ...state, exchange: { name: 'stable', agreed: exchange.agreed } };
}

/** What the SIP side said last, of what was agreed. */
export function remoteOf({ exchange }: CallState): SessionDescription | undefined {
  return exchange.agreed?.remote;
}
