// Session timers: who asks, who refreshes, and when (RFC 4028 §7, §9 table 2, §10, §11.1).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  answerTimer,
  endDelayMs,
  expiresOfRequest,
  refreshDelayOf,
  timerOfAnswer,
  timerOfResponse,
  type TimerAnswer,
  type TimerOffer,
  type TimerPolicy,
} from '../../../src/sip/invite/session-timer.ts';

const FOLLOW: TimerPolicy = { interval: undefined, minSe: 90 };
const timer = (seconds: number, refresher: 'uac' | 'uas', require: boolean): TimerAnswer => ({
  kind: 'timer',
  expires: { seconds, refresher },
  require,
});

describe('RFC 4028 §9', () => {
  const cases: readonly (readonly [string, TimerOffer, TimerPolicy, TimerAnswer])[] = [
    // Table 2; "N uac" and "N uas" are disallowed by the protocol, and the UAS does it then, too.
    ['N none', { supported: false, expires: { seconds: 1800 } }, FOLLOW, timer(1800, 'uas', false)],
    [
      'N uac',
      { supported: false, expires: { seconds: 1800, refresher: 'uac' } },
      FOLLOW,
      timer(1800, 'uas', false),
    ],
    ['Y none', { supported: true, expires: { seconds: 1800 } }, FOLLOW, timer(1800, 'uac', true)],
    [
      'Y uac',
      { supported: true, expires: { seconds: 1800, refresher: 'uac' } },
      FOLLOW,
      timer(1800, 'uac', true),
    ],
    [
      'Y uas',
      { supported: true, expires: { seconds: 1800, refresher: 'uas' } },
      FOLLOW,
      timer(1800, 'uas', true),
    ],
    [
      '§13: "copies the Session-Expires header"',
      { supported: true, expires: { seconds: 4000 }, minSe: 4000 },
      FOLLOW,
      timer(4000, 'uac', true),
    ],
    ['too small', { supported: true, expires: { seconds: 89 } }, FOLLOW, { kind: 'tooSmall', minSe: 90 }],
    ['as small as may be', { supported: true, expires: { seconds: 90 } }, FOLLOW, timer(90, 'uac', true)],
    [
      'too small for us',
      { supported: true, expires: { seconds: 599 } },
      { interval: undefined, minSe: 600 },
      { kind: 'tooSmall', minSe: 600 },
    ],
    // A 422 would be of no use to it (§8.1), and the interval may not be raised.
    ['too small, and no support', { supported: false, expires: { seconds: 30 } }, FOLLOW, { kind: 'none' }],
    [
      'reduced',
      { supported: true, expires: { seconds: 7200 } },
      { interval: 1800, minSe: 90 },
      timer(1800, 'uac', true),
    ],
    [
      'reduced not below Min-SE',
      { supported: true, expires: { seconds: 7200 }, minSe: 3600 },
      { interval: 1800, minSe: 90 },
      timer(3600, 'uac', true),
    ],
    [
      'never increased',
      { supported: true, expires: { seconds: 1000 }, minSe: 1000 },
      { interval: 1800, minSe: 90 },
      timer(1000, 'uac', true),
    ],
    ['not asked, and we want none', { supported: true }, FOLLOW, { kind: 'none' }],
    [
      'not asked, and we want one',
      { supported: true },
      { interval: 1800, minSe: 90 },
      timer(1800, 'uac', true),
    ],
    [
      'not asked, Min-SE above ours',
      { supported: true, minSe: 3600 },
      { interval: 1800, minSe: 90 },
      timer(3600, 'uac', true),
    ],
    // §4: "it works even when only one UA supports it", and then that one refreshes.
    ['no support, not asked', { supported: false }, { interval: 1800, minSe: 90 }, timer(1800, 'uas', false)],
    ['no support, not asked, and no wish of ours', { supported: false }, FOLLOW, { kind: 'none' }],
  ];
  for (const [name, offer, policy, expected] of cases) {
    test(name, () => assert.deepEqual(answerTimer(offer, policy), expected));
  }
  test('whatever is asked, the answer is within the bounds of the clause', () => {
    const seconds = fc.integer({ min: 0, max: 100_000 });
    fc.assert(
      fc.property(
        fc.boolean(),
        seconds,
        fc.option(seconds, { nil: undefined }),
        fc.option(seconds, { nil: undefined }),
        fc.integer({ min: 90, max: 5000 }),
        (supported, asked, minSe, interval, ours) => {
          const answer = answerTimer(
            { supported, expires: { seconds: asked }, minSe },
            { interval, minSe: ours },
          );
          if (answer.kind === 'timer') {
            assert.ok(answer.expires.seconds <= asked, 'MUST NOT increase');
            assert.ok(answer.expires.seconds >= Math.min(asked, minSe ?? 90), 'MUST NOT … lower than Min-SE');
            assert.ok(answer.expires.seconds >= 90);
          } else if (answer.kind === 'tooSmall') {
            assert.ok(supported && asked < answer.minSe && answer.minSe >= 90);
          } else assert.ok(!supported);
        },
      ),
    );
  });
  test('the timer of our 2xx', () => {
    assert.deepEqual(timerOfAnswer(timer(1800, 'uac', true)), { interval: 1800, refresher: 'peer' });
    assert.deepEqual(timerOfAnswer(timer(1800, 'uas', true)), { interval: 1800, refresher: 'us' });
    assert.equal(timerOfAnswer({ kind: 'none' }), undefined);
    assert.equal(timerOfAnswer({ kind: 'tooSmall', minSe: 90 }), undefined);
  });
});

