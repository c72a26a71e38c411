// The server side of handshakes: takes a connected socket, and gives back the secured one or the reason why there is none.
// The socket may have been used before (STARTTLS), and a name been said on it. Certificates are chosen by SNI, else by that
// name, and renewed under way.

import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Clock } from '../../base/index.ts';
import type { CertificateStore } from './certificate-store.ts';
import { vouchFor } from './peer-identity.ts';
import type { Credentials } from './credentials.ts';
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
  readonly #store: CertificateStore;
  readonly #options: TlsAcceptorOptions;
  /** Each with what it shows a peer who asks for no name, or for that of nobody. */
  readonly #servers = new Map<Credentials, Server>();
  readonly #chains: ServerChains | undefined;
  /** Handshakes under way, by the ends of their connection. */
  readonly #pending = new Map<string, Done>();

  constructor(store: CertificateStore, options: TlsAcceptorOptions) {
    const { servers } = options;
    this.#store = store;
    this.#options = options;
    if (servers !== undefined) {
      this.#chains = new ServerChains(servers.clock, () => authoritiesOf(store.for().options.ca));
    }
    store.onChange(() => {
      this.#chains?.forget();
      // Handshakes under way end as they began.
      this.#servers.clear();
    });
  }

  /** Handshakes under way. */
  get pending(): number {
    return this.#pending.size;
  }

  /**
   * `done` is called once, later: with the secured socket, or with an error and the connection closed. `name`: the domain that
   * was asked for before TLS.
   */
  accept(socket: Socket, done: Done, name?: string): void {
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
    this.#serverFor(name).emit('connection', socket);
  }

  #serverFor(name: string | undefined): Server {
    const credentials = this.#store.for(name);
    const known = this.#servers.get(credentials);
    if (known !== undefined) return known;
    const { requestCertificate, alpn, handshakeMs } = this.#options;
    const server = createServer({
      ...SECURE_CONTEXT,
      ...credentials.options,
      requestCert: requestCertificate,
      rejectUnauthorized: false,
      handshakeTimeout: handshakeMs,
      SNICallback: (wanted, choose) => choose(null, this.#store.for(wanted, credentials).context),
      ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
    });
    server.on('secureConnection', (socket) => {
      if (this.#chains?.accepts(socket) === true) vouchFor(socket);
      this.#take(socket)?.(socket);
    });
    server.on('tlsClientError', (error, socket) => {
      this.#take(socket)?.(error);
      socket.destroy();
    });
    this.#servers.set(credentials, server);
    return server;
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
