// Targets with a fault put in on purpose, each rare but reachable: what shows that the runner finds faults at all.

import { parseMessage } from '../../src/sip/index.ts';
import { target as sip } from './sip.ts';
import type { FuzzTarget } from './target.ts';

function planted(name: string, fault: (input: Uint8Array) => void): FuzzTarget {
  return {
    name,
    seeds: () => sip.seeds(),
    run(input) {
      sip.run(input);
      fault(input);
    },
  };
}

/** A message that can be read, with a Max-Forwards that no seed has. */
function isRare(input: Uint8Array): boolean {
  const parsed = parseMessage(input, { stream: false });
  return parsed.kind === 'message' && parsed.message.header('max-forwards') === '127';
}

const kept: Uint8Array[] = [];

export const PLANTED: readonly FuzzTarget[] = [
  planted('planted-exception', (input) => {
    if (isRare(input)) throw new Error('planted');
  }),
  planted('planted-slow', (input) => {
    if (!isRare(input)) return;
    const before = process.threadCpuUsage();
    while (process.threadCpuUsage(before).user < 300_000);
  }),
  planted('planted-growth', (input) => {
    if (input.length % 2 === 0) kept.push(input.slice());
  }),
  planted('planted-hang', (input) => {
    if (isRare(input)) for (;;);
  }),
  planted('planted-death', (input) => {
    if (!isRare(input)) return;
    const eaten: unknown[] = [];
    for (;;) eaten.push(Array.from({ length: 100_000 }, () => ({ planted: true })));
  }),
];

/** Lets go of what `planted-growth` has kept. */
export function forgetPlanted(): void {
  kept.length = 0;
}
