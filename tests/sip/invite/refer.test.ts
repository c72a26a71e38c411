// REFER from both sides, every state with every event (RFC 3515 §2.4, RFC 4488), and the fragments that tell how it goes.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { latin1Bytes, latin1Text } from '../../../src/base/index.ts';
import {
  BEGIN_REFERRER,
  beginReferred,
  stepReferred,
  stepReferrer,
  type ReferredEvent,
  type ReferredState,
  type ReferrerEvent,
  type ReferrerState,
} from '../../../src/sip/invite/refer.ts';
import { formatSipfrag, parseSipfrag } from '../../../src/sip/invite/sipfrag.ts';
import { play, told } from './rig.ts';

describe('we are referred', () => {
  const states: Record<string, ReferredState> = {
    asked: beginReferred(5),
    working: { name: 'working', status: 100, subscribed: true },
    'working, ringing': { name: 'working', status: 180, subscribed: true },
    'working, not subscribed': { name: 'working', status: 100, subscribed: false },
    over: { name: 'over' },
  };
  const events: Record<string, ReferredEvent> = {
    accept: { kind: 'accept', subscription: true },
    'accept, no subscription': { kind: 'accept', subscription: false },
    'decline 603': { kind: 'decline', status: 603 },
    'decline 200': { kind: 'decline', status: 200 },
    '100': { kind: 'outcome', status: 100 },
    '180': { kind: 'outcome', status: 180 },
    '200': { kind: 'outcome', status: 200 },
    '486': { kind: 'outcome', status: 486 },
    unsubscribed: { kind: 'unsubscribed' },
    sessionEnded: { kind: 'sessionEnded' },
  };
  const expected: Record<string, Record<string, string>> = {
    asked: {
      // §2.4.2: 202; §2.4.4: "an immediate NOTIFY"; §2.4.5: 100 Trying.
      accept: 'reply 5 202, subscribe 300 100',
      // RFC 4488 §4.
      'accept, no subscription': 'reply 5 200 noSubscription',
      'decline 603': 'reply 5 603',
      sessionEnded: 'reply 5 487',
    },
    working: { '180': 'notify 180', '200': 'finish 200', '486': 'finish 486', unsubscribed: '' },
    'working, ringing': { '180': '', '200': 'finish 200', '486': 'finish 486', unsubscribed: '' },
    'working, not subscribed': { '180': '', '200': '', '486': '' },
    over: {},
  };
  for (const [name, state] of Object.entries(states)) {
    for (const [label, event] of Object.entries(events)) {
      test(`${name}: ${label}`, () =>
        assert.equal(told(state, stepReferred(state, event)), expected[name]?.[label] ?? '-'));
    }
  }
  test('§2.4.4: nobody is told after the subscription ended, and the reference goes on', () => {
    play(beginReferred(5), stepReferred, [
      [{ kind: 'accept', subscription: true }, 'reply 5 202, subscribe 300 100'],
      [{ kind: 'unsubscribed' }, ''],
      [{ kind: 'outcome', status: 180 }, ''],
      [{ kind: 'outcome', status: 200 }, ''],
      [{ kind: 'outcome', status: 200 }, '-'],
    ]);
  });
});

