// Drives a call that comes to us up to its final response: the machine of `sip/invite/callee.ts` with its INVITE transaction.

import {
  answerTimer,
  beginCallee,
  keptReceivedInvite,
  optionField,
  rawHeaderField,
  stepCallee,
  timerOfAnswer,
  type CalleeEffect,
  type CalleeEvent,
  type CalleeState,
  type ChangeEffect,
  type HeaderField,
  type Invitation,
  type KeptInvite,
  type ResponseOptions,
  type ServerTransaction,
  type SessionStart,
  type TimerOffer,
  rAck,
} from '../../sip/index.ts';
import type { SessionDescription } from '../../sdp/index.ts';
import { carriesCandidates } from './media-path.ts';
import { NO_BODY, writeDescription, type WrittenBody } from './sip-bodies.ts';
import type { CallDialog } from './sip-dialog.ts';
import {
  allows,
  copiedRoutes,
  retryAfterField,
  targetFields,
  timerFields,
  warningField,
} from './sip-fields.ts';
import { serveInCall } from './sip-serve.ts';
import type { LegContext } from './sip-leg-types.ts';

export interface CalleeParts {
  readonly tx: ServerTransaction;
  readonly dialog: CallDialog;
  readonly invitation: Invitation;
  readonly timer: TimerOffer;
  /** Seconds; of Expires. */
  readonly expires: number | undefined;
}

type Effect<K extends CalleeEffect['kind']> = Extract<CalleeEffect, { readonly kind: K }>;

export class SipCallee {
  readonly dialog: CallDialog;
  readonly #ctx: LegContext;
  readonly #parts: CalleeParts;
  readonly #established: (start: SessionStart) => void;
  #state: CalleeState;
  #answer: WrittenBody = NO_BODY;
  #reliable: { readonly status: number; readonly options: ResponseOptions } | undefined;
  /** Of a late PRACK (RFC 3262 §3). */
  #lingers = false;
  #kept: KeptInvite | undefined;

  constructor(ctx: LegContext, parts: CalleeParts, established: (start: SessionStart) => void) {
    this.#ctx = ctx;
    this.#parts = parts;
    this.dialog = parts.dialog;
    this.#established = established;
    this.#state = beginCallee(parts.invitation);
    const { expires } = parts;
    if (expires !== undefined) {
      ctx.timers.set('expires', expires * 1000, this.#input({ kind: 'timerExpires' }));
    }
  }

  /** The final response has left, and nothing that may still come is waited for. */
  get isOver(): boolean {
    return this.#state.name === 'done' && !this.#lingers;
  }

  get isDone(): boolean {
    return this.#state.name === 'done';
  }

  /** What survives a restart; undefined: it has its final response. */
  kept(): KeptInvite | undefined {
    const { tx } = this.#parts;
    if (tx.state !== 'Proceeding') return undefined;
    return (this.#kept ??= keptReceivedInvite(tx.request, tx.source, tx.toTag));
  }

  progress(status: number): void {
    this.#step({ kind: 'progress', progress: { status, description: 'none' } });
  }

  accept(description: SessionDescription): void | Promise<void> {
    return this.#ctx.pass('toSip', 'answer', description, this.dialog.tag, (passed) => {
      if (passed === undefined) return this.refuse(this.#ctx.fault?.status ?? 488);
      this.#answer = writeDescription(passed);
      this.#step({ kind: 'accept', description: 'answer' });
    });
  }

  refuse(status: number): void {
    this.#step({ kind: 'refuse', status: Math.max(status, 300) });
  }

  cancelled(): void {
    this.#step({ kind: 'cancelled' });
  }

  /** A request of the peer in the early dialog, or a PRACK after it. */
  receive(tx: ServerTransaction): void {
    const { request } = tx;
    const cseq = request.cseq.number;
    switch (request.method) {
      case 'PRACK': {
        const ack = rAck(request);
        // RFC 3262 §3: a PRACK has a RAck; §7.2: it names the method, too.
        if (!ack.ok || ack.value === undefined) return this.dialog.reply(cseq, 400);
        const { rseq, method } = ack.value;
        if (method !== 'INVITE') return this.dialog.reply(cseq, 481);
        const description = this.#ctx.at.description === undefined ? 'none' : 'offer';
        return this.#step({ kind: 'prack', cseq, rseq, invite: ack.value.cseq, description });
      }
      case 'BYE':
        return this.#step({ kind: 'bye', cseq });
      case 'INVITE':
      case 'UPDATE': {
        const description = this.#ctx.at.description === undefined ? 'none' : 'offer';
        const event = { kind: 'received', method: request.method, cseq, description } as const;
        return this.#step({ kind: 'change', event });
      }
      default:
        if (this.#state.name === 'done') return this.dialog.reply(cseq, 481);
        return serveInCall(tx, this.dialog, carriesCandidates(this.#ctx.media), (media) =>
          this.#ctx.host.take({ kind: 'trickled', media }),
        );
    }
  }

  #step(event: CalleeEvent): void {
    const { state, effects, expected } = stepCallee(this.#state, event, this.#ctx.env.timing);
    if (!expected) {
      this.#ctx.env.log.debug('call.callee.unexpected', { state: this.#state.name, event: event.kind });
    }
    this.#state = state;
    this.#ctx.agenda.follow(effects.map((effect) => () => this.#run(effect)));
  }

  #input(event: CalleeEvent): () => void {
    return () =>
      this.#ctx.agenda.input(() => {
        this.#ctx.at = {};
        this.#step(event);
      });
  }

