// Several documents of one person as one (row CSP-19).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composePresence } from '../../../src/interwork/presence/index.ts';
import type { PidfDocument } from '../../../src/mime/index.ts';

function document(ids: readonly string[], note: string): PidfDocument {
  return {
    entity: 'sip:romeo@example.net',
    tuples: ids.map((id) => ({ id, basic: 'open', notes: [{ text: note }], deviceIds: ['urn:x'], rich: {} })),
    persons: [{ id: 'p', rich: {}, notes: [{ text: note }] }],
    devices: [{ id: 'd', deviceId: 'urn:x', rich: {}, notes: [] }],
    notes: [{ text: note }],
  };
}

test('nothing is left out, in the order of the documents; equal ids are told apart (RFC 3903 §10.4)', () => {
  const all = composePresence('pres:romeo@example.net', [
    document(['a', 'b'], 'one'),
    document(['a', 'a-2'], 'two'),
    document(['a'], 'three'),
  ]);
  assert.equal(all.entity, 'pres:romeo@example.net');
  assert.deepEqual(
    all.tuples.map(({ id, notes }) => [id, notes[0]?.text]),
    [
      ['a', 'one'],
      ['b', 'one'],
      ['a-2', 'two'],
      ['a-2-2', 'two'],
      ['a-3', 'three'],
    ],
  );
  assert.deepEqual(
    all.persons.map(({ id }) => id),
    ['p', 'p-2', 'p-3'],
  );
  assert.deepEqual(
    all.devices.map(({ id }) => id),
    ['d', 'd-2', 'd-3'],
  );
  // What refers to a device does so by its URN, which stays.
  assert.ok(all.tuples.every(({ deviceIds }) => deviceIds[0] === 'urn:x'));
  assert.deepEqual(
    all.notes.map(({ text }) => text),
    ['one', 'two', 'three'],
  );
});

test('nothing published: no tuple', () => {
  const none = composePresence('pres:x@y', []);
  assert.deepEqual(none, { entity: 'pres:x@y', tuples: [], persons: [], devices: [], notes: [] });
});
