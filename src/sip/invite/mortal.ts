// A session after its end (RFC 5407 §2, "Mortal" and "Morgue", appendix D): what is under way is completed.

import type { ChangeEffect, ChangeEvent } from './change.ts';
import { stepChanges } from './changes.ts';
import type {
  MortalSession,
  SessionEffect,
  SessionEvent,
  SessionRules,
  SessionState,
  SessionTransition,
} from './session-state.ts';

const OVER: SessionState = { name: 'over' };

/** Over when nothing is under way any more. */
export function settle(state: MortalSession, ...effects: SessionEffect[]): SessionTransition {
  const { ours } = state.changes;
  if (state.bye !== 'no' || (ours.name === 'sent' && ours.change.method === 'INVITE'))
    return to(state, ...effects);
  return to(OVER, ...effects, { kind: 'over' });
}

/** What a change under way still brings. */
export function late(state: MortalSession, event: ChangeEvent, rules: SessionRules): SessionTransition {
  const { changes } = state;
  const { ours } = changes;
  const idle: MortalSession = { ...state, changes: { ...changes, ours: { name: 'idle' } } };
  switch (event.kind) {
    case 'accepted': {
      if (ours.name !== 'sent') return unexpected(state);
      if (ours.change.method === 'UPDATE') return settle(idle);
      // RFC 5407 §3.2.3; an offer in it needs an answer, if only to be refused.
      return event.description === 'offer'
        ? settle(idle, { kind: 'ack', description: 'answer', rejecting: true })
        : settle(idle, { kind: 'ack', description: 'none' });
    }
    case 'acceptedAgain':
      return to(state, { kind: 'ackAgain', cseq: event.cseq });
    case 'refused':
    case 'failed':
      return ours.name === 'sent' ? settle(idle) : unexpected(state);
    case 'received':
      return to(state, reply(event.cseq, 481));
    case 'ack':
    case 'timerAgain':
      return state.bye === 'held' ? heldBye(state, event, rules) : to(state);
    default:
      return to(state);
  }
}

export function heldBye(
  state: MortalSession,
  event: ChangeEvent & { kind: 'ack' | 'timerAgain' },
  rules: SessionRules,
): SessionTransition {
  const { state: changes, effects, expected } = stepChanges(state.changes, event, rules.timing);
  if (!expected) return unexpected(state);
  // RFC 5407 §3.2.4: an answer in the ACK is ignored.
  const passed = effects.flatMap((effect) => (isOwn(effect) && effect.kind !== 'take' ? [effect] : []));
  if (changes.unacknowledged.length > 0) return to({ ...state, changes }, ...passed);
  return to({ ...state, changes, bye: 'sent' }, ...passed, { kind: 'bye' });
}

type OtherEvent = Exclude<SessionEvent, { kind: 'change' }>;

export function stepMortal(state: MortalSession, event: OtherEvent): SessionTransition {
  switch (event.kind) {
    case 'bye':
      // RFC 5407 §3.2.1: both at once.
      if (state.bye !== 'held') return to(state, reply(event.cseq, 200));
      return settle(
        { ...state, bye: 'no', changes: { ...state.changes, unacknowledged: [] } },
        reply(event.cseq, 200),
        ...state.changes.unacknowledged.map(({ cseq }): SessionEffect => ({ kind: 'stopWait', cseq })),
      );
    case 'byeDone':
      return state.bye === 'sent' ? settle({ ...state, bye: 'no' }) : unexpected(state);
    case 'request':
      // RFC 5407 §3.3.3.
      return to(state, reply(event.cseq, 481));
    case 'hangUp':
    case 'timerRefresh':
    case 'timerEnd':
      return to(state);
  }
}

export function afterwards(event: SessionEvent): SessionTransition {
  switch (event.kind) {
    case 'bye':
    case 'request':
      return to(OVER, reply(event.cseq, 481));
    case 'hangUp':
      return to(OVER);
    case 'change': {
      const inner = event.event;
      if (inner.kind === 'received') return to(OVER, reply(inner.cseq, 481));
      if (inner.kind === 'acceptedAgain') return to(OVER, { kind: 'ackAgain', cseq: inner.cseq });
      return inner.kind === 'ack' ? to(OVER) : unexpected(OVER);
    }
    default:
      return unexpected(OVER);
  }
}

export function isOwn(effect: ChangeEffect): effect is Exclude<ChangeEffect, { kind: 'lost' }> {
  return effect.kind !== 'lost';
}

export function reply(cseq: number, status: number): SessionEffect & { kind: 'reply' } {
  return { kind: 'reply', cseq, status, description: 'none' };
}

export function to(state: SessionState, ...effects: SessionEffect[]): SessionTransition {
  return { state, effects, expected: true };
}

export function unexpected(state: SessionState): SessionTransition {
  return { state, effects: [], expected: false };
}
