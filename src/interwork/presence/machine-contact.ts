// Machine P: one SIP watcher (bare JID) watches one XMPP contact, as data (RFC 8048 §5.3; rows PRES-40 … PRES-57).
//
//   none ──a subscription──▶ asking ──subscribed──▶ settling ──presence, or a moment──▶ open ◀─┐
//                              │                       ▲                                │ ▲    │ presence
//                              └─unsubscribed─▶ none   └────subscribed──── unsure ◀─────┘ └────┘
//                                                                            │   link back
//                                                                            ▼
//                                                                          silent (the contact cannot be reached)
//
// The authorization lives on the XMPP side alone. What is shown here is shown only after the contact's server has said
// `subscribed` to the `subscribe` that each new subscription makes (PRES-53), so that what was revoked while the gateway was
// away never leaks. One watcher may have several subscriptions, one for each of his phones: all are told the same.

export type ContactState =
  /** Nobody watches. */
  | 'none'
  /** `subscribe` went out; the SIP subscriptions are pending. */
  | 'asking'
  /** Authorized a moment ago; his presence is on its way, and the first NOTIFY waits for it. */
  | 'settling'
  /** Authorized; what he shows is shown. */
  | 'open'
  /** The way to him was lost, or the gateway started again: he is asked again, and what was shown stays for a moment. */
  | 'unsure'
  /** He has been out of reach for too long, or does not answer: he is shown as closed. */
  | 'silent';

export type ContactEvent =
  /** A new subscription of the watcher. */
  | 'dialog'
  /** A subscription of an earlier run of the gateway. */
  | 'restored'
  /** The watcher refreshed a subscription (PRES-47). */
  | 'refreshed'
  /** The last subscription ended: by the watcher, in time, or since he cannot be told (PRES-48, 50, 51). */
  | 'lastEnded'
  /** Stanzas of the contact, or of his server. */
  | 'subscribed'
  | 'unsubscribed'
  | 'presence'
  /** Errors to `subscribe` (PRES-52): no such contact; not for this watcher; not now. */
  | 'notFound'
  | 'forbidden'
  | 'failed'
  /** The time for the first presence, or for the answer after the way was lost, is over. */
  | 'waited'
  /** The link of the watcher's domain is up, and it is his turn; or it has been down for too long. */
  | 'linkUp'
  | 'linkGone';

export type ContactEffect =
  /** `subscribe` to the contact. */
  | 'askSubscribe'
  | 'probe'
  /** Pending subscriptions become active, with what is known; active ones are told if it has changed. */
  | 'activate'
  /** Those that are active are told what has changed. */
  | 'update'
  | 'reject'
  | 'noResource'
  | 'probation'
  /** The contact learns that the watcher went (PRES-48). */
  | 'tellUnavailable'
  /** Resources count only when they are heard of again; those that were not heard of go. */
  | 'doubt'
  | 'dropDoubted'
  /** Time for the first presence; for the others, once there is one; for an answer to `subscribe`. */
  | 'waitForPresence'
  | 'waitForMore'
  | 'waitForAnswer'
  | 'stopWaiting'
  | 'forget';

export interface ContactTransition {
  readonly state: ContactState;
  readonly effects: readonly ContactEffect[];
  /** False: the state knows nothing of such an event, and nothing changed. */
  readonly expected: boolean;
}

type Row = Partial<Record<ContactEvent, ContactTransition>>;

function to(state: ContactState, ...effects: readonly ContactEffect[]): ContactTransition {
  return { state, effects, expected: true };
}

/** Whatever was known: the contact says no, or there is none. */
const ENDS: Row = {
  unsubscribed: to('none', 'stopWaiting', 'reject', 'forget'),
  forbidden: to('none', 'stopWaiting', 'reject', 'forget'),
  notFound: to('none', 'stopWaiting', 'noResource', 'forget'),
};
/** PRES-48: the contact was told of a watcher, and hears that he went. */
const LEAVES = to('none', 'stopWaiting', 'tellUnavailable', 'forget');
/** An authorized contact whom it is not known whether he still is one. */
const ASK_AGAIN = to('unsure', 'doubt', 'askSubscribe', 'waitForAnswer');
/** He cannot be reached: nothing is known of him. */
const SILENT = to('silent', 'stopWaiting', 'doubt', 'dropDoubted', 'update');

const TABLE: Record<ContactState, Row> = {
  none: {
    dialog: to('asking', 'askSubscribe'),
    // He is asked when his turn among many comes (`linkUp`).
    restored: to('unsure', 'doubt'),
  },
  asking: {
    ...ENDS,
    dialog: to('asking', 'askSubscribe'),
    restored: to('asking'),
    refreshed: to('asking'),
    // He was never shown, so that there is nobody who would miss him.
    lastEnded: to('none', 'forget'),
    subscribed: to('settling', 'probe', 'waitForPresence'),
    // Directed presence, perhaps; kept for the moment when it may be shown.
    presence: to('asking'),
    // PRES-52: "timeouts -> probation;retry-after".
    failed: to('none', 'probation', 'forget'),
    linkUp: to('asking', 'askSubscribe'),
    linkGone: to('asking'),
  },
  settling: {
    ...ENDS,
    dialog: to('settling'),
    restored: to('settling'),
    refreshed: to('settling'),
    lastEnded: LEAVES,
    subscribed: to('settling'),
    // He may have several resources, and one NOTIFY shall tell of all (PRES-70).
    presence: to('settling', 'waitForMore'),
    waited: to('open', 'dropDoubted', 'activate'),
    failed: to('settling'),
    linkUp: ASK_AGAIN,
    linkGone: SILENT,
  },
  open: {
    ...ENDS,
    // PRES-53: the new one stays pending until `subscribed` comes again.
    dialog: to('open', 'askSubscribe'),
    restored: to('open', 'askSubscribe'),
    refreshed: to('open', 'probe'),
    lastEnded: LEAVES,
    subscribed: to('open', 'activate'),
    presence: to('open', 'update'),
    failed: to('open'),
    linkUp: ASK_AGAIN,
    linkGone: SILENT,
  },
  unsure: {
    ...ENDS,
    dialog: to('unsure', 'askSubscribe'),
    restored: to('unsure'),
    refreshed: to('unsure', 'askSubscribe'),
    lastEnded: LEAVES,
    // His presence follows; what does not come in time is dropped then.
    subscribed: to('settling', 'probe', 'waitForPresence'),
    presence: to('unsure'),
    waited: to('silent', 'dropDoubted', 'update'),
    failed: to('unsure'),
    linkUp: ASK_AGAIN,
    linkGone: SILENT,
  },
  silent: {
    ...ENDS,
    dialog: to('silent', 'askSubscribe'),
    restored: to('silent'),
    // Each refresh is a reason to ask again.
    refreshed: to('silent', 'askSubscribe'),
    lastEnded: LEAVES,
    subscribed: to('settling', 'probe', 'waitForPresence'),
    presence: to('silent'),
    failed: to('silent'),
    linkUp: ASK_AGAIN,
    linkGone: to('silent'),
  },
};

const UNEXPECTED = new Map<ContactState, ContactTransition>();

/** Pure. An event that its state does not expect keeps the state, without effects, and says so. */
export function stepContact(state: ContactState, event: ContactEvent): ContactTransition {
  const known = TABLE[state][event];
  if (known !== undefined) return known;
  let unexpected = UNEXPECTED.get(state);
  if (unexpected === undefined) UNEXPECTED.set(state, (unexpected = { state, effects: [], expected: false }));
  return unexpected;
}
