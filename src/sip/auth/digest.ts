// The arithmetic of Digest (RFC 7616 §3.4, RFC 2617 §3.2.2, RFC 8760; without qop RFC 2069). Texts are byte strings.

import { hashHex, latin1Bytes, type Bytes, type HashAlgorithm } from '../../base/index.ts';

export type DigestAlgorithm =
  | 'MD5'
  | 'MD5-sess'
  | 'SHA-256'
  | 'SHA-256-sess'
  | 'SHA-512-256'
  | 'SHA-512-256-sess';
export type DigestQop = 'auth' | 'auth-int';

const HASHES: Readonly<Record<DigestAlgorithm, HashAlgorithm>> = {
  MD5: 'md5',
  'MD5-sess': 'md5',
  'SHA-256': 'sha256',
  'SHA-256-sess': 'sha256',
  'SHA-512-256': 'sha512-256',
  'SHA-512-256-sess': 'sha512-256',
};

/** The algorithm of a challenge; tokens compare without case. undefined: unknown. Absent means MD5 (RFC 2617 §3.2.1). */
export function digestAlgorithm(token: string | undefined): DigestAlgorithm | undefined {
  if (token === undefined) return 'MD5';
  const folded = token.toLowerCase();
  for (const name of ALGORITHMS) if (name.toLowerCase() === folded) return name;
  return undefined;
}

const ALGORITHMS: readonly DigestAlgorithm[] = [
  'MD5',
  'MD5-sess',
  'SHA-256',
  'SHA-256-sess',
  'SHA-512-256',
  'SHA-512-256-sess',
];

export interface DigestInput {
  readonly algorithm: DigestAlgorithm;
  readonly user: string;
  readonly realm: string;
  readonly password: string;
  readonly nonce: string;
  readonly method: string;
  /** digest-uri. */
  readonly uri: string;
  /** undefined: the server offered none (RFC 2069). */
  readonly protection: DigestProtection | undefined;
}

export interface DigestProtection {
  readonly qop: DigestQop;
  /** Eight hexadecimal digits. */
  readonly nc: string;
  readonly cnonce: string;
  /** Hashed with auth-int. */
  readonly body: Bytes;
}

/** H(user:realm:password), lower-case hexadecimal: what a server may keep in place of a password (RFC 7616 §3.4.2). */
export function digestSecret(
  algorithm: DigestAlgorithm,
  user: string,
  realm: string,
  password: string,
): string {
  return hashHex(HASHES[algorithm], latin1Bytes(`${user}:${realm}:${password}`));
}

/** The value of `response`, lower-case hexadecimal (RFC 7616 §3.4.1). */
export function digestResponse(input: DigestInput): string {
  const { algorithm, user, realm, password } = input;
  return responseFromSecret(digestSecret(algorithm, user, realm, password), input);
}

/** The same, from what `digestSecret` gives. */
export function responseFromSecret(
  secret: string,
  input: Omit<DigestInput, 'user' | 'realm' | 'password'>,
): string {
  const { algorithm, nonce, protection } = input;
  const hash = (text: string | Bytes): string =>
    hashHex(HASHES[algorithm], typeof text === 'string' ? latin1Bytes(text) : text);
  // RFC 7616 §3.4.2: the session key, from the nonces.
  const key = algorithm.endsWith('-sess') ? hash(`${secret}:${nonce}:${protection?.cnonce ?? ''}`) : secret;
  let a2 = `${input.method}:${input.uri}`;
  // RFC 7616 §3.4.3; RFC 3261 §22.4 item 7: an empty body has the hash of the empty string.
  if (protection?.qop === 'auth-int') a2 += `:${hash(protection.body)}`;
  if (protection === undefined) return hash(`${key}:${nonce}:${hash(a2)}`);
  const { nc, cnonce, qop } = protection;
  return hash(`${key}:${nonce}:${nc}:${cnonce}:${qop}:${hash(a2)}`);
}
