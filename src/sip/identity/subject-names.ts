// The SIP domains that a certificate names in its subjectAltName (RFC 5922 §7.1; row SIPT-04).

import { parseSipUri } from '../uri/sip-uri.ts';
import { isHostname } from '../uri/host.ts';

/** `TYPE:value`; a value with a comma, a quote or anything unprintable is a JSON string, and so no domain. */
const NAME = /([A-Za-z][A-Za-z ]*):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y;

/**
 * The domains, lower case, of a list as Node and OpenSSL write it (`DNS:example.net, URI:sip:example.net`): dNSName, and
 * `sip` URIs without user. A wildcard names nobody (§7.2). What cannot be read ends the list.
 */
export function subjectDomains(subjectAltName: string): readonly string[] {
  const domains = new Set<string>();
  NAME.lastIndex = 0;
  while (NAME.lastIndex < subjectAltName.length) {
    const match = NAME.exec(subjectAltName);
    if (match === null) break;
    const [, type = '', value = ''] = match;
    const domain = type === 'DNS' ? dnsName(value) : type === 'URI' ? sipDomain(value) : undefined;
    if (domain !== undefined) domains.add(domain);
  }
  return [...domains];
}

function dnsName(value: string): string | undefined {
  const name = value.toLowerCase();
  return isHostname(name) ? name : undefined;
}

/** §7.1: the scheme is "sip", and there is no userinfo. */
function sipDomain(value: string): string | undefined {
  const uri = parseSipUri(value);
  if (!uri.ok || uri.value.scheme !== 'sip' || uri.value.user !== undefined) return undefined;
  return uri.value.host;
}
