// The SQLite file, inside of the worker thread: everything here blocks.
//
// Sources: https://sqlite.org/wal.html, https://sqlite.org/pragma.html (synchronous=FULL: a commit is durable when it
// returns; locking_mode=EXCLUSIVE: the lock is held by the process until it ends, however it ends).

import { closeSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { PUT_CELLS, type Cell, type RowQuery, type TableBatch, type TableLayout } from './backend.ts';
import {
  addIndexes,
  APPLICATION_ID,
  createTable,
  dropIndexes,
  SCHEMA_TABLE,
  statementsOf,
  type Statements,
} from './sqlite-statements.ts';
import { newerError, storeError } from './store-error.ts';

/** Version of the tables themselves, under the empty name in `stoxgate_schema`. */
const LAYOUT_VERSION = 1;
/** The log is cut back to this after a checkpoint, in octets. */
const MAX_LOG = 67_108_864;

export class SqliteDatabase {
  readonly #path: string;
  readonly #patienceMs: number;
  #database: DatabaseSync | undefined;
  readonly #layouts = new Map<string, { layout: TableLayout; sql: Statements }>();
  readonly #prepared = new Map<string, StatementSync>();

  constructor(path: string, patienceMs: number) {
    this.#path = path;
    this.#patienceMs = patienceMs;
  }

  get #db(): DatabaseSync {
    if (this.#database === undefined) throw storeError('ERR_STORE_CLOSED', `the store ${this.#path}`);
    return this.#database;
  }

  open(): void {
    makePrivate(this.#path);
    const db = new DatabaseSync(this.#path, {
      timeout: this.#patienceMs,
      enableForeignKeyConstraints: false,
    });
    this.#database = db;
    try {
      // Before the first access: with it there is no shared memory, and nobody else gets in.
      db.exec('PRAGMA locking_mode = EXCLUSIVE');
      this.#mustBeOurs();
      db.exec('PRAGMA journal_mode = WAL');
      db.exec('PRAGMA synchronous = FULL');
      db.exec(`PRAGMA journal_size_limit = ${MAX_LOG}`);
      this.#transaction(() => this.#claim());
    } catch (error) {
      this.#database = undefined;
      db.close();
      throw error;
    }
  }

  /** Before anything is changed in it. */
  #mustBeOurs(): void {
    const owner = this.#number('PRAGMA application_id');
    if (owner === APPLICATION_ID) return;
    if (owner === 0 && this.#number('SELECT count(*) FROM sqlite_schema') === 0) return;
    const what = `${this.#path} cannot be the store`;
    throw storeError('ERR_STORE_OPEN', what, 'it is the database of another program');
  }

  /** Writes nothing into a store that is as it should be: a gateway starts with a full disk too. */
  #claim(): void {
    if (this.#number('PRAGMA application_id') === APPLICATION_ID) {
      const found = this.#schemaOf('')?.version ?? 0;
      if (found > LAYOUT_VERSION) throw newerError(this.#path, '', found, LAYOUT_VERSION);
      if (found === LAYOUT_VERSION) return;
    }
    this.#db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    this.#db.exec(SCHEMA_TABLE);
    this.#setSchema('', LAYOUT_VERSION, []);
  }

  /** Begins the transaction in which a table gets its layout; true: its rows must be made anew before `endTable`. */
  beginTable(layout: TableLayout): boolean {
    const stored = this.#schemaOf(layout.name);
    if (stored !== undefined && stored.version > layout.version) {
      throw newerError(this.#path, layout.name, stored.version, layout.version);
    }
    this.#prepared.clear();
    this.#layouts.set(layout.name, { layout, sql: statementsOf(layout) });
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const same = stored?.version === layout.version && sameNames(stored.indexes, layout.indexes);
      if (same) return false;
      for (const sql of createTable(layout)) this.#db.exec(sql);
      if (stored !== undefined) for (const sql of dropIndexes(layout, stored.indexes)) this.#db.exec(sql);
      for (const sql of addIndexes(layout)) this.#db.exec(sql);
      this.#setSchema(layout.name, layout.version, layout.indexes);
      return stored !== undefined;
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  /** Rows that were made anew, inside of the transaction of `beginTable`. */
  remade(table: string, cells: readonly Cell[]): void {
    this.#put(table, cells);
  }

  endTable(): void {
    this.#commit();
  }

  abandon(): void {
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
  }

  keys(table: string, limit: number): string[] | undefined {
    const { sql } = this.#table(table);
    if (this.#rows(sql.more, limit).length > 0) return undefined;
    return this.#rows(sql.keys).map(([key]) => String(key));
  }

  commit(batches: readonly TableBatch[]): void {
    this.#transaction(() => {
      for (const { table, deletes, puts } of batches) {
        const remove = this.#statement(this.#table(table).sql.delete);
        for (const key of deletes) remove.run(key);
        this.#put(table, puts);
      }
    });
  }

  get(table: string, key: string): Cell[] {
    return this.#rows(this.#table(table).sql.get, key).flat();
  }

  find(table: string, { index, value, after, limit }: RowQuery): Cell[] {
    const { sql } = this.#table(table);
    const rows =
      index === undefined || value === undefined
        ? this.#rows(sql.scan, after, limit)
        : this.#rows(sql.find(index), value, after, limit);
    return rows.flat();
  }

  count(table: string, index?: string, value?: string): number {
    const { sql } = this.#table(table);
    if (index === undefined) return this.#number(sql.count);
    if (value === undefined) return this.#number(sql.countWith(index));
    return this.#number(sql.countOf(index), value);
  }

  takeExpired(table: string, nowMs: number, limit: number): Cell[] {
    const { sql } = this.#table(table);
    return this.#transaction(() => {
      const rows = this.#rows(sql.expired, nowMs, limit);
      if (rows.length > 0) this.#statement(sql.deleteExpired).run(nowMs, limit);
      return rows.flat();
    });
  }

  trim(table: string, keep: number, limit: number): string[] {
    return this.#transaction(() =>
      this.#rows(this.#table(table).sql.trim, limit, keep).map(([key]) => String(key)),
    );
  }

  close(): void {
    this.#prepared.clear();
    this.#database?.close();
    this.#database = undefined;
  }

  #put(table: string, cells: readonly Cell[]): void {
    const { layout, sql } = this.#table(table);
    const put = this.#statement(sql.put);
    const width = PUT_CELLS.length + layout.indexes.length;
    for (let i = 0; i < cells.length; i += width) put.run(...cells.slice(i, i + width));
  }

  #transaction<T>(work: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.#commit();
      return result;
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  #commit(): void {
    try {
      this.#db.exec('COMMIT');
    } catch (error) {
      // Some failures have rolled back already (https://sqlite.org/lang_transaction.html).
      this.abandon();
      throw error;
    }
  }

  #schemaOf(collection: string): { version: number; indexes: string[] } | undefined {
    const [row] = this.#rows('SELECT version, indexes FROM stoxgate_schema WHERE collection = ?', collection);
    if (row === undefined) return undefined;
    const indexes: unknown = JSON.parse(String(row[1]));
    return { version: Number(row[0]), indexes: Array.isArray(indexes) ? indexes.map(String) : [] };
  }

  #setSchema(collection: string, version: number, indexes: readonly string[]): void {
    this.#statement(
      'INSERT OR REPLACE INTO stoxgate_schema (collection, version, indexes) VALUES (?, ?, ?)',
    ).run(collection, version, JSON.stringify(indexes));
  }

  #table(name: string): { layout: TableLayout; sql: Statements } {
    const table = this.#layouts.get(name);
    if (table === undefined) throw new Error(`no table ${name}`);
    return table;
  }

  #number(sql: string, ...values: readonly Cell[]): number {
    return Number(this.#rows(sql, ...values)[0]?.[0] ?? 0);
  }

  #rows(sql: string, ...values: readonly Cell[]): Cell[][] {
    return this.#statement(sql)
      .all(...values)
      .map((row) => Object.values(row).map(cellOf));
  }

  #statement(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }
}

/**
 * A new file belongs to its owner alone: there are messages of people in it. One that exists is not touched, since to
 * close any descriptor of a file ends all locks that this process has on it (POSIX fcntl).
 */
function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch {
    // It exists, or SQLite will say why it cannot.
  }
}

function cellOf(value: SQLOutputValue): Cell {
  return typeof value === 'string' || typeof value === 'number' || value === null ? value : String(value);
}

function sameNames(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name, i) => name === right[i]);
}
