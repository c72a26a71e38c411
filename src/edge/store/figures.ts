// What a store counts (docs/operation.md, "Metrics").

import type { Clock, Counters } from '../../base/index.ts';

/** The longest commit is that of this and the previous span, so that it survives one scrape and not the day. */
const SPAN_MS = 60_000;

export class StoreFigures {
  readonly commits;
  readonly failed;
  readonly refused;
  readonly withdrawn;
  readonly unreadable;
  readonly #clock: Clock;
  #spanStartMs = 0;
  #longestMs = 0;
  #previousMs = 0;

  constructor(counters: Counters, clock: Clock, pending: () => number, writable: () => boolean) {
    this.#clock = clock;
    this.#spanStartMs = clock.now();
    this.commits = counters.counter('stoxgate_store_commits_total', 'Groups of writes made durable.');
    this.failed = counters.counter('stoxgate_store_failed_commits_total', 'Groups of writes that failed.');
    this.refused = counters.counter(
      'stoxgate_store_refused_writes_total',
      'Writes refused because too many were pending, or the store was closed.',
    );
    this.withdrawn = counters.counter(
      'stoxgate_store_withdrawn_total',
      'Records that were deleted before they were written.',
    );
    this.unreadable = counters.counter(
      'stoxgate_store_unreadable_total',
      'Times that a stored record could not be read.',
    );
    counters.gauge('stoxgate_store_pending_writes', 'Writes without a finished commit.', pending);
    counters.gauge('stoxgate_store_writable', '1, or 0 while the last commit failed.', () =>
      writable() ? 1 : 0,
    );
    counters.gauge(
      'stoxgate_store_commit_max_seconds',
      'The longest commit of the last minute or two.',
      () => {
        this.#roll();
        return Math.max(this.#longestMs, this.#previousMs) / 1000;
      },
    );
  }

  committed(sinceMs: number): void {
    this.commits.add();
    this.#roll();
    this.#longestMs = Math.max(this.#longestMs, this.#clock.now() - sinceMs);
  }

  #roll(): void {
    const age = this.#clock.now() - this.#spanStartMs;
    if (age < SPAN_MS) return;
    this.#previousMs = age < 2 * SPAN_MS ? this.#longestMs : 0;
    this.#longestMs = 0;
    this.#spanStartMs += Math.floor(age / SPAN_MS) * SPAN_MS;
  }
}
