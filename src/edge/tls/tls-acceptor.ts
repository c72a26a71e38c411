// The server side of handshakes: takes a connected socket, and gives back the secured one or the reason why there is none.
// The socket may have been used before (STARTTLS). Certificates are chosen by SNI and renewed under way.

import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Clock } from '../../base/index.ts';
import type { CertificateStore } from './certificate-store.ts';
import { vouchFor } from './peer-identity.ts';
import { SECURE_CONTEXT } from './protocol.ts';
import { authoritiesOf, ServerChains } from './server-chains.ts';

export interface TlsAcceptorOptions {
  /** Whether the peer is asked for a certificate; one that is missing or bad is told, and does not end the handshake. */
  readonly requestCertificate: boolean;
  /**
   * Peers are servers themselves: a certificate that is for servers only is a good one. Absent: it has to be one for clients.
   */
  readonly servers?: { readonly clock: Clock } | undefined;
  /** Names of ALPN that are understood (RFC 7301); a peer that offers only others is refused. */
  readonly alpn?: readonly string[];
  /** The longest that a handshake may take, in milliseconds. */
  readonly handshakeMs: number;
}

type Done = (result: TLSSocket | Error) => void;

/** See the file head. */
export class TlsAcceptor {
  readonly #server: Server;
  readonly #chains: ServerChains | undefined;
  /** Handshakes under way, by the ends of their connection. */
  readonly #pending = new Map<string, Done>();

  constructor(
    store: CertificateStore,
    { requestCertificate, servers, alpn, handshakeMs }: TlsAcceptorOptions,
  ) {
    if (servers !== undefined) {
      this.#chains = new ServerChains(servers.clock, () => authoritiesOf(store.for().options.ca));
    }
    this.#server = createServer({
      ...SECURE_CONTEXT,
      ...store.for().options,
      requestCert: requestCertificate,
      rejectUnauthorized: false,
      handshakeTimeout: handshakeMs,
      SNICallback: (name, choose) => choose(null, store.for(name).context),
      ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
    });
    store.onChange(() => {
      this.#chains?.forget();
      this.#server.setSecureContext({ ...SECURE_CONTEXT, ...store.for().options });
    });
    this.#server.on('secureConnection', (socket) => {
      if (this.#chains?.accepts(socket) === true) vouchFor(socket);
      this.#take(socket)?.(socket);
    });
    this.#server.on('tlsClientError', (error, socket) => {
      this.#take(socket)?.(error);
      socket.destroy();
    });
  }

  /** Handshakes under way. */
  get pending(): number {
    return this.#pending.size;
  }

  /** `done` is called once, later: with the secured socket, or with an error and the connection closed. */
  accept(socket: Socket, done: Done): void {
    const key = keyOf(socket);
    // Who ends his side in the handshake has gone; after it he may still want answers.
    const { allowHalfOpen } = socket;
    socket.allowHalfOpen = false;
    const finish: Done = (result) => {
      if (!(result instanceof Error)) result.allowHalfOpen = allowHalfOpen;
      done(result);
    };
    this.#pending.set(key, finish);
    socket.once('close', () => {
      if (this.#pending.get(key) !== finish) return;
      this.#pending.delete(key);
      finish(new Error('the connection ended in the TLS handshake'));
    });
    // node:tls: connections that were accepted elsewhere are given to a TLS server by this event.
    this.#server.emit('connection', socket);
  }

  #take(socket: TLSSocket): Done | undefined {
    const key = keyOf(socket);
    const done = this.#pending.get(key);
    this.#pending.delete(key);
    return done;
  }
}

function keyOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
