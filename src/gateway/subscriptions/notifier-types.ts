// What an event package gives to the notifier and gets from it: which SUBSCRIBE it takes, what it tells its watchers, and
// what it hears of them. Everything else (dialogs, timers, order, failures, restarts) is the notifier's.

import type { Bytes, Clock, Collection, Counters, Log, Random, Timers } from '../../base/index.ts';
import type { AddressBook, MappedJid } from '../../mapping/index.ts';
import type { Admission } from '../admission.ts';
import type { Believer } from '../../policy/index.ts';
import type {
  DigestClient,
  HeaderField,
  LocalEndpoint,
  Locator,
  NotifierEnd,
  NotifierRecord,
  NotifyFailure,
  NotifyState,
  SipRequest,
  Target,
  TerminationReason,
  TransactionLayer,
} from '../../sip/index.ts';

/** A SUBSCRIBE that is in order, from a believed watcher, for an address on the XMPP side; not answered yet. */
export interface SubscribeRequest {
  readonly request: SipRequest;
  /** The Request-URI, and who that is. */
  readonly resource: string;
  readonly resourceJid: MappedJid;
  /** The From URI, and who that is. */
  readonly watcher: string;
  readonly watcherJid: MappedJid;
  /** Where NOTIFY goes. */
  readonly contact: string;
  /** Seconds as they will be granted; 0: a fetch. */
  readonly expires: number;
  /** Media types that the watcher takes, in the order of the package. */
  readonly accept: readonly string[];
  /** The `id` of Event. */
  readonly eventId: string | undefined;
}

export type SubscribeDecision =
  | { readonly kind: 'refused'; readonly status: number; readonly headers?: readonly HeaderField[] }
  | {
      readonly kind: 'accepted';
      /** RFC 6665 §4.2.2: `pending` as long as nobody has decided. A fetch has no state. */
      readonly state: 'pending' | 'active';
      /** Of a fetch: its document is being fetched. `update`, or three seconds, make the NOTIFY leave. */
      readonly hold?: boolean;
    };

/** The body of a NOTIFY. */
export interface NotifyDocument {
  /** Content-Type, with parameters if need be; one of `accept`. */
  readonly contentType: string;
  readonly body: Bytes;
  readonly headers?: readonly HeaderField[];
}

/**
 * One subscription as its package holds it. Everything may be called at any time, within the calls of the package too;
 * after the end nothing happens.
 */
export interface ServedSubscription {
  /** Unique, and the same after a restart. */
  readonly id: string;
  readonly package: string;
  readonly resource: string;
  /** Bare JIDs. */
  readonly resourceJid: string;
  readonly watcherJid: string;
  /** From of the watcher: name-addr without tag. */
  readonly watcher: string;
  readonly contact: string;
  readonly accept: readonly string[];
  readonly eventId: string | undefined;
  readonly state: 'pending' | 'active' | 'terminated';
  /** Why it is terminated. */
  readonly end: NotifierEnd | undefined;
  readonly isFetch: boolean;
  /** Seconds that remain. */
  readonly expiresInSeconds: number;
  /** How it gets on, for the operator. */
  readonly status: ServedStatus;
  /** What its package finds again by it: a map from hundreds of thousands of subscriptions would take its place for each. */
  holder: object | undefined;
  /** What its document says has changed: a NOTIFY, not sooner than the package allows. */
  update(): void;
  /** The watcher may see it: pending becomes active, with a NOTIFY at once. */
  activate(): void;
  /** The last NOTIFY. `retryAfter`: seconds, where the reason gives them a meaning (RFC 6665 §4.1.3). */
  terminate(reason: TerminationReason, retryAfter?: number): void;
}

/** A served subscription as it is shown. Times that end in `Ms` are of the wall clock; undefined: there is none. */
export interface ServedStatus {
  readonly id: string;
  readonly callId: string;
  /** Where NOTIFY goes. */
  readonly contact: string;
  readonly state: ServedSubscription['state'];
  readonly expiresMs: number;
  /** Where its NOTIFY is. */
  readonly notify: NotifyState;
  /** Something more is to be told behind the one that is on its way. */
  readonly owed: boolean;
  /** NOTIFY requests that failed, one after the other. */
  readonly failures: number;
  /** When the next one leaves that rests, or is tried again. */
  readonly againMs: number | undefined;
  /** The last one that left. */
  readonly notifiedMs: number | undefined;
  /** The status of the last answer, or why there was none. */
  readonly answered: number | NotifyFailure | undefined;
}

/** An event package (RFC 6665 §5). None of its functions may fail; none waits. */
export interface EventPackage {
  /** As Event says it: "presence", "presence.winfo". */
  readonly name: string;
  /** Media types of its documents, lower case, without parameters; the first is meant where Accept is absent. */
  readonly accept: readonly string[];
  /** Seconds. Below `minExpires`, if that is at most an hour, a SUBSCRIBE is answered 423. */
  readonly minExpires: number;
  readonly maxExpires: number;
  /** What is meant where Expires is absent. */
  readonly defaultExpires: number;
  /** Milliseconds between two NOTIFY requests of which the second only tells a change (RFC 6665 §5.4.8); 0: none. */
  readonly minIntervalMs: number;
  decide(request: SubscribeRequest): SubscribeDecision;
  /** It was accepted, and answered 200; its first NOTIFY leaves after this. */
  began(subscription: ServedSubscription): void;
  /** It lived before a restart, in this state. Its watcher is told nothing until the package says something. */
  restored(subscription: ServedSubscription): void;
  /** It was refreshed; a NOTIFY leaves after this. */
  refreshed(subscription: ServedSubscription): void;
  /**
   * The body of a NOTIFY that leaves now; undefined: none. `state` says what the NOTIFY says; with `terminated` it is the
   * last one, and `ended` was called before.
   */
  document(subscription: ServedSubscription): NotifyDocument | undefined;
  /** Called once. What is called meanwhile by the package itself, `terminate` for one, ends by it too. */
  ended(subscription: ServedSubscription, end: NotifierEnd): void;
}

export interface NotifierLimits {
  /** Subscriptions at the same time, in all, and for each watcher and each resource (bare JIDs). */
  readonly subscriptions: number;
  readonly perWatcher: number;
  readonly perResource: number;
  /** NOTIFY requests under way at the same time; further ones wait for their turn. */
  readonly notifying: number;
  /** SUBSCRIBE requests that wait after a start until the records are read. */
  readonly early: number;
  /** Of these for one watcher, and for all watchers of one domain. */
  readonly notifyingPerWatcher: number;
  readonly notifyingPerDomain: number;
}

export const NOTIFIER_LIMITS: NotifierLimits = {
  subscriptions: 200_000,
  perWatcher: 1000,
  perResource: 10_000,
  notifying: 1000,
  early: 5000,
  notifyingPerWatcher: 100,
  notifyingPerDomain: 500,
};

export interface NotifiersEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
  readonly live: {
    readonly book: AddressBook;
    readonly believer: Pick<Believer, 'mayBeBelieved'>;
    readonly admission: Admission;
    readonly locator: Locator;
    readonly digest: DigestClient;
  };
  readonly transactions: TransactionLayer;
  /** Our side towards a target, for Contact. */
  localFor(target: Target): LocalEndpoint | undefined;
  readonly packages: readonly EventPackage[];
  /** Where subscriptions are kept beyond a restart; undefined: they end with the gateway. */
  readonly records: Collection<NotifierRecord> | undefined;
  readonly node: string;
  /** Other gateways write there too: only what is of this node is its own. */
  readonly shared: boolean;
  readonly limits?: Partial<NotifierLimits>;
}
