// SUBSCRIBE requests that wait until the records of an earlier run are read: how many, for how long, and each once.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { VirtualTime } from '../../../src/base/index.ts';
import { EarlyRequests, type EarlyRequest } from '../../../src/gateway/subscriptions/early-requests.ts';

/** Nobody looks into them: they are told apart by what they are. */
function request(): EarlyRequest {
  const tx: Partial<EarlyRequest['tx']> = {};
  const watcher: Partial<EarlyRequest['watcher']> = {};
  assertWhole(tx);
  assertWhole(watcher);
  return { tx, watcher };
}

function assertWhole<T extends object>(value: Partial<T>): asserts value is T {
  assert.ok(value);
}

function rig(limit: number): { time: VirtualTime; early: EarlyRequests; again: EarlyRequest[] } {
  const time = new VirtualTime();
  const again: EarlyRequest[] = [];
  return { time, again, early: new EarlyRequests(time.timers, limit, (each) => again.push(each)) };
}

describe('requests that come before the records are read', () => {
  test('so many wait, and no more', () => {
    const { early, again } = rig(2);
    const [first, second, third] = [request(), request(), request()];
    assert.deepEqual([early.hold(first), early.hold(second), early.hold(third)], [true, true, false]);
    assert.equal(early.isFull, true);
    early.close();
    assert.equal(early.isFull, false, 'who comes now is looked for among what was read');
    assert.deepEqual(again, [first, second]);
  });

  test('when the records are read each is looked at once more, in its order; then none waits', () => {
    const { early, again, time } = rig(10);
    const all = [request(), request(), request()];
    for (const each of all) early.hold(each);
    early.close();
    early.close();
    assert.ok(again.every((each, i) => each === all[i]) && again.length === 3);
    assert.equal(early.hold(request()), false);
    assert.equal(time.timers.size, 0, 'no timer is left');
  });

  test('RFC 3261 §17.1.2.2: none waits until its client has given up (32 s)', () => {
    const { early, again, time } = rig(10);
    early.hold(request());
    time.advance(19_000);
    early.hold(request());
    assert.equal(again.length, 0);
    time.advance(1100);
    assert.equal(again.length, 2);
    assert.equal(early.hold(request()), false, 'the records take too long: who comes now is told so');
  });
});
