// One end of a call in SIP, a phone or the gateway: the real machines of `sip/invite`, and what a driver owes them (CSeq,
// transactions, bodies, timers). Requests and responses go into a line, and come when the play delivers them.

import assert from 'node:assert/strict';
import type { SessionDescription } from '../../../src/sdp/index.ts';
import {
  beginCallee,
  beginCaller,
  beginSession,
  stepCallee,
  stepCaller,
  stepSession,
  type CallEnd,
  type CalleeEffect,
  type CalleeEvent,
  type CalleeState,
  type CallerEffect,
  type CallerEvent,
  type CallerState,
  type ChangeEvent,
  type Changes,
  type Description,
  type SessionEffect,
  type SessionEvent,
  type SessionState,
} from '../../../src/sip/index.ts';

type Method = 'INVITE' | 'CANCEL' | 'BYE' | 'UPDATE';
interface Body {
  readonly description: Description;
  readonly sdp?: SessionDescription | undefined;
}
export type SipMessage = Body &
  (
    | { readonly kind: 'request'; readonly method: Method; readonly cseq: number; readonly cause?: number }
    | {
        readonly kind: 'response';
        readonly method: Method;
        readonly cseq: number;
        readonly status: number;
        readonly tag: string;
      }
    | { readonly kind: 'ack'; readonly cseq: number; readonly tag: string }
  );

/** What the owner of an end hears; each word is an event of machine K. */
export interface SipOwner {
  invited(sdp: SessionDescription | undefined): void;
  progress(status: number): void;
  early(tag: string, sdp: SessionDescription): void;
  answered(tag: string, sdp: SessionDescription | undefined): void;
  asked(method: 'INVITE' | 'UPDATE', sdp: SessionDescription | undefined): void;
  askedNoMore(): void;
  /** An answer in an ACK. */
  acknowledged(sdp: SessionDescription): void;
  /** What the offer that leaves now says. */
  offer(): SessionDescription;
  /** Our answer to an offer in a 2xx to a request without one. */
  answerTo(sdp: SessionDescription): SessionDescription;
  changed(sdp: SessionDescription | undefined): void;
  unchanged(status: number): void;
  ended(end: CallEnd, cause?: number): void;
}

const NONE: Body = { description: 'none' };

export class SipEnd {
  caller: CallerState | undefined;
  callee: CalleeState | undefined;
  session: SessionState | undefined;
  /** Outcomes that this end told. */
  ends: CallEnd[] = [];
  readonly #send: (message: SipMessage) => void;
  readonly #owner: SipOwner;
  readonly #tag: string;
  #cseq = 0;
  #invite = 0;
  #offer: SessionDescription | undefined;
  #at: SipMessage | undefined;
  #took: SessionDescription | undefined;
  #accepting: SessionDescription | undefined;
  #answering: SessionDescription | undefined;
  readonly #seen = new Set<string>();
  readonly #acks = new Map<number, SipMessage>();
  readonly #accepted = new Map<number, SipMessage>();
  readonly #open = new Map<number, Method>();
  readonly #waits = new Set<number>();
  #pausing = false;
  #cause: number | undefined;

  constructor(tag: string, send: (message: SipMessage) => void, owner: SipOwner) {
    this.#tag = tag;
    this.#send = send;
    this.#owner = owner;
  }

  get isUp(): boolean {
    return this.session?.name === 'open';
  }

  /** Nothing of the call is left that waits for the other end. */
  get isOver(): boolean {
    const callee = this.callee === undefined || this.callee.name === 'done';
    const caller =
      this.caller === undefined || this.caller.name === 'over' || this.caller.name === 'answered';
    return callee && caller && (this.session === undefined || this.session.name === 'over');
  }

  invite(sdp: SessionDescription | undefined): void {
    this.#offer = sdp;
    const description = sdp === undefined ? 'none' : 'offer';
    const begun = beginCaller({ description, expires: undefined, minSe: undefined });
    this.caller = begun.state;
    for (const effect of begun.effects) this.#runCaller(effect);
  }

  progress(status: number): void {
    this.#stepCallee({ kind: 'progress', progress: { status, description: 'none' } });
  }

  accept(sdp: SessionDescription): void {
    this.#accepting = sdp;
    const { callee } = this;
    const isOffer = callee !== undefined && callee.name !== 'done' && callee.changes.offer === 'none';
    this.#stepCallee({ kind: 'accept', description: isOffer ? 'offer' : 'answer' });
  }

  /** By what it is in: a final response, CANCEL or BYE. */
  end(status: number, cause?: number): void {
    this.#cause = cause;
    if (this.session !== undefined) this.#stepSession({ kind: 'hangUp' });
    else if (this.callee !== undefined) this.#stepCallee({ kind: 'refuse', status });
    else if (this.caller !== undefined) this.#stepCaller({ kind: 'hangUp' });
  }

  want(offer: boolean): void {
    this.#change({ kind: 'want', change: { method: 'INVITE', offer } });
  }

