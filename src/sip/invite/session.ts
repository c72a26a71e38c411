// An established session of a call, at either end, as data: from the 2xx to the end of its dialog (RFC 3261 §14, §15,
// RFC 4028, RFC 5407 figures 1 and 2). Changes are the matter of `changes.ts`, within it.
//
//   open ──BYE of either side, timer, loss──▶ mortal ──BYE and INVITE of ours are answered──▶ over
//
// Mortal: the session is over and its outcome told, but what is under way is completed: a 2xx still gets its ACK, a BYE of
// the peer its 200, and anything else 481.

import type { Change, ChangeEffect, ChangeEvent } from './change.ts';
import { repliesAtEnd, resume, stepChanges } from './changes.ts';
import type { CallEnd } from './end.ts';
import { afterwards, isOwn, late, reply, settle, stepMortal, to, unexpected } from './mortal.ts';
import {
  DEFAULT_SESSION_RULES,
  type MortalSession,
  type OpenSession,
  type SessionEffect,
  type SessionEvent,
  type SessionRules,
  type SessionStart,
  type SessionState,
  type SessionTransition,
} from './session-state.ts';
import {
  answerTimer,
  endDelayMs,
  expiresOfRequest,
  refreshDelayOf,
  timerOfAnswer,
  timerOfResponse,
  type SessionTimer,
} from './session-timer.ts';

/** Begins with the 2xx, sent or received. */
export function beginSession({ changes: begun, timer, minSe, update }: SessionStart): SessionTransition {
  // What was wanted in the early dialog.
  const { state: changes, effects } = resume(begun);
  const state: OpenSession = {
    name: 'open',
    changes,
    timer,
    minSe,
    update,
    refreshing: false,
    failures: 0,
    asked: undefined,
    inviteTimer: undefined,
    updateTimer: undefined,
  };
  const waits = changes.unacknowledged.map(({ cseq, intervalMs }): SessionEffect => ({
    kind: 'wait',
    cseq,
    ms: intervalMs,
  }));
  return pass(state, effects, [...waits, ...(timer === undefined ? [] : [schedule(timer)])]);
}

/** Pure. See `SessionTransition.expected`. */
export function stepSession(
  state: SessionState,
  event: SessionEvent,
  rules: SessionRules = DEFAULT_SESSION_RULES,
): SessionTransition {
  switch (state.name) {
    case 'open':
      return stepOpen(state, event, rules);
    case 'mortal':
      return event.kind === 'change' ? late(state, event.event, rules) : stepMortal(state, event);
    case 'over':
      return afterwards(event);
  }
}

function stepOpen(state: OpenSession, event: SessionEvent, rules: SessionRules): SessionTransition {
  switch (event.kind) {
    case 'change':
      return change(state, event, rules);
    case 'hangUp':
      return end(state, { cause: 'hungUp', by: 'us' }, true);
    case 'bye': {
      const ended = end(state, { cause: 'hungUp', by: 'peer' }, false);
      return { ...ended, effects: [reply(event.cseq, 200), ...ended.effects] };
    }
    case 'request':
      return to(state, { kind: 'serve', cseq: event.cseq });
    case 'timerRefresh':
      return refresh(state, rules);
    case 'timerEnd':
      if (state.timer === undefined) return unexpected(state);
      // RFC 4028 §10: a BYE "slightly before the session expiration", by whoever refreshes and by whoever does not.
      return end(state, { cause: 'expired' }, true);
    case 'byeDone':
      return unexpected(state);
  }
}

type ChangeOfSession = SessionEvent & { kind: 'change' };

