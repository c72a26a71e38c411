// The composition root: makes the parts of a gateway, joins them, and starts them in an order in which nothing can
// arrive before there is somebody to take it.

import { Counters, type Store, type Timer } from '../base/index.ts';
import type { AdminRoutes } from '../edge/admin/index.ts';
import { RateLimitedLog } from '../edge/log/index.ts';
import { batchDatagramSocket, SipEdge } from '../edge/sip/index.ts';
import { openStore } from '../edge/store/index.ts';
import { AddressBook } from '../mapping/index.ts';
import type { RouteHooks } from '../policy/index.ts';
import { DEFAULT_TIMERS, DigestClient, type Locator, TransactionLayer } from '../sip/index.ts';
import { adminRoutes } from './admin-routes.ts';
import { Beliefs } from './beliefs.ts';
import { CallFeature } from './calls/call-feature.ts';
import type { Config } from './config/schema.ts';
import { gauges } from './gauges.ts';
import { Homes, leavesHomeToDns, type OwnPlaces } from './homes.ts';
import { openKept, type Kept } from './kept.ts';
import { Links } from './links.ts';
import { hostsOf, listenerUrls, placesOf, sipListeners } from './listeners.ts';
import type { Live } from './live.ts';
import { locateSentBy, makeLocator } from './locator.ts';
import { MessageTypes } from './message-types.ts';
import { MessageFeature } from './messages/message-feature.ts';
import { PresenceModels } from './presence-models.ts';
import { PresenceFeature } from './presence/presence-feature.ts';
import { PRESENCE_EVENT } from './presence/watch-parts.ts';
import { WINFO_EVENT } from './publications/watcher-list.ts';
import { REG_EVENT } from './registrations/registration-watch.ts';
import { Resolvers } from './resolvers.ts';
import { mustBeReloadable } from './reloadable.ts';
import { sipCertificates } from './sip-certificates.ts';
import { loadConfiguredRoutes, RouteHost } from './routes/route-host.ts';
import { SipDispatch } from './sip-dispatch.ts';
import { Notifiers } from './subscriptions/notifiers.ts';
import { Subscriptions } from './subscriptions/subscriptions.ts';
import { System } from './system.ts';
import type { Gateway, GatewayEnv, GatewayStatus } from './types.ts';
import { UserFeatures } from './user-features.ts';
import { XmppDispatch } from './xmpp-dispatch.ts';

const NAME = 'Stoxgate';
/** How often what has grown too old is given up. */
const SWEEP_MS = 10_000;
/** Subscriptions that the gateway keeps up at the same time. */
const MAX_SUBSCRIBERS = 250_000;

/** Starts a gateway; resolves when every listener is bound. Fails with a `StoxgateError` and leaves nothing open. */
export async function startGateway(config: Config, env: GatewayEnv): Promise<Gateway> {
  const hooks = await loadConfiguredRoutes(config);
  const counters = new Counters();
  const system = new System(env.log, env.clock);
  const { clock, timers } = system;
  const store = env.store ?? (await openStore(config.store, { clock, timers, log: env.log, counters }));
  let gateway: RunningGateway | undefined;
  try {
    gateway = new RunningGateway(config, env, counters, system, await openKept(store, hooks));
    await gateway.start();
  } catch (error) {
    await gateway?.stop();
    if (gateway === undefined) {
      if (env.store === undefined) await store.close();
      system.stop();
    }
    throw error;
  }
  return gateway;
}

class RunningGateway implements Gateway {
  readonly counters: Counters;
  readonly admin: AdminRoutes;
  /** Closed at the end; undefined: it is the caller's. */
  readonly #store: Store | undefined;
  readonly #version: string;
  readonly #system: System;
  readonly #edge: SipEdge;
  readonly #certificates: ReturnType<typeof sipCertificates>;
  readonly #transactions: TransactionLayer;
  readonly #links: Links;
  readonly #live: Live;
  readonly #beliefs: Beliefs;
  readonly #messages: MessageFeature;
  readonly #subscriptions: Subscriptions;
  readonly #presence: PresenceFeature;
  readonly #notifiers: Notifiers;
  readonly #calls: CallFeature;
  readonly #routes: RouteHost;
  readonly #ownHosts = new Set<string>();
  readonly #resolvers = new Resolvers();
  #config: Config;
  #startedAt = 0;
  #ready = false;
  #draining = false;
  /** Links are being closed. */
  #closing = false;
  #sweep: Timer | undefined;

