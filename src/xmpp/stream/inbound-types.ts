// States, events and effects of a server-to-server stream that a peer opens (inbound-stream.ts).

import type { XmlElement } from '../../xml/index.ts';
import type { DialbackVerdict } from './dialback.ts';
import type { GateEnv } from './server-stanza.ts';
import type {
  DialbackPolicy,
  DomainPair,
  HeaderFault,
  ServerStreamEnd,
  ServerStreamFailure,
  StreamHead,
  StreamLimits,
} from './server-stream.ts';

export interface InboundOpen {
  readonly kind:
    /** The peer's header is awaited: at first, after TLS, after SASL. */
    | 'opening'
    /** Features are sent. What may come depends on `secure` and `pairs`. */
    | 'open'
    /** The TLS handshake runs. */
    | 'securing';
  readonly secure: boolean;
  /** Who the peer says it is, and whom it wants: '' before the header, or when it says nothing. */
  readonly peer: string;
  readonly local: string;
  readonly id: string;
  /** By SASL, as `peer`. */
  readonly authenticated: boolean;
  /** Refused attempts at SASL. */
  readonly refused: number;
  /** Pairs proved on this stream, and those whose keys are being verified. */
  readonly pairs: readonly DomainPair[];
  readonly pending: readonly DomainPair[];
  /** Stanzas may go back on it. */
  readonly bidi: boolean;
}

export type InboundState =
  | InboundOpen
  /** Our end tag is sent. */
  | { readonly kind: 'closing'; readonly failure: ServerStreamFailure }
  | { readonly kind: 'closed' };

export type InboundEvent =
  /** `newId`: fresh and not to be guessed (RFC 6120 §4.7.3), for this header. */
  | { readonly kind: 'streamOpen'; readonly head: StreamHead; readonly newId: string }
  | { readonly kind: 'element'; readonly element: XmlElement }
  /** The TLS handshake is done. */
  | { readonly kind: 'secured' }
  | { readonly kind: 'tlsFailed'; readonly text: string }
  /** What the authoritative server, or the lack of one, says of a key. */
  | { readonly kind: 'verified'; readonly pair: DomainPair; readonly verdict: DialbackVerdict }
  | { readonly kind: 'streamClosed' }
  | { readonly kind: 'badXml'; readonly error: HeaderFault }
  | { readonly kind: 'disconnected'; readonly error?: string | undefined }
  | { readonly kind: 'timeout' }
  /** The driver found something that ends the stream, with or without an error to send. */
  | { readonly kind: 'fault'; readonly reason: ServerStreamEnd; readonly error?: HeaderFault }
  | { readonly kind: 'stop'; readonly reason?: 'idle' };

export type InboundEffect =
  /** `from` '' when this side does not serve what the peer wants. */
  | { readonly kind: 'writeHeader'; readonly from: string; readonly to: string; readonly id: string }
  | { readonly kind: 'write'; readonly element: XmlElement }
  | { readonly kind: 'writeError'; readonly error: HeaderFault }
  | { readonly kind: 'writeEnd' }
  /** The TLS handshake, as its server; nothing that came before it is read any more. */
  | { readonly kind: 'startTls'; readonly local: string }
  /** The parser expects a new header. */
  | { readonly kind: 'restart' }
  | { readonly kind: 'setTimer'; readonly timer: 'close' }
  | { readonly kind: 'clearTimer' }
  /** Ask the authoritative server of `pair.from` about the key for this stream. */
  | { readonly kind: 'verify'; readonly pair: DomainPair; readonly id: string; readonly key: string }
  | { readonly kind: 'proved'; readonly pair: DomainPair; readonly by: 'certificate' | 'dialback' }
  | { readonly kind: 'management'; readonly element: XmlElement }
  | { readonly kind: 'deliver'; readonly stanza: XmlElement; readonly pair: DomainPair }
  | { readonly kind: 'disconnect' }
  | { readonly kind: 'abort' }
  /** The last effect, once. */
  | { readonly kind: 'ended'; readonly failure: ServerStreamFailure }
  | { readonly kind: 'unexpected' };

export interface InboundEnv extends GateEnv {
  readonly policy: DialbackPolicy;
  /** True when the peer's certificate is good and names this domain. */
  proves(domain: string): boolean;
  /** True when nothing but a certificate proves this domain. */
  certified(domain: string): boolean;
  /** Behind the dialback keys. */
  readonly secret: string;
  readonly limits: StreamLimits;
}

export interface InboundTransition {
  readonly state: InboundState;
  readonly effects: readonly InboundEffect[];
}
