// SQLSTATE codes (PostgreSQL manual, appendix A) and network errors as failures of a store.

import { StoxgateError } from '../../base/index.ts';
import { storeError, type StoreErrorCode } from './store-error.ts';

const CODES: Readonly<Record<string, StoreErrorCode>> = {
  '25006': 'ERR_STORE_OPEN', // read_only_sql_transaction: a standby
  '3D000': 'ERR_STORE_OPEN', // invalid_catalog_name: no such database
  '3F000': 'ERR_STORE_OPEN', // invalid_schema_name
  '42501': 'ERR_STORE_OPEN', // insufficient_privilege
  '53100': 'ERR_STORE_FULL', // disk_full
  '55P03': 'ERR_STORE_LOCKED', // lock_not_available
  XX001: 'ERR_STORE_CORRUPT', // data_corrupted
  XX002: 'ERR_STORE_CORRUPT', // index_corrupted
};

/** The transaction was ended for the sake of others: the same once more will do. */
const AGAIN = new Set(['40001', '40P01', '55P03']);

/** Classes 08 (connection exception), 57P01…57P03 (shut down, crashed, starting) and 53300 (too many connections). */
const AWAY = /^(?:08...|57P0[123]|53300)$/;

function codeOf(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

const SQLSTATE = /^[0-9A-Z]{5}$/;

/** The database could not be reached, or went away: whatever did not come from the server itself. */
export function isAway(error: unknown): boolean {
  if (error instanceof StoxgateError) return false;
  const code = codeOf(error);
  return SQLSTATE.test(code) && code !== 'EPIPE' ? AWAY.test(code) : error instanceof Error;
}

export function isWorthAgain(error: unknown): boolean {
  return AGAIN.has(codeOf(error)) || isAway(error);
}

export function postgresError(error: unknown, what: string, opening: boolean): StoxgateError {
  if (error instanceof StoxgateError) return error;
  const code = codeOf(error);
  const known = CODES[code] ?? (code.startsWith('28') ? 'ERR_STORE_OPEN' : undefined);
  const reason = error instanceof Error ? error.message || code : String(error);
  const open: StoreErrorCode = opening && isAway(error) ? 'ERR_STORE_OPEN' : 'ERR_STORE_FAILED';
  return storeError(
    known ?? open,
    what,
    SQLSTATE.test(code) ? `${reason} (SQLSTATE ${code})` : reason,
    error,
  );
}
