// What an implementation does for the common part of all stores: tables of text, groups in, rows out. Both cross a
// thread or a wire, so they are flat arrays. Nothing here knows what a record is.

import type { StoreStatus } from '../../base/index.ts';

export type Cell = string | number | null;

/** Cells of a stored record in `TableBatch.puts` and in what a migration makes: these, then one for each index. */
export const PUT_CELLS = ['key', 'version', 'expires', 'data'] as const;

/** Cells of a record in what reads return. */
export const ROW_CELLS = ['key', 'seq', 'version', 'data'] as const;
export const ROW_WIDTH = ROW_CELLS.length;

export type Rows = readonly Cell[];

export interface TableLayout {
  readonly name: string;
  readonly version: number;
  /** Names of the indexes, sorted. */
  readonly indexes: readonly string[];
}

/** The last will for each key of one table: all `deletes` first, then the `puts` in their order. */
export interface TableBatch {
  readonly table: string;
  readonly deletes: readonly string[];
  /** Flat, `PUT_CELLS` and the indexes of the layout for each record. */
  readonly puts: readonly Cell[];
}

export interface RowQuery {
  /** With `value`: what has it there; without: all. */
  readonly index?: string | undefined;
  readonly value?: string | undefined;
  /** Only what was inserted after this place. */
  readonly after: number;
  readonly limit: number;
}

/** Makes rows of earlier versions anew, as cells of `puts`; rows that cannot be read are left out. */
export type Remake = (rows: Rows) => Cell[];

/**
 * One implementation. Every failure is a `StoxgateError` with `ERR_STORE_…`. `openTable`, `commit`, `takeExpired` and
 * `trim` are never called while another of them runs; the others may be.
 */
export interface Backend {
  readonly kind: StoreStatus['kind'];
  /** Where it is, for messages; never with a password. */
  readonly place: string;
  open(): Promise<void>;
  /** Makes the table, or brings it to this layout in one transaction. Fails with `ERR_STORE_NEWER`. */
  openTable(layout: TableLayout, remake: Remake): Promise<void>;
  /** All keys when they are at most `limit` and nobody else writes; undefined otherwise. */
  keys(table: string, limit: number): Promise<readonly string[] | undefined>;
  /** All or nothing; durable when it resolves. What is only for a moment in the way is tried again for a bounded time. */
  commit(batches: readonly TableBatch[]): Promise<void>;
  get(table: string, key: string): Promise<Rows>;
  find(table: string, query: RowQuery): Promise<Rows>;
  count(table: string, index?: string, value?: string): Promise<number>;
  /** Removes and returns at most `limit` that have expired, earliest first. */
  takeExpired(table: string, nowMs: number, limit: number): Promise<Rows>;
  /** Removes the oldest but `keep`, at most `limit` of them; returns their keys. */
  trim(table: string, keep: number, limit: number): Promise<readonly string[]>;
  close(): Promise<void>;
}
