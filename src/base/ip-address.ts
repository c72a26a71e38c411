// Literal IP addresses and networks: read strictly, compared as octets. Source: RFC 4291 §2.2, RFC 5952, RFC 4632.

export type IpFamily = 4 | 6;

/** A literal address; IPv4-mapped IPv6 stays IPv6 until `unmapped`. */
export interface IpAddress {
  readonly family: IpFamily;
  /** 4 or 16 octets in network order. */
  readonly octets: readonly number[];
}

/** Reads dotted decimal or RFC 4291 text, without brackets and zone; undefined when it is neither. */
export function parseIpAddress(text: string): IpAddress | undefined {
  const family = ipFamily(text);
  if (family === undefined) return undefined;
  const octets = family === 4 ? parseIpv4(text) : parseIpv6(text);
  return octets === undefined ? undefined : { family, octets };
}

/** Canonical text: RFC 5952 for IPv6 (lower case, longest run of zeros shortened). */
export function formatIpAddress(address: IpAddress): string {
  return address.family === 4 ? address.octets.join('.') : formatIpv6(address.octets);
}

/** Canonical text of a literal address, or undefined. */
export function canonicalIp(text: string): string | undefined {
  const address = parseIpAddress(text);
  return address === undefined ? undefined : formatIpAddress(address);
}

/** ::ffff:a.b.c.d as the IPv4 address that it stands for (RFC 4291 §2.5.5.2); others unchanged. */
export function unmapped(address: IpAddress): IpAddress {
  if (address.family === 4) return address;
  const { octets } = address;
  for (let i = 0; i < 10; i++) if (octets[i] !== 0) return address;
  if (octets[10] !== 0xff || octets[11] !== 0xff) return address;
  return { family: 4, octets: octets.slice(12) };
}

/** An address prefix, as in configuration files. */
export class IpNetwork {
  readonly address: IpAddress;
  readonly prefixLength: number;

  constructor(address: IpAddress, prefixLength: number) {
    this.address = address;
    this.prefixLength = prefixLength;
  }

  /** Reads `10.0.0.0/8`, `fd00::/8`, or one address without a length; host bits must be zero. */
  static parse(text: string): IpNetwork | undefined {
    const slash = text.indexOf('/');
    const address = parseIpAddress(slash < 0 ? text : text.slice(0, slash));
    if (address === undefined) return undefined;
    const bits = address.octets.length * 8;
    const lengthText = slash < 0 ? String(bits) : text.slice(slash + 1);
    if (!/^(?:0|[1-9][0-9]{0,2})$/.test(lengthText)) return undefined;
    const length = Number(lengthText);
    if (length > bits) return undefined;
    const network = new IpNetwork(address, length);
    return network.#hostBitsAreZero() ? network : undefined;
  }

  /** True when the address is of this family and begins with this prefix. */
  contains(address: IpAddress): boolean {
    if (address.family !== this.address.family) return false;
    const whole = this.prefixLength >> 3;
    for (let i = 0; i < whole; i++) if (address.octets[i] !== this.address.octets[i]) return false;
    const rest = this.prefixLength & 7;
    if (rest === 0) return true;
    const shift = 8 - rest;
    return (address.octets[whole] ?? 0) >> shift === (this.address.octets[whole] ?? 0) >> shift;
  }

  #hostBitsAreZero(): boolean {
    const { octets } = this.address;
    for (let bit = this.prefixLength; bit < octets.length * 8; bit++) {
      if (((octets[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) return false;
    }
    return true;
  }
}

/** The family that a text looks like: a colon makes it IPv6, four numbers IPv4. Cheap; not a validation of IPv6. */
export function ipFamily(text: string): IpFamily | undefined {
  if (text.includes(':')) return 6;
  const first = text.charCodeAt(0);
  return first >= 0x30 && first <= 0x39 && parseIpv4(text) !== undefined ? 4 : undefined;
}

function parseIpv4(text: string): readonly number[] | undefined {
  const octets: number[] = [];
  let value = -1;
  for (let i = 0; i <= text.length; i++) {
    const code = i === text.length ? 0x2e : text.charCodeAt(i);
    if (code === 0x2e) {
      if (value < 0 || octets.length === 4) return undefined;
      octets.push(value);
      value = -1;
    } else if (code >= 0x30 && code <= 0x39) {
      // No leading zeros: some read them as octal, so that two readers would see two addresses.
      if (value === 0) return undefined;
      value = (value < 0 ? 0 : value * 10) + code - 0x30;
      if (value > 255) return undefined;
    } else {
      return undefined;
    }
  }
  return octets.length === 4 ? octets : undefined;
}

function parseIpv6(text: string): readonly number[] | undefined {
  if (text.length > 45) return undefined;
  const gap = text.indexOf('::');
  if (gap >= 0 && text.includes('::', gap + 1)) return undefined;
  if (gap < 0) {
    const all = parseGroups(text, true);
    return all?.length === 16 ? all : undefined;
  }
  const head = gap === 0 ? [] : parseGroups(text.slice(0, gap), false);
  const tail = gap + 2 === text.length ? [] : parseGroups(text.slice(gap + 2), true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  // "::" stands for one or more groups (RFC 4291 §2.2).
  if (missing < 2) return undefined;
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

/** Groups of one to four hexadecimal digits between colons, the last perhaps in dotted decimal. */
function parseGroups(text: string, mayEndDotted: boolean): number[] | undefined {
  const octets: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    if (mayEndDotted && index === groups.length - 1 && group.includes('.')) {
      const dotted = parseIpv4(group);
      if (dotted === undefined) return undefined;
      octets.push(...dotted);
      continue;
    }
    if (!/^[0-9A-Fa-f]{1,4}$/.test(group)) return undefined;
    const value = Number.parseInt(group, 16);
    octets.push(value >> 8, value & 0xff);
  }
  return octets;
}

function formatIpv6(octets: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((octets[i * 2] ?? 0) << 8) | (octets[i * 2 + 1] ?? 0));
  const mapped = groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
  if (mapped) return `::ffff:${octets.slice(12).join('.')}`;
  const { start, length } = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  // RFC 5952 §4.2.2: a single group of zeros is not shortened.
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

/** RFC 5952 §4.2.3: the longest run; the first of equal ones. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let run = 0;
  for (const [index, group] of groups.entries()) {
    run = group === 0 ? run + 1 : 0;
    if (run > best.length) best = { start: index - run + 1, length: run };
  }
  return best;
}
