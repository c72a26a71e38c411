// Whether a domain says by NAPTR or SRV that it does SIP: never by its plain addresses, which nearly every domain has
// (rows DNS-02, DNS-03). Source: RFC 3263 §4.1, §4.2; RFC 7247 §5.

import type { DnsCache } from './dns-cache.ts';
import type { SrvRecord } from './dns-resolver.ts';
import { offersSip } from './naptr-choice.ts';

/** Where a service is, as far as DNS says. */
export interface ServiceEvidence {
  /** `unknown`: DNS did not answer, and what it did answer says nothing. */
  readonly found: 'yes' | 'no' | 'unknown';
  readonly targets: readonly Pick<SrvRecord, 'target' | 'port'>[];
}

const SERVICES = ['_sips._tcp', '_sip._tcp', '_sip._udp'] as const;
/** NAPTR records that are followed. */
const MAX_NAMES = 8;

/** `host`: A-labels, lower case. Never rejects. */
export async function sipEvidence(host: string, dns: DnsCache): Promise<ServiceEvidence> {
  const { answer } = await dns.naptr(host);
  const naptr = answer.kind === 'records' ? answer.records : [];
  if (!offersSip(naptr)) {
    const services = await srvEvidence(
      SERVICES.map((service) => `${service}.${host}`),
      dns,
    );
    return services.found === 'no' && answer.kind === 'failure'
      ? { found: 'unknown', targets: [] }
      : services;
  }
  const names = naptr.filter(({ replacement }) => replacement !== '.').map(({ replacement }) => replacement);
  const services = await srvEvidence([...new Set(names)].slice(0, MAX_NAMES), dns);
  // The record itself is the evidence, whether or not it can be followed now.
  return { found: 'yes', targets: services.targets };
}

/** The records at these names together; a target "." is a refusal (RFC 2782). */
export async function srvEvidence(names: readonly string[], dns: DnsCache): Promise<ServiceEvidence> {
  const answers = await Promise.all(names.map((name) => dns.srv(name)));
  const targets = answers
    .flatMap(({ answer }) => (answer.kind === 'records' ? answer.records : []))
    .filter(({ target }) => target !== '.');
  if (targets.length > 0) return { found: 'yes', targets };
  return { found: answers.some(({ answer }) => answer.kind === 'failure') ? 'unknown' : 'no', targets };
}
