// The timers of one subscription, by name; each is set anew or not at all.

import type { Timer, Timers } from '../../base/index.ts';

/** Timer N of RFC 6665 §4.1.2.4, the next refresh, and the end of what was granted. */
export type LegTimer = 'N' | 'refresh' | 'expiry';

export class LegTimers {
  readonly #timers: Timers;
  readonly #set = new Map<LegTimer, Timer>();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  set(name: LegTimer, ms: number, fire: () => void): void {
    this.clear(name);
    const timer = this.#timers.set(ms, () => {
      this.#set.delete(name);
      fire();
    });
    this.#set.set(name, timer);
  }

  clear(name: LegTimer): void {
    this.#timers.clear(this.#set.get(name));
    this.#set.delete(name);
  }

  leftMs(name: LegTimer): number | undefined {
    return this.#timers.leftMs(this.#set.get(name));
  }

  clearAll(): void {
    for (const timer of this.#set.values()) this.#timers.clear(timer);
    this.#set.clear();
  }
}
