// One target in a thread of its own, so that one that hangs or eats all memory is seen from outside.
// The number of the input that is being run stands in memory shared with the watcher.

import { parentPort, workerData } from 'node:worker_threads';
import { fuzz, type FuzzReport } from './engine.ts';
import { targetNamed } from './targets.ts';

export interface WorkerOrder {
  readonly target: string;
  readonly seed: number;
  readonly inputs: number;
  readonly slowMs: number;
  /** One Int32: the index of the input that is run now. */
  readonly progress: SharedArrayBuffer;
}

// Only orderOf of watch.ts starts this file.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const order = workerData as WorkerOrder;
const progress = new Int32Array(order.progress);
const report: FuzzReport = fuzz(targetNamed(order.target), {
  ...order,
  onInput: (index) => {
    progress[0] = index;
  },
});
parentPort?.postMessage(report);
