// SIP users watch XMPP contacts (RFC 8048 §5.3): the event package `presence` for the notifier, and the stanzas of the
// contacts. Runs machine P for each watcher and contact.

import { ChurnMap, type Clock, type Counters, type Log, type Random, type Timers } from '../../base/index.ts';
import {
  PERSONAL_NODES,
  presenceStanza,
  stepContact,
  type ContactEffect,
  type ContactEvent,
} from '../../interwork/presence/index.ts';
import { PIDF_TYPE } from '../../mime/index.ts';
import type { MappedUri } from '../../mapping/index.ts';
import type { NotifierEnd } from '../../sip/index.ts';
import { serialize, type XmlElement } from '../../xml/index.ts';
import type { PepEvent } from '../../xmpp/index.ts';
import { domainOf } from '../address-text.ts';
import type { LinkGroup } from '../link-group.ts';
import type {
  EventPackage,
  NotifyDocument,
  ServedSubscription,
  SubscribeDecision,
  SubscribeRequest,
} from '../subscriptions/notifier-types.ts';
import { Contact, contactKey } from './contact.ts';
import type { ContactSide } from './contact-side.ts';
import { ContactDocuments, type DocumentLive } from './contact-documents.ts';
import { eventOfError } from './contact-errors.ts';
import { contactStatus, type ContactStatus } from './contact-status.ts';
import { Pace } from './pace.ts';
import { SharedContact } from './shared-contact.ts';
import { Throttle } from './throttle.ts';
import { PRESENCE_EVENT } from './watch-parts.ts';

/** How long the first NOTIFY waits for the presence of a contact who has just said yes; and, when one came, for others. */
const FIRST_MS = 2000;
const MORE_MS = 100;
/** The same when the way to him was lost: what was shown stays so long. */
const MORE_AGAIN_MS = 1500;
const ANSWER_MS = 30_000;
/** A link may be down so long before its contacts are shown as closed. */
const LINK_PATIENCE_MS = 60_000;
/** Retry-After of a subscription that the XMPP side could not take now (PRES-52). */
const PROBATION_SECONDS = 300;

export interface ContactsEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
  readonly live: DocumentLive;
  groupFor(domain: string): LinkGroup | undefined;
}

/** A mood or an activity of more is nobody's. */
const MAX_EVENT_CHARACTERS = 8192;

/** Questions about one contact for one watcher, who may have and refresh a thousand subscriptions, or fetch without end. */
const QUESTIONS = { times: 5, windowMs: 2000 };

export class Contacts implements EventPackage, ContactSide {
  readonly name = PRESENCE_EVENT;
  readonly accept = [PIDF_TYPE];
  readonly minExpires = 60;
  readonly maxExpires = 3600;
  /** RFC 3856 §6.4. */
  readonly defaultExpires = 3600;
  /** RFC 3856 §6.10: "SHOULD NOT generate notifications … at a rate faster than once every five seconds". */
  readonly minIntervalMs = 5000;
  readonly #env: ContactsEnv;
  readonly #contacts = new ChurnMap<string, Contact>();
  /** What the last NOTIFY of a subscription says, which leaves when it has ended. */
  readonly #lastWords = new WeakMap<ServedSubscription, NotifyDocument>();
  /** By bare JID of the contact. */
  readonly #shared = new ChurnMap<string, SharedContact>();
  readonly #documents: ContactDocuments;
  /** Those who are asked again when a link is up, one by one. */
  readonly #pace: Pace<Contact>;
  readonly #questions: Readonly<Record<'subscribe' | 'probe', Throttle<string>>>;
  /** Domains of watchers whose links are down, and since when; Infinity: their contacts know. */
  readonly #downSince = new Map<string, number>();

