// A clock that is pushed on, so that minutes of a gateway go by while its peers see none of them.

import type { Clock } from '../../src/base/index.ts';

/** How much goes by at once: less than what any timer of a link waits for an answer. */
const STEP_MS = 2_000;
/** The gateway looks at its timers every 20 ms of the real time. */
const PAUSE_MS = 25;

export class PushedClock implements Clock {
  #aheadMs = 0;

  now(): number {
    return performance.now() + this.#aheadMs;
  }

  wall(): number {
    return Date.now() + this.#aheadMs;
  }

  /** Lets this much go by; what becomes due in it happens in its order. */
  async push(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP_MS) {
      this.#aheadMs += Math.min(left, STEP_MS);
      await new Promise((resolve) => {
        setTimeout(resolve, PAUSE_MS);
      });
    }
  }
}
