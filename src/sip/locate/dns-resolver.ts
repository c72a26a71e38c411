// The port through which records are asked for (RFC 1035, 2782, 3403, 3596). Implemented in edge/dns; CNAME chains
// are followed there.

/** RFC 3403 §4.1. */
export interface NaptrRecord {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  readonly regexp: string;
  /** Lower case, without the final dot; "." for the root. */
  readonly replacement: string;
}

/** RFC 2782. */
export interface SrvRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** Lower case, without the final dot; "." says that the service is decidedly not available. */
  readonly target: string;
}

export type DnsAnswer<R> =
  | { readonly kind: 'records'; readonly records: readonly R[]; /** When known. */ readonly ttlMs?: number }
  /** The name does not exist, or has no record of this type. */
  | { readonly kind: 'none' }
  /** Nobody knows: no answer in time, or an answer that says nothing about the name (SERVFAIL, REFUSED …). */
  | { readonly kind: 'failure'; readonly reason: 'timeout' | 'server' };

/** Never rejects: whatever goes wrong is a `failure`. */
export interface DnsResolver {
  naptr(name: string): Promise<DnsAnswer<NaptrRecord>>;
  srv(name: string): Promise<DnsAnswer<SrvRecord>>;
  /** IPv4 addresses, canonical. */
  a(name: string): Promise<DnsAnswer<string>>;
  /** IPv6 addresses, canonical (RFC 5952). */
  aaaa(name: string): Promise<DnsAnswer<string>>;
}

/**
 * True for a name that may be asked for or found in a record: labels of 1–63 letters, digits, hyphens and (for
 * service names, RFC 2782) underscores, 253 octets in all, no final dot; not a number, which would be an address.
 */
export function isDnsName(name: string): boolean {
  if (name.length === 0 || name.length > 253) return false;
  let start = 0;
  for (let i = 0; i <= name.length; i++) {
    const code = i === name.length ? DOT : name.charCodeAt(i);
    if (code === DOT) {
      if (!isLabel(name, start, i)) return false;
      start = i + 1;
    } else if (!isNameOctet(code)) {
      return false;
    }
  }
  // RFC 1123 §2.1, RFC 3696 §2: the last label of a name is never all digits.
  return !isAllDigits(name, name.lastIndexOf('.') + 1);
}

const DOT = 0x2e;
const HYPHEN = 0x2d;

function isLabel(name: string, start: number, end: number): boolean {
  if (end === start || end - start > 63) return false;
  return name.charCodeAt(start) !== HYPHEN && name.charCodeAt(end - 1) !== HYPHEN;
}

function isNameOctet(code: number): boolean {
  if (code >= 0x61 && code <= 0x7a) return true;
  if (code >= 0x30 && code <= 0x39) return true;
  if (code >= 0x41 && code <= 0x5a) return true;
  return code === HYPHEN || code === 0x5f;
}

function isAllDigits(name: string, start: number): boolean {
  for (let i = start; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code < 0x30 || code > 0x39) return false;
  }
  return true;
}
