// Loaded into a gateway by bench/allocations.ts: the first SIGUSR2 starts sampling what is allocated, also of what is
// collected meanwhile; the second writes the sums by function to the file that STOXGATE_SAMPLES names.

import { writeFileSync } from 'node:fs';
import { Session, type HeapProfiler } from 'node:inspector';

const session = new Session();
session.connect();
let running = false;

process.on('SIGUSR2', () => {
  if (!running) {
    running = true;
    session.post('HeapProfiler.startSampling', {
      samplingInterval: 8192,
      includeObjectsCollectedByMajorGC: true,
      includeObjectsCollectedByMinorGC: true,
    });
    return;
  }
  session.post('HeapProfiler.stopSampling', (error, result) => {
    const octets: Record<string, number> = {};
    if (error === null) add(result.profile.head, octets);
    writeFileSync(process.env['STOXGATE_SAMPLES'] ?? '/dev/null', JSON.stringify(octets));
  });
});

function add(node: HeapProfiler.SamplingHeapProfileNode, octets: Record<string, number>): void {
  const { functionName, url } = node.callFrame;
  const place = `${functionName || '(other)'} ${url.split('/').slice(-2).join('/')}`;
  octets[place] = (octets[place] ?? 0) + node.selfSize;
  for (const child of node.children) add(child, octets);
}
