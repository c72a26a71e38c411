// A call that we make, up to the first 2xx or the final failure, as data (RFC 3261 §13.2, §9.1; RFC 3262 §4; RFC 5407
// figure 1 and appendices A, C, E). Each To tag is a dialog of its own: the INVITE may have forked.
//
//   calling ──1xx──▶ proceeding ──2xx──▶ answered ──64*T1──▶ over
//      │                 │                  ▲ 2xx of other forks: ACK and BYE
//      └────────┬────────┘
//               └──3xx … 6xx, nothing──▶ over
//
// Hanging up is a wish in both states: CANCEL leaves when a provisional response is there, and a 2xx that crosses it is
// acknowledged and ended. With the first 2xx the session begins (`session.ts`); this machine keeps what concerns the INVITE.

import type { SessionExpires } from '../header/session-timer.ts';
import { DEFAULT_TIMERS, type TimersConfig } from '../transaction/timing.ts';
import type { ChangeEffect, ChangeEvent, Changes } from './change.ts';
import { repliesAtEnd, resume, stepChanges } from './changes.ts';
import type { CallEnd } from './end.ts';
import { beginFork, forkAccepted, forkProgress, type Fork, type ForkEffect } from './fork.ts';
import type { Description } from './offers.ts';
import { ABSOLUTE_MIN_SE } from './session-timer.ts';

/** What the INVITE says, and says again after 422. */
export interface CallOffer {
  readonly description: Description;
  readonly expires: SessionExpires | undefined;
  readonly minSe: number | undefined;
}

/** Why we do not want the call any more. */
type Wish = 'call' | 'hungUp' | 'noAnswer';

interface Trying {
  readonly name: 'calling' | 'proceeding';
  readonly offer: CallOffer;
  readonly wish: Wish;
  readonly forks: readonly Fork[];
  /** Times that 422 raised the interval. */
  readonly raised: number;
}

interface Answered {
  readonly name: 'answered';
  readonly offer: CallOffer;
  readonly wish: Wish;
  /** Dialogs that may still answer. */
  readonly forks: readonly Fork[];
  /** To tags of all that were answered with 2xx, in lower case. */
  readonly accepted: readonly string[];
  /** The outcome was told. */
  readonly told: boolean;
}

export type CallerState = Trying | Answered | { readonly name: 'over' };

export type CallerEvent =
  /** The INVITE left once more, for another target or with credentials: what the last one began is gone. */
  | { readonly kind: 'retried' }
  /** `rseq`: it has "Require: 100rel" and is above 100 (RFC 3262 §4). `tag`: absent without one. */
  | {
      readonly kind: 'provisional';
      readonly status: number;
      readonly tag?: string;
      readonly rseq?: number;
      readonly description: Description;
    }
  /** Each 2xx that arrives, retransmissions too. */
  | { readonly kind: 'accepted'; readonly tag: string; readonly description: Description }
  /** Another final response, after credentials and further targets; `minSe` with 422. */
  | { readonly kind: 'refused'; readonly status: number; readonly minSe?: number }
  | { readonly kind: 'failed'; readonly reason: 'timeout' | 'transport' | 'unlocatable' | 'stopped' }
  | { readonly kind: 'hangUp' }
  /** The time that the owner of the call gives the callee is over. */
  | { readonly kind: 'timerNoAnswer' }
  /** Our answer to the offer of a reliable provisional response is there. */
  | { readonly kind: 'acknowledge'; readonly tag: string }
  /** Of an UPDATE in an early dialog. */
  | { readonly kind: 'change'; readonly tag: string; readonly event: ChangeEvent }
  /** Ends one early dialog by BYE, and leaves the others (RFC 5407 appendix A); also when a PRACK failed for good. */
  | { readonly kind: 'endFork'; readonly tag: string }
  /** That BYE failed. */
  | { readonly kind: 'byeFailed'; readonly tag: string }
  /** The end of `waitForForks`. */
  | { readonly kind: 'timerForks' };

export type CallerEffect =
  | ForkEffect
  | { readonly kind: 'invite'; readonly offer: CallOffer }
  /** No further target and no credentials any more: what comes next is the last word. */
  | { readonly kind: 'stopTrying' }
  | { readonly kind: 'cancel' }
  /** The callee rings, or the like. */
  | { readonly kind: 'progress'; readonly status: number; readonly tag?: string }
  /** ACK to the 2xx at hand. `rejecting`: with an answer that refuses every medium. */
  | { readonly kind: 'ack'; readonly tag: string; readonly rejecting?: true }
  /** The ACK once more, if it was sent. */
  | { readonly kind: 'ackAgain'; readonly tag: string }
  | { readonly kind: 'bye'; readonly tag: string }
  /** An early dialog is no more. */
  | { readonly kind: 'forkEnded'; readonly tag: string }
  | { readonly kind: 'change'; readonly tag: string; readonly effect: ChangeEffect }
  /** The session begins in this dialog: `beginSession`. When `changes.ours` is "owed", it sends the ACK. */
  | { readonly kind: 'established'; readonly tag: string; readonly changes: Changes }
  | { readonly kind: 'waitForForks'; readonly ms: number }
  /** The only outcome, unless a session was established. */
  | { readonly kind: 'ended'; readonly end: CallEnd };

