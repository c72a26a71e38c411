// Hosts in SIP URIs: hostname, IPv4address, IPv6reference (RFC 3261 §25.1 with RFC 5954 and RFC 5118).

import { canonicalIp, ipFamily } from '../../base/index.ts';
import { ALPHA, DIGIT, isClass, skipClass } from '../header/chars.ts';

const DOT = 0x2e;
const HYPHEN = 0x2d;
const MAX_HOSTNAME = 253;
const MAX_LABEL = 63;

/** The host in its one form: lower case, IPv6 in brackets and as RFC 5952 writes it; undefined when it is none. */
export function readHost(text: string): string | undefined {
  if (text.charCodeAt(0) === 0x5b) {
    const address = text.endsWith(']') ? readIpv6(text.slice(1, -1)) : undefined;
    return address === undefined ? undefined : `[${address}]`;
  }
  return isHostname(text) || isIpv4(text) ? text.toLowerCase() : undefined;
}

/**
 * hostname = *( domainlabel "." ) toplabel [ "." ]. The last label begins with a letter: that tells it from an IPv4
 * address. Labels up to 63 and names up to 253 octets (RFC 1035 §2.3.4).
 */
export function isHostname(text: string): boolean {
  const end = text.charCodeAt(text.length - 1) === DOT ? text.length - 1 : text.length;
  if (end < 1 || end > MAX_HOSTNAME) return false;
  for (let start = 0; ;) {
    let pos = skipClass(text, start, end, ALPHA | DIGIT);
    if (pos === start) return false;
    while (pos < end && text.charCodeAt(pos) === HYPHEN) {
      pos = skipClass(text, pos + 1, end, ALPHA | DIGIT);
      if (pos === end && text.charCodeAt(pos - 1) === HYPHEN) return false;
    }
    if (pos - start > MAX_LABEL || text.charCodeAt(pos - 1) === HYPHEN) return false;
    if (pos === end) return isClass(text.charCodeAt(start), ALPHA);
    if (text.charCodeAt(pos) !== DOT) return false;
    start = pos + 1;
  }
}

/**
 * Dotted decimal, four numbers up to 255 without leading zeros: the IPv4address of RFC 3986 §3.2.2, which RFC 5954 §4.1
 * puts in the place of RFC 3261's. So an IPv4 address has one text.
 */
export function isIpv4(text: string): boolean {
  return ipFamily(text) === 4;
}

/**
 * An IPv6 address without brackets and zone, in its one canonical text (RFC 5952): RFC 5954 §4.2 compares the octets,
 * not the spelling. Undefined when it is none. RFC 5118 §4.10: three colons before an IPv4 tail, a fault of the old
 * grammar, are read as two.
 */
export function readIpv6(text: string): string | undefined {
  return text.includes(':') ? canonicalIp(text.replace(/:::(?=[0-9]+\.)/, '::')) : undefined;
}
