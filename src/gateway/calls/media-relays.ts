// The media relays of the configuration: which rule is for whom, and a media path for each call.

import type { Counters, Log, Random, Timers } from '../../base/index.ts';
import {
  NgPool,
  openNgSocket,
  RELAY_PROFILES,
  type OpenNgSocket,
  type RelayProfile,
} from '../../edge/rtpengine/index.ts';
import type { ConfiguredRelay, ConfiguredRelayRule } from '../config/schema-relay.ts';
import { covers } from '../config/domain-pattern.ts';
import type { KeptPath, MediaPath } from './media-path.ts';
import { RelayedPath, type RelayedPathEnv, type RelayRuleParts } from './relayed-path.ts';

export interface MediaRelaysEnv {
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
  /** Another one in tests. */
  readonly open?: OpenNgSocket;
}

/** Whose call it is: both as their own side calls them. */
export interface CallParties {
  /** Host of the SIP user's address. */
  readonly sipDomain: string;
  /** Domain of the XMPP user's JID. */
  readonly xmppDomain: string;
  readonly callId: string;
}

/** Where there is no rule: nothing is relayed, and a refusal can say why. */
const NO_RELAY: RelayRuleParts = { when: 'never', profile: 'webrtc-to-rtp' };

export class MediaRelays {
  readonly #env: RelayedPathEnv;
  #rules: readonly ConfiguredRelayRule[] = [];

  constructor(env: MediaRelaysEnv, config: ConfiguredRelay | undefined) {
    const { timers, random, log, counters } = env;
    const pool = new NgPool({ timers, random, log, counters, open: env.open ?? openNgSocket });
    this.#env = { pool, random, log, counters };
    counters.gauge('stoxgate_media_relays_up', 'Media relays that answer.', () => {
      return pool.instances.filter((instance) => instance.health === 'up').length;
    });
    this.configure(config);
  }

  /** Calls that have a relay keep it, whatever the new rules say. */
  configure(config: ConfiguredRelay | undefined): void {
    this.#rules = config?.rules ?? [];
    this.#env.pool.configure(config?.instances ?? []);
  }

  /** The path of a new call. Also without a rule for it: then it is told why a call without a relay failed. */
  begin(parties: CallParties): MediaPath {
    const rule = this.#rules.find(
      (each) => covers(each.sip, parties.sipDomain) && covers(each.xmpp, parties.xmppDomain),
    );
    return new RelayedPath(this.#env, rule ?? NO_RELAY, parties.callId);
  }

  /** The path of a call of before a restart, of which `kept` was written. */
  restore(kept: KeptPath): MediaPath {
    const profile: RelayProfile = isProfile(kept.profile) ? kept.profile : NO_RELAY.profile;
    return RelayedPath.restored(this.#env, { when: 'needed', profile, interfaces: kept.interfaces }, kept);
  }

  /** Calls that have their media at a relay. */
  get size(): number {
    return this.#env.pool.calls;
  }

  stop(): void {
    this.#env.pool.stop();
  }
}

function isProfile(name: string): name is RelayProfile {
  return Object.hasOwn(RELAY_PROFILES, name);
}
