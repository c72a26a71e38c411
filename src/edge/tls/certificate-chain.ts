// Certificates as PEM texts, and the walk from one of them to an authority (RFC 5280 §6.1).

import type { X509Certificate } from 'node:crypto';

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates of a PEM text, each with its two lines, in their order. */
export function certificateBlocks(text: string): readonly string[] {
  return text.match(BLOCK) ?? [];
}

export interface ChainParts {
  readonly leaf: X509Certificate;
  /** What the peer sent with it, in any order. */
  readonly between: readonly X509Certificate[];
  readonly authorities: readonly X509Certificate[];
  /** Authorities that may be between the leaf and one of `authorities`. */
  readonly maxBetween: number;
  /** Whether this one, the leaf or between, may stand in the chain. */
  readonly isGood: (certificate: X509Certificate) => boolean;
  /** Whether the one issued the other; `below`: certificates between the issuer and the leaf. */
  readonly issued: (issuer: X509Certificate, subject: X509Certificate, below: number) => boolean;
}

/** Up from the leaf, by one certificate of `between` after the other, each used once, to an authority. */
export function leadsToAuthority({
  leaf,
  between,
  authorities,
  maxBetween,
  isGood,
  issued,
}: ChainParts): boolean {
  const left = new Set(between);
  let current = leaf;
  for (let below = 0; below <= maxBetween; below++) {
    if (!isGood(current)) return false;
    const subject = current;
    if (authorities.some((authority) => issued(authority, subject, below))) return true;
    const next = [...left].find((issuer) => issued(issuer, subject, below));
    if (next === undefined) return false;
    left.delete(next);
    current = next;
  }
  return false;
}

/** Whether that is within its time. */
export function isValidAt(certificate: X509Certificate, wallMs: number): boolean {
  return certificate.validFromDate.getTime() <= wallMs && wallMs <= certificate.validToDate.getTime();
}
