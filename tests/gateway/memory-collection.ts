// A collection in memory that can be told to fail: what the ledger sees of a store.

import type { Collection, CollectionSpec, Entry, FindOptions, Written } from '../../src/base/index.ts';

interface Stored {
  readonly seq: number;
  readonly text: string;
}

export class MemoryCollection<R> implements Collection<R> {
  /** While it is set every write fails with it. */
  failure: Error | undefined;
  /** True: writes wait for `commit`. */
  held = false;
  puts = 0;
  /** The most rows that one call of `trim` took away. */
  largestTrim = 0;
  readonly #spec: CollectionSpec<R>;
  readonly #rows = new Map<string, Stored>();
  #seq = 0;
  #waiting: (() => void)[] = [];

  constructor(spec: CollectionSpec<R>) {
    this.#spec = spec;
  }

  get size(): number {
    return this.#rows.size;
  }

  put(key: string, record: R, written?: Written): void {
    this.puts += 1;
    const text = this.#spec.encode(record);
    this.#write(() => {
      if (this.failure !== undefined) return written?.(this.failure);
      this.#rows.set(key, { seq: this.#rows.get(key)?.seq ?? ++this.#seq, text });
      written?.();
    });
  }

  delete(key: string, written?: Written): void {
    this.#rows.delete(key);
    written?.();
  }

  commit(): void {
    for (const act of this.#waiting.splice(0)) act();
  }

  async get(key: string): Promise<R | undefined> {
    const stored = this.#rows.get(key);
    return stored === undefined ? undefined : this.#read(stored);
  }

  async find(index: string, value: string, options: FindOptions = {}): Promise<readonly Entry<R>[]> {
    const read = this.#spec.indexes[index];
    if (read === undefined) throw new Error(`no index ${index}`);
    return this.#select(options, (record) => read(record) === value);
  }

  async scan(options: FindOptions = {}): Promise<readonly Entry<R>[]> {
    return this.#select(options, () => true);
  }

  async count(): Promise<number> {
    return this.#rows.size;
  }

  async takeExpired(): Promise<readonly Entry<R>[]> {
    throw new Error('the ledger does not ask for this');
  }

  async trim(keep: number): Promise<number> {
    const gone = [...this.#rows.keys()].slice(0, Math.max(0, this.#rows.size - keep));
    this.largestTrim = Math.max(this.largestTrim, gone.length);
    for (const key of gone) this.#rows.delete(key);
    return gone.length;
  }

  #write(act: () => void): void {
    if (this.held) this.#waiting.push(act);
    else setImmediate(act);
  }

  #read({ text }: Stored): R {
    return this.#spec.decode(this.#spec.version, text);
  }

  #select({ limit = Infinity, after = -1 }: FindOptions, matches: (record: R) => boolean): Entry<R>[] {
    return [...this.#rows]
      .map(([key, stored]) => ({ key, seq: stored.seq, record: this.#read(stored) }))
      .filter(({ seq, record }) => seq > after && matches(record))
      .slice(0, limit);
  }
}
