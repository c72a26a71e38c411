// What names a store, and what does not.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openStore, parseStoreUrl } from '../../../src/edge/store/index.ts';
import { codeOf, realEnv } from './rig.ts';

const good = {
  'memory:': { kind: 'memory' },
  'sqlite:stoxgate.db': { kind: 'sqlite', path: 'stoxgate.db' },
  'sqlite:/var/lib/stoxgate/a b.db': { kind: 'sqlite', path: '/var/lib/stoxgate/a b.db' },
  'SQLITE:x': { kind: 'sqlite', path: 'x' },
  'postgres://u:p@db.example/gw?sslmode=verify-full': {
    kind: 'postgres',
    url: 'postgres://u:p@db.example/gw?sslmode=verify-full',
  },
  'postgresql:///gw?host=/run/postgresql': { kind: 'postgres', url: 'postgresql:///gw?host=/run/postgresql' },
};

describe('the URL of a store', () => {
  for (const [text, value] of Object.entries(good)) {
    test(text, () => assert.deepEqual(parseStoreUrl(text), { ok: true, value }));
  }
  for (const text of [
    ...['', 'stoxgate.db', '/var/lib/x', 'memory:x', 'sqlite:', 'sqlite://host/x', 'sqlite:a\0b'],
    ...['mysql://u:geheim@h/d', 'postgres:gw', 'postgres://u:geheim@[bad/x', 'https://example.com/'],
  ]) {
    test(`refused: ${JSON.stringify(text)}`, async () => {
      const result = parseStoreUrl(text);
      assert.ok(!result.ok);
      assert.equal(result.error.code, 'ERR_STORE_URL');
      assert.doesNotMatch(result.error.message, /geheim/);
      await assert.rejects(openStore(text, realEnv()), (error) => codeOf(error) === 'ERR_STORE_URL');
    });
  }
});
