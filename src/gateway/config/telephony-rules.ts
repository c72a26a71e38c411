// `telephony` and the domain rules: numbers of a domain that nobody has could never be reached.

import { covers } from './domain-pattern.ts';
import type { Remark } from './finding.ts';
import type { Config } from './schema.ts';

export function remarksOnTelephony({ telephony, domains }: Config): Remark[] {
  if (telephony === undefined || domains.some(({ sip }) => covers(sip, telephony.domain))) return [];
  return [
    {
      path: ['telephony', 'domain'],
      message: 'no rule of "domains" covers this domain, so that no number could be reached or believed',
    },
  ];
}
