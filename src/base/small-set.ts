// A set that nearly always has one element or none, held by the hundred thousand: a Set takes 180 octets before it holds
// anything, this one 40 as long as it has no second element.

type Element = string | number | object;

/** As `Set`, for the few operations that are needed; elements come in the order in which they were added. */
export class SmallSet<T extends Element> implements Iterable<T> {
  #first: T | undefined;
  /** Only while there is a first. */
  #others: Set<T> | undefined;

  constructor(items: Iterable<T> = []) {
    for (const item of items) this.add(item);
  }

  get size(): number {
    return this.#first === undefined ? 0 : 1 + (this.#others?.size ?? 0);
  }

  has(item: T): boolean {
    return this.#first === item || this.#others?.has(item) === true;
  }

  add(item: T): void {
    if (this.#first === undefined) this.#first = item;
    else if (this.#first !== item) (this.#others ??= new Set()).add(item);
  }

  /** False: it was not there. */
  delete(item: T): boolean {
    if (this.#first !== item) {
      const deleted = this.#others?.delete(item) === true;
      if (this.#others?.size === 0) this.#others = undefined;
      return deleted;
    }
    this.#first = undefined;
    const others = this.#others;
    if (others === undefined) return true;
    for (const next of others) {
      this.#first = next;
      others.delete(next);
      break;
    }
    if (others.size === 0) this.#others = undefined;
    return true;
  }

  clear(): void {
    this.#first = undefined;
    this.#others = undefined;
  }

  /** The elements of this moment, whatever is added or taken away meanwhile. */
  [Symbol.iterator](): Iterator<T> {
    const all = this.#first === undefined ? [] : [this.#first, ...(this.#others ?? [])];
    return all[Symbol.iterator]();
  }
}
