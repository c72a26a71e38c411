// Who sends a NOTIFY next: a bounded number is under way, the others wait in order. So neither a restart nor a server
// full of changes becomes a storm, and each is made only when it leaves, of what holds then. Of those places one watcher may
// have some, and one domain half: who does not answer keeps a place for 32 s, and others are to be told meanwhile.

import type { Share } from './share.ts';

export interface Notifying {
  /** Whose places it takes: his own, and those of his domain. */
  readonly watcherParty: { readonly shares: readonly Share<Notifying>[] };
  /** Sends its NOTIFY, and calls `done` of the queue when that is over. False: it has none to send any more. */
  transmit(): boolean;
}

export class NotifyQueue {
  readonly #width: number;
  #waiting: Notifying[] = [];
  #next = 0;
  #open = 0;
  /** Those whose watcher or domain has no place left. */
  #held = 0;
  #pumping = false;
  #stopped = false;

  constructor(width: number) {
    this.#width = width;
  }

  /** Those that wait. */
  get length(): number {
    return this.#waiting.length - this.#next + this.#held;
  }

  /** Not twice before its `transmit`. */
  add(one: Notifying): void {
    if (this.#stopped) return;
    this.#admit(one);
    this.#pump();
  }

  /** Its NOTIFY is over. */
  done(one: Notifying): void {
    this.#open -= 1;
    this.#release(one);
    this.#pump();
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting = [];
    this.#next = 0;
    this.#held = 0;
  }

  #admit(one: Notifying): void {
    const { shares } = one.watcherParty;
    const full = shares.find(({ isFull }) => isFull);
    if (full !== undefined) {
      full.hold(one);
      this.#held += 1;
      return;
    }
    for (const share of shares) share.open += 1;
    this.#waiting.push(one);
  }

  #release({ watcherParty: { shares } }: Notifying): void {
    for (const share of shares) share.open -= 1;
    if (this.#stopped) return;
    for (const share of shares) {
      // It may have to wait for its other share, but not for this one.
      for (let next = share.release(); next !== undefined; next = share.release()) {
        this.#held -= 1;
        this.#admit(next);
      }
    }
  }

  /** A loop, since a NOTIFY may fail within `transmit`. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#open < this.#width && this.#next < this.#waiting.length) this.#one();
    } finally {
      this.#pumping = false;
    }
    if (this.#next > 1024 || this.#next === this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
  }

  #one(): void {
    const one = this.#waiting[this.#next++];
    if (one === undefined) return;
    this.#open += 1;
    let sent = false;
    try {
      sent = one.transmit();
    } finally {
      if (!sent) {
        this.#open -= 1;
        this.#release(one);
      }
    }
  }
}
