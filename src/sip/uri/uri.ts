// Any URI that may stand in a SIP message, read by the rules of its scheme.

import { fault, ok, type Result } from '../../base/index.ts';
import { SCHEME, matchesAt, skipClass } from '../header/chars.ts';
import { hasScheme } from '../header/name-addr.ts';
import { parseImPresUri, type ImPresUri } from './im-pres-uri.ts';
import { parseSipUri, type SipUri } from './sip-uri.ts';
import { parseTelUri, type TelUri } from './tel-uri.ts';
import { parseXmppUri, type XmppUri } from './xmpp-uri.ts';

/** A URI of a scheme that the gateway has no rules for. */
export interface OtherUri {
  readonly scheme: 'other';
  /** The scheme, lower case. */
  readonly name: string;
  /** After the colon, as written. */
  readonly rest: string;
}

export type Uri = SipUri | TelUri | ImPresUri | XmppUri | OtherUri;

/** Reads any URI; a fault (ERR_SIP_URI_…) when it breaks the rules of a scheme we know, or has no scheme. */
export function parseUri(raw: string): Result<Uri> {
  if (matchesAt(raw, 0, 'sip:') || matchesAt(raw, 0, 'sips:')) return parseSipUri(raw);
  if (matchesAt(raw, 0, 'tel:')) return parseTelUri(raw);
  if (matchesAt(raw, 0, 'im:') || matchesAt(raw, 0, 'pres:')) return parseImPresUri(raw);
  if (matchesAt(raw, 0, 'xmpp:')) return parseXmppUri(raw);
  if (!hasScheme(raw, 0, raw.length)) return fault('ERR_SIP_URI_SCHEME', 'no scheme', 'RFC 3986 §3.1');
  const colon = skipClass(raw, 0, raw.length, SCHEME);
  return ok({ scheme: 'other', name: raw.slice(0, colon).toLowerCase(), rest: raw.slice(colon + 1) });
}
