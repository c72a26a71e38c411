// What machine K says of media: our description out of the contents of the XMPP side, and what an offer of the SIP side
// changes (CALL-14 to CALL-20, CALL-41, CALL-43; SDP-01, SDP-02).

import {
  directionFrom,
  directionOf,
  formatSdp,
  isHeldByAddress,
  nextVersion,
  receives,
  sends,
  setupOf,
  withDirection,
  type Direction,
  type MediaDescription,
  type SessionDescription,
} from '../../sdp/index.ts';
import type { Content, ContentName, Creator, IceCandidate, Transport } from '../../xmpp/index.ts';
import { placeOf, type ContentTable } from './content-table.ts';
import type { CallState } from './machine-types.ts';
import { toSdp } from './to-sip.ts';
import { toJingle, type JingleContents } from './to-xmpp.ts';

/** The part of the SIP user in the Jingle session, and that of the XMPP user. */
export function sipParty({ direction }: Pick<CallState, 'direction'>): Creator {
  return direction === 'toXmpp' ? 'initiator' : 'responder';
}

export function xmppParty({ direction }: Pick<CallState, 'direction'>): Creator {
  return direction === 'toXmpp' ? 'responder' : 'initiator';
}

export function isNamed({ name, creator }: ContentName, contents: readonly ContentName[]): boolean {
  return contents.some((each) => each.name === name && each.creator === creator);
}

export function nameOf({ name, creator }: ContentName): ContentName {
  return { name, creator };
}

export function without<C extends ContentName>(contents: readonly C[], names: readonly ContentName[]): C[] {
  return contents.filter((each) => !isNamed(each, names));
}

/** `senders` where it is not what is meant without it. */
export function withSenders(content: Content, senders: Content['senders']): Content {
  return { ...content, senders: senders === 'both' ? undefined : senders };
}

/** The contents of a description of the SIP side, and the state that has named its candidates. */
export function contentsOfSip(
  state: CallState,
  description: SessionDescription,
): { readonly state: CallState; readonly jingle: JingleContents } {
  let { candidates } = state;
  const newId = (): string => `c${(candidates += 1)}`;
  const jingle = toJingle(description, { party: sipParty(state), table: state.table, newId });
  return { state: { ...state, candidates }, jingle };
}

/**
 * Our description, with the contents as they are: an offer, or the answer to `offer`. One that says nothing new is the one
 * that was sent last. `unsupported`: contents that SDP cannot say.
 */
export function describe(
  state: CallState,
  contents: readonly Content[],
  offer?: SessionDescription,
): { readonly description: SessionDescription; readonly unsupported: readonly Content[] } {
  const { table, groups, origin, sent: before, trickle } = state;
  const options = {
    ...{ party: xmppParty(state), table, origin, offer, before, trickle: trickle.driver && trickle.sip },
  };
  const written = toSdp(contents, groups, options);
  const media = written.description.media.map((medium, place) =>
    medium.port === 0 ? medium : restricted(state, medium, offer, place),
  );
  const plain = { ...written.description, media };
  return {
    description: before === undefined ? plain : versioned(before, plain),
    unsupported: written.unsupported,
  };
}

/** SDP-01. By what is written: one that was read back from a record says the same in other words. */
function versioned(before: SessionDescription, now: SessionDescription): SessionDescription {
  const unchanged = { ...now, origin: before.origin };
  return formatSdp(unchanged) === formatSdp(before) ? unchanged : nextVersion(before, now);
}

/** RFC 3264 §6.1, §8.4; CALL-41. */
function restricted(
  { held }: CallState,
  medium: MediaDescription,
  offer: SessionDescription | undefined,
  place: number,
): MediaDescription {
  const own = directionOf(NO_SESSION, medium);
  const offered = offer?.media[place];
  const theirs: Direction =
    offer === undefined || offered === undefined ? 'sendrecv' : directionOf(offer, offered);
  // "inactive when holdee was already sendonly/inactive".
  const isSilent = offer === undefined && held.byXmpp && held.bySip;
  const sending = sends(own) && receives(theirs) && !isSilent;
  const receiving = receives(own) && sends(theirs) && !held.byXmpp;
  return { ...medium, attributes: withDirection(medium.attributes, directionFrom(sending, receiving)) };
}

const NO_SESSION: SessionDescription = {
  origin: {
    ...{ username: '-', sessionId: '0', sessionVersion: '0' },
    ...{ netType: 'IN', addrType: 'IP4', address: '0.0.0.0' },
  },
  ...{ name: '-', emails: [], phones: [], bandwidths: [], attributes: [], times: [], media: [] },
};

