// Signed tokens: state that travels in an identifier and comes back with a later message (docs/architecture.md, "Ids
// that need no memory"). A token holds a few octets, proves that a gateway with one of our keys made it for this
// purpose and these parties, and runs out.
//
// Octets: 12 of MAC, 4 of nonce, 4 of expiry in seconds, then the content. The MAC is first, so that the beginning is
// the random part; the nonce makes two tokens for the same thing differ. Everything but the content itself is bound in
// by the MAC: purpose, parties, nonce, expiry.

import { concatBytes, utf8Bytes, type Bytes } from './bytes.ts';
import { equalBytes, hmacSha256 } from './digest.ts';
import { fromBase32, fromBase64Url, toBase32, toBase64Url } from './token-text.ts';
import type { Random } from './random.ts';

/** 96 bits: design.md asks for at least 80. */
const MAC_OCTETS = 12;
const NONCE_OCTETS = 4;
const EXPIRY_OCTETS = 4;
const HEAD_OCTETS = MAC_OCTETS + NONCE_OCTETS + EXPIRY_OCTETS;
/** What peers surely keep of an identifier. */
export const MAX_TOKEN_CHARS = 64;
/** The one that signs and the one before it, so that a key can be changed while tokens are on their way. */
export const MAX_TOKEN_KEYS = 2;
/** Octets of a key: less could be guessed. */
export const MIN_TOKEN_KEY_OCTETS = 32;

/** What tokens of one kind have in common. */
export interface TokenKind {
  /** A token of one purpose is none of another. */
  readonly purpose: string;
  /** `base32` (lower case) where peers compare without case, as tags and localparts; else `base64url`. */
  readonly text: 'base32' | 'base64url';
}

export type TokenReading =
  | { readonly kind: 'valid'; readonly content: Bytes; readonly expiresMs: number }
  /** None of ours, or not for these parties. */
  | { readonly kind: 'invalid' }
  /** One of ours, for these parties, and too old. */
  | { readonly kind: 'expired' };

const INVALID: TokenReading = { kind: 'invalid' };
const EXPIRED: TokenReading = { kind: 'expired' };

/** Makes and reads tokens with the keys of this gateway. */
export class Tokens {
  readonly #random: Random;
  #keys: readonly Bytes[] = [];
  /** Keys by purpose, derived once, so that a token of one purpose tells nothing about those of another. */
  readonly #derived = new Map<string, readonly Bytes[]>();

  /** `keys`: newest first, one or two, at least 32 octets each. Throws RangeError for others: they are checked where they are read. */
  constructor(keys: readonly Bytes[], random: Random) {
    this.#random = random;
    this.replaceKeys(keys);
  }

  /** Other keys from now on (a reload). */
  replaceKeys(keys: readonly Bytes[]): void {
    if (keys.length === 0 || keys.length > MAX_TOKEN_KEYS) throw new RangeError('one or two token keys');
    if (keys.some((key) => key.length < MIN_TOKEN_KEY_OCTETS))
      throw new RangeError('a token key is too short');
    this.#keys = keys;
    this.#derived.clear();
  }

  /**
   * A token for `parties` (their order matters), good until `expiresMs` of wall-clock time; undefined when the content
   * does not fit into 64 characters.
   */
  sign(kind: TokenKind, parties: readonly string[], content: Bytes, expiresMs: number): string | undefined {
    if (content.length > maxTokenContent(kind.text)) return undefined;
    const rest = new Uint8Array(NONCE_OCTETS + EXPIRY_OCTETS + content.length);
    const view = new DataView(rest.buffer);
    view.setUint32(0, Math.floor(this.#random.unit() * 2 ** 32));
    // Rounded up: a token is good at least as long as was asked for.
    view.setUint32(NONCE_OCTETS, Math.min(Math.ceil(expiresMs / 1000), 2 ** 32 - 1));
    rest.set(content, NONCE_OCTETS + EXPIRY_OCTETS);
    const [key] = this.#keysFor(kind.purpose);
    if (key === undefined) return undefined;
    const token = concatBytes([mac(key, parties, rest), rest]);
    return kind.text === 'base32' ? toBase32(token) : toBase64Url(token);
  }

  /** Reads a token that a peer gave back. */
  read(kind: TokenKind, parties: readonly string[], token: string, wallMs: number): TokenReading {
    if (token.length > MAX_TOKEN_CHARS) return INVALID;
    const octets = kind.text === 'base32' ? fromBase32(token) : fromBase64Url(token);
    if (octets === undefined || octets.length < HEAD_OCTETS) return INVALID;
    const given = octets.subarray(0, MAC_OCTETS);
    const rest = octets.subarray(MAC_OCTETS);
    if (!this.#keysFor(kind.purpose).some((key) => equalBytes(mac(key, parties, rest), given)))
      return INVALID;
    const view = new DataView(rest.buffer, rest.byteOffset, rest.byteLength);
    const expiresMs = view.getUint32(NONCE_OCTETS) * 1000;
    if (expiresMs <= wallMs) return EXPIRED;
    return { kind: 'valid', content: rest.subarray(NONCE_OCTETS + EXPIRY_OCTETS), expiresMs };
  }

  #keysFor(purpose: string): readonly Bytes[] {
    const known = this.#derived.get(purpose);
    if (known !== undefined) return known;
    const derived = this.#keys.map((key) => hmacSha256(key, `stoxgate token ${purpose}`));
    this.#derived.set(purpose, derived);
    return derived;
  }
}

/** Octets of content that fit into a token of this text. */
export function maxTokenContent(text: TokenKind['text']): number {
  return Math.floor((MAX_TOKEN_CHARS * (text === 'base32' ? 5 : 6)) / 8) - HEAD_OCTETS;
}

/** Each party with its length before it, so that no two lists of parties are the same octets. */
function mac(key: Bytes, parties: readonly string[], rest: Bytes): Bytes {
  const parts: Bytes[] = [];
  for (const party of parties) {
    const octets = utf8Bytes(party);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, octets.length);
    parts.push(length, octets);
  }
  parts.push(rest);
  return hmacSha256(key, concatBytes(parts)).subarray(0, MAC_OCTETS);
}
