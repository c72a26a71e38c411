// Watches a target that runs in its own thread: one that does not come back from an input is a finding too.

import { Worker } from 'node:worker_threads';
import { mutatorFor, type Finding, type FuzzOptions, type FuzzReport } from './engine.ts';
import type { FuzzTarget } from './target.ts';
import type { WorkerOrder } from './worker.ts';

export interface WatchOptions extends Required<Pick<FuzzOptions, 'seed' | 'inputs' | 'slowMs'>> {
  /** No step to the next input for so long is a hang. */
  readonly hangMs: number;
  readonly onProgress?: (inputs: number) => void;
}

/** More than any target needs; a thread that wants more dies, and that is a finding. */
const MAX_HEAP_MB = 512;

/** Runs `target` in a thread until it ends, dies, or hangs. Never rejects. */
export function watch(target: FuzzTarget, options: WatchOptions): Promise<FuzzReport> {
  const { seed, inputs, slowMs, hangMs, onProgress } = options;
  const shared = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const progress = new Int32Array(shared);
  const order: WorkerOrder = { target: target.name, seed, inputs, slowMs, progress: shared };
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  });
  return new Promise((resolve) => {
    let last = -1;
    let lastChange = performance.now();
    const end = (report: FuzzReport): void => {
      clearInterval(timer);
      void worker.terminate().then(() => resolve(report));
    };
    const failed = (kind: Finding['kind'], detail: string): void => {
      const index = progress[0] ?? 0;
      const input = mutatorFor(target).input(seed, index);
      end({ inputs: index + 1, slowestMs: 0, grownOctets: 0, finding: { kind, index, input, detail } });
    };
    const timer = setInterval(() => {
      const now = performance.now();
      const index = progress[0] ?? 0;
      if (index !== last) {
        last = index;
        lastChange = now;
        onProgress?.(index);
      } else if (now - lastChange > hangMs) {
        failed('hang', `no end within ${hangMs} ms`);
      }
    }, 100);
    worker.once('message', (report: FuzzReport) => end(report));
    worker.once('error', (error) => failed('death', `${error.name}: ${error.message}`));
  });
}
