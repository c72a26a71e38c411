// A cache that forgets by halves: two maps, the older of which is dropped when the younger is full. A hit in the older
// one moves up, so what is in use stays; no entry costs more than its place in a map.

export class GenerationCache<V> {
  readonly #perGeneration: number;
  #young = new Map<string, V>();
  #old = new Map<string, V>();

  /** Keeps at least half of `maxEntries` most recently used entries, and never more than `maxEntries`. */
  constructor(maxEntries: number) {
    this.#perGeneration = Math.max(1, maxEntries >> 1);
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): V | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const older = this.#old.get(key);
    if (older === undefined) return undefined;
    this.#old.delete(key);
    this.set(key, older);
    return older;
  }

  /** `key` should not be a slice of a larger text that it would keep alive (see `detachText`). */
  set(key: string, value: V): void {
    if (this.#young.size >= this.#perGeneration) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
  }
}
