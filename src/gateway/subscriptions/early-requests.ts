// Requests in dialogs whose records are not read yet, right after a start: they wait for their answer. A 481 would
// end a subscription that is there in a moment, and who is told to come back later must first be one who does.

import type { Timer, Timers } from '../../base/index.ts';
import type { MappedJid } from '../../mapping/index.ts';
import type { ServerTransaction } from '../../sip/index.ts';

/** How long one waits, in milliseconds: the client gives up after 32 s (timer F), and its answer needs its way. */
const PATIENCE_MS = 20_000;

/** A SUBSCRIBE. */
export interface EarlyRequest {
  readonly tx: ServerTransaction;
  readonly watcher: MappedJid;
}

export class EarlyRequests<R = EarlyRequest> {
  readonly #timers: Timers;
  readonly #limit: number;
  readonly #again: (request: R) => void;
  #waiting: R[] = [];
  #timer: Timer | undefined;
  #closed = false;

  /** `again`: looks once more, when the records are read or the first one has waited for too long. */
  constructor(timers: Timers, limit: number, again: (request: R) => void) {
    this.#timers = timers;
    this.#limit = limit;
    this.#again = again;
  }

  /** As many wait as may, for records that are not read yet. */
  get isFull(): boolean {
    return !this.#closed && this.#waiting.length >= this.#limit;
  }

  /** False: no more of them may wait, or none for so long. */
  hold(request: R): boolean {
    if (this.#closed || this.#waiting.length >= this.#limit) return false;
    this.#timer ??= this.#timers.set(PATIENCE_MS, () => this.close());
    this.#waiting.push(request);
    return true;
  }

  /** Nobody waits any more. */
  close(): void {
    this.#closed = true;
    this.#timers.clear(this.#timer);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const request of waiting) this.#again(request);
  }
}
