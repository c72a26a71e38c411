// What a process of the load generator is told, as one JSON argument.

import type { XmppKind } from './xmpp-end.ts';
import type { SipTransport } from './sip-end.ts';

/** Paths of PEM files. */
export interface Pem {
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
}

/** Where the ends meet the gateway; all on loopback. */
export interface EndsPlan {
  /** The gateway's process, whose CPU is counted. */
  readonly pid: number;
  readonly sip: SipTransport;
  readonly xmpp: XmppKind;
  readonly ports: EndPorts;
  /** Of sip.test and xmpp.test; without TLS anywhere they are not read. */
  readonly sipPem?: Pem;
  readonly xmppPem?: Pem;
}

export interface EndPorts {
  /** The gateway's SIP port. */
  readonly sip: number;
  /** SIP port of the generator. */
  readonly peer: number;
  /** XMPP port of the generator: for the component, or for the gateway's streams. */
  readonly xmpp: number;
  /** The gateway's port for streams of other servers. */
  readonly server: number;
}

export interface MessagePlan extends EndsPlan {
  readonly direction: 'sip2xmpp' | 'xmpp2sip';
  readonly count: number;
  readonly warmUp: number;
  /** Outstanding at once; with `rate` that many a second instead. */
  readonly window: number;
  readonly rate?: number;
  readonly targets: number;
  readonly bodyOctets: number;
}

export interface CallPlan extends EndsPlan {
  readonly targets: number;
}
