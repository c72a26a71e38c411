// The rules of `policy` among themselves: what means nothing, and what nothing ever reaches.

import type { Remark } from './finding.ts';
import type { Config } from './schema.ts';

type Rule = Config['policy'][number];

interface Directed {
  readonly direction: 'to-xmpp' | 'to-sip' | 'both';
}

/** Rules of which the first that fits decides, and that nothing reaches since one before them decides everything. */
export function unreachableRules<R extends Directed>(
  rules: readonly R[],
  path: readonly string[],
  decidesAll: (rule: R) => boolean,
): Remark[] {
  const remarks: Remark[] = [];
  /** The first rule that decides everything, by direction. */
  const last = new Map<string, number>();
  for (const [index, rule] of rules.entries()) {
    const directions = rule.direction === 'both' ? ['to-xmpp', 'to-sip'] : [rule.direction];
    const before = directions.map((direction) => last.get(direction));
    const [decided] = before;
    if (decided !== undefined && !before.includes(undefined)) {
      remarks.push({
        path: [...path, index],
        severity: 'warning',
        message: `can never be reached: ${path.join('.')}[${decided}] decides everything before it`,
      });
    }
    if (!decidesAll(rule)) continue;
    for (const direction of directions) if (!last.has(direction)) last.set(direction, index);
  }
  return remarks;
}

export function remarksOnPolicy({ policy }: Config): Remark[] {
  const remarks = unreachableRules(policy, ['policy'], decidesAll);
  for (const [index, rule] of policy.entries()) {
    const path = ['policy', index];
    if (rule.network !== undefined && rule.direction === 'to-sip') {
      remarks.push({
        path: [...path, 'network'],
        atKey: true,
        message: 'never fits a request from XMPP, which has no source address',
      });
    }
    if (rule.action === 'allow' && rule.reason !== undefined) {
      remarks.push({ path: [...path, 'reason'], atKey: true, message: 'is told of what is denied only' });
    }
  }
  return remarks;
}

function decidesAll({ from, to, network }: Rule): boolean {
  return [from, to].every((side) => side === undefined || side.includes('*')) && network === undefined;
}
