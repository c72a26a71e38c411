// Machine K before the call is answered (CALL-01 to CALL-05, CALL-12, CALL-13, CALL-28, CALL-30, CALL-90 to CALL-97).

import type { SessionDescription } from '../../sdp/index.ts';
import { element } from '../../xml/index.ts';
import { NS_RTP, rtpInfoElement, type Content, type Jingle } from '../../xmpp/index.ts';
import { withContent } from './content-table.ts';
import {
  after,
  endCall,
  exchanged,
  giveUp,
  same,
  session,
  to,
  unexpected,
  withoutTimer,
  withTimer,
  type Handler,
} from './machine-core.ts';
import { contentsOfSip, describe, isNamed, nameOf, withSenders, withSettledSetup } from './machine-media.ts';
import {
  ANSWER_MS,
  GATHER_MS,
  MAX_EARLY,
  type CallEffect,
  type CallState,
  type CallTransition,
  type Early,
} from './machine-types.ts';
import { haveCandidates, trickledMedia } from './machine-trickle.ts';

/** An INVITE for an XMPP user: proposed to his devices, or a session with the one that is named. */
export const invited: Handler<'invited'> = (state, { description, device, trickle }) => {
  if (state.direction !== 'toXmpp') return unexpected(state);
  const legs = { ...state.legs, sip: true };
  const begun: CallState = { ...state, legs, trickle: { ...state.trickle, sip: trickle } };
  // CALL-30: nobody can be asked for an offer in Jingle.
  if (description === undefined) return giveUp(begun, 488, 'no offer');
  const offered = exchanged(begun, { type: 'receiveOffer', description });
  if (!offered.ok) return giveUp(begun, 488, offered.error.code);
  const { state: named, jingle } = contentsOfSip(offered.value, description);
  // SDP-04: nothing that Jingle can say.
  if (jingle.contents.length === 0) return giveUp(named, 488, 'no media');
  const timed = withTimer({ ...named, table: jingle.table }, 'answer', ANSWER_MS);
  if (device !== undefined) return after(timed.effects, initiate(timed.state, device, description));
  // CALL-90: "one description per m=" that can be had.
  const descriptions = jingle.contents.flatMap(({ description: said }) =>
    said?.kind === 'rtp' ? [element('description', NS_RTP, { media: said.media })] : [],
  );
  const proposed: CallState = {
    ...{ ...timed.state, phase: 'proposing' },
    legs: { ...timed.state.legs, initiation: true },
  };
  return to(proposed, ...timed.effects, { kind: 'initiation', event: { kind: 'propose', descriptions } });
};

/** The session-initiate of a call of the SIP side (CALL-01, CALL-92). */
function initiate(before: CallState, device: string, offer: SessionDescription): CallTransition {
  const { state, jingle } = contentsOfSip(before, offer);
  const { contents, groups } = jingle;
  const next: CallState = { ...state, phase: 'initiating', legs: { ...state.legs, session: true } };
  return to(next, {
    kind: 'session',
    action: { action: 'session-initiate', contents, groups },
    to: device,
  });
}

export const proposal: Handler<'initiation'> = (state, { report }) => {
  switch (report.kind) {
    case 'ringing':
      return state.phase === 'proposing' ? ringing(state) : same(state);
    case 'proceed': {
      const { exchange, phase } = state;
      if (phase !== 'proposing' || exchange.name !== 'asked') return unexpected(state);
      const begun = initiate(state, report.device, exchange.remote);
      return { ...begun, effects: [...begun.effects, { kind: 'initiation', event: { kind: 'begun' } }] };
    }
    case 'proposed': {
      if (state.phase !== 'idle' || state.direction !== 'toSip') return unexpected(state);
      // CALL-97: there is no description yet, so that nobody can be called before the session is there.
      const next: CallState = { ...state, phase: 'proposed', legs: { ...state.legs, initiation: true } };
      return to(next, { kind: 'initiation', event: { kind: 'proceed' } });
    }
  }
};

/** CALL-03, CALL-91: "once". */
export function ringing(state: CallState): CallTransition {
  if (state.rung) return same(state);
  const effect: CallEffect =
    state.direction === 'toXmpp'
      ? { kind: 'progress', status: 180 }
      : session({ action: 'session-info', infos: [rtpInfoElement({ kind: 'ringing' })] });
  return to({ ...state, rung: true }, effect);
}

