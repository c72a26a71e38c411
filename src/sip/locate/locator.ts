// Where a request goes: the operator's next hops, else RFC 3263; private targets taken out, penalised ones put last.
// The answer comes at once when it is known, which on the message path it nearly always is.

import { BoundedMap, ok, type Clock, type Counters, type Random, type Timers } from '../../base/index.ts';
import type { Target } from '../transport.ts';
import { parseSipUri, type SipUri } from '../uri/sip-uri.ts';
import { destinationOf, sentByDestination, type Destination } from './destination.ts';
import { DnsCache, type DnsCacheOptions } from './dns-cache.ts';
import type { DnsResolver } from './dns-resolver.ts';
import type { NextHop, NextHopList, NextHops } from './next-hops.ts';
import { PenaltyList, type PenaltyOptions } from './penalty-list.ts';
import { locateFault, type LocateResult, type LocatedTarget } from './plan.ts';
import { specialUse } from './private-targets.ts';
import { resolveService, type ResolveLimits, type Resolved, type ServiceQuery } from './resolve.ts';
import { transportTraits, type TransportSupport } from './transports.ts';

export interface LocatorEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly resolver: DnsResolver;
  readonly counters: Counters;
}

export interface LocatorOptions {
  readonly support: TransportSupport;
  readonly nextHops?: NextHops | undefined;
  /** What happens to private addresses and next hops that a foreign name or number leads to. Default: refuse. */
  readonly privateTargets?: 'refuse' | 'allow' | undefined;
  /** RFC 7118 §5: where a host under ".invalid" is, which a client of WebSocket made up for itself. */
  readonly flowOf?: ((host: string) => Target | undefined) | undefined;
  /**
   * Where the user of a URI is connected himself, as a client of WebSocket, which goes before next hops; `absent`: he is
   * not, and DNS is not asked for him; undefined: he is no such user.
   */
  readonly webPhone?: ((uri: SipUri) => Target | 'absent' | undefined) | undefined;
  /** Our own literal addresses and ports: a foreign name that leads back to them is refused as well. */
  readonly own?: readonly { readonly address: string; readonly port: number }[] | undefined;
  readonly dns?: DnsCacheOptions;
  readonly penalty?: PenaltyOptions;
  readonly limits?: Partial<LocatorLimits>;
}

export interface LocatorLimits extends ResolveLimits {
  /** Look-ups kept. */
  readonly maxPlans: number;
  /** Look-ups under way; more fail at once with `dns-timeout`. */
  readonly maxPending: number;
  /** The longest that a look-up may take, in milliseconds; then `dns-timeout`. */
  readonly maxResolveMs: number;
}

const DEFAULT_LIMITS: LocatorLimits = {
  maxTargets: 16,
  maxServers: 16,
  maxPlans: 10_000,
  maxPending: 256,
  maxResolveMs: 8000,
};

type Answer = LocateResult | Promise<LocateResult>;
type MayUse = (address: string, port: number) => boolean;

interface Pending {
  readonly promise: Promise<Resolved>;
  readonly giveUp: () => void;
}

/** See the file head. */
export class Locator {
  readonly #env: LocatorEnv;
  readonly #support: TransportSupport;
  readonly #nextHops: NextHops | undefined;
  readonly #allowPrivate: boolean;
  readonly #flowOf: LocatorOptions['flowOf'];
  readonly #webPhone: LocatorOptions['webPhone'];
  readonly #limits: LocatorLimits;
  readonly #dns: DnsCache;
  readonly #penalties: PenaltyList;
  readonly #plans: BoundedMap<string, Resolved>;
  readonly #pending = new Map<string, Pending>();
  /** Lists of next hops that need no DNS at all. */
  readonly #fixed = new Map<NextHopList, LocateResult>();
  readonly #own: ReadonlySet<string>;
  /** Addresses of next hops: literal ones under '', others under the key of their look-up. */
  readonly #hopAddresses = new Map<string, ReadonlySet<string>>();

