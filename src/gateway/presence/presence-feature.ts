// The parts of the presence feature, made and joined: what the composition root sees of it.

import type { Clock, Counters, Log, Random, Store, Timers } from '../../base/index.ts';
import { WATCHERS } from '../../interwork/presence/index.ts';
import type { AdminAnswer } from '../../edge/admin/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import type { LinkGroup } from '../link-group.ts';
import type { Live } from '../live.ts';
import { ErrorReports } from '../messages/error-reports.ts';
import type { Subscriptions } from '../subscriptions/subscriptions.ts';
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
  groupFor(domain: string): LinkGroup | undefined;
  draining(): boolean;
}

export class PresenceFeature {
  readonly #env: PresenceFeatureEnv;
  /** The event package `presence` of the notifier. */
  readonly contacts: Contacts;
  readonly #errors: ErrorReports;
  #watchers: Watchers | undefined;
  #dispatch: PresenceDispatch | undefined;

  constructor(env: PresenceFeatureEnv) {
    this.#env = env;
    this.contacts = new Contacts(env);
    this.#errors = new ErrorReports(env);
  }

  /** Before anything comes in: subscriptions of an earlier run are at hand, so that their notifiers find them. */
  async attach(): Promise<void> {
    const { store, counters, live } = this.#env;
    const kind = store.status().kind;
    const watchers = new Watchers({
      ...this.#env,
      reader: new DocumentReader(this.#env.clock),
      records: await store.collection(WATCHERS),
      lasting: kind !== 'memory',
      shared: kind === 'postgres',
      errors: this.#errors,
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
      presence_unsent: this.#watchers?.unsent ?? 0,
      presence_contacts: this.contacts.size,
      presence_contacts_waiting: this.contacts.waiting,
      presence_errors: this.#errors.waiting,
      presence_waiting: this.#watchers?.waiting ?? 0,
    };
  }
}
