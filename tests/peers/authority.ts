// A certificate authority of our own, by the command openssl: for servers on loopback and for signed identities.
import { execFileSync } from 'node:child_process';
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Issued {
  /** PEM. */
  readonly certificate: string;
  readonly key: KeyObject;
  readonly keyPem: string;
}

export interface IssueParts {
  /** As openssl writes it: `DNS:example.net,URI:sip:example.net`. */
  readonly names: string;
  /** It may issue itself. */
  readonly ca?: boolean;
  readonly curve?: 'prime256v1' | 'secp384r1';
  /** Days from now; 0: it has run out as soon as it is there. */
  readonly days?: number;
}

let serial = 0;

export class Authority {
  readonly certificate: string;
  readonly #folder: string;
  readonly #name: string;

  private constructor(folder: string, name: string, certificate: string) {
    this.#folder = folder;
    this.#name = name;
    this.certificate = certificate;
  }

  static make(folder: string): Authority {
    const name = `authority${++serial}`;
    const file = (end: string): string => join(folder, `${name}.${end}`);
    openssl([
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '30',
      ],
      ...['-subj', `/CN=${name}`, '-keyout', file('key'), '-out', file('pem')],
      ...['-addext', 'basicConstraints=critical,CA:TRUE'],
    ]);
    return new Authority(folder, name, readFileSync(file('pem'), 'utf8'));
  }

  issue(parts: IssueParts): Issued & { readonly authority: Authority } {
    const { names, ca = false, curve = 'prime256v1', days = 10 } = parts;
    const name = `issued${++serial}`;
    const file = (end: string): string => join(this.#folder, `${name}.${end}`);
    const own = (end: string): string => join(this.#folder, `${this.#name}.${end}`);
    openssl([
      ...['req', '-new', '-newkey', 'ec', '-pkeyopt', `ec_paramgen_curve:${curve}`, '-nodes'],
      ...['-subj', `/CN=${name}`, '-keyout', file('key'), '-out', file('csr')],
    ]);
    writeFileSync(
      file('ext'),
      `basicConstraints=critical,CA:${ca ? 'TRUE' : 'FALSE'}\n${names === '' ? '' : `subjectAltName=${names}\n`}`,
    );
    openssl([
      ...['x509', '-req', '-in', file('csr'), '-CA', own('pem'), '-CAkey', own('key'), '-out', file('pem')],
      ...['-set_serial', String(serial + 1000), '-extfile', file('ext')],
      ...['-days', String(days)],
    ]);
    const keyPem = readFileSync(file('key'), 'utf8');
    const certificate = readFileSync(file('pem'), 'utf8');
    return {
      certificate,
      key: createPrivateKey(keyPem),
      keyPem,
      // It can sign whether or not it may.
      authority: new Authority(this.#folder, name, certificate),
    };
  }
}

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
