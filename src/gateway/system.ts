// The real world for the machines: clock, timers and randomness. One system timer drives the wheel.

import { SecureRandom, TimerWheel, type Clock, type Log, type Random } from '../base/index.ts';

/**
 * Reads each clock once for each piece of work that the event loop brings: a message asks for the time ten times or more,
 * and a batch of sixty takes a millisecond, which no timer of ours and no line of a log could tell.
 */
export class SystemClock implements Clock {
  #now = 0;
  #wall = 0;
  #read = false;
  readonly #forget = (): void => {
    this.#read = false;
    this.#wall = 0;
  };

  now(): number {
    if (this.#read) return this.#now;
    this.#read = true;
    // Runs when the callback of the event loop that is at work returns.
    queueMicrotask(this.#forget);
    this.#now = performance.now();
    return this.#now;
  }

  wall(): number {
    if (this.#wall !== 0) return this.#wall;
    if (!this.#read) this.now();
    this.#wall = Date.now();
    return this.#wall;
  }
}

/** Resolution of all protocol timers; the shortest of SIP is T1 = 500 ms. */
const TICK_MS = 20;

export class System {
  readonly clock: Clock;
  readonly random: Random = new SecureRandom();
  readonly timers: TimerWheel;
  #interval: NodeJS.Timeout | undefined;

  constructor(log: Log, clock: Clock = new SystemClock()) {
    this.clock = clock;
    this.timers = new TimerWheel(() => this.clock.now(), {
      tickMs: TICK_MS,
      // A bug in one timer must not stop the others (promise 4).
      onError: (error) => log.error('timer.failed', { error }),
    });
    this.timers.onWake = () => {
      this.#interval ??= setInterval(() => this.#tick(), TICK_MS);
    };
  }

  stop(): void {
    clearInterval(this.#interval);
    this.#interval = undefined;
    this.timers.onWake = undefined;
  }

  #tick(): void {
    this.timers.advance();
    if (this.timers.size > 0) return;
    clearInterval(this.#interval);
    this.#interval = undefined;
  }
}
