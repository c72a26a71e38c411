// An established session beyond a restart: what is kept, how it is read back, and what its timers do then (RFC 4028 §10).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { beginChanges } from '../../../src/sip/invite/changes.ts';
import {
  isKeptSession,
  keptSession,
  restoredSession,
  type KeptSession,
} from '../../../src/sip/invite/kept.ts';
import { beginSession, stepSession } from '../../../src/sip/invite/session.ts';
import { play, told } from './rig.ts';

const dialog = {
  callId: 'c',
  localTag: 'l',
  remoteTag: 'r',
  localUri: '<sip:juliet@example.com>',
  remoteUri: '<sip:romeo@example.net>',
  localSeq: 3,
  remoteSeq: 7,
  remoteTarget: 'sip:romeo@192.0.2.1',
  routeSet: ['<sip:p.example.net;lr>'],
  secure: false,
};
const AT = 1_700_000_000_000;
const KEPT: KeptSession = {
  version: 1,
  dialog,
  owner: false,
  update: true,
  timer: { interval: 1800, refresher: 'us' },
  refreshedMs: AT,
  minSe: 120,
};

test('a session is kept, and goes on with what was agreed', () => {
  const changes = beginChanges('confirmed', false, 'agreed');
  const { state } = beginSession({ changes, timer: KEPT.timer, minSe: 120, update: true });
  assert.equal(state.name, 'open');
  const busy = stepSession(state, {
    kind: 'change',
    event: { kind: 'want', change: { method: 'INVITE', offer: true } },
  }).state;
  assert.equal(busy.name, 'open');
  // What is under way is not kept.
  assert.deepEqual(keptSession(busy, dialog, AT), KEPT);
  const back = restoredSession(JSON.parse(JSON.stringify(KEPT)), AT);
  assert.deepEqual(back.state, state);
});

describe('the timers go on where the clock stands', () => {
  const cases: readonly (readonly [string, KeptSession, number, string])[] = [
    ['at once', KEPT, 0, 'schedule 1768000 900000'],
    ['after 10 minutes', KEPT, 600_000, 'schedule 1168000 300000'],
    ['the refresh is overdue', KEPT, 1_000_000, 'schedule 768000 0'],
    ['it expired', KEPT, 1_800_000, 'schedule 0 0'],
    ['the clock was set back', KEPT, -5000, 'schedule 1768000 900000'],
    [
      'the peer refreshes',
      { ...KEPT, timer: { interval: 1800, refresher: 'peer' } },
      68_000,
      'schedule 1700000',
    ],
    ['no timer', { version: 1, dialog, owner: true, update: false }, 5000, ''],
  ];
  for (const [name, kept, passed, expected] of cases) {
    test(name, () => {
      const back = restoredSession(kept, AT + passed);
      assert.equal(told(back.state, back), expected);
    });
  }
  test('one that expired ends with BYE', () => {
    play(restoredSession(KEPT, AT + 9_000_000).state, stepSession, [
      [{ kind: 'timerEnd' }, 'schedule, bye, ended {expired}'],
    ]);
  });
});

describe('read with suspicion', () => {
  const { timer: _timer, refreshedMs: _at, minSe: _min, ...bare } = KEPT;
  const good: readonly unknown[] = [KEPT, bare, { ...KEPT, dialog: { ...dialog, remoteSeq: undefined } }];
  for (const [n, value] of good.entries()) {
    test(`good ${n}`, () => assert.equal(isKeptSession(JSON.parse(JSON.stringify(value))), true));
  }
  const bad: readonly (readonly [string, unknown])[] = [
    ['nothing', null],
    ['a text', 'x'],
    ['another version', { ...KEPT, version: 2 }],
    ['no dialog', { ...KEPT, dialog: undefined }],
    ['a dialog without target', { ...KEPT, dialog: { ...dialog, remoteTarget: 5 } }],
    ['routes that are none', { ...KEPT, dialog: { ...dialog, routeSet: [1] } }],
    ['owner', { ...KEPT, owner: 'yes' }],
    ['update', { ...KEPT, update: undefined }],
    ['a timer without its time', { ...KEPT, refreshedMs: undefined }],
    ['a time without timer', { ...bare, refreshedMs: AT }],
    ['an interval of 0', { ...KEPT, timer: { interval: 0, refresher: 'us' } }],
    ['another refresher', { ...KEPT, timer: { interval: 90, refresher: 'uac' } }],
    ['a negative Min-SE', { ...KEPT, minSe: -1 }],
  ];
  for (const [name, value] of bad) test(name, () => assert.equal(isKeptSession(value), false));
});
