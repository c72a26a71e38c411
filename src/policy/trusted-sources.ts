// Which networks are believed on the SIP side (row SIPT-06, ERR-G7): those that the operator trusts, and only for the
// domains he trusts them for.

import { BoundedMap, IpNetwork, parseIpAddress, unmapped, type Clock } from '../base/index.ts';

/** One entry of `sip.trusted`. */
export interface TrustedNetwork {
  /** CIDR or a single address. */
  readonly network: string;
  /** SIP domains it may speak for; undefined: any domain that a `home: sip` rule covers. `*.name` covers subdomains. */
  readonly domains?: readonly string[] | undefined;
  /** Its P-Asserted-Identity is believed in place of From (RFC 3325 §5). Default false. */
  readonly asserted?: boolean | undefined;
}

/** For whom a trusted address may speak. */
export class SpeakerScope {
  /** True: for every domain of the rules, so that the domain need not be looked at. */
  readonly any: boolean;
  /** A node of the trust domain of RFC 3325. */
  readonly asserts: boolean;
  readonly #patterns: readonly string[];

  constructor(any: boolean, patterns: readonly string[], asserts = false) {
    this.any = any;
    this.asserts = asserts;
    this.#patterns = patterns;
  }

  /** The same, and these domains besides. */
  with(domains: readonly string[]): SpeakerScope {
    return new SpeakerScope(this.any, [...this.#patterns, ...domains], this.asserts);
  }

  /** True when a From of this domain (lower case) is believed. */
  covers(domain: string): boolean {
    if (this.any) return true;
    return this.#patterns.some(
      (pattern) =>
        pattern === domain ||
        pattern === '*' ||
        (pattern.startsWith('*.') && domain.endsWith(pattern.slice(1))),
    );
  }
}

interface Entry {
  readonly network: IpNetwork;
  readonly domains: readonly string[] | undefined;
  readonly asserted: boolean;
}

const REMEMBERED_ADDRESSES = 10_000;
const REMEMBER_MS = 3_600_000;

/** The operator's list, with the answer per source address remembered. */
export class TrustedSources {
  readonly #entries: readonly Entry[];
  readonly #byAddress = new BoundedMap<string, SpeakerScope | 'nobody'>({ maxEntries: REMEMBERED_ADDRESSES });
  readonly #clock: Clock;

  /** Throws RangeError for what is no network: the configuration is checked before. */
  constructor(list: readonly TrustedNetwork[], clock: Clock) {
    this.#clock = clock;
    this.#entries = list.map(({ network, domains, asserted = false }) => {
      const parsed = IpNetwork.parse(network);
      if (parsed === undefined) throw new RangeError(`"${network}" is not an IP network`);
      return { network: parsed, domains: domains?.map((domain) => domain.toLowerCase()), asserted };
    });
  }

  /** For whom this source address may speak; undefined: nothing is believed from it. */
  scopeOf(address: string): SpeakerScope | undefined {
    const now = this.#clock.now();
    let scope = this.#byAddress.get(address, now);
    if (scope === undefined) {
      scope = this.#find(address);
      this.#byAddress.set(address, scope, now, REMEMBER_MS);
    }
    return scope === 'nobody' ? undefined : scope;
  }

  #find(address: string): SpeakerScope | 'nobody' {
    const parsed = parseIpAddress(address);
    if (parsed === undefined) return 'nobody';
    // An IPv6 socket shows an IPv4 peer as ::ffff:a.b.c.d; the operator wrote a.b.c.d.
    const plain = unmapped(parsed);
    const entries = this.#entries.filter(({ network }) => network.contains(plain));
    if (entries.length === 0) return 'nobody';
    return new SpeakerScope(
      entries.some(({ domains }) => domains === undefined),
      entries.flatMap(({ domains }) => domains ?? []),
      entries.some(({ asserted }) => asserted),
    );
  }
}
