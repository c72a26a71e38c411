// One publication of an event state at a compositor, from the publisher's side (EPA), as data (RFC 3903 §4, §5; rows CSP-01 …
// CSP-09).
//
//   publishing ──2xx──▶ published ──refresh, change──▶ publishing      over ◀──2xx──  removing
//       │                                                                ▲
//       ├──408, 5xx, nobody answers──▶ waiting ──pause is over──▶ publishing
//       └──403, 404, 489 …──▶ stopped
//
// The document itself is its owner's: `send` takes what is true then, so that of many changes in one round trip the last one
// alone goes out.

import { retryAfterEnd, type FailureReason } from '../subscription/end.ts';

/** RFC 3903 Table 1. Initial and modify have a body. */
export type PublishOperation = 'initial' | 'refresh' | 'modify' | 'remove';

interface Common {
  /** Seconds that each PUBLISH asks for. */
  readonly asked: number;
  /** Times that 423 raised `asked`. */
  readonly raised: number;
  /** Requests that failed, one after the other. */
  readonly failures: number;
  /** What the last 2xx gave; undefined: the compositor knows nothing of it. */
  readonly tag: string | undefined;
}

/** Something was sent and has no final response: one at a time (§4). `next`: what is due after that. */
export interface SendingPublication extends Common {
  readonly name: 'publishing' | 'removing';
  readonly operation: PublishOperation;
  readonly next: 'nothing' | 'change' | 'remove';
}

export type PublicationState =
  | SendingPublication
  | (Common & { readonly name: 'published'; readonly tag: string })
  /** A pause after a failure. `then`: what is due after it. */
  | (Common & { readonly name: 'waiting'; readonly then: 'publish' | 'refresh' | 'remove' })
  /** Refused in a way that asking again would not mend (CSP-09). */
  | { readonly name: 'stopped' }
  | { readonly name: 'over' };

export type PublicationEvent =
  /** The document is another one. */
  | { readonly kind: 'changed' }
  | { readonly kind: 'withdraw' }
  /** A 2xx. `tag` absent: the compositor forgot what it has to say (§6 step 6). */
  | { readonly kind: 'accepted'; readonly tag?: string; readonly expires?: number }
  /** Another final response, after credentials and further targets. */
  | {
      readonly kind: 'refused';
      readonly status: number;
      readonly minExpires?: number;
      readonly retryAfter?: number;
    }
  | { readonly kind: 'failed'; readonly reason: FailureReason }
  | { readonly kind: 'refreshDue' }
  | { readonly kind: 'retryDue' };

export type PublicationEffect =
  /** `tag`: SIP-If-Match. `expires` 0 for a removal. */
  | {
      readonly kind: 'send';
      readonly operation: PublishOperation;
      readonly tag: string | undefined;
      readonly expires: number;
    }
  /** It holds for so many seconds: a timer for `refreshDue` (see `refreshDelayMs`). */
  | { readonly kind: 'scheduleRefresh'; readonly seconds: number }
  /** A timer for `retryDue` (see `retryDelayMs`). */
  | { readonly kind: 'retryLater'; readonly failures: number; readonly atLeastSeconds: number }
  | { readonly kind: 'stopTimer' }
  /** The tag is another one, or there is none any more. */
  | { readonly kind: 'tagChanged' }
  /** A 2xx without SIP-ETag, which breaks RFC 3903 §6. */
  | { readonly kind: 'tagMissing' }
  | { readonly kind: 'stopped'; readonly status: number }
  | { readonly kind: 'over' };

export interface PublicationTransition {
  readonly state: PublicationState;
  readonly effects: readonly PublicationEffect[];
  /** False: the state knows nothing of such an event, and nothing changed. */
  readonly expected: boolean;
}

/** 423 may raise the duration so often, and to so many seconds (two days); a longer one is a refusal. */
const MAX_RAISES = 2;
const MAX_EXPIRES = 172_800;
/** A removal is tried so often: then it is left to expire. */
const MAX_REMOVALS = 3;

