// What the SIP side changes in a call (CALL-20, CALL-25, CALL-31, CALL-40, CALL-43): what is the XMPP side's to decide waits
// for it, everything else is answered at once.

import type { SessionDescription } from '../../sdp/index.ts';
import type { ChangeMethod } from '../../sip/index.ts';
import { readJingleError, type Content, type ContentName, type SessionReport } from '../../xmpp/index.ts';
import type { ContentTable } from './content-table.ts';
import {
  after,
  exchanged,
  failedExchange,
  giveUp,
  remoteOf,
  same,
  session,
  to,
  unexpected,
  withoutTimer,
  withTimer,
  type Handler,
} from './machine-core.ts';
import { withdrawn, withHoldOfSip } from './machine-changes.ts';
import {
  changesOfSip,
  contentsOfSip,
  describe,
  isHold,
  isNamed,
  isOldHold,
  nameOf,
  sipParty,
  withSenders,
  without,
  type SipChanges,
} from './machine-media.ts';
import {
  CHANGE_MS,
  type Asked,
  type CallEffect,
  type CallState,
  type CallTransition,
} from './machine-types.ts';

export const asked: Handler<'asked'> = (before, { method, description }) => {
  if (description === undefined) return askedForNothing(before, method);
  const refuse = (status: number): CallTransition => to(before, { kind: 'answer', method, status });
  if (before.asked !== undefined) return refuse(491);
  // Ours waits for its turn: the SIP leg sees to it that they do not overlap.
  const offered = exchanged(withdrawn(before).state, { type: 'receiveOffer', description });
  if (!offered.ok) return refuse(488);
  const old = remoteOf(before);
  const leaving = leavingOf(before);
  const own = withOwnTable(offered.value, description, leaving);
  const { state: named, jingle } = contentsOfSip(own, description);
  const known = old === undefined ? [] : contentsOfSip(own, old).jingle.contents;
  const changes = changesOfSip(known, without(jingle.contents, leaving), own.contents);
  // CALL-25: the XMPP side replaces the same transport, and waits for its turn.
  if (changes.replaced.some((each) => isNamed(each, own.replacing))) return refuse(491);
  const state: CallState = { ...named, table: jingle.table };
  const told = tell(state, description, changes);
  const waiting: Asked = {
    ...{ method, offer: description },
    added: changes.added.map(nameOf),
    replaced: changes.replaced.map(nameOf),
    table: before.table,
  };
  if (waiting.added.length === 0 && waiting.replaced.length === 0) {
    return after(told.effects, settle({ ...told.state, asked: waiting }));
  }
  const timed = withTimer({ ...told.state, asked: waiting }, 'change', CHANGE_MS[method]);
  return to(timed.state, ...told.effects, ...timed.effects);
};

/** Contents that the XMPP side removed, of which the SIP side does not know yet. */
function leavingOf({ exchange, table, contents }: CallState): readonly ContentName[] {
  const lines = exchange.agreed?.local.media ?? [];
  return table.filter((entry, place) => (lines[place]?.port ?? 0) !== 0 && !isNamed(entry, contents));
}

/** A line that is used again after its end belongs to whoever does so (RFC 3264 §8.1). */
function withOwnTable(
  state: CallState,
  offer: SessionDescription,
  leaving: readonly ContentName[],
): CallState {
  const creator = sipParty(state);
  const table: ContentTable = state.table.map((entry, place) => {
    const isUsed =
      isNamed(entry, state.contents) || isNamed(entry, leaving) || offer.media[place]?.port === 0;
    return isUsed || entry.creator === creator ? entry : { ...entry, creator };
  });
  return { ...state, table };
}

/** What the XMPP side hears of a change. */
function tell(before: CallState, offer: SessionDescription, changes: SipChanges): CallTransition {
  const { added, removed, replaced, candidates, described } = changes;
  const effects: CallEffect[] = [];
  const hold = isHold(offer);
  // CALL-43: a hold says nothing about who is to send when it is over.
  const isHeld = hold && (before.held.bySip || changes.modified.length > 0 || isOldHold(offer));
  const modified = hold ? [] : changes.modified;
  if (removed.length > 0) effects.push(session({ action: 'content-remove', contents: removed }));
  if (modified.length > 0) effects.push(session({ action: 'content-modify', contents: modified }));
  if (described.length > 0) effects.push(session({ action: 'description-info', contents: described }));
  if (candidates.length > 0) effects.push(session({ action: 'transport-info', contents: candidates }));
  if (replaced.length > 0) effects.push(session({ action: 'transport-replace', contents: replaced }));
  if (added.length > 0) effects.push(session({ action: 'content-add', contents: added }));
  const contents = without(before.contents, removed).map((content) => {
    const senders = modified.find((each) => isNamed(each, [content]))?.senders;
    return senders === undefined ? content : withSenders(content, senders);
  });
  return withHoldOfSip({ ...before, contents }, isHeld, effects);
}

/** Without a description: a refresh (CALL-31), or an INVITE that asks for our offer, which is how things are. */
function askedForNothing(before: CallState, method: ChangeMethod): CallTransition {
  if (method === 'UPDATE') return to(before, { kind: 'answer', method, status: 200 });
  if (before.asked !== undefined) return to(before, { kind: 'answer', method, status: 491 });
  const state = withdrawn(before).state;
  const { description } = describe(state, state.contents);
  const offered = exchanged(state, { type: 'sendOffer', description });
  if (!offered.ok) return to(before, { kind: 'answer', method, status: 488 });
  return to(offered.value, { kind: 'answer', method, status: 200, description });
}

