// One watcher as its driver holds it: the state of its machine, what is known and told, and its subscription.

import {
  detachText,
  fromTicks,
  ok,
  SmallSet,
  toTicks,
  type Clock,
  type Result,
  type Timer,
} from '../../base/index.ts';
import type { WatcherEvent, WatcherState } from '../../interwork/presence/index.ts';
import type { End } from '../../sip/index.ts';
import type { XmlElement } from '../../xml/index.ts';
import type { StanzaError } from '../../xmpp/index.ts';
import type { Notification, SubscriberHandle, SubscriptionUsage } from '../subscriptions/types.ts';
import type { DocumentReader, KnownDocument } from './document-reader.ts';
import type { DueStanza } from './due-stanza.ts';
import type { Ear } from './personal-voice.ts';
import { PresenceView } from './presence-view.ts';

export interface WatchAddresses {
  /** Bare JIDs. */
  readonly user: string;
  readonly contact: string;
  /** SIP URIs. */
  readonly userUri: string;
  readonly contactUri: string;
}

/** Resources of a user that are told apart. */
const MAX_RESOURCES = 32;
const DAY_MS = 86_400_000;
/** Within this time a server has said all that it says when its user hides from a contact. */
const HIDING_MS = 5000;

export class Watch {
  readonly key: string;
  readonly addresses: WatchAddresses;
  readonly view: PresenceView;
  state: WatcherState = 'none';
  /** What brought it into its state; and since when, by the monotonic clock, in ticks. Undefined: it was never in another. */
  by: WatcherEvent | 'restored' = 'restored';
  #since: number | undefined;
  /** How its last subscription in SIP ended; undefined: none has. */
  lastEnd: LastEnd | undefined;
  /** The code of what was wrong with the last document; undefined: nothing. */
  fault: string | undefined;
  /** The subscription in SIP; its end is heard by whoever is here, and by nobody else. */
  usage: WatchUsage | undefined;
  handle: SubscriberHandle | undefined;
  #online: SmallSet<string> | undefined;
  /** When he hid from the contact, and when the last of his resources left; by the monotonic clock, in ms. */
  #hiddenMs: number | undefined;
  #leftMs: number | undefined;
  /** When the user, or his server for him, last said anything about this contact; by the monotonic clock, in ticks. */
  #seen: number;
  /** His server tells this contact whether he is there: it has told it before. */
  told = false;
  /** Clients of the user that want personal events, by resource; few watchers have one. */
  ears: Map<string, Ear> | undefined;
  /** Until when the user has to answer that he is there. */
  check: Timer | undefined;
  due: DueStanza | undefined;
  /** The link could not carry what there was to tell. */
  unsent = false;
  /** It has a record in the store. */
  stored = false;
  /** The last `subscribe`, without content: what an error answers. */
  question: XmlElement | undefined;
  error: StanzaError | undefined;
  /** It is of an earlier run of the gateway: nobody knows what its user was told of the person. */
  readonly outlived: boolean;

  constructor(key: string, addresses: WatchAddresses, nowMs: number, told?: readonly string[]) {
    this.#seen = toTicks(nowMs);
    this.key = key;
    this.addresses = addresses;
    this.view = new PresenceView(told);
    this.outlived = told !== undefined;
  }

  /**
   * Whether this still concerns the user: `recent`, heard of within a day; `none`, not within a week, so that nobody need ask a
   * contact who cannot be reached for him.
   */
  interest(nowMs: number): 'recent' | 'old' | 'none' {
    const silentMs = nowMs - this.seenMs;
    if (silentMs < DAY_MS) return 'recent';
    return silentMs < 7 * DAY_MS ? 'old' : 'none';
  }

  /**
   * What it means that his server does not say that he is there (PRES-08). Where the contact does not watch him back, as few
   * phones do, no server may say so: RFC 6121 §4.3.2 wants `unsubscribed` for an answer, Prosody and ejabberd give none. He
   * would lose the contact each hour, so that he counts as being there for a day after he was heard of.
   */
  silence(nowMs: number): 'available' | 'checkFailed' {
    return !this.told && this.interest(nowMs) === 'recent' ? 'available' : 'checkFailed';
  }

