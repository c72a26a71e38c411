// The admin socket that is open, and its exchange for another one at a reload.

import { dirname, resolve } from 'node:path';
import type { Log } from '../base/index.ts';
import { startAdmin, type AdminRoutes, type AdminServer } from '../edge/admin/index.ts';
import type { Exchange } from './console-host.ts';

/** Where the socket of a configuration file is: relative paths start from the file. */
export function adminPath(configPath: string, admin: string): string {
  return resolve(dirname(configPath), admin);
}

interface Open {
  readonly path: string;
  readonly server: AdminServer;
}

export class AdminHost {
  readonly #routes: AdminRoutes;
  readonly #log: Log;
  #open: Open | undefined;

  constructor(routes: AdminRoutes, log: Log) {
    this.#routes = routes;
    this.#log = log;
  }

  /** Opens the first one; undefined opens none. Fails with `ERR_ADMIN_LISTEN`. */
  async start(path: string | undefined): Promise<void> {
    this.#open = await this.#make(path);
  }

  /** Opens another one beside it. Fails with `ERR_ADMIN_LISTEN`, and then the old one stays. */
  async prepare(path: string | undefined): Promise<Exchange> {
    const old = this.#open;
    if (old?.path === path) return { commit: async () => {}, undo: async () => {} };
    const fresh = await this.#make(path);
    return {
      commit: async () => {
        this.#open = fresh;
        await old?.server.close();
      },
      undo: async () => fresh?.server.close(),
    };
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.server.close();
  }

  async #make(path: string | undefined): Promise<Open | undefined> {
    if (path === undefined) return undefined;
    return { path, server: await startAdmin({ path }, this.#routes, this.#log) };
  }
}
