// Time for tests and replays: nothing moves until it is told to.

import type { Clock } from './clock.ts';
import { TimerWheel } from './timers.ts';

/** A clock and a timer wheel that advance only through `advance`. */
export class VirtualTime implements Clock {
  #nowMs = 0;
  readonly #startWallMs: number;
  readonly timers: TimerWheel;

  constructor(startWallMs = Date.UTC(2026, 0, 1), tickMs = 1) {
    this.#startWallMs = startWallMs;
    this.timers = new TimerWheel(() => this.#nowMs, { tickMs });
  }

  now(): number {
    return this.#nowMs;
  }

  wall(): number {
    return this.#startWallMs + this.#nowMs;
  }

  /** Moves time on by `ms`, a tick at a time, so that timers set by timers fire at their own instant. */
  advance(ms: number): void {
    const end = this.#nowMs + ms;
    while (this.#nowMs < end) {
      this.#nowMs = Math.min(end, this.#nowMs + this.timers.tickMs);
      this.timers.advance();
    }
  }
}
