// IP addresses as domainparts (RFC 7622 §3.2, RFC 3986 §3.2.2).

import { canonicalIp, ipFamily } from '../../base/index.ts';

/** IPv4address (RFC 3986 §3.2.2): four decimal octets without leading zeros. */
export function isIpv4(text: string): boolean {
  return ipFamily(text) === 4;
}

/** IPv6address (RFC 3986 §3.2.2), without brackets and zone. */
export function isIpv6(text: string): boolean {
  return canonicalIpv6(text) !== undefined;
}

/** The canonical text (RFC 5952) of an IPv6 address without brackets; undefined when it is none. */
export function canonicalIpv6(text: string): string | undefined {
  return text.includes(':') ? canonicalIp(text) : undefined;
}