  constructor(env: LocatorEnv, options: LocatorOptions) {
    this.#env = env;
    this.#support = options.support;
    this.#nextHops = options.nextHops;
    this.#allowPrivate = options.privateTargets === 'allow';
    this.#flowOf = options.flowOf;
    this.#webPhone = options.webPhone;
    this.#limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#dns = new DnsCache(env.resolver, env.clock, env.counters, options.dns);
    this.#penalties = new PenaltyList(env.clock, options.penalty);
    this.#plans = new BoundedMap({ maxEntries: this.#limits.maxPlans });
    this.#own = new Set((options.own ?? []).map(({ address, port }) => `${address} ${port}`));
    this.#fixNextHops();
  }

  /**
   * Targets for a request with this URI as its Request-URI, best first; a URI that does not parse is `unresolvable`.
   * The URI of a server that the operator named (`NextHops.server`) leads there.
   * A value when nothing has to be asked, else a promise that never rejects. The array is shared: do not change it.
   */
  locate(uri: SipUri | string): Answer {
    if (typeof uri === 'string') {
      const server = this.#nextHops?.server(uri);
      if (server !== undefined) return this.#byNextHops(server);
      const parsed = parseSipUri(uri);
      if (!parsed.ok) return locateFault('unresolvable', parsed.error.message, 'RFC 3261 §19.1');
      return this.locate(parsed.value);
    }
    // RFC 3261 §25.1 lets a host name end in a dot, which means the same name.
    const host = uri.host.endsWith('.') ? uri.host.slice(0, -1) : uri.host;
    if (host.endsWith('.invalid')) return this.#byFlow(host);
    const phone = this.#webPhone?.(uri);
    const connected = phone === 'absent' ? undefined : byConnection(phone, uri);
    if (connected !== undefined) return connected;
    const list = this.#nextHops?.find(host);
    // RFC 3261 §26.2.2: sips means TLS on every hop, whatever the operator's table says of the others.
    if (list !== undefined) return uri.scheme === 'sips' ? this.#secured(list) : this.#byNextHops(list);
    // RFC 3261 §21.4.18: the user is known, and there is no location of his now.
    if (phone === 'absent')
      return locateFault('not-connected', `${host} has a web phone that is not connected`, 'RFC 7118 §5');
    return this.#reach(destinationOf(uri, undefined, this.#support), 'uri', this.#mayUseForeign);
  }

  /**
   * RFC 3263 §5: targets for a response that cannot go back the way its request came. `source` is the address that
   * the request came from: to answer there is always allowed, and so is a next hop.
   */
  locateSentBy(
    via: { readonly transport: string; readonly host: string; readonly port: number | undefined },
    source: string,
  ): Answer {
    const mayUse: MayUse = (address, port) =>
      address === source || this.#isNextHop(address) || this.#mayUseForeign(address, port);
    return this.#reach(sentByDestination(via, this.#support), `via ${source}`, mayUse);
  }

  /** The target failed: transport error, 503 (`forMs` from its Retry-After), or no response at all (row DNS-15). */
  penalise(target: Target, forMs?: number): void {
    this.#penalties.penalise(target, forMs);
  }

  /** The target answered. */
  forgive(target: Target): void {
    this.#penalties.forgive(target);
  }

  /** True when the operator named the servers for this host (lower case): they were chosen, not found in DNS. */
  isConfigured(host: string): boolean {
    return this.#nextHops?.find(host) !== undefined;
  }

