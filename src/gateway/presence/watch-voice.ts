// What users are told of their contacts: in order, and `subscribed` and `unsubscribed` until the XMPP server has them. Presence
// itself is not confirmed: what a link could not carry is told as it is then, when the link is up.

import type { Counters, Timer, Timers } from '../../base/index.ts';
import { SendRefusal } from '../../edge/xmpp/index.ts';
import { presenceStanza, resourceStanza } from '../../interwork/presence/index.ts';
import { gatewayStanzaError } from '../../mapping/index.ts';
import { NS_CLIENT, XmlElement } from '../../xml/index.ts';
import { errorReply, type StanzaError } from '../../xmpp/index.ts';
import { domainOf } from '../address-text.ts';
import type { LinkGroup } from '../link-group.ts';
import type { ErrorReports } from '../messages/error-reports.ts';
import { DueStanza } from './due-stanza.ts';
import type { Watch } from './watch.ts';

export interface WatchVoiceEnv {
  readonly timers: Timers;
  readonly counters: Counters;
  readonly errors: ErrorReports;
  groupFor(domain: string): LinkGroup | undefined;
  /** The `<c/>` of a contact's presence (FEAT-04). */
  caps(contact: string): XmlElement;
  /** `due` or `unsent` has changed. */
  changed(watch: Watch): void;
}

/** Watchers of one domain that are told at once when their link is up, and the pause before the next of them. */
const FLUSH = 200;
const FLUSH_MS = 20;

export class WatchVoice {
  readonly #env: WatchVoiceEnv;
  /** By the domain of the contact. */
  readonly #unsent = new Map<string, Set<Watch>>();
  readonly #flushing = new Map<string, Timer>();

  constructor(env: WatchVoiceEnv) {
    this.#env = env;
  }