  answer(method: 'INVITE' | 'UPDATE', status: number, sdp: SessionDescription | undefined): void {
    this.#answering = sdp;
    const asked = this.session?.name === 'open' ? this.session.changes.invite : undefined;
    const accepts: Description = asked?.description === 'offer' ? 'answer' : 'offer';
    this.#change({ kind: 'answer', method, status, description: status < 300 ? accepts : 'none' });
  }

  /** The next timer; false when none runs. */
  fire(): boolean {
    if (this.#pausing) {
      this.#pausing = false;
      this.#change({ kind: 'timerPause' });
      return true;
    }
    for (const cseq of this.#waits) {
      this.#waits.delete(cseq);
      this.#change({ kind: 'timerAgain', cseq });
      return true;
    }
    return false;
  }

  receive(message: SipMessage): void {
    this.#at = message;
    if (message.kind === 'request') this.#request(message);
    else if (message.kind === 'response') this.#response(message);
    else if (this.session !== undefined) {
      const { cseq, description } = message;
      this.#change({ kind: 'ack', cseq, description });
    }
  }

  #request(message: SipMessage & { kind: 'request' }): void {
    const { method, cseq, description, sdp } = message;
    const key = `${method} ${cseq}`;
    assert.ok(!this.#seen.has(key), `${key} comes once`);
    this.#seen.add(key);
    if (method === 'CANCEL') {
      if (this.session === undefined) this.#stepCallee({ kind: 'cancelled' });
      else this.#change({ kind: 'cancelled', cseq });
    } else if (method === 'BYE') {
      if (this.session !== undefined) this.#stepSession({ kind: 'bye', cseq });
      else this.#reply(method, cseq, 481, NONE);
    } else if (this.callee === undefined && this.caller === undefined) {
      this.#invite = cseq;
      this.callee = beginCallee({ cseq, description, reliability: 'none', firstRSeq: 1 });
      // Its transaction.
      this.#reply('INVITE', cseq, 100, NONE);
      this.#owner.invited(sdp);
    } else if (this.session === undefined) this.#reply(method, cseq, 481, NONE);
    else this.#change({ kind: 'received', method, cseq, description });
  }