/** The answer to that, in the ACK. */
export const acknowledged: Handler<'acknowledged'> = (before, { description }) => {
  const old = remoteOf(before);
  const taken = exchanged(before, { type: 'receiveAnswer', description });
  if (!taken.ok) return giveUp(before, 488, taken.error.code);
  const { state, jingle } = contentsOfSip(taken.value, description);
  const known = old === undefined ? [] : contentsOfSip(taken.value, old).jingle.contents;
  // An answer adds nothing, and the transport of one is that of its offer's partner.
  const changes = changesOfSip(known, jingle.contents, state.contents);
  return tell(state, description, { ...changes, added: [] });
};

/** The XMPP side decided about contents, or about transports. */
export function decided(
  state: CallState,
  what: 'added' | 'replaced',
  contents: readonly Content[],
  isAccepted: boolean,
): CallTransition {
  const { asked: open } = state;
  // Nobody waits for it any more: the SIP side took it back.
  if (open === undefined) return takenBack(state, what, contents, isAccepted);
  const mine = contents.filter((each) => isNamed(each, open[what]));
  if (mine.length === 0) return same(state);
  const rest: Asked = { ...open, [what]: without(open[what], mine) };
  const next: CallState = { ...state, asked: rest };
  // A transport that is refused leaves nothing to answer with (CALL-18: "488").
  if (what === 'replaced' && !isAccepted) return refused(next, 488);
  if (what === 'added') {
    const joined = isAccepted ? [...state.contents, ...mine] : state.contents;
    return isDecided(rest) ? settle({ ...next, contents: joined }) : to({ ...next, contents: joined });
  }
  const moved = state.contents.map((content) => {
    const { transport } = mine.find((each) => isNamed(each, [content])) ?? {};
    return transport === undefined ? content : { ...content, transport };
  });
  return isDecided(rest) ? settle({ ...next, contents: moved }) : to({ ...next, contents: moved });
}

/** The XMPP side removed contents that a decision was waited for. */
export function goneMeanwhile(state: CallState, contents: readonly ContentName[]): CallTransition {
  const { asked: open } = state;
  if (open === undefined) return same(state);
  const added = without(open.added, contents);
  const replaced = without(open.replaced, contents);
  if (added.length === open.added.length && replaced.length === open.replaced.length) return same(state);
  const rest: CallState = { ...state, asked: { ...open, added, replaced } };
  return isDecided({ ...open, added, replaced }) ? settle(rest) : to(rest);
}

function isDecided({ added, replaced }: Asked): boolean {
  return added.length === 0 && replaced.length === 0;
}

function takenBack(
  state: CallState,
  what: 'added' | 'replaced',
  contents: readonly Content[],
  isAccepted: boolean,
): CallTransition {
  if (what === 'replaced' || !isAccepted) return same(state);
  return to(state, session({ action: 'content-remove', contents: contents.map(nameOf) }));
}

/** The final response, when nothing is to be waited for any more. */
function settle(before: CallState): CallTransition {
  const { asked: open } = before;
  if (open === undefined) return unexpected(before);
  const { method, offer } = open;
  const stopped = withoutTimer({ ...before, asked: undefined }, 'change');
  const { state } = stopped;
  const { description } = describe(state, state.contents, offer);
  const answered = exchanged(state, { type: 'sendAnswer', description });
  if (!answered.ok) return after(stopped.effects, refused({ ...state, asked: open }, 488));
  return to(answered.value, ...stopped.effects, { kind: 'answer', method, status: 200, description });
}

/** What was asked is refused, and what the XMPP side was asked for it is taken back. */
function refused(before: CallState, status: number): CallTransition {
  const { asked: open } = before;
  if (open === undefined) return unexpected(before);
  const undone = askedNoMore(before, { kind: 'askedNoMore' });
  return to(undone.state, ...undone.effects, { kind: 'answer', method: open.method, status });
}

export const askedNoMore: Handler<'askedNoMore'> = (before) => {
  const { asked: open } = before;
  if (open === undefined) return same(before);
  const stopped = withoutTimer({ ...before, asked: undefined }, 'change');
  const agreed = failedExchange(stopped.state);
  // Contents that wait, and those that were accepted for this offer alone.
  const lines = agreed.exchange.agreed?.local.media ?? [];
  const isNew = (each: ContentName): boolean =>
    each.creator === sipParty(agreed) &&
    (lines[agreed.table.findIndex((entry) => isNamed(entry, [each]))]?.port ?? 0) === 0;
  const accepted = agreed.contents.filter(isNew).map(nameOf);
  const back = [...open.added, ...accepted];
  const effects: CallEffect[] =
    back.length === 0 ? [] : [session({ action: 'content-remove', contents: back })];
  const contents = without(agreed.contents, accepted);
  return to({ ...agreed, contents, table: open.table }, ...stopped.effects, ...effects);
};

/** The XMPP side does not decide in time. */
export function undecided(state: CallState): CallTransition {
  return refused(state, 488);
}

/** A request of ours to the XMPP side failed, or had no answer (CALL-25). */
export function failedAtXmpp(
  state: CallState,
  { action, contents, error }: SessionReport & { kind: 'failed' },
): CallTransition {
  const { asked: open } = state;
  if (open === undefined) return same(state);
  const isTie = error !== undefined && readJingleError(error) === 'tie-break';
  const isWaitedFor = (what: 'added' | 'replaced'): boolean =>
    contents.some((each) => isNamed(each, open[what]));
  if (action === 'transport-replace' && isWaitedFor('replaced')) return refused(state, isTie ? 491 : 488);
  if (action !== 'content-add' || !isWaitedFor('added')) return same(state);
  const names: readonly Content[] = contents.map(nameOf);
  // What was never added cannot be removed.
  const rest: CallState = { ...state, asked: { ...open, added: without(open.added, names) } };
  if (isTie) return refused(rest, 491);
  return rest.asked !== undefined && isDecided(rest.asked) ? settle(rest) : to(rest);
}
