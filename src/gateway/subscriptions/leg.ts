// Drives one subscription in one dialog: its timers, its SUBSCRIBE requests, its notifications (RFC 6665 §4.1).

import { fault, fromTicks, toTicks, type Result } from '../../base/index.ts';
import {
  afterTargetRefresh,
  beginSubscription,
  dialogFromNotify,
  dialogFromResponse,
  expires,
  keptState,
  keyOfDialog,
  rawHeaderField,
  receiveInDialog,
  refreshDelayMs,
  retryDelayMs,
  stateOfSubscription,
  stepSubscription,
  type Dialog,
  type EventName,
  type FailureReason,
  type HeaderField,
  type KeptSubscription,
  type ServerTransaction,
  type SipRequest,
  type SipResponse,
  type SubscriptionEffect,
  type SubscriptionEvent,
  type SubscriptionState,
  type SubscriptionTransition,
} from '../../sip/index.ts';
import { Exchange } from './exchange.ts';
import { mediaType, notificationOf, reads } from './fields.ts';
import { countOutcome, dialogRequest, initialRequest, refusedBy, type LegIds } from './leg-requests.ts';
import type { LegOwner } from './leg-owner.ts';
import { keptOf, legStatus, type LegStatus } from './leg-status.ts';
import { LegTimers, type LegTimer, type LegTimersOwner } from './leg-timers.ts';
import { sharedState } from './shared-state.ts';
import { ownDialog, ownKey } from './own-dialog.ts';
import type { Notification, SubscriptionsEnv } from './types.ts';

const TIMER_N_TIMES_T1 = 64;
/** Timer F is as long. It must fire before, since there may be another server to ask. In milliseconds. */
const AFTER_TIMER_F_MS = 100;
/** The usage may ask for the full state so often. */
const MIN_ASKED_REFRESH_MS = 30_000;

export class Leg implements LegTimersOwner {
  readonly #env: SubscriptionsEnv;
  readonly #owner: LegOwner;
  /** Those of its dialog, once it has one. */
  #ids: LegIds;
  readonly #timers: LegTimers;
  #state: SubscriptionState;
  /** The last initial SUBSCRIBE as sent, as long as a NOTIFY may make a dialog of it. */
  #initial: SipRequest | undefined;
  #cseq = 0;
  #exchange: Exchange | undefined;
  #dialog: Dialog | undefined;
  #key: string | undefined;
  /** A NOTIFY made the dialog; before, it is what a 2xx promises. */
  #confirmed = false;
  /** The dialog that the usage has heard of. */
  #told: string | undefined;
  /** By the monotonic clock, in ticks. */
  #since: number | undefined;
  #askedMs: number | undefined;
  /** When what was granted ends, in ticks; undefined before anything was. */
  #ends: number | undefined;
  /** To be shown: the outcome of the last SUBSCRIBE, and the last NOTIFY, in ticks, with its answer. */
  #answered: number | FailureReason | undefined;
  #notified: number | undefined;
  #notifyStatus: number | undefined;

  /** `forked`: the state and the SUBSCRIBE of a fork; else it begins with `start` or `restore`. */
  constructor(
    env: SubscriptionsEnv,
    owner: LegOwner,
    ids: LegIds,
    forked?: { readonly state: SubscriptionState; readonly initial: SipRequest },
  ) {
    this.#env = env;
    this.#owner = owner;
    this.#ids = ids;
    this.#timers = new LegTimers(env.timers, this);
    this.#state = forked?.state ?? { name: 'terminated' };
    this.#initial = forked?.initial;
  }

  get state(): SubscriptionState['name'] {
    return this.#state.name;
  }

  get event(): EventName {
    return this.#owner.parts.terms.event;
  }

  get dialog(): Dialog | undefined {
    return this.#dialog;
  }

  /** The initial SUBSCRIBE, once it was sent, and until `noMoreForks`. */
  get initial(): SipRequest | undefined {
    return this.#initial;
  }

