// Who sends a NOTIFY next: a bounded number is under way, the others wait in order. So neither a restart nor a server
// full of changes becomes a storm, and each is made only when it leaves, of what holds then.

export interface Notifying {
  /** Sends its NOTIFY, and calls `done` of the queue when that is over. False: it has none to send any more. */
  transmit(): boolean;
}

export class NotifyQueue {
  readonly #width: number;
  #waiting: Notifying[] = [];
  #next = 0;
  #open = 0;
  #pumping = false;
  #stopped = false;

  constructor(width: number) {
    this.#width = width;
  }

  /** Those that wait. */
  get length(): number {
    return this.#waiting.length - this.#next;
  }

  /** Not twice before its `transmit`. */
  add(one: Notifying): void {
    if (this.#stopped) return;
    this.#waiting.push(one);
    this.#pump();
  }

  /** A NOTIFY is over. */
  done(): void {
    this.#open -= 1;
    this.#pump();
  }

  stop(): void {
    this.#stopped = true;
    this.#waiting = [];
    this.#next = 0;
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
    this.#open += 1;
    let sent = false;
    try {
      sent = one?.transmit() ?? false;
    } finally {
      if (!sent) this.#open -= 1;
    }
  }
}
