// The gateway's notifier over real sockets, without the XMPP side: listener, transactions, dispatch with its beliefs,
// location, digest; and a watcher of our own. Time is moved by hand.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counters, SecureRandom, utf8Bytes, VirtualTime, type Collection } from '../../src/base/index.ts';
import { SipEdge } from '../../src/edge/sip/index.ts';
import { PresenceModels } from '../../src/gateway/presence-models.ts';
import { SipDispatch } from '../../src/gateway/sip-dispatch.ts';
import type {
  EventPackage,
  NotifierLimits,
  NotifyDocument,
  ServedSubscription,
  SubscribeDecision,
  SubscribeRequest,
} from '../../src/gateway/subscriptions/notifier-types.ts';
import { Notifiers } from '../../src/gateway/subscriptions/notifiers.ts';
import { AddressBook } from '../../src/mapping/index.ts';
import type { TrustedNetwork } from '../../src/policy/index.ts';
import { trusting } from './made-beliefs.ts';
import type { MadeBeliefs } from '../../src/gateway/beliefs.ts';
import {
  DigestClient,
  Locator,
  NextHops,
  TransactionLayer,
  type DnsResolver,
  type NotifierEnd,
  type NotifierRecord,
} from '../../src/sip/index.ts';
import { header, parameter, statusOf, type SipText } from '../peers/sip-text.ts';
import { logInto, type LogEntry } from './rig.ts';
import { SipPeer, unique, type RequestParts } from './sip-peer.ts';
import { settle } from './watch-rig.ts';

/** An event package that does what its test says. */
export class TestPackage implements EventPackage {
  readonly name: string = 'presence';
  readonly accept: readonly string[] = ['application/pidf+xml', 'application/xpidf+xml'];
  readonly minExpires = 60;
  readonly maxExpires = 7200;
  readonly defaultExpires = 3600;
  minIntervalMs = 0;
  /** What it was told, in order. */
  readonly heard: string[] = [];
  readonly all: ServedSubscription[] = [];
  readonly requests: SubscribeRequest[] = [];
  decision: SubscribeDecision = { kind: 'accepted', state: 'active' };
  /** The document of everybody; '' for none. */
  text = 'here';
  asked = 0;
  faulty = false;
  onBegan = (_subscription: ServedSubscription): void => undefined;
  onRefreshed = (_subscription: ServedSubscription): void => undefined;

  get last(): ServedSubscription {
    return this.all.at(-1) ?? assert.fail('no subscription');
  }

  decide(request: SubscribeRequest): SubscribeDecision {
    this.requests.push(request);
    return this.decision;
  }

  began(subscription: ServedSubscription): void {
    this.all.push(subscription);
    this.heard.push(`began ${subscription.state}`);
    this.onBegan(subscription);
  }

  restored(subscription: ServedSubscription): void {
    this.all.push(subscription);
    this.heard.push(`restored ${subscription.state}`);
  }

  refreshed(subscription: ServedSubscription): void {
    this.heard.push('refreshed');
    this.onRefreshed(subscription);
  }

  document(subscription: ServedSubscription): NotifyDocument | undefined {
    this.asked += 1;
    if (this.faulty) throw new Error('a fault of the test');
    if (this.text === '') return undefined;
    return {
      contentType: 'application/pidf+xml',
      body: utf8Bytes(`${this.text} ${subscription.state}`),
      headers: [{ name: 'Subject', id: 'subject', value: this.text }],
    };
  }

  ended(_subscription: ServedSubscription, end: NotifierEnd): void {
    this.heard.push(`ended ${Object.values(end).join(' ')}`);
  }
}

export interface ServeRigOptions {
  readonly packages?: readonly EventPackage[];
  readonly port?: number;
  readonly records?: Collection<NotifierRecord>;
  readonly limits?: Partial<NotifierLimits>;
  readonly credentials?: readonly { realm: string; user: string; password: string }[];
  readonly trusted?: readonly TrustedNetwork[];
  /** Further next hops of example.net, asked before the watcher. */
  readonly hops?: readonly number[];
  /** example.net has no next hop. */
  readonly astray?: boolean;
}

