import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { array, assert as check, boolean, integer, property, record } from 'fast-check';
import { PendingTable } from '../../../src/sip/transaction/pending-table.ts';

describe('pending transactions by fingerprint', () => {
  // Few home slots, some of them negative, and neighbours at the end of the table: clusters that wrap around.
  const word0 = integer({ min: -3, max: 3 }).map((n) => n * 256 - 1);
  const key = record({ word0, word1: integer({ min: 0, max: 3 }), word2: integer({ min: 0, max: 1 }) });

  test('property: behaves as a Map, in any clusters', () => {
    check(
      property(array(record({ key, add: boolean() }), { maxLength: 120 }), (steps) => {
        const table = new PendingTable<number>();
        const model = new Map<string, number>();
        for (const [i, step] of steps.entries()) {
          const name = JSON.stringify(step.key);
          if (step.add) {
            table.set(step.key, i);
            model.set(name, i);
          } else {
            table.delete(step.key);
            model.delete(name);
          }
          assert.equal(table.size, model.size);
          assert.equal(table.get(step.key), model.get(name));
        }
        for (const [name, value] of model) assert.equal(table.get(JSON.parse(name)), value);
        assert.deepEqual(
          table.values().toSorted((left, right) => left - right),
          [...model.values()].toSorted((left, right) => left - right),
        );
      }),
      { numRuns: 200 },
    );
  });

  test('grows, finds all, and is empty again', () => {
    const table = new PendingTable<number>();
    const keyOf = (n: number) => ({ word0: Math.imul(n, 0x9e3779b9), word1: n, word2: -n });
    for (let n = 1; n <= 5000; n++) table.set(keyOf(n), n);
    assert.equal(table.size, 5000);
    for (let n = 1; n <= 5000; n++) assert.equal(table.get(keyOf(n)), n);
    for (let n = 1; n <= 5000; n += 2) table.delete(keyOf(n));
    for (let n = 1; n <= 5000; n++) assert.equal(table.get(keyOf(n)), n % 2 === 0 ? n : undefined);
    table.clear();
    assert.equal(table.size, 0);
    assert.deepEqual(table.values(), []);
  });

  test('a value of a key that is there is replaced', () => {
    const table = new PendingTable<string>();
    const one = { word0: 1, word1: 2, word2: 3 };
    table.set(one, 'a');
    table.set(one, 'b');
    assert.deepEqual([table.size, table.get(one)], [1, 'b']);
  });
});
