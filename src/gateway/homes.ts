// Asks DNS where a domain is at home, for rules with "*" on both sides, and remembers the answer. Rows DNS-01 … DNS-06.

import { networkInterfaces } from 'node:os';
import { BoundedMap, type Clock, type Counters } from '../base/index.ts';
import type { DomainRule } from '../mapping/index.ts';
import { domainHome, type Evidence, type Home } from '../policy/index.ts';
import { DnsCache, sipEvidence, srvEvidence, type DnsResolver, type ServiceEvidence } from '../sip/index.ts';

/** Row DNS-04: what is known holds for a minute, as records without a time to live do; what is not, ten seconds. */
const KEEP_MS = 60_000;
const KEEP_UNKNOWN_MS = 10_000;
const MAX_DOMAINS = 10_000;
/** Domains being asked about. */
const MAX_OPEN = 200;

export interface HomesEnv {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly dns: () => DnsResolver;
  /** Names of this gateway, and the ports at which it listens for either protocol. */
  readonly own: () => { readonly hosts: ReadonlySet<string>; readonly ports: ReadonlySet<number> };
}

/** Only such a rule leaves it to DNS. */
export function leavesHomeToDns(rule: DomainRule): boolean {
  return rule.sip === '*' && rule.xmpp === '*';
}

export class Homes {
  readonly #env: HomesEnv;
  readonly #known = new BoundedMap<string, Home>({ maxEntries: MAX_DOMAINS });
  readonly #open = new Map<string, Promise<Home>>();
  #resolver: DnsResolver | undefined;
  #dns: DnsCache | undefined;

  constructor(env: HomesEnv) {
    this.#env = env;
  }

  /** `host`: A-labels, lower case; `asks`: the side from which it is wanted. At once when it is known. */
  of(host: string, asks: 'sip' | 'xmpp'): Home | Promise<Home> {
    const key = `${asks} ${host}`;
    const known = this.#known.get(key, this.#env.clock.now());
    if (known !== undefined) return known;
    const open = this.#open.get(key);
    if (open !== undefined) return open;
    if (this.#open.size >= MAX_OPEN) return 'unknown';
    const answer = this.#ask(host, asks, key);
    this.#open.set(key, answer);
    return answer;
  }

  async #ask(host: string, asks: 'sip' | 'xmpp', key: string): Promise<Home> {
    const dns = this.#cache();
    const [sip, xmpp] = await Promise.all([
      sipEvidence(host, dns),
      srvEvidence([`_xmpp-server._tcp.${host}`, `_xmpps-server._tcp.${host}`], dns),
    ]);
    const home = domainHome(asks, await this.#judge(sip, dns), await this.#judge(xmpp, dns));
    this.#open.delete(key);
    this.#known.set(key, home, this.#env.clock.now(), home === 'unknown' ? KEEP_UNKNOWN_MS : KEEP_MS);
    return home;
  }

  /** A domain whose records lead here is not at home where we are asked: we stand for it on that side (row DNS-06). */
  async #judge({ found, targets }: ServiceEvidence, dns: DnsCache): Promise<Evidence> {
    if (found !== 'yes' || targets.length === 0) return found;
    const { hosts, ports } = this.#env.own();
    for (const { target, port } of targets) {
      if (hosts.has(target)) continue;
      if (!ports.has(port)) return 'yes';
      const [four, six] = await Promise.all([dns.a(target), dns.aaaa(target)]);
      const addresses = [four, six].flatMap(({ answer }) =>
        answer.kind === 'records' ? answer.records : [],
      );
      const own = ownAddresses();
      if (addresses.length === 0 || addresses.some((address) => !own.has(address))) return 'yes';
    }
    return 'here';
  }

  /** Another one when the configuration names other servers. */
  #cache(): DnsCache {
    const resolver = this.#env.dns();
    if (this.#dns === undefined || this.#resolver !== resolver) {
      this.#resolver = resolver;
      this.#dns = new DnsCache(resolver, this.#env.clock, this.#env.counters);
      this.#known.clear();
    }
    return this.#dns;
  }
}

/** Addresses of this machine. */
function ownAddresses(): ReadonlySet<string> {
  return new Set(
    Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address)),
  );
}
