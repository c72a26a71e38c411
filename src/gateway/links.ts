// The component links of the configuration, grouped by domain, and what becomes of them at a reload; for domains without
// one, the gateway's own XMPP server.

import type { Counter, Store } from '../base/index.ts';
import { BarrierDesk, ComponentLink, type ComponentLinkEnv } from '../edge/xmpp/index.ts';
import { XmlElement } from '../xml/index.ts';
import { prepareDomain } from '../xmpp/index.ts';
import { domainOf } from './address-text.ts';
import type { DnsResolver } from '../sip/index.ts';
import type { Config, ConfiguredComponent } from './config/schema.ts';
import { InHand } from './in-hand.ts';
import { LinkGroup } from './link-group.ts';
import { NO_SIZES, OwnServer } from './own-server.ts';
import type { LinkStatus } from './types.ts';

interface Member {
  readonly key: string;
  readonly link: ComponentLink;
}

export interface LinksEnv extends ComponentLinkEnv {
  /** The resolver of the configuration in force. */
  readonly dns: () => DnsResolver;
  readonly keys: readonly Uint8Array[] | undefined;
  readonly store: Pick<Store, 'flush' | 'status'>;
}

export class Links {
  readonly #env: LinksEnv;
  readonly #deliver: (stanza: XmlElement, group: LinkGroup) => void;
  readonly #ready: (domain: string) => void;
  /** What came from other servers and is not where a crash would leave it. */
  readonly inHand: InHand;
  readonly #groups = new Map<string, LinkGroup>();
  readonly #misaddressed: Counter;
  #members: Member[] = [];
  #server: OwnServer | undefined;

