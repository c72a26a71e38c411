// How much of something that all want one of them may have at the same time, and who waits for his part of it.

export class Share<T> {
  /** Taken. */
  open = 0;
  readonly #limit: number;
  /** In order; few ever wait. */
  #held: Set<T> | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get isFull(): boolean {
    return this.open >= this.#limit;
  }

  hold(one: T): void {
    this.#held ??= new Set();
    this.#held.add(one);
  }

  /** Who has waited longest, when there is room for him. */
  release(): T | undefined {
    if (this.#held === undefined || this.isFull) return undefined;
    for (const one of this.#held) {
      this.#held.delete(one);
      if (this.#held.size === 0) this.#held = undefined;
      return one;
    }
    return undefined;
  }
}
