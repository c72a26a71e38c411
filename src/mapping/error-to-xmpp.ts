// SIP response → XMPP stanza error (RFC 7247 §7.2, Table 3; rows ERR-S300 … S6xx, ERR-S-txt), and what stands for a
// response where none came.

import { reasonPhrase } from '../sip/index.ts';
import { sanitizeText } from '../xml/index.ts';
import { stanzaError, type StanzaCondition, type StanzaError } from '../xmpp/index.ts';

/** Table 3, the rows of one status. */
const TABLE: ReadonlyMap<number, StanzaCondition> = new Map<number, StanzaCondition>([
  [300, 'redirect'],
  [301, 'gone'],
  [302, 'redirect'],
  [305, 'redirect'],
  [380, 'not-acceptable'],
  [400, 'bad-request'],
  [401, 'not-authorized'],
  [402, 'bad-request'],
  [403, 'forbidden'],
  [404, 'item-not-found'],
  [405, 'feature-not-implemented'],
  [406, 'not-acceptable'],
  [407, 'registration-required'],
  [408, 'remote-server-timeout'],
  [410, 'gone'],
  [413, 'policy-violation'],
  [414, 'policy-violation'],
  [415, 'not-acceptable'],
  [416, 'not-acceptable'],
  [420, 'feature-not-implemented'],
  [421, 'not-acceptable'],
  [423, 'resource-constraint'],
  [430, 'recipient-unavailable'],
  [439, 'feature-not-implemented'],
  [440, 'policy-violation'],
  [480, 'recipient-unavailable'],
  [481, 'item-not-found'],
  [482, 'not-acceptable'],
  [483, 'not-acceptable'],
  [484, 'item-not-found'],
  [485, 'item-not-found'],
  [486, 'recipient-unavailable'],
  [487, 'recipient-unavailable'],
  [488, 'not-acceptable'],
  [489, 'policy-violation'],
  [491, 'unexpected-request'],
  [493, 'bad-request'],
  [500, 'internal-server-error'],
  [501, 'feature-not-implemented'],
  [502, 'remote-server-not-found'],
  // Not service-unavailable: that means something else in XMPP (RFC 7247 §7.2 note 9).
  [503, 'internal-server-error'],
  [504, 'remote-server-timeout'],
  [505, 'not-acceptable'],
  [513, 'policy-violation'],
  [600, 'recipient-unavailable'],
  [603, 'recipient-unavailable'],
  [604, 'item-not-found'],
  [606, 'not-acceptable'],
]);

/** RFC 7247 §7.2: for statuses that are not listed. */
const BY_CLASS: Readonly<Record<3 | 4 | 5 | 6, StanzaCondition>> = {
  3: 'redirect',
  4: 'bad-request',
  5: 'internal-server-error',
  6: 'recipient-unavailable',
};

const MAX_TEXT = 500;

export interface ResponseContext {
  /** The Contact of a 3xx as a URI with which the sender can communicate (RFC 6120 §8.3.3.14), most often `xmpp:`. */
  readonly contact?: string | undefined;
}

/** The stanza error for a final response that is not 2xx. Throws RangeError for any other status. */
export function responseToStanzaError(
  status: number,
  reason: string,
  context: ResponseContext = {},
): StanzaError {
  const family = Math.floor(status / 100);
  if (family !== 3 && family !== 4 && family !== 5 && family !== 6) {
    // ERR-S1xx2xx: nothing went wrong.
    throw new RangeError(`${status} is no error response`);
  }
  const condition = TABLE.get(status) ?? BY_CLASS[family];
  const text = sanitizeText(reason).trim().slice(0, MAX_TEXT) || reasonPhrase(status);
  // ERR-S410: a 410 MUST NOT name a new address; ERR-S301: a 301 MUST, where it has one.
  const address = family === 3 && condition !== 'not-acceptable' ? context.contact : undefined;
  return stanzaError(condition, { text, lang: 'en', ...(address === undefined ? {} : { address }) });
}

/** What stands for a response that did not come: RFC 3261 §8.1.3.1 (408 and 503), seen from XMPP. */
export type SendFailure = 'timeout' | 'transport';

/** RFC 6120 §8.3.3.17: "communications could not be established within a reasonable amount of time". */
export function failureToStanzaError(failure: SendFailure): StanzaError {
  const text = failure === 'timeout' ? 'The SIP side did not answer' : 'The SIP side cannot be reached';
  return stanzaError('remote-server-timeout', { text, lang: 'en' });
}

/** Why no server was found for a SIP target; the codes of `sip/locate`. */
export type LocateFailure = 'unresolvable' | 'dns-timeout' | 'refused' | 'no-transport' | 'not-connected';

const LOCATE_TEXT = {
  unresolvable: 'The domain has no SIP server',
  'dns-timeout': 'The domain name system did not answer',
  refused: 'The SIP server of the domain may not be used',
  'no-transport': 'The SIP server of the domain has no transport in common with us',
  'not-connected': 'The phone of the user is not connected',
} as const satisfies Record<LocateFailure, string>;

const LOCATE_CONDITION = {
  unresolvable: 'remote-server-not-found',
  'dns-timeout': 'remote-server-timeout',
  refused: 'remote-server-not-found',
  'no-transport': 'remote-server-not-found',
  // RFC 3261 §21.4.18: a 480, as of a server that has no forwarding location of the user now.
  'not-connected': 'recipient-unavailable',
} as const satisfies Record<LocateFailure, StanzaCondition>;

/** Row DNS-05. */
export function locateFaultToStanzaError(code: LocateFailure): StanzaError {
  return stanzaError(LOCATE_CONDITION[code], { text: LOCATE_TEXT[code], lang: 'en' });
}
