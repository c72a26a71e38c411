// What the XMPP side changes in a call, and what becomes of it on the SIP side (CALL-14 to CALL-18, CALL-41). The SIP leg
// says when an offer may leave, so that it says how things are then: what is wanted meanwhile goes with it.

import { directionOf, type SessionDescription } from '../../sdp/index.ts';
import { rtpInfoElement, type Content, type ContentName, type Jingle } from '../../xmpp/index.ts';
import { placeOf, withContent, type ContentTable } from './content-table.ts';
import { exchanged, failedExchange, giveUp, same, session, to, type Handler } from './machine-core.ts';
import {
  contentsOfSip,
  describe,
  isHold,
  isNamed,
  nameOf,
  withSenders,
  withSettledSetup,
  without,
} from './machine-media.ts';
import type { CallEffect, CallState, CallTransition } from './machine-types.ts';

/** Something is to be told to the SIP side, at once or when it has answered. */
function wanted(state: CallState, ...effects: readonly CallEffect[]): CallTransition {
  if (state.phase === 'up') return to(state, ...effects, { kind: 'change' });
  return to({ ...state, dirty: true }, ...effects);
}

/** CALL-14. */
export function contentsAdded(state: CallState, { contents }: Jingle): CallTransition {
  const isPossible = ({ description, transport, disposition }: Content): boolean =>
    description?.kind === 'rtp' &&
    (transport?.kind === 'ice-udp' || transport?.kind === 'raw-udp') &&
    (disposition ?? 'session') === 'session';
  const impossible = contents.filter((each) => !isPossible(each)).map(nameOf);
  const effects: CallEffect[] =
    impossible.length === 0
      ? []
      : [
          session({
            ...{ action: 'content-reject', contents: impossible },
            reason: { condition: 'unsupported-applications' },
          }),
        ];
  const adding = contents.filter(isPossible);
  if (adding.length === 0) return to(state, ...effects);
  return wanted({ ...state, adding: [...state.adding, ...adding] }, ...effects);
}

/** CALL-15. */
export function contentsRemoved(state: CallState, { contents }: Jingle): CallTransition {
  const isAlive = (each: ContentName): boolean =>
    isNamed(each, state.contents) || (state.offered !== undefined && isNamed(each, state.offered.added));
  const next: CallState = {
    ...state,
    contents: without(state.contents, contents),
    adding: without(state.adding, contents),
    replacing: without(state.replacing, contents),
    ...(state.offered === undefined
      ? {}
      : { offered: { ...state.offered, added: without(state.offered.added, contents) } }),
  };
  return contents.some(isAlive) ? wanted(next) : to(next);
}

/** CALL-16. */
export function contentsModified(state: CallState, { contents }: Jingle): CallTransition {
  const changed = state.contents.map((content) => {
    const now = contents.find((each) => isNamed(each, [content]));
    return now === undefined ? content : withSenders(content, now.senders ?? 'both');
  });
  return wanted({ ...state, contents: changed });
}

/** CALL-17: "also ignored if only hints". */
export function contentsDescribed(state: CallState, { contents }: Jingle): CallTransition {
  let isNew = false;
  const changed = state.contents.map((content) => {
    const { description } = contents.find((each) => isNamed(each, [content])) ?? {};
    if (description?.kind !== 'rtp' || content.description?.kind !== 'rtp') return content;
    if (description.payloads.length === 0 || description.media !== content.description.media) return content;
    if (JSON.stringify(description) === JSON.stringify(content.description)) return content;
    isNew = true;
    return { ...content, description };
  });
  return isNew ? wanted({ ...state, contents: changed }) : same(state);
}

/** CALL-18. */
export function transportsReplaced(state: CallState, { contents }: Jingle): CallTransition {
  const isPossible = ({ transport, ...content }: Content): boolean =>
    isNamed(content, state.contents) && transport !== undefined && transport.kind !== 'other';
  const refused = contents.filter((each) => !isPossible(each)).map(nameOf);
  const effects: CallEffect[] =
    refused.length === 0 ? [] : [session({ action: 'transport-reject', contents: refused })];
  const replaced = contents.filter(isPossible);
  if (replaced.length === 0) return to(state, ...effects);
  const old = state.contents.filter((each) => isNamed(each, replaced));
  const changed = state.contents.map((content) => {
    const { transport } = replaced.find((each) => isNamed(each, [content])) ?? {};
    return transport === undefined ? content : { ...content, transport };
  });
  const replacing = [...without(state.replacing, old), ...old];
  return wanted({ ...state, contents: changed, replacing }, ...effects);
}

/** CALL-41: the XMPP user puts the SIP user on hold, or takes him back. */
export function held(state: CallState, byXmpp: boolean): CallTransition {
  if (state.held.byXmpp === byXmpp) return same(state);
  return wanted({ ...state, held: { ...state.held, byXmpp } });
}

