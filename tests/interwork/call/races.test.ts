// Races of a call, played with the real machines of both legs (issue "calls"; rows of table 7.1 and 7.4).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { directionOf } from '../../../src/sdp/index.ts';
import type { CallOutcome } from '../../../src/interwork/call/index.ts';
import { CallPlay, contentOf } from './call-play.ts';

/** A call of a phone that is answered at the desk. */
function answeredAtDesk(): CallPlay {
  const play = new CallPlay('toXmpp');
  play.begin();
  play.flush();
  play.take(play.desk);
  play.flush();
  play.take(play.desk);
  play.rest();
  assert.equal(play.call.phase, 'up');
  assert.ok(play.phone.isUp && play.sip.isUp);
  return play;
}

/** A call from the desk that the phone answered. */
function answeredByPhone(): CallPlay {
  const play = new CallPlay('toSip');
  play.begin();
  play.flush();
  play.startSession(play.desk);
  play.flush();
  play.phone.progress(180);
  play.flush();
  play.phoneTakesCall();
  play.rest();
  assert.equal(play.call.phase, 'up');
  assert.equal(play.desk.session?.phase, 'active');
  return play;
}

function ended(play: CallPlay, outcome: CallOutcome): void {
  play.rest();
  while (play.devices.some((device) => device.fire())) play.rest();
  play.assertOver();
  assert.deepEqual(play.outcomes, [outcome]);
}

describe('a call, answered and ended', () => {
  test('SIP to XMPP: 180 once, session-initiate to the device that proceeds, 200 (CALL-90 to 92, CALL-03, CALL-05)', () => {
    const play = new CallPlay('toXmpp');
    play.begin();
    play.flush();
    play.desk.initiate({ kind: 'ring' });
    play.pocket.initiate({ kind: 'ring' });
    play.flush();
    play.take(play.desk);
    play.flush();
    assert.equal(play.effects.filter(({ kind }) => kind === 'progress').length, 1);
    assert.equal(play.xmpp.session?.peer, play.desk.self);
    play.take(play.desk);
    play.rest();
    assert.ok(play.phone.isUp);
    play.leave(play.desk);
    ended(play, { kind: 'ended', by: 'xmpp' });
  });

  test('SIP to XMPP: BYE ends the session with success (CALL-09)', () => {
    const play = answeredAtDesk();
    play.phone.end(480);
    ended(play, { kind: 'ended', by: 'sip' });
    const [end] = play.desk.ends;
    assert.ok(end !== undefined && 'phase' in end);
    assert.equal(end.reason?.condition, 'success');
  });

  test('XMPP to SIP: proceed, INVITE after session-initiate, ringing once, session-accept (CALL-97, CALL-01)', () => {
    const play = answeredByPhone();
    assert.equal(play.heard.filter((word) => word === 'ringing').length, 1);
    play.leave(play.desk, 'busy');
    ended(play, { kind: 'ended', by: 'xmpp' });
    const bye = play.effects.find(({ kind }) => kind === 'endSip');
    // RFC 3326, table 7.2: busy after accept.
    assert.ok(bye?.kind === 'endSip' && bye.cause === 486);
  });
});

