// The SIP user agents of the system tests: exact requests over UDP or TCP, answers on demand, nothing automatic.

import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { connect, createServer, type Server, type Socket as TcpSocket } from 'node:net';
import { header, parameter, readSip, statusOf, writeSip, type SipText } from '../peers/sip-text.ts';
import { Inbox } from './inbox.ts';

export interface RequestParts {
  readonly method?: string;
  readonly uri?: string;
  /** The whole value without the tag. */
  readonly from?: string;
  readonly fromTag?: string;
  readonly to?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly branch?: string;
  readonly maxForwards?: number;
  readonly headers?: readonly (readonly [string, string])[];
  /** undefined: text/plain when there is a body; null: none. */
  readonly contentType?: string | null;
  readonly body?: string | Uint8Array;
}

export interface Answer {
  readonly status: number;
  readonly reason?: string;
  readonly headers?: readonly (readonly [string, string])[];
  /** A session description. */
  readonly sdp?: string;
  /** To tag; by default one that is made up. */
  readonly tag?: string;
}

let serial = 0;
/** Unique in this process, so that no two tests meet. */
export function unique(prefix: string): string {
  serial += 1;
  return `${prefix}${process.pid}-${serial}`;
}

/** The octets of a request, and the branch by which its responses are known. */
export function requestBytes(
  parts: RequestParts,
  transport: string,
  host: string,
): { bytes: Buffer; branch: string } {
  const { method = 'MESSAGE', uri = 'sip:juliet@example.com', from = '<sip:romeo@example.net>' } = parts;
  const branch = parts.branch ?? `z9hG4bK${unique('b')}`;
  const body = Buffer.from(parts.body ?? '');
  const type = parts.contentType === undefined ? 'text/plain' : parts.contentType;
  const bytes = writeSip(
    `${method} ${uri} SIP/2.0`,
    [
      ['Via', `SIP/2.0/${transport} ${host};branch=${branch};rport`],
      ['Max-Forwards', String(parts.maxForwards ?? 70)],
      ['From', `${from};tag=${parts.fromTag ?? unique('t')}`],
      ['To', parts.to ?? '<sip:juliet@example.com>'],
      ['Call-ID', parts.callId ?? unique('call')],
      ['CSeq', `${parts.cseq ?? 1} ${method}`],
      ...(body.length > 0 && type !== null ? [['Content-Type', type] as const] : []),
      ...(parts.headers ?? []),
    ],
    body,
  );
  return { bytes, branch };
}

/** A response to a request that came, as a user agent writes it (RFC 3261 §8.2.6). */
export function responseBytes(request: SipText, answer: Answer): Buffer {
  const vias = (request.headers.get('via') ?? []).map((value) => ['Via', value] as const);
  const to = header(request, 'to');
  return writeSip(
    `SIP/2.0 ${answer.status} ${answer.reason ?? 'As the test says'}`,
    [
      ...vias,
      ['From', header(request, 'from')],
      ['To', parameter(to, 'tag') === undefined ? `${to};tag=${answer.tag ?? unique('u')}` : to],
      ['Call-ID', header(request, 'call-id')],
      ['CSeq', header(request, 'cseq')],
      ...(answer.headers ?? []),
      ...(answer.sdp === undefined ? [] : [['Content-Type', 'application/sdp'] as const]),
    ],
    Buffer.from(answer.sdp ?? ''),
  );
}

export const branchOf = (message: SipText): string => parameter(header(message, 'via'), 'branch') ?? '';
export const textOf = (message: SipText): string => message.body.toString('utf8');

/** Over UDP. */
export class SipPeer {
  /** Requests, each once. */
  readonly requests = new Inbox<SipText>();
  readonly responses = new Inbox<SipText>();
  retransmissions = 0;
  /** What a request is answered with; undefined: nothing. */
  answer: (request: SipText) => number | Answer | undefined = () => 200;
  readonly #socket: Socket;
  readonly #host: string;
  readonly #seen = new Map<string, Buffer | undefined>();
  readonly #sources = new Map<SipText, RemoteInfo>();

