// A SmallSet is a Set in all that it offers, few elements or many.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SmallSet } from '../../src/base/index.ts';

type Step = { readonly what: 'add' | 'delete' | 'has'; readonly item: number } | { readonly what: 'clear' };

const step = fc.oneof(
  {
    weight: 40,
    arbitrary: fc.record({
      what: fc.constantFrom('add', 'add', 'delete', 'has'),
      item: fc.integer({ min: 0, max: 30 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ what: 'clear' }) },
) as fc.Arbitrary<Step>;

describe('SmallSet', () => {
  it('does what a Set does, in the same order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const plain = new Set<number>();
        const small = new SmallSet<number>();
        for (const each of steps) {
          switch (each.what) {
            case 'add':
              plain.add(each.item);
              small.add(each.item);
              break;
            case 'delete':
              assert.equal(small.delete(each.item), plain.delete(each.item));
              break;
            case 'has':
              assert.equal(small.has(each.item), plain.has(each.item));
              break;
            case 'clear':
              plain.clear();
              small.clear();
              break;
          }
          assert.equal(small.size, plain.size);
          assert.deepEqual([...small], [...plain]);
        }
      }),
    );
  });

  it('begins with what it is given, each once', () => {
    assert.deepEqual([...new SmallSet(['a', 'b', 'a'])], ['a', 'b']);
  });

  for (const many of [3, 40]) {
    it(`walks through the ${many} elements of the moment when the walk began`, () => {
      const set = new SmallSet(Array.from({ length: many }, (_, i) => i));
      const walked: number[] = [];
      for (const item of set) {
        set.delete(item);
        set.add(item + 1000);
        walked.push(item);
      }
      assert.equal(walked.length, many);
      assert.equal(set.size, many);
    });
  }
});
