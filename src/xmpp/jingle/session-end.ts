// The ends of a Jingle session: with a session-terminate of ours, and without one. Nothing else reports an end.

import { jingleError } from './jingle-error.ts';
import type { Jingle } from './jingle.ts';
import type {
  OwnAction,
  SessionEffect,
  SessionEnd,
  SessionEndCause,
  SessionState,
  SessionTransition,
} from './session-types.ts';

const NO_EFFECTS: readonly SessionEffect[] = [];

/** An event that belongs to the state and changes nothing. */
export function same(state: SessionState): SessionTransition {
  return { state, effects: NO_EFFECTS, expected: true };
}

/** An event that the state knows nothing of. */
export function unexpected(state: SessionState): SessionTransition {
  return { state, effects: NO_EFFECTS, expected: false };
}

/** The `<jingle/>` of an action of ours. */
export function jingleOf(state: SessionState, action: OwnAction): Jingle {
  // §7.1: both are for one action each, and "SHOULD NOT" stand in others.
  return {
    action: action.action,
    sid: state.sid,
    initiator: action.action === 'session-initiate' ? state.self : undefined,
    responder: action.action === 'session-accept' ? state.self : undefined,
    contents: action.contents ?? [],
    groups: action.groups ?? [],
    reason: action.reason,
    infos: action.infos ?? [],
  };
}

/** Ends the session without a word to the other party; `effects` come before. Only in `pending` and `active`. */
export function close(
  state: SessionState,
  cause: SessionEndCause,
  details: Pick<SessionEnd, 'reason' | 'error'> = {},
  effects: readonly SessionEffect[] = [],
): SessionTransition {
  const phase = state.phase === 'active' ? 'active' : 'pending';
  return {
    state: { ...state, phase: 'ended', requests: [], questions: [], vanishing: false },
    effects: [
      ...effects,
      // Whoever asked something is answered, whatever became of it.
      ...state.questions.map((id): SessionEffect => ({
        kind: 'refuse',
        id,
        error: jingleError('unknown-session'),
      })),
      ...(state.vanishing ? [{ kind: 'stopGrace' } as const] : []),
      { kind: 'end', end: { cause, phase, ...details } },
    ],
    expected: true,
  };
}

/** The same with a session-terminate, by which the session is over even before its answer (§6.7). */
export function terminate(
  state: SessionState,
  cause: SessionEndCause,
  details: Pick<SessionEnd, 'reason' | 'error'>,
  effects: readonly SessionEffect[] = [],
): SessionTransition {
  const jingle = jingleOf(state, { action: 'session-terminate', reason: details.reason });
  return close(state, cause, details, [...effects, { kind: 'request', request: state.next, jingle }]);
}
