// Drives a call that we make up to the session, and what concerns its INVITE after that: the machine of `sip/invite/caller.ts`, with
// a dialog for each fork.

import {
  beginCaller,
  keptSentInvite,
  minSe,
  sessionExpires,
  stepCaller,
  timerOfResponse,
  type CallerEffect,
  type CallerEvent,
  type CallerState,
  type CallOffer,
  type ChangeEffect,
  type KeptInvite,
  type ServerTransaction,
  type SessionStart,
  type SipRequest,
  type SipResponse,
  type Target,
} from '../../sip/index.ts';
import type { SessionDescription } from '../../sdp/index.ts';
import { Exchange } from '../subscriptions/exchange.ts';
import type { SipCommand } from './legs.ts';
import { carriesCandidates } from './media-path.ts';
import { NO_BODY, writeDescription, type WrittenBody } from './sip-bodies.ts';
import type { CallDialog } from './sip-dialog.ts';
import { allows, reasonFields, retryAfterField, supports, targetFields } from './sip-fields.ts';
import { buildInvite, SipForks } from './sip-forks.ts';
import { serveInCall } from './sip-serve.ts';
import type { LegContext, OutgoingParts } from './sip-leg-types.ts';

type Effect<K extends CallerEffect['kind']> = Extract<CallerEffect, { readonly kind: K }>;

const TAG_CHARS = 16;

export interface Established {
  readonly dialog: CallDialog;
  readonly start: SessionStart;
  readonly tag: string;
  readonly description: SessionDescription | undefined;
  readonly trickle: boolean;
}

export class SipCaller {
  readonly #ctx: LegContext;
  readonly #parts: OutgoingParts;
  readonly #localTag: string;
  readonly #established: (parts: Established) => void;
  #state: CallerState | undefined;
  #exchange: Exchange | undefined;
  /** The INVITE as it left last, and where to. */
  #invite: SipRequest | undefined;
  #target: Target | undefined;
  #cseq = 0;
  /** What K offers, and what is sent of it. */
  #offer: SessionDescription | undefined;
  #body: WrittenBody = NO_BODY;
  readonly #forks: SipForks;
  #taken: SessionDescription | undefined;
  #answering: WrittenBody = NO_BODY;
  #unwanted = false;
  /** The INVITE that left last has a provisional response. */
  #rings = false;

  constructor(ctx: LegContext, parts: OutgoingParts, established: (parts: Established) => void) {
    this.#ctx = ctx;
    this.#parts = parts;
    this.#localTag = ctx.env.random.base32(TAG_CHARS);
    this.#established = established;
    this.#forks = new SipForks(ctx);
  }

  get isOver(): boolean {
    return this.#state === undefined || this.#state.name === 'over';
  }

  /** No INVITE has left, and none will. */
  get isIdle(): boolean {
    return this.#state === undefined;
  }

