// One connection between servers with the XML of one stream on it, first in the clear or from the start under TLS: octets
// in, events out. Sources: RFC 6120 §3, §4, §5.4; XEP-0368. After `destroy` the sink hears nothing more.

import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { XmlStreamParser, type XmlElement, type XmlLimits } from '../../xml/index.ts';
import { NS_SERVER, type HeaderFault, type StreamHead } from '../../xmpp/index.ts';
import { peerIdentity, type PeerIdentity } from '../tls/index.ts';

/** The system's own probes, against routers that forget. */
const TCP_KEEP_ALIVE_MS = 60_000;

export interface ServerConnectionSink {
  /** Octets came in, before anything is made of them. */
  heard(octets: number): void;
  streamOpen(head: StreamHead): void;
  element(el: XmlElement): void;
  streamClosed(): void;
  badXml(error: HeaderFault): void;
  /** The handshake that `secure` began is done. */
  secured(identity: PeerIdentity): void;
  tlsFailed(text: string): void;
  /** The last event. */
  disconnected(error: Error | undefined): void;
  /** Everything written is with the system. */
  drained(): void;
}

/** Begins a handshake on a socket; `done` is called once, later. `name`: the domain that the peer has asked for in the clear. */
export type Handshake = (socket: Socket, done: (result: TLSSocket | Error) => void, name?: string) => void;

const UNVERIFIED: PeerIdentity = { verified: false, reason: 'none' };

export class ServerConnection {
  #socket: Socket;
  #sink: ServerConnectionSink | undefined;
  readonly #parser: XmlStreamParser;
  #identity: PeerIdentity;
  #error: Error | undefined;
  #securing = false;
  readonly remoteAddress: string;
  /** Resolves when the connection is gone, also after `destroy`. */
  readonly closed: Promise<void>;
  readonly #gone: () => void;

  /** A connected socket; with TLS already done it is a TLSSocket. */
  constructor(
    socket: Socket,
    secured: TLSSocket | undefined,
    limits: Partial<XmlLimits>,
    sink: ServerConnectionSink,
  ) {
    this.#sink = sink;
    this.#socket = secured ?? socket;
    this.#identity = secured === undefined ? UNVERIFIED : peerIdentity(secured);
    this.remoteAddress = socket.remoteAddress ?? '';
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.closed = promise;
    this.#gone = () => resolve(undefined);
    this.#parser = new XmlStreamParser(
      { limits, contentNamespaces: [NS_SERVER] },
      {
        streamOpen: (header, info) =>
          this.#sink?.streamOpen({
            name: header.name,
            ns: header.ns,
            defaultNs: info.defaultNs,
            from: header.attr('from'),
            to: header.attr('to'),
            id: header.attr('id'),
            version: header.attr('version'),
          }),
        element: (el) => this.#sink?.element(el),
        streamClose: () => this.#sink?.streamClosed(),
        error: ({ condition, message }) => this.#sink?.badXml({ condition, text: message }),
      },
    );
    socket.setNoDelay(true);
    socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
    this.#listen(this.#socket);
  }

  /** What the peer's certificate says; nothing before TLS. */
  get identity(): PeerIdentity {
    return this.#identity;
  }

  /** Octets that the system has not taken yet. */
  get unsent(): number {
    return this.#socket.writableLength;
  }

  write(text: string): void {
    if (this.#socket.writable) this.#socket.write(Buffer.from(text, 'utf8'));
  }

  /** The parser expects a new stream header. */
  restart(): void {
    this.#parser.reset();
  }

  /** RFC 6120 §5.4.3.3: what is still in hand of the clear stream is dropped, and TLS begins. */
  secure(handshake: Handshake, name?: string): void {
    this.#parser.stop();
    this.#securing = true;
    const plain = this.#socket;
    plain.removeAllListeners('data');
    plain.removeAllListeners('drain');
    plain.pause();
    handshake(
      plain,
      (result) => {
        this.#securing = false;
        if (result instanceof Error) {
          const sink = this.#sink;
          this.#sink = undefined;
          plain.destroy();
          sink?.tlsFailed(result.message);
          return;
        }
        this.#socket = result;
        this.#identity = peerIdentity(result);
        this.#listen(result);
        if (this.#sink === undefined) {
          result.destroy();
          return;
        }
        this.#sink.secured(this.#identity);
      },
      name,
    );
  }

  pause(): void {
    if (!this.#securing) this.#socket.pause();
  }

  resume(): void {
    if (!this.#securing) this.#socket.resume();
  }

  /** Ends our side after what is written; the peer's end is still read. */
  end(): void {
    this.#socket.end();
    this.resume();
  }

  /** At once and without a further event. */
  destroy(): void {
    this.#sink = undefined;
    this.#parser.stop();
    this.#socket.destroy();
  }

  #listen(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      if (this.#sink === undefined) return;
      this.#sink.heard(chunk.length);
      // The sink may have ended it because of their number.
      if (this.#sink !== undefined) this.#parser.write(chunk);
    });
    socket.on('drain', () => this.#sink?.drained());
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('close', () => {
      // A plain socket under a handshake is told about by the handshake.
      if (socket !== this.#socket || this.#securing) return;
      const sink = this.#sink;
      this.#sink = undefined;
      sink?.disconnected(this.#error);
      this.#gone();
    });
  }
}
