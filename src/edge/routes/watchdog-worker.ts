// The thread that sees when the main one does not come round: a hook that loops for ever cannot be stopped, but whoever
// looks into the log shall know which one it is. Standard error is written directly, since everything else needs the other.

import { writeSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { CELL, type WatchdogData } from './watchdog-shared.ts';

const { cells, hooks, beatMs, patienceMs, node }: WatchdogData = workerData;
const shared = new Int32Array(cells);

let beat = 0;
let silentMs = 0;
let toldMs = 0;

while (Atomics.load(shared, CELL.stop) === 0) {
  const before = performance.now();
  Atomics.wait(shared, CELL.stop, 0, beatMs);
  const now = Atomics.load(shared, CELL.beat);
  if (now !== beat) {
    beat = now;
    silentMs = 0;
    toldMs = 0;
    continue;
  }
  silentMs += performance.now() - before;
  // Again when it has lasted twice as long.
  if (silentMs < Math.max(patienceMs, toldMs * 2)) continue;
  toldMs = silentMs;
  tell(Atomics.load(shared, CELL.hook));
}

function tell(hook: number): void {
  const line = JSON.stringify({
    level: 'error',
    time: new Date().toISOString(),
    node,
    event: 'routes.hangs',
    // Between hooks: it may be a script after an await, or the gateway itself.
    hook: hook === 0 ? 'none, or after an await' : hooks[hook - 1],
    ms: Math.round(silentMs),
  });
  try {
    writeSync(2, `${line}\n`);
  } catch {
    // Nobody reads it.
  }
}
