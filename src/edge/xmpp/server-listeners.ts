// Where other servers connect: sockets in the clear (STARTTLS) and under TLS from the start (XEP-0368), and how many
// strangers are let in. Source: RFC 6120 §13.12; row S2S-08.

import { createServer, type Server, type Socket } from 'node:net';
import { StoxgateError } from '../../base/index.ts';
import { TlsAcceptor } from '../tls/index.ts';
import { InboundStream, type InboundHost } from './inbound-stream.ts';
import { ServerConnection, type Handshake } from './server-connection.ts';
import type { ServerContext } from './server-context.ts';
import type { ServerListen } from './server-options.ts';

const ALPN = ['xmpp-server'];
const BACKLOG = 1024;

export interface BoundListener {
  readonly transport: 'TCP' | 'TLS';
  readonly address: string;
  readonly port: number;
}

export class ServerListeners {
  readonly #context: ServerContext;
  readonly #host: Omit<InboundHost, 'proved' | 'ended'>;
  readonly #events: { proved(stream: InboundStream): void; ended(stream: InboundStream): void };
  readonly #clear: TlsAcceptor;
  readonly #direct: TlsAcceptor;
  readonly #servers: Server[] = [];
  readonly bound: BoundListener[] = [];
  readonly #streams = new Set<InboundStream>();
  /** Of those that have proved nothing: by address, handshakes of direct TLS included. */
  readonly #strangers = new Map<string, number>();
  #strangerCount = 0;
  #paused = false;
  #stopping = false;

  constructor(
    context: ServerContext,
    host: Omit<InboundHost, 'proved' | 'ended'>,
    events: { proved(stream: InboundStream): void; ended(stream: InboundStream): void },
  ) {
    this.#context = context;
    this.#host = host;
    this.#events = events;
    const handshakeMs = context.limits.negotiateTimeoutMs;
    const options = { requestCertificate: true, servers: context, handshakeMs };
    this.#clear = new TlsAcceptor(context.certificates, options);
    this.#direct = new TlsAcceptor(context.certificates, { ...options, alpn: ALPN });
  }

  /** Streams that came in: all, and those that have proved nothing yet. */
  get streams(): number {
    return this.#streams.size;
  }

  get strangers(): number {
    return this.#strangerCount;
  }

  /** Throws `ERR_XMPP_LISTEN` when an address cannot be had; what was bound before is closed again. */
  async start(listen: readonly ServerListen[]): Promise<void> {
    try {
      for (const place of listen) await this.#bind(place);
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  pauseReading(pause: boolean): void {
    this.#paused = pause;
    for (const stream of this.#streams) stream.pauseReading(pause);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const closed = this.#servers.map(
      (server) =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
        }),
    );
    await Promise.all([...this.#streams].map((stream) => stream.stop()));
    await Promise.all(closed);
  }

  async #bind({ transport, host, port }: ServerListen): Promise<void> {
    const server = createServer((socket) => this.#accept(socket, transport));
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => {
        const place = `${host} port ${port}`;
        reject(
          new StoxgateError('ERR_XMPP_LISTEN', `cannot listen on ${place}: ${cause.message}`, { cause }),
        );
      });
      server.listen({ host, port, backlog: BACKLOG }, resolve);
    });
    server.removeAllListeners('error');
    server.on('error', (error) => this.#context.report.handlerFault('listener', error));
    this.#servers.push(server);
    const address = server.address();
    if (address !== null && typeof address === 'object') {
      this.bound.push({ transport, address: address.address, port: address.port });
    }
  }

  #accept(socket: Socket, transport: 'TCP' | 'TLS'): void {
    socket.on('error', () => {});
    const address = socket.remoteAddress ?? '';
    const why = this.#turnsAway(address);
    if (why !== undefined) {
      if (why !== 'stopping') this.#context.report.turnedAway(why);
      socket.destroy();
      return;
    }
    const leave = this.#enter(address);
    if (transport === 'TCP') return this.#open(socket, undefined, leave);
    this.#direct.accept(socket, (secured) => {
      if (secured instanceof Error || this.#stopping) {
        leave();
        socket.destroy();
      } else this.#open(socket, secured, leave);
    });
  }

  #turnsAway(address: string): 'all' | 'address' | 'streams' | 'stopping' | undefined {
    const { unproved, unprovedPerAddress, streams } = this.#context.limits;
    if (this.#stopping) return 'stopping';
    if ((this.#strangers.get(address) ?? 0) >= unprovedPerAddress) return 'address';
    if (this.#strangerCount >= unproved) return 'all';
    return this.#streams.size >= streams ? 'streams' : undefined;
  }

  /** Counts a stranger until the returned function is called, which may be more than once. */
  #enter(address: string): () => void {
    this.#strangerCount += 1;
    this.#strangers.set(address, (this.#strangers.get(address) ?? 0) + 1);
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      this.#strangerCount -= 1;
      const left = (this.#strangers.get(address) ?? 1) - 1;
      if (left === 0) this.#strangers.delete(address);
      else this.#strangers.set(address, left);
    };
  }

  #open(socket: Socket, secured: ConstructorParameters<typeof ServerConnection>[1], leave: () => void): void {
    const handshake: Handshake = (plain, done, name) => this.#clear.accept(plain, done, name);
    const stream = new InboundStream(
      (sink) => new ServerConnection(socket, secured, this.#context.limits.xml, sink),
      secured !== undefined,
      handshake,
      this.#context,
      {
        ...this.#host,
        proved: (proved) => {
          leave();
          this.#events.proved(proved);
          if (this.#paused) proved.pauseReading(true);
        },
        ended: (ended) => {
          leave();
          this.#streams.delete(ended);
          this.#events.ended(ended);
        },
      },
    );
    this.#streams.add(stream);
  }
}
