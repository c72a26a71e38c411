// Loaded into a gateway by bench/presence-scale.ts, with --expose-gc: each SIGUSR2 collects all garbage and writes what the
// heap holds then to the file that STOXGATE_HEAP names; with STOXGATE_SNAPSHOT, a heap snapshot to that file as well.

import { renameSync, writeFileSync } from 'node:fs';
import { writeHeapSnapshot } from 'node:v8';

process.on('SIGUSR2', () => {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  const snapshot = process.env['STOXGATE_SNAPSHOT'];
  if (snapshot !== undefined) writeHeapSnapshot(snapshot);
  const file = process.env['STOXGATE_HEAP'];
  if (file === undefined) return;
  // Whoever waits for the file finds all of it.
  writeFileSync(`${file}.new`, JSON.stringify(process.memoryUsage()));
  renameSync(`${file}.new`, file);
});
