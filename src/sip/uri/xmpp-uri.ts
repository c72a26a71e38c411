// xmpp URIs and IRIs (RFC 5122 §2.2, §2.7).

import { fault, fromByteString, isAscii, ok, type Err, type Fault, type Result } from '../../base/index.ts';
import { UNRESERVED, isClass, matchesAt } from '../header/chars.ts';
import { percentDecodeUtf8, percentEncode } from './percent.ts';

/** Parts decoded to Unicode, not prepared as a JID: whoever makes a JID of them does that. */
export interface XmppUri {
  readonly scheme: 'xmpp';
  /** The account to act from (`//user@host/`); undefined when there is none. */
  readonly authority: { readonly local: string; readonly domain: string } | undefined;
  /** '' when absent. */
  readonly local: string;
  /** '' only in a URI that has nothing but an authority. */
  readonly domain: string;
  /** '' when absent. */
  readonly resource: string;
  /** After "?" as written, for example "message;subject=x"; undefined when absent. */
  readonly query: string | undefined;
  /** After "#" as written; undefined when absent. */
  readonly fragment: string | undefined;
}

const NODE_ALLOWED = '!$()*+,;=';
const RESOURCE_ALLOWED = "!$&'()*+,:;=";

/** Reads an xmpp URI or IRI, given as a byte string (UTF-8 allowed); codes ERR_SIP_URI_SCHEME, ERR_SIP_URI_XMPP. */
export function parseXmppUri(raw: string): Result<XmppUri> {
  if (!matchesAt(raw, 0, 'xmpp:'))
    return fault('ERR_SIP_URI_SCHEME', 'the scheme is not xmpp', 'RFC 5122 §2.2');
  const [beforeFragment, fragment] = cut(fromByteString(raw.slice(5)), '#');
  const [hierarchy, query] = cut(beforeFragment, '?');
  let path: string | undefined = hierarchy;
  let authority: XmppUri['authority'];
  if (hierarchy.startsWith('//')) {
    const [account, rest] = cut(hierarchy.slice(2), '/');
    const read = readAddress(account);
    if (!read.ok) return read;
    if (read.value.local === '') return broken('an authority without an account');
    authority = { local: read.value.local, domain: read.value.domain };
    path = rest;
  }
  if (path === undefined)
    return ok({ scheme: 'xmpp', authority, local: '', domain: '', resource: '', query, fragment });
  const read = readAddress(path);
  if (!read.ok) return read;
  return ok({ scheme: 'xmpp', authority, ...read.value, query, fragment });
}

/** The URI (ASCII) of an address: everything outside of the rules of RFC 5122 §3.3 escaped as UTF-8. */
export function formatXmppUri(
  parts: Pick<XmppUri, 'domain'> & Partial<Omit<XmppUri, 'scheme' | 'fragment'>>,
): string {
  const { authority, local = '', domain, resource = '', query } = parts;
  const account = authority === undefined ? '' : `//${address(authority.local, authority.domain)}/`;
  const rest = `${resource === '' ? '' : `/${percentEncode(resource, isResourceChar)}`}${query === undefined ? '' : `?${query}`}`;
  if (query !== undefined && !/^[\w.~;=%-]*$/.test(query)) throw new TypeError('a query that is not escaped');
  return `xmpp:${account}${address(local, domain)}${rest}`;
}

function address(local: string, domain: string): string {
  const host = /^\[[0-9A-Fa-f:.]+\]$/.test(domain) ? domain : percentEncode(domain, isHostChar);
  return local === '' ? host : `${percentEncode(local, isNodeChar)}@${host}`;
}

function isNodeChar(code: number): boolean {
  return isClass(code, UNRESERVED) || NODE_ALLOWED.includes(String.fromCharCode(code));
}

function isResourceChar(code: number): boolean {
  return isClass(code, UNRESERVED) || RESOURCE_ALLOWED.includes(String.fromCharCode(code));
}

function isHostChar(code: number): boolean {
  return isClass(code, UNRESERVED);
}

function readAddress(text: string): Result<{ local: string; domain: string; resource: string }> {
  const [bare, rawResource] = cut(text, '/');
  const at = bare.indexOf('@');
  const rawLocal = at < 0 ? '' : bare.slice(0, at);
  const rawDomain = bare.slice(at + 1);
  if (rawDomain === '' || at === 0 || rawDomain.includes('@') || rawResource === '')
    return broken('an empty part');
  const local = decode(rawLocal);
  const domain = decode(rawDomain);
  const resource = decode(rawResource ?? '');
  if (!local.ok) return local;
  if (!domain.ok) return domain;
  if (!resource.ok) return resource;
  return ok({ local: local.value, domain: domain.value, resource: resource.value });
}

/** Percent-decodes a text that may hold Unicode beside the escapes (an IRI). */
function decode(text: string): Result<string> {
  if (/[\s<>"\u0000-\u001F\u007F]/.test(text)) return broken('a character that must be escaped');
  if (!text.includes('%')) return ok(text);
  return percentDecodeUtf8(isAscii(text) ? text : percentEncode(text, () => true).replaceAll('%25', '%'));
}

/** What is before and after the first separator; undefined after when there is none. */
function cut(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function broken(message: string): Err<Fault> {
  return fault('ERR_SIP_URI_XMPP', `not an xmpp URI: ${message}`, 'RFC 5122 §2.2');
}
