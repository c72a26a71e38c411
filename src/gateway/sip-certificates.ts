// The certificates of SIP over TLS in a running gateway: made when a listener needs them, replaced by a reload.

import { readFileSync, statSync } from 'node:fs';
import type { Clock, Counters, Log, Timers } from '../base/index.ts';
import { CertificateStore } from '../edge/tls/index.ts';
import type { Config } from './config/schema.ts';

export interface SipCertificatesEnv {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly counters: Counters;
}

/** The store for this configuration; undefined: nothing is over TLS. Throws as `CertificateStore` does. */
export function sipCertificates(config: Config, env: SipCertificatesEnv): CertificateStore | undefined {
  const { tls, listen } = config.sip;
  const needed = listen.some(({ transport }) => transport === 'TLS' || transport === 'WSS');
  return tls === undefined || !needed ? undefined : new CertificateStore('sip', tls, { ...env, ...files });
}

/** How a `CertificateStore` looks at the files of its certificates. */
export const files = {
  readFile: (path: string): string => readFileSync(path, 'utf8'),
  modifiedMs: (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.mtimeMs,
};
