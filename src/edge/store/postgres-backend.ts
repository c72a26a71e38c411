// The PostgreSQL store. Several gateways may share it: nothing about its contents is remembered here.
//
// A gateway whose collection was brought to a newer version by another one refuses to write, record by record it would
// undo what that one did. Places in the order are given before a commit and seen after it: a reader that goes on "after"
// a place may pass over what another gateway commits late; it finds it when it begins anew.

import {
  PUT_CELLS,
  ROW_WIDTH,
  type Backend,
  type Cell,
  type Remake,
  type RowQuery,
  type Rows,
  type TableBatch,
  type TableLayout,
} from './backend.ts';
import type { StoreEnv } from './options.ts';
import { PostgresConnections, type Query } from './postgres-connections.ts';
import {
  addIndexes,
  createTable,
  dropIndexes,
  SCHEMA_TABLE,
  statementsOf,
  type Statements,
} from './postgres-statements.ts';
import { newerError } from './store-error.ts';

/** Version of the tables themselves, under the empty name in `stoxgate_schema`. */
const LAYOUT_VERSION = 1;
/** Rows that a migration makes anew at a time. */
const REMAKE_PAGE = 500;

interface Table {
  readonly layout: TableLayout;
  readonly sql: Statements;
}

export class PostgresBackend implements Backend {
  readonly kind = 'postgres';
  readonly place: string;
  readonly #connections: PostgresConnections;
  readonly #tables = new Map<string, Table>();

  constructor(url: string, env: StoreEnv, patienceMs: number) {
    this.place = withoutPassword(url);
    this.#connections = new PostgresConnections(url, this.place, env, patienceMs);
  }

  async open(): Promise<void> {
    try {
      await this.#connections.change(async (query) => {
        await query(SCHEMA_TABLE);
        const layout = (await schemaOf(query, ''))?.version ?? LAYOUT_VERSION;
        if (layout > LAYOUT_VERSION) throw newerError(this.place, '', layout, LAYOUT_VERSION);
        await setSchema(query, '', LAYOUT_VERSION, []);
      });
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async openTable(layout: TableLayout, remake: Remake): Promise<void> {
    const table: Table = { layout, sql: statementsOf(layout) };
    await this.#connections.change(async (query) => {
      const stored = await schemaOf(query, layout.name);
      if (stored !== undefined && stored.version > layout.version) {
        throw newerError(this.place, layout.name, stored.version, layout.version);
      }
      if (stored?.version === layout.version && String(stored.indexes) === String(layout.indexes)) return;
      await query(createTable(layout));
      for (const sql of dropIndexes(layout, stored?.indexes ?? [])) await query(sql);
      for (const sql of addIndexes(layout)) await query(sql);
      await setSchema(query, layout.name, layout.version, layout.indexes);
      if (stored !== undefined) await this.#remake(query, table, remake);
    });
    this.#tables.set(layout.name, table);
  }

  async #remake(query: Query, table: Table, remake: Remake): Promise<void> {
    for (let after = 0; ;) {
      const rows = (await query(table.sql.scan, [after, REMAKE_PAGE])).flat();
      await put(query, table, remake(rows));
      if (rows.length < REMAKE_PAGE * ROW_WIDTH) return;
      after = Number(rows[rows.length - ROW_WIDTH + 1]);
    }
  }

  /** Others write too. */
  async keys(): Promise<undefined> {}

  async commit(batches: readonly TableBatch[]): Promise<void> {
    await this.#connections.write(async (query) => {
      await this.#mustBeCurrent(query, batches);
      for (const { table: name, deletes, puts } of batches) {
        const table = this.#table(name);
        if (deletes.length > 0) await query(table.sql.delete, [deletes]);
        await put(query, table, puts);
      }
    });
  }

  /** Under the lock, so that it stays true until the end of the transaction. */
  async #mustBeCurrent(query: Query, batches: readonly TableBatch[]): Promise<void> {
    const versions = await query('SELECT collection, version FROM stoxgate_schema');
    for (const { table } of batches) {
      const known = this.#table(table).layout.version;
      const found = Number(versions.find(([collection]) => collection === table)?.[1] ?? known);
      if (found !== known) throw newerError(this.place, table, found, known);
    }
  }

  get(table: string, key: string): Promise<Rows> {
    return this.#rows(this.#table(table).sql.get, [key]);
  }

  find(table: string, { index, value, after, limit }: RowQuery): Promise<Rows> {
    const { sql } = this.#table(table);
    return index === undefined || value === undefined
      ? this.#rows(sql.scan, [after, limit])
      : this.#rows(sql.find(index), [value, after, limit]);
  }

  async count(table: string, index?: string, value?: string): Promise<number> {
    const { sql } = this.#table(table);
    const [count] =
      index === undefined
        ? await this.#rows(sql.count, [])
        : value === undefined
          ? await this.#rows(sql.countWith(index), [])
          : await this.#rows(sql.countOf(index), [value]);
    return Number(count);
  }

  async takeExpired(table: string, nowMs: number, limit: number): Promise<Rows> {
    const { sql } = this.#table(table);
    const rows = await this.#connections.write((query) => query(sql.takeExpired, [nowMs, limit]));
    return rows.flat();
  }

  async trim(table: string, keep: number, limit: number): Promise<readonly string[]> {
    const { sql } = this.#table(table);
    const rows = await this.#connections.write((query) => query(sql.trim, [limit, keep]));
    return rows.map(([key]) => String(key));
  }

  close(): Promise<void> {
    return this.#connections.close();
  }

  async #rows(sql: string, values: readonly Cell[]): Promise<Rows> {
    return (await this.#connections.read((query) => query(sql, values))).flat();
  }

  #table(name: string): Table {
    const table = this.#tables.get(name);
    if (table === undefined) throw new Error(`no table ${name}`);
    return table;
  }
}

/** Cells by record become arrays by column. */
async function put(query: Query, { layout, sql }: Table, cells: readonly Cell[]): Promise<void> {
  if (cells.length === 0) return;
  const width = PUT_CELLS.length + layout.indexes.length;
  const columns = Array.from({ length: width }, (): Cell[] => []);
  for (const [i, cell] of cells.entries()) columns[i % width]?.push(cell);
  await query(sql.put, columns);
}

async function schemaOf(
  query: Query,
  collection: string,
): Promise<{ version: number; indexes: string[] } | undefined> {
  const [row] = await query('SELECT version, indexes FROM stoxgate_schema WHERE collection = $1', [
    collection,
  ]);
  if (row === undefined) return undefined;
  const indexes: unknown = JSON.parse(String(row[1]));
  return { version: Number(row[0]), indexes: Array.isArray(indexes) ? indexes.map(String) : [] };
}

async function setSchema(
  query: Query,
  collection: string,
  version: number,
  indexes: readonly string[],
): Promise<void> {
  await query(
    `INSERT INTO stoxgate_schema (collection, version, indexes) VALUES ($1, $2, $3)
     ON CONFLICT (collection) DO UPDATE SET version = excluded.version, indexes = excluded.indexes
     WHERE stoxgate_schema.version <> excluded.version OR stoxgate_schema.indexes <> excluded.indexes`,
    [collection, version, JSON.stringify(indexes)],
  );
}

function withoutPassword(url: string): string {
  const shown = new URL(url);
  shown.password = '';
  shown.searchParams.delete('password');
  return shown.href;
}
