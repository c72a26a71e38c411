// Fetches the certificates that Identity header fields point to, from hosts of the operator's list only, and remembers
// them, and what could not be had, for a while (RFC 8224 §7.2, §7.3).

import type { X509Certificate } from 'node:crypto';
import {
  BoundedMap,
  TokenBucket,
  type Bytes,
  type Clock,
  type Counter,
  type Counters,
} from '../../base/index.ts';
import type { CertificateLookup, CertificateSource } from '../../policy/index.ts';
import { readSigningCertificate } from './authorities.ts';

export interface CertificateStoreEnv {
  readonly clock: Clock;
  readonly counters: Counters;
  /** GET over HTTPS; rejects when there is no answer in time. Nothing is followed. */
  get(url: string): Promise<{ readonly status: number; readonly body: Bytes }>;
}

export interface CertificateStoreOptions {
  /** `HOST` or `HOST:PORT`, lower case. */
  readonly hosts: readonly string[];
  readonly authorities: readonly X509Certificate[];
}

const MAX_URLS = 1000;
const MAX_FETCHES = 32;
const MAX_WAITING = 1000;
/** Whoever may send a request may name any path of a host on the list. */
const FETCHES_PER_SECOND = 20;
const MAX_URL_CHARS = 512;
/** A certificate that was withdrawn is used for so long. */
const FOUND_MS = 3_600_000;
const FAILED_MS = 60_000;

const ELSEWHERE: CertificateLookup = { kind: 'failed', status: 436, why: 'not fetched from there' };
const UNREACHABLE: CertificateLookup = { kind: 'failed', status: 436, why: 'not to be had' };
const UNKNOWN: CertificateLookup = { kind: 'unknown' };

export class CertificateStore implements CertificateSource {
  readonly #env: CertificateStoreEnv;
  readonly #hosts: ReadonlySet<string>;
  readonly #authorities: readonly X509Certificate[];
  readonly #found = new BoundedMap<string, CertificateLookup>({ maxEntries: MAX_URLS });
  /** Apart, so that what was made up drives no certificate out. */
  readonly #failed = new BoundedMap<string, CertificateLookup>({ maxEntries: MAX_URLS });
  readonly #pace: TokenBucket;
  readonly #waiting = new Map<string, (() => void)[]>();
  readonly #fetches: Readonly<Record<'found' | 'unsupported' | 'failed', Counter>>;
  #waiters = 0;

  constructor(env: CertificateStoreEnv, options: CertificateStoreOptions) {
    this.#env = env;
    this.#hosts = new Set(options.hosts);
    this.#authorities = options.authorities;
    this.#pace = new TokenBucket(FETCHES_PER_SECOND, 2 * FETCHES_PER_SECOND, env.clock.now());
    const fetched = (result: string): Counter =>
      env.counters.counter('stoxgate_identity_fetches_total', 'Certificates of Identity fields, fetched.', {
        result,
      });
    this.#fetches = {
      found: fetched('found'),
      unsupported: fetched('unsupported'),
      failed: fetched('failed'),
    };
  }

  /** Requests that wait for a certificate. */
  get waiting(): number {
    return this.#waiters;
  }

  find(url: string): CertificateLookup {
    const now = this.#env.clock.wall();
    const known = this.#found.get(url, now) ?? this.#failed.get(url, now);
    if (known !== undefined) return known;
    return this.#mayFetch(url) ? UNKNOWN : ELSEWHERE;
  }

  fetch(url: string, done: () => void): boolean {
    if (this.#waiters >= MAX_WAITING) return false;
    const waiting = this.#waiting.get(url);
    if (waiting === undefined && this.#waiting.size >= MAX_FETCHES) return false;
    if (waiting === undefined && !this.#pace.take(this.#env.clock.now())) return false;
    this.#waiters += 1;
    if (waiting !== undefined) {
      waiting.push(done);
      return true;
    }
    this.#waiting.set(url, [done]);
    void this.#get(url);
    return true;
  }

  async #get(url: string): Promise<void> {
    const { clock } = this.#env;
    let lookup: CertificateLookup;
    try {
      const { status, body } = await this.#env.get(url);
      lookup = status === 200 ? this.#read(body) : UNREACHABLE;
    } catch {
      lookup = UNREACHABLE;
    }
    if (lookup.kind === 'found') this.#fetches.found.add();
    else if (lookup.kind === 'failed') this.#fetches[lookup.status === 437 ? 'unsupported' : 'failed'].add();
    const wall = clock.wall();
    if (lookup.kind === 'found') {
      this.#found.set(url, lookup, wall, Math.min(FOUND_MS, lookup.certificate.notAfterMs - wall));
    } else this.#failed.set(url, lookup, wall, FAILED_MS);
    const waiting = this.#waiting.get(url) ?? [];
    this.#waiting.delete(url);
    this.#waiters -= waiting.length;
    for (const done of waiting) done();
  }

  #read(body: Bytes): CertificateLookup {
    const read = readSigningCertificate(body, this.#authorities, this.#env.clock.wall());
    return read.ok
      ? { kind: 'found', certificate: read.value }
      : { kind: 'failed', status: 437, why: read.error };
  }

  #mayFetch(text: string): boolean {
    if (text.length > MAX_URL_CHARS || !URL.canParse(text)) return false;
    const url = new URL(text);
    return (
      url.protocol === 'https:' && url.username === '' && url.password === '' && this.#hosts.has(url.host)
    );
  }
}
