// A store that is a few maps: what the features of the gateway see of one, and it outlives the gateway of a test. Records
// go through their text, as in a real one.

import type {
  Collection,
  CollectionSpec,
  Entry,
  FindOptions,
  Store,
  StoreStatus,
  Written,
} from '../../src/base/index.ts';

interface Row {
  readonly seq: number;
  readonly text: string;
}

export class MemoryStore implements Store {
  /** While it is set every write fails with it, as on a full disk. */
  failure: Error | undefined;
  readonly #tables = new Map<string, Map<string, Row>>();
  readonly #kind: StoreStatus['kind'];

  /** What it says that it is: the gateway treats one that outlives it in another way. */
  constructor(kind: StoreStatus['kind'] = 'memory') {
    this.#kind = kind;
  }

  /** The records of a collection as they are written. */
  table(name: string): ReadonlyMap<string, Row> {
    return this.#tables.get(name) ?? new Map();
  }

  collection<R>(spec: CollectionSpec<R>): Promise<Collection<R>> {
    let rows = this.#tables.get(spec.name);
    if (rows === undefined) this.#tables.set(spec.name, (rows = new Map()));
    return Promise.resolve(new MemoryCollection(spec, rows, this));
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  status(): StoreStatus {
    return { kind: this.#kind, writable: true, pending: 0, pendingMs: 0 };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class MemoryCollection<R> implements Collection<R> {
  readonly #spec: CollectionSpec<R>;
  readonly #rows: Map<string, Row>;
  #seq = 0;

  readonly #store: MemoryStore;

  constructor(spec: CollectionSpec<R>, rows: Map<string, Row>, store: MemoryStore) {
    this.#spec = spec;
    this.#rows = rows;
    this.#store = store;
    for (const { seq } of rows.values()) this.#seq = Math.max(this.#seq, seq);
  }

  put(key: string, record: R, written?: Written): void {
    const { failure } = this.#store;
    if (failure === undefined) {
      const seq = this.#rows.get(key)?.seq ?? ++this.#seq;
      this.#rows.set(key, { seq, text: this.#spec.encode(record) });
    }
    tell(written, failure);
  }

  delete(key: string, written?: Written): void {
    const { failure } = this.#store;
    if (failure === undefined) this.#rows.delete(key);
    tell(written, failure);
  }

  // Later, as any real one, so that whoever does not wait is found out.
  async get(key: string): Promise<R | undefined> {
    await new Promise((resolve) => setTimeout(resolve, 2));
    const row = this.#rows.get(key);
    return row === undefined ? undefined : this.#read(row.text);
  }

  find(index: string, value: string, options: FindOptions = {}): Promise<readonly Entry<R>[]> {
    const { after = -1, limit = Infinity } = options;
    const found = this.#entries().filter(
      ({ seq, record }) => seq > after && this.#spec.indexes[index]?.(record) === value,
    );
    return Promise.resolve(found.slice(0, limit));
  }

  scan({ after = -1, limit = Infinity }: FindOptions = {}): Promise<readonly Entry<R>[]> {
    return Promise.resolve(
      this.#entries()
        .filter(({ seq }) => seq > after)
        .slice(0, limit),
    );
  }

  count(): Promise<number> {
    return Promise.resolve(this.#rows.size);
  }

  takeExpired(nowMs: number, limit: number): Promise<readonly Entry<R>[]> {
    const old = this.#entries()
      .filter(({ record }) => (this.#spec.expires?.(record) ?? Infinity) <= nowMs)
      .slice(0, limit);
    for (const { key } of old) this.#rows.delete(key);
    return Promise.resolve(old);
  }

  trim(keep: number): Promise<number> {
    const old = this.#entries().slice(0, Math.max(0, this.#rows.size - keep));
    for (const { key } of old) this.#rows.delete(key);
    return Promise.resolve(old.length);
  }

  #entries(): Entry<R>[] {
    return [...this.#rows]
      .map(([key, { seq, text }]) => ({ key, seq, record: this.#read(text) }))
      .toSorted((left, right) => left.seq - right.seq);
  }

  #read(text: string): R {
    return this.#spec.decode(this.#spec.version, text);
  }
}

/** Never inside of the call, as the contract has it. */
function tell(written: Written | undefined, failure: Error | undefined): void {
  if (written !== undefined) queueMicrotask(() => written(failure));
}
