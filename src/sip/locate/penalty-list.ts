// Targets that lately failed go to the end of the list, for a while (RFC 3263 §4.3 says what a failure is: a transport
// error, a 503, or a timeout without any response). They are never left out: when all have failed, all are tried.

import { BoundedMap, type Clock } from '../../base/index.ts';
import type { Target } from '../transport.ts';

export interface PenaltyOptions {
  /** How long a target stays at the end, in milliseconds. */
  readonly penaltyMs?: number;
  readonly maxEntries?: number;
}

const DEFAULT_PENALTY_MS = 30_000;
const DEFAULT_MAX_ENTRIES = 4096;

export class PenaltyList {
  readonly #clock: Clock;
  readonly #penaltyMs: number;
  readonly #penalised: BoundedMap<string, true>;

  constructor(clock: Clock, options: PenaltyOptions = {}) {
    this.#clock = clock;
    this.#penaltyMs = options.penaltyMs ?? DEFAULT_PENALTY_MS;
    this.#penalised = new BoundedMap({ maxEntries: options.maxEntries ?? DEFAULT_MAX_ENTRIES });
  }

  /** Number of targets kept, also of those whose time is over and that were not looked at since. */
  get size(): number {
    return this.#penalised.size;
  }

  /** This target failed. `forMs`: how long, when the peer said so (Retry-After of a 503); at most ten times the usual. */
  penalise(target: Target, forMs = this.#penaltyMs): void {
    const now = this.#clock.now();
    this.#penalised.sweep(now);
    const ms = Math.min(Math.max(forMs, 0), this.#penaltyMs * 10);
    this.#penalised.set(keyOf(target), true, now, ms);
  }

  /** This target answered: it is as good as any other again. */
  forgive(target: Target): void {
    if (this.#penalised.size > 0) this.#penalised.delete(keyOf(target));
  }

  isPenalised(target: Target): boolean {
    return this.#penalised.size > 0 && this.#penalised.get(keyOf(target), this.#clock.now()) !== undefined;
  }

  /** The failed ones last, otherwise the order as it was; the very same array when nothing has to move. */
  order<T extends Target>(targets: readonly T[]): readonly T[] {
    if (this.#penalised.size === 0 || targets.length < 2) return targets;
    const good: T[] = [];
    const bad: T[] = [];
    for (const target of targets) (this.isPenalised(target) ? bad : good).push(target);
    return bad.length === 0 || good.length === 0 ? targets : good.concat(bad);
  }
}

function keyOf(target: Target): string {
  return `${target.transport} ${target.address} ${target.port}`;
}