const OVER: PublicationState = { name: 'over' };
const STOP_TIMER: PublicationEffect = { kind: 'stopTimer' };
const TAG_CHANGED: PublicationEffect = { kind: 'tagChanged' };

/** CSP-01: begins with the initial publication. */
export function beginPublication(expires: number): PublicationTransition {
  const common: Common = { asked: expires, raised: 0, failures: 0, tag: undefined };
  return publish(common);
}

/**
 * Goes on with a tag of an earlier run: §4.2, "if the EPA expects an appropriate, locally stored entity-tag to still be valid,
 * it SHOULD first try to modify that event state". Nothing is sent until something is known.
 */
export function restoredPublication(tag: string, expires: number): PublicationState {
  return { name: 'published', asked: expires, raised: 0, failures: 0, tag };
}

/** Pure. See `PublicationTransition.expected`. */
export function stepPublication(state: PublicationState, event: PublicationEvent): PublicationTransition {
  switch (state.name) {
    case 'publishing':
    case 'removing':
      return stepSending(state, event);
    case 'published':
      if (event.kind === 'changed') return publish(state, STOP_TIMER);
      if (event.kind === 'refreshDue') return send(state, 'refresh');
      if (event.kind === 'withdraw') return remove(state, STOP_TIMER);
      break;
    case 'waiting':
      return stepWaiting(state, event);
    case 'stopped':
      if (event.kind === 'changed') return to(state);
      if (event.kind === 'withdraw') return to(OVER, { kind: 'over' });
      break;
    case 'over':
      if (event.kind === 'changed' || event.kind === 'withdraw') return to(state);
      break;
  }
  return { state, effects: [], expected: false };
}

function stepWaiting(
  state: PublicationState & { name: 'waiting' },
  event: PublicationEvent,
): PublicationTransition {
  switch (event.kind) {
    case 'changed':
      // Not before the pause is over; with what is true then.
      return to({ ...state, then: 'publish' });
    case 'withdraw':
      return state.tag === undefined
        ? to(OVER, STOP_TIMER, { kind: 'over' })
        : to({ ...state, then: 'remove' });
    case 'retryDue':
      if (state.then === 'remove') return remove(state);
      return state.then === 'refresh' && state.tag !== undefined ? send(state, 'refresh') : publish(state);
    default:
      return { state, effects: [], expected: false };
  }
}

function stepSending(state: SendingPublication, event: PublicationEvent): PublicationTransition {
  switch (event.kind) {
    case 'changed':
      // It comes back before it was gone: initial again, after the answer to the removal.
      return to({ ...state, next: 'change' });
    case 'withdraw':
      return to({ ...state, next: state.name === 'removing' ? 'nothing' : 'remove' });
    case 'accepted':
      return accepted(state, event);
    case 'refused':
      return refused(state, event);
    case 'failed':
      if (event.reason === 'stopped') return to(OVER, { kind: 'over' });
      return pause(state, 0);
    default:
      return { state, effects: [], expected: false };
  }
}

function accepted(
  state: SendingPublication,
  event: PublicationEvent & { kind: 'accepted' },
): PublicationTransition {
  if (state.operation === 'remove') return removed(state);
  // §4.2: "The ESC may lower the suggested lifetime of the publication, but it will never extend it."
  const seconds = Math.min(event.expires ?? state.asked, state.asked);
  const { tag } = event;
  if (tag === undefined) {
    // CSP-07. Nothing can be done with it: the next try, when it has expired, is an initial one.
    if (state.next === 'remove') return to(OVER, { kind: 'tagMissing' }, TAG_CHANGED, { kind: 'over' });
    return to(
      { ...common(state), name: 'waiting', tag: undefined, failures: state.failures + 1, then: 'publish' },
      { kind: 'tagMissing' },
      TAG_CHANGED,
      { kind: 'retryLater', failures: state.failures, atLeastSeconds: seconds },
    );
  }
  const known: Common = { ...common(state), failures: 0, tag };
  if (state.next === 'remove') return remove(known, TAG_CHANGED);
  if (state.next === 'change') return publish(known, TAG_CHANGED);
  return to({ ...known, name: 'published', tag }, TAG_CHANGED, { kind: 'scheduleRefresh', seconds });
}

