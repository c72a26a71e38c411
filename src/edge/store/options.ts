// What a store is given from outside, and its limits.

import type { Clock, Counters, Log, Timers } from '../../base/index.ts';

export interface StoreEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly counters: Counters;
}

export interface StoreOptions {
  /** How long writes gather before their commit, in milliseconds; rounded up to a tick of the timers. */
  readonly windowMs?: number;
  /** So many writes do not wait for the window. */
  readonly groupSize?: number;
  /** Writes that may be pending; more are refused with `ERR_STORE_QUEUE`. */
  readonly maxPending?: number;
  /** After a failed commit the next one is tried no sooner, in milliseconds. */
  readonly retryMs?: number;
  /** How long a commit is tried again while something is only for a moment in its way, in milliseconds. */
  readonly patienceMs?: number;
}

export type StoreLimits = Required<StoreOptions>;

export const DEFAULT_STORE_LIMITS: StoreLimits = {
  windowMs: 5,
  groupSize: 1000,
  maxPending: 100_000,
  retryMs: 250,
  patienceMs: 5000,
};
