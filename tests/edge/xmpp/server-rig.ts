// A whole XMPP server of ours on loopback, with real sockets and real time, and a raw peer that says what a test wants.

import { connect, createServer, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { readFileSync, statSync } from 'node:fs';
import { Counters, SecureRandom, TimerWheel } from '../../../src/base/index.ts';
import { CertificateStore } from '../../../src/edge/tls/index.ts';
import {
  XmppServer,
  type ServerLimits,
  type ServerPlace,
  type ServerStanza,
  type XmppServerOptions,
} from '../../../src/edge/xmpp/index.ts';
import type { DnsAnswer, DnsResolver, SrvRecord } from '../../../src/sip/index.ts';
import { element, NS_CLIENT, XmlStreamParser, type XmlElement } from '../../../src/xml/index.ts';
import type { DialbackPolicy } from '../../../src/xmpp/index.ts';
import { pemFiles, type TestCertificate } from '../../peers/test-ca.ts';
import { recordingLog, until, type LogLine } from './rig.ts';

export interface ServerRigOptions {
  readonly domains: readonly string[];
  readonly certificate: TestCertificate;
  /** Of further domains. */
  readonly more?: readonly TestCertificate[];
  readonly dialback?: DialbackPolicy;
  /** Domains that dialback never stands for. */
  readonly certified?: readonly string[];
  readonly limits?: Partial<ServerLimits>;
  readonly listen?: XmppServerOptions['listen'];
  readonly settled?: () => Promise<void> | undefined;
  readonly dialbackSecret?: string;
}

/** DNS as a table. */
export class TableDns implements DnsResolver {
  readonly srvs = new Map<string, readonly SrvRecord[] | 'failure'>();
  readonly addresses = new Map<string, readonly string[] | 'failure'>();
  readonly asked: string[] = [];

  naptr(): Promise<DnsAnswer<never>> {
    return Promise.resolve({ kind: 'none' });
  }

  srv(name: string): Promise<DnsAnswer<SrvRecord>> {
    this.asked.push(`SRV ${name}`);
    return Promise.resolve(answer(this.srvs.get(name)));
  }

  a(name: string): Promise<DnsAnswer<string>> {
    this.asked.push(`A ${name}`);
    const all = this.addresses.get(name);
    return Promise.resolve(answer(all === 'failure' ? all : all?.filter((each) => !each.includes(':'))));
  }

  aaaa(name: string): Promise<DnsAnswer<string>> {
    this.asked.push(`AAAA ${name}`);
    const all = this.addresses.get(name);
    return Promise.resolve(answer(all === 'failure' ? all : all?.filter((each) => each.includes(':'))));
  }
}

function answer<R>(records: readonly R[] | 'failure' | undefined): DnsAnswer<R> {
  if (records === 'failure') return { kind: 'failure', reason: 'timeout' };
  return records === undefined || records.length === 0 ? { kind: 'none' } : { kind: 'records', records };
}

export class ServerRig {
  readonly counters = new Counters();
  readonly lines: LogLine[] = [];
  readonly stanzas: XmlElement[] = [];
  readonly places = new Map<string, readonly ServerPlace[]>();
  readonly dns = new TableDns();
  readonly timers: TimerWheel;
  readonly domains: Set<string>;
  readonly writable: string[] = [];
  readonly server: XmppServer;
  readonly #interval: NodeJS.Timeout;
  /** Is given each stanza, once it is recorded. */
  onStanza: (stanza: XmlElement, domain: string) => void = () => {};

  constructor({
    domains,
    certificate,
    more = [],
    dialback = 'never',
    certified = [],
    limits = {},
    listen,
    settled,
    dialbackSecret,
  }: ServerRigOptions) {
    this.domains = new Set(domains);
    const clock = { now: () => performance.now(), wall: () => Date.now() };
    this.timers = new TimerWheel(() => clock.now(), { tickMs: 5 });
    this.#interval = setInterval(() => this.timers.advance(), 5);
    const log = recordingLog(this.lines);
    const env = { clock, timers: this.timers, random: new SecureRandom(), log, counters: this.counters };
    const certificates = new CertificateStore(
      'xmpp',
      [certificate, ...more].map((each) => pemFiles(each)),
      {
        ...env,
        readFile: (path) => readFileSync(path, 'utf8'),
        modifiedMs: (path) => statSync(path).mtimeMs,
      },
    );
    this.server = new XmppServer(
      {
        listen: listen ?? [
          { transport: 'TCP', host: '127.0.0.1', port: 0 },
          { transport: 'TLS', host: '127.0.0.1', port: 0 },
        ],
        dialback,
        certified: (domain) => certified.includes(domain),
        nextHops: (domain) => this.places.get(domain),
        privateTargets: 'allow',
        serves: (domain) => this.domains.has(domain),
      },
      { ...env, certificates, dns: () => this.dns, limits, settled, dialbackSecret },
      {
        stanza: (stanza, domain) => {
          this.stanzas.push(stanza);
          this.onStanza(stanza, domain);
        },
        writable: (domain) => this.writable.push(domain),
      },
    );
  }

  get port(): number {
    return this.#portOf('TCP');
  }

  get tlsPort(): number {
    return this.#portOf('TLS');
  }

  #portOf(wanted: 'TCP' | 'TLS'): number {
    return this.server.listeners.find(({ transport }) => transport === wanted)?.port ?? 0;
  }

  place(transport: 'TCP' | 'TLS' = 'TCP'): ServerPlace {
    return { transport, host: '127.0.0.1', port: this.#portOf(transport) };
  }

  /** What was received, as `from to text`. */
  get told(): string[] {
    return this.stanzas.map((el) => {
      const error = el.child('error');
      const what =
        error === undefined
          ? (el.child('body')?.text() ?? el.name)
          : `error ${[...error.elements()][0]?.name ?? ''}`;
      return `${el.attr('from') ?? ''} ${el.attr('to') ?? ''} ${what}`;
    });
  }

  reasons(event: string): unknown[] {
    return this.lines.filter((line) => line.event === event).map(({ fields }) => fields['reason']);
  }

  async close(): Promise<void> {
    await this.server.stop();
    clearInterval(this.#interval);
  }
}

export function chat(from: string, to: string, body: string, id = 'm1'): XmlElement {
  return element('message', NS_CLIENT, { from, to, id, type: 'chat' }, element('body', NS_CLIENT, {}, body));
}

/** An entry that records what becomes of it. */
export class Watched implements ServerStanza {
  readonly stanza: XmlElement;
  readonly events: string[] = [];
  open = true;

  constructor(stanza: XmlElement) {
    this.stanza = stanza;
  }

  confirmed(): void {
    this.events.push('confirmed');
    this.open = false;
  }

  parked(): void {
    this.events.push('parked');
  }

  writtenAgain(): void {
    this.events.push('again');
  }
}

/** A peer that says what it is told to, and records what it hears. */
export class RawPeer {
  #socket: Socket;
  readonly elements: XmlElement[] = [];
  readonly headers: XmlElement[] = [];
  closed = false;
  ended = false;
  /** Single spaces between stanzas (RFC 6120 §4.6.1). */
  spaces = 0;
  #parser: XmlStreamParser;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#parser = this.#newParser();
    this.#attach(socket);
  }

  static async connect(port: number): Promise<RawPeer> {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', () => {});
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('close', () => reject(new Error('refused')));
    });
    return new RawPeer(socket);
  }

  static async direct(
    port: number,
    certificate: TestCertificate | undefined,
    name: string,
  ): Promise<RawPeer> {
    const socket = connectTls({
      host: '127.0.0.1',
      port,
      ...tlsOptions(certificate, name),
      ALPNProtocols: ['xmpp-server'],
    });
    socket.on('error', () => {});
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve);
      socket.once('close', () => reject(new Error('refused')));
    });
    return new RawPeer(socket);
  }

  /** STARTTLS after a header; resolves when TLS is there. `sni`: '' for none. */
  async startTls(
    from: string,
    to: string,
    certificate: TestCertificate | undefined,
    sni = to,
  ): Promise<TLSSocket> {
    this.open(from, to);
    await this.expect('features');
    this.write(`<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`);
    await this.expect('proceed');
    this.#socket.removeAllListeners('data');
    this.#socket.removeAllListeners('close');
    const secured = connectTls({ socket: this.#socket, ...tlsOptions(certificate, sni) });
    secured.on('error', () => {});
    await new Promise<void>((resolve, reject) => {
      secured.once('secureConnect', resolve);
      secured.once('close', () => reject(new Error('TLS failed')));
    });
    this.#socket = secured;
    this.#parser = this.#newParser();
    this.elements.length = 0;
    this.#attach(secured);
    return secured;
  }

  open(from: string | undefined, to: string | undefined, more = ` version='1.0'`): void {
    const attribute = (name: string, value: string | undefined): string =>
      value === undefined ? '' : ` ${name}='${value}'`;
    this.write(
      `<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'` +
        ` xmlns:db='jabber:server:dialback'${attribute('from', from)}${attribute('to', to)}${more}>`,
    );
  }

  /** Opens, proves itself by EXTERNAL, opens again. */
  async authenticate(from: string, to: string): Promise<void> {
    this.open(from, to);
    await this.expect('features');
    this.write(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>`);
    await this.expect('success');
    this.elements.length = 0;
    this.#parser = this.#newParser();
    this.open(from, to);
    await this.expect('features');
  }

  write(text: string): void {
    if (this.#socket.writable) this.#socket.write(text);
  }

  drop(): void {
    this.#socket.destroy();
  }

  async expect(name: string): Promise<XmlElement> {
    await until(`<${name}/>`, () => this.elements.some((el) => el.name === name) || this.closed);
    const found = this.elements.find((el) => el.name === name);
    if (found === undefined) {
      throw new Error(
        `closed without <${name}/>, after: ${this.elements.map((el) => el.name).join(' ')} ${this.error ?? ''}`,
      );
    }
    return found;
  }

  /** The stream error that came; undefined: none. */
  get error(): string | undefined {
    const error = this.elements.find(
      (el) => el.name === 'error' && el.ns === 'http://etherx.jabber.org/streams',
    );
    return error === undefined ? undefined : [...error.elements()][0]?.name;
  }

  async untilClosed(): Promise<void> {
    await until('the end of the connection', () => this.closed);
  }

  #newParser(): XmlStreamParser {
    return new XmlStreamParser(
      { contentNamespaces: ['jabber:server'] },
      {
        streamOpen: (header) => this.headers.push(header),
        element: (el) => this.elements.push(el),
        streamClose: () => {
          this.ended = true;
        },
        error: () => {},
      },
    );
  }

  #attach(socket: Socket): void {
    socket.on('data', (chunk: Buffer) => {
      if (chunk.length === 1 && chunk[0] === 0x20) this.spaces += 1;
      this.#parser.write(chunk);
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      this.closed = true;
    });
  }
}

function tlsOptions(certificate: TestCertificate | undefined, servername: string) {
  return {
    servername,
    rejectUnauthorized: false,
    ...(certificate === undefined
      ? {}
      : { cert: readFileSync(certificate.certificate), key: readFileSync(certificate.key) }),
  };
}

/** A wire between two servers that can be cut, and held up in one direction. */
export class Relay {
  readonly #server = createServer((socket) => this.#accept(socket));
  readonly #sockets = new Set<Socket>();
  readonly #target: () => number;
  /** Octets from the server that is called are held back, as if they were lost on the way. */
  holdsAnswers = false;
  connections = 0;

  constructor(target: () => number) {
    this.#target = target;
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    const address = this.#server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #accept(socket: Socket): void {
    this.connections += 1;
    const other = connect({ host: '127.0.0.1', port: this.#target() });
    for (const each of [socket, other]) {
      this.#sockets.add(each);
      each.on('error', () => {});
      each.on('close', () => {
        this.#sockets.delete(each);
        socket.destroy();
        other.destroy();
      });
    }
    socket.on('data', (chunk) => other.write(chunk));
    other.on('data', (chunk) => {
      if (!this.holdsAnswers) socket.write(chunk);
    });
  }
}
