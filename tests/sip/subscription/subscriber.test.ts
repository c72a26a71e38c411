// The subscriber machine, the rules for asking again, and the times (RFC 6665 §4.1.2, §4.1.3).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { causeOf, retryAfterEnd, type End, type Retry } from '../../../src/sip/subscription/end.ts';
import {
  BEGIN_SUBSCRIBER,
  stepSubscriber,
  type SubscriberEvent,
  type SubscriberState,
} from '../../../src/sip/subscription/subscriber.ts';
import { refreshDelayMs, retryDelayMs } from '../../../src/sip/subscription/times.ts';

const subscribing = (subscriptions: number, failures = 0): SubscriberState => ({
  name: 'subscribing',
  subscriptions,
  failures,
});
const STATES: Record<string, SubscriberState> = {
  'subscribing 1': subscribing(1),
  'subscribing 1, failed 3': subscribing(1, 3),
  'subscribing 2': subscribing(2),
  waiting: { name: 'waiting', failures: 2 },
  'stopping 2': { name: 'stopping', subscriptions: 2 },
  'stopping 1': { name: 'stopping', subscriptions: 1 },
  over: { name: 'over' },
};
const ended = (retry: Retry, lastedMs = 0): SubscriberEvent => ({ kind: 'ended', retry, lastedMs });
const EVENTS: Record<string, SubscriberEvent> = {
  forked: { kind: 'forked' },
  'ended never': ended({ kind: 'never' }),
  'ended now': ended({ kind: 'now' }),
  'ended later': ended({ kind: 'later', atLeastSeconds: 7 }),
  'ended now, was good': ended({ kind: 'now' }, 60_000),
  'ended later, was good': ended({ kind: 'later', atLeastSeconds: 0 }, 60_000),
  'ended later, nearly good': ended({ kind: 'later', atLeastSeconds: 0 }, 59_999),
  retryDue: { kind: 'retryDue' },
  stop: { kind: 'stop' },
};
const ALL_ENDED = (line: string): Record<string, string> =>
  Object.fromEntries(
    Object.keys(EVENTS)
      .filter((name) => name.startsWith('ended'))
      .map((name) => [name, line]),
  );
/** What differs from "unexpected". */
const EXPECTED: Record<string, Record<string, string>> = {
  'subscribing 1': {
    forked: 'subscribing 2 0:',
    'ended never': 'over: over',
    'ended now': 'subscribing 1 1: subscribe',
    'ended later': 'waiting 1: wait 0 7',
    'ended now, was good': 'subscribing 1 1: subscribe',
    'ended later, was good': 'waiting 1: wait 0 0',
    'ended later, nearly good': 'waiting 1: wait 0 0',
    stop: 'stopping 1: unsubscribeAll',
  },
  'subscribing 1, failed 3': {
    forked: 'subscribing 2 3:',
    'ended never': 'over: over',
    'ended now': 'waiting 4: wait 3 0',
    'ended later': 'waiting 4: wait 3 7',
    'ended now, was good': 'subscribing 1 1: subscribe',
    'ended later, was good': 'waiting 1: wait 0 0',
    'ended later, nearly good': 'waiting 4: wait 3 0',
    stop: 'stopping 1: unsubscribeAll',
  },
  'subscribing 2': {
    ...ALL_ENDED('subscribing 1 0:'),
    forked: 'subscribing 3 0:',
    stop: 'stopping 2: unsubscribeAll',
  },
  waiting: { retryDue: 'subscribing 1 2: subscribe', stop: 'over: stopWaiting over' },
  'stopping 2': { ...ALL_ENDED('stopping 1:'), stop: 'stopping 2:' },
  'stopping 1': { ...ALL_ENDED('over: over'), stop: 'stopping 1:' },
  over: { stop: 'over:' },
};

function told(state: SubscriberState, event: SubscriberEvent): string {
  const transition = stepSubscriber(state, event);
  if (!transition.expected) {
    assert.equal(transition.state, state);
    return '-';
  }
  const next = Object.values(transition.state).join(' ');
  return `${next}: ${transition.effects.map((effect) => Object.values(effect).join(' ')).join(' ')}`.trim();
}

test('it begins with a SUBSCRIBE', () => {
  assert.deepEqual(BEGIN_SUBSCRIBER.state, subscribing(1));
  assert.deepEqual(BEGIN_SUBSCRIBER.effects, [{ kind: 'subscribe' }]);
});

for (const [name, state] of Object.entries(STATES)) {
  describe(name, () => {
    for (const [label, event] of Object.entries(EVENTS)) {
      test(label, () => assert.equal(told(state, event), EXPECTED[name]?.[label] ?? '-'));
    }
  });
}

