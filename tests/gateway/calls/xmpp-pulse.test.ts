// A client that dies in a call says nothing, and of one that showed no presence nobody tells: it is asked by an empty session-info
// (XEP-0166 §7.2.10: "a kind of 'ping' for the session"), as a phone is by a refresh (RFC 4028).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentOf } from '../../interwork/call/call-play.ts';
import { DESK, errorOf, Stage, type StageCall } from './xmpp-stage.ts';

const EVERY_MS = 900_000;

interface Answered {
  readonly stage: Stage;
  readonly call: StageCall;
  readonly sid: string;
}

function play(name: string, act: (answered: Answered) => void): void {
  test(name, () => {
    const stage = new Stage(undefined, EVERY_MS);
    const call = stage.phoneCalls();
    const sid = stage.last('propose').child('propose')?.attr('id') ?? assert.fail('no id');
    stage.says('proceed', sid);
    stage.answers(stage.last('session-initiate'));
    stage.acts({ action: 'session-accept', contents: [contentOf('0', 'initiator')] }, sid);
    stage.sent();
    act({ stage, call, sid });
    stage.assertOver();
  });
}

const PING = `session-info > ${DESK}`;

play('a silent one is asked, again and again, and goes on while it answers', ({ stage, call, sid }) => {
  stage.time.advance(EVERY_MS - 100);
  assert.deepEqual(stage.words(), []);
  for (let i = 0; i < 3; i++) {
    stage.time.advance(200);
    assert.deepEqual(stage.words(), [PING]);
    // Who does not know what is in it is there all the same.
    stage.answers(stage.last('session-info'), i === 1 ? errorOf('feature-not-implemented') : undefined);
    stage.time.advance(EVERY_MS - 200);
  }
  assert.deepEqual(call.outcomes, []);
  stage.acts({ action: 'session-terminate', reason: { condition: 'success' } }, sid);
});

play('one that says something is not', ({ stage, call, sid }) => {
  for (let i = 0; i < 3; i++) {
    stage.time.advance(EVERY_MS - 1000);
    stage.acts({ action: 'session-info' }, sid);
  }
  assert.ok(!stage.words().includes(PING));
  stage.acts({ action: 'session-terminate', reason: { condition: 'success' } }, sid);
  assert.deepEqual(call.outcomes, [{ kind: 'ended', by: 'xmpp' }]);
});

for (const [name, error, why] of [
  ['its server knows no such client', errorOf('service-unavailable'), 'away'],
  ['it knows no such session', errorOf('item-not-found', 'unknown-session'), 'unknown'],
] as const) {
  play(`${name}: the call is lost, and the phone hears it`, ({ stage, call }) => {
    stage.time.advance(EVERY_MS);
    stage.answers(stage.last('session-info'), error);
    assert.deepEqual(call.outcomes, [{ kind: 'lost', side: 'xmpp', why }]);
    assert.match(call.sip.at(-1) ?? '', /^end /);
  });
}

play('nobody answers: the same, and it is told, in case it is there', ({ stage, call }) => {
  stage.time.advance(EVERY_MS);
  stage.sent();
  stage.time.advance(30_000);
  assert.deepEqual(call.outcomes, [{ kind: 'lost', side: 'xmpp', why: 'silent' }]);
  assert.ok(stage.words().includes(`session-terminate timeout > ${DESK}`));
});

play('without a link nobody is asked: what is not heard then says nothing', ({ stage, call, sid }) => {
  stage.link.state = 'down';
  stage.time.advance(2 * EVERY_MS + 60_000);
  assert.deepEqual(call.outcomes, []);
  stage.link.state = 'up';
  stage.time.advance(EVERY_MS - 50_000);
  assert.deepEqual(stage.words(), [PING]);
  stage.answers(stage.last('session-info'));
  stage.acts({ action: 'session-terminate', reason: { condition: 'success' } }, sid);
});
