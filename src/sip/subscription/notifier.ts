// One subscription in one dialog, from the notifier's side, as data (RFC 6665 §4.2, its figure).
//
//   pending ──activate──▶ active
//      │                    │
//      └────────┬───────────┘  expiry, Expires: 0, terminate
//               ▼
//            ending ──final NOTIFY answered or failed──▶ gone ◀── 404, 481 …, timer F to any NOTIFY
//
// "init" and "resp_wait" of the figure are passed within one SUBSCRIBE: whoever cannot decide at once says pending. A
// fetch (§4.4.3) begins in `ending`, or in `polled` when its document is still being fetched.
//
// One NOTIFY at a time: while one is under way, what changes is only marked, and the next one says how things are then.
// So a flood of changes costs no more than the watcher's round trips, and nothing is ever told out of order.

import type { FailureReason } from './end.ts';

/**
 * queued: it leaves as soon as the gateway gets to it, and says what holds at that moment. sending: it is on its way.
 * resting: something is to be told, but not so soon after the last time. retrying: the last one failed.
 */
export type NotifyState = 'idle' | 'queued' | 'sending' | 'resting' | 'retrying';

export interface OpenNotifier {
  readonly name: 'pending' | 'active';
  readonly notify: NotifyState;
  /** What is due behind the NOTIFY that is `sending`: a change of state may rest first, an answer to SUBSCRIBE may not. */
  readonly owed: 'no' | 'change' | 'answer';
  /** NOTIFY requests that failed, one after the other. */
  readonly failures: number;
}

export type NotifierState =
  | OpenNotifier
  /** A fetch whose document is on its way to us. */
  | { readonly name: 'polled' }
  /** The last NOTIFY waits behind another one, is queued, or is on its way. */
  | { readonly name: 'ending'; readonly end: NotifierEnd; readonly final: 'waiting' | 'queued' | 'sending' }
  | { readonly name: 'gone' };

/** Why it is over. */
export type NotifierEnd =
  /** Expires: 0 within the dialog. */
  | { readonly cause: 'unsubscribed' }
  | { readonly cause: 'expired' }
  /** A fetch. */
  | { readonly cause: 'fetched' }
  /** We ended it. */
  | { readonly cause: 'terminated'; readonly reason: TerminationReason; readonly retryAfter?: number }
  /** By this answer to a NOTIFY. */
  | { readonly cause: 'refused'; readonly status: number }
  /** No NOTIFY reached the watcher. */
  | { readonly cause: 'failed'; readonly reason: NotifyFailure };

/** RFC 6665 §4.1.3. */
export type TerminationReason =
  | 'deactivated'
  | 'probation'
  | 'rejected'
  | 'timeout'
  | 'giveup'
  | 'noresource'
  | 'invariant';

export type NotifyFailure = Exclude<FailureReason, 'stopped'>;

/** `restMs`: how long a change has to wait since the last NOTIFY; 0: no longer. */
export type NotifierEvent =
  /** The resource changed. */
  | { readonly kind: 'changed'; readonly restMs: number }
  /** The watcher may see it now. */
  | { readonly kind: 'activate' }
  /** SUBSCRIBE within the dialog, for so many seconds. */
  | { readonly kind: 'refreshed'; readonly seconds: number }
  /** SUBSCRIBE with Expires: 0 within the dialog. */
  | { readonly kind: 'unsubscribed' }
  | { readonly kind: 'terminate'; readonly reason: TerminationReason; readonly retryAfter?: number }
  /** The queued NOTIFY leaves: it is made now. */
  | { readonly kind: 'left' }
  /** 2xx to NOTIFY. */
  | { readonly kind: 'accepted'; readonly restMs: number }
  /** Another final response, after credentials and further targets. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly retryAfter?: number;
      readonly restMs: number;
    }
  | { readonly kind: 'failed'; readonly reason: NotifyFailure }
  /** The subscription was not refreshed; or a fetch has waited long enough for its document. */
  | { readonly kind: 'timerExpiry' }
  /** The end of `resting` or `retrying`. */
  | { readonly kind: 'timerWait' };

