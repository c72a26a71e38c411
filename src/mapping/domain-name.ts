// Domain of a JID ↔ host of a SIP URI (rows ADDR-50 … 52): U-labels there, A-labels here, one form of each.

import { toASCII } from 'tr46';
import { isAscii, type Result } from '../base/index.ts';
import { readHost } from '../sip/index.ts';
import { prepareDomain } from '../xmpp/index.ts';
import { addressFault, type AddressFault } from './address-fault.ts';

const STRICT = {
  checkBidi: true,
  checkHyphens: true,
  checkJoiners: true,
  useSTD3ASCIIRules: true,
  verifyDNSLength: true,
} as const;

/** The prepared domainpart of a host (or of any spelling of a domain). Fault `unmappable`. */
export function hostToDomain(host: string): Result<string, AddressFault> {
  const domain = prepareDomain(host);
  return domain.ok ? domain : addressFault('unmappable', domain.error.message, domain.error.clause);
}

/** The host of a prepared domainpart: A-labels, lower case, IPv6 in brackets. Fault `unmappable`. */
export function domainToHost(domain: string): Result<string, AddressFault> {
  const ascii = isAscii(domain) ? domain : toASCII(domain, STRICT);
  const host = ascii === null ? undefined : readHost(ascii);
  if (host === undefined) {
    return addressFault('unmappable', `"${domain}" is no host name of a SIP URI`, 'RFC 3261 §25.1');
  }
  return { ok: true, value: host };
}

/** The host form of a domain in any spelling; undefined when it is none. To compare names with (ADDR-50). */
export function canonicalHost(text: string): string | undefined {
  const domain = hostToDomain(text);
  const host = domain.ok ? domainToHost(domain.value) : domain;
  return host.ok ? host.value : undefined;
}
