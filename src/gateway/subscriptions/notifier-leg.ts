// Drives one subscription that the gateway serves: its dialog, its timers, its NOTIFY requests (RFC 6665 §4.2). There may
// be 200,000 of them, so it holds little, and nothing twice: see docs/architecture.md, "The way of a served subscription".

import { detachText, fromTicks, toTicks, type Timer, type TimerOwner } from '../../base/index.ts';
import {
  afterTargetRefresh,
  beginFetch,
  beginNotifier,
  buildDialogRequest,
  formatNotifierState,
  parseNameAddr,
  receiveInDialog,
  restoredNotifier,
  retryAfter,
  retryDelayMs,
  stepNotifier,
  type Dialog,
  type EventName,
  type FailureReason,
  type HeaderField,
  type NotifierEffect,
  type NotifierEnd,
  type NotifierEvent,
  type NotifierRecord,
  type NotifierState,
  type NotifierTransition,
  type SipRequest,
  type SipResponse,
  type Target,
  type TerminationReason,
} from '../../sip/index.ts';
import { Exchange } from './exchange.ts';
import { notifyFields } from './fields.ts';
import type { LegHost, LegParts } from './notifier-host.ts';
import type { Notifying } from './notify-queue.ts';
import type { Party } from './parties.ts';
import { notifyStatus } from './served-status.ts';
import type { EventPackage, NotifyDocument, ServedStatus, ServedSubscription } from './notifier-types.ts';

/** How long a fetch waits for its document. */
const HOLD_MS = 3000;
/** So that it never ends before the whole seconds are over that NOTIFY has named (RFC 6665 §4.2.2: no lengthening). */
const GRACE_MS = 1000;
/**
 * The CSeq of NOTIFY is written at every so many requests, not at each. Twice as many are passed over after a restart:
 * higher than any before, even if the last write was not committed (RFC 3261 §12.2.1.1).
 */
const SEQ_BLOCK = 128;

const NO_ROUTES: readonly string[] = [];
const EXPIRY = { kind: 'timerExpiry' } as const;
const WAIT_OVER = { kind: 'timerWait' } as const;

export class NotifierLeg implements ServedSubscription, Notifying, TimerOwner {
  readonly resource: string;
  readonly eventId: string | undefined;
  readonly resourceParty: Party;
  readonly watcherParty: Party;
  accept: readonly string[];
  source: string | undefined;
  holder: object | undefined;
  readonly #host: LegHost;
  readonly #spec: EventPackage;
  #dialog: Dialog;
  #state: NotifierState = restoredNotifier('pending');
  /** By the monotonic clock, in ticks. */
  #expires = 0;
  #notified: number | undefined;
  #keptSeq = 0;
  #expiry: Timer | undefined;
  #wait: Timer | undefined;
  #exchange: Exchange | undefined;
  #answered: ServedStatus['answered'];

