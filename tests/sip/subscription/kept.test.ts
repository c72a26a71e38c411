// What is kept of a subscription, and how it is read back (RFC 6665 §4.4.1).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isKeptSubscription, keptState, type KeptSubscription } from '../../../src/sip/index.ts';
import { stepSubscription } from '../../../src/sip/subscription/subscription.ts';

const KEPT: KeptSubscription = {
  dialog: {
    callId: 'c',
    localTag: 'l',
    remoteTag: 'r',
    localUri: '<sip:juliet@example.com>',
    remoteUri: '<sip:romeo@example.net>',
    localSeq: 3,
    remoteTarget: 'sip:romeo@192.0.2.1',
    routeSet: ['<sip:p.example.net;lr>'],
    secure: false,
  },
  state: 'active',
  asked: 3600,
  expiresMs: 1_700_000_000_000,
};

test('it goes on as it was: refreshed, ended, told', () => {
  const state = keptState(KEPT);
  assert.equal(state.name, 'active');
  assert.deepEqual(stepSubscription(state, { kind: 'timerRefresh' }).effects, [
    { kind: 'send', expires: 3600 },
  ]);
  assert.deepEqual(stepSubscription(state, { kind: 'unsubscribe' }).effects, [{ kind: 'send', expires: 0 }]);
  assert.equal(keptState({ ...KEPT, state: 'pending' }).name, 'pending');
});

describe('read with suspicion', () => {
  test('as it was written', () => {
    assert.ok(isKeptSubscription(JSON.parse(JSON.stringify(KEPT))));
    assert.ok(isKeptSubscription({ ...KEPT, dialog: { ...KEPT.dialog, remoteSeq: 7 } }));
  });
  const { dialog } = KEPT;
  for (const [what, value] of [
    ['nothing', undefined],
    ['a text', 'x'],
    ['no dialog', { ...KEPT, dialog: null }],
    ['a state that is over', { ...KEPT, state: 'terminated' }],
    ['a time in words', { ...KEPT, expiresMs: 'soon' }],
    ['no duration', { ...KEPT, asked: undefined }],
    ['no Call-ID', { ...KEPT, dialog: { ...dialog, callId: undefined } }],
    ['a CSeq in words', { ...KEPT, dialog: { ...dialog, localSeq: '3' } }],
    ['a remote CSeq in words', { ...KEPT, dialog: { ...dialog, remoteSeq: '3' } }],
    ['routes that are none', { ...KEPT, dialog: { ...dialog, routeSet: 'p' } }],
    ['secure in words', { ...KEPT, dialog: { ...dialog, secure: 'no' } }],
  ] as const) {
    test(what, () => assert.equal(isKeptSubscription(value), false));
  }
});
