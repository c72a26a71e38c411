// A small SIP user agent over UDP for exact messages and counted traffic: MESSAGE both ways, REGISTER, digest; other methods by
// whoever has an ear for them.
import { Buffer } from 'node:buffer';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { randomUUID } from 'node:crypto';
import { digestAnswer, type DigestAccount } from './sip-digest.ts';
import { header, parameter, readSip, statusOf, writeSip, type SipText } from './sip-text.ts';

const T1_MS = 500;
const T2_MS = 4_000;
const TIMER_F_MS = 64 * T1_MS;

export interface SipEndpointOptions {
  readonly user: string;
  readonly domain: string;
  /** Where every request is sent: the proxy, or the gateway itself. */
  readonly proxyPort: number;
  readonly account?: DigestAccount;
  /** Another loopback address, to be somebody whom the gateway does not trust. */
  readonly localAddress?: string;
  /** A request that it has already, but by another branch, is answered 482 (RFC 3261 §8.2.2.2). */
  readonly merges?: boolean;
  /** How long a request takes to be answered the first time, in milliseconds. */
  readonly answerMs?: number;
  /** Default: any that is free. */
  readonly localPort?: number;
}

export type Fields = readonly (readonly [string, string])[];

/** What a request of a method other than MESSAGE is answered. `toTag`: that of its dialog. */
export interface Answer {
  readonly status: number;
  readonly fields?: Fields;
  readonly toTag?: string;
}

export interface SentOptions {
  readonly contentType?: string;
  readonly callId?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly from?: string;
  readonly timeoutMs?: number;
}

export interface Outcome {
  /** The final status; 0 when none came within timer F. */
  readonly status: number;
  readonly response?: SipText;
  readonly callId: string;
  readonly milliseconds: number;
}

interface Pending {
  readonly method: string;
  final(response: SipText): void;
}

export class SipEndpoint {
  readonly options: SipEndpointOptions;
  /** Each MESSAGE once, whatever was retransmitted. */
  readonly received: SipText[] = [];
  retransmissions = 0;
  /** Requests that came again by another branch, where it `merges`. */
  merged = 0;
  /** What to answer; default 200. undefined: it is as if the request had not come, nor any retransmission of it. */
  answer: (request: SipText) => number | undefined = () => 200;
  /** The same for other methods. */
  answerOther: (request: SipText) => Answer | undefined = () => ({ status: 501 });
  readonly #socket: Socket;
  readonly #pending = new Map<string, Pending>();
  readonly #answered = new Map<string, Buffer | undefined>();
  /** Requests whose transaction lives, by what is the same in all branches; the time of each. */
  readonly #living = new Map<string, number>();
  #cseq = 0;
  #closed = false;

