// Versions of collections, for the stores that last: forward, never backward.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CollectionSpec } from '../../../src/base/index.ts';
import { codeOf, noteSpec, outcome, realEnv, type Note, type Place } from './rig.ts';

interface Letter {
  readonly recipient: string;
  readonly words: number;
}

/** Version 2 of the notes: other fields, `tag` is gone, `words` is new, `to` says something else. */
function letterSpec(): CollectionSpec<Letter> {
  return {
    name: 'notes',
    version: 2,
    indexes: { to: ({ recipient }) => recipient, words: ({ words }) => String(words) },
    encode: (letter) => JSON.stringify(letter),
    decode(version, text) {
      if (version === 2) return JSON.parse(text);
      const { to, text: body }: Note = JSON.parse(text);
      if (body.startsWith('?')) throw new Error('cannot be decoded');
      return { recipient: to.toUpperCase(), words: body.split(' ').length };
    },
  };
}

const COUNT = 1203;

export function migrations(name: string, newPlace: () => Promise<Place>): void {
  describe(`${name}: versions`, () => {
    test('version 1 becomes 2 with other indexes, in the same order; 2 is refused to version 1', async () => {
      const place = await newPlace();
      let store = await place.open(realEnv());
      const notes = await store.collection(noteSpec());
      for (let i = 0; i < COUNT; i++) {
        notes.put(`k${i}`, {
          to: 'romeo',
          text: i === 700 ? '?' : 'a b'.repeat(1 + (i % 2)),
          tag: 'x',
          expiresMs: 5,
        });
      }
      await store.close();

      const env = realEnv();
      store = await place.open(env);
      const letters = await store.collection(letterSpec());
      assert.deepEqual(
        env.log.lines.map(({ event, fields }) => `${event} ${String(fields['key'])}`),
        ['store.unreadable k700'],
      );
      const all = await letters.scan();
      assert.equal(all.length, COUNT - 1);
      assert.deepEqual(all[1], {
        key: 'k1',
        seq: all[0] === undefined ? 0 : all[0].seq + 1,
        record: { recipient: 'ROMEO', words: 3 },
      });
      assert.equal((await letters.find('words', '2')).length, 601);
      assert.equal(await letters.count('to', 'ROMEO'), COUNT - 1);
      assert.equal(await letters.count(), COUNT, 'what cannot be read stays');
      // Version 2 does not expire; what cannot be read goes at the time that it had.
      assert.deepEqual(await letters.takeExpired(10, 5000), []);
      assert.equal(await letters.count(), COUNT - 1);
      await assert.rejects(letters.find('tag', 'x'), RangeError);
      letters.put('new', { recipient: 'X', words: 9 });
      assert.equal((await letters.find('words', '9')).length, 1);
      await store.close();

      store = await place.open(realEnv());
      await assert.rejects(store.collection(noteSpec()), (error: Error) => {
        assert.equal(codeOf(error), 'ERR_STORE_NEWER');
        assert.match(
          error.message,
          /"notes" have version 2, and this program knows up to 1; start the newer program/,
        );
        return true;
      });
      // The store itself, and other collections, are of use.
      const others = await store.collection(noteSpec('others'));
      others.put('a', { to: 'x', text: 'y' });
      assert.equal(await others.count(), 1);
      assert.equal(await (await store.collection(letterSpec())).count(), COUNT);
      await store.close();
    });

    test('other collections are written meanwhile, and none of it is lost', async () => {
      const place = await newPlace();
      let store = await place.open(realEnv());
      const notes = await store.collection(noteSpec());
      for (let i = 0; i < COUNT; i++) notes.put(`k${i}`, { to: 'romeo', text: 'a' });
      await store.close();
      store = await place.open(realEnv());
      const others = await store.collection(noteSpec('others'));
      const writes: Promise<Error | undefined>[] = [];
      const write = (): void => {
        const key = `k${writes.length}`;
        writes.push(outcome((written) => others.put(key, { to: 'x', text: key }, written)));
        void store.flush();
      };
      const spec = letterSpec();
      let decoded = 0;
      const letters = await store.collection({
        ...spec,
        decode(version, text) {
          if (decoded++ % 100 === 0) write();
          return spec.decode(version, text);
        },
      });
      assert.equal(await letters.count('words', '1'), COUNT);
      assert.ok(writes.length > 10);
      assert.deepEqual(new Set(await Promise.all(writes)), new Set([undefined]));
      assert.equal(await others.count(), writes.length);
      await store.close();
    });
  });
}