/** The offer that leaves now: ours, or one by which the SIP leg refreshes its session. */
export const offerDue: Handler<'offerDue'> = (before) => {
  // The one before had no answer (491), or was of a request that failed.
  const state = withdrawn(before).state;
  const { adding, replacing, table: plain } = state;
  let table: ContentTable = plain;
  const withMid = plain.some(({ mid }) => mid !== undefined);
  for (const { name, creator } of adding) {
    if (placeOf(table, name, creator) < 0) table = withContent(table, name, creator, withMid);
  }
  const { description } = describe({ ...state, table }, [...state.contents, ...adding]);
  const sent = exchanged({ ...state, table }, { type: 'sendOffer', description });
  // RFC 3264 §8: what follows from what was agreed always may be offered.
  if (!sent.ok) return giveUp(state, 488, sent.error.code);
  const next: CallState = {
    ...sent.value,
    ...{
      dirty: false,
      adding: [],
      offered: { added: adding, replaced: replacing.map(nameOf), table: plain },
    },
  };
  return to(next, { kind: 'offer', description });
};

/** An offer of ours that is not answered any more; what it wanted is wanted again. */
export function withdrawn(state: CallState): CallTransition {
  const { offered } = state;
  const free = failedExchange(state);
  if (offered === undefined) return to(free);
  const adding = [...offered.added, ...without(state.adding, offered.added)];
  return to({ ...free, adding, table: offered.table, offered: undefined });
}

/** The SIP side took the change: what was added and replaced is decided by its answer. */
export const changed: Handler<'changed'> = (before, { description }) => {
  const { offered, exchange } = before;
  // A refresh without an offer.
  if (description === undefined || exchange.name !== 'offered') return same(before);
  const taken = exchanged(before, { type: 'receiveAnswer', description });
  if (!taken.ok) return giveUp(before, 488, taken.error.code);
  const { added = [], replaced = [] } = offered ?? {};
  const all = withSettledSetup([...before.contents, ...added], taken.value.table, description);
  const { state, jingle } = contentsOfSip({ ...taken.value, offered: undefined }, description);
  const there = (name: ContentName): Content | undefined =>
    jingle.contents.find((each) => isNamed(each, [name]));

  const effects: CallEffect[] = [];
  const accepted = added.flatMap((each) => there(each) ?? []);
  const refused = added.filter((each) => there(each) === undefined).map(nameOf);
  if (accepted.length > 0) effects.push(session({ action: 'content-accept', contents: accepted }));
  if (refused.length > 0) effects.push(contentReject(refused));
  const moved = replaced.filter((each) => isNamed(each, all));
  const follows = moved.flatMap((each): Content[] => {
    const transport = there(each)?.transport;
    return transport === undefined ? [] : [{ ...each, transport }];
  });
  if (follows.length > 0) effects.push(session({ action: 'transport-accept', contents: follows }));
  // What the SIP side put an end to by its answer.
  const removed = before.contents.filter((each) => there(each) === undefined).map(nameOf);
  if (removed.length > 0) effects.push(session({ action: 'content-remove', contents: removed }));
  const next: CallState = {
    ...state,
    contents: without(all, [...refused, ...removed]),
    replacing: without(state.replacing, replaced),
  };
  return afterAnswer(next, description, exchange.local, effects);
};

/** An answer to an offer of ours may put us on hold, where that left it free to do so. */
export function afterAnswer(
  state: CallState,
  answer: SessionDescription,
  offer: SessionDescription,
  effects: readonly CallEffect[],
): CallTransition {
  const isFree = offer.media.every(
    (medium) => medium.port === 0 || directionOf(offer, medium) === 'sendrecv',
  );
  return isFree ? withHoldOfSip(state, isHold(answer), effects) : to(state, ...effects);
}

/** CALL-43. */
export function withHoldOfSip(
  state: CallState,
  bySip: boolean,
  effects: readonly CallEffect[],
): CallTransition {
  if (state.held.bySip === bySip) return to(state, ...effects);
  const info = session({
    action: 'session-info',
    infos: [rtpInfoElement({ kind: bySip ? 'hold' : 'unhold' })],
  });
  return to({ ...state, held: { ...state.held, bySip } }, ...effects, info);
}

/** The SIP side refused the change, and all is as it was (RFC 3261 §14.1). */
export const unchanged: Handler<'unchanged'> = (before) => {
  const { offered } = before;
  if (offered === undefined) return to(failedExchange(before));
  const state: CallState = { ...failedExchange(before), table: offered.table, offered: undefined };
  const effects: CallEffect[] = [];
  if (offered.added.length > 0) effects.push(contentReject(offered.added.map(nameOf)));
  const back = state.replacing.filter((each) => isNamed(each, offered.replaced));
  if (back.length > 0) {
    effects.push(session({ action: 'transport-reject', contents: back.map(nameOf) }));
  }
  const contents = state.contents.map((content) => {
    const old = back.find((each) => isNamed(each, [content]));
    return old === undefined ? content : { ...content, transport: old.transport };
  });
  return to({ ...state, contents, replacing: without(state.replacing, back) }, ...effects);
};

/** CALL-14: "content-reject reason failed-application". */
function contentReject(contents: readonly ContentName[]): CallEffect {
  return session({ action: 'content-reject', contents, reason: { condition: 'failed-application' } });
}