export type NotifierEffect =
  /** The timer of expiry, from now. */
  | { readonly kind: 'schedule'; readonly seconds: number }
  /** The timer of expiry for a fetch that waits for its document. */
  | { readonly kind: 'hold' }
  /** The package hears that there is a subscription. It may act on it at once; the first NOTIFY leaves after that. */
  | { readonly kind: 'began' }
  /** Puts a NOTIFY into the queue. */
  | { readonly kind: 'notify' }
  | { readonly kind: 'rest'; readonly ms: number }
  /** See `retryDelayMs`. */
  | { readonly kind: 'retry'; readonly failures: number; readonly retryAfter: number }
  | { readonly kind: 'stopWait' }
  /** The package hears that it is over, and nothing counts as subscribed any more; a final NOTIFY may still be due. */
  | { readonly kind: 'ended'; readonly end: NotifierEnd }
  /** The dialog is gone. */
  | { readonly kind: 'gone' };

export interface NotifierTransition {
  readonly state: NotifierState;
  readonly effects: readonly NotifierEffect[];
  /** False: the state knows nothing of such an event, and nothing changed. */
  readonly expected: boolean;
}

/** §4.2.2: "the notifier MUST remove the corresponding subscription". */
const REMOVING: ReadonlySet<number> = new Set([
  404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604,
  // RFC 3261 §12.2.1.2: 408 "SHOULD terminate the dialog".
  408,
]);
/** So many failures in a row, over an hour with the pauses between them, and nobody is there any more. */
const MAX_FAILURES = 8;

const NOTIFY: NotifierEffect = { kind: 'notify' };
const STOP_WAIT: NotifierEffect = { kind: 'stopWait' };
const GONE_EFFECT: NotifierEffect = { kind: 'gone' };
const BEGAN: NotifierEffect = { kind: 'began' };
const NOTHING: readonly NotifierEffect[] = [];
const ONLY_NOTIFY: readonly NotifierEffect[] = [NOTIFY];
const GONE: NotifierState = { name: 'gone' };

type OpenName = OpenNotifier['name'];

/** The states without failures are shared: nearly every subscription is in one of them, and few need one of their own. */
const USUAL: Readonly<Record<OpenName, Readonly<Record<NotifyState, OpenNotifier>>>> = {
  pending: usual('pending'),
  active: usual('active'),
};

function usual(name: OpenName): Record<NotifyState, OpenNotifier> {
  const of = (notify: NotifyState): OpenNotifier => ({ name, notify, owed: 'no', failures: 0 });
  return {
    idle: of('idle'),
    queued: of('queued'),
    sending: of('sending'),
    resting: of('resting'),
    retrying: of('retrying'),
  };
}

/** §4.2.1.2: begins with the 2xx to a SUBSCRIBE of so many seconds, which is always followed by a NOTIFY. */
export function beginNotifier(name: OpenName, seconds: number): NotifierTransition {
  return to(USUAL[name].queued, { kind: 'schedule', seconds }, BEGAN, NOTIFY);
}

/** §4.4.3: a SUBSCRIBE with Expires: 0 that made its dialog. `hold`: its document is not known yet. */
export function beginFetch(hold: boolean): NotifierTransition {
  if (hold) return to({ name: 'polled' }, { kind: 'hold' }, BEGAN);
  const end: NotifierEnd = { cause: 'fetched' };
  return to({ name: 'ending', end, final: 'queued' }, BEGAN, { kind: 'ended', end }, NOTIFY);
}

/** The state of a subscription that was read from the store: nothing is under way. */
export function restoredNotifier(name: OpenName): NotifierState {
  return USUAL[name].idle;
}

/** Pure. See `NotifierTransition.expected`. */
export function stepNotifier(state: NotifierState, event: NotifierEvent): NotifierTransition {
  switch (state.name) {
    case 'pending':
    case 'active':
      return stepOpen(state, event);
    case 'polled':
      return stepPolled(state, event);
    case 'ending':
      return stepEnding(state, event);
    case 'gone':
      // What its owner says crossed the end.
      return { state, effects: NOTHING, expected: isOwners(event) };
  }
}

