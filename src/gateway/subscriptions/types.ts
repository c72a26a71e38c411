// What the drivers of subscriptions share, and what an event package gives and gets.

import type { Bytes, Clock, Counters, Log, Random, Result, Timers } from '../../base/index.ts';
import type {
  Dialog,
  End,
  EventName,
  FailureReason,
  HeaderField,
  KeptSubscription,
  LocalEndpoint,
  Sending,
  SubscriberState,
  SubscriptionState,
  Target,
  TransactionLayer,
} from '../../sip/index.ts';
import type { Live } from '../live.ts';

export interface SubscriptionsEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly counters: Counters;
  readonly live: Pick<Live, 'locator' | 'digest'>;
  readonly transactions: TransactionLayer;
  /** Our side towards a target, for Contact. */
  localFor(target: Target): LocalEndpoint | undefined;
  /** T1 of the transaction layer, in milliseconds. Timer N is 64 times as long (RFC 6665 §4.1.2.4). */
  readonly t1Ms: number;
  /** Event packages of which NOTIFY is understood: others are answered 489. */
  readonly packages: ReadonlySet<string>;
  /** Subscribers at the same time. */
  readonly maxSubscribers: number;
}

/** What is to be known, of whom, and who asks. */
export interface SubscribeParts {
  /** The resource: a SIP URI, for Request-URI and To. */
  readonly resource: string;
  /** Who we are: a SIP URI, for From. */
  readonly from: string;
  /** The server that is asked in the place of the resource's own: a SIP URI (RFC 3261 §8.1.2). */
  readonly proxy?: string;
  /** What the initial SUBSCRIBE alone carries, asked for each time that one goes out; Content-Type is among the fields. */
  readonly initial?: () => InitialContent;
  readonly terms: SubscribeTerms;
}

/** What is the same for all subscriptions of one kind: one object for the hundred thousand that there may be. */
export interface SubscribeTerms {
  readonly event: EventName;
  /** Media types of NOTIFY bodies, lower case; Accept. */
  readonly accept: readonly string[];
  /** What is understood all the same where a notifier sends it unasked. */
  readonly alsoRead?: readonly string[];
  /** Option tags that a NOTIFY may require; Supported. */
  readonly supported?: readonly string[];
  /** Seconds; 0 for a fetch. */
  readonly expires: number;
  /** §5.4.9: whether a forked SUBSCRIBE makes a subscription of each answer, or of the first only. */
  readonly forks: 'single' | 'several';
  /**
   * Further refusals that end a subscription, and after which nobody asks again (RFC 6665 §4.1.2.2 and `retryAfterEnd` have
   * those of every package).
   */
  readonly finalStatuses?: ReadonlySet<number>;
  /** Its owner keeps `handle.kept` and restores it after the next start: a drain leaves the subscription as it is. */
  readonly durable?: boolean;
}

export interface InitialContent {
  readonly headers: readonly HeaderField[];
  readonly body: Bytes;
}

/** A NOTIFY, before it is answered. */
export interface Notification {
  /** One for each dialog; a subscription that is made again has another one. */
  readonly dialog: string;
  readonly state: 'pending' | 'active' | 'terminated';
  /** Of "terminated", in lower case. */
  readonly reason: string | undefined;
  /** Lower case, without parameters; undefined without a body. */
  readonly contentType: string | undefined;
  /** Content-Type as it stands there, for types whose parameters matter. */
  readonly contentTypeField: string | undefined;
  /** Content-Language as it stands there. */
  readonly language: string | undefined;
  readonly body: Bytes;
}

/** What an event package does with its notifications. */
export interface SubscriptionUsage {
  /**
   * Takes a notification whole or not at all: after a fault it is answered 400. `refresh`: something was missed, and the
   * full state is to be asked for (at a bounded rate).
   */
  notified(notification: Notification): Result<'taken' | 'refresh'>;
  /** This dialog is over; what was known by it is not kept up to date any more. */
  dialogEnded(dialog: string): void;
  /** Nothing more will come, and nobody asks again. Called once. */
  over(end: End): void;
  /** A 2xx came; `closing`: to the SUBSCRIBE with Expires: 0 that ends a subscription. */
  accepted?(closing: boolean): void;
  /** The last subscription of a SUBSCRIBE ended, and it is asked for again: now, or after a pause. */
  asksAgain?(end: End, when: 'now' | 'later'): void;
  /** A refresh is due. Whoever has this says when, by `handle.refresh`; without an answer the subscription expires. */
  refreshDue?(): void;
  /** `handle.kept` has changed. */
  keptChanged?(): void;
}

/** A subscriber as its owner holds it. */
export interface SubscriberHandle {
  /** Unsubscribes. `over` is called when that is done. */
  unsubscribe(): void;
  /** Refreshes each subscription now. */
  refresh(): void;
  /** What there is to be kept of it. */
  readonly kept: readonly KeptSubscription[];
  /** The dialogs there are now: plain data. */
  readonly dialogs: readonly Dialog[];
  readonly status: SubscriberStatus;
}

/** A subscriber as it is shown to the operator. Times that end in `Ms` are of the wall clock; undefined: there is none. */
export interface SubscriberStatus {
  readonly state: SubscriberState['name'];
  /** Subscriptions that ended too soon, one after the other. */
  readonly failures: number;
  /** The end of the pause before it asks again. */
  readonly againMs: number | undefined;
  readonly dialogs: readonly LegStatus[];
}

/** One of its subscriptions. */
export interface LegStatus {
  readonly callId: string;
  readonly localTag: string;
  /** Undefined before there is a dialog. */
  readonly remoteTag: string | undefined;
  readonly remoteTarget: string | undefined;
  readonly state: SubscriptionState['name'];
  /** Which SUBSCRIBE has no final response yet. */
  readonly sending: Sending;
  /** Seconds. */
  readonly asked: number;
  readonly granted: number | undefined;
  readonly expiresMs: number | undefined;
  /** The next refresh. */
  readonly refreshMs: number | undefined;
  /** A NOTIFY has to come until then (timer N). */
  readonly notifyByMs: number | undefined;
  /** Refreshes that failed, one after the other. */
  readonly failures: number;
  /** What became of the last SUBSCRIBE: the status of its final response, or why there was none. */
  readonly answered: number | FailureReason | undefined;
  /** The last NOTIFY, and what it was answered. */
  readonly notifiedMs: number | undefined;
  readonly notifyStatus: number | undefined;
}
