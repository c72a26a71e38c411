// What is told of one message after it was accepted, as data; the same in both directions (rows RCPT-03 … RCPT-08).
//
//   waiting ──delivered──▶ delivered ──displayed──▶ displayed
//      ├────displayed─────────────────────────────────▲
//      └────failed────▶ failed
//
// Towards SIP the events are `<received/>`, `<displayed/>` and error stanzas, and what is told are notifications;
// towards XMPP it is the other way round. Each thing is told at most once, and only forward: a second notification of
// the same, one that went astray for a while, and a failure of one device after another has the message change nothing.
// Whether it was asked for is the driver's question.

export type ReportState = 'waiting' | 'delivered' | 'displayed' | 'failed';

export type ReportEvent = 'delivered' | 'displayed' | 'failed';

export interface ReportTransition {
  readonly state: ReportState;
  /** In this order, each where it was asked for. */
  readonly tell: readonly ReportEvent[];
  /** False: it changes nothing; the driver counts it. */
  readonly expected: boolean;
}

const to = (state: ReportState, ...tell: ReportEvent[]): ReportTransition => ({
  state,
  tell,
  expected: true,
});

const TABLE: Record<ReportState, Partial<Record<ReportEvent, ReportTransition>>> = {
  waiting: {
    delivered: to('delivered', 'delivered'),
    // What is displayed was delivered, and who asked only for that should hear it (some clients send markers alone).
    displayed: to('displayed', 'delivered', 'displayed'),
    failed: to('failed', 'failed'),
  },
  delivered: { displayed: to('displayed', 'displayed') },
  displayed: {},
  // One outcome each: what was told to have failed is not taken back.
  failed: {},
};

/** Pure. An event that its state does not expect keeps the state and tells nothing. */
export function stepReport(state: ReportState, event: ReportEvent): ReportTransition {
  return TABLE[state][event] ?? { state, tell: [], expected: false };
}

/** True when nothing that was asked for can be told any more. */
export function isReportFinished(
  state: ReportState,
  asked: { readonly negative: boolean; readonly display: boolean },
): boolean {
  if (state === 'waiting') return false;
  return state !== 'delivered' || !asked.display;
}
