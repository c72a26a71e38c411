// The timers of one leg by their names, so that the end of the leg is the end of all of them.

import type { Timer, Timers } from '../../base/index.ts';

export class LegTimers {
  readonly #timers: Timers;
  readonly #running = new Map<string, Timer>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  get size(): number {
    return this.#running.size;
  }

  /** In the place of the one with this name. */
  set(name: string, ms: number, fire: () => void): void {
    this.clear(name);
    this.#running.set(
      name,
      this.#timers.set(ms, () => {
        this.#running.delete(name);
        fire();
      }),
    );
  }

  clear(name: string): void {
    this.#timers.clear(this.#running.get(name));
    this.#running.delete(name);
  }

  clearAll(): void {
    for (const timer of this.#running.values()) this.#timers.clear(timer);
    this.#running.clear();
  }
}
