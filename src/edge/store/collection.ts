// One collection as a feature sees it: writes go to the buffer, reads wait for the writes before them.

import type { Collection, Entry, FindOptions, Written } from '../../base/index.ts';
import { ROW_WIDTH, type Backend, type Rows } from './backend.ts';
import type { PendingWrites } from './pending-writes.ts';
import type { RecordCodec } from './record-codec.ts';
import { asStoreError, storeError } from './store-error.ts';
import type { WriteBuffer } from './write-buffer.ts';

/** Rows of one question to the implementation: to decode more would keep the event loop from its work. */
const PAGE = 500;

export class StoredCollection<R> implements Collection<R> {
  readonly #backend: Backend;
  readonly #buffer: WriteBuffer;
  readonly #writes: PendingWrites<R>;
  readonly #codec: RecordCodec<R>;
  readonly #name: string;

  constructor(backend: Backend, buffer: WriteBuffer, writes: PendingWrites<R>, codec: RecordCodec<R>) {
    this.#backend = backend;
    this.#buffer = buffer;
    this.#writes = writes;
    this.#codec = codec;
    this.#name = codec.layout.name;
  }

  put(key: string, record: R, written?: Written): void {
    this.#buffer.put(this.#writes, key, record, written);
  }

  delete(key: string, written?: Written): void {
    this.#buffer.delete(this.#writes, key, written);
  }

  async get(key: string): Promise<R | undefined> {
    if (!this.#codec.canBe(key)) return undefined;
    return await this.#read(async () => {
      const [entry] = this.#codec.decode(await this.#backend.get(this.#name, key));
      return entry?.record;
    });
  }

  async find(index: string, value: string, options: FindOptions = {}): Promise<readonly Entry<R>[]> {
    this.#mustHave(index);
    if (!this.#codec.canBe(value)) return [];
    return await this.#pages(options, index, value);
  }

  async scan(options: FindOptions = {}): Promise<readonly Entry<R>[]> {
    return await this.#pages(options);
  }

  async count(index?: string, value?: string): Promise<number> {
    if (index !== undefined) this.#mustHave(index);
    if (value !== undefined && !this.#codec.canBe(value)) return 0;
    return await this.#read(() => this.#backend.count(this.#name, index, value));
  }

  async takeExpired(nowMs: number, limit: number): Promise<readonly Entry<R>[]> {
    const taken: Entry<R>[] = [];
    // What cannot be read goes too: it has expired, and nobody could be told more about it than the log says.
    for (let left = Math.floor(limit); left > 0;) {
      const size = Math.min(left, PAGE);
      const rows = await this.#change(() => this.#backend.takeExpired(this.#name, Math.floor(nowMs), size));
      const keys = rows.filter((_cell, i) => i % ROW_WIDTH === 0).map(String);
      if (this.#buffer.idle) this.#writes.forgetKeys(keys);
      taken.push(...this.#codec.decode(rows));
      left -= size;
      if (keys.length < size) break;
    }
    return taken;
  }

  async trim(keep: number): Promise<number> {
    let gone = 0;
    for (;;) {
      const keys = await this.#change(() => this.#backend.trim(this.#name, Math.max(0, keep), PAGE));
      if (this.#buffer.idle) this.#writes.forgetKeys(keys);
      gone += keys.length;
      if (keys.length < PAGE) return gone;
    }
  }

  /** Page after page, until there are enough that can be read. */
  async #pages(
    { limit = Number.POSITIVE_INFINITY, after = 0 }: FindOptions,
    index?: string,
    value?: string,
  ): Promise<Entry<R>[]> {
    const entries: Entry<R>[] = [];
    for (let place = after; entries.length < limit;) {
      const query = { index, value, after: place, limit: Math.min(PAGE, Math.ceil(limit - entries.length)) };
      const rows: Rows = await this.#read(() => this.#backend.find(this.#name, query));
      for (const entry of this.#codec.decode(rows)) entries.push(entry);
      if (rows.length < query.limit * ROW_WIDTH) break;
      place = Number(rows[rows.length - ROW_WIDTH + 1]);
    }
    return entries;
  }

  async #read<T>(question: () => Promise<T>): Promise<T> {
    const what = `the store ${this.#backend.place} cannot be read`;
    if (this.#buffer.closed) throw storeError('ERR_STORE_CLOSED', what);
    await this.#buffer.flush();
    try {
      return await question();
    } catch (error) {
      throw asStoreError(error, what);
    }
  }

  #change<T>(work: () => Promise<T>): Promise<T> {
    return this.#read(() => this.#buffer.inTurn(work));
  }

  #mustHave(index: string): void {
    if (!this.#codec.layout.indexes.includes(index)) {
      throw new RangeError(`the collection "${this.#name}" has no index "${index}"`);
    }
  }
}
