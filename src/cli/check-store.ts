// Can the store be opened? It is opened for a moment, where it exists; a file that is not there yet is not made, since it
// would belong to whoever checks.

import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { Counters, silentLog, StoxgateError } from '../base/index.ts';
import { openStore, parseStoreUrl } from '../edge/store/index.ts';
import { System, type Config } from '../gateway/index.ts';
import type { SurroundingFinding } from './check.ts';

/** How long a lock of somebody else, or a server, is waited for, in milliseconds. */
const PATIENCE_MS = 2000;

const ANOTHER_PLACE =
  'choose a place that exists and that the gateway may write to, such as sqlite:/var/lib/stoxgate/stoxgate.db, or start the database';

export async function checkStore(config: Config): Promise<SurroundingFinding[]> {
  const url = parseStoreUrl(config.store);
  if (url.ok && url.value.kind === 'sqlite' && !existsSync(url.value.path)) {
    const folder = dirname(url.value.path);
    try {
      accessSync(folder, constants.W_OK | constants.X_OK);
      return [];
    } catch {
      const message = existsSync(folder) ? `${folder} may not be written to` : `there is no folder ${folder}`;
      return [{ key: 'store', message, remedy: ANOTHER_PLACE }];
    }
  }
  const system = new System(silentLog);
  const { clock, timers } = system;
  try {
    const env = { clock, timers, log: silentLog, counters: new Counters() };
    const store = await openStore(config.store, env, { patienceMs: PATIENCE_MS });
    await store.close();
    return [];
  } catch (error) {
    if (!(error instanceof StoxgateError)) throw error;
    // Errors of the store end with what to do about them.
    const at = error.message.lastIndexOf('; ');
    return [{ key: 'store', message: error.message.slice(0, at), remedy: error.message.slice(at + 2) }];
  } finally {
    system.stop();
  }
}