function stepOpen(state: OpenNotifier, event: NotifierEvent): NotifierTransition {
  switch (event.kind) {
    case 'changed':
      return due(state, 'change', event.restMs);
    case 'activate':
      // §4.2.2, "Policy changed to grant permission".
      return state.name === 'active' ? to(state) : due({ ...state, name: 'active' }, 'answer', 0);
    case 'refreshed': {
      const next = due(state, 'answer', 0);
      const schedule: NotifierEffect = { kind: 'schedule', seconds: event.seconds };
      return { ...next, effects: [schedule, ...next.effects] };
    }
    case 'unsubscribed':
      return ending(state, { cause: 'unsubscribed' });
    case 'timerExpiry':
      return ending(state, { cause: 'expired' });
    case 'terminate':
      return ending(state, terminated(event));
    case 'left':
      return state.notify === 'queued' ? to(inState(state, 'sending')) : unexpected(state);
    case 'accepted':
      return state.notify === 'sending'
        ? followUp({ ...state, failures: 0 }, event.restMs)
        : unexpected(state);
    case 'refused':
      return state.notify === 'sending' ? refused(state, event) : unexpected(state);
    case 'failed':
      if (state.notify !== 'sending') return unexpected(state);
      // §4.2.2: after timer F "the notifier SHOULD remove the subscription".
      if (event.reason === 'timeout') return over({ cause: 'failed', reason: 'timeout' });
      // RFC 3261 §8.1.3.1: a fault of the transport counts as a 503.
      return again(state, 0, { cause: 'failed', reason: event.reason });
    case 'timerWait':
      if (state.notify !== 'resting' && state.notify !== 'retrying') return unexpected(state);
      return { state: inState(state, 'queued'), effects: ONLY_NOTIFY, expected: true };
  }
}

/** Something is to be told: now, after a rest, or behind the NOTIFY that is on its way. */
function due(state: OpenNotifier, why: 'change' | 'answer', restMs: number): NotifierTransition {
  switch (state.notify) {
    case 'idle':
      if (why === 'change' && restMs > 0) return to(inState(state, 'resting'), { kind: 'rest', ms: restMs });
      return { state: inState(state, 'queued'), effects: ONLY_NOTIFY, expected: true };
    case 'queued':
      return to(state);
    case 'sending':
      return to({ ...state, owed: state.owed === 'answer' ? 'answer' : why });
    case 'resting':
    case 'retrying':
      // §4.2.1.2: to a SUBSCRIBE "immediately"; and who sends one is there again.
      return why === 'change' ? to(state) : to(inState(state, 'queued'), STOP_WAIT, NOTIFY);
  }
}

/** After the answer to a NOTIFY: what came meanwhile. */
function followUp(state: OpenNotifier, restMs: number): NotifierTransition {
  const idle = inState({ ...state, owed: 'no' }, 'idle');
  return state.owed === 'no' ? to(idle) : due(idle, state.owed, restMs);
}

function refused(state: OpenNotifier, event: NotifierEvent & { kind: 'refused' }): NotifierTransition {
  const { status, retryAfter, restMs } = event;
  const end: NotifierEnd = { cause: 'refused', status };
  if (REMOVING.has(status)) return over(end);
  // RFC 5057 §5.1: others concern this transaction only. What was refused as such would be refused again.
  const passing = (status >= 500 && status < 600) || retryAfter !== undefined;
  if (passing) return again(state, retryAfter ?? 0, end);
  const failures = state.failures + 1;
  return failures >= MAX_FAILURES ? over(end) : followUp({ ...state, failures }, restMs);
}

