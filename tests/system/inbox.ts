// What a peer has received, in order, and a way to wait for the next of it.

const PATIENCE_MS = 10_000;

interface Waiting<T> {
  match(item: T): boolean;
  take(item: T): void;
}

export class Inbox<T> {
  /** Everything that ever came, taken or not. */
  readonly all: T[] = [];
  #untaken: T[] = [];
  #waiting: Waiting<T>[] = [];

  /** How many came and were not taken by `next`. */
  get untaken(): readonly T[] {
    return this.#untaken;
  }

  push(item: T): void {
    this.all.push(item);
    const index = this.#waiting.findIndex((waiting) => waiting.match(item));
    const [waiting] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (waiting === undefined) this.#untaken.push(item);
    else waiting.take(item);
  }

  /** The first that was not taken yet and matches; waits for it, but not for ever. */
  next(what: string, match: (item: T) => boolean = () => true, patienceMs = PATIENCE_MS): Promise<T> {
    const index = this.#untaken.findIndex(match);
    if (index >= 0) {
      const [item] = this.#untaken.splice(index, 1);
      if (item !== undefined) return Promise.resolve(item);
    }
    return new Promise((resolve, reject) => {
      const waiting: Waiting<T> = {
        match,
        take: (item) => {
          clearTimeout(timer);
          resolve(item);
        },
      };
      const timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        reject(new Error(`${what} did not come within ${patienceMs} ms`));
      }, patienceMs);
      this.#waiting.push(waiting);
    });
  }

  /** Forgets what was not taken. */
  forget(): void {
    this.#untaken = [];
  }
}
