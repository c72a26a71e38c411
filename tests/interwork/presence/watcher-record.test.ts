import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  stateAfterRestart,
  watcherKey,
  WATCHERS,
  type WatcherRecord,
} from '../../../src/interwork/presence/index.ts';

const RECORD: WatcherRecord = {
  node: 'gw1',
  user: 'juliet@example.com',
  contact: 'romeo@example.net',
  authorization: 'authorized',
  wanted: true,
  due: 'subscribed',
  resources: ['orchard', ''],
  subscriptions: [
    {
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
    },
  ],
};

describe('the record of a watcher', () => {
  test('is read as it was written', () => {
    assert.deepEqual(WATCHERS.decode(1, WATCHERS.encode(RECORD)), RECORD);
    const { due: _, ...settled } = RECORD;
    assert.deepEqual(WATCHERS.decode(1, WATCHERS.encode(settled)), settled);
  });

  test('of a newer version is not read', () => {
    assert.throws(() => WATCHERS.decode(2, WATCHERS.encode(RECORD)), RangeError);
  });

  const [kept] = RECORD.subscriptions;
  for (const [what, broken] of [
    ['no object', 7],
    ['null', null],
    ['another authorization', { ...RECORD, authorization: 'maybe' }],
    ['no user', { ...RECORD, user: undefined }],
    ['another due', { ...RECORD, due: 'unavailable' }],
    ['wanted in words', { ...RECORD, wanted: 'yes' }],
    ['resources that are none', { ...RECORD, resources: [1] }],
    ['a subscription that is none', { ...RECORD, subscriptions: [null] }],
    ['a subscription in no state', { ...RECORD, subscriptions: [{ ...kept, state: 'terminated' }] }],
    [
      'a dialog without a target',
      { ...RECORD, subscriptions: [{ ...kept, dialog: { ...kept?.dialog, remoteTarget: 1 } }] },
    ],
    [
      'a dialog with a broken route',
      { ...RECORD, subscriptions: [{ ...kept, dialog: { ...kept?.dialog, routeSet: [1] } }] },
    ],
  ] as const) {
    test(`${what}: passed over`, () => {
      assert.throws(() => WATCHERS.decode(1, JSON.stringify(broken)), TypeError);
    });
  }

  test('is found by its node', () => assert.equal(WATCHERS.indexes['node']?.(RECORD), 'gw1'));

  test('has a key of 1024 octets at most, also for the longest addresses (RFC 7622 §3.1)', () => {
    const part = 'ü'.repeat(511);
    const long = watcherKey(`${part}@${part}`, `${part}@${part}`);
    assert.ok(Buffer.byteLength(long) <= 1024);
    assert.notEqual(long, watcherKey(`${part}@${part}`, `${part}@${part}x`));
    assert.equal(watcherKey('a@b', 'c@d'), 'a@b c@d');
  });

  for (const [authorization, restored, state] of [
    ['asked', undefined, 'asked'],
    ['asked', 'pending', 'pending'],
    ['asked', 'active', 'pending'],
    ['authorized', undefined, 'authorized'],
    ['authorized', 'pending', 'resubscribing'],
    ['authorized', 'active', 'active'],
    ['closing', undefined, 'closing'],
    ['closing', 'active', 'closing'],
    ['over', undefined, 'none'],
  ] as const) {
    test(`${authorization}, its subscription ${restored ?? 'gone'}: ${state} after a restart`, () =>
      assert.equal(stateAfterRestart({ ...RECORD, authorization }, restored), state));
  }
});
