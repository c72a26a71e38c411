// TLS sessions of servers that the gateway calls, for resumption (RFC 8446 §2.2, RFC 5077).

import { BoundedMap, type Bytes, type Clock } from '../../base/index.ts';
import type { CertificateNames } from './certificate-names.ts';

const MAX_SESSIONS = 4096;
/** RFC 8446 §4.6.1 allows seven days; an hour keeps what was verified young. */
const LIFE_MS = 3_600_000;

/** A session, and whom the certificate of its first handshake named: it is not shown again. */
export interface KeptSession {
  readonly ticket: Bytes;
  readonly names: CertificateNames;
}

export class SessionCache {
  readonly #sessions = new BoundedMap<string, KeptSession>({ maxEntries: MAX_SESSIONS });
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(key: string): KeptSession | undefined {
    return this.#sessions.get(key, this.#clock.now());
  }

  set(key: string, session: KeptSession): void {
    this.#sessions.set(key, session, this.#clock.now(), LIFE_MS);
  }

  /** After a handshake that failed. */
  delete(key: string): void {
    this.#sessions.delete(key);
  }

  /** After other certificates or authorities were configured. */
  clear(): void {
    this.#sessions.clear();
  }
}
