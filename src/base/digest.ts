// The synchronous hashes of node:crypto: with base/bytes the only door to node:* below edge/.

import {
  createHmac,
  createPublicKey,
  hash,
  randomFillSync,
  timingSafeEqual,
  verify,
  type KeyObject,
} from 'node:crypto';

export type HashAlgorithm = 'md5' | 'sha1' | 'sha256' | 'sha512-256';

/** Hash of text (as UTF-8) or octets, in lower-case hexadecimal. */
export function hashHex(algorithm: HashAlgorithm, data: string | Uint8Array): string {
  return hash(algorithm, data, 'hex');
}

/** Hash of text (as UTF-8) or octets, in base64url without padding (RFC 4648 §5). */
export function hashBase64Url(algorithm: HashAlgorithm, data: string | Uint8Array): string {
  return hash(algorithm, data, 'base64url');
}

/** Hash of text (as UTF-8) or octets, in octets. */
export function hashBytes(algorithm: HashAlgorithm, data: string | Uint8Array): Uint8Array {
  return hash(algorithm, data, 'buffer');
}

/** HMAC-SHA-256 in octets. */
export function hmacSha256(key: Uint8Array, data: string | Uint8Array): Uint8Array {
  return createHmac('sha256', key).update(data).digest();
}

/** Compares without telling by its time where the difference is. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Fills from the system's cryptographic source. */
export function fillRandom(target: Uint8Array): void {
  randomFillSync(target);
}

/** A public key of ECDSA with P-256, for the algorithm "ES256" (RFC 7518 §3.4). */
export class Es256Key {
  readonly #key: KeyObject;

  private constructor(key: KeyObject) {
    this.#key = key;
  }

  /** From a SubjectPublicKeyInfo in DER; undefined when it is none, or of another kind of key. */
  static fromSpki(der: Uint8Array): Es256Key | undefined {
    try {
      const key = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
      return key.asymmetricKeyDetails?.namedCurve === 'prime256v1' ? new Es256Key(key) : undefined;
    } catch {
      return undefined;
    }
  }

  /** `signature`: R and S, 32 octets each, as JWS has them. */
  verifies(data: Uint8Array, signature: Uint8Array): boolean {
    if (signature.length !== 64) return false;
    return verify('sha256', data, { key: this.#key, dsaEncoding: 'ieee-p1363' }, signature);
  }
}
