// XMPP users who watch SIP contacts, both sides in one play: a link that records, a notifier on a real socket, a store that
// outlives the gateway, and time that is moved by hand. In between is the gateway's own code.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PresenceDispatch } from '../../src/gateway/presence/presence-dispatch.ts';
import type { ContactSide } from '../../src/gateway/presence/contact-side.ts';
import { Capabilities } from '../../src/gateway/presence/capabilities.ts';
import { DocumentReader } from '../../src/gateway/presence/document-reader.ts';
import type { WatcherLimits } from '../../src/gateway/presence/watch-table.ts';
import { Watchers } from '../../src/gateway/presence/watchers.ts';
import { LinkGroup, type GroupLink } from '../../src/gateway/link-group.ts';
import { ErrorReports } from '../../src/gateway/messages/error-reports.ts';
import { WATCHERS } from '../../src/interwork/presence/index.ts';
import { AddressBook } from '../../src/mapping/index.ts';
import { SendRefusal } from '../../src/edge/xmpp/index.ts';
import { SecureRandom } from '../../src/base/index.ts';
import { NS_CLIENT, XmlElement } from '../../src/xml/index.ts';
import { capsElement } from '../../src/xmpp/index.ts';
import type { SipText } from '../peers/sip-text.ts';
import { trusting } from './made-beliefs.ts';
import { MemoryStore } from './memory-store.ts';
import { Notifier, type NotifyParts } from './notifier.ts';
import { logInto } from './rig.ts';
import { settle, WatchRig } from './watch-rig.ts';

export const JULIET = 'juliet@example.com';
export const ROMEO = 'romeo@example.net';
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** A link as its group sees it; what it was given is in `stanzas`. */
class RecordingLink implements GroupLink {
  state = 'up';
  answering = true;
  /** Stanzas that it takes before it is full. */
  room = Infinity;
  readonly stanzas: XmlElement[] = [];
  #seq = 0;

  get last(): number {
    return this.#seq;
  }

  send(stanza: XmlElement): number {
    if (this.state !== 'up') return SendRefusal.NotUp;
    if (this.room <= 0) return SendRefusal.Full;
    this.room -= 1;
    this.stanzas.push(stanza);
    return ++this.#seq;
  }
}

export interface PresenceRigOptions {
  readonly limits?: Partial<WatcherLimits>;
  readonly unknownUsers?: 'refuse' | 'keep';
  /** What is kept does not outlive the gateway. */
  readonly forgetful?: boolean;
  readonly maxSubscribers?: number;
  readonly contacts?: ContactSide;
  readonly location?: 'hide' | 'share';
}

export class PresenceRig {
  readonly notifier: Notifier;
  readonly link = new RecordingLink();
  /** Each gateway has its own. */
  group!: LinkGroup;
  readonly #options: PresenceRigOptions;
  readonly #store = new MemoryStore();
  rig!: WatchRig;
  watchers!: Watchers;
  capabilities!: Capabilities;
  book!: AddressBook;
  #dispatch!: PresenceDispatch;
  #errors!: ErrorReports;
  /** Of the rule for SIP users, from the next start on. */
  contactDomain = 'example.net';
  #told = 0;
  #port = 0;

  private constructor(options: PresenceRigOptions, notifier: Notifier) {
    this.#options = options;
    this.notifier = notifier;
  }

  static async start(options: PresenceRigOptions = {}): Promise<PresenceRig> {
    const rig = new PresenceRig(options, await Notifier.open());
    await rig.#start();
    return rig;
  }

