// Two letters of RFC 3261 §17 at a time on one timer of the wheel.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VirtualTime } from '../../../src/base/index.ts';
import { TimedTransaction } from '../../../src/sip/transaction/pending-timers.ts';
import type { TimerName } from '../../../src/sip/transaction/timing.ts';

class Probe extends TimedTransaction {
  readonly fired: string[] = [];
  readonly time: VirtualTime;

  constructor(time: VirtualTime) {
    super(time, time.timers);
    this.time = time;
  }

  set(timer: TimerName, ms: number): void {
    this.setTimer(timer, ms);
  }

  clear(timer: TimerName): void {
    this.clearTimer(timer);
  }

  end(): void {
    this.clearTimers();
  }

  protected override timerFired(timer: TimerName): void {
    this.fired.push(`${timer} ${this.time.now()}`);
  }
}

function probe(): Probe {
  return new Probe(new VirtualTime());
}

describe('the timers of a transaction', () => {
  test('two, each at its time, by one timer of the wheel', () => {
    const timers = probe();
    timers.set('F', 200);
    timers.set('E', 50);
    assert.equal(timers.time.timers.size, 1);
    timers.time.advance(300);
    assert.deepEqual(timers.fired, ['E 50', 'F 200']);
    assert.equal(timers.time.timers.size, 0);
  });

  for (const [cleared, left] of [
    ['E', 'F 200'],
    ['F', 'E 50'],
  ] as const) {
    test(`${cleared} taken back leaves the other as it is`, () => {
      const timers = probe();
      timers.set('E', 50);
      timers.set('F', 200);
      timers.clear(cleared);
      timers.time.advance(300);
      assert.deepEqual(timers.fired, [left]);
      assert.equal(timers.time.timers.size, 0);
    });
  }

  test('both taken back, one by one or at once, leave nothing on the wheel', () => {
    const timers = probe();
    timers.set('E', 50);
    timers.set('F', 200);
    timers.clear('E');
    timers.clear('F');
    assert.equal(timers.time.timers.size, 0);
    timers.set('E', 50);
    timers.set('F', 200);
    timers.end();
    assert.equal(timers.time.timers.size, 0);
    timers.time.advance(300);
    assert.deepEqual(timers.fired, []);
  });

  test('one that is set again replaces itself', () => {
    const timers = probe();
    timers.set('E', 50);
    timers.set('E', 100);
    timers.set('K', 70);
    timers.clear('A');
    timers.time.advance(300);
    assert.deepEqual(timers.fired, ['K 70', 'E 100']);
  });

  test('at the same instant the end of the transaction comes first', () => {
    const timers = probe();
    timers.set('E', 50);
    timers.set('F', 50);
    timers.time.advance(60);
    assert.deepEqual(timers.fired, ['F 50', 'E 50']);
  });
});
