// The composition root: makes the parts of a gateway, joins them, and starts them in an order in which nothing can
// arrive before there is somebody to take it.

import { isDeepStrictEqual } from 'node:util';
import { Counters, StoxgateError, type Timer } from '../base/index.ts';
import type { AdminRoutes } from '../edge/admin/index.ts';
import { NodeDnsResolver } from '../edge/dns/index.ts';
import { RateLimitedLog } from '../edge/log/index.ts';
import { batchDatagramSocket, SipEdge, type ListenConfig } from '../edge/sip/index.ts';
import { AddressBook } from '../mapping/index.ts';
import { TrustedSources } from '../policy/index.ts';
import {
  DigestClient,
  Locator,
  NextHops,
  TransactionLayer,
  type LocateResult,
  type SipRequest,
  type Source,
  type Target,
} from '../sip/index.ts';
import { adminRoutes } from './admin-routes.ts';
import type { Config } from './config/schema.ts';
import { Links } from './links.ts';
import type { Live } from './live.ts';
import { ComposingToSip, ComposingToXmpp } from './messages/composing.ts';
import { Conversations } from './messages/conversations.ts';
import { ErrorReports } from './messages/error-reports.ts';
import { Ledger } from './messages/ledger.ts';
import { ToSipOutcomes, ToXmppOutcomes } from './messages/outcomes.ts';
import { ImdnReports } from './messages/reports.ts';
import { SipDeliveries } from './messages/sip-deliveries.ts';
import { ToSipMessages } from './messages/to-sip-messages.ts';
import { ToXmppMessages } from './messages/to-xmpp-messages.ts';
import { SipDispatch } from './sip-dispatch.ts';
import { System } from './system.ts';
import type { Gateway, GatewayEnv, GatewayStatus } from './types.ts';
import { XmppDispatch } from './xmpp-dispatch.ts';

const NAME = 'Stoxgate';
/** Resolvers of earlier configurations that may still be asked something. */
const MAX_RESOLVERS = 4;
/** How often what has grown too old is given up. */
const SWEEP_MS = 10_000;
/** How long a message that came too late to be refused may take to be delivered. */
const LATE_MS = 5000;

/** Starts a gateway; resolves when every listener is bound. Fails with a `StoxgateError` and leaves nothing open. */
export async function startGateway(config: Config, env: GatewayEnv): Promise<Gateway> {
  const gateway = new RunningGateway(config, env);
  try {
    await gateway.start();
  } catch (error) {
    await gateway.stop();
    throw error;
  }
  return gateway;
}

class RunningGateway implements Gateway {
  readonly counters = new Counters();
  readonly admin: AdminRoutes;
  readonly #version: string;
  readonly #system: System;
  readonly #edge: SipEdge;
  readonly #transactions: TransactionLayer;
  readonly #links: Links;
  readonly #live: Live;
  readonly #conversations: Conversations;
  readonly #deliveries: SipDeliveries;
  readonly #toXmpp: ToXmppMessages;
  readonly #errors: ErrorReports;
  readonly #ledger: Ledger;
  readonly #composingToSip: ComposingToSip;
  readonly #composingToXmpp: ComposingToXmpp;
  readonly #ownHosts = new Set<string>();
  /** The one in use is the last. */
  readonly #resolvers: NodeDnsResolver[] = [];
  #config: Config;
  #startedAt = 0;
  #ready = false;
  #draining = false;
  /** Links are being closed. */
  #closing = false;
  #sweep: Timer | undefined;

