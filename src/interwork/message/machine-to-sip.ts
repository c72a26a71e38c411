// The life of one message from XMPP to SIP, as data (promise 1; rows ERR-R4, ERR-R5, ERR-R6, IM-33, RCPT-01).
//
//   queued ──turn──▶ locating ──located──▶ trying ──2xx──▶ delivered
//                       │                   │ ▲ │
//                       │       next target─┘ │ └─anything else final──▶ reported
//                       └──unlocatable──▶ reported   (credentials, redirect, without its wrapping: again)
//
// The XMPP sender hears nothing about a delivered message and exactly one error stanza, with his id, about any other.

/** Attempts with credentials so far and redirects followed so far: what bounds the repetitions. */
export interface Trying {
  readonly kind: 'trying';
  readonly authentications: number;
  readonly redirects: number;
}

export type ToSipState =
  | { readonly kind: 'queued' }
  | { readonly kind: 'locating'; readonly authentications: number; readonly redirects: number }
  | Trying
  | { readonly kind: 'delivered' }
  | { readonly kind: 'reported' };

export type ToSipEvent =
  /** Nothing else is outstanding to its Request-URI (IM-33). */
  | { readonly kind: 'turn' }
  | { readonly kind: 'located' }
  /** No target (row DNS-05), or none that may be used. */
  | { readonly kind: 'unlocatable' }
  | {
      readonly kind: 'response';
      readonly status: number;
      /** Another target of RFC 3263 is left. */
      readonly moreTargets: boolean;
      /** There are credentials for the challenge that were not refused yet (ERR-R4: once, once more for stale=true). */
      readonly answerable?: boolean;
      /** Redirects are followed and a Contact of this or an earlier 3xx was not tried yet. */
      readonly redirect?: boolean;
      /** What was sent is message/cpim, and the plain text is at hand (RCPT-01). */
      readonly wrapped?: boolean;
    }
  /** Timer F, or the transport could not send (RFC 3261 §8.1.3.1: as 408 and 503). */
  | { readonly kind: 'failed'; readonly moreTargets: boolean; readonly redirect?: boolean }
  /** The message before it in the queue found the target dead (IM-33). */
  | { readonly kind: 'headFailed' }
  /** The request would be larger than IM-30 allows: nothing was sent. */
  | { readonly kind: 'tooLong' }
  /** The gateway stops now (ERR-G5). */
  | { readonly kind: 'drained' };

export type ToSipEffect =
  | 'locate'
  /** To the first, or to the next, target, with a new branch (RFC 3263 §4.3). */
  | 'send'
  /** To the same target with credentials, CSeq + 1 (RFC 3261 §22.2). */
  | 'sendWithCredentials'
  /** To the same target as plain text, CSeq + 1; from now on there is no other form. */
  | 'sendPlain'
  /** Take the Contact as new Request-URI and locate it. */
  | 'follow'
  | 'penalizeTarget'
  | 'countDelivered'
  /** One error stanza to the sender, from the response, failure or fault at hand. */
  | 'report'
  | 'releaseTurn'
  /** Everything queued to the same Request-URI ends as this one did. */
  | 'failQueue';

export interface ToSipTransition {
  readonly state: ToSipState;
  readonly effects: readonly ToSipEffect[];
  readonly expected: boolean;
}

/** RFC 3261 §8.1.3.4 and ERR-R5. */
const MAX_REDIRECTS = 5;
/** Realms on one way, with stale nonces: more is a quarrel. */
const MAX_AUTHENTICATIONS = 4;

export const QUEUED: ToSipState = { kind: 'queued' };
const LOCATING: ToSipState = { kind: 'locating', authentications: 0, redirects: 0 };
const TRYING: Trying = { kind: 'trying', authentications: 0, redirects: 0 };
const DELIVERED_STATE: ToSipState = { kind: 'delivered' };
const REPORTED_STATE: ToSipState = { kind: 'reported' };

