// Completed transactions as records in typed arrays: at twenty thousand messages a second timer J keeps 640,000 of them
// alive, so a record is a 96-bit fingerprint, a status and a time, not an object with a timer.
//
// All records of one store live equally long (64*T1, or T4), so expiry is first-in first-out: the records are a ring,
// and one timer serves them all. A hash table with open addressing finds a record by its fingerprint.

import type { Clock, Timer, Timers } from '../../base/index.ts';

export interface Fingerprint {
  readonly word0: number;
  readonly word1: number;
  readonly word2: number;
}

export interface CompletedStoreOptions<V> {
  readonly clock: Clock;
  readonly timers: Timers;
  /** How long each record lives, in milliseconds; > 0. */
  readonly ttlMs: number;
  /** Upper bound of records, rounded up to a power of two. Default 2^20. */
  readonly maxRecords?: number;
  /** Called when a record that has an `extra` expires. */
  readonly onExtraExpired?: (extra: V) => void;
}

const MIN_CAPACITY = 256;
const DEFAULT_MAX_RECORDS = 2 ** 20;
/** The timer fires at most this often; a record may live that much longer. Milliseconds. */
const EXPIRY_STEP_MS = 100;

/** Records in three Uint32 words, a 16-bit status and a time: 18 octets, and 8 of hash table when the ring is full. */
export class CompletedStore<V = never> {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #ttlMs: number;
  readonly #onExtraExpired: ((extra: V) => void) | undefined;
  readonly maxRecords: number;

  // The ring. A record's number counts up for ever; its place is `number & mask`.
  #capacity = MIN_CAPACITY;
  #words = new Int32Array(3 * MIN_CAPACITY);
  #status = new Uint16Array(MIN_CAPACITY);
  /** Milliseconds since `#epochMs`, modulo 2^32: half the octets of a double, and enough to compare within a minute. */
  #dueMs = new Uint32Array(MIN_CAPACITY);
  readonly #epochMs: number;
  #first = 0;
  #next = 0;
  /** Twice as many slots as places; a slot holds place + 1, or 0 when it is empty. */
  #table = new Int32Array(2 * MIN_CAPACITY);
  /** What few records have besides, by record number. */
  readonly #extras = new Map<number, V>();
  #timer: Timer | undefined;
  readonly #expire = (): void => this.#onTimer();

  constructor(options: CompletedStoreOptions<V>) {
    this.#clock = options.clock;
    this.#epochMs = options.clock.now();
    this.#timers = options.timers;
    this.#ttlMs = options.ttlMs;
    this.#onExtraExpired = options.onExtraExpired;
    let max = MIN_CAPACITY;
    while (max < (options.maxRecords ?? DEFAULT_MAX_RECORDS)) max *= 2;
    this.maxRecords = max;
  }

  get size(): number {
    return this.#next - this.#first;
  }

  get full(): boolean {
    return this.size >= this.maxRecords;
  }

  /** Octets in typed arrays. */
  get allocatedBytes(): number {
    return this.#words.byteLength + this.#status.byteLength + this.#dueMs.byteLength + this.#table.byteLength;
  }

