// The failures of a store that all implementations share, each with what to do about it.

import { StoxgateError } from '../../base/index.ts';

/** What to do, by code; docs/errors.md says the same at length. */
const REMEDIES = {
  ERR_STORE_CLOSED: 'the gateway is stopping',
  ERR_STORE_CORRUPT: 'restore it from a backup, or move it away and start with an empty one',
  ERR_STORE_FAILED: 'see the reason',
  ERR_STORE_FULL: 'make room on the disk; the gateway goes on by itself',
  ERR_STORE_LOCKED:
    'only one gateway may use it at a time: stop the other one, or give this one its own store',
  ERR_STORE_NEWER:
    'start the newer program again, restore the backup from before the upgrade, or give this one another store',
  ERR_STORE_OPEN: 'correct the place, or its owner and rights',
  ERR_STORE_QUEUE: 'the disk or the database is too slow for this load',
  ERR_STORE_RECORD: 'this one record was refused; please report it',
} as const;

export type StoreErrorCode = keyof typeof REMEDIES;

/** "cannot …: reason; remedy". `what` says what was attempted, and where. */
export function storeError(
  code: StoreErrorCode,
  what: string,
  reason?: string,
  cause?: unknown,
): StoxgateError {
  const because = reason === undefined ? '' : `: ${reason}`;
  return new StoxgateError(code, `${what}${because}; ${REMEDIES[code]}`, { cause });
}

export function newerError(place: string, collection: string, found: number, known: number): StoxgateError {
  const what = collection === '' ? 'its tables' : `the records of "${collection}"`;
  return storeError(
    'ERR_STORE_NEWER',
    `the store ${place} was written by a newer program`,
    `${what} have version ${found}, and this program knows up to ${known}`,
  );
}

/** Whatever was thrown, as a failure of the store. */
export function asStoreError(error: unknown, what: string): StoxgateError {
  if (error instanceof StoxgateError) return error;
  return storeError('ERR_STORE_FAILED', what, error instanceof Error ? error.message : String(error), error);
}
