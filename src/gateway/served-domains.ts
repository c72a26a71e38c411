// Which XMPP domains the gateway's own server speaks for: those of `home: sip` rules that no component has.

import { coversXmppDomain, type CertificateNames } from '../edge/tls/index.ts';
import { prepareDomain } from '../xmpp/index.ts';
import { covers } from './config/domain-pattern.ts';
import type { Config } from './config/schema.ts';

export class ServedDomains {
  /** Prepared; those whose names are written out. */
  readonly exact: ReadonlySet<string>;
  readonly #below: readonly string[];
  readonly #all: boolean;
  readonly #elsewhere: ReadonlySet<string>;
  readonly #certified: (domain: string) => boolean;

  /** `certificates`: the names of each certificate of `xmpp.server.tls`. */
  constructor(config: Config, certificates: readonly CertificateNames[]) {
    const components = new Set(config.xmpp.components.map(({ domain }) => prepared(domain)));
    const sip = config.domains.filter(({ home }) => home === 'sip').map(({ xmpp }) => xmpp);
    this.exact = new Set(
      sip.flatMap((name) => (name.startsWith('*') || components.has(prepared(name)) ? [] : [prepared(name)])),
    );
    this.#below = sip.filter((name) => name.startsWith('*.'));
    this.#all = sip.includes('*');
    const xmpp = config.domains.filter(({ home, xmpp: name }) => home === 'xmpp' && !name.startsWith('*'));
    this.#elsewhere = new Set([...components, ...xmpp.map(({ xmpp: name }) => prepared(name))]);
    this.#certified = (domain) => certificates.some((names) => coversXmppDomain(names, domain));
  }

  /** `domain`: prepared. */
  has(domain: string): boolean {
    if (this.exact.has(domain)) return true;
    if (this.#elsewhere.has(domain)) return false;
    if (this.#below.some((pattern) => covers(pattern, domain))) return true;
    // "*" on both sides says that any domain may be at home in SIP. This server speaks for those that it can prove.
    return this.#all && this.#certified(domain);
  }
}

function prepared(domain: string): string {
  const result = prepareDomain(domain);
  return result.ok ? result.value : domain;
}
