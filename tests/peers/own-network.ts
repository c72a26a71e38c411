// A network of a test file's own: private network, mount and process namespaces in which every port is free, the test's DNS
// server is that of the system, and nothing that was started outlives the file. Servers have addresses as machines have.
//
// The file is started a second time, inside; what it reports goes to the runner as if the first had said it.
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe } from 'node:test';

export type Family = 4 | 6;

const AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt';
const INSIDE = 'STOXGATE_OWN_NETWORK';
const SCRIPT = fileURLToPath(new URL('own-network.sh', import.meta.url));
/** Longer than any file may take. */
const LIMIT_MS = 300_000;

/**
 * The hosts of an own network by their last number: 53 is the DNS server, 66 is there and answers nothing, 70 is
 * where media can be (IPv4 alone), 99 refuses.
 */
export class OwnNetwork {
  readonly family: Family;
  /** Where people's programs are: the loopback address of the family. */
  readonly local: string;

  constructor(family: Family) {
    this.family = family;
    this.local = family === 4 ? '127.0.0.1' : '::1';
  }

  host(number: number): string {
    return this.family === 4 ? `10.77.0.${number}` : `fd00:77::${number}`;
  }

  /** Gives a host of people's programs a name, without DNS. */
  name(domain: string): void {
    appendFileSync('/etc/hosts', `${this.local} ${domain}\n`);
  }

  /** The system trusts an authority as well (a PEM file), for programs that know no other. `folder`: where its list may be made. */
  trust(authority: string, folder: string): void {
    const all = join(folder, 'authorities.crt');
    writeFileSync(all, [AUTHORITIES, authority].map((file) => readFileSync(file, 'utf8')).join('\n'));
    execFileSync('mount', ['--bind', all, AUTHORITIES]);
  }

  /** As URIs have it. */
  bracketed(address: string): string {
    return address.includes(':') ? `[${address}]` : address;
  }

  place(number: number, port: number): string {
    return `${this.bracketed(this.host(number))}:${port}`;
  }
}

/**
 * Runs `suites` in a network of the file's own (`import.meta.filename`), of one address family alone. Where the system gives
 * no namespaces the file is one skipped suite that says so.
 */
export function inOwnNetwork(file: string, family: Family, suites: (network: OwnNetwork) => void): void {
  if (process.env[INSIDE] === file) return suites(new OwnNetwork(family));
  const able = spawnSync(SCRIPT, [String(family), 'true'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 10_000,
  });
  if (able.status !== 0) {
    describe('worlds', { skip: `no private namespaces here: ${String(able.stderr).trim()}` }, () => {});
    return;
  }
  const { status } = spawnSync(SCRIPT, [String(family), process.execPath, ...process.execArgv, file], {
    stdio: 'inherit',
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
    env: { ...process.env, [INSIDE]: file },
  });
  process.exit(status ?? 1);
}
