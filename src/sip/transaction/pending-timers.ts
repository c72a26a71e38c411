// The timers of one transaction: two letters at a time, one timer of the wheel (see effect.ts).

import type { Clock, Timer, Timers } from '../../base/index.ts';
import type { TimerName } from './timing.ts';

const NEVER = Infinity;

/** Base of the four kinds of pending transactions: keeps a retransmission timer (A, E, G) and one other. */
export abstract class TimedTransaction {
  readonly #clock: Clock;
  readonly #timers: Timers;
  #retransmission: TimerName = 'E';
  #retransmissionDueMs = NEVER;
  #other: TimerName = 'F';
  #otherDueMs = NEVER;
  #handle: Timer | undefined;
  #handleDueMs = NEVER;
  readonly #fire = (): void => this.#onDue();

  constructor(clock: Clock, timers: Timers) {
    this.#clock = clock;
    this.#timers = timers;
  }

  protected abstract timerFired(timer: TimerName): void;

  /** Replaces the timer of the same sort. Milliseconds. */
  protected setTimer(timer: TimerName, ms: number): void {
    const dueMs = this.#clock.now() + ms;
    if (retransmits(timer)) {
      this.#retransmission = timer;
      this.#retransmissionDueMs = dueMs;
    } else {
      this.#other = timer;
      this.#otherDueMs = dueMs;
    }
    if (dueMs < this.#handleDueMs) this.#arm(dueMs, ms);
  }

  protected clearTimer(timer: TimerName): void {
    if (timer === this.#retransmission) this.#retransmissionDueMs = NEVER;
    if (timer === this.#other) this.#otherDueMs = NEVER;
    // The handle of a timer that is gone may stay for the other one: it fires early and is set again.
    if (this.#retransmissionDueMs === NEVER && this.#otherDueMs === NEVER) this.#disarm();
  }

  protected clearTimers(): void {
    this.#retransmissionDueMs = NEVER;
    this.#otherDueMs = NEVER;
    this.#disarm();
  }

  #arm(dueMs: number, ms: number): void {
    this.#timers.clear(this.#handle);
    this.#handle = this.#timers.set(ms, this.#fire);
    this.#handleDueMs = dueMs;
  }

  #disarm(): void {
    this.#timers.clear(this.#handle);
    this.#handle = undefined;
    this.#handleDueMs = NEVER;
  }

  #onDue(): void {
    this.#handle = undefined;
    this.#handleDueMs = NEVER;
    const now = this.#clock.now();
    // The end of the transaction wins over one more retransmission at the same instant.
    if (this.#otherDueMs <= now) {
      this.#otherDueMs = NEVER;
      this.timerFired(this.#other);
    }
    if (this.#retransmissionDueMs <= now) {
      this.#retransmissionDueMs = NEVER;
      this.timerFired(this.#retransmission);
    }
    const nextMs = Math.min(this.#retransmissionDueMs, this.#otherDueMs);
    if (nextMs < this.#handleDueMs) this.#arm(nextMs, nextMs - now);
  }
}

function retransmits(timer: TimerName): boolean {
  return timer === 'E' || timer === 'A' || timer === 'G';
}
