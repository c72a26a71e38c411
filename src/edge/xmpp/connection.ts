// One TCP connection with the XML of one component stream on it: bytes in, events out.
// Sources: RFC 6120 §3, §4; row COMP-01. After `destroy` the sink hears nothing more.

import { connect, type Socket } from 'node:net';
import { XmlStreamParser, type XmlElement, type XmlLimits, type XmlStreamError } from '../../xml/index.ts';
import { NS_COMPONENT } from '../../xmpp/index.ts';

/** One buffer a connection, filled again for each read: a parser takes what it keeps as text. */
const READ_BUFFER_BYTES = 64 * 1024;
/** The system's own probes, against routers that forget; the link's own keep-alive decides (options.ts). */
const TCP_KEEP_ALIVE_MS = 60_000;

export interface ConnectionSink {
  connected(): void;
  /** Something came in: even white space shows that the peer is alive. */
  heard(): void;
  streamOpen(header: XmlElement, defaultNs: string): void;
  element(el: XmlElement): void;
  streamClosed(): void;
  badXml(error: XmlStreamError): void;
  /** The last event. */
  disconnected(error: Error | undefined): void;
  /** Everything written is with the system. */
  drained(): void;
}

export class Connection {
  readonly #socket: Socket;
  #sink: ConnectionSink | undefined;
  #error: Error | undefined;
  /** Resolves when the socket is closed, also after `destroy`. */
  readonly closed: Promise<void>;

  constructor(host: string, port: number, limits: Partial<XmlLimits>, sink: ConnectionSink) {
    this.#sink = sink;
    const parser = new XmlStreamParser(
      { limits, contentNamespaces: [NS_COMPONENT] },
      {
        streamOpen: (header, info) => this.#sink?.streamOpen(header, info.defaultNs),
        element: (el) => this.#sink?.element(el),
        streamClose: () => this.#sink?.streamClosed(),
        error: (error) => this.#sink?.badXml(error),
      },
    );
    this.#socket = connect({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
      onread: {
        buffer: Buffer.allocUnsafeSlow(READ_BUFFER_BYTES),
        callback: (length, buffer) => {
          if (this.#sink === undefined) return true;
          this.#sink.heard();
          parser.write(buffer.subarray(0, length));
          return true;
        },
      },
    });
    this.#socket.on('connect', () => this.#sink?.connected());
    this.#socket.on('drain', () => this.#sink?.drained());
    this.#socket.on('error', (error) => {
      this.#error = error;
    });
    this.closed = new Promise((resolve) => {
      this.#socket.on('close', () => {
        this.#sink?.disconnected(this.#error);
        this.#sink = undefined;
        resolve();
      });
    });
  }

  /** Octets that the system has not taken yet. */
  get unsent(): number {
    return this.#socket.writableLength;
  }

  /** As octets, not as text: so that `unsent` counts octets. */
  write(text: string): void {
    if (this.#socket.writable) this.#socket.write(Buffer.from(text, 'utf8'));
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Ends our side after what is written; the peer's end is still read. */
  end(): void {
    this.#socket.end();
  }

  /** At once and without a further event. */
  destroy(): void {
    this.#sink = undefined;
    this.#socket.destroy();
  }
}
