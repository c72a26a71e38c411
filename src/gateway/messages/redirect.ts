// Where a 3xx leads (RFC 3261 §8.1.3.4, §19.1.5; row ERR-R5).

import { contactList, formatSipUri, parseSipUri, type SipResponse } from '../../sip/index.ts';

/** RFC 3261 §20.10: Contacts without q count as 1. */
const DEFAULT_Q = 1;

/**
 * The SIP URIs of its Contacts as Request-URIs, best first: by q, else in order. What a Contact says of method and
 * header fields is for requests made from it by a person (§19.1.5), not for this one.
 */
export function contactUris(response: SipResponse): string[] {
  const contacts = contactList(response);
  if (!contacts.ok || contacts.value === '*') return [];
  const found: { readonly uri: string; readonly q: number }[] = [];
  for (const { uri, params } of contacts.value) {
    const parsed = parseSipUri(uri);
    // Schemes other than sip and sips are no SIP targets.
    if (!parsed.ok) continue;
    const { scheme, user, host, port } = parsed.value;
    const uriParams = new Map([...parsed.value.params].filter(([name]) => name !== 'method'));
    const q = Number(params.get('q') ?? DEFAULT_Q);
    found.push({
      uri: formatSipUri({ scheme, user, host, port, params: uriParams }),
      q: q >= 0 && q <= 1 ? q : DEFAULT_Q,
    });
  }
  // A stable sort: equal ones stay in their order.
  return found.toSorted((left, right) => right.q - left.q).map(({ uri }) => uri);
}
