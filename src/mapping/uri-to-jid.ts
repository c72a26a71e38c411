// URI → JID between equal domains (RFC 7247 §6.4), and the xmpp URIs of JIDs (RFC 5122, row ADDR-62). What rules of
// `domains` add is in address-book.ts.

import { ok, toByteString, type Result } from '../base/index.ts';
import { formatXmppUri, parseXmppUri } from '../sip/index.ts';
import { jidFromParts, prepareResource, type Jid } from '../xmpp/index.ts';
import { addressFault, type AddressFault } from './address-fault.ts';
import { hostToDomain } from './domain-name.ts';
import { textToLocal } from './escape.ts';
import { readSipAddress, type SipAddress } from './sip-address.ts';

/** The JID of a SIP address whose domain is called the same on both sides. Fault `unmappable`. */
export function sipAddressToJid(address: SipAddress): Result<Jid, AddressFault> {
  const domain = hostToDomain(address.host);
  return domain.ok ? jidOf(address.user, domain.value, address.instance) : domain;
}

/** The JID of a user (decoded text, '' for none) at a prepared domain. Fault `unmappable`. */
export function jidOf(user: string, domain: string, instance: string): Result<Jid, AddressFault> {
  const local = user === '' ? undefined : textToLocal(user);
  if (local?.ok === false) return local;
  const resource = instance === '' ? undefined : prepareResource(instance);
  if (resource?.ok === false) {
    return addressFault('unmappable', resource.error.message, resource.error.clause);
  }
  return ok({ local: local?.value ?? '', domain, resource: resource?.value ?? '' });
}

/** The JID of a sip, sips, im or pres URI, the domain unchanged (RFC 7247 §6.4). Faults `unmappable`, `scheme`. */
export function uriToJid(uri: string, headerGr?: string): Result<Jid, AddressFault> {
  const address = readSipAddress(uri, { headerGr });
  return address.ok ? sipAddressToJid(address.value) : address;
}

/** The JID that an xmpp URI or IRI names; its query is left out. Unicode text. Fault `unmappable`. */
export function xmppUriToJid(uri: string): Result<Jid, AddressFault> {
  const parsed = parseXmppUri(toByteString(uri.trim()));
  const jid = parsed.ok
    ? jidFromParts(parsed.value.local, parsed.value.domain, parsed.value.resource)
    : parsed;
  return jid.ok ? jid : addressFault('unmappable', jid.error.message, jid.error.clause);
}

/** `xmpp:` and the JID, percent-encoded (RFC 5122 §2). */
export function jidToXmppUri(jid: Jid): string {
  return formatXmppUri({ local: jid.local, domain: jid.domain, resource: jid.resource });
}
