// A certificate with its key, read from PEM, and everything that can be wrong with the two.

import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import { err, ok, type Result } from '../../base/index.ts';
import { readCertificateNames, type CertificateNames } from './certificate-names.ts';
import { SECURE_CONTEXT } from './protocol.ts';
import { certificateBlocks } from './certificate-chain.ts';

/** A PEM file: where it is, and what is in it. */
export interface PemFile {
  readonly path: string;
  readonly text: string;
}

/** One entry of `sip.tls` or `xmpp.server.tls`. */
export interface CertificateEntry {
  /** For whom it is: a domain or `*.domain`; undefined: for whom its certificate names. */
  readonly domain?: string | undefined;
  readonly certificate: PemFile;
  readonly key: PemFile;
  /** By which the certificates of peers are verified, instead of the roots that Node brings. */
  readonly ca?: PemFile | undefined;
}

/** What is wrong with an entry. */
export interface CertificateFault {
  readonly part: 'certificate' | 'key' | 'ca';
  readonly code: 'ERR_TLS_CERTIFICATE' | 'ERR_TLS_KEY' | 'ERR_TLS_CA';
  /** In words, with the remedy behind "; ". */
  readonly message: string;
}

export interface Credentials {
  readonly entry: CertificateEntry;
  readonly names: CertificateNames;
  /** From when to when the certificate holds, in milliseconds since 1970-01-01T00:00:00Z. */
  readonly validFromMs: number;
  readonly expiresMs: number;
  /** For node:tls: contexts and servers. */
  readonly options: {
    readonly cert: string;
    readonly key: string;
    readonly ca?: string | undefined;
  };
  readonly context: SecureContext;
}

/** Reads an entry. Faults are those for which it cannot be used at all; time is not looked at. */
export function readCredentials(entry: CertificateEntry): Result<Credentials, CertificateFault> {
  const certificate = readCertificate(entry.certificate);
  if (!certificate.ok) return fault('certificate', 'ERR_TLS_CERTIFICATE', certificate.error);
  const names = readCertificateNames(certificate.value.raw);
  if (!names.ok)
    return fault('certificate', 'ERR_TLS_CERTIFICATE', `${names.error.message}; ask for another`);
  const key = readKey(entry.key);
  if (!key.ok) return fault('key', 'ERR_TLS_KEY', key.error);
  if (!certificate.value.checkPrivateKey(key.value)) {
    const text = `does not belong to the certificate ${entry.certificate.path}; put the key with which that was asked for here`;
    return fault('key', 'ERR_TLS_KEY', text);
  }
  const ca = entry.ca === undefined ? undefined : readAuthorities(entry.ca);
  if (ca?.ok === false) return fault('ca', 'ERR_TLS_CA', ca.error);
  const options = {
    cert: entry.certificate.text,
    key: entry.key.text,
    ...(entry.ca === undefined ? {} : { ca: entry.ca.text }),
  };
  try {
    return ok({
      entry,
      names: names.value,
      validFromMs: certificate.value.validFromDate.getTime(),
      expiresMs: certificate.value.validToDate.getTime(),
      options,
      context: createSecureContext({ ...SECURE_CONTEXT, ...options }),
    });
  } catch (error) {
    // OpenSSL's own limits: a key too short, a digest too weak.
    const text = `cannot be used: ${reasonOf(error)}; ask for another`;
    return fault('certificate', 'ERR_TLS_CERTIFICATE', text);
  }
}

/** The first certificate of a file is the gateway's own, what follows is its chain. */
function readCertificate({ text }: PemFile): Result<X509Certificate, string> {
  const blocks = certificateBlocks(text);
  const [own] = blocks;
  if (own === undefined) return err('holds no certificate; it must be PEM, "-----BEGIN CERTIFICATE-----"');
  try {
    // The chain is read too, so that a broken one is found now.
    const [first] = [own, ...blocks.slice(1)].map((block) => new X509Certificate(block));
    return first === undefined ? err('holds no certificate') : ok(first);
  } catch (error) {
    return err(`cannot be read as a certificate (${reasonOf(error)}); it must be PEM`);
  }
}

function readAuthorities({ text }: PemFile): Result<readonly X509Certificate[], string> {
  const blocks = certificateBlocks(text);
  if (blocks.length === 0) return err('holds no certificate; it must be PEM, "-----BEGIN CERTIFICATE-----"');
  try {
    return ok(blocks.map((block) => new X509Certificate(block)));
  } catch (error) {
    return err(`cannot be read as certificates (${reasonOf(error)}); it must be PEM`);
  }
}

function readKey({ text }: PemFile): Result<KeyObject, string> {
  if (text.includes('ENCRYPTED')) {
    return err('is protected by a passphrase, which a service cannot type; store it without one, mode 0600');
  }
  try {
    return ok(createPrivateKey(text));
  } catch {
    return err('cannot be read as a private key; it must be PEM, "-----BEGIN PRIVATE KEY-----"');
  }
}

function fault(
  part: CertificateFault['part'],
  code: CertificateFault['code'],
  message: string,
): { readonly ok: false; readonly error: CertificateFault } {
  return err({ part, code, message });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