function refused(
  state: SendingPublication,
  { status, minExpires = 0, retryAfter = 0 }: PublicationEvent & { kind: 'refused' },
): PublicationTransition {
  if (status === 412) {
    if (state.operation === 'remove') return removed(state);
    // CSP-05, §5: "The EPA MUST also discard the entity-tag that produced this error response."
    const known: Common = { ...common(state), tag: undefined };
    if (state.next === 'remove') return to(OVER, TAG_CHANGED, { kind: 'over' });
    // An initial one has no condition that could fail.
    return state.operation === 'initial' ? pause(state, retryAfter) : publish(known, TAG_CHANGED);
  }
  if (status === 423 && state.operation !== 'remove') {
    const raised = minExpires > state.asked && minExpires <= MAX_EXPIRES && state.raised < MAX_RAISES;
    if (!raised) return stop(state, status);
    const known: Common = { ...common(state), asked: minExpires, raised: state.raised + 1 };
    if (state.next === 'remove') return remove(known);
    return state.operation === 'refresh' && state.next === 'nothing'
      ? send(known, 'refresh')
      : publish(known);
  }
  const retry = retryAfterEnd({ cause: 'refused', status, retryAfter });
  // CSP-09. That of a dialog (481) says nothing here.
  if (status === 404 || retry.kind === 'never') return stop(state, status);
  return pause(state, retry.kind === 'later' ? retry.atLeastSeconds : 0);
}

/** The compositor has it no more. */
function removed(state: SendingPublication): PublicationTransition {
  if (state.next !== 'change') return to(OVER, TAG_CHANGED, { kind: 'over' });
  return publish({ ...common(state), failures: 0, tag: undefined }, TAG_CHANGED);
}

function stop(state: SendingPublication, status: number): PublicationTransition {
  if (state.operation === 'remove' && state.next === 'change') return removed(state);
  const gone = state.name === 'removing' || state.next === 'remove';
  if (gone) return to(OVER, TAG_CHANGED, { kind: 'stopped', status }, { kind: 'over' });
  return to({ name: 'stopped' }, TAG_CHANGED, { kind: 'stopped', status });
}

function pause(state: SendingPublication, atLeastSeconds: number): PublicationTransition {
  const known: Common = { ...common(state), failures: state.failures + 1 };
  const leaves = state.next === 'remove' || (state.operation === 'remove' && state.next === 'nothing');
  if (leaves && (known.tag === undefined || known.failures >= MAX_REMOVALS)) {
    return to(OVER, TAG_CHANGED, { kind: 'over' });
  }
  const refreshes = state.operation === 'refresh' && state.next === 'nothing';
  return to(
    { ...known, name: 'waiting', then: leaves ? 'remove' : refreshes ? 'refresh' : 'publish' },
    { kind: 'retryLater', failures: state.failures, atLeastSeconds },
  );
}

/** Full state: an initial one, or in the place of what is there (§4.2, §4.4). */
function publish(known: Common, ...before: readonly PublicationEffect[]): PublicationTransition {
  return send(known, known.tag === undefined ? 'initial' : 'modify', ...before);
}

/** CSP-04, §4.5. */
function remove(known: Common, ...before: readonly PublicationEffect[]): PublicationTransition {
  if (known.tag === undefined) return to(OVER, ...before, { kind: 'over' });
  return send(known, 'remove', ...before);
}

function send(
  known: Common,
  operation: PublishOperation,
  ...before: readonly PublicationEffect[]
): PublicationTransition {
  const removes = operation === 'remove';
  return to(
    { ...common(known), name: removes ? 'removing' : 'publishing', operation, next: 'nothing' },
    ...before,
    { kind: 'send', operation, tag: known.tag, expires: removes ? 0 : known.asked },
  );
}

function common({ asked, raised, failures, tag }: Common): Common {
  return { asked, raised, failures, tag };
}

function to(state: PublicationState, ...effects: readonly PublicationEffect[]): PublicationTransition {
  return { state, effects, expected: true };
}
