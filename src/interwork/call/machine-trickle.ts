// Candidates that come one by one, both ways (CALL-12, CALL-13; RFC 8838, RFC 8840).

import {
  withoutTimer,
  after,
  same,
  session,
  to,
  unexpected,
  withTimer,
  type Handler,
} from './machine-core.ts';
import { iceCandidate } from './transport-to-jingle.ts';
import { sdpCandidate } from './transport-to-sdp.ts';
import { isNamed, nameOf } from './machine-media.ts';
import { GATHER_MS, type CallState, type CallTransition, type TrickledMedium } from './machine-types.ts';
import { placeOf } from './content-table.ts';
import type { Content, IceTransport } from '../../xmpp/index.ts';

/** A session has so many candidates at most: what comes behind is not told. */
const MAX_CANDIDATES = 256;

/** A transport-info of the XMPP side: its candidates join the content, and the SIP side is told as it wants to be told. */
export function candidatesOfXmpp(state: CallState, contents: readonly Content[]): CallTransition {
  const fresh = contents.filter(
    (each) => isNamed(each, state.contents) && each.transport?.kind === 'ice-udp',
  );
  if (fresh.length === 0) return same(state);
  const joined = state.contents.map((content) => {
    const more = fresh.find((each) => isNamed(each, [content]));
    return more === undefined ? content : withCandidates(content, more);
  });
  const next: CallState = { ...state, contents: joined };
  switch (state.phase) {
    case 'gathering':
    case 'answering':
      return to(next);
    case 'up': {
      if (state.trickle.driver && state.trickle.sip) {
        return to(next, { kind: 'trickle', media: trickledMedia(next, fresh) });
      }
      // Several of them make one change, and that there are no more makes none.
      if (!haveCandidates(fresh)) return to(next);
      return state.timers.includes('gather') ? to(next) : withTimer(next, 'gather', GATHER_MS);
    }
    default:
      // CALL-13: "before the INVITE dialog is confirmed: queue".
      return to({ ...next, untold: withUntold(state.untold, fresh) });
  }
}

/** The end of the wait for candidates within the session. */
export function gatherOver(state: CallState): CallTransition {
  const stopped = withoutTimer(state, 'gather');
  return after(stopped.effects, to(stopped.state, { kind: 'change' }));
}

/** RFC 8838 §13: the end of candidates may come alone. */
export function haveCandidates(contents: readonly Content[]): boolean {
  return contents.some(({ transport }) => transport?.kind === 'ice-udp' && transport.candidates.length > 0);
}

function withCandidates(content: Content, more: Content): Content {
  const { transport } = content;
  if (transport?.kind !== 'ice-udp' || more.transport?.kind !== 'ice-udp') return content;
  const candidates = [...transport.candidates, ...more.transport.candidates].slice(0, MAX_CANDIDATES);
  const complete = transport.complete || more.transport.complete;
  return { ...content, transport: { ...transport, candidates, complete } };
}

function withUntold(untold: readonly Content[], fresh: readonly Content[]): readonly Content[] {
  const others = fresh.filter((each) => !isNamed(each, untold));
  const joined = untold.map((content) => {
    const more = fresh.find((each) => isNamed(each, [content]));
    return more === undefined ? content : withCandidates(content, more);
  });
  return [...joined, ...others];
}

/** For the fragment of a description in an INFO. */
export function trickledMedia(state: CallState, contents: readonly Content[]): readonly TrickledMedium[] {
  return contents.flatMap((content): readonly TrickledMedium[] => {
    const { transport } = content;
    const whole = state.contents.find((each) => isNamed(each, [content]));
    if (transport?.kind !== 'ice-udp' || whole?.transport?.kind !== 'ice-udp') return [];
    const mid = state.table[placeOf(state.table, content.name, content.creator)]?.mid;
    const { ufrag, pwd } = whole.transport;
    return [
      {
        media: whole.description?.kind === 'rtp' ? whole.description.media : 'audio',
        ...{ mid, ufrag, pwd },
        candidates: transport.candidates.map(sdpCandidate),
        end: transport.complete,
      },
    ];
  });
}

/** Candidates of the SIP side, as transport-info. Without a mid they are of the line in their place. */
export const trickled: Handler<'trickled'> = (state, { media }) => {
  if (!state.legs.session || state.phase === 'ended') return unexpected(state);
  let { candidates: named } = state;
  const newId = (): string => `c${(named += 1)}`;
  const contents = media.flatMap((medium, place): readonly Content[] => {
    const entry =
      medium.mid === undefined
        ? state.table[place]
        : state.table.find(({ mid, name }) => (mid ?? name) === medium.mid);
    if (entry === undefined) return [];
    const candidates = medium.candidates.flatMap((each) => iceCandidate(each, newId) ?? []);
    const transport: IceTransport = {
      ...{ kind: 'ice-udp', ufrag: medium.ufrag, pwd: medium.pwd, candidates },
      ...{ fingerprints: [], remoteCandidates: [], complete: medium.end, trickle: false },
    };
    return candidates.length === 0 && !medium.end ? [] : [{ ...nameOf(entry), transport }];
  });
  if (contents.length === 0) return same(state);
  return to({ ...state, candidates: named }, session({ action: 'transport-info', contents }));
};
