// REFER within an answered call (RFC 3515, RFC 4488): one of the peer, with the NOTIFYs that tell how it goes, and one of ours, with
// the NOTIFYs that come. The subscription of a REFER lives in the dialog of the call, and ends with it.

import {
  BEGIN_REFERRER,
  beginReferred,
  contentType,
  event,
  expires,
  formatSipfrag,
  parseSipfrag,
  rawHeaderField,
  referSub,
  referTo,
  SIPFRAG_TYPE,
  stepReferred,
  stepReferrer,
  subscriptionState,
  type HeaderField,
  type ReferOutcome,
  type ReferredEffect,
  type ReferredEvent,
  type ReferredState,
  type ReferrerEvent,
  type ReferrerState,
  type ServerTransaction,
  type SipResponse,
} from '../../sip/index.ts';
import { carriesCandidates } from './media-path.ts';
import type { CallDialog } from './sip-dialog.ts';
import { targetFields, warningField } from './sip-fields.ts';
import type { LegContext } from './sip-leg-types.ts';

/** How a REFER of the peer is answered. */
export interface ReferralTalk {
  accept(): void;
  /** 603; `why` is the text of its Warning. */
  decline(why: string): void;
  /** A status of the call that was asked for; from 200 on the last one. */
  outcome(status: number): void;
}

/** A REFER of ours: the values of Refer-To and Referred-By (RFC 3892 §2.1). */
export interface ReferOrder {
  readonly to: string;
  readonly by: string;
}

export interface ReferHandlers {
  /** 2xx. */
  accepted(): void;
  /** Once; without `accepted` before it, the REFER was not taken. */
  ended(outcome: ReferOutcome): void;
}

interface Referred {
  state: ReferredState;
  /** Of Event: RFC 3515 §2.4.6 wants it from the second REFER of a dialog on. */
  readonly id: string;
  readonly subscription: boolean;
  why: string | undefined;
  untilMs: number;
}

interface Referrer {
  state: ReferrerState;
  readonly handlers: ReferHandlers;
  cseq: number | undefined;
}

const UNDER_WAY = 'A transfer of this call is under way';
const NO_CALL = 'Only a call can be referred to';
const CLOSED = 'This call cannot be transferred';
/** As long as what is referred to may take, whoever asks for more. */
const MAX_SECONDS = 300;
const LAST = 'terminated;reason=noresource';

export class SipRefer {
  readonly #ctx: LegContext;
  readonly #dialog: CallDialog;
  readonly #lost: (why: number | 'timeout') => void;
  #referred: Referred | undefined;
  #referrer: Referrer | undefined;
  /** Of the peer, so far. */
  #count = 0;
  /** RFC 6665 §4.2.2: the next NOTIFY waits for the answer to the one before; of those that wait the last one counts. */
  #notifying = false;
  #next: (() => void) | undefined;

  /** `lost`: the peer has no such dialog any more (RFC 3261 §12.2.1.2). */
  constructor(ctx: LegContext, dialog: CallDialog, lost: (why: number | 'timeout') => void) {
    this.#ctx = ctx;
    this.#lost = lost;
    this.#dialog = dialog;
  }

  /** A request of the peer that is in order. False: it is another method. */
  serve(tx: ServerTransaction): boolean {
    const { method } = tx.request;
    if (method === 'REFER') this.#refers(tx);
    else if (method === 'NOTIFY') this.#notified(tx);
    else if (method === 'SUBSCRIBE' && isOfReferral(tx)) this.#subscribes(tx);
    else return false;
    return true;
  }

  /** Our REFER. False: another transfer is under way. */
  send({ to, by }: ReferOrder, handlers: ReferHandlers): boolean {
    if (this.#isBusy) return false;
    const { env, media, agenda } = this.#ctx;
    const { secure } = this.#dialog.state;
    const referrer: Referrer = { state: BEGIN_REFERRER, handlers, cseq: undefined };
    this.#referrer = referrer;
    this.#dialog.request({
      method: 'REFER',
      fields: (target) => [
        rawHeaderField('Refer-To', to),
        rawHeaderField('Referred-By', by),
        ...targetFields(env.localFor(target), secure, carriesCandidates(media)),
      ],
      responded: (response, request) => {
        referrer.cseq = request.cseq.number;
        agenda.input(() => this.#answered(referrer, response));
      },
      failed: (reason) =>
        agenda.input(() => {
          this.#stepReferrer(referrer, { kind: 'failed', reason });
          if (reason === 'timeout') this.#lost(reason);
        }),
    });
    return true;
  }

