// The SIP end of a load: whole messages as texts, over UDP (many in a system call, where the addon is built), TCP or TLS.
// Nothing of a message is read but where it ends, so that the generator costs less than the gateway it drives.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { batchDatagramSocket } from '../../src/edge/sip/index.ts';
import { nodeDatagramSocket } from '../../src/edge/sip/datagram-socket.ts';

export type SipTransport = 'udp' | 'tcp' | 'tls';

/** Paths of PEM files. */
export interface Pem {
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
}

/** Octets that the kernel may keep for the generator: what is lost there is no fault of the gateway. */
const BUFFER_OCTETS = 32 * 1024 * 1024;
const HOST = '127.0.0.1';

/** Gets a message, and how to answer it on the way it came. */
export type TakeSip = (text: string, reply: (text: string) => void) => void;

export interface SipEnd {
  /** A request to the gateway. */
  send(text: string): void;
  close(): void;
}

export interface SipPlace {
  readonly transport: SipTransport;
  /** Of this end, and of the gateway. */
  readonly port: number;
  readonly gateway: number;
  /** With TLS: of this end. */
  readonly pem?: Pem;
  /** This end shows its certificate as a client too, and asks for that of the gateway. */
  readonly mutual?: boolean;
}

export async function openSip(place: SipPlace, take: TakeSip): Promise<SipEnd> {
  return place.transport === 'udp' ? overUdp(place, take) : overStream(place, take);
}

async function overUdp({ port, gateway }: SipPlace, take: TakeSip): Promise<SipEnd> {
  const make = batchDatagramSocket() ?? nodeDatagramSocket;
  const options = {
    ...({ family: 4, ipv6Only: false } as const),
    receiveBufferBytes: BUFFER_OCTETS,
    sendBufferBytes: BUFFER_OCTETS,
  };
  const send = (text: string): void => socket.send(Buffer.from(text, 'latin1'), HOST, gateway);
  const socket = make(options, {
    message: (bytes) =>
      take(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1'), send),
    error: (error) => {
      throw error;
    },
  });
  await socket.bind(HOST, port);
  return { send, close: () => void socket.close() };
}

/** One connection to the gateway for our requests, and whatever the gateway opens for its own (RFC 3261 §18). */
async function overStream(
  { transport, port, gateway, pem, mutual = false }: SipPlace,
  take: TakeSip,
): Promise<SipEnd> {
  const accepted = new Set<Socket>();
  const accept = (socket: Socket): void => {
    accepted.add(socket);
    follow(socket, take);
  };
  const keys = pem === undefined ? undefined : read(pem);
  const server =
    transport === 'tcp' ? createServer(accept) : createTlsServer({ ...keys, requestCert: mutual }, accept);
  server.listen(port, HOST);
  await once(server, 'listening');
  const own =
    transport === 'tcp'
      ? connect(gateway, HOST)
      : connectTls({ ...(mutual ? keys : { ca: keys?.ca }), host: HOST, port: gateway, checkServerIdentity });
  await once(own, transport === 'tcp' ? 'connect' : 'secureConnect');
  const write = follow(own, take);
  return {
    send: write,
    close: () => {
      server.close();
      for (const socket of [own, ...accepted]) socket.destroy();
    },
  };
}

/** The certificate is for gw.test, and the connection goes to an address. */
const checkServerIdentity = (): undefined => undefined;

export function read(pem: Pem): { readonly cert: Buffer; readonly key: Buffer; readonly ca: Buffer } {
  return { cert: readFileSync(pem.certificate), key: readFileSync(pem.key), ca: readFileSync(pem.ca) };
}

/** Cuts what comes into messages; what is written leaves at the end of the turn of the event loop. */
function follow(socket: Socket, take: TakeSip): (text: string) => void {
  const write = batched(socket);
  let rest = '';
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    rest = rest === '' ? chunk.toString('latin1') : rest + chunk.toString('latin1');
    let from = 0;
    for (;;) {
      const head = rest.indexOf('\r\n\r\n', from);
      if (head < 0) break;
      const at = rest.toLowerCase().indexOf('content-length:', from);
      const octets = at < 0 || at > head ? 0 : Number.parseInt(rest.slice(at + 15, at + 30), 10);
      const end = head + 4 + octets;
      if (rest.length < end) break;
      take(rest.slice(from, end), write);
      from = end;
    }
    rest = rest.slice(from);
  });
  return write;
}

/** One write for all texts of a turn. */
export function batched(socket: Socket, last: () => string = () => ''): (text: string) => void {
  socket.setNoDelay(true);
  let waiting = '';
  const flush = (): void => {
    const text = waiting + last();
    waiting = '';
    socket.write(text, 'latin1');
  };
  return (text) => {
    if (waiting === '') setImmediate(flush);
    waiting += text;
  };
}
