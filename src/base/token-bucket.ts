// Rates: what a peer may cause per second, in messages, answers or log lines.

/** `ratePerSecond` tokens a second, `burst` at most kept. */
export class TokenBucket {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #lastMs: number;

  constructor(ratePerSecond: number, burst: number, nowMs: number) {
    this.#perMs = ratePerSecond / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#lastMs = nowMs;
  }

  /** Takes one token if there is one. */
  take(nowMs: number): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#lastMs) * this.#perMs);
    this.#lastMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** How long until there is a token, in milliseconds; 0 when there is one. */
  waitMs(nowMs: number): number {
    const tokens = this.#tokens + (nowMs - this.#lastMs) * this.#perMs;
    return tokens >= 1 ? 0 : (1 - tokens) / this.#perMs;
  }
}