  /** The call is over: what is still open of a transfer is told now, or not at all. */
  sessionEnded(): void {
    const referred = this.#referred;
    if (referred?.state.name === 'asked') this.#step(referred, { kind: 'sessionEnded' });
    else if (referred?.state.name === 'working') {
      const { status, subscribed } = referred.state;
      referred.state = { name: 'over' };
      if (subscribed) this.#notify(referred, status, LAST);
    }
    const referrer = this.#referrer;
    if (referrer?.state.name !== 'following') return;
    const { told } = referrer.state;
    referrer.state = { name: 'over' };
    if (!told) referrer.handlers.ended({ kind: 'unknown' });
  }

  get #isBusy(): boolean {
    const isReferred = this.#referred !== undefined && this.#referred.state.name !== 'over';
    return isReferred || (this.#referrer !== undefined && this.#referrer.state.name !== 'over');
  }

  // Of the peer.

  #refers(tx: ServerTransaction): void {
    const { request, source } = tx;
    const cseq = request.cseq.number;
    const refuse = (status: number, why: string): void =>
      this.#dialog.reply(cseq, status, { headers: [warningField(source.local, why)] });
    const target = referTo(request);
    if (!target.ok) return refuse(400, target.error.message);
    const subscription = referSub(request);
    if (!subscription.ok) return refuse(400, subscription.error.message);
    if (target.value.method !== 'INVITE') return refuse(603, NO_CALL);
    if (this.#isBusy) return refuse(603, UNDER_WAY);
    const { host } = this.#ctx;
    if (host.referred === undefined) return refuse(603, CLOSED);
    this.#count += 1;
    const referred: Referred = {
      ...{ state: beginReferred(cseq), subscription: subscription.value ?? true, why: undefined, untilMs: 0 },
      id: this.#count === 1 ? '' : `;id=${cseq}`,
    };
    this.#referred = referred;
    host.referred(target.value, this.#talk(referred));
  }

  /** §2.4.4: the peer refreshes the subscription that its REFER made, or ends it. */
  #subscribes(tx: ServerTransaction): void {
    const { request, source } = tx;
    const cseq = request.cseq.number;
    const referred = this.#referred;
    const about = event(request);
    const wanted = expires(request);
    if (!wanted.ok) return this.#dialog.reply(cseq, 400);
    const named = about.ok ? about.value?.id : undefined;
    const id = named === undefined ? '' : `;id=${named}`;
    const state = referred?.id === id ? referred.state : undefined;
    if (referred === undefined || state?.name !== 'working' || !state.subscribed) {
      return this.#dialog.reply(cseq, 481);
    }
    const seconds = Math.min(wanted.value ?? MAX_SECONDS, MAX_SECONDS);
    const { env, media } = this.#ctx;
    const target = targetFields(source.local, this.#dialog.state.secure, carriesCandidates(media));
    this.#dialog.reply(cseq, 200, { headers: [...target, rawHeaderField('Expires', String(seconds))] });
    referred.untilMs = env.clock.now() + seconds * 1000;
    if (seconds === 0) this.#step(referred, { kind: 'unsubscribed' });
    // RFC 6665 §4.2.1.2: each is answered by a NOTIFY, too.
    this.#notify(referred, state.status, seconds === 0 ? 'terminated;reason=timeout' : undefined);
  }

  #talk(referred: Referred): ReferralTalk {
    const step = (event_: ReferredEvent): void =>
      this.#ctx.agenda.input(() => {
        if (this.#referred === referred) this.#step(referred, event_);
      });
    return {
      accept: () => step({ kind: 'accept', subscription: referred.subscription }),
      decline: (why) => {
        referred.why = why;
        step({ kind: 'decline', status: 603 });
      },
      outcome: (status) => step({ kind: 'outcome', status }),
    };
  }

  #step(referred: Referred, event_: ReferredEvent): void {
    const { state, effects } = stepReferred(referred.state, event_);
    referred.state = state;
    for (const effect of effects) this.#run(referred, effect);
  }

  #run(referred: Referred, effect: ReferredEffect): void {
    switch (effect.kind) {
      case 'reply':
        return this.#reply(referred, effect);
      case 'subscribe':
        referred.untilMs = this.#ctx.env.clock.now() + effect.seconds * 1000;
        return this.#notify(referred, effect.status, undefined);
      case 'notify':
        return this.#notify(referred, effect.status, undefined);
      case 'finish':
        return this.#notify(referred, effect.status, LAST);
    }
  }

  #reply({ why }: Referred, { cseq, status, noSubscription }: ReferredEffect & { kind: 'reply' }): void {
    const local = this.#dialog.pending(cseq)?.source.local;
    const { secure } = this.#dialog.state;
    const headers: HeaderField[] = [];
    if (status < 300) headers.push(...targetFields(local, secure, carriesCandidates(this.#ctx.media)));
    // RFC 4488 §4: in a 2xx that makes no subscription.
    if (noSubscription === true) headers.push(rawHeaderField('Refer-Sub', 'false'));
    if (why !== undefined && status >= 300) headers.push(warningField(local, why));
    this.#dialog.reply(cseq, status, { headers });
  }

  /** `last`: the state that ends the subscription. */
  #notify(referred: Referred, status: number, last: string | undefined): void {
    if (this.#notifying) {
      this.#next = () => this.#notify(referred, status, last);
      return;
    }
    const { env, media, agenda } = this.#ctx;
    const { secure } = this.#dialog.state;
    const seconds = Math.max(0, Math.ceil((referred.untilMs - env.clock.now()) / 1000));
    const next = (isTaken: boolean): void =>
      agenda.input(() => {
        this.#notifying = false;
        const pending = this.#next;
        this.#next = undefined;
        if (!isTaken) this.#step(referred, { kind: 'unsubscribed' });
        pending?.();
      });
    this.#notifying = true;
    this.#dialog.request({
      method: 'NOTIFY',
      body: formatSipfrag(status),
      fields: (target) => [
        ...targetFields(env.localFor(target), secure, carriesCandidates(media)),
        rawHeaderField('Event', `refer${referred.id}`),
        rawHeaderField('Subscription-State', last ?? `active;expires=${seconds}`),
        // RFC 3515 §2.4.5.
        rawHeaderField('Content-Type', `${SIPFRAG_TYPE};version=2.0`),
      ],
      responded: (response) => next(response.status < 300),
      failed: () => next(false),
    });
  }

  // Of ours.

  #answered(referrer: Referrer, response: SipResponse): void {
    const { status } = response;
    if (status >= 300) {
      this.#stepReferrer(referrer, { kind: 'refused', status });
      if (status === 481 || status === 408) this.#lost(status);
      return;
    }
    referrer.handlers.accepted();
    const subscription = referSub(response);
    this.#stepReferrer(referrer, {
      kind: 'accepted',
      subscription: !subscription.ok || (subscription.value ?? true),
    });
  }

  #notified(tx: ServerTransaction): void {
    const { request, source } = tx;
    const cseq = request.cseq.number;
    const refuse = (status: number, why: string): void =>
      this.#dialog.reply(cseq, status, { headers: [warningField(source.local, why)] });
    const about = event(request);
    const state = subscriptionState(request);
    if (!about.ok || !state.ok || state.value === undefined) {
      return refuse(400, 'no Event, or no Subscription-State');
    }
    if (about.value?.package !== 'refer') return this.#dialog.reply(cseq, 489);
    const referrer = this.#referrer;
    const { id } = about.value;
    if (referrer === undefined || (id !== undefined && !isOf(referrer, id))) {
      return this.#dialog.reply(cseq, 481);
    }
    const type = contentType(request);
    const isFragment = type.ok && `${type.value?.type}/${type.value?.subtype}` === SIPFRAG_TYPE;
    const fragment = isFragment && request.body.length > 0 ? parseSipfrag(request.body) : undefined;
    if (fragment?.ok === false) return refuse(400, fragment.error.message);
    this.#stepReferrer(referrer, {
      kind: 'notify',
      cseq,
      terminated: state.value.token === 'terminated',
      ...(fragment === undefined ? {} : { status: fragment.value.status }),
    });
  }

  #stepReferrer(referrer: Referrer, event_: ReferrerEvent): void {
    const { state, effects } = stepReferrer(referrer.state, event_);
    referrer.state = state;
    const { timers, agenda } = this.#ctx;
    for (const effect of effects) {
      switch (effect.kind) {
        case 'reply':
          this.#dialog.reply(effect.cseq, effect.status);
          break;
        case 'ended':
          referrer.handlers.ended(effect.outcome);
          break;
        case 'wait':
          timers.set('refer', effect.seconds * 1000, () =>
            agenda.input(() => this.#stepReferrer(referrer, { kind: 'timerWait' })),
          );
          break;
        case 'stopWait':
          timers.clear('refer');
          break;
        case 'progress':
          break;
      }
    }
  }
}

function isOfReferral({ request }: ServerTransaction): boolean {
  const about = event(request);
  return about.ok && about.value?.package === 'refer';
}

/** RFC 3515 §2.4.6: the id is the CSeq number of the REFER; before its response that is not known, as it may be sent again. */
function isOf({ cseq }: Referrer, id: string): boolean {
  return cseq === undefined ? /^[0-9]+$/.test(id) : Number(id) === cseq;
}
