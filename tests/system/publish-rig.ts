// The presence feature of a gateway with both of its sides, in virtual time: a link that records, a SIP server on a real socket
// that is told what to answer, and a store that outlives the gateway.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counters, SecureRandom, VirtualTime } from '../../src/base/index.ts';
import { SendRefusal } from '../../src/edge/xmpp/index.ts';
import { SipEdge } from '../../src/edge/sip/index.ts';
import type { Config } from '../../src/gateway/config/schema.ts';
import { LinkGroup, type GroupLink } from '../../src/gateway/link-group.ts';
import type { Live } from '../../src/gateway/live.ts';
import { MessageTypes } from '../../src/gateway/message-types.ts';
import { PresenceModels, presenceServers, type PresenceConfig } from '../../src/gateway/presence-models.ts';
import { capsElement } from '../../src/xmpp/index.ts';
import { PresenceFeature } from '../../src/gateway/presence/presence-feature.ts';
import { SipDispatch } from '../../src/gateway/sip-dispatch.ts';
import { Subscriptions } from '../../src/gateway/subscriptions/subscriptions.ts';
import { AddressBook } from '../../src/mapping/index.ts';
import { DigestClient, Locator, NextHops, TransactionLayer, type DnsResolver } from '../../src/sip/index.ts';
import { NS_CLIENT, XmlElement } from '../../src/xml/index.ts';
import { header, type SipText } from '../peers/sip-text.ts';
import { MemoryStore } from './memory-store.ts';
import { Notifier, type NotifyParts } from './notifier.ts';
import { logInto, type LogEntry } from './rig.ts';
import { trusting } from './made-beliefs.ts';
import { SipPeer } from './sip-peer.ts';
import { settle } from './watch-rig.ts';

const MESSAGES: Config['messages'] = {
  ...{ accepted: 202, type: 'mirror', encrypted: 'refuse', composing: 'never', reports: 'never' },
  redirects: 'ignore',
};

export const JULIET = 'juliet@example.com';
export const ROMEO = 'romeo@example.net';
export const SECOND = 1000;
export const HOUR = 3_600_000;

type Presence = Omit<Config['presence'], 'location'>;

export interface PublishRigOptions {
  /** Of the rule for XMPP users; a presence server by default. */
  readonly xmpp?: (server: string) => Presence;
  /** Of the rule for SIP users. */
  readonly sip?: (server: string) => Presence;
  readonly credentials?: readonly { realm: string; user: string; password: string }[];
  /** What is kept does not outlive the gateway. */
  readonly forgetful?: boolean;
  /** Of what SIP users publish. */
  readonly bounds?: { readonly maxUsers?: number; readonly maxOctets?: number };
}

class RecordingLink implements GroupLink {
  state = 'up';
  answering = true;
  readonly stanzas: XmlElement[] = [];
  #seq = 0;

  get last(): number {
    return this.#seq;
  }

  send(stanza: XmlElement): number {
    if (this.state !== 'up') return SendRefusal.NotUp;
    this.stanzas.push(stanza);
    return ++this.#seq;
  }
}

export class PublishRig {
  /** The presence server. */
  readonly server: Notifier;
  /** Where example.net is. */
  readonly phone: SipPeer;
  readonly link = new RecordingLink();
  readonly log: LogEntry[] = [];
  readonly time = new VirtualTime(Date.UTC(2026, 0, 1), 20);
  readonly #options: PublishRigOptions;
  readonly #store: MemoryStore;
  counters!: Counters;
  feature!: PresenceFeature;
  #group!: LinkGroup;
  /** Another component of the same server; what it is sent is in `link` as well. */
  #second!: LinkGroup;
  #edge!: SipEdge;
  #transactions!: TransactionLayer;
  #subscriptions!: Subscriptions;
  #locator!: Locator;
  #live!: Live;
  #told = 0;
  #port = 0;
  #draining = false;

  private constructor(options: PublishRigOptions, server: Notifier, phone: SipPeer) {
    this.#options = options;
    this.server = server;
    this.phone = phone;
    this.#store = new MemoryStore(options.forgetful === true ? 'memory' : 'sqlite');
  }

  static async start(options: PublishRigOptions = {}): Promise<PublishRig> {
    const rig = new PublishRig(options, await Notifier.open(), await SipPeer.open());
    rig.server.answer = (request) => (request.startLine.startsWith('PUBLISH') ? undefined : 200);
    await rig.#start();
    return rig;
  }

  get serverUri(): string {
    return `sip:127.0.0.1:${this.server.port};transport=udp;lr`;
  }

  get subscribers(): number {
    return this.#subscriptions.size;
  }

  get port(): number {
    return this.#edge.localEndpoints[0]?.port ?? 0;
  }

