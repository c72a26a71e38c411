// Drives an answered call in its dialog: the machine of `sip/invite/session.ts` with its timers, requests and answers, changes by
// both sides as events of machine K. What it reports about an offer of K, it reports once.

import {
  restoredSession,
  beginSession,
  keptSession,
  stepSession,
  type CallEnd,
  type ChangeEvent,
  type ChangeMethod,
  type FailureReason,
  type KeptSession,
  type ServerTransaction,
  type SessionEffect,
  type SessionEvent,
  type SessionRules,
  type SessionStart,
  type SessionState,
  type SessionTransition,
  type SipRequest,
  type SipResponse,
} from '../../sip/index.ts';
import type { SessionDescription } from '../../sdp/index.ts';
import { carriesCandidates } from './media-path.ts';
import { NO_BODY, writeDescription, type WrittenBody } from './sip-bodies.ts';
import type { CallDialog } from './sip-dialog.ts';
import { reasonFields, timerOffer, warningField } from './sip-fields.ts';
import { serveInCall } from './sip-serve.ts';
import type { LegContext } from './sip-leg-types.ts';
import type { SipCommand } from './legs.ts';
import { OwnChanges } from './sip-own-changes.ts';
import { SipRefer } from './sip-refer.ts';
import { PeerTones } from './sip-tones.ts';
import { acceptedBy, refusedBy, replyOptions } from './sip-replies.ts';

type Effect<K extends SessionEffect['kind']> = Extract<SessionEffect, { readonly kind: K }>;

export class SipSession {
  readonly dialog: CallDialog;
  readonly refer: SipRefer;
  readonly #ctx: LegContext;
  readonly #rules: SessionRules;
  #state: SessionState;
  /** The wall clock at the last "schedule". */
  #refreshedMs: number;
  /** What K said when an offer was due. */
  #offer: SessionDescription | undefined;
  /** The request of ours that is open has an offer of K. */
  #offered = false;
  #taken: SessionDescription | undefined;
  readonly #own: OwnChanges;
  /** Of the peer. */
  readonly tones: PeerTones;
  /** Our re-INVITE that was accepted last. */
  #invite: SipRequest | undefined;
  /** The body of the answer that is being given. */
  #answering: WrittenBody = NO_BODY;
  /** The call ends since something failed, whatever the machine calls it. */
  #instead: CallEnd | undefined;

  constructor(ctx: LegContext, dialog: CallDialog, start: SessionStart | KeptSession) {
    this.#ctx = ctx;
    this.dialog = dialog;
    this.refer = new SipRefer(ctx, dialog, (why) => this.lose({ cause: 'lost', why }));
    this.#own = new OwnChanges(ctx, dialog);
    this.tones = new PeerTones(ctx, dialog);
    const { timing, timer } = ctx.env;
    this.#rules = { timing, timer };
    this.#refreshedMs = ctx.env.clock.wall();
    if ('version' in start) {
      this.#refreshedMs = start.refreshedMs ?? this.#refreshedMs;
      const restored = restoredSession(start, ctx.env.clock.wall());
      this.#state = restored.state;
      for (const effect of restored.effects) {
        if (effect.kind === 'schedule') this.#timersOf(effect);
      }
    } else {
      const begun = beginSession(start);
      this.#state = begun.state;
      this.#follow(begun);
    }
  }

  get isOpen(): boolean {
    return this.#state.name === 'open';
  }

  get isOver(): boolean {
    return this.#state.name === 'over';
  }

  kept(): KeptSession | undefined {
    if (this.#state.name !== 'open') return undefined;
    return keptSession(this.#state, this.dialog.state, this.#refreshedMs);
  }

  /** When the session was agreed or refreshed last, by the wall clock. */
  get refreshedMs(): number {
    return this.#refreshedMs;
  }

  /** A request of the peer, in order; of INVITE and UPDATE the description is read. */
  receive(tx: ServerTransaction): void {
    const { request } = tx;
    const { method } = request;
    const cseq = request.cseq.number;
    if (method === 'BYE') return this.#step({ kind: 'bye', cseq });
    if (method !== 'INVITE' && method !== 'UPDATE') return this.#step({ kind: 'request', cseq });
    const offer = timerOffer(request);
    if (!offer.ok) {
      const headers = [warningField(tx.source.local, offer.error.message)];
      return this.dialog.reply(cseq, 400, { headers });
    }
    const description = this.#ctx.at.description === undefined ? 'none' : 'offer';
    const event: ChangeEvent = { kind: 'received', method, cseq, description };
    this.#step({ kind: 'change', event, offer: offer.value });
  }

  acknowledged(cseq: number): void {
    const { description } = this.#ctx.at;
    this.#change({ kind: 'ack', cseq, description: description === undefined ? 'none' : 'answer' });
  }

  cancelled(cseq: number): void {
    this.#change({ kind: 'cancelled', cseq });
  }

  want(): void {
    this.#change({ kind: 'want', change: { method: 'INVITE', offer: true } });
  }

  /** In the turn of `offerDue`. */
  offer(description: SessionDescription): void {
    this.#offer = description;
  }

  answer({ method, status, description }: SipCommand & { kind: 'answer' }): void | Promise<void> {
    const { changes } = this.#state.name === 'open' ? this.#state : {};
    const theirs = method === 'INVITE' ? changes?.invite : changes?.update;
    if (theirs === undefined) return;
    if (description === undefined || status >= 300) return this.#answer(method, status, undefined);
    const kind = theirs.description === 'offer' ? 'answer' : 'offer';
    return this.#ctx.pass('toSip', kind, description, this.dialog.tag, (passed) => {
      if (passed !== undefined) return this.#answer(method, status, passed, kind);
      // K has agreed to what the peer does not hear: the call cannot go on.
      const refusal = this.#ctx.fault?.status ?? 488;
      this.#answer(method, refusal, undefined);
      this.lose({ cause: 'lost', why: refusal });
    });
  }

