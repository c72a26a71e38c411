// What a URI says about where to go, before DNS is asked: TARGET, transport and port of RFC 3263 §4.

import { ok, type IpFamily, type Result } from '../../base/index.ts';
import type { TransportName } from '../transport.ts';
import type { SipUri } from '../uri/sip-uri.ts';
import { isDnsName } from './dns-resolver.ts';
import { locateFault, type LocateFault, type LocatedTarget } from './plan.ts';
import type { ServiceQuery } from './resolve.ts';
import { literalAddress, parameterTransport, transportTraits, type TransportSupport } from './transports.ts';

/** Either addresses that need no question, or a question for DNS. */
export type Destination =
  | { readonly kind: 'direct'; readonly targets: readonly LocatedTarget[] }
  | { readonly kind: 'lookup'; readonly query: ServiceQuery };

/**
 * The destination of a sip or sips URI. `route` is put into the targets. `alsoNamed`: hosts that a certificate may name
 * instead of the URI's own.
 */
export function destinationOf(
  uri: SipUri,
  route: string | undefined,
  support: TransportSupport,
  alsoNamed: readonly string[] = [],
): Result<Destination, LocateFault> {
  const secure = uri.scheme === 'sips';
  const parameter = uri.params.get('transport');
  let transport: TransportName | undefined;
  if (parameter !== undefined) {
    transport = parameterTransport(secure, parameter);
    if (transport === undefined) return noTransport(`${uri.scheme} over "${parameter}"`);
  }
  // RFC 3263 §4: "TARGET is the value of the maddr parameter of the URI, if present, otherwise, the host value".
  const host = uri.params.get('maddr') ?? uri.host;
  // RFC 5922 §7.3: the certificate is for the host of the URI, wherever `maddr` leads.
  const names = [uri.host, ...alsoNamed];
  return destination({ secure, host, port: uri.port, transport, route, names }, support);
}

/** Where a response goes when the way the request came is closed: the sent-by of its top Via (RFC 3263 §5). */
export function sentByDestination(
  via: { readonly transport: string; readonly host: string; readonly port: number | undefined },
  support: TransportSupport,
): Result<Destination, LocateFault> {
  const transport = isTransportName(via.transport) ? via.transport : undefined;
  if (transport === undefined) return noTransport(`"${via.transport}" in a Via`);
  const { secure } = transportTraits[transport];
  const { host, port } = via;
  return destination({ secure, host, port, transport, route: undefined, names: [host] }, support);
}

interface Place {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number | undefined;
  readonly transport: TransportName | undefined;
  readonly route: string | undefined;
  readonly names: readonly string[];
}

function destination(place: Place, support: TransportSupport): Result<Destination, LocateFault> {
  const { secure, port, transport, route, names } = place;
  if (transport !== undefined && !support.has(transport)) return noTransport(transport);
  const address = literalAddress(place.host);
  if (address !== undefined) return direct(place, [address], address, support);
  const name = withoutFinalDot(place.host).toLowerCase();
  if (!isDnsName(name)) {
    return locateFault('unresolvable', 'the host is neither a name nor an address', 'RFC 3261 §25.1');
  }
  // RFC 6761 §6.3: names under "localhost" mean the loopback addresses, and are no question for DNS.
  if (name === 'localhost' || name.endsWith('.localhost')) {
    return direct(place, ['::1', '127.0.0.1'], name, support);
  }
  return ok({ kind: 'lookup', query: { secure, name, port, transport, route, names } });
}

/** RFC 3263 §4.1 and §4.2: numeric, so UDP (TLS for sips) unless the URI says otherwise, and the default port. */
function direct(
  { secure, port, transport, route, names }: Place,
  addresses: readonly string[],
  name: string,
  support: TransportSupport,
): Result<Destination, LocateFault> {
  const chosen = transport ?? support.default(secure);
  if (chosen === undefined) return noTransport(secure ? 'TLS' : 'UDP or TCP');
  const targets: LocatedTarget[] = [];
  for (const family of support.families(chosen)) {
    for (const address of addresses) {
      if (familyOf(address) !== family) continue;
      targets.push({
        transport: chosen,
        address,
        port: port ?? transportTraits[chosen].defaultPort,
        name,
        route,
        names,
      });
    }
  }
  return targets.length > 0 ? ok({ kind: 'direct', targets }) : noTransport(`${chosen} to ${name}`);
}

function familyOf(literal: string): IpFamily {
  return literal.includes(':') ? 6 : 4;
}

function withoutFinalDot(host: string): string {
  return host.endsWith('.') ? host.slice(0, -1) : host;
}

function isTransportName(text: string): text is TransportName {
  return Object.hasOwn(transportTraits, text);
}

function noTransport(what: string) {
  return locateFault('no-transport', `no listener here for ${what}`, 'RFC 3263 §4.1');
}
