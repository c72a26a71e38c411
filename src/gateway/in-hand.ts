// Stanzas that were taken from other servers and are nowhere yet: DNS is being asked about their target, or the route script
// thinks about them. A crash would lose them, so they are not acknowledged before they have gone on (XEP-0198 §4); but the
// slow DNS server of one domain must not keep everybody else's stream waiting until it breaks.

import type { Timer, Timers } from '../base/index.ts';

/** Milliseconds that an acknowledgement waits for them; peers wait for eight seconds and more. */
const PATIENCE_MS = 2000;

interface Batch {
  open: number;
  readonly gone: PromiseWithResolvers<undefined>;
  timer: Timer | undefined;
}

export class InHand {
  /** Those that came since somebody asked. */
  #batch: Batch | undefined;
  #before: Promise<void> | undefined;
  readonly #timers: Timers;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Runs `start`, which calls `done` once when its stanza has gone on; what has at once is never in hand. */
  until(start: (done: () => void) => void): void {
    let ended = false;
    let batch: Batch | undefined;
    start(() => {
      if (ended) return;
      ended = true;
      if (batch !== undefined) this.#release(batch);
    });
    // It may have ended within `start`.
    if (!ended) batch = this.#hold();
  }

  /** When everything that is in hand now has gone on, or patience is at its end; undefined: nothing is. */
  gone(): Promise<void> | undefined {
    const batch = this.#batch;
    if (batch === undefined) return this.#before;
    this.#batch = undefined;
    batch.timer = this.#timers.set(PATIENCE_MS, () => batch.gone.resolve(undefined));
    const both = Promise.all([this.#before, batch.gone.promise]).then(() => {
      if (this.#before === both) this.#before = undefined;
    });
    this.#before = both;
    return both;
  }

  #hold(): Batch {
    const batch = (this.#batch ??= { open: 0, gone: Promise.withResolvers<undefined>(), timer: undefined });
    batch.open += 1;
    return batch;
  }

  #release(batch: Batch): void {
    batch.open -= 1;
    if (batch.open > 0) return;
    if (this.#batch === batch) this.#batch = undefined;
    this.#timers.clear(batch.timer);
    batch.gone.resolve(undefined);
  }
}