function change(state: OpenSession, told: ChangeOfSession, rules: SessionRules): SessionTransition {
  const { event } = told;
  const { state: changes, effects, expected } = stepChanges(state.changes, event, rules.timing);
  if (!expected) return unexpected(state);
  let next: OpenSession = { ...state, changes };
  const extra: SessionEffect[] = [];
  switch (event.kind) {
    case 'received': {
      const { offer } = told;
      const asks = effects.some(({ kind }) => kind === 'asked');
      if (!asks || offer === undefined) break;
      const answer = answerTimer(offer, rules.timer);
      if (answer.kind === 'tooSmall') {
        return to(state, { ...reply(event.cseq, 422), minSe: answer.minSe });
      }
      const minSe = offer.minSe === undefined ? next.minSe : Math.max(offer.minSe, next.minSe ?? 0);
      const key = event.method === 'INVITE' ? 'inviteTimer' : 'updateTimer';
      next = { ...next, minSe, [key]: offer };
      break;
    }
    case 'answer':
      return answered(next, event, effects, rules);
    case 'accepted':
      // RFC 4028 §7.2: each 2xx to a re-INVITE or UPDATE says anew what the timer is.
      next = refreshed(next, timerOfResponse(state.asked, told.expires));
      extra.push(schedule(next.timer));
      break;
    case 'refused':
      return refused(next, state, told, effects, rules);
    default:
      break;
  }
  return pass(next, effects, extra);
}

function refreshed(state: OpenSession, timer: SessionTimer | undefined): OpenSession {
  return { ...state, timer, refreshing: false, failures: 0, asked: undefined };
}

/** Our final response: a 2xx says what the timer is (RFC 4028 §9). */
function answered(
  state: OpenSession,
  { method, status }: ChangeEvent & { kind: 'answer' },
  effects: readonly ChangeEffect[],
  rules: SessionRules,
): SessionTransition {
  const key = method === 'INVITE' ? 'inviteTimer' : 'updateTimer';
  const offer = state[key];
  const next: OpenSession = { ...state, [key]: undefined };
  if (status >= 300 || offer === undefined) return pass(next, effects, []);
  const answer = answerTimer(offer, rules.timer);
  const timer = timerOfAnswer(answer);
  const passed = pass(refreshed(next, timer), effects, [schedule(timer)]);
  if (answer.kind !== 'timer') return passed;
  const { expires, require } = answer;
  return {
    ...passed,
    effects: passed.effects.map((effect) =>
      effect.kind === 'reply' && effect.status === status ? { ...effect, expires, require } : effect,
    ),
  };
}

function refused(
  state: OpenSession,
  before: OpenSession,
  { event, minSe }: ChangeOfSession,
  effects: readonly ChangeEffect[],
  rules: SessionRules,
): SessionTransition {
  const { ours } = before.changes;
  const status = event.kind === 'refused' ? event.status : 0;
  if (ours.name !== 'sent') return pass(state, effects, []);
  // RFC 4028 §7.3: once more, with the largest Min-SE.
  const known = before.asked?.seconds ?? MAX_INTERVAL;
  if (status === 422 && minSe !== undefined && minSe > known && mayRaise(minSe, state)) {
    return insteadOf(before, { ...state, minSe, failures: state.failures + 1 }, event, ours.change, rules);
  }
  // RFC 5057 (3): it is the method that is refused; a re-INVITE does the same.
  if ((status === 405 || status === 501) && ours.change.method === 'UPDATE') {
    return insteadOf(before, { ...state, update: false }, event, { method: 'INVITE', offer: true }, rules);
  }
  return pass(state, effects, []);
}

/** The refused change leaves again, as `change`; what was wanted besides stays behind it. */
function insteadOf(
  { changes: { wanted, ours, ...rest } }: OpenSession,
  state: OpenSession,
  event: ChangeEvent,
  change: Change,
  rules: SessionRules,
): SessionTransition {
  const refusedOne = ours.name === 'sent' ? { ...ours, executed: false } : ours;
  const alone = { ...rest, ours: refusedOne, wanted: undefined };
  const { state: changes } = stepChanges(alone, event, rules.timing);
  const first = wantAgain({ ...state, changes }, change, rules);
  if (wanted === undefined || first.state.name !== 'open') return first;
  const second = wantAgain(first.state, wanted, rules);
  return { ...second, effects: [...first.effects, ...second.effects] };
}

/** A longer interval is no timer any more; seconds. And 422 may raise it so often in a row. */
const MAX_INTERVAL = 86_400;
const MAX_RAISES = 4;

function mayRaise(minSe: number, { failures }: OpenSession): boolean {
  return minSe <= MAX_INTERVAL && failures < MAX_RAISES;
}

function wantAgain(state: OpenSession, wanted: Change, rules: SessionRules): SessionTransition {
  const event: ChangeEvent = { kind: 'want', change: wanted };
  const { state: changes, effects } = stepChanges(state.changes, event, rules.timing);
  return pass({ ...state, changes }, effects, []);
}