describe('races before the answer', () => {
  test('CANCEL against the 200 of the gateway (RFC 3261 §9.2): the call is up, then hung up', () => {
    const play = new CallPlay('toXmpp');
    play.begin();
    play.flush();
    play.take(play.desk);
    play.flush();
    play.take(play.desk);
    play.deliver('client');
    play.deliver('client');
    play.phone.end(480);
    ended(play, { kind: 'ended', by: 'sip' });
  });

  test('CANCEL before the device takes it: 487, retract with cancel (CALL-10, CALL-94)', () => {
    const play = new CallPlay('toXmpp');
    play.begin();
    play.flush();
    play.desk.initiate({ kind: 'ring' });
    play.flush();
    play.phone.end(480);
    ended(play, { kind: 'cancelled' });
    assert.ok(play.desk.ends.some((end) => end.cause === 'retracted' && end.reason?.condition === 'cancel'));
    assert.deepEqual(play.phone.ends, [{ cause: 'cancelled', by: 'us' }]);
  });

  test('session-terminate against the 200 of the phone: ACK, BYE (CALL-07)', () => {
    const play = new CallPlay('toSip');
    play.begin();
    play.flush();
    play.startSession(play.desk);
    play.flush();
    play.phone.progress(180);
    play.flush();
    play.phoneTakesCall();
    play.leave(play.desk);
    // The device's word is there first, the 200 is on its way.
    while (play.deliver('client'));
    ended(play, { kind: 'cancelled' });
    assert.deepEqual(play.phone.ends, [{ cause: 'hungUp', by: 'peer' }]);
  });

  test('hang-up before the ACK (RFC 3261 §15): BYE waits for it', () => {
    const play = new CallPlay('toXmpp');
    play.begin();
    play.flush();
    play.take(play.desk);
    play.flush();
    play.take(play.desk);
    play.leave(play.desk);
    while (play.deliver('client'));
    assert.equal(play.sip.session?.name, 'mortal');
    ended(play, { kind: 'ended', by: 'xmpp' });
    assert.deepEqual(play.phone.ends, [{ cause: 'hungUp', by: 'peer' }]);
  });

  test('retract against proceed (CALL-94): the device hears the retract, and no session', () => {
    const play = new CallPlay('toXmpp');
    play.begin();
    play.flush();
    play.desk.initiate({ kind: 'ring' });
    play.flush();
    play.take(play.desk);
    play.phone.end(480);
    while (play.deliver('phone'));
    ended(play, { kind: 'cancelled' });
    assert.equal(play.desk.session, undefined);
  });

  test('retract of the proposer against the INVITE (CALL-98)', () => {
    const play = new CallPlay('toSip');
    play.begin();
    play.flush();
    play.leave(play.desk);
    ended(play, { kind: 'cancelled' });
    assert.equal(play.phone.callee, undefined, 'nobody was called');
  });

  test('two resources proceed: the first has the call (CALL-92)', () => {
    const play = new CallPlay('toXmpp');
    play.begin();
    play.flush();
    play.take(play.pocket);
    play.take(play.desk);
    play.flush();
    assert.equal(play.xmpp.session?.peer, play.pocket.self);
    assert.equal(play.desk.session, undefined);
    play.take(play.pocket);
    play.rest();
    assert.equal(play.call.phase, 'up');
    play.phone.end(480);
    ended(play, { kind: 'ended', by: 'sip' });
  });

  test('proposals that cross (CALL-100): the lower id is the one', () => {
    for (const [id, holds] of [
      ['0', false],
      ['f', true],
    ] as const) {
      const play = new CallPlay('toXmpp');
      play.begin();
      play.flush();
      play.xmpp.initiate({ kind: 'crossed', from: play.desk.self, id });
      assert.equal(play.call.phase, holds ? 'proposing' : 'ended');
      if (holds) play.phone.end(480);
      ended(
        play,
        holds ? { kind: 'cancelled' } : { kind: 'failed', side: 'xmpp', status: 480, why: 'overruled' },
      );
    }
  });

  for (const [reason, status, outcome] of [
    ['busy', 486, { kind: 'busy' }],
    ['decline', 603, { kind: 'declined' }],
  ] as const) {
    test(`a device rejects with ${reason}: ${status} (CALL-93)`, () => {
      const play = new CallPlay('toXmpp');
      play.begin();
      play.flush();
      play.desk.initiate({ kind: 'leave', reason: { condition: reason } });
      ended(play, outcome);
      assert.deepEqual(play.phone.ends, [{ cause: 'refused', status }]);
    });
  }
});

