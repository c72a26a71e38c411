// A TCP relay between the gateway and its XMPP server that can be cut, or go deaf as a path does whose other end is
// gone without a word. It writes down which messages it handed over, so that a loss has a place.

import { connect, createServer, type Server, type Socket } from 'node:net';
import { numbersIn } from './ledger.ts';

/** Longer than the text of any number. */
const CARRIED = 24;
/** How long what has arrived may be in the kernel of a process that is busy. */
const UNREAD_MS = 300;

interface Pair {
  readonly gateway: Socket;
  readonly server: Socket;
  deaf: boolean;
}

export class TcpProxy {
  /** Messages whose octets the kernel of the other side's socket took, and when it did, in milliseconds of the monotonic clock. */
  readonly passedToGateway = new Map<string, number>();
  readonly passedToServer = new Map<string, number>();
  cuts = 0;
  readonly #cutMs: number[] = [];
  readonly #target: number;
  readonly #listener: Server;
  readonly #pairs = new Set<Pair>();

  private constructor(target: number) {
    this.#target = target;
    this.#listener = createServer((socket) => this.#accept(socket));
  }

  static async open(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    await new Promise<void>((resolve) => proxy.#listener.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    const address = this.#listener.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  /** Whether the kernel of the gateway took it, and not so late that a reset took it away again before it was read (RFC 9293 §3.10.7.4). */
  handedOver(text: string): boolean {
    const at = this.passedToGateway.get(text);
    return at !== undefined && !this.#cutMs.some((cut) => at <= cut && cut - at < UNREAD_MS);
  }

  /** Resets every connection, both ways. */
  cut(): void {
    this.#cutMs.push(performance.now());
    for (const { gateway, server } of this.#pairs) {
      this.cuts += 1;
      gateway.resetAndDestroy();
      server.resetAndDestroy();
    }
  }

  /** Connections of now pass nothing any more and stay open; new ones are as ever. */
  deafen(): void {
    for (const pair of this.#pairs) {
      this.cuts += 1;
      pair.deaf = true;
    }
  }

  async close(): Promise<void> {
    for (const { gateway, server } of this.#pairs) {
      gateway.destroy();
      server.destroy();
    }
    await new Promise<void>((resolve) => {
      this.#listener.close(() => resolve());
    });
  }

  #accept(gateway: Socket): void {
    const server = connect(this.#target, '127.0.0.1');
    const pair: Pair = { gateway, server, deaf: false };
    this.#pairs.add(pair);
    for (const [from, to, passed] of [
      [gateway, server, this.passedToServer],
      [server, gateway, this.passedToGateway],
    ] as const) {
      let rest = '';
      from.setNoDelay(true);
      from.on('error', () => undefined);
      from.on('data', (chunk: Buffer) => {
        if (pair.deaf) return;
        const text = rest + chunk.toString('latin1');
        rest = text.slice(-CARRIED);
        const numbers = numbersIn(text);
        const goesOn = to.write(chunk, (error) => {
          if (error === undefined || error === null)
            for (const number of numbers) passed.set(number, performance.now());
        });
        if (goesOn) return;
        from.pause();
        to.once('drain', () => from.resume());
      });
      from.on('close', () => {
        // Whoever is left on a dead path does not hear of it.
        if (!pair.deaf) to.destroy();
        if (gateway.destroyed && server.destroyed) this.#pairs.delete(pair);
      });
    }
  }
}
