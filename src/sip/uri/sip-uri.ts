// SIP and SIPS URIs (RFC 3261 §19.1, §25.1).

import { fault, ok, type Err, type Fault, type Result } from '../../base/index.ts';
import { NO_PARAMS } from '../header/params.ts';
import {
  COLON,
  DIGIT,
  HVALUE,
  PARAM,
  PASSWORD,
  QUESTION,
  SEMICOLON,
  USER,
  isClass,
  matchesAt,
  readNumber,
  skipClass,
} from '../header/chars.ts';
import type { Params } from '../message/types.ts';
import { readHost } from './host.ts';
import { escapeOctet, isEscapedText, normalizeEscapes, percentDecodeText } from './percent.ts';

/** One `hname=hvalue` after the "?", as written. */
export interface UriHeader {
  readonly name: string;
  readonly value: string;
}

export interface SipUri {
  readonly scheme: 'sip' | 'sips';
  /** As written, still percent-encoded; undefined when there is no userinfo. */
  readonly user: string | undefined;
  /** As written. Never to be logged or passed on (table row ADDR-10). */
  readonly password: string | undefined;
  /** Lower case; IPv6 in brackets and in the text of RFC 5952, so that equal hosts are equal strings (RFC 5954 §4.2). */
  readonly host: string;
  readonly port: number | undefined;
  /** Names decoded and in lower case; values as written, still percent-encoded; undefined for a flag. */
  readonly params: Params;
  readonly headers: readonly UriHeader[];
}

const NO_HEADERS: readonly UriHeader[] = [];
/** RFC 3261 §25.1 reserved, and "#", "%": escapes of these are not equivalent to the char itself. */
const RESERVED = ';/?:@&=+$,';

/** Reads a sip or sips URI strictly; codes ERR_SIP_URI_…. Of a parameter that is written twice the first counts. */
export function parseSipUri(raw: string): Result<SipUri> {
  const end = raw.length;
  let scheme: 'sip' | 'sips';
  let pos: number;
  if (matchesAt(raw, 0, 'sip:')) {
    scheme = 'sip';
    pos = 4;
  } else if (matchesAt(raw, 0, 'sips:')) {
    scheme = 'sips';
    pos = 5;
  } else {
    return broken('ERR_SIP_URI_SCHEME', 'the scheme is neither sip nor sips');
  }
  let user: string | undefined;
  let password: string | undefined;
  // "@" stands nowhere else in such a URI, so the first one ends the userinfo, whatever ";", "?" or "/" come before it.
  const at = raw.indexOf('@', pos);
  if (at >= 0) {
    let userEnd = skipClass(raw, pos, at, USER);
    if (userEnd < at) {
      const colon = raw.indexOf(':', pos);
      userEnd = colon >= 0 && colon < at ? colon : at;
      if (!isEscapedText(raw, pos, userEnd, USER))
        return broken('ERR_SIP_URI_USER', 'the user part holds a character it cannot');
      if (userEnd < at) {
        if (!isEscapedText(raw, userEnd + 1, at, PASSWORD))
          return broken('ERR_SIP_URI_USER', 'the password holds a character it cannot');
        password = raw.slice(userEnd + 1, at);
      }
    }
    if (userEnd === pos) return broken('ERR_SIP_URI_USER', 'an "@" without a user before it');
    user = raw.slice(pos, userEnd);
    pos = at + 1;
  }
  const hostEnd = endOfHost(raw, pos, end);
  const host = readHost(raw.slice(pos, hostEnd));
  if (host === undefined) return broken('ERR_SIP_URI_HOST', 'not a host name or address');
  pos = hostEnd;
  let port: number | undefined;
  if (raw.charCodeAt(pos) === COLON) {
    const portEnd = skipClass(raw, pos + 1, end, DIGIT);
    port = readNumber(raw, pos + 1, portEnd);
    if (port < 1 || port > 65535) return broken('ERR_SIP_URI_PORT', 'the port is not 1 … 65535');
    pos = portEnd;
  }
  let params = NO_PARAMS;
  let headers = NO_HEADERS;
  if (pos < end) {
    const question = raw.indexOf('?', pos);
    const paramsEnd = question < 0 ? end : question;
    if (paramsEnd > pos) {
      if (raw.charCodeAt(pos) !== SEMICOLON)
        return broken('ERR_SIP_URI_HOST', 'something unknown after the host');
      const read = readUriParams(raw, pos, paramsEnd);
      if (!read.ok) return read;
      params = read.value;
    }
    if (question >= 0) {
      const read = readUriHeaders(raw, question + 1, end);
      if (!read.ok) return read;
      headers = read.value;
    }
  }
  return ok({ scheme, user, password, host, port, params, headers });
}

function endOfHost(raw: string, start: number, end: number): number {
  if (raw.charCodeAt(start) === 0x5b) {
    const close = raw.indexOf(']', start);
    return close < 0 ? end : close + 1;
  }
  for (let pos = start; pos < end; pos++) {
    const code = raw.charCodeAt(pos);
    if (code === COLON || code === SEMICOLON || code === QUESTION) return pos;
  }
  return end;
}

