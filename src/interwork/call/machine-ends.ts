// What the end of one leg means for the other one, and for the outcome: the answer of every state to "the other side
// vanished" (CALL-06 to CALL-11, CALL-26, CALL-32 to CALL-34, CALL-50 to CALL-80, CALL-93 to CALL-98).

import { stanzaErrorToResponse } from '../../mapping/index.ts';
import type { CallEnd } from '../../sip/index.ts';
import type { InitiationEnd, Reason, ReasonCondition, SessionEnd, StanzaError } from '../../xmpp/index.ts';
import type { CallOutcome, CallState, CallSide, Ending } from './machine-types.ts';
import { causeOfReason, reasonOfStatus, STATUS_OF_REASON } from './reasons.ts';

/** Why the caller's own end, or that of an answered call, needs no status: it is never seen. */
const UNSEEN = 480;

/** The SIP leg ended. `cause`, `text`: of its Reason header field. */
export function endOfSip(state: CallState, end: CallEnd, cause?: number, text?: string): Ending {
  const answered = state.phase === 'up';
  const told = answered || state.direction === 'toXmpp' ? undefined : text;
  switch (end.cause) {
    case 'refused':
      return sipRefused(end.status, told);
    case 'cancelled':
      // CALL-10; ours is told before its leg says so.
      return { ...ending('cancel', { kind: 'cancelled' }), text };
    case 'noAnswer':
      return ending('timeout', { kind: 'noAnswer' });
    case 'failed':
      // RFC 3261 §8.1.3.1: a timeout is as 408, an error of the transport as 503.
      return sipRefused(end.reason === 'timeout' ? 408 : 503, undefined);
    case 'hungUp': {
      // CALL-09, CALL-80.
      const condition = cause === undefined || cause < 300 ? 'success' : (reasonOfStatus(cause) ?? 'success');
      return { ...ending(condition, { kind: 'ended', by: 'sip' }), text };
    }
    case 'expired':
      return broken('sip', state, 'timeout', 'expired', 408);
    case 'lost': {
      // CALL-32.
      const { why } = end;
      const status = typeof why === 'number' ? why : why === 'timeout' ? 408 : 500;
      return broken('sip', state, reasonOfStatus(status) ?? 'general-error', String(why), status);
    }
  }
}

/** CALL-11. */
function sipRefused(status: number, text: string | undefined): Ending {
  // 487 without a CANCEL of ours: something on the way did it.
  const reason = reasonOfStatus(status) ?? 'general-error';
  return { status, reason, text, outcome: outcomeOf('sip', status, String(status), reason) };
}

function outcomeOf(side: CallSide, status: number, why: string, reason: ReasonCondition): CallOutcome {
  if (reason === 'busy') return { kind: 'busy' };
  if (reason === 'decline') return { kind: 'declined' };
  if (reason === 'timeout' && (status === 408 || status === 480)) return { kind: 'noAnswer' };
  return { kind: 'failed', side, status, why };
}

function ending(reason: ReasonCondition, outcome: CallOutcome, status = UNSEEN): Ending {
  return { status, reason, outcome };
}

/** Its party talks with somebody else: XEP-0251 §2, RFC 5589 §6.1. */
export function endOfTransfer(by: CallSide): Ending {
  return { ...ending('success', { kind: 'ended', by }), transferred: true };
}

/** One side is gone without a word of the other one. */
function broken(
  side: CallSide,
  { phase }: CallState,
  reason: ReasonCondition,
  why: string,
  status: number,
): Ending {
  const outcome: CallOutcome =
    phase === 'up' ? { kind: 'lost', side, why } : { kind: 'failed', side, status, why };
  return { status, reason, outcome };
}

/** The Jingle session ended. */
export function endOfSession(state: CallState, { cause, reason, error }: SessionEnd): Ending {
  switch (cause) {
    case 'terminated':
      return xmppLeft(state, reason);
    case 'refused':
      return xmppRefused(state, error);
    case 'away':
    case 'unknown':
      // CALL-26: within the session nobody knows of it, or nobody is there, any more.
      return broken('xmpp', state, 'gone', cause, error === undefined ? 480 : statusOf(error));
    case 'silent':
      return broken('xmpp', state, 'timeout', cause, 480);
    case 'vanished':
      return broken('xmpp', state, 'gone', cause, 480);
    case 'tie-break':
      return broken('xmpp', state, 'expired', cause, 480);
    case 'left':
    case 'empty':
      // CALL-15: no content is left. The SIP side had us remove the last one, or the XMPP side did it itself.
      if (state.phase === 'up') {
        return ending('success', { kind: 'ended', by: cause === 'left' ? 'sip' : 'xmpp' });
      }
      return broken('xmpp', state, 'failed-application', 'empty', 488);
  }
}

/** The call that was proposed ended, without a session or beside it. */
export function endOfInitiation(state: CallState, end: InitiationEnd): Ending {
  switch (end.cause) {
    case 'rejected': {
      // CALL-93: "reason busy -> 486, else 603".
      const condition = end.reason?.condition;
      if (condition === 'busy') return ending('busy', { kind: 'busy' }, 486);
      return ending(condition ?? 'decline', { kind: 'declined' }, 603);
    }
    case 'retracted':
    case 'finished':
      return xmppLeft(state, end.reason);
    case 'failed':
      return xmppRefused(state, end.error);
    case 'unanswered':
      // CALL-95; of the proposee's side: no session came.
      if (state.direction === 'toXmpp') return ending('timeout', { kind: 'noAnswer' });
      return broken('xmpp', state, 'expired', end.cause, 480);
    case 'overruled':
    case 'migrated':
      // CALL-100: the other call is the one.
      return broken('xmpp', state, 'expired', end.cause, 480);
    case 'left':
      return ending(end.reason.condition, { kind: 'cancelled' });
  }
}

/** CALL-06 to CALL-08, CALL-98. */
function xmppLeft({ phase, direction }: CallState, reason: Reason | undefined): Ending {
  const condition = reason?.condition ?? 'success';
  const text = reason?.text;
  if (phase === 'up') {
    const cause = causeOfReason(condition);
    return { status: UNSEEN, cause, text, reason: condition, outcome: { kind: 'ended', by: 'xmpp' } };
  }
  if (direction === 'toSip') return ending(condition, { kind: 'cancelled' });
  const status = STATUS_OF_REASON[condition];
  return { status, text, reason: condition, outcome: outcomeOfResponder(status, condition) };
}

function outcomeOfResponder(status: number, condition: ReasonCondition): CallOutcome {
  // 'expired', 'gone' and the like are 480 as well, but nobody let it ring.
  return outcomeOf('xmpp', status, condition, condition);
}

/** CALL-26, CALL-96. */
function xmppRefused(state: CallState, error: StanzaError | undefined): Ending {
  const status = error === undefined ? 500 : statusOf(error);
  const why = error?.condition ?? 'undefined-condition';
  return broken('xmpp', state, 'general-error', why, status);
}

function statusOf(error: StanzaError): number {
  // CALL-26: "service-unavailable -> 480 practice".
  if (error.condition === 'service-unavailable') return 480;
  const { status } = stanzaErrorToResponse(error, { full: true, method: 'INVITE' });
  return status;
}
