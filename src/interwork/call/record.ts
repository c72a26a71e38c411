// What is kept of a call beyond a restart, as plain data that is read with suspicion. An answered call goes on: media never
// passed here, and only the signalling of both legs has to be found again. One that still rings is ended on both sides, in the
// transaction of its INVITE: what was said meanwhile in proposal and session is not known, so that it could not go on.

import { utf8Bytes, type CollectionSpec } from '../../base/index.ts';
import { formatSdp, parseSdp, type SessionDescription } from '../../sdp/index.ts';
import { isKeptInvite, isKeptSession, type KeptInvite, type KeptSession } from '../../sip/index.ts';
import { parseDocument, serialize } from '../../xml/index.ts';
import {
  initialInitiation,
  initialSession,
  jingleElement,
  readJingle,
  type InitiationState,
  type Jingle,
  type SessionContent,
  type SessionState,
} from '../../xmpp/index.ts';
import type { ContentTable } from './content-table.ts';
import { beginCall } from './machine.ts';
import { giveUp, session, to } from './machine-core.ts';
import { isNamed, nameOf, xmppParty } from './machine-media.ts';
import type { CallDirection, CallEffect, CallState, CallTransition, Legs } from './machine-types.ts';

/** The XMPP leg: what its machines begin with again. */
export interface KeptXmppLeg {
  readonly role: SessionState['role'];
  readonly sid: string;
  /** Our full JID, and that of the device; in a call that rings at several, their bare JID. */
  readonly self: string;
  readonly peer: string;
  /** A proposal came before the session, whose id is the sid. */
  readonly proposed: boolean;
}

/** Version 1. The key is the driver's. */
export interface AnsweredCallRecord {
  readonly kind: 'answered';
  /** `node` of the gateway that has it. */
  readonly node: string;
  readonly direction: CallDirection;
  readonly sip: KeptSession;
  readonly xmpp: KeptXmppLeg;
  readonly sessionContents: readonly SessionContent[];
  readonly table: ContentTable;
  /** `<jingle/>` with the contents and groups of the XMPP side. */
  readonly contents: string;
  /** What was agreed, and what was sent last. */
  readonly local: string;
  readonly remote: string;
  readonly sent: string;
  readonly held: CallState['held'];
  readonly trickle: CallState['trickle'];
  readonly candidates: number;
  /** The driver's own: where a relay has its media. */
  readonly path?: string | undefined;
}

/** Version 1. */
export interface RingingCallRecord {
  readonly kind: 'ringing';
  readonly node: string;
  readonly direction: CallDirection;
  readonly legs: Legs;
  readonly xmpp: KeptXmppLeg;
  /** The INVITE as it came or left; without it nothing can be said of it on that side. */
  readonly invite?: KeptInvite | undefined;
  /** As above. */
  readonly path?: string | undefined;
}

export type CallRecord = AnsweredCallRecord | RingingCallRecord;

export const CALLS: CollectionSpec<CallRecord> = {
  name: 'calls',
  version: 1,
  indexes: { node: (record) => record.node },
  encode: (record) => JSON.stringify(record),
  decode(version, text) {
    if (version !== 1) throw new RangeError(`a record of a call of version ${version}`);
    const stored: unknown = JSON.parse(text);
    if (!isRecord(stored)) throw new TypeError('a record of a call that is none');
    return stored;
  },
};

/** What is kept of an answered call; undefined while it is none. What is under way counts as failed. */
export function keptCall(
  state: CallState,
  legs: {
    readonly node: string;
    readonly sip: KeptSession;
    readonly session: SessionState;
    readonly proposed: boolean;
  },
): AnsweredCallRecord | undefined {
  const { phase, direction, exchange, sent, offered, asked, replacing, held, trickle, candidates } = state;
  if (phase !== 'up' || exchange.agreed === undefined) return undefined;
  const { role, sid, self, peer, contents: sessionContents } = legs.session;
  const { local, remote } = exchange.agreed;
  // As they were before a change that has no answer.
  const contents = state.contents.map((each) => replacing.find((old) => isNamed(old, [each])) ?? each);
  const jingle: Jingle = {
    ...{ action: 'session-initiate', sid, contents, groups: state.groups, infos: [] },
  };
  return {
    ...{ kind: 'answered', node: legs.node, direction, sip: legs.sip },
    xmpp: { role, sid, self, peer, proposed: legs.proposed },
    ...{ sessionContents, table: asked?.table ?? offered?.table ?? state.table },
    contents: serialize(jingleElement(jingle)),
    ...{ local: formatSdp(local), remote: formatSdp(remote), sent: formatSdp(sent ?? local) },
    ...{ held, trickle, candidates },
  };
}

