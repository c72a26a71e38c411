// The parts of the presence feature, made and joined: what the composition root sees of it.

import type { Clock, Counters, Log, Random, Store, Timers } from '../../base/index.ts';
import { DECISIONS, PUBLISHERS, WATCHERS, type XmppResource } from '../../interwork/presence/index.ts';
import type { AdminAnswer } from '../../edge/admin/index.ts';
import type { MappedUri } from '../../mapping/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import {
  errorReply,
  mayAnswerWithError,
  readEvent,
  type Message,
  type StanzaError,
} from '../../xmpp/index.ts';
import { domainOf } from '../address-text.ts';
import type { LinkGroup } from '../link-group.ts';
import type { Live } from '../live.ts';
import { ErrorReports } from '../messages/error-reports.ts';
import { HttpClient } from '../../edge/http/index.ts';
import type { TransactionLayer } from '../../sip/index.ts';
import { ContactSources } from '../publications/contact-sources.ts';
import { Decisions } from '../publications/decisions.ts';
import { PublishedStateStore } from '../publications/published-states.ts';
import { Publisher } from '../publications/publisher.ts';
import { RulesClient } from '../publications/rules-client.ts';
import type { Subscriptions } from '../subscriptions/subscriptions.ts';
import { Capabilities } from './capabilities.ts';
import { Contacts } from './contacts.ts';
import { DocumentReader } from './document-reader.ts';
import { presenceAnswer } from './presence-answer.ts';
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
  readonly transactions: TransactionLayer;
  /** The `<c/>` of a contact's presence (FEAT-04). */
  caps(contact: string): XmlElement;
  groupFor(domain: string): LinkGroup | undefined;
  /** A SIP user is there. Bare JID. */
  seen(sipBareJid: string): void;
  draining(): boolean;
  /** Bounds of what SIP users publish, other than the usual ones, for tests. */
  readonly maxUsers?: number;
  readonly maxOctets?: number;
}

export class PresenceFeature {
  readonly #env: PresenceFeatureEnv;
  /** The event package `presence` of the notifier. */
  readonly contacts: Contacts;
  readonly #errors: ErrorReports;
  /** What SIP users publish here. */
  readonly published: PublishedStateStore;
  readonly #sources: ContactSources;
  readonly #http = new HttpClient();
  readonly #capabilities: Capabilities;
  #watchers: Watchers | undefined;
  #decisions: Decisions | undefined;
  #publisher: Publisher | undefined;
  #dispatch: PresenceDispatch | undefined;

