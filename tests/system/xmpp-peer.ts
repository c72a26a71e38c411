// The XMPP server of the system tests: takes component links, returns barriers when told to, and records every stanza.
// It is as strict as a real server: what is not well-formed, or not from the component's domain, is recorded as a fault.

import { createHash } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { serialize, XmlStreamParser, type XmlElement } from '../../src/xml/index.ts';
import { Inbox } from './inbox.ts';

export const SECRET = 'secret';
const STREAM_ID = 'stream-7';

/** `hold` keeps barriers until `release`; `never` throws them away. */
export type BarrierMode = 'return' | 'hold' | 'never';

export class XmppPeer {
  barrier: BarrierMode = 'return';
  /** False: connections are taken, but no handshake is answered. */
  welcome = true;
  /** What is said at once to a stanza, and so before the barrier behind it returns. */
  react: (stanza: XmlElement) => string | undefined = () => undefined;
  /** What was on its way when the gateway ended the stream: written before the answering end tag. */
  lastWords = '';
  readonly stanzas = new Inbox<XmlElement>();
  /** Why a real server would have closed a stream. */
  readonly faults: string[] = [];
  /** Stream errors of the gateway (RFC 6120 §4.9). */
  readonly streamErrors: XmlElement[] = [];
  /** Accepted handshakes so far. */
  links = 0;
  readonly #server: Server;
  /** Connections with the component domain that they announced. */
  readonly #sockets = new Map<Socket, string>();
  readonly #up = new Set<Socket>();
  #held: (() => void)[] = [];
  #port = 0;

  private constructor() {
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async open(port = 0): Promise<XmppPeer> {
    const peer = new XmppPeer();
    await peer.listen(port);
    return peer;
  }

  get port(): number {
    return this.#port;
  }

  /** Some component has shaken hands and is connected. */
  get linked(): boolean {
    return this.#up.size > 0;
  }

  async listen(port = this.#port): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address !== null && typeof address === 'object') this.#port = address.port;
  }

  /** Writes XML to every link, or to that of one domain. `handed` hears when the kernel took it, or that it did not. */
  write(xml: string, domain?: string, handed?: (error?: Error | null) => void): void {
    for (const [socket, itsDomain] of this.#sockets) {
      if (domain === undefined || domain === itsDomain) socket.write(xml, handed);
    }
  }

  /** Returns the barriers that were kept back. */
  release(): void {
    const held = this.#held;
    this.#held = [];
    for (const give of held) give();
  }

  /** Ends every link without a word. */
  drop(): void {
    this.#held = [];
    for (const socket of this.#sockets.keys()) socket.destroy();
  }

  /** Stops listening and drops everybody; `listen` begins again. */
  async close(): Promise<void> {
    this.drop();
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #accept(socket: Socket): void {
    let domain = '';
    socket.setNoDelay(true);
    this.#sockets.set(socket, '');
    const parser = new XmlStreamParser(
      { contentNamespaces: ['jabber:component:accept'] },
      {
        streamOpen: (header) => {
          domain = header.attr('to') ?? '';
          this.#sockets.set(socket, domain);
          socket.write(
            `<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream=` +
              `'http://etherx.jabber.org/streams' from='${domain}' id='${STREAM_ID}'>`,
          );
        },
        element: (element) => this.#element(socket, element, domain),
        streamClose: () => socket.end(`${this.lastWords}</stream:stream>`),
        error: (error) => {
          this.faults.push(`${error.condition}: ${error.message}`);
          socket.destroy();
        },
      },
    );
    socket.on('data', (chunk: Buffer) => parser.write(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#up.delete(socket);
    });
  }

  #element(socket: Socket, element: XmlElement, domain: string): void {
    if (element.name === 'handshake') return this.#shake(socket, element);
    if (element.name === 'error') {
      this.streamErrors.push(element);
      return;
    }
    const from = element.attr('from') ?? '';
    const to = element.attr('to') ?? '';
    // COMP-03: real servers close the link for everybody.
    const sender = from.split('/', 1)[0]?.split('@').at(-1);
    if (sender !== domain || to === '') this.faults.push(`improper addressing: from ${from} to ${to}`);
    if (element.name === 'iq' && from === to) return this.#ping(socket, element);
    // Before the stanza is shown to the test, so that its barrier cannot be overtaken.
    const reaction = this.react(element);
    if (reaction !== undefined) socket.write(reaction);
    this.stanzas.push(element);
  }

  #shake(socket: Socket, element: XmlElement): void {
    const right = createHash('sha1').update(`${STREAM_ID}${SECRET}`).digest('hex');
    if (element.text() !== right) this.faults.push('a wrong handshake');
    if (!this.welcome) return;
    this.links += 1;
    this.#up.add(socket);
    socket.write('<handshake/>');
  }