export interface CallerTransition {
  readonly state: CallerState;
  readonly effects: readonly CallerEffect[];
  readonly expected: boolean;
}

/** More dialogs of one INVITE are not heard before they answer. */
const MAX_FORKS = 16;
/** 422 may raise the interval so often (RFC 4028 §13 needs two), and to so much. */
const MAX_RAISES = 4;
const MAX_INTERVAL = 86_400;

const OVER: CallerState = { name: 'over' };

/** Begins with the INVITE. */
export function beginCaller(offer: CallOffer): CallerTransition {
  const state: Trying = { name: 'calling', offer, wish: 'call', forks: [], raised: 0 };
  return to(state, { kind: 'invite', offer });
}

/** Pure. See `CallerTransition.expected`. */
export function stepCaller(
  state: CallerState,
  event: CallerEvent,
  timing: TimersConfig = DEFAULT_TIMERS,
): CallerTransition {
  if (state.name === 'over') return afterwards(event);
  if (event.kind === 'accepted') return accepted(state, event.tag, event.description, timing);
  if (event.kind === 'byeFailed' || event.kind === 'acknowledge' || event.kind === 'change') {
    return inFork(state, event);
  }
  if (state.name === 'answered') return answered(state, event);
  switch (event.kind) {
    case 'retried':
      if (state.wish !== 'call') return unexpected(state);
      return to({ ...state, name: 'calling', forks: [] }, ...gone(state.forks));
    case 'provisional':
      return provisional(state, event);
    case 'refused':
      return refused(state, event);
    case 'failed':
      return over(state, { cause: 'failed', reason: event.reason });
    case 'hangUp':
      return giveUp(state, 'hungUp');
    case 'timerNoAnswer':
      return giveUp(state, 'noAnswer');
    case 'endFork':
      return inFork(state, event);
    case 'timerForks':
      return unexpected(state);
  }
}

function provisional(state: Trying, event: CallerEvent & { kind: 'provisional' }): CallerTransition {
  const { status, tag, rseq, description } = event;
  // RFC 3261 §9.1: "If no provisional response has been received, the CANCEL request MUST NOT be sent".
  const cancel: CallerEffect[] =
    state.name === 'calling' && state.wish !== 'call' ? [{ kind: 'cancel' }] : [];
  const next: Trying = { ...state, name: 'proceeding' };
  if (status === 100) return to(next, ...cancel);
  if (tag === undefined) return to(next, ...cancel, ...told(state, { kind: 'progress', status }));
  const key = tag.toLowerCase();
  const known = state.forks.find((fork) => fork.tag === key);
  // RFC 6228: this branch has failed, others may still answer.
  if (status === 199) {
    const forks = state.forks.filter((fork) => fork !== known);
    return to({ ...next, forks }, ...cancel, ...gone(known === undefined ? [] : [known]));
  }
  if (known === undefined && state.forks.length >= MAX_FORKS) return to(next, ...cancel);
  const fork = known ?? beginFork(key, state.offer.description);
  const progress = fork.ended === 'no' ? forkProgress(fork, { rseq, description }) : undefined;
  if (progress === undefined) return to(next, ...cancel);
  const { state: changes, effects } = resume(progress.fork.changes);
  const now: Fork = { ...progress.fork, changes };
  const forks = known === undefined ? [...state.forks, now] : replaced(state.forks, now);
  const heard = told(state, { kind: 'progress', status, tag: key });
  return to({ ...next, forks }, ...cancel, ...progress.effects, ...heard, ...passedOn(key, effects));
}

/** Nobody hears of the progress of a call that is given up. */
function told(state: Trying, effect: CallerEffect): CallerEffect[] {
  return state.wish === 'call' ? [effect] : [];
}

function giveUp(state: Trying, wish: Exclude<Wish, 'call'>): CallerTransition {
  if (state.wish !== 'call') return to(state);
  const next: Trying = { ...state, wish };
  return state.name === 'calling'
    ? to(next, { kind: 'stopTrying' })
    : to(next, { kind: 'stopTrying' }, { kind: 'cancel' });
}

