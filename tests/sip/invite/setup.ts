// The setup of one call between two ends, with a network between them that delivers in any order: reliable provisional
// responses, PRACK, UPDATE of both, CANCEL, BYE, and the session after that. The machines are the real ones.

import assert from 'node:assert/strict';
import { beginCallee, stepCallee } from '../../../src/sip/invite/callee.ts';
import {
  beginCaller,
  stepCaller,
  type CallerEffect,
  type CallerState,
} from '../../../src/sip/invite/caller.ts';
import type { ChangeEffect, ChangeEvent, Changes } from '../../../src/sip/invite/change.ts';
import type { CalleeEffect, CalleeState, Invitation } from '../../../src/sip/invite/invitation.ts';
import { maySend, type Description } from '../../../src/sip/invite/offers.ts';
import { beginSession, stepSession } from '../../../src/sip/invite/session.ts';
import type { SessionEffect, SessionEvent, SessionState } from '../../../src/sip/invite/session-state.ts';

const TAG = 'bob';
type Deliver = () => void;

export class Setup {
  readonly flying: Deliver[] = [];
  readonly alice: Caller;
  readonly bob: Callee;

  constructor(offer: 'offer' | 'none', reliability: Invitation['reliability']) {
    this.alice = new Caller(this, offer);
    this.bob = new Callee(this, offer, reliability);
  }

  deliver(at: number): void {
    const [message] = this.flying.splice(at, 1);
    message?.();
  }

  drain(): void {
    for (let round = 0; round < 3000; round++) {
      if (this.flying.length > 0) this.deliver(0);
      else if (![this.alice, this.bob].some((end) => end.answerOwed() || end.fire())) return;
    }
    assert.fail('they never come to rest');
  }
}

/** What both ends have: requests and responses in the dialog, and the session. */
abstract class Side {
  outcomes = 0;
  agreed = '';
  session: SessionState | undefined;
  readonly answered = new Map<number, number>();
  protected readonly setup: Setup;
  protected seq = 1;
  protected asked = '';
  protected offers = 0;
  /** Description of the message at hand. */
  body = '';
  readonly timers = new Set<string>();
  #remoteSeq = 1;
  #asks: { cseq: number; description: Description } | undefined;

  constructor(setup: Setup) {
    this.setup = setup;
  }

  abstract get name(): string;
  abstract get peer(): Side;
  abstract changes(): Changes | undefined;
  protected abstract early(event: ChangeEvent): void;
  protected abstract timer(name: string): void;

  change(event: ChangeEvent): void {
    if (this.session === undefined) this.early(event);
    else this.inSession({ kind: 'change', event });
  }

  inSession(event: SessionEvent): void {
    if (this.session === undefined) return;
    const { state, effects } = stepSession(this.session, event);
    this.session = state;
    for (const effect of effects) this.run(effect);
  }

  protected begin(changes: Changes): void {
    this.outcomes += 1;
    const begun = beginSession({ changes, timer: undefined, update: true });
    this.session = begun.state;
    for (const effect of begun.effects) this.run(effect);
  }

  fire(): boolean {
    const [timer] = this.timers;
    if (timer === undefined) return false;
    this.timers.delete(timer);
    if (timer === 'pause') this.change({ kind: 'timerPause' });
    else if (timer.startsWith('again')) this.change({ kind: 'timerAgain', cseq: Number(timer.slice(5)) });
    else this.timer(timer);
    return true;
  }

  /** What we still have to say before anything else can go on. */
  answerOwed(): boolean {
    const asks = this.#asks;
    if (asks !== undefined) {
      this.#asks = undefined;
      if (this.answered.has(asks.cseq)) return true;
      const description: Description = asks.description === 'offer' ? 'answer' : 'none';
      const changes = this.changes();
      if (changes === undefined || !maySend(changes.offer, description)) assert.fail('cannot answer');
      this.change({ kind: 'answer', method: 'UPDATE', status: 200, description });
      return true;
    }
    const owes = this.session?.name === 'open' && this.session.changes.ours.name === 'owed';
    if (owes) this.change({ kind: 'acknowledge' });
    return owes;
  }

