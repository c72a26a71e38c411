// JID → URI between equal domains (RFC 7247 §6.5). What rules of `domains` add is in address-book.ts.

import { ok, type Result } from '../base/index.ts';
import type { Jid } from '../xmpp/index.ts';
import { addressFault, type AddressFault } from './address-fault.ts';
import { domainToHost } from './domain-name.ts';
import { localToText } from './escape.ts';
import { formatImPresAddress, formatSipAddress, type SipAddress } from './sip-address.ts';

/** The SIP address of a JID whose domain is called the same on both sides. Fault `unmappable`. */
export function jidToSipAddress(jid: Jid): Result<SipAddress, AddressFault> {
  const user = localToText(jid.local);
  if (!user.ok) return user;
  const host = domainToHost(jid.domain);
  return host.ok ? ok({ user: user.value, host: host.value, instance: jid.resource }) : host;
}

/** The SIP URI of a JID, the domain unchanged. Fault `unmappable`. */
export function jidToSipUri(jid: Jid): Result<string, AddressFault> {
  const address = jidToSipAddress(jid);
  return address.ok ? ok(formatSipAddress(address.value)) : address;
}

/** The im or pres URI of a JID, the domain unchanged (ADDR-34, ADDR-35). Fault `unmappable`. */
export function jidToImPresUri(jid: Jid, scheme: 'im' | 'pres'): Result<string, AddressFault> {
  const address = jidToSipAddress(jid);
  if (!address.ok) return address;
  const uri = formatImPresAddress(scheme, address.value);
  return uri === undefined
    ? addressFault('unmappable', `a domain has no ${scheme} URI`, 'RFC 3860 §4.1')
    : ok(uri);
}
