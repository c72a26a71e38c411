// Two ends of a SIP link in virtual time: a recording transport, and a network between two layers that loses,
// doubles and reorders datagrams.

import {
  Counters,
  SeededRandom,
  StoxgateError,
  VirtualTime,
  silentLog,
  utf8Bytes,
  utf8TextLossy,
  type Bytes,
} from '../../../src/base/index.ts';
import {
  TransactionLayer,
  buildRequest,
  headerField,
  parseMessage,
  type ClientHandlers,
  type LocalEndpoint,
  type Refusal,
  type ServerTransaction,
  type SipMessage,
  type SipRequest,
  type SipResponse,
  type Source,
  type Target,
  type TransactionEnv,
  type TransactionUser,
  type Transport,
  type TransportName,
} from '../../../src/sip/index.ts';

export const US = '192.0.2.1';
export const PEER = '192.0.2.9';

export function endpoint(transport: TransportName, address = US): LocalEndpoint {
  return { transport, address, port: 5060, advertiseHost: address, advertisePort: undefined };
}

export class Sent {
  readonly atMs: number;
  readonly bytes: Bytes;
  readonly target: Target;
  readonly fail: (error: Error) => void;

  constructor(atMs: number, bytes: Bytes, target: Target, fail: (error: Error) => void) {
    this.atMs = atMs;
    this.bytes = bytes;
    this.target = target;
    this.fail = fail;
  }

  get text(): string {
    return utf8TextLossy(this.bytes);
  }

  get message(): SipMessage {
    return parsed(this.bytes, this.target.transport !== 'UDP');
  }

  /** Of a response; NaN of a request. */
  get status(): number {
    return Number(/^SIP\/2\.0 (\d+)/.exec(this.text)?.[1]);
  }
}

/** Keeps what is sent; nothing leaves. */
export class RecordingTransport implements Transport {
  readonly sent: Sent[] = [];
  readonly #time: VirtualTime;
  readonly #locals: Map<TransportName, LocalEndpoint>;

  constructor(time: VirtualTime, locals: readonly LocalEndpoint[] = [endpoint('UDP'), endpoint('TCP')]) {
    this.#time = time;
    this.#locals = new Map(locals.map((local) => [local.transport, local]));
  }