  constructor(env: PresenceFeatureEnv) {
    this.#env = env;
    this.contacts = new Contacts(env);
    this.#errors = new ErrorReports(env);
    this.published = new PublishedStateStore(env);
    this.#sources = new ContactSources({ ...env, published: this.published });
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
    const kept = { lasting: kind !== 'memory', shared: kind === 'postgres', errors: this.#errors };
    const watchers = new Watchers({
      ...this.#env,
      ...kept,
      subscriptions: this.#sources,
      reader: new DocumentReader(this.#env.clock, live),
      records: await store.collection(WATCHERS),
      capabilities: this.#capabilities,
    });
    await watchers.restore();
    this.#watchers = watchers;
    const decisions = new Decisions({
      ...this.#env,
      ...kept,
      records: await store.collection(DECISIONS),
      rules: new RulesClient(this.#http, this.#env.random),
    });
    await decisions.restore();
    this.#decisions = decisions;
    const publisher = new Publisher({
      ...this.#env,
      ...kept,
      records: await store.collection(PUBLISHERS),
      decisions,
    });
    await publisher.restore();
    this.#publisher = publisher;
    this.#dispatch = new PresenceDispatch({
      ...{ counters, live, watchers, publisher },
      contacts: this.contacts,
      errors: this.#errors,
      draining: () => this.#env.draining(),
    });
  }

  /** The listeners are bound and the links are there. */
  start(): void {
    this.#watchers?.start();
    this.#decisions?.start();
  }

  stanza(stanza: XmlElement, group: LinkGroup): void {
    this.#dispatch?.stanza(stanza, group);
  }

  /** Answers a request for presence by an error, which is confirmed like all that a user has to hear. */
  refuse(stanza: XmlElement, error: StanzaError, group: LinkGroup): void {
    if (mayAnswerWithError(stanza)) this.#errors.send(errorReply(stanza, error), group);
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

  /** The last presence of each client of the XMPP user `contact`, as the SIP user `watcher` is shown it. Bare JIDs. */
  resources(watcher: string, contact: string): readonly XmppResource[] {
    return this.contacts.find(watcher, contact)?.resources ?? [];
  }

  /**
   * Whom a user means by an address of a SIP user that has a resource. What he sees of a phone has the id of a tuple for its
   * resource (PRES-81), and no registrar knows that as a `gr`: then the SIP user himself.
   */
  meant(user: MappedUri, contact: MappedUri): MappedUri {
    const { resource } = contact.jid;
    if (this.#watchers?.view(user, contact)?.isTuple(resource) !== true) return contact;
    const bare = this.#env.live.book.jidTargetToSip(contact.bareText);
    return bare.ok ? bare.value : contact;
  }

  /** FEAT-06: what `from` may know of the person at `to` (JIDs; RFC 4482). */
  vCard(from: string, to: string): XmlElement | undefined {
    const { book } = this.#env.live;
    const user = book.jidSenderToSip(from);
    const contact = book.jidTargetToSip(to);
    if (!user.ok || !contact.ok) return undefined;
    return this.#watchers?.view(user.value, contact.value)?.person().vCard;
  }

  /** A link of this domain is up, or takes stanzas again. */
  linkUp(domain: string): void {
    this.#watchers?.linkUp(domain);
    this.#publisher?.linkUp(domain);
    this.contacts.linkUp(domain);
  }

  sweep(): void {
    this.#errors.sweep();
    this.contacts.sweep();
  }

  /** The configuration is another one. */
  configured(): void {
    this.published.configured();
    this.#publisher?.configured();
  }

  /** Takes nothing new; resolves when what is to be withdrawn is. */
  async drain(): Promise<void> {
    this.#watchers?.drain();
    await this.#publisher?.drain();
  }

  /** Nothing can be told any more. */
  stop(): void {
    this.#watchers?.stop();
    this.#sources.stop();
    this.#publisher?.stop();
    this.published.stop();
    this.#decisions?.stop();
    this.#http.close();
    this.contacts.stop();
    this.#errors.stop();
    this.#capabilities.stop();
  }

  /** What the operator asks of a watcher and his contact. */
  ask(args: readonly string[]): AdminAnswer {
    return presenceAnswer(
      {
        live: this.#env.live,
        groupFor: (domain) => this.#env.groupFor(domain),
        watch: (user, contact) => this.#watchers?.status(user, contact),
        contact: (watcher, contact) => this.contacts.status(watcher, contact),
      },
      args,
    );
  }

  sizes(): Record<string, number> {
    return {
      presence_watchers: this.#watchers?.size ?? 0,
      presence_lists: this.#sources.lists,
      presence_unsent: this.#watchers?.unsent ?? 0,
      published_users: this.#publisher?.size ?? 0,
      publications: this.#publisher?.publications ?? 0,
      published_states: this.published.size,
      published_watched: this.published.watched,
      presence_decisions: this.#decisions?.size ?? 0,
      presence_contacts: this.contacts.size,
      presence_contacts_waiting: this.contacts.waiting,
      presence_errors: this.#errors.waiting,
      presence_capabilities: this.#capabilities.size,
      presence_questions: this.#capabilities.asking,
      presence_waiting: this.#watchers?.waiting ?? 0,
    };
  }
}
