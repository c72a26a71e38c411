// One subscription to a list of contacts (RFC 4662, row CSP-20): each notification is taken apart, and each contact's watcher
// hears of him as if he were subscribed to alone.
//
// A list that is carried in the SUBSCRIBE (RFC 5367) cannot be changed within its dialog (§3.2): who comes when it has been sent
// is for the next one; who leaves is told nothing any more, and not named when it is asked for anew.

import { ok, type Result, type Timer } from '../../base/index.ts';
import { entityKey, listChanges, withoutContent } from '../../interwork/presence/index.ts';
import {
  formatUriList,
  mergeResourceList,
  PIDF_TYPE,
  PRESENCE_TYPES,
  readResourceList,
  RELATED_TYPE,
  RESOURCE_LISTS_TYPE,
  RLMI_TYPE,
  type ResourceListTable,
} from '../../mime/index.ts';
import { rawHeaderField, type End } from '../../sip/index.ts';
import type {
  InitialContent,
  Notification,
  SubscribeParts,
  SubscriberHandle,
  SubscriptionUsage,
} from '../subscriptions/types.ts';
import type { ContactListsEnv } from './contact-lists.ts';
import { ListMember, type MemberList } from './list-member.ts';

export interface ListParts {
  /** The Request-URI: of the list, or of the server that takes one. */
  readonly uri: string;
  /** The list is in the request. */
  readonly carried: boolean;
  readonly proxy: string | undefined;
}

/** The contacts of one list: a NOTIFY about them has to fit into 65,536 octets. */
const MAX_CARRIED = 50;
/** RFC 4662 sets none; it is the bound of `readResourceList`. */
const MAX_KEPT = 256;
/** How long contacts are gathered for one list; a login asks for all of them at once. */
const GATHER_MS = 500;
/** Refreshes that are asked for in this time are one. */
const REFRESH_MS = 1000;
/** A contact that the list does not name by then is not in it. */
const NAMED_MS = 10_000;
/** When no further subscription has room. */
const LATER_MS = 60_000;

export class ListSubscription implements SubscriptionUsage, MemberList {
  readonly #env: ContactListsEnv;
  readonly #parts: SubscribeParts;
  readonly #carried: boolean;
  readonly #members = new Map<string, ListMember>();
  readonly #done: (list: ListSubscription, refused: boolean) => void;
  #handle: SubscriberHandle | undefined;
  #table: ResourceListTable | undefined;
  /** This subscription has told of a list. */
  #proved = false;
  #over = false;
  #startTimer: Timer | undefined;
  #refreshTimer: Timer | undefined;
  #namedTimer: Timer | undefined;

