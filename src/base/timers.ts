// A hashed timer wheel: set and clear in constant time, one system timer for all (see docs/architecture.md, "Time").
// It is also the test clock: `advance` runs whatever is due, in order of ticks.

/** An armed timer. `fire` runs at most once; the handle is dead afterwards. */
export interface Timer {
  /** True until it fired or was cleared. */
  readonly armed: boolean;
}

/** Who owns timers by the hundred thousand: he is called himself, so that there is no closure for each of them. */
export interface TimerOwner {
  /** `timer` fired. */
  timerFired(timer: Timer): void;
}

export interface Timers {
  /** Runs `fire` after `delayMs` (rounded up to a tick). */
  set(delayMs: number, fire: (() => void) | TimerOwner): Timer;
  /** Disarms; clearing a dead timer does nothing. */
  clear(timer: Timer | undefined): void;
  /** Milliseconds until it fires, to be shown; undefined for one that is not armed. */
  leftMs(timer: Timer | undefined): number | undefined;
}

class Entry implements Timer {
  armed = true;
  readonly dueTick: number;
  readonly fire: (() => void) | TimerOwner;
  previous: Entry | undefined;
  next: Entry | undefined;

  constructor(dueTick: number, fire: (() => void) | TimerOwner) {
    this.dueTick = dueTick;
    this.fire = fire;
  }
}

export interface TimerWheelOptions {
  /** Resolution in milliseconds. */
  readonly tickMs?: number;
  /** Number of buckets; longer delays go round more than once. A power of two. */
  readonly slots?: number;
  /** Where a throwing callback is reported; the wheel goes on. Default: rethrows. */
  readonly onError?: (error: unknown) => void;
}

/** See the file head. `now` is the caller's monotonic time in milliseconds. */
export class TimerWheel implements Timers {
  readonly tickMs: number;
  readonly #heads: (Entry | undefined)[];
  readonly #mask: number;
  readonly #now: () => number;
  readonly #onError: ((error: unknown) => void) | undefined;
  #tick: number;
  #size = 0;
  /** Called when the wheel goes from empty to not empty: the driver starts its system timer. */
  onWake: (() => void) | undefined;

  constructor(now: () => number, options: TimerWheelOptions = {}) {
    this.#now = now;
    this.tickMs = options.tickMs ?? 10;
    const slots = options.slots ?? 4096;
    if ((slots & (slots - 1)) !== 0) throw new RangeError(`slots must be a power of two, not ${slots}`);
    this.#heads = Array.from({ length: slots }, () => undefined);
    this.#mask = slots - 1;
    this.#onError = options.onError;
    this.#tick = Math.floor(now() / this.tickMs);
  }

  /** Number of armed timers. */
  get size(): number {
    return this.#size;
  }

  set(delayMs: number, fire: (() => void) | TimerOwner): Timer {
    // An empty wheel need not be walked up to the present: it starts again from there.
    if (this.#size === 0) this.#tick = Math.max(this.#tick, Math.floor(this.#now() / this.tickMs));
    const due = Math.max(Math.ceil((this.#now() + Math.max(0, delayMs)) / this.tickMs), this.#tick + 1);
    const entry = new Entry(due, fire);
    const slot = due & this.#mask;
    const head = this.#heads[slot];
    entry.next = head;
    if (head !== undefined) head.previous = entry;
    this.#heads[slot] = entry;
    this.#size += 1;
    if (this.#size === 1) this.onWake?.();
    return entry;
  }

  clear(timer: Timer | undefined): void {
    if (timer instanceof Entry && timer.armed) this.#unlink(timer);
  }

  leftMs(timer: Timer | undefined): number | undefined {
    if (!(timer instanceof Entry) || !timer.armed) return undefined;
    return Math.max(0, timer.dueTick * this.tickMs - this.#now());
  }

  /** Fires everything that is due by `now()`. */
  advance(): void {
    const target = Math.floor(this.#now() / this.tickMs);
    while (this.#tick < target) {
      if (this.#size === 0) {
        this.#tick = target;
        return;
      }
      this.#tick += 1;
      this.#run(this.#tick);
    }
  }

  #run(tick: number): void {
    const slot = tick & this.#mask;
    // Collected first: a callback may set and clear timers of this very slot.
    let due: Entry[] | undefined;
    for (let entry = this.#heads[slot]; entry !== undefined; entry = entry.next) {
      if (entry.dueTick <= tick) (due ??= []).push(entry);
    }
    if (due === undefined) return;
    // The list is last-in first-out; timers of one tick fire in the order in which they were set.
    for (let i = due.length - 1; i >= 0; i--) {
      const entry = due[i];
      if (entry === undefined || !entry.armed) continue;
      this.#unlink(entry);
      try {
        if (typeof entry.fire === 'function') entry.fire();
        else entry.fire.timerFired(entry);
      } catch (error) {
        if (this.#onError === undefined) throw error;
        this.#onError(error);
      }
    }
  }

  #unlink(entry: Entry): void {
    entry.armed = false;
    this.#size -= 1;
    if (entry.previous === undefined) this.#heads[entry.dueTick & this.#mask] = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next !== undefined) entry.next.previous = entry.previous;
    entry.previous = undefined;
    entry.next = undefined;
  }
}
