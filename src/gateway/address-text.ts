// Parts of addresses as XMPP servers write them, prepared: read without parsing them again (RFC 7622 §3.1).

/** Without the resourcepart. */
export function bareOf(address: string): string {
  const slash = address.indexOf('/');
  return slash < 0 ? address : address.slice(0, slash);
}

/** The domainpart. */
export function domainOf(address: string): string {
  const bare = bareOf(address);
  return bare.slice(bare.indexOf('@') + 1);
}