  constructor(config: Config, env: GatewayEnv) {
    this.#config = config;
    this.#version = env.version;
    this.#system = new System(env.log);
    const { clock, timers, random } = this.#system;
    const log = new RateLimitedLog(env.log, timers);
    const counters = this.counters;
    this.#edge = new SipEdge(
      config.sip.listen.map((listen) => withAdvertise(listen, config.sip.advertise)),
      { clock, timers, log, counters, createDatagramSocket: batchDatagramSocket() },
      { message: (bytes, source) => this.#transactions.receive(bytes, source) },
    );
    // Until the listeners are bound nothing is known of transports; `start` makes the locator anew.
    this.#live = this.#makeLive(config);
    this.#links = new Links({ clock, timers, random, log, counters }, (stanza, group) =>
      xmpp.stanza(stanza, group),
    );
    this.#conversations = new Conversations(clock);
    this.#errors = new ErrorReports({ clock, log, counters });
    this.#composingToXmpp = new ComposingToXmpp(timers);
    this.#ledger = new Ledger({ clock, timers, random, log, counters }, config.ledger, env.ledger);
    this.admin = adminRoutes({ ledger: this.#ledger });
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
        resolveSentBy: (request, source, found) => this.#resolveSentBy(request, source, found),
      },
      {
        refuses: (request, source) => sip.refuses(request, source),
        request: (tx) => sip.request(tx),
      },
    );
    this.#deliveries = new SipDeliveries({
      clock,
      random,
      log,
      live: this.#live,
      transactions: this.#transactions,
      contactAddress: (uri) => this.#live.book.contactToAddress(uri),
    });
    this.#composingToSip = new ComposingToSip({
      timers,
      random,
      live: this.#live,
      deliveries: this.#deliveries,
    });
    this.#toXmpp = new ToXmppMessages({
      clock,
      timers,
      random,
      log,
      live: this.#live,
      conversations: this.#conversations,
      outcomes: new ToXmppOutcomes({ clock, counters }, this.#ledger),
      reports: new ImdnReports({ clock, random, counters }, this.#deliveries),
      composing: this.#composingToXmpp,
      groupFor: (domain) => this.#links.groupFor(domain),
    });
    const toSip = new ToSipMessages({
      clock,
      random,
      log,
      live: this.#live,
      outcomes: new ToSipOutcomes({ clock, counters }, this.#ledger),
      conversations: this.#conversations,
      deliveries: this.#deliveries,
      errors: this.#errors,
      composing: this.#composingToSip,
    });
    this.#ledger.watch(this.#toXmpp);
    this.#ledger.watch(this.#deliveries);
    const draining = (): boolean => this.#draining;
    const sip = new SipDispatch({
      log,
      counters,
      live: this.#live,
      messages: this.#toXmpp,
      ownHosts: this.#ownHosts,
      draining,
    });
    const xmpp = new XmppDispatch({
      clock,
      log,
      counters,
      live: this.#live,
      toSip,
      toXmpp: this.#toXmpp,
      name: NAME,
      version: env.version,
      startedMs: clock.now(),
      phase: () => (this.#closing ? 'closing' : this.#draining ? 'draining' : 'serving'),
    });
    this.#gauges();
  }

  async start(): Promise<void> {
    await this.#edge.start();
    for (const endpoint of this.#edge.localEndpoints) {
      this.#ownHosts.add(endpoint.advertiseHost.toLowerCase());
      this.#ownHosts.add(endpoint.address.includes(':') ? `[${endpoint.address}]` : endpoint.address);
    }
    this.#live.locator = this.#makeLocator(this.#config);
    await this.#links.apply(this.#config.xmpp.components);
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
      listeners: this.#edge.localEndpoints.map(
        ({ transport, address, port }) =>
          `${transport.toLowerCase()}://${address.includes(':') ? `[${address}]` : address}:${port}`,
      ),
      counters: this.#sizes(),
    };
  }

  async reload(config: Config): Promise<void> {
    const { listen, advertise } = this.#config.sip;
    if (!isDeepStrictEqual([listen, advertise], [config.sip.listen, config.sip.advertise])) {
      throw new StoxgateError('ERR_GATEWAY_RELOAD', 'sip.listen and sip.advertise change only by a restart');
    }
    // Everything that can fail comes first: either all of the new configuration is taken or none of it.
    const fresh = this.#makeLive(config);
    fresh.locator = this.#makeLocator(config);
    Object.assign(this.#live, fresh);
    this.#config = config;
    this.#ledger.configure(config.ledger);
    // The old locator and resolver end what was asked of them; a look-up lasts some seconds at most.
    for (const old of this.#resolvers.splice(0, this.#resolvers.length - MAX_RESOLVERS)) old.cancel();
    await this.#links.apply(config.xmpp.components);
  }

  async drain(): Promise<void> {
    this.#draining = true;
    this.#toXmpp.drain();
    const delivered = this.#deliveries.drain();
    await Promise.all([this.#toXmpp.idle(), delivered]);
  }

  async stop(): Promise<void> {
    this.#draining = true;
    this.#ready = false;
    this.#system.timers.clear(this.#sweep);
    this.#composingToSip.stop();
    this.#composingToXmpp.stop();
    // First what still has to be said on either side, then the ways on which it is said.
    this.#toXmpp.stop();
    this.#deliveries.stop();
    this.#closing = true;
    this.#deliveries.takeLate();
    await this.#links.stop();
    await this.#lateDeliveries();
    this.#deliveries.stop();
    this.#transactions.stop();
    this.#errors.stop();
    this.#live.locator.stop();
    for (const resolver of this.#resolvers) resolver.cancel();
    await this.#edge.stop();
    this.#ledger.stop();
    this.#system.stop();
  }

  /** Messages that came while the links were being closed: they have a moment to be delivered. */
  async #lateDeliveries(): Promise<void> {
    const patience = Promise.withResolvers<void>();
    const timer = this.#system.timers.set(LATE_MS, patience.resolve);
    await Promise.race([this.#deliveries.drain(), patience.promise]);
    this.#system.timers.clear(timer);
  }

  #makeLive(config: Config): Live {
    const { clock, random } = this.#system;
    return {
      book: new AddressBook(config.domains),
      trusted: new TrustedSources(config.sip.trusted, clock),
      locator: this.#makeLocator(config),
      digest: new DigestClient({ clock, random, credentials: config.sip.credentials }),
      messages: config.messages,
      logBodies: config.log.bodies,
    };
  }

  #makeLocator(config: Config): Locator {
    const { clock, timers, random } = this.#system;
    const nextHops = NextHops.read(config.sip.next_hops);
    if (!nextHops.ok) throw new StoxgateError(nextHops.error.code, nextHops.error.message);
    const resolver = new NodeDnsResolver({ servers: config.dns.servers });
    this.#resolvers.push(resolver);
    return new Locator(
      { clock, timers, random, resolver, counters: this.counters },
      {
        support: this.#edge.support,
        nextHops: nextHops.value,
        privateTargets: config.dns.private_targets,
        own: this.#edge.ownAddresses,
      },
    );
  }

  /** RFC 3263 §5: where a response goes that cannot go back the way its request came. */
  #resolveSentBy(request: SipRequest, source: Source, found: (targets: readonly Target[]) => void): void {
    const take = (result: LocateResult): void => found(result.ok ? result.value : []);
    const answer = this.#live.locator.locateSentBy(request.via, source.remoteAddress);
    if (answer instanceof Promise) void answer.then(take);
    else take(answer);
  }

  #sweepLater(): void {
    this.#sweep = this.#system.timers.set(SWEEP_MS, () => {
      this.#errors.sweep();
      this.#toXmpp.sweep();
      this.#links.sweep();
      this.#ledger.sweep();
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
      messages_to_xmpp: this.#toXmpp.open,
      messages_to_sip: this.#deliveries.open,
      sip_targets: this.#deliveries.targets,
      awaiting_reports: this.#toXmpp.remembered,
      error_reports: this.#errors.waiting,
      conversations: this.#conversations.size,
      ledger_rows: this.#ledger.size,
      composing: this.#composingToSip.size + this.#composingToXmpp.size,
      connections: this.#edge.connectionCount,
      timers: this.#system.timers.size,
    };
  }

  #gauges(): void {
    for (const name of Object.keys(this.#sizes())) {
      this.counters.gauge(
        'stoxgate_held',
        'What the gateway holds now, by kind.',
        () => this.#sizes()[name] ?? 0,
        {
          kind: name,
        },
      );
    }
    this.counters.gauge('stoxgate_links_up', 'Component links that carry stanzas now.', () => {
      return this.#links.status().filter((link) => link.state === 'up').length;
    });
    this.counters.gauge('stoxgate_resident_memory_bytes', 'Resident memory of the process.', () =>
      process.memoryUsage.rss(),
    );
  }
}

function withAdvertise(listen: Config['sip']['listen'][number], advertise: string | undefined): ListenConfig {
  const own = listen.advertise ?? advertise;
  return own === undefined ? listen : { ...listen, advertise: own };
}
