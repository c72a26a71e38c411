// One contact within a list (RFC 4662, row CSP-20), for his watcher a subscription like any other. When the list does not serve
// him he gets a subscription of his own.

import { emptyBytes, type Timer } from '../../base/index.ts';
import type { ListedChange } from '../../interwork/presence/index.ts';
import { PRESENCE_TYPES, RELATED_TYPE, type ListedContent } from '../../mime/index.ts';
import type { Dialog, End, KeptSubscription } from '../../sip/index.ts';
import type { ContactListsEnv } from './contact-lists.ts';
import type {
  SubscribeParts,
  SubscriberHandle,
  SubscriberStatus,
  SubscriptionUsage,
} from '../subscriptions/types.ts';

/** What a member needs of the list that he is in. */
export interface MemberList {
  readonly handle: SubscriberHandle | undefined;
  leave(member: ListMember): void;
  refresh(): void;
}

/** RFC 6665 §4.1.3: after these nobody asks again. */
const FINAL_REASONS: ReadonlySet<string | undefined> = new Set(['rejected', 'noresource', 'invariant']);
/** When no further subscription has room. */
const LATER_MS = 60_000;
const NOTHING_YET: SubscriberStatus = { state: 'subscribing', failures: 0, againMs: undefined, dialogs: [] };

export class ListMember implements SubscriberHandle {
  readonly key: string;
  readonly parts: SubscribeParts;
  readonly usage: SubscriptionUsage;
  readonly #env: ContactListsEnv;
  #list: MemberList | undefined;
  #single: SubscriberHandle | undefined;
  #later: Timer | undefined;
  #over = false;
  /** When the watcher heard that the server took the list, by the monotonic clock; undefined: he has not. */
  #acceptedMs: number | undefined;
  /** Dialogs by which the watcher knows the instances, and their state. */
  readonly #dialogs = new Map<string, 'active' | 'pending'>();
  /** The watcher has heard that nothing is known for now. */
  #silent = false;

  constructor(
    env: ContactListsEnv,
    list: MemberList,
    key: string,
    parts: SubscribeParts,
    usage: SubscriptionUsage,
  ) {
    this.#env = env;
    this.#list = list;
    this.key = key;
    this.parts = parts;
    this.usage = usage;
  }

  get kept(): readonly KeptSubscription[] {
    return this.#single?.kept ?? [];
  }

  get dialogs(): readonly Dialog[] {
    return (this.#single ?? this.#list?.handle)?.dialogs ?? [];
  }

  get status(): SubscriberStatus {
    if (this.#over) return { ...NOTHING_YET, state: 'over' };
    return (this.#single ?? this.#list?.handle)?.status ?? NOTHING_YET;
  }

  refresh(): void {
    if (this.#single === undefined) this.#list?.refresh();
    else this.#single.refresh();
  }

  unsubscribe(): void {
    if (this.#single !== undefined) return this.#single.unsubscribe();
    if (this.#over) return;
    this.#leave();
    this.usage.accepted?.(true);
    this.usage.over({ cause: 'unsubscribed' });
  }

  /** The server took the list. */
  accepted(): void {
    if (this.#acceptedMs !== undefined) return;
    this.#acceptedMs = this.#env.clock.now();
    this.usage.accepted?.(false);
  }

  /** When that was, by the monotonic clock; undefined: it has not. */
  get acceptedMs(): number | undefined {
    return this.#acceptedMs;
  }

  /** `dialog`: that of the list. */
  changed(dialog: string, { told, ended }: ListedChange): void {
    // First: what one instance said holds until another one says more.
    for (const { id } of ended) this.#forget(`${dialog} ${id}`);
    for (const { id, state, content } of told) {
      if (this.#over) return;
      const own = `${dialog} ${id}`;
      // Named again, with nothing new.
      if (state === 'terminated' || (content === undefined && this.#dialogs.get(own) === state)) continue;
      this.#dialogs.set(own, state);
      this.#silent = false;
      this.#notify(own, state, content);
    }
    const last = ended.at(-1);
    if (this.#over || last === undefined || this.#dialogs.size > 0) return;
    // The server tries again by itself, or has given up (RFC 4662 §4.5).
    const final = ended.find(({ reason }) => FINAL_REASONS.has(reason));
    if (final?.reason === undefined) return this.#lost(last.reason);
    this.#leave();
    this.usage.over({ cause: 'notified', reason: final.reason });
  }

  /** The dialog of the list is over. */
  dialogEnded(): void {
    for (const own of [...this.#dialogs.keys()]) this.#forget(own);
  }

  asksAgain(end: End, when: 'now' | 'later'): void {
    this.#acceptedMs = undefined;
    if (when === 'later') this.#silent = true;
    this.usage.asksAgain?.(end, when);
  }

  /** The list does not serve him: from now on it is a subscription of his own. */
  alone(): void {
    this.#list = undefined;
    this.dialogEnded();
    if (this.#over) return;
    this.#single = this.#env.subscribeAlone(this.parts, this.usage);
    this.#env.waits(this, this.#single === undefined);
    if (this.#single !== undefined) return;
    this.#later = this.#env.timers.set(LATER_MS, () => this.alone());
  }

  /** Nothing is told or asked from now on. */
  stop(): void {
    this.#over = true;
    this.#env.timers.clear(this.#later);
  }

  /** What one contact says is his own: a document that cannot be read does not make the list a bad one. */
  #notify(dialog: string, state: 'active' | 'pending', content: ListedContent | undefined): void {
    const readable =
      content !== undefined && (content.type === RELATED_TYPE || PRESENCE_TYPES.includes(content.type));
    const taken = this.usage.notified({
      dialog,
      state,
      reason: undefined,
      contentType: readable ? content.type : undefined,
      contentTypeField: readable ? content.contentType : undefined,
      language: undefined,
      body: readable ? content.body : emptyBytes(),
    });
    if (!taken.ok) {
      const { code, message } = taken.error;
      this.#env.log.debug('lists.document', { contact: this.key, code, error: message });
    }
  }

  #forget(dialog: string): void {
    if (this.#dialogs.delete(dialog) && !this.#over) this.usage.dialogEnded(dialog);
  }

  #lost(reason: string | undefined): void {
    if (this.#silent) return;
    this.#silent = true;
    this.usage.asksAgain?.({ cause: 'notified', ...(reason === undefined ? {} : { reason }) }, 'later');
  }

  #leave(): void {
    this.#over = true;
    this.#env.timers.clear(this.#later);
    this.#env.waits(this, false);
    this.#list?.leave(this);
    this.#list = undefined;
  }
}
