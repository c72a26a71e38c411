// Whether the other party of a session is still there: a client that dies says nothing, and no presence tells of one that showed
// none. After a while without a word it is asked by an empty session-info (XEP-0166 §7.2.10), as a refresh asks a phone (RFC 4028).

import type { Timer, Timers } from '../../base/index.ts';

export class Pulse {
  readonly #timers: Timers;
  readonly #everyMs: () => number | undefined;
  readonly #ask: () => void;
  #timer: Timer | undefined;

  /** `everyMs`: how long it may be silent; undefined: for ever. `ask`: of one from whom nothing was heard for so long. */
  constructor(timers: Timers, everyMs: () => number | undefined, ask: () => void) {
    this.#timers = timers;
    this.#everyMs = everyMs;
    this.#ask = ask;
  }

  /** It said something, or the session begins. */
  heard(): void {
    this.stop();
    const ms = this.#everyMs();
    if (ms === undefined) return;
    this.#timer = this.#timers.set(ms, () => {
      this.heard();
      this.#ask();
    });
  }

  stop(): void {
    this.#timers.clear(this.#timer);
    this.#timer = undefined;
  }
}
