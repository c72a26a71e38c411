// The rules of `calls` among themselves: what means nothing, and what nothing ever reaches.

import type { Remark } from './finding.ts';
import { unreachableRules } from './policy-rules.ts';
import type { Config } from './schema.ts';

type Rule = Config['calls']['rules'][number];

export function remarksOnCalls({ calls }: Config): Remark[] {
  const remarks = unreachableRules(calls.rules, ['calls', 'rules'], decidesAll);
  if (!calls.enabled && calls.rules.length > 0) {
    remarks.push({
      path: ['calls', 'rules'],
      severity: 'warning',
      message: 'has no use: calls.enabled is false',
    });
  }
  for (const [index, rule] of calls.rules.entries()) {
    const path = ['calls', 'rules', index];
    if (rule.number !== undefined && rule.direction === 'to-xmpp') {
      remarks.push({
        path: [...path, 'number'],
        atKey: true,
        message: 'never fits a call to XMPP, where nobody is a telephone number',
      });
    }
  }
  return remarks;
}

/** A rule that allows without a number leaves telephone numbers to those behind it. */
function decidesAll({ action, from, to, number }: Rule): boolean {
  const isAll = [from, to].every((side) => side === undefined || side.includes('*'));
  return isAll && number === undefined && action === 'deny';
}
