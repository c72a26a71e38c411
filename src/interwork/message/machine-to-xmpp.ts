// The life of one message from SIP to XMPP, as data (design: "Outcome"; rows IM-29, ERR-G1, ERR-G5).
//
//            written ──confirmed──▶ accepted
//             │  ▲ │──receipt─────▶ delivered
//    linkDown │  │ └─errorStanza─▶ refused
//             ▼  │ written again
//            parked ──deadline / drained──▶ withdrawn
//
// One message ends in exactly one final response. A 2xx is sent only when the XMPP server has the stanza (RFC 3428
// §7), an error stanza before it becomes the final response, and no response is a 408 (RFC 4320 §4.2). What is told
// of a message after its 2xx is in machine-report.ts.

/** Where a message is. The first two are open: its SIP transaction has no final response yet. */
export const ToXmppState = {
  /** On a link, not confirmed by the XMPP server. */
  Written: 'written',
  /** The link it was written to went away before the confirmation. */
  Parked: 'parked',
  /** 2xx sent because the server has it. */
  Accepted: 'accepted',
  /** 2xx sent because the recipient's client has it. */
  Delivered: 'delivered',
  /** The error stanza's response was sent. */
  Refused: 'refused',
  /** ERR-G1 was sent: it will never be written again. */
  Withdrawn: 'withdrawn',
} as const;
export type ToXmppState = (typeof ToXmppState)[keyof typeof ToXmppState];

export type ToXmppEvent =
  /** The acknowledgement barrier behind the stanza returned. */
  | 'confirmed'
  /** XEP-0184 `<received/>` for its id. */
  | 'receipt'
  /** A message of type error with its id. */
  | 'errorStanza'
  /** The link it was written to is gone. */
  | 'linkDown'
  /** It was written to a link again, with the same id. */
  | 'writtenAgain'
  /** 10 s after the request (IM-29). */
  | 'deadline'
  /** The gateway stops now. */
  | 'drained';

export type ToXmppEffect =
  /** 202, or 200 by `messages.accepted`. */
  | 'respondAccepted'
  /** 200. */
  | 'respondDelivered'
  /** The status that the error stanza maps to (ERR-X01 … X26). */
  | 'respondMapped'
  /** 503 without Retry-After (ERR-G1, ERR-G5). */
  | 'respondUnavailable'
  | 'stopWaiting';

export interface ToXmppTransition {
  readonly state: ToXmppState;
  readonly effects: readonly ToXmppEffect[];
  /** False: the event means nothing in this state; the driver counts and logs it. */
  readonly expected: boolean;
}

const to = (state: ToXmppState, ...effects: ToXmppEffect[]): ToXmppTransition => ({
  state,
  effects,
  expected: true,
});

const { Written, Parked, Accepted, Delivered, Refused, Withdrawn } = ToXmppState;

type Row = Partial<Record<ToXmppEvent, ToXmppTransition>>;

/** Everything that may happen. What is missing is unexpected and changes nothing. */
const TABLE: Record<ToXmppState, Row> = {
  [Written]: {
    confirmed: to(Accepted, 'stopWaiting', 'respondAccepted'),
    receipt: to(Delivered, 'stopWaiting', 'respondDelivered'),
    errorStanza: to(Refused, 'stopWaiting', 'respondMapped'),
    linkDown: to(Parked),
    deadline: to(Withdrawn, 'respondUnavailable'),
    drained: to(Withdrawn, 'stopWaiting', 'respondUnavailable'),
  },
  [Parked]: {
    writtenAgain: to(Written),
    // The old link's server had it after all, and its answers came by the new one.
    receipt: to(Delivered, 'stopWaiting', 'respondDelivered'),
    errorStanza: to(Refused, 'stopWaiting', 'respondMapped'),
    deadline: to(Withdrawn, 'respondUnavailable'),
    drained: to(Withdrawn, 'stopWaiting', 'respondUnavailable'),
  },
  // Nobody waits any more, the answer stands.
  [Accepted]: { linkDown: to(Accepted), drained: to(Accepted) },
  [Delivered]: {
    confirmed: to(Delivered),
    linkDown: to(Delivered),
    receipt: to(Delivered),
    drained: to(Delivered),
  },
  [Refused]: { confirmed: to(Refused), linkDown: to(Refused), drained: to(Refused) },
  // What was withdrawn after being written may still have reached the user: the sender was told otherwise, and
  // nothing more can be said to him.
  [Withdrawn]: {
    confirmed: to(Withdrawn),
    receipt: to(Withdrawn),
    errorStanza: to(Withdrawn),
    linkDown: to(Withdrawn),
  },
};

/** Pure. An event that its state does not expect keeps the state, without effects, and says so. */
export function stepToXmpp(state: ToXmppState, event: ToXmppEvent): ToXmppTransition {
  return TABLE[state][event] ?? UNEXPECTED[state];
}

const unexpected = (state: ToXmppState): ToXmppTransition => ({ state, effects: [], expected: false });

const UNEXPECTED: Record<ToXmppState, ToXmppTransition> = {
  [Written]: unexpected(Written),
  [Parked]: unexpected(Parked),
  [Accepted]: unexpected(Accepted),
  [Delivered]: unexpected(Delivered),
  [Refused]: unexpected(Refused),
  [Withdrawn]: unexpected(Withdrawn),
};
