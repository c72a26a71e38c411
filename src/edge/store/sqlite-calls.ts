// What goes between the SQLite store and its worker thread.

import type { SqliteDatabase } from './sqlite-database.ts';

export type SqliteMethod = {
  [K in keyof SqliteDatabase]: SqliteDatabase[K] extends (...args: never[]) => unknown ? K : never;
}[keyof SqliteDatabase];

export interface SqliteWorkerData {
  readonly path: string;
  readonly patienceMs: number;
}

/** Sent as `args: unknown[]` and `value: unknown`: the other side knows by the method what they are. */
export interface SqliteCall<Args = unknown> {
  readonly id: number;
  readonly method: SqliteMethod;
  readonly args: readonly Args[];
}

export interface SqliteAnswer<Value = unknown> {
  readonly id: number;
  readonly value: Value;
  readonly error?: { readonly code: string; readonly message: string };
}
