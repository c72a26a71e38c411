// A certificate authority for tests: makes whatever certificates a case needs, good and bad, with the openssl command.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { TempFolder } from './temp-folder.ts';

export interface TestCertificate {
  /** Paths, PEM. */
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
}

export interface CertificateWish {
  /** Values of subjectAltName as openssl writes them: "DNS:a.example", "URI:sip:a.example"; absent: no such extension. */
  readonly names?: readonly string[];
  /** Default: "Test". */
  readonly commonName?: string;
  /** Days from now at which it ends; negative: it has expired. Default: 30. */
  readonly days?: number;
  /** extendedKeyUsage; default: serverAuth and clientAuth. */
  readonly usage?: string;
  /** basicConstraints; default: of no authority. */
  readonly constraints?: string;
  /** Further extensions, as openssl reads them. */
  readonly extensions?: readonly string[];
  /** An authority that this one was made by; default: the authority itself. Its certificate is put behind the new one. */
  readonly issuer?: TestCertificate;
  /** Default: P-256. */
  readonly curve?: 'prime256v1' | 'secp384r1';
  /** RSA of so many bits in place of an elliptic curve. */
  readonly rsaBits?: number;
  /** Digest of the signature; default sha256. */
  readonly digest?: string;
  /** Signed by itself, not by the authority. */
  readonly selfSigned?: boolean;
}

/** See the file head. Its files live in a folder of its own; `remove` at the end. */
export class TestCa {
  readonly certificate: string;
  readonly #folder = new TempFolder('ca');
  readonly #key: string;
  #serial = 1;

  constructor(commonName = 'Test CA') {
    this.certificate = this.#folder.file('ca.pem');
    this.#key = this.#folder.file('ca.key');
    this.#openssl([
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '3650',
      ],
      ...['-keyout', this.#key, '-out', this.certificate, '-subj', `/CN=${commonName}`],
      ...['-addext', 'basicConstraints=critical,CA:true', '-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
    ]);
  }

  /** A certificate with a key of its own. */
  make(wish: CertificateWish = {}): TestCertificate {
    const {
      names,
      commonName = 'Test',
      days = 30,
      usage = 'serverAuth,clientAuth',
      selfSigned = false,
      constraints,
      issuer,
      curve = 'prime256v1',
      rsaBits,
      digest = 'sha256',
    } = wish;
    const serial = this.#serial++;
    const at = (end: string): string => this.#folder.file(`${serial}.${end}`);
    this.#openssl([
      ...['req', '-new', '-nodes', '-newkey'],
      ...(rsaBits === undefined ? ['ec', '-pkeyopt', `ec_paramgen_curve:${curve}`] : [`rsa:${rsaBits}`]),
      ...['-keyout', at('key'), '-out', at('csr'), '-subj', `/CN=${commonName}`],
    ]);
    const extensions = [
      `basicConstraints=${constraints ?? 'CA:false'}`,
      `keyUsage=${constraints === undefined ? 'digitalSignature' : 'keyCertSign'}`,
      `extendedKeyUsage=${usage}`,
      ...(names === undefined ? [] : [`subjectAltName=${names.join(',')}`]),
      ...(wish.extensions ?? []),
    ];
    writeFileSync(at('ext'), `${extensions.join('\n')}\n`);
    const signer = selfSigned
      ? ['-signkey', at('key')]
      : [
          ...['-CA', issuer?.certificate ?? this.certificate, '-CAkey', issuer?.key ?? this.#key],
          ...['-set_serial', String(serial)],
        ];
    // An end before the beginning is what OpenSSL 3.0 makes of a negative number of days, and it has expired.
    this.#openssl([
      'x509',
      '-req',
      '-in',
      at('csr'),
      ...signer,
      `-${digest}`,
      '-days',
      String(days),
      '-extfile',
      at('ext'),
      '-out',
      at('pem'),
    ]);
    if (issuer !== undefined) {
      const chain = [at('pem'), issuer.certificate].map((path) => readFileSync(path, 'utf8'));
      writeFileSync(at('pem'), chain.join(''));
    }
    return { certificate: at('pem'), key: at('key'), ca: this.certificate };
  }

  remove(): void {
    this.#folder.remove();
  }

  #openssl(args: readonly string[]): void {
    execFileSync('openssl', [...args], { stdio: ['ignore', 'ignore', 'pipe'], timeout: 20_000 });
  }
}

/** The texts of a certificate, as configuration gives them. */
export function pemFiles({ certificate, key, ca }: TestCertificate, withCa = true) {
  const pem = (path: string) => ({ path, text: readFileSync(path, 'utf8') });
  return { certificate: pem(certificate), key: pem(key), ...(withCa ? { ca: pem(ca) } : {}) };
}
