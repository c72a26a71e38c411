// XMPP stanza error → SIP response (RFC 7247 §7.1, Table 2; rows ERR-X01 … X26, RFC 4320 §4.2).

import { headerField, parseUri, reasonPhrase, type HeaderField } from '../sip/index.ts';
import type { StanzaCondition, StanzaError, StanzaErrorType } from '../xmpp/index.ts';

/** Statuses for an error about a full and about a bare JID. */
interface Row {
  readonly full: number;
  readonly bare: number;
}

const same = (status: number): Row => ({ full: status, bare: status });

/** Table 2 with the "practice" column of the project; what depends on more than the JID is in `statusOf`. */
const TABLE = {
  'bad-request': same(400),
  conflict: same(400),
  'feature-not-implemented': { full: 405, bare: 501 },
  forbidden: { full: 403, bare: 603 },
  gone: same(410),
  'internal-server-error': same(500),
  'item-not-found': { full: 404, bare: 604 },
  'jid-malformed': same(400),
  'not-acceptable': { full: 406, bare: 606 },
  'not-allowed': same(403),
  // ERR-X12, X16: a 401 or 407 needs a challenge, and the gateway has none to give.
  'not-authorized': same(403),
  'payment-required': same(402),
  'policy-violation': same(403),
  'recipient-unavailable': { full: 480, bare: 600 },
  // Without an address to go to.
  redirect: same(480),
  'registration-required': same(403),
  'remote-server-not-found': same(404),
  'remote-server-timeout': same(504),
  'resource-constraint': same(500),
  // Never 503: a proxy would take the whole gateway out of service (Table 2, note 5).
  'service-unavailable': same(403),
  'subscription-required': same(400),
  'undefined-condition': same(400),
  'unexpected-request': same(400),
} as const satisfies Record<StanzaCondition, Row>;

/** ERR-X25: none of the defined conditions was there. */
const BY_TYPE = {
  auth: 403,
  cancel: 500,
  continue: 500,
  modify: 400,
  wait: 480,
} as const satisfies Record<StanzaErrorType, number>;

/** ERR-X19: when the sender may try again. */
export const RETRY_AFTER_SECONDS = 30;

const MAX_REASON = 200;

export interface StanzaErrorContext {
  /** The error is about a full JID: look at the `from` of the error stanza. */
  readonly full: boolean;
  /** Method of the request that is answered. */
  readonly method: string;
  /** True within a dialog (ERR-X23). */
  readonly inDialog?: boolean;
  /** Methods for the Allow of a 405 (RFC 3261 §21.4.6). */
  readonly allow?: string;
  /** A new address out of `<gone/>` or `<redirect/>` as a URI for Contact; undefined when SIP has none for it. */
  readonly contactFor?: (address: string) => string | undefined;
  /** The same, asked of the address book. */
  readonly book?: { addressToContact(address: string): string | undefined };
}

export interface ErrorResponse {
  readonly status: number;
  /** Unicode, one line (ERR-X26). */
  readonly reason: string;
  /** Contact, Allow or Retry-After where the status wants one. */
  readonly headers: readonly HeaderField[];
}

const NO_HEADERS: readonly HeaderField[] = [];
const DEFAULT_ALLOW = 'OPTIONS';

/** The final response that tells what a stanza error says. Never 408 but to INVITE, never 503. */
export function stanzaErrorToResponse(error: StanzaError, context: StanzaErrorContext): ErrorResponse {
  const contact = newAddress(error, context);
  const status = contact === undefined ? statusOf(error, context) : error.condition === 'gone' ? 301 : 302;
  return { status, reason: reasonOf(error, status), headers: headersOf(error, status, contact, context) };
}

function statusOf(error: StanzaError, context: StanzaErrorContext): number {
  const { method, full } = context;
  if (error.unrecognized === true) return BY_TYPE[error.type];
  const isCall = method === 'INVITE';
  switch (error.condition) {
    case 'not-acceptable':
      // ERR-X10: an offer that was not acceptable (RFC 3261 §21.4.26).
      if (isCall) return 488;
      break;
    case 'remote-server-timeout':
      // RFC 4320 §4.2: a non-INVITE is never answered with 408.
      if (isCall) return 408;
      break;
    case 'service-unavailable':
      // ERR-X20: most often "offline"; 403 would stop retries.
      if (isCall || method === 'MESSAGE') return 480;
      break;
    case 'unexpected-request':
      // ERR-X23, RFC 3261 §21.4.27: 491 is for requests that collide within a dialog.
      if (context.inDialog === true && (isCall || method === 'UPDATE')) return 491;
      break;
    default:
  }
  const row: Row = TABLE[error.condition];
  return full ? row.full : row.bare;
}

/** ERR-X05, ERR-X15. */
function newAddress(error: StanzaError, context: StanzaErrorContext): string | undefined {
  if (error.address === undefined || (error.condition !== 'gone' && error.condition !== 'redirect'))
    return undefined;
  const uri = context.contactFor?.(error.address) ?? context.book?.addressToContact(error.address);
  // Whatever it was made of: one URI, and nothing that could end the header field.
  return uri !== undefined && parseUri(uri).ok && /^[!#-;=?-~]+$/.test(uri) ? uri : undefined;
}

function headersOf(
  error: StanzaError,
  status: number,
  contact: string | undefined,
  context: StanzaErrorContext,
): readonly HeaderField[] {
  if (contact !== undefined) return [headerField('Contact', `<${contact}>`)];
  if (status === 405) return [headerField('Allow', context.allow ?? DEFAULT_ALLOW)];
  if (error.condition === 'resource-constraint') {
    return [headerField('Retry-After', String(RETRY_AFTER_SECONDS))];
  }
  return NO_HEADERS;
}

/** ERR-X26: the text of the error, on one line, else the phrase of the status. */
function reasonOf(error: StanzaError, status: number): string {
  const text = (error.text ?? '')
    .toWellFormed()
    .replace(/[\u0000-\u0020\u007f-\u009f]+/g, ' ')
    .trim();
  if (text === '') return reasonPhrase(status);
  return text.length <= MAX_REASON ? text : text.slice(0, MAX_REASON).toWellFormed();
}
