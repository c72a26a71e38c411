// What is known of each transport when a server is looked for: names in DNS, default ports, and what this gateway can
// use. Sources: RFC 3263 §4.1 and §4.2, RFC 3261 §18.1.1 and §19.1.1, RFC 7118 §5 and §10.

import { canonicalIp, ipFamily, type IpFamily } from '../../base/index.ts';
import type { LocalEndpoint, TransportName } from '../transport.ts';

interface TransportTraits {
  readonly secure: boolean;
  readonly defaultPort: number;
  /** Prefix of the SRV name; RFC 7118 registers none for WebSocket. */
  readonly srvPrefix: string | undefined;
}

export const transportTraits = {
  UDP: { secure: false, defaultPort: 5060, srvPrefix: '_sip._udp' },
  TCP: { secure: false, defaultPort: 5060, srvPrefix: '_sip._tcp' },
  TLS: { secure: true, defaultPort: 5061, srvPrefix: '_sips._tcp' },
  WS: { secure: false, defaultPort: 80, srvPrefix: undefined },
  WSS: { secure: true, defaultPort: 443, srvPrefix: undefined },
} as const satisfies Record<TransportName, TransportTraits>;

/** Row DNS-13: the order in which SRV names are asked for, and preferred, when there is no NAPTR. */
export const SRV_PREFERENCE: readonly TransportName[] = ['TLS', 'TCP', 'UDP'];

const NAPTR_SERVICES: ReadonlyMap<string, TransportName> = new Map([
  ['sip+d2u', 'UDP'],
  ['sip+d2t', 'TCP'],
  ['sips+d2t', 'TLS'],
  ['sip+d2w', 'WS'],
  ['sips+d2w', 'WSS'],
]);

/** The transport that a NAPTR service field stands for (RFC 3263 §4.1, compared without case). */
export function naptrTransport(service: string): TransportName | undefined {
  return NAPTR_SERVICES.get(service.toLowerCase());
}

/** True for the service fields of RFC 3263, also for transports that nobody here speaks ("SIP+D2S"). */
export function isSipService(service: string): boolean {
  return /^sips?\+d2/i.test(service);
}

/**
 * The transport that a `transport` parameter asks for. RFC 3261 §26.2.2: sips means TLS whatever runs below it, so
 * `sips:…;transport=tcp` is TLS. undefined: unknown, or impossible together (`sips:…;transport=udp`).
 */
export function parameterTransport(secure: boolean, parameter: string): TransportName | undefined {
  switch (parameter.toLowerCase()) {
    case 'udp':
      return secure ? undefined : 'UDP';
    case 'tcp':
      return secure ? 'TLS' : 'TCP';
    case 'tls':
      return 'TLS';
    case 'ws':
      return secure ? 'WSS' : 'WS';
    case 'wss':
      return 'WSS';
    default:
      return undefined;
  }
}

/** The transports and families that this gateway can send by: those it listens on, for responses come back there. */
export class TransportSupport {
  readonly #families = new Map<TransportName, readonly IpFamily[]>();

  /** `familyOrder`: which family's addresses are tried first; a family that is not named is not used. */
  constructor(
    listeners: Iterable<readonly [TransportName, IpFamily]>,
    familyOrder: readonly IpFamily[] = [6, 4],
  ) {
    const found = new Map<TransportName, Set<IpFamily>>();
    for (const [transport, family] of listeners) {
      const set = found.get(transport) ?? new Set();
      found.set(transport, set.add(family));
    }
    for (const [transport, set] of found) {
      const families = familyOrder.filter((family) => set.has(family));
      if (families.length > 0) this.#families.set(transport, families);
    }
  }

  /** From bound endpoints; one bound to "::" is taken to serve both families when `dualStack` says so. */
  static of(
    endpoints: Iterable<LocalEndpoint>,
    options: {
      readonly familyOrder?: readonly IpFamily[];
      readonly dualStack?: (endpoint: LocalEndpoint) => boolean;
    } = {},
  ): TransportSupport {
    const listeners: (readonly [TransportName, IpFamily])[] = [];
    for (const endpoint of endpoints) {
      const family = ipFamily(endpoint.address);
      if (family === undefined) continue;
      listeners.push([endpoint.transport, family]);
      if (family === 6 && options.dualStack?.(endpoint) === true) listeners.push([endpoint.transport, 4]);
    }
    return new TransportSupport(listeners, options.familyOrder);
  }

  has(transport: TransportName): boolean {
    return this.#families.has(transport);
  }

  /** In the order in which they are tried. */
  families(transport: TransportName): readonly IpFamily[] {
    return this.#families.get(transport) ?? [];
  }

  /** The transport when neither URI nor DNS names one (RFC 3263 §4.1, row DNS-10). */
  default(secure: boolean): TransportName | undefined {
    if (secure) return this.has('TLS') ? 'TLS' : undefined;
    if (this.has('UDP')) return 'UDP';
    return this.has('TCP') ? 'TCP' : undefined;
  }
}

/** The literal address in a host (IPv6 in brackets or bare), in canonical text; undefined for a name. */
export function literalAddress(host: string): string | undefined {
  return canonicalIp(host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host);
}
