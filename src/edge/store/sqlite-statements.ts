// The SQL of the SQLite store. Names come from checked layouts (record-codec.ts), values are always parameters.

import { PUT_CELLS, ROW_CELLS, type TableLayout } from './backend.ts';

/** "stox" in ASCII, in the header of the file: whose it is. */
export const APPLICATION_ID = 0x73746f78;

export const tableName = (collection: string): string => `"stoxgate_c_${collection}"`;
export const columnName = (index: string): string => `"i_${index}"`;
const indexName = (collection: string, index: string): string => `"stoxgate_c_${collection}_${index}"`;

export const SCHEMA_TABLE = `CREATE TABLE IF NOT EXISTS stoxgate_schema (
  collection TEXT PRIMARY KEY, version INTEGER NOT NULL, indexes TEXT NOT NULL) WITHOUT ROWID`;

/** AUTOINCREMENT: a place in the order is never given twice, also when the newest record was deleted. */
export function createTable({ name }: TableLayout): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${tableName(name)} (seq INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE,
      version INTEGER NOT NULL, expires INTEGER, data TEXT NOT NULL)`,
    `CREATE INDEX IF NOT EXISTS ${indexName(name, 'expires')} ON ${tableName(name)} (expires)
      WHERE expires IS NOT NULL`,
  ];
}

export function dropIndexes({ name }: TableLayout, indexes: readonly string[]): string[] {
  return indexes.flatMap((index) => [
    `DROP INDEX ${indexName(name, `i_${index}`)}`,
    `ALTER TABLE ${tableName(name)} DROP COLUMN ${columnName(index)}`,
  ]);
}

export function addIndexes({ name, indexes }: TableLayout): string[] {
  return indexes.flatMap((index) => [
    `ALTER TABLE ${tableName(name)} ADD COLUMN ${columnName(index)} TEXT`,
    `CREATE INDEX ${indexName(name, `i_${index}`)} ON ${tableName(name)} (${columnName(index)})
      WHERE ${columnName(index)} IS NOT NULL`,
  ]);
}

/** What is done to one table while the store is open. */
export interface Statements {
  readonly put: string;
  readonly delete: string;
  readonly get: string;
  readonly scan: string;
  readonly count: string;
  readonly more: string;
  readonly keys: string;
  readonly expired: string;
  readonly deleteExpired: string;
  readonly trim: string;
  find(index: string): string;
  countOf(index: string): string;
  countWith(index: string): string;
}

export function statementsOf({ name, indexes }: TableLayout): Statements {
  const table = tableName(name);
  const row = ROW_CELLS.join(', ');
  const columns = [...PUT_CELLS, ...indexes.map(columnName)];
  const [, ...others] = columns;
  const expired = 'WHERE expires <= ? ORDER BY expires, seq LIMIT ?';
  return {
    put: `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
      ON CONFLICT (key) DO UPDATE SET ${others.map((column) => `${column} = excluded.${column}`).join(', ')}`,
    delete: `DELETE FROM ${table} WHERE key = ?`,
    get: `SELECT ${row} FROM ${table} WHERE key = ?`,
    scan: `SELECT ${row} FROM ${table} WHERE seq > ? ORDER BY seq LIMIT ?`,
    count: `SELECT count(*) FROM ${table}`,
    more: `SELECT 1 FROM ${table} LIMIT 1 OFFSET ?`,
    keys: `SELECT key FROM ${table}`,
    expired: `SELECT ${row} FROM ${table} ${expired}`,
    deleteExpired: `DELETE FROM ${table} WHERE seq IN (SELECT seq FROM ${table} ${expired})`,
    trim: `DELETE FROM ${table} WHERE seq IN (SELECT seq FROM ${table} ORDER BY seq
      LIMIT max(0, min(?, (SELECT count(*) FROM ${table}) - ?))) RETURNING key`,
    find: (index) =>
      `SELECT ${row} FROM ${table} WHERE ${columnName(index)} = ? AND seq > ? ORDER BY seq LIMIT ?`,
    countOf: (index) => `SELECT count(*) FROM ${table} WHERE ${columnName(index)} = ?`,
    countWith: (index) => `SELECT count(*) FROM ${table} WHERE ${columnName(index)} IS NOT NULL`,
  };
}
