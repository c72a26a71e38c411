// Records of calls: an answered one goes on after a restart, one that rings is ended on both sides.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  CALLS,
  interruptedCall,
  keptCall,
  restoredCall,
  restoredInitiationOf,
  restoredSessionOf,
  type AnsweredCallRecord,
  type RingingCallRecord,
} from '../../../src/interwork/call/index.ts';
import { formatSdp } from '../../../src/sdp/index.ts';
import type { KeptSession } from '../../../src/sip/index.ts';
import { initialSession, stepInitiation, stepSession, type SessionState } from '../../../src/xmpp/index.ts';
import { CALLER, contentOf, DESK, SID } from './call-play.ts';
import { callIn, jingle, words, type Call } from './call-states.ts';

const SIP: KeptSession = {
  ...{ version: 1, owner: false, update: true },
  dialog: {
    ...{ callId: 'c', localTag: 'l', remoteTag: 'r', localSeq: 3, remoteSeq: 7, secure: false },
    ...{ localUri: '<sip:juliet@example.com>', remoteUri: '<sip:romeo@example.net>' },
    ...{ remoteTarget: 'sip:romeo@192.0.2.1', routeSet: ['<sip:p.example.net;lr>'] },
  },
};

const session = (contents: SessionState['contents']): SessionState => ({
  ...initialSession({ role: 'initiator', sid: SID, self: CALLER, peer: DESK }),
  ...{ phase: 'active', contents },
});
const VOICE = { name: '0', creator: 'initiator', status: 'agreed', senders: 'both' } as const;

function kept(call: Call, contents: SessionState['contents'] = [VOICE]): AnsweredCallRecord {
  const record = keptCall(call.state, { node: 'gw1', sip: SIP, session: session(contents), proposed: true });
  assert.ok(record !== undefined);
  return record;
}

describe('an answered call', () => {
  test('goes on as it was: the next offer says the same, with the same o=', () => {
    const call = callIn('up');
    const before = call.state.sent;
    const restored = restoredCall(kept(call));
    assert.ok(restored !== undefined && before !== undefined);
    assert.deepEqual(restored.effects, []);
    const again = callIn('up');
    again.state = restored.state;
    const [offer] = again.step({ kind: 'offerDue' });
    assert.ok(offer?.kind === 'offer');
    assert.equal(formatSdp(offer.description), formatSdp(before));
    const ended = again.step({ kind: 'sipEnded', end: { cause: 'hungUp', by: 'peer' } });
    assert.deepEqual(words(ended), ['session-terminate success', 'leave success', '= ended sip']);
  });

  test('what waits for a decision is refused (CALL-14, CALL-18), and a change without an answer is undone', () => {
    const call = callIn('up');
    const { transport } = contentOf('0', 'initiator', 'audio', { ufrag: 'mov1' });
    call.step(jingle('content-add', [contentOf('cam', 'responder', 'video')]));
    call.step(jingle('transport-replace', [{ name: '0', creator: 'initiator', transport }]));
    call.step({ kind: 'offerDue' });
    const record = kept(call, [
      { ...VOICE, replacing: 'responder' },
      { name: 'cam', creator: 'responder', status: 'adding', senders: 'both' },
      { name: 'mine', creator: 'initiator', status: 'adding', senders: 'both' },
    ]);
    const restored = restoredCall(record);
    assert.ok(restored !== undefined);
    assert.deepEqual(words(restored.effects), [
      ...['content-reject failed-application', 'content-remove failed-application', 'transport-reject'],
    ]);
    const [content] = restored.state.contents;
    assert.ok(content?.transport?.kind === 'ice-udp');
    assert.equal(content.transport.ufrag, 'xmpp');
    assert.equal(restored.state.table.length, 1);
  });

  test('its session and its proposal go on: a session-terminate is taken, and finish is sent (CALL-99)', () => {
    const record = kept(callIn('up'));
    const state = restoredSessionOf(record);
    const ended = stepSession(state, {
      ...{ kind: 'received', id: 'a' },
      jingle: { action: 'session-terminate', sid: SID, contents: [], groups: [], infos: [] },
    });
    assert.deepEqual(
      ended.effects.map(({ kind }) => kind),
      ['acknowledge', 'end'],
    );
    const initiation = restoredInitiationOf(record);
    assert.ok(initiation !== undefined);
    const [finish] = stepInitiation(initiation, { kind: 'leave', reason: { condition: 'success' } }).effects;
    assert.ok(finish?.kind === 'send' && finish.to === DESK && finish.initiation.kind === 'finish');
  });

  test('no call before its answer', () => {
    const { state } = callIn('initiating');
    const legs = { node: 'gw1', sip: SIP, session: session([]), proposed: true };
    assert.equal(keptCall(state, legs), undefined);
  });

  test('a description that cannot be read any more is no call', () => {
    assert.equal(restoredCall({ ...kept(callIn('up')), local: 'v=1' }), undefined);
    assert.equal(restoredCall({ ...kept(callIn('up')), contents: '<jingle' }), undefined);
  });
});

const RINGING: RingingCallRecord = {
  ...{ kind: 'ringing', node: 'gw1', direction: 'toXmpp' },
  legs: { sip: true, session: false, initiation: true },
  xmpp: { role: 'initiator', sid: SID, self: CALLER, peer: 'juliet@capulet.example', proposed: true },
  invite: {
    ...{ kind: 'received', head: 'INVITE sip:juliet@capulet.example SIP/2.0\r\n\r\n', toTag: 'gw' },
    source: { transport: 'UDP', remoteAddress: '192.0.2.7', remotePort: 5060 },
    local: { address: '198.51.100.1', port: 5060 },
  },
};

describe('a call that rings', () => {
  for (const [name, record, expected] of [
    ['proposed', RINGING, ['endSip 500 cause 500', 'leave general-error', '= failed gateway 500 restart']],
    [
      'with a session, to a SIP user',
      { ...RINGING, direction: 'toSip', legs: { sip: true, session: true, initiation: false } } as const,
      ['endSip 500 cause 500', 'session-terminate general-error', '= failed gateway 500 restart'],
    ],
  ] as const) {
    test(`${name}: a restart ends it on both sides, with a reason, and tells its outcome`, () => {
      const { effects, state } = interruptedCall(record);
      assert.deepEqual(words(effects), expected);
      assert.equal(state.phase, 'ended');
    });
  }
});

describe('what is stored', () => {
  const records = [kept(callIn('up')), RINGING];

  test('comes back as it was, and is found by its node', () => {
    for (const record of records) {
      assert.deepEqual(CALLS.decode(1, CALLS.encode(record)), record);
      assert.equal(CALLS.indexes['node']?.(record), 'gw1');
    }
  });

  for (const record of records) {
    test(`${record.kind}: anything else is refused`, () => {
      for (const name of Object.keys(record)) {
        const broken: unknown = { ...record, [name]: 7.5 };
        assert.throws(() => CALLS.decode(1, JSON.stringify(broken)), TypeError, name);
      }
      assert.throws(() => CALLS.decode(2, CALLS.encode(record)), RangeError);
      assert.throws(() => CALLS.decode(1, 'null'), TypeError);
    });
  }
});
