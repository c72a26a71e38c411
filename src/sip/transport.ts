// The transport as the layers above see it (RFC 3261 §18): very small, so that UDP, TCP, TLS and WebSocket differ
// only below it. Implemented in edge/sip.

import type { Bytes } from '../base/index.ts';

export type TransportName = 'UDP' | 'TCP' | 'TLS' | 'WS' | 'WSS';

/** Where a message came in: one shared object per listening socket, or per outbound connection's local end. */
export interface LocalEndpoint {
  readonly transport: TransportName;
  /** Bound address (literal, IPv6 without brackets). */
  readonly address: string;
  readonly port: number;
  /** What Via and Contact say: host (IPv6 in brackets) … */
  readonly advertiseHost: string;
  /** … and port; undefined: the default port is not written. */
  readonly advertisePort: number | undefined;
}

/** Where a received message came from. */
export interface Source {
  readonly transport: TransportName;
  readonly reliable: boolean;
  /** Literal, IPv6 without brackets and zone. */
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly local: LocalEndpoint;
  /** The connection it came on, for responses (RFC 3261 §18.2.2); undefined for UDP. */
  readonly connectionId: number | undefined;
  /**
   * Domains that the peer's certificate names, lower case, A-labels: set when it was asked for and verified (RFC 5922
   * §7.1). None over UDP and TCP.
   */
  readonly certifiedDomains?: readonly string[] | undefined;
}

/** Where a message is to go: resolved, literal addresses only. */
export interface Target {
  readonly transport: TransportName;
  readonly address: string;
  readonly port: number;
  /** Preferred: this connection while it is open; else a connection to address and port. */
  readonly connectionId?: number | undefined;
  /**
   * Over TLS: hosts of which the server's certificate has to name one (RFC 5922 §7.3: what was asked for, before DNS).
   * Without any no connection is opened, since nobody could say whose it is.
   */
  readonly names?: readonly string[] | undefined;
  /**
   * From this endpoint, when it is given (RFC 3581 §4: a response "MUST be sent from the same address and port" at which
   * the request was received); else from the one that `localFor` names.
   */
  readonly local?: LocalEndpoint | undefined;
}

export interface Transport {
  /**
   * Sends one message. Ordinarily silent; `failed` is called at most once, later, with an environment error
   * (`ERR_SIP_TRANSPORT_…`) when the message surely could not be handed to the network, or its connection was lost
   * before an answer came.
   */
  send(message: Bytes, target: Target, failed?: (error: Error) => void): void;
  /** The local endpoint from which `send` to this target would go, to write into Via; undefined: no such listener. */
  localFor(target: Target): LocalEndpoint | undefined;
}

/** What a transport hands up. Framing is done; parsing is not. */
export interface TransportSink {
  /** One whole message: a datagram, or start line to end of body of a stream. The block may be reused after return. */
  message(bytes: Bytes, source: Source): void;
  /** A connection went away: whatever waits on it may fail now. */
  closed?(connectionId: number, error: Error | undefined): void;
}
