// Are two URIs the same, by the rules of their scheme? Here, since xmpp URIs are compared as JIDs.

import { isAscii } from '../base/index.ts';
import {
  equalImPresUri,
  equalSipUri,
  equalTelUri,
  normalizeEscapes,
  percentEncode,
  type OtherUri,
  type Uri,
  type XmppUri,
} from '../sip/index.ts';
import { equalJid, jidFromParts } from '../xmpp/index.ts';

/** RFC 3986 §2.2: an escape of one of these is not equivalent to the char itself (§6.2.2.2). */
const RESERVED = ":/?#[]@!$&'()*+,;=";

/**
 * Equivalence of two URIs, each scheme by its own rules: sip and sips RFC 3261 §19.1.4 with RFC 5954 §4.2, tel
 * RFC 3966 §4, im and pres as mailboxes, xmpp as JIDs. Of other schemes only case of the scheme and escapes are known
 * to mean nothing (RFC 3986 §6.2.2). URIs of two schemes are never the same.
 */
export function equalUri(left: Uri, right: Uri): boolean {
  switch (left.scheme) {
    case 'sip':
    case 'sips':
      return (right.scheme === 'sip' || right.scheme === 'sips') && equalSipUri(left, right);
    case 'tel':
      return right.scheme === 'tel' && equalTelUri(left, right);
    case 'im':
    case 'pres':
      return (right.scheme === 'im' || right.scheme === 'pres') && equalImPresUri(left, right);
    case 'xmpp':
      return right.scheme === 'xmpp' && equalXmppUri(left, right);
    case 'other':
      return right.scheme === 'other' && equalOtherUri(left, right);
  }
}

/**
 * Equivalence of two xmpp URIs or IRIs: the account and the address are compared as JIDs after preparation (RFC 5122
 * §2.4 and §2.3, RFC 7622 §3), query and fragment as RFC 3986 §6.2.2 says. An address that is no JID equals only
 * itself, decoded.
 */
export function equalXmppUri(left: XmppUri, right: XmppUri): boolean {
  return (
    equalAuthority(left.authority, right.authority) &&
    equalAddress(left, right) &&
    equalText(left.query, right.query) &&
    equalText(left.fragment, right.fragment)
  );
}

function equalAuthority(left: XmppUri['authority'], right: XmppUri['authority']): boolean {
  if (left === undefined || right === undefined) return left === right;
  return equalAddress({ ...left, resource: '' }, { ...right, resource: '' });
}

type Address = Pick<XmppUri, 'local' | 'domain' | 'resource'>;

function equalAddress(left: Address, right: Address): boolean {
  if (left.local === right.local && left.domain === right.domain && left.resource === right.resource)
    return true;
  const one = jidFromParts(left.local, left.domain, left.resource);
  const other = jidFromParts(right.local, right.domain, right.resource);
  return one.ok && other.ok && equalJid(one.value, other.value);
}

function equalOtherUri(left: OtherUri, right: OtherUri): boolean {
  return left.name === right.name && equalText(left.rest, right.rest);
}

function equalText(left: string | undefined, right: string | undefined): boolean {
  if (left === right) return true;
  if (left === undefined || right === undefined) return false;
  return normalizeEscapes(asUri(left), RESERVED) === normalizeEscapes(asUri(right), RESERVED);
}

/** RFC 3987 §3.1: what is not ASCII in an IRI is escaped as UTF-8; the escapes that are there stay. */
function asUri(text: string): string {
  return isAscii(text) ? text : percentEncode(text, () => true).replaceAll('%25', '%');
}
