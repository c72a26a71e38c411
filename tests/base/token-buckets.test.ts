// Rates of many keys: each has its own, the table is bounded, and forgetting gives nobody more.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { TokenBuckets } from '../../src/base/index.ts';

const made = (maxKeys = 100): TokenBuckets => new TokenBuckets({ ratePerSecond: 2, burst: 3, maxKeys });

describe('token buckets', () => {
  test('a burst, then the rate', () => {
    const buckets = made();
    const taken = [0, 0, 0, 0, 499, 500, 501, 1000].map((now) => buckets.take('a', now));
    assert.deepEqual(taken, [true, true, true, false, false, true, false, true]);
  });

  test('how long it takes until there is one again', () => {
    const buckets = made();
    assert.equal(buckets.waitMs('a', 0), 0);
    for (let i = 0; i < 3; i++) buckets.take('a', 0);
    assert.equal(buckets.waitMs('a', 0), 500);
    assert.equal(Math.round(buckets.waitMs('a', 400)), 100);
    assert.equal(buckets.waitMs('a', 500), 0);
  });

  test('what one takes is missing to nobody else', () => {
    const buckets = made();
    for (let i = 0; i < 100; i++) buckets.take('a', 0);
    assert.ok(buckets.take('b', 0));
  });

  test('who is full again is forgotten; of more than fit, who was quiet longest', () => {
    const buckets = made(2);
    buckets.take('a', 0);
    buckets.take('b', 1);
    buckets.take('a', 2);
    buckets.take('c', 3);
    assert.equal(buckets.size, 2);
    // "a" was remembered: it had taken two.
    assert.deepEqual([buckets.take('a', 4), buckets.take('a', 4)], [true, false]);
    buckets.sweep(10_000);
    assert.equal(buckets.size, 0);
  });

  test('in no window does a key get more than its burst and what the time allows', () => {
    const steps = fc.array(
      fc.record({ key: fc.constantFrom('a', 'b', 'c'), waitMs: fc.integer({ min: 0, max: 2500 }) }),
      { maxLength: 300 },
    );
    fc.assert(
      fc.property(steps, (list) => {
        const buckets = made();
        const taken = new Map<string, number[]>();
        let now = 0;
        for (const { key, waitMs } of list) {
          now += waitMs;
          if (!buckets.take(key, now)) continue;
          const times = taken.get(key) ?? [];
          times.push(now);
          taken.set(key, times);
          for (const [i, from] of times.entries()) {
            assert.ok(times.length - i <= 3 + ((now - from) / 1000) * 2 + 1e-6, `${key} at ${now}`);
          }
        }
      }),
    );
  });
});
