// What the schema cannot say: how keys agree with each other. Source: docs/configuration.md, "Rules".

import type { Remark } from './finding.ts';
import { remarksOnBelief } from './belief-rules.ts';
import { remarksOnCalls } from './call-rules.ts';
import { remarksOnDomains } from './domain-rules.ts';
import { remarksOnPolicy } from './policy-rules.ts';
import { remarksOnPresence } from './presence-rules.ts';
import { remarksOnRelay } from './relay-rules.ts';
import { remarksOnListeners } from './listener-rules.ts';
import { remarksOnServer } from './server-rules.ts';
import { remarksOnSipTls } from './sip-tls-rules.ts';
import { remarksOnTelephony } from './telephony-rules.ts';
import { covers } from './domain-pattern.ts';
import type { Config } from './schema.ts';

/** Everything that is wrong or doubtful between keys, in no particular order. */
export function remarksOnRules(config: Config, nowMs = Date.now()): Remark[] {
  return [
    ...remarksOnDomains(config.domains),
    ...remarksOnPresence(config),
    ...remarksOnLinks(config),
    ...remarksOnListeners(config),
    ...remarksOnSipTls(config, nowMs),
    ...remarksOnNextHops(config),
    ...remarksOnServer(config, nowMs),
    ...remarksOnBelief(config),
    ...remarksOnPolicy(config),
    ...remarksOnCalls(config),
    ...remarksOnRelay(config),
    ...remarksOnTelephony(config),
    ...remarksOnCredentials(config),
  ];
}

/**
 * Each `home: sip` rule speaks to XMPP from its `xmpp` domain, and only a component of that domain may, or the server for
 * those without one. Without either the file is usable all the same: senders of this rule are refused, the others work.
 */
function remarksOnLinks(config: Config): Remark[] {
  const remarks: Remark[] = [];
  const components = config.xmpp.components;
  for (const [index, rule] of config.domains.entries()) {
    if (config.xmpp.server !== undefined) break;
    if (rule.home === 'sip' && !components.some((component) => covers(rule.xmpp, component.domain))) {
      const wanted = rule.xmpp === '*' ? 'component' : `component with the domain ${rule.xmpp}`;
      remarks.push({
        path: ['domains', index, 'xmpp'],
        severity: 'warning',
        message: `nothing can speak for this domain, so messages from its SIP users are refused with 403: xmpp.components has no ${wanted}`,
      });
    }
  }
  const seen = new Map<string, number>();
  for (const [index, component] of components.entries()) {
    const path = ['xmpp', 'components', index];
    const link = `${component.domain} ${component.host.toLowerCase()} ${component.port}`;
    const first = seen.get(link);
    if (first !== undefined) {
      remarks.push({ path, message: `is the same link as xmpp.components[${first}]` });
    }
    seen.set(link, first ?? index);
    if (config.domains.some((rule) => rule.home === 'xmpp' && rule.xmpp === component.domain)) {
      remarks.push({
        path: [...path, 'domain'],
        message: 'cannot be a component: by a "home: xmpp" rule its users live on the XMPP server itself',
      });
    } else if (!config.domains.some((rule) => rule.home === 'sip' && covers(rule.xmpp, component.domain))) {
      remarks.push({
        path: [...path, 'domain'],
        severity: 'warning',
        message: 'is not the xmpp domain of any "home: sip" rule, so nobody can be reached through it',
      });
    }
  }
  return remarks;
}

function remarksOnNextHops(config: Config): Remark[] {
  const remarks: Remark[] = [];
  for (const [domain, hops] of Object.entries(config.sip.next_hops)) {
    const path = ['sip', 'next_hops', domain];
    if (
      domain !== '*' &&
      !config.domains.some((rule) => covers(rule.sip, domain) || covers(domain, rule.sip))
    ) {
      remarks.push({
        path,
        atKey: true,
        severity: 'warning',
        message: 'no rule of "domains" covers this domain',
      });
    }
    const seen = new Set<string>();
    for (const [index, hop] of hops.entries()) {
      if (seen.has(hop)) remarks.push({ path: [...path, index], message: 'is given twice' });
      seen.add(hop);
    }
  }
  return remarks;
}

function remarksOnCredentials(config: Config): Remark[] {
  const seen = new Map<string, number>();
  return config.sip.credentials.flatMap((credential, index): Remark[] => {
    const first = seen.get(credential.realm);
    seen.set(credential.realm, first ?? index);
    return first === undefined
      ? []
      : [
          {
            path: ['sip', 'credentials', index, 'realm'],
            message: `the realm has its credentials in sip.credentials[${first}] already`,
          },
        ];
  });
}
