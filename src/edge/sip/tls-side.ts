// What SIP over TLS needs beside TCP: certificates, handshakes of both sides, and who the peer is (RFC 5922 §7).

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../base/index.ts';
import type { Target } from '../../sip/index.ts';
import {
  coversSipHost,
  peerIdentity,
  secureClient,
  SessionCache,
  sipDomainsOf,
  TlsAcceptor,
  type CertificateStore,
} from '../tls/index.ts';
import type { Verification } from './stream-connection.ts';
import { transportError } from './transport-error.ts';

export interface TlsSideOptions {
  /** RFC 5922 §7.4: whether clients are asked for a certificate. */
  readonly requestCertificate: boolean;
  readonly handshakeMs: number;
}

export class TlsSide {
  readonly acceptor: TlsAcceptor;
  readonly #store: CertificateStore;
  readonly #sessions: SessionCache;

  constructor(store: CertificateStore, clock: Clock, options: TlsSideOptions) {
    this.acceptor = new TlsAcceptor(store, options);
    this.#store = store;
    this.#sessions = new SessionCache(clock);
    // What was verified by other authorities is verified again.
    store.onChange(() => this.#sessions.clear());
  }

  /** Begins the handshake of an outbound connection. */
  secure(socket: Socket, target: Target): TLSSocket {
    const name = target.names?.[0] ?? target.address;
    const key = `${target.address} ${target.port} ${name}`;
    return secureClient(socket, this.#store, {
      name: name.startsWith('[') ? name.slice(1, -1) : name,
      sessions: { cache: this.#sessions, key },
    });
  }

  /** RFC 5922 §7.3: the server has to prove that it is one of the hosts that were asked for. */
  verification(socket: TLSSocket, { names = [], address, port }: Target): Verification {
    return {
      verify: () => {
        const identity = peerIdentity(socket);
        const where = `${address} port ${port}`;
        if (!identity.verified) {
          const text = `the certificate of ${where} is not trusted (${identity.reason})`;
          return transportError('ERR_SIP_TRANSPORT_CERTIFICATE', text);
        }
        const domains = sipDomainsOf(identity.names);
        if (names.some((name) => coversSipHost(identity.names, name))) return domains;
        const named = domains.length === 0 ? 'nobody' : domains.slice(0, 5).join(', ');
        const text = `the certificate of ${where} names ${named}, not ${names.join(' or ')}`;
        return transportError('ERR_SIP_TRANSPORT_CERTIFICATE', text);
      },
    };
  }
}

/** RFC 5922 §7.4: whom a client is by its certificate; undefined: nobody who could be verified. */
export function certifiedDomains(socket: TLSSocket): readonly string[] | undefined {
  const identity = peerIdentity(socket);
  if (!identity.verified) return undefined;
  const domains = sipDomainsOf(identity.names);
  return domains.length === 0 ? undefined : domains;
}
