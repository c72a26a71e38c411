// Fields of transfer: Replaces (RFC 3891 §6.1), Refer-To (RFC 3515 §2.1), Referred-By (RFC 3892 §3), Refer-Sub
// (RFC 4488 §4).

import { fault, fromByteString, ok, type Err, type Fault, type Result } from '../../base/index.ts';
import type { NameAddr } from '../message/types.ts';
import { percentDecodeUtf8, percentEncode } from '../uri/percent.ts';
import { formatSipUri, isUriHeaderChar, parseSipUri } from '../uri/sip-uri.ts';
import { isToken } from './chars.ts';
import { nameAddr } from './addresses.ts';
import { readParams } from './params.ts';
import { readSingle, type FieldSource } from './single.ts';
import { parseTokenWithParams } from './tokens.ts';

/** The dialog that is to be replaced, as its other end would name it. */
export interface Replaces {
  readonly callId: string;
  /** The local tag of whoever receives it (§3). */
  readonly toTag: string;
  readonly fromTag: string;
  /** Only while it is early. */
  readonly earlyOnly: boolean;
}

/** Longer Call-IDs and tags name no dialog of ours. */
const MAX_CHARACTERS = 512;

/** Replaces; undefined when there is none. Codes ERR_SIP_HEADER_REPLACES, ERR_SIP_HEADER_REPEATED (§3: 400). */
export function replaces(source: FieldSource): Result<Replaces | undefined> {
  return readSingle(source, 'replaces', parseReplaces);
}

/** Reads `callid;to-tag=…;from-tag=…`; code ERR_SIP_HEADER_REPLACES. */
export function parseReplaces(raw: string): Result<Replaces> {
  const semicolon = raw.indexOf(';');
  const callId = raw.slice(0, semicolon < 0 ? raw.length : semicolon).trim();
  const rest = semicolon < 0 ? undefined : readParams(raw, semicolon);
  if (callId === '' || callId.length > MAX_CHARACTERS || /[\s,]/.test(callId) || rest?.end !== raw.length) {
    return brokenReplaces('no Call-ID with parameters');
  }
  const toTag = rest.params.get('to-tag');
  const fromTag = rest.params.get('from-tag');
  // §6.1: "MUST contain exactly one to-tag and exactly one from-tag".
  const tags = raw.toLowerCase().match(/;\s*(?:to|from)-tag\s*=/g)?.length;
  if (!isTag(toTag) || !isTag(fromTag) || tags !== 2) {
    return brokenReplaces('not exactly one to-tag and one from-tag');
  }
  return ok({ callId, toTag, fromTag, earlyOnly: rest.params.has('early-only') });
}

/** The value of Replaces. */
export function formatReplaces({ callId, toTag, fromTag, earlyOnly }: Replaces): string {
  return `${callId};to-tag=${toTag};from-tag=${fromTag}${earlyOnly ? ';early-only' : ''}`;
}

/** What a REFER refers to. */
export interface ReferTarget {
  /** Without its headers and its `method`, when it is a SIP URI; any other as written. */
  readonly uri: string;
  readonly displayName: string;
  /** "INVITE" unless the URI says otherwise. */
  readonly method: string;
  /** From the headers of the URI. */
  readonly replaces?: Replaces;
}

/**
 * Refer-To. RFC 3515 §2.4.2: not exactly one is 400, code ERR_SIP_HEADER_REFER_TO; others are ERR_SIP_HEADER_REPEATED,
 * …_NAME_ADDR, …_REPLACES, ERR_SIP_URI_….
 */
export function referTo(source: FieldSource): Result<ReferTarget> {
  const address = nameAddr(source, 'refer-to');
  if (!address.ok) return address;
  if (address.value === undefined) {
    return fault('ERR_SIP_HEADER_REFER_TO', 'a REFER without Refer-To', 'RFC 3515 §2.4.2');
  }
  return readTarget(address.value);
}

function readTarget({ uri, displayName }: NameAddr): Result<ReferTarget> {
  if (!/^sips?:/i.test(uri)) return ok({ uri, displayName, method: 'INVITE' });
  const sip = parseSipUri(uri);
  if (!sip.ok) return sip;
  const params = new Map([...sip.value.params].filter(([name]) => name !== 'method'));
  const method = sip.value.params.get('method') ?? 'INVITE';
  const target = { uri: formatSipUri({ ...sip.value, params, headers: [] }), displayName, method };
  const header = sip.value.headers.find(({ name }) => name.toLowerCase() === 'replaces');
  if (header === undefined) return ok(target);
  const text = percentDecodeUtf8(header.value);
  if (!text.ok) return brokenReplaces('a Replaces in Refer-To that cannot be decoded');
  const read = parseReplaces(text.value);
  return read.ok ? ok({ ...target, replaces: read.value }) : read;
}

/** The URI of Refer-To for a call that replaces a dialog (RFC 5589 §7). Codes ERR_SIP_URI_…. */
export function uriWithReplaces(uri: string, dialog: Replaces): Result<string> {
  const sip = parseSipUri(uri);
  if (!sip.ok) return sip;
  const value = percentEncode(formatReplaces(dialog), isUriHeaderChar);
  return ok(formatSipUri({ ...sip.value, headers: [...sip.value.headers, { name: 'Replaces', value }] }));
}

/** Referred-By; undefined when there is none. Codes ERR_SIP_HEADER_NAME_ADDR, ERR_SIP_HEADER_REPEATED. */
export function referredBy(source: FieldSource): Result<NameAddr | undefined> {
  return nameAddr(source, 'referred-by');
}

/** Refer-Sub: whether REFER makes a subscription; undefined when it does not say. */
export function referSub(source: FieldSource): Result<boolean | undefined> {
  return readSingle(source, 'refer-sub', (raw) => {
    const read = parseTokenWithParams(raw);
    if (!read.ok) return read;
    const token = fromByteString(read.value.token).toLowerCase();
    // RFC 4488 §4: an unknown word is no wish to do without.
    return ok(token !== 'false');
  });
}

function isTag(tag: string | undefined): tag is string {
  return tag !== undefined && tag.length <= MAX_CHARACTERS && isToken(tag);
}

function brokenReplaces(what: string): Err<Fault> {
  return fault('ERR_SIP_HEADER_REPLACES', `not a Replaces: ${what}`, 'RFC 3891 §6.1');
}
