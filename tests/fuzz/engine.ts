// Runs one target over many inputs in this thread and looks for three kinds of fault: an exception (a crash, or a
// promise of the target that does not hold), an input that takes too long, and memory that grows with the inputs.

import { liveOctets } from './heap.ts';
import { Mutator } from './mutator.ts';
import { tokensFor } from './tokens.ts';
import type { FuzzTarget } from './target.ts';

export interface FuzzOptions {
  readonly seed: number;
  readonly inputs: number;
  /** An input that takes longer, each of three times, is a finding. */
  readonly slowMs?: number;
  /** Called before each input is run. */
  readonly onInput?: (index: number) => void;
}

export interface Finding {
  readonly kind: 'exception' | 'slow' | 'growth' | 'hang' | 'death';
  /** Number of the input in the run; the last one for growth. */
  readonly index: number;
  readonly input: Uint8Array;
  readonly detail: string;
}

export interface FuzzReport {
  /** How many inputs were run. */
  readonly inputs: number;
  /** The slowest input, milliseconds. */
  readonly slowestMs: number;
  /** Octets that the second half of the run left behind. */
  readonly grownOctets: number;
  readonly finding: Finding | undefined;
}

export const DEFAULT_SLOW_MS = 250;

/** What the second half of a run may leave behind: compiled code and the like, whatever its length. */
const MAX_GROWTH_OCTETS = 4 * 1024 * 1024;

/** Runs until the first finding, or through. */
export function fuzz(target: FuzzTarget, options: FuzzOptions): FuzzReport {
  const { seed, inputs, slowMs = DEFAULT_SLOW_MS, onInput } = options;
  const mutator = mutatorFor(target);
  const half = inputs >>> 1;
  let slowestMs = 0;
  let atHalf = 0;
  for (let index = 0; index < inputs; index++) {
    if (index === half) atHalf = liveOctets();
    const input = mutator.input(seed, index);
    onInput?.(index);
    const found = (kind: Finding['kind'], detail: string): FuzzReport => {
      return { inputs: index + 1, slowestMs, grownOctets: 0, finding: { kind, index, input, detail } };
    };
    try {
      let ms = timed(target, input);
      // A long time by the clock may be the machine's; what this thread itself needs, and needs again, is the target's.
      if (ms > slowMs) ms = Math.min(ms, timeOfThread(target, input), timeOfThread(target, input));
      if (ms > slowestMs) slowestMs = ms;
      if (ms > slowMs) return found('slow', `${ms.toFixed(0)} ms`);
    } catch (error) {
      return found('exception', describe(error));
    }
  }
  const grownOctets = liveOctets() - atHalf;
  if (grownOctets <= MAX_GROWTH_OCTETS) return { inputs, slowestMs, grownOctets, finding: undefined };
  const each = (grownOctets / (inputs - half)).toFixed(0);
  const detail = `${grownOctets} octets more after the second half of the inputs, ${each} each`;
  const input = mutator.input(seed, inputs - 1);
  return { inputs, slowestMs, grownOctets, finding: { kind: 'growth', index: inputs - 1, input, detail } };
}

/** Makes the inputs of a target. */
export function mutatorFor(target: FuzzTarget): Mutator {
  return new Mutator(target.seeds(), tokensFor(target.name), target);
}

/** Runs one input; milliseconds. Throws what the target throws. */
export function timed(target: FuzzTarget, input: Uint8Array): number {
  const began = performance.now();
  target.run(input);
  return performance.now() - began;
}

/** Milliseconds of processor time. */
function timeOfThread(target: FuzzTarget, input: Uint8Array): number {
  const before = process.threadCpuUsage();
  target.run(input);
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
