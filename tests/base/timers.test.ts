import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { fromTicks, TimerWheel, toTicks, VirtualTime, type Timer } from '../../src/base/index.ts';

describe('timer wheel', () => {
  test('a timer fires once, at its delay, not a tick earlier', () => {
    const time = new VirtualTime();
    let fired = 0;
    time.timers.set(500, () => (fired += 1));
    time.advance(499);
    assert.equal(fired, 0);
    time.advance(1);
    assert.equal(fired, 1);
    time.advance(60_000);
    assert.equal(fired, 1);
    assert.equal(time.timers.size, 0);
  });

  test('an owner is told which of its timers fired', () => {
    const time = new VirtualTime();
    const fired: Timer[] = [];
    const owner = { timerFired: (timer: Timer) => void fired.push(timer) };
    const [late, soon] = [time.timers.set(500, owner), time.timers.set(100, owner)];
    time.timers.clear(time.timers.set(200, owner));
    time.advance(1000);
    assert.deepEqual(
      fired.map((timer) => [soon, late].indexOf(timer)),
      [0, 1],
    );
    assert.equal(soon.armed, false);
    assert.equal(time.timers.size, 0);
  });

  test('ticks are whole, and a hundredth of a second at most away from the time', () => {
    for (const ms of [0, 4, 5.1, 123_456.789, 3_600_000, 240 * 86_400_000]) {
      const ticks = toTicks(ms);
      assert.ok(Number.isInteger(ticks) && ticks < 2 ** 31, `${ms}`);
      assert.ok(Math.abs(fromTicks(ticks) - ms) <= 5, `${ms}`);
    }
  });

  test('a cleared timer never fires, and clearing twice is harmless', () => {
    const time = new VirtualTime();
    const timer = time.timers.set(10, () => assert.fail('fired'));
    time.timers.clear(timer);
    time.timers.clear(timer);
    time.timers.clear(undefined);
    assert.equal(timer.armed, false);
    assert.equal(time.timers.size, 0);
    time.advance(100);
  });

  test('how long one still has, and that of a dead one', () => {
    const time = new VirtualTime(Date.UTC(2026, 0, 1), 10);
    const fires = time.timers.set(500, () => undefined);
    const cleared = time.timers.set(500, () => undefined);
    assert.equal(time.timers.leftMs(fires), 500);
    time.advance(480);
    assert.equal(time.timers.leftMs(fires), 20);
    time.timers.clear(cleared);
    time.advance(20);
    assert.deepEqual(
      [fires, cleared, undefined].map((timer) => time.timers.leftMs(timer)),
      [undefined, undefined, undefined],
    );
  });

  test('timers of one tick fire in the order in which they were set', () => {
    const time = new VirtualTime();
    const order: number[] = [];
    for (const n of [1, 2, 3]) time.timers.set(5, () => order.push(n));
    time.advance(5);
    assert.deepEqual(order, [1, 2, 3]);
  });

  test('a callback may clear a timer of the same tick and set new ones', () => {
    const time = new VirtualTime();
    const order: string[] = [];
    let second: ReturnType<typeof time.timers.set> | undefined;
    time.timers.set(5, () => {
      order.push('first');
      time.timers.clear(second);
      time.timers.set(0, () => order.push('next'));
    });
    second = time.timers.set(5, () => order.push('second'));
    time.advance(5);
    assert.deepEqual(order, ['first']);
    time.advance(1);
    assert.deepEqual(order, ['first', 'next']);
  });

  test('delays longer than one round of the wheel', () => {
    let now = 0;
    const wheel = new TimerWheel(() => now, { tickMs: 10, slots: 8 });
    let firedAt = -1;
    wheel.set(1000, () => (firedAt = now));
    for (; now < 2000; now += 10) wheel.advance();
    assert.equal(firedAt, 1000);
  });

  test('a wheel that was empty for long does not walk the time in between', () => {
    let now = 0;
    const wheel = new TimerWheel(() => now, { tickMs: 1 });
    now = 1e12;
    let fired = 0;
    wheel.set(5, () => (fired += 1));
    now += 5;
    wheel.advance();
    assert.equal(fired, 1);
  });

  test('a throwing callback is reported and the others still fire', () => {
    let now = 0;
    const errors: unknown[] = [];
    const wheel = new TimerWheel(() => now, { tickMs: 1, onError: (error) => errors.push(error) });
    let fired = 0;
    wheel.set(1, () => {
      throw new Error('bug');
    });
    wheel.set(1, () => (fired += 1));
    now = 1;
    wheel.advance();
    assert.equal(errors.length, 1);
    assert.equal(fired, 1);
  });

  test('onWake is called when the first timer is set', () => {
    const wheel = new TimerWheel(() => 0);
    let woken = 0;
    wheel.onWake = () => (woken += 1);
    const timer = wheel.set(1, () => {});
    wheel.set(1, () => {});
    assert.equal(woken, 1);
    wheel.clear(timer);
    assert.equal(wheel.size, 1);
  });

  test('property: every timer fires in [delay, delay + tick] unless cleared', () => {
    const step = fc.record({ delay: fc.integer({ min: 0, max: 5000 }), clear: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 50 }), (steps, tickMs) => {
        let now = 0;
        const wheel = new TimerWheel(() => now, { tickMs, slots: 64 });
        const firedAt = new Map<number, number>();
        const timers = steps.map((s, i) => wheel.set(s.delay, () => firedAt.set(i, now)));
        steps.forEach((s, i) => s.clear && wheel.clear(timers[i]));
        for (now = 0; now <= 5000 + 2 * tickMs; now++) wheel.advance();
        assert.equal(wheel.size, 0);
        steps.forEach((s, i) => {
          const at = firedAt.get(i);
          if (s.clear) return assert.equal(at, undefined);
          assert.ok(
            at !== undefined && at >= s.delay && at <= s.delay + 2 * tickMs,
            `${s.delay} fired at ${at}`,
          );
        });
      }),
      { numRuns: 30 },
    );
  });
});
