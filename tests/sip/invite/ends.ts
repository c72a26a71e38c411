// Two ends of one established call with a network between them that delivers in any order, loses ACKs, and repeats 2xx.
// Their sessions are the real machines; what a driver would do is done here: CSeq, transactions, timers, descriptions.

import assert from 'node:assert/strict';
import { beginChanges, unacknowledged } from '../../../src/sip/invite/changes.ts';
import type { ChangeEvent, ChangeMethod } from '../../../src/sip/invite/change.ts';
import { maySend, type Description } from '../../../src/sip/invite/offers.ts';
import { beginSession, stepSession } from '../../../src/sip/invite/session.ts';
import type { SessionEffect, SessionEvent, SessionState } from '../../../src/sip/invite/session-state.ts';

type Method = ChangeMethod | 'BYE' | 'INFO';
/** `body`: which offer it is, or answers. */
export type Message = { readonly to: End } & (
  | {
      readonly kind: 'request';
      readonly method: Method;
      readonly cseq: number;
      readonly description: Description;
      readonly body: string;
    }
  | {
      readonly kind: 'response';
      readonly method: Method;
      readonly cseq: number;
      readonly status: number;
      readonly description: Description;
      readonly body: string;
    }
  | { readonly kind: 'ack'; readonly cseq: number; readonly description: Description; readonly body: string }
);

export class Call {
  readonly flying: Message[] = [];
  readonly alice: End;
  readonly bob: End;

  /** Established: the 2xx to Alice's INVITE has arrived, her ACK is on its way. */
  constructor() {
    this.alice = new End('alice', this, true);
    this.bob = new End('bob', this, false);
    this.alice.begin(0);
    this.bob.begin(1);
    this.alice.sendAck(1, 'none', '');
  }

  get ends(): readonly End[] {
    return [this.alice, this.bob];
  }

  peerOf(end: End): End {
    return end === this.alice ? this.bob : this.alice;
  }

  deliver(at: number): void {
    const [message] = this.flying.splice(at, 1);
    message?.to.receive(message);
  }

  /** Delivers, answers and lets timers run until nothing is left to do. */
  drain(accepts: boolean): void {
    for (let round = 0; round < 5000; round++) {
      if (this.flying.length > 0) this.deliver(0);
      else if (!this.ends.some((end) => end.answerAsked(accepts) || end.fire())) return;
    }
    assert.fail('they never come to rest');
  }
}

export class End {
  readonly name: string;
  state: SessionState = { name: 'over' };
  outcomes = 0;
  over = 0;
  /** What this end thinks was agreed last. */
  agreed = 'first';
  /** Final responses to each request of the peer. */
  readonly answered = new Map<number, number>();
  /** Final responses that each request of ours got. */
  readonly finals = new Map<number, number>();
  readonly #call: Call;
  readonly #owner: boolean;
  #seq: number;
  #remoteSeq: number;
  #offers = 0;
  #offered = '';
  #asked = '';
  readonly #open = new Map<number, Method>();
  readonly #acks = new Map<number, Message>();
  readonly #accepted = new Map<number, Message>();
  readonly #waits = new Set<number>();
  #pause = false;
  readonly #asks = new Map<ChangeMethod, { cseq: number; description: Description }>();
  /** The message at hand. */
  #at: Message | undefined;

  constructor(name: string, call: Call, owner: boolean) {
    this.name = name;
    this.#call = call;
    this.#owner = owner;
    this.#seq = owner ? 1 : 0;
    this.#remoteSeq = owner ? 0 : 1;
  }

