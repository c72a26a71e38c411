// What may stand where a server should: a host that takes connections and cuts them, one whose certificate is somebody else's,
// and a relay before the real server that dies when it is told to.
import { readFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { TestCertificate } from '../peers/test-ca.ts';

export class DeadEnd {
  /** How often somebody connected. */
  calls = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket: Socket) => {
      this.calls += 1;
      this.#keep(socket);
    });
  }

  /** Closes at the first octets that come. */
  static cuts(address: string, port: number): Promise<DeadEnd> {
    const server = createServer((socket) => socket.once('data', () => socket.destroy()));
    return new DeadEnd(server).#listen(address, port);
  }

  /** TLS from the first octet, in the name of somebody else. */
  static impostor(address: string, port: number, { certificate, key }: TestCertificate): Promise<DeadEnd> {
    const server = createTlsServer({ cert: readFileSync(certificate), key: readFileSync(key) });
    server.on('tlsClientError', () => {});
    server.on('secureConnection', (socket) => socket.on('error', () => {}));
    return new DeadEnd(server).#listen(address, port);
  }

  static relay(address: string, port: number, target: string): Promise<DeadEnd> {
    const end: DeadEnd = new DeadEnd(
      createServer((near) => {
        const far = connect(port, target);
        end.#keep(far);
        near.pipe(far);
        far.pipe(near);
        far.once('close', () => near.destroy());
        near.once('close', () => far.destroy());
      }),
    );
    return end.#listen(address, port);
  }

  /** As a host that loses its power: resets, and nobody listens any more. */
  async die(): Promise<void> {
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #listen(address: string, port: number): Promise<this> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, address, () => resolve(this));
    });
  }
}
