// The result codes of SQLite (https://sqlite.org/rescode.html) as failures of a store.

import type { StoxgateError } from '../../base/index.ts';
import { asStoreError, storeError, type StoreErrorCode } from './store-error.ts';

/** By primary result code, the low octet of what SQLite says. */
const CODES: Readonly<Record<number, StoreErrorCode>> = {
  3: 'ERR_STORE_OPEN', // SQLITE_PERM
  5: 'ERR_STORE_LOCKED', // SQLITE_BUSY
  6: 'ERR_STORE_LOCKED', // SQLITE_LOCKED
  8: 'ERR_STORE_OPEN', // SQLITE_READONLY
  11: 'ERR_STORE_CORRUPT', // SQLITE_CORRUPT
  13: 'ERR_STORE_FULL', // SQLITE_FULL
  14: 'ERR_STORE_OPEN', // SQLITE_CANTOPEN
  23: 'ERR_STORE_OPEN', // SQLITE_AUTH
  26: 'ERR_STORE_CORRUPT', // SQLITE_NOTADB
};

export function sqliteError(error: unknown, what: string): StoxgateError {
  if (!(error instanceof Error) || !('errcode' in error)) return asStoreError(error, what);
  const code = Number(error.errcode);
  return storeError(
    CODES[code & 0xff] ?? 'ERR_STORE_FAILED',
    what,
    `${error.message} (SQLite ${code})`,
    error,
  );
}
