// A call that rang before a restart: its media relay forgets it, and without its INVITE the SIP leg has nothing to say.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog, VirtualTime } from '../../../src/base/index.ts';
import type { CallEnv } from '../../../src/gateway/calls/call-types.ts';
import type { KeptPath, MediaPath } from '../../../src/gateway/calls/media-path.ts';
import { StoredCalls, type StoredCallsEnv } from '../../../src/gateway/calls/stored-calls.ts';
import type { CallOutcome, RingingCallRecord } from '../../../src/interwork/call/index.ts';

const PATH: KeptPath = {
  ...{ instance: '10.0.0.7:2223', callId: 'c', xmppTag: 'x', sipTag: 's', profile: 'webrtc-to-rtp' },
};

const RECORD: RingingCallRecord = {
  ...{ kind: 'ringing', node: 'gw1', direction: 'toSip' },
  legs: { sip: true, session: false, initiation: false },
  xmpp: {
    role: 'responder',
    ...{ sid: 'sid', self: 'romeo@sip.example/sip', peer: 'juliet@capulet.example/desk', proposed: false },
  },
};

interface Heard {
  readonly outcomes: CallOutcome[];
  readonly released: string[];
  over: number;
}

function restored(record: RingingCallRecord): Heard {
  const time = new VirtualTime();
  const heard: Heard = { outcomes: [], released: [], over: 0 };
  const path = (kept: KeptPath): MediaPath => ({
    mayRelay: true,
    fromSip: () => assert.fail('nothing is described any more'),
    toSip: () => assert.fail('nothing is described any more'),
    again: () => false,
    warning: () => undefined,
    kept: () => kept,
    end: () => void heard.released.push(kept.instance),
  });
  const legs = { command: () => {}, session: () => undefined, proposed: () => false, stop: () => {} };
  const env: StoredCallsEnv = {
    ...{ clock: time, node: 'gw1', records: undefined },
    relays: { begin: () => assert.fail('nothing begins'), restore: path },
    sip: {
      restore: () => assert.fail('it was not answered'),
      interrupted: () => assert.fail('nothing is known of an INVITE'),
    },
    xmpp: { restore: () => ({ ...legs, kept: () => RECORD.xmpp }) },
  };
  const callEnv: CallEnv = {
    ...{ clock: time, timers: time.timers, log: silentLog },
    surprised: () => assert.fail('a surprise'),
    choose: () => assert.fail('nothing begins'),
    keep: () => {},
    ended: (_call, outcome) => void heard.outcomes.push(outcome),
    over: () => void heard.over++,
  };
  const made = new StoredCalls(env).make(callEnv, 'one', record);
  assert.ok(made.begin);
  made.begin();
  return heard;
}

test('its outcome is told once, and nothing is left', () => {
  const { outcomes, released, over } = restored(RECORD);
  assert.deepEqual(outcomes, [{ kind: 'failed', side: 'gateway', status: 500, why: 'restart' }]);
  assert.deepEqual([released, over], [[], 1]);
});

test('the relay that has its media is told', () => {
  assert.deepEqual(restored({ ...RECORD, path: JSON.stringify(PATH) }).released, ['10.0.0.7:2223']);
  assert.deepEqual(restored({ ...RECORD, path: 'of no use' }).released, []);
});
