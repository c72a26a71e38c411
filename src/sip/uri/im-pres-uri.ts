// im and pres URIs (RFC 3860 §4.1, RFC 3859 §4.1): a mailbox, and headers that carry no address.

import { fault, ok, type Result } from '../../base/index.ts';
import { URI, matchesAt, skipClass } from '../header/chars.ts';
import { readHost } from './host.ts';
import { isEscape, percentDecodeText } from './percent.ts';

export interface ImPresUri {
  readonly scheme: 'im' | 'pres';
  /** The local part as written, still percent-encoded. */
  readonly user: string;
  /** Lower case; IPv6 in brackets and in the text of RFC 5952. */
  readonly host: string;
  /** After the "?", as written; undefined when there is none. */
  readonly headers: string | undefined;
}

/** Reads `im:user@domain` or `pres:user@domain`; codes ERR_SIP_URI_SCHEME and ERR_SIP_URI_MAILBOX. */
export function parseImPresUri(raw: string): Result<ImPresUri> {
  const scheme = matchesAt(raw, 0, 'im:') ? 'im' : matchesAt(raw, 0, 'pres:') ? 'pres' : undefined;
  const clause = scheme === 'pres' ? 'RFC 3859 §4.1' : 'RFC 3860 §4.1';
  if (scheme === undefined) return fault('ERR_SIP_URI_SCHEME', 'the scheme is neither im nor pres', clause);
  const start = scheme.length + 1;
  const at = raw.indexOf('@', start);
  const question = raw.indexOf('?', at < 0 ? start : at);
  const user = at < 0 ? '' : raw.slice(start, at);
  const host = at < 0 ? undefined : readHost(raw.slice(at + 1, question < 0 ? raw.length : question));
  if (
    host === undefined ||
    user === '' ||
    !isMailboxText(user) ||
    skipClass(raw, 0, raw.length, URI) !== raw.length
  ) {
    return fault('ERR_SIP_URI_MAILBOX', `not an ${scheme} URI: no mailbox`, clause);
  }
  return ok({ scheme, user, host, headers: question < 0 ? undefined : raw.slice(question + 1) });
}

/** Octets that a URI can carry in a local part, escapes complete. */
function isMailboxText(user: string): boolean {
  for (let at = user.indexOf('%'); at >= 0; at = user.indexOf('%', at + 1))
    if (!isEscape(user, at)) return false;
  return !/[:[\]\\^`{|}#]/.test(user);
}

/**
 * Equivalence of two im or two pres URIs. The RFCs give no rule of their own; what is decoded is a mailbox (RFC 3860
 * A.2, RFC 3859 A.2), whose local part has case and whose domain has none (RFC 5321 §2.4), and an escape stands for the
 * octet that it encodes (RFC 3986 §6.2.2). Headers count: names without case, in any order, values as they are.
 */
export function equalImPresUri(left: ImPresUri, right: ImPresUri): boolean {
  return (
    left.scheme === right.scheme &&
    left.host === right.host &&
    decodedOrRaw(left.user) === decodedOrRaw(right.user) &&
    equalHeaders(left.headers, right.headers)
  );
}

/** As multisets of name and value; "?" with nothing behind it is not the same as none (RFC 3986 §6.2.3). */
function equalHeaders(left: string | undefined, right: string | undefined): boolean {
  if (left === right) return true;
  if (left === undefined || right === undefined) return false;
  const others = headerKeys(right);
  const keys = headerKeys(left);
  return keys.length === others.length && keys.every((key, index) => key === others[index]);
}

function headerKeys(headers: string): readonly string[] {
  return headers
    .split('&')
    .map((header) => {
      const equals = header.indexOf('=');
      if (equals < 0) return foldedName(header);
      // No octet decodes to this mark, as it might to "=".
      return `${foldedName(header.slice(0, equals))}\u0100${decodedOrRaw(header.slice(equals + 1))}`;
    })
    .sort();
}

/** Only ASCII has case here: other chars of a byte string are octets of UTF-8. */
function foldedName(raw: string): string {
  return decodedOrRaw(raw).replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function decodedOrRaw(raw: string): string {
  const decoded = percentDecodeText(raw);
  return decoded.ok ? decoded.value : raw;
}
