// The same thing asked or told again and again goes out a few times, and then once for all that came meanwhile: whoever floods the
// gateway does not flood others through it.

import type { Timer, Timers } from '../../base/index.ts';

export interface ThrottleLimits {
  /** So often within so many milliseconds. */
  readonly times: number;
  readonly windowMs: number;
}

interface Window {
  times: number;
  /** More was wanted than there was room for. */
  owed: boolean;
  readonly timer: Timer;
}

export class Throttle<K> {
  readonly #timers: Timers;
  readonly #limits: ThrottleLimits;
  readonly #run: (key: K) => void;
  readonly #windows = new Map<K, Window>();

  /** `run`: what was not allowed in its time, once, when there is room again. */
  constructor(timers: Timers, limits: ThrottleLimits, run: (key: K) => void) {
    this.#timers = timers;
    this.#limits = limits;
    this.#run = run;
  }

  /** True: now. False: `run` is called when the window is over. */
  may(key: K): boolean {
    const window = this.#windows.get(key);
    if (window === undefined) {
      this.#open(key);
      return true;
    }
    if (window.times < this.#limits.times) {
      window.times += 1;
      return true;
    }
    window.owed = true;
    return false;
  }

  /** What was put off need not be run. */
  cancel(key: K): void {
    const window = this.#windows.get(key);
    if (window !== undefined) window.owed = false;
  }

  stop(): void {
    for (const { timer } of this.#windows.values()) this.#timers.clear(timer);
    this.#windows.clear();
  }

  #open(key: K): void {
    const timer = this.#timers.set(this.#limits.windowMs, () => this.#over(key));
    this.#windows.set(key, { times: 1, owed: false, timer });
  }

  #over(key: K): void {
    const owed = this.#windows.get(key)?.owed === true;
    this.#windows.delete(key);
    if (!owed) return;
    this.#open(key);
    this.#run(key);
  }
}
