// Machine K: one call between a SIP user and an XMPP user, as data. It joins the machines of both legs (`sip/invite`, and
// session and proposal of `xmpp/jingle`): what they report are its events, and its effects are events of theirs.
//
//   toXmpp: idle ─invited─▶ proposing ─proceed─▶ initiating ─session-accept─▶ answering ─candidates─▶ up
//                     └────────(no proposals)──────▲
//   toSip:  idle ─propose─▶ proposed ─session-initiate─▶ gathering ─candidates─▶ calling ─2xx─▶ up
//                     └─────────(no proposals)──────────────▲
//   each:   any leg ends, or nobody answers ─▶ ended
//
// The end of any leg ends the others, in every phase, and tells the outcome once (machine-ends.ts). Before the answer:
// machine-setup.ts. Changes of an answered call: machine-changes.ts (of the XMPP side), machine-asked.ts (of the SIP side).

import type { Origin } from '../../sdp/index.ts';
import { NO_AGREEMENT } from '../../sdp/index.ts';
import type { Jingle, JingleAction, SessionReport } from '../../xmpp/index.ts';
import {
  acknowledged,
  asked,
  askedNoMore,
  decided,
  failedAtXmpp,
  goneMeanwhile,
  undecided,
} from './machine-asked.ts';
import {
  changed,
  contentsAdded,
  contentsDescribed,
  contentsModified,
  contentsRemoved,
  held,
  offerDue,
  transportsReplaced,
  unchanged,
} from './machine-changes.ts';
import {
  after,
  endCall,
  giveUp,
  legEnded,
  same,
  session,
  to,
  unexpected,
  type Handler,
} from './machine-core.ts';
import { endOfInitiation, endOfSession, endOfSip, endOfTransfer } from './machine-ends.ts';
import {
  accepted,
  answered,
  askedEarly,
  early,
  gathered,
  initiated,
  invited,
  progress,
  proposal,
  ringing,
  unanswered,
} from './machine-setup.ts';
import { probed, questioned, tone, toned, toneDecided } from './machine-questions.ts';
import { candidatesOfXmpp, gatherOver, trickled } from './machine-trickle.ts';
import type { CallDirection, CallEvent, CallPhase, CallState, CallTransition } from './machine-types.ts';

/**
 * A call before its first event. `origin`: o= of our first description; `trickle`: the driver can carry candidates in INFO.
 */
export function beginCall(parts: {
  readonly direction: CallDirection;
  readonly origin: Origin;
  readonly trickle: boolean;
}): CallState {
  const { direction, origin, trickle } = parts;
  return {
    ...{ phase: 'idle', direction, legs: { sip: false, session: false, initiation: false }, rung: false },
    ...{ table: [], contents: [], groups: [], adding: [], replacing: [], exchange: NO_AGREEMENT, origin },
    ...{ early: [], held: { bySip: false, byXmpp: false }, trickle: { driver: trickle, sip: false } },
    ...{ dirty: false, untold: [], candidates: 0, timers: [] },
  };
}

type Row = { readonly [K in CallEvent['kind']]?: Handler<K> };

const ignored = (state: CallState): CallTransition => same(state);

/** What happens to a call in every phase but the last. */
const ANY: Row = {
  sipEnded: (state, { end, cause, text }) => legEnded(state, 'sip', (now) => endOfSip(now, end, cause, text)),
  sessionEnded: (state, { end }) => legEnded(state, 'session', (now) => endOfSession(now, end)),
  initiationEnded: (state, { end }) => legEnded(state, 'initiation', (now) => endOfInitiation(now, end)),
  shutDown: (state) => giveUp(state, 500, 'shut down'),
};

/** The callee's side may still be rung, or changed by what is on its way. */
const SETUP: Row = { ...ANY, initiation: proposal, session: report, timer, trickled };

const OF_CALLER: Row = { ...SETUP, asked: askedEarly };

const UP: Row = {
  ...SETUP,
  asked,
  askedNoMore,
  acknowledged,
  offerDue,
  changed,
  unchanged,
  handedOver: (state, { by }) => endCall(state, endOfTransfer(by)),
  tone,
  toned,
  probed,
  // Of an early dialog that was overtaken by its 2xx.
  progress: ignored,
  early: ignored,
};

/** What comes late. The legs say that they have ended; everything else is of a call that is over. */
const ENDED: Row = {
  ...ANY,
  ...{
    progress: ignored,
    early: ignored,
    answered: ignored,
    acknowledged: ignored,
    offerDue: late,
    changed: ignored,
    handedOver: ignored,
  },
  ...{ unchanged: ignored, asked: ignored, askedNoMore: ignored, trickled: ignored },
  ...{ tone: ignored, toned: ignored, probed: ignored },
  ...{ initiation: ignored, session: lateSession, timer: ignored, shutDown: ignored },
};