/** A session-initiate for a SIP user (CALL-01, CALL-97). */
export function initiated(state: CallState, { contents, groups }: Jingle): CallTransition {
  const legs = { ...state.legs, session: true };
  const withMid = groups.length > 0;
  let { table } = state;
  for (const { name, creator } of contents) table = withContent(table, name, creator, withMid);
  const begun: CallState = { ...state, phase: 'gathering', legs, contents, groups, table };
  const told: CallEffect[] = legs.initiation ? [{ kind: 'initiation', event: { kind: 'begun' } }] : [];
  const timed = withTimer(begun, 'answer', ANSWER_MS);
  return after([...told, ...timed.effects], gather(timed.state, call));
}

/** The session-accept of an XMPP user (CALL-05). */
export function accepted(state: CallState, { contents, groups }: Jingle): CallTransition {
  const next: CallState = { ...state, phase: 'answering', contents, groups };
  return gather(next, answer);
}

/**
 * CALL-12, CALL-13: who takes no candidates one by one has to have "at least one generation" in the description, so that
 * they are waited for, up to a time. What comes later is a change.
 */
function gather(state: CallState, then: (state: CallState) => CallTransition): CallTransition {
  if (isGathered(state)) return then(state);
  return withTimer(state, 'gather', GATHER_MS);
}

function isGathered(state: CallState): boolean {
  const { contents, trickle, direction } = state;
  // Whether a SIP user takes them is seen from his own description, not before.
  if (direction === 'toXmpp' && trickle.driver && trickle.sip) return true;
  return contents.every((content) => {
    const { transport } = carrierOf(content, state);
    if (transport?.kind !== 'ice-udp') return true;
    return transport.complete || (!transport.trickle && transport.candidates.length > 0);
  });
}

/**
 * RFC 9143 §10: in an answer the first content of a bundle has the candidates of all, which are those of one ICE agent. In an offer
 * each has its own, as whoever answers may know no bundles.
 */
function carrierOf(content: Content, { contents, groups, direction }: CallState): Content {
  if (direction === 'toSip') return content;
  const bundle = groups.find((each) => each.semantics === 'BUNDLE' && each.contents.includes(content.name));
  const first = contents.find(({ name }) => name === bundle?.contents[0])?.transport;
  const { transport } = content;
  const isOne = first?.kind === 'ice-udp' && transport?.kind === 'ice-udp' && first.ufrag === transport.ufrag;
  return isOne ? { ...content, transport: first } : content;
}

/** Goes on where all that is waited for is there now; else the state as it is. */
export function gathered(state: CallState, isOver: boolean): CallTransition {
  if (state.phase !== 'gathering' && state.phase !== 'answering') return same(state);
  if (!isOver && !isGathered(state)) return same(state);
  const stopped = withoutTimer(state, 'gather');
  return after(stopped.effects, state.phase === 'gathering' ? call(stopped.state) : answer(stopped.state));
}

/** CALL-01: the INVITE. */
function call(state: CallState): CallTransition {
  const { description, unsupported } = describe(state, state.contents);
  if (description.media.every(({ port }) => port === 0)) return giveUp(state, 488, 'no media');
  const offered = exchanged(state, { type: 'sendOffer', description });
  if (!offered.ok) return giveUp(state, 488, offered.error.code);
  const next: CallState = { ...offered.value, phase: 'calling', legs: { ...state.legs, sip: true } };
  const dropped = drop({ ...next, dirty: false }, unsupported);
  return to(dropped.state, { kind: 'invite', description }, ...dropped.effects);
}

/** Contents that the other side cannot have are no part of the session (CALL-15). */
function drop(state: CallState, contents: readonly Content[]): CallTransition {
  if (contents.length === 0) return same(state);
  const names = contents.map(nameOf);
  const action = { action: 'content-remove', contents: names } as const;
  return to(
    { ...state, contents: state.contents.filter((each) => !isNamed(each, names)) },
    session({ ...action, reason: { condition: 'unsupported-applications' } }),
  );
}

/** CALL-05: the 2xx to the SIP side. */
function answer(state: CallState): CallTransition {
  const { exchange } = state;
  if (exchange.name !== 'asked') return giveUp(state, 500, 'no offer');
  const { description, unsupported } = describe(state, state.contents, exchange.remote);
  if (description.media.every(({ port }) => port === 0)) return giveUp(state, 488, 'no media');
  const answered = exchanged(state, { type: 'sendAnswer', description });
  if (!answered.ok) return giveUp(state, 488, answered.error.code);
  const dropped = drop({ ...answered.value, dirty: false }, unsupported);
  return up(dropped.state, [{ kind: 'accept', description }, ...dropped.effects]);
}

