// XMPP users who watch SIP contacts (RFC 8048 §5.2): drives machine W of interwork/presence for each pair of them.

import { detachText } from '../../base/index.ts';
import {
  authorizationOf,
  errorOfEnd,
  eventOfOver,
  eventOfPause,
  presenceStanza,
  stateAfterRestart,
  stepWatcher,
  watcherKey,
  type WatcherEffect,
  type WatcherEvent,
  type WatcherRecord,
} from '../../interwork/presence/index.ts';
import { gatewayStanzaError, type MappedUri } from '../../mapping/index.ts';
import type { End } from '../../sip/index.ts';
import { XmlElement } from '../../xml/index.ts';
import type { LinkGroup } from '../link-group.ts';
import type { SubscribeParts } from '../subscriptions/types.ts';
import type { DocumentReader } from './document-reader.ts';
import { Pace } from './pace.ts';
import { watchParts } from './watch-parts.ts';
import { PersonalVoice } from './personal-voice.ts';
import type { PresenceView } from './presence-view.ts';
import { WatchUsage, type Watch, type WatchOwner } from './watch.ts';
import { usableOf, WatchRecords } from './watch-records.ts';
import { watchStatus, type WatchStatus } from './watch-status.ts';
import { WATCHER_LIMITS, WatchTable } from './watch-table.ts';
import { WatchTelling } from './watch-telling.ts';
import { WatchVoice } from './watch-voice.ts';
import { countWatching, type WatchersEnv, type WatchOutcome } from './watchers-env.ts';

const EXPIRES_SECONDS = 3600; // PRES-01
/** How long the user's server may take to say that he is there (PRES-08); a refresh leaves 40 s at least. */
const CHECK_MS = 10_000;

export class Watchers implements WatchOwner {
  readonly reader: DocumentReader;
  readonly #env: WatchersEnv;
  readonly #table: WatchTable;
  readonly #records: WatchRecords;
  readonly #voice: WatchVoice;
  readonly #personal: PersonalVoice;
  readonly #telling: WatchTelling;
  readonly #pace: Pace<Watch>;
  /** Those for which somebody has to ask again after a restart. */
  #restarting: Watch[] = [];
  #stopped = false;

