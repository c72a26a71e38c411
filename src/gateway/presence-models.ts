// How presence crosses for the users of each rule of `domains` (rows CSP, PRES-57).

import type { DomainRule } from '../mapping/index.ts';
import { parseSipUri } from '../sip/index.ts';
import type { Config, ConfiguredPresence } from './config/schema.ts';

export interface PresenceServer {
  /** A SIP URI. */
  readonly server: string;
  readonly xcap: NonNullable<ConfiguredPresence['xcap']> | undefined;
  /** Where it serves lists (CSP-20): a SIP URI, of a list for each user where a star stands for his name. */
  readonly lists: string | undefined;
}

/** What the models are read from. */
export type PresenceConfig = Pick<Config, 'domains'> & { readonly presence: ConfiguredPresence };

export class PresenceModels {
  readonly #default: ConfiguredPresence;
  readonly #listHosts: ReadonlySet<string>;
  readonly #own = new Map<DomainRule, ConfiguredPresence>();

  constructor(config: PresenceConfig) {
    this.#default = config.presence;
    this.#listHosts = new Set(
      [config.presence, ...config.domains.map((rule) => rule.presence)].flatMap((each) =>
        hostOf(each?.lists),
      ),
    );
    for (const rule of config.domains) {
      if (rule.presence !== undefined) this.#own.set(rule, rule.presence);
    }
  }

  /** `rule`: as an address book that was made of the same configuration gives it. */
  serverOf(rule: DomainRule): PresenceServer | undefined {
    const { model, server, xcap, lists } = this.#of(rule);
    return model === 'presence-server' && server !== undefined ? { server, xcap, lists } : undefined;
  }

  /** The users of this rule publish to the gateway (CSP-19). */
  publishHere(rule: DomainRule): boolean {
    return rule.home === 'sip' && this.#of(rule).model === 'published';
  }

  /** Lists are served under this host; in lower case. */
  servesLists(host: string): boolean {
    return this.#listHosts.has(host.toLowerCase());
  }

  #of(rule: DomainRule): ConfiguredPresence {
    return this.#own.get(rule) ?? this.#default;
  }
}

/** The URIs of all presence servers. */
export function presenceServers({ domains, presence }: PresenceConfig): readonly string[] {
  const all = [presence, ...domains.map((rule) => rule.presence)];
  return [...new Set(all.flatMap((each) => each?.server ?? []))];
}

function hostOf(uri: string | undefined): readonly string[] {
  const read = uri === undefined ? undefined : parseSipUri(uri);
  return read?.ok === true ? [read.value.host.toLowerCase()] : [];
}
