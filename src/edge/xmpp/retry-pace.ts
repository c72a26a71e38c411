// When a link tries again: how often it has failed, and what that says (row COMP-06; xmpp/stream/back-off.ts).

import { backOffMs, type StreamFailure } from '../../xmpp/index.ts';
import { retryClass } from './link-report.ts';
import type { ComponentLinkLimits } from './options.ts';

export class RetryPace {
  readonly #limits: ComponentLinkLimits;
  #failures = 0;
  #upAtMs = 0;

  constructor(limits: ComponentLinkLimits) {
    this.#limits = limits;
  }

  up(nowMs: number): void {
    this.#upAtMs = nowMs;
  }

  /** After `up`: what has held for a while makes earlier failures forgotten. */
  down(nowMs: number): void {
    if (nowMs - this.#upAtMs >= this.#limits.stableMs) this.#failures = 0;
  }

  /** Milliseconds until the next attempt; `unit` in [0, 1). `everUp`: this link has been up before. */
  next(failure: StreamFailure, everUp: boolean, unit: number): number {
    const delayMs = backOffMs(this.#failures, retryClass(failure, everUp), unit, this.#limits.backOff);
    this.#failures += 1;
    return Math.round(delayMs);
  }
}