  async #start(): Promise<void> {
    const log = logInto(this.log);
    this.counters = new Counters();
    this.#draining = false;
    const { time: clock, counters } = this;
    const { timers } = clock;
    const random = new SecureRandom();
    const env = { clock, timers, random, log, counters };
    const { xmpp = (server): Presence => ({ model: 'presence-server', server }), sip } = this.#options;
    const config: PresenceConfig = {
      domains: [
        {
          home: 'sip',
          sip: 'example.net',
          xmpp: 'example.net',
          ...(sip === undefined ? {} : { presence: sip(this.serverUri) }),
        },
        { home: 'sip', sip: 'second.example', xmpp: 'second.example' },
        { home: 'xmpp', sip: 'example.com', xmpp: 'example.com', presence: xmpp(this.serverUri) },
      ],
      presence: { model: 'end-to-end' },
    };
    this.#group = new LinkGroup('example.net');
    this.#group.replaceLinks([this.link]);
    this.#second = new LinkGroup('second.example');
    this.#second.replaceLinks([this.link]);
    this.#edge = new SipEdge([{ transport: 'UDP', host: '127.0.0.1', port: this.#port }], env, {
      message: (bytes, source) => this.#transactions.receive(bytes, source),
    });
    await this.#edge.start();
    this.#port = this.port;
    this.#transactions = new TransactionLayer(
      { ...env, transport: this.#edge },
      {
        refuses: (request, source) => dispatch.refuses(request, source),
        request: (tx) => dispatch.request(tx),
      },
    );
    this.#locator = this.#makeLocator(config);
    const book = new AddressBook(config.domains);
    this.#live = {
      locator: this.#locator,
      digest: new DigestClient({ clock, random, credentials: this.#options.credentials ?? [] }),
      book,
      models: new PresenceModels(config),
      ...trusting([{ network: '127.0.0.1/32', domains: ['example.net'] }], book, clock, counters),
      messages: MESSAGES,
      types: new MessageTypes({ domains: config.domains, messages: MESSAGES }, book),
      offline: {
        ...{ keep: false, registrars: [], hours: 1, per_user: 1, per_domain: 1, unknown_users: 'refuse' },
      },
      presence: { location: 'hide' },
      asksDns: false,
      logBodies: false,
    };
    const live = this.#live;
    const draining = (): boolean => this.#draining;
    this.#subscriptions = new Subscriptions({
      ...env,
      live,
      transactions: this.#transactions,
      localFor: (target) => this.#edge.localFor(target),
      t1Ms: 500,
      packages: new Set(['presence', 'presence.winfo']),
      maxSubscribers: 1000,
    });
    this.feature = new PresenceFeature({
      ...env,
      live,
      node: 'gw1',
      ...this.#options.bounds,
      store: this.#store,
      subscriptions: this.#subscriptions,
      transactions: this.#transactions,
      seen: () => undefined,
      caps: () => capsElement('urn:test', 'v'),
      groupFor: (domain) => [this.#group, this.#second].find((group) => group.domain === domain),
      draining,
    });
    const dispatch = new SipDispatch({
      ...{ log, counters, live, draining },
      homes: { of: () => assert.fail('a question about a domain') },
      messages: {
        accept: () => assert.fail('a MESSAGE'),
        countRejected: () => assert.fail('a MESSAGE'),
        countEnded: () => assert.fail('a MESSAGE'),
      },
      subscriptions: this.#subscriptions,
      published: this.feature.published,
      notifiers: {
        serves: false,
        allowEvents: [],
        has: () => false,
        subscribe: () => assert.fail('a SUBSCRIBE'),
      },
      calls: { enabled: false, invite: unexpected, inviteRefused: unexpected, request: () => false },
      seen: () => undefined,
      ownHosts: new Set(['127.0.0.1']),
    });
    await this.feature.attach();
    this.feature.start();
    this.feature.linkUp('example.net');
  }

  /** Another configuration of the rules. */
  reconfigure(config: PresenceConfig): void {
    this.#live.book = new AddressBook(config.domains);
    this.#live.models = new PresenceModels(config);
    this.feature.configured();
  }

  /** Ends without a word, and another gateway begins in its place. */
  async restart(): Promise<void> {
    await this.drain();
    this.feature.stop();
    await this.#close();
    await this.#start();
  }

  async drain(): Promise<void> {
    this.#draining = true;
    const drained = Promise.all([this.feature.drain(), this.#subscriptions.drain()]);
    await this.advance(2500);
    await drained;
  }

  /** The XMPP server has everything that was written. */
  confirm(): void {
    this.#group.linkConfirmed(this.link, this.link.last);
  }

  linkDown(): void {
    this.link.state = 'closed';
    this.#group.linkDown(this.link);
  }

  linkUp(): void {
    this.link.state = 'up';
    this.#group.linkUp();
    this.feature.linkUp('example.net');
  }

  /** A presence stanza of a user; `show` or a type. To the gateway's own address, unless it says otherwise. */
  user(what: string | undefined, from = `${JULIET}/balcony`, to = 'example.net', show?: string): void {
    const attributes = ['from', from, 'to', to];
    if (what !== undefined) attributes.push('type', what);
    const children = show === undefined ? [] : [new XmlElement('show', NS_CLIENT, [], [show])];
    this.stanza(new XmlElement('presence', NS_CLIENT, attributes, children));
  }

  stanza(stanza: XmlElement): void {
    const second = stanza.attr('to')?.endsWith('second.example') === true;
    this.feature.stanza(stanza, second ? this.#second : this.#group);
  }

  /** What was told since the last time, as "type from → to". */
  told(): string[] {
    const fresh = this.link.stanzas.slice(this.#told);
    this.#told = this.link.stanzas.length;
    return fresh.map((each) => {
      const show = each.child('show')?.text();
      const type = each.attr('type') ?? show ?? 'available';
      return `${type} ${each.attr('from')} → ${each.attr('to')}`;
    });
  }

  /** The next request of this method. */
  next(method: string): Promise<SipText> {
    return this.server.requests.next(method, ({ startLine }) => startLine.startsWith(`${method} `));
  }

  /** The next PUBLISH, answered: with a tag if it is a number below 300. */
  async published(
    status: number,
    tag?: string,
    fields: readonly (readonly [string, string])[] = [],
  ): Promise<SipText> {
    const request = await this.next('PUBLISH');
    this.server.respond(request, status, [
      ...(fields.some(([name]) => name === 'Expires')
        ? []
        : ([['Expires', header(request, 'expires')]] as const)),
      ...(tag === undefined ? [] : ([['SIP-ETag', tag]] as const)),
      ...fields,
    ]);
    await settle();
    return request;
  }

  winfo(subscribe: SipText, body: string, parts: NotifyParts = {}): Promise<number> {
    return this.server.notify(subscribe, { contentType: 'application/watcherinfo+xml', body, ...parts });
  }

  async advance(ms: number): Promise<void> {
    this.time.advance(ms);
    await settle();
  }

  /** Time goes on until a request leaves, which must be within `ms`; gives how long that took. */
  async advanceToRequest(ms: number): Promise<number> {
    const before = this.time.now();
    while (this.#transactions.pending.client === 0) {
      assert.ok(this.time.now() - before < ms, `no request within ${ms} ms`);
      this.time.advance(500);
    }
    await settle();
    return this.time.now() - before;
  }

  async silence(): Promise<void> {
    await settle();
    const requests = this.server.requests.untaken.map(({ startLine }) => startLine);
    assert.deepEqual({ requests, told: this.told() }, { requests: [], told: [] });
  }

  record(user = JULIET): Readonly<Record<string, unknown>> | undefined {
    const row = this.#store.table('publishers').get(`gw1 ${user}`);
    return row === undefined ? undefined : JSON.parse(row.text);
  }

  count(event: string): number {
    return this.counters.counter('stoxgate_published_users_total', '', { event }).value;
  }

  #makeLocator(config: PresenceConfig): Locator {
    const phones = `sip:127.0.0.1:${this.phone.port};transport=udp`;
    const nextHops = NextHops.read({ 'example.net': phones }, presenceServers(config));
    assert.ok(nextHops.ok);
    const { time: clock, counters } = this;
    return new Locator(
      { clock, timers: clock.timers, random: new SecureRandom(), counters, resolver: noDns },
      { support: this.#edge.support, nextHops: nextHops.value },
    );
  }

  async #close(): Promise<void> {
    this.#subscriptions.stop();
    this.#transactions.stop();
    this.#locator.stop();
    await this.#edge.stop();
  }

  async close(): Promise<void> {
    this.feature.stop();
    await this.#close();
    await this.server.close();
    await this.phone.close();
    const errors = this.log.filter(({ level }) => level === 'error');
    assert.deepEqual(errors, [], 'logged errors');
  }
}

const noDns: DnsResolver = {
  naptr: async () => ({ kind: 'failure', reason: 'timeout' }),
  srv: async () => ({ kind: 'failure', reason: 'timeout' }),
  a: async () => ({ kind: 'failure', reason: 'timeout' }),
  aaaa: async () => ({ kind: 'failure', reason: 'timeout' }),
};

export function play(
  name: string,
  act: (rig: PublishRig) => Promise<void>,
  options: PublishRigOptions = {},
): void {
  test(name, async () => {
    const rig = await PublishRig.start(options);
    try {
      await act(rig);
    } finally {
      await rig.close();
    }
  });
}

/** Of calls, which are not here. */
function unexpected(): never {
  assert.fail('an INVITE');
}