  /** Watchers whose users have something to hear that no link could carry. */
  get unsent(): number {
    let sum = 0;
    for (const watches of this.#unsent.values()) sum += watches.size;
    return sum;
  }

  /** Takes the place of what was due before. */
  owe(watch: Watch, kind: 'subscribed' | 'unsubscribed'): void {
    const { contact, user } = watch.addresses;
    watch.due = new DueStanza(kind, presenceStanza(kind, contact, user), {
      isDue: (due) => watch.due === due,
      done: () => {
        watch.due = undefined;
        this.#env.changed(watch);
      },
      again: () => this.later(watch),
    });
    this.#count(kind);
    this.#place(watch);
  }

  /**
   * Each resource as it is known, and what is known no more as unavailable. `answer`: something has to be said, so that
   * nothing known is told as unavailable.
   */
  tell(watch: Watch, answer: boolean): void {
    const { contact, user } = watch.addresses;
    const { view } = watch;
    // The flush tells everything, in its order.
    if (watch.unsent || view.restored) return;
    const current = view.current();
    for (const each of current) {
      const caps = each.available ? [this.#env.caps(contact)] : [];
      const sent = this.#send(watch, resourceStanza(contact, user, each, caps));
      if (each.available) view.told.add(each.resource);
      else if (sent) view.told.delete(each.resource);
      if (!sent) return;
      answer = false;
    }
    // What is gone comes last: a phone that names its tuples anew each time (linphone) is not shown as gone in between.
    const names = new Set(current.map(({ resource }) => resource));
    for (const gone of [...view.told].filter((resource) => !names.has(resource))) {
      const stanza = resourceStanza(contact, user, { resource: gone, available: false, children: [] });
      if (!this.#send(watch, stanza)) return;
      view.told.delete(gone);
      answer = false;
    }
    // PRES-04: "no body -> unknown: treat as unavailable".
    if (answer) this.#send(watch, presenceStanza('unavailable', contact, user));
  }

  /** The answer to the user's `subscribe` (ERR-R2), or to one of before a restart. */
  tellError(watch: Watch): void {
    const { user, contact } = watch.addresses;
    const attributes = ['from', user, 'to', contact, 'type', 'subscribe'];
    const question = watch.question ?? new XmlElement('presence', NS_CLIENT, attributes);
    const group = this.#env.groupFor(domainOf(contact));
    if (group !== undefined) this.refuse(question, watch.error ?? gatewayStanzaError('ERR-G1'), group);
  }

  refuse(stanza: XmlElement, error: StanzaError, group: LinkGroup): void {
    this.#env.errors.send(errorReply(stanza, error), group);
  }

  /** PRES-08. False: nobody can be asked now. */
  probe(watch: Watch): boolean {
    const { contact, user } = watch.addresses;
    const group = this.#env.groupFor(domainOf(contact));
    this.#count('probe');
    return group?.up === true && group.send(presenceStanza('probe', contact, user)) >= 0;
  }

  /** A link of this domain is up, or takes stanzas again. */
  linkUp(domain: string): void {
    if (this.#flushing.has(domain)) return;
    this.#flush(domain);
  }

  /** Nothing is told from now on. */
  stop(): void {
    for (const timer of this.#flushing.values()) this.#env.timers.clear(timer);
    this.#flushing.clear();
  }

  #taken(watch: Watch): void {
    const domain = domainOf(watch.addresses.contact);
    const watches = this.#unsent.get(domain);
    watches?.delete(watch);
    if (watches?.size === 0) this.#unsent.delete(domain);
    watch.unsent = false;
  }

  #flush(domain: string): void {
    this.#flushing.delete(domain);
    let left = FLUSH;
    for (const watch of this.#unsent.get(domain) ?? []) {
      if (left === 0) break;
      left -= 1;
      this.#taken(watch);
      if (watch.due?.placed === false) this.#place(watch);
      this.tell(watch, false);
      // The link went away, or is full: it tells when it is there again.
      if (watch.unsent) return;
      this.#env.changed(watch);
    }
    if ((this.#unsent.get(domain)?.size ?? 0) === 0) return;
    this.#flushing.set(
      domain,
      this.#env.timers.set(FLUSH_MS, () => this.#flush(domain)),
    );
  }

  #place(watch: Watch): void {
    const { due } = watch;
    if (due === undefined) return;
    const group = this.#env.groupFor(domainOf(watch.addresses.contact));
    if (group === undefined) return this.later(watch);
    const written = group.sendConfirmed(due);
    due.placed = true;
    if (written >= 0) return;
    if (written === SendRefusal.NotUp || written === SendRefusal.Full) {
      group.park(due);
      // What follows waits behind it.
      return this.later(watch);
    }
    // An address that the link may not speak for: no link ever will.
    watch.due = undefined;
    this.#env.changed(watch);
  }

  #send(watch: Watch, stanza: XmlElement): boolean {
    const group = this.#env.groupFor(domainOf(watch.addresses.contact));
    const written = group?.up === true ? group.send(stanza) : SendRefusal.NotUp;
    if (written >= 0) {
      this.#count(stanza.attr('type') ?? 'available');
      return true;
    }
    if (written === SendRefusal.NotUp || written === SendRefusal.Full) {
      this.later(watch);
      return false;
    }
    // Too large for the link, or from an address that it may not speak for: this one alone is given up.
    this.#count('refused');
    return true;
  }

  /** Tells everything when the link of its domain is up. */
  later(watch: Watch): void {
    if (watch.unsent) return;
    watch.unsent = true;
    const domain = domainOf(watch.addresses.contact);
    const watches = this.#unsent.get(domain);
    if (watches === undefined) this.#unsent.set(domain, new Set([watch]));
    else watches.add(watch);
    this.#env.changed(watch);
  }

  #count(type: string): void {
    this.#env.counters
      .counter('stoxgate_presence_stanzas_total', 'Presence stanzas to XMPP users, by type.', { type })
      .add();
  }
}
