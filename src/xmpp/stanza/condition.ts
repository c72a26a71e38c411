// The defined conditions of stanza errors with the type each usually has.
// Source: RFC 6120 §8.3.3; `payment-required` from RFC 3920 §9.3.3 (removed since, still sent).

export const NS_STANZAS = 'urn:ietf:params:xml:ns:xmpp-stanzas';

/** RFC 6120 §8.3.2: what the sender may do about an error. */
export type StanzaErrorType = 'auth' | 'cancel' | 'continue' | 'modify' | 'wait';

/** RFC 6120 §8.3.3: "the associated error type SHOULD be …"; the first where the RFC names two. */
export const defaultErrorType = {
  'bad-request': 'modify',
  conflict: 'cancel',
  'feature-not-implemented': 'cancel',
  forbidden: 'auth',
  gone: 'cancel',
  'internal-server-error': 'cancel',
  'item-not-found': 'cancel',
  'jid-malformed': 'modify',
  'not-acceptable': 'modify',
  'not-allowed': 'cancel',
  'not-authorized': 'auth',
  'payment-required': 'auth',
  'policy-violation': 'modify',
  'recipient-unavailable': 'wait',
  redirect: 'modify',
  'registration-required': 'auth',
  'remote-server-not-found': 'cancel',
  'remote-server-timeout': 'wait',
  'resource-constraint': 'wait',
  'service-unavailable': 'cancel',
  'subscription-required': 'auth',
  'undefined-condition': 'cancel',
  'unexpected-request': 'wait',
} as const satisfies Readonly<Record<string, StanzaErrorType>>;

export type StanzaCondition = keyof typeof defaultErrorType;

const TYPES: ReadonlySet<string> = new Set<StanzaErrorType>(['auth', 'cancel', 'continue', 'modify', 'wait']);

/** All conditions, in alphabetical order. */
export const stanzaConditions: readonly StanzaCondition[] =
  Object.keys(defaultErrorType).filter(isStanzaCondition);

export function isStanzaCondition(name: string): name is StanzaCondition {
  return Object.hasOwn(defaultErrorType, name);
}

export function isStanzaErrorType(type: string | undefined): type is StanzaErrorType {
  return type !== undefined && TYPES.has(type);
}
