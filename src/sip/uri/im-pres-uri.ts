// im and pres URIs (RFC 3860 §4.1, RFC 3859 §4.1): a mailbox, and headers that carry no address.

import { fault, ok, type Result } from '../../base/index.ts';
import { URI, matchesAt, skipClass } from '../header/chars.ts';
import { readHost } from './host.ts';
import { isEscape } from './percent.ts';

export interface ImPresUri {
  readonly scheme: 'im' | 'pres';
  /** The local part as written, still percent-encoded. */
  readonly user: string;
  /** Lower case; IPv6 in brackets. */
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
