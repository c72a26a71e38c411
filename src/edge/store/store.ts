// A store: the common part of all implementations.

import type { Collection, CollectionSpec, Store, StoreStatus } from '../../base/index.ts';
import type { Backend } from './backend.ts';
import { StoredCollection } from './collection.ts';
import { DEFAULT_STORE_LIMITS, type StoreEnv, type StoreOptions } from './options.ts';
import { MAX_KNOWN_KEYS, PendingWrites } from './pending-writes.ts';
import { RecordCodec } from './record-codec.ts';
import { storeError } from './store-error.ts';
import { WriteBuffer } from './write-buffer.ts';

export class BackedStore implements Store {
  readonly #backend: Backend;
  readonly #env: StoreEnv;
  readonly #buffer: WriteBuffer;
  readonly #names = new Set<string>();
  #closing: Promise<void> | undefined;

  constructor(backend: Backend, env: StoreEnv, options: StoreOptions = {}) {
    this.#backend = backend;
    this.#env = env;
    this.#buffer = new WriteBuffer(backend, env, { ...DEFAULT_STORE_LIMITS, ...options });
  }

  /** The other methods are called afterwards. */
  async open(): Promise<void> {
    await this.#backend.open();
  }

  async collection<R>(spec: CollectionSpec<R>): Promise<Collection<R>> {
    const what = `the collection "${spec.name}" of the store ${this.#backend.place} cannot be opened`;
    if (this.#buffer.closed) throw storeError('ERR_STORE_CLOSED', what);
    if (this.#names.has(spec.name)) throw new Error(`${what} a second time`);
    const codec = new RecordCodec(spec, this.#env.log, this.#buffer.figures);
    this.#names.add(spec.name);
    const writes = new PendingWrites<R>(spec.name, codec);
    try {
      await this.#buffer.inTurn(async () => {
        await this.#backend.openTable(codec.layout, (rows) => codec.remake(rows));
        writes.learnKeys(await this.#backend.keys(spec.name, MAX_KNOWN_KEYS));
      });
    } catch (error) {
      this.#names.delete(spec.name);
      throw error;
    }
    this.#buffer.add(writes);
    return new StoredCollection(this.#backend, this.#buffer, writes, codec);
  }

  flush(): Promise<void> {
    return this.#buffer.flush();
  }

  status(): StoreStatus {
    return this.#buffer.status();
  }

  close(): Promise<void> {
    this.#closing ??= this.#buffer.close().then(() => this.#backend.close());
    return this.#closing;
  }
}
