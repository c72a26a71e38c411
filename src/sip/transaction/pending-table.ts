// Pending transactions by fingerprint. At twenty thousand a second each is here for a millisecond or two: a table of
// its own that is never rebuilt, because a Map would hash every key as text again and leave a dead table of entries
// behind every few dozen deletions (see base/churn-map.ts).

import type { Fingerprint } from './completed-store.ts';

const MIN_CAPACITY = 256;

/** Open addressing with linear probing, at most half full. Grows, and keeps its size. */
export class PendingTable<V> {
  #mask = MIN_CAPACITY - 1;
  #words = new Int32Array(3 * MIN_CAPACITY);
  #values: (V | undefined)[] = emptySlots(MIN_CAPACITY);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: Fingerprint): V | undefined {
    return this.#values[this.#slotOf(key)];
  }

  set(key: Fingerprint, value: V): void {
    const slot = this.#slotOf(key);
    if (this.#values[slot] === undefined) {
      this.#size += 1;
      if (2 * this.#size > this.#mask) {
        this.#grow();
        this.#put(this.#slotOf(key), key.word0, key.word1, key.word2, value);
        return;
      }
    }
    this.#put(slot, key.word0, key.word1, key.word2, value);
  }

  delete(key: Fingerprint): void {
    let gap = this.#slotOf(key);
    if (this.#values[gap] === undefined) return;
    this.#size -= 1;
    const mask = this.#mask;
    const words = this.#words;
    // Without tombstones: later entries of the cluster move up to close the gap.
    for (let slot = (gap + 1) & mask; this.#values[slot] !== undefined; slot = (slot + 1) & mask) {
      const home = (words[3 * slot] ?? 0) & mask;
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      const at = 3 * slot;
      this.#put(gap, words[at] ?? 0, words[at + 1] ?? 0, words[at + 2] ?? 0, this.#values[slot]);
      gap = slot;
    }
    this.#values[gap] = undefined;
  }

  values(): V[] {
    return this.#values.filter((value) => value !== undefined);
  }

  clear(): void {
    this.#values.fill(undefined);
    this.#size = 0;
  }

  /** The slot of this key, or the empty one where it would go. */
  #slotOf(key: Fingerprint): number {
    const { word0, word1, word2 } = key;
    const mask = this.#mask;
    const words = this.#words;
    let slot = word0 & mask;
    while (this.#values[slot] !== undefined) {
      const at = 3 * slot;
      if (words[at] === word0 && words[at + 1] === word1 && words[at + 2] === word2) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #put(slot: number, word0: number, word1: number, word2: number, value: V | undefined): void {
    const at = 3 * slot;
    this.#words[at] = word0;
    this.#words[at + 1] = word1;
    this.#words[at + 2] = word2;
    this.#values[slot] = value;
  }

  #grow(): void {
    const words = this.#words;
    const values = this.#values;
    const capacity = 2 * values.length;
    this.#mask = capacity - 1;
    this.#words = new Int32Array(3 * capacity);
    this.#values = emptySlots(capacity);
    for (const [slot, value] of values.entries()) {
      if (value === undefined) continue;
      const [word0 = 0, word1 = 0, word2 = 0] = words.subarray(3 * slot, 3 * slot + 3);
      this.#put(this.#slotOf({ word0, word1, word2 }), word0, word1, word2, value);
    }
  }
}

function emptySlots<V>(capacity: number): (V | undefined)[] {
  return Array.from({ length: capacity }, () => undefined);
}
