// The compact store against a plain Map, in virtual time.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { array, assert as check, constant, integer, nat, oneof, property, record } from 'fast-check';

import { TimerWheel, VirtualTime } from '../../../src/base/index.ts';
import { CompletedStore, type Fingerprint } from '../../../src/sip/transaction/completed-store.ts';

/** Few distinct first words, so that clusters in the hash table are long and wrap around its end. */
function crowded(key: number): Fingerprint {
  return { word0: (key % 3) - 2, word1: key, word2: ~key };
}

function spread(key: number): Fingerprint {
  return { word0: Math.imul(key, 0x9e3779b1), word1: key, word2: 7 * key };
}

interface Modelled {
  readonly status: number;
  readonly dueMs: number;
}

const command = oneof(
  {
    weight: 6,
    arbitrary: record({
      kind: constant('add' as const),
      key: nat(400),
      status: integer({ min: 0, max: 699 }),
    }),
  },
  { weight: 3, arbitrary: record({ kind: constant('find' as const), key: nat(400) }) },
  {
    weight: 1,
    arbitrary: record({ kind: constant('wait' as const), ms: integer({ min: 1, max: 700 }) }),
  },
);

describe('completed store', () => {
  for (const [name, fingerprint] of [
    ['crowded', crowded],
    ['spread', spread],
  ] as const) {
    test(`behaves as a Map whose entries expire, ${name} fingerprints`, () => {
      check(
        property(array(command, { maxLength: 600 }), (commands) => {
          const time = new VirtualTime();
          const store = new CompletedStore<string>({ clock: time, timers: time.timers, ttlMs: 1000 });
          const model = new Map<number, Modelled>();
          for (const c of commands) {
            if (c.kind === 'wait') {
              time.advance(c.ms);
              // The store may forget up to a tenth of a second late, never early.
              for (const [key, entry] of model) {
                const found = store.find(fingerprint(key));
                if (entry.dueMs > time.now()) assert.notEqual(found, -1);
                if (entry.dueMs + 101 <= time.now()) assert.equal(found, -1);
                if (found === -1) model.delete(key);
              }
            } else if (c.kind === 'add') {
              assert.equal(store.add(fingerprint(c.key), c.status, `extra ${c.key}`), true);
              if (!model.has(c.key)) model.set(c.key, { status: c.status, dueMs: time.now() + 1000 });
            } else {
              const found = store.find(fingerprint(c.key));
              const expected = model.get(c.key);
              assert.equal(found !== -1, expected !== undefined);
              if (expected === undefined) continue;
              assert.equal(store.status(found), expected.status);
              assert.equal(store.extra(found), `extra ${c.key}`);
            }
            assert.equal(store.size, model.size);
          }
          time.advance(1200);
          assert.equal(store.size, 0);
          assert.equal(time.timers.size, 0);
        }),
        { numRuns: 60 },
      );
    });
  }

  test('grows and shrinks by powers of two, at no more than 40 octets a record when well filled', () => {
    const time = new VirtualTime(0, 10);
    let expired = 0;
    const store = new CompletedStore<number>({
      clock: time,
      timers: time.timers,
      ttlMs: 32_000,
      onExtraExpired: () => (expired += 1),
    });
    const empty = store.allocatedBytes;
    const total = 120_000;
    for (let key = 0; key < total; key++) {
      store.add(spread(key), key % 700, key % 1000 === 0 ? key : undefined);
      if (key % 2000 === 0) time.advance(10);
    }
    assert.equal(store.size, total);
    assert.ok(store.allocatedBytes / total <= 40, `${store.allocatedBytes / total} octets a record`);
    for (let key = 0; key < total; key += 997) assert.equal(store.status(store.find(spread(key))), key % 700);
    assert.equal(store.extra(store.find(spread(5000))), 5000);
    assert.equal(store.extra(store.find(spread(5001))), undefined);
    time.advance(33_000);
    assert.equal(store.size, 0);
    assert.equal(expired, total / 1000);
    assert.equal(store.allocatedBytes, empty);
    assert.equal(time.timers.size, 0);
  });

  test('long clusters stay whole through growth and expiry', () => {
    const time = new VirtualTime();
    const store = new CompletedStore({ clock: time, timers: time.timers, ttlMs: 1000 });
    const present = (from: number, to: number): void => {
      for (let key = 0; key < 900; key++) {
        const record = store.find(crowded(key));
        assert.equal(record !== -1, key >= from && key < to, `key ${key}`);
        if (record !== -1) assert.equal(store.status(record), key);
      }
    };
    for (let key = 0; key < 450; key++) store.add(crowded(key), key);
    time.advance(500);
    for (let key = 450; key < 900; key++) store.add(crowded(key), key);
    present(0, 900);
    time.advance(550);
    present(450, 900);
    time.advance(550);
    present(0, 0);
  });

  test('grows and shrinks wherever the ring stands', () => {
    for (const before of [0, 1, 100, 255, 256, 300, 511, 700, 1023]) {
      const time = new VirtualTime();
      const store = new CompletedStore({ clock: time, timers: time.timers, ttlMs: 1000 });
      // The ring moves on by so many records, and is empty and small again.
      for (let key = 0; key < before; key++) {
        store.add(spread(1_000_000 + key), 1);
        if (key % 100 === 99) time.advance(1200);
      }
      time.advance(1200);
      assert.equal(store.size, 0);
      const present = (from: number, to: number): void => {
        for (let key = 0; key < 5000; key++) {
          const record = store.find(spread(key));
          assert.equal(record !== -1, key >= from && key < to, `${key} behind ${before}`);
          if (record !== -1) assert.equal(store.status(record), key);
        }
      };
      for (let key = 0; key < 3000; key++) store.add(spread(key), key);
      present(0, 3000);
      time.advance(500);
      for (let key = 3000; key < 3100; key++) store.add(spread(key), key);
      const large = store.allocatedBytes;
      time.advance(600);
      present(3000, 3100);
      assert.ok(store.allocatedBytes < large, 'it has shrunk');
      for (let key = 3100; key < 5000; key++) store.add(spread(key), key);
      present(3000, 5000);
      time.advance(2000);
      assert.equal(store.size, 0);
    }
  });

  test('refuses what is over the bound, and takes again after the first expired', () => {
    const time = new VirtualTime();
    const store = new CompletedStore({ clock: time, timers: time.timers, ttlMs: 1000, maxRecords: 300 });
    assert.equal(store.maxRecords, 512);
    for (let key = 0; key < 512; key++) {
      assert.equal(store.full, false);
      assert.equal(store.add(spread(key), 200), true);
    }
    assert.equal(store.full, true);
    assert.equal(store.add(spread(512), 200), false);
    assert.equal(store.find(spread(512)), -1);
    assert.notEqual(store.find(spread(0)), -1);
    time.advance(1000);
    assert.equal(store.add(spread(512), 200), true);
    store.clear();
    assert.equal(store.size, 0);
    assert.equal(time.timers.size, 0);
    assert.equal(store.find(spread(512)), -1);
  });

  test('record numbers that wrap around the ring many times still find their place', () => {
    const time = new VirtualTime();
    const store = new CompletedStore<number>({ clock: time, timers: time.timers, ttlMs: 50 });
    for (let key = 0; key < 5000; key++) {
      store.add(spread(key), key % 600, key);
      time.advance(1);
      const found = store.find(spread(key));
      assert.equal(store.status(found), key % 600);
      assert.equal(store.extra(found), key);
      assert.ok(store.size <= 201);
    }
  });
});

test('times wrap around after 2^32 ms, and records still live their time', () => {
  let nowMs = 0;
  const clock = { now: () => nowMs, wall: () => nowMs };
  const timers = new TimerWheel(() => nowMs, { tickMs: 100 });
  const store = new CompletedStore({ clock, timers, ttlMs: 32_000 });
  // Just before the wrap, seven weeks after the start.
  nowMs = 2 ** 32 - 16_000.5;
  const key = { word0: 1, word1: 2, word2: 3 };
  store.add(key, 200);
  nowMs += 31_900;
  timers.advance();
  assert.ok(store.find(key) >= 0);
  nowMs += 400;
  timers.advance();
  assert.equal(store.find(key), -1);
  assert.equal(timers.size, 0);
});