  /** The same for a URI: its host has servers, or it is one itself. */
  isNamed(uri: string): boolean {
    if (this.#nextHops?.server(uri) !== undefined) return true;
    const parsed = parseSipUri(uri);
    return parsed.ok && this.isConfigured(parsed.value.host);
  }

  /** Asks for the next hops that are names, so that the first message need not wait. */
  async prefetch(): Promise<void> {
    for (const list of this.#nextHops?.lists() ?? []) await this.#byNextHops(list);
  }

  /** Numbers of what is kept and what is under way. */
  get sizes(): {
    readonly plans: number;
    readonly pending: number;
    readonly penalties: number;
    readonly names: number;
  } {
    return {
      plans: this.#plans.size,
      pending: this.#pending.size,
      penalties: this.#penalties.size,
      names: this.#dns.sizes.kept,
    };
  }

  /** Ends every look-up under way with `dns-timeout`. */
  stop(): void {
    for (const pending of [...this.#pending.values()]) pending.giveUp();
  }

  #fixNextHops(): void {
    const literals = new Set<string>();
    for (const list of this.#nextHops?.lists() ?? []) {
      const targets: LocatedTarget[] = [];
      let fixed = true;
      for (const hop of list.hops) {
        const found = destinationOf(hop.uri, hop.route, this.#support, namedBy(list));
        if (!found.ok || found.value.kind !== 'direct') {
          fixed = false;
          continue;
        }
        targets.push(...found.value.targets);
        for (const { address } of found.value.targets) literals.add(address);
      }
      if (fixed) this.#fixed.set(list, ok(targets.slice(0, this.#limits.maxTargets)));
    }
    this.#hopAddresses.set('', literals);
  }

  #byNextHops(list: NextHopList): Answer {
    const fixed = this.#fixed.get(list);
    if (fixed !== undefined) return this.#ordered(fixed);
    const answers = list.hops.map((hop) => this.#byNextHop(hop, namedBy(list)));
    const known: LocateResult[] = [];
    for (const answer of answers) {
      if (answer instanceof Promise) return this.#joinLater(answers);
      known.push(answer);
    }
    return this.#join(known);
  }

  async #secured(list: NextHopList): Promise<LocateResult> {
    const found = await this.#byNextHops(list);
    if (!found.ok) return found;
    const targets = found.value.filter(({ transport }) => transportTraits[transport].secure);
    const text = `no next hop of ${list.pattern} is over TLS, which a sips URI asks for`;
    return targets.length > 0 ? ok(targets) : locateFault('no-transport', text, 'RFC 3261 §26.2.2');
  }

  /** RFC 6761 §6.4: names under "invalid" are no question for DNS. */
  #byFlow(host: string): LocateResult {
    const target = this.#flowOf?.(host);
    return target === undefined
      ? locateFault('unresolvable', `no connection to ${host} is open`, 'RFC 7118 §5')
      : ok([{ ...target, name: host, route: undefined }]);
  }

  async #joinLater(answers: readonly Answer[]): Promise<LocateResult> {
    return this.#join(await Promise.all(answers.map(async (answer) => answer)));
  }

  // The operator named the hop, so that it may be anywhere.
  #byNextHop(hop: NextHop, named: readonly string[]): Answer {
    return this.#reach(destinationOf(hop.uri, hop.route, this.#support, named), 'hop', anywhere);
  }