  protected send(method: string, deliver: (cseq: number, body: string) => void, body: string): void {
    const cseq = ++this.seq;
    const { peer } = this;
    this.setup.flying.push(() => {
      peer.body = body;
      // RFC 3261 §12.2.2.
      if (cseq <= peer.#remoteSeq) peer.reply(this, cseq, method, 500, 'none');
      else {
        peer.#remoteSeq = cseq;
        deliver(cseq, body);
      }
    });
  }

  protected reply(to: Side, cseq: number, method: string, status: number, description: Description): void {
    this.answered.set(cseq, (this.answered.get(cseq) ?? 0) + 1);
    const body = description === 'answer' ? this.asked : '';
    if (description === 'answer') this.agreed = body;
    this.setup.flying.push(() => {
      to.body = body;
      to.responded(method, status, description);
    });
  }

  protected responded(method: string, status: number, description: Description): void {
    if (method === 'BYE') this.inSession({ kind: 'byeDone' });
    if (method !== 'UPDATE') return;
    if (status < 300) this.change({ kind: 'accepted', description });
    else this.change({ kind: 'refused', status, ...(status === 500 ? { retryAfter: 5 } : {}) });
  }

  /** Effects of changes, early or in the session. */
  protected run(effect: ChangeEffect | SessionEffect): void {
    switch (effect.kind) {
      case 'send': {
        assert.equal(effect.method, 'UPDATE');
        const body = effect.description === 'offer' ? `${this.name}${this.offers++}` : '';
        const { peer } = this;
        const { description } = effect;
        this.send(
          'UPDATE',
          (cseq) => peer.change({ kind: 'received', method: 'UPDATE', cseq, description }),
          body,
        );
        break;
      }
      case 'asked':
        this.#asks = effect;
        if (effect.description === 'offer') this.asked = this.body;
        break;
      case 'reply':
        this.reply(this.peer, effect.cseq, 'UPDATE', effect.status, effect.description);
        break;
      case 'take':
        this.take(effect.description);
        break;
      case 'pause':
        this.timers.add('pause');
        break;
      case 'wait':
        this.timers.add(`again${effect.cseq}`);
        break;
      case 'stopWait':
        this.timers.delete(`again${effect.cseq}`);
        break;
      case 'ack':
        this.ack(effect.description === 'answer');
        break;
      case 'replyAgain':
        this.replyAgain();
        break;
      case 'bye': {
        const { peer } = this;
        this.send('BYE', (cseq) => peer.bye(cseq), '');
        break;
      }
      default:
        break;
    }
  }

  protected take(description: Description): void {
    if (description === 'offer') this.asked = this.body;
    else this.agreed = this.body;
  }

  bye(cseq: number): void {
    this.inSession({ kind: 'bye', cseq });
  }

  protected ack(_answer: boolean): void {}
  protected replyAgain(): void {}
}

export class Caller extends Side {
  state: CallerState;
  readonly #offer: 'offer' | 'none';
  #acked: (() => void) | undefined;

  constructor(setup: Setup, offer: 'offer' | 'none') {
    super(setup);
    this.#offer = offer;
    this.state = beginCaller({ description: offer, expires: undefined, minSe: undefined }).state;
  }

  get name(): string {
    return 'alice';
  }
  get peer(): Callee {
    return this.setup.bob;
  }
  get offered(): string {
    return this.#offer === 'offer' ? 'invite' : '';
  }

  changes(): Changes | undefined {
    if (this.session !== undefined) return this.session.name === 'open' ? this.session.changes : undefined;
    return this.state.name === 'over' ? undefined : this.state.forks[0]?.changes;
  }

  step(event: Parameters<typeof stepCaller>[1]): void {
    const { state, effects } = stepCaller(this.state, event);
    this.state = state;
    for (const effect of effects) this.#effect(effect);
  }

  override answerOwed(): boolean {
    const fork = this.state.name === 'over' ? undefined : this.state.forks[0];
    if (fork?.owed !== undefined && fork.ended === 'no' && this.session === undefined) {
      this.step({ kind: 'acknowledge', tag: TAG });
      return true;
    }
    return super.answerOwed();
  }

  protected override early(event: ChangeEvent): void {
    this.step({ kind: 'change', tag: TAG, event });
  }

  protected override timer(name: string): void {
    if (name === 'forks') this.step({ kind: 'timerForks' });
  }

  receiveResponse(status: number, description: Description, rseq: number | undefined, body: string): void {
    this.body = body;
    if (status < 200)
      this.step({
        kind: 'provisional',
        status,
        tag: TAG,
        description,
        ...(rseq === undefined ? {} : { rseq }),
      });
    else if (status < 300) this.step({ kind: 'accepted', tag: TAG, description });
    else this.step({ kind: 'refused', status });
  }

  protected override responded(method: string, status: number, description: Description): void {
    if (method === 'PRACK' && status >= 300) this.step({ kind: 'endFork', tag: TAG });
    else super.responded(method, status, description);
  }

