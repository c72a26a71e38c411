// Machine W: one XMPP user (bare JID) watches one SIP contact, as data (RFC 8048 §5.2; rows PRES-01 … PRES-37).
//
//   none ──subscribe──▶ subscribing ──2xx──▶ neutral ──NOTIFY pending──▶ pending
//                           │                   └────────NOTIFY active─────┴──▶ active ◀─▶ checking
//                           └──403, rejected …──▶ none                            │ ▲
//                                             user gone ──▶ authorized ◀──────────┘ │ NOTIFY active
//                                                               └──user is there──▶ resubscribing
//
// Two lives are kept apart: the authorization lasts for months and is the XMPP side's; the subscription in SIP lasts for an
// hour and is there only while the user is. How a SIP subscription is made again after it ended is the subscriber's affair
// (sip/subscription): here it is `again` (at once) or `paused` (after a pause).

export type WatcherState =
  /** No authorization, and nobody asks for one. */
  | 'none'
  /** The same, and one answer is on its way (a probe: PRES-17). */
  | 'fetching'
  /** The authorization was asked for; SUBSCRIBE goes out, perhaps again after a pause. */
  | 'subscribing'
  /** The same, with a 2xx (PRES-02). */
  | 'neutral'
  /** The same; the contact has not decided (PRES-03). */
  | 'pending'
  /** Authorized, and NOTIFY said "active". */
  | 'active'
  /** The same; the subscription has to be refreshed, and the user was asked whether he is still there (PRES-08). */
  | 'checking'
  /** Authorized and wanted, but nothing is known of the contact now; the next "active" tells presence only. */
  | 'resubscribing'
  /** The authorization was asked for, and nothing asks any more (after an end that forbids it). */
  | 'asked'
  /** Authorized, without a dialog: the user is away. */
  | 'authorized'
  /** Authorized; the contact's state will never change, so that there is nothing to subscribe to (PRES-36). */
  | 'settled'
  /** The user takes it back; Expires: 0 is on its way (PRES-15). */
  | 'closing';

export type WatcherEvent =
  /** Presence stanzas of the user. */
  | 'subscribe'
  | 'unsubscribe'
  | 'probe'
  /** A resource of the user is available. */
  | 'available'
  /** The last one that was known is not any more. */
  | 'unavailable'
  /** The user did not answer in time that he is there, or answered that he is not. */
  | 'checkFailed'
  /** A 2xx to a SUBSCRIBE that asks for time. */
  | 'accepted'
  /** A 2xx to the SUBSCRIBE with Expires: 0 that ends the subscription. */
  | 'closed'
  | 'notifyPending'
  | 'notifyActive'
  /** A good moment to refresh. */
  | 'refreshDue'
  /** The subscription ended, and a new SUBSCRIBE goes out at once; or after a pause. */
  | 'again'
  | 'paused'
  /** As `paused`; the contact did not decide in time, or takes his decision back (PRES-35). */
  | 'gaveUp'
  /** The subscriber is over: the authorization is cancelled for good (PRES-10, PRES-30, PRES-31). */
  | 'cancelled'
  /** … there is no such contact (PRES-13). */
  | 'notFound'
  /** … refused in a way that asking again would not mend. */
  | 'refused'
  /** … PRES-36. */
  | 'invariant'
  /** The gateway has no room for a further subscription. */
  | 'overloaded'
  /** … because we wanted it, or the fetch had its answer. */
  | 'ended'
  /** After a restart: what was wanted is wanted again. */
  | 'restart';

export type WatcherEffect =
  /** An initial SUBSCRIBE now; or when its turn comes among many (login, restart). */
  | 'subscribeSip'
  | 'subscribeSipInTurn'
  | 'fetchSip'
  | 'refreshSip'
  /** Expires: 0; what comes of it is not heard any more, except in `closing`. */
  | 'unsubscribeSip'
  /** A probe to the user's bare JID, and a limit for its answer. */
  | 'probeUser'
  | 'stopCheck'
  | 'tellSubscribed'
  | 'tellUnsubscribed'
  /** A stanza error in answer to `subscribe`. */
  | 'tellError'
  /** Each resource of the contact; what was told and is not there any more as unavailable; unavailable if there is none. */
  | 'tellPresence'
  /** The same, but nothing when nothing is known. */
  | 'tellKnown'
  /** What was told as available is unavailable; nothing is known any more. */
  | 'tellUnavailable'
  | 'store'
  /** The record goes, as soon as nothing is left to be told. */
  | 'forget';