/** `*( ";" pname [ "=" pvalue ] )` from a semicolon on. */
function readUriParams(raw: string, start: number, end: number): Result<Params> {
  const params = new Map<string, string | undefined>();
  let pos = start;
  while (pos < end) {
    const next = raw.indexOf(';', pos + 1);
    const stop = next < 0 || next > end ? end : next;
    const equals = raw.indexOf('=', pos + 1);
    const nameEnd = equals < 0 || equals > stop ? stop : equals;
    if (nameEnd === pos + 1 || !isEscapedText(raw, pos + 1, nameEnd, PARAM))
      return broken('ERR_SIP_URI_PARAM', 'a parameter name is broken');
    let value: string | undefined;
    if (nameEnd < stop) {
      if (nameEnd + 1 === stop || !isEscapedText(raw, nameEnd + 1, stop, PARAM))
        return broken('ERR_SIP_URI_PARAM', 'a parameter value is broken');
      value = raw.slice(nameEnd + 1, stop);
    }
    const name = percentDecodeText(raw.slice(pos + 1, nameEnd));
    if (!name.ok) return name;
    const lower = name.value.toLowerCase();
    if (!params.has(lower)) params.set(lower, value);
    pos = stop;
  }
  return ok(params);
}

/** `hname "=" hvalue *( "&" … )`. */
function readUriHeaders(raw: string, start: number, end: number): Result<readonly UriHeader[]> {
  const headers: UriHeader[] = [];
  for (const part of raw.slice(start, end).split('&')) {
    const equals = part.indexOf('=');
    const valid =
      equals > 0 &&
      isEscapedText(part, 0, equals, HVALUE) &&
      isEscapedText(part, equals + 1, part.length, HVALUE);
    if (!valid) return broken('ERR_SIP_URI_HEADER', 'a header of the URI is broken');
    headers.push({ name: part.slice(0, equals), value: part.slice(equals + 1) });
  }
  return ok(headers);
}

/** What is needed to write a SIP URI; raw parts must be escaped already, as `SipUri` has them. */
export type SipUriParts = Pick<SipUri, 'host'> & Partial<SipUri>;

/** The URI as text. Throws TypeError when the parts would not be read back as they are. */
export function formatSipUri(parts: SipUriParts): string {
  const { scheme = 'sip', user, password, host, port } = parts;
  let text = `${scheme}:`;
  if (user !== undefined) text += `${user}${password === undefined ? '' : `:${password}`}@`;
  text += port === undefined ? host : `${host}:${port}`;
  if (parts.params !== undefined) {
    for (const [name, value] of parts.params)
      text += `;${escapeName(name)}${value === undefined ? '' : `=${value}`}`;
  }
  let mark = '?';
  for (const header of parts.headers ?? NO_HEADERS) {
    text += `${mark}${header.name}=${header.value}`;
    mark = '&';
  }
  if (!isReadBack(text, parts)) throw new TypeError('parts that make no SIP URI');
  return text;
}

/** A part with a delimiter of another part in it would move the border: the text is read again and compared. */
function isReadBack(text: string, parts: SipUriParts): boolean {
  const read = parseSipUri(text);
  if (!read.ok) return false;
  const uri = read.value;
  return (
    uri.user === parts.user &&
    uri.password === parts.password &&
    uri.port === parts.port &&
    uri.params.size === (parts.params?.size ?? 0) &&
    uri.headers.length === (parts.headers?.length ?? 0)
  );
}

function escapeName(name: string): string {
  if (skipClass(name, 0, name.length, PARAM) === name.length) return name;
  let text = '';
  for (let i = 0; i < name.length; i++) {
    text += isClass(name.charCodeAt(i), PARAM) ? name[i] : escapeOctet(name.charCodeAt(i) & 0xff);
  }
  return text;
}

/** RFC 3261 §19.1.4, the examples winning over the text for `transport` (present in one URI only: not equal). */
const NEVER_IGNORED = ['user', 'ttl', 'method', 'maddr', 'transport'];

/** Equivalence of two SIP or SIPS URIs (RFC 3261 §19.1.4). Not transitive: parameters in one of them only are ignored. */
export function equalSipUri(left: SipUri, right: SipUri): boolean {
  return (
    left.scheme === right.scheme &&
    // Of all components only the userinfo is compared with case.
    equalRaw(left.user, right.user) &&
    equalRaw(left.password, right.password) &&
    left.host === right.host &&
    left.port === right.port &&
    equalParams(left.params, right.params) &&
    equalHeaders(left.headers, right.headers)
  );
}

function equalRaw(left: string | undefined, right: string | undefined): boolean {
  if (left === right) return true;
  if (left === undefined || right === undefined) return false;
  return normalizeEscapes(left, RESERVED) === normalizeEscapes(right, RESERVED);
}

function equalParams(left: Params, right: Params): boolean {
  for (const name of NEVER_IGNORED) if (left.has(name) !== right.has(name)) return false;
  for (const [name, value] of left) {
    if (right.has(name) && folded(value) !== folded(right.get(name))) return false;
  }
  return true;
}

/** As multisets: each header of one has its like in the other. */
function equalHeaders(left: readonly UriHeader[], right: readonly UriHeader[]): boolean {
  if (left.length !== right.length) return false;
  const keys = (list: readonly UriHeader[]): string[] =>
    list.map(({ name, value }) => `${folded(name)}=${folded(value)}`).sort();
  const others = keys(right);
  return keys(left).every((key, index) => key === others[index]);
}

function folded(value: string | undefined): string | undefined {
  return value === undefined ? undefined : normalizeEscapes(value, RESERVED).toLowerCase();
}

/** True when the char may stand bare in the user part of a SIP URI (for `percentEncode`). */
export function isUserChar(code: number): boolean {
  return isClass(code, USER);
}

/** True when the char may stand bare in the value of a URI parameter (for `percentEncode`). */
export function isParamChar(code: number): boolean {
  return isClass(code, PARAM);
}

/** True when the char may stand bare in the value of a URI header (for `percentEncode`). */
export function isUriHeaderChar(code: number): boolean {
  return isClass(code, HVALUE);
}

function broken(code: string, message: string): Err<Fault> {
  return fault(code, `not a SIP URI: ${message}`, 'RFC 3261 §19.1.1');
}
