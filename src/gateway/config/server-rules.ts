// How `xmpp.server` agrees with the rules of `domains`: somebody to serve, a certificate for him, and next hops that lead
// somewhere.

import { coversXmppDomain, readCredentials } from '../../edge/tls/index.ts';
import { covers } from './domain-pattern.ts';
import type { Remark } from './finding.ts';
import type { Config } from './schema.ts';

export function remarksOnServer(config: Config): Remark[] {
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
  const certificates = server.tls.flatMap((entry) => {
    const credentials = readCredentials(entry);
    return credentials.ok ? [credentials.value] : [];
  });
  for (const rule of served) {
    if (rule.xmpp.startsWith('*')) continue;
    if (certificates.some(({ names }) => coversXmppDomain(names, rule.xmpp))) continue;
    remarks.push({
      path: ['xmpp', 'server', 'tls'],
      severity: 'warning',
      message: `no certificate names ${rule.xmpp}, so other servers will not believe that it is here`,
    });
  }
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