export interface WatcherTransition {
  readonly state: WatcherState;
  readonly effects: readonly WatcherEffect[];
  /** False: the state knows nothing of such an event, and nothing changed. */
  readonly expected: boolean;
}

type Row = Partial<Record<WatcherEvent, WatcherTransition>>;

function to(state: WatcherState, ...effects: readonly WatcherEffect[]): WatcherTransition {
  return { state, effects, expected: true };
}

/** The authorization is gone: what was shown goes first, then the authorization itself. */
const CANCELLED = to('none', 'tellUnavailable', 'tellUnsubscribed', 'forget');
/** PRES-09, PRES-08: the user is away, the authorization stays. */
const RELEASED = to('authorized', 'unsubscribeSip', 'tellUnavailable', 'store');
/** PRES-15. */
const CLOSING = to('closing', 'store', 'unsubscribeSip');
/**
 * Before any authorization: PRES-10, 13, 30, 31. PRES-13: the error says why, `unsubscribed` ends the asking, which
 * the user's server would repeat at each login. PRES-04: "subscribed" and presence, in this order.
 */
const NOT_AUTHORIZED: Row = {
  unsubscribe: CLOSING,
  notifyActive: to('active', 'tellSubscribed', 'tellPresence', 'store'),
  again: to('subscribing', 'store'),
  paused: to('subscribing', 'store'),
  gaveUp: to('subscribing', 'store'),
  cancelled: to('none', 'tellUnsubscribed', 'forget'),
  notFound: to('none', 'tellError', 'tellUnsubscribed', 'forget'),
  refused: to('none', 'tellError', 'tellUnsubscribed', 'forget'),
  // It may have room later: he stays one who asks.
  overloaded: to('none', 'tellError', 'forget'),
  invariant: to('asked', 'store'),
};

/** The rows of a state without an authorization: what comes of the user otherwise is for later. */
function asking(state: WatcherState, own: Row): Row {
  const same = to(state);
  return {
    subscribe: same,
    probe: same,
    available: same,
    unavailable: same,
    // There is no authorization yet of which the user's server would tell the contact anything (PRES-08).
    refreshDue: to(state, 'refreshSip'),
    ...NOT_AUTHORIZED,
    ...own,
  };
}

/** What ends an authorization, or its subscription, whatever else is going on. */
const AUTHORIZED: Row = {
  unsubscribe: CLOSING,
  unavailable: RELEASED,
  gaveUp: to('subscribing', 'tellUnavailable', 'store'),
  cancelled: CANCELLED,
  notFound: CANCELLED,
  refused: to('authorized', 'tellUnavailable', 'store'),
  overloaded: to('authorized', 'tellUnavailable', 'store'),
  invariant: to('settled', 'store'),
  paused: to('resubscribing', 'tellUnavailable', 'store'),
  again: to('resubscribing', 'store'),
  // PRES-03: "MUST NOT send any presence", so that what was sent is taken back.
  notifyPending: to('resubscribing', 'tellUnavailable', 'store'),
};

/** The same while the user is being asked: the question is dropped. */
const CHECKED: Row = Object.fromEntries(
  Object.entries(AUTHORIZED).map(([event, transition]) => [
    event,
    to(transition.state, 'stopCheck', ...transition.effects),
  ]),
);

const UNSUBSCRIBED_AT_ONCE = CANCELLED;
const CLOSED = CANCELLED;