function refresh(state: OpenSession, rules: SessionRules): SessionTransition {
  const { timer, changes, update } = state;
  if (timer?.refresher !== 'us') return unexpected(state);
  const due: OpenSession = { ...state, refreshing: true };
  // RFC 4028 §7.2: a request "for purposes other than session refreshes will also have the effect of refreshing".
  if (changes.wanted !== undefined || changes.ours.name === 'sent' || changes.ours.name === 'pausing') {
    return to(due);
  }
  // §7.4: UPDATE without an offer, where the peer takes it; a re-INVITE SHOULD have one.
  return wantAgain(
    due,
    update ? { method: 'UPDATE', offer: false } : { method: 'INVITE', offer: true },
    rules,
  );
}

/** The effects of a change, with what the session adds to them. */
function pass(
  state: OpenSession,
  effects: readonly ChangeEffect[],
  extra: readonly SessionEffect[],
): SessionTransition {
  let next = state;
  const passed: SessionEffect[] = [];
  for (const effect of effects) {
    switch (effect.kind) {
      case 'send': {
        const expires = expiresOfRequest(next.timer, next.minSe);
        next = { ...next, asked: expires };
        const { minSe } = next;
        passed.push({
          ...effect,
          ...(expires === undefined ? {} : { expires }),
          ...(minSe === undefined ? {} : { minSe }),
        });
        break;
      }
      case 'undone': {
        passed.push(effect);
        const retry = retryRefresh(next);
        next = { ...next, asked: undefined, failures: next.failures + 1 };
        if (retry !== undefined) passed.push(retry);
        break;
      }
      case 'lost': {
        // RFC 3261 §12.2.1.2, §13.3.1.4: the dialog is ended, by a BYE too.
        const ended = end(next, { cause: 'lost', why: effect.why }, true);
        return { ...ended, effects: [...passed, ...ended.effects] };
      }
      default:
        passed.push(effect);
    }
  }
  return to(next, ...passed, ...extra);
}

/** §10: "the UAC SHOULD NOT continuously retry"; each time half of what is left, until that is too short. */
function retryRefresh({ refreshing, timer, failures }: OpenSession): SessionEffect | undefined {
  if (!refreshing || timer === undefined) return undefined;
  const ms = refreshDelayOf(timer, failures + 1);
  return ms === undefined ? undefined : { kind: 'retryRefresh', ms };
}

/** The session is over. `bye`: we say so, after the ACK to our first 2xx (RFC 3261 §15: "MUST NOT … until"). */
function end(state: OpenSession, why: CallEnd, bye: boolean): SessionTransition {
  const { changes, timer } = state;
  const { ours, unacknowledged } = changes;
  const first = bye ? unacknowledged.filter((one) => one.first) : [];
  const mortal: MortalSession = {
    name: 'mortal',
    bye: bye ? (first.length > 0 ? 'held' : 'sent') : 'no',
    changes: { ...changes, wanted: undefined, invite: undefined, update: undefined, unacknowledged: first },
  };
  const closing = repliesAtEnd({
    ...changes,
    unacknowledged: unacknowledged.filter((one) => !first.includes(one)),
  });
  // RFC 5407 appendix D: the three-way handshake is completed, whatever becomes of the session.
  const owed: SessionEffect[] =
    ours.name === 'owed' ? [{ kind: 'ack', description: 'answer', rejecting: true }] : [];
  const effects: SessionEffect[] = [
    ...owed,
    ...closing.flatMap((effect) => (isOwn(effect) ? [effect] : [])),
    ...(timer === undefined ? [] : [schedule(undefined)]),
    ...(mortal.bye === 'sent' ? [{ kind: 'bye' as const }] : []),
    { kind: 'ended', end: why },
  ];
  return settle(mortal, ...effects);
}

function schedule(timer: SessionTimer | undefined): SessionEffect {
  if (timer === undefined) return { kind: 'schedule' };
  const refreshMs = timer.refresher === 'us' ? refreshDelayOf(timer, 0) : undefined;
  const endMs = endDelayMs(timer);
  return refreshMs === undefined ? { kind: 'schedule', endMs } : { kind: 'schedule', refreshMs, endMs };
}