// The ordinary transitions are shared: nothing is allocated for a message that is simply delivered.
const TURN: ToSipTransition = { state: LOCATING, effects: ['locate'], expected: true };
const SEND_FIRST: ToSipTransition = { state: TRYING, effects: ['send'], expected: true };
const DELIVERED: ToSipTransition = {
  state: DELIVERED_STATE,
  effects: ['countDelivered', 'releaseTurn'],
  expected: true,
};
const REPORTED: ToSipTransition = {
  state: REPORTED_STATE,
  effects: ['report', 'releaseTurn'],
  expected: true,
};
const REPORTED_WAITING: ToSipTransition = { state: REPORTED_STATE, effects: ['report'], expected: true };
const REPORTED_DEAD: ToSipTransition = {
  state: REPORTED_STATE,
  effects: ['penalizeTarget', 'report', 'failQueue', 'releaseTurn'],
  expected: true,
};

/** Pure. An event that its state does not expect keeps the state, without effects, and says so. */
export function stepToSip(state: ToSipState, event: ToSipEvent): ToSipTransition {
  switch (state.kind) {
    case 'queued':
      if (event.kind === 'turn') return TURN;
      if (event.kind === 'headFailed' || event.kind === 'drained') return REPORTED_WAITING;
      break;
    case 'locating':
      if (event.kind === 'located') {
        if (state === LOCATING) return SEND_FIRST;
        return keep({ ...state, kind: 'trying' }, 'send');
      }
      if (event.kind === 'unlocatable' || event.kind === 'drained') return REPORTED;
      break;
    case 'trying':
      return stepTrying(state, event);
    case 'delivered':
    case 'reported':
      // The end was told; a response of an earlier branch that comes late changes nothing.
      if (event.kind === 'drained') return keep(state);
      break;
  }
  return { state, effects: [], expected: false };
}

function stepTrying(state: Trying, event: ToSipEvent): ToSipTransition {
  switch (event.kind) {
    case 'response':
      return stepResponse(state, event);
    case 'failed':
      // ERR-R6: timeout and transport failure try the next target before anything is said.
      if (event.moreTargets) return keep(state, 'penalizeTarget', 'send');
      return follows(state, event)
        ? keep(redirected(state), 'penalizeTarget', 'follow', 'locate')
        : REPORTED_DEAD;
    case 'tooLong':
    case 'drained':
      return REPORTED;
    default:
      return { state, effects: [], expected: false };
  }
}

function stepResponse(state: Trying, event: ToSipEvent & { kind: 'response' }): ToSipTransition {
  const status = event.status;
  if (status < 200) return keep(state);
  if (status < 300) return DELIVERED;
  if (status === 401 || status === 407) {
    // Each realm on the way may ask for itself; whether one asked before is known where the nonces are.
    if (event.answerable === true && state.authentications < MAX_AUTHENTICATIONS) {
      return keep({ ...state, authentications: state.authentications + 1 }, 'sendWithCredentials');
    }
  }
  // RCPT-01: whoever cannot read message/cpim gets the text, in the same turn. Once: it is not wrapped any more then.
  if (event.wrapped === true && (status === 415 || status === 406 || status === 488))
    return keep(state, 'sendPlain');
  // RFC 3263 §4.3: a 503 is a failure of this target (RFC 3261 §21.5.4).
  if (status === 503 && event.moreTargets) return keep(state, 'penalizeTarget', 'send');
  // RFC 3261 §16.7 step 6 lets a proxy answer 408 for a target that was silent behind it: ERR-R6.
  if (status === 408 && event.moreTargets) return keep(state, 'send');
  // RFC 3261 §8.1.3.4: the Contacts one after the other; §21.6: a 6xx ends the search everywhere.
  if (status < 600 && follows(state, event)) {
    return status === 503
      ? keep(redirected(state), 'penalizeTarget', 'follow', 'locate')
      : keep(redirected(state), 'follow', 'locate');
  }
  return status === 503 ? keep(REPORTED_STATE, 'penalizeTarget', 'report', 'releaseTurn') : REPORTED;
}

function follows(state: Trying, event: { readonly redirect?: boolean }): boolean {
  return event.redirect === true && state.redirects < MAX_REDIRECTS;
}

function redirected(state: Trying): ToSipState {
  return { kind: 'locating', authentications: 0, redirects: state.redirects + 1 };
}

function keep(state: ToSipState, ...effects: ToSipEffect[]): ToSipTransition {
  return { state, effects, expected: true };
}
