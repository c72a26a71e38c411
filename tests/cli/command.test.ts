// The command as a process: bin/stoxgate from other places, with other Nodes.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = join(root, 'bin/stoxgate');
const folder = mkdtempSync(join(tmpdir(), 'stoxgate-cli-'));
after(() => rmSync(folder, { recursive: true }));

function call(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: 20_000,
    ...options,
  });
  return { status, stdout, stderr };
}

const version = String(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version);

describe('bin/stoxgate', () => {
  test('from any working directory, through symbolic links', () => {
    const link = join(folder, 'link');
    const second = join(folder, 'second');
    symlinkSync(bin, link);
    symlinkSync('link', second);
    assert.deepEqual(call(second, ['--version'], { cwd: folder }), {
      status: 0,
      stdout: `${version}\n`,
      stderr: '',
    });
  });

  test('an unknown command: usage, exit 2', () => {
    const { status, stdout, stderr } = call(bin, ['frobnicate']);
    assert.equal(status, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /^stoxgate: unknown command "frobnicate"\n\nUsage:/);
  });

  test('an unusable file: line and column, exit 2, for every command', () => {
    const file = join(folder, 'bad.yaml');
    writeFileSync(file, 'domains: []\nmesages: {}\n');
    for (const args of [['run'], ['check'], ['address', 'sip:a@b']]) {
      const { status, stdout, stderr } = call(bin, [...args, '--config', file]);
      assert.equal(status, 2);
      assert.equal(stdout, '');
      assert.equal(
        stderr,
        `${file}:1:10: domains: needs at least 1 entry\n` +
          `${file}:2:1: mesages: is not a key of the configuration (did you mean messages?)\n`,
      );
    }
  });
});

/** A package with its own bin/, main program and perhaps Node, none of which do more than tell who ran. */
function fakePackage(place: string, files: Readonly<Record<string, string>>): string {
  const base = join(folder, place);
  mkdirSync(join(base, 'bin'), { recursive: true });
  copyFileSync(bin, join(base, 'bin/stoxgate'));
  for (const [name, content] of Object.entries(files)) {
    const path = join(base, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    if (content.startsWith('#!')) chmodSync(path, 0o755);
  }
  return join(base, 'bin/stoxgate');
}

const telling = (name: string, version = 'v99.0.0'): string =>
  `#!/bin/sh\nif [ "$1" = --version ]; then echo ${version}; else echo ${name} "$@"; fi\n`;

/** A PATH on which `node` is this script. */
function pathWith(name: string, node: string | undefined): NodeJS.ProcessEnv {
  const place = join(folder, name);
  mkdirSync(place);
  for (const tool of ['sh', 'dirname', 'readlink', 'find', 'head']) {
    const { stdout } = spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' });
    symlinkSync(stdout.trim(), join(place, tool));
  }
  if (node !== undefined) {
    writeFileSync(join(place, 'node'), node);
    chmodSync(join(place, 'node'), 0o755);
  }
  return { PATH: place };
}

describe('which Node and which program', () => {
  test("the package's own Node before the host's", () => {
    const command = fakePackage('own', {
      'node_modules/node/bin/node': telling('own'),
      'src/cli/main.ts': '',
    });
    const { stdout } = call(command, ['a b'], { env: pathWith('p1', telling('host')) });
    assert.equal(
      stdout,
      `own --max-semi-space-size=8 --heap-growing-percent=20 ${folder}/own/src/cli/main.ts a b\n`,
    );
  });
  test("else the host's, when it is new enough", () => {
    const command = fakePackage('host', { 'src/cli/main.ts': '' });
    const { stdout } = call(command, [], { env: pathWith('p2', telling('host', 'v24.15.0')) });
    assert.equal(
      stdout,
      `host --max-semi-space-size=8 --heap-growing-percent=20 ${folder}/host/src/cli/main.ts\n`,
    );
  });
  for (const old of ['v20.19.0', 'v24.14.9', 'v22.99.0']) {
    test(`${old}: one line says what to install`, () => {
      const command = fakePackage(`old-${old}`, { 'src/cli/main.ts': '' });
      const { status, stdout, stderr } = call(command, [], {
        env: pathWith(`p3-${old}`, telling('host', old)),
      });
      assert.equal(status, 69);
      assert.equal(stdout, '');
      assert.match(stderr, /^stoxgate: Node\.js 24\.15 or newer is needed.*npm ci.*\n$/);
    });
  }
  test('no Node at all: one line says what to install', () => {
    const command = fakePackage('none', { 'src/cli/main.ts': '' });
    const { status, stderr } = call(command, [], { env: pathWith('p4', undefined) });
    assert.equal(status, 69);
    assert.match(stderr, /^stoxgate: Node\.js .* none was found.*\n$/);
  });
  test('dist/ when there is no src/', () => {
    const command = fakePackage('built', {
      'node_modules/node/bin/node': telling('own'),
      'dist/cli/main.js': '',
    });
    assert.equal(
      call(command, []).stdout,
      `own --max-semi-space-size=8 --heap-growing-percent=20 ${folder}/built/dist/cli/main.js\n`,
    );
  });
  test('dist/ when it is newer than every source, else src/', () => {
    const command = fakePackage('both', {
      'node_modules/node/bin/node': telling('own'),
      'src/cli/main.ts': '',
      'dist/cli/main.js': '',
    });
    const base = join(folder, 'both');
    const at = (path: string, seconds: number): void => utimesSync(join(base, path), seconds, seconds);
    at('src/cli/main.ts', 1000);
    at('dist/cli/main.js', 2000);
    assert.equal(
      call(command, []).stdout,
      `own --max-semi-space-size=8 --heap-growing-percent=20 ${base}/dist/cli/main.js\n`,
    );
    at('src/cli/main.ts', 3000);
    assert.equal(
      call(command, []).stdout,
      `own --max-semi-space-size=8 --heap-growing-percent=20 ${base}/src/cli/main.ts\n`,
    );
  });
  test('dist/ below node_modules, where Node runs no TypeScript', () => {
    const command = fakePackage('x/node_modules/stoxgate', { 'src/cli/main.ts': '', 'dist/cli/main.js': '' });
    const { stdout } = call(command, [], { env: pathWith('p5', telling('host')) });
    assert.equal(
      stdout,
      `host --max-semi-space-size=8 --heap-growing-percent=20 ${folder}/x/node_modules/stoxgate/dist/cli/main.js\n`,
    );
  });
  test('the script asks for what package.json asks for', () => {
    const script = readFileSync(bin, 'utf8');
    const major = /minimum_major=(\d+)/.exec(script)?.[1];
    const minor = /minimum_minor=(\d+)/.exec(script)?.[1];
    const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    assert.equal(engines.node, `>=${major}.${minor}`);
  });
});
