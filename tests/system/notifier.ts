// A notifier of our own (RFC 6665 §4.2) over UDP: nothing automatic but the repetition of answers.

import { createSocket, type Socket } from 'node:dgram';
import { header, parameter, readSip, statusOf, writeSip, type SipText } from '../peers/sip-text.ts';
import { Inbox } from './inbox.ts';
import { branchOf, unique } from './sip-peer.ts';

type Fields = readonly (readonly [string, string])[];

export interface NotifyParts {
  /** Value of Subscription-State; null: none. */
  readonly state?: string | null;
  /** From tag; default that of the 200. */
  readonly tag?: string;
  readonly toTag?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly event?: string | null;
  readonly body?: string;
  readonly contentType?: string;
  /** null: no Contact. */
  readonly contact?: string | null;
  readonly headers?: Fields;
}

export class Notifier {
  /** SUBSCRIBE requests, each once. */
  readonly requests = new Inbox<SipText>();
  readonly #responses = new Inbox<SipText>();
  /** The To tag of its 2xx. */
  tag = unique('n');
  /** Answers by itself; undefined: it is left to the test. */
  answer: (request: SipText) => number | undefined = () => 200;
  /** Its 2xx have a Contact. */
  withContact = true;
  /** Further fields of that answer. */
  fields: (request: SipText) => Fields = (request) => [['Expires', header(request, 'expires')]];
  readonly #socket: Socket;
  readonly #seen = new Map<string, Buffer | undefined>();
  readonly #ports = new Map<SipText, number>();
  #cseq = 100;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (datagram, remote) => {
      const message = readSip(datagram);
      if (message === undefined) return;
      if (statusOf(message) !== undefined) return this.#responses.push(message);
      const key = `${branchOf(message)} ${header(message, 'cseq')}`;
      if (this.#seen.has(key)) {
        const again = this.#seen.get(key);
        if (again !== undefined) socket.send(again, remote.port, remote.address);
        return;
      }
      this.#seen.set(key, undefined);
      this.#ports.set(message, remote.port);
      const status = this.answer(message);
      if (status !== undefined) this.respond(message, status);
      this.requests.push(message);
    });
  }

  static async open(): Promise<Notifier> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 2_000_000 });
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    return new Notifier(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  get contact(): string {
    return `<sip:notifier@127.0.0.1:${this.port}>`;
  }

  /** The next SUBSCRIBE. */
  subscribe(): Promise<SipText> {
    return this.requests.next('a SUBSCRIBE');
  }

  respond(request: SipText, status: number, fields: Fields = this.fields(request)): void {
    const to = header(request, 'to');
    const bytes = writeSip(
      `SIP/2.0 ${status} As the test says`,
      [
        ...(request.headers.get('via') ?? []).map((value) => ['Via', value] as const),
        ['From', header(request, 'from')],
        ['To', parameter(to, 'tag') === undefined ? `${to};tag=${this.tag}` : to],
        ['Call-ID', header(request, 'call-id')],
        ['CSeq', header(request, 'cseq')],
        ...(status < 300 && this.withContact ? ([['Contact', this.contact]] as const) : []),
        ...fields,
      ],
      Buffer.alloc(0),
    );
    this.#seen.set(`${branchOf(request)} ${header(request, 'cseq')}`, bytes);
    this.#socket.send(bytes, this.#ports.get(request) ?? 0, '127.0.0.1');
  }

  /** Sends a NOTIFY that belongs to this SUBSCRIBE, and gives the status of its answer. */
  async notify(subscribe: SipText, parts: NotifyParts = {}): Promise<number> {
    return statusOf(await this.notifyFor(subscribe, parts)) ?? 0;
  }

  async notifyFor(subscribe: SipText, parts: NotifyParts = {}): Promise<SipText> {
    const { state = 'active;expires=3600', event = header(subscribe, 'event'), body = '' } = parts;
    const branch = `z9hG4bK${unique('n')}`;
    const cseq = parts.cseq ?? ++this.#cseq;
    const contact = parts.contact === undefined ? this.contact : parts.contact;
    const local = header(subscribe, 'to').replace(/;tag=.*/, '');
    const remote = header(subscribe, 'from').replace(/;tag=.*/, '');
    const toTag = parts.toTag ?? parameter(header(subscribe, 'from'), 'tag') ?? '';
    const type = parts.contentType ?? 'application/reginfo+xml';
    const bytes = writeSip(
      `NOTIFY ${/<(.*)>/.exec(header(subscribe, 'contact'))?.[1] ?? ''} SIP/2.0`,
      [
        ['Via', `SIP/2.0/UDP 127.0.0.1:${this.port};branch=${branch}`],
        ['Max-Forwards', '70'],
        ['From', `${local};tag=${parts.tag ?? this.tag}`],
        ['To', `${remote};tag=${toTag}`],
        ['Call-ID', parts.callId ?? header(subscribe, 'call-id')],
        ['CSeq', `${cseq} NOTIFY`],
        ...(contact === null ? [] : ([['Contact', contact]] as const)),
        ...(event === null ? [] : ([['Event', event]] as const)),
        ...(state === null ? [] : ([['Subscription-State', state]] as const)),
        ...(body === '' ? [] : ([['Content-Type', type]] as const)),
        ...(parts.headers ?? []),
      ],
      Buffer.from(body),
    );
    this.#socket.send(bytes, this.#ports.get(subscribe) ?? 0, '127.0.0.1');
    return await this.#responses.next('the answer to NOTIFY', (each) => branchOf(each) === branch);
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(resolve));
  }
}

/** A reginfo document (RFC 3680 §5) with one registration of one contact. */
export function reginfo(
  version: number,
  state: 'full' | 'partial',
  contact: 'active' | 'terminated' | undefined,
  aor = 'sip:romeo@example.net',
): string {
  const inside =
    contact === undefined
      ? ''
      : `<contact id="76" state="${contact}" event="${contact === 'active' ? 'registered' : 'expired'}"><uri>sip:romeo@pc34.example.net</uri></contact>`;
  return `<?xml version="1.0"?>
<reginfo xmlns="urn:ietf:params:xml:ns:reginfo" version="${version}" state="${state}">
<registration aor="${aor}" id="a7" state="${contact ?? 'init'}">${inside}</registration></reginfo>`;
}
