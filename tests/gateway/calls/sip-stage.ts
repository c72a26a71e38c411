// The SIP side of calls over the real transaction layer: the peer is texts that come and go over an in-memory transport, in virtual
// time; machine K is a host that writes down what it hears, and says what the test wants.

import assert from 'node:assert/strict';
import { Counters, SeededRandom, silentLog, utf8TextLossy, VirtualTime } from '../../../src/base/index.ts';
import type { CallHost, SipCommand, SipLeg } from '../../../src/gateway/calls/legs.ts';
import type { MediaPath } from '../../../src/gateway/calls/media-path.ts';
import type { SipLegsEnv } from '../../../src/gateway/calls/sip-leg-types.ts';
import { SipLegs } from '../../../src/gateway/calls/sip-legs.ts';
import type { CallEvent } from '../../../src/interwork/call/index.ts';
import { formatSdp, parseSdp, type SessionDescription } from '../../../src/sdp/index.ts';
import {
  DEFAULT_TIMERS,
  DigestClient,
  Locator,
  NextHops,
  TransactionLayer,
  TransportSupport,
  type KeptSession,
  type ServerTransaction,
  type SipMessage,
  type SipRequest,
  type SipResponse,
  type Source,
} from '../../../src/sip/index.ts';
import { TableResolver } from '../../sip/locate/dns-table.ts';
import {
  endpoint,
  PEER,
  RecordingTransport,
  requestBytes,
  source,
  type RequestText,
} from '../../sip/transaction/rig.ts';
import { utf8Bytes } from '../../../src/base/index.ts';

export const ROMEO = 'sip:romeo@example.net';
export const JULIET = 'sip:juliet@example.com';
export const PHONE = `sip:romeo@${PEER}:5070`;

export function sdp(port: number, direction = 'sendrecv', version = 1): SessionDescription {
  const parsed = parseSdp(
    ['v=0', `o=- 7 ${version} IN IP4 192.0.2.7`, 's=-', 'c=IN IP4 192.0.2.7', 't=0 0']
      .concat([`m=audio ${port} RTP/AVP 0`, `a=${direction}`, ''])
      .join('\r\n'),
  );
  assert.ok(parsed.ok);
  return parsed.value;
}

/** The port of its first m= line says which one it is. */
export const portOf = (description: SessionDescription | undefined): number | undefined =>
  description?.media[0]?.port;

export const SDP_FIELD = 'Content-Type: application/sdp';

/** What a leg tells. */
export class Host implements CallHost {
  readonly events: CallEvent[] = [];
  changes = 0;
  leg: SipLeg | undefined;
  /** What an offer that is due says. */
  offer: SessionDescription = sdp(4000);

  take(event: CallEvent): void {
    this.events.push(event);
    if (event.kind === 'offerDue') this.leg?.command({ kind: 'offer', description: this.offer });
  }

  changed(): void {
    this.changes += 1;
  }

  /** Its leg is there. */
  joined(): void {}

  say(command: SipCommand): void {
    assert.ok(this.leg);
    this.leg.command(command);
  }

  /** What was told since the last call: kind, and what matters of it. */
  told(): string[] {
    return this.events.splice(0).map(shown);
  }
}

function shown(event: CallEvent): string {
  const port = 'description' in event ? portOf(event.description) : undefined;
  const at = port === undefined ? '' : ` ${port}`;
  switch (event.kind) {
    case 'sipEnded': {
      const { end, cause, text } = event;
      const why =
        'status' in end
          ? end.status
          : 'by' in end
            ? end.by
            : 'why' in end
              ? end.why
              : 'reason' in end
                ? end.reason
                : '';
      const words = ['ended', end.cause, why, cause === undefined ? '' : `cause ${cause}`, text ?? ''];
      return words.filter((word) => word !== '').join(' ');
    }
    case 'asked':
      return `asked ${event.method}${at}`;
    case 'progress':
    case 'unchanged':
      return `${event.kind} ${event.status}`;
    case 'trickled':
      return `trickled ${event.media.map(({ mid, candidates }) => `${mid}:${candidates.length}`).join(' ')}`;
    default:
      return `${event.kind}${at}`;
  }
}

export interface StageOptions extends Partial<Pick<SipLegsEnv, 'timer'>> {
  readonly maxLegs?: number;
  /** Addresses of the peer's servers, in order. */
  readonly servers?: readonly string[];
  readonly media?: MediaPath;
  readonly time?: VirtualTime;
}

