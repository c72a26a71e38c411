// `tls` in a configuration: certificate, key and authorities, once or for several domains. The files are read while the
// schema parses, so that a missing one is a finding at its own line.

import * as z from 'zod';
import { err, ok, type Result } from '../../base/index.ts';
import type { CertificateEntry, PemFile } from '../../edge/tls/index.ts';
import { documented, type SecretSources } from './schema-kit.ts';

/** Certificates for one listener; more have no use. */
const MAX_ENTRIES = 256;
const PUBLIC = 'the public authorities that Node.js brings';

/**
 * The schema of `sip.tls` and `xmpp.server.tls`; its value is a list. `of`: "SIP" or "XMPP"; `readPattern`: what a domain
 * is there.
 */
export function tlsSchema(
  of: string,
  readPattern: (text: string) => Result<string, string>,
  sources: SecretSources,
) {
  const pem = z
    .string()
    .min(1)
    .transform((path, context): PemFile => {
      const file = readPem(path, sources);
      if (file.ok) return file.value;
      context.issues.push({ code: 'custom', message: file.error, input: path });
      return z.NEVER;
    });
  const domain = z
    .string()
    .transform((value, context): string => {
      const read = value === '*' ? err('a certificate for everybody needs no domain') : readPattern(value);
      if (read.ok) return read.value;
      context.issues.push({ code: 'custom', message: read.error, input: value });
      return z.NEVER;
    })
    .exactOptional();
  const alone = z.strictObject({
    certificate: documented(pem, {
      type: 'path of a PEM file',
      says: `The certificate for ${of}, and behind it in the same file its chain up to the root. A new file is taken within a minute, or at once by SIGHUP.`,
      example: 'gw.pem',
    }),
    key: documented(pem, {
      type: 'path of a PEM file',
      says: `The private key of the certificate for ${of}, without a passphrase; readable for the user of the gateway alone.`,
      example: 'gw.key',
    }),
    ca: documented(pem.exactOptional(), {
      type: 'path of a PEM file',
      default: PUBLIC,
      says: `The authorities by which certificates of ${of} peers are verified, instead of the public ones.`,
      example: 'ca.pem',
    }),
  });
  const entry = z.strictObject({
    domain: documented(domain, {
      type: 'domain or `*.domain`',
      default: 'whom the certificate names; the first entry serves whoever asks for none of them',
      says: `For which ${of} domain this certificate is shown (server name indication).`,
      example: 'example.net',
    }),
    certificate: documented(pem, {
      type: 'path of a PEM file',
      says: `The certificate for this ${of} domain, with its chain.`,
      example: 'example.net.pem',
    }),
    key: documented(pem, {
      type: 'path of a PEM file',
      says: `The private key of the certificate for this ${of} domain.`,
      example: 'example.net.key',
    }),
    ca: documented(pem.exactOptional(), {
      type: 'path of a PEM file',
      default: PUBLIC,
      says: `The authorities for peers that ask for this ${of} domain; those of the first entry verify the servers that the gateway calls.`,
      example: 'ca.pem',
    }),
  });
  return z
    .union([alone, z.array(entry).min(1).max(MAX_ENTRIES)])
    .transform((value): readonly CertificateEntry[] => (Array.isArray(value) ? value : [value]));
}

function readPem(path: string, sources: SecretSources): Result<PemFile, string> {
  const file = sources.keyFile(path);
  if (!file.ok) return file;
  const { text } = file.value;
  return text === undefined
    ? err(
        `${file.value.path} is not there; put the file there, or correct the path, which starts from this file`,
      )
    : ok({ path: file.value.path, text });
}
