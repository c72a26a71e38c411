// A process of its own for the tests of SQLite: it is killed, holds the lock, or fills a disk.
//
//   node store-child.ts write FILE SEED    prints "+key" or "-key" for each write that it was told is durable, "?key" before a delete
//   node store-child.ts hold FILE          prints "open", and keeps it open
//   node store-child.ts fill FOLDER        fills the disk that FOLDER is on, and prints what happened as JSON

import { appendFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { SeededRandom, type Collection, type Store } from '../../../src/base/index.ts';
import { openStore } from '../../../src/edge/store/index.ts';
import { codeOf, noteSpec, outcome, realEnv, type Note } from './rig.ts';

const [what, place = '', seed = '0'] = process.argv.slice(2);
if (what === 'write') await write();
else if (what === 'hold') await hold();
else await fill();

async function write(): Promise<void> {
  const store = await openStore(`sqlite:${place}`, realEnv(), { windowMs: 1 });
  const notes = await store.collection(noteSpec());
  const random = new SeededRandom(Number(seed));
  const below = (limit: number): number => Math.floor(random.unit() * limit);
  let count = 0;
  for (;;) {
    for (let i = below(30); i >= 0; i--) {
      // Each key is written once, and every third is deleted some time later: what the parent reads is exact.
      // Synchronously: what was acknowledged before the kill has left the process.
      const key = `${seed}-${count++}`;
      notes.put(key, { to: 'x', text: key }, () => say(`+${key}`));
      const old = count - 200;
      if (old < 0 || old % 3 !== 0) continue;
      say(`?${seed}-${old}`);
      notes.delete(`${seed}-${old}`, () => say(`-${seed}-${old}`));
    }
    await new Promise((resolve) => setTimeout(resolve, below(4)));
  }
}

/** In the pipe when it returns; a parent that is slow is waited for. */
function say(line: string): void {
  let rest = Buffer.from(`${line}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

async function hold(): Promise<void> {
  await openStore(`sqlite:${place}`, realEnv());
  process.stdout.write('open\n');
  setInterval(() => {}, 1000);
}

async function fill(): Promise<void> {
  const filler = join(place, 'filler');
  writeFileSync(filler, Buffer.alloc(300_000));
  const open = async (): Promise<{ store: Store; notes: Collection<Note> }> => {
    const opened = await openStore(`sqlite:${join(place, 'a.db')}`, realEnv(), { retryMs: 50 });
    return { store: opened, notes: await opened.collection(noteSpec()) };
  };
  let { store, notes } = await open();
  const text = 'x'.repeat(2000);
  const kept: string[] = [];
  let error: Error | undefined;
  for (let i = 0; i < 10_000 && error === undefined; i++) {
    error = await outcome((written) => notes.put(`k${i}`, { to: 'x', text }, written));
    if (error === undefined) kept.push(`k${i}`);
  }
  const during = store.status();
  const read = (await notes.scan()).map(({ key }) => key);
  // The gateway is started again before anybody has made room.
  await store.close();
  fillUp(join(place, 'filler2'));
  let opens = true;
  try {
    ({ store, notes } = await open());
    opens = (await notes.count()) === read.length;
  } catch {
    opens = false;
  }
  rmSync(join(place, 'filler2'));
  rmSync(filler);
  if (!opens) ({ store, notes } = await open());
  const again = await outcome((written) => notes.put('again', { to: 'x', text }, written));
  const afterwards = store.status();
  const count = await notes.count();
  await store.close();
  const result = {
    code: codeOf(error),
    writableDuring: during.writable,
    opensWhileFull: opens,
    keptAll: kept.length > 10 && kept.every((key) => read.includes(key)),
    again: again === undefined,
    writableAfterwards: afterwards.writable,
    surplus: count - kept.length,
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

/** To the last octet. */
function fillUp(file: string): void {
  for (let size = 65_536; size >= 1; size = size >> 1) {
    try {
      for (;;) appendFileSync(file, Buffer.alloc(size));
    } catch {
      // A smaller piece may still fit.
    }
  }
}
