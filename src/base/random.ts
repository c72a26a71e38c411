// Identifiers. Tags, branches and Call-IDs must not be guessable (RFC 3261 §19.3, §8.1.1.7), so they come from the
// system's source, read in blocks because one call per identifier costs more than the rest of a message.

import { fillRandom } from './digest.ts';

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';
/** All pairs of characters: a text of half as many pieces costs half as much. */
const PAIRS: readonly string[] = Array.from(BASE32, (first) =>
  Array.from(BASE32, (second) => first + second),
).flat();
const BLOCK = 4096;

export interface Random {
  /** Uniform in [0, 1). */
  unit(): number;
  /** `chars` characters of lower-case base32, 5 random bits each: safe where peers compare without case. */
  base32(chars: number): string;
}

/** The system's cryptographic source. */
export class SecureRandom implements Random {
  readonly #block = new Uint8Array(BLOCK);
  #next = BLOCK;

  unit(): number {
    return (this.#byte() * 2 ** 24 + this.#byte() * 2 ** 16 + this.#byte() * 2 ** 8 + this.#byte()) / 2 ** 32;
  }

  base32(chars: number): string {
    let text = '';
    for (let i = 1; i < chars; i += 2) text += PAIRS[((this.#byte() << 8) | this.#byte()) & 1023];
    if ((chars & 1) === 1) text += BASE32[this.#byte() & 31];
    return text;
  }

  #byte(): number {
    if (this.#next === BLOCK) {
      fillRandom(this.#block);
      this.#next = 0;
    }
    return this.#block[this.#next++] ?? 0;
  }
}

/** A repeatable source for tests and replays (xorshift32): never for production. */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 0x9e3779b9;
  }

  unit(): number {
    return this.#step() / 2 ** 32;
  }

  base32(chars: number): string {
    let text = '';
    for (let i = 0; i < chars; i++) text += BASE32[(this.#step() >>> 16) & 31];
    return text;
  }

  #step(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }
}
