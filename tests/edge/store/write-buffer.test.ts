// The write buffer in virtual time, over the memory store with faults on order: when it commits, what it withdraws, and
// whom it tells what.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Counters, StoxgateError, VirtualTime, type Collection } from '../../../src/base/index.ts';
import type { TableBatch } from '../../../src/edge/store/backend.ts';
import { MemoryBackend } from '../../../src/edge/store/memory-backend.ts';
import type { StoreOptions } from '../../../src/edge/store/index.ts';
import { BackedStore } from '../../../src/edge/store/store.ts';
import { codeOf, noteSpec, recordedLog, type Note, type NoteSpec, type RecordedLog } from './rig.ts';

/** Commits wait for `let`, and fail when they are told to. */
class FaultyBackend extends MemoryBackend {
  readonly commits: (readonly TableBatch[])[] = [];
  fault: Error | undefined;
  /** Set: a commit waits until it is called. */
  held: (() => void)[] | undefined;

  override async commit(batches: readonly TableBatch[]): Promise<void> {
    this.commits.push(batches);
    if (this.held !== undefined) await new Promise<void>((resolve) => this.held?.push(resolve));
    if (this.fault !== undefined) throw this.fault;
    await super.commit(batches);
  }

  letGo(): void {
    for (const resolve of this.held?.splice(0) ?? []) resolve();
  }
}

