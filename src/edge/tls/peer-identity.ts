// What a peer's certificate says after the handshake: whether it was verified, and whom it names.

import type { TLSSocket } from 'node:tls';
import { readCertificateNames, type CertificateNames } from './certificate-names.ts';

export type PeerIdentity =
  /** Path, times and purpose are good, and the names can be read. */
  | { readonly verified: true; readonly names: CertificateNames }
  /** No certificate (`reason` "none"), or one that was not verified, with OpenSSL's code for why. */
  | { readonly verified: false; readonly reason: string };

/** Of sockets that offered a session: whom its certificate named, which node:tls does not give again. */
const offered = new WeakMap<TLSSocket, CertificateNames>();

export function rememberOffered(socket: TLSSocket, names: CertificateNames): void {
  offered.set(socket, names);
}

/** What was found of finished handshakes: at a client, node:tls gives the certificate the first time only. */
const found = new WeakMap<TLSSocket, PeerIdentity>();

/** The identity of the peer of a finished handshake, client or server. */
export function peerIdentity(socket: TLSSocket): PeerIdentity {
  let identity = found.get(socket);
  if (identity === undefined) {
    identity = readIdentity(socket);
    found.set(socket, identity);
  }
  return identity;
}

/** The certificate was found good in another way: from now on that is the identity of the peer. */
export function vouchFor(socket: TLSSocket): void {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return;
  const names = readCertificateNames(certificate.raw);
  if (names.ok) found.set(socket, { verified: true, names: names.value });
}

function readIdentity(socket: TLSSocket): PeerIdentity {
  // RFC 8446 §2.2: who resumes has the keys of that session, which was kept only because it was verified.
  const known = socket.isSessionReused() ? offered.get(socket) : undefined;
  if (known !== undefined && socket.authorized) return { verified: true, names: known };
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return { verified: false, reason: 'none' };
  if (!socket.authorized) return { verified: false, reason: reasonOf(socket.authorizationError) };
  const names = readCertificateNames(certificate.raw);
  return names.ok ? { verified: true, names: names.value } : { verified: false, reason: names.error.code };
}

/** OpenSSL's code for why a certificate was not verified. Typed as an Error; node:tls gives the code as text in most places. */
export function reasonOf(error: unknown): string {
  if (typeof error === 'string') return error;
  if (error instanceof Error)
    return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
  return 'not verified';
}
