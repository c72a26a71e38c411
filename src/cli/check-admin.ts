// Can the admin socket be made? It is made for a moment and removed.

import { StoxgateError, silentLog } from '../base/index.ts';
import { startAdmin } from '../edge/admin/index.ts';
import type { Config } from '../gateway/index.ts';
import { adminPath } from './admin-host.ts';
import type { SurroundingFinding } from './check.ts';

export async function checkAdmin(path: string, config: Config): Promise<SurroundingFinding[]> {
  if (config.admin === undefined) return [];
  try {
    const server = await startAdmin({ path: adminPath(path, config.admin) }, new Map(), silentLog);
    await server.close();
    return [];
  } catch (error) {
    if (!(error instanceof StoxgateError)) throw error;
    const remedy =
      'a gateway may be running already; otherwise choose a folder that the gateway may write to, such as /run/stoxgate';
    return [{ key: 'admin', message: error.message, remedy }];
  }
}
