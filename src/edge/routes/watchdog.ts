// The main thread's side of the watchdog: says that it is alive, and which hook it is in.

import { Worker } from 'node:worker_threads';
import { HOOKS, type HookName, type Watchdog } from '../../policy/index.ts';
import { CELL, CELLS, type WatchdogData } from './watchdog-shared.ts';

/** Tests run the sources, an installation what was compiled of them; the compiler does not look into URLs. */
const WORKER = new URL(
  `./watchdog-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
  import.meta.url,
);
const BEAT_MS = 250;
const PATIENCE_MS = 2000;

export interface WatchdogOptions {
  /** The gateway's name, for its lines. */
  readonly node: string;
  readonly patienceMs?: number;
}

export class ThreadWatchdog implements Watchdog {
  readonly #memory = new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT);
  readonly #cells = new Int32Array(this.#memory);
  readonly #worker: Worker;
  readonly #beat: NodeJS.Timeout;

  constructor(options: WatchdogOptions) {
    const workerData: WatchdogData = {
      cells: this.#memory,
      hooks: HOOKS,
      beatMs: BEAT_MS,
      patienceMs: options.patienceMs ?? PATIENCE_MS,
      node: options.node,
    };
    this.#worker = new Worker(WORKER, {
      ...{ workerData, execArgv: [], name: 'stoxgate-watchdog' },
      resourceLimits: { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 16 },
    });
    // Without it the gateway runs all the same.
    this.#worker.on('error', () => {});
    this.#worker.unref();
    this.#beat = setInterval(() => Atomics.add(this.#cells, CELL.beat, 1), BEAT_MS / 2);
    this.#beat.unref();
  }

  entered(hook: HookName): void {
    Atomics.store(this.#cells, CELL.hook, HOOKS.indexOf(hook) + 1);
  }

  left(): void {
    Atomics.store(this.#cells, CELL.hook, 0);
  }

  async stop(): Promise<void> {
    clearInterval(this.#beat);
    Atomics.store(this.#cells, CELL.stop, 1);
    Atomics.notify(this.#cells, CELL.stop);
    await this.#worker.terminate();
  }
}