/** True when no medium in use is received by whoever wrote it (CALL-43). */
export function isHold(description: SessionDescription): boolean {
  const used = description.media.filter(({ port }) => port !== 0);
  return (
    used.length > 0 &&
    used.every(
      (medium) => !receives(directionOf(description, medium)) || isHeldByAddress(description, medium),
    )
  );
}

/** A hold in the way of before RFC 3264 (CALL-43). */
export function isOldHold(description: SessionDescription): boolean {
  return description.media.some((medium) => medium.port !== 0 && isHeldByAddress(description, medium));
}

/** RFC 8842 §5.3, §5.5: whose offer said actpass has the part that the answer left to him from then on. */
export function withSettledSetup(
  contents: readonly Content[],
  table: ContentTable,
  answer: SessionDescription,
): readonly Content[] {
  return contents.map((content) => {
    const medium = answer.media[placeOf(table, content.name, content.creator)];
    const theirs = medium === undefined ? undefined : setupOf(answer, medium);
    const { transport } = content;
    if (transport?.kind !== 'ice-udp' || (theirs !== 'active' && theirs !== 'passive')) return content;
    const setup = theirs === 'active' ? ('passive' as const) : ('active' as const);
    const fingerprints = transport.fingerprints.map((each) =>
      each.setup === 'actpass' ? { ...each, setup } : each,
    );
    return { ...content, transport: { ...transport, fingerprints } };
  });
}

/** What a description of the SIP side changes in what the XMPP side knows. */
export interface SipChanges {
  readonly added: readonly Content[];
  readonly removed: readonly ContentName[];
  /** With a transport that is another one. */
  readonly replaced: readonly Content[];
  /** With candidates that are new. */
  readonly candidates: readonly Content[];
  /** With a description that is another one. */
  readonly described: readonly Content[];
  /** With senders that are others. */
  readonly modified: readonly Content[];
}

/** `before`, `after`: contents of two descriptions of the SIP side; `live`: those of the session. */
export function changesOfSip(
  before: readonly Content[],
  after: readonly Content[],
  live: readonly Content[],
): SipChanges {
  const pairs = after.flatMap((now) => {
    const own = live.find((each) => isNamed(each, [now]));
    const old = before.find((each) => isNamed(each, [now]));
    return own === undefined || old === undefined ? [] : [{ now, old, own }];
  });
  const name = nameOf;
  return {
    added: after.filter((each) => !isNamed(each, live)),
    removed: live.filter((each) => !isNamed(each, after)).map(name),
    replaced: pairs.flatMap(({ now, old }) =>
      isAnotherTransport(old.transport, now.transport) && !isNowhere(now.transport)
        ? [{ ...name(now), transport: now.transport }]
        : [],
    ),
    candidates: pairs.flatMap(({ now, old }) => newCandidates(old, now)),
    described: pairs.flatMap(({ now, old }) =>
      JSON.stringify(old.description) === JSON.stringify(now.description)
        ? []
        : [{ ...name(now), description: now.description }],
    ),
    modified: pairs.flatMap(({ now, old, own }) => {
      const senders = now.senders ?? 'both';
      // What only our own hold left him to say, or what the end of his hold says, is nothing new.
      const isNew = senders !== (old.senders ?? 'both') && senders !== (own.senders ?? 'both');
      return isNew ? [{ ...name(now), senders }] : [];
    }),
  };
}

/** CALL-20: "new ufrag/pwd", CALL-18: "or other address". Identifiers of candidates are of our making. */
function isAnotherTransport(old: Transport | undefined, now: Transport | undefined): boolean {
  return JSON.stringify(placeOfTransport(old)) !== JSON.stringify(placeOfTransport(now));
}

/** An address of zeros is no other place, but a hold. */
function isNowhere(transport: Transport | undefined): boolean {
  return (
    transport?.kind === 'raw-udp' && transport.candidates.some(({ ip }) => ip === '0.0.0.0' || ip === '::')
  );
}

function placeOfTransport(transport: Transport | undefined): unknown {
  switch (transport?.kind) {
    case 'ice-udp':
      return [transport.ufrag, transport.pwd];
    case 'raw-udp':
      return transport.candidates.map(({ component, ip, port }) => [component, ip, port]);
    default:
      return [];
  }
}

function newCandidates(old: Content, now: Content): Content[] {
  if (old.transport?.kind !== 'ice-udp' || now.transport?.kind !== 'ice-udp') return [];
  if (isAnotherTransport(old.transport, now.transport)) return [];
  const known = old.transport.candidates.map(textOf);
  const fresh = now.transport.candidates.filter((each) => !known.includes(textOf(each)));
  return fresh.length === 0 ? [] : [{ ...nameOf(now), transport: { ...now.transport, candidates: fresh } }];
}

function textOf(candidate: IceCandidate): string {
  return JSON.stringify({ ...candidate, id: undefined });
}
