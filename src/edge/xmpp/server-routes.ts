// Which stream carries what: routes and streams by their pairs of domains, one stream for several where the peer allows
// (XEP-0220 §2.5, XEP-0288), and questions about keys (XEP-0220 §2.2).

import type { XmlElement } from '../../xml/index.ts';
import { serialize } from '../../xml/index.ts';
import { utf8Length } from '../../base/index.ts';
import { prepareDomain, type DialbackVerdict, type DomainPair } from '../../xmpp/index.ts';
import type { InboundStream } from './inbound-stream.ts';
import { SendRefusal } from './options.ts';
import { OutboundLink } from './outbound-link.ts';
import type { ServerContext } from './server-context.ts';
import type { ServerStanza } from './server-options.ts';
import { ServerRoute, type Carrier } from './server-route.ts';
import { domainAt, speaksFor } from './speaks-for.ts';

export class ServerRoutes {
  readonly #context: ServerContext;
  readonly #writable: (local: string) => void;
  readonly #routes = new Map<string, ServerRoute>();
  readonly #links = new Map<string, OutboundLink>();
  readonly #inbound = new Set<InboundStream>();
  #stopping = false;
  #verifying = 0;

  constructor(context: ServerContext, writable: (local: string) => void) {
    this.#context = context;
    this.#writable = writable;
  }

  /** Streams that this server opened. */
  get links(): number {
    return this.#links.size;
  }

  /** Stanzas without an end: waiting, or not confirmed. */
  get open(): number {
    let sum = 0;
    for (const route of this.#routes.values()) sum += route.waiting;
    for (const link of this.#links.values()) sum += link.unconfirmed;
    return sum;
  }

  /** 0: it goes out, or whoever sent it hears what else becomes of it; else a `SendRefusal`. */
  send(local: string, stanza: XmlElement, entry: ServerStanza | undefined): number {
    if (this.#stopping) return SendRefusal.NotUp;
    if (!speaksFor(stanza, local)) return SendRefusal.ForeignFrom;
    const domain = prepareDomain(domainAt(stanza.attr('to') ?? ''));
    if (!domain.ok) return SendRefusal.ForeignFrom;
    const text = serialize(stanza);
    const { stanzaBytes } = this.#context.limits;
    if (text.length * 3 > stanzaBytes && utf8Length(text) > stanzaBytes) return SendRefusal.TooLarge;
    const route = this.#route(local, domain.value);
    if (route === undefined) return SendRefusal.Full;
    return route.send({ stanza, text, entry, owner: route, writes: 0, seq: 0 });
  }

  /** Asks the server of `pair.from` about a key that came in its name. */
  verify(pair: DomainPair, id: string, key: string, done: (verdict: DialbackVerdict) => void): void {
    if (this.#stopping) return done({ kind: 'error', condition: 'remote-server-timeout' });
    // XEP-0220 §3: whoever connects could have us call anybody; not more often than this.
    if (this.#verifying >= this.#context.limits.verifying) {
      return done({ kind: 'error', condition: 'resource-constraint' });
    }
    this.#verifying += 1;
    const link = this.#links.get(keyOf(pair.to, pair.from)) ?? this.#open(pair.to, pair.from, false);
    link.verify(id, key, (verdict) => {
      this.#verifying -= 1;
      done(verdict);
    });
  }

  /** A stream on which stanzas may go back (XEP-0288). */
  proved(stream: InboundStream): void {
    this.#inbound.add(stream);
  }

  inboundEnded(stream: InboundStream): void {
    this.#inbound.delete(stream);
  }

  linkEnded(link: OutboundLink): void {
    const key = keyOf(link.local, link.remote);
    if (this.#links.get(key) === link) this.#links.delete(key);
  }

  /** Forgets what is over, and what nobody waits for any more. */
  sweep(): void {
    for (const [key, route] of this.#routes) {
      route.sweep();
      if (route.idle) this.#routes.delete(key);
    }
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all([...this.#links.values()].map((link) => link.stop()));
    for (const route of this.#routes.values()) route.stop();
  }

  #route(local: string, remote: string): ServerRoute | undefined {
    const key = keyOf(local, remote);
    const known = this.#routes.get(key);
    if (known !== undefined) return known;
    if (this.#routes.size >= this.#context.limits.routes) this.sweep();
    if (this.#routes.size >= this.#context.limits.routes) return undefined;
    const route = new ServerRoute(local, remote, this.#context, {
      carrier: (...pair) => this.#carrier(...pair),
      writable: (domain) => this.#writable(domain),
    });
    this.#routes.set(key, route);
    return route;
  }

  #carrier(local: string, remote: string, single: boolean): Carrier {
    const own = this.#links.get(keyOf(local, remote));
    if (own !== undefined) return own;
    for (const stream of this.#inbound) if (stream.mayCarry(local, remote)) return stream;
    if (!single) {
      for (const link of this.#links.values()) if (link.remote === remote && link.mayAdd) return link;
    }
    return this.#open(local, remote, true);
  }

  #open(local: string, remote: string, carries: boolean): OutboundLink {
    const link = new OutboundLink(local, remote, carries, this.#context);
    this.#links.set(keyOf(local, remote), link);
    return link;
  }
}

function keyOf(local: string, remote: string): string {
  return `${local} ${remote}`;
}