  invite(offer: SessionDescription): void | Promise<void> {
    this.#offer = offer;
    return this.#ctx.pass('toSip', 'offer', offer, undefined, (passed) => {
      if (passed === undefined) {
        return this.#ctx.ended({ cause: 'refused', status: this.#ctx.fault?.status ?? 488 });
      }
      if (this.#unwanted) return this.#ctx.ended({ cause: 'cancelled', by: 'us' });
      this.#body = writeDescription(passed);
      const { interval } = this.#ctx.env.timer;
      const expires = interval === undefined ? undefined : { seconds: interval };
      const begun = beginCaller({ description: 'offer', expires, minSe: undefined });
      this.#state = begun.state;
      this.#follow(begun.effects);
    });
  }

  /** At once: an INVITE that has not left yet need not. */
  giveUp(): void {
    this.#unwanted = true;
  }

  hangUp(): void {
    this.#step({ kind: 'hangUp' });
  }

  /** To an UPDATE in an early dialog. */
  answer(command: SipCommand & { kind: 'answer' }): void | Promise<void> {
    const { tag = '', method, status, description } = command;
    if (description === undefined || status >= 300) return this.#answer(tag, method, status, undefined);
    return this.#ctx.pass('toSip', 'answer', description, tag, (passed) =>
      this.#answer(tag, method, passed === undefined ? (this.#ctx.fault?.status ?? 488) : status, passed),
    );
  }

  /** A request of the peer in an early dialog, or in one that is no more. */
  receive(dialog: CallDialog, tx: ServerTransaction): void {
    const { method, cseq } = tx.request;
    const { number } = cseq;
    const tag = dialog.tag.toLowerCase();
    if (method === 'UPDATE' || method === 'INVITE') {
      const description = this.#ctx.at.description === undefined ? 'none' : 'offer';
      const event = { kind: 'received', method, cseq: number, description } as const;
      return this.#step({ kind: 'change', tag, event });
    }
    // RFC 3261 §15: the callee must not send BYE on an early dialog.
    if (method === 'BYE' || method === 'PRACK' || this.#state?.name !== 'proceeding') {
      return dialog.reply(number, 481);
    }
    serveInCall(tx, dialog, carriesCandidates(this.#ctx.media), (media) =>
      this.#ctx.host.take({ kind: 'trickled', media }),
    );
  }

  /** What survives a restart of the INVITE that left last; undefined: it has its final response, or none has left. */
  kept(): KeptInvite | undefined {
    const open = this.#exchange?.transaction;
    if (open === undefined || (open.state !== 'Calling' && open.state !== 'Proceeding')) return undefined;
    return keptSentInvite(open.request, open.target, open.state === 'Proceeding');
  }

  stop(): void {
    this.#exchange?.abandon();
  }

  #answer(tag: string, method: 'INVITE' | 'UPDATE', status: number, passed?: SessionDescription): void {
    this.#answering = passed === undefined ? NO_BODY : writeDescription(passed);
    const description = passed === undefined ? 'none' : 'answer';
    this.#step({ kind: 'change', tag, event: { kind: 'answer', method, status, description } });
  }

  #step(event: CallerEvent): void {
    if (this.#state === undefined) return;
    const { state, effects, expected } = stepCaller(this.#state, event, this.#ctx.env.timing);
    if (!expected) {
      this.#ctx.env.log.debug('call.caller.unexpected', { state: this.#state.name, event: event.kind });
    }
    this.#state = state;
    this.#follow(effects);
  }

  #follow(effects: readonly CallerEffect[]): void {
    this.#ctx.agenda.follow(effects.map((effect) => () => this.#run(effect)));
  }

  #run(effect: CallerEffect): void | Promise<void> {
    const { host, timers, agenda } = this.#ctx;
    switch (effect.kind) {
      case 'invite':
        return this.#send(effect.offer);
      case 'stopTrying':
        return this.#stopTrying();
      case 'cancel':
        return this.#exchange?.cancel(reasonFields(this.#ctx.farewell));
      case 'progress':
        return host.take({ kind: 'progress', status: effect.status });
      case 'take':
        return this.#take(effect);
      case 'prack': {
        const dialog = this.#forks.of(effect.tag);
        if (dialog === undefined) return;
        const { tag } = effect;
        return this.#ctx.prack(dialog, effect.rseq, () => this.#step({ kind: 'endFork', tag }));
      }
      case 'ack':
        if (this.#invite !== undefined) this.#forks.of(effect.tag)?.acknowledge(this.#invite);
        return;
      case 'ackAgain':
        return this.#forks.of(effect.tag)?.acknowledgeAgain(this.#cseq);
      case 'bye':
        return this.#bye(effect.tag);
      case 'forkEnded':
        return;
      case 'change':
        return this.#change(effect.tag, effect.effect);
      case 'established':
        return this.#begin(effect);
      case 'waitForForks':
        return timers.set('forks', effect.ms, () =>
          agenda.input(() => {
            this.#ctx.at = {};
            this.#step({ kind: 'timerForks' });
          }),
        );
      case 'ended':
        return this.#ctx.ended(effect.end);
    }
  }

  #send(offer: CallOffer): void {
    const { env, agenda, host } = this.#ctx;
    const { to } = this.#parts;
    const base = this.#cseq + 1;
    let isFirst = true;
    const later = (response: SipResponse, act: () => void | Promise<void>): void =>
      agenda.input(() => {
        this.#ctx.at = { response, description: this.#ctx.read(response) };
        return act();
      });
    this.#exchange = new Exchange(env, {
      name: 'call',
      nextHop: to.uri,
      fallback: undefined,
      routed: false,
      build: (target, challenges) => {
        this.#target = target;
        return buildInvite(this.#parts, {
          ...{ tag: this.#localTag, cseq: base + challenges, offer, body: this.#body },
          ...{ local: env.localFor(target), trickle: carriesCandidates(this.#ctx.media) },
        });
      },
      sent: (request) => {
        this.#invite = request;
        this.#cseq = request.cseq.number;
        if (!isFirst) agenda.input(() => this.#step({ kind: 'retried' }));
        isFirst = false;
        this.#rings = false;
        host.changed();
      },
      provisional: (response, request) => {
        // What is kept says that it may be cancelled now.
        if (!this.#rings) host.changed();
        this.#rings = true;
        if (!agenda.isFull) later(response, () => this.#provisional(response, request));
      },
      responded: (response, request) => later(response, () => this.#responded(response, request)),
      again: (response, request) => {
        if (!agenda.isFull) later(response, () => this.#accepted(response, request));
      },
      failed: (reason) =>
        agenda.input(() => {
          this.#ctx.at = {};
          this.#step({ kind: 'failed', reason });
        }),
    });
    this.#exchange.start();
  }

  #stopTrying(): void {
    this.#exchange?.stopTrying();
    // Nothing has left, and nothing need leave any more.
    if (this.#invite !== undefined) return;
    this.#exchange?.abandon();
    this.#step({ kind: 'failed', reason: 'stopped' });
  }

  #provisional(response: SipResponse, request: SipRequest): void {
    const { status } = response;
    const tag = response.to.tag;
    if (status === 100) return this.#step({ kind: 'provisional', status, description: 'none' });
    if (tag === undefined) return this.#step({ kind: 'provisional', status, description: 'none' });
    if (this.#forks.make(request, response, this.#target) === undefined) return;
    const rseq = this.#ctx.reliably(response);
    const description = this.#ctx.at.description === undefined ? 'none' : 'answer';
    this.#step({
      kind: 'provisional',
      status,
      tag,
      description,
      ...(rseq === undefined ? {} : { rseq }),
    });
  }

  #responded(response: SipResponse, request: SipRequest): void | Promise<void> {
    const { status } = response;
    if (status < 300) return this.#accepted(response, request);
    const { media } = this.#ctx;
    const offer = this.#offer;
    const isTrying = this.#state?.name === 'calling' || this.#state?.name === 'proceeding';
    if (isTrying && !this.#unwanted && offer !== undefined && media?.again(status) === true) {
      return this.#ctx.pass('toSip', 'offer', offer, undefined, (passed) => {
        if (passed === undefined || this.#unwanted) return this.#refused(response);
        this.#body = writeDescription(passed);
        this.#step({ kind: 'retried' });
        const { state } = { state: this.#state };
        if (state?.name === 'calling') this.#send(state.offer);
      });
    }
    this.#refused(response);
  }

  #refused(response: SipResponse): void {
    const min = minSe(response);
    const least = min.ok && min.value !== undefined ? { minSe: min.value } : {};
    this.#step({ kind: 'refused', status: response.status, ...least });
  }

  #accepted(response: SipResponse, request: SipRequest): void {
    const dialog = this.#forks.make(request, response, this.#target);
    if (dialog === undefined) return;
    const tag = response.to.tag ?? '';
    const description = this.#ctx.at.description === undefined ? 'none' : 'answer';
    this.#step({ kind: 'accepted', tag, description });
  }

  #take({ tag }: Effect<'take'>): void | Promise<void> {
    const { description, response } = this.#ctx.at;
    if (description === undefined) return;
    return this.#ctx.pass('fromSip', 'answer', description, tag, (passed) => {
      if (passed === undefined) return;
      if (response !== undefined && response.status < 200) {
        this.#ctx.host.take({ kind: 'early', tag, description: passed });
      } else this.#taken = passed;
    });
  }

  #begin({ tag, changes }: Effect<'established'>): void {
    const dialog = this.#forks.of(tag);
    const { response } = this.#ctx.at;
    if (dialog === undefined || response === undefined || this.#state?.name !== 'answered') return;
    const expires = sessionExpires(response);
    const answered = expires.ok ? expires.value : undefined;
    const description = this.#taken;
    this.#taken = undefined;
    this.#established({
      dialog,
      tag,
      description,
      trickle: supports(response, 'trickle-ice'),
      start: {
        changes,
        timer: timerOfResponse(this.#state.offer.expires, answered),
        update: allows(response, 'UPDATE'),
      },
    });
  }

  #bye(tag: string): void {
    const failed = (): void => this.#ctx.agenda.input(() => this.#step({ kind: 'byeFailed', tag }));
    this.#forks.of(tag)?.request({
      method: 'BYE',
      fields: () => reasonFields(this.#ctx.farewell),
      responded: (response) => (response.status < 300 ? this.#ctx.agenda.input(() => {}) : failed()),
      failed,
    });
  }

  #change(tag: string, effect: ChangeEffect): void | Promise<void> {
    const dialog = this.#forks.of(tag);
    if (dialog === undefined) return;
    if (effect.kind === 'reply') {
      const { cseq, status, description } = effect;
      const { headers, body } = description === 'none' ? NO_BODY : this.#answering;
      this.#answering = NO_BODY;
      const local = dialog.pending(cseq)?.source.local;
      const target =
        status < 300 ? targetFields(local, dialog.state.secure, carriesCandidates(this.#ctx.media)) : [];
      const later = effect.retryAfter === true ? [retryAfterField(this.#ctx.env.random.unit())] : [];
      return dialog.reply(cseq, status, { headers: [...target, ...later, ...headers], body });
    }
    if (effect.kind !== 'asked') return;
    const { method } = effect;
    const { description } = this.#ctx.at;
    if (description === undefined) return this.#answer(tag, method, 200, undefined);
    return this.#ctx.pass('fromSip', 'offer', description, tag, (passed) => {
      if (passed === undefined) return this.#answer(tag, method, this.#ctx.fault?.status ?? 488, undefined);
      this.#ctx.host.take({ kind: 'asked', method, description: passed, tag });
    });
  }
}
