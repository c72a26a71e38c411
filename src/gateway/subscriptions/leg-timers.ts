// The timers of one subscription, by name; each is set anew or not at all. There are many of these, so that they are fields.

import type { Timer, Timers } from '../../base/index.ts';

/** Timer N of RFC 6665 §4.1.2.4, the next refresh, and the end of what was granted. */
export type LegTimer = 'N' | 'refresh' | 'expiry';

export class LegTimers {
  readonly #timers: Timers;
  #n: Timer | undefined;
  #refresh: Timer | undefined;
  #expiry: Timer | undefined;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  set(name: LegTimer, ms: number, fire: () => void): void {
    this.clear(name);
    this.#put(name, this.#timers.set(ms, fire));
  }

  clear(name: LegTimer): void {
    this.#timers.clear(this.#get(name));
    this.#put(name, undefined);
  }

  leftMs(name: LegTimer): number | undefined {
    return this.#timers.leftMs(this.#get(name));
  }

  clearAll(): void {
    this.clear('N');
    this.clear('refresh');
    this.clear('expiry');
  }

  #get(name: LegTimer): Timer | undefined {
    if (name === 'N') return this.#n;
    return name === 'refresh' ? this.#refresh : this.#expiry;
  }

  #put(name: LegTimer, timer: Timer | undefined): void {
    if (name === 'N') this.#n = timer;
    else if (name === 'refresh') this.#refresh = timer;
    else this.#expiry = timer;
  }
}
