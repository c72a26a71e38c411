// What the gateway shows to its surroundings (command line, console, embedding programs).

import type { Clock, Counters, Log, Store } from '../base/index.ts';
import type { AdminRoutes } from '../edge/admin/index.ts';
import type { TimersConfig } from '../sip/index.ts';
import type { Config } from './config/schema.ts';

/** One link to an XMPP server. */
export interface LinkStatus {
  readonly domain: string;
  readonly host: string;
  readonly port: number;
  /** The state of its machine, in the words of that machine. `up` carries stanzas. */
  readonly state: string;
  /** True once it has been up since the start: `/healthz` waits for this. */
  readonly everUp: boolean;
  /** When it entered this state, in milliseconds since 1970-01-01T00:00:00Z. */
  readonly since: number;
}

export interface GatewayStatus {
  /** Every listener is bound. */
  readonly ready: boolean;
  /** Ready, not draining, and each link has been up once. */
  readonly healthy: boolean;
  readonly draining: boolean;
  readonly node: string;
  readonly version: string;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly startedAt: number;
  readonly links: readonly LinkStatus[];
  /** The bound listeners, as `udp://ADDRESS:PORT`; those of the XMPP server as `xmpp-tcp://…` and `xmpp-tls://…`. */
  readonly listeners: readonly string[];
  /** Sizes of what the gateway holds right now, by name. */
  readonly counters?: Readonly<Record<string, number>>;
}

export interface GatewayEnv {
  readonly log: Log;
  readonly version: string;
  /** Other SIP timers than those of RFC 3261 Table 4: for networks that differ from the Internet, and for tests. */
  readonly timing?: Partial<TimersConfig>;
  /** Another clock than that of the system: for tests, in which hours go by. */
  readonly clock?: Clock;
  /**
   * Secrets that sign what comes back to this gateway in identifiers (`keys`): newest first, one or two, at least 32
   * octets each. Without them it makes one that ends with it: reports about messages of before are then not known.
   */
  readonly keys?: readonly Uint8Array[];
  /** What is kept beyond a restart lies there; without it, in memory only. The caller closes it after `stop`. */
  readonly store?: Store;
}

/** A running gateway. */
export interface Gateway {
  status(): GatewayStatus;
  readonly counters: Counters;
  /** What may be asked through the admin socket. */
  readonly admin: AdminRoutes;
  /**
   * Goes over to another configuration, and to other keys if they are given; what did not change stays up. Fails with a
   * `StoxgateError` and keeps the old.
   */
  reload(config: Config, keys?: readonly Uint8Array[]): Promise<void>;
  /** Takes nothing new, and waits until everything open has had its outcome. */
  drain(): Promise<void>;
  /** Ends links and listeners. */
  stop(): Promise<void>;
}
