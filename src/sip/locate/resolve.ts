// From a name to servers: RFC 3263 §4.1 and §4.2, with the records of RFC 3403 (NAPTR), RFC 2782 (SRV), A and AAAA.

import { ok, type Clock, type IpFamily, type Result } from '../../base/index.ts';
import type { TransportName } from '../transport.ts';
import type { DnsCache, Kept } from './dns-cache.ts';
import type { DnsAnswer, SrvRecord } from './dns-resolver.ts';
import { chooseNaptr, offersSip } from './naptr-choice.ts';
import {
  Plan,
  locateFault,
  type Candidate,
  type CandidateGroup,
  type LocateFault,
  type LocatedTarget,
} from './plan.ts';
import { SRV_PREFERENCE, transportTraits, type TransportSupport } from './transports.ts';

/** What is looked for. */
export interface ServiceQuery {
  /** sips: only transports with TLS. */
  readonly secure: boolean;
  /** TARGET of RFC 3263 §4: a valid DNS name in lower case, no literal address. */
  readonly name: string;
  readonly port: number | undefined;
  /** From the URI, or from the Via of a request to be answered. */
  readonly transport: TransportName | undefined;
  /** Put into every target. */
  readonly route: string | undefined;
  /** The same: for certificates (`Target.names`). */
  readonly names: readonly string[];
}

export interface ResolveEnv {
  readonly dns: DnsCache;
  readonly clock: Clock;
  readonly support: TransportSupport;
  /** False for an address (canonical) to which this look-up may not lead. */
  readonly mayUse: (address: string, port: number) => boolean;
  readonly limits: ResolveLimits;
}

export interface ResolveLimits {
  /** Targets in one list. */
  readonly maxTargets: number;
  /** Servers of one domain whose addresses are asked for, two questions each. */
  readonly maxServers: number;
}

/** A plan or the reason why there is none, and how long that holds (monotonic milliseconds). */
export interface Resolved {
  readonly result: Result<Plan, LocateFault>;
  readonly expiresMs: number;
}

/** Runs the whole look-up; the questions of one step are asked side by side. Never rejects. */
export async function resolveService(query: ServiceQuery, env: ResolveEnv): Promise<Resolved> {
  const lookup = new Lookup(query, env);
  const result = await lookup.run();
  return { result, expiresMs: lookup.expiry(result.ok) };
}

class Lookup {
  readonly #query: ServiceQuery;
  readonly #env: ResolveEnv;
  readonly #seen = new Set<string>();
  /** Earliest end of an answer that held records. */
  #recordsUntilMs = Infinity;
  #asked = 0;
  #servicesAsked = 0;
  #failures = 0;
  #refused = 0;
  #servers = 0;
  #srvFound = false;

  constructor(query: ServiceQuery, env: ResolveEnv) {
    this.#query = query;
    this.#env = env;
  }

