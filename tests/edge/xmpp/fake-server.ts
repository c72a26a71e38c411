// A small XMPP server for components on loopback: takes handshakes, returns barriers, and misbehaves on demand.

import { createHash } from 'node:crypto';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { serialize, XmlElement, XmlStreamParser } from '../../../src/xml/index.ts';

export interface FakeOptions {
  readonly secret?: string;
  /** What becomes of a ping of a domain to itself. */
  readonly barrier?: 'loop' | 'result' | 'error' | 'both' | 'never';
  /** What the server says to a handshake. */
  readonly handshake?: 'check' | 'never' | 'host-unknown' | 'conflict';
  readonly header?: string;
}

const HEADER =
  `<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' ` +
  `xmlns:stream='http://etherx.jabber.org/streams' from='sip.example.org' id='a&amp;b&quot;7'>`;

export class FakeServer {
  readonly #server: Server;
  readonly #secret: string;
  barrier: NonNullable<FakeOptions['barrier']>;
  handshake: NonNullable<FakeOptions['handshake']>;
  readonly #header: string;
  /** Connections so far. */
  connections = 0;
  /** All that is not a barrier, in order. */
  readonly stanzas: XmlElement[] = [];
  readonly pings: XmlElement[] = [];
  /** The chunks that arrived, as text. */
  readonly chunks: string[] = [];
  readonly headers: string[] = [];
  readonly errors: XmlElement[] = [];
  ended = 0;
  readonly sockets = new Set<Socket>();
  #port = 0;

  constructor(options: FakeOptions = {}) {
    this.#secret = options.secret ?? 'secret';
    this.barrier = options.barrier ?? 'loop';
    this.handshake = options.handshake ?? 'check';
    this.#header = options.header ?? HEADER;
    this.#server = createServer((socket) => this.#accept(socket));
  }

  get port(): number {
    return this.#port;
  }

  async listen(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address !== null && typeof address === 'object') this.#port = (address satisfies AddressInfo).port;
    return this;
  }

  /** Stops listening and drops everybody. */
  async close(): Promise<void> {
    this.drop();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  write(text: string | Uint8Array): void {
    for (const socket of this.sockets) socket.write(text);
  }

  drop(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  #accept(socket: Socket): void {
    this.connections += 1;
    socket.setNoDelay(true);
    this.sockets.add(socket);
    let id = '';
    const parser = new XmlStreamParser(
      { contentNamespaces: ['jabber:component:accept'] },
      {
        streamOpen: (header, info) => {
          this.headers.push(`${header.name} ${header.ns} ${info.defaultNs} ${header.attributes.join('|')}`);
          // What the id of HEADER reads as once it is unescaped.
          id = 'a&b"7';
          socket.write(this.#header);
        },
        element: (el) => this.#element(socket, el, id),
        streamClose: () => {
          this.ended += 1;
          socket.end('</stream:stream>');
        },
        error: () => socket.destroy(),
      },
    );
    socket.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk.toString('utf8'));
      parser.write(chunk);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => this.sockets.delete(socket));
  }

  #element(socket: Socket, el: XmlElement, streamId: string): void {
    if (el.name === 'handshake') this.#shake(socket, el, streamId);
    else if (el.name === 'error') this.errors.push(el);
    else if (el.name === 'iq' && el.attr('to') === el.attr('from')) this.#ping(socket, el);
    else this.stanzas.push(el);
  }

  #shake(socket: Socket, el: XmlElement, streamId: string): void {
    const right = createHash('sha1')
      .update(streamId + this.#secret)
      .digest('hex');
    if (this.handshake === 'never') return;
    if (this.handshake === 'check' && el.text() === right) {
      socket.write('<handshake/>');
      return;
    }
    const condition = this.handshake === 'check' ? 'not-authorized' : this.handshake;
    socket.end(
      `<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>` +
        `<text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>no</text></stream:error></stream:stream>`,
    );
  }

  #ping(socket: Socket, el: XmlElement): void {
    this.pings.push(el);
    const as = (type: string, children: readonly XmlElement[]): string => {
      const attributes = [
        'from',
        el.attr('from') ?? '',
        'to',
        el.attr('to') ?? '',
        'id',
        el.attr('id') ?? '',
      ];
      return serialize(new XmlElement('iq', el.ns, [...attributes, 'type', type], children));
    };
    const loop = as('get', [...el.elements()]);
    if (this.barrier === 'loop') socket.write(loop);
    else if (this.barrier === 'result') socket.write(as('result', []));
    else if (this.barrier === 'error') socket.write(as('error', []));
    else if (this.barrier === 'both') socket.write(loop + as('result', []));
  }
}
