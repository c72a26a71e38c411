import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { editDistance, suggest } from '../../src/base/suggest.ts';

describe('edit distance', () => {
  const cases: [string, string, number][] = [
    ['', '', 0],
    ['', 'abc', 3],
    ['abc', 'abc', 0],
    ['abc', 'abd', 1],
    ['abc', 'ab', 1],
    ['ab', 'ba', 1],
    ['kitten', 'sitting', 3],
    ['listen', 'listne', 1],
  ];
  for (const [left, right, distance] of cases) {
    test(`${left} → ${right}: ${distance}`, () => {
      assert.equal(editDistance(left, right), distance);
      assert.equal(editDistance(right, left), distance);
    });
  }
});

test('case and hyphens are no slips', () => {
  assert.equal(suggest('Next-Hops', ['next_hops', 'listen']), 'next_hops');
});
test('what is too far, too short or too long is not guessed', () => {
  assert.equal(suggest('zzzzz', ['listen']), undefined);
  assert.equal(suggest('#', ['!', '$']), undefined);
  assert.equal(suggest('x'.repeat(10_000), ['x'.repeat(9999)]), undefined);
});
