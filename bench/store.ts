// What a store carries, by implementation, in ratios to SQLite: durable records a second by many writers at a time, time
// to one durable record, records a second that are withdrawn before their commit, and reads by an index.
//
//   npm run bench:store -- [--count 50000] [--rounds 3] [--only memory,sqlite,postgres]
//
// PostgreSQL is started for it (Debian's package postgresql); the disk is that of the system's temporary folder.

import { parseArgs } from 'node:util';
import type { Collection, Store } from '../src/base/index.ts';
import { openStore } from '../src/edge/store/index.ts';
import { noteSpec, outcome, realEnv, type Note } from '../tests/edge/store/rig.ts';
import { Postgres } from '../tests/peers/postgres.ts';
import { TempFolder } from '../tests/peers/temp-folder.ts';
import { median } from './load.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '50000' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: 'memory,sqlite,postgres' },
  },
});
const count = Number(values.count);
const REFERENCE = 'sqlite';
/** Writers at a time: as many messages as are under way. */
const WRITERS = 1000;
/** One after the other: each waits for its own commit. */
const SINGLE = 50;
const FINDS = 500;
const NOTE: Note = { to: 'romeo@example.net', text: 'x'.repeat(400) };

const MEASURES = {
  'durable puts/s, 1000 at a time': durable,
  'single durable puts/s (window 0)': single,
  'put + delete withdrawn/s': withdrawn,
  'finds of 10 records/s': finds,
};

const folder = new TempFolder('bench-store');
const kinds = values.only.split(',');
const server = kinds.includes('postgres') ? new Postgres(folder.path) : undefined;
await server?.start();
const results = new Map<string, number[]>();
try {
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const kind of kinds) await measureAll(kind, round);
  }
  report();
} finally {
  await server?.stop();
  folder.remove();
}

async function measureAll(kind: string, round: number): Promise<void> {
  const urls: Record<string, () => string | Promise<string>> = {
    memory: () => 'memory:',
    sqlite: () => `sqlite:${folder.file(`${round}.db`)}`,
    postgres: async () => server?.url(await server.database()) ?? '',
  };
  const url = await urls[kind]?.();
  if (url === undefined) throw new Error(`there is no store "${kind}"`);
  const store = await openStore(url, realEnv(), { windowMs: 0 });
  for (const [what, run] of Object.entries(MEASURES)) {
    const perSecond = await run(
      store,
      await store.collection(noteSpec(`c${Object.keys(MEASURES).indexOf(what)}`)),
    );
    const key = `${what} ${kind}`;
    results.set(key, [...(results.get(key) ?? []), perSecond]);
  }
  await store.close();
}

async function timed(times: number, work: () => Promise<void>): Promise<number> {
  const began = performance.now();
  await work();
  return (times * 1000) / (performance.now() - began);
}

function durable(_store: Store, notes: Collection<Note>): Promise<number> {
  return timed(
    count,
    () =>
      new Promise((resolve, reject) => {
        let next = 0;
        let done = 0;
        const one = (error?: Error): void => {
          if (error !== undefined) reject(error);
          done += 1;
          if (done === count) resolve();
          else if (next < count) notes.put(`k${next++}`, NOTE, one);
        };
        while (next < Math.min(WRITERS, count)) notes.put(`k${next++}`, NOTE, one);
      }),
  );
}

function single(_store: Store, notes: Collection<Note>): Promise<number> {
  return timed(SINGLE, async () => {
    for (let i = 0; i < SINGLE; i++) {
      const error = await outcome((written) => notes.put(`k${i}`, NOTE, written));
      if (error !== undefined) throw error;
    }
  });
}

function withdrawn(store: Store, notes: Collection<Note>): Promise<number> {
  const times = count * 10;
  return timed(times, async () => {
    for (let i = 0; i < times; i++) {
      notes.put(`k${i}`, NOTE);
      notes.delete(`k${i}`);
      // As messages come: some in each turn of the event loop.
      if (i % 100 === 99) await new Promise((resolve) => setImmediate(resolve));
    }
    await store.flush();
  });
}

async function finds(_store: Store, notes: Collection<Note>): Promise<number> {
  for (let i = 0; i < FINDS * 10; i++) notes.put(`k${i}`, { ...NOTE, to: `user${i % FINDS}` });
  await notes.count();
  return await timed(FINDS, async () => {
    for (let i = 0; i < FINDS; i++) {
      if ((await notes.find('to', `user${i}`)).length !== 10) throw new Error('not what was written');
    }
  });
}

function report(): void {
  for (const what of Object.keys(MEASURES)) {
    console.log(what);
    const reference = results.get(`${what} ${REFERENCE}`);
    for (const kind of kinds) {
      const perSecond = median(results.get(`${what} ${kind}`) ?? []);
      const ratio = reference === undefined ? '' : `   ${(perSecond / median(reference)).toFixed(2)}`;
      console.log(`  ${kind.padEnd(10)} ${perSecond.toFixed(0).padStart(10)}${ratio}`);
    }
  }
}
