// SUBSCRIBE requests that many want at once: 200 at once, 200 a second, in order, each once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom, VirtualTime } from '../../../src/base/index.ts';
import { Pace } from '../../../src/gateway/presence/pace.ts';

function pace(): { time: VirtualTime; ran: number[]; queue: Pace<number> } {
  const time = new VirtualTime(0, 20);
  const ran: number[] = [];
  const env = { clock: time, timers: time.timers, random: new SeededRandom(1) };
  return { time, ran, queue: new Pace<number>(env, (item) => ran.push(item)) };
}

test('what fits runs at once, the rest by its turn', () => {
  const { time, ran, queue } = pace();
  for (let i = 0; i < 500; i++) queue.add(i);
  assert.equal(ran.length, 200);
  assert.equal(queue.size, 300);
  time.advance(1000);
  assert.ok(ran.length >= 370 && ran.length <= 401, String(ran.length));
  time.advance(1000);
  assert.deepEqual(
    ran,
    Array.from({ length: 500 }, (_, i) => i),
  );
  assert.equal(time.timers.size, 0, 'nothing is looked at any more');
});

test('one that waits is there once, and may be taken out', () => {
  const { time, ran, queue } = pace();
  for (let i = 0; i < 203; i++) queue.add(i);
  queue.add(201);
  queue.delete(202);
  time.advance(1000);
  assert.deepEqual(ran.slice(200), [200, 201]);
});

test('after stop nothing runs', () => {
  const { time, ran, queue } = pace();
  for (let i = 0; i < 300; i++) queue.add(i);
  queue.stop();
  queue.add(300);
  time.advance(10_000);
  assert.equal(ran.length, 200);
  assert.equal(queue.size, 0);
});