describe('RFC 4028 §7.2: a 2xx to us', () => {
  const asked = { seconds: 1800 };
  const cases: readonly (readonly [string, ReturnType<typeof timerOfResponse>, object | undefined])[] = [
    ['uac', timerOfResponse(asked, { seconds: 4000, refresher: 'uac' }), { interval: 4000, refresher: 'us' }],
    [
      'uas',
      timerOfResponse(asked, { seconds: 4000, refresher: 'uas' }),
      { interval: 4000, refresher: 'peer' },
    ],
    [
      'not asked',
      timerOfResponse(undefined, { seconds: 600, refresher: 'uac' }),
      { interval: 600, refresher: 'us' },
    ],
    ['the peer knows no timers', timerOfResponse(asked, undefined), { interval: 1800, refresher: 'us' }],
    ['none at all', timerOfResponse(undefined, undefined), undefined],
    ['without a refresher', timerOfResponse(asked, { seconds: 600 }), { interval: 600, refresher: 'us' }],
    [
      '§11.1: a rogue',
      timerOfResponse(asked, { seconds: 1, refresher: 'uac' }),
      { interval: 90, refresher: 'us' },
    ],
  ];
  for (const [name, actual, expected] of cases) test(name, () => assert.deepEqual(actual, expected));
});

test('§7.4: the interval goes on, not below Min-SE, and the role does not change', () => {
  assert.deepEqual(expiresOfRequest({ interval: 4000, refresher: 'us' }, undefined), {
    seconds: 4000,
    refresher: 'uac',
  });
  assert.deepEqual(expiresOfRequest({ interval: 4000, refresher: 'peer' }, 5000), {
    seconds: 5000,
    refresher: 'uas',
  });
  assert.deepEqual(expiresOfRequest({ interval: 50, refresher: 'us' }, undefined), {
    seconds: 90,
    refresher: 'uac',
  });
  assert.equal(expiresOfRequest(undefined, 5000), undefined);
});

describe('§7.2, §10: times', () => {
  test('refresh at half', () => {
    assert.equal(refreshDelayOf({ interval: 4000, refresher: 'us' }, 0), 2_000_000);
    assert.equal(refreshDelayOf({ interval: 90, refresher: 'us' }, 0), 45_000);
    assert.equal(refreshDelayOf({ interval: 90, refresher: 'us' }, 2), undefined);
  });
  test('end "The minimum of 32 seconds and one third of the session interval" before the expiry', () => {
    assert.equal(endDelayMs({ interval: 4000, refresher: 'peer' }), 3_968_000);
    assert.equal(endDelayMs({ interval: 90, refresher: 'peer' }), 60_000);
    assert.equal(endDelayMs({ interval: 96, refresher: 'peer' }), 64_000);
  });
});
