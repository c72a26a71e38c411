// Calls of before a restart, on the side of XMPP: an answered one goes on, one that rang is ended.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  interruptedCall,
  keptCall,
  restoredCall,
  type AnsweredCallRecord,
  type RingingCallRecord,
} from '../../../src/interwork/call/index.ts';
import type { KeptSession } from '../../../src/sip/index.ts';
import { rtpInfoElement } from '../../../src/xmpp/index.ts';
import { contentOf, sdpOf } from '../../interwork/call/call-play.ts';
import { DESK, JULIET, PHONE, Stage, StageCall } from './xmpp-stage.ts';

const SIP: KeptSession = {
  ...{ version: 1, owner: false, update: true },
  dialog: {
    ...{ callId: 'c', localTag: 'l', remoteTag: 'r', localSeq: 3, remoteSeq: 7, secure: false },
    ...{ localUri: '<sip:juliet@example.com>', remoteUri: '<sip:romeo@example.net>' },
    ...{ remoteTarget: 'sip:romeo@192.0.2.1', routeSet: ['<sip:p.example.net;lr>'] },
  },
};
const bye = { action: 'session-terminate', reason: { condition: 'success' } } as const;

/** A call that was answered, as it is found again. */
function kept(stage: Stage, direction: 'toXmpp' | 'toSip', proposed: boolean): AnsweredCallRecord {
  const contents = [contentOf(direction === 'toXmpp' ? '0' : 'voice', 'initiator')];
  if (direction === 'toXmpp') {
    stage.phoneCalls(proposed ? undefined : DESK, 's');
    if (proposed) stage.says('proceed', 's');
    stage.answers(stage.last('session-initiate'));
    stage.acts({ action: 'session-accept', contents }, 's');
  } else {
    if (proposed) stage.proposes('s');
    stage.acts({ action: 'session-initiate', contents }, 's');
    const description = sdpOf(['audio'], { setup: 'passive' });
    stage.call.take({ kind: 'answered', tag: 't', description, trickle: false });
    stage.answers(stage.last('session-accept'));
  }
  const { legs, state } = stage.call;
  const session = legs?.session();
  assert.ok(legs !== undefined && session !== undefined);
  const record = keptCall(state, { node: 'gw1', sip: SIP, session, proposed: legs.proposed() });
  assert.ok(record !== undefined);
  // As the store gives it back.
  return JSON.parse(JSON.stringify(record));
}

function restarted(stage: Stage, record: AnsweredCallRecord): StageCall {
  stage.restart();
  stage.sent();
  const call = new StageCall(stage.time, record.direction);
  const restored = restoredCall(record);
  assert.ok(restored !== undefined);
  call.state = restored.state;
  call.legs = stage.sessions.restore(call, record);
  assert.ok(call.legs !== undefined);
  stage.calls.splice(0, stage.calls.length, call);
  return call;
}

describe('an answered call', () => {
  for (const direction of ['toXmpp', 'toSip'] as const) {
    for (const proposed of [true, false]) {
      test(`${direction}, ${proposed ? 'with' : 'without'} a proposal: goes on, and ends`, () => {
        const stage = new Stage();
        const call = restarted(stage, kept(stage, direction, proposed));
        stage.acts({ action: 'session-info', infos: [rtpInfoElement({ kind: 'hold' })] }, 's');
        assert.deepEqual([stage.words(), call.sip], [[`result > ${DESK}`], ['change']]);
        call.take({ kind: 'unchanged', status: 488 });
        stage.presence(`type='unavailable'`);
        stage.presence('');
        assert.deepEqual(stage.sessions.restore(call, kept(new Stage(), direction, proposed)), undefined);
        call.take({ kind: 'sipEnded', end: { cause: 'hungUp', by: 'peer' } });
        const finish = proposed ? [`finish success > ${DESK}`] : [];
        assert.deepEqual(stage.words(), [`session-terminate success > ${DESK}`, ...finish]);
        stage.assertOver();
      });
    }
  }

  test('what it has to say after the restart is answered as before', () => {
    const stage = new Stage();
    const call = restarted(stage, kept(stage, 'toSip', true));
    stage.acts(bye, 's', `${JULIET}/other`);
    stage.acts(bye, 's');
    assert.deepEqual(stage.words(), [
      `error item-not-found unknown-session > ${JULIET}/other`,
      `result > ${DESK}`,
      `finish success > ${DESK}`,
    ]);
    assert.deepEqual(call.outcomes, [{ kind: 'ended', by: 'xmpp' }]);
    stage.assertOver();
  });
});

describe('a call that rang', () => {
  const record = (
    direction: 'toXmpp' | 'toSip',
    session: boolean,
    initiation: boolean,
    peer = DESK,
  ): RingingCallRecord => ({
    ...{ kind: 'ringing', node: 'gw1', direction, legs: { sip: false, session, initiation } },
    xmpp: {
      ...{ role: direction === 'toXmpp' ? 'initiator' : 'responder', sid: 's', self: PHONE, peer },
      proposed: initiation,
    },
  });
  const cases: readonly [string, RingingCallRecord, readonly string[]][] = [
    ['proposed to all', record('toXmpp', false, true, JULIET), [`retract general-error > ${JULIET}`]],
    [
      'at a device that proceeded',
      record('toXmpp', true, true),
      [`session-terminate general-error > ${DESK}`, `finish general-error > ${DESK}`],
    ],
    ['without a proposal', record('toXmpp', true, false), [`session-terminate general-error > ${DESK}`]],
    ['proceeded, without a session', record('toSip', false, true), [`reject general-error > ${DESK}`]],
    [
      'the phone rang',
      record('toSip', true, true),
      [`session-terminate general-error > ${DESK}`, `finish general-error > ${DESK}`],
    ],
  ];
  for (const [name, ringing, expected] of cases) {
    test(`${name}: the client hears that it is over`, () => {
      const stage = new Stage();
      const call = new StageCall(stage.time, ringing.direction);
      const { state, effects } = interruptedCall(ringing);
      call.state = state;
      call.legs = stage.sessions.restore(call, ringing);
      stage.calls.push(call);
      for (const effect of effects) call.run(effect);
      assert.deepEqual(stage.words(), expected);
      stage.assertOver();
    });
  }
});
