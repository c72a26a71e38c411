// The client side of a handshake: over a socket that is connected or being connected (STARTTLS as well), with the
// certificate of the domain that the gateway speaks for. The caller judges the peer by `peerIdentity` at "secureConnect":
// the certificate is never accepted here.

import { isIP, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { CertificateStore } from './certificate-store.ts';
import { peerIdentity, rememberOffered } from './peer-identity.ts';
import { SECURE_CONTEXT } from './protocol.ts';
import type { SessionCache } from './session-cache.ts';

export interface TlsClientOptions {
  /** The domain that is asked for (SNI); an address literal is not sent (RFC 6066 §3). */
  readonly name: string;
  /** For whom the gateway speaks: chooses its certificate. */
  readonly from?: string | undefined;
  readonly alpn?: readonly string[];
  /** Resumption: the cache, and the place in it (server and name). */
  readonly sessions?: { readonly cache: SessionCache; readonly key: string } | undefined;
}

/** Begins the handshake; the socket's events tell its end. */
export function secureClient(
  socket: Socket,
  store: CertificateStore,
  { name, from, alpn, sessions }: TlsClientOptions,
): TLSSocket {
  const session = sessions?.cache.get(sessions.key);
  const secured = connect({
    ...SECURE_CONTEXT,
    ...store.for(from).options,
    socket,
    ...(isIP(name) === 0 ? { servername: name } : {}),
    // Node would end the connection without a word to anybody, and by rules that are not those of SIP and XMPP.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
    ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
    ...(session === undefined ? {} : { session: Buffer.from(session.ticket) }),
  });
  if (session !== undefined) rememberOffered(secured, session.names);
  if (sessions !== undefined) {
    secured.on('session', (ticket) => {
      const identity = peerIdentity(secured);
      if (identity.verified) sessions.cache.set(sessions.key, { ticket, names: identity.names });
    });
  }
  return secured;
}