  constructor(host: LegHost, parts: LegParts) {
    const { spec, resourceParty, watcherParty, dialog } = parts;
    this.#host = host;
    this.#spec = spec;
    this.resourceParty = resourceParty;
    this.watcherParty = watcherParty;
    this.resource = resourceParty.share(parts.resource);
    this.eventId = parts.eventId === undefined ? undefined : detachText(parts.eventId);
    this.accept = parts.accept;
    this.source = parts.source === undefined ? undefined : watcherParty.share(parts.source);
    this.#keptSeq = dialog.localSeq;
    this.#dialog = {
      ...dialog,
      callId: detachText(dialog.callId),
      localTag: detachText(dialog.localTag),
      remoteTag: detachText(dialog.remoteTag),
      localUri: resourceParty.share(dialog.localUri),
      remoteUri: watcherParty.share(dialog.remoteUri),
      // The remote target is nearly always that of the watcher's other subscriptions.
      remoteTarget: watcherParty.share(dialog.remoteTarget),
      routeSet: dialog.routeSet.length === 0 ? NO_ROUTES : dialog.routeSet.map(detachText),
    };
  }

  get id(): string {
    return this.#dialog.localTag;
  }

  get dialog(): Dialog {
    return this.#dialog;
  }

  get package(): string {
    return this.#spec.name;
  }

  /** As NOTIFY repeats it (RFC 6665 §8.2.1). */
  get event(): EventName {
    const { package: name, eventId: id } = this;
    return id === undefined ? { package: name } : { package: name, id };
  }

  get resourceJid(): string {
    return this.resourceParty.jid;
  }

  get watcherJid(): string {
    return this.watcherParty.jid;
  }

  get watcher(): string {
    return this.#dialog.remoteUri;
  }

  get contact(): string {
    return this.#dialog.remoteTarget;
  }

  get state(): 'pending' | 'active' | 'terminated' {
    const { name } = this.#state;
    if (name === 'polled') return 'pending';
    return name === 'pending' || name === 'active' ? name : 'terminated';
  }

  get end(): NotifierEnd | undefined {
    return this.#state.name === 'ending' ? this.#state.end : undefined;
  }

  get isFetch(): boolean {
    return this.#state.name === 'polled' || this.end?.cause === 'fetched';
  }

  /** Requests within its dialog mean something. */
  get isOpen(): boolean {
    return this.#state.name === 'pending' || this.#state.name === 'active';
  }

  get expiresInSeconds(): number {
    return Math.max(0, Math.round((fromTicks(this.#expires) - this.#host.env.clock.now()) / 1000));
  }

  get status(): ServedStatus {
    const { clock, timers } = this.#host.env;
    const [againMs, toWallMs] = [timers.leftMs(this.#wait), clock.wall() - clock.now()];
    return {
      ...{ id: this.id, callId: this.#dialog.callId, contact: this.contact, state: this.state },
      expiresMs: fromTicks(this.#expires) + toWallMs,
      ...notifyStatus(this.#state),
      againMs: againMs === undefined ? undefined : clock.wall() + againMs,
      notifiedMs: this.#notified === undefined ? undefined : fromTicks(this.#notified) + toWallMs,
      answered: this.#answered,
    };
  }

  update(): void {
    this.#step({ kind: 'changed', restMs: this.#restMs() });
  }

  activate(): void {
    const before = this.state;
    this.#step({ kind: 'activate' });
    if (before === 'pending' && this.state === 'active') this.#host.keep(this);
  }

  terminate(reason: TerminationReason, after?: number): void {
    this.#step({ kind: 'terminate', reason, ...(after === undefined ? {} : { retryAfter: after }) });
  }

  /** After the 2xx. */
  begin(state: 'pending' | 'active', seconds: number, hold: boolean): void {
    this.#expires = toTicks(this.#host.env.clock.now() + seconds * 1000);
    this.#apply(seconds === 0 ? beginFetch(hold) : beginNotifier(state, seconds));
    if (this.isOpen) this.#host.keep(this);
  }

  /** It was there before a restart. */
  restore(state: 'pending' | 'active', remainingMs: number): void {
    this.#state = restoredNotifier(state);
    this.#dialog = { ...this.#dialog, localSeq: this.#dialog.localSeq + 2 * SEQ_BLOCK };
    this.#expireIn(remainingMs, GRACE_MS);
    this.#safely(() => this.#spec.restored(this));
  }

  timerFired(timer: Timer): void {
    if (timer === this.#expiry) return this.#step(EXPIRY);
    this.#wait = undefined;
    this.#step(WAIT_OVER);
  }

  /** RFC 3261 §12.2.2: the dialog after this SUBSCRIBE, or the answer that it deserves. */
  receive(request: SipRequest): Dialog | { readonly status: number } {
    const dialog = receiveInDialog(this.#dialog, request, { targetRefresh: true });
    if (dialog.ok) return dialog.value;
    this.#host.env.log.debug('notifier.refused', { code: dialog.error.code, error: dialog.error.message });
    return { status: dialog.error.code === 'ERR_SIP_DIALOG_ORDER' ? 500 : 400 };
  }

  /** That SUBSCRIBE was answered with a 2xx. */
  resubscribed(dialog: Dialog, seconds: number, accept: readonly string[], source: string): void {
    this.#dialog = { ...dialog, remoteTarget: this.watcherParty.share(dialog.remoteTarget) };
    this.source = this.watcherParty.share(source);
    this.accept = accept;
    if (seconds === 0) return this.#step({ kind: 'unsubscribed' });
    this.#expires = toTicks(this.#host.env.clock.now() + seconds * 1000);
    this.#safely(() => this.#spec.refreshed(this));
    // It may have ended it.
    if (!this.isOpen) return;
    this.#step({ kind: 'refreshed', seconds });
    this.#host.keep(this);
  }

  /** Says nothing more. What is kept of it stays. */
  stop(): void {
    this.#clearTimers();
    this.#exchange?.abandon();
    this.#state = { name: 'gone' };
  }

  /** What is written of it. */
  record(): NotifierRecord {
    const { clock, node } = this.#host.env;
    this.#keptSeq = this.#dialog.localSeq;
    return {
      node,
      package: this.#spec.name,
      eventId: this.eventId,
      state: this.#state.name === 'active' ? 'active' : 'pending',
      resource: this.resource,
      resourceJid: this.resourceJid,
      watcherJid: this.watcherJid,
      accept: this.accept,
      expiresMs: Math.round(clock.wall() + fromTicks(this.#expires) - clock.now()),
      source: this.source,
      dialog: this.#dialog,
    };
  }

  transmit(): boolean {
    const queued = this.#state;
    this.#step({ kind: 'left' });
    if (this.#state === queued) return false;
    this.#notified = toTicks(this.#host.env.clock.now());
    const document = this.#safely(() => this.#spec.document(this));
    const dialog = this.#dialog;
    const uri = parseNameAddr(dialog.remoteUri);
    this.#exchange = new Exchange(this.#host.env, {
      name: 'notify',
      nextHop: buildDialogRequest(dialog, { method: 'NOTIFY' }).nextHop,
      fallback: uri.ok ? uri.value.uri : undefined,
      routed: dialog.routeSet.length > 0,
      build: (target: Target, challenges: number) =>
        buildDialogRequest(
          { ...dialog, localSeq: dialog.localSeq + challenges },
          { method: 'NOTIFY', headers: this.#fields(target, document), body: document?.body },
        ).request,
      sent: (request) => this.#sent(request.cseq.number),
      responded: (response) => this.#responded(response),
      failed: (reason) => this.#failed(reason),
    });
    this.#exchange.start();
    return true;
  }

  /** A fault of the package costs what it had to say, not the dialog. */
  #safely<T>(call: () => T): T | undefined {
    try {
      return call();
    } catch (error) {
      this.#host.env.log.error('notifier.package.failed', { error, package: this.#spec.name });
      return undefined;
    }
  }

  #fields(target: Target, document: NotifyDocument | undefined): readonly HeaderField[] {
    const state = formatNotifierState(this.#state, this.expiresInSeconds);
    return notifyFields(this.event, state, document, this.#host.env.localFor(target), this.#dialog.secure);
  }

  #sent(cseq: number): void {
    this.#dialog = { ...this.#dialog, localSeq: Math.max(this.#dialog.localSeq, cseq) };
    if (this.isOpen && cseq - this.#keptSeq >= SEQ_BLOCK) this.#host.keep(this);
  }

  #responded(response: SipResponse): void {
    this.#exchange = undefined;
    const { status } = response;
    this.#answered = status;
    const restMs = this.#restMs();
    if (status < 300) {
      this.#retarget(afterTargetRefresh(this.#dialog, response).remoteTarget);
      this.#host.notified('accepted');
      this.#step({ kind: 'accepted', restMs });
    } else {
      this.#host.notified('refused');
      const read = retryAfter(response);
      const after = read.ok && read.value !== undefined ? { retryAfter: read.value.seconds } : {};
      this.#step({ kind: 'refused', status, restMs, ...after });
    }
    this.#host.queue.done(this);
  }

  #failed(reason: FailureReason): void {
    this.#exchange = undefined;
    // The gateway stops: nobody knows what became of it.
    if (reason !== 'stopped') {
      this.#answered = reason;
      this.#host.notified('failed');
      this.#step({ kind: 'failed', reason });
    }
    this.#host.queue.done(this);
  }

  /** How long a change still has to wait. */
  #restMs(): number {
    const sinceMs = fromTicks(this.#notified ?? -Infinity);
    return Math.max(0, sinceMs + this.#spec.minIntervalMs - this.#host.env.clock.now());
  }

  #step(event: NotifierEvent): void {
    const transition = stepNotifier(this.#state, event);
    if (!transition.expected) {
      this.#host.env.log.debug('notifier.unexpected', { state: this.#state.name, event: event.kind });
      return;
    }
    this.#apply(transition);
  }

  #apply({ state, effects }: NotifierTransition): void {
    this.#state = state;
    for (const effect of effects) this.#run(effect);
  }

  #run(effect: NotifierEffect): void {
    switch (effect.kind) {
      case 'schedule':
        return this.#expireIn(effect.seconds * 1000, GRACE_MS);
      case 'hold':
        return this.#expireIn(HOLD_MS, 0);
      case 'began':
        return this.#safely(() => this.#spec.began(this));
      case 'notify':
        return this.#host.queue.add(this);
      case 'rest':
        return this.#waitFor(effect.ms);
      case 'retry':
        return this.#waitFor(retryDelayMs(effect.failures, effect.retryAfter, this.#host.env.random.unit()));
      case 'stopWait':
        return this.#stopWait();
      case 'ended':
        this.#clearTimers();
        this.#host.ended(this, effect.end);
        return this.#safely(() => this.#spec.ended(this, effect.end));
      case 'gone':
        return this.#host.gone(this);
    }
  }

  #expireIn(ms: number, graceMs: number): void {
    const { timers, clock } = this.#host.env;
    this.#expires = toTicks(clock.now() + ms);
    timers.clear(this.#expiry);
    this.#expiry = timers.set(ms + graceMs, this);
  }

  #waitFor(ms: number): void {
    this.#stopWait();
    this.#wait = this.#host.env.timers.set(ms, this);
  }

  #stopWait(): void {
    this.#host.env.timers.clear(this.#wait);
    this.#wait = undefined;
  }

  #clearTimers(): void {
    this.#stopWait();
    this.#host.env.timers.clear(this.#expiry);
  }

  /** RFC 3261 §12.2.1.2. */
  #retarget(remoteTarget: string): void {
    if (remoteTarget === this.#dialog.remoteTarget) return;
    this.#dialog = { ...this.#dialog, remoteTarget: this.watcherParty.share(remoteTarget) };
    if (this.isOpen) this.#host.keep(this);
  }
}
