// Signing keys (`keys`): read, made where there is none, never made by `check`.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { checkKeys, provideKeys } from '../../src/cli/keys.ts';
import { loadOrTell, processTerminal } from '../../src/cli/terminal.ts';
import type { Config } from '../../src/gateway/index.ts';
import { MINIMAL } from '../gateway/config/support.ts';
import { fakeTerminal, type FakeTerminal } from './support.ts';

const FILE = '/etc/s.yaml';
const KEY = 'k'.repeat(43);

function scene(
  keys = '',
  files: Readonly<Record<string, string>> = {},
): { terminal: FakeTerminal; config: Config } {
  const terminal = fakeTerminal({ [FILE]: `${MINIMAL}${keys}\n`, ...files });
  const loaded = loadOrTell(FILE, terminal);
  assert.ok(loaded, terminal.errors.join('\n'));
  return { terminal, config: loaded.config };
}

const readOnly = (terminal: FakeTerminal): FakeTerminal => ({
  ...terminal,
  createFile: () => {
    throw new Error('read-only');
  },
  whyNotCreatable: () => 'read-only',
});

const texts = (keys: readonly Uint8Array[] | undefined): string[] | undefined =>
  keys?.map((key) => Buffer.from(key).toString());

describe('without `keys`', () => {
  test('stoxgate.key beside the configuration is made once, 32 octets in base64url', () => {
    const { terminal, config } = scene();
    const first = provideKeys(FILE, config, terminal);
    const text = terminal.files.get('/etc/stoxgate.key') ?? '';
    assert.match(text, /^[A-Za-z0-9_-]{43}\n$/);
    assert.deepEqual(texts(first.keys), [text.trim()]);
    assert.deepEqual(provideKeys(FILE, config, terminal), first);
  });
  test('where it cannot be made there is none, and the reason is told', () => {
    const { terminal, config } = scene();
    const { keys, ephemeral } = provideKeys(FILE, config, readOnly(terminal));
    assert.equal(keys, undefined);
    assert.match(ephemeral ?? '', /stoxgate\.key is not there and cannot be made/);
  });
  test('one that is too short is not used', () => {
    const { terminal, config } = scene('', { '/etc/stoxgate.key': 'short\n' });
    const { keys, ephemeral } = provideKeys(FILE, config, terminal);
    assert.equal(keys, undefined);
    assert.match(ephemeral ?? '', /shorter than 32/);
    assert.equal(checkKeys(FILE, config, terminal).length, 1);
  });
});

describe('with `keys`', () => {
  test('the one that is there is read, the other is made; the order stays', () => {
    const { terminal, config } = scene('keys: [{ file: new }, { file: old }]', { '/etc/old': `${KEY}\n` });
    const { keys, ephemeral } = provideKeys(FILE, config, terminal);
    assert.equal(ephemeral, undefined);
    assert.deepEqual(texts(keys), [terminal.files.get('/etc/new')?.trim(), KEY]);
  });
  test('one that another process made meanwhile is taken', () => {
    const { terminal, config } = scene('keys: [{ file: new }]');
    terminal.files.set('/etc/new', `${KEY}\n`);
    assert.deepEqual(texts(provideKeys(FILE, config, terminal).keys), [KEY]);
  });
  test('one that cannot be made keeps the gateway from starting', () => {
    const { terminal, config } = scene('keys: [{ file: new }]');
    assert.throws(() => provideKeys(FILE, config, readOnly(terminal)), { code: 'ERR_KEYS_FILE' });
  });
});

describe('check', () => {
  test('makes nothing, and has nothing to say where it can be made', () => {
    for (const keys of ['', 'keys: [{ file: new }]']) {
      const { terminal, config } = scene(keys);
      assert.deepEqual(checkKeys(FILE, config, terminal), []);
      assert.deepEqual([...terminal.files.keys()], [FILE]);
    }
  });
  for (const [keys, key, message] of [
    ['', 'keys', '/etc/stoxgate.key is not there and cannot be made: read-only'],
    ['keys: [{ file: new }]', 'keys[0].file', '/etc/new is not there and cannot be made: read-only'],
  ] as const) {
    test(`says that ${message}`, () => {
      const { terminal, config } = scene(keys);
      const [finding] = checkKeys(FILE, config, readOnly(terminal));
      assert.equal(finding?.key, key);
      assert.ok(finding.message.startsWith(message));
      assert.ok(finding.remedy !== '');
    });
  }
});

test('a file is made for its owner alone, and not a second time', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stoxgate-keys-'));
  try {
    const terminal = processTerminal();
    const file = join(folder, 'k');
    terminal.createFile(file, 'one\n');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.throws(() => terminal.createFile(file, 'two\n'));
    assert.equal(readFileSync(file, 'utf8'), 'one\n');
    assert.equal(terminal.whyNotCreatable(file), undefined);
    assert.notEqual(terminal.whyNotCreatable(join(folder, 'none', 'k')), undefined);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
