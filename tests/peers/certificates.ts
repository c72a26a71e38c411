// A certificate authority of a test's own, and servers' certificates by it, made with openssl in a folder of the test.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { TempFolder } from './temp-folder.ts';

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export interface ServerCertificate {
  /** PEM. */
  readonly key: string;
  readonly cert: string;
}

export class TestAuthority {
  readonly #folder: TempFolder;
  readonly #name: string;
  /** Path of its own certificate. */
  readonly path: string;
  #count = 0;

  constructor(folder: TempFolder, name: string) {
    this.#folder = folder;
    this.#name = name;
    this.path = folder.file(`${name}.pem`);
    const out = ['-keyout', folder.file(`${name}.key`), '-out', this.path];
    openssl(['req', '-x509', ...NEW_KEY, ...out, '-subj', `/CN=${name}`, '-days', '2']);
  }

  /** `names`: as in subjectAltName, "DNS:xcap.example.net"; `days` below 0: it has expired. */
  issue(names: string, days = 1): ServerCertificate {
    this.#count += 1;
    const file = (ending: string): string => this.#folder.file(`${this.#name}-${this.#count}.${ending}`);
    openssl(['req', ...NEW_KEY, '-keyout', file('key'), '-out', file('csr'), '-subj', '/CN=server']);
    const extensions = this.#folder.write(`${this.#name}-${this.#count}.ext`, `subjectAltName=${names}\n`);
    const by = ['-CA', this.path, '-CAkey', this.#folder.file(`${this.#name}.key`), '-CAcreateserial'];
    const more = ['-days', String(days), '-extfile', extensions];
    openssl(['x509', '-req', '-in', file('csr'), '-out', file('pem'), ...by, ...more]);
    return { key: readFileSync(file('key'), 'utf8'), cert: readFileSync(file('pem'), 'utf8') };
  }
}

function openssl(args: readonly string[]): void {
  const { status, stderr, error } = spawnSync('openssl', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`openssl ${args[0]}: ${error?.message ?? stderr}`);
}
