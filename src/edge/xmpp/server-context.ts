// What the parts of the XMPP server share.

import type { Clock, Counters, Log, Random, Timers } from '../../base/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import type { DialbackPolicy } from '../../xmpp/index.ts';
import type { CertificateStore } from '../tls/index.ts';
import type { BarrierDesk } from './barrier-desk.ts';
import type { OutboundLink } from './outbound-link.ts';
import type { LocateEnv } from './server-locate.ts';
import type { ServerLimits } from './server-options.ts';
import type { ServerReport } from './server-report.ts';

export interface ServerContext {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
  readonly limits: ServerLimits;
  readonly certificates: CertificateStore;
  /** Behind the dialback keys: of this process alone. */
  readonly secret: string;
  readonly desk: BarrierDesk;
  readonly report: ServerReport;
  readonly locate: LocateEnv;
  readonly policy: DialbackPolicy;
  /** `never` too where only a certificate proves this domain. */
  policyFor(domain: string): DialbackPolicy;
  /** False while the owner takes nothing: then silence proves nothing. */
  readonly reading: boolean;
  /** Octets of one stanza that are taken. */
  readonly maxBytes: number;
  /** Resolves when everything that was taken until now is safe; undefined: it is. */
  settled(): Promise<void> | undefined;
  serves(domain: string): boolean;
  /** A stanza of another server for one of our domains; the returns of barriers are kept back. */
  take(stanza: XmlElement, domain: string): void;
  /** A stanza for one of our domains, also of our own making. */
  deliver(stanza: XmlElement, domain: string): void;
  linkEnded(link: OutboundLink): void;
}
