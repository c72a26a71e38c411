// HalfSipHash-2-4 with a longer output: fingerprints of transaction keys that a peer cannot steer, and To tags.
// Source: J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF", and its 32-bit variant HalfSipHash.
//
// Why not SHA-256: one call of node:crypto costs more than the whole transaction; this takes a fraction of a
// microsecond for a key of 80 octets and allocates nothing.

import type { Random } from '../../base/index.ts';
import type { Fingerprint } from './completed-store.ts';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
/** All pairs of letters: a tag is put together from six. */
const PAIRS: readonly string[] = Array.from(BASE32, (first) =>
  Array.from(BASE32, (second) => first + second),
).flat();

/** The result of the last `digest` is in `word0` … `word2` (signed 32-bit integers). */
export class KeyedHash {
  readonly #key0: number;
  readonly #key1: number;
  #v0 = 0;
  #v1 = 0;
  #v2 = 0;
  #v3 = 0;
  word0 = 0;
  word1 = 0;
  word2 = 0;

  constructor(key0: number, key1: number) {
    this.#key0 = key0 | 0;
    this.#key1 = key1 | 0;
  }

  static random(random: Random): KeyedHash {
    return new KeyedHash(random.unit() * 2 ** 32, random.unit() * 2 ** 32);
  }

  /** Hashes a byte string; `word0` and `word1` are the published 64-bit output. */
  digest(text: string): void {
    this.#absorb(text);
    this.word0 = this.#squeeze(0xee, true);
    this.word1 = this.#squeeze(0xdd, false);
    this.word2 = this.#squeeze(0xdd, false);
  }

  /** The three words, kept. */
  fingerprint(): Fingerprint {
    return { word0: this.word0, word1: this.word1, word2: this.word2 };
  }

  /**
   * 12 characters of lower-case base32, 60 bits, of what `digest` was called for last. They are further output, so they
   * may be shown to peers: they say nothing about the words.
   */
  tag(): string {
    const one = this.#squeeze(0xdd, false);
    const two = this.#squeeze(0xdd, false);
    return letters(one) + letters(two);
  }

  #absorb(text: string): void {
    const end = text.length;
    let v0 = this.#key0;
    let v1 = this.#key1 ^ 0xee;
    let v2 = 0x6c796765 ^ this.#key0;
    let v3 = 0x74656462 ^ this.#key1;
    // One more word than there are whole ones: the rest of the text with its length, as the algorithm pads.
    for (let i = 0; ; i += 4) {
      let word: number;
      const last = i + 4 > end;
      if (last) {
        word = (end & 0xff) << 24;
        if (i < end) word |= text.charCodeAt(i) & 0xff;
        if (i + 1 < end) word |= (text.charCodeAt(i + 1) & 0xff) << 8;
        if (i + 2 < end) word |= (text.charCodeAt(i + 2) & 0xff) << 16;
      } else {
        word =
          text.charCodeAt(i) |
          (text.charCodeAt(i + 1) << 8) |
          (text.charCodeAt(i + 2) << 16) |
          (text.charCodeAt(i + 3) << 24);
      }
      v3 ^= word;
      // Two SipRounds, written out: calls with four results would allocate.
      for (let round = 0; round < 2; round++) {
        v0 = (v0 + v1) | 0;
        v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
        v0 = (v0 << 16) | (v0 >>> 16);
        v2 = (v2 + v3) | 0;
        v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
        v0 = (v0 + v3) | 0;
        v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
        v2 = (v2 + v1) | 0;
        v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
        v2 = (v2 << 16) | (v2 >>> 16);
      }
      v0 ^= word;
      if (last) break;
    }
    this.#v0 = v0;
    this.#v1 = v1;
    this.#v2 = v2;
    this.#v3 = v3;
  }

  /** Four more SipRounds and one word of output. */
  #squeeze(mark: number, first: boolean): number {
    let v0 = this.#v0;
    let v1 = first ? this.#v1 : this.#v1 ^ mark;
    let v2 = first ? this.#v2 ^ mark : this.#v2;
    let v3 = this.#v3;
    for (let round = 0; round < 4; round++) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    this.#v0 = v0;
    this.#v1 = v1;
    this.#v2 = v2;
    this.#v3 = v3;
    return v1 ^ v3;
  }
}

/** 30 bits of a word in six letters. */
function letters(word: number): string {
  return (
    (PAIRS[word & 1023] ?? '') + (PAIRS[(word >>> 10) & 1023] ?? '') + (PAIRS[(word >>> 20) & 1023] ?? '')
  );
}