const TABLE: Readonly<Record<CallPhase, Row>> = {
  idle: { invited, initiation: proposal, session: report },
  proposing: OF_CALLER,
  initiating: OF_CALLER,
  answering: OF_CALLER,
  proposed: SETUP,
  gathering: SETUP,
  calling: { ...SETUP, progress, early, answered, asked: askedEarly },
  up: UP,
  ended: ENDED,
};

/** Pure. An event that its state does not expect keeps the state, without effects, and says so. */
export function stepCall(state: CallState, event: CallEvent): CallTransition {
  return handle(state, TABLE[state.phase], event);
}

function handle<K extends CallEvent['kind']>(
  state: CallState,
  row: { readonly [P in K]?: Handler<P> },
  event: Extract<CallEvent, { kind: K }>,
): CallTransition {
  const handler = row[event.kind];
  return handler === undefined ? unexpected(state) : handler(state, event);
}

/** An offer is due although the call has ended meanwhile: the last one does. */
function late(state: CallState): CallTransition {
  const { sent } = state;
  if (sent === undefined) return unexpected(state);
  return { state, effects: [{ kind: 'offer', description: sent }], expected: true };
}

/** A session-initiate that crossed the end of its proposal (CALL-98): there is no call that it could begin. */
function lateSession(state: CallState, { report: told }: CallEvent & { kind: 'session' }): CallTransition {
  if (told.kind !== 'action' || told.jingle.action !== 'session-initiate') return same(state);
  const reason = { condition: 'expired' } as const;
  return to(state, session({ action: 'session-terminate', reason }));
}

function timer(state: CallState, event: CallEvent & { kind: 'timer' }): CallTransition {
  if (!state.timers.includes(event.timer)) return unexpected(state);
  const timers = state.timers.filter((each) => each !== event.timer);
  const next: CallState = { ...state, timers };
  switch (event.timer) {
    case 'answer':
      return unanswered(next);
    case 'gather':
      return state.phase === 'up' ? gatherOver(next) : gathered(next, true);
    case 'change':
      return undecided(next);
  }
}

function report(state: CallState, event: CallEvent & { kind: 'session' }): CallTransition {
  const { report: told } = event;
  switch (told.kind) {
    case 'action':
      return action(state, told.jingle);
    case 'info':
      return info(state, told);
    case 'question':
      return questioned(state, told);
    case 'answered':
      return toneDecided(state, told);
    case 'failed':
      return told.about === undefined ? failedAtXmpp(state, told) : toneDecided(state, told);
  }
}

function info(state: CallState, { info: told }: SessionReport & { kind: 'info' }): CallTransition {
  switch (told.kind) {
    case 'ringing':
      return state.phase === 'initiating' ? ringing(state) : same(state);
    case 'hold':
      return held(state, true);
    case 'unhold':
    case 'active':
      return held(state, false);
    // CALL-42: not mapped. Tones are questions, and transfers not the call's.
    default:
      return same(state);
  }
}

type OfSession = (state: CallState, jingle: Jingle) => CallTransition;

const ACTIONS: Readonly<Record<JingleAction, OfSession>> = {
  'session-initiate': (state, jingle) =>
    state.direction === 'toSip' && (state.phase === 'idle' || state.phase === 'proposed')
      ? initiated(state, jingle)
      : unexpected(state),
  'session-accept': (state, jingle) =>
    state.phase === 'initiating' ? accepted(state, jingle) : unexpected(state),
  'content-add': contentsAdded,
  'content-remove': (state, jingle) => {
    const removed = contentsRemoved(state, jingle);
    return after(removed.effects, goneMeanwhile(removed.state, jingle.contents));
  },
  'content-modify': contentsModified,
  'content-accept': (state, { contents }) => decided(state, 'added', contents, true),
  'content-reject': (state, { contents }) => decided(state, 'added', contents, false),
  'description-info': contentsDescribed,
  'transport-info': (state, { contents }) => {
    const joined = candidatesOfXmpp(state, contents);
    return after(joined.effects, gathered(joined.state, false));
  },
  'transport-replace': transportsReplaced,
  'transport-accept': (state, { contents }) => decided(state, 'replaced', contents, true),
  'transport-reject': (state, { contents }) => decided(state, 'replaced', contents, false),
  // Answered by the session itself (CALL-19).
  'security-info': ignored,
  'session-info': ignored,
  'session-terminate': ignored,
};

function action(state: CallState, jingle: Jingle): CallTransition {
  if (state.phase === 'idle' && jingle.action !== 'session-initiate') return unexpected(state);
  return ACTIONS[jingle.action](state, jingle);
}
