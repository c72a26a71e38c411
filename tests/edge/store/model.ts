// Random operations against a map, for every store: whatever the order and the grouping, reads say the same.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { noteSpec, realEnv, type Note, type Place } from './rig.ts';

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const record = fc.record(
  {
    to: fc.constantFrom('romeo', 'juliet'),
    text: fc.string({ maxLength: 5 }).map((text) => `t${text}`),
    tag: fc.constantFrom('x', 'y'),
    expiresMs: fc.integer({ min: 1, max: 9 }),
  },
  { requiredKeys: ['to', 'text'], noNullPrototype: true },
);
const operation = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('put' as const), key, record }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('delete' as const), key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('begin' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('turn' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('get' as const), key }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('find' as const),
      value: fc.constantFrom('romeo', 'juliet'),
      limit: fc.integer({ min: 0, max: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('take' as const),
      nowMs: fc.integer({ min: 0, max: 9 }),
      limit: fc.integer({ min: 0, max: 3 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('trim' as const), keep: fc.integer({ min: 0, max: 5 }) }),
  },
);

export function modelTest(name: string, newPlace: () => Promise<Place>, runs: number): void {
  test(`${name}: random operations against a map`, async () => {
    const place = await newPlace();
    const store = await place.open(realEnv());
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 60 }), async (operations) => {
        round += 1;
        const notes = await store.collection(noteSpec(`r${round}`));
        // In order of insertion, as a Map is.
        const model = new Map<string, Note>();
        let writes = 0;
        let told = 0;
        const written = (error?: Error): void => {
          assert.equal(error, undefined);
          told += 1;
        };
        for (const step of operations) {
          switch (step.kind) {
            case 'put':
              notes.put(step.key, step.record, written);
              model.set(step.key, step.record);
              writes += 1;
              break;
            case 'delete':
              notes.delete(step.key, written);
              model.delete(step.key);
              writes += 1;
              break;
            case 'flush':
              await store.flush();
              break;
            case 'begin':
              void store.flush();
              break;
            case 'turn':
              await new Promise((resolve) => setImmediate(resolve));
              break;
            case 'get':
              assert.deepEqual(await notes.get(step.key), model.get(step.key));
              break;
            case 'find': {
              const found = [...model].filter(([, { to }]) => to === step.value).slice(0, step.limit);
              const entries = await notes.find('to', step.value, { limit: step.limit });
              assert.deepEqual(
                entries.map((entry) => [entry.key, entry.record]),
                found,
              );
              break;
            }
            case 'take': {
              const at = ({ expiresMs = Infinity }: Note): number => expiresMs;
              const expired = [...model]
                .filter(([, note]) => at(note) <= step.nowMs)
                .sort(([, a], [, b]) => at(a) - at(b))
                .slice(0, step.limit);
              const taken = await notes.takeExpired(step.nowMs, step.limit);
              assert.deepEqual(
                taken.map((entry) => [entry.key, entry.record]),
                expired,
              );
              for (const [gone] of expired) model.delete(gone);
              break;
            }
            case 'trim': {
              const gone = [...model.keys()].slice(0, Math.max(0, model.size - step.keep));
              assert.equal(await notes.trim(step.keep), gone.length);
              for (const one of gone) model.delete(one);
              break;
            }
          }
        }
        assert.deepEqual(
          (await notes.scan()).map((entry) => [entry.key, entry.record]),
          [...model],
        );
        assert.equal(
          await notes.count('to', 'romeo'),
          [...model.values()].filter(({ to }) => to === 'romeo').length,
        );
        await store.flush();
        assert.equal(store.status().pending, 0);
        await new Promise((resolve) => setTimeout(resolve, told === writes ? 0 : 20));
        assert.equal(told, writes, 'each writer is told once');
      }),
      { numRuns: runs },
    );
    await store.close();
  });
}
