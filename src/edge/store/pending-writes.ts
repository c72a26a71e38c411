// The writes of one collection that no commit has taken yet: one operation a key, in order of insertion.
//
// A put whose delete comes in time costs a look-up each and leaves nothing. That is only allowed when the store does not
// hold the key, so the keys that it may hold are remembered as long as they are few; when they are many, or when other
// processes write too, the delete is committed (the record is not).

import { ChurnMap, type Written } from '../../base/index.ts';
import type { TableBatch, Cell } from './backend.ts';

/** Keys that are remembered for a collection; about 10 MB. */
export const MAX_KNOWN_KEYS = 50_000;

export const WriteKind = {
  /** Insert or replace. */
  put: 'put',
  delete: 'delete',
  /** Delete, then insert: it has a new place in the order. */
  anew: 'anew',
} as const;
export type WriteKind = (typeof WriteKind)[keyof typeof WriteKind];

/** What will be done to one key, and who wants to hear of it. */
export class PendingWrite<R = unknown> {
  readonly key: string;
  kind: WriteKind;
  record: R | undefined;
  /** Calls of `put` and `delete` that are in it. */
  calls = 1;
  #first: Written | undefined;
  #others: Written[] | undefined;

  constructor(key: string, kind: WriteKind, record: R | undefined, written: Written | undefined) {
    this.key = key;
    this.kind = kind;
    this.record = record;
    this.#first = written;
  }

  join(written: Written | undefined): void {
    this.calls += 1;
    if (written === undefined) return;
    if (this.#first === undefined) this.#first = written;
    else (this.#others ??= []).push(written);
  }

  /** Hands each writer over, in the order of their calls. */
  writers(each: (written: Written) => void): void {
    if (this.#first !== undefined) each(this.#first);
    if (this.#others !== undefined) for (const written of this.#others) each(written);
  }
}

/** How records become cells; methods, so that the buffer can hold collections of any records. */
export interface Encoder<R> {
  /** Throws when the record cannot be written. */
  encode(key: string, record: R, cells: Cell[]): void;
  /** False for what cannot be a key in any store. */
  canBe(key: string): boolean;
}

export class PendingWrites<R = unknown> {
  readonly table: string;
  readonly #writes = new ChurnMap<string, PendingWrite<R>>();
  readonly #encoder: Encoder<R>;
  /** A superset of the stored keys; undefined: any key may be stored. */
  #known: Set<string> | undefined;

  constructor(table: string, encoder: Encoder<R>) {
    this.table = table;
    this.#encoder = encoder;
  }

  get size(): number {
    return this.#writes.size;
  }

  get knowsKeys(): boolean {
    return this.#known !== undefined;
  }

  /** What the store holds at this moment; undefined: too many to be remembered. */
  learnKeys(keys: Iterable<string> | undefined): void {
    this.#known = keys === undefined ? undefined : new Set(keys);
  }

  /** Keys that went in another way than by a delete. */
  forgetKeys(keys: Iterable<string>): void {
    for (const key of keys) this.#known?.delete(key);
  }

  put(key: string, record: R, written: Written | undefined): void {
    const write = this.#writes.get(key);
    if (write === undefined) {
      this.#writes.set(key, new PendingWrite(key, WriteKind.put, record, written));
      return;
    }
    write.record = record;
    write.join(written);
    if (write.kind !== WriteKind.delete) return;
    write.kind = WriteKind.anew;
    // To the end of the order.
    this.#writes.delete(key);
    this.#writes.set(key, write);
  }

  /** Returns what is withdrawn and done with, if it is; undefined: the delete waits for a commit. */
  delete(key: string, written: Written | undefined): PendingWrite<R> | undefined {
    const write = this.#writes.get(key);
    const mayExist = this.#known === undefined || this.#known.has(key);
    if (write === undefined) {
      const alone = new PendingWrite<R>(key, WriteKind.delete, undefined, written);
      if (!mayExist) return alone;
      this.#writes.set(key, alone);
      return undefined;
    }
    write.join(written);
    if (write.kind === WriteKind.put && !mayExist) {
      this.#writes.delete(key);
      return write;
    }
    write.kind = WriteKind.delete;
    write.record = undefined;
    return undefined;
  }

  /** Everything of this moment, for commits that follow. */
  take(): PendingWrite<R>[] {
    const writes = this.#writes.values();
    this.#writes.clear();
    for (const { key, kind } of writes) if (kind !== WriteKind.delete) this.#known?.add(key);
    if (this.#known !== undefined && this.#known.size > MAX_KNOWN_KEYS) this.#known = undefined;
    return writes;
  }

  /** Cells for these; `refuse` is called for a record that cannot be written, the others go on. */
  batch(
    writes: readonly PendingWrite<R>[],
    refuse: (write: PendingWrite<R>, error: unknown) => void,
  ): TableBatch | undefined {
    const deletes: string[] = [];
    const puts: Cell[] = [];
    for (const write of writes) {
      if (write.kind === WriteKind.delete || write.record === undefined) {
        // What cannot be a key is not there.
        if (this.#encoder.canBe(write.key)) deletes.push(write.key);
        continue;
      }
      try {
        this.#encoder.encode(write.key, write.record, puts);
        if (write.kind === WriteKind.anew) deletes.push(write.key);
      } catch (error) {
        refuse(write, error);
      }
    }
    return deletes.length + puts.length === 0 ? undefined : { table: this.table, deletes, puts };
  }

  committed(writes: readonly PendingWrite<R>[]): void {
    for (const { key, kind } of writes) if (kind === WriteKind.delete) this.#known?.delete(key);
  }
}