  #response({ method, cseq, status, description, tag }: SipMessage & { kind: 'response' }): void {
    if (method === 'INVITE' && cseq === this.#invite && this.caller !== undefined) {
      if (status < 200) this.#stepCaller({ kind: 'provisional', status, tag, description });
      else if (status < 300) this.#stepCaller({ kind: 'accepted', tag, description });
      else this.#stepCaller({ kind: 'refused', status });
      return;
    }
    if (status < 200) return;
    if (!this.#open.delete(cseq)) {
      if (method === 'INVITE' && status < 300) this.#change({ kind: 'acceptedAgain', cseq });
      return;
    }
    if (method === 'BYE') {
      if (this.session !== undefined) this.#stepSession({ kind: 'byeDone' });
    } else if (status < 300) this.#change({ kind: 'accepted', description });
    else this.#change({ kind: 'refused', status, ...(status === 500 ? { retryAfter: 5 } : {}) });
  }

  #stepCaller(event: CallerEvent): void {
    if (this.caller === undefined) return;
    const { state, effects } = stepCaller(this.caller, event);
    this.caller = state;
    for (const effect of effects) this.#runCaller(effect);
  }

  #stepCallee(event: CalleeEvent): void {
    if (this.callee === undefined) return;
    const { state, effects } = stepCallee(this.callee, event);
    this.callee = state;
    for (const effect of effects) this.#runCallee(effect);
  }

  #stepSession(event: SessionEvent): void {
    if (this.session === undefined) return;
    const { state, effects } = stepSession(this.session, event);
    this.session = state;
    for (const effect of effects) this.#runSession(effect);
  }

  #change(event: ChangeEvent): void {
    this.#stepSession({ kind: 'change', event });
  }

  #begin(changes: Changes): void {
    const begun = beginSession({ changes, timer: undefined, update: true });
    this.session = begun.state;
    for (const effect of begun.effects) this.#runSession(effect);
  }

  #ended(end: CallEnd): void {
    this.ends.push(end);
    const cause = this.#at?.kind === 'request' ? this.#at.cause : undefined;
    this.#owner.ended(end, cause);
  }

  #runCaller(effect: CallerEffect): void {
    switch (effect.kind) {
      case 'invite':
        this.#invite = ++this.#cseq;
        this.#request_('INVITE', this.#invite, { description: effect.offer.description, sdp: this.#offer });
        break;
      case 'cancel':
        this.#send({ kind: 'request', method: 'CANCEL', cseq: this.#invite, ...NONE });
        break;
      case 'progress':
        this.#owner.progress(effect.status);
        break;
      case 'take':
        this.#took = this.#at?.sdp;
        if (this.#at?.kind === 'response' && this.#at.status < 200 && this.#took !== undefined) {
          this.#owner.early(effect.tag, this.#took);
          this.#took = undefined;
        }
        break;
      case 'ack':
        this.#ack(this.#invite, NONE);
        break;
      case 'ackAgain':
        this.#ackAgain(this.#invite);
        break;
      case 'bye':
        this.#bye();
        break;
      case 'established': {
        const sdp = this.#took;
        this.#begin(effect.changes);
        this.#owner.answered(effect.tag, sdp);
        break;
      }
      case 'ended':
        this.#ended(effect.end);
        break;
      default:
        break;
    }
  }

  #runCallee(effect: CalleeEffect): void {
    switch (effect.kind) {
      case 'provisional':
        this.#reply('INVITE', this.#invite, effect.status, NONE);
        break;
      case 'respond':
        this.#reply('INVITE', this.#invite, effect.status, {
          ...{ description: effect.description },
          ...(effect.description === 'none' ? {} : { sdp: this.#accepting }),
        });
        break;
      case 'reply':
        this.#reply('BYE', effect.cseq, effect.status, NONE);
        break;
      case 'established':
        this.#begin(effect.changes);
        break;
      case 'ended':
        this.#ended(effect.end);
        break;
      default:
        break;
    }
  }

  #runSession(effect: SessionEffect): void {
    switch (effect.kind) {
      case 'send': {
        const offers = effect.description === 'offer';
        const sdp = offers ? this.#owner.offer() : undefined;
        this.#open.set(++this.#cseq, effect.method);
        this.#request_(effect.method, this.#cseq, { description: effect.description, sdp });
        break;
      }
      case 'ack': {
        const cseq = this.#at?.kind === 'response' ? this.#at.cseq : this.#cseq;
        const sdp =
          effect.description === 'answer' && this.#took !== undefined
            ? this.#owner.answerTo(this.#took)
            : undefined;
        this.#ack(cseq, { description: effect.description, sdp });
        break;
      }
      case 'ackAgain':
        this.#ackAgain(effect.cseq);
        break;
      case 'reply': {
        const { cseq, status, description } = effect;
        const sdp = description === 'none' ? undefined : this.#answering;
        const method = this.#seen.has(`BYE ${cseq}`) ? 'BYE' : 'INVITE';
        this.#reply(method, cseq, status, { description, sdp });
        if (status === 487) this.#owner.askedNoMore();
        break;
      }
      case 'replyAgain': {
        const response = this.#accepted.get(effect.cseq);
        if (response !== undefined) this.#send(response);
        break;
      }
      case 'wait':
        this.#waits.add(effect.cseq);
        break;
      case 'stopWait':
        this.#waits.delete(effect.cseq);
        break;
      case 'pause':
        this.#pausing = true;
        break;
      case 'asked':
        this.#owner.asked(effect.method, effect.description === 'offer' ? this.#at?.sdp : undefined);
        break;
      case 'take':
        this.#took = this.#at?.sdp;
        if (this.#at?.kind === 'ack' && this.#took !== undefined) this.#owner.acknowledged(this.#took);
        break;
      case 'done':
        this.#owner.changed(this.#at?.description === 'answer' ? this.#at.sdp : undefined);
        if (this.session?.name === 'open' && this.session.changes.ours.name === 'owed') {
          this.#change({ kind: 'acknowledge' });
        }
        break;
      case 'undone':
        this.#owner.unchanged(typeof effect.why === 'number' ? effect.why : 503);
        break;
      case 'bye':
        this.#bye();
        break;
      case 'ended':
        this.#ended(effect.end);
        break;
      default:
        break;
    }
  }

  #bye(): void {
    this.#open.set(++this.#cseq, 'BYE');
    const cause = this.#cause;
    this.#send({
      ...{ kind: 'request', method: 'BYE', cseq: this.#cseq, ...NONE },
      ...(cause === undefined ? {} : { cause }),
    });
  }

  #request_(method: Method, cseq: number, body: Body): void {
    assert.ok(body.description === 'none' || body.sdp !== undefined, 'a body holds what is said of it');
    this.#send({ kind: 'request', method, cseq, ...body });
  }

  #reply(method: Method, cseq: number, status: number, body: Body): void {
    assert.ok(body.description === 'none' || body.sdp !== undefined, 'a body holds what is said of it');
    const response: SipMessage = { kind: 'response', method, cseq, status, tag: this.#tag, ...body };
    if (method === 'INVITE' && status >= 200 && status < 300) this.#accepted.set(cseq, response);
    this.#send(response);
  }

  #ack(cseq: number, body: Body): void {
    const ack: SipMessage = { kind: 'ack', cseq, tag: this.#tag, ...body };
    this.#acks.set(cseq, ack);
    this.#send(ack);
  }

  #ackAgain(cseq: number): void {
    const ack = this.#acks.get(cseq);
    if (ack !== undefined) this.#send(ack);
  }
}