describe('RFC 6665 §4.1.3: when to ask again', () => {
  const notified = (reason?: string, retryAfter?: number): End => ({
    cause: 'notified',
    ...(reason === undefined ? {} : { reason }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
  const later = (atLeastSeconds: number): Retry => ({ kind: 'later', atLeastSeconds });
  const refused = (status: number, retryAfter?: number): End => ({
    cause: 'refused',
    status,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
  const cases: readonly (readonly [string, End, Retry])[] = [
    ['deactivated: immediately, retry-after has no semantics', notified('deactivated', 900), { kind: 'now' }],
    ['timeout: immediately, retry-after has no semantics', notified('timeout', 900), { kind: 'now' }],
    ['probation', notified('probation'), later(0)],
    ['probation with retry-after', notified('probation', 900), later(900)],
    ['giveup', notified('giveup'), later(0)],
    ['giveup with retry-after', notified('giveup', 900), later(900)],
    ['rejected', notified('rejected', 1), { kind: 'never' }],
    ['noresource', notified('noresource', 1), { kind: 'never' }],
    ['invariant', notified('invariant', 1), { kind: 'never' }],
    ['no reason', notified(), later(0)],
    ['no reason with retry-after', notified(undefined, 900), later(900)],
    ['an unknown reason with retry-after', notified('new', 900), later(900)],
    ['left alone for more than a day', notified('probation', 86_401), { kind: 'never' }],
    ['489', refused(489), { kind: 'never' }],
    ['403', refused(403, 5), { kind: 'never' }],
    ['603', refused(603), { kind: 'never' }],
    ['423 that could not be met', refused(423), { kind: 'never' }],
    ['481', refused(481), { kind: 'now' }],
    ['404', refused(404), later(0)],
    ['503 with Retry-After', refused(503, 60), later(60)],
    ['no answer', { cause: 'failed', reason: 'timeout' }, later(0)],
    ['nowhere to send', { cause: 'failed', reason: 'unlocatable' }, later(0)],
    ['we stop', { cause: 'failed', reason: 'stopped' }, { kind: 'never' }],
    ['timer N', { cause: 'noNotify' }, later(0)],
    ['expired', { cause: 'expired' }, later(0)],
    ['unsubscribed', { cause: 'unsubscribed' }, { kind: 'never' }],
    ['fetched', { cause: 'fetched' }, { kind: 'never' }],
  ];
  for (const [what, end, retry] of cases) test(what, () => assert.deepEqual(retryAfterEnd(end), retry));

  test('who wanted the end, or had what he asked for', () => {
    assert.deepEqual(causeOf(refused(500), 'unsubscribe'), { cause: 'unsubscribed' });
    assert.deepEqual(causeOf(notified('timeout'), 'fetch'), { cause: 'fetched' });
    assert.deepEqual(causeOf(notified('rejected'), 'fetch'), notified('rejected'));
    assert.deepEqual(causeOf(notified('timeout'), 'no'), notified('timeout'));
  });
});

describe('times', () => {
  test('a refresh leaves before the expiry, between half and 90 % of the time, never within 5 s', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 31 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (s, unit) => {
          const delay = refreshDelayMs(s, unit);
          assert.ok(delay >= 5000);
          if (s < 10) return;
          assert.ok(delay >= s * 500 && delay <= s * 900);
          if (s >= 80) assert.ok(delay <= s * 1000 - 40_000, 'time for timer F');
        },
      ),
    );
    assert.equal(refreshDelayMs(3600, 0), 2_700_000);
    assert.equal(refreshDelayMs(3600, 1), 3_240_000);
    assert.equal(refreshDelayMs(60, 0.5), 30_000);
  });
  test('the back-off doubles from 30 s to an hour, a quarter up or down', () => {
    assert.equal(retryDelayMs(0, 0, 0.5), 30_000);
    assert.equal(retryDelayMs(1, 0, 0.5), 60_000);
    assert.equal(retryDelayMs(2, 0, 0), 90_000);
    assert.equal(retryDelayMs(100, 0, 0.5), 3_600_000);
  });
  test('never before retry-after', () => {
    fc.assert(
      fc.property(
        fc.nat(40),
        fc.nat(86_400),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (failures, atLeast, unit) => {
          const delay = retryDelayMs(failures, atLeast, unit);
          assert.ok(delay >= atLeast * 1000);
          assert.ok(delay <= Math.max(atLeast * 1250, 4_500_000));
        },
      ),
    );
  });
});
