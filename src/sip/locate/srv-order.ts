// The order in which servers of one service are tried. Source: RFC 2782, "Usage rules" and "Weight".

import type { Random } from '../../base/index.ts';

export interface Weighted {
  /** Lower is tried first. */
  readonly priority: number;
  /** Share among those of one priority; 0: hardly ever first. */
  readonly weight: number;
}

/** Orders SRV records for one attempt: by priority, by weighted chance within one. A new array; never throws. */
export function orderSrv<R extends Weighted>(records: readonly R[], random: Random): R[] {
  const byPriority = records.toSorted((left, right) => left.priority - right.priority);
  const ordered: R[] = [];
  for (let start = 0; start < byPriority.length;) {
    const priority = byPriority[start]?.priority;
    let end = start + 1;
    while (end < byPriority.length && byPriority[end]?.priority === priority) end += 1;
    if (end - start === 1) ordered.push(...byPriority.slice(start, end));
    else drawAll(byPriority.slice(start, end), random, ordered);
    start = end;
  }
  return ordered;
}

/** True when `orderSrv` would always give the same order. */
export function hasFixedOrder(records: readonly Weighted[]): boolean {
  return new Set(records.map((record) => record.priority)).size === records.length;
}

function drawAll<R extends Weighted>(group: R[], random: Random, into: R[]): void {
  // RFC 2782: "all those with weight 0 are placed at the beginning of the list".
  const rest = group.sort((left, right) => Number(left.weight !== 0) - Number(right.weight !== 0));
  let sum = 0;
  for (const record of rest) sum += record.weight;
  while (rest.length > 0) {
    const index = sum === 0 ? Math.floor(random.unit() * rest.length) : draw(rest, sum, random);
    for (const chosen of rest.splice(index, 1)) {
      sum -= chosen.weight;
      into.push(chosen);
    }
  }
}

/** RFC 2782: a number between 0 and the sum, inclusive; the first whose running sum reaches it. */
function draw(rest: readonly Weighted[], sum: number, random: Random): number {
  const number = Math.floor(random.unit() * (sum + 1));
  let running = 0;
  for (const [index, record] of rest.entries()) {
    running += record.weight;
    if (running >= number) return index;
  }
  return rest.length - 1;
}
