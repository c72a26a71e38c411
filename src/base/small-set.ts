// A set that nearly always has one element or none, held by the hundred thousand: a Set takes 180 octets before it holds
// anything, an array of one element takes 40. Looking for an element is a walk while there are few, and a Set beyond.

/** So many elements are walked through. */
const FEW = 16;
const NONE: readonly never[] = [];

/** As `Set`, for the few operations that are needed; elements come in the order in which they were added. */
export class SmallSet<T> implements Iterable<T> {
  #few: T[] | undefined;
  #many: Set<T> | undefined;

  constructor(items?: Iterable<T>) {
    for (const item of items ?? NONE) this.add(item);
  }

  get size(): number {
    return this.#many?.size ?? this.#few?.length ?? 0;
  }

  has(item: T): boolean {
    return this.#many?.has(item) ?? this.#few?.includes(item) ?? false;
  }

  add(item: T): void {
    if (this.#many !== undefined) this.#many.add(item);
    else if (this.#few === undefined) this.#few = [item];
    else if (!this.#few.includes(item)) this.#grow(this.#few, item);
  }

  /** False: it was not there. */
  delete(item: T): boolean {
    if (this.#many !== undefined) return this.#many.delete(item);
    const at = this.#few?.indexOf(item) ?? -1;
    if (at < 0) return false;
    // A new one, so that a walk that is under way goes on with what there was.
    this.#few = this.#few?.length === 1 ? undefined : this.#few?.toSpliced(at, 1);
    return true;
  }

  clear(): void {
    this.#few = undefined;
    this.#many = undefined;
  }

  /** The elements of this moment, whatever is added or taken away meanwhile. */
  [Symbol.iterator](): Iterator<T> {
    return (this.#many === undefined ? (this.#few ?? NONE) : [...this.#many])[Symbol.iterator]();
  }

  #grow(few: readonly T[], item: T): void {
    if (few.length < FEW) this.#few = [...few, item];
    else {
      this.#many = new Set([...few, item]);
      this.#few = undefined;
    }
  }
}