describe('changes that cross', () => {
  const video = contentOf('video', 'responder', 'video');

  test('content-add becomes a re-INVITE with a line at the end, and is accepted by its answer (CALL-14)', () => {
    const play = answeredAtDesk();
    play.act(play.desk, { action: 'content-add', contents: [video] });
    play.rest();
    assert.deepEqual(
      play.phoneHears?.media.map(({ media }) => media),
      ['audio', 'video'],
    );
    assert.ok(play.heard.includes('content-accept'));
    play.act(play.desk, { action: 'content-remove', contents: [{ name: 'video', creator: 'responder' }] });
    play.rest();
    assert.deepEqual(
      play.phoneHears?.media.map(({ port }) => port === 0),
      [false, true],
    );
    play.phone.end(480);
    ended(play, { kind: 'ended', by: 'sip' });
  });

  test('the phone refuses it: content-reject, and the call goes on (CALL-14)', () => {
    const play = answeredAtDesk();
    play.habits = { phoneTakes: false, clientTakes: true };
    play.act(play.desk, { action: 'content-add', contents: [video] });
    play.rest();
    assert.ok(play.heard.includes('content-reject'));
    assert.equal(play.call.phase, 'up');
    assert.equal(play.call.table.length, 1, 'the line was never there');
    play.leave(play.desk);
    ended(play, { kind: 'ended', by: 'xmpp' });
  });

  for (const taken of [true, false]) {
    test(`a new line of the phone is ${taken ? 'taken' : 'refused'} by the client (CALL-20)`, () => {
      const play = answeredAtDesk();
      play.habits = { phoneTakes: true, clientTakes: taken };
      play.phoneMedia = ['audio', 'video'];
      play.phone.want(true);
      play.rest();
      assert.ok(play.heard.includes('content-add'));
      assert.deepEqual(
        play.phoneHears?.media.map(({ port }) => port !== 0),
        [true, taken],
      );
      play.phone.end(480);
      ended(play, { kind: 'ended', by: 'sip' });
    });
  }

  test('the phone restarts ICE: transport-replace, and its acceptance is the answer (CALL-18, CALL-20)', () => {
    const play = answeredAtDesk();
    play.phoneUfrag = 'sipV';
    play.phone.want(true);
    play.rest();
    assert.ok(play.heard.includes('transport-replace'));
    const ufrag = play.phoneHears?.media[0]?.attributes.find(({ name }) => name === 'ice-ufrag')?.value;
    assert.equal(ufrag, 'new1');
    play.leave(play.desk);
    ended(play, { kind: 'ended', by: 'xmpp' });
  });

  test('glare: both re-INVITE at once, 491 to both, and both changes are made (CALL-25, RFC 3261 §14.1)', () => {
    const play = answeredAtDesk();
    play.act(play.desk, { action: 'content-add', contents: [video] });
    play.deliver('client');
    play.phoneDirection = 'sendonly';
    play.phone.want(true);
    play.rest();
    assert.ok(play.heard.includes('content-accept'));
    assert.ok(play.heard.includes('hold'));
    assert.equal(play.call.phase, 'up');
    play.leave(play.desk);
    ended(play, { kind: 'ended', by: 'xmpp' });
  });

  test('tie-break: both sides add a content at once (CALL-25, XEP-0166 §7.2.16)', () => {
    // The gateway speaks for the initiator, whose content-add holds: the client hears tie-break.
    const play = answeredAtDesk();
    play.phoneMedia = ['audio', 'video'];
    play.phone.want(true);
    play.deliver('phone');
    play.act(play.desk, { action: 'content-add', contents: [contentOf('screen', 'responder', 'video')] });
    play.rest();
    assert.ok(play.heard.includes('failed content-add'));
    assert.deepEqual(
      play.phoneHears?.media.map(({ port }) => port !== 0),
      [true, true],
    );
    play.phone.end(480);
    ended(play, { kind: 'ended', by: 'sip' });
  });

  test('tie-break the other way: the client is the initiator, and the phone hears 491 and asks again', () => {
    const play = answeredByPhone();
    play.phoneMedia = ['audio', 'video'];
    play.phone.want(true);
    play.deliver('phone');
    play.act(play.desk, { action: 'content-add', contents: [contentOf('screen', 'initiator', 'video')] });
    play.rest();
    assert.equal(play.call.phase, 'up');
    assert.ok(play.heard.includes('content-accept'));
    play.phone.end(480);
    ended(play, { kind: 'ended', by: 'sip' });
  });

  test('re-INVITE without an offer gets ours; the answer in the ACK may be a hold (RFC 3261 §14.2, CALL-43)', () => {
    const play = answeredAtDesk();
    const before = play.phoneHears;
    play.phoneDirection = 'sendonly';
    play.phone.want(false);
    play.rest();
    assert.deepEqual(play.phoneHears, before, 'how things are, with the same o= (RFC 3264 §8)');
    assert.ok(play.heard.includes('hold'));
    play.leave(play.desk);
    ended(play, { kind: 'ended', by: 'xmpp' });
  });

  test('re-INVITE without an offer against BYE', () => {
    const play = answeredAtDesk();
    play.phone.want(false);
    play.deliver('phone');
    play.leave(play.desk);
    while (play.deliver('client'));
    ended(play, { kind: 'ended', by: 'xmpp' });
  });

  test('hold of the phone: session-info hold and unhold, answered recvonly (CALL-43, RFC 3264 §8.4)', () => {
    const play = answeredAtDesk();
    const direction = (): string | undefined => {
      const heard = play.phoneHears;
      return heard?.media[0] === undefined ? undefined : directionOf(heard, heard.media[0]);
    };
    play.phoneDirection = 'sendonly';
    play.phone.want(true);
    play.rest();
    assert.equal(direction(), 'recvonly');
    play.phoneDirection = 'sendrecv';
    play.phone.want(true);
    play.rest();
    assert.equal(direction(), 'sendrecv');
    assert.deepEqual(
      play.heard.filter((word) => /hold|modify/.test(word)),
      ['hold', 'unhold'],
    );
    play.leave(play.desk);
    ended(play, { kind: 'ended', by: 'xmpp' });
  });
});
