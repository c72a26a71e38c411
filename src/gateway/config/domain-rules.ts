// The rules of `domains` among themselves: shapes that mean nothing, and rules that nothing ever reaches.

import { canonicalDomain } from './domain-pattern.ts';
import type { Remark } from './finding.ts';
import type { Config, ConfiguredDomain } from './schema.ts';

export function remarksOnDomains(domains: Config['domains']): Remark[] {
  return [...domains.flatMap(shapeRemarks), ...domains.flatMap(homeRemarks), ...reachRemarks(domains)];
}

function shapeRemarks(rule: ConfiguredDomain, index: number): Remark[] {
  const away = rule.home === 'sip' ? 'xmpp' : 'sip';
  const home = rule[rule.home];
  const other = rule[away];
  const path = ['domains', index];
  if (kindOf(home) !== kindOf(other) && kindOf(other) !== 'exact') {
    return [
      {
        path: [...path, away],
        message: `"${other}" here needs ${kindOf(other) === 'all' ? '"*"' : 'a "*.domain"'} under ${rule.home} as well`,
      },
    ];
  }
  const folds = kindOf(home) === 'all' && kindOf(other) === 'exact';
  if (kindOf(home) === 'below' && kindOf(other) === 'exact') {
    return [
      {
        path: [...path, away],
        message: `needs a "*.domain" as well, or "*" under ${rule.home} to fold addresses`,
      },
    ];
  }
  if (rule.separator !== undefined && !folds) {
    return [
      {
        path: [...path, 'separator'],
        atKey: true,
        message: `has a meaning only with "*" under ${rule.home} alone`,
      },
    ];
  }
  return [];
}

/** What is about users of the XMPP side alone. */
function homeRemarks(rule: ConfiguredDomain, index: number): Remark[] {
  if (rule.home === 'xmpp') return [];
  return (['sips', 'messages'] as const)
    .filter((key) => rule[key] !== undefined)
    .map((key) => ({
      path: ['domains', index, key],
      atKey: true,
      message: 'is for users who live on the XMPP side; these live on the SIP side',
    }));
}

function kindOf(pattern: string): 'all' | 'below' | 'exact' {
  return pattern === '*' ? 'all' : pattern.startsWith('*.') ? 'below' : 'exact';
}

/** Rules of one home are found by their name on either side, and the first of equals wins. */
function reachRemarks(domains: Config['domains']): Remark[] {
  const remarks: Remark[] = [];
  const bySip = new Map<string, number>();
  const byXmpp = new Map<string, number>();
  for (const [index, rule] of domains.entries()) {
    const sipKey = `${rule.home} ${canonicalDomain(rule.sip)}`;
    const xmppKey = `${rule.home} ${canonicalDomain(rule.xmpp)}`;
    const sipFirst = bySip.get(sipKey);
    const xmppFirst = byXmpp.get(xmppKey);
    if (sipFirst !== undefined && xmppFirst !== undefined) {
      const earlier =
        sipFirst === xmppFirst ? `domains[${sipFirst}]` : `domains[${sipFirst}] and domains[${xmppFirst}]`;
      remarks.push({
        path: ['domains', index],
        message: `can never be reached: ${earlier} cover both its names`,
      });
    } else if (sipFirst !== undefined || xmppFirst !== undefined) {
      remarks.push(
        halfReached(rule, index, sipFirst === undefined ? 'xmpp' : 'sip', sipFirst ?? xmppFirst ?? 0),
      );
    }
    if (sipFirst === undefined) bySip.set(sipKey, index);
    if (xmppFirst === undefined) byXmpp.set(xmppKey, index);
  }
  return remarks;
}

function halfReached(rule: ConfiguredDomain, index: number, side: 'sip' | 'xmpp', first: number): Remark {
  const other = side === 'sip' ? 'xmpp' : 'sip';
  return {
    path: ['domains', index, side],
    severity: 'warning',
    message: `${rule[side]} leads to domains[${first}], which comes first; this rule is reached only by ${rule[other]}`,
  };
}
