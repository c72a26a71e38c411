// "Logged at most at a bounded rate": so many lines of one event in an interval, then one line with their number.

import type { Log, LogLevel, Timer, Timers } from '../../base/index.ts';

export interface RateLimit {
  /** Lines of one event name in one interval. */
  readonly lines?: number;
  readonly intervalMs?: number;
  /** Event names that are told apart; the rest share one. Names are a closed set, so this is only a guard. */
  readonly maxEvents?: number;
}

interface Window {
  written: number;
  suppressed: number;
  level: LogLevel;
  timer: Timer;
}

type Fields = Readonly<Record<string, unknown>>;
type LimitedLevel = 'info' | 'warn' | 'error';

const SHARED = '(other events)';

/**
 * Limits what goes to another log. The interval of an event begins with its first line; at its end `log.suppressed`
 * tells how many were left out. `debug` passes: who asks for it wants everything.
 */
export class RateLimitedLog implements Log {
  readonly #log: Log;
  readonly #timers: Timers;
  readonly #lines: number;
  readonly #intervalMs: number;
  readonly #maxEvents: number;
  readonly #windows = new Map<string, Window>();

  constructor(log: Log, timers: Timers, limit: RateLimit = {}) {
    this.#log = log;
    this.#timers = timers;
    this.#lines = limit.lines ?? 20;
    this.#intervalMs = limit.intervalMs ?? 10_000;
    this.#maxEvents = limit.maxEvents ?? 1000;
  }

  /** Events with an open interval. */
  get size(): number {
    return this.#windows.size;
  }

  debug(event: string, fields?: Fields): void {
    this.#log.debug(event, fields);
  }

  info(event: string, fields?: Fields): void {
    this.#write('info', event, fields);
  }

  warn(event: string, fields?: Fields): void {
    this.#write('warn', event, fields);
  }

  error(event: string, fields?: Fields): void {
    this.#write('error', event, fields);
  }

  enabled(level: LogLevel): boolean {
    return this.#log.enabled(level);
  }

  /** Tells what was left out so far and forgets: for the end of the process. */
  close(): void {
    for (const [event, window] of [...this.#windows]) {
      this.#timers.clear(window.timer);
      this.#end(event, window);
    }
  }

  #write(level: LimitedLevel, event: string, fields: Fields | undefined): void {
    if (!this.#log.enabled(level)) return;
    const key = this.#windows.has(event) || this.#windows.size < this.#maxEvents ? event : SHARED;
    const window = this.#windows.get(key) ?? this.#begin(key, level);
    if (window.written < this.#lines) {
      window.written += 1;
      this.#log[level](event, fields);
    } else {
      window.suppressed += 1;
      window.level = level;
    }
  }

  #begin(event: string, level: LimitedLevel): Window {
    const timer = this.#timers.set(this.#intervalMs, () => {
      const window = this.#windows.get(event);
      if (window !== undefined) this.#end(event, window);
    });
    const window: Window = { written: 0, suppressed: 0, level, timer };
    this.#windows.set(event, window);
    return window;
  }

  #end(event: string, window: Window): void {
    this.#windows.delete(event);
    if (window.suppressed > 0) {
      this.#log[window.level]('log.suppressed', { of: event, count: window.suppressed });
    }
  }
}