export class Stage {
  readonly time: VirtualTime;
  readonly transport: RecordingTransport;
  readonly layer: TransactionLayer;
  readonly legs: SipLegs;
  host = new Host();
  readonly media: MediaPath | undefined;
  readonly unknown: string[] = [];
  /** Host of who is believed to call. */
  believed = 'example.net';
  scope: { covers(host: string): boolean } | undefined;
  #branch = 0;
  /** Our tag, as the peer has it. */
  ourTag = '';
  peerSeq = 1;
  callId = 'c1';
  from = `<${ROMEO}>;tag=f1`;

  constructor(options: StageOptions = {}) {
    const {
      time = new VirtualTime(),
      servers = [PEER],
      timer = { interval: undefined, minSe: 90 },
    } = options;
    this.time = time;
    this.media = options.media;
    this.transport = new RecordingTransport(time);
    const counters = new Counters();
    const random = new SeededRandom(7);
    const shared = { clock: time, timers: time.timers, random, log: silentLog };
    this.layer = new TransactionLayer(
      { ...shared, transport: this.transport, counters },
      {
        request: (tx) => this.#request(tx),
        cancelled: (tx, cancel) => this.legs.cancelled(tx, cancel),
        ack: (request) => this.legs.ack(request),
      },
    );
    const hops = NextHops.read({ '*': servers.map((address) => `sip:${address};transport=udp`) });
    assert.ok(hops.ok);
    const resolver = new TableResolver({});
    const support = new TransportSupport(
      [
        ['UDP', 4],
        ['TCP', 4],
      ],
      [4],
    );
    const locator = new Locator(
      { ...shared, resolver, counters },
      { support, nextHops: hops.value, privateTargets: 'allow' },
    );
    const credentials = [{ realm: 'example.net', user: 'gateway', password: 'secret' }];
    const digest = new DigestClient({ credentials, random, clock: time });
    this.legs = new SipLegs({
      ...shared,
      live: { locator, digest },
      transactions: this.layer,
      localFor: (target) => this.transport.localFor(target),
      endpoints: () => [endpoint('UDP')],
      timing: DEFAULT_TIMERS,
      timer,
      maxLegs: () => options.maxLegs ?? 10,
    });
  }

