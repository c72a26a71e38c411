// Looks for a message in the pages of the ledger, from the oldest to the newest: a row comes before the notes about it.

import type { Collection } from '../../base/index.ts';
import {
  isNamed,
  linesOf,
  mayHold,
  reportedAs,
  withNote,
  type LedgerPage,
  type LedgerRecord,
} from '../../interwork/message/index.ts';

/** Pages read at once: about 1 MB. */
const STEP = 32;

/**
 * The newest `limit` rows with this identifier, newest first, and how many are older. `elsewhere`: that row of the page
 * with this key is found in another place, and does not count here.
 */
export async function findInPages(
  pages: Collection<LedgerPage>,
  id: string,
  limit: number,
  elsewhere: (key: string, row: number) => boolean,
): Promise<{ records: LedgerRecord[]; older: number }> {
  let found: LedgerRecord[] = [];
  let older = 0;
  for (let after = -1; ;) {
    const entries = await pages.scan({ limit: STEP, after });
    for (const { key, record: page } of entries) {
      // Most pages are passed over without being read.
      if (!mayHold(page, id) && (found.length === 0 || page.notes === 0)) continue;
      for (const line of linesOf(page)) {
        if ('report' in line) {
          found = found.map((record) =>
            record.direction === line.direction && reportedAs(record) === line.id
              ? withNote(record, line)
              : record,
          );
        } else if (isNamed(line.record, id) && !elsewhere(key, line.row)) found.push(line.record);
      }
    }
    older += Math.max(0, found.length - limit);
    found = found.slice(-limit);
    const last = entries.at(-1);
    if (last === undefined || entries.length < STEP) return { records: found.toReversed(), older };
    after = last.seq;
  }
}