  constructor(config: Config, env: GatewayEnv, counters: Counters, system: System, kept: Kept) {
    this.#config = config;
    this.counters = counters;
    this.#store = env.store === undefined ? kept.store : undefined;
    this.#version = env.version;
    this.#system = system;
    const { clock, timers, random } = this.#system;
    const log = new RateLimitedLog(env.log, timers);
    this.#certificates = sipCertificates(config, { clock, timers, log, counters });
    this.#edge = new SipEdge(
      sipListeners(config),
      {
        ...{ clock, timers, log, counters, createDatagramSocket: batchDatagramSocket() },
        ...{ certificates: this.#certificates, origins: () => this.#config.sip.origins },
      },
      { message: (bytes, source) => this.#transactions.receive(bytes, source) },
    );
    this.#routes = new RouteHost({ clock, timers, log, counters, node: config.node });
    this.#beliefs = new Beliefs({ clock, random, counters, isOpen: (target) => this.#edge.isOpen(target) });
    // Until the listeners are bound nothing is known of transports; `start` makes the locator anew.
    this.#live = this.#makeLive(config, kept.hooks);
    this.#links = new Links(
      {
        ...{ clock, timers, random, log, counters, store: kept.store, keys: env.keys },
        dns: () => this.#resolvers.current,
      },
      (stanza, group) => xmpp.stanza(stanza, group),
      (domain) => this.#presence.linkUp(domain),
    );
    // The user is called only when a request comes in, long after all of this was made.
    this.#transactions = new TransactionLayer(
      {
        clock,
        timers,
        random,
        transport: this.#edge,
        log,
        counters,
        ...(env.timing === undefined ? {} : { timing: env.timing }),
        resolveSentBy: (request, source, found) => locateSentBy(this.#live.locator, request, source, found),
      },
      {
        refuses: (request, source) => sip.refuses(request, source),
        request: (tx) => sip.request(tx),
        ack: (request) => this.#calls.ack(request),
        cancelled: (tx, cancel) => this.#calls.cancelled(tx, cancel),
      },
    );
    this.#subscriptions = new Subscriptions({
      clock,
      timers,
      random,
      log,
      counters,
      live: this.#live,
      transactions: this.#transactions,
      localFor: (target) => this.#edge.localFor(target),
      t1Ms: env.timing?.t1Ms ?? DEFAULT_TIMERS.t1Ms,
      packages: new Set([REG_EVENT, PRESENCE_EVENT, WINFO_EVENT]),
      maxSubscribers: MAX_SUBSCRIBERS,
    });
    this.#messages = new MessageFeature({
      ...{ clock, timers, random, log, counters, config, ...kept },
      live: this.#live,
      links: this.#links,
      transactions: this.#transactions,
      subscriptions: this.#subscriptions,
      keys: env.keys,
      ownUri: () => this.#ownUri(),
    });
    const { toXmpp, toSip, reports } = this.#messages;
    const draining = (): boolean => this.#draining;
    const seen = (sipBareJid: string): void => this.#messages.seen(sipBareJid);
    const features = new UserFeatures({
      live: this.#live,
      peers: reports.peers,
      name: NAME,
      calls: () => this.#calls.enabled,
    });
    this.#presence = new PresenceFeature({
      ...{ clock, timers, random, log, counters, draining },
      live: this.#live,
      node: config.node,
      store: kept.store,
      subscriptions: this.#subscriptions,
      transactions: this.#transactions,
      caps: (contact) => features.caps(contact),
      groupFor: (domain) => this.#links.groupFor(domain),
      seen,
    });
    const { kind } = kept.store.status();
    const lasts = config.durability === 'full' && kind !== 'memory';
    this.#calls = new CallFeature(
      {
        ...{ clock, timers, random, log, counters, timing: env.timing, node: config.node },
        ...{ live: this.#live, transactions: this.#transactions, records: lasts ? kept.calls : undefined },
        localFor: (target) => this.#edge.localFor(target),
        endpoints: () => this.#edge.localEndpoints,
        groupFor: (domain) => this.#links.groupFor(domain),
        resources: (own, other) => this.#presence.resources(own, other),
        meant: (user, contact) => this.#presence.meant(user, contact),
      },
      config,
    );
    this.admin = adminRoutes({
      ...{ ledger: this.#messages.ledger, presence: this.#presence, calls: this.#calls },
    });
    this.#notifiers = new Notifiers({
      ...{ clock, timers, random, log, counters },
      live: this.#live,
      transactions: this.#transactions,
      localFor: (target) => this.#edge.localFor(target),
      packages: [this.#presence.contacts],
      records: lasts ? kept.served : undefined,
      node: config.node,
      shared: kind === 'postgres',
    });
    const homes = new Homes({ clock, counters, dns: () => this.#resolvers.current, own: () => this.#own() });
    const sip = new SipDispatch({
      ...{ log, counters, seen, draining, homes, live: this.#live, messages: toXmpp },
      ...{ subscriptions: this.#subscriptions, notifiers: this.#notifiers, calls: this.#calls },
      published: this.#presence.published,
      ownHosts: this.#ownHosts,
    });
    const xmpp = new XmppDispatch({
      ...{ clock, log, counters, homes, features, toSip, toXmpp, live: this.#live },
      ...{ presence: this.#presence, calls: this.#calls, inHand: this.#links.inHand },
      name: NAME,
      version: env.version,
      startedMs: clock.now(),
      phase: () => (this.#closing ? 'closing' : this.#draining ? 'draining' : 'serving'),
    });
    gauges(counters, () => this.#sizes(), this.#links);
  }

  async start(): Promise<void> {
    await this.#messages.attach();
    await this.#presence.attach();
    await this.#calls.attach();
    await this.#edge.start();
    this.#certificates?.start();
    for (const host of hostsOf(this.#edge.localEndpoints)) this.#ownHosts.add(host);
    this.#live.locator = this.#makeLocator(this.#config);
    await this.#links.apply(this.#config);
    this.#calls.restore();
    await this.#messages.start();
    await this.#notifiers.restore();
    this.#presence.start();
    await this.#links.listen();
    this.#sweepLater();
    this.#startedAt = this.#system.clock.wall();
    this.#ready = true;
    // So that the first message to a next hop with a name need not wait; its failure shows when it is used.
    void this.#live.locator.prefetch();
  }

  status(): GatewayStatus {
    const links = this.#links.status();
    return {
      ready: this.#ready,
      healthy: this.#ready && !this.#draining && links.every((link) => link.everUp),
      draining: this.#draining,
      node: this.#config.node,
      version: this.#version,
      startedAt: this.#startedAt,
      links,
      listeners: [...listenerUrls(this.#edge.localEndpoints), ...this.#links.listeners],
      counters: this.#sizes(),
    };
  }

  async reload(config: Config, keys?: readonly Uint8Array[]): Promise<void> {
    mustBeReloadable(this.#config, config);
    // Everything that can fail comes first: either all of the new configuration is taken or none of it.
    const fresh = this.#makeLive(config, await loadConfiguredRoutes(config));
    fresh.locator = this.#makeLocator(config);
    if (config.sip.tls !== undefined) this.#certificates?.replace(config.sip.tls);
    Object.assign(this.#live, fresh);
    this.#presence.configured();
    // Before links go that a contact would be told by.
    this.#notifiers.configured();
    if (keys !== undefined) this.#messages.reports.tokens.replaceKeys(keys);
    this.#config = config;
    this.#messages.ledger.configure(config.ledger);
    this.#calls.configured(config);
    // The old locator and resolver end what was asked of them; a look-up lasts some seconds at most.
    this.#resolvers.retire();
    await this.#links.apply(config);
  }

  async drain(): Promise<void> {
    this.#draining = true;
    await Promise.all([
      this.#presence.drain(),
      this.#messages.drain(),
      this.#subscriptions.drain(),
      this.#notifiers.drain(),
      this.#calls.drain(),
    ]);
    // What was with the route script is with the messages now, and what failed of those is with it again.
    await this.#routes.idle();
    await this.#messages.drain();
    await this.#routes.idle();
  }

  async stop(): Promise<void> {
    this.#draining = true;
    this.#ready = false;
    this.#system.timers.clear(this.#sweep);
    this.#routes.stop();
    // First what still has to be said on either side, then the ways on which it is said.
    this.#messages.stop();
    await this.#presence.drain();
    this.#closing = true;
    this.#messages.takeLate();
    await this.#links.stop();
    await this.#messages.stopLate();
    this.#presence.stop();
    this.#subscriptions.stop();
    this.#notifiers.stop();
    this.#calls.stop();
    this.#transactions.stop();
    this.#messages.giveUpReports();
    this.#live.locator.stop();
    this.#beliefs.stop();
    this.#resolvers.cancel();
    await this.#edge.stop();
    this.#certificates?.stop();
    this.#messages.ledger.stop();
    await this.#store?.close();
    this.#system.stop();
  }

  /** By what records of DNS that lead to this gateway are known. */
  #own(): OwnPlaces {
    return { hosts: this.#ownHosts, listeners: placesOf(this.status().listeners) };
  }

  /** Who the gateway is where it asks for itself. */
  #ownUri(): string {
    const [local] = this.#edge.localEndpoints;
    return `sip:${this.#config.node}@${local?.advertiseHost ?? 'localhost'}`;
  }

  #makeLive(config: Config, hooks: RouteHooks | undefined): Live {
    const { clock, random } = this.#system;
    const book = new AddressBook(config.domains, { telephonyDomain: config.telephony?.domain });
    return {
      book,
      models: new PresenceModels(config),
      ...this.#beliefs.make(config, book),
      locator: this.#makeLocator(config),
      digest: new DigestClient({ clock, random, credentials: config.sip.credentials }),
      messages: config.messages,
      types: new MessageTypes(config, book),
      offline: config.offline,
      presence: config.presence,
      asksDns: config.domains.some(leavesHomeToDns),
      routes: this.#routes.routes(config, hooks),
      logBodies: config.log.bodies,
    };
  }

  #makeLocator(config: Config): Locator {
    const { clock, timers, random } = this.#system;
    return makeLocator(config, {
      ...{ clock, timers, random, counters: this.counters, edge: this.#edge, beliefs: this.#beliefs },
      resolver: () => this.#resolvers.add(config.dns.servers),
    });
  }

  #sweepLater(): void {
    this.#sweep = this.#system.timers.set(SWEEP_MS, () => {
      for (const each of [this.#messages, this.#presence, this.#links, this.#notifiers]) each.sweep();
      for (const each of [this.#beliefs, this.#calls]) each.sweep();
      this.#sweepLater();
    });
  }

  /** Sizes of everything that grows, read from the things themselves. */
  #sizes(): Record<string, number> {
    const { client, server, completed } = this.#transactions.pending;
    return {
      client_transactions: client,
      server_transactions: server,
      completed_transactions: completed,
      ...this.#messages.sizes(),
      ...this.#presence.sizes(),
      ...this.#beliefs.sizes(),
      ...this.#calls.sizes(),
      subscriptions: this.#subscriptions.size,
      served_subscriptions: this.#notifiers.size,
      waiting_notifies: this.#notifiers.waiting,
      route_runs: this.#routes.size,
      connections: this.#edge.connectionCount,
      ...this.#links.sizes,
      timers: this.#system.timers.size,
    };
  }
}