const TABLE: Record<WatcherState, Row> = {
  none: {
    subscribe: to('subscribing', 'store', 'subscribeSip'),
    // PRES-15: "If no dialog: reply `unsubscribed` at once".
    unsubscribe: to('none', 'tellUnsubscribed'),
    probe: to('fetching', 'fetchSip'),
    available: to('none'),
    unavailable: to('none'),
  },
  fetching: {
    subscribe: to('subscribing', 'unsubscribeSip', 'store', 'subscribeSip'),
    unsubscribe: to('none', 'unsubscribeSip', 'tellUnsubscribed'),
    probe: to('fetching'),
    available: to('fetching'),
    unavailable: to('fetching'),
    accepted: to('fetching'),
    // PRES-17: "do not send `subscribed`".
    notifyActive: to('fetching', 'tellPresence'),
    notifyPending: to('fetching'),
    again: to('fetching'),
    // One answer is wanted, now: not one in half a minute.
    paused: to('none', 'unsubscribeSip', 'tellPresence'),
    gaveUp: to('none', 'unsubscribeSip', 'tellPresence'),
    cancelled: to('none', 'tellUnsubscribed'),
    notFound: to('none', 'tellPresence'),
    refused: to('none', 'tellPresence'),
    overloaded: to('none', 'tellPresence'),
    invariant: to('none'),
    ended: to('none'),
  },
  subscribing: asking('subscribing', {
    accepted: to('neutral'),
    notifyPending: to('pending', 'store'),
  }),
  neutral: asking('neutral', {
    accepted: to('neutral'),
    notifyPending: to('pending', 'store'),
  }),
  pending: asking('pending', {
    accepted: to('pending'),
    notifyPending: to('pending'),
  }),
  active: {
    ...AUTHORIZED,
    // PRES-19.
    subscribe: to('active', 'tellSubscribed', 'tellPresence'),
    // PRES-18.
    probe: to('active', 'tellPresence'),
    available: to('active'),
    accepted: to('active'),
    // PRES-05.
    notifyActive: to('active', 'tellPresence'),
    refreshDue: to('checking', 'probeUser'),
  },
  checking: {
    ...CHECKED,
    subscribe: to('active', 'stopCheck', 'refreshSip', 'tellSubscribed', 'tellPresence'),
    // His server asks on his behalf: he is there.
    probe: to('active', 'stopCheck', 'refreshSip', 'tellPresence'),
    available: to('active', 'stopCheck', 'refreshSip'),
    checkFailed: to('authorized', 'stopCheck', ...RELEASED.effects),
    accepted: to('checking'),
    notifyActive: to('checking', 'tellPresence'),
    refreshDue: to('checking'),
  },
  resubscribing: {
    ...AUTHORIZED,
    // He asks anew, perhaps because his side forgot: the next "active" is told as `subscribed` too.
    subscribe: to('subscribing', 'store'),
    probe: to('resubscribing', 'tellKnown'),
    available: to('resubscribing'),
    accepted: to('resubscribing'),
    notifyActive: to('active', 'tellPresence', 'store'),
    refreshDue: to('resubscribing', 'refreshSip'),
  },
  asked: {
    subscribe: to('subscribing', 'store', 'subscribeSip'),
    probe: to('subscribing', 'store', 'subscribeSipInTurn'),
    available: to('asked'),
    unavailable: to('asked'),
    unsubscribe: UNSUBSCRIBED_AT_ONCE,
    restart: to('subscribing', 'store', 'subscribeSipInTurn'),
  },
  authorized: {
    subscribe: to('subscribing', 'store', 'subscribeSip'),
    // PRES-06.
    probe: to('resubscribing', 'store', 'subscribeSipInTurn'),
    available: to('resubscribing', 'store', 'subscribeSipInTurn'),
    unavailable: to('authorized'),
    unsubscribe: UNSUBSCRIBED_AT_ONCE,
    restart: to('resubscribing', 'store', 'subscribeSipInTurn'),
  },
  settled: {
    subscribe: to('settled', 'tellSubscribed', 'tellPresence'),
    probe: to('settled', 'tellPresence'),
    available: to('settled'),
    unavailable: to('settled'),
    unsubscribe: UNSUBSCRIBED_AT_ONCE,
  },
  closing: {
    // He has changed his mind: `unsubscribed` would now be an answer to that.
    subscribe: to('subscribing', 'store', 'subscribeSip'),
    unsubscribe: to('closing'),
    probe: to('closing'),
    available: to('closing'),
    unavailable: to('closing'),
    // That of a SUBSCRIBE that went out before.
    accepted: to('closing'),
    closed: CLOSED,
    ended: CLOSED,
    cancelled: CLOSED,
    notFound: CLOSED,
    refused: CLOSED,
    invariant: CLOSED,
  },
};

/** Pure. An event that its state does not expect keeps the state, without effects, and says so. */
export function stepWatcher(state: WatcherState, event: WatcherEvent): WatcherTransition {
  return TABLE[state][event] ?? { state, effects: [], expected: false };
}
