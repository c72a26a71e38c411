// A user agent in a web page: SIP over WebSocket, with a host that it made up (RFC 7118 §5).

import { once } from 'node:events';
import { WebSocket } from 'ws';
import { readSip, statusOf, type SipText } from '../peers/sip-text.ts';
import { Inbox } from './inbox.ts';
import { branchOf, requestBytes, responseBytes, unique, type RequestParts, type Answer } from './sip-peer.ts';

/** A user agent in a browser, as RFC 7118 has it. */
export class WebPhone {
  readonly responses = new Inbox<SipText>();
  readonly requests = new Inbox<SipText>();
  readonly host = `${unique('h')}.invalid`.toLowerCase();
  /** What it answers to requests. */
  answer: Answer = { status: 200 };
  readonly #socket: WebSocket;
  readonly #transport: 'WS' | 'WSS';

  private constructor(socket: WebSocket, transport: 'WS' | 'WSS') {
    this.#socket = socket;
    this.#transport = transport;
    socket.on('message', (data) => {
      const message = data instanceof Buffer ? readSip(data) : undefined;
      if (message === undefined) return;
      if (statusOf(message) !== undefined) return this.responses.push(message);
      this.requests.push(message);
      socket.send(responseBytes(message, this.answer));
    });
  }

  static async open(transport: 'WS' | 'WSS', port: number): Promise<WebPhone> {
    const url = `${transport.toLowerCase()}://127.0.0.1:${port}`;
    const socket = new WebSocket(url, 'sip', { rejectUnauthorized: false });
    await once(socket, 'open');
    return new WebPhone(socket, transport);
  }

  ask(parts: RequestParts): Promise<SipText> {
    const { bytes, branch } = requestBytes(parts, this.#transport, this.host);
    this.#socket.send(bytes);
    return this.responses.next('the final response', (response) => branchOf(response) === branch);
  }

  close(): void {
    this.#socket.terminate();
  }
}
