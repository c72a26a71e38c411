// The SQL of the PostgreSQL store. Names come from checked layouts (record-codec.ts), values are always parameters; a
// group of records is one parameter a column.

import { PUT_CELLS, ROW_CELLS, type TableLayout } from './backend.ts';

const tableName = (collection: string): string => `"stoxgate_c_${collection}"`;
const columnName = (index: string): string => `"i_${index}"`;
const indexName = (collection: string, index: string): string => `"stoxgate_c_${collection}_${index}"`;

export const SCHEMA_TABLE = `CREATE TABLE IF NOT EXISTS stoxgate_schema (
  collection text PRIMARY KEY, version integer NOT NULL, indexes text NOT NULL)`;

/** Types of `PUT_CELLS`. */
const TYPES = ['text', 'integer', 'bigint', 'text'];

/**
 * The lock of our tables ("stox", 1): shared by whoever writes, alone for whoever changes the tables; it goes with the
 * transaction.
 */
export const SHARED_LOCK = 'SELECT pg_advisory_xact_lock_shared(1937009528, 1)';
export const SOLE_LOCK = 'SELECT pg_advisory_xact_lock(1937009528, 1)';

export function createTable({ name }: TableLayout): string {
  return `CREATE TABLE IF NOT EXISTS ${tableName(name)} (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      key text NOT NULL UNIQUE, version integer NOT NULL, expires bigint, data text NOT NULL);
    CREATE INDEX IF NOT EXISTS ${indexName(name, 'expires')} ON ${tableName(name)} (expires)
      WHERE expires IS NOT NULL`;
}

/** Dropping a column drops its index. */
export function dropIndexes({ name }: TableLayout, indexes: readonly string[]): string[] {
  return indexes.map((index) => `ALTER TABLE ${tableName(name)} DROP COLUMN ${columnName(index)}`);
}

export function addIndexes({ name, indexes }: TableLayout): string[] {
  return indexes.flatMap((index) => [
    `ALTER TABLE ${tableName(name)} ADD COLUMN ${columnName(index)} text`,
    `CREATE INDEX ${indexName(name, `i_${index}`)} ON ${tableName(name)} (${columnName(index)}, seq)
      WHERE ${columnName(index)} IS NOT NULL`,
  ]);
}

export interface Statements {
  readonly put: string;
  readonly delete: string;
  readonly get: string;
  readonly scan: string;
  readonly count: string;
  readonly takeExpired: string;
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
  const list = columns.join(', ');
  const arrays = columns.map((_column, i) => `$${i + 1}::${TYPES[i] ?? 'text'}[]`);
  return {
    // The order of the group is the order of insertion: identities are given after the sorting.
    put: `INSERT INTO ${table} (${list})
      SELECT ${list} FROM unnest(${arrays.join(', ')}) WITH ORDINALITY AS u (${list}, place) ORDER BY place
      ON CONFLICT (key) DO UPDATE SET ${others.map((column) => `${column} = excluded.${column}`).join(', ')}`,
    delete: `DELETE FROM ${table} WHERE key = ANY ($1::text[])`,
    get: `SELECT ${row} FROM ${table} WHERE key = $1`,
    scan: `SELECT ${row} FROM ${table} WHERE seq > $1 ORDER BY seq LIMIT $2`,
    count: `SELECT count(*) FROM ${table}`,
    // Several gateways may take at the same time: each gets what the others have not.
    takeExpired: `WITH gone AS (DELETE FROM ${table} WHERE seq = ANY (ARRAY(SELECT seq FROM ${table}
      WHERE expires <= $1 ORDER BY expires, seq LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING ${row}, expires)
      SELECT ${row} FROM gone ORDER BY expires, seq`,
    trim: `DELETE FROM ${table} WHERE seq = ANY (ARRAY(SELECT seq FROM ${table} ORDER BY seq
      LIMIT greatest(0, least($1::bigint, (SELECT count(*) FROM ${table}) - $2::bigint)) FOR UPDATE SKIP LOCKED))
      RETURNING key`,
    find: (index) =>
      `SELECT ${row} FROM ${table} WHERE ${columnName(index)} = $1 AND seq > $2 ORDER BY seq LIMIT $3`,
    countOf: (index) => `SELECT count(*) FROM ${table} WHERE ${columnName(index)} = $1`,
    countWith: (index) => `SELECT count(*) FROM ${table} WHERE ${columnName(index)} IS NOT NULL`,
  };
}
