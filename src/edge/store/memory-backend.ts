// A store that is gone with the process: for tests, and for who wants nothing kept. It holds text, as the others do.

import {
  PUT_CELLS,
  type Backend,
  type Cell,
  type RowQuery,
  type Rows,
  type TableBatch,
  type TableLayout,
} from './backend.ts';

interface Row {
  readonly key: string;
  seq: number;
  version: Cell;
  expires: number | undefined;
  data: Cell;
  /** By index. */
  values: readonly Cell[];
}

class Table {
  readonly indexes: readonly string[];
  /** In order of insertion. */
  readonly rows = new Map<string, Row>();
  /** For each index: what has a value. */
  readonly byValue: readonly Map<Cell, Set<Row>>[];
  lastSeq = 0;

  constructor(indexes: readonly string[]) {
    this.indexes = indexes;
    this.byValue = indexes.map(() => new Map<Cell, Set<Row>>());
  }

  put(cells: readonly Cell[]): void {
    const [key, version, expires, data, ...values] = cells;
    let row = this.rows.get(String(key));
    if (row === undefined) {
      this.lastSeq += 1;
      row = { key: String(key), seq: this.lastSeq, version: 0, expires: undefined, data: '', values: [] };
      this.rows.set(row.key, row);
    } else this.#unindex(row);
    row.version = version ?? 0;
    row.expires = typeof expires === 'number' ? expires : undefined;
    row.data = data ?? '';
    row.values = values;
    for (const [i, value] of values.entries()) {
      if (value === null) continue;
      const index = this.byValue[i];
      const rows = index?.get(value) ?? new Set();
      rows.add(row);
      index?.set(value, rows);
    }
  }

  delete(key: string): void {
    const row = this.rows.get(key);
    if (row === undefined) return;
    this.#unindex(row);
    this.rows.delete(key);
  }

  #unindex(row: Row): void {
    for (const [i, value] of row.values.entries()) {
      const rows = this.byValue[i]?.get(value);
      rows?.delete(row);
      if (rows?.size === 0) this.byValue[i]?.delete(value);
    }
  }

  /** In order of insertion: a replaced row keeps its place, but not in the set of a value. */
  matching(index: string | undefined, value: string | undefined): Iterable<Row> {
    if (index === undefined) return this.rows.values();
    if (value === undefined)
      return [...this.rows.values()].filter((row) => row.values[this.#at(index)] !== null);
    return [...(this.byValue[this.#at(index)]?.get(value) ?? [])].sort((a, b) => a.seq - b.seq);
  }

  #at(index: string): number {
    return this.indexes.indexOf(index);
  }
}

export class MemoryBackend implements Backend {
  readonly kind = 'memory';
  readonly place = 'memory:';
  readonly #tables = new Map<string, Table>();

  async open(): Promise<void> {}

  /** There is never an earlier version to be made anew. */
  async openTable(layout: TableLayout): Promise<void> {
    this.#tables.set(layout.name, new Table(layout.indexes));
  }

  async keys(table: string, limit: number): Promise<readonly string[] | undefined> {
    const { rows } = this.#table(table);
    return rows.size > limit ? undefined : [...rows.keys()];
  }

  async commit(batches: readonly TableBatch[]): Promise<void> {
    for (const { table: name, deletes, puts } of batches) {
      const table = this.#table(name);
      for (const key of deletes) table.delete(key);
      const width = PUT_CELLS.length + table.indexes.length;
      for (let i = 0; i < puts.length; i += width) table.put(puts.slice(i, i + width));
    }
  }

  async get(table: string, key: string): Promise<Rows> {
    const row = this.#table(table).rows.get(key);
    return row === undefined ? [] : cellsOf([row]);
  }

  async find(table: string, { index, value, after, limit }: RowQuery): Promise<Rows> {
    const found: Row[] = [];
    for (const row of this.#table(table).matching(index, value)) {
      if (found.length >= limit) break;
      if (row.seq > after) found.push(row);
    }
    return cellsOf(found);
  }

  async count(table: string, index?: string, value?: string): Promise<number> {
    const { rows } = this.#table(table);
    return index === undefined ? rows.size : [...this.#table(table).matching(index, value)].length;
  }

  async takeExpired(table: string, nowMs: number, limit: number): Promise<Rows> {
    const at = ({ expires }: Row): number => expires ?? Number.POSITIVE_INFINITY;
    const expired = [...this.#table(table).rows.values()]
      .filter((row) => at(row) <= nowMs)
      .sort((a, b) => at(a) - at(b) || a.seq - b.seq)
      .slice(0, limit);
    for (const { key } of expired) this.#table(table).delete(key);
    return cellsOf(expired);
  }

  async trim(table: string, keep: number, limit: number): Promise<readonly string[]> {
    const { rows } = this.#table(table);
    const keys = [...rows.keys()].slice(0, Math.min(limit, Math.max(0, rows.size - keep)));
    for (const key of keys) this.#table(table).delete(key);
    return keys;
  }

  async close(): Promise<void> {
    this.#tables.clear();
  }

  #table(name: string): Table {
    const table = this.#tables.get(name);
    if (table === undefined) throw new Error(`no table ${name}`);
    return table;
  }
}

function cellsOf(rows: readonly Row[]): Cell[] {
  return rows.flatMap(({ key, seq, version, data }) => [key, seq, version, data]);
}
