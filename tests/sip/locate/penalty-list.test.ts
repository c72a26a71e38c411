import { test, describe } from 'node:test';
import assert from 'node:assert/strict';
import { VirtualTime } from '../../../src/base/index.ts';
import type { Target } from '../../../src/sip/index.ts';
import { PenaltyList } from '../../../src/sip/locate/penalty-list.ts';

const target = (address: string, port = 5060): Target => ({ transport: 'UDP', address, port });
const [a, b, c] = [target('5.0.0.1'), target('5.0.0.2'), target('5.0.0.3')];

describe('RFC 3263 §4.3: targets that failed', () => {
  test('go to the end; the others, and the failed ones among themselves, keep their order', () => {
    const list = new PenaltyList(new VirtualTime());
    list.penalise(a);
    assert.deepEqual(list.order([a, b, c]), [b, c, a]);
    list.penalise(c);
    assert.deepEqual(list.order([a, b, c]), [b, a, c]);
  });

  test('are tried all the same when all have failed', () => {
    const list = new PenaltyList(new VirtualTime());
    for (const each of [a, b, c]) list.penalise(each);
    assert.deepEqual(list.order([a, b, c]), [a, b, c]);
  });

  test('are as good as others after 30 s', () => {
    const time = new VirtualTime();
    const list = new PenaltyList(time);
    list.penalise(a);
    time.advance(29_999);
    assert.deepEqual(list.order([a, b]), [b, a]);
    time.advance(1);
    assert.deepEqual(list.order([a, b]), [a, b]);
    assert.equal(list.size, 0);
  });

  test('are as good as others once they answered', () => {
    const list = new PenaltyList(new VirtualTime());
    list.penalise(a);
    list.forgive(a);
    assert.deepEqual(list.order([a, b]), [a, b]);
    assert.equal(list.size, 0);
  });

  test('RFC 3261 §21.5.4: a Retry-After is kept, up to ten times the usual', () => {
    const time = new VirtualTime();
    const list = new PenaltyList(time, { penaltyMs: 1000 });
    list.penalise(a, 5000);
    list.penalise(b, 3_600_000);
    time.advance(5000);
    assert.equal(list.isPenalised(a), false);
    assert.equal(list.isPenalised(b), true);
    time.advance(5000);
    assert.equal(list.isPenalised(b), false);
  });

  test('address, port and transport make a target', () => {
    const list = new PenaltyList(new VirtualTime());
    list.penalise(a);
    assert.equal(list.isPenalised(target('5.0.0.1', 5061)), false);
    assert.equal(list.isPenalised({ ...a, transport: 'TCP' }), false);
    assert.equal(list.isPenalised({ ...a }), true);
  });

  test('an untouched list is handed back as it is: no allocation on the message path', () => {
    const list = new PenaltyList(new VirtualTime());
    const targets = [a, b];
    assert.equal(list.order(targets), targets);
    list.penalise(c);
    assert.equal(list.order(targets), targets);
  });

  test('those that nobody asks for any more are forgotten when the next one fails', () => {
    const time = new VirtualTime();
    const list = new PenaltyList(time);
    list.penalise(a);
    list.penalise(b);
    time.advance(30_000);
    list.penalise(c);
    assert.equal(list.size, 1);
  });

  test('no more entries than the limit', () => {
    const list = new PenaltyList(new VirtualTime(), { maxEntries: 10 });
    for (let port = 1; port <= 100; port++) list.penalise(target('5.0.0.1', port));
    assert.equal(list.size, 10);
  });
});
