// IP networks in CIDR notation (RFC 4632, RFC 4291 §2.3), compared as big-endian 32-bit words.

import { fault, ok, type Result } from '../base/index.ts';

/** An address as four 32-bit words; IPv4 is held as IPv4-mapped IPv6 (RFC 4291 §2.5.5.2). */
export type AddressWords = readonly [number, number, number, number];

export interface Network {
  readonly words: AddressWords;
  /** 0 … 128. */
  readonly prefix: number;
}

const MAPPED = 0x0000ffff;

/** Reads an IPv4 or IPv6 literal (no brackets; a zone is dropped). undefined when it is neither. */
export function parseAddress(text: string): AddressWords | undefined {
  const zone = text.indexOf('%');
  const literal = zone < 0 ? text : text.slice(0, zone);
  if (!literal.includes(':')) {
    const word = parseIpv4(literal);
    return word === undefined ? undefined : [0, 0, MAPPED, word];
  }
  return parseIpv6(literal);
}

/** Reads `address/prefix`, or an address alone as a network of one. */
export function parseNetwork(text: string): Result<Network> {
  const slash = text.indexOf('/');
  const literal = slash < 0 ? text : text.slice(0, slash);
  const words = parseAddress(literal);
  if (words === undefined)
    return fault(
      'ERR_POLICY_NETWORK',
      `"${text}" is not an IP network such as 192.0.2.0/24 or 2001:db8::/32`,
    );
  const bits = literal.includes(':') ? 128 : 32;
  const prefixText = slash < 0 ? String(bits) : text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(prefixText) || Number(prefixText) > bits) {
    return fault('ERR_POLICY_NETWORK', `"${text}": the prefix length must be 0 … ${bits}`);
  }
  return ok({ words, prefix: Number(prefixText) + (128 - bits) });
}

/** True when the address lies in the network. */
export function contains(network: Network, address: AddressWords): boolean {
  for (let i = 0; i < 4; i++) {
    const bits = network.prefix - 32 * i;
    if (bits <= 0) return true;
    const mask = bits >= 32 ? -1 : -1 << (32 - bits);
    if ((((network.words[i] ?? 0) ^ (address[i] ?? 0)) & mask) !== 0) return false;
  }
  return true;
}

function parseIpv4(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let word = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    word = (word << 8) | Number(part);
  }
  return word;
}

function parseIpv6(text: string): AddressWords | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = groups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? groups(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const all = [...head, ...Array.from({ length: missing }, () => 0), ...tail];
  const word = (i: number): number => ((all[2 * i] ?? 0) << 16) | (all[2 * i + 1] ?? 0);
  return [word(0), word(1), word(2), word(3)];
}

/** 16-bit groups of one side of "::"; at the very end may stand a dotted IPv4 address, which counts for two. */
function groups(text: string, atEnd: boolean): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const list: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (atEnd && i === parts.length - 1 && part.includes('.')) {
      const word = parseIpv4(part);
      if (word === undefined) return undefined;
      list.push(word >>> 16, word & 0xffff);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      list.push(Number.parseInt(part, 16));
    } else return undefined;
  }
  return list;
}