  constructor(env: WatchersEnv) {
    this.#env = env;
    this.reader = env.reader;
    this.#table = new WatchTable(env.clock, { ...WATCHER_LIMITS, ...env.limits });
    this.#records = new WatchRecords(env);
    this.#pace = new Pace(env, (watch) => this.#ask(watch));
    this.#voice = new WatchVoice({
      ...env,
      changed: (watch) => {
        if (watch.stored) this.store(watch);
        this.#settle(watch);
      },
    });
    this.#personal = new PersonalVoice(env);
    const parts = { ...env, voice: this.#voice, personal: this.#personal };
    this.#telling = new WatchTelling({ ...parts, store: (watch) => this.store(watch) });
  }

  get size(): number {
    return this.#table.size;
  }

  get unsent(): number {
    return this.#voice.unsent;
  }

  get waiting(): number {
    return this.#pace.size;
  }

  seen({ addresses }: Watch): void {
    this.#env.seen(addresses.contact);
  }

  /** What the operator is shown of one; bare JIDs. undefined: he does not watch him. */
  status(user: string, contact: string): WatchStatus | undefined {
    const watch = this.#table.get(watcherKey(user, contact));
    return watch === undefined ? undefined : watchStatus(watch, this.#env, this.#pace.has(watch));
  }

  // The stanzas of users. `user` and `contact` are their addresses, mapped.
  subscribe(stanza: XmlElement, user: MappedUri, contact: MappedUri, group: LinkGroup): void {
    const watch = this.#heard(user, contact);
    const mayAsk = this.#table.maySubscribe(user.bareText);
    if (!mayAsk || (watch === undefined && this.#table.isFull(user.bareText))) {
      this.#count('limited');
      return this.#voice.refuse(stanza, gatewayStanzaError('ERR-G2'), group);
    }
    this.#count('asked');
    const own = watch ?? this.#open(user, contact);
    own.question = new XmlElement(stanza.name, stanza.ns, stanza.attributes.map(detachText));
    // What was not told yet would be taken as the answer to this.
    if (own.due?.kind === 'unsubscribed') own.due = undefined;
    this.step(own, 'subscribe');
  }

  unsubscribe(user: MappedUri, contact: MappedUri, group: LinkGroup): void {
    const watch = this.#find(user, contact);
    if (watch === undefined && this.#table.isFull(user.bareText)) {
      return this.#env.errors.send(presenceStanza('unsubscribed', contact.bareText, user.bareText), group);
    }
    this.step(watch ?? this.#open(user, contact), 'unsubscribe');
  }

  probe(stanza: XmlElement, user: MappedUri, contact: MappedUri, group: LinkGroup): void {
    const watch = this.#heard(user, contact);
    const mayAsk = this.#table.mayProbe(user.bareText);
    if (!mayAsk || (watch === undefined && this.#table.isFull(user.bareText))) {
      this.#count('limited');
      return this.#voice.refuse(stanza, gatewayStanzaError('ERR-G2'), group);
    }
    this.step(watch ?? this.#open(user, contact), 'probe');
  }

  /** False: he watches nobody of that name. */
  available(user: MappedUri, contact: MappedUri, stanza: XmlElement): boolean {
    const watch = this.#heard(user, contact);
    if (watch === undefined) return false;
    watch.told = true;
    watch.came(user.jid.resource);
    this.step(watch, 'available');
    this.#personal.heard(watch, user.jid.resource, stanza);
    return true;
  }

  unavailable(user: MappedUri, contact: MappedUri): boolean {
    const watch = this.#find(user, contact);
    if (watch === undefined) return false;
    const event = watch.left(user.jid.resource, this.#env.clock.now());
    if (event !== undefined) this.step(watch, event);
    return true;
  }

  /** Perhaps an answer to PRES-08 without presence; or the contact may not see him any more. */
  unanswered(answer: 'unsubscribed' | 'error', user: MappedUri, contact: MappedUri): boolean {
    const watch = this.#find(user, contact);
    if (watch === undefined) return false;
    const event = watch.unanswered(answer, this.#env.clock.now());
    if (event !== undefined) this.step(watch, event);
    return event !== undefined;
  }

  /** What is known of a contact whom the user may see. */
  view(user: MappedUri, contact: MappedUri): PresenceView | undefined {
    const watch = this.#find(user, contact);
    if (watch === undefined || authorizationOf(watch.state).authorization !== 'authorized') return undefined;
    return watch.view;
  }

  linkUp(domain: string): void {
    if (this.#stopped) return;
    this.#voice.linkUp(domain);
    this.#personal.linkUp(domain);
  }

  /** Reads what an earlier run left; nothing comes in or goes out yet. Rejects when the store fails. */
  restore(): Promise<void> {
    return this.#records.read((key, record) => this.#restoreOne(key, record));
  }

  /** Goes on with it: the listeners are bound and the links are there. */
  start(): void {
    for (const watch of this.#restarting.splice(0)) {
      const { state, handle } = watch;
      if (state !== 'closing') {
        // What was not told is not known any more: it is asked for again.
        if (handle === undefined) this.step(watch, 'restart');
        else this.#pace.add(watch);
      } else if (handle === undefined) this.step(watch, 'ended');
      else handle.unsubscribe();
    }
  }

  /** Asks nobody anew. What does not outlive the process is taken back; the rest is told as it comes until `stop`. */
  drain(): void {
    this.#pace.stop();
    if (this.#env.lasting) return;
    for (const watch of this.#table.values()) {
      watch.view.forget();
      this.#voice.tell(watch, false);
      this.#personal.tell(watch);
    }
    this.stop();
  }

  /** Nothing is told, asked or written from now on. */
  stop(): void {
    this.#stopped = true;
    this.#pace.stop();
    this.#voice.stop();
    this.#telling.stop();
    for (const watch of this.#table.values()) this.#env.timers.clear(watch.check);
  }

  step(watch: Watch, event: WatcherEvent): void {
    if (this.#stopped) return;
    const { state, effects, expected } = stepWatcher(watch.state, event);
    if (!expected) {
      this.#env.log.debug('watcher.unexpected', { state: watch.state, by: event });
      return;
    }
    if (state !== watch.state) {
      const { user, contact } = watch.addresses;
      watch.enter(event, this.#env.clock.now());
      this.#env.log.debug('watcher.state', { user, contact, by: event, from: watch.state, to: state });
    }
    watch.state = state;
    for (const effect of effects) this.#run(watch, effect);
    if (authorizationOf(watch.state).authorization !== 'asked') watch.question = undefined;
    if (watch.state !== 'none') return;
    // Its last words concern nobody.
    watch.usage = undefined;
    watch.handle = undefined;
    this.#settle(watch);
  }

  asksAgain(watch: Watch, end: End, when: 'now' | 'later'): void {
    watch.ended(end, this.#env.clock.wall());
    if (when === 'now') return this.step(watch, 'again');
    this.step(watch, eventOfPause(end));
    // Somebody whom it may not concern any more: his answer counts as having been heard of.
    const interest = watch.interest(this.#env.clock.now());
    if (watch.state === 'resubscribing') {
      if (interest === 'old') this.#voice.probe(watch);
      else if (interest === 'none') this.step(watch, 'unavailable');
    } else if (watch.state === 'subscribing' && interest === 'none') {
      watch.error = errorOfEnd(end);
      this.#unsubscribe(watch);
      this.step(watch, 'refused');
    }
  }

  over(watch: Watch, end: End): void {
    const event = eventOfOver(end, this.#env.live.offline.unknown_users === 'keep');
    // The gateway stops: the next start goes on.
    if (event === undefined || this.#stopped) return;
    watch.usage = undefined;
    watch.handle = undefined;
    watch.ended(end, this.#env.clock.wall());
    watch.error = errorOfEnd(end);
    this.step(watch, event);
  }

  store(watch: Watch): void {
    if (!this.#stopped) this.#records.put(watch);
  }

  #run(watch: Watch, effect: WatcherEffect): void {
    switch (effect) {
      case 'subscribeSip':
        return this.#subscribe(watch, EXPIRES_SECONDS);
      case 'subscribeSipInTurn':
        return this.#pace.add(watch);
      case 'fetchSip':
        this.#count('fetched');
        return this.#subscribe(watch, 0);
      case 'refreshSip':
        return watch.handle?.refresh();
      case 'unsubscribeSip':
        return this.#unsubscribe(watch);
      case 'probeUser':
        return this.#probeUser(watch);
      case 'stopCheck':
        if (watch.state === 'authorized') this.#count('away');
        this.#env.timers.clear(watch.check);
        watch.check = undefined;
        return;
      case 'tellSubscribed':
        this.#count('authorized');
        return this.#voice.owe(watch, 'subscribed');
      case 'tellUnsubscribed':
        this.#count('cancelled');
        return this.#voice.owe(watch, 'unsubscribed');
      case 'tellError':
        this.#count('refused');
        return this.#voice.tellError(watch);
      case 'tellPresence':
        // What was known before a restart is asked for again, once somebody wants it.
        if (watch.view.restored && watch.handle !== undefined) return watch.handle.refresh();
        return this.#telling.tell(watch, true);
      case 'tellKnown':
        return watch.view.known ? this.#telling.tell(watch, false) : undefined;
      case 'tellUnavailable':
        watch.view.forget();
        return this.#telling.atOnce(watch, false);
      case 'store':
        return this.store(watch);
      case 'forget':
        // `settle` ends it; until then it holds what the user has to be told.
        return watch.due === undefined && !watch.unsent ? undefined : this.store(watch);
    }
  }

  #ask(watch: Watch): void {
    if (watch.handle === undefined) this.#subscribe(watch, EXPIRES_SECONDS);
    else this.step(watch, 'refreshDue');
  }

  #subscribe(watch: Watch, expires: number): void {
    const usage = new WatchUsage(this, watch);
    watch.usage = usage;
    watch.handle = undefined;
    const handle = this.#env.subscriptions.subscribe(this.#parts(watch, expires), usage);
    if (handle === undefined) {
      watch.usage = undefined;
      watch.error = gatewayStanzaError('ERR-G2');
      this.#count('limited');
      return this.step(watch, 'overloaded');
    }
    // It may be over already.
    if (watch.usage === usage) watch.handle = handle;
  }

  #unsubscribe(watch: Watch): void {
    const { handle } = watch;
    this.#pace.delete(watch);
    if (watch.state === 'closing') {
      if (handle === undefined) return this.step(watch, 'ended');
    } else {
      // Its last words concern nobody.
      watch.usage = undefined;
      watch.handle = undefined;
    }
    handle?.unsubscribe();
  }

  #probeUser(watch: Watch): void {
    // Nobody can be asked: that our link is down says nothing about the user.
    if (!this.#voice.probe(watch)) return this.step(watch, 'available');
    this.#env.timers.clear(watch.check);
    watch.check = this.#env.timers.set(CHECK_MS, () =>
      this.step(watch, watch.silence(this.#env.clock.now())),
    );
  }

  #restoreOne(key: string, record: WatcherRecord): void {
    const { live, clock, subscriptions, log } = this.#env;
    const { user, contact } = record;
    const watch = this.#table.restore(key, record, live.book);
    // The rules may come back; what is due cannot be told by anybody now.
    if (watch === undefined) return log.warn('watchers.unmapped', { user, contact });
    watch.stored = true;
    const { kept, keys, best } = usableOf(record, clock.wall());
    watch.usage = new WatchUsage(this, watch, keys);
    watch.handle = subscriptions.restore(this.#parts(watch, EXPIRES_SECONDS), watch.usage, kept);
    if (watch.handle === undefined) watch.usage = undefined;
    watch.state = stateAfterRestart(record, watch.handle === undefined ? undefined : best);
    watch.enter('restored', clock.now());
    const asksAgain = watch.handle === undefined ? record.wanted : record.untold === true;
    if (asksAgain || watch.state === 'closing') this.#restarting.push(watch);
    this.#count('restored');
    if (record.due !== undefined) this.#voice.owe(watch, record.due);
    if (watch.state !== 'none') return;
    watch.view.forget();
    this.#voice.later(watch);
  }

  #parts(watch: Watch, expires: number): SubscribeParts {
    const { live, lasting } = this.#env;
    return watchParts(watch.addresses, expires, lasting, live.offline.unknown_users === 'keep');
  }

  #heard(user: MappedUri, contact: MappedUri): Watch | undefined {
    const watch = this.#find(user, contact);
    watch?.heardOf(this.#env.clock.now());
    return watch;
  }

  #find(user: MappedUri, contact: MappedUri): Watch | undefined {
    return this.#table.get(watcherKey(user.bareText, contact.bareText));
  }

  #open(user: MappedUri, contact: MappedUri): Watch {
    const key = watcherKey(user.bareText, contact.bareText);
    return this.#table.open(key, user, contact, this.#env.live.book);
  }

  #settle(watch: Watch): void {
    if (watch.state !== 'none' || watch.due !== undefined || watch.unsent) return;
    if (this.#table.delete(watch)) this.#records.delete(watch);
  }

  #count(event: WatchOutcome): void {
    countWatching(this.#env.counters, event);
  }
}
