// Values of the configuration that have a grammar of their own: listen URLs, host:port, networks, domain patterns.
// Sources: RFC 3261 §19.1.2 (default port), RFC 1123 §2.1 (host names), RFC 4632 (prefix notation).

import { canonicalIp, err, IpNetwork, ok, parseIpAddress, type Result } from '../../base/index.ts';
import { parseStoreUrl } from '../../edge/store/index.ts';
import { canonicalHost, hostToDomain } from '../../mapping/index.ts';
import { transportTraits, type TransportName } from '../../sip/index.ts';

/** Where the gateway listens for SIP. */
export interface Listen {
  readonly transport: TransportName;
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

const SIP_PORT = 5060;
const LISTEN_SCHEMES: ReadonlyMap<string, TransportName> = new Map([
  ['udp', 'UDP'],
  ['tcp', 'TCP'],
  ['tls', 'TLS'],
  ['ws', 'WS'],
  ['wss', 'WSS'],
]);
const LISTEN_FORM = 'udp://, tcp://, tls://, ws:// or wss://';

export const NOT_BUILT = 'belongs to a feature that is not built yet';

/** Reads `udp://ADDRESS[:PORT]`, or `tcp`, `tls`, `ws`, `wss`; without a port it is that of the transport. */
export function parseListenUrl(text: string): Result<Listen, string> {
  const end = text.indexOf('://');
  if (end < 0) return err('must look like udp://ADDRESS:PORT or tcp://ADDRESS:PORT');
  const scheme = text.slice(0, end).toLowerCase();
  const transport = LISTEN_SCHEMES.get(scheme);
  if (transport === undefined) return err(`unknown transport "${scheme}"; use ${LISTEN_FORM}`);
  // A path of a WebSocket URL would mean nothing here: RFC 7118 has none.
  const place = parseHostPort(text.slice(end + 3), transportTraits[transport].defaultPort, 0);
  if (!place.ok) return place;
  if (canonicalIp(place.value.host) === undefined)
    return err(`"${place.value.host}" is a name; a listener needs an address, such as 127.0.0.1 or [::1]`);
  return ok({ transport, ...place.value });
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
    if (canonicalIp(host)?.includes(':') !== true) return err(`"[${host}]" is not an IPv6 address`);
  } else {
    const colon = text.indexOf(':');
    if (colon !== text.lastIndexOf(':')) {
      return err(
        canonicalIp(text) !== undefined
          ? `an IPv6 address is written in brackets: [${text}]`
          : 'more than one ":"',
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

function bracketed(text: string): string {
  return canonicalIp(text) === undefined ? text : `[${text}]`;
}

/** Reads a DNS server, which Node wants as a literal address with an optional port. */
export function parseDnsServer(text: string): Result<string, string> {
  const place = parseHostPort(text.includes(':') ? bracketed(text) : text, 53);
  if (!place.ok) return place;
  if (canonicalIp(place.value.host) === undefined)
    return err('a DNS server is given by its address, not by a name');
  return ok(text);
}

/** Reads `ADDRESS/PREFIX`; a bare address is a network of one. Set host bits are refused: they hide a mistake. */
export function parseNetwork(text: string): Result<IpNetwork, string> {
  const network = IpNetwork.parse(text);
  if (network !== undefined) return ok(network);
  const slash = text.indexOf('/');
  const address = parseIpAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return err('must be a network such as 10.1.0.0/16 or 2001:db8::/32');
  const bits = address.octets.length * 8;
  const length = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(length) || Number(length) > bits) {
    return err(`"/${length}" is not a prefix length; here it is 0 to ${bits}`);
  }
  return err(`has bits set beyond its prefix; one address is ${text.slice(0, slash)}/${bits}`);
}

/** Reads where state is kept: `sqlite:PATH`, `postgres://…` or `memory:`. */
export function parseStore(text: string): Result<string, string> {
  const url = parseStoreUrl(text);
  if (!url.ok) return err(url.error.message);
  return ok(url.value.kind === 'sqlite' ? `sqlite:${url.value.path}` : text);
}

/** True for a literal address (IPv6 without brackets) or a host name. */
export function isHost(text: string): boolean {
  if (canonicalIp(text) !== undefined) return true;
  // Four numbers with dots that are no address are a slip, not a name (RFC 1123 §2.1).
  return (
    !/^[\d.]+$/.test(text) &&
    !text.startsWith('[') &&
    !text.endsWith('.') &&
    canonicalHost(text) !== undefined
  );
}

/** Reads a domain as SIP writes it: A-labels, lower case, IPv6 in brackets (rows ADDR-50 … 52). */
export function parseSipDomain(text: string): Result<string, string> {
  return parseDomain(text, canonicalHost(text));
}

/** Reads a domain as XMPP writes it: prepared by RFC 7622, U-labels. */
export function parseXmppDomain(text: string): Result<string, string> {
  const domain = hostToDomain(text);
  return parseDomain(text, domain.ok ? domain.value : undefined);
}

function parseDomain(text: string, canonical: string | undefined): Result<string, string> {
  if (canonicalIp(text)?.includes(':') === true)
    return err(`an IPv6 address is written in brackets: "[${text}]"`);
  if (text.includes('@')) return err('a domain is wanted here, not an address with "@"');
  if (text.endsWith('.')) return err('is written without the final dot');
  const bare = text.startsWith('[') ? text.slice(1, -1) : text;
  return canonical !== undefined && isHost(bare) ? ok(canonical) : err(`"${text}" is not a domain name`);
}

/** Reads a domain, `*.domain` or `*`, by one of the two above. */
export function parsePattern(
  text: string,
  readDomain: (text: string) => Result<string, string>,
): Result<string, string> {
  if (text === '*') return ok(text);
  if (!text.startsWith('*.')) {
    if (text.includes('*')) return err('"*" stands alone or in front, as in "*.example.net"');
    return readDomain(text);
  }
  const rest = readDomain(text.slice(2));
  if (!rest.ok) return rest;
  return canonicalIp(rest.value) !== undefined || rest.value.startsWith('[')
    ? err('"*." goes in front of a domain name, not of an address')
    : ok(`*.${rest.value}`);
}

/** Reads a pattern of SIP domains. */
export function parseSipPattern(text: string): Result<string, string> {
  return parsePattern(text, parseSipDomain);
}

/** Reads a pattern of XMPP domains. */
export function parseXmppPattern(text: string): Result<string, string> {
  return parsePattern(text, parseXmppDomain);
}

const UNIX = 'unix:';

/** Reads `unix:PATH` and gives the path, as written: relative ones start from the configuration file. */
export function parseUnixSocket(text: string): Result<string, string> {
  const path = text.slice(UNIX.length);
  if (!text.startsWith(UNIX) || path === '') return err('must look like unix:PATH');
  // unix(7): an abstract name has no file, and so no mode that could keep others out.
  if (path.includes('\u0000') || path.startsWith('@')) return err(`"${path}" is not the path of a file`);
  return path.endsWith('/') ? err('must name a file, not a folder') : ok(path);
}

/** Reads the root of an XCAP server (RFC 4825 §6.1). Returned without "/" at its end. */
export function parseXcapRoot(text: string): Result<string, string> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    return err('must be a URL such as https://xcap.example.net/xcap-root');
  }
  if (url.username !== '' || url.password !== '') return err('user and password have keys of their own');
  if (url.search !== '' || url.hash !== '') return err('has neither "?" nor "#"');
  return ok(text.replace(/\/+$/, ''));
}
