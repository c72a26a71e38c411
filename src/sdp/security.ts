// What keys a medium with SRTP: fingerprints of DTLS (RFC 8122 §5, RFC 5763) with their role (a=setup, RFC 4145 §4), or
// keys in the description itself (a=crypto, RFC 4568 §4).

import { attributes, attribute, type Attribute, type Section } from './description.ts';

export interface Fingerprint {
  /** Lower case: "sha-256". */
  readonly hash: string;
  /** Upper case, with colons. */
  readonly value: string;
}

/** Who opens the connection. */
export type Setup = 'active' | 'passive' | 'actpass' | 'holdconn';

const SETUPS: readonly Setup[] = ['active', 'passive', 'actpass', 'holdconn'];

export interface CryptoAttribute {
  /** 1 to 9 digits. */
  readonly tag: string;
  readonly suite: string;
  /** "inline:…", several joined by ";". */
  readonly keyParams: string;
  readonly sessionParams?: string | undefined;
}

const FINGERPRINT = /^([A-Za-z0-9-]+) +([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})*)\s*$/;
const CRYPTO = /^(\d{1,9}) +([^\s]+) +([^\s]+)(?: +(\S.*?))?\s*$/;

/** Of the medium, else of the session (RFC 8122 §5). */
export function fingerprintsOf(session: Section, medium: Section): readonly Fingerprint[] {
  const own = readFingerprints(medium);
  return own.length > 0 ? own : readFingerprints(session);
}

function readFingerprints(section: Section): readonly Fingerprint[] {
  const found: Fingerprint[] = [];
  for (const text of attributes(section, 'fingerprint')) {
    const fingerprint = readFingerprint(text);
    if (fingerprint !== undefined) found.push(fingerprint);
  }
  return found;
}

export function readFingerprint(text: string): Fingerprint | undefined {
  const parts = FINGERPRINT.exec(text);
  const hash = parts?.[1];
  const value = parts?.[2];
  return hash === undefined || value === undefined
    ? undefined
    : { hash: hash.toLowerCase(), value: value.toUpperCase() };
}

export function fingerprintAttribute({ hash, value }: Fingerprint): Attribute {
  return { name: 'fingerprint', value: `${hash} ${value}` };
}

/** Of the medium, else of the session; undefined when nothing, or nothing known, is said. */
export function setupOf(session: Section, medium: Section): Setup | undefined {
  const word = attribute(medium, 'setup') ?? attribute(session, 'setup');
  return SETUPS.find((each) => each === word);
}

export function cryptosOf(medium: Section): readonly CryptoAttribute[] {
  const found: CryptoAttribute[] = [];
  for (const text of attributes(medium, 'crypto')) {
    const [, tag, suite, keyParams, sessionParams] = CRYPTO.exec(text) ?? [];
    if (tag === undefined || suite === undefined || keyParams === undefined) continue;
    found.push(
      sessionParams === undefined ? { tag, suite, keyParams } : { tag, suite, keyParams, sessionParams },
    );
  }
  return found;
}

export function cryptoAttribute({ tag, suite, keyParams, sessionParams }: CryptoAttribute): Attribute {
  const more = sessionParams === undefined ? '' : ` ${sessionParams}`;
  return { name: 'crypto', value: `${tag} ${suite} ${keyParams}${more}` };
}
