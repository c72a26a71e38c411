// A component of an XMPP server (XEP-0114) for a moment: it says what it is told to and hears what comes.
import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { mustBecome } from './wait.ts';
import type { ComponentAccount } from './xmpp-server.ts';

export class XmppComponent {
  readonly domain: string;
  /** Everything that the server wrote. */
  heard = '';
  readonly #socket: Socket;

  private constructor(domain: string, socket: Socket) {
    this.domain = domain;
    this.#socket = socket;
    socket.on('error', () => {});
    socket.setEncoding('utf8').on('data', (text: string) => {
      this.heard += text;
    });
  }

  /** Connected, and its secret taken (XEP-0114 §3). */
  static async online({ domain, secret, port }: ComponentAccount): Promise<XmppComponent> {
    const component = new XmppComponent(domain, connect({ host: '127.0.0.1', port }));
    component.write(
      `<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='${domain}'>`,
    );
    const [, id = ''] = await component.hears(/<stream:stream[^>]*\sid=['"]([^'"]+)['"]/);
    const digest = createHash('sha1').update(`${id}${secret}`).digest('hex');
    component.write(`<handshake>${digest}</handshake>`);
    await component.hears(/<handshake\s*\/>|<handshake><\/handshake>/);
    return component;
  }

  write(xml: string): void {
    this.#socket.write(xml);
  }

  /** Waits until what was written to it holds `pattern`. */
  async hears(pattern: RegExp, timeoutMs = 10_000): Promise<RegExpExecArray> {
    const what = `${pattern} at the component ${this.domain}`;
    return await mustBecome(what, () => pattern.exec(this.heard) ?? undefined, timeoutMs);
  }

  /** Ends the stream; nothing else is said. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#socket.once('close', () => resolve());
      this.#socket.end('</stream:stream>');
      setTimeout(() => this.#socket.destroy(), 1_000).unref();
    });
  }
}
