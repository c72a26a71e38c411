// The SIP legs with the real machine K: the XMPP side is what the test says to it. What each of both owes the other is kept.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Timer } from '../../../src/base/index.ts';
import type { CallHost } from '../../../src/gateway/calls/legs.ts';
import {
  beginCall,
  stepCall,
  type CallDirection,
  type CallEffect,
  type CallEvent,
  type CallState,
} from '../../../src/interwork/call/index.ts';
import { formatSdp, parseSdp } from '../../../src/sdp/index.ts';
import type { Content, Jingle, JingleAction, SessionEnd } from '../../../src/xmpp/index.ts';
import { contentOf, sdpOf } from '../../interwork/call/call-play.ts';
import { bodyOf, Host, PHONE, ROMEO, SDP_FIELD, Stage } from './sip-stage.ts';

/** Runs K as a call of the gateway does. */
class CallWithK extends Host implements CallHost {
  state: CallState;
  readonly words: string[] = [];
  readonly #time: Stage['time'];
  readonly #queue: CallEvent[] = [];
  readonly #timers = new Map<string, Timer>();
  #busy = false;

  constructor(stage: Stage, direction: CallDirection) {
    super();
    this.#time = stage.time;
    this.state = beginCall({ direction, origin: sdpOf(['audio']).origin, trickle: true });
  }

  override take(event: CallEvent): void {
    if (event.kind === 'offerDue') return this.#step(event);
    this.#queue.push(event.kind === 'invited' ? { ...event, device: 'juliet@example.com/desk' } : event);
    this.joined();
  }

  override joined(): void {
    if (this.#busy || this.leg === undefined) return;
    this.#busy = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#step(next);
    this.#busy = false;
  }

  act(action: JingleAction, contents: readonly Content[]): void {
    const jingle: Jingle = { action, sid: 's1', contents, groups: [], infos: [] };
    this.take({ kind: 'session', report: { kind: 'action', jingle } });
  }

  said(): string[] {
    return this.words.splice(0);
  }

  #step(event: CallEvent): void {
    const { state, effects, expected } = stepCall(this.state, event);
    assert.ok(expected, `${this.state.phase} expects ${event.kind}`);
    this.state = state;
    for (const effect of effects) this.#run(effect);
  }

  #run(effect: CallEffect): void {
    switch (effect.kind) {
      case 'session':
        this.words.push(effect.action.action);
        if (effect.action.action === 'session-terminate') this.take({ kind: 'sessionEnded', end: OVER });
        return;
      case 'initiation':
      case 'decide':
      case 'up':
        return;
      case 'outcome':
        this.words.push(`outcome ${effect.outcome.kind}`);
        return;
      case 'over':
        this.words.push('over');
        return;
      case 'startTimer': {
        const { timer } = effect;
        this.#timers.set(
          timer,
          this.#time.timers.set(effect.ms, () => this.take({ kind: 'timer', timer })),
        );
        return;
      }
      case 'stopTimer':
        return this.#time.timers.clear(this.#timers.get(effect.timer));
      default:
        this.leg?.command(effect);
    }
  }
}

const OVER: SessionEnd = { cause: 'left', phase: 'active' };

/** The session-initiate has told K what the contents are called. */
function accept(call: CallWithK, stage: Stage): void {
  stage.sent();
  call.act('session-accept', [contentOf('0', 'initiator')]);
}

