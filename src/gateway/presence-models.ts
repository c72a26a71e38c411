// How presence crosses for the users of each rule of `domains` (rows CSP, PRES-57).

import type { DomainRule } from '../mapping/index.ts';
import type { Config, ConfiguredPresence } from './config/schema.ts';

export interface PresenceServer {
  /** A SIP URI. */
  readonly server: string;
  readonly xcap: NonNullable<ConfiguredPresence['xcap']> | undefined;
}

/** What the models are read from. */
export type PresenceConfig = Pick<Config, 'domains'> & { readonly presence: ConfiguredPresence };

export class PresenceModels {
  readonly #default: ConfiguredPresence;
  readonly #own = new Map<DomainRule, ConfiguredPresence>();

  constructor(config: PresenceConfig) {
    this.#default = config.presence;
    for (const rule of config.domains) {
      if (rule.presence !== undefined) this.#own.set(rule, rule.presence);
    }
  }

  /** `rule`: as an address book that was made of the same configuration gives it. */
  serverOf(rule: DomainRule): PresenceServer | undefined {
    const { model, server, xcap } = this.#of(rule);
    return model === 'presence-server' && server !== undefined ? { server, xcap } : undefined;
  }

  /** The users of this rule publish to the gateway (CSP-19). */
  publishHere(rule: DomainRule): boolean {
    return rule.home === 'sip' && this.#of(rule).model === 'published';
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
