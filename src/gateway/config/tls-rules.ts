// What is wrong or doubtful about the certificates of a configuration.

import {
  coversSipHost,
  coversXmppDomain,
  inspectCertificate,
  type CertificateEntry,
  type CertificateNames,
} from '../../edge/tls/index.ts';
import type { KeyPath, Remark } from './finding.ts';

export interface CertificateRules {
  /** Where the key `tls` is. */
  readonly path: KeyPath;
  readonly use: 'sip' | 'xmpp';
  readonly entries: readonly CertificateEntry[];
  /** Who peers may ask for: the domains that the gateway answers for, without patterns. */
  readonly served: readonly string[];
  /** Names of the gateway itself; a certificate of one of them will do for peers that were told to come here. */
  readonly hosts: readonly string[];
}

/** `nowMs`: milliseconds since 1970-01-01T00:00:00Z. */
export function remarksOnCertificates(rules: CertificateRules, nowMs: number): Remark[] {
  const { path, entries } = rules;
  const remarks: Remark[] = [];
  const names: CertificateNames[] = [];
  const domains = new Map<string, number>();
  for (const [index, entry] of entries.entries()) {
    // A single certificate may stand there without a list.
    const at = entries.length === 1 && entry.domain === undefined ? path : [...path, index];
    const inspected = inspectCertificate(entry, nowMs);
    for (const { part, severity, message } of inspected.remarks) {
      remarks.push({ path: [...at, part], severity, message });
    }
    if (inspected.names !== undefined) names.push(inspected.names);
    if (entry.domain === undefined) continue;
    const first = domains.get(entry.domain);
    if (first !== undefined) {
      remarks.push({ path: [...at, 'domain'], message: `has its certificate in entry ${first + 1} already` });
    }
    domains.set(entry.domain, first ?? index);
    if (inspected.names !== undefined && !covers(rules.use, inspected.names, entry.domain)) {
      remarks.push({
        path: [...at, 'domain'],
        severity: 'warning',
        message: `is not named by the certificate, so peers refuse it; ${advice(rules.use)}`,
      });
    }
  }
  if (names.length < entries.length || names.some((each) => coversAny(rules, each, rules.hosts)))
    return remarks;
  for (const domain of rules.served) {
    if (domains.has(domain) || names.some((each) => covers(rules.use, each, domain))) continue;
    const message = `no certificate names ${domain}, so peers that ask for it refuse the gateway; ${advice(rules.use)}`;
    remarks.push({ path, severity: 'warning', message });
  }
  return remarks;
}

function coversAny({ use }: CertificateRules, names: CertificateNames, hosts: readonly string[]): boolean {
  return hosts.some((host) => covers(use, names, host));
}

/** RFC 5922 §7.2 has no wildcards: for a pattern nothing can be said. */
function covers(use: 'sip' | 'xmpp', names: CertificateNames, domain: string): boolean {
  if (domain.startsWith('*.')) return use === 'sip' || names.dns.includes(domain);
  return use === 'sip' ? coversSipHost(names, domain) : coversXmppDomain(names, domain);
}

function advice(use: 'sip' | 'xmpp'): string {
  return use === 'sip'
    ? 'RFC 5922 wants the domain itself as URI (sip:DOMAIN) or DNS name in subjectAltName, without a wildcard'
    : 'RFC 6120 wants it as DNS name in subjectAltName';
}