  send(bytes: Bytes, target: Target, failed?: (error: Error) => void): void {
    this.sent.push(new Sent(this.#time.now(), bytes, target, failed ?? ((): void => {})));
  }

  localFor(target: Target): LocalEndpoint | undefined {
    return this.#locals.get(target.transport);
  }

  /** What was sent since the last call, and forgets it. */
  take(): Sent[] {
    return this.sent.splice(0);
  }

  statuses(): number[] {
    return this.sent.map((sent) => sent.status);
  }
}

export function parsed(bytes: Bytes, stream = false): SipMessage {
  const result = parseMessage(bytes, { stream });
  if (result.kind === 'malformed') throw new Error(`${result.fault.message}: ${utf8TextLossy(bytes)}`);
  return result.message;
}

export function source(transport: TransportName = 'UDP', port = 5060, address = PEER): Source {
  const reliable = transport !== 'UDP';
  return {
    transport,
    reliable,
    remoteAddress: address,
    remotePort: port,
    local: endpoint(transport),
    connectionId: reliable ? 7 : undefined,
  };
}

/** A user that remembers what it was told. */
export class RecordingUser implements TransactionUser {
  /** What each new request is answered with before a transaction is made; undefined: it gets one. */
  refusal: Refusal | undefined;
  readonly requests: ServerTransaction[] = [];
  readonly cancels: ServerTransaction[] = [];
  readonly acks: SipRequest[] = [];
  readonly strays: SipResponse[] = [];
  readonly failures: string[] = [];
  answer: ((transaction: ServerTransaction) => void) | undefined;

  refuses(): Refusal | undefined {
    return this.refusal;
  }

  request(transaction: ServerTransaction): void {
    this.requests.push(transaction);
    this.answer?.(transaction);
  }

  cancelled(transaction: ServerTransaction): void {
    this.cancels.push(transaction);
  }

  ack(request: SipRequest): void {
    this.acks.push(request);
  }

  strayResponse(response: SipResponse): void {
    this.strays.push(response);
  }

  responseFailed(_transaction: ServerTransaction, reason: 'timeout' | 'transport'): void {
    this.failures.push(reason);
  }
}

export class RecordingHandlers implements ClientHandlers {
  readonly statuses: number[] = [];
  readonly failures: string[] = [];
  readonly errors: Error[] = [];

  response(response: SipResponse): void {
    this.statuses.push(response.status);
  }

  failed(reason: string, error: Error): void {
    this.failures.push(reason);
    this.errors.push(error);
  }
}

export interface Rig {
  readonly time: VirtualTime;
  readonly transport: RecordingTransport;
  readonly user: RecordingUser;
  readonly counters: Counters;
  readonly layer: TransactionLayer;
}

export function rig(options: Partial<TransactionEnv> = {}): Rig {
  const time = new VirtualTime(0, 1);
  const transport = new RecordingTransport(time);
  const user = new RecordingUser();
  const counters = new Counters();
  const random = new SeededRandom(42);
  const env = { clock: time, timers: time.timers, random, transport, log: silentLog, counters, ...options };
  return { time, transport, user, counters, layer: new TransactionLayer(env, user) };
}

export interface RequestText {
  readonly method?: string;
  readonly uri?: string;
  /** Everything after "SIP/2.0/". */
  readonly via?: string;
  readonly from?: string;
  readonly to?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly cseqMethod?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** A request of the peer, as octets. */
export function requestBytes(parts: RequestText = {}): Bytes {
  const method = parts.method ?? 'MESSAGE';
  const body = parts.body ?? '';
  return utf8Bytes(
    [
      `${method} ${parts.uri ?? 'sip:juliet@example.com'} SIP/2.0`,
      `Via: SIP/2.0/${parts.via ?? `UDP ${PEER};branch=z9hG4bK1`}`,
      'Max-Forwards: 70',
      `From: ${parts.from ?? '<sip:romeo@example.net>;tag=f1'}`,
      `To: ${parts.to ?? '<sip:juliet@example.com>'}`,
      `Call-ID: ${parts.callId ?? 'c1'}`,
      `CSeq: ${parts.cseq ?? 1} ${parts.cseqMethod ?? method}`,
      ...(parts.headers ?? []),
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n'),
  );
}

/** A response of the peer to a request that we sent. */
export function responseBytes(
  request: SipMessage,
  status: number,
  toTag = 'peer',
  cseqMethod?: string,
): Bytes {
  const { number, method } = request.cseq;
  const to = request.to.tag === undefined ? `${request.header('to')};tag=${toTag}` : request.header('to');
  return utf8Bytes(
    [
      `SIP/2.0 ${status} Whatever`,
      ...request.headerAll('via').map((via) => `Via: ${via}`),
      `From: ${request.header('from')}`,
      `To: ${to}`,
      `Call-ID: ${request.callId}`,
      `CSeq: ${number} ${cseqMethod ?? method}`,
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n'),
  );
}

export const UDP_TARGET: Target = { transport: 'UDP', address: PEER, port: 5060 };
export const TCP_TARGET: Target = { transport: 'TCP', address: PEER, port: 5060 };

/** A request of ours, as the gateway builds it: without a Via. */
export function ourRequest(
  method = 'MESSAGE',
  body = '',
  extra: readonly [string, string][] = [],
): SipRequest {
  return buildRequest({
    method,
    requestUri: 'sip:romeo@example.net',
    from: '<sip:juliet@example.com>;tag=ours',
    to: '<sip:romeo@example.net>',
    callId: 'k1',
    cseq: 1,
    headers: extra.map(([name, value]) => headerField(name, value)),
    body: utf8Bytes(body),
  });
}

export function refused(): StoxgateError {
  return new StoxgateError('ERR_SIP_TRANSPORT_REFUSED', 'connection refused');
}
