import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assert as check, array, constantFrom, property, record } from 'fast-check';
import { ChurnMap } from '../../src/base/index.ts';

describe('map of entries that come and go', () => {
  test('property: behaves as a Map', () => {
    const step = record({
      do: constantFrom('set', 'delete', 'get', 'has', 'clear'),
      key: constantFrom('a', 'b', 'c', 'd'),
    });
    check(
      property(array(step, { maxLength: 60 }), (steps) => {
        const map = new ChurnMap<string, number>();
        const model = new Map<string, number>();
        for (const [i, { do: what, key }] of steps.entries()) {
          if (what === 'set') {
            map.set(key, i);
            model.set(key, i);
          } else if (what === 'delete') assert.equal(map.delete(key), model.delete(key));
          else if (what === 'get') assert.equal(map.get(key), model.get(key));
          else if (what === 'has') assert.equal(map.has(key), model.has(key));
          else {
            map.clear();
            model.clear();
          }
          assert.equal(map.size, model.size);
          assert.deepEqual(map.values(), [...model.values()]);
        }
      }),
      { numRuns: 50 },
    );
  });
});