  /** `first`: of the first contact. `done` is called once; `refused`: the server serves no such list. */
  constructor(
    env: ContactListsEnv,
    { uri, carried, proxy }: ListParts,
    first: SubscribeParts,
    done: (list: ListSubscription, refused: boolean) => void,
  ) {
    this.#env = env;
    this.#carried = carried;
    this.#done = done;
    this.#parts = {
      resource: uri,
      from: first.from,
      ...(proxy === undefined ? {} : { proxy }),
      ...(carried ? { initial: () => this.#content() } : {}),
      terms: {
        event: first.terms.event,
        accept: [PIDF_TYPE, RLMI_TYPE, RELATED_TYPE],
        alsoRead: PRESENCE_TYPES,
        supported: ['eventlist'],
        expires: first.terms.expires,
        // RFC 4662 §4.7: "MUST NOT install multiple subscriptions when the initial request is forked".
        forks: 'single',
      },
    };
    this.#startLater(GATHER_MS);
  }

  get handle(): SubscriberHandle | undefined {
    return this.#handle;
  }

  get size(): number {
    return this.#members.size;
  }

  /** A further contact may come in. */
  get open(): boolean {
    if (this.#over) return false;
    return this.#carried
      ? this.#handle === undefined && this.#members.size < MAX_CARRIED
      : this.#members.size < MAX_KEPT;
  }

  has(key: string): boolean {
    return this.#members.has(key);
  }

  join(key: string, parts: SubscribeParts, usage: SubscriptionUsage): ListMember {
    const member = new ListMember(this.#env, this, key, parts, usage);
    this.#members.set(key, member);
    // What the list says of him: the full state comes with a refresh (RFC 4662 §4.5).
    if (this.#handle !== undefined) this.refresh();
    return member;
  }

  leave(member: ListMember): void {
    if (this.#members.get(member.key) === member) this.#members.delete(member.key);
    if (this.#members.size === 0) this.#end(false);
  }

  refresh(): void {
    if (this.#handle === undefined || this.#refreshTimer !== undefined) return;
    this.#refreshTimer = this.#env.timers.set(REFRESH_MS, () => {
      this.#refreshTimer = undefined;
      this.#handle?.refresh();
    });
  }

  /** Takes the list whole or not at all; a document in it that cannot be read concerns its contact alone. */
  notified({ dialog, contentTypeField, body }: Notification): Result<'taken' | 'refresh'> {
    // Nothing is said of anybody.
    if (contentTypeField === undefined) return ok('taken');
    const list = readResourceList(contentTypeField, body);
    if (!list.ok) return list;
    const before = this.#table;
    const merged = mergeResourceList(before, list.value);
    if (!merged.ok) return merged;
    const { table, taken, gap } = merged.value;
    if (!taken) return ok('taken');
    this.#proved = true;
    this.#table = withoutContent(table, (uri) => this.#memberOf(uri) !== undefined);
    for (const change of listChanges(before, list.value)) this.#memberOf(change.uri)?.changed(dialog, change);
    this.#expectNames();
    return ok(gap ? 'refresh' : 'taken');
  }

  accepted(closing: boolean): void {
    if (closing) return;
    for (const member of this.#all) member.accepted();
    this.#expectNames();
  }

  asksAgain(end: End, when: 'now' | 'later'): void {
    if (!this.#proved && isRefusal(end)) return this.#end(true);
    this.#proved = false;
    for (const member of this.#all) member.asksAgain(end, when);
  }

  /** PRES-08: whether the user is there is asked for each contact, since he may show it to some of them only. */
  refreshDue(): void {
    for (const member of this.#all) member.usage.refreshDue?.();
  }

  dialogEnded(): void {
    this.#table = undefined;
    for (const member of this.#all) member.dialogEnded();
  }

  over(end: End): void {
    // The gateway stops: the next start asks anew.
    if (end.cause === 'unsubscribed' || (end.cause === 'failed' && end.reason === 'stopped')) {
      return this.stop();
    }
    this.#end(true);
  }

  /** Nothing is told or asked from now on; what is subscribed to ends with the subscriptions of the gateway. */
  stop(): void {
    this.#over = true;
    for (const timer of [this.#startTimer, this.#refreshTimer, this.#namedTimer])
      this.#env.timers.clear(timer);
    this.#startTimer = undefined;
    this.#refreshTimer = undefined;
    this.#namedTimer = undefined;
  }

  /** A list as it is now: who is told may leave. */
  get #all(): readonly ListMember[] {
    return [...this.#members.values()];
  }

  #memberOf(uri: string): ListMember | undefined {
    const key = entityKey(uri);
    return key === undefined ? undefined : this.#members.get(key);
  }

  #startLater(ms: number): void {
    this.#startTimer = this.#env.timers.set(ms, () => {
      this.#startTimer = undefined;
      this.#handle = this.#env.subscriptions.subscribe(this.#parts, this);
      // Too many, or the gateway drains.
      if (this.#handle === undefined) this.#startLater(LATER_MS);
      else this.#env.count('subscribed');
    });
  }

  /** RFC 5367 §3. */
  #content(): InitialContent {
    return {
      headers: [
        rawHeaderField('Require', 'recipient-list-subscribe'),
        rawHeaderField('Content-Type', RESOURCE_LISTS_TYPE),
        rawHeaderField('Content-Disposition', 'recipient-list'),
      ],
      body: formatUriList(this.#all.map(({ parts }) => parts.resource)),
    };
  }

  /** Whoever is not named by a list that the server keeps, or was left out by one that takes them, is asked for alone. */
  #expectNames(): void {
    if (this.#namedTimer !== undefined || this.#over) return;
    const times = this.#unnamed().flatMap(({ acceptedMs }) => acceptedMs ?? []);
    if (times.length === 0) return;
    const leftMs = Math.min(...times) + NAMED_MS - this.#env.clock.now();
    this.#namedTimer = this.#env.timers.set(Math.max(0, leftMs), () => {
      this.#namedTimer = undefined;
      const dueMs = this.#env.clock.now() - NAMED_MS;
      for (const member of this.#unnamed()) {
        if (member.acceptedMs === undefined || member.acceptedMs > dueMs) continue;
        this.#members.delete(member.key);
        this.#env.count('unnamed');
        member.alone();
      }
      if (this.#members.size === 0) this.#end(!this.#proved);
      else this.#expectNames();
    });
  }

  #unnamed(): readonly ListMember[] {
    const named = new Set(this.#table?.resources.map(({ uri }) => entityKey(uri)));
    return this.#all.filter(({ key }) => !named.has(key));
  }

  /** `refused`: the server has no such list, or takes none. Its contacts are asked for one by one. */
  #end(refused: boolean): void {
    if (this.#over) return;
    this.stop();
    const members = this.#all;
    this.#members.clear();
    this.#done(this, refused);
    this.#handle?.unsubscribe();
    if (refused) {
      this.#env.count('refused');
      this.#env.log.warn('lists.refused', { list: this.#parts.resource, contacts: members.length });
    }
    for (const member of members) member.alone();
  }
}

/** Not of the moment: the server answers, but not with a list. A refusal of the list is none of any contact. */
function isRefusal(end: End): boolean {
  return end.cause === 'noNotify' || (end.cause === 'refused' && end.status !== 503);
}
