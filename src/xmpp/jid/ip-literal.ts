// IP addresses as domainparts (RFC 7622 §3.2, RFC 3986 §3.2.2).

const GROUP = /^[0-9a-fA-F]{1,4}$/;
const OCTET = /^(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])$/;

/** IPv4address (RFC 3986 §3.2.2): four decimal octets without leading zeros. */
export function isIpv4(text: string): boolean {
  const octets = text.split('.');
  return octets.length === 4 && octets.every((octet) => OCTET.test(octet));
}

/** IPv6address (RFC 3986 §3.2.2), without brackets and zone. */
export function isIpv6(text: string): boolean {
  if (text.length > 45) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const [head, tail] = halves;
  const headGroups = groupCount(head ?? '', tail === undefined);
  const tailGroups = tail === undefined ? 0 : groupCount(tail, true);
  if (headGroups === undefined || tailGroups === undefined) return false;
  const count = headGroups + tailGroups;
  // "::" stands for one group or more.
  return tail === undefined ? count === 8 : count <= 7;
}

/** Number of groups; an IPv4 address counts for two and may only end the whole. */
function groupCount(text: string, mayEndInIpv4: boolean): number | undefined {
  if (text === '') return 0;
  const groups = text.split(':');
  const last = groups.at(-1) ?? '';
  if (mayEndInIpv4 && last.includes('.')) {
    if (!isIpv4(last)) return undefined;
    groups.pop();
    return groups.every((group) => GROUP.test(group)) ? groups.length + 2 : undefined;
  }
  return groups.every((group) => GROUP.test(group)) ? groups.length : undefined;
}
