// A hook that does not come back: the other thread says which one it is, while the main one cannot say anything.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const WATCHDOG = new URL('../../../src/edge/routes/index.ts', import.meta.url).href;

function lines(
  script: string,
): { readonly event: string; readonly hook: string; readonly ms: number; readonly node: string }[] {
  const { stderr, status } = spawnSync(
    process.execPath,
    ['--input-type=module-typescript', '--eval', `import { ThreadWatchdog } from '${WATCHDOG}';\n${script}`],
    { encoding: 'utf8', env: {}, timeout: 30_000 },
  );
  assert.equal(status, 0, stderr);
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
}

const BLOCK = (ms: number): string => `const end = Date.now() + ${ms}; while (Date.now() < end);`;
const START = `
  const dog = new ThreadWatchdog({ node: 'gw1', patienceMs: 500 });
  await new Promise((done) => setTimeout(done, 1000));`;

test('it is named after its patience, and again when it has lasted twice as long', () => {
  const all = lines(`${START} dog.entered('onStanza'); ${BLOCK(2600)} dog.left(); await dog.stop();`);
  // On a machine with more to do than it can, nothing comes round before the hook begins either.
  const told = all.slice(all.findIndex(({ hook }) => hook === 'onStanza'));
  assert.ok(told.length >= 2 && told.length <= 3, JSON.stringify(all));
  for (const line of told) {
    assert.deepEqual([line.event, line.hook, line.node], ['routes.hangs', 'onStanza', 'gw1']);
  }
  assert.ok((told[0]?.ms ?? 0) >= 500 && (told[1]?.ms ?? 0) >= 2 * (told[0]?.ms ?? 0));
});

test('after an await nobody knows whose it is', () => {
  const told = lines(`${START} ${BLOCK(1500)} await dog.stop();`);
  assert.equal(told[0]?.hook, 'none, or after an await');
});

test('one that comes back in time is not named, nor an idle process; it does not keep the process alive', () => {
  assert.deepEqual(
    lines(`${START} for (let i = 0; i < 5; i++) { dog.entered('onStanza'); ${BLOCK(100)} dog.left();
      await new Promise((done) => setTimeout(done, 300)); }`),
    [],
  );
});
