// What an earlier process left in a collection of the store, in the order in which it was written.

import type { Collection, Entry } from '../base/index.ts';

/** Records read at once. */
const PAGE = 500;

/** `node`: only what that gateway has written, by the index of that name; undefined: everything. Rejects when the store fails. */
export async function* storedPages<T>(
  records: Pick<Collection<T>, 'scan' | 'find'>,
  node: string | undefined,
): AsyncGenerator<readonly Entry<T>[]> {
  for (let after = -1; ;) {
    const options = { limit: PAGE, after };
    const page = node === undefined ? await records.scan(options) : await records.find('node', node, options);
    yield page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = last.seq;
  }
}
