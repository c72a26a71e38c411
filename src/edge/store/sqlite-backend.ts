// The SQLite store, seen from the message loop: each call goes to the worker thread and comes back as a promise.

import { once } from 'node:events';
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { StoxgateError } from '../../base/index.ts';
import {
  ROW_WIDTH,
  type Backend,
  type Remake,
  type RowQuery,
  type Rows,
  type TableBatch,
  type TableLayout,
} from './backend.ts';
import type { SqliteAnswer, SqliteCall, SqliteMethod, SqliteWorkerData } from './sqlite-calls.ts';
import type { SqliteDatabase } from './sqlite-database.ts';
import { storeError } from './store-error.ts';

/** Rows that a migration makes anew at a time. */
const REMAKE_PAGE = 500;

/** Tests run the sources, an installation what was compiled of them; the compiler does not look into URLs. */
const WORKER = new URL(`./sqlite-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

type Result<M extends SqliteMethod> = ReturnType<SqliteDatabase[M]>;

export class SqliteBackend implements Backend {
  readonly kind = 'sqlite';
  readonly place: string;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  /** Why there will be no answer any more. */
  #gone: Error | undefined;

  /** `patienceMs`: how long to wait for somebody else's lock. */
  constructor(path: string, patienceMs: number) {
    // Absolute: SQLite reads ":memory:" and "file:…" in its own way.
    this.place = resolve(path);
    const workerData: SqliteWorkerData = { path: this.place, patienceMs };
    // Options of the command line, such as those of a test runner, are not for it.
    this.#worker = new Worker(WORKER, {
      ...{ workerData, execArgv: [], name: 'stoxgate-store' },
      // It only passes texts on: a larger nursery would only hold more of them before it is emptied.
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    });
    this.#worker.on('message', (answer: SqliteAnswer<never>) => this.#answered(answer));
    this.#worker.on('error', (error) => this.#end(error));
    this.#worker.on('exit', () => this.#end(undefined));
  }

  async open(): Promise<void> {
    try {
      await this.#call('open');
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async openTable(layout: TableLayout, remake: Remake): Promise<void> {
    if (await this.#call('beginTable', layout)) {
      try {
        await this.#remake(layout.name, remake);
      } catch (error) {
        await this.#call('abandon');
        throw error;
      }
    }
    await this.#call('endTable');
  }

  async #remake(table: string, remake: Remake): Promise<void> {
    for (let after = 0; ;) {
      const rows = await this.#call('find', table, { after, limit: REMAKE_PAGE });
      await this.#call('remade', table, remake(rows));
      if (rows.length < REMAKE_PAGE * ROW_WIDTH) return;
      after = Number(rows[rows.length - ROW_WIDTH + 1]);
    }
  }

  keys(table: string, limit: number): Promise<readonly string[] | undefined> {
    return this.#call('keys', table, limit);
  }

  commit(batches: readonly TableBatch[]): Promise<void> {
    return this.#call('commit', batches);
  }

  get(table: string, key: string): Promise<Rows> {
    return this.#call('get', table, key);
  }

  find(table: string, query: RowQuery): Promise<Rows> {
    return this.#call('find', table, query);
  }

  count(table: string, index?: string, value?: string): Promise<number> {
    return this.#call('count', table, index, value);
  }

  takeExpired(table: string, nowMs: number, limit: number): Promise<Rows> {
    return this.#call('takeExpired', table, nowMs, limit);
  }

  trim(table: string, keep: number, limit: number): Promise<readonly string[]> {
    return this.#call('trim', table, keep, limit);
  }

  async close(): Promise<void> {
    if (this.#gone !== undefined) return;
    const exited = once(this.#worker, 'exit');
    await this.#call('close');
    await exited;
  }

  #call<M extends SqliteMethod>(method: M, ...args: Parameters<SqliteDatabase[M]>): Promise<Result<M>> {
    if (this.#gone !== undefined) return Promise.reject(this.#gone);
    this.#lastId += 1;
    const call: SqliteCall = { id: this.#lastId, method, args };
    return new Promise<Result<M>>((done, reject) => {
      this.#waiting.set(call.id, { resolve: done, reject });
      this.#worker.postMessage(call);
    });
  }

  #answered({ id, value, error }: SqliteAnswer<never>): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new StoxgateError(error.code, error.message));
  }

  /** The thread has ended: when nobody asked it to, that is a fault, and only a new start mends it. */
  #end(error: unknown): void {
    const reason = error instanceof Error ? error.message : 'its thread has ended';
    this.#gone ??= storeError('ERR_STORE_FAILED', `the store ${this.place} has stopped`, reason, error);
    for (const { reject } of this.#waiting.values()) reject(this.#gone);
    this.#waiting.clear();
  }
}