  async #start(before?: WatchRig, port = 0): Promise<void> {
    const { maxSubscribers, unknownUsers = 'refuse', limits, forgetful, contacts } = this.#options;
    this.group = new LinkGroup('example.net');
    this.group.replaceLinks([this.link]);
    this.rig = await WatchRig.start({
      registrarPorts: [this.notifier.port],
      maxSubscribers: maxSubscribers ?? 1000,
      port,
      ...(before === undefined ? {} : { time: before.time }),
    });
    const { time, counters, log, subscriptions } = this.rig;
    const env = { clock: time, timers: time.timers, random: new SecureRandom(), log: logInto(log), counters };
    this.book = new AddressBook([
      { home: 'sip', sip: this.contactDomain, xmpp: this.contactDomain },
      { home: 'xmpp', xmpp: 'example.com', sip: 'example.com' },
    ]);
    const live = {
      book: this.book,
      ...trusting([], this.book, time, counters),
      offline: {
        ...{ keep: false, registrars: [], hours: 1, per_user: 1, per_domain: 1 },
        unknown_users: unknownUsers,
      },
      presence: { location: this.#options.location ?? ('hide' as const) },
    };
    this.#errors = new ErrorReports(env);
    this.capabilities = new Capabilities({
      ...env,
      send: (stanza) => this.link.send(stanza) >= 0,
    });
    this.watchers = new Watchers({
      ...env,
      live,
      node: 'gw1',
      reader: new DocumentReader(time, live),
      subscriptions,
      records: await this.#store.collection(WATCHERS),
      lasting: forgetful !== true,
      shared: false,
      errors: this.#errors,
      seen: () => undefined,
      capabilities: this.capabilities,
      caps: () => capsElement('urn:test', 'v'),
      groupFor: (domain) => (domain === 'example.net' ? this.group : undefined),
      ...(limits === undefined ? {} : { limits }),
    });
    await this.watchers.restore();
    this.#dispatch = new PresenceDispatch({
      counters,
      live,
      watchers: this.watchers,
      errors: this.#errors,
      contacts,
      draining: () => false,
    });
    this.watchers.start();
  }

  /** Another gateway in the place of this one: what it does not find in the store it does not know. */
  async restart(): Promise<void> {
    await this.stopGateway();
    await this.startGateway();
  }

  /** The next gateway after one that was stopped, at its place and in its time. */
  startGateway(): Promise<void> {
    return this.#start(this.rig, this.#port);
  }

  /** Without a word to anybody. */
  async stopGateway(): Promise<void> {
    this.watchers.drain();
    const drained = this.rig.subscriptions.drain();
    await this.rig.advance(2000);
    await drained;
    this.#port = this.rig.port;
    this.watchers.stop();
    await this.rig.close();
  }

  /** The link comes up again, as the gateway's links tell their groups. */
  linkUp(): void {
    this.link.state = 'up';
    this.group.linkUp();
    this.watchers.linkUp('example.net');
  }

  linkDown(): void {
    this.link.state = 'closed';
    this.group.linkDown(this.link);
  }

  /** The XMPP server has everything that was written. */
  confirm(): void {
    this.group.linkConfirmed(this.link, this.link.last);
  }

  /** A presence stanza of Juliet, or of another user, to Romeo or another contact. */
  user(type?: string, from = JULIET, to = ROMEO, children: readonly XmlElement[] = []): void {
    const attributes = ['from', from, 'to', to, 'id', 'p1'];
    if (type !== undefined) attributes.push('type', type);
    this.#dispatch.stanza(new XmlElement('presence', NS_CLIENT, attributes, children), this.group);
  }

  /** What was told since the last time, in order, in words. */
  told(): string[] {
    const fresh = this.link.stanzas.slice(this.#told);
    this.#told = this.link.stanzas.length;
    return fresh.map(inWords);
  }

  /** What the store holds of Juliet and Romeo. */
  record(user = JULIET, contact = ROMEO): Readonly<Record<string, unknown>> | undefined {
    const row = this.#store.table('watchers').get(`${user} ${contact}`);
    return row === undefined ? undefined : JSON.parse(row.text);
  }

  get records(): number {
    return this.#store.table('watchers').size;
  }

  outcome(event: string): number {
    return this.rig.counters.counter('stoxgate_presence_watchers_total', '', { event }).value;
  }

  /** NOTIFY with a document. */
  notify(subscribe: SipText, state: string, body?: string, parts: NotifyParts = {}): Promise<number> {
    return this.notifier.notify(subscribe, {
      state,
      contentType: 'application/pidf+xml',
      ...(body === undefined ? {} : { body }),
      ...parts,
    });
  }

  /** Juliet asks, Romeo agrees, and is there. */
  async established(parts: NotifyParts = {}): Promise<SipText> {
    this.user('subscribe');
    const subscribe = await this.notifier.subscribe();
    await settle();
    assert.equal(await this.notify(subscribe, 'active;expires=3600', pidf('orchard'), parts), 200);
    assert.deepEqual(this.told(), ['subscribed', 'orchard available']);
    this.confirm();
    return subscribe;
  }

  async silence(): Promise<void> {
    await settle();
    assert.deepEqual(
      this.notifier.requests.untaken.map(({ startLine }) => startLine),
      [],
      'no request in SIP',
    );
    assert.deepEqual(this.told(), [], 'no stanza');
  }

  /** Nothing is left. */
  async residue(): Promise<void> {
    this.confirm();
    assert.equal(this.watchers.size, 0, 'watchers');
    assert.equal(this.records, 0, 'records');
    assert.equal(this.watchers.unsent, 0, 'unsent');
    assert.equal(this.watchers.waiting, 0, 'waiting');
    assert.equal(this.#errors.waiting, 0, 'errors');
    await this.rig.residue();
  }

  async close(): Promise<void> {
    this.watchers.stop();
    await this.rig.close();
    await this.notifier.close();
  }
}

/** "subscribed", "orchard available away", "unavailable", "error item-not-found"; always from Romeo to bare Juliet. */
function inWords(stanza: XmlElement): string {
  const [bare, resource] = (stanza.attr('from') ?? '').split('/');
  const show = stanza.child('show')?.text();
  const condition = [...(stanza.child('error')?.elements() ?? [])][0]?.name;
  const to = stanza.attr('to');
  const type = stanza.attr('type') ?? 'available';
  return [
    ...(bare === ROMEO ? [] : [`from ${bare}`]),
    ...(to === JULIET ? [] : [`to ${to}`]),
    ...[resource, type, show, condition].filter((word) => word !== undefined),
  ].join(' ');
}

/** A document about Romeo: open tuples, or "!name" for a closed one; "name=away" with a show. */
export function pidf(...tuples: readonly string[]): string {
  const inside = tuples.map((text) => {
    const [name = '', show] = text.replace('!', '').split('=');
    const extra = show === undefined ? '' : `<show xmlns="jabber:client">${show}</show>`;
    const basic = text.startsWith('!') ? 'closed' : 'open';
    return `<tuple id="ID-${name}"><status><basic>${basic}</basic>${extra}</status></tuple>`;
  });
  return `<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:${ROMEO}">${inside.join('')}</presence>`;
}

export function play(
  name: string,
  act: (rig: PresenceRig) => Promise<void>,
  options: PresenceRigOptions = {},
): void {
  test(name, async () => {
    const rig = await PresenceRig.start(options);
    try {
      await act(rig);
    } finally {
      await rig.close();
    }
  });
}

/** Ends it from the user's side, and counts what is left. */
export async function finish(rig: PresenceRig): Promise<void> {
  rig.user('unsubscribe');
  const last = await rig.notifier.subscribe();
  await settle();
  await rig.notify(last, 'terminated;reason=timeout');
  assert.equal(rig.told().at(-1), 'unsubscribed');
  await rig.residue();
}
