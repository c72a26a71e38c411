// Addresses to which a foreign name or number may not lead us: whoever publishes `evil.example. A 127.0.0.1`, or
// writes `sip:ann@10.0.0.5`, would have requests sent with the gateway's good name inside our own network.
// Source: IANA special-purpose address registries (RFC 6890 and updates), RFC 4291, RFC 6052.

import { IpNetwork, parseIpAddress, type IpAddress } from '../../base/index.ts';

/** Why an address is not a public unicast one. */
export type SpecialUse =
  | 'unspecified'
  | 'loopback'
  | 'private'
  | 'link-local'
  | 'multicast'
  | 'documentation'
  | 'reserved'
  | 'mapped';

const IPV4: readonly (readonly [string, SpecialUse])[] = [
  ['0.0.0.0/8', 'unspecified'], // RFC 1122 §3.2.1.3 "this network"
  ['10.0.0.0/8', 'private'], // RFC 1918
  ['100.64.0.0/10', 'private'], // RFC 6598, shared address space
  ['127.0.0.0/8', 'loopback'], // RFC 1122 §3.2.1.3
  ['169.254.0.0/16', 'link-local'], // RFC 3927
  ['172.16.0.0/12', 'private'], // RFC 1918
  ['192.0.0.0/24', 'reserved'], // RFC 6890, IETF protocol assignments
  ['192.0.2.0/24', 'documentation'], // RFC 5737
  ['192.88.99.0/24', 'reserved'], // RFC 7526, former 6to4 anycast
  ['192.168.0.0/16', 'private'], // RFC 1918
  ['198.18.0.0/15', 'reserved'], // RFC 2544, benchmarking
  ['198.51.100.0/24', 'documentation'], // RFC 5737
  ['203.0.113.0/24', 'documentation'], // RFC 5737
  ['224.0.0.0/4', 'multicast'], // RFC 5771
  ['240.0.0.0/4', 'reserved'], // RFC 1112 §4, and 255.255.255.255
];

const IPV6: readonly (readonly [string, SpecialUse])[] = [
  ['::/128', 'unspecified'],
  ['::1/128', 'loopback'],
  ['::ffff:0:0/96', 'mapped'], // RFC 4291 §2.5.5.2: never on the wire, and another way to write an IPv4 address
  ['fc00::/7', 'private'], // RFC 4193
  ['fe80::/10', 'link-local'],
  ['fec0::/10', 'private'], // RFC 3879, former site-local
  ['ff00::/8', 'multicast'],
  ['2001:db8::/32', 'documentation'], // RFC 3849
  ['3fff::/20', 'documentation'], // RFC 9637
  ['2001::/23', 'reserved'], // RFC 2928, with Teredo, benchmarking and ORCHID
];

const SPECIAL: readonly (readonly [IpNetwork, SpecialUse])[] = [...IPV4, ...IPV6].map(
  ([text, use]) => [network(text), use] as const,
);
const GLOBAL_UNICAST = network('2000::/3'); // RFC 4291 §2.4 and the IANA IPv6 address space: all else is unassigned
const SIX_TO_FOUR = network('2002::/16'); // RFC 3056: an IPv4 address in octets 2–5
const NAT64 = network('64:ff9b::/96'); // RFC 6052 §2.1: an IPv4 address in octets 12–15

/** Why this literal address (IPv6 without brackets) is no public unicast address; undefined when it is one. */
export function specialUse(address: string): SpecialUse | undefined {
  const parsed = parseIpAddress(address);
  return parsed === undefined ? 'reserved' : specialUseOf(parsed);
}

function specialUseOf(address: IpAddress): SpecialUse | undefined {
  for (const [special, use] of SPECIAL) if (special.contains(address)) return use;
  if (address.family === 4) return undefined;
  if (SIX_TO_FOUR.contains(address)) return specialUseOf({ family: 4, octets: address.octets.slice(2, 6) });
  if (NAT64.contains(address)) return specialUseOf({ family: 4, octets: address.octets.slice(12, 16) });
  return GLOBAL_UNICAST.contains(address) ? undefined : 'reserved';
}

function network(text: string): IpNetwork {
  const parsed = IpNetwork.parse(text);
  if (parsed === undefined) throw new RangeError(`not a network: ${text}`);
  return parsed;
}