function refused(state: Trying, { status, minSe }: CallerEvent & { kind: 'refused' }): CallerTransition {
  const { offer, raised } = state;
  const known = Math.max(offer.minSe ?? ABSOLUTE_MIN_SE, offer.expires?.seconds ?? 0);
  // RFC 4028 §7.4: "the largest value among all Min-SE header field values returned in all 422 responses".
  const raises =
    status === 422 && minSe !== undefined && minSe > known && minSe <= MAX_INTERVAL && raised < MAX_RAISES;
  if (!raises || state.wish !== 'call') return over(state, { cause: 'refused', status });
  const next: CallOffer = { ...offer, minSe, expires: { ...offer.expires, seconds: minSe } };
  return to({ ...state, name: 'calling', forks: [], offer: next, raised: raised + 1 }, ...gone(state.forks), {
    kind: 'invite',
    offer: next,
  });
}

/** The INVITE has its final failure, or never gets one. */
function over(state: Trying, end: CallEnd): CallerTransition {
  return to(OVER, ...gone(state.forks), { kind: 'ended', end: wished(state.wish, end) });
}

/** What we wanted is what happened. */
function wished(wish: Wish, end: CallEnd): CallEnd {
  if (wish === 'call') return end;
  return wish === 'hungUp' ? { cause: 'cancelled', by: 'us' } : { cause: 'noAnswer' };
}

function accepted(
  state: Trying | Answered,
  tag: string,
  description: Description,
  timing: TimersConfig,
): CallerTransition {
  const key = tag.toLowerCase();
  const before = state.name === 'answered' ? state.accepted : [];
  // §13.2.2.4: a retransmission; the ACK is the same.
  if (before.includes(key)) return to(state, { kind: 'ackAgain', tag: key });
  const fork = state.forks.find((one) => one.tag === key) ?? beginFork(key, state.offer.description);
  const wait: CallerEffect[] =
    state.name === 'answered' ? [] : [{ kind: 'waitForForks', ms: 64 * timing.t1Ms }];
  const next: Answered = {
    name: 'answered',
    offer: state.offer,
    wish: state.wish,
    forks: state.forks.filter((one) => one !== fork),
    accepted: before.length < MAX_FORKS ? [...before, key] : before,
    told: state.name === 'answered' && state.told,
  };
  if (state.wish !== 'call') {
    const ended: CallerEffect = { kind: 'ended', end: wished(state.wish, { cause: 'cancelled', by: 'us' }) };
    const outcome = next.told ? [] : [...gone(next.forks), ended];
    return to(decided(next), ...unwanted(fork, description), ...wait, ...outcome);
  }
  // RFC 5407 §3.1.3: a dialog that we ended stays ended; RFC 3261 §13.2.2.4 and CALL-28: only the first one counts.
  if (next.told || fork.ended !== 'no') return to(next, ...unwanted(fork, description), ...wait);
  const acceptance = forkAccepted(fork, description);
  if (acceptance.kind === 'nothing') {
    const end: CallEnd = { cause: 'lost', why: 'noAnswer' };
    const outcome: CallerEffect[] = [...gone(next.forks), { kind: 'ended', end }];
    return to(decided(next), ...unwanted(fork, 'none'), ...wait, ...outcome);
  }
  const ack: CallerEffect[] = acceptance.owed ? [] : [{ kind: 'ack', tag: key }];
  const take: CallerEffect[] = acceptance.take ? [{ kind: 'take', tag: key, description }] : [];
  const established: CallerEffect = { kind: 'established', tag: key, changes: acceptance.changes };
  return to(decided(next), ...take, ...ack, ...wait, ...gone(next.forks), established);
}

/** The outcome is told; the other dialogs are no more (RFC 5407 appendix E), except that they may still answer. */
function decided(state: Answered): Answered {
  const forks = state.forks.map((fork): Fork => (fork.ended === 'no' ? { ...fork, ended: 'other' } : fork));
  return { ...state, forks, told: true };
}

/** ACK and BYE: the INVITE is complete, and its dialog ends. */
function unwanted(fork: Fork, description: Description): CallerEffect[] {
  const { tag } = fork;
  const asks = description === 'offer' && fork.changes.offer === 'none';
  const ack: CallerEffect = asks ? { kind: 'ack', tag, rejecting: true } : { kind: 'ack', tag };
  if (fork.ended === 'bye') return [ack];
  return [ack, ...(fork.ended === 'no' ? lastReplies(fork) : []), { kind: 'bye', tag }];
}

