// Who is believed on the SIP side (row SIPT-06, ERR-G7): default deny. A From is believed only from a network that
// the operator trusts, and only for the domains he trusts it for.

import { BoundedMap, IpNetwork, parseIpAddress, unmapped, type Clock } from '../base/index.ts';

/** One entry of `sip.trusted`. */
export interface TrustedNetwork {
  /** CIDR or a single address. */
  readonly network: string;
  /** SIP domains it may speak for; undefined: any domain that a `home: sip` rule covers. `*.name` covers subdomains. */
  readonly domains?: readonly string[] | undefined;
}

interface Entry {
  readonly network: IpNetwork;
  readonly domains: readonly string[] | undefined;
}

const REMEMBERED_ADDRESSES = 10_000;
const REMEMBER_MS = 3_600_000;
const NOBODY: readonly Entry[] = [];

/** The operator's list, with the answer per source address remembered. Invalid networks throw: check them before. */
export class TrustedSources {
  readonly #entries: readonly Entry[];
  readonly #byAddress = new BoundedMap<string, readonly Entry[]>({ maxEntries: REMEMBERED_ADDRESSES });
  readonly #clock: Clock;

  constructor(list: readonly TrustedNetwork[], clock: Clock) {
    this.#clock = clock;
    this.#entries = list.map(({ network, domains }) => {
      const parsed = IpNetwork.parse(network);
      if (parsed === undefined) throw new RangeError(`"${network}" is not an IP network`);
      return { network: parsed, domains: domains?.map((domain) => domain.toLowerCase()) };
    });
  }

  /** True when anything at all is believed from this address. */
  trusts(address: string): boolean {
    return this.#find(address).length > 0;
  }

  /** True when a From of this domain (lower case) is believed from this address. */
  maySpeakFor(address: string, domain: string): boolean {
    for (const { domains } of this.#find(address)) {
      if (domains === undefined) return true;
      for (const pattern of domains) {
        if (pattern === domain || pattern === '*') return true;
        if (pattern.startsWith('*.') && domain.endsWith(pattern.slice(1))) return true;
      }
    }
    return false;
  }

  #find(address: string): readonly Entry[] {
    const now = this.#clock.now();
    const known = this.#byAddress.get(address, now);
    if (known !== undefined) return known;
    const parsed = parseIpAddress(address);
    // An IPv6 socket shows an IPv4 peer as ::ffff:a.b.c.d; the operator wrote a.b.c.d.
    const plain = parsed === undefined ? undefined : unmapped(parsed);
    const entries =
      plain === undefined ? NOBODY : this.#entries.filter(({ network }) => network.contains(plain));
    this.#byAddress.set(address, entries, now, REMEMBER_MS);
    return entries;
  }
}
