// Requests written to a connection that were not answered yet, as far as a connection can know: when it is lost, whoever
// waits is told, instead of waiting for 32 s (RFC 3261 §18.4, §8.1.3.1; RFC 3263 §4.3: then the next target is tried).

import type { Failed } from './carrier.ts';

/** After this nobody waits (RFC 3261 §17.1.2.2: timer F). */
const LIFE_MS = 32_000;
/** Requests that are remembered; of more the oldest wait for their timer. */
const MAX_AWAITING = 10_000;

/** One request. `fail` is called at most once. */
export class Awaited {
  readonly sinceMs: number;
  #failed: Failed | undefined;

  constructor(failed: Failed, nowMs: number) {
    this.sinceMs = nowMs;
    this.#failed = failed;
  }

  fail(error: Error): void {
    const failed = this.#failed;
    this.#failed = undefined;
    failed?.(error);
  }
}

export class AwaitingAnswers {
  #requests: Awaited[] = [];
  #answered = 0;

  /** A request was written. */
  add(failed: Failed, nowMs: number): Awaited {
    const oldest = this.#requests[0];
    if (
      oldest !== undefined &&
      (nowMs - oldest.sinceMs >= LIFE_MS || this.#requests.length >= MAX_AWAITING)
    ) {
      const kept = this.#requests.slice(Math.ceil(this.#requests.length / 2));
      this.#requests = kept.filter(({ sinceMs }) => nowMs - sinceMs < LIFE_MS);
      this.#answered = 0;
    }
    const request = new Awaited(failed, nowMs);
    this.#requests.push(request);
    return request;
  }

  /** A final response came: which request it is for only the transaction knows, but when all have theirs nobody waits. */
  answered(): void {
    this.#answered += 1;
    if (this.#answered < this.#requests.length) return;
    this.#requests = [];
    this.#answered = 0;
  }

  /** The connection is lost. To a transaction that has its answer this means nothing. */
  lost(error: Error, nowMs: number): void {
    const requests = this.#requests;
    this.#requests = [];
    for (const request of requests) if (nowMs - request.sinceMs < LIFE_MS) request.fail(error);
  }
}
