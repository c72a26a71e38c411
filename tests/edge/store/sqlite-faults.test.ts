// What happens to a SQLite store from outside: kill -9, a full disk, a lock, damage, a newer program.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openStore } from '../../../src/edge/store/index.ts';
import { PeerProcess } from '../../peers/peer-process.ts';
import { TempFolder } from '../../peers/temp-folder.ts';
import { mustBecome, pause } from '../../peers/wait.ts';
import { codeOf, noteSpec, outcome, realEnv } from './rig.ts';

const folder = new TempFolder('sqlite-faults');
after(() => folder.remove());
const CHILD = fileURLToPath(new URL('store-child.ts', import.meta.url));
const ROUNDS = 5;

function child(what: string, place: string, seed = '0', onLine?: (line: string) => void): PeerProcess {
  return new PeerProcess(`store-child ${what}`, [process.execPath, CHILD, what, place, seed], {
    logFile: folder.file('child.log'),
    ...(onLine && { onLine }),
  });
}

test(`kill -9 at ${ROUNDS} random instants: what was acknowledged is there, and the file is sound`, async () => {
  const file = folder.file('killed.db');
  const written = new Set<string>();
  const deleting = new Set<string>();
  const deleted = new Set<string>();
  const sets: Readonly<Record<string, Set<string>>> = { '+': written, '?': deleting, '-': deleted };
  for (let round = 1; round <= ROUNDS; round++) {
    const before = deleted.size;
    const writer = child('write', file, String(round), (line) => sets[line.charAt(0)]?.add(line.slice(1)));
    await mustBecome('first writes', () => deleted.size > before || !writer.alive, 20_000);
    await pause(Math.random() * 300);
    writer.kill();
    await writer.exited;
    assert.ok(deleted.size > before, writer.output);

    const db = new DatabaseSync(file);
    assert.deepEqual({ ...db.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
    db.close();
    const store = await openStore(`sqlite:${file}`, realEnv());
    const notes = await store.collection(noteSpec());
    const there = new Set((await notes.scan()).map(({ key }) => key));
    await store.close();
    assert.deepEqual(
      [...written].filter((key) => !there.has(key) && !deleting.has(key)),
      [],
      'acknowledged and not there',
    );
    assert.deepEqual(
      [...deleted].filter((key) => there.has(key)),
      [],
      'deleted and still there',
    );
  }
});

/** A disk of 700 KB that only the child sees. */
const OWN_DISK = 'mount -t tmpfs -o size=700k none "$1" && exec "$2" "$3" fill "$1"';

test('a full disk (a small tmpfs): writers hear it, reads go on, and it recovers when there is room', (t) => {
  const disk = folder.folder('disk');
  const namespace = ['--user', '--map-root-user', '--mount'];
  if (spawnSync('unshare', [...namespace, 'mount', '-t', 'tmpfs', 'none', disk]).status !== 0) {
    t.skip('this system does not let its users mount anything of their own');
    return;
  }
  const command = [...namespace, 'sh', '-c', OWN_DISK, 'sh', disk, process.execPath, CHILD];
  const { stdout, stderr } = spawnSync('unshare', command, { encoding: 'utf8', timeout: 60_000 });
  assert.notEqual(stdout, '', stderr);
  assert.deepEqual(JSON.parse(stdout), {
    code: 'ERR_STORE_FULL',
    writableDuring: false,
    opensWhileFull: true,
    keptAll: true,
    again: true,
    writableAfterwards: true,
    surplus: 1,
  });
});

describe('only one process at a time', () => {
  test('the second is refused within its patience, and says so clearly', async () => {
    const file = folder.file('locked.db');
    const holder = child('hold', file);
    await holder.waitForOutput('open', 20_000);
    const began = performance.now();
    await assert.rejects(openStore(`sqlite:${file}`, realEnv(), { patienceMs: 200 }), (error: Error) => {
      assert.equal(codeOf(error), 'ERR_STORE_LOCKED');
      assert.match(error.message, /locked\.db.*only one gateway may use it at a time/);
      return true;
    });
    assert.ok(performance.now() - began < 5000);
    // A lock that is there for a moment only, as at a restart: the lock goes with its process, however it ends.
    setTimeout(() => holder.kill(), 300);
    const store = await openStore(`sqlite:${file}`, realEnv(), { patienceMs: 10_000 });
    await store.close();
  });
  test('nor the same process twice', async () => {
    const url = `sqlite:${folder.file('twice.db')}`;
    const store = await openStore(url, realEnv());
    const refused = (error: unknown): boolean => codeOf(error) === 'ERR_STORE_LOCKED';
    await assert.rejects(openStore(url, realEnv(), { patienceMs: 100 }), refused);
    const notes = await store.collection(noteSpec());
    assert.equal(await outcome((written) => notes.put('a', { to: 'x', text: 'y' }, written)), undefined);
    await assert.rejects(openStore(url, realEnv(), { patienceMs: 100 }), refused, 'its lock is still there');
    await store.close();
  });
});

/** A store with 2,000 records, closed. */
async function filled(name: string): Promise<string> {
  const file = folder.file(name);
  const store = await openStore(`sqlite:${file}`, realEnv());
  const notes = await store.collection(noteSpec());
  for (let i = 0; i < 2000; i++) notes.put(`k${i}`, { to: 'x', text: 'y'.repeat(100) });
  await store.close();
  return file;
}

describe('what cannot be opened', () => {
  const cases: readonly (readonly [string, string, (path: string) => unknown])[] = [
    [
      'a file of something else',
      'ERR_STORE_CORRUPT',
      (path) => writeFileSync(path, 'what is this? '.repeat(1000)),
    ],
    [
      'a truncated file',
      'ERR_STORE_CORRUPT',
      async (path) => {
        copyFileSync(await filled(`${path.split('/').at(-1) ?? ''}.whole`), path);
        truncateSync(path, Math.floor(statSync(path).size / 2 / 4096) * 4096);
      },
    ],
    ['a folder', 'ERR_STORE_OPEN', (path) => mkdirSync(path)],
    [
      "another program's database",
      'ERR_STORE_OPEN',
      (path) => {
        const db = new DatabaseSync(path);
        db.exec('CREATE TABLE bookmarks (url)');
        db.close();
      },
    ],
    [
      'tables of a newer program',
      'ERR_STORE_NEWER',
      async (path) => {
        await (await openStore(`sqlite:${path}`, realEnv())).close();
        const db = new DatabaseSync(path);
        db.exec("UPDATE stoxgate_schema SET version = 2 WHERE collection = ''");
        db.close();
      },
    ],
  ];
  for (const [what, code, make] of cases) {
    test(`${what}: ${code}, and it is left as it is`, async () => {
      const file = folder.file(`${what.replaceAll(/\W/g, '-')}.db`);
      await make(file);
      const isFile = statSync(file).isFile();
      const before = isFile ? readFileSync(file) : undefined;
      await assert.rejects(openStore(`sqlite:${file}`, realEnv()), (error: Error) => {
        assert.equal(codeOf(error), code);
        assert.ok(error.message.includes(file));
        return true;
      });
      if (before !== undefined) assert.deepEqual(readFileSync(file), before);
    });
  }
  test('a folder that is not there: ERR_STORE_OPEN, and it is not made', async () => {
    const file = join(folder.path, 'missing', 'a.db');
    await assert.rejects(
      openStore(`sqlite:${file}`, realEnv()),
      (error) => codeOf(error) === 'ERR_STORE_OPEN',
    );
    assert.ok(!existsSync(join(folder.path, 'missing')));
  });
});

test('damage that is found while it runs: ERR_STORE_CORRUPT, and no crash', async () => {
  const file = await filled('damaged.db');
  const bytes = readFileSync(file);
  // All pages but the first, which has the tables' names, and those of the small tables behind it.
  bytes.fill(0x55, 12 * 4096);
  writeFileSync(file, bytes);
  const store = await openStore(`sqlite:${file}`, realEnv());
  await assert.rejects(
    async () => {
      const notes = await store.collection(noteSpec());
      await notes.scan();
    },
    (error) => codeOf(error) === 'ERR_STORE_CORRUPT',
  );
  await store.close();
});

test('the file is readable for its owner only, and names with a meaning for SQLite are files', async () => {
  const file = folder.file(':memory:');
  const store = await openStore(`sqlite:${file}`, realEnv());
  assert.equal(statSync(file).mode & 0o777, 0o600);
  await store.close();
});