describe('a call that comes', () => {
  function answered(): { stage: Stage; call: CallWithK } {
    const stage = new Stage();
    const call = new CallWithK(stage, 'toXmpp');
    stage.use(call);
    stage.invite({ body: formatSdp(sdpOf(['audio'])) });
    assert.deepEqual(call.said(), ['session-initiate']);
    accept(call, stage);
    assert.equal(bodyOf(stage.sentResponse(200))?.media[0]?.port, 40_000);
    stage.ack();
    return { stage, call };
  }

  test('answered, put on hold by the phone, and ended by it', () => {
    const { stage, call } = answered();
    const hold = formatSdp(sdpOf(['audio'], { version: 2, direction: 'sendonly' }));
    stage.request({ method: 'INVITE', headers: [SDP_FIELD, `Contact: <${PHONE}>`], body: hold });
    assert.deepEqual(call.said(), ['session-info']);
    const answer = bodyOf(stage.sentResponse(200));
    assert.ok(answer?.media[0]?.attributes.some(({ name }) => name === 'recvonly'));
    stage.ack();
    stage.request({ method: 'BYE' });
    assert.deepEqual(call.said(), ['session-terminate', 'outcome ended', 'over']);
    stage.assertNothingLeft();
  });

  test('a re-INVITE without an offer, and the answer in the ACK', () => {
    const { stage, call } = answered();
    stage.request({ method: 'INVITE', headers: [`Contact: <${PHONE}>`] });
    assert.ok(bodyOf(stage.sentResponse(200)));
    stage.ack({ headers: [SDP_FIELD], body: formatSdp(sdpOf(['audio'], { version: 2 })) });
    assert.deepEqual(call.said(), []);
    stage.request({ method: 'BYE' });
    stage.assertNothingLeft();
  });

  test('put on hold by the client: a re-INVITE', () => {
    const { stage, call } = answered();
    call.take({ kind: 'session', report: { kind: 'info', info: { kind: 'hold' } } });
    const invite = stage.sentRequest('INVITE');
    const offer = bodyOf(invite);
    assert.ok(offer?.media[0]?.attributes.some(({ name }) => name === 'sendonly'));
    const answer = parseSdp(
      formatSdp(sdpOf(['audio'], { version: 2, direction: 'recvonly', setup: 'passive' })),
    );
    assert.ok(answer.ok);
    stage.respond(invite, 200, { body: answer.value });
    assert.deepEqual(stage.lines(), ['ACK']);
    call.take({ kind: 'shutDown' });
    stage.respond(stage.sentRequest('BYE'), 200);
    assert.deepEqual(call.said(), ['session-terminate', 'outcome ended', 'over']);
    stage.assertNothingLeft();
  });

  test('CALL-30: an INVITE without an offer: 488, and nobody rings', () => {
    const stage = new Stage();
    const call = new CallWithK(stage, 'toXmpp');
    stage.use(call);
    stage.invite({ body: '' });
    assert.deepEqual(stage.lines(), ['488 INVITE']);
    assert.deepEqual(call.said(), ['outcome failed', 'over']);
    stage.assertNothingLeft();
  });
});

describe('a call that we make', () => {
  test('answered; a content is added, and refused', () => {
    const stage = new Stage();
    const call = new CallWithK(stage, 'toSip');
    call.leg = stage.legs.outgoing(call, {
      from: { uri: 'sip:juliet@example.com' },
      to: { uri: ROMEO },
      callId: 'c1',
    });
    call.act('session-initiate', [contentOf('0', 'initiator', 'audio', { setup: 'actpass' })]);
    const invite = stage.sentRequest('INVITE');
    stage.respond(invite, 180);
    assert.deepEqual(call.said(), ['session-info']);
    stage.respond(invite, 200, { body: sdpOf(['audio'], { setup: 'active' }) });
    assert.deepEqual(call.said(), ['session-accept']);
    assert.deepEqual(stage.lines(), ['ACK']);
    call.act('content-add', [contentOf('cam', 'initiator', 'video', { setup: 'actpass' })]);
    const change = stage.sentRequest('INVITE');
    assert.equal(bodyOf(change)?.media.length, 2);
    stage.respond(change, 488);
    assert.deepEqual(call.said(), ['content-reject']);
    call.take({ kind: 'shutDown' });
    stage.respond(stage.sentRequest('BYE'), 200);
    stage.assertNothingLeft();
  });
});