function answered(state: Answered, event: CallerEvent): CallerTransition {
  switch (event.kind) {
    case 'timerForks': {
      // Only dialogs that we had ended answered.
      const end = wished(state.wish, { cause: 'cancelled', by: 'us' });
      return state.told ? to(OVER) : to(OVER, ...gone(state.forks), { kind: 'ended', end });
    }
    case 'hangUp':
    case 'timerNoAnswer':
      // The session is asked to hang up; this is for a call without one.
      if (state.told || state.wish !== 'call') return to(state);
      return to({ ...state, wish: event.kind === 'hangUp' ? 'hungUp' : 'noAnswer' });
    case 'provisional':
      // It was overtaken.
      return to(state);
    default:
      return unexpected(state);
  }
}

type ForkEvent = CallerEvent & { kind: 'acknowledge' | 'change' | 'endFork' | 'byeFailed' };

function inFork(state: Trying | Answered, event: ForkEvent): CallerTransition {
  const fork = state.forks.find(({ tag }) => tag === event.tag.toLowerCase());
  if (fork === undefined) return noDialog(state, event);
  const { tag } = fork;
  const withFork = (next: Fork): Trying | Answered => ({ ...state, forks: replaced(state.forks, next) });
  if (event.kind === 'byeFailed') {
    return fork.ended === 'bye' ? to(withFork({ ...fork, ended: 'lost' })) : unexpected(state);
  }
  if (fork.ended !== 'no') return noDialog(state, event);
  switch (event.kind) {
    case 'endFork':
      return to(withFork({ ...fork, ended: 'bye' }), { kind: 'bye', tag }, ...gone([fork]));
    case 'acknowledge': {
      if (fork.owed === undefined) return unexpected(state);
      const prack: CallerEffect = { kind: 'prack', tag, rseq: fork.owed, description: 'answer' };
      const { state: changes, effects } = resume({ ...fork.changes, offer: 'agreed' });
      return to(withFork({ ...fork, owed: undefined, changes }), prack, ...passedOn(tag, effects));
    }
    case 'change': {
      const { state: changes, effects, expected } = stepChanges(fork.changes, event.event);
      if (!expected) return unexpected(state);
      const passed = effects.flatMap((effect): CallerEffect[] =>
        effect.kind === 'lost' ? [] : [{ kind: 'change', tag, effect }],
      );
      if (passed.length === effects.length) return to(withFork({ ...fork, changes }), ...passed);
      // RFC 3311 §5.3: "the UAC will terminate the dialog".
      const ended: Fork = { ...fork, changes, ended: 'bye' };
      return to(withFork(ended), ...passed, { kind: 'bye', tag }, ...gone([{ ...fork, changes }]));
    }
  }
}

/** An UPDATE of the peer is answered also where its dialog is no more. */
function noDialog(state: CallerState, event: CallerEvent): CallerTransition {
  if (event.kind !== 'change' || event.event.kind !== 'received') return unexpected(state);
  const { cseq } = event.event;
  const effect: ChangeEffect = { kind: 'reply', cseq, status: 481, description: 'none' };
  return to(state, { kind: 'change', tag: event.tag.toLowerCase(), effect });
}

/** What comes after the end: a 2xx that nobody waits for any more is acknowledged and ended all the same. */
function afterwards(event: CallerEvent): CallerTransition {
  if (event.kind === 'hangUp') return to(OVER);
  if (event.kind !== 'accepted') return noDialog(OVER, event);
  const rejecting: { rejecting?: true } = event.description === 'offer' ? { rejecting: true } : {};
  const tag = event.tag.toLowerCase();
  return to(OVER, { kind: 'ack', tag, ...rejecting }, { kind: 'bye', tag });
}

function replaced(forks: readonly Fork[], fork: Fork): readonly Fork[] {
  return forks.map((one) => (one.tag === fork.tag ? fork : one));
}

/** The end of early dialogs; what the peer still asks in them is answered. */
function gone(forks: readonly Fork[]): CallerEffect[] {
  return forks.flatMap((fork): CallerEffect[] =>
    fork.ended === 'no' ? [...lastReplies(fork), { kind: 'forkEnded', tag: fork.tag }] : [],
  );
}

function passedOn(tag: string, effects: readonly ChangeEffect[]): CallerEffect[] {
  return effects.map((effect) => ({ kind: 'change', tag, effect }));
}

function lastReplies({ tag, changes }: Fork): CallerEffect[] {
  return passedOn(tag, repliesAtEnd(changes));
}

function to(state: CallerState, ...effects: CallerEffect[]): CallerTransition {
  return { state, effects, expected: true };
}

function unexpected(state: CallerState): CallerTransition {
  return { state, effects: [], expected: false };
}