/** The call is answered: what had to wait for that leaves now. */
function up(state: CallState, effects: readonly CallEffect[]): CallTransition {
  const stopped = withoutTimer({ ...state, phase: 'up', early: [] }, 'answer');
  const { adding, replacing, dirty, untold, trickle } = stopped.state;
  const later: CallEffect[] = [];
  const trickles = trickle.driver && trickle.sip;
  const isDue = dirty || adding.length > 0 || replacing.length > 0 || (!trickles && haveCandidates(untold));
  if (isDue) later.push({ kind: 'change' });
  if (untold.length > 0 && trickles) {
    later.push({ kind: 'trickle', media: trickledMedia(stopped.state, untold) });
  }
  const next: CallState = { ...stopped.state, dirty: false, untold: [] };
  return to(next, ...stopped.effects, ...effects, ...later, { kind: 'up' });
}

/** CALL-02 to CALL-04: 100 and 183 do not ring. */
export const progress: Handler<'progress'> = (state, { status }) =>
  status >= 180 && status <= 182 ? ringing(state) : same(state);

/** CALL-04: kept as the answer; the XMPP side learns where media come from, and the session is not accepted. */
export const early: Handler<'early'> = (state, { tag, description }) => {
  const known = state.early.some((each) => each.tag === tag);
  if (known || state.early.length >= MAX_EARLY) return same(state);
  const kept: CallState = { ...state, early: [...state.early, { tag, remote: description }] };
  // CALL-28: one Jingle session for all forks, so that only the first one is told.
  if (state.early.length > 0) return to(kept);
  const { state: named, jingle } = contentsOfSip(kept, description);
  const contents = jingle.contents.flatMap(({ name, creator, transport }): Content[] =>
    transport?.kind === 'ice-udp' && transport.candidates.length > 0 ? [{ name, creator, transport }] : [],
  );
  const ofSession = contents.filter((each) => isNamed(each, state.contents));
  if (ofSession.length === 0) return to(kept);
  return to(named, session({ action: 'transport-info', contents: ofSession }));
};

/** CALL-40: an UPDATE before the 2xx, which is answered with what we have. */
export const askedEarly: Handler<'asked'> = (state, { method, description, tag }) => {
  const refusal: CallEffect = { kind: 'answer', method, status: 488, tag };
  if (description === undefined) return to(state, { kind: 'answer', method, status: 200, tag });
  const known = state.early.find((each) => each.tag === tag);
  if (known === undefined || state.phase !== 'calling') return to(state, refusal);
  if (description.media.length < known.remote.media.length) return to(state, refusal);
  const answered = describe(state, state.contents, description).description;
  const local = { ...answered, media: answered.media.slice(0, description.media.length) };
  if (local.media.length < description.media.length) return to(state, refusal);
  const changed: Early = { tag: known.tag, remote: description, local };
  const kept = state.early.map((each) => (each === known ? changed : each));
  return to({ ...state, early: kept, sent: local }, { ...refusal, status: 200, description: local });
};

/** The 2xx of a SIP user (CALL-05). The SIP leg has taken the first one; others are none of ours (CALL-28). */
export const answered: Handler<'answered'> = (before, { tag, description, trickle }) => {
  const known = before.early.find((each) => each.tag === tag);
  const remote = description ?? known?.remote;
  const state: CallState = { ...before, trickle: { ...before.trickle, sip: trickle } };
  if (remote === undefined) return giveUp(state, 488, 'no answer');
  const agreed = agreedWith(state, remote, known);
  if (agreed === undefined) return giveUp(state, 488, 'ERR_SDP_ANSWER');
  const settled = withSettledSetup(state.contents, state.table, remote);
  const { state: named, jingle } = contentsOfSip({ ...agreed, contents: settled }, remote);
  const offered = jingle.contents.filter((each) => isNamed(each, settled));
  if (offered.length === 0) return giveUp(named, 488, 'no media');
  // Those that he refused are no part of the session.
  const contents = settled
    .filter((each) => isNamed(each, offered))
    .map((each) => withSenders(each, offered.find((one) => isNamed(one, [each]))?.senders ?? 'both'));
  const accept = session({
    ...{ action: 'session-accept', contents: offered, groups: jingle.groups },
  });
  return up({ ...named, contents, table: jingle.table }, [accept]);
};

function agreedWith(
  state: CallState,
  remote: SessionDescription,
  known: Early | undefined,
): CallState | undefined {
  if (known?.local !== undefined) {
    const local = known.local;
    return { ...state, exchange: { name: 'stable', agreed: { local, remote } } };
  }
  const next = exchanged(state, { type: 'receiveAnswer', description: remote });
  return next.ok ? next.value : undefined;
}

/** CALL-34: nobody answered. */
export function unanswered(state: CallState): CallTransition {
  return endCall(state, { status: 408, reason: 'timeout', outcome: { kind: 'noAnswer' } });
}
