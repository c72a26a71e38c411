// Opens the store that a URL names.

import { StoxgateError, type Store } from '../../base/index.ts';
import type { Backend } from './backend.ts';
import { MemoryBackend } from './memory-backend.ts';
import { DEFAULT_STORE_LIMITS, type StoreEnv, type StoreOptions } from './options.ts';
import { SqliteBackend } from './sqlite-backend.ts';
import { BackedStore } from './store.ts';
import { parseStoreUrl, type StoreUrl } from './store-url.ts';

/**
 * Opens a store. A path of SQLite is absolute, or relative to the working directory.
 * Fails with `ERR_STORE_URL` (configuration), `ERR_STORE_OPEN`, `…_LOCKED`, `…_CORRUPT`, `…_NEWER`, `…_FULL` or `…_FAILED`.
 */
export async function openStore(url: string, env: StoreEnv, options: StoreOptions = {}): Promise<Store> {
  const parsed = parseStoreUrl(url);
  if (!parsed.ok) throw new StoxgateError(parsed.error.code, parsed.error.message);
  const patienceMs = options.patienceMs ?? DEFAULT_STORE_LIMITS.patienceMs;
  const store = new BackedStore(await backendOf(parsed.value, env, patienceMs), env, options);
  await store.open();
  return store;
}

async function backendOf(url: StoreUrl, env: StoreEnv, patienceMs: number): Promise<Backend> {
  switch (url.kind) {
    case 'memory':
      return new MemoryBackend();
    case 'sqlite':
      return new SqliteBackend(url.path, patienceMs);
    case 'postgres': {
      // Only then: the driver takes memory and time to load.
      const { PostgresBackend } = await import('./postgres-backend.ts');
      return new PostgresBackend(url.url, env, patienceMs);
    }
  }
}
