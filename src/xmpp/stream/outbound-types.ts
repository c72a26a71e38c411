// States, events and effects of a server-to-server stream that this side opens (outbound-stream.ts).

import type { XmlElement } from '../../xml/index.ts';
import type { StanzaCondition } from '../stanza/condition.ts';
import type { DialbackVerdict } from './dialback.ts';
import type { PeerFeatures } from './server-features.ts';
import type { GateEnv } from './server-stanza.ts';
import type {
  DialbackPolicy,
  DomainPair,
  HeaderFault,
  ServerStreamEnd,
  ServerStreamFailure,
  StreamHead,
} from './server-stream.ts';

export interface OutboundOpen {
  readonly kind:
    /** Our header is sent. */
    | 'opening'
    /** The peer's header is there, its features are awaited. */
    | 'negotiating'
    | 'askingTls'
    /** The TLS handshake runs. */
    | 'securing'
    | 'authenticating'
    /** Our dialback key is sent. */
    | 'dialling'
    /** Only for keys to be verified. */
    | 'verifying'
    /** Stanzas may be sent. */
    | 'up';
  readonly secure: boolean;
  /** The peer's certificate proves its domain. */
  readonly certificate: boolean;
  /** By SASL. */
  readonly authenticated: boolean;
  readonly externalRefused: boolean;
  /** Stanzas are to be sent, not only keys to be verified. */
  readonly carries: boolean;
  /** Of the stream, from the peer's last header. */
  readonly id: string;
  readonly offers: PeerFeatures;
  /** Stanzas may come on it as well. */
  readonly bidi: boolean;
  /** Our domains that may send on it, and those that are asked for. */
  readonly pairs: readonly string[];
  readonly pending: readonly string[];
}

export type OutboundState =
  | { readonly kind: 'closed' }
  | { readonly kind: 'connecting'; readonly carries: boolean }
  | OutboundOpen
  /** Our end tag is sent. */
  | { readonly kind: 'closing'; readonly failure: ServerStreamFailure };

export type OutboundEvent =
  | { readonly kind: 'start'; readonly carries: boolean }
  /** `secure`: TLS is done (XEP-0368); `certificate`: and the peer's certificate proves its domain. */
  | { readonly kind: 'connected'; readonly secure: boolean; readonly certificate: boolean }
  | { readonly kind: 'streamOpen'; readonly head: StreamHead }
  | { readonly kind: 'element'; readonly element: XmlElement }
  /** The TLS handshake is done. */
  | { readonly kind: 'secured'; readonly certificate: boolean }
  | { readonly kind: 'tlsFailed'; readonly text: string }
  | { readonly kind: 'streamClosed' }
  | { readonly kind: 'badXml'; readonly error: HeaderFault }
  /** The connection is gone; `error` when it broke. */
  | { readonly kind: 'disconnected'; readonly error?: string | undefined }
  | { readonly kind: 'timeout' }
  /** Stanzas are to be sent after all. */
  | { readonly kind: 'carry' }
  /** Another domain of ours wants to send on this stream. */
  | { readonly kind: 'add'; readonly local: string }
  /** Ask the peer about a key that came for the stream `id` in its name. */
  | { readonly kind: 'verify'; readonly local: string; readonly id: string; readonly key: string }
  /** The driver found something that ends the stream, with or without an error to send. */
  | { readonly kind: 'fault'; readonly reason: ServerStreamEnd; readonly error?: HeaderFault }
  | { readonly kind: 'stop'; readonly reason?: 'idle' };

export type OutboundEffect =
  | { readonly kind: 'connect' }
  | { readonly kind: 'writeHeader' }
  | { readonly kind: 'write'; readonly element: XmlElement }
  | { readonly kind: 'writeError'; readonly error: HeaderFault }
  | { readonly kind: 'writeEnd' }
  /** The TLS handshake, as its client. */
  | { readonly kind: 'startTls' }
  /** The parser expects a new header. */
  | { readonly kind: 'restart' }
  /** Replaces the one timer of the stream. */
  | { readonly kind: 'setTimer'; readonly timer: 'connect' | 'negotiate' | 'close' }
  | { readonly kind: 'clearTimer' }
  /** Keys can be verified on it. */
  | { readonly kind: 'verifiable' }
  /** Stanzas can be sent from now on. */
  | { readonly kind: 'up' }
  | { readonly kind: 'pairProved'; readonly local: string }
  | { readonly kind: 'pairRefused'; readonly local: string; readonly condition: StanzaCondition }
  /** The peer's word on a key. */
  | {
      readonly kind: 'verdict';
      readonly id: string;
      readonly local: string;
      readonly verdict: DialbackVerdict;
    }
  | { readonly kind: 'management'; readonly element: XmlElement }
  | { readonly kind: 'deliver'; readonly stanza: XmlElement; readonly pair: DomainPair }
  /** No stanza may be sent any more; only after `up`. */
  | { readonly kind: 'down'; readonly failure: ServerStreamFailure }
  | { readonly kind: 'disconnect' }
  | { readonly kind: 'abort' }
  /** Back in `closed`: once per `start`. */
  | { readonly kind: 'ended'; readonly failure: ServerStreamFailure }
  | { readonly kind: 'unexpected' };

export interface OutboundEnv extends GateEnv {
  readonly local: string;
  readonly remote: string;
  readonly policy: DialbackPolicy;
  /** This side has a certificate of the local domain. */
  readonly ownCertificate: boolean;
  /** Behind the dialback keys. */
  readonly secret: string;
}

export interface OutboundTransition {
  readonly state: OutboundState;
  readonly effects: readonly OutboundEffect[];
}
