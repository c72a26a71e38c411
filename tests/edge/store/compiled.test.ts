// What is installed is compiled: there, too, the SQLite store finds its worker thread.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TempFolder } from '../../peers/temp-folder.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const folder = new TempFolder('compiled');
after(() => folder.remove());

const PROGRAM = `
import { openStore } from './dist/edge/store/index.js';
import { Counters, silentLog, TimerWheel } from './dist/base/index.js';
const clock = { now: () => performance.now(), wall: () => Date.now() };
const timers = new TimerWheel(() => clock.now());
const interval = setInterval(() => timers.advance(), 5);
const store = await openStore('sqlite:' + process.argv[2], { clock, timers, log: silentLog, counters: new Counters() });
const words = await store.collection({
  name: 'words', version: 1, indexes: {}, encode: JSON.stringify, decode: (_version, text) => JSON.parse(text),
});
words.put('a', 'kept');
process.stdout.write(await words.get('a'));
await store.close();
clearInterval(interval);
`;

test('compiled, in a worker thread', () => {
  const tsc = [
    `${ROOT}/node_modules/.bin/tsc`,
    '-p',
    `${ROOT}/tsconfig.build.json`,
    '--outDir',
    folder.file('dist'),
  ];
  const built = spawnSync(process.execPath, tsc, { encoding: 'utf8' });
  assert.equal(built.status, 0, built.stdout);
  symlinkSync(`${ROOT}/node_modules`, folder.file('node_modules'));
  folder.write('package.json', '{ "type": "module" }');
  const program = folder.write('program.js', PROGRAM);
  const { stdout, stderr } = spawnSync(process.execPath, [program, folder.file('a.db')], {
    encoding: 'utf8',
  });
  assert.equal(stdout, 'kept', stderr);
});
