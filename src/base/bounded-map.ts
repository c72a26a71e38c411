// A map that forgets: by age and by number, oldest first. For caches and for state of peers that may never return.

interface Slot<V> {
  readonly value: V;
  readonly expiresMs: number;
}

export interface BoundedMapOptions<K, V> {
  readonly maxEntries: number;
  /** Called for what is dropped because of its age or the limit, never for `delete`. */
  readonly onDrop?: (key: K, value: V) => void;
}

export class BoundedMap<K, V> {
  readonly #slots = new Map<K, Slot<V>>();
  readonly #maxEntries: number;
  readonly #onDrop: ((key: K, value: V) => void) | undefined;

  constructor(options: BoundedMapOptions<K, V>) {
    this.#maxEntries = options.maxEntries;
    this.#onDrop = options.onDrop;
  }

  get size(): number {
    return this.#slots.size;
  }

  get(key: K, nowMs: number): V | undefined {
    const slot = this.#slots.get(key);
    if (slot === undefined) return undefined;
    if (slot.expiresMs <= nowMs) {
      this.#drop(key, slot);
      return undefined;
    }
    return slot.value;
  }

  /** Keeps `value` for `ttlMs`; a key set again counts as new. */
  set(key: K, value: V, nowMs: number, ttlMs: number): void {
    this.#slots.delete(key);
    this.#slots.set(key, { value, expiresMs: nowMs + ttlMs });
    if (this.#slots.size <= this.#maxEntries) return;
    for (const [oldest, slot] of this.#slots) {
      this.#drop(oldest, slot);
      break;
    }
  }

  delete(key: K): boolean {
    return this.#slots.delete(key);
  }

  clear(): void {
    this.#slots.clear();
  }

  /** Drops what is too old, from the oldest on; stops at the first that is not. Fits entries of one ttl. */
  sweep(nowMs: number): void {
    for (const [key, slot] of this.#slots) {
      if (slot.expiresMs > nowMs) return;
      this.#drop(key, slot);
    }
  }

  #drop(key: K, slot: Slot<V>): void {
    this.#slots.delete(key);
    this.#onDrop?.(key, slot.value);
  }
}
