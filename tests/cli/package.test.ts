// What npm does with the package: `prepare` runs after every `npm ci`, also where the compiler was left out.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';

interface Package {
  readonly files: readonly string[];
  readonly scripts: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, { readonly types: string; readonly default: string }>>;
}

const description: Package = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));

const folder = mkdtempSync(join(tmpdir(), 'stoxgate-package-'));
after(() => rmSync(folder, { recursive: true }));

/** Runs `prepare` in a folder with these files, with an npm that only tells how it was called. */
function prepare(place: string, files: readonly string[], npmStatus = 0) {
  const base = join(folder, place);
  mkdirSync(join(base, 'node_modules/.bin'), { recursive: true });
  mkdirSync(join(base, 'path'));
  for (const file of files) writeFileSync(join(base, file), '#!/bin/sh\n', { mode: 0o755 });
  const npm = join(base, 'path/npm');
  writeFileSync(npm, `#!/bin/sh\necho "npm $*"\nexit ${npmStatus}\n`);
  chmodSync(npm, 0o755);
  const { status, stdout, stderr } = spawnSync(
    '/bin/sh',
    ['-c', description.scripts['prepare'] ?? 'exit 9'],
    {
      cwd: base,
      encoding: 'utf8',
      env: { PATH: join(base, 'path') },
    },
  );
  return { status, stdout, stderr };
}

const SILENT = { status: 0, stdout: '', stderr: '' };

describe('prepare', () => {
  test('`npm ci`: builds', () => {
    assert.deepEqual(prepare('whole', ['node_modules/.bin/tsc', 'tsconfig.build.json']), {
      status: 0,
      stdout: 'npm run --silent build\n',
      stderr: '',
    });
  });
  test('a build that fails is not hidden', () => {
    assert.equal(prepare('broken', ['node_modules/.bin/tsc', 'tsconfig.build.json'], 2).status, 2);
  });
  test('`npm ci --omit=dev`: no compiler, nothing said, exit 0', () => {
    assert.deepEqual(prepare('omit-dev', ['tsconfig.build.json']), SILENT);
  });
  test('an unpacked package, which has dist/ and not what it was built with', () => {
    assert.deepEqual(prepare('unpacked', ['node_modules/.bin/tsc']), SILENT);
  });
});

describe('what scripts of operators import', () => {
  for (const [name, place] of Object.entries(description.exports)) {
    if (name === '.') continue;
    test(`stoxgate${name.slice(1)} is what is compiled of a source that is there`, async () => {
      assert.match(place.default, /^\.\/dist\/.*\.js$/);
      assert.equal(place.types, place.default.replace(/js$/, 'd.ts'));
      const source = place.default.replace('./dist/', '../../src/').replace(/js$/, 'ts');
      const module: object = await import(new URL(source, import.meta.url).href);
      const expected = name === './testing' ? 'testRoutes' : 'HOOKS';
      assert.ok(expected in module, expected);
    });
  }
  test('both are offered', () => {
    assert.deepEqual(Object.keys(description.exports).toSorted(), ['.', './routes', './testing']);
  });
});

test('a package is never packed without what it runs', () => {
  assert.equal(description.scripts['prepack'], 'npm run --silent build');
  for (const file of ['bin', 'dist', 'examples']) assert.ok(description.files.includes(file), file);
});