  private constructor(socket: Socket, host: string) {
    this.#socket = socket;
    this.#host = host;
    socket.on('message', (datagram, remote) => this.#receive(datagram, remote));
  }

  static async open(host = '127.0.0.1', port = 0): Promise<SipPeer> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 2_000_000 });
    await new Promise<void>((resolve) => socket.bind(port, host, resolve));
    return new SipPeer(socket, host);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  send(bytes: Uint8Array, port: number): void {
    this.#socket.send(bytes, port, '127.0.0.1');
  }

  /** Sends a request and gives its branch. */
  sendRequest(parts: RequestParts, port: number): string {
    const { bytes, branch } = requestBytes(parts, 'UDP', `${this.#host}:${this.port}`);
    this.send(bytes, port);
    return branch;
  }

  /** Sends a request and waits for its final response. */
  ask(parts: RequestParts, port: number, patienceMs?: number): Promise<SipText> {
    return this.final(this.sendRequest(parts, port), patienceMs);
  }

  final(branch: string, patienceMs?: number): Promise<SipText> {
    return this.responses.next(
      'the final response',
      (response) => branchOf(response) === branch && (statusOf(response) ?? 0) >= 200,
      patienceMs,
    );
  }

  /** Answers a request that `answer` left without one. */
  respond(request: SipText, answer: number | Answer): void {
    const remote = this.#sources.get(request);
    if (remote === undefined) throw new Error('a request that was never received');
    const bytes = responseBytes(request, typeof answer === 'number' ? { status: answer } : answer);
    this.#seen.set(keyOf(request), bytes);
    this.#socket.send(bytes, remote.port, remote.address);
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(resolve));
  }

  #receive(datagram: Buffer, remote: RemoteInfo): void {
    const message = readSip(datagram);
    if (message === undefined) return;
    if (statusOf(message) !== undefined) return this.responses.push(message);
    const key = keyOf(message);
    if (this.#seen.has(key)) {
      this.retransmissions += 1;
      const answered = this.#seen.get(key);
      if (answered !== undefined) this.#socket.send(answered, remote.port, remote.address);
      return;
    }
    this.#seen.set(key, undefined);
    this.#sources.set(message, remote);
    const answer = this.answer(message);
    this.requests.push(message);
    if (answer !== undefined) this.respond(message, answer);
  }
}

function keyOf(request: SipText): string {
  return `${branchOf(request)} ${header(request, 'cseq')}`;
}

/** Cuts a byte stream into messages by Content-Length (RFC 3261 §18.3). */
class Cutter {
  #rest: Buffer = Buffer.alloc(0);
  readonly #take: (message: SipText) => void;

  constructor(take: (message: SipText) => void) {
    this.#take = take;
  }

  write(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const end = this.#rest.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = readSip(this.#rest.subarray(0, end + 4));
      const total = end + 4 + Number(head === undefined ? 0 : header(head, 'content-length'));
      if (this.#rest.length < total) return;
      const message = readSip(this.#rest.subarray(0, total));
      this.#rest = this.#rest.subarray(total);
      if (message !== undefined) this.#take(message);
    }
  }
}

/** A user agent that opens one TCP connection to the gateway. */
export class TcpCaller {
  readonly responses = new Inbox<SipText>();
  readonly #socket: TcpSocket;
  closed = false;

  private constructor(socket: TcpSocket) {
    this.#socket = socket;
    const cutter = new Cutter((message) => this.responses.push(message));
    socket.on('data', (chunk: Buffer) => cutter.write(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.closed = true;
    });
  }

  /** Over a connection of another kind, which is open. */
  static over(socket: TcpSocket): TcpCaller {
    return new TcpCaller(socket);
  }

  static async open(port: number): Promise<TcpCaller> {
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new TcpCaller(socket);
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  ask(parts: RequestParts, transport = 'TCP'): Promise<SipText> {
    const { bytes, branch } = requestBytes(parts, transport, `127.0.0.1:${this.#socket.localPort}`);
    this.write(bytes);
    return this.responses.next('the final response', (response) => branchOf(response) === branch);
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Makes a server of connections: plain ones, or secured ones. */
export type MakeServer = (connected: (socket: TcpSocket) => void) => Server;

/** A SIP server over TCP that answers everything with 200. */
export class TcpAnswerer {
  readonly requests = new Inbox<SipText>();
  readonly #server: Server;
  readonly #sockets = new Set<TcpSocket>();

  /** What is done with a request; by default it is answered with 200. */
  act: (message: SipText, socket: TcpSocket) => void = (message, socket) =>
    socket.write(responseBytes(message, { status: 200 }));

  private constructor(make: MakeServer) {
    this.#server = make((socket) => {
      this.#sockets.add(socket);
      const cutter = new Cutter((message) => {
        this.requests.push(message);
        this.act(message, socket);
      });
      socket.on('data', (chunk: Buffer) => cutter.write(chunk));
      socket.on('error', () => undefined);
    });
  }

  static async open(make: MakeServer = createServer): Promise<TcpAnswerer> {
    const peer = new TcpAnswerer(make);
    await new Promise<void>((resolve) => peer.#server.listen(0, '127.0.0.1', resolve));
    return peer;
  }

  get port(): number {
    const address = this.#server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }
}
