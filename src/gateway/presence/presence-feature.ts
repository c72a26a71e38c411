// The parts of the presence feature, made and joined: what the composition root sees of it.

import type { Clock, Counters, Log, Random, Store, Timers } from '../../base/index.ts';
import { WATCHERS } from '../../interwork/presence/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import { readEvent, type Message } from '../../xmpp/index.ts';
import { domainOf } from '../address-text.ts';
import type { LinkGroup } from '../link-group.ts';
import type { Live } from '../live.ts';
import { ErrorReports } from '../messages/error-reports.ts';
import type { Subscriptions } from '../subscriptions/subscriptions.ts';
import { Capabilities } from './capabilities.ts';
import { Contacts } from './contacts.ts';
import { DocumentReader } from './document-reader.ts';
import { PresenceDispatch } from './presence-dispatch.ts';
import { Watchers } from './watchers.ts';

export interface PresenceFeatureEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
  readonly live: Live;
  readonly node: string;
  readonly store: Store;
  readonly subscriptions: Subscriptions;
  /** The `<c/>` of a contact's presence (FEAT-04). */
  caps(contact: string): XmlElement;
  groupFor(domain: string): LinkGroup | undefined;
  draining(): boolean;
}

export class PresenceFeature {
  readonly #env: PresenceFeatureEnv;
  /** The event package `presence` of the notifier. */
  readonly contacts: Contacts;
  readonly #errors: ErrorReports;
  readonly #capabilities: Capabilities;
  #watchers: Watchers | undefined;
  #dispatch: PresenceDispatch | undefined;

  constructor(env: PresenceFeatureEnv) {
    this.#env = env;
    this.contacts = new Contacts(env);
    this.#errors = new ErrorReports(env);
    this.#capabilities = new Capabilities({
      ...env,
      send: (stanza) => {
        const group = env.groupFor(domainOf(stanza.attr('from') ?? ''));
        return group?.up === true && group.send(stanza) >= 0;
      },
    });
  }

  /** Before anything comes in: subscriptions of an earlier run are at hand, so that their notifiers find them. */
  async attach(): Promise<void> {
    const { store, counters, live } = this.#env;
    const kind = store.status().kind;
    const watchers = new Watchers({
      ...this.#env,
      reader: new DocumentReader(this.#env.clock, live),
      records: await store.collection(WATCHERS),
      lasting: kind !== 'memory',
      shared: kind === 'postgres',
      errors: this.#errors,
      capabilities: this.#capabilities,
    });
    await watchers.restore();
    this.#watchers = watchers;
    this.#dispatch = new PresenceDispatch({
      ...{ counters, live, watchers },
      contacts: this.contacts,
      errors: this.#errors,
      draining: () => this.#env.draining(),
    });
  }

  /** The listeners are bound and the links are there. */
  start(): void {
    this.#watchers?.start();
  }

  stanza(stanza: XmlElement, group: LinkGroup): void {
    this.#dispatch?.stanza(stanza, group);
  }

  /** A personal event of an XMPP user (XEP-0163): it is no message to anybody. */
  event(message: Message): void {
    const { book } = this.#env.live;
    const told = readEvent(message.element);
    if (told === undefined || message.from === undefined || message.to === undefined) return;
    const user = book.jidSenderToSip(message.from);
    const watcher = book.jidTargetToSip(message.to);
    if (user.ok && watcher.ok) this.contacts.event(told, user.value, watcher.value);
  }

  /** The answer to a question about capabilities. False: to none of ours. */
  answer(iq: XmlElement): boolean {
    return this.#capabilities.answer(iq);
  }

  /** What `from` may know of the person at `to` (JIDs). */
  vCard(from: string, to: string): XmlElement | undefined {
    const { book } = this.#env.live;
    const user = book.jidSenderToSip(from);
    const contact = book.jidTargetToSip(to);
    return user.ok && contact.ok ? this.#watchers?.vCard(user.value, contact.value) : undefined;
  }

  /** A link of this domain is up, or takes stanzas again. */
  linkUp(domain: string): void {
    this.#watchers?.linkUp(domain);
    this.contacts.linkUp(domain);
  }

  sweep(): void {
    this.#errors.sweep();
    this.contacts.sweep();
  }

  /** Takes nothing new. */
  drain(): void {
    this.#watchers?.drain();
  }

  /** Nothing can be told any more. */
  stop(): void {
    this.#watchers?.stop();
    this.contacts.stop();
    this.#errors.stop();
    this.#capabilities.stop();
  }

  sizes(): Record<string, number> {
    return {
      presence_watchers: this.#watchers?.size ?? 0,
      presence_unsent: this.#watchers?.unsent ?? 0,
      presence_contacts: this.contacts.size,
      presence_contacts_waiting: this.contacts.waiting,
      presence_errors: this.#errors.waiting,
      presence_capabilities: this.#capabilities.size,
      presence_questions: this.#capabilities.asking,
      presence_waiting: this.#watchers?.waiting ?? 0,
    };
  }
}
