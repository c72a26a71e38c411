// The gateway as an XMPP server of its domains (RFC 6120 server-to-server): the parts, joined.

import { BoundedMap } from '../../base/index.ts';
import { DnsCache } from '../../sip/index.ts';
import { DEFAULT_XML_LIMITS, type XmlElement } from '../../xml/index.ts';
import { BarrierDesk } from './barrier-desk.ts';
import type { SuspendedStream } from './inbound-stream.ts';
import type { ServerContext } from './server-context.ts';
import { ServerListeners, type BoundListener } from './server-listeners.ts';
import {
  DEFAULT_SERVER_LIMITS,
  type ServerLimits,
  type ServerStanza,
  type XmppServerEnv,
  type XmppServerEvents,
  type XmppServerOptions,
} from './server-options.ts';
import { giveBack } from './outgoing.ts';
import { ServerReport } from './server-report.ts';
import { ServerRoutes } from './server-routes.ts';

/** Characters of base32, 5 bits each: behind the dialback keys, when nobody shares them (XEP-0185 §4: long and random). */
const SECRET_CHARS = 52;

export class XmppServer {
  readonly #env: XmppServerEnv;
  readonly #events: XmppServerEvents;
  readonly #limits: ServerLimits;
  readonly #report: ServerReport;
  readonly #desk = new BarrierDesk();
  readonly #routes: ServerRoutes;
  readonly #listeners: ServerListeners;
  readonly #suspended: BoundedMap<string, SuspendedStream>;
  #options: XmppServerOptions;
  #dns: DnsCache;
  #started = false;
  #reading = true;

  constructor(options: XmppServerOptions, env: XmppServerEnv, events: XmppServerEvents) {
    this.#options = options;
    this.#env = env;
    this.#events = events;
    this.#limits = { ...DEFAULT_SERVER_LIMITS, ...env.limits };
    this.#report = new ServerReport(env.log, env.counters);
    this.#dns = new DnsCache(env.dns(), env.clock, env.counters);
    this.#suspended = new BoundedMap({
      maxEntries: this.#limits.suspended,
      onDrop: (_id, { open }) => giveBack(open),
    });
    const context = this.#context();
    this.#routes = new ServerRoutes(context, (domain) => events.writable(domain));
    this.#listeners = new ServerListeners(
      context,
      {
        verify: (pair, id, key, done) => this.#routes.verify(pair, id, key, done),
        suspend: (stream) => this.#suspend(stream),
        resume: (id) => {
          const stream = this.#suspended.get(id, env.clock.now());
          this.#suspended.delete(id);
          return stream;
        },
      },
      {
        proved: (stream) => this.#routes.proved(stream),
        ended: (stream) => this.#routes.inboundEnded(stream),
      },
    );
  }

  /** It takes stanzas. */
  get up(): boolean {
    return this.#started;
  }

  /** What is bound, in the order of the configuration. */
  get listeners(): readonly BoundListener[] {
    return this.#listeners.bound;
  }

  /** Sizes of what it holds. */
  get sizes(): Readonly<
    Record<'s2s_in' | 's2s_unproved' | 's2s_out' | 's2s_stanzas' | 's2s_suspended', number>
  > {
    return {
      s2s_in: this.#listeners.streams,
      s2s_unproved: this.#listeners.strangers,
      s2s_out: this.#routes.links,
      s2s_stanzas: this.#routes.open,
      s2s_suspended: this.#suspended.size,
    };
  }

  /** Throws `ERR_XMPP_LISTEN`. */
  async start(): Promise<void> {
    await this.#listeners.start(this.#options.listen);
    this.#started = true;
  }

  /** Other domains, next hops and policy, and what DNS said is asked anew. Listeners stay. */
  configure(options: XmppServerOptions): void {
    this.#options = options;
    this.#dns = new DnsCache(this.#env.dns(), this.#env.clock, this.#env.counters);
  }

  /**
   * Sends a stanza of one of our domains; `entry` hears what becomes of it. 0: it goes out now or later, or comes back as
   * an error stanza; else a `SendRefusal`.
   */
  send(domain: string, stanza: XmlElement, entry?: ServerStanza): number {
    return this.#routes.send(domain, stanza, entry);
  }

  /** Takes no stanzas for a while, so that the senders' queues fill and not ours. */
  pauseReading(pause: boolean): void {
    this.#reading = !pause;
    this.#listeners.pauseReading(pause);
  }

  /** Forgets what is over; called now and then. */
  sweep(): void {
    this.#suspended.sweep(this.#env.clock.now());
    this.#routes.sweep();
  }

  /** Waits a bounded time for open acknowledgements, and ends all streams in order. */
  async stop(): Promise<void> {
    this.#started = false;
    await this.#routes.stop();
    await this.#listeners.stop();
    this.#suspended.clear();
  }

  #suspend(stream: SuspendedStream): void {
    const { id } = stream.state;
    if (id === undefined) return;
    this.#suspended.set(id, stream, this.#env.clock.now(), this.#limits.resumeSeconds * 1000);
  }

  #deliver(stanza: XmlElement, domain: string): void {
    try {
      this.#events.stanza(stanza, domain);
    } catch (error) {
      this.#report.handlerFault('stanza', error);
    }
  }

  #take(stanza: XmlElement, domain: string): void {
    this.#report.received.add();
    if (stanza.name !== 'iq' || !this.#desk.takes(stanza)) this.#deliver(stanza, domain);
  }

  #context(): ServerContext {
    const { clock, timers, random, log, counters, certificates } = this.#env;
    const own = (): XmppServerOptions => this.#options;
    const dns = (): DnsCache => this.#dns;
    const reads = (): boolean => this.#reading;
    return {
      ...{ clock, timers, random, log, counters, certificates },
      limits: this.#limits,
      secret: this.#env.dialbackSecret ?? random.base32(SECRET_CHARS),
      desk: this.#desk,
      report: this.#report,
      maxBytes: this.#limits.xml.stanzaBytes ?? DEFAULT_XML_LIMITS.stanzaBytes,
      locate: {
        random,
        get dns() {
          return dns();
        },
        get privateTargets() {
          return own().privateTargets;
        },
        nextHops: (domain) => own().nextHops(domain),
      },
      get reading() {
        return reads();
      },
      get policy() {
        return own().dialback;
      },
      policyFor: (domain) => (own().certified(domain) ? 'never' : own().dialback),
      settled: () => this.#env.settled?.(),
      serves: (domain) => own().serves(domain),
      take: (stanza, domain) => this.#take(stanza, domain),
      deliver: (stanza, domain) => this.#deliver(stanza, domain),
      linkEnded: (link) => this.#routes.linkEnded(link),
    };
  }
}
