// What is wrong or doubtful about a certificate in a configuration file, for `check` and the start.

import { readCredentials, type CertificateEntry, type CertificateFault } from './credentials.ts';
import type { CertificateNames } from './certificate-names.ts';

export interface CertificateRemark {
  readonly part: CertificateFault['part'];
  /** `error`: the gateway cannot use it. */
  readonly severity: 'error' | 'warning';
  /** In words, with the remedy behind "; ". */
  readonly message: string;
}

export interface InspectedCertificate {
  readonly remarks: readonly CertificateRemark[];
  /** undefined: it could not be read. */
  readonly names: CertificateNames | undefined;
}

const DAY_MS = 86_400_000;
/** From here on an expiry is worth a line. */
const SOON_DAYS = 30;

/** `nowMs`: milliseconds since 1970-01-01T00:00:00Z. */
export function inspectCertificate(entry: CertificateEntry, nowMs: number): InspectedCertificate {
  const credentials = readCredentials(entry);
  if (!credentials.ok) {
    const { part, message } = credentials.error;
    return { remarks: [{ part, severity: 'error', message }], names: undefined };
  }
  const { validFromMs, expiresMs, names } = credentials.value;
  const warn = (message: string): InspectedCertificate => ({
    remarks: [{ part: 'certificate', severity: 'warning', message }],
    names,
  });
  if (expiresMs <= nowMs) return warn(`expired on ${day(expiresMs)}; peers refuse it: renew it`);
  if (validFromMs > nowMs) {
    return warn(`holds only from ${day(validFromMs)} on; see whether the clock of this machine is right`);
  }
  if (expiresMs - nowMs <= SOON_DAYS * DAY_MS) {
    return warn(`expires on ${day(expiresMs)}; renew it, a new file is taken without a restart`);
  }
  return { remarks: [], names };
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
