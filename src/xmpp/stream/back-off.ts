// When to try again. Row COMP-06: 1 s … 60 s, doubling, with jitter, so that gateways do not come back in step.

import type { RetryClass } from './stream-error.ts';

export interface BackOffOptions {
  readonly minMs: number;
  readonly maxMs: number;
  /** First delay after a failure that needs somebody to change something. */
  readonly configurationMs: number;
  /** First delay after a peer that said it will be back. */
  readonly quickMs: number;
}

export const DEFAULT_BACK_OFF: BackOffOptions = {
  minMs: 1000,
  maxMs: 60_000,
  configurationMs: 10_000,
  quickMs: 250,
};

const JITTER = 0.25;

/**
 * Milliseconds to wait. `failures`: consecutive ones before this, from 0; `unit` in [0, 1). Never more than `maxMs`,
 * and never less than `minMs` but for the first attempt after `quick`.
 */
export function backOffMs(
  failures: number,
  retry: RetryClass,
  unit: number,
  options: BackOffOptions = DEFAULT_BACK_OFF,
): number {
  if (retry === 'quick' && failures === 0) return options.quickMs * (1 + unit);
  const first = retry === 'configuration' ? Math.max(options.minMs, options.configurationMs) : options.minMs;
  const full = Math.min(options.maxMs, first * 2 ** Math.min(failures, 30));
  // The spread lies below the full delay, but above the least one.
  const least = Math.min(options.maxMs, Math.max(options.minMs, full * (1 - JITTER)));
  const most = Math.min(options.maxMs, Math.max(full, options.minMs * (1 + JITTER)));
  return least + (most - least) * unit;
}