  #request(tx: ServerTransaction): void {
    const { method, to } = tx.request;
    if (method === 'INVITE' && to.tag === undefined) {
      this.ourTag = tx.toTag;
      const from = { host: this.believed };
      this.host.leg = this.legs.incoming(tx, this.host, { from, media: this.media });
      this.host.joined();
    } else if (!this.legs.request(tx, this.scope)) {
      this.unknown.push(method);
      tx.respond(481);
    }
  }

  /** Calls go to this one from now on. */
  use(host: Host): void {
    this.host = host;
  }

  // The peer.

  receive(bytes: Uint8Array, from: Source = source()): void {
    this.layer.receive(bytes, from);
  }

  /** A new request of the peer; within the dialog unless `to` is given. Returns its branch. */
  request(parts: RequestText & { readonly branch?: string }): string {
    const branch = parts.branch ?? `b${++this.#branch}`;
    const isNew = !['ACK', 'CANCEL'].includes(parts.method ?? '');
    const cseq = parts.cseq ?? (isNew ? this.peerSeq++ : this.peerSeq - 1);
    this.receive(
      requestBytes({
        via: `UDP ${PEER};branch=z9hG4bK${branch}`,
        from: this.from,
        to: `<${JULIET}>${this.ourTag === '' ? '' : `;tag=${this.ourTag}`}`,
        callId: this.callId,
        ...parts,
        cseq,
      }),
    );
    return branch;
  }

  /** Its INVITE. */
  invite(parts: RequestText & { readonly branch?: string } = {}): string {
    const body = parts.body ?? formatSdp(sdp(5000));
    const type =
      body === '' || parts.headers?.some((line) => /^(?:Content|X)-Type/.test(line)) ? [] : [SDP_FIELD];
    return this.request({
      method: 'INVITE',
      ...parts,
      headers: [...(parts.headers?.some((line) => /^(Contact|m):/.test(line)) ? [] : [`Contact: <${PHONE}>`])]
        .concat(type)
        .concat(parts.headers ?? []),
      body,
    });
  }

  /** Its ACK to our 2xx to the last INVITE. */
  ack(parts: RequestText = {}): void {
    this.request({ method: 'ACK', ...parts });
  }

  /** Its ACK to a failure, within the transaction. */
  ackFailure(branch: string): void {
    this.request({ method: 'ACK', branch });
  }

  /** Its response to a request of ours. */
  respond(
    request: SipRequest,
    status: number,
    parts: {
      readonly tag?: string | undefined;
      readonly headers?: readonly string[];
      readonly body?: SessionDescription;
      readonly contact?: string | false;
      readonly reason?: string;
    } = {},
  ): void {
    const { tag = 'peer', headers = [], body, contact = PHONE, reason = 'Whatever' } = parts;
    const text = body === undefined ? '' : formatSdp(body);
    const to = request.header('to') ?? '';
    this.receive(
      utf8Bytes(
        [
          `SIP/2.0 ${status} ${reason}`,
          ...request.headerAll('via').map((via) => `Via: ${via}`),
          `From: ${request.header('from')}`,
          `To: ${to}${request.to.tag === undefined && status > 100 && tag !== '' ? `;tag=${tag}` : ''}`,
          `Call-ID: ${request.callId}`,
          `CSeq: ${request.header('cseq')}`,
          ...(contact === false || status >= 300 ? [] : [`Contact: <${contact}>`]),
          ...(body === undefined ? [] : [SDP_FIELD]),
          ...headers,
          `Content-Length: ${text.length}`,
          '',
          text,
        ].join('\r\n'),
      ),
    );
  }

  // What left.

  sent(): SipMessage[] {
    return this.transport.take().map(({ message }) => message);
  }

  /** What left since the last call, in words: "INVITE", "200 INVITE". */
  lines(): string[] {
    return this.sent().map(line);
  }

  /** The one request of this method that left, among others, perhaps more than once. */
  sentRequest(method: string): SipRequest {
    const texts = new Map(this.transport.take().map((sent) => [sent.text, sent.message]));
    const found = [...texts.values()].filter(
      (message) => message.kind === 'request' && message.method === method,
    );
    const [request] = found;
    assert.equal(found.length, 1, `one ${method}`);
    assert.ok(request?.kind === 'request');
    return request;
  }

  sentResponse(status: number): SipResponse {
    const found = this.sent().filter((message) => message.kind === 'response' && message.status === status);
    const response = found.at(-1);
    assert.ok(response?.kind === 'response', `a ${status}`);
    return response;
  }

  // Ours.

  call(media: MediaPath | undefined = this.media): SipRequest {
    this.start(media);
    return this.sentRequest('INVITE');
  }

  start(media: MediaPath | undefined = this.media): void {
    this.host.leg = this.legs.outgoing(this.host, {
      from: { uri: JULIET },
      to: { uri: ROMEO },
      callId: this.callId,
      media,
    });
    this.host.say({ kind: 'invite', description: sdp(4000) });
  }

  /** A call of theirs that is answered and acknowledged. */
  answered(parts: RequestText = {}): void {
    this.invite(parts);
    this.host.say({ kind: 'accept', description: sdp(4000) });
    this.ack();
    this.host.told();
    this.sent();
  }

  /** A call of ours that is answered. */
  established(
    headers: readonly string[] = ['Allow: INVITE, ACK, BYE, CANCEL, UPDATE, INFO', 'Supported: trickle-ice'],
  ): SipRequest {
    const invite = this.call();
    this.ourTag = invite.from.tag ?? '';
    this.from = `<${ROMEO}>;tag=peer`;
    this.respond(invite, 200, { body: sdp(5000), headers });
    this.host.told();
    this.sent();
    return invite;
  }

  /** A new set of legs after a restart, at this time. */
  static restored(kept: KeptSession, time: VirtualTime, from: Stage): Stage {
    const stage = new Stage({ time });
    stage.host.leg = stage.legs.restore(JSON.parse(JSON.stringify(kept)), stage.host);
    stage.ourTag = from.ourTag;
    stage.from = from.from;
    stage.peerSeq = from.peerSeq;
    stage.callId = from.callId;
    return stage;
  }

  /** All that may still come has had its time: nothing is left of any call. */
  assertNothingLeft(): void {
    this.time.advance(150_000);
    assert.deepEqual(
      {
        legs: this.legs.size,
        dialogs: this.legs.dialogs,
        client: this.layer.pending.client,
        server: this.layer.pending.server,
        timers: this.time.timers.size,
      },
      { legs: 0, dialogs: 0, client: 0, server: 0, timers: 0 },
    );
  }
}

export function line(message: SipMessage): string {
  if (message.kind === 'request') return message.method;
  return `${message.status} ${message.cseq.method}`;
}

export function bodyOf(message: SipMessage): SessionDescription | undefined {
  if (message.body.length === 0) return undefined;
  const parsed = parseSdp(message.body);
  assert.ok(parsed.ok, utf8TextLossy(message.body));
  return parsed.value;
}
