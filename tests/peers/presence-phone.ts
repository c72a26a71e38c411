// A SIP phone's presence over a SipEndpoint behind a proxy: it is watched and it watches, refreshes in short times, may leave
// watchers undecided, and can die without a word. It does what RFC 6665 and RFC 3856 want of a user agent, and no more.
import { Buffer } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { SipEndpoint, type Answer, type Fields } from './sip-endpoint.ts';
import type { DigestAccount } from './sip-digest.ts';
import { header, parameter, type SipText } from './sip-text.ts';

export interface PresencePhoneOptions {
  readonly user: string;
  readonly domain: string;
  readonly proxyPort: number;
  readonly account: DigestAccount;
  /** That of an earlier life. */
  readonly localPort?: number;
  /** Seconds that it grants its watchers, and for which it asks itself. */
  readonly granted: number;
  /** How often it refreshes what it watches, in milliseconds. */
  readonly refreshMs: number;
  /** Undecided watchers are pending. */
  readonly decided: boolean;
}

const REGISTERED_SECONDS = 10;
const REGISTER_MS = 4000;
/** RFC 6665 leaves the pause before a new SUBSCRIBE to the subscriber. */
const AGAIN_MS = 1000;

interface Dialog {
  readonly callId: string;
  readonly local: string;
  readonly remote: string;
  readonly target: string;
  readonly routes: readonly string[];
}

interface Served extends Dialog {
  endsMs: number;
  telling: boolean;
  again: boolean;
}

interface Watched {
  readonly target: string;
  callId: string;
  localTag: string;
  dialog: Dialog | undefined;
  timer: NodeJS.Timeout | undefined;
  /** The last notification: "pending", "active open dnd", "terminated rejected"; "" before the first. */
  view: string;
}

export class PresencePhone {
  readonly options: PresencePhoneOptions;
  readonly port: number;
  /** SUBSCRIBE requests to it, and those of them that began a dialog. */
  asked = 0;
  begun = 0;
  /** SUBSCRIBE requests that it sent to begin a dialog, and notifications that it got. */
  tries = 0;
  notified = 0;
  basic: 'open' | 'closed' = 'open';
  decided: boolean;
  readonly #endpoint: SipEndpoint;
  readonly #served = new Map<string, Served>();
  readonly #watched: Watched[] = [];
  readonly #registering: NodeJS.Timeout;
  #dead = false;

  private constructor(options: PresencePhoneOptions, endpoint: SipEndpoint) {
    this.options = options;
    this.decided = options.decided;
    this.#endpoint = endpoint;
    this.port = endpoint.port;
    endpoint.answerOther = (request) => this.#take(request);
    this.#registering = setInterval(() => void endpoint.register(REGISTERED_SECONDS), REGISTER_MS);
  }

  static async open(options: PresencePhoneOptions): Promise<PresencePhone> {
    const endpoint = await SipEndpoint.open(options);
    const phone = new PresencePhone(options, endpoint);
    const { status } = await endpoint.register(REGISTERED_SECONDS);
    if (status !== 200) throw new Error(`the registration of ${options.user} was answered ${status}`);
    return phone;
  }

  get alive(): boolean {
    return !this.#dead;
  }

  /** Watchers that it has now. */
  get watchers(): number {
    return this.#served.size;
  }

