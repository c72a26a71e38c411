// P-Asserted-Identity (RFC 3325): who the trusted peer says that the sender is.

import { nameAddrList, singleValue, type SipRequest } from '../sip/index.ts';

/**
 * The URI that stands for From in a request of a trusted peer; undefined: From itself does. RFC 3325 §9.1: "one or two
 * P-Asserted-Identity values. If there are two …, one … MUST be a sip or sips URI and the other MUST be a tel URI".
 */
export function assertedIdentity(request: SipRequest): string | undefined {
  if (request.header('p-asserted-identity') === undefined) return undefined;
  // §7: with "id" it MUST NOT go to whoever is not trusted, and an XMPP user is not of the trust domain.
  if (asksForPrivacy(request)) return undefined;
  const values = nameAddrList(request, 'p-asserted-identity');
  if (!values.ok || values.value.length > 2) return undefined;
  return values.value.find(({ uri }) => /^sips?:/i.test(uri))?.uri;
}

/** RFC 3325 §9.3, RFC 3323 §4.2: `priv-value *( ";" priv-value )`. */
function asksForPrivacy(request: SipRequest): boolean {
  const field = singleValue(request, 'privacy');
  // What cannot be read may have said so.
  if (!field.ok) return true;
  const values = (field.value ?? '').split(';').map((value) => value.trim().toLowerCase());
  return values.some((value) => value === 'id' || value === 'user' || value === 'header');
}