  protected override ack(answer: boolean): void {
    const body = answer ? this.asked : '';
    if (answer) this.agreed = body;
    const { bob } = this.setup;
    this.#acked = () => {
      bob.body = body;
      bob.inSession({
        kind: 'change',
        event: { kind: 'ack', cseq: 1, description: answer ? 'answer' : 'none' },
      });
    };
    this.setup.flying.push(this.#acked);
  }

  #effect(effect: CallerEffect): void {
    const { bob } = this.setup;
    switch (effect.kind) {
      case 'prack': {
        const body = effect.description === 'answer' ? this.asked : '';
        if (effect.description === 'answer') this.agreed = body;
        const { rseq, description } = effect;
        this.send('PRACK', (cseq) => bob.prack(cseq, rseq, description), body);
        break;
      }
      case 'take':
        this.take(effect.description);
        break;
      case 'cancel':
        this.setup.flying.push(() => bob.step({ kind: 'cancelled' }));
        break;
      case 'ack':
        this.ack(effect.rejecting === true);
        break;
      case 'ackAgain':
        if (this.#acked !== undefined) this.setup.flying.push(this.#acked);
        break;
      case 'bye':
        this.send('BYE', (cseq) => bob.bye(cseq), '');
        break;
      case 'waitForForks':
        this.timers.add('forks');
        break;
      case 'change':
        this.run(effect.effect);
        break;
      case 'established':
        this.begin(effect.changes);
        break;
      case 'ended':
        this.outcomes += 1;
        break;
      default:
        break;
    }
  }
}

export class Callee extends Side {
  state: CalleeState;
  finals = 0;
  #last: Deliver | undefined;
  #final: Deliver | undefined;

  constructor(setup: Setup, offer: 'offer' | 'none', reliability: Invitation['reliability']) {
    super(setup);
    this.state = beginCallee({ cseq: 1, description: offer, reliability, firstRSeq: 1 });
    this.asked = setup.alice.offered;
  }

  get name(): string {
    return 'bob';
  }
  get peer(): Caller {
    return this.setup.alice;
  }

  changes(): Changes | undefined {
    if (this.session !== undefined) return this.session.name === 'open' ? this.session.changes : undefined;
    return this.state.name === 'done' ? undefined : this.state.changes;
  }

  step(event: Parameters<typeof stepCallee>[1]): void {
    const { state, effects } = stepCallee(this.state, event);
    this.state = state;
    for (const effect of effects) this.#effect(effect);
  }

  prack(cseq: number, rseq: number, description: Description): void {
    this.step({ kind: 'prack', cseq, rseq, invite: 1, description });
  }

  override bye(cseq: number): void {
    if (this.session === undefined) this.step({ kind: 'bye', cseq });
    else super.bye(cseq);
  }

  protected override early(event: ChangeEvent): void {
    this.step({ kind: 'change', event });
  }

  protected override timer(name: string): void {
    if (name === 'prack') this.step({ kind: 'timerPrack' });
  }

  protected override replyAgain(): void {
    if (this.#final !== undefined) this.setup.flying.push(this.#final);
  }

  #effect(effect: CalleeEffect): void {
    const { alice } = this.setup;
    switch (effect.kind) {
      case 'provisional': {
        const { status, description, rseq } = effect;
        const body = this.#describe(description);
        const deliver = (): void => alice.receiveResponse(status, description, rseq, body);
        if (rseq !== undefined) this.#last = deliver;
        this.setup.flying.push(deliver);
        break;
      }
      case 'provisionalAgain':
        if (this.#last !== undefined) this.setup.flying.push(this.#last);
        break;
      case 'respond': {
        this.finals += 1;
        const { status, description } = effect;
        const body = this.#describe(description);
        this.#final = () => alice.receiveResponse(status, description, undefined, body);
        this.setup.flying.push(this.#final);
        break;
      }
      case 'reply':
        this.reply(
          alice,
          effect.cseq,
          effect.description === 'answer' ? 'PRACK' : 'other',
          effect.status,
          effect.description,
        );
        break;
      case 'take':
        this.take(effect.description);
        break;
      case 'change':
        this.run(effect.effect);
        break;
      case 'waitForPrack':
        this.timers.add('prack');
        break;
      case 'stopWaitForPrack':
        this.timers.delete('prack');
        break;
      case 'established':
        this.begin(effect.changes);
        break;
      case 'ended':
        this.outcomes += 1;
        break;
      default:
        break;
    }
  }

  #describe(description: Description): string {
    if (description === 'none') return '';
    if (description === 'offer') return `bob${this.offers++}`;
    this.agreed = this.asked;
    return this.asked;
  }
}
