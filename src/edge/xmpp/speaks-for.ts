// The gate before the wire: a stanza whose `from` is not of the component's domain makes servers close the stream for
// everybody (row COMP-03), and one without `to` likewise (XEP-0114: both attributes are a MUST).

import type { XmlElement } from '../../xml/index.ts';

/**
 * True when `from` is at exactly this domain (bare, with localpart, with resource) and `to` is there. Compares as
 * text: both sides are in prepared form. No allocation: it is asked for every stanza.
 */
export function speaksFor(stanza: XmlElement, domain: string): boolean {
  let from: string | undefined;
  let to: string | undefined;
  const list = stanza.attributes;
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] === 'from') from ??= list[i + 1];
    else if (list[i] === 'to') to ??= list[i + 1];
  }
  return from !== undefined && to !== undefined && to !== '' && isAddressAt(from, domain);
}

/** RFC 7622 §3.1: the resource begins at the first slash, the domain after the first at-sign before it. */
function isAddressAt(address: string, domain: string): boolean {
  const slash = address.indexOf('/');
  const end = slash === -1 ? address.length : slash;
  const at = address.indexOf('@');
  const start = at === -1 || at > end ? 0 : at + 1;
  return at !== 0 && end - start === domain.length && address.startsWith(domain, start);
}

/** The domainpart of an address, as written. */
export function domainAt(address: string): string {
  const slash = address.indexOf('/');
  const bare = slash === -1 ? address : address.slice(0, slash);
  return bare.slice(bare.indexOf('@') + 1);
}
