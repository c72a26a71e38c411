// The operator's own routing table, asked before DNS: which next hops lead to a domain.
//
// RFC 3261 §8.1.2 lets local policy give "an alternate set of destinations", by a pre-loaded route set or without.
// A hop with `;lr` becomes a Route header field (§16.12.1.1: the hop is a loose router; the Request-URI stays).
// A hop without `lr` is a destination only: no Route, and the Request-URI stays too – not the strict routing of
// RFC 2543, which would replace the Request-URI and lose the target on its way.

import { fault, ok, type Result } from '../../base/index.ts';
import { parseSipUri, type SipUri } from '../uri/sip-uri.ts';

/** One next hop. */
export interface NextHop {
  readonly uri: SipUri;
  /** Value of the Route header field, undefined without `;lr`. */
  readonly route: string | undefined;
}

/** The next hops of one pattern, in order; one object for a pattern, so that what is derived can be kept by it. */
export interface NextHopList {
  readonly pattern: string;
  readonly hops: readonly NextHop[];
}

/** `sip.next_hops`: pattern (name, `*.name` or `*`) to one URI or several in order. */
export type NextHopConfig = Readonly<Record<string, string | readonly string[]>>;

export class NextHops {
  readonly #exact = new Map<string, NextHopList>();
  /** Keyed by what follows the asterisk, ".example.net". */
  readonly #suffixes = new Map<string, NextHopList>();
  #any: NextHopList | undefined;
  /** Servers that stand for no domain, by their URIs as written. */
  readonly #servers = new Map<string, NextHopList>();

  private constructor() {}

  /**
   * Reads the table; the fault names the entry that is no SIP URI. `servers`: URIs of servers that are meant for something
   * else than a domain; only who asks for one by its URI is led there.
   */
  static read(config: NextHopConfig, servers: readonly string[] = []): Result<NextHops> {
    const table = new NextHops();
    for (const [pattern, value] of Object.entries(config)) {
      const hops = readHops(pattern, typeof value === 'string' ? [value] : value);
      if (!hops.ok) return hops;
      table.#add({ pattern: pattern.toLowerCase(), hops: hops.value });
    }
    for (const server of servers) {
      const hops = readHops(server, [server]);
      if (!hops.ok) return hops;
      table.#servers.set(server, { pattern: server, hops: hops.value });
    }
    return ok(table);
  }

  /** The hop of a server, by its URI exactly as it was given to `read`. */
  server(uri: string): NextHopList | undefined {
    return this.#servers.get(uri);
  }

  /** The lists of all patterns. */
  *lists(): Iterable<NextHopList> {
    yield* this.#exact.values();
    yield* this.#suffixes.values();
    yield* this.#servers.values();
    if (this.#any !== undefined) yield this.#any;
  }

  /** The hops towards a host (lower case): exact name, then the longest `*.name`, then `*`. */
  find(host: string): NextHopList | undefined {
    const exact = this.#exact.get(host);
    if (exact !== undefined) return exact;
    if (this.#suffixes.size > 0) {
      for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
        const list = this.#suffixes.get(host.slice(dot));
        if (list !== undefined) return list;
      }
    }
    return this.#any;
  }

  #add(list: NextHopList): void {
    if (list.pattern === '*') this.#any = list;
    else if (list.pattern.startsWith('*.')) this.#suffixes.set(list.pattern.slice(1), list);
    else this.#exact.set(list.pattern, list);
  }
}

function readHops(pattern: string, texts: readonly string[]): Result<readonly NextHop[]> {
  const hops: NextHop[] = [];
  for (const text of texts) {
    const uri = parseSipUri(text);
    if (!uri.ok) return fault('ERR_SIP_NEXT_HOP', `next hop "${text}" of ${pattern}: ${uri.error.message}`);
    hops.push({ uri: uri.value, route: uri.value.params.has('lr') ? `<${text}>` : undefined });
  }
  return hops.length === 0 ? fault('ERR_SIP_NEXT_HOP', `no next hop for ${pattern}`) : ok(hops);
}