describe('we refer', () => {
  const states: Record<string, ReferrerState> = {
    asking: BEGIN_REFERRER,
    'asking, told': { name: 'asking', told: true },
    following: { name: 'following', told: false },
    'following, told': { name: 'following', told: true },
    over: { name: 'over' },
  };
  const notify = (status: number | undefined, terminated: boolean): ReferrerEvent => ({
    kind: 'notify',
    cseq: 3,
    terminated,
    ...(status === undefined ? {} : { status }),
  });
  const events: Record<string, ReferrerEvent> = {
    '202': { kind: 'accepted', subscription: true },
    '200 without subscription': { kind: 'accepted', subscription: false },
    '603': { kind: 'refused', status: 603 },
    timeout: { kind: 'failed', reason: 'timeout' },
    'NOTIFY 100': notify(100, false),
    'NOTIFY 180': notify(180, false),
    'NOTIFY 200': notify(200, false),
    'NOTIFY 200 terminated': notify(200, true),
    'NOTIFY 486 terminated': notify(486, true),
    'NOTIFY 300': notify(300, false),
    'NOTIFY terminated without a fragment': notify(undefined, true),
    'NOTIFY 100 terminated': notify(100, true),
    timerWait: { kind: 'timerWait' },
  };
  const early = {
    // §2.4.4: "MUST be prepared to receive a NOTIFY before the REFER transaction completes".
    'NOTIFY 100': 'reply 3 200',
    'NOTIFY 180': 'reply 3 200, progress 180',
  };
  const expected: Record<string, Record<string, string>> = {
    asking: {
      ...early,
      '202': 'wait 300',
      '200 without subscription': 'ended {unknown}',
      '603': 'ended {refused 603}',
      timeout: 'ended {unsent timeout}',
      'NOTIFY 200': 'reply 3 200, ended {succeeded}',
      'NOTIFY 300': 'reply 3 200, ended {failed 300}',
      'NOTIFY 200 terminated': 'reply 3 200, ended {succeeded}',
      'NOTIFY 486 terminated': 'reply 3 200, ended {failed 486}',
      'NOTIFY terminated without a fragment': 'reply 3 200, ended {unknown}',
      // "terminate the subscription with this initial NOTIFY".
      'NOTIFY 100 terminated': 'reply 3 200, ended {unknown}',
    },
    'asking, told': {
      ...early,
      '202': 'wait 300',
      '200 without subscription': '',
      '603': '',
      timeout: '',
      'NOTIFY 200': 'reply 3 200',
      'NOTIFY 300': 'reply 3 200',
      'NOTIFY 200 terminated': 'reply 3 200',
      'NOTIFY 486 terminated': 'reply 3 200',
      'NOTIFY terminated without a fragment': 'reply 3 200',
      'NOTIFY 100 terminated': 'reply 3 200',
    },
    following: {
      ...early,
      'NOTIFY 200': 'reply 3 200, ended {succeeded}',
      'NOTIFY 300': 'reply 3 200, ended {failed 300}',
      'NOTIFY 200 terminated': 'reply 3 200, ended {succeeded}, stopWait',
      'NOTIFY 486 terminated': 'reply 3 200, ended {failed 486}, stopWait',
      'NOTIFY terminated without a fragment': 'reply 3 200, ended {unknown}, stopWait',
      'NOTIFY 100 terminated': 'reply 3 200, ended {unknown}, stopWait',
      timerWait: 'ended {unknown}',
    },
    'following, told': {
      ...early,
      'NOTIFY 200': 'reply 3 200',
      'NOTIFY 300': 'reply 3 200',
      'NOTIFY 200 terminated': 'reply 3 200, stopWait',
      'NOTIFY 486 terminated': 'reply 3 200, stopWait',
      'NOTIFY terminated without a fragment': 'reply 3 200, stopWait',
      'NOTIFY 100 terminated': 'reply 3 200, stopWait',
      timerWait: '',
    },
    over: Object.fromEntries(
      Object.keys(events)
        .filter((name) => name.startsWith('NOTIFY'))
        .map((name) => [name, 'reply 3 481']),
    ),
  };
  for (const [name, state] of Object.entries(states)) {
    for (const [label, event] of Object.entries(events)) {
      test(`${name}: ${label}`, () =>
        assert.equal(told(state, stepReferrer(state, event)), expected[name]?.[label] ?? '-'));
    }
  }
});

describe('RFC 3515 §2.4.5: fragments', () => {
  const cases: readonly (readonly [number, string])[] = [
    [100, 'SIP/2.0 100 Trying'],
    [200, 'SIP/2.0 200 OK'],
    [503, 'SIP/2.0 503 Service Unavailable'],
  ];
  for (const [status, line] of cases) {
    test(line, () => {
      assert.equal(latin1Text(formatSipfrag(status)), `${line}\r\n`);
      const read = parseSipfrag(formatSipfrag(status));
      assert.ok(read.ok);
      assert.equal(read.value.status, status);
    });
  }
  test('603 as the document has it, without a line end, with more behind it', () => {
    for (const text of [
      'SIP/2.0 603 Declined',
      'SIP/2.0 603 Declined\nTo: <sip:a@b>',
      'sip/2.0 603 Declined\r\n',
    ]) {
      assert.deepEqual(parseSipfrag(latin1Bytes(text)), {
        ok: true,
        value: { status: 603, reason: 'Declined' },
      });
    }
    assert.deepEqual(parseSipfrag(latin1Bytes('SIP/2.0 200')), {
      ok: true,
      value: { status: 200, reason: '' },
    });
  });
  for (const text of [
    '',
    'SIP/2.0',
    'SIP/2.0 20 OK',
    'SIP/2.0 700 No',
    'INVITE sip:a@b SIP/2.0',
    ' SIP/2.0 200 OK',
  ]) {
    test(`no status line: "${text}"`, () => {
      const read = parseSipfrag(latin1Bytes(text));
      assert.equal(read.ok ? 'ok' : read.error.code, 'ERR_SIP_SIPFRAG');
    });
  }
});