/** The call to go on with; what waited for a decision is refused. Undefined: what was kept cannot be read. */
export function restoredCall(record: AnsweredCallRecord): CallTransition | undefined {
  const { direction, table, held, trickle, candidates, sessionContents, xmpp } = record;
  const local = descriptionOf(record.local);
  const remote = descriptionOf(record.remote);
  const sent = descriptionOf(record.sent);
  const jingle = jingleOf(record.contents);
  if (local === undefined || remote === undefined || sent === undefined || jingle === undefined) {
    return undefined;
  }
  const agreed = sessionContents.filter(({ status }) => status === 'agreed');
  const state: CallState = {
    ...beginCall({ direction, origin: local.origin, trickle: trickle.driver }),
    ...{ phase: 'up', legs: { sip: true, session: true, initiation: xmpp.proposed }, rung: true },
    ...{ table, held, trickle, candidates, sent, exchange: { name: 'stable', agreed: { local, remote } } },
    contents: jingle.contents.filter((each) => isNamed(each, agreed)),
    groups: jingle.groups,
  };
  const effects: CallEffect[] = [];
  const open = sessionContents.filter(({ status }) => status === 'adding');
  const theirs = open.filter(({ creator }) => creator === xmppParty(state)).map(nameOf);
  const ours = open.filter((each) => !isNamed(each, theirs)).map(nameOf);
  const moved = agreed.filter(({ replacing }) => replacing === xmppParty(state)).map(nameOf);
  const reason = { condition: 'failed-application' } as const;
  if (theirs.length > 0) effects.push(session({ action: 'content-reject', contents: theirs, reason }));
  if (ours.length > 0) effects.push(session({ action: 'content-remove', contents: ours, reason }));
  if (moved.length > 0) effects.push(session({ action: 'transport-reject', contents: moved }));
  return to(state, ...effects);
}

/** The session of the XMPP leg as it goes on; its open requests count as failed. */
export function restoredSessionOf({ xmpp, sessionContents }: AnsweredCallRecord): SessionState {
  return { ...initialSession(xmpp), phase: 'active', contents: sessionContents };
}

/** The same of its proposal; undefined: there was none. */
export function restoredInitiationOf({ xmpp }: AnsweredCallRecord): InitiationState | undefined {
  const { role, sid: id, self, peer, proposed } = xmpp;
  if (!proposed) return undefined;
  const bare = peer.split('/')[0] ?? peer;
  const parts = { role: role === 'initiator' ? ('proposer' as const) : ('proposee' as const), id, self };
  return { ...initialInitiation({ ...parts, peer: bare }), phase: 'running', device: peer };
}

/** What both sides are told of it. */
const RESTARTED = 'the gateway was restarted';

/** What a restart does with a call that rang: both sides hear that it is over, and its outcome is told. */
export function interruptedCall({ direction, legs }: RingingCallRecord): CallTransition {
  const origin = {
    ...{ username: '-', sessionId: '0', sessionVersion: '0' },
    ...{ netType: 'IN', addrType: 'IP4', address: '0.0.0.0' },
  };
  const phase = direction === 'toXmpp' ? 'initiating' : 'calling';
  const state: CallState = { ...beginCall({ direction, origin, trickle: false }), phase, legs };
  return giveUp(state, 500, 'restart', RESTARTED);
}

function descriptionOf(text: string): SessionDescription | undefined {
  const parsed = parseSdp(text);
  return parsed.ok ? parsed.value : undefined;
}

function jingleOf(text: string): Jingle | undefined {
  const parsed = parseDocument(utf8Bytes(text));
  const read = parsed.ok ? readJingle(parsed.value) : undefined;
  return read?.ok === true ? read.value : undefined;
}

type Stored = Readonly<Record<string, unknown>>;

function isRecord(value: unknown): value is CallRecord {
  if (!isObject(value)) return false;
  const { kind, node, direction, xmpp } = value;
  if (typeof node !== 'string' || (direction !== 'toXmpp' && direction !== 'toSip') || !isXmppLeg(xmpp)) {
    return false;
  }
  if (kind === 'ringing') return isRinging(value);
  return kind === 'answered' && isAnswered(value);
}

function isRinging({ legs, invite, path }: Stored): boolean {
  return (
    isFlags(legs, 'sip', 'session', 'initiation') &&
    (invite === undefined || isKeptInvite(invite)) &&
    (path === undefined || typeof path === 'string')
  );
}

function isAnswered(value: Stored): boolean {
  const { sip, sessionContents, table, held, trickle, candidates, path } = value;
  return (
    isKeptSession(sip) &&
    isNames(sessionContents) &&
    sessionContents.every(isSessionContent) &&
    isNames(table) &&
    table.every(({ mid }) => mid === undefined || typeof mid === 'string') &&
    ['contents', 'local', 'remote', 'sent'].every((name) => typeof value[name] === 'string') &&
    isFlags(held, 'bySip', 'byXmpp') &&
    isFlags(trickle, 'driver', 'sip') &&
    typeof candidates === 'number' &&
    Number.isSafeInteger(candidates) &&
    (path === undefined || typeof path === 'string')
  );
}

function isXmppLeg(value: unknown): value is KeptXmppLeg {
  if (!isObject(value)) return false;
  const { role, sid, self, peer, proposed } = value;
  return (
    isParty(role) &&
    [sid, self, peer].every((each) => typeof each === 'string') &&
    typeof proposed === 'boolean'
  );
}

function isNames(value: unknown): value is readonly Stored[] {
  return (
    Array.isArray(value) &&
    value.every((each) => isObject(each) && typeof each['name'] === 'string' && isParty(each['creator']))
  );
}

const STATUSES: readonly unknown[] = ['offered', 'adding', 'agreed', 'gone'];
const SENDERS: readonly unknown[] = ['both', 'initiator', 'none', 'responder'];

function isSessionContent({ status, senders, replacing }: Stored): boolean {
  return (
    STATUSES.includes(status) && SENDERS.includes(senders) && (replacing === undefined || isParty(replacing))
  );
}

function isParty(value: unknown): boolean {
  return value === 'initiator' || value === 'responder';
}

function isFlags(value: unknown, ...names: readonly string[]): boolean {
  return isObject(value) && names.every((name) => typeof value[name] === 'boolean');
}

function isObject(value: unknown): value is Stored {
  return typeof value === 'object' && value !== null;
}
