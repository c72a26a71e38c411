// SUBSCRIBE requests that many watchers want at once (everybody logs in, the gateway starts again) go out one by one.

import { TokenBucket, type Clock, type Random, type Timer, type Timers } from '../../base/index.ts';

export interface PaceEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

const RATE_PER_SECOND = 200;
const BURST = 200;
/** How often those who wait are looked at, a quarter of it up or down by chance. */
const LOOK_MS = 100;

export class Pace<T> {
  readonly #env: PaceEnv;
  readonly #run: (item: T) => void;
  readonly #bucket: TokenBucket;
  readonly #waiting = new Set<T>();
  #timer: Timer | undefined;
  #stopped = false;

  constructor(env: PaceEnv, run: (item: T) => void) {
    this.#env = env;
    this.#run = run;
    this.#bucket = new TokenBucket(RATE_PER_SECOND, BURST, env.clock.now());
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** It waits for its turn. */
  has(item: T): boolean {
    return this.#waiting.has(item);
  }

  /** Runs it now, or when its turn comes. */
  add(item: T): void {
    if (this.#stopped) return;
    this.#waiting.add(item);
    this.#pump();
  }

  delete(item: T): void {
    this.#waiting.delete(item);
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting.clear();
    this.#env.timers.clear(this.#timer);
  }

  #pump(): void {
    if (this.#timer !== undefined) return;
    const { clock, timers, random } = this.#env;
    for (const item of this.#waiting) {
      if (!this.#bucket.take(clock.now())) break;
      this.#waiting.delete(item);
      this.#run(item);
    }
    if (this.#waiting.size === 0 || this.#stopped) return;
    this.#timer = timers.set(LOOK_MS * (0.75 + random.unit() / 2), () => {
      this.#timer = undefined;
      this.#pump();
    });
  }
}
