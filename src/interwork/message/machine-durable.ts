// The durable life of one message from XMPP to SIP, as data: what the outbox does around the attempts that
// machine-to-sip.ts describes (promise 1: one outcome each, also after a crash; promise 5).
//
//   sending ──delivered──────────────────────────────▶ ended
//      │ ▲
//      │ └──────seen, retry───── kept ──expired──┐
//      ├──unreachable──▶ kept ──notKept──────────┤
//      └──refused──────────────────────────────▶ reporting ──reported──▶ ended
//
// Its record is in the store from acceptance to `ended`. A gateway that starts again goes on from the record: what
// was being sent, or reported, is sent again; what was kept is kept.

export type DurableState = 'sending' | 'kept' | 'reporting' | 'ended';

export type DurableEvent =
  /** A final 2xx; or 482 to a repetition after a restart: the receiver has it (RFC 3261 §8.2.2.2). */
  | 'delivered'
  /** Any other outcome that no waiting would mend, or none may wait for. */
  | 'refused'
  /** The user cannot be reached now, and his message may be kept. */
  | 'unreachable'
  /** The store did not take it, or a quota is used up: it cannot be kept after all. */
  | 'notKept'
  /** The user was seen, or it is time to try again. */
  | 'retry'
  /** It was kept as long as it may be. */
  | 'expired'
  /** The XMPP server has the error stanza, or nobody can be told any more. */
  | 'reported';

export type DurableEffect =
  | 'countDelivered'
  /** Make the record one of a kept message. */
  | 'keep'
  /** Hand it to the deliveries once more, with the same Call-ID and From tag; with which CSeq, the driver knows. */
  | 'send'
  /** One error stanza to its sender, with his id. */
  | 'report'
  /** The record goes. */
  | 'forget';

export interface DurableTransition {
  readonly state: DurableState;
  readonly effects: readonly DurableEffect[];
  readonly expected: boolean;
}

const to = (state: DurableState, ...effects: readonly DurableEffect[]): DurableTransition => ({
  state,
  effects,
  expected: true,
});

const TABLE: Record<DurableState, Partial<Record<DurableEvent, DurableTransition>>> = {
  sending: {
    delivered: to('ended', 'countDelivered', 'forget'),
    refused: to('reporting', 'report'),
    unreachable: to('kept', 'keep'),
  },
  kept: {
    retry: to('sending', 'send'),
    expired: to('reporting', 'report'),
    notKept: to('reporting', 'report'),
  },
  reporting: { reported: to('ended', 'forget') },
  ended: {},
};

/** Pure. An event that its state does not expect keeps the state, without effects, and says so. */
export function stepDurable(state: DurableState, event: DurableEvent): DurableTransition {
  return TABLE[state][event] ?? { state, effects: [], expected: false };
}

/** Answers that say "not now": the user may be there later. 404 and 604 only where the operator says so. */
const NOT_NOW: ReadonlySet<number> = new Set([408, 410, 430, 480, 503, 504]);
const NO_SUCH_USER: ReadonlySet<number> = new Set([404, 604]);

/** Whether a message that ended with this status waits for better times. A timeout counts as 408, a transport failure as 503. */
export function isUnreachable(status: number | undefined, keepUnknownUsers: boolean): boolean {
  if (status === undefined) return false;
  return NOT_NOW.has(status) || (keepUnknownUsers && NO_SUCH_USER.has(status));
}