  constructor(env: ContactsEnv) {
    this.#env = env;
    this.#documents = new ContactDocuments(env.live);
    const question = (type: 'subscribe' | 'probe'): Throttle<string> =>
      new Throttle(env.timers, QUESTIONS, (key) => {
        const contact = this.#contacts.get(key);
        if (contact !== undefined) void this.#send(contact, type);
      });
    this.#questions = { subscribe: question('subscribe'), probe: question('probe') };
    this.#pace = new Pace(env, (contact) => {
      // Without a link his turn comes when there is one.
      if (env.groupFor(domainOf(contact.addresses.watcher))?.up === true) this.#step(contact, 'linkUp');
    });
  }

  /** Pairs of a watcher and a contact. */
  get size(): number {
    return this.#contacts.size;
  }

  /** Those that wait for their turn. */
  get waiting(): number {
    return this.#pace.size;
  }

  find(watcher: string, contact: string): Contact | undefined {
    return this.#contacts.get(contactKey(watcher, contact));
  }

  /** What the operator is shown of one; bare JIDs. undefined: he does not watch him. */
  status(watcher: string, contact: string): ContactStatus | undefined {
    const found = this.find(watcher, contact);
    return found === undefined ? undefined : contactStatus(found, this.#env, this.#pace.has(found));
  }

  decide({ resourceJid, expires }: SubscribeRequest): SubscribeDecision {
    // A domain has no presence.
    if (resourceJid.jid.local === '') return { kind: 'refused', status: 404 };
    return { kind: 'accepted', state: 'pending', hold: expires === 0 };
  }

  began(subscription: ServedSubscription): void {
    const contact = this.#of(subscription);
    if (!subscription.isFetch) return this.#step(contact, 'dialog');
    // PRES-49: what is known for sure is the answer; else the contact's server is asked.
    if (contact.state === 'open') subscription.update();
    else if (!this.#ask(contact, 'probe')) subscription.update();
  }

  restored(subscription: ServedSubscription): void {
    const contact = this.#of(subscription);
    this.#step(contact, 'restored');
    this.#pace.add(contact);
  }

  refreshed(subscription: ServedSubscription): void {
    const contact = contactOf(subscription);
    if (contact !== undefined) this.#step(contact, 'refreshed');
  }

  document(subscription: ServedSubscription): NotifyDocument | undefined {
    // PRES-40: nothing is said before the contact has agreed.
    if (subscription.state === 'pending') return undefined;
    const contact = contactOf(subscription);
    return contact === undefined ? this.#lastWords.get(subscription) : this.#documents.of(contact);
  }

  ended(subscription: ServedSubscription, end: NotifierEnd): void {
    const contact = contactOf(subscription);
    if (contact === undefined) return;
    const last = this.#lastDocument(contact, subscription, end);
    if (last !== undefined) this.#lastWords.set(subscription, last);
    subscription.holder = undefined;
    const wasLast = contact.delete(subscription);
    // Where the package has ended them itself there is nobody to be told.
    if (wasLast && contact.state !== 'none') this.#step(contact, 'lastEnded');
    this.#dropIdle(contact);
  }

  isAsked(user: MappedUri, watcher: MappedUri): boolean {
    const state = this.find(watcher.bareText, user.bareText)?.state;
    return state === 'asking' || state === 'unsure';
  }

  presence(
    kind: Parameters<ContactSide['presence']>[0],
    stanza: XmlElement,
    user: MappedUri,
    watcher: MappedUri,
  ): boolean {
    const contact = this.find(watcher.bareText, user.bareText);
    if (contact === undefined) return false;
    switch (kind) {
      case 'subscribed':
      case 'unsubscribed':
        this.#step(contact, kind);
        break;
      case 'available': {
        const { resource } = user.jid;
        contact.available(contact.shared.intern(resource, stanza, this.#env.clock.wall()));
        this.#step(contact, 'presence');
        break;
      }
      case 'unavailable':
        contact.unavailable(user.jid.resource);
        this.#step(contact, 'presence');
        break;
      case 'error':
        this.#step(contact, eventOfError(contact.state, stanza));
        break;
    }
    this.#answerFetches(contact);
    return true;
  }

  /** A personal event of a contact, for this watcher alone (PRES-55). False: nobody is there whom it concerns. */
  event({ node, payload }: PepEvent, user: MappedUri, watcher: MappedUri): boolean {
    const parts = PERSONAL_NODES.find(({ ns }) => ns === node);
    const contact = this.find(watcher.bareText, user.bareText);
    if (parts === undefined || contact === undefined) return false;
    if (parts.name === 'geoloc' && this.#env.live.presence.location === 'hide') return false;
    const read = payload === undefined ? undefined : parts.read(payload);
    if (read !== undefined && serialize(read).length > MAX_EVENT_CHARACTERS) return false;
    const held = read === undefined ? undefined : contact.shared.internEvent(parts.name, read);
    // Of whom no resource is known, nothing is told yet.
    if (!contact.told(parts.name, held) || contact.resources.length === 0) return true;
    this.#env.counters
      .counter('stoxgate_personal_events_total', 'Moods, activities and places told, by side.', { to: 'sip' })
      .add();
    this.#step(contact, 'presence');
    return true;
  }

  /** A link of this domain is up: its contacts are asked again, for what was said meanwhile was not heard. */
  linkUp(domain: string): void {
    this.#downSince.delete(domain);
    for (const contact of this.#contacts.values())
      if (domainOf(contact.addresses.watcher) === domain) this.#pace.add(contact);
  }

  /** Looks for links that have been down for too long. */
  sweep(): void {
    const nowMs = this.#env.clock.now();
    const gone = new Set<string>();
    for (const { addresses } of this.#contacts.values()) {
      const domain = domainOf(addresses.watcher);
      if (this.#env.groupFor(domain)?.up === true) {
        this.#downSince.delete(domain);
        continue;
      }
      const since = this.#downSince.get(domain);
      if (since === undefined) this.#downSince.set(domain, nowMs);
      else if (nowMs - since >= LINK_PATIENCE_MS) gone.add(domain);
    }
    for (const domain of gone) {
      this.#downSince.set(domain, Infinity);
      for (const contact of this.#contacts.values())
        if (domainOf(contact.addresses.watcher) === domain) this.#step(contact, 'linkGone');
    }
  }

  stop(): void {
    this.#pace.stop();
    for (const each of Object.values(this.#questions)) each.stop();
    for (const contact of this.#contacts.values()) this.#env.timers.clear(contact.timer);
    this.#contacts.clear();
    this.#shared.clear();
  }

  /** PRES-49: a fetch gets what is known; PRES-48: whoever goes gets "closed"; PRES-45: whoever is refused gets nothing. */
  #lastDocument(
    contact: Contact,
    { isFetch }: ServedSubscription,
    end: NotifierEnd,
  ): NotifyDocument | undefined {
    if (isFetch) {
      const known = contact.state === 'open' || contact.resources.length > 0;
      return known ? this.#documents.of(contact) : undefined;
    }
    const goes = end.cause === 'unsubscribed' || end.cause === 'expired';
    return goes && contact.state !== 'asking' ? this.#documents.closed(contact) : undefined;
  }

  #of(subscription: ServedSubscription): Contact {
    const { watcherJid, resourceJid } = subscription;
    const key = contactKey(watcherJid, resourceJid);
    let contact = this.#contacts.get(key);
    if (contact === undefined) {
      const shared = this.#shared.get(resourceJid) ?? new SharedContact();
      shared.holders += 1;
      this.#shared.set(resourceJid, shared);
      contact = new Contact({ watcher: watcherJid, contact: resourceJid }, shared);
      this.#contacts.set(key, contact);
    }
    subscription.holder = contact;
    contact.add(subscription);
    return contact;
  }

  #step(contact: Contact, event: ContactEvent): void {
    const { state, effects, expected } = stepContact(contact.state, event);
    if (!expected) {
      const { watcher, contact: jid } = contact.addresses;
      this.#env.log.debug('presence.contact.unexpected', {
        watcher,
        contact: jid,
        state: contact.state,
        event,
      });
      return;
    }
    if (state !== contact.state) {
      contact.enter(state, event, this.#env.clock.now());
    }
    for (const effect of effects) this.#run(contact, effect);
  }

  #run(contact: Contact, effect: ContactEffect): void {
    switch (effect) {
      case 'askSubscribe':
        // Without a link it is asked when there is one (`linkUp`).
        return void this.#ask(contact, 'subscribe');
      case 'probe':
        return void this.#ask(contact, 'probe');
      case 'activate':
        this.#count('authorized');
        for (const each of contact.subscriptions) {
          if (each.state === 'pending') each.activate();
          else each.update();
        }
        return;
      case 'update':
        for (const each of contact.subscriptions) each.update();
        return;
      case 'reject':
        this.#count('rejected');
        return this.#terminate(contact, 'rejected');
      case 'noResource':
        this.#count('no-such-contact');
        return this.#terminate(contact, 'noresource');
      case 'probation':
        this.#count('failed');
        return this.#terminate(contact, 'probation', PROBATION_SECONDS);
      case 'tellUnavailable':
        this.#count('left');
        return void this.#send(contact, 'unavailable');
      case 'doubt':
        return contact.doubt();
      case 'dropDoubted':
        return contact.dropDoubted();
      case 'waitForPresence':
        return this.#wait(contact, FIRST_MS);
      case 'waitForMore':
        return this.#wait(contact, contact.doubtful ? MORE_AGAIN_MS : MORE_MS);
      case 'waitForAnswer':
        return this.#wait(contact, ANSWER_MS);
      case 'stopWaiting':
        this.#env.timers.clear(contact.timer);
        contact.timer = undefined;
        return;
      case 'forget':
        contact.unavailable('');
        return this.#dropIdle(contact);
    }
  }

  #terminate(contact: Contact, ...how: Parameters<ServedSubscription['terminate']>): void {
    for (const each of [...contact.subscriptions]) each.terminate(...how);
  }

  #wait(contact: Contact, ms: number): void {
    this.#env.timers.clear(contact.timer);
    contact.timer = this.#env.timers.set(ms, () => {
      contact.timer = undefined;
      this.#step(contact, 'waited');
    });
  }

  #answerFetches(contact: Contact): void {
    for (const each of contact.fetches) each.update();
  }

  #dropIdle(contact: Contact): void {
    if (!contact.idle || contact.state !== 'none' || this.#contacts.get(contact.key) !== contact) return;
    this.#env.timers.clear(contact.timer);
    this.#pace.delete(contact);
    this.#contacts.delete(contact.key);
    contact.shared.holders -= 1;
    if (contact.shared.holders === 0) this.#shared.delete(contact.addresses.contact);
  }

  /** Now, or in a moment for all who wanted to ask meanwhile. False: nobody can be asked. */
  #ask(contact: Contact, type: 'subscribe' | 'probe'): boolean {
    if (this.#env.groupFor(domainOf(contact.addresses.watcher))?.up !== true) return false;
    return !this.#questions[type].may(contact.key) || this.#send(contact, type);
  }

  #send(contact: Contact, type: 'subscribe' | 'probe' | 'unavailable'): boolean {
    const { watcher, contact: jid } = contact.addresses;
    const group = this.#env.groupFor(domainOf(watcher));
    return group?.up === true && group.send(presenceStanza(type, watcher, jid)) >= 0;
  }

  #count(event: 'authorized' | 'rejected' | 'no-such-contact' | 'failed' | 'left'): void {
    this.#env.counters
      .counter('stoxgate_presence_contacts_total', 'What became of SIP users who watch XMPP contacts.', {
        event,
      })
      .add();
  }
}

function contactOf({ holder }: ServedSubscription): Contact | undefined {
  return holder instanceof Contact ? holder : undefined;
}