/** The watcher has not heard it, and hears it, or what has become of it, later. */
function again(state: OpenNotifier, retryAfter: number, end: NotifierEnd): NotifierTransition {
  const failures = state.failures + 1;
  if (failures >= MAX_FAILURES) return over(end);
  const next: OpenNotifier = { name: state.name, notify: 'retrying', owed: 'no', failures };
  // An answer to a SUBSCRIBE that came after this NOTIFY had left is not kept waiting.
  if (state.owed === 'answer') return to({ ...next, notify: 'queued' }, NOTIFY);
  return to(next, { kind: 'retry', failures: state.failures, retryAfter });
}

/** §4.2.1.4, §4.2.2: one more NOTIFY says that it is over. */
function ending(state: OpenNotifier, end: NotifierEnd): NotifierTransition {
  const ended: NotifierEffect = { kind: 'ended', end };
  if (state.notify === 'sending') return to({ name: 'ending', end, final: 'waiting' }, ended);
  const next: NotifierState = { name: 'ending', end, final: 'queued' };
  return state.notify === 'queued' ? to(next, ended) : to(next, STOP_WAIT, ended, NOTIFY);
}

function stepPolled(state: NotifierState & { name: 'polled' }, event: NotifierEvent): NotifierTransition {
  switch (event.kind) {
    case 'changed':
    case 'activate':
    case 'timerExpiry':
      return endPoll({ cause: 'fetched' });
    case 'terminate':
      return endPoll(terminated(event));
    default:
      return unexpected(state);
  }
}

function endPoll(end: NotifierEnd): NotifierTransition {
  return to({ name: 'ending', end, final: 'queued' }, { kind: 'ended', end }, NOTIFY);
}

function stepEnding(state: NotifierState & { name: 'ending' }, event: NotifierEvent): NotifierTransition {
  const { final } = state;
  switch (event.kind) {
    case 'left':
      return final === 'queued' ? to({ ...state, final: 'sending' }) : unexpected(state);
    case 'accepted':
    case 'refused':
    case 'failed':
      if (final === 'queued') return unexpected(state);
      // §4.4.1: it is over when "the NOTIFY transaction with a "Subscription-State" of "terminated" completes".
      if (final === 'sending' || leavesNobody(event)) return to(GONE, GONE_EFFECT);
      return to({ ...state, final: 'queued' }, NOTIFY);
    default:
      return { state, effects: NOTHING, expected: isOwners(event) };
  }
}

/** The NOTIFY before the last one shows that there is nobody to hear that one. */
function leavesNobody(event: NotifierEvent): boolean {
  if (event.kind === 'refused') return REMOVING.has(event.status);
  return event.kind === 'failed' && event.reason === 'timeout';
}

/** What the package says: it need not know that all is over. */
function isOwners(event: NotifierEvent): boolean {
  return event.kind === 'changed' || event.kind === 'activate' || event.kind === 'terminate';
}

function terminated(event: NotifierEvent & { kind: 'terminate' }): NotifierEnd {
  const { reason, retryAfter } = event;
  return { cause: 'terminated', reason, ...(retryAfter === undefined ? {} : { retryAfter }) };
}

function over(end: NotifierEnd): NotifierTransition {
  return to(GONE, { kind: 'ended', end }, GONE_EFFECT);
}

function inState(state: OpenNotifier, notify: NotifyState): OpenNotifier {
  return state.failures === 0 && state.owed === 'no' ? USUAL[state.name][notify] : { ...state, notify };
}

function to(state: NotifierState, ...effects: NotifierEffect[]): NotifierTransition {
  return { state, effects, expected: true };
}

function unexpected(state: NotifierState): NotifierTransition {
  return { state, effects: NOTHING, expected: false };
}

/** §4.2.2, §4.1.3: the value of Subscription-State. `seconds`: the time that remains. */
export function formatNotifierState(state: NotifierState, seconds: number): string {
  if (state.name === 'pending' || state.name === 'active') return `${state.name};expires=${seconds}`;
  // §4.2.1.4, §4.4.3: without a reason of its own it was time.
  if (state.name !== 'ending' || state.end.cause !== 'terminated') return 'terminated;reason=timeout';
  const { reason, retryAfter } = state.end;
  return `terminated;reason=${reason}${retryAfter === undefined ? '' : `;retry-after=${retryAfter}`}`;
}
