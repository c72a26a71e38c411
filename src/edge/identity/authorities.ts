// Certificates that signed requests point to, checked up to a configured authority (RFC 8224 §7.2, RFC 5280 §6.1 as far
// as it is needed here: signatures, names, times, and who may issue; name constraints are not read).

import { X509Certificate } from 'node:crypto';
import { Es256Key, err, ok, type Bytes, type Result } from '../../base/index.ts';
import type { SigningCertificate } from '../../policy/index.ts';
import {
  certificateBlocks,
  isValidAt,
  leadsToAuthority,
  readCertificateNames,
  sipDomainsOf,
} from '../tls/index.ts';

/** Certificates in one answer. */
const MAX_CERTIFICATES = 8;

/** The certificates of a PEM text; an error in words when there is none, or one cannot be read. */
export function readAuthorities(pem: string): Result<readonly X509Certificate[], string> {
  const blocks = certificateBlocks(pem);
  if (blocks.length === 0) return err('holds no certificate in PEM');
  const certificates: X509Certificate[] = [];
  for (const block of blocks) {
    try {
      certificates.push(new X509Certificate(block));
    } catch {
      return err('holds a certificate that cannot be read');
    }
  }
  return ok(certificates);
}

/** Reads what was fetched (PEM with its intermediates, or one in DER) and checks it; an error in words. */
export function readSigningCertificate(
  octets: Bytes,
  authorities: readonly X509Certificate[],
  wallMs: number,
): Result<SigningCertificate, string> {
  const chain = readChain(octets);
  const leaf = chain?.[0];
  if (chain === undefined || leaf === undefined) return err('no certificate');
  const key = Es256Key.fromSpki(leaf.publicKey.export({ format: 'der', type: 'spki' }));
  if (key === undefined) return err('not a key for ES256');
  if (!isVouchedFor(leaf, chain.slice(1), authorities, wallMs))
    return err('of no authority that is trusted here');
  const names = readCertificateNames(leaf.raw);
  if (!names.ok) return err(names.error.message);
  return ok({
    domains: sipDomainsOf(names.value),
    notBeforeMs: leaf.validFromDate.getTime(),
    notAfterMs: leaf.validToDate.getTime(),
    verifies: (data, signature) => key.verifies(data, signature),
  });
}

function readChain(octets: Bytes): readonly X509Certificate[] | undefined {
  const text = Buffer.from(octets).toString('latin1');
  try {
    const blocks = certificateBlocks(text);
    if (blocks.length === 0) return [new X509Certificate(octets)];
    return blocks.length > MAX_CERTIFICATES ? undefined : blocks.map((block) => new X509Certificate(block));
  } catch {
    return undefined;
  }
}

/** Up from the leaf: by one certificate of the answer after the other, each used once, to an authority. */
function isVouchedFor(
  leaf: X509Certificate,
  between: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  wallMs: number,
): boolean {
  return leadsToAuthority({
    ...{ leaf, between, authorities, maxBetween: between.length },
    isGood: (each) => isValidAt(each, wallMs),
    issued: (issuer, subject) => isValidAt(issuer, wallMs) && issued(issuer, subject),
  });
}

function issued(issuer: X509Certificate, subject: X509Certificate): boolean {
  return issuer.ca && subject.checkIssued(issuer) && subject.verify(issuer.publicKey);
}
