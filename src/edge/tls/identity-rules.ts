// Whom a certificate stands for: RFC 5922 §7 for SIP, RFC 6120 §13.7 with RFC 6125 and RFC 9525 for XMPP. Pure; that the
// certificate itself is good (path, validity) was found before.

import { canonicalIp } from '../../base/index.ts';
import { canonicalHost, domainToHost, hostToDomain } from '../../mapping/index.ts';
import type { CertificateNames } from './certificate-names.ts';

/** The application services of SRV-IDs (RFC 6120 §13.7.1.2.1). */
export type XmppService = 'xmpp-server' | 'xmpp-client';

/**
 * RFC 5922 §7.1: the SIP domains that a certificate names, as hosts in lower case: `sip` URIs without user; only where
 * there is none, DNS names; only where there is no subjectAltName at all, common names. A wildcard is kept out, since it
 * matches nothing (§7.2).
 */
export function sipDomainsOf(names: CertificateNames): readonly string[] {
  const uris = names.uris.flatMap((uri) => sipUriDomain(uri) ?? []);
  if (uris.length > 0) return [...new Set(uris)];
  const { dns, commonNames, hasAlternativeName } = names;
  return [...new Set(hasAlternativeName ? dns.filter((name) => !name.startsWith('*')) : commonNames)];
}

/**
 * RFC 5922 §7.2, §7.3: whether the certificate stands for this host (of the URI that was asked for, before DNS).
 * COMPAT(next hops by address): a literal address may also be an iPAddress, which the RFC does not speak of.
 */
export function coversSipHost(names: CertificateNames, host: string): boolean {
  const wanted = hostForm(host);
  if (wanted === undefined) return false;
  if (sipDomainsOf(names).includes(wanted)) return true;
  return names.addresses.includes(wanted);
}

/**
 * RFC 6120 §13.7.2: whether the certificate stands for this XMPP domain (a prepared domainpart, RFC 7622): a DNS-ID, where
 * "*" may be the whole left-most label; an SRV-ID of the service; or an XmppAddr that is the domain itself. Common names
 * are not looked at: RFC 9525 §2 forbids it.
 */
export function coversXmppDomain(
  names: CertificateNames,
  domain: string,
  service: XmppService = 'xmpp-server',
): boolean {
  const host = domainToHost(domain);
  if (host.ok) {
    const wanted = host.value;
    if (names.dns.some((name) => matchesDnsId(name, wanted))) return true;
    // RFC 6125 §6.5.1, RFC 4985 §2: the service and the name belong together.
    if (names.services.includes(`_${service}.${wanted}`)) return true;
  }
  // RFC 6120 §13.7.1.4: an XmppAddr is a JID. One with a local part names a user, not his server.
  return names.xmppAddresses.some((address) => {
    if (address.includes('@') || address.includes('/')) return false;
    const named = hostToDomain(address);
    return named.ok && named.value === domain;
  });
}

/**
 * RFC 6125 §6.4.3, RFC 9525 §6.3: label by label, without case; "*" is a whole left-most label and stands for exactly one.
 * `name` and `wanted` in lower case.
 */
export function matchesDnsId(name: string, wanted: string): boolean {
  if (name === wanted) return true;
  if (!name.startsWith('*.')) return false;
  const dot = wanted.indexOf('.');
  return dot > 0 && wanted.slice(dot) === name.slice(1);
}

/** RFC 5922 §7.1: scheme `sip`, no userinfo; the hostpart without port and parameters (§7.2). */
function sipUriDomain(uri: string): string | undefined {
  if (uri.slice(0, 4).toLowerCase() !== 'sip:') return undefined;
  const rest = uri.slice(4);
  if (rest.includes('@')) return undefined;
  const [place = ''] = rest.split(/[;?]/, 1);
  const host = /^(\[[^\]]*\]|[^:[\]]+)(?::\d{1,5})?$/.exec(place)?.[1];
  return host === undefined ? undefined : hostForm(host);
}

/** Without brackets, without final dot, A-labels, lower case; undefined: no host. */
function hostForm(host: string): string | undefined {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  const address = canonicalIp(bare);
  if (address !== undefined) return address;
  return canonicalHost(bare.endsWith('.') ? bare.slice(0, -1) : bare);
}