  /**
   * A plan holds as long as its records, a minute when NAPTR or SRV were asked for, and only shortly when a part of
   * it failed. That there is none holds as long as "no such record" does.
   */
  expiry(found: boolean): number {
    const { clock, dns } = this.#env;
    const now = clock.now();
    if (!found || this.#failures > 0) return now + dns.negativeMs;
    return Math.min(this.#recordsUntilMs, this.#servicesAsked > 0 ? now + dns.serviceMs : Infinity);
  }

  async run(): Promise<Result<Plan, LocateFault>> {
    const { secure, port, transport } = this.#query;
    if (transport === undefined && port === undefined) return this.#discover();
    // RFC 3263 §4.1: a port but no transport means UDP for sip, TLS over TCP for sips.
    const chosen = transport ?? this.#env.support.default(secure);
    if (chosen === undefined || !this.#env.support.has(chosen)) return this.#noTransport();
    // §4.2: "a port is present in the URI": the addresses of the name, no SRV.
    if (port !== undefined) return this.#byAddress(chosen, port);
    return this.#byService([chosen], chosen);
  }

  /** RFC 3263 §4.1: neither transport nor port, so that NAPTR has the word. */
  async #discover(): Promise<Result<Plan, LocateFault>> {
    const { dns, support } = this.#env;
    const { secure, name } = this.#query;
    this.#servicesAsked += 1;
    const answer = this.#note(await dns.naptr(name));
    // Who did not answer at all will not answer SRV either. But COMPAT(DNS servers that refuse unknown types): an
    // error counts as "no NAPTR records"; it is not kept as a failure of the whole.
    if (answer.kind === 'failure' && answer.reason === 'timeout') return this.#nothing();
    if (answer.kind === 'failure') this.#failures -= 1;
    const records = answer.kind === 'records' ? answer.records : [];
    const choices = chooseNaptr(records, secure, support);
    // All of them, in their order: when the servers of one transport fail, those of the next are tried (§4.3).
    const groups: CandidateGroup[] = [];
    for (const { transport, srvName } of choices) {
      const found = await this.#srv(srvName);
      const group = found.kind === 'records' ? await this.#serverGroup(transport, found.records) : [];
      if (group.length > 0) groups.push(group);
    }
    if (groups.length > 0) return this.#plan(groups);
    const transports = SRV_PREFERENCE.filter(
      (each) => support.has(each) && (!secure || transportTraits[each].secure),
    );
    if (transports.length === 0) return this.#noTransport();
    // A domain that offers SIP by NAPTR, but not over our transports, has said how it wants to be reached: its SRV
    // records may still serve us (§4.1: it "MUST maintain" them), plain UDP to its address would be a guess.
    const fallback = offersSip(records) ? choices[0]?.transport : support.default(secure);
    return this.#byService(transports, fallback);
  }

  /** SRV for each of these transports; without any such record the addresses of the name over `fallback`. */
  async #byService(
    transports: readonly TransportName[],
    fallback: TransportName | undefined,
  ): Promise<Result<Plan, LocateFault>> {
    const answers = await Promise.all(
      transports.map((transport) => {
        const { srvPrefix } = transportTraits[transport];
        return srvPrefix === undefined ? NONE : this.#srv(`${srvPrefix}.${this.#query.name}`);
      }),
    );
    const groups: CandidateGroup[] = [];
    for (const [index, transport] of transports.entries()) {
      const answer = answers[index];
      if (answer?.kind !== 'records') continue;
      const group = await this.#serverGroup(transport, answer.records);
      if (group.length > 0) groups.push(group);
    }
    if (groups.length > 0) return this.#plan(groups);
    // §4.2: "If no SRV records were found" – a record that leads nowhere, "." above all (RFC 2782: the service is
    // decidedly not available), is one that was found; an error is not the knowledge that there is none.
    if (this.#failures > 0 || this.#srvFound) return this.#nothing();
    if (fallback === undefined) return this.#noTransport();
    return this.#byAddress(fallback, transportTraits[fallback].defaultPort);
  }

  async #byAddress(transport: TransportName, port: number): Promise<Result<Plan, LocateFault>> {
    const server = { priority: 0, weight: 0, port, target: this.#query.name };
    const group = await this.#serverGroup(transport, [server]);
    return group.length > 0 ? this.#plan([group]) : this.#nothing();
  }

  /** The servers that have an address which may be used, with these addresses. */
  async #serverGroup(transport: TransportName, records: readonly SrvRecord[]): Promise<CandidateGroup> {
    const servers = records
      .filter((record) => record.target !== '.')
      .toSorted((left, right) => left.priority - right.priority || right.weight - left.weight)
      .slice(0, this.#env.limits.maxServers - this.#servers);
    this.#servers += servers.length;
    const addresses = await Promise.all(servers.map((server) => this.#addresses(transport, server.target)));
    const group: Candidate[] = [];
    for (const [index, server] of servers.entries()) {
      const targets = this.#usable(transport, server, addresses[index] ?? []);
      if (targets.length > 0) group.push({ priority: server.priority, weight: server.weight, targets });
    }
    return group;
  }

  #usable(transport: TransportName, server: SrvRecord, addresses: readonly string[]): LocatedTarget[] {
    const targets: LocatedTarget[] = [];
    const { port, target: name } = server;
    for (const address of addresses) {
      const key = `${transport} ${address} ${port}`;
      if (this.#seen.has(key)) continue;
      this.#seen.add(key);
      if (this.#env.mayUse(address, port)) {
        const { route, names } = this.#query;
        targets.push({ transport, address, port, name, route, names });
      } else {
        this.#refused += 1;
      }
    }
    return targets;
  }

  async #addresses(transport: TransportName, name: string): Promise<readonly string[]> {
    const families = this.#env.support.families(transport);
    const answers = await Promise.all(families.map((family) => this.#family(family, name)));
    return answers.flatMap((answer) => (answer.kind === 'records' ? answer.records : []));
  }

  async #family(family: IpFamily, name: string): Promise<DnsAnswer<string>> {
    const { dns } = this.#env;
    return this.#note(await (family === 6 ? dns.aaaa(name) : dns.a(name)));
  }

  async #srv(name: string): Promise<DnsAnswer<SrvRecord>> {
    this.#servicesAsked += 1;
    const answer = this.#note(await this.#env.dns.srv(name));
    if (answer.kind === 'records') this.#srvFound = true;
    return answer;
  }

  #note<R>(kept: Kept<R>): DnsAnswer<R> {
    this.#asked += 1;
    if (kept.answer.kind === 'failure') this.#failures += 1;
    if (kept.answer.kind === 'records') this.#recordsUntilMs = Math.min(this.#recordsUntilMs, kept.expiresMs);
    return kept.answer;
  }

  #plan(groups: readonly CandidateGroup[]): Result<Plan, LocateFault> {
    return ok(new Plan(groups, this.#env.limits.maxTargets));
  }

  #nothing(): Result<Plan, LocateFault> {
    const { name } = this.#query;
    const clause = 'RFC 3263 §4.2';
    if (this.#failures > 0) {
      const times = `${this.#failures} of ${this.#asked} questions`;
      return locateFault('dns-timeout', `no usable answer from DNS about ${name} (${times})`, clause);
    }
    return this.#refused > 0
      ? locateFault('refused', `${name} leads only to private addresses or next hops`, clause)
      : locateFault('unresolvable', `DNS knows no SIP server of ${name}`, clause);
  }

  #noTransport(): Result<Plan, LocateFault> {
    const { name } = this.#query;
    return locateFault(
      'no-transport',
      `${name} can be reached only over transports without a listener here`,
      'RFC 3263 §4.1',
    );
  }
}

const NONE: Promise<DnsAnswer<SrvRecord>> = Promise.resolve({ kind: 'none' });