  hangUp(): void {
    this.#step({ kind: 'hangUp' });
  }

  /** Hangs up since something failed. */
  lose(end: CallEnd): void {
    this.#instead ??= end;
    this.#step({ kind: 'hangUp' });
  }

  #answer(
    method: ChangeMethod,
    status: number,
    passed: SessionDescription | undefined,
    description: 'offer' | 'answer' | 'none' = 'none',
  ): void {
    this.#answering = passed === undefined ? NO_BODY : writeDescription(passed);
    this.#change({
      kind: 'answer',
      method,
      status,
      description: passed === undefined ? 'none' : description,
    });
  }

  #change(event: ChangeEvent): void {
    this.#step({ kind: 'change', event });
  }

  #step(event: SessionEvent): void {
    const transition = stepSession(this.#state, event, this.#rules);
    if (!transition.expected) {
      const what = event.kind === 'change' ? event.event.kind : event.kind;
      this.#ctx.env.log.debug('call.session.unexpected', { state: this.#state.name, event: what });
    }
    this.#state = transition.state;
    this.#follow(transition);
  }

  #follow({ effects }: SessionTransition): void {
    this.#ctx.agenda.follow(effects.map((effect) => () => this.#run(effect)));
  }

  #input(name: string, event: SessionEvent): () => void {
    return () =>
      this.#ctx.agenda.input(() => {
        this.#ctx.env.log.debug('call.timer', { name });
        this.#ctx.at = {};
        this.#step(event);
      });
  }

  #run(effect: SessionEffect): void | Promise<void> {
    const { timers, host } = this.#ctx;
    switch (effect.kind) {
      case 'send':
        return this.#send(effect);
      case 'ack':
        return this.#acknowledge();
      case 'ackAgain':
        return this.dialog.acknowledgeAgain(effect.cseq);
      case 'reply':
        return this.#reply(effect);
      case 'replyAgain':
        return this.dialog.replyAgain(effect.cseq);
      case 'wait': {
        const event: SessionEvent = { kind: 'change', event: { kind: 'timerAgain', cseq: effect.cseq } };
        return timers.set(`ack ${effect.cseq}`, effect.ms, this.#input('ack', event));
      }
      case 'stopWait':
        timers.clear(`ack ${effect.cseq}`);
        return this.dialog.acknowledged(effect.cseq);
      case 'pause': {
        const event: SessionEvent = { kind: 'change', event: { kind: 'timerPause' } };
        return timers.set('pause', this.#pauseMs(effect), this.#input('pause', event));
      }
      case 'asked':
        return this.#asked(effect);
      case 'take':
        return this.#take();
      case 'done':
      case 'undone':
        return this.#decided(effect);
      case 'schedule':
        this.#refreshedMs = this.#ctx.env.clock.wall();
        this.#timersOf(effect);
        return this.#ctx.moved();
      case 'retryRefresh':
        return timers.set('refresh', effect.ms, this.#input('refresh', { kind: 'timerRefresh' }));
      case 'serve': {
        const tx = this.dialog.pending(effect.cseq);
        if (tx === undefined || this.refer.serve(tx)) return;
        return serveInCall(
          tx,
          this.dialog,
          carriesCandidates(this.#ctx.media),
          (media) => host.take({ kind: 'trickled', media }),
          (tone) => this.tones.take(effect.cseq, tone),
        );
      }
      case 'bye':
        return this.#bye();
      case 'ended':
        this.tones.end();
        this.#own.cancelIn(64 * this.#ctx.env.timing.t1Ms);
        this.refer.sessionEnded();
        return this.#ctx.ended(this.#instead ?? effect.end);
      // 'prack': the peer's provisional responses to re-INVITEs; 'over': see `isOver`.
      case 'prack':
        return this.#prack(effect.rseq);
      case 'over':
        return;
    }
  }

  #pauseMs({ minMs, maxMs }: Effect<'pause'>): number {
    // RFC 3261 §14.1: "in units of 10 ms".
    const steps = Math.floor((maxMs - minMs) / 10);
    return minMs + 10 * Math.floor(this.#ctx.env.random.unit() * (steps + 1));
  }

  #timersOf({ refreshMs, endMs }: Effect<'schedule'>): void {
    const { timers } = this.#ctx;
    timers.clear('refresh');
    timers.clear('expiry');
    if (refreshMs !== undefined) {
      timers.set('refresh', refreshMs, this.#input('refresh', { kind: 'timerRefresh' }));
    }
    if (endMs !== undefined) timers.set('expiry', endMs, this.#input('expiry', { kind: 'timerEnd' }));
  }

  #send(effect: Effect<'send'>): void | Promise<void> {
    this.#offered = effect.description === 'offer';
    if (effect.description !== 'offer') return this.#leave(effect, NO_BODY);
    this.#offer = undefined;
    this.#ctx.host.take({ kind: 'offerDue' });
    const offer = this.#offer;
    if (offer === undefined) return this.#change({ kind: 'refused', status: 488 });
    return this.#ctx.pass('toSip', 'offer', offer, this.dialog.tag, (passed) => {
      if (passed !== undefined) return this.#leave(effect, writeDescription(passed));
      this.#change({ kind: 'refused', status: this.#ctx.fault?.status ?? 488 });
    });
  }

  #leave(effect: Effect<'send'>, written: WrittenBody): void {
    this.#own.send(effect, written, {
      provisional: (response) => this.#provisional(response),
      responded: (response, request) => this.#responded(response, request),
      failed: (reason) => this.#failed(reason),
      again: (cseq) => this.#change({ kind: 'acceptedAgain', cseq }),
    });
  }

  #failed(reason: FailureReason): void {
    this.#ctx.at = {};
    this.#change({ kind: 'failed', reason });
  }

  #provisional(response: SipResponse): void {
    const rseq = this.#ctx.reliably(response);
    const description = this.#ctx.at.description === undefined ? 'none' : 'answer';
    this.#change({ kind: 'provisional', description, ...(rseq === undefined ? {} : { rseq }) });
  }

  #responded(response: SipResponse, request: SipRequest): void {
    const { status } = response;
    if (status < 300) {
      this.#invite = request;
      this.dialog.ourRefresh(response);
      return this.#step(acceptedBy(response, this.#ctx.at.description !== undefined));
    }
    this.#step(refusedBy(response));
  }

  /** The 2xx at hand is of our INVITE. */
  #acknowledge(): void {
    if (this.#invite !== undefined) this.dialog.acknowledge(this.#invite);
  }

  #prack(rseq: number): void {
    this.#ctx.prack(this.dialog, rseq, () => {});
  }

  #reply(effect: Effect<'reply'>): void {
    const { cseq, status, description } = effect;
    const tx = this.dialog.pending(cseq);
    if (tx === undefined) return;
    const { method } = tx.request;
    const body = description === 'none' ? NO_BODY : this.#answering;
    this.#answering = NO_BODY;
    this.dialog.reply(cseq, status, replyOptions(this.#ctx, tx, effect, body, this.dialog.state.secure));
    this.#ctx.fault = undefined;
    if (this.#ctx.at.cancel !== undefined && method === 'INVITE' && status === 487) {
      this.#ctx.host.take({ kind: 'askedNoMore' });
    }
  }

  #asked({ method, description: what }: Effect<'asked'>): void | Promise<void> {
    const { description } = this.#ctx.at;
    // CALL-31: a refresh says nothing that K could want to know.
    if (what === 'none' && method === 'UPDATE') return this.#answer(method, 200, undefined);
    if (description === undefined) return this.#ctx.host.take({ kind: 'asked', method });
    return this.#ctx.pass('fromSip', 'offer', description, this.dialog.tag, (passed) => {
      if (passed !== undefined) this.#ctx.host.take({ kind: 'asked', method, description: passed });
      else this.#answer(method, this.#ctx.fault?.status ?? 488, undefined);
    });
  }

  #take(): void | Promise<void> {
    const { description, request } = this.#ctx.at;
    if (description === undefined) return;
    return this.#ctx.pass('fromSip', 'answer', description, this.dialog.tag, (passed) => {
      if (passed === undefined) this.lose({ cause: 'lost', why: this.#ctx.fault?.status ?? 488 });
      else if (request?.method === 'ACK') this.#ctx.host.take({ kind: 'acknowledged', description: passed });
      else this.#taken = passed;
    });
  }

  #decided(effect: Effect<'done' | 'undone'>): void {
    const description = this.#taken;
    this.#taken = undefined;
    if (!this.#offered) return;
    this.#offered = false;
    if (effect.kind === 'done') return this.#ctx.host.take({ kind: 'changed', description });
    const status = typeof effect.why === 'number' ? effect.why : 503;
    this.#ctx.host.take({ kind: 'unchanged', status });
  }

  #bye(): void {
    const over = (): void => this.#ctx.agenda.input(() => this.#step({ kind: 'byeDone' }));
    this.dialog.request({
      method: 'BYE',
      fields: () => reasonFields(this.#ctx.farewell),
      responded: over,
      failed: over,
    });
  }
}
