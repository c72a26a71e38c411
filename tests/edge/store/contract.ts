// What every store does (src/base/store.ts), run against each of them.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Collection, Entry, Store } from '../../../src/base/index.ts';
import {
  codeOf,
  noteSpec,
  outcome,
  realEnv,
  type Note,
  type NoteSpec,
  type Place,
  type TestEnv,
} from './rig.ts';

const note = (text: string, more: Partial<Note> = {}): Note => ({ to: 'romeo', text, ...more });
const keys = (entries: readonly Entry<Note>[]): string => entries.map(({ key }) => key).join(' ');

interface Case {
  readonly place: Place;
  readonly env: TestEnv;
  readonly store: Store;
  readonly spec: NoteSpec;
  readonly notes: Collection<Note>;
}

export function contract(name: string, newPlace: () => Promise<Place>): void {
  async function begin(): Promise<Case> {
    const place = await newPlace();
    const env = realEnv();
    const store = await place.open(env);
    const spec = noteSpec();
    return { place, env, store, spec, notes: await store.collection(spec) };
  }

  describe(`${name}: reads see the writes before them`, () => {
    test('get, count, scan, find', async () => {
      const { notes } = await begin();
      notes.put('a', note('one', { tag: 'x' }));
      assert.deepEqual(await notes.get('a'), note('one', { tag: 'x' }));
      notes.put('b', note('two', { to: 'juliet', tag: 'x' }));
      assert.equal(await notes.count(), 2);
      notes.put('c', note('three'));
      assert.equal(keys(await notes.scan()), 'a b c');
      notes.delete('a');
      assert.equal(keys(await notes.find('tag', 'x')), 'b');
      assert.equal(await notes.get('a'), undefined);
    });
    test('nothing there', async () => {
      const { notes } = await begin();
      assert.equal(await notes.get('a'), undefined);
      assert.deepEqual(await notes.scan(), []);
      assert.deepEqual(await notes.find('to', 'romeo'), []);
      assert.equal(await notes.count(), 0);
      assert.equal(await notes.count('to', 'romeo'), 0);
      assert.deepEqual(await notes.takeExpired(1e12, 10), []);
      assert.equal(await notes.trim(0), 0);
      assert.equal(await outcome((written) => notes.delete('a', written)), undefined);
    });
    test('any text is a key, a value and data', async () => {
      const { notes } = await begin();
      for (const text of [
        '',
        ' ',
        "'; DROP TABLE x; --",
        '"{}",\\',
        '%_',
        'ü 💬 中',
        '\n\t\u0001',
        'NULL',
        'a\u0000b',
      ]) {
        const key = text.replaceAll('\0', '');
        notes.put(key, { to: key, text });
        assert.deepEqual(await notes.get(key), { to: key, text });
        assert.equal((await notes.find('to', key)).at(-1)?.record.text, text);
      }
    });
    test('two collections do not mix', async () => {
      const { store, notes } = await begin();
      const others = await store.collection(noteSpec('others'));
      notes.put('a', note('one'));
      others.put('a', note('other'));
      assert.equal((await notes.get('a'))?.text, 'one');
      others.delete('a');
      assert.equal((await notes.get('a'))?.text, 'one');
      assert.equal(await others.count(), 0);
    });
  });

  describe(`${name}: order`, () => {
    test('of insertion; replacing keeps the place, deleting loses it', async () => {
      const { notes } = await begin();
      for (const key of ['c', 'a', 'b']) notes.put(key, note(key));
      await notes.scan();
      notes.put('c', note('again'));
      assert.equal(keys(await notes.scan()), 'c a b');
      assert.equal(keys(await notes.find('to', 'romeo')), 'c a b');
      notes.delete('c');
      notes.put('d', note('d'));
      notes.put('c', note('anew'));
      assert.equal(keys(await notes.scan()), 'a b d c');
    });
    test('within one group', async () => {
      const { notes } = await begin();
      notes.put('a', note('1'));
      notes.put('b', note('1'));
      notes.put('a', note('2'));
      notes.put('c', note('1'));
      notes.delete('b');
      notes.put('b', note('2'));
      assert.deepEqual(
        (await notes.scan()).map(({ key, record }) => key + record.text),
        ['a2', 'c1', 'b2'],
      );
    });
    test('a place is never given twice', async () => {
      const { notes } = await begin();
      notes.put('a', note('1'));
      const [first] = await notes.scan();
      notes.delete('a');
      await notes.count();
      notes.put('b', note('2'));
      const [second] = await notes.scan();
      assert.ok((second?.seq ?? 0) > (first?.seq ?? Infinity));
    });
    test('the last of many writes to one key is what stays', async () => {
      const { notes } = await begin();
      const told: number[] = [];
      for (let i = 0; i < 3000; i++) {
        if (i % 7 === 6) notes.delete('a', () => told.push(i));
        else notes.put('a', note(String(i)), () => told.push(i));
        if (i % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      notes.put('a', note('last'));
      assert.equal((await notes.get('a'))?.text, 'last');
      assert.deepEqual(
        told,
        [...told].sort((x, y) => x - y),
      );
      assert.equal(told.length, 3000);
    });
  });

  describe(`${name}: limit and after`, () => {
    test('pages of scan and find', async () => {
      const { notes } = await begin();
      for (let i = 0; i < 10; i++) notes.put(`k${i}`, note('x', { to: i % 2 === 0 ? 'even' : 'odd' }));
      const first = await notes.scan({ limit: 4 });
      assert.equal(keys(first), 'k0 k1 k2 k3');
      assert.equal(keys(await notes.scan({ after: first.at(-1)?.seq ?? 0, limit: 4 })), 'k4 k5 k6 k7');
      const odd = await notes.find('to', 'odd', { limit: 2 });
      assert.equal(keys(odd), 'k1 k3');
      assert.equal(keys(await notes.find('to', 'odd', { after: odd.at(-1)?.seq ?? 0 })), 'k5 k7 k9');
      assert.deepEqual(await notes.scan({ limit: 0 }), []);
      assert.equal(await notes.count('to', 'odd'), 5);
      assert.equal(await notes.count('tag'), 0);
    });
    test('more than a page of rows', async () => {
      const { notes } = await begin();
      for (let i = 0; i < 1234; i++) notes.put(`k${i}`, note('x'));
      const all = await notes.scan();
      assert.equal(all.length, 1234);
      assert.ok(all.every(({ key }, i) => key === `k${i}`));
      assert.equal((await notes.find('to', 'romeo', { limit: 700 })).length, 700);
    });
  });

  describe(`${name}: indexes`, () => {
    test('a replaced record is found by its new value only', async () => {
      const { notes } = await begin();
      notes.put('a', note('1', { tag: 'x' }));
      await notes.count();
      notes.put('a', note('2', { tag: 'y' }));
      assert.deepEqual(await notes.find('tag', 'x'), []);
      assert.equal(keys(await notes.find('tag', 'y')), 'a');
      notes.put('a', note('3'));
      assert.deepEqual(await notes.find('tag', 'y'), []);
      assert.equal(await notes.count('tag'), 0);
      assert.equal(await notes.count('to'), 1);
    });
    test('an index that is not there is a mistake', async () => {
      const { notes } = await begin();
      await assert.rejects(notes.find('from', 'x'), RangeError);
      await assert.rejects(notes.count('from'), RangeError);
    });
  });

  describe(`${name}: expiry`, () => {
    test('takeExpired takes the earliest first, what expires at that instant too, and no other', async () => {
      const { notes } = await begin();
      const at = { a: 3000, b: 1000, c: undefined, d: 2000, e: 2001 };
      for (const [key, expiresMs] of Object.entries(at)) {
        notes.put(key, note(key, expiresMs === undefined ? {} : { expiresMs }));
      }
      assert.equal(keys(await notes.takeExpired(999, 10)), '');
      assert.equal(keys(await notes.takeExpired(2000, 1)), 'b');
      assert.equal(keys(await notes.takeExpired(2000, 10)), 'd');
      assert.equal(keys(await notes.scan()), 'a c e');
      assert.equal(keys(await notes.takeExpired(9000, 10)), 'e a');
      assert.equal(keys(await notes.scan()), 'c');
    });
    test('a replaced record expires by its new time', async () => {
      const { notes } = await begin();
      notes.put('a', note('1', { expiresMs: 1000 }));
      await notes.count();
      notes.put('a', note('2'));
      assert.deepEqual(await notes.takeExpired(5000, 10), []);
    });
    test('more than a page', async () => {
      const { notes } = await begin();
      for (let i = 0; i < 1100; i++) notes.put(`k${i}`, note('x', { expiresMs: i }));
      assert.equal((await notes.takeExpired(2000, 1050)).length, 1050);
      assert.equal(await notes.count(), 50);
    });
    test('what was taken can be written again', async () => {
      const { notes } = await begin();
      notes.put('a', note('1', { expiresMs: 1 }));
      await notes.takeExpired(2, 1);
      notes.put('a', note('2'));
      notes.delete('a');
      assert.equal(await notes.get('a'), undefined);
      notes.put('a', note('3'));
      assert.equal((await notes.get('a'))?.text, '3');
    });
  });

  test(`${name}: trim removes the oldest`, async () => {
    const { notes } = await begin();
    for (const key of ['c', 'a', 'd', 'b']) notes.put(key, note(key));
    assert.equal(await notes.trim(4), 0);
    assert.equal(await notes.trim(2), 2);
    assert.equal(keys(await notes.scan()), 'd b');
    assert.equal(await notes.trim(0), 2);
    for (let i = 0; i < 1200; i++) notes.put(`k${i}`, note('x'));
    assert.equal(await notes.trim(1), 1199);
    assert.equal(keys(await notes.scan()), 'k1199');
  });

  describe(`${name}: withdrawn writes`, () => {
    test('a put whose delete comes in time is never encoded, and both are told', async () => {
      const { notes, spec, env } = await begin();
      const told: string[] = [];
      notes.put('a', note('1'), (error) => told.push(`put ${String(error)}`));
      notes.delete('a', (error) => told.push(`delete ${String(error)}`));
      assert.deepEqual(told, [], 'not inside of the call');
      assert.equal(await notes.get('a'), undefined);
      await outcome((written) => notes.delete('zzz', written));
      assert.deepEqual(told, ['put undefined', 'delete undefined']);
      assert.deepEqual(spec.encoded, []);
      assert.equal(env.log.lines.length, 0);
    });
    test('the record that was there before goes too', async () => {
      const { notes, spec } = await begin();
      notes.put('a', note('1'));
      await notes.count();
      notes.put('a', note('2'));
      notes.delete('a');
      assert.equal(await notes.get('a'), undefined);
      assert.deepEqual(spec.encoded, ['1']);
    });
    test('while a commit of the same key is under way', async () => {
      const { notes, store } = await begin();
      notes.put('a', note('1'));
      const flushed = store.flush();
      notes.put('a', note('2'));
      notes.delete('a');
      await flushed;
      assert.equal(await notes.get('a'), undefined);
    });
  });

  describe(`${name}: what cannot be kept`, () => {
    const refused: readonly (readonly [string, string, Note])[] = [
      ['a record that cannot be encoded', 'a', note('!')],
      ['a key with more than 1024 octets', 'ü'.repeat(513), note('x')],
      ['a key with NUL', 'a\0', note('x')],
      ['a key with half a surrogate pair', 'a\ud800', note('x')],
      ['an index with more than 512 octets', 'a', note('x', { to: 'ü'.repeat(257) })],
      ['an index with NUL', 'a', note('x', { to: '\0' })],
      ['an expiry that is no time', 'a', note('x', { expiresMs: Number.NaN })],
    ];
    for (const [what, key, record] of refused) {
      test(`${what}: its writer hears it, the others are not hurt`, async () => {
        const { notes, store } = await begin();
        const before = outcome((written) => notes.put('before', note('1'), written));
        const bad = outcome((written) => notes.put(key, record, written));
        const behind = outcome((written) => notes.put('behind', note('2'), written));
        assert.equal(codeOf(await bad), 'ERR_STORE_RECORD');
        assert.deepEqual([await before, await behind], [undefined, undefined]);
        assert.equal(await notes.get(key), undefined);
        assert.equal(keys(await notes.scan()), 'before behind');
        assert.equal(store.status().writable, true);
        assert.equal(await outcome((written) => notes.delete(key, written)), undefined);
        assert.deepEqual(
          await notes.find('to', record.to).then((found) => found.map((e) => e.key === key)),
          record.to === 'romeo' ? [false, false] : [],
        );
      });
    }
    test('the largest that fits', async () => {
      const { notes } = await begin();
      const key = 'ü'.repeat(512);
      const to = '中'.repeat(170);
      notes.put(key, note('x'.repeat(1_000_000), { to }));
      assert.equal((await notes.find('to', to))[0]?.key, key);
      assert.equal((await notes.get(key))?.text.length, 1_000_000);
    });
    test('what cannot be read is passed over, counted, and logged once', async () => {
      const { notes, env } = await begin();
      for (let i = 0; i < 9; i++) notes.put(`k${i}`, note(i % 3 === 0 ? 'good' : '?', { expiresMs: i }));
      assert.equal(keys(await notes.scan({ limit: 2 })), 'k0 k3', 'a limit is filled');
      assert.equal(keys(await notes.find('to', 'romeo')), 'k0 k3 k6');
      assert.equal(await notes.get('k1'), undefined);
      assert.equal(await notes.count(), 9);
      assert.equal(keys(await notes.takeExpired(100, 100)), 'k0 k3 k6');
      assert.equal(await notes.count(), 0);
      assert.ok(env.counters.total('stoxgate_store_unreadable_total') >= 6);
      assert.deepEqual(
        env.log.lines.map(({ event }) => event),
        ['store.unreadable'],
      );
    });
  });

  describe(`${name}: life`, () => {
    test('a collection is opened once, with names that can be', async () => {
      const { store } = await begin();
      await assert.rejects(store.collection(noteSpec()), /second time/);
      for (const bad of ['', 'Notes', '1a', 'a-b', 'a"b', 'x'.repeat(25)]) {
        await assert.rejects(store.collection(noteSpec(bad)), RangeError);
      }
      await assert.rejects(store.collection({ ...noteSpec('more'), version: 0 }), RangeError);
      await assert.rejects(
        store.collection({ ...noteSpec('more'), indexes: { 'a b': () => '' } }),
        RangeError,
      );
      await assert.rejects(
        store.collection({ ...noteSpec('more'), indexes: { ab: () => '', aB: () => '' } }),
        RangeError,
      );
    });
    test('close while busy: everything is written first, then all is refused', async () => {
      const { place, store, notes } = await begin();
      const writes = Array.from({ length: 2500 }, (_, i) =>
        outcome((written) => notes.put(`k${i}`, note('x'), written)),
      );
      const closed = store.close();
      const late = outcome((written) => notes.put('late', note('x'), written));
      assert.deepEqual(new Set(await Promise.all(writes)), new Set([undefined]));
      assert.equal(codeOf(await late), 'ERR_STORE_CLOSED');
      await closed;
      await store.close();
      const isClosed = (error: unknown): boolean => codeOf(error) === 'ERR_STORE_CLOSED';
      await assert.rejects(notes.get('k1'), isClosed);
      await assert.rejects(notes.takeExpired(1, 1), isClosed);
      await assert.rejects(store.collection(noteSpec('more')), isClosed);
      if (!place.lasts) return;
      const again = await place.open(realEnv());
      assert.equal(await (await again.collection(noteSpec())).count(), 2500);
    });
    test('status and figures', async () => {
      const { store, notes, env } = await begin();
      notes.put('a', note('x'));
      assert.equal(store.status().pending, 1);
      assert.ok(env.counters.text().includes('stoxgate_store_pending_writes 1\n'));
      await store.flush();
      assert.deepEqual(
        [store.status().pending, store.status().pendingMs, store.status().writable],
        [0, 0, true],
      );
      assert.equal(env.counters.total('stoxgate_store_commits_total'), 1);
    });
    test('what is there after a restart', async () => {
      const { place, store, notes } = await begin();
      if (!place.lasts) return;
      notes.put('a', note('1', { tag: 'x', expiresMs: 5 }));
      notes.put('b', note('2'));
      const before = await notes.scan();
      await store.close();
      const again = await place.open(realEnv());
      const kept = await again.collection(noteSpec());
      assert.deepEqual(await kept.scan(), before);
      // The keys of before are known: this delete is not withdrawn.
      kept.put('a', note('3'));
      kept.delete('a');
      assert.equal(keys(await kept.scan()), 'b');
      kept.put('c', note('4'));
      assert.ok(((await kept.scan()).at(-1)?.seq ?? 0) > (before.at(-1)?.seq ?? 0));
    });
  });
}
