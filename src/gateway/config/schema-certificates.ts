// `tls` of a side: certificates with their keys, read and checked while the file is, so that a bad one is a finding at its
// own line.

import * as z from 'zod';
import { ok, type Result } from '../../base/index.ts';
import { readCredentials, type CertificateEntry, type PemFile } from '../../edge/tls/index.ts';
import { documented, type SecretSources } from './schema-kit.ts';

const MAX_CERTIFICATES = 1000;

/** `parseDomain`: reads `domain` of an entry; `side`: how the page calls the domains. */
export function certificatesSchema(
  sources: SecretSources,
  parseDomain: (text: string) => Result<string, string>,
  side: string,
) {
  const entry = z
    .strictObject({
      domain: documented(z.string().exactOptional(), {
        type: 'domain or `*.domain`',
        default: 'those that the certificate names',
        says: `For which ${side} domain this certificate is.`,
        example: 'example.net',
      }),
      certificate: documented(z.string().min(1), {
        type: 'path of a PEM file',
        says: 'The certificate, and behind it its chain.',
        example: 'gw.pem',
      }),
      key: documented(z.string().min(1), {
        type: 'path of a PEM file',
        says: 'The key of the certificate, without a passphrase.',
        example: 'gw.key',
      }),
      ca: documented(z.string().min(1).exactOptional(), {
        type: 'path of a PEM file',
        default: 'the roots that Node brings',
        says: 'The authorities by which the certificates of peers are verified.',
        example: 'ca.pem',
      }),
    })
    .transform((value, context): CertificateEntry => {
      const refuse = (message: string, key: string): CertificateEntry => {
        context.issues.push({ code: 'custom', message, input: value, path: [key] });
        return z.NEVER;
      };
      const domain = value.domain === undefined ? undefined : parseDomain(value.domain);
      if (domain?.ok === false) return refuse(domain.error, 'domain');
      const certificate = pem(value.certificate, sources);
      if (!certificate.ok) return refuse(certificate.error, 'certificate');
      const key = pem(value.key, sources);
      if (!key.ok) return refuse(key.error, 'key');
      const ca = value.ca === undefined ? undefined : pem(value.ca, sources);
      if (ca?.ok === false) return refuse(ca.error, 'ca');
      const read: CertificateEntry = {
        ...(domain === undefined ? {} : { domain: domain.value }),
        certificate: certificate.value,
        key: key.value,
        ...(ca === undefined ? {} : { ca: ca.value }),
      };
      const credentials = readCredentials(read);
      return credentials.ok ? read : refuse(credentials.error.message, credentials.error.part);
    });
  // One of them need not stand in a list.
  return z.preprocess(
    (value) => (Array.isArray(value) || value === undefined ? value : [value]),
    z.array(entry).min(1).max(MAX_CERTIFICATES),
  );
}

function pem(path: string, sources: SecretSources): Result<PemFile, string> {
  const file = sources.keyFile(path);
  if (!file.ok) return file;
  const { text } = file.value;
  return text === undefined
    ? { ok: false, error: `${file.value.path} cannot be read: there is no such file` }
    : ok({ path: file.value.path, text });
}
