// What both ends of a server-to-server stream share: names, the peer's header and what is wrong with it, and how a
// stream ended. Sources: RFC 6120 §4.7, §4.8, §4.9; XEP-0220 1.1.1.

import { parseJid } from '../jid/index.ts';
import { NS_STREAM, type StreamCondition } from './stream-error.ts';

export const NS_SERVER = 'jabber:server';
export const NS_TLS = 'urn:ietf:params:xml:ns:xmpp-tls';
export const NS_SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
export const NS_DIALBACK = 'jabber:server:dialback';
export const NS_DIALBACK_FEATURE = 'urn:xmpp:features:dialback';
export const NS_BIDI = 'urn:xmpp:bidi';
export const NS_BIDI_FEATURE = 'urn:xmpp:features:bidi';
export const NS_LIMITS = 'urn:xmpp:stream-limits:0';

/** Between servers a stanza is from one domain to another; the right to send is proved for the pair. */
export interface DomainPair {
  readonly from: string;
  readonly to: string;
}

/** Whether domains may prove themselves by dialback (`xmpp.server.dialback`). */
export type DialbackPolicy = 'never' | 'over-tls';

/** A stream header, as the parser gives it. */
export interface StreamHead {
  readonly name: string;
  readonly ns: string;
  /** The default namespace it declares. */
  readonly defaultNs: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly id: string | undefined;
  readonly version: string | undefined;
}

/** What this side accepts, to be told to the peer (XEP-0478). */
export interface StreamLimits {
  readonly maxBytes: number;
  readonly idleSeconds: number;
}

export interface HeaderFault {
  readonly condition: StreamCondition;
  readonly text: string;
}

/** What is wrong with the peer's header whoever it is; undefined: nothing. */
export function headerFault(head: StreamHead): HeaderFault | undefined {
  // RFC 6120 §4.8.1, §4.9.3.10; §4.8.2: between servers the content namespace is jabber:server.
  if (head.name !== 'stream' || head.ns !== NS_STREAM || head.defaultNs !== NS_SERVER) {
    return { condition: 'invalid-namespace', text: 'not a stream of jabber:server' };
  }
  // RFC 6120 §4.7.5: without a version it is below 1.0, and then there is no STARTTLS.
  if (!isVersionOne(head.version)) {
    return { condition: 'unsupported-version', text: 'XMPP 1.0 is needed, with TLS' };
  }
  return undefined;
}

/** RFC 6120 §4.7.5: the numbers are compared, and a higher minor version is the lower one of the two. */
function isVersionOne(version: string | undefined): boolean {
  const match = /^0*(\d{1,5})\.(\d{1,5})$/.exec(version ?? '');
  return match !== null && Number(match[1]) >= 1;
}

/** The prepared domain of a header's `from` or `to` (RFC 6120 §4.7.1, §4.7.2); undefined: none, or no JID. */
export function headDomain(address: string | undefined): string | undefined {
  const jid = address === undefined ? undefined : parseJid(address);
  return jid?.ok === true && jid.value.local === '' ? jid.value.domain : undefined;
}

export type ServerStreamEnd =
  | 'connect-failed'
  | 'connect-timeout'
  /** TLS could not be begun, or the peer has none. */
  | 'tls'
  /** The peer's certificate does not prove its domain. */
  | 'certificate'
  /** Neither SASL EXTERNAL nor dialback was to be had, or both failed. */
  | 'not-authenticated'
  | 'negotiation-timeout'
  | 'stream-error'
  | 'closed-by-peer'
  | 'connection-lost'
  | 'bad-xml'
  | 'bad-stream'
  /** A stanza of a domain, or for one, that is not proved on this stream. */
  | 'not-allowed'
  /** Nothing is confirmed any more (XEP-0198, or the barrier). */
  | 'unconfirmed'
  | 'idle'
  | 'stopped';

/** Why a stream ended, or could not begin. */
export interface ServerStreamFailure {
  readonly reason: ServerStreamEnd;
  /** The state in which it happened. */
  readonly during: string;
  /** With `stream-error` the peer's condition, else ours. */
  readonly condition?: StreamCondition | undefined;
  /** For the log. */
  readonly text?: string | undefined;
}
