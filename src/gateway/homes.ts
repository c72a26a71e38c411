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
  readonly own: () => OwnPlaces;
}

/** Names of this gateway, and where it listens for either protocol. */
export interface OwnPlaces {
  readonly hosts: ReadonlySet<string>;
  readonly listeners: readonly { readonly address: string; readonly port: number }[];
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

  /**
   * A domain whose records lead here is not at home where we are asked: we stand for it on that side (row DNS-06). One record
   * is enough, since the others may lead to further gateways of that domain.
   */
  async #judge({ found, targets }: ServiceEvidence, dns: DnsCache): Promise<Evidence> {
    if (found !== 'yes') return found;
    const own = this.#env.own();
    const here = await Promise.all(targets.map(({ target, port }) => leadsHere(target, port, own, dns)));
    return here.includes(true) ? 'here' : 'yes';
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

/** Whether a place is one of ours: by its name, or by an address at which we listen on that port. */
async function leadsHere(target: string, port: number, own: OwnPlaces, dns: DnsCache): Promise<boolean> {
  if (own.hosts.has(target)) return true;
  const listeners = own.listeners.filter((listener) => listener.port === port);
  if (listeners.length === 0) return false;
  const ours = new Set(listeners.map(({ address }) => address));
  const everywhere = ours.has('0.0.0.0') || ours.has('::');
  const machine = everywhere ? ownAddresses() : ours;
  const answers = await Promise.all([dns.a(target), dns.aaaa(target)]);
  return answers.some(
    ({ answer }) => answer.kind === 'records' && answer.records.some((address) => machine.has(address)),
  );
}

/** Addresses of this machine. */
function ownAddresses(): ReadonlySet<string> {
  return new Set(
    Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address)),
  );
}