  #run(effect: CalleeEffect): void {
    const { timers } = this.#ctx;
    switch (effect.kind) {
      case 'provisional':
        return this.#provisional(effect);
      case 'provisionalAgain':
        if (this.#reliable === undefined) return;
        return this.#parts.tx.respond(this.#reliable.status, this.#reliable.options);
      case 'respond':
        return this.#respond(effect);
      case 'reply':
        return this.dialog.reply(effect.cseq, effect.status);
      case 'take':
        // An offer in a PRACK needs an answer of ours before the 2xx, which the XMPP side does not give that early.
        if (effect.description === 'offer') this.#step({ kind: 'answerPrack', status: 488 });
        return;
      case 'change':
        return this.#change(effect.effect);
      case 'waitForPrack':
        return timers.set('prack', effect.ms, this.#input({ kind: 'timerPrack' }));
      case 'stopWaitForPrack':
        return timers.clear('prack');
      case 'waitToRepeat':
        return timers.set('repeat', effect.ms, this.#input({ kind: 'timerRepeat' }));
      case 'stopWaitToRepeat':
        return timers.clear('repeat');
      case 'established':
        return this.#established(this.#start(effect));
      case 'ended':
        return this.#ctx.ended(effect.end);
    }
  }

  #provisional({ status, rseq }: Effect<'provisional'>): void {
    const { tx } = this.#parts;
    const reliably =
      rseq === undefined ? [] : [optionField('Require', ['100rel']), rawHeaderField('RSeq', String(rseq))];
    const options = { headers: [...this.#target(), ...reliably] };
    if (rseq !== undefined) this.#reliable = { status, options };
    tx.respond(status, options);
  }

  #respond({ status }: Effect<'respond'>): void {
    const { timers, media, fault } = this.#ctx;
    const { tx } = this.#parts;
    const { local } = tx.source;
    timers.clear('expires');
    if (status >= 300) {
      const isFault = status === fault?.status;
      const warning = isFault ? fault.warning : (media?.warning(status) ?? this.#whyOfOffer(status));
      tx.respond(status, warning === undefined ? {} : { headers: [warningField(local, warning)] });
      return this.#linger();
    }
    const answer = answerTimer(this.#parts.timer, this.#ctx.env.timer);
    const timed: readonly HeaderField[] =
      answer.kind === 'timer'
        ? [
            ...timerFields(answer.expires, undefined),
            ...(answer.require ? [optionField('Require', ['timer'])] : []),
          ]
        : [];
    const { headers, body } = this.#answer;
    const options = { headers: [...this.#target(), ...timed, ...headers], body };
    this.dialog.answered(tx, options);
    tx.respond(status, options);
    this.#linger();
  }

  /** CALL-30. */
  #whyOfOffer(status: number): string | undefined {
    const isMissing = status === 488 && this.#parts.invitation.description === 'none';
    return isMissing ? 'an INVITE needs an offer here' : undefined;
  }

  /** §3: "MUST be prepared to process PRACK requests for those outstanding responses". */
  #linger(): void {
    const { state } = { state: this.#state };
    if (state.name !== 'done' || state.unconfirmed === undefined) return;
    this.#lingers = true;
    this.#ctx.timers.set('linger', 64 * this.#ctx.env.timing.t1Ms, () =>
      this.#ctx.agenda.input(() => void (this.#lingers = false)),
    );
  }

  #target(): readonly HeaderField[] {
    return [...copiedRoutes(this.#parts.tx.request), ...this.#ownTarget()];
  }

  #ownTarget(): readonly HeaderField[] {
    const { local } = this.#parts.tx.source;
    return targetFields(local, this.dialog.state.secure, carriesCandidates(this.#ctx.media));
  }

  #start({ changes }: Effect<'established'>): SessionStart {
    const { tx, timer } = this.#parts;
    const answer = answerTimer(timer, this.#ctx.env.timer);
    return {
      changes,
      timer: timerOfAnswer(answer),
      minSe: timer.minSe,
      update: allows(tx.request, 'UPDATE'),
    };
  }

  /**
   * An UPDATE before the answer: without an offer there is nothing to decide; one with an offer is refused by the machine, since that
   * of the INVITE has no answer yet (RFC 3311 §5.2).
   */
  #change(effect: ChangeEffect): void {
    if (effect.kind === 'reply') {
      const later = effect.retryAfter === true ? [retryAfterField(this.#ctx.env.random.unit())] : [];
      const headers = effect.status < 300 ? this.#ownTarget() : later;
      return this.dialog.reply(effect.cseq, effect.status, { headers });
    }
    if (effect.kind !== 'asked') return;
    const { method, description } = effect;
    const status = description === 'none' ? 200 : 488;
    this.#step({ kind: 'change', event: { kind: 'answer', method, status, description: 'none' } });
  }
}