interface Rig {
  readonly time: VirtualTime;
  readonly backend: FaultyBackend;
  readonly store: BackedStore;
  readonly notes: Collection<Note>;
  readonly spec: NoteSpec;
  readonly log: RecordedLog;
  readonly counters: Counters;
  /** What writers were told, in order. */
  readonly told: string[];
  readonly put: (key: string, text?: string) => void;
  readonly remove: (key: string) => void;
  readonly pass: (ms: number) => Promise<void>;
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function rig(options: StoreOptions = {}): Promise<Rig> {
  const time = new VirtualTime();
  const backend = new FaultyBackend();
  const log = recordedLog();
  const counters = new Counters();
  const store = new BackedStore(backend, { clock: time, timers: time.timers, log, counters }, options);
  await store.open();
  const spec = noteSpec();
  const notes = await store.collection(spec);
  const told: string[] = [];
  const hears =
    (what: string) =>
    (error?: Error): void => {
      told.push(error === undefined ? what : `${what} ${codeOf(error)}`);
    };
  return {
    ...{ time, backend, store, notes, spec, log, counters, told },
    put: (key, text = key) => notes.put(key, { to: 'x', text }, hears(`+${key}`)),
    remove: (key) => notes.delete(key, hears(`-${key}`)),
    async pass(ms) {
      time.advance(ms);
      await settled();
    },
  };
}

const full = new StoxgateError('ERR_STORE_FULL', 'the disk is full');

describe('when writes are committed', () => {
  test('a window after the first, in one group', async () => {
    const { backend, put, pass, told } = await rig({ windowMs: 5 });
    put('a');
    await pass(4);
    put('b');
    assert.equal(backend.commits.length, 0);
    await pass(1);
    assert.equal(backend.commits.length, 1);
    assert.deepEqual(told, ['+a', '+b']);
    await pass(1000);
    assert.equal(backend.commits.length, 1, 'nothing, nothing committed');
  });
  test('at once when they are many', async () => {
    const { backend, put, told } = await rig({ groupSize: 3 });
    put('a');
    put('b');
    await settled();
    assert.equal(backend.commits.length, 0);
    put('c');
    await settled();
    assert.equal(backend.commits.length, 1);
    assert.deepEqual(told, ['+a', '+b', '+c']);
  });
  test('what comes during a commit gathers for the next', async () => {
    const { backend, put, pass, store } = await rig({ windowMs: 5, groupSize: 3 });
    backend.held = [];
    put('a');
    await pass(5);
    for (const key of ['b', 'c', 'd', 'e']) put(key);
    await pass(100);
    assert.equal(backend.commits.length, 1, 'one at a time');
    assert.deepEqual([store.status().pending, store.status().pendingMs], [5, 105]);
    backend.letGo();
    await settled();
    assert.equal(backend.commits.length, 2, 'many: at once');
    backend.letGo();
    await settled();
    assert.deepEqual([store.status().pending, store.status().pendingMs], [0, 0]);
    put('f');
    await pass(4);
    assert.equal(backend.commits.length, 2);
  });
  test('who withdraws a write is told in the same turn, not after the window', async () => {
    const { backend, put, remove, told, store } = await rig({ windowMs: 5 });
    put('a');
    put('b');
    remove('a');
    assert.deepEqual(told, [], 'not inside of the call');
    await Promise.resolve();
    assert.deepEqual(told, ['+a', '-a']);
    assert.equal(store.status().pending, 1);
    assert.equal(backend.commits.length, 0);
  });
  test('a large group is written in parts, in order', async () => {
    const { backend, put, pass, told } = await rig({ groupSize: 10_000 });
    for (let i = 0; i < 2500; i++) put(`k${i}`);
    await pass(5);
    await settled();
    assert.equal(backend.commits.length, 3);
    assert.deepEqual(
      told,
      Array.from({ length: 2500 }, (_, i) => `+k${i}`),
    );
  });
  test('records are encoded when the commit starts, not before', async () => {
    const { put, pass, spec } = await rig();
    put('a');
    await pass(4);
    assert.deepEqual(spec.encoded, []);
    await pass(1);
    assert.deepEqual(spec.encoded, ['a']);
  });
});

describe('what is withdrawn', () => {
  test('nothing is committed, both are told at the end of the window', async () => {
    const { backend, put, remove, pass, told, spec, counters, store } = await rig();
    put('a');
    await pass(2);
    remove('a');
    assert.equal(store.status().pending, 0);
    assert.deepEqual(told, []);
    await pass(3);
    assert.deepEqual(told, ['+a', '-a']);
    assert.equal(backend.commits.length, 0);
    assert.deepEqual(spec.encoded, []);
    assert.equal(counters.total('stoxgate_store_withdrawn_total'), 1);
  });
  test('ten thousand in one turn, with what stays', async () => {
    const { backend, put, remove, pass, told, spec } = await rig({ groupSize: 100 });
    for (let i = 0; i < 10_000; i++) {
      put(`k${i}`);
      if (i !== 5000) remove(`k${i}`);
    }
    await pass(5);
    assert.deepEqual(spec.encoded, ['k5000']);
    assert.equal(backend.commits.length, 1);
    assert.equal(told.length, 19_999);
  });
  test('a key that the store holds is deleted there', async () => {
    const { backend, put, remove, pass, notes } = await rig();
    put('a');
    await pass(5);
    put('a', 'again');
    remove('a');
    await pass(5);
    assert.deepEqual(backend.commits[1], [{ table: 'notes', deletes: ['a'], puts: [] }]);
    put('a');
    remove('a');
    await pass(5);
    assert.equal(backend.commits.length, 2, 'and is known to be gone');
    assert.equal(await notes.get('a'), undefined);
  });
  test('a put that a commit has taken is not', async () => {
    const { backend, put, remove, pass, told } = await rig();
    backend.held = [];
    put('a');
    await pass(5);
    remove('a');
    backend.letGo();
    await settled();
    await pass(10);
    backend.letGo();
    await settled();
    assert.equal(backend.commits.length, 2);
    assert.deepEqual(told, ['+a', '-a']);
  });
  test('a put whose commit failed may be there: its delete is committed', async () => {
    const { backend, put, remove, pass } = await rig({ retryMs: 10 });
    backend.fault = full;
    put('a');
    await pass(5);
    backend.fault = undefined;
    put('a');
    remove('a');
    await pass(50);
    assert.deepEqual(backend.commits.at(-1), [{ table: 'notes', deletes: ['a'], puts: [] }]);
  });
  test('too many keys to remember: deletes are committed, until they are few again', async () => {
    const { backend, notes, put, remove, pass, store } = await rig({ maxPending: 200_000 });
    for (let i = 0; i < 50_001; i++) notes.put(`k${i}`, { to: 'x', text: '' });
    await store.flush();
    put('a');
    remove('a');
    await pass(5);
    assert.deepEqual(backend.commits.at(-1)?.[0]?.deletes, ['a']);
    await notes.trim(10);
    await pass(60_000);
    put('b');
    await pass(5);
    const { length } = backend.commits;
    put('a');
    remove('a');
    await pass(5);
    assert.equal(backend.commits.length, length);
    put('k50000');
    remove('k50000');
    await pass(5);
    assert.deepEqual(
      backend.commits.at(-1)?.[0]?.deletes,
      ['k50000'],
      'what was there all the time is known again',
    );
  });
});

describe('when a commit fails', () => {
  test('each writer of the group hears it once; status says why', async () => {
    const { backend, put, remove, pass, told, store, log, counters } = await rig();
    backend.fault = full;
    put('a');
    put('a', 'again');
    put('b');
    remove('c');
    await pass(5);
    // The store does not hold "c": there was nothing to do.
    const all = ['+a ERR_STORE_FULL', '+a ERR_STORE_FULL', '+b ERR_STORE_FULL', '-c'];
    await pass(250);
    assert.deepEqual(told.toSorted(), all);
    assert.deepEqual(
      [store.status().writable, store.status().error, store.status().pending],
      [false, 'the disk is full', 0],
    );
    assert.ok(counters.text().includes('stoxgate_store_writable 0\n'));
    assert.equal(counters.total('stoxgate_store_failed_commits_total'), 1);
    assert.deepEqual(
      log.lines.map(({ event, fields }) => [event, fields['code']]),
      [['store.not-writable', 'ERR_STORE_FULL']],
    );
  });
  test('the next write is a try, at a bounded rate; the reason is logged once', async () => {
    const { backend, put, pass, told, log } = await rig({ windowMs: 5, retryMs: 250 });
    backend.fault = full;
    for (let i = 0; i < 1000; i++) {
      put(`k${i}`);
      await pass(1);
    }
    assert.ok(
      backend.commits.length >= 4 && backend.commits.length <= 5,
      `${backend.commits.length} in a second`,
    );
    await pass(250);
    assert.equal(told.length, 1000);
    assert.equal(log.lines.length, 1);
  });
  test('it recovers with the first that succeeds', async () => {
    const { backend, put, pass, told, store, log } = await rig({ retryMs: 250 });
    backend.fault = full;
    put('a');
    await pass(5);
    backend.fault = undefined;
    assert.equal(store.status().writable, false, 'nobody has tried yet');
    put('b');
    await pass(249);
    assert.deepEqual(told, ['+a ERR_STORE_FULL']);
    await pass(1);
    assert.deepEqual(told, ['+a ERR_STORE_FULL', '+b']);
    assert.deepEqual([store.status().writable, store.status().error], [true, undefined]);
    assert.equal(log.lines.at(-1)?.event, 'store.writable');
  });
  test('reads and flush do not make it spin, and go on when the writers were told', async () => {
    const { backend, put, pass, told, notes, store } = await rig({ retryMs: 250 });
    backend.fault = full;
    put('a');
    await pass(5);
    put('b');
    let read: unknown = 'waiting';
    void notes.get('b').then((value) => (read = value));
    let flushed = false;
    void store.flush().then(() => (flushed = true));
    await pass(100);
    assert.deepEqual([backend.commits.length, read, flushed], [1, 'waiting', false]);
    await pass(150);
    assert.deepEqual([backend.commits.length, read, flushed], [2, undefined, true]);
    assert.equal(told.length, 2);
  });
  test('later parts of the group are not tried', async () => {
    const { backend, put, pass, told, spec } = await rig({ groupSize: 10_000 });
    backend.fault = full;
    for (let i = 0; i < 2500; i++) put(`k${i}`);
    await pass(5);
    assert.equal(backend.commits.length, 1);
    assert.equal(spec.encoded.length, 1000);
    assert.equal(told.filter((line) => line.endsWith(' ERR_STORE_FULL')).length, 2500);
  });
  test('close tries once more, at once', async () => {
    const { backend, put, pass, told, store } = await rig({ retryMs: 250 });
    backend.fault = full;
    put('a');
    await pass(5);
    put('b');
    backend.fault = undefined;
    await store.close();
    assert.deepEqual(told, ['+a ERR_STORE_FULL', '+b']);
  });
});

describe('what is too much, and what is at fault', () => {
  test('more than may be pending: refused at once, the others are not hurt', async () => {
    const { backend, put, pass, told, counters } = await rig({ maxPending: 3, windowMs: 5 });
    for (const key of ['a', 'b', 'c', 'd']) put(key);
    assert.deepEqual(told, [], 'not inside of the call');
    await settled();
    assert.equal(told[0], '+d ERR_STORE_QUEUE');
    assert.equal(counters.total('stoxgate_store_refused_writes_total'), 1);
    await pass(5);
    assert.deepEqual(told.slice(1), ['+a', '+b', '+c']);
    assert.equal(backend.commits.length, 1);
    put('e');
    await pass(5);
    assert.equal(told.at(-1), '+e');
  });
  test('a writer that throws does not keep the others from hearing', async () => {
    const { notes, put, pass, told, log, counters } = await rig();
    notes.put('a', { to: 'x', text: 'a' }, () => {
      throw new Error('a bug');
    });
    put('b');
    await pass(5);
    assert.deepEqual(told, ['+b']);
    assert.equal(log.lines[0]?.event, 'store.writer-fault');
    assert.equal(counters.total('stoxgate_bugs_total'), 1);
  });
  test('a writer may write', async () => {
    const { notes, put, pass, told } = await rig();
    notes.put('a', { to: 'x', text: 'a' }, () => put('b'));
    await pass(5);
    assert.deepEqual(told, []);
    await pass(5);
    assert.deepEqual(told, ['+b']);
  });
  test('the longest commit is forgotten after two minutes', async () => {
    const { backend, put, pass, time, counters } = await rig();
    const longest = (): string =>
      /^stoxgate_store_commit_max_seconds (\S+)/m.exec(counters.text())?.[1] ?? '';
    backend.held = [];
    put('a');
    await pass(5);
    time.advance(1500);
    backend.letGo();
    await settled();
    assert.equal(longest(), '1.5');
    await pass(60_000);
    assert.equal(longest(), '1.5');
    await pass(60_000);
    assert.equal(longest(), '0');
  });
});
