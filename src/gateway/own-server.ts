// The gateway's own XMPP server as the composition root holds it: made from the configuration, with its certificates, and
// one group for each domain it speaks for.

import {
  hashHex,
  hmacSha256,
  type Clock,
  type Counters,
  type Log,
  type Random,
  type Store,
  type Timers,
} from '../base/index.ts';
import { CertificateStore, readCredentials } from '../edge/tls/index.ts';
import { XmppServer, type ServerPlace, type XmppServerOptions } from '../edge/xmpp/index.ts';
import type { DnsResolver } from '../sip/index.ts';
import type { XmlElement } from '../xml/index.ts';
import { covers } from './config/domain-pattern.ts';
import type { Config, ConfiguredServer } from './config/schema.ts';
import type { InHand } from './in-hand.ts';
import type { LinkGroup } from './link-group.ts';
import { listenerUrl } from './listeners.ts';
import { ServedDomains } from './served-domains.ts';
import { Settlement } from './settlement.ts';
import { files } from './sip-certificates.ts';
import { ServerGroup } from './server-group.ts';

/** What `sizes` tells when there is no server. */
export const NO_SIZES: XmppServer['sizes'] = {
  s2s_in: 0,
  s2s_unproved: 0,
  s2s_out: 0,
  s2s_stanzas: 0,
  s2s_suspended: 0,
};

export interface OwnServerEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
  /** The resolver of the configuration in force. */
  readonly dns: () => DnsResolver;
  /** Signing keys of the gateway, newest first: shared by all gateways of a domain. */
  readonly keys: readonly Uint8Array[] | undefined;
  readonly store: Pick<Store, 'flush' | 'status'>;
  readonly inHand: InHand;
  readonly deliver: (stanza: XmlElement, group: LinkGroup) => void;
  /** The group of this domain takes stanzas, or takes them again. */
  readonly ready: (domain: string) => void;
}

/** Domains under `*.name` and `*` with a group of their own. */
const MAX_GROUPS = 10_000;

export class OwnServer {
  readonly #env: OwnServerEnv;
  readonly #certificates: CertificateStore;
  readonly #server: XmppServer;
  readonly #groups = new Map<string, ServerGroup>();
  #served: ServedDomains;
  #sinceMs = 0;

  /** Throws `ERR_TLS_CERTIFICATE`, `ERR_TLS_KEY` or `ERR_TLS_CA`. */
  constructor(config: Config, server: ConfiguredServer, env: OwnServerEnv) {
    this.#env = env;
    this.#served = servedOf(config, server);
    this.#certificates = new CertificateStore('xmpp', server.tls, { ...env, ...files });
    const settlement = new Settlement(env.store, env.inHand);
    this.#server = new XmppServer(
      this.#options(config, server),
      {
        ...env,
        certificates: this.#certificates,
        settled: () => settlement.settled(),
        dialbackSecret: secretOf(env.keys),
      },
      {
        stanza: (stanza, domain) => {
          const group = this.groupFor(domain);
          if (group !== undefined) env.deliver(stanza, group);
        },
        writable: (domain) => this.#ready(domain),
      },
    );
  }

  /** The group of a domain (prepared) that this server speaks for. */
  groupFor(domain: string): ServerGroup | undefined {
    const known = this.#groups.get(domain);
    if (known !== undefined) return known;
    if (!this.#served.has(domain) || this.#groups.size >= MAX_GROUPS) return undefined;
    const group = new ServerGroup(domain, this.#server, this.#sinceMs);
    this.#groups.set(domain, group);
    return group;
  }

  /** Listeners as URLs. */
  get listeners(): string[] {
    return this.#server.listeners.map(({ transport, address, port }) =>
      listenerUrl(`xmpp-${transport}`, address, port),
    );
  }

  get sizes(): XmppServer['sizes'] {
    return this.#server.sizes;
  }

  /** Throws `ERR_XMPP_LISTEN`. */
  async start(): Promise<void> {
    await this.#server.start();
    this.#certificates.start();
    this.#sinceMs = this.#env.clock.wall();
    for (const domain of this.#served.exact) this.#ready(domain);
  }

  /** Other rules, next hops, policy and certificates. Throws like the constructor, and keeps the old. */
  configure(config: Config, server: ConfiguredServer): void {
    this.#certificates.replace(server.tls);
    this.#served = servedOf(config, server);
    for (const domain of this.#groups.keys()) if (!this.#served.has(domain)) this.#groups.delete(domain);
    this.#server.configure(this.#options(config, server));
  }

  pauseReading(pause: boolean): void {
    this.#server.pauseReading(pause);
  }

  sweep(): void {
    this.#server.sweep();
    for (const group of this.#groups.values()) group.sweep();
  }

  async stop(): Promise<void> {
    await this.#server.stop();
    this.#certificates.stop();
  }

  #ready(domain: string): void {
    this.groupFor(domain)?.linkUp();
    this.#env.ready(domain);
  }

  #options(config: Config, server: ConfiguredServer): XmppServerOptions {
    return {
      listen: server.listen,
      dialback: server.dialback,
      certified: (domain) => server.certified.some((pattern) => covers(pattern, domain)),
      nextHops: (domain) => nextHopsOf(domain, server.next_hops),
      privateTargets: config.dns.private_targets,
      serves: (domain) => this.#served.has(domain),
    };
  }
}

/** What all gateways with the same keys know; undefined: this one has keys of its own. */
function secretOf(keys: readonly Uint8Array[] | undefined): string | undefined {
  const [newest] = keys ?? [];
  return newest === undefined ? undefined : hashHex('sha256', hmacSha256(newest, 'dialback'));
}

function servedOf(config: Config, server: ConfiguredServer): ServedDomains {
  const names = server.tls.flatMap((entry) => {
    const credentials = readCredentials(entry);
    return credentials.ok ? [credentials.value.names] : [];
  });
  return new ServedDomains(config, names);
}

/** An exact name beats `*.name`, the longest of them first, which beats `*`. */
export function nextHopsOf(
  domain: string,
  hops: Readonly<Record<string, readonly ServerPlace[]>>,
): readonly ServerPlace[] | undefined {
  const patterns = Object.keys(hops).filter((pattern) => covers(pattern, domain));
  const [best] = patterns.toSorted((left, right) => rank(right) - rank(left));
  return best === undefined ? undefined : hops[best];
}

function rank(pattern: string): number {
  if (pattern === '*') return 0;
  return pattern.startsWith('*.') ? pattern.length : 1024;
}
