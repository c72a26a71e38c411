// Between records and cells: what goes into a store is checked here, and what cannot be read is passed over.

import { isWellFormed, utf8Length, type CollectionSpec, type Entry, type Log } from '../../base/index.ts';
import { ROW_WIDTH, type Cell, type Rows, type TableLayout } from './backend.ts';
import type { StoreFigures } from './figures.ts';
import { storeError } from './store-error.ts';

const NAME = /^[a-z][a-z0-9_]{0,23}$/;
const INDEX_NAME = /^[a-z][A-Za-z0-9_]{0,23}$/;
/** PostgreSQL indexes no more than a third of a page, some 2,700 octets. */
const MAX_KEY_OCTETS = 1024;
const MAX_INDEX_OCTETS = 512;
/** Characters of JSON text. */
const MAX_DATA = 4_194_304;

/** The mistakes of a feature, found at its first start. */
export function layoutOf<R>(spec: CollectionSpec<R>): TableLayout {
  const indexes = Object.keys(spec.indexes).toSorted();
  if (!NAME.test(spec.name)) throw new RangeError(`"${spec.name}" cannot be the name of a collection`);
  for (const index of indexes) {
    if (!INDEX_NAME.test(index)) throw new RangeError(`"${index}" cannot be the name of an index`);
  }
  if (new Set(indexes.map((index) => index.toLowerCase())).size < indexes.length) {
    throw new RangeError(`two indexes of "${spec.name}" differ only in case`);
  }
  if (!Number.isSafeInteger(spec.version) || spec.version < 1) {
    throw new RangeError(`${spec.version} cannot be the version of "${spec.name}"`);
  }
  return { name: spec.name, version: spec.version, indexes };
}

/** Reads and writes the records of one collection. */
export class RecordCodec<R> {
  readonly layout: TableLayout;
  readonly #spec: CollectionSpec<R>;
  readonly #log: Log;
  readonly #figures: StoreFigures;
  readonly #indexes: readonly ((record: R) => string | undefined)[];
  #told = false;

  constructor(spec: CollectionSpec<R>, log: Log, figures: StoreFigures) {
    this.layout = layoutOf(spec);
    this.#spec = spec;
    this.#log = log;
    this.#figures = figures;
    this.#indexes = this.layout.indexes.map((index) => spec.indexes[index] ?? (() => undefined));
  }

  /** Appends the cells of one record; throws `ERR_STORE_RECORD`, and then has appended nothing. */
  encode(key: string, record: R, cells: Cell[]): void {
    const length = cells.length;
    try {
      this.#encode(key, record, cells);
    } catch (error) {
      cells.length = length;
      const reason = error instanceof Error ? error.message : String(error);
      throw storeError(
        'ERR_STORE_RECORD',
        `a record of "${this.#spec.name}" cannot be written`,
        reason,
        error,
      );
    }
  }

  #encode(key: string, record: R, cells: Cell[]): void {
    checkText('the key', key, MAX_KEY_OCTETS);
    const expires = this.#spec.expires?.(record);
    if (expires !== undefined && !Number.isSafeInteger(Math.ceil(expires))) {
      throw new RangeError(`it cannot expire at ${expires}`);
    }
    const data = this.#spec.encode(record);
    if (data.length > MAX_DATA) throw new RangeError(`it has more than ${MAX_DATA} characters`);
    if (data.includes('\0') || !isWellFormed(data)) throw new RangeError('it is not JSON text');
    cells.push(key, this.#spec.version, expires === undefined ? null : Math.ceil(expires), data);
    for (const index of this.#indexes) {
      const value = index(record);
      if (value !== undefined) checkText('the value of an index', value, MAX_INDEX_OCTETS);
      cells.push(value ?? null);
    }
  }

  /** False for what no stored record can have as its key or value. */
  canBe(text: string): boolean {
    return !text.includes('\0') && isWellFormed(text);
  }

  /** Those of the rows that can be read. */
  decode(rows: Rows): Entry<R>[] {
    const entries: Entry<R>[] = [];
    for (let i = 0; i < rows.length; i += ROW_WIDTH) {
      const record = this.#decode(String(rows[i]), Number(rows[i + 2]), String(rows[i + 3]));
      if (record !== undefined)
        entries.push({ key: String(rows[i]), seq: Number(rows[i + 1]), record: record.is });
    }
    return entries;
  }

  /** For a migration: the rows in the version of this program. What cannot be made stays as it is. */
  remake(rows: Rows): Cell[] {
    const cells: Cell[] = [];
    for (const { key, record } of this.decode(rows)) {
      try {
        this.encode(key, record, cells);
      } catch (error) {
        this.#unreadable(key, error);
      }
    }
    return cells;
  }

  #decode(key: string, version: number, data: string): { is: R } | undefined {
    try {
      // A gateway of a newer version may share a PostgreSQL store while this one still runs.
      if (version > this.#spec.version) throw new RangeError(`it has version ${version}`);
      return { is: this.#spec.decode(version, data) };
    } catch (error) {
      this.#unreadable(key, error);
      return undefined;
    }
  }

  /** Counted each time, logged once: a thousand of them say no more than one. */
  #unreadable(key: string, error: unknown): void {
    this.#figures.unreadable.add();
    if (this.#told) return;
    this.#told = true;
    this.#log.error('store.unreadable', { collection: this.#spec.name, key, error });
  }
}

function checkText(what: string, text: string, maxOctets: number): void {
  if (text.length * 3 > maxOctets && utf8Length(text) > maxOctets) {
    throw new RangeError(`${what} has more than ${maxOctets} octets`);
  }
  if (text.includes('\0') || !isWellFormed(text)) throw new RangeError(`${what} is not text`);
}
