// The route script of this gateway: loaded at the start and at each reload, watched while it runs, ended with it.

import type { Clock, Counters, Log, Timers } from '../../base/index.ts';
import { loadRoutesOrFail, ThreadWatchdog } from '../../edge/routes/index.ts';
import { Routes, RouteRuns, type RouteHooks } from '../../policy/index.ts';
import type { Config } from '../config/schema.ts';

export interface RouteHostEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly counters: Counters;
  readonly node: string;
}

/** Reads the script of a configuration anew; fails with `ERR_ROUTES_LOAD`. */
export function loadConfiguredRoutes(config: Config): Promise<RouteHooks | undefined> {
  return config.routes === undefined ? Promise.resolve(undefined) : loadRoutesOrFail(config.routes.script);
}

export class RouteHost {
  readonly #runs: RouteRuns;
  readonly #node: string;
  /** Only where there is a script: it is a thread of its own. */
  #watchdog: ThreadWatchdog | undefined;

  constructor(env: RouteHostEnv) {
    this.#node = env.node;
    this.#runs = new RouteRuns({
      ...env,
      // Not that of the gateway, which stands still within a turn of the event loop: a hook is measured within one.
      clock: { now: () => performance.now(), wall: () => env.clock.wall() },
      watchdog: {
        entered: (hook) => this.#watchdog?.entered(hook),
        left: () => this.#watchdog?.left(),
      },
    });
  }

  /** What `Live` has; `hooks` come of the script that `config` names. */
  routes(config: Config, hooks: RouteHooks | undefined): Routes | undefined {
    if (hooks === undefined) return undefined;
    this.#watchdog ??= new ThreadWatchdog({ node: this.#node });
    return new Routes(hooks, this.#runs, { deadlineMs: config.routes?.deadline });
  }

  /** Runs of hooks that wait for something. */
  get size(): number {
    return this.#runs.size;
  }

  /** Resolves when none waits. */
  idle(): Promise<void> {
    return this.#runs.idle();
  }

  /** Each run that waits ends now; nothing is asked of the script any more. */
  stop(): void {
    this.#runs.stop();
    const watchdog = this.#watchdog;
    this.#watchdog = undefined;
    void watchdog?.stop();
  }
}
