// All subscriptions that the gateway serves: takes SUBSCRIBE requests, finds their dialogs, bounds their number, and keeps
// them beyond a restart (RFC 6665 §4.2).

import type { Counter, Written } from '../../base/index.ts';
import { faultToResponse, gatewayResponse, type MappedJid } from '../../mapping/index.ts';
import {
  dialogFromRequest,
  equalEvents,
  eventName,
  rawHeaderField,
  type EventName,
  type HeaderField,
  type NotifierEnd,
  type NotifierRecord,
  type ServerTransaction,
  type SipRequest,
  transportTraits,
} from '../../sip/index.ts';
import { EarlyRequests } from './early-requests.ts';
import { contactUri } from './fields.ts';
import type { LegHost } from './notifier-host.ts';
import { NotifierLeg } from './notifier-leg.ts';
import {
  NOTIFIER_LIMITS,
  type EventPackage,
  type NotifierLimits,
  type NotifiersEnv,
} from './notifier-types.ts';
import { NotifyQueue } from './notify-queue.ts';
import { Parties } from './parties.ts';
import { ServedReview } from './served-review.ts';
import { acceptSubscribe, readSubscribe } from './served-subscribe.ts';
import { storedPages } from '../stored-pages.ts';

type Outcome = 'accepted' | 'refreshed' | 'unsubscribed' | 'fetched' | 'refused';

/** When somebody who has too many, or whom too many watch, may try again; in seconds. */
const CROWDED_SECONDS = 600;
/** The same when all places are taken. */
const FULL_SECONDS = 60;
/** While records are still being read. */
const RESTORING_SECONDS = 5;
/** After a drain that ends subscriptions the watchers come back within so many seconds, spread by chance. */
const RETURN_FROM_SECONDS = 5;
const RETURN_TO_SECONDS = 30;
/** How long a drain waits for the answers to the last notifications, in milliseconds. */
const DRAIN_MS = 5000;
/** Records of gateways that never came back, given up at once. */
const SWEEP_LIMIT = 1000;

export class Notifiers implements LegHost {
  readonly env: NotifiersEnv;
  readonly queue: NotifyQueue;
  /** Without template packages (RFC 6665 §4.4.4); no field when there are none. */
  readonly allowEvents: readonly HeaderField[];
  readonly #packages = new Map<string, EventPackage>();
  /** By the local tag of the dialog, in lower case. */
  readonly #legs = new Map<string, NotifierLeg>();
  readonly #watchers: Parties;
  readonly #resources: Parties;
  readonly #limits: NotifierLimits;
  readonly #review: ServedReview;
  readonly #failedWrites: Counter;
  readonly #written: Written = (error) => this.#onWritten(error);
  #restoring: boolean;
  readonly #early: EarlyRequests;
  #draining = false;
  #whenEmpty: (() => void) | undefined;

