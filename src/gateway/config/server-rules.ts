// How `xmpp.server` agrees with the rules of `domains`: somebody to serve, a certificate for him, and next hops that lead
// somewhere.

import { covers } from './domain-pattern.ts';
import type { Remark } from './finding.ts';
import type { Config } from './schema.ts';
import { remarksOnCertificates } from './tls-rules.ts';

/** `nowMs`: milliseconds since 1970-01-01T00:00:00Z. */
export function remarksOnServer(config: Config, nowMs: number): Remark[] {
  const { server, components } = config.xmpp;
  if (server === undefined) return [];
  const remarks: Remark[] = [];
  const served = config.domains.filter(
    (rule) => rule.home === 'sip' && !components.some(({ domain }) => domain === rule.xmpp),
  );
  if (served.length === 0) {
    remarks.push({
      path: ['xmpp', 'server'],
      atKey: true,
      severity: 'warning',
      message: 'serves nobody: every "home: sip" rule has a component of its xmpp domain',
    });
  }
  const names = served.map(({ xmpp }) => xmpp).filter((name) => !name.startsWith('*'));
  const tls = {
    path: ['xmpp', 'server', 'tls'],
    use: 'xmpp',
    entries: server.tls,
    served: names,
    hosts: [],
  } as const;
  remarks.push(...remarksOnCertificates(tls, nowMs));
  for (const domain of Object.keys(server.next_hops)) {
    if (
      config.domains.some(
        (rule) => rule.home === 'xmpp' && (covers(rule.xmpp, domain) || covers(domain, rule.xmpp)),
      )
    )
      continue;
    remarks.push({
      path: ['xmpp', 'server', 'next_hops', domain],
      atKey: true,
      severity: 'warning',
      message: 'no "home: xmpp" rule of "domains" covers this domain',
    });
  }
  return remarks;
}