  /** All targets of all hops, in the order of the hops; a fault only when no hop has any. */
  #join(answers: readonly LocateResult[]): LocateResult {
    const targets = answers.flatMap((answer) => (answer.ok ? answer.value : []));
    if (targets.length > 0) return this.#ordered(ok(targets.slice(0, this.#limits.maxTargets)));
    return answers.find((answer) => !answer.ok) ?? locateFault('unresolvable', 'no next hop', 'RFC 3263 §4');
  }

  #reach(found: ReturnType<typeof destinationOf>, purpose: string, mayUse: MayUse): Answer {
    if (!found.ok) return found;
    if (found.value.kind === 'direct') return this.#direct(found.value, mayUse);
    const { query } = found.value;
    const key = `${purpose} ${query.secure ? 'sips' : 'sip'} ${query.name} ${query.port ?? ''} ${query.transport ?? ''} ${query.route ?? ''} ${query.names.join(' ')}`;
    const kept = this.#plans.get(key, this.#env.clock.now());
    if (kept !== undefined) return this.#result(kept);
    const pending = this.#pending.get(key);
    if (pending !== undefined) return this.#later(pending.promise);
    if (this.#pending.size >= this.#limits.maxPending) {
      return locateFault('dns-timeout', 'too many look-ups under way', 'RFC 3263 §4');
    }
    return this.#later(this.#resolve(key, query, mayUse));
  }

  async #later(promise: Promise<Resolved>): Promise<LocateResult> {
    return this.#result(await promise);
  }

  #direct({ targets }: Extract<Destination, { kind: 'direct' }>, mayUse: MayUse): LocateResult {
    const usable = targets.filter(({ address, port }) => mayUse(address, port));
    if (usable.length > 0) return this.#ordered(ok(usable));
    return locateFault('refused', 'a private address or a next hop', 'RFC 3263 §4.2');
  }

  #resolve(key: string, query: ServiceQuery, mayUse: MayUse): Promise<Resolved> {
    const { clock, timers } = this.#env;
    const { promise, resolve } = Promise.withResolvers<Resolved>();
    const finish = (resolved: Resolved): void => {
      const now = clock.now();
      // Also when it comes too late for those who asked: the next ones profit.
      this.#plans.set(key, resolved, now, Math.max(0, resolved.expiresMs - now));
      if (key.startsWith('hop ') && resolved.result.ok) {
        this.#hopAddresses.set(key, new Set(resolved.result.value.addresses()));
      }
      if (this.#pending.get(key) !== pending) return;
      this.#pending.delete(key);
      timers.clear(timer);
      resolve(resolved);
    };
    const giveUp = (): void => {
      const message = `DNS took longer than ${this.#limits.maxResolveMs} ms for ${query.name}`;
      const expiresMs = clock.now() + this.#dns.negativeMs;
      finish({ result: locateFault('dns-timeout', message, 'RFC 3263 §4'), expiresMs });
    };
    const pending: Pending = { promise, giveUp };
    this.#pending.set(key, pending);
    const timer = timers.set(this.#limits.maxResolveMs, giveUp);
    const env = { dns: this.#dns, clock, support: this.#support, mayUse, limits: this.#limits };
    void resolveService(query, env).then(finish);
    return promise;
  }

  #result({ result }: Resolved): LocateResult {
    if (!result.ok) return result;
    return this.#ordered(ok(result.value.targets(this.#env.random)));
  }

  #ordered(result: LocateResult): LocateResult {
    if (!result.ok) return result;
    const ordered = this.#penalties.order(result.value);
    return ordered === result.value ? result : ok(ordered);
  }

  readonly #mayUseForeign = (address: string, port: number): boolean => {
    if (this.#allowPrivate) return true;
    const why = specialUse(address) ?? (this.#isNextHop(address) ? 'next-hop' : undefined);
    const reason = why ?? (this.#own.has(`${address} ${port}`) ? 'own' : undefined);
    if (reason === undefined) return true;
    this.#env.counters
      .counter('stoxgate_sip_targets_refused_total', 'Addresses to which foreign names may not lead', {
        reason,
      })
      .add();
    return false;
  };

  #isNextHop(address: string): boolean {
    for (const addresses of this.#hopAddresses.values()) if (addresses.has(address)) return true;
    return false;
  }
}

/** The operator named the hop for this domain, so that its certificate may name the domain instead of the hop. */
function namedBy({ pattern }: NextHopList): readonly string[] {
  return pattern.includes('*') || pattern.includes(':') ? [] : [pattern];
}

/** RFC 3261 §26.2.2: sips is for a connection over TLS only. */
function byConnection(target: Target | undefined, uri: SipUri): LocateResult | undefined {
  if (target === undefined) return undefined;
  if (uri.scheme === 'sips' && !transportTraits[target.transport].secure) return undefined;
  return ok([{ ...target, name: `connection ${target.connectionId}`, route: undefined }]);
}

function anywhere(): boolean {
  return true;
}
