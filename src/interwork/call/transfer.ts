// A SIP user hands the XMPP user of an answered call over to somebody else (CALL-35, CALL-36), as data: what the client is asked,
// what its new call comes to, and what of that the REFER and its NOTIFY say (RFC 3515, XEP-0251).
//
//   checking ──able──▶ offered ──taken, or its new call, or long silence──▶ followed ──▶ over
//      └─unable, silence: 603─┐      └─refused: 603─┐                          └─ the new call is answered or fails, the client
//                            over                  over                          leaves the old one, or nothing comes
//
// The other way, an XMPP user hands a SIP user over, is one REFER of ours: `sip/invite/refer.ts`.

export type TransferPhase =
  /** Whether the client knows transfers is being asked. */
  | 'checking'
  /** It has the session-info, and has not answered. */
  | 'offered'
  /** The REFER is answered with 202. */
  | 'followed'
  | 'over';

export interface TransferState {
  readonly phase: TransferPhase;
  /** What was said of the new call last: each status is told once. */
  readonly status: number;
}

export type TransferEvent =
  /** Whether the client announces urn:xmpp:jingle:transfer:0. */
  | { readonly kind: 'able' }
  | { readonly kind: 'unable' }
  /** Its answer to the session-info. */
  | { readonly kind: 'taken' }
  | { readonly kind: 'refused' }
  /** The call that it makes instead: provisional, answered, or over without that. */
  | { readonly kind: 'progress'; readonly status: number }
  | { readonly kind: 'answered' }
  | { readonly kind: 'failed'; readonly status: number }
  /** The old call ended. `handed`: the client ended it as a success, which XEP-0251 has it do when the new session is there. */
  | { readonly kind: 'left'; readonly handed: boolean; readonly bySip: boolean }
  /** PATIENCE_MS since the REFER; FOLLOW_MS since its answer. */
  | { readonly kind: 'patience' }
  | { readonly kind: 'expired' };

export type TransferEffect =
  /** session-info with `<transfer/>`. */
  | { readonly kind: 'offer' }
  /** 202 to the REFER. */
  | { readonly kind: 'accept' }
  /** 603 to the REFER, with a Warning. */
  | { readonly kind: 'decline'; readonly why: string }
  /** What the new call came to so far, for the NOTIFY. */
  | { readonly kind: 'outcome'; readonly status: number };

export interface TransferTransition {
  readonly state: TransferState;
  readonly effects: readonly TransferEffect[];
  /** False: the state knows nothing of such an event, and nothing changed. */
  readonly expected: boolean;
}

/** The REFER is a transaction of 32 s (RFC 3261 §17.1.2.2); a client that is there answers at once. */
export const PATIENCE_MS = 10_000;
/** As long as the subscription lasts (RFC 3515 §3.4). */
export const FOLLOW_MS = 300_000;
/** How often a call may be handed on: each time it takes a REFER, and a circle of phones would never end. */
export const MAX_TRANSFERS = 10;

const UNABLE = 'The XMPP client cannot be transferred';
const SILENT = 'The XMPP client did not answer';
const UNWILLING = 'The XMPP client refused the transfer';
const DECLINED = 603;
const TIMED_OUT = 408;
const OVER: TransferState = { phase: 'over', status: 0 };

export const BEGIN_TRANSFER: TransferState = { phase: 'checking', status: 100 };

/** Pure. See `TransferTransition.expected`. */
export function stepTransfer(state: TransferState, event: TransferEvent): TransferTransition {
  switch (state.phase) {
    case 'checking':
      return checking(state, event);
    case 'offered':
      return offered(state, event);
    case 'followed':
      return followed(state, event);
    case 'over':
      return { state, effects: [], expected: true };
  }
}

function checking(state: TransferState, event: TransferEvent): TransferTransition {
  switch (event.kind) {
    case 'able':
      return to({ ...state, phase: 'offered' }, { kind: 'offer' });
    case 'unable':
      return to(OVER, { kind: 'decline', why: UNABLE });
    case 'patience':
      return to(OVER, { kind: 'decline', why: SILENT });
    case 'left':
      // The REFER is answered by the end of its dialog.
      return to(OVER);
    default:
      return unexpected(state);
  }
}

function offered(state: TransferState, event: TransferEvent): TransferTransition {
  switch (event.kind) {
    case 'taken':
    case 'patience':
      return to({ ...state, phase: 'followed' }, { kind: 'accept' });
    case 'refused':
      return to(OVER, { kind: 'decline', why: UNWILLING });
    case 'progress':
    case 'answered':
    case 'failed':
      return accepted(state, event);
    case 'left':
      return event.handed ? accepted(state, event) : to(OVER);
    default:
      return unexpected(state);
  }
}

/** What it does shows that it took the transfer, whatever became of its answer. */
function accepted(state: TransferState, event: TransferEvent): TransferTransition {
  const next = followed({ ...state, phase: 'followed' }, event);
  return { ...next, effects: [{ kind: 'accept' }, ...next.effects] };
}

function followed(state: TransferState, event: TransferEvent): TransferTransition {
  switch (event.kind) {
    case 'progress':
      return event.status <= state.status
        ? to(state)
        : to({ ...state, status: event.status }, { kind: 'outcome', status: event.status });
    case 'answered':
      return told(200);
    case 'failed':
      return told(event.status);
    case 'refused':
      return told(DECLINED);
    case 'left':
      if (event.handed) return told(200);
      // Who hung up himself is told by the end of his subscription.
      return event.bySip ? to(OVER) : told(DECLINED);
    case 'expired':
      return told(TIMED_OUT);
    case 'taken':
    case 'patience':
      return to(state);
    default:
      return unexpected(state);
  }
}

function told(status: number): TransferTransition {
  return to(OVER, { kind: 'outcome', status });
}

function to(state: TransferState, ...effects: readonly TransferEffect[]): TransferTransition {
  return { state, effects, expected: true };
}

function unexpected(state: TransferState): TransferTransition {
  return { state, effects: [], expected: false };
}