  get status(): LegStatus {
    return legStatus(this.#env.clock, this.#ids, this.#dialog, this.#state, this.#timers, {
      ends: this.#ends,
      answered: this.#answered,
      notified: this.#notified,
      notifyStatus: this.#notifyStatus,
    });
  }

  start(): void {
    this.#apply(beginSubscription(this.#owner.parts.terms.expires));
  }

  /** Goes on with what an earlier run of the gateway kept. */
  restore(kept: KeptSubscription): void {
    const leftMs = kept.expiresMs - this.#env.clock.wall();
    this.#state = keptState(kept);
    this.#cseq = kept.dialog.localSeq;
    this.#since = toTicks(this.#env.clock.now());
    this.#bind(kept.dialog, true);
    this.#told = this.#key;
    this.#schedule(Math.max(0, leftMs / 1000));
  }

  /** What `restore` takes; undefined: it has no dialog, or is about to end. */
  get kept(): KeptSubscription | undefined {
    return this.#confirmed ? keptOf(this.#env.clock, this.#dialog, this.#state, this.#ends) : undefined;
  }

  refresh(): void {
    this.#step({ kind: 'refresh' });
  }

  due(timer: LegTimer): void {
    if (timer === 'refresh') this.#refreshDue();
    else this.#step({ kind: timer === 'N' ? 'timerN' : 'timerExpiry' });
  }

  /** No further dialog will come of its initial SUBSCRIBE. */
  noMoreForks(): void {
    if (this.#confirmed) this.#initial = undefined;
  }

  unsubscribe(): void {
    this.#step({ kind: 'unsubscribe' });
  }

  /** Ends without a further word. */
  stop(): void {
    this.#timers.clearAll();
    this.#exchange?.abandon();
    this.#state = { name: 'terminated' };
  }

  /** A NOTIFY that belongs here. True when it was taken. */
  notify(tx: ServerTransaction): boolean {
    const { request } = tx;
    const read = stateOfSubscription(request);
    // RFC 6665 §4.1.3: "NOTIFY requests MUST contain "Subscription-State" header fields".
    if (!read.ok || read.value === undefined) return this.#answer(tx, 400);
    const { state, reason, expiresSeconds, retryAfterSeconds } = read.value;
    const terminated = state === 'terminated';
    const dialog = this.#dialogAfter(request);
    // A subscription that ends at once needs no dialog (§4.4.1).
    const late = !dialog.ok && dialog.error.code === 'ERR_SIP_DIALOG_ORDER';
    if (!dialog.ok && (late || !terminated)) {
      this.#env.log.debug('notify.refused', { code: dialog.error.code, error: dialog.error.message });
      return this.#answer(tx, late ? 500 : 400);
    }
    const type = mediaType(request);
    const { parts } = this.#owner;
    if (request.body.length > 0 && (type === undefined || !reads(parts.terms, type))) {
      return this.#answer(tx, 415, [rawHeaderField('Accept', parts.terms.accept.join(', '))]);
    }
    const told = terminated ? state : state === 'active' ? 'active' : 'pending';
    const taken = this.#tell(notificationOf(request, ownKey(request, this.#key), told, reason, type));
    // "A subscription is destroyed after a notifier sends a NOTIFY request with … "terminated"", whatever else it says.
    if (taken === undefined && !terminated) return this.#answer(tx, 400);
    this.#answer(tx, taken === undefined ? 400 : 200);
    // The usage unsubscribed when it heard, and there was no dialog to say so in.
    if (this.#state.name === 'terminated') return true;
    if (dialog.ok && !terminated) this.#bind(dialog.value, true);
    if (!terminated) this.#since ??= toTicks(this.#env.clock.now());
    this.#exchange?.settle();
    this.#step({
      kind: 'notify',
      state,
      ...(expiresSeconds === undefined ? {} : { expires: expiresSeconds }),
      ...(reason === undefined ? {} : { reason }),
      ...(retryAfterSeconds === undefined ? {} : { retryAfter: retryAfterSeconds }),
    });
    if (taken === 'refresh') this.#askRefresh();
    return taken !== undefined;
  }

  #answer(tx: ServerTransaction, status: number, headers: readonly HeaderField[] = []): false {
    this.#notifyStatus = status;
    this.#notified = toTicks(this.#env.clock.now());
    tx.respond(status, { headers });
    return false;
  }

  /** The dialog as this NOTIFY would leave it. */
  #dialogAfter(request: SipRequest): Result<Dialog> {
    const dialog = this.#dialog;
    if (this.#confirmed && dialog !== undefined) {
      return receiveInDialog(dialog, request, { targetRefresh: true });
    }
    if (this.#initial !== undefined) return dialogFromNotify(this.#initial, request, dialog);
    return fault('ERR_SIP_DIALOG_CONTACT', 'a NOTIFY before any SUBSCRIBE', 'RFC 6665 §4.4.1');
  }

  /** What the usage makes of it; undefined: it cannot read it. */
  #tell(notification: Notification): 'taken' | 'refresh' | undefined {
    if (this.#owner.muted) return 'taken';
    const told = this.#owner.usage.notified(notification);
    if (told.ok) {
      this.#told = notification.dialog;
      return told.value;
    }
    this.#env.log.debug('notify.refused', { code: told.error.code, error: told.error.message });
    return undefined;
  }

  #askRefresh(): void {
    const now = this.#env.clock.now();
    const waitMs = this.#askedMs === undefined ? 0 : this.#askedMs + MIN_ASKED_REFRESH_MS - now;
    // Perhaps one is due sooner anyway.
    if (waitMs >= (this.#timers.leftMs('refresh') ?? Infinity)) return;
    if (waitMs > 0) return this.#timers.set('refresh', waitMs, () => this.#step({ kind: 'timerRefresh' }));
    this.#askedMs = now;
    this.#step({ kind: 'refresh' });
  }

  #bind(dialog: Dialog, confirmed: boolean): void {
    // The usage may have sent something while it was told.
    this.#dialog = ownDialog(dialog, this.#dialog ?? this.#ids, Math.max(dialog.localSeq, this.#cseq));
    this.#ids = this.#dialog;
    this.#confirmed = confirmed;
    const key = keyOfDialog(this.#dialog);
    if (key === this.#key) return;
    if (this.#key !== undefined) this.#owner.unbound(this.#key);
    // What the usage has just been told of is it, nearly always.
    this.#key = key === this.#told ? this.#told : key;
    this.#owner.bound(this, this.#key);
  }

  #step(event: SubscriptionEvent): void {
    const transition = stepSubscription(this.#state, event);
    if (!transition.expected) {
      this.#env.log.debug('subscription.unexpected', { state: this.#state.name, event: event.kind });
      return;
    }
    this.#apply(transition);
  }

  #apply({ state, effects }: SubscriptionTransition): void {
    this.#state = sharedState(state);
    for (const effect of effects) this.#run(effect);
  }

  #run(effect: SubscriptionEffect): void {
    switch (effect.kind) {
      case 'send':
        return this.#send(effect.expires);
      case 'stopTimerN':
        return this.#timers.clear('N');
      case 'schedule':
        this.#schedule(effect.seconds);
        return this.#keptChanged();
      case 'retryRefresh': {
        const delayMs = retryDelayMs(effect.failures, effect.retryAfter, this.#env.random.unit());
        this.#watchEnd();
        return this.#refreshIn(delayMs);
      }
      case 'end': {
        const lastedMs = this.#since === undefined ? 0 : this.#env.clock.now() - fromTicks(this.#since);
        this.stop();
        if (this.#key !== undefined) this.#owner.unbound(this.#key);
        if (this.#told !== undefined && !this.#owner.muted) this.#owner.usage.dialogEnded(this.#told);
        return this.#owner.ended(this, effect.end, lastedMs);
      }
    }
  }

  #schedule(seconds: number): void {
    const delayMs = refreshDelayMs(seconds, this.#env.random.unit());
    this.#ends = toTicks(this.#env.clock.now() + seconds * 1000);
    this.#timers.clear('expiry');
    if (delayMs >= seconds * 1000) this.#watchEnd();
    this.#refreshIn(delayMs);
  }

  /** The end need not be watched before a refresh is due, so that most of the time there is one timer. */
  #watchEnd(): void {
    if (this.#ends === undefined || this.#timers.leftMs('expiry') !== undefined) return;
    this.#timers.set('expiry', fromTicks(this.#ends) - this.#env.clock.now());
  }

  #refreshIn(ms: number): void {
    this.#timers.set('refresh', ms);
  }

  #send(seconds: number): void {
    const initial = this.#state.name !== 'terminated' && this.#state.sending === 'initial';
    const dialog = this.#dialog;
    this.#exchange?.abandon();
    const { parts } = this.#owner;
    let request;
    if (initial) request = initialRequest(this.#env, parts, this.#ids, this.#cseq + 1, seconds);
    else if (dialog !== undefined) request = dialogRequest(this.#env, parts, dialog, seconds);
    // A 2xx without Contact came, and no NOTIFY: there is no dialog to unsubscribe in.
    else return this.#step({ kind: 'failed', reason: 'unlocatable' });
    this.#exchange = new Exchange(this.#env, {
      ...request,
      sent: (sent) => {
        if (initial) this.#initial = sent;
        this.#sent(sent);
      },
      responded: (response, answered) => this.#responded(response, answered),
      failed: (reason) => this.#failed(reason),
    });
    this.#exchange.start();
  }

  #sent(request: SipRequest): void {
    this.#cseq = Math.max(this.#cseq, request.cseq.number);
    if (this.#dialog !== undefined) {
      this.#dialog = { ...this.#dialog, localSeq: this.#cseq };
      this.#keptChanged();
    }
    this.#timers.set('N', TIMER_N_TIMES_T1 * this.#env.t1Ms + AFTER_TIMER_F_MS);
  }

  #responded(response: SipResponse, request: SipRequest): void {
    // With request, response and credentials: nobody needs them any more.
    this.#exchange = undefined;
    const { status } = response;
    this.#answered = status;
    if (status >= 300) return this.#refused(response);
    countOutcome(this.#env, 'accepted');
    const closing = this.#state.name !== 'terminated' && this.#state.sending === 'last';
    const own = this.#bindByResponse(response, request);
    const read = expires(response);
    const seconds = own && read.ok ? read.value : undefined;
    this.#step({
      kind: 'accepted',
      noNotify: status === 204,
      ...(seconds === undefined ? {} : { expires: seconds }),
    });
    this.#owner.usage.accepted?.(closing);
  }

  /** False when a 2xx belongs to another dialog than the one that a NOTIFY made (§5.4.9: such "are ignored"). */
  #bindByResponse(response: SipResponse, request: SipRequest): boolean {
    const remoteTag = (response.to.tag ?? '').toLowerCase();
    if (this.#dialog === undefined) {
      const dialog = dialogFromResponse(request, response);
      if (dialog.ok) this.#bind(dialog.value, false);
      return true;
    }
    if (this.#dialog.remoteTag.toLowerCase() !== remoteTag) return false;
    if (request.to.tag !== undefined) {
      const after = afterTargetRefresh(this.#dialog, response);
      this.#dialog = ownDialog(after, this.#dialog, after.localSeq);
    }
    return true;
  }

  #refused(response: SipResponse): void {
    countOutcome(this.#env, 'refused');
    this.#step(refusedBy(this.#env, this.#owner.parts, response));
  }

  #failed(reason: FailureReason): void {
    this.#exchange = undefined;
    this.#answered = reason;
    countOutcome(this.#env, 'failed');
    this.#step({ kind: 'failed', reason });
  }

  #refreshDue(): void {
    this.#watchEnd();
    const { muted, usage } = this.#owner;
    if (muted || usage.refreshDue === undefined) this.#step({ kind: 'timerRefresh' });
    else usage.refreshDue();
  }

  #keptChanged(): void {
    if (this.#confirmed && !this.#owner.muted) this.#owner.usage.keptChanged?.();
  }
}