  private constructor(options: SipEndpointOptions, socket: Socket) {
    this.options = options;
    this.#socket = socket;
    socket.on('message', (datagram, from) => this.#receive(datagram, from));
  }

  static async open(options: SipEndpointOptions): Promise<SipEndpoint> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 4_000_000 });
    await new Promise<void>((resolve) =>
      socket.bind(options.localPort ?? 0, options.localAddress ?? '127.0.0.1', resolve),
    );
    return new SipEndpoint(options, socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  get address(): string {
    return this.options.localAddress ?? '127.0.0.1';
  }

  /** The bodies of what came, in order. */
  get bodies(): readonly string[] {
    return this.received.map((message) => message.body.toString('utf8'));
  }

  /** Sends one MESSAGE and waits for its final outcome, with digest when asked for it. */
  message(to: string, body: string | Buffer, options: SentOptions = {}): Promise<Outcome> {
    const { user, domain } = this.options;
    const content = typeof body === 'string' ? Buffer.from(body, 'utf8') : body;
    const type = options.contentType ?? 'text/plain;charset=UTF-8';
    return this.#request('MESSAGE', `sip:${to}`, options.from ?? `${user}@${domain}`, to, content, {
      ...options,
      headers: [...(content.length > 0 ? [['Content-Type', type] as const] : []), ...(options.headers ?? [])],
    });
  }

  async register(expires = 600): Promise<Outcome> {
    const { user, domain } = this.options;
    const contact = ['Contact', `<sip:${user}@${this.address}:${this.port}>;expires=${expires}`] as const;
    const me = `${user}@${domain}`;
    return await this.#request('REGISTER', `sip:${domain}`, me, me, Buffer.alloc(0), { headers: [contact] });
  }

  /** Asks what the other side can do. */
  askOptions(to: string): Promise<Outcome> {
    return this.#request(
      'OPTIONS',
      `sip:${to}`,
      `${this.options.user}@${this.options.domain}`,
      to,
      Buffer.alloc(0),
      {},
    );
  }

  close(): Promise<void> {
    this.#closed = true;
    return new Promise((resolve) => this.#socket.close(resolve));
  }

  async #request(
    method: string,
    requestUri: string,
    from: string,
    to: string,
    body: Buffer,
    options: SentOptions,
  ): Promise<Outcome> {
    const callId = options.callId ?? randomUUID();
    const fields = [
      ['From', `<sip:${from}>;tag=${randomUUID().slice(0, 8)}`],
      ['To', `<sip:${to}>`],
      ['Call-ID', callId],
    ] as const;
    const rest = options.headers ?? [];
    return { ...(await this.send(method, requestUri, [...fields, ...rest], body, options)), callId };
  }

  /** Sends a request with these fields, which lack Via, Max-Forwards and CSeq, and waits for its final response. */
  async send(
    method: string,
    requestUri: string,
    fields: Fields,
    body: Buffer,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<Omit<Outcome, 'callId'>> {
    const began = performance.now();
    let credentials: (readonly [string, string])[] = [];
    for (let attempt = 0; ; attempt++) {
      const branch = `z9hG4bK${randomUUID()}`;
      const request = writeSip(
        `${method} ${requestUri} SIP/2.0`,
        [
          ['Via', `SIP/2.0/UDP ${this.address}:${this.port};branch=${branch};rport`],
          ['Max-Forwards', '70'],
          ['CSeq', `${++this.#cseq} ${method}`],
          ...fields,
          ...credentials,
        ],
        body,
      );
      const response = await this.#transaction(method, branch, request, options.timeoutMs ?? TIMER_F_MS);
      const milliseconds = performance.now() - began;
      if (response === undefined) return { status: 0, milliseconds };
      const status = statusOf(response) ?? 0;
      const { account } = this.options;
      if ((status !== 401 && status !== 407) || attempt > 0 || account === undefined) {
        return { status, response, milliseconds };
      }
      const proxy = status === 407;
      const challenge = header(response, proxy ? 'proxy-authenticate' : 'www-authenticate');
      const answer = digestAnswer(challenge, account, method, requestUri);
      credentials = [[proxy ? 'Proxy-Authorization' : 'Authorization', answer]];
    }
  }

  /** RFC 3261 §17.1.2: timer E doubles up to T2, timer F ends it. */
  #transaction(
    method: string,
    branch: string,
    request: Buffer,
    timeoutMs: number,
  ): Promise<SipText | undefined> {
    return new Promise((resolve) => {
      let interval = T1_MS;
      let timerE: NodeJS.Timeout;
      const finish = (response: SipText | undefined): void => {
        clearTimeout(timerE);
        clearTimeout(timerF);
        this.#pending.delete(branch);
        resolve(response);
      };
      const timerF = setTimeout(finish, timeoutMs, undefined);
      const send = (): void => {
        if (!this.#closed) this.#socket.send(request, this.options.proxyPort, '127.0.0.1');
      };
      const again = (): void => {
        send();
        interval = Math.min(interval * 2, T2_MS);
        timerE = setTimeout(again, interval);
      };
      timerE = setTimeout(again, interval);
      this.#pending.set(branch, { method, final: finish });
      send();
    });
  }

  #receive(datagram: Buffer, from: RemoteInfo): void {
    const message = readSip(datagram);
    if (message === undefined) return;
    const status = statusOf(message);
    const branch = parameter(header(message, 'via'), 'branch') ?? '';
    if (status !== undefined) {
      if (status >= 200) this.#pending.get(branch)?.final(message);
      return;
    }
    const key = `${branch} ${header(message, 'cseq')}`;
    const { answerMs = 0 } = this.options;
    const again = this.#answered.has(key);
    if (again) this.retransmissions++;
    else this.#answered.set(key, this.#respond(message));
    const response = this.#answered.get(key);
    if (response === undefined) return;
    const answer = (): void => {
      if (!this.#closed) this.#socket.send(response, from.port, from.address);
    };
    if (again || answerMs === 0) answer();
    else setTimeout(answer, answerMs);
  }

  #respond(request: SipText): Buffer | undefined {
    if (!request.startLine.startsWith('MESSAGE ')) {
      const other = this.answerOther(request);
      return other && reply(request, other.status, other.fields, other.toTag);
    }
    const merges = this.options.merges === true;
    if (merges && this.#isMerged(request)) {
      this.merged++;
      return reply(request, 482);
    }
    const status = this.answer(request);
    if (status === undefined) return undefined;
    if (merges) this.#living.set(sameInAllBranches(request), performance.now());
    this.received.push(request);
    return reply(request, status);
  }

  /** Strict: whatever the answer was, the transaction lives until timer J. */
  #isMerged(request: SipText): boolean {
    const since = this.#living.get(sameInAllBranches(request));
    return since !== undefined && performance.now() - since < TIMER_F_MS;
  }
}

function sameInAllBranches(request: SipText): string {
  const tag = parameter(header(request, 'from'), 'tag') ?? '';
  return `${tag} ${header(request, 'call-id')} ${header(request, 'cseq')}`;
}

function reply(request: SipText, status: number, fields: Fields = [], toTag?: string): Buffer {
  const vias = (request.headers.get('via') ?? []).map((value) => ['Via', value] as const);
  const to = header(request, 'to');
  return writeSip(
    `SIP/2.0 ${status} ${status < 300 ? 'OK' : 'Refused by the test'}`,
    [
      ...vias,
      ['From', header(request, 'from')],
      ['To', /;\s*tag=/i.test(to) ? to : `${to};tag=${toTag ?? randomUUID().slice(0, 8)}`],
      ['Call-ID', header(request, 'call-id')],
      ['CSeq', header(request, 'cseq')],
      ...fields,
    ],
    Buffer.alloc(0),
  );
}
