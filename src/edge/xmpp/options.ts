// What a component link takes: its place and its limits, with their defaults.

import type { Clock, Counters, Log, Random, Timers } from '../../base/index.ts';
import type { XmlElement, XmlLimits } from '../../xml/index.ts';
import { DEFAULT_BACK_OFF, type BackOffOptions } from '../../xmpp/index.ts';
import type { BarrierDesk } from './barrier-desk.ts';
import type { ComponentLink } from './component-link.ts';

export interface ComponentLinkLimits {
  /** Milliseconds for name lookup and TCP. */
  readonly connectTimeoutMs: number;
  /** Milliseconds from the connection to the accepted handshake. */
  readonly handshakeTimeoutMs: number;
  /** Milliseconds that `stop` waits for open confirmations. */
  readonly drainTimeoutMs: number;
  /** Milliseconds from our end tag to the end of the connection. */
  readonly closeTimeoutMs: number;
  /** Milliseconds for a barrier's return; less than the 10 s in which a SIP request must be answered. */
  readonly barrierTimeoutMs: number;
  /** Milliseconds of silence after which the peer is probed … */
  readonly idleMs: number;
  /** … and for its answer. */
  readonly keepAliveTimeoutMs: number;
  /** Milliseconds up after which earlier failures are forgotten. */
  readonly stableMs: number;
  /** Octets that may wait to be sent (row ERR-G2). */
  readonly queueBytes: number;
  /** UTF-16 units that make a batch go out before the turn of the event loop ends. */
  readonly batchLength: number;
  /** Octets of one stanza sent: servers close the stream for everybody at theirs (Prosody 512 KiB, ejabberd 256 KiB). */
  readonly stanzaBytes: number;
  /** Of what is received. */
  readonly xml: Partial<XmlLimits>;
  readonly backOff: BackOffOptions;
}

export const DEFAULT_LINK_LIMITS: ComponentLinkLimits = {
  connectTimeoutMs: 10_000,
  handshakeTimeoutMs: 10_000,
  drainTimeoutMs: 3000,
  closeTimeoutMs: 2000,
  barrierTimeoutMs: 8000,
  idleMs: 60_000,
  keepAliveTimeoutMs: 20_000,
  stableMs: 30_000,
  queueBytes: 4 * 1024 * 1024,
  batchLength: 64 * 1024,
  stanzaBytes: 256 * 1024,
  xml: {},
  backOff: DEFAULT_BACK_OFF,
};

export interface ComponentLinkOptions {
  /** The component's domain, prepared (RFC 7622). */
  readonly domain: string;
  /** Name, IPv4 or IPv6 literal without brackets. */
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  readonly limits?: Partial<ComponentLinkLimits>;
}

export interface ComponentLinkEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
  /** Shared by the links of one domain: a server may return the barrier of one on another. By default its own. */
  readonly barriers?: BarrierDesk;
}

/** What a link tells its owner. A handler that throws is logged and does no harm to the link. */
export interface ComponentLinkEvents {
  /** A stanza, in `jabber:client` (row COMP-04). Barriers are kept back. */
  stanza(el: XmlElement, link: ComponentLink): void;
  /** Stanzas can be sent from now on. */
  up(link: ComponentLink): void;
  /** After `up`: nothing can be sent, and what was not confirmed never will be. */
  down(link: ComponentLink, reason: string): void;
  /** Every stanza of a number up to `seq` that was sent since the last `up` is held by the server. */
  confirmed(link: ComponentLink, seq: number): void;
  /** The first barrier since `up` came back: this server returns them. */
  proved?(link: ComponentLink): void;
  /** After `send` said `Full`: there is room again. */
  writable?(link: ComponentLink): void;
  /** An attempt failed, or a link ended; every time, for `check` and tests. The log says it once. */
  ended?(link: ComponentLink, reason: string): void;
}

/** What `send` returns instead of a number. */
export const SendRefusal = {
  /** The link is not up: nothing is queued for later. */
  NotUp: -1,
  /** Too many octets wait already (row ERR-G2). */
  Full: -2,
  /** `from` is missing or not of this component, or `to` is missing (row COMP-03). */
  ForeignFrom: -3,
  /** Larger than `stanzaBytes`. */
  TooLarge: -4,
} as const;

export interface SendOptions {
  /** Ask for the server's confirmation: a barrier follows at once. */
  readonly confirm?: boolean;
}