  constructor(env: NotifiersEnv) {
    this.env = env;
    this.#limits = { ...NOTIFIER_LIMITS, ...env.limits };
    this.queue = new NotifyQueue(this.#limits.notifying);
    const { perWatcher, perResource, notifyingPerWatcher, notifyingPerDomain } = this.#limits;
    const domains = new Parties({ limit: Infinity, places: notifyingPerDomain });
    this.#watchers = new Parties({ limit: perWatcher, places: notifyingPerWatcher, domains });
    this.#resources = new Parties({ limit: perResource });
    this.#review = new ServedReview(env);
    this.#restoring = env.records !== undefined;
    this.#early = new EarlyRequests(env.timers, this.#limits.early, ({ tx, watcher }) =>
      this.subscribe(tx, watcher),
    );
    for (const spec of env.packages) this.#packages.set(spec.name, spec);
    const listed = env.packages.map(({ name }) => name).filter((name) => !name.includes('.'));
    this.allowEvents = listed.length === 0 ? [] : [rawHeaderField('Allow-Events', listed.join(', '))];
    this.#failedWrites = env.counters.counter(
      'stoxgate_sip_served_failed_writes_total',
      'Records of served subscriptions that the store did not take.',
    );
  }

  /** SUBSCRIBE is served: there is a package. */
  get serves(): boolean {
    return this.#packages.size > 0;
  }

  get size(): number {
    return this.#legs.size;
  }

  /** NOTIFY requests that wait for their turn. */
  get waiting(): number {
    return this.queue.length;
  }

  /** A SUBSCRIBE that passed RFC 3261 §8.2, of a believed watcher. It is answered before this returns, except while records are read. */
  subscribe(tx: ServerTransaction, watcher: MappedJid): void {
    const outcome = this.#subscribe(tx, watcher);
    if (outcome === 'early') return;
    this.env.counters
      .counter('stoxgate_sip_subscribe_served_total', 'SUBSCRIBE requests to the gateway by their outcome.', {
        outcome,
      })
      .add();
  }

  #subscribe(tx: ServerTransaction, watcher: MappedJid): Outcome | 'early' {
    const event = eventName(tx.request);
    if (!event.ok) return refuse(tx, 400);
    const spec = event.value === undefined ? undefined : this.#packages.get(event.value.package);
    // PRES-43, RFC 6665 §4.2.1.1; one without Event as well.
    if (event.value === undefined || spec === undefined) return refuse(tx, 489, this.allowEvents);
    return tx.request.to.tag === undefined
      ? this.#initial(tx, spec, event.value.id, watcher)
      : this.#within(tx, spec, event.value, watcher);
  }

  #initial(
    tx: ServerTransaction,
    spec: EventPackage,
    eventId: string | undefined,
    watcherJid: MappedJid,
  ): Outcome {
    const { request } = tx;
    if (this.#draining) return refuse(tx, gatewayResponse('ERR-G5').status);
    const resourceJid = this.env.live.book.sipTargetToJid(request.requestUri);
    if (!resourceJid.ok) {
      const answer = faultToResponse(resourceJid.error, 'target');
      return refuse(tx, answer.status, answer.headers);
    }
    const asked = readSubscribe(request, spec);
    if (asked.kind === 'refused') return refuse(tx, asked.status, asked.headers);
    const full = this.#full(watcherJid.bareText, resourceJid.value.bareText);
    if (full !== undefined) {
      return refuse(tx, full.status, [rawHeaderField('Retry-After', String(full.seconds))]);
    }
    const dialog = dialogFromRequest(request, tx.toTag, transportTraits[tx.source.transport].secure);
    if (!dialog.ok) {
      const { code, message } = dialog.error;
      this.env.log.debug('notifier.refused', { code, error: message });
      return refuse(tx, 400);
    }
    const { seconds, accept } = asked;
    const decision = spec.decide({
      request,
      resource: request.requestUri,
      resourceJid: resourceJid.value,
      watcher: request.from.uri,
      watcherJid,
      contact: dialog.value.remoteTarget,
      expires: seconds,
      accept,
      eventId,
    });
    if (decision.kind === 'refused') return refuse(tx, decision.status, decision.headers);
    acceptSubscribe(tx, seconds, contactUri(tx.source.local, dialog.value.secure), this.allowEvents);
    const leg = this.#add(spec, {
      dialog: dialog.value,
      resource: request.requestUri,
      resourceJid: resourceJid.value.bareText,
      watcherJid: watcherJid.bareText,
      eventId,
      accept,
      source: tx.source.remoteAddress,
    });
    leg.begin(decision.state, seconds, decision.hold === true);
    return seconds === 0 ? 'fetched' : 'accepted';
  }

  /** RFC 3261 §12.2.2: its dialog, in the order of that clause. */
  /** The request is within a dialog of a subscription, or may be, while those of before a restart are read. */
  has({ to, from, callId }: SipRequest): boolean {
    const leg = this.#legs.get((to.tag ?? '').toLowerCase());
    return leg === undefined ? this.#restoring : isOf(leg.dialog, callId, from.tag);
  }

  #within(
    tx: ServerTransaction,
    spec: EventPackage,
    event: EventName,
    watcher: MappedJid,
  ): Outcome | 'early' {
    const { request } = tx;
    const leg = this.#legs.get((request.to.tag ?? '').toLowerCase());
    if (leg === undefined && this.#restoring) {
      if (this.#early.hold({ tx, watcher })) return 'early';
      // RFC 3261 §21.5.1. A 481 would end what may be read in a moment.
      return refuse(tx, 500, [rawHeaderField('Retry-After', String(RESTORING_SECONDS))]);
    }
    if (leg?.isOpen !== true || !isOf(leg.dialog, request.callId, request.from.tag)) return refuse(tx, 481);
    if (!equalEvents(leg.event, event)) {
      // RFC 6665 §4.5.2: "The error text of such 403 responses SHOULD indicate that dialog sharing is not supported."
      tx.respond(403, { reason: 'Dialog Sharing Not Supported' });
      return 'refused';
    }
    const dialog = leg.receive(request);
    if ('status' in dialog) return refuse(tx, dialog.status);
    const asked = readSubscribe(request, spec);
    if (asked.kind === 'refused') return refuse(tx, asked.status, asked.headers);
    acceptSubscribe(tx, asked.seconds, contactUri(tx.source.local, dialog.secure), []);
    leg.resubscribed(dialog, asked.seconds, asked.accept, tx.source.remoteAddress);
    return asked.seconds === 0 ? 'unsubscribed' : 'refreshed';
  }

  /** Reads what an earlier run kept. Nobody is told anything by that; what expired meanwhile ends as ever. */
  async restore(): Promise<void> {
    const { records, shared, node, log } = this.env;
    if (records === undefined) return;
    let restored = 0;
    for await (const page of storedPages(records, shared ? node : undefined)) {
      for (const { record } of page) if (this.#restoreOne(record)) restored += 1;
    }
    this.#restoring = false;
    this.#early.close();
    if (restored > 0) log.info('notifier.restored', { subscriptions: restored });
  }

  #restoreOne(record: NotifierRecord): boolean {
    const spec = this.#packages.get(record.package);
    // Stopped in between, or a package that is not served any more: its watcher hears 481.
    if (spec === undefined || this.#draining) return false;
    const { clock } = this.env;
    const leg = this.#add(spec, { ...record, accept: sameAs(record.accept, spec.accept) });
    leg.restore(record.state, Math.max(0, record.expiresMs - clock.wall()));
    // The rules may have changed meanwhile.
    this.#review.judge(leg);
    return true;
  }

  #add(
    spec: EventPackage,
    parts: Omit<NotifierRecord, 'node' | 'package' | 'state' | 'expiresMs'>,
  ): NotifierLeg {
    const leg = new NotifierLeg(this, {
      spec,
      dialog: parts.dialog,
      resource: parts.resource,
      resourceParty: this.#resources.take(parts.resourceJid),
      watcherParty: this.#watchers.take(parts.watcherJid),
      eventId: parts.eventId,
      accept: parts.accept,
      source: parts.source,
    });
    this.#legs.set(leg.id.toLowerCase(), leg);
    return leg;
  }

  #full(
    watcher: string,
    resource: string,
  ): { readonly status: number; readonly seconds: number } | undefined {
    if (this.#legs.size >= this.#limits.subscriptions) return { status: 503, seconds: FULL_SECONDS };
    if (!this.#watchers.isFull(watcher) && !this.#resources.isFull(resource)) return undefined;
    // Not 503: the gateway serves others, and a proxy should not take it for dead (RFC 3261 §21.5.4).
    return { status: 480, seconds: CROWDED_SECONDS };
  }

  /**
   * From now on nothing new is subscribed. Subscriptions that are kept in the store stay as they are; others end, with the
   * advice to come back in a moment.
   */
  async drain(): Promise<void> {
    this.#draining = true;
    if (this.env.records !== undefined || this.#legs.size === 0) return;
    const { random, timers } = this.env;
    for (const leg of [...this.#legs.values()]) {
      // §4.1.3: "deactivated" would bring all of them back at once, to a gateway that refuses them.
      const spread = random.unit() * (RETURN_TO_SECONDS - RETURN_FROM_SECONDS);
      leg.terminate('probation', Math.round(RETURN_FROM_SECONDS + spread));
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenEmpty = resolve;
    const timer = timers.set(DRAIN_MS, resolve);
    await promise;
    timers.clear(timer);
  }

  /** The configuration is another one: whoever may not watch by it any more is told so, and no more. */
  configured(): void {
    this.#review.begin([...this.#legs.values()]);
  }

  /** Says nothing more to anybody. */
  stop(): void {
    this.#draining = true;
    this.#review.stop();
    this.queue.stop();
    for (const leg of this.#legs.values()) leg.stop();
    this.#legs.clear();
  }

  /** Gives up records that nobody comes back for. */
  sweep(): void {
    const { records, clock, log } = this.env;
    records?.takeExpired(clock.wall(), SWEEP_LIMIT).catch((error: unknown) => {
      log.warn('notifier.sweep-failed', { error });
    });
  }

  keep(leg: NotifierLeg): void {
    this.env.records?.put(leg.id, leg.record(), this.#written);
  }

  ended(leg: NotifierLeg, end: NotifierEnd): void {
    const { log, counters, records } = this.env;
    if (!leg.isFetch) records?.delete(leg.id, this.#written);
    if (log.enabled('debug')) {
      log.debug('notifier.ended', {
        event: leg.package,
        resource: leg.resource,
        watcher: leg.watcherJid,
        ...end,
      });
    }
    counters
      .counter('stoxgate_sip_served_ended_total', 'Served subscriptions that ended, by what ended them.', {
        cause: end.cause,
      })
      .add();
  }

  gone(leg: NotifierLeg): void {
    this.#legs.delete(leg.id.toLowerCase());
    this.#watchers.release(leg.watcherParty);
    this.#resources.release(leg.resourceParty);
    if (this.#legs.size === 0) this.#whenEmpty?.();
  }

  notified(outcome: 'accepted' | 'refused' | 'failed'): void {
    this.env.counters
      .counter('stoxgate_sip_notify_sent_total', 'NOTIFY requests of the gateway by their outcome.', {
        outcome,
      })
      .add();
  }

  #onWritten(error: Error | undefined): void {
    if (error === undefined) return;
    // The subscription itself goes on; only a restart would lose it, and its watcher then subscribes anew.
    this.#failedWrites.add();
    this.env.log.error('notifier.write.failed', { error: error.message });
  }
}

function refuse(tx: ServerTransaction, status: number, headers: readonly HeaderField[] = []): 'refused' {
  tx.respond(status, headers.length === 0 ? undefined : { headers });
  return 'refused';
}

/** §12.2.2: "matches" by Call-ID and both tags. */
function isOf(
  dialog: { readonly callId: string; readonly remoteTag: string },
  callId: string,
  remoteTag = '',
): boolean {
  return dialog.callId === callId && dialog.remoteTag.toLowerCase() === remoteTag.toLowerCase();
}

/** The list of the package where it is that one. */
function sameAs(list: readonly string[], all: readonly string[]): readonly string[] {
  return list.length === all.length && list.every((type, i) => type === all[i]) ? all : list;
}
