// The timers of one subscription, by name; each is set anew or not at all. There are many of these, so that they are fields.

import type { Timer, TimerOwner, Timers } from '../../base/index.ts';

/** Timer N of RFC 6665 §4.1.2.4, the next refresh, and the end of what was granted. */
export type LegTimer = 'N' | 'refresh' | 'expiry';

/** Who has them. */
export interface LegTimersOwner {
  due(name: LegTimer): void;
}

export class LegTimers implements TimerOwner {
  readonly #timers: Timers;
  readonly #owner: LegTimersOwner;
  #n: Timer | undefined;
  #refresh: Timer | undefined;
  #expiry: Timer | undefined;

  constructor(timers: Timers, owner: LegTimersOwner) {
    this.#timers = timers;
    this.#owner = owner;
  }

  /** `fire`: instead of what its owner does when it is due. */
  set(name: LegTimer, ms: number, fire?: () => void): void {
    this.clear(name);
    this.#put(name, this.#timers.set(ms, fire ?? this));
  }

  timerFired(timer: Timer): void {
    const name = timer === this.#n ? 'N' : timer === this.#refresh ? 'refresh' : 'expiry';
    this.#put(name, undefined);
    this.#owner.due(name);
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