  #ping(socket: Socket, element: XmlElement): void {
    const give = (): void => {
      if (!socket.destroyed) socket.write(serialize(element));
    };
    if (this.barrier === 'return') give();
    else if (this.barrier === 'hold') this.#held.push(give);
  }
}

export interface StanzaParts {
  readonly from?: string;
  readonly to?: string;
  readonly id?: string;
  readonly type?: string;
  readonly lang?: string;
  readonly body?: string;
  /** XML. */
  readonly more?: string;
}

export const JULIET = 'juliet@example.com/balcony';
export const ROMEO = 'romeo@example.net';

/** A message of a client, as its server hands it to the component. */
export function messageXml(parts: StanzaParts): string {
  const { from = JULIET, to = ROMEO, id, type, lang, body, more = '' } = parts;
  const attributes = { from, to, id, type, 'xml:lang': lang };
  const text = body === undefined ? '' : `<body>${escapeXml(body)}</body>`;
  return `<message${attributesXml(attributes)}>${text}${more}</message>`;
}

export function iqXml(type: string, id: string, to: string, payload: string): string {
  return `<iq${attributesXml({ type, id, to, from: JULIET })}>${payload}</iq>`;
}

export const STANZAS_NS = 'urn:ietf:params:xml:ns:xmpp-stanzas';

/** An error about a message that came from SIP, as the XMPP side answers it (RFC 6120 §8.3.1). */
export function errorXml(
  about: XmlElement,
  condition: string,
  options: {
    readonly type?: string;
    readonly from?: string;
    readonly text?: string;
    readonly address?: string;
  } = {},
): string {
  const { type = 'cancel', from = about.attr('to') ?? '', text, address = '' } = options;
  const attributes = attributesXml({ from, to: about.attr('from'), id: about.attr('id'), type: 'error' });
  const words = text === undefined ? '' : `<text xmlns='${STANZAS_NS}'>${escapeXml(text)}</text>`;
  const named =
    condition === '' ? '' : `<${condition} xmlns='${STANZAS_NS}'>${escapeXml(address)}</${condition}>`;
  return `<message${attributes}><error type='${type}'>${named}${words}</error></message>`;
}

/** XEP-0184. */
export function receiptXml(about: XmlElement): string {
  const attributes = attributesXml({ from: about.attr('to'), to: about.attr('from'), id: 'r1' });
  return `<message${attributes}><received xmlns='urn:xmpp:receipts' id='${about.attr('id')}'/></message>`;
}

function attributesXml(attributes: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(attributes)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([name, value]) => ` ${name}='${escapeXml(value)}'`)
    .join('');
}

export function escapeXml(text: string): string {
  return text.replace(/[&<>'"\r\n\t]/g, (character) => `&#${character.charCodeAt(0)};`);
}

export const bodyOf = (stanza: XmlElement): string | undefined => stanza.child('body')?.text();

/** Condition, type and address of an error stanza. */
export function errorOf(stanza: XmlElement): {
  readonly condition: string | undefined;
  readonly type: string | undefined;
  readonly text: string | undefined;
  readonly address: string;
} {
  const error = stanza.child('error');
  const named = [...(error?.elements() ?? [])].filter((child) => child.ns === STANZAS_NS);
  const condition = named.find((child) => child.name !== 'text');
  return {
    condition: condition?.name,
    type: error?.attr('type'),
    text: named.find((child) => child.name === 'text')?.text(),
    address: condition?.text() ?? '',
  };
}
