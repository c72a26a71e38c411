// Domain patterns: an exact name, `*.name`, or `*`.

import { canonicalHost } from '../../mapping/index.ts';

/** The form in which two spellings of one domain are equal (A-labels, lower case); patterns keep their star. */
export function canonicalDomain(pattern: string): string {
  if (pattern === '*') return pattern;
  const star = pattern.startsWith('*.') ? '*.' : '';
  const name = pattern.slice(star.length);
  return star + (canonicalHost(name) ?? name.toLowerCase());
}

/** True when every domain of `inner` (a domain or a pattern) is one of `outer`. */
export function covers(outer: string, inner: string): boolean {
  const wide = canonicalDomain(outer);
  const narrow = canonicalDomain(inner);
  if (wide === '*' || wide === narrow) return true;
  return wide.startsWith('*.') && narrow !== '*' && narrow.endsWith(wide.slice(1));
}