  begin(waitsFor: number): void {
    const changes = beginChanges('confirmed', this.#owner, 'agreed');
    const waiting = waitsFor === 0 ? [] : [unacknowledged(waitsFor, 'answer', true)];
    if (waitsFor !== 0) {
      const to = this.#call.alice;
      this.#accepted.set(waitsFor, {
        to,
        kind: 'response',
        method: 'INVITE',
        cseq: waitsFor,
        status: 200,
        description: 'none',
        body: '',
      });
    } else this.finals.set(1, 1);
    const begun = beginSession({
      changes: { ...changes, unacknowledged: waiting },
      timer: undefined,
      update: true,
    });
    this.state = begun.state;
    for (const effect of begun.effects) this.#run(effect);
  }

  step(event: SessionEvent): void {
    const { state, effects } = stepSession(this.state, event);
    this.state = state;
    for (const effect of effects) this.#run(effect);
  }

  change(event: ChangeEvent): void {
    this.step({ kind: 'change', event });
  }

  info(): void {
    // A driver sends nothing more once the session is over.
    if (this.state.name === 'open') this.#request('INFO', 'none', '');
  }

  /** Answers what the peer asks; false when he asks nothing. */
  answerAsked(accepts: boolean): boolean {
    for (const [method, { cseq, description }] of this.#asks) {
      this.#asks.delete(method);
      if (this.answered.has(cseq) || this.state.name !== 'open') continue;
      const body: Description = description === 'offer' ? 'answer' : method === 'INVITE' ? 'offer' : 'none';
      const may = accepts && maySend(this.state.changes.offer, body);
      this.change(
        may
          ? { kind: 'answer', method, status: 200, description: body }
          : { kind: 'answer', method, status: 488, description: 'none' },
      );
      return true;
    }
    if (this.state.name === 'open' && this.state.changes.ours.name === 'owed') {
      this.change({ kind: 'acknowledge' });
      return true;
    }
    return false;
  }

  /** The next timer; false when none runs. */
  fire(): boolean {
    if (this.#pause) {
      this.#pause = false;
      this.change({ kind: 'timerPause' });
      return true;
    }
    for (const cseq of this.#waits) {
      this.#waits.delete(cseq);
      this.change({ kind: 'timerAgain', cseq });
      return true;
    }
    return false;
  }

  receive(message: Message): void {
    this.#at = message;
    switch (message.kind) {
      case 'request':
        this.#received(message);
        break;
      case 'response':
        this.#responded(message);
        break;
      case 'ack':
        this.change({ kind: 'ack', cseq: message.cseq, description: message.description });
        break;
    }
    this.#at = undefined;
  }

  #received(message: Message & { kind: 'request' }): void {
    const { method, cseq, description } = message;
    // RFC 3261 §12.2.2, as `seenInDialog` has it.
    if (cseq <= this.#remoteSeq) {
      this.#reply(cseq, 500, 'none');
      return;
    }
    this.#remoteSeq = cseq;
    if (method === 'BYE') this.step({ kind: 'bye', cseq });
    else if (method === 'INFO') this.step({ kind: 'request', cseq });
    else this.change({ kind: 'received', method, cseq, description });
  }

  #responded(message: Message & { kind: 'response' }): void {
    const { method, cseq, status, description } = message;
    if (!this.#open.delete(cseq)) {
      if (method === 'INVITE' && status < 300) this.change({ kind: 'acceptedAgain', cseq });
      return;
    }
    this.finals.set(cseq, (this.finals.get(cseq) ?? 0) + 1);
    if (method === 'BYE') this.step({ kind: 'byeDone' });
    else if (method === 'INFO') return;
    else if (status < 300) this.change({ kind: 'accepted', description });
    // A 481 that overtakes the BYE of the peer ends it as well; both are among the races.
    else this.change({ kind: 'refused', status, ...(status === 500 ? { retryAfter: 5 } : {}) });
  }

  #run(effect: SessionEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#offered = effect.description === 'offer' ? `${this.name}${this.#offers++}` : '';
        this.#request(effect.method, effect.description, this.#offered);
        break;
      case 'ack': {
        const at = this.#at?.kind === 'response' ? this.#at.cseq : this.#lastInvite;
        if (effect.description === 'answer')
          this.agreed = effect.rejecting === true ? this.agreed : this.#asked;
        this.sendAck(at, effect.description, effect.description === 'answer' ? this.#asked : '');
        break;
      }
      case 'ackAgain': {
        const ack = this.#acks.get(effect.cseq);
        if (ack !== undefined) this.#call.flying.push(ack);
        break;
      }
      case 'reply':
        this.#reply(effect.cseq, effect.status, effect.description);
        break;
      case 'replyAgain': {
        const response = this.#accepted.get(effect.cseq);
        if (response !== undefined) this.#call.flying.push(response);
        break;
      }
      case 'wait':
        this.#waits.add(effect.cseq);
        break;
      case 'stopWait':
        this.#waits.delete(effect.cseq);
        break;
      case 'pause':
        this.#pause = true;
        break;
      case 'asked':
        this.#asks.set(effect.method, effect);
        if (effect.description === 'offer') this.#asked = this.#at?.body ?? '';
        break;
      case 'take':
        if (effect.description === 'offer') {
          this.#asked = this.#at?.body ?? '';
          this.#lastInvite = this.#at?.cseq ?? 0;
        } else this.agreed = this.#at?.body ?? '';
        break;
      case 'serve':
        this.#reply(effect.cseq, 200, 'none');
        break;
      case 'bye':
        this.#request('BYE', 'none', '');
        break;
      case 'ended':
        this.outcomes += 1;
        break;
      case 'over':
        this.over += 1;
        break;
      default:
        break;
    }
  }

  #lastInvite = 0;

  #request(method: Method, description: Description, body: string): void {
    const cseq = ++this.#seq;
    this.#open.set(cseq, method);
    this.#call.flying.push({ to: this.#call.peerOf(this), kind: 'request', method, cseq, description, body });
  }

  sendAck(cseq: number, description: Description, body: string): void {
    assert.ok(!this.#acks.has(cseq), 'one ACK is made for an INVITE, and repeated');
    const ack: Message = { to: this.#call.peerOf(this), kind: 'ack', cseq, description, body };
    this.#acks.set(cseq, ack);
    this.#call.flying.push(ack);
  }

  #reply(cseq: number, status: number, description: Description): void {
    this.answered.set(cseq, (this.answered.get(cseq) ?? 0) + 1);
    const peer = this.#call.peerOf(this);
    const method = peer.#open.get(cseq) ?? assert.fail(`a response to no request: ${cseq}`);
    let body = '';
    if (description === 'answer') {
      body = this.#asked;
      this.agreed = body;
    } else if (description === 'offer') {
      body = `${this.name}${this.#offers++}`;
      this.#offered = body;
    }
    const response: Message = { to: peer, kind: 'response', method, cseq, status, description, body };
    if (method === 'INVITE' && status < 300) this.#accepted.set(cseq, response);
    this.#call.flying.push(response);
  }
}
