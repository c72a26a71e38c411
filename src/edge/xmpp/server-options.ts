// What the XMPP server of the gateway takes: where it listens, how it finds others, its bounds, and what its owner hears.

import type { Clock, Counters, Log, Random, Timers } from '../../base/index.ts';
import type { DnsResolver } from '../../sip/index.ts';
import type { XmlElement, XmlLimits } from '../../xml/index.ts';
import { DEFAULT_BACK_OFF, type BackOffOptions, type DialbackPolicy } from '../../xmpp/index.ts';
import type { CertificateStore } from '../tls/index.ts';

export interface ServerListen {
  /** `TLS`: from the first octet (XEP-0368); `TCP`: with STARTTLS. */
  readonly transport: 'TCP' | 'TLS';
  /** Literal address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** A host to which a domain's streams go without asking DNS. */
export interface ServerPlace {
  readonly transport: 'TCP' | 'TLS';
  /** Name or literal address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface XmppServerOptions {
  readonly listen: readonly ServerListen[];
  readonly dialback: DialbackPolicy;
  /** Whether only a certificate proves this domain, whatever `dialback` is. */
  readonly certified: (domain: string) => boolean;
  /** The places for a domain, in order; undefined: by DNS. */
  readonly nextHops: (domain: string) => readonly ServerPlace[] | undefined;
  readonly privateTargets: 'refuse' | 'allow';
  /** True for the domains of which this is the server. */
  readonly serves: (domain: string) => boolean;
}

export interface ServerLimits {
  /** Milliseconds for a TCP connection to one address … */
  readonly connectTimeoutMs: number;
  /** … and from there to the stream that carries. */
  readonly negotiateTimeoutMs: number;
  /** Milliseconds for all addresses of a domain together. */
  readonly reachTimeoutMs: number;
  /** Milliseconds from our end tag to the end of the connection. */
  readonly closeTimeoutMs: number;
  /** Milliseconds for an acknowledgement; less than the 10 s in which a SIP request must be answered. */
  readonly confirmTimeoutMs: number;
  /** Milliseconds that `stop` waits for open acknowledgements. */
  readonly drainTimeoutMs: number;
  /** Milliseconds between spaces on a silent stream (RFC 6120 §4.6.1). */
  readonly keepAliveMs: number;
  /** Milliseconds without a stanza after which a stream is ended (row S2S-09). */
  readonly idleMs: number;
  /** Seconds for which a broken stream may be resumed (XEP-0198 §5). */
  readonly resumeSeconds: number;
  /** Octets that may wait for one domain (row ERR-G2), and stanzas. */
  readonly queueBytes: number;
  readonly queueStanzas: number;
  /** UTF-16 units that make a batch go out before the turn of the event loop ends. */
  readonly batchLength: number;
  /** Octets of one stanza sent, where the peer does not say (XEP-0478). */
  readonly stanzaBytes: number;
  /** Pairs of domains with a stream or a queue. */
  readonly routes: number;
  /** Streams that came in and proved nothing yet, in all and from one address. */
  readonly unproved: number;
  readonly unprovedPerAddress: number;
  /** Streams that came in, in all. */
  readonly streams: number;
  /** Octets that a stream may send before it has proved something, TLS included. */
  readonly unprovedBytes: number;
  /** Keys that are being verified at a time: each may cost a connection, and a stranger asks for it. */
  readonly verifying: number;
  /** Streams that may be resumed. */
  readonly suspended: number;
  /** Of what is received. */
  readonly xml: Partial<XmlLimits>;
  readonly backOff: BackOffOptions;
  /** RFC 8305 §5: the next address is tried after this, the first still being tried. */
  readonly raceMs: number;
}

export const DEFAULT_SERVER_LIMITS: ServerLimits = {
  connectTimeoutMs: 8000,
  negotiateTimeoutMs: 10_000,
  reachTimeoutMs: 20_000,
  closeTimeoutMs: 2000,
  confirmTimeoutMs: 8000,
  drainTimeoutMs: 3000,
  keepAliveMs: 60_000,
  idleMs: 600_000,
  resumeSeconds: 300,
  queueBytes: 1024 * 1024,
  queueStanzas: 2000,
  batchLength: 64 * 1024,
  stanzaBytes: 256 * 1024,
  routes: 10_000,
  unproved: 1000,
  unprovedPerAddress: 50,
  streams: 10_000,
  unprovedBytes: 64 * 1024,
  verifying: 200,
  suspended: 1000,
  xml: {},
  backOff: { ...DEFAULT_BACK_OFF, maxMs: 300_000 },
  raceMs: 250,
};

export interface XmppServerEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
  readonly dns: () => DnsResolver;
  readonly certificates: CertificateStore;
  /**
   * Behind the dialback keys, the same for all gateways of a domain: the other server may ask any of them about a key.
   * Without it, one of this process alone.
   */
  readonly dialbackSecret?: string | undefined;
  /**
   * Resolves when everything that was taken until now is where a crash does not lose it; undefined: it is. Without it,
   * what was taken counts as safe.
   */
  readonly settled?: (() => Promise<void> | undefined) | undefined;
  readonly limits?: Partial<ServerLimits>;
}

/** What the owner hears. A handler that throws is logged and does no harm to the stream. */
export interface XmppServerEvents {
  /** A stanza for a domain that is served, with prepared addresses; also the errors that this server itself makes. */
  stanza(el: XmlElement, domain: string): void;
  /** After `send` said `Full` for a stanza of this domain: there is room again. */
  writable(domain: string): void;
}

/** A stanza on its way, and who wants to know what becomes of it. */
export interface ServerStanza {
  readonly stanza: XmlElement;
  /** False once nobody wants it to go any more. */
  readonly open: boolean;
  /** The peer has it. */
  confirmed(): void;
  /** Its stream went away before that; it goes out again on the next. */
  parked(): void;
  writtenAgain(): void;
}
