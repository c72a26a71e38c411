// The XMPP end of a load: the server that a component connects to (XEP-0114), or a server of xmpp.test with two streams to
// the gateway's own (RFC 6120: STARTTLS, SASL EXTERNAL, then XEP-0198). Stanzas are texts in both.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { batched, read, type Pem } from './sip-end.ts';
import { attribute, StanzaCutter } from './stanza-cutter.ts';

export const GATEWAY_DOMAIN = 'gw.test';
export const XMPP_DOMAIN = 'xmpp.test';
export const SECRET = 'benchsecret';

const HOST = '127.0.0.1';
const NS_STREAM = 'http://etherx.jabber.org/streams';
const NS_SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const NS_TLS = 'urn:ietf:params:xml:ns:xmpp-tls';
const NS_SM = 'urn:xmpp:sm:3';
const STREAM_ID = 'bench-7';

export interface XmppEnd {
  /** Resolves when the gateway has its link, or has taken our stream. */
  linked(): Promise<void>;
  send(stanza: string): void;
  close(): void;
}

export type TakeStanza = (text: string) => void;

export async function openComponentServer(port: number, take: TakeStanza): Promise<XmppEnd> {
  let write: ((text: string) => void) | undefined;
  let up = Promise.withResolvers<void>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    const own = batched(socket);
    socket.on('close', () => {
      sockets.delete(socket);
      if (write !== own) return;
      write = undefined;
      up = Promise.withResolvers();
    });
    const cutter = new StanzaCutter({
      header: () => own(header('jabber:component:accept', GATEWAY_DOMAIN)),
      child: (text) => {
        if (text.startsWith('<handshake')) {
          const right = createHash('sha1').update(`${STREAM_ID}${SECRET}`).digest('hex');
          if (!text.includes(right)) throw new Error(`a wrong handshake: ${text}`);
          own('<handshake/>');
          write = own;
          up.resolve();
        } else if (text.startsWith('<iq') && attribute(text, 'to') === attribute(text, 'from')) {
          // The gateway asks itself, to hear that what it wrote before has passed.
          own(result(text));
        } else take(text);
      },
    });
    socket.on('data', (chunk: Buffer) => cutter.write(chunk));
    socket.on('error', () => undefined);
  });
  await listen(server, port);
  return {
    linked: () => up.promise,
    send: (stanza) => {
      if (write === undefined) throw new Error('the component is not there');
      write(stanza);
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** `port`: where the gateway's streams come; `gateway`: where ours goes. */
export async function openServer(
  port: number,
  gateway: number,
  pem: Pem,
  take: TakeStanza,
): Promise<XmppEnd> {
  const keys = read(pem);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    secured(socket, () => {
      accept(new TLSSocket(socket, { ...keys, isServer: true, requestCert: true }), take);
    });
  });
  await listen(server, port);
  const plain = connect(gateway, HOST);
  sockets.add(plain);
  const secure = connectTls({
    ...keys,
    ...{ socket: await startTls(plain), servername: GATEWAY_DOMAIN },
  });
  await once(secure, 'secureConnect');
  const { ready, send } = offer(secure);
  return {
    linked: () => ready,
    send,
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** A stream of the gateway up to its STARTTLS (RFC 6120 §5.4.2). */
function secured(socket: Socket, then: () => void): void {
  const cutter = new StanzaCutter({
    header: () => {
      const features = `<starttls xmlns='${NS_TLS}'><required/></starttls>`;
      const opening = header('jabber:server', XMPP_DOMAIN, GATEWAY_DOMAIN);
      socket.write(`${opening}<stream:features>${features}</stream:features>`);
    },
    child: (text) => {
      if (!text.startsWith('<starttls')) throw new Error(`not STARTTLS: ${text}`);
      socket.removeAllListeners('data');
      socket.write(`<proceed xmlns='${NS_TLS}'/>`);
      then();
    },
  });
  socket.on('data', (chunk: Buffer) => cutter.write(chunk));
  socket.on('error', () => undefined);
}

/** Our stream up to the same point. */
async function startTls(socket: Socket): Promise<Socket> {
  const proceeds = Promise.withResolvers<void>();
  const cutter = new StanzaCutter({
    header: () => undefined,
    child: (text) => {
      if (text.startsWith('<stream:features')) socket.write(`<starttls xmlns='${NS_TLS}'/>`);
      else if (text.startsWith('<proceed')) proceeds.resolve();
      else proceeds.reject(new Error(`no STARTTLS: ${text}`));
    },
  });
  socket.on('data', (chunk: Buffer) => cutter.write(chunk));
  socket.on('error', (error) => proceeds.reject(error));
  socket.write(header('jabber:server', XMPP_DOMAIN, GATEWAY_DOMAIN));
  await proceeds.promise;
  socket.removeAllListeners('data');
  return socket;
}

/** Our stream to the gateway: EXTERNAL, then stream management; one request for an acknowledgement at a time. */
function offer(socket: Socket): { readonly ready: Promise<void>; readonly send: (stanza: string) => void } {
  const up = Promise.withResolvers<void>();
  let sent = 0;
  let acknowledged = 0;
  let asked = false;
  const write = batched(socket, () => {
    if (asked || sent === acknowledged) return '';
    asked = true;
    return `<r xmlns='${NS_SM}'/>`;
  });
  const cutter = new StanzaCutter({
    header: () => undefined,
    child: (text) => {
      if (text.startsWith('<a ')) {
        acknowledged = Number(attribute(text, 'h'));
        asked = false;
        if (acknowledged < sent) write(' ');
      } else if (text.startsWith('<stream:features')) {
        if (text.includes('EXTERNAL')) write(`<auth xmlns='${NS_SASL}' mechanism='EXTERNAL'>=</auth>`);
        else if (text.includes(NS_SM)) write(`<enable xmlns='${NS_SM}'/>`);
        else throw new Error(`neither EXTERNAL nor XEP-0198: ${text}`);
      } else if (text.startsWith('<success')) {
        cutter.restart();
        write(header('jabber:server', XMPP_DOMAIN, GATEWAY_DOMAIN));
      } else if (text.startsWith('<enabled')) up.resolve();
      else if (!text.startsWith('<r')) throw new Error(`unexpected on our stream: ${text}`);
    },
  });
  socket.on('data', (chunk: Buffer) => cutter.write(chunk));
  socket.on('error', () => undefined);
  write(header('jabber:server', XMPP_DOMAIN, GATEWAY_DOMAIN));
  return {
    ready: up.promise,
    send: (stanza) => {
      sent += 1;
      write(stanza);
    },
  };
}

/** A stream of the gateway: EXTERNAL by its certificate, then stream management. */
function accept(socket: Socket, take: TakeStanza): void {
  const write = batched(socket);
  let authenticated = false;
  let managed = false;
  let handled = 0;
  const cutter = new StanzaCutter({
    header: () => {
      const mechanisms = `<mechanisms xmlns='${NS_SASL}'><mechanism>EXTERNAL</mechanism></mechanisms>`;
      const features = authenticated ? `<sm xmlns='${NS_SM}'/>` : mechanisms;
      const opening = header('jabber:server', XMPP_DOMAIN, GATEWAY_DOMAIN);
      write(`${opening}<stream:features>${features}</stream:features>`);
    },
    child: (text) => {
      if (text.startsWith('<r ')) write(`<a xmlns='${NS_SM}' h='${handled}'/>`);
      else if (text.startsWith('<auth')) {
        authenticated = true;
        cutter.restart();
        write(`<success xmlns='${NS_SASL}'/>`);
      } else if (text.startsWith('<enable')) {
        managed = true;
        write(`<enabled xmlns='${NS_SM}'/>`);
      } else {
        if (!managed) throw new Error(`without stream management: ${text}`);
        handled += 1;
        take(text);
      }
    },
  });
  socket.on('data', (chunk: Buffer) => cutter.write(chunk));
  socket.on('error', () => undefined);
}

function header(namespace: string, from: string, to?: string): string {
  const server = to === undefined ? '' : ` to='${to}' version='1.0'`;
  return `<?xml version='1.0'?><stream:stream xmlns='${namespace}' xmlns:stream='${NS_STREAM}' from='${from}'${server} id='${STREAM_ID}'>`;
}

/** The empty result of an iq. */
export function result(iq: string): string {
  const [id, from, to] = ['id', 'from', 'to'].map((name) => attribute(iq, name));
  return `<iq type='result' id='${id}' from='${to}' to='${from}'/>`;
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, HOST);
  await once(server, 'listening');
}