  /** `ready`: the links of this domain take stanzas again, and what waited in their group was written first. */
  constructor(
    env: LinksEnv,
    deliver: (stanza: XmlElement, group: LinkGroup) => void,
    ready: (domain: string) => void,
  ) {
    // One desk for all: servers with several links of a domain may return a barrier on another than it came from.
    this.#env = { ...env, barriers: new BarrierDesk() };
    this.inHand = new InHand(env.timers);
    this.#deliver = deliver;
    this.#ready = ready;
    this.#misaddressed = env.counters.counter(
      'stoxgate_xmpp_misaddressed_total',
      'Stanzas for a domain that no link to that server carries: dropped.',
    );
  }

  /** What may carry stanzas of this domain: the component with that domain, else the server. */
  groupFor(domain: string): LinkGroup | undefined {
    return this.#groups.get(domain) ?? this.#server?.groupFor(domain);
  }

  /** The bound listeners of the server, as URLs. */
  get listeners(): readonly string[] {
    return this.#server?.listeners ?? [];
  }

  /** Sizes of what the server holds. */
  get sizes(): Readonly<Record<string, number>> {
    return this.#server?.sizes ?? NO_SIZES;
  }

  /** Goes over to this configuration: what is new starts, what is gone ends, what stayed the same stays up. */
  async apply(config: Config): Promise<void> {
    const { server } = config.xmpp;
    if (server !== undefined) {
      const parts = { deliver: this.#deliver, ready: this.#ready, inHand: this.inHand };
      if (this.#server === undefined)
        this.#server = new OwnServer(config, server, { ...this.#env, ...parts });
      else this.#server.configure(config, server);
    }
    await this.#applyComponents(config.xmpp.components);
  }

  /** Binds the listeners of the server: when everything is there that could take a stanza. Throws `ERR_XMPP_LISTEN`. */
  async listen(): Promise<void> {
    await this.#server?.start();
  }

  async #applyComponents(components: readonly ConfiguredComponent[]): Promise<void> {
    // The `from` of stanzas is compared with the domain in its prepared form (RFC 7622).
    const prepared = components.map((component) => {
      const domain = prepareDomain(component.domain);
      return domain.ok ? { ...component, domain: domain.value } : component;
    });
    const wanted = prepared.map((component) => ({ component, key: keyOf(component) }));
    const keys = new Set(wanted.map(({ key }) => key));
    const gone = this.#members.filter(({ key }) => !keys.has(key));
    const kept = new Map(
      this.#members.filter(({ key }) => keys.has(key)).map((member) => [member.key, member]),
    );
    this.#members = wanted.map(({ component, key }) => kept.get(key) ?? { key, link: this.#make(component) });
    for (const domain of new Set(prepared.map((component) => component.domain))) {
      if (!this.#groups.has(domain)) this.#groups.set(domain, new LinkGroup(domain));
    }
    for (const group of this.#groups.values()) {
      group.replaceLinks(
        this.#members.map(({ link }) => link).filter((link) => link.domain === group.domain),
      );
    }
    for (const { key, link } of this.#members) if (!kept.has(key)) link.start();
    await Promise.all(gone.map(({ link }) => link.stop()));
    for (const [domain, group] of this.#groups) if (group.empty) this.#groups.delete(domain);
  }

  /** Stops or starts the reading of all links: while the store is behind, more would only be more to lose. */
  pauseReading(pause: boolean): void {
    for (const { link } of this.#members) {
      if (pause) link.pauseReading();
      else link.resumeReading();
    }
    this.#server?.pauseReading(pause);
  }

  status(): LinkStatus[] {
    return this.#members.map(({ link }) => ({
      domain: link.domain,
      host: link.host,
      port: link.port,
      state: link.state,
      everUp: link.everUp,
      since: link.since,
    }));
  }

  /** Gives up what owners of parked stanzas have no more interest in. */
  sweep(): void {
    for (const group of this.#groups.values()) group.sweep();
    this.#server?.sweep();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#members.map(({ link }) => link.stop()), this.#server?.stop()]);
  }

  /**
   * The group of the addressed domain. A server that carries several of our components may hand the stanzas of one to
   * the link of another (ejabberd does, when one listener names several hosts); it is the same server that vouches for
   * them. From another server they would be an answer we could not give: dropped, counted and told to the operator.
   */
  #ownerOf(stanza: XmlElement, link: ComponentLink): LinkGroup | undefined {
    const domain = domainOf(stanza.attr('to') ?? '');
    if (domain !== link.domain) {
      const sibling = this.#members.some(
        (member) =>
          member.link.domain === domain && member.link.host === link.host && member.link.port === link.port,
      );
      if (!sibling) {
        this.#misaddressed.add();
        this.#env.log.warn('xmpp.misaddressed', { link: link.domain, to: domain, stanza: stanza.name });
        return undefined;
      }
    }
    return this.#groups.get(domain);
  }

  #carries(group: LinkGroup | undefined): void {
    if (group === undefined) return;
    group.linkUp();
    if (group.up) this.#ready(group.domain);
  }

  #make(component: ConfiguredComponent): ComponentLink {
    const group = (): LinkGroup | undefined => this.#groups.get(component.domain);
    return new ComponentLink(component, this.#env, {
      stanza: (stanza, link) => {
        const bounced = bouncedByRouter(stanza, link.domain);
        const owner = bounced === undefined ? this.#ownerOf(stanza, link) : group();
        if (owner !== undefined) this.#deliver(bounced ?? stanza, owner);
      },
      up: () => this.#carries(group()),
      down: (link) => group()?.linkDown(link),
      confirmed: (link, seq) => group()?.linkConfirmed(link, seq),
      writable: () => this.#carries(group()),
    });
  }
}

/**
 * jabberd2's router returns what it has no route for as an error whose addresses are as they were: from us, to the one
 * who cannot be reached. The same with the addresses of an error (RFC 6120 §8.3.1); undefined: it is no such thing.
 */
function bouncedByRouter(stanza: XmlElement, domain: string): XmlElement | undefined {
  if (stanza.attr('type') !== 'error') return undefined;
  if (domainOf(stanza.attr('from') ?? '') !== domain) return undefined;
  if (domainOf(stanza.attr('to') ?? '') === domain) return undefined;
  const swapped = stanza.attributes.map((each, i) => {
    if (i % 2 === 1) return each;
    if (each === 'from') return 'to';
    return each === 'to' ? 'from' : each;
  });
  return new XmlElement(stanza.name, stanza.ns, swapped, stanza.children);
}

function keyOf({ domain, host, port, secret }: ConfiguredComponent): string {
  return JSON.stringify([domain, host, port, secret]);
}
