// Whom a transfer names, and whether he may be called (CALL-35 to CALL-37). Numbers cost money: a SIP user may send an XMPP user's
// client to one only where that user may call it and the number is one of the referrer's own domain.

import { err, ok, type Result } from '../../base/index.ts';
import { faultToStanzaError, type AddressBook, type MappedJid, type MappedUri } from '../../mapping/index.ts';
import { dialledNumber, type CallRules } from '../../policy/index.ts';
import { parseNameAddr, parseSipUri, replaceVerdict, type ReferTarget } from '../../sip/index.ts';
import type { StanzaError } from '../../xmpp/index.ts';
import { domainOf } from '../address-text.ts';
import type { Call } from './call.ts';
import type { ReplaceableCall } from './sip-legs.ts';
import { callAddress, calledJid } from './xmpp-features.ts';

/** Rules and limits of the operator for everything: the error, where this user may not reach that one. */
export type Admits = (from: MappedUri, to: MappedUri) => StanzaError | undefined;

export interface TargetEnv {
  readonly book: AddressBook;
  readonly callRules: CallRules;
  readonly admits: Admits | undefined;
  readonly call: Call;
}

/** Calls that there are, and dialogs of theirs that can be replaced. */
export interface Dialogs {
  readonly calls: readonly Call[];
  readonly replaceable: (callId: string) => readonly ReplaceableCall[];
}

/** Whom the client is to call instead. */
export interface OtherTarget {
  /** Full JID where one is known. */
  readonly to: string;
  /** A SIP user, who is called by way of this gateway. */
  readonly comes: boolean;
  /** Of an attended transfer: the session that its new one replaces, and who has it with `to`. */
  readonly from?: string;
  readonly sid?: string;
}

const NOBODY = 'The target has no address in XMPP';
const FORBIDDEN = 'The policy of the gateway forbids a call to the target';
const NO_DIALOG = 'The gateway does not know the call that is to be replaced';

/** The bare JID of the XMPP user, and of the SIP user, of a call. */
export function userOf({ facts }: Pick<Call, 'facts'>): string {
  return facts.direction === 'toXmpp' ? facts.callee : facts.caller;
}

export function sipOf({ facts }: Pick<Call, 'facts'>): string {
  return facts.direction === 'toXmpp' ? facts.caller : facts.callee;
}

/** The target of a REFER, for the XMPP user; a text says why not. */
export function otherTarget(refer: ReferTarget, env: TargetEnv & Dialogs): OtherTarget | string {
  const { book, callRules, call } = env;
  // Where the rules leave it to DNS who is at home, the referrer's own domain is one of SIP.
  const isOfReferrer = hostOf(refer.uri) === referrerHost(call);
  const native = isOfReferrer ? undefined : book.sipTargetToJid(refer.uri);
  if (native?.ok === true) {
    if (native.value.jid.local === '') return NOBODY;
    const referrer = referrerOf(env);
    const denial =
      referrer === undefined
        ? undefined
        : callRules.decide({ direction: 'to-xmpp', from: referrer, to: native.value });
    return denial === undefined ? nativeTarget(refer, native.value, env) : FORBIDDEN;
  }
  const foreign = book.sipSenderToJid(refer.uri);
  if (!foreign.ok || foreign.value.jid.local === '') return NOBODY;
  const uri = book.jidTargetToSip(foreign.value.jid);
  const user = book.jidSenderToSip(userOf(call));
  if (!uri.ok || !user.ok) return NOBODY;
  const number = dialledNumber(refer.uri) ?? dialledNumber(uri.value.uri);
  if (number !== undefined && !isOfReferrer) return FORBIDDEN;
  const deed = { direction: 'to-sip', from: user.value, to: uri.value, number } as const;
  if (callRules.decide(deed) !== undefined) return FORBIDDEN;
  if (env.admits?.(user.value, uri.value) !== undefined) return FORBIDDEN;
  const to = callAddress(foreign.value.jidText);
  if (refer.replaces === undefined) return { to, comes: true };
  // The session is one between two SIP users: what names it here is what names it there.
  return {
    to,
    comes: true,
    from: call.session()?.self ?? sipOf(call),
    sid: refer.replaces.callId.slice(0, MAX_SID),
  };
}

const MAX_SID = 256;

function nativeTarget(
  { replaces }: ReferTarget,
  { jidText }: MappedJid,
  { calls, replaceable }: Dialogs,
): OtherTarget | string {
  if (replaces === undefined) return { to: jidText, comes: false };
  const verdict = replaceVerdict(replaces, replaceable(replaces.callId));
  const host = verdict.kind === 'replace' && verdict.by === 'BYE' ? verdict.match.host : undefined;
  const session = calls.find((each) => each === host)?.session();
  // XEP-0251 §3: the other client ends this session itself, since it knows its sid.
  return session === undefined
    ? NO_DIALOG
    : { to: session.peer, comes: false, from: session.self, sid: session.sid };
}

/** The target of a `<transfer/>`, for the SIP user. */
export function otherUri(
  to: string,
  env: TargetEnv & { readonly user: MappedUri },
): Result<MappedUri, StanzaError> {
  const { book, callRules, user, admits } = env;
  // Where the rules leave it to DNS who is at home, the user's own domain is one of XMPP.
  const isOfUser = domainOf(to) === user.jid.domain;
  const foreign = isOfUser ? undefined : book.jidTargetToSip(calledJid(to));
  if (foreign?.ok !== true) {
    // An XMPP user, whom the SIP user reaches by way of this gateway, and by its rules.
    const native = book.jidSenderToSip(to);
    if (!native.ok)
      return err(faultToStanzaError(foreign?.ok === false ? foreign.error : native.error, 'target'));
    const referrer = referrerOf(env);
    const target = book.sipTargetToJid(native.value.uri);
    if (referrer === undefined || !target.ok) return ok(native.value);
    const denial = callRules.decide({ direction: 'to-xmpp', from: referrer, to: target.value });
    return denial === undefined ? ok(native.value) : err(denial.stanza);
  }
  const number = dialledNumber(foreign.value.uri);
  const denial = callRules.decide({ direction: 'to-sip', from: user, to: foreign.value, number });
  if (denial !== undefined) return err(denial.stanza);
  const refused = admits?.(user, foreign.value);
  return refused === undefined ? ok(foreign.value) : err(refused);
}

/** The SIP user of the call as a party of rules. */
function referrerOf({ book, call }: Pick<TargetEnv, 'book' | 'call'>): MappedJid | undefined {
  const uri = uriOf(call);
  const mapped = uri === undefined ? undefined : book.sipSenderToJid(uri);
  return mapped?.ok === true ? mapped.value : undefined;
}

function uriOf(call: Call): string | undefined {
  const address = parseNameAddr(call.dialog()?.remoteUri ?? '');
  return address.ok ? address.value.uri : undefined;
}

function referrerHost(call: Call): string | undefined {
  const uri = uriOf(call);
  return uri === undefined ? undefined : hostOf(uri);
}

function hostOf(uri: string): string | undefined {
  const parsed = parseSipUri(uri);
  return parsed.ok ? parsed.value.host.toLowerCase() : undefined;
}