  /** Resources of the user that said so. */
  get online(): readonly string[] {
    return [...(this.#online ?? [])];
  }

  /** In milliseconds since 1970-01-01T00:00:00Z; 0: it was never in another. */
  sinceMs(clock: Clock): number {
    return this.#since === undefined ? 0 : Math.round(clock.wall() + fromTicks(this.#since) - clock.now());
  }

  get seenMs(): number {
    return fromTicks(this.#seen);
  }

  /** At `nowMs` he, or his server for him, said something about this contact. */
  heardOf(nowMs: number): void {
    this.#seen = toTicks(nowMs);
  }

  isOnline(resource: string): boolean {
    return this.#online?.has(resource) === true;
  }

  enter(by: WatcherEvent | 'restored', nowMs: number): void {
    this.by = by;
    this.#since = toTicks(nowMs);
  }

  /** A subscription of it ended. */
  ended(end: End, wallMs: number): void {
    const known = end.cause !== 'notified' || end.reason === undefined || KNOWN_REASONS.has(end.reason);
    // What a peer made up is not held, nor the message that it came in.
    this.lastEnd = { end: known ? end : { ...end, reason: 'other' }, atMs: wallMs };
  }

  /** A resource of the user said that it is available. */
  came(resource: string): void {
    this.#online ??= new SmallSet();
    if (this.#online.size < MAX_RESOURCES) this.#online.add(detachText(resource));
  }

  /** One is not any more ('': none is), at `nowMs`. What that means for the subscription; undefined: nothing. */
  left(resource: string, nowMs: number): WatcherEvent | undefined {
    // Nothing will be said of his resources any more, and nothing is known of them.
    if (isWithin(HIDING_MS, this.#hiddenMs, nowMs)) {
      this.#forgetResources();
      return undefined;
    }
    this.told = true;
    this.ears?.delete(resource);
    const seen = resource === '' || this.#online?.delete(resource) === true;
    if (resource !== '' && (this.#online?.size ?? 0) > 0) return undefined;
    this.#forgetResources();
    // Since a restart nothing may have been heard of his other resources: he is asked.
    if (!seen && this.state === 'active') return 'refreshDue';
    this.#leftMs = nowMs;
    return 'unavailable';
  }

  /**
   * His server says `unsubscribed` or an error, at `nowMs`, perhaps when asked whether he is there (PRES-08; RFC 6121 §4.3.2, rule
   * 1). `unsubscribed` means that this contact may not be told; when he has just decided so, his server says `unavailable` for his
   * resources with it, before (RFC 6121 §3.2.2) or after it (Prosody), and he is there all the same.
   */
  unanswered(answer: 'unsubscribed' | 'error', nowMs: number): WatcherEvent | undefined {
    const isChecked = this.state === 'checking';
    if (answer === 'error') return isChecked ? 'checkFailed' : undefined;
    this.told = false;
    this.#hiddenMs = nowMs;
    if (isChecked) return this.silence(nowMs);
    return this.state === 'authorized' && isWithin(HIDING_MS, this.#leftMs, nowMs) ? 'available' : undefined;
  }

  #forgetResources(): void {
    this.#online = undefined;
    this.ears = undefined;
  }
}

function isWithin(ms: number, sinceMs: number | undefined, nowMs: number): boolean {
  return sinceMs !== undefined && nowMs - sinceMs < ms;
}

export interface LastEnd {
  readonly end: End;
  readonly atMs: number;
}

/** RFC 6665 §4.1.3. */
const KNOWN_REASONS: ReadonlySet<string> = new Set([
  ...['deactivated', 'probation', 'rejected', 'timeout', 'giveup', 'noresource', 'invariant'],
]);

export interface WatchOwner {
  readonly reader: DocumentReader;
  step(watch: Watch, event: WatcherEvent): void;
  over(watch: Watch, end: End): void;
  asksAgain(watch: Watch, end: End, when: 'now' | 'later'): void;
  store(watch: Watch): void;
  /** The contact has shown that he is there. */
  seen(watch: Watch): void;
}

/** The subscription of one watcher (RFC 6665 §4.1); a new one each time that an initial SUBSCRIBE is wanted. */
export class WatchUsage implements SubscriptionUsage {
  readonly #owner: WatchOwner;
  readonly #watch: Watch;
  /** Dialogs whose notifier said "active". */
  readonly #active: SmallSet<string>;

  constructor(owner: WatchOwner, watch: Watch, active: readonly string[] = []) {
    this.#owner = owner;
    this.#watch = watch;
    this.#active = new SmallSet(active);
  }

  notified(notification: Notification): Result<'taken' | 'refresh'> {
    const watch = this.#watch;
    if (this.#detached) return TAKEN;
    let known: KnownDocument | undefined;
    const { dialog, state, reason, contentType, contentTypeField, language: lang, body } = notification;
    if (contentType !== undefined) {
      const read = this.#owner.reader.read(
        { contentType, contentTypeField, body, lang },
        watch.addresses.contactUri,
      );
      watch.fault = read.ok ? undefined : read.error.code;
      // PRES-91: refused, and what was known holds.
      if (!read.ok) return read;
      known = read.value;
    }
    if (state === 'active') {
      this.#active.add(dialog);
      watch.view.notified(dialog, known?.resources, known?.person);
      if (known?.resources.some(({ available }) => available) === true) this.#owner.seen(watch);
      this.#owner.step(watch, 'notifyActive');
    } else if (state === 'pending') {
      this.#active.delete(dialog);
      // Another fork may have said "active".
      if (this.#active.size === 0) this.#owner.step(watch, 'notifyPending');
    } else if (watch.state === 'fetching' && known !== undefined && isAnswer(reason)) {
      watch.view.notified(dialog, known.resources, known.person);
      this.#owner.step(watch, 'notifyActive');
    }
    return TAKEN;
  }

  accepted(closing: boolean): void {
    if (!this.#detached) this.#owner.step(this.#watch, closing ? 'closed' : 'accepted');
  }

  asksAgain(end: End, when: 'now' | 'later'): void {
    if (!this.#detached) this.#owner.asksAgain(this.#watch, end, when);
  }

  refreshDue(): void {
    if (!this.#detached) this.#owner.step(this.#watch, 'refreshDue');
  }

  keptChanged(): void {
    if (!this.#detached && this.#watch.stored) this.#owner.store(this.#watch);
  }

  dialogEnded(dialog: string): void {
    if (this.#detached) return;
    this.#active.delete(dialog);
    const others = this.#watch.view.ended(dialog);
    // Of several forks one is gone, and what it alone knew with it.
    if (others && this.#active.size > 0) this.#owner.step(this.#watch, 'notifyActive');
  }

  over(end: End): void {
    if (!this.#detached) this.#owner.over(this.#watch, end);
  }

  get #detached(): boolean {
    return this.#watch.usage !== this;
  }
}

const TAKEN = ok('taken' as const);

/** RFC 6665 §4.4.3: what Expires: 0 is answered with. */
function isAnswer(reason: string | undefined): boolean {
  return reason === undefined || reason === 'timeout';
}
