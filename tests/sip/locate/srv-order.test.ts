import { test, describe } from 'node:test';
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { SeededRandom, type Random } from '../../../src/base/index.ts';
import { hasFixedOrder, orderSrv, type Weighted } from '../../../src/sip/locate/srv-order.ts';

interface Named extends Weighted {
  readonly name: string;
}

const record = (name: string, priority: number, weight: number): Named => ({ name, priority, weight });
const names = (records: readonly Named[]): string => records.map(({ name }) => name).join('');

/** Gives these numbers, each from [0, 1), one after the other. */
function scripted(...units: readonly number[]): Random {
  let next = 0;
  return { unit: () => units[next++] ?? 0, base32: () => '' };
}

/** Share of draws in which each name came first. */
function firsts(records: readonly Named[], draws: number): Map<string, number> {
  const random = new SeededRandom(42);
  const counts = new Map<string, number>();
  for (let i = 0; i < draws; i++) {
    const first = orderSrv(records, random)[0]?.name ?? '';
    counts.set(first, (counts.get(first) ?? 0) + 1 / draws);
  }
  return counts;
}

describe('RFC 2782: order of SRV records', () => {
  test('lower priority first, whatever the weights', () => {
    const records = [record('c', 3, 100), record('a', 1, 0), record('b', 2, 65_535)];
    assert.equal(names(orderSrv(records, new SeededRandom(1))), 'abc');
  });

  test('a number between 0 and the sum, inclusive; the first whose running sum reaches it', () => {
    const records = [record('a', 0, 1), record('b', 0, 3), record('z', 0, 0)];
    // Order of the draw: z (0), a (1), b (4). Sum 4, so that unit × 5 gives 0 … 4.
    const first = (unit: number): string | undefined => orderSrv(records, scripted(unit, 0.99, 0))[0]?.name;
    assert.equal(first(0), 'z');
    assert.equal(first(1 / 5), 'a');
    assert.equal(first(2 / 5), 'b');
    assert.equal(first(0.999), 'b');
  });

  test('weights are shares: 1 : 2 : 7', () => {
    const shares = firsts([record('a', 0, 100), record('b', 0, 200), record('c', 0, 700)], 20_000);
    assert.ok(Math.abs((shares.get('a') ?? 0) - 0.1) < 0.01);
    assert.ok(Math.abs((shares.get('b') ?? 0) - 0.2) < 0.015);
    assert.ok(Math.abs((shares.get('c') ?? 0) - 0.7) < 0.015);
  });

  test('weight 0 beside others: "a very small chance of being selected"', () => {
    const shares = firsts([record('a', 0, 0), record('b', 0, 999)], 20_000);
    assert.ok((shares.get('a') ?? 0) > 0);
    assert.ok((shares.get('a') ?? 0) < 0.004);
  });

  test('all weights 0: any order, so each first equally often', () => {
    const shares = firsts([record('a', 0, 0), record('b', 0, 0)], 20_000);
    assert.ok(Math.abs((shares.get('a') ?? 0) - 0.5) < 0.015);
  });

  test('every record comes exactly once, priorities ascend, the input stays as it is', () => {
    const records = fc.array(
      fc.record({
        name: fc.string(),
        priority: fc.integer({ min: 0, max: 3 }),
        weight: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 65_535 })),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(records, fc.integer(), (input, seed) => {
        const before = [...input];
        const output = orderSrv(input, new SeededRandom(seed));
        assert.deepEqual(input, before);
        assert.equal(output.length, input.length);
        assert.deepEqual(new Set(output), new Set(input));
        const priorities = output.map(({ priority }) => priority);
        assert.deepEqual(
          priorities,
          priorities.toSorted((left, right) => left - right),
        );
        if (hasFixedOrder(input)) assert.deepEqual(output, orderSrv(input, new SeededRandom(seed + 1)));
      }),
    );
  });
});