export class ServeRig {
  readonly time: VirtualTime;
  readonly counters = new Counters();
  readonly log: LogEntry[] = [];
  readonly package = new TestPackage();
  readonly notifiers: Notifiers;
  readonly watcher: SipPeer;
  readonly #edge: SipEdge;
  readonly #transactions: TransactionLayer;
  readonly #live: MadeBeliefs & {
    asksDns: boolean;
    locator: Locator;
    readonly digest: DigestClient;
    book: AddressBook;
    readonly models: PresenceModels;
  };

  private constructor(watcher: SipPeer, options: ServeRigOptions, wallMs: number) {
    this.time = new VirtualTime(wallMs, 20);
    this.watcher = watcher;
    const log = logInto(this.log);
    const { counters } = this;
    const clock = this.time;
    const { timers } = this.time;
    const random = new SecureRandom();
    this.#edge = new SipEdge(
      [{ transport: 'UDP', host: '127.0.0.1', port: options.port ?? 0 }],
      { clock, timers, log, counters },
      { message: (bytes, source) => this.#transactions.receive(bytes, source) },
    );
    this.#transactions = new TransactionLayer(
      { clock, timers, random, transport: this.#edge, log, counters },
      {
        refuses: (request, source) => dispatch.refuses(request, source),
        request: (tx) => dispatch.request(tx),
      },
    );
    const book = new AddressBook([
      { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
      { home: 'xmpp', sip: 'example.com', xmpp: 'example.com' },
    ]);
    this.#live = {
      locator: this.#makeLocator(options),
      digest: new DigestClient({ clock, random, credentials: options.credentials ?? [] }),
      book,
      ...trusting(options.trusted ?? [{ network: '127.0.0.1/32' }], book, clock, counters),
      models: new PresenceModels({ domains: [], presence: { model: 'end-to-end' } }),
      asksDns: false,
    };
    this.notifiers = new Notifiers({
      ...{ clock, timers, random, log, counters },
      live: this.#live,
      transactions: this.#transactions,
      localFor: (target) => this.#edge.localFor(target),
      packages: options.packages ?? [this.package],
      records: options.records,
      node: 'test',
      shared: false,
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    });
    const dispatch = new SipDispatch({
      log,
      counters,
      live: this.#live,
      homes: { of: () => assert.fail('a question about a domain') },
      messages: {
        accept: () => assert.fail('a MESSAGE'),
        countRejected: () => assert.fail('a MESSAGE'),
        countEnded: () => assert.fail('a MESSAGE'),
      },
      subscriptions: { has: () => false, notify: () => assert.fail('a NOTIFY') },
      published: { publish: () => assert.fail('a PUBLISH') },
      notifiers: this.notifiers,
      calls: { enabled: false, invite: unexpected, inviteRefused: unexpected, request: () => false },
      seen: () => undefined,
      ownHosts: new Set(['127.0.0.1']),
      draining: () => false,
    });
  }

  /** `laterMs`: how long after the beginning of all tests its wall clock begins. */
  static async start(watcher: SipPeer, options: ServeRigOptions = {}, laterMs = 0): Promise<ServeRig> {
    const rig = new ServeRig(watcher, options, Date.UTC(2026, 0, 1) + laterMs);
    await rig.#edge.start();
    // Only now it is known which transports there are.
    rig.#live.locator = rig.#makeLocator(options);
    return rig;
  }

  get port(): number {
    return this.#edge.localEndpoints[0]?.port ?? 0;
  }

  /** Asks, and gives the final response. */
  ask(parts: RequestParts): Promise<SipText> {
    return this.watcher.ask({ method: 'SUBSCRIBE', ...parts }, this.port, 3000);
  }

  /** The next NOTIFY. */
  notify(): Promise<SipText> {
    return this.watcher.requests.next('a NOTIFY');
  }

  /** Nothing more has come. */
  async silence(): Promise<void> {
    await settle();
    assert.deepEqual(
      this.watcher.requests.untaken.map(({ startLine }) => startLine),
      [],
    );
  }

  /** Another configuration of trust and rules, as a reload takes it. */
  reload(changes: { trusted?: readonly TrustedNetwork[]; book?: AddressBook }): void {
    if (changes.trusted !== undefined) {
      const { believer, admission } = trusting(changes.trusted, this.#live.book, this.time, this.counters);
      Object.assign(this.#live, { believer, admission });
    }
    if (changes.book !== undefined) this.#live.book = changes.book;
    this.notifiers.configured();
  }

  async advance(ms: number, steps = 1): Promise<void> {
    for (let step = 0; step < steps; step++) {
      this.time.advance(ms / steps);
      await settle();
    }
  }

  /** Nothing is left: no subscription, no transaction, no timer but those of ended transactions. */
  async residue(expectedErrors: readonly string[] = []): Promise<void> {
    await settle();
    assert.equal(this.notifiers.size, 0, 'subscriptions');
    assert.equal(this.notifiers.waiting, 0, 'waiting NOTIFY requests');
    await this.advance(40_000);
    assert.equal(this.#transactions.pending.client, 0, 'client transactions');
    assert.equal(this.#transactions.pending.completed, 0, 'completed transactions');
    assert.equal(this.time.timers.size, 0, 'timers');
    assert.deepEqual(
      this.log.filter(({ level, event }) => level === 'error' && !expectedErrors.includes(event)),
      [],
      'logged errors',
    );
  }

  /** As a crash: nobody is told. */
  async close(): Promise<void> {
    this.notifiers.stop();
    this.#transactions.stop();
    this.#live.locator.stop();
    await this.#edge.stop();
  }

  #makeLocator(options: ServeRigOptions): Locator {
    const ports = [...(options.hops ?? []), this.watcher.port];
    const nextHops = NextHops.read(
      options.astray === true
        ? {}
        : { 'example.net': ports.map((port) => `sip:127.0.0.1:${port};transport=udp;lr`) },
    );
    assert.ok(nextHops.ok);
    const { timers } = this.time;
    return new Locator(
      { clock: this.time, timers, random: new SecureRandom(), counters: this.counters, resolver: noDns },
      { support: this.#edge.support, nextHops: nextHops.value },
    );
  }
}

const noDns: DnsResolver = {
  naptr: async () => ({ kind: 'failure', reason: 'timeout' }),
  srv: async () => ({ kind: 'failure', reason: 'timeout' }),
  a: async () => ({ kind: 'failure', reason: 'timeout' }),
  aaaa: async () => ({ kind: 'failure', reason: 'timeout' }),
};

type Fields = readonly (readonly [string, string])[];

/** A subscription as its watcher knows it. */
export class WatcherDialog {
  readonly rig: ServeRig;
  readonly callId: string = unique('watch');
  readonly fromTag: string = unique('w');
  readonly event: string;
  readonly contact: string;
  /** To tag of the 2xx. */
  tag = '';
  cseq = 1;
  target = '';

  constructor(rig: ServeRig, event = 'presence') {
    this.rig = rig;
    this.event = event;
    this.contact = `<sip:romeo@127.0.0.1:${rig.watcher.port}>`;
  }

  parts(fields: Fields, more: Partial<RequestParts> = {}): RequestParts {
    const given = new Set(fields.map(([name]) => name));
    const usual: Fields = [
      ['Contact', this.contact],
      ['Event', this.event],
    ];
    return {
      method: 'SUBSCRIBE',
      uri: this.tag === '' ? 'sip:juliet@example.com' : this.target,
      to: `<sip:juliet@example.com>${this.tag === '' ? '' : `;tag=${this.tag}`}`,
      fromTag: this.fromTag,
      callId: this.callId,
      cseq: this.cseq,
      headers: [...usual.filter(([name]) => !given.has(name)), ...fields.filter(([, value]) => value !== '')],
      ...more,
    };
  }

  /** SUBSCRIBE, initial or within the dialog; gives the final response. */
  async subscribe(
    expires: number | undefined,
    fields: Fields = [],
    more: Partial<RequestParts> = {},
  ): Promise<SipText> {
    const all: Fields = expires === undefined ? fields : [['Expires', String(expires)], ...fields];
    const response = await this.rig.ask(this.parts(all, more));
    if (statusOf(response) === 200) {
      this.tag = parameter(header(response, 'to'), 'tag') ?? '';
      this.target = /<(.*)>/.exec(header(response, 'contact'))?.[1] ?? '';
    }
    this.cseq += 1;
    return response;
  }
}

/** One test with a gateway and a watcher of its own. */
export function serve(
  name: string,
  act: (rig: ServeRig) => Promise<void>,
  options: ServeRigOptions = {},
): void {
  test(name, async () => {
    const watcher = await SipPeer.open();
    const rig = await ServeRig.start(watcher, options);
    try {
      await act(rig);
    } finally {
      await rig.close();
      await watcher.close();
    }
  });
}

/** Subscribed, and its first NOTIFY taken. */
export async function established(rig: ServeRig, expires = 3600): Promise<WatcherDialog> {
  const dialog = new WatcherDialog(rig);
  assert.equal(statusOf(await dialog.subscribe(expires)), 200);
  await rig.notify();
  await settle();
  return dialog;
}

/** Ends it from the watcher's side, and counts what is left. */
export async function finish(dialog: WatcherDialog): Promise<void> {
  const { rig } = dialog;
  assert.equal(statusOf(await dialog.subscribe(0)), 200);
  assert.equal(stateOf(await rig.notify()), 'terminated;reason=timeout');
  await rig.residue();
}

export const stateOf = (notify: SipText): string => header(notify, 'subscription-state');
export const cseqOf = (message: SipText): number => Number(header(message, 'cseq').split(' ')[0]);

/** Of calls, which are not here. */
function unexpected(): never {
  assert.fail('an INVITE');
}
