// Values of the configuration that have a grammar of their own: listen URLs, host:port, networks, domain patterns.
// Sources: RFC 3261 §19.1.2 (default port), RFC 1123 §2.1 (host names), RFC 4632 (prefix notation), RFC 4291 §2.2.

import { isIP, isIPv4 } from 'node:net';
import { domainToASCII } from 'node:url';
import { err, ok, type Result } from '../../base/index.ts';

/** Where the gateway listens for SIP. */
export interface Listen {
  readonly transport: 'UDP' | 'TCP';
  /** Literal address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** `host` or `host:port` for Via and Contact, when it is not the bound address. */
  readonly advertise?: string;
}

export interface HostPort {
  /** Literal address or name; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** A network in prefix notation, parsed. */
export interface Network {
  /** 4 or 16 octets, host bits zero. */
  readonly octets: Uint8Array;
  readonly prefix: number;
}

const SIP_PORT = 5060;
const LATER_SCHEMES = new Set(['tls', 'ws', 'wss']);

export const NOT_BUILT = 'belongs to a feature that is not built yet';

/** Reads `udp://ADDRESS[:PORT]` or `tcp://…`. */
export function parseListenUrl(text: string): Result<Listen, string> {
  const end = text.indexOf('://');
  if (end < 0) return err('must look like udp://ADDRESS:PORT or tcp://ADDRESS:PORT');
  const scheme = text.slice(0, end).toLowerCase();
  if (LATER_SCHEMES.has(scheme)) return err(`${scheme}:// is not built yet; use udp:// or tcp://`);
  if (scheme !== 'udp' && scheme !== 'tcp') return err(`unknown transport "${scheme}"; use udp:// or tcp://`);
  const place = parseHostPort(text.slice(end + 3), SIP_PORT, 0);
  if (!place.ok) return place;
  if (isIP(place.value.host) === 0)
    return err(`"${place.value.host}" is a name; a listener needs an address, such as 127.0.0.1 or [::1]`);
  return ok({ transport: scheme === 'udp' ? 'UDP' : 'TCP', ...place.value });
}

/**
 * Reads `HOST[:PORT]` with IPv6 in brackets. Without a default the port is required. `lowestPort` is 0 for
 * listeners, where 0 takes any free port.
 */
export function parseHostPort(
  text: string,
  defaultPort: number | undefined,
  lowestPort = 1,
): Result<HostPort, string> {
  let host: string;
  let rest: string;
  if (text.startsWith('[')) {
    const close = text.indexOf(']');
    if (close < 0) return err('"[" without "]"');
    host = text.slice(1, close);
    rest = text.slice(close + 1);
    if (isIP(host) !== 6) return err(`"[${host}]" is not an IPv6 address`);
  } else {
    const colon = text.indexOf(':');
    if (colon !== text.lastIndexOf(':')) {
      return err(
        isIP(text) === 6 ? `an IPv6 address is written in brackets: [${text}]` : 'more than one ":"',
      );
    }
    host = colon < 0 ? text : text.slice(0, colon);
    rest = colon < 0 ? '' : text.slice(colon);
    if (!isHost(host)) return err(`"${host}" is not an address or a host name`);
  }
  if (rest === '') {
    return defaultPort === undefined ? err('the port is missing') : ok({ host, port: defaultPort });
  }
  const port = /^:\d{1,5}$/.test(rest) ? Number(rest.slice(1)) : Number.NaN;
  if (!(port >= lowestPort && port <= 65535))
    return err(`"${rest.slice(1)}" is not a port; a port is 1 to 65535`);
  return ok({ host, port });
}

/** Reads what Via and Contact shall say: `HOST[:PORT]`, returned as written. */
export function parseAdvertise(text: string): Result<string, string> {
  const place = parseHostPort(text, SIP_PORT);
  return place.ok ? ok(text) : place;
}

/** Reads a DNS server, which Node wants as a literal address with an optional port. */
export function parseDnsServer(text: string): Result<string, string> {
  const place = parseHostPort(isIP(text) === 6 ? `[${text}]` : text, 53);
  if (!place.ok) return place;
  if (isIP(place.value.host) === 0) return err('a DNS server is given by its address, not by a name');
  return ok(text);
}

/** Reads `ADDRESS/PREFIX`; a bare address is a network of one. Set host bits are refused: they hide a mistake. */
export function parseNetwork(text: string): Result<Network, string> {
  const slash = text.indexOf('/');
  const address = slash < 0 ? text : text.slice(0, slash);
  const octets = addressOctets(address);
  if (octets === undefined) return err('must be a network such as 10.1.0.0/16 or 2001:db8::/32');
  const bits = octets.length * 8;
  const length = slash < 0 ? String(bits) : text.slice(slash + 1);
  const prefix = /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN;
  if (!(prefix <= bits)) return err(`"/${length}" is not a prefix length; here it is 0 to ${bits}`);
  for (let bit = prefix; bit < bits; bit++) {
    if (((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0) {
      return err(`has bits set beyond its prefix; one address is ${address}/${bits}`);
    }
  }
  return ok({ octets, prefix });
}

/** Octets of a literal address; undefined when it is none. */
export function addressOctets(address: string): Uint8Array | undefined {
  if (isIPv4(address)) return Uint8Array.from(address.split('.').map(Number));
  if (isIP(address) !== 6 || address.includes('%')) return undefined;
  // The embedded IPv4 form (RFC 4291 §2.2 form 3) is turned into two groups first.
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address);
  const plain =
    dotted === null ? address : `${dotted[1]}${pair(dotted[2], dotted[3])}:${pair(dotted[4], dotted[5])}`;
  const [left = '', right] = plain.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  return Uint8Array.from(groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]));
}

function pair(high: string | undefined, low: string | undefined): string {
  return (Number(high) * 256 + Number(low)).toString(16);
}

/** True for a literal address (IPv6 without brackets) or a host name. */
export function isHost(text: string): boolean {
  if (isIP(text) !== 0) return true;
  // Four numbers with dots that are no address are a slip, not a name (RFC 1123 §2.1).
  if (/^[\d.]+$/.test(text)) return false;
  return isHostName(text);
}

function isHostName(text: string): boolean {
  if (text === '' || text.endsWith('.')) return false;
  const ascii = domainToASCII(text);
  if (ascii === '' || ascii.length > 253) return false;
  return ascii.split('.').every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label));
}

/** Reads a domain: a host name, an IPv4 address or an IPv6 address in brackets; in lower case. */
export function parseDomain(text: string): Result<string, string> {
  if (text.startsWith('[') && text.endsWith(']') && isIP(text.slice(1, -1)) === 6)
    return ok(text.toLowerCase());
  if (isIP(text) === 6) return err(`an IPv6 address is written in brackets: "[${text}]"`);
  if (text.includes('@')) return err('a domain is wanted here, not an address with "@"');
  if (text.endsWith('.')) return err('is written without the final dot');
  return isHost(text) ? ok(text.toLowerCase()) : err(`"${text}" is not a domain name`);
}

/** Reads a domain, `*.domain` or `*`. */
export function parseDomainPattern(text: string): Result<string, string> {
  if (text === '*') return ok(text);
  if (!text.startsWith('*.')) {
    if (text.includes('*')) return err('"*" stands alone or in front, as in "*.example.net"');
    return parseDomain(text);
  }
  const rest = parseDomain(text.slice(2));
  if (!rest.ok) return rest;
  return isIP(rest.value) !== 0 || rest.value.startsWith('[')
    ? err('"*." goes in front of a domain name, not of an address')
    : ok(`*.${rest.value}`);
}