  /** Record number of this fingerprint, or -1. */
  find(key: Fingerprint): number {
    const slot = this.#slotOf(key);
    const place = (this.#table[slot] ?? 0) - 1;
    return place < 0 ? -1 : this.#first + ((place - this.#first) & (this.#capacity - 1));
  }

  /** Status of a record that `find` gave. */
  status(record: number): number {
    return this.#status[record & (this.#capacity - 1)] ?? 0;
  }

  extra(record: number): V | undefined {
    return this.#extras.get(record);
  }

  /**
   * Adds a record for `ttlMs`; `status` is 0 … 65535. A fingerprint that is there already stays as it is.
   * False when the store is full: nothing is kept then.
   */
  add(key: Fingerprint, status: number, extra?: V): boolean {
    if (this.#next - this.#first === this.#capacity) {
      if (this.#capacity >= this.maxRecords) return false;
      this.#resize(this.#capacity * 2);
    }
    const slot = this.#slotOf(key);
    if (this.#table[slot] !== 0) return true;
    const record = this.#next++;
    const place = record & (this.#capacity - 1);
    this.#words[3 * place] = key.word0;
    this.#words[3 * place + 1] = key.word1;
    this.#words[3 * place + 2] = key.word2;
    this.#status[place] = status;
    this.#dueMs[place] = Math.ceil(this.#elapsedMs() + this.#ttlMs) >>> 0;
    this.#table[slot] = place + 1;
    if (extra !== undefined) this.#extras.set(record, extra);
    this.#timer ??= this.#timers.set(this.#ttlMs, this.#expire);
    return true;
  }

  /** Forgets everything and disarms the timer. */
  clear(): void {
    this.#timers.clear(this.#timer);
    this.#timer = undefined;
    this.#extras.clear();
    this.#first = this.#next;
    this.#resize(MIN_CAPACITY);
  }

  /** The slot that holds this fingerprint, or the empty one where it would go. */
  #slotOf(key: Fingerprint): number {
    const mask = 2 * this.#capacity - 1;
    const { word0, word1, word2 } = key;
    let slot = word0 & mask;
    for (let entry = this.#table[slot] ?? 0; entry !== 0; entry = this.#table[slot] ?? 0) {
      const at = 3 * (entry - 1);
      if (this.#words[at] === word0 && this.#words[at + 1] === word1 && this.#words[at + 2] === word2) {
        break;
      }
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #onTimer(): void {
    this.#timer = undefined;
    const now = Math.floor(this.#elapsedMs()) >>> 0;
    while (this.#first < this.#next && this.#untilDue(now) <= 0) this.#dropFirst();
    this.#shrink();
    if (this.#first === this.#next) return;
    this.#timer = this.#timers.set(Math.max(EXPIRY_STEP_MS, this.#untilDue(now)), this.#expire);
  }

  #elapsedMs(): number {
    return this.#clock.now() - this.#epochMs;
  }

  /** Milliseconds until the first record expires; the difference of two times modulo 2^32, with its sign. */
  #untilDue(now: number): number {
    return ((this.#dueMs[this.#first & (this.#capacity - 1)] ?? 0) - now) | 0;
  }

  #dropFirst(): void {
    const record = this.#first;
    const place = record & (this.#capacity - 1);
    this.#removeFromTable(place);
    this.#first = record + 1;
    if (this.#extras.size === 0) return;
    const extra = this.#extras.get(record);
    if (extra === undefined) return;
    this.#extras.delete(record);
    this.#onExtraExpired?.(extra);
  }

  /** Deletion in a linear-probing table without tombstones: later entries of the cluster move up to close the gap. */
  #removeFromTable(place: number): void {
    const mask = 2 * this.#capacity - 1;
    const table = this.#table;
    let gap = (this.#words[3 * place] ?? 0) & mask;
    while (table[gap] !== place + 1) gap = (gap + 1) & mask;
    for (let slot = (gap + 1) & mask; ; slot = (slot + 1) & mask) {
      const entry = table[slot] ?? 0;
      if (entry === 0) break;
      const home = (this.#words[3 * (entry - 1)] ?? 0) & mask;
      // The entry may move to the gap only when its home is not between the gap and where it is.
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      table[gap] = entry;
      gap = slot;
    }
    table[gap] = 0;
  }

  #shrink(): void {
    let capacity = this.#capacity;
    while (capacity > MIN_CAPACITY && this.size <= capacity / 8) capacity /= 2;
    if (capacity !== this.#capacity) this.#resize(capacity);
  }

  /**
   * The arrays keep their memory and grow or shrink in it: copies would lie beside them until the collector comes, as large
   * again. A record moves by the half of the larger ring, or not at all; its new place is free, since no two records of a
   * ring are so far apart.
   */
  #resize(capacity: number): void {
    const oldMask = this.#capacity - 1;
    const mask = capacity - 1;
    const grows = capacity > this.#capacity;
    this.#capacity = capacity;
    if (grows) this.#allot(capacity);
    for (let record = this.#first; record < this.#next; record++) {
      const from = record & oldMask;
      const to = record & mask;
      if (from === to) continue;
      this.#words.copyWithin(3 * to, 3 * from, 3 * from + 3);
      this.#status[to] = this.#status[from] ?? 0;
      this.#dueMs[to] = this.#dueMs[from] ?? 0;
    }
    if (!grows) this.#allot(capacity);
    this.#table = resized(this.#table, 2 * capacity);
    this.#table.fill(0);
    const tableMask = 2 * capacity - 1;
    for (let record = this.#first; record < this.#next; record++) {
      const place = record & mask;
      let slot = (this.#words[3 * place] ?? 0) & tableMask;
      while (this.#table[slot] !== 0) slot = (slot + 1) & tableMask;
      this.#table[slot] = place + 1;
    }
  }

  #allot(capacity: number): void {
    this.#words = resized(this.#words, 3 * capacity);
    this.#status = new Uint16Array(this.#status.buffer.transfer(capacity * this.#status.BYTES_PER_ELEMENT));
    this.#dueMs = new Uint32Array(this.#dueMs.buffer.transfer(capacity * this.#dueMs.BYTES_PER_ELEMENT));
  }
}

function resized(array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  return new Int32Array(array.buffer.transfer(length * array.BYTES_PER_ELEMENT));
}
