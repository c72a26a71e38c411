// The certificates that the gateway shows, and how they are renewed: a new file is taken within a minute, without a
// restart; one that cannot be used changes nothing and is told; what is about to expire is told in time.

import {
  StoxgateError,
  type Clock,
  type Counters,
  type Log,
  type Timer,
  type Timers,
} from '../../base/index.ts';
import { chooseCredentials } from './certificate-choice.ts';
import { readCredentials, type CertificateEntry, type Credentials, type PemFile } from './credentials.ts';

export interface CertificateStoreEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly counters: Counters;
  /** The text of a file; throws what the file system throws. */
  readFile(path: string): string;
  /** When the file was changed last, in milliseconds; undefined: it is not there now. */
  modifiedMs(path: string): number | undefined;
}

/** How often files are looked at, in milliseconds. */
const POLL_MS = 60_000;
const DAY_MS = 86_400_000;
/** Days before the end at which it is told, the most urgent last. */
const WARN_DAYS = [30, 7, 1, 0];

type Chosen = readonly [Credentials, ...Credentials[]];

/** See the file head. */
export class CertificateStore {
  readonly #env: CertificateStoreEnv;
  /** `sip` or `xmpp`, for the log and the gauge. */
  readonly #use: string;
  readonly #changed = new Set<() => void>();
  /** What was last seen of the files, by path. */
  #seen = new Map<string, number | undefined>();
  /** By certificate path and end: the least number of days of which its owner was told. */
  #told = new Map<string, number>();
  #all: Chosen;
  #poll: Timer | undefined;

  /** Throws `ERR_TLS_CERTIFICATE`, `ERR_TLS_KEY` or `ERR_TLS_CA`. At least one entry. */
  constructor(use: 'sip' | 'xmpp', entries: readonly CertificateEntry[], env: CertificateStoreEnv) {
    this.#env = env;
    this.#use = use;
    this.#all = readAll(entries);
    this.#look();
    env.counters.gauge(
      'stoxgate_tls_certificate_expiry_seconds',
      'Seconds until the first certificate of the gateway expires.',
      () => Math.floor((this.expiresMs - env.clock.wall()) / 1000),
      { use },
    );
  }

  /** When the first of them expires, in milliseconds since 1970-01-01T00:00:00Z. */
  get expiresMs(): number {
    return Math.min(...this.#all.map(({ expiresMs }) => expiresMs));
  }

  /** The credentials for a name that a peer asks for, or for which the gateway speaks; `otherwise` where none are for it. */
  for(name?: string, otherwise?: Credentials): Credentials {
    return chooseCredentials(this.#all, name, otherwise);
  }

  /** Calls back when `for` may answer differently. */
  onChange(changed: () => void): void {
    this.#changed.add(changed);
  }

  /** Goes over to other entries; throws like the constructor, and keeps the old. */
  replace(entries: readonly CertificateEntry[]): void {
    this.#all = readAll(entries);
    this.#look();
    this.#warn();
    for (const changed of this.#changed) changed();
  }

  start(): void {
    this.#warn();
    this.#pollLater();
  }

  stop(): void {
    this.#env.timers.clear(this.#poll);
    this.#poll = undefined;
  }

  #pollLater(): void {
    this.#poll = this.#env.timers.set(POLL_MS, () => {
      this.#pollLater();
      if (this.#hasChanged()) this.#renew();
      this.#warn();
    });
  }

  /** True when a file is another one than before. A file that is missing now is being replaced: it is looked at again. */
  #hasChanged(): boolean {
    for (const [path, before] of this.#seen) {
      const now = this.#env.modifiedMs(path);
      if (now !== undefined && now !== before) return true;
    }
    return false;
  }

  #renew(): void {
    const entries = this.#all.map(({ entry }) => entry);
    try {
      this.replace(entries.map((entry) => this.#read(entry)));
      this.#env.log.info('tls.renewed', { use: this.#use });
    } catch (error) {
      // Half of a renewal: certificate and key are written one after the other. The next look may find both.
      this.#look();
      this.#env.counters
        .counter('stoxgate_tls_renewals_failed_total', 'New certificates that could not be used.', {
          use: this.#use,
        })
        .add();
      this.#env.log.error('tls.renewal-failed', { use: this.#use, error });
    }
  }

  #read(entry: CertificateEntry): CertificateEntry {
    const again = ({ path }: PemFile): PemFile => ({ path, text: this.#env.readFile(path) });
    return {
      ...entry,
      certificate: again(entry.certificate),
      key: again(entry.key),
      ...(entry.ca === undefined ? {} : { ca: again(entry.ca) }),
    };
  }

  #look(): void {
    const files = this.#all.flatMap(({ entry }) => [entry.certificate, entry.key, entry.ca ?? entry.key]);
    this.#seen = new Map(files.map(({ path }) => [path, this.#env.modifiedMs(path)]));
  }

  #warn(): void {
    const told = new Map<string, number>();
    for (const { entry, expiresMs } of this.#all) {
      const left = expiresMs - this.#env.clock.wall();
      const days = WARN_DAYS.findLast((each) => left <= each * DAY_MS);
      if (days === undefined) continue;
      const key = `${entry.certificate.path} ${expiresMs}`;
      told.set(key, days);
      if (days >= (this.#told.get(key) ?? Infinity)) continue;
      const fields = {
        use: this.#use,
        certificate: entry.certificate.path,
        expires: new Date(expiresMs).toISOString(),
      };
      if (days === 0) this.#env.log.error('tls.certificate-expired', fields);
      else this.#env.log.warn('tls.certificate-expires', { ...fields, days: Math.ceil(left / DAY_MS) });
    }
    this.#told = told;
  }
}

function readAll(entries: readonly CertificateEntry[]): Chosen {
  const [first, ...rest] = entries.map((entry) => {
    const credentials = readCredentials(entry);
    if (credentials.ok) return credentials.value;
    const { part, code, message } = credentials.error;
    throw new StoxgateError(code, `${entry[part]?.path ?? part} ${message}`);
  });
  if (first === undefined) throw new StoxgateError('ERR_TLS_CERTIFICATE', 'no certificate is configured');
  return [first, ...rest];
}
