// What an earlier process left in the outbox, in the order in which it was accepted.

import type { Collection, Entry } from '../../base/index.ts';
import type { OutboxRecord } from '../../interwork/message/index.ts';

/** Records read at once. */
const PAGE = 500;

/** `node`: only what that gateway has accepted; undefined: everything. */
export async function* storedPages(
  records: Collection<OutboxRecord>,
  node: string | undefined,
): AsyncGenerator<readonly Entry<OutboxRecord>[]> {
  for (let after = -1; ;) {
    const options = { limit: PAGE, after };
    const page = node === undefined ? await records.scan(options) : await records.find('node', node, options);
    yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = last.seq;
  }
}