  set(basic: 'open' | 'closed'): void {
    this.basic = basic;
    for (const served of this.#served.values()) void this.#tell(served);
  }

  /** Its user lets the undecided watchers see him. */
  decide(): void {
    this.decided = true;
    for (const served of this.#served.values()) void this.#tell(served);
  }

  /** Watches somebody from now on. */
  watch(jid: string): void {
    const target = `sip:${jid}`;
    const watched: Watched = {
      target,
      callId: '',
      localTag: '',
      dialog: undefined,
      timer: undefined,
      view: '',
    };
    this.#watched.push(watched);
    void this.#subscribe(watched);
  }

  /** What it was told last of somebody whom it watches. */
  view(jid: string): string {
    return this.#watched.find(({ target }) => target === `sip:${jid}`)?.view ?? 'not watched';
  }

  /** It is gone at once: no word to anybody, and what it knew is lost. */
  async kill(): Promise<void> {
    if (this.#dead) return;
    this.#dead = true;
    clearInterval(this.#registering);
    for (const { timer } of this.#watched) clearTimeout(timer);
    await this.#endpoint.close();
  }

  close(): Promise<void> {
    return this.kill();
  }

  get #me(): string {
    return `sip:${this.options.user}@${this.options.domain}`;
  }

  get #contact(): readonly [string, string] {
    return ['Contact', `<sip:${this.options.user}@127.0.0.1:${this.port}>`];
  }

  #take(request: SipText): Answer {
    if (request.startLine.startsWith('SUBSCRIBE ')) return this.#subscribed(request);
    if (request.startLine.startsWith('NOTIFY ')) return this.#notification(request);
    return { status: 501 };
  }

  // It is watched.

  #subscribed(request: SipText): Answer {
    this.asked += 1;
    const callId = header(request, 'call-id');
    const seconds = Math.min(Number(header(request, 'expires')), this.options.granted);
    const known = this.#served.get(callId);
    const toTag = parameter(header(request, 'to'), 'tag');
    if (toTag !== undefined) {
      if (known === undefined || parameter(known.local, 'tag') !== toTag) return { status: 481 };
      known.endsMs = performance.now() + seconds * 1000;
      setImmediate(() => void this.#tell(known));
      return { status: 200, fields: [['Expires', String(seconds)], this.#contact] };
    }
    this.begun += 1;
    const tag = randomUUID().slice(0, 8);
    const routes = request.headers.get('record-route') ?? [];
    const served: Served = {
      callId,
      local: `${header(request, 'to')};tag=${tag}`,
      remote: header(request, 'from'),
      target: uriOf(header(request, 'contact')),
      routes,
      endsMs: performance.now() + seconds * 1000,
      telling: false,
      again: false,
    };
    this.#served.set(callId, served);
    setImmediate(() => void this.#tell(served));
    const recorded = routes.map((route) => ['Record-Route', route] as const);
    return { status: 200, toTag: tag, fields: [['Expires', String(seconds)], this.#contact, ...recorded] };
  }

  /** One NOTIFY at a time; with what holds when it leaves. */
  async #tell(served: Served): Promise<void> {
    served.again = true;
    if (served.telling) return;
    served.telling = true;
    while (served.again && !this.#dead && this.#served.get(served.callId) === served) {
      served.again = false;
      const left = Math.round((served.endsMs - performance.now()) / 1000);
      const state =
        left <= 0 ? 'terminated;reason=timeout' : `${this.decided ? 'active' : 'pending'};expires=${left}`;
      const body = this.decided ? this.#document() : '';
      const fields: Fields = [
        ['Event', 'presence'],
        ['Subscription-State', state],
        this.#contact,
        ...(body === '' ? [] : [['Content-Type', 'application/pidf+xml'] as const]),
      ];
      const { status } = await this.#within('NOTIFY', served, fields, body);
      // RFC 6665 §4.2.2: a watcher who does not take it is no watcher any more.
      if (left <= 0 || status < 200 || status > 299) this.#served.delete(served.callId);
    }
    served.telling = false;
  }

  #document(): string {
    return (
      `<?xml version="1.0" encoding="UTF-8"?><presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:${this.#me.slice(4)}">` +
      `<tuple id="desk"><status><basic>${this.basic}</basic></status></tuple></presence>`
    );
  }

  // It watches.

  async #subscribe(watched: Watched): Promise<void> {
    clearTimeout(watched.timer);
    if (this.#dead) return;
    this.tries += 1;
    watched.callId = randomUUID();
    watched.localTag = randomUUID().slice(0, 8);
    watched.dialog = undefined;
    const { callId, localTag } = watched;
    const local = `<${this.#me}>;tag=${localTag}`;
    const fields: Fields = [
      ['From', local],
      ['To', `<${watched.target}>`],
      ['Call-ID', callId],
      ...this.#question,
    ];
    const { status, response } = await this.#endpoint.send(
      'SUBSCRIBE',
      watched.target,
      fields,
      Buffer.alloc(0),
    );
    if (watched.callId !== callId) return;
    if (response === undefined || status > 299) return this.#later(watched);
    const routes = [...(response.headers.get('record-route') ?? [])].toReversed();
    const target = uriOf(header(response, 'contact'));
    watched.dialog = { callId, local, remote: header(response, 'to'), target, routes };
    watched.timer = setTimeout(() => void this.#refresh(watched), this.options.refreshMs);
  }

  async #refresh(watched: Watched): Promise<void> {
    const { dialog } = watched;
    if (dialog === undefined || this.#dead) return;
    const { status } = await this.#within('SUBSCRIBE', dialog, this.#question, '');
    if (watched.dialog !== dialog) return;
    // RFC 6665 §4.1.2.2: the subscription is gone, and is asked for anew.
    if (status < 200 || status > 299) return this.#later(watched);
    watched.timer = setTimeout(() => void this.#refresh(watched), this.options.refreshMs);
  }

  #later(watched: Watched): void {
    watched.dialog = undefined;
    clearTimeout(watched.timer);
    watched.timer = setTimeout(() => void this.#subscribe(watched), AGAIN_MS);
  }

  #notification(request: SipText): Answer {
    const tag = parameter(header(request, 'to'), 'tag');
    const callId = header(request, 'call-id');
    const watched = this.#watched.find((each) => each.callId === callId && each.localTag === tag);
    if (watched === undefined) return { status: 481 };
    this.notified += 1;
    const value = header(request, 'subscription-state');
    const [state = ''] = value.split(';');
    const body = request.body.toString('utf8');
    const basic = /<basic>(\w+)<\/basic>/.exec(body)?.[1];
    const show = /<show[^>]*>(\w+)<\/show>/.exec(body)?.[1];
    const reason = parameter(value, 'reason');
    watched.view = [state, reason, basic, show].filter((word) => word !== undefined).join(' ');
    if (state === 'terminated' && reason !== 'rejected' && reason !== 'noresource') this.#later(watched);
    return { status: 200 };
  }

  get #question(): Fields {
    return [
      ['Event', 'presence'],
      ['Accept', 'application/pidf+xml'],
      ['Expires', String(Math.max(60, this.options.granted))],
      this.#contact,
    ];
  }

  #within(
    method: string,
    { callId, local, remote, target, routes }: Dialog,
    fields: Fields,
    body: string,
  ): Promise<{ status: number }> {
    const head: Fields = [
      ...routes.map((route) => ['Route', route] as const),
      ['From', local],
      ['To', remote],
      ['Call-ID', callId],
    ];
    return this.#endpoint.send(method, target, [...head, ...fields], Buffer.from(body));
  }
}

function uriOf(value: string): string {
  return /<(.*?)>/.exec(value)?.[1] ?? value;
}
