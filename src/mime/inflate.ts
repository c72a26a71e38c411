// The content-coding "deflate" (RFC 9110 §8.4.1.2): zlib (RFC 1950) around deflate (RFC 1951). Reading only, for the
// notifications of phones that compress whatever is longer than 255 octets and do not say it again after a 415.
// What it reads is short, so it is written to be checked, not to be fast: a code is walked bit by bit.

import { emptyBytes, type Bytes } from '../base/index.ts';

/** Lengths of codes, by symbol, as RFC 1951 §3.2.2 turns them into a Huffman code. */
interface Code {
  /** How many symbols have a code of this length. */
  readonly counts: readonly number[];
  /** In the order of their codes. */
  readonly symbols: readonly number[];
}

const MAX_BITS = 15;
// RFC 1951 §3.2.5.
const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
  227, 258,
];
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
  6145, 8193, 12289, 16385, 24577,
];
const DISTANCE_EXTRA = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
/** §3.2.7: in which order the lengths of the codes for lengths come. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const END_OF_BLOCK = 256;
const BROKEN = -1;

/** undefined when it is broken, or longer than `maxOctets` when unpacked. */
export function inflate(packed: Bytes, maxOctets: number): Bytes | undefined {
  // RFC 1950 §2.2: method 8, a check of the two octets, no dictionary.
  const [method = 0, flags = 0] = packed;
  if ((method & 0x0f) !== 8 || ((method << 8) | flags) % 31 !== 0 || (flags & 0x20) !== 0) return undefined;
  const inflater = new Inflater(packed, 2, maxOctets);
  if (!inflater.run()) return undefined;
  const { output } = inflater;
  const check = inflater.rest;
  if (check.length !== 4) return undefined;
  const given = new DataView(check.buffer, check.byteOffset, 4).getUint32(0);
  return given === adler32(output) ? output : undefined;
}

class Inflater {
  readonly #input: Bytes;
  readonly #max: number;
  #at: number;
  #held = 0;
  #heldBits = 0;
  #output: Uint8Array;
  #length = 0;

  constructor(input: Bytes, start: number, maxOctets: number) {
    this.#input = input;
    this.#at = start;
    this.#max = maxOctets;
    this.#output = new Uint8Array(Math.min(maxOctets, 1024));
  }

  get output(): Bytes {
    return this.#length === 0 ? emptyBytes() : this.#output.subarray(0, this.#length);
  }

  /** What follows the compressed octets. */
  get rest(): Bytes {
    return this.#input.subarray(this.#at);
  }

  /** False when the input is broken or too long. */
  run(): boolean {
    for (;;) {
      const last = this.#bits(1);
      const type = this.#bits(2);
      let good: boolean;
      if (type === 0) good = this.#stored();
      else if (type === 1) good = this.#block(FIXED_LENGTHS, FIXED_DISTANCES);
      else good = type === 2 && this.#dynamic();
      if (!good || last === BROKEN) return false;
      if (last === 1) return true;
    }
  }

  /** §3.1.1: least significant bit first. */
  #bits(count: number): number {
    while (this.#heldBits < count) {
      const octet = this.#input[this.#at++];
      if (octet === undefined) return BROKEN;
      this.#held |= octet << this.#heldBits;
      this.#heldBits += 8;
    }
    const bits = this.#held & ((1 << count) - 1);
    this.#held >>>= count;
    this.#heldBits -= count;
    return bits;
  }

  /** §3.2.2: codes of one length are consecutive, and begin where the shorter ones ended. */
  #symbol(code: Code): number {
    let value = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= MAX_BITS; length++) {
      const bit = this.#bits(1);
      if (bit === BROKEN) return BROKEN;
      value |= bit;
      const count = code.counts[length] ?? 0;
      if (value - first < count) return code.symbols[index + value - first] ?? BROKEN;
      index += count;
      first = (first + count) << 1;
      value <<= 1;
    }
    return BROKEN;
  }

  /** §3.2.4. */
  #stored(): boolean {
    this.#held = 0;
    this.#heldBits = 0;
    const length = this.#bits(16);
    const complement = this.#bits(16);
    if (length === BROKEN || complement === BROKEN || length !== (~complement & 0xffff)) return false;
    for (let i = 0; i < length; i++) {
      const octet = this.#input[this.#at++];
      if (octet === undefined || !this.#put(octet)) return false;
    }
    return true;
  }

  /** §3.2.7. */
  #dynamic(): boolean {
    const lengths = this.#bits(5) + 257;
    const distances = this.#bits(5) + 1;
    const count = this.#bits(4) + 4;
    if (lengths > 286 || distances > 30) return false;
    const own = Array.from({ length: ORDER.length }, () => 0);
    for (const symbol of ORDER.slice(0, count)) {
      const length = this.#bits(3);
      if (length === BROKEN) return false;
      own[symbol] = length;
    }
    const code = codeOf(own);
    if (code === undefined) return false;
    const all: number[] = [];
    while (all.length < lengths + distances) {
      const symbol = this.#symbol(code);
      if (symbol === BROKEN) return false;
      if (symbol < 16) {
        all.push(symbol);
        continue;
      }
      const [bits, base] = REPEATS[symbol - 16] ?? [0, 0];
      const extra = this.#bits(bits);
      const value = symbol === 16 ? all.at(-1) : 0;
      if (value === undefined || extra === BROKEN) return false;
      for (let i = 0; i < base + extra; i++) all.push(value);
    }
    if (all.length > lengths + distances) return false;
    const literal = codeOf(all.slice(0, lengths));
    const distance = codeOf(all.slice(lengths));
    return literal !== undefined && distance !== undefined && this.#block(literal, distance);
  }

  /** §3.2.3. */
  #block(literals: Code, distances: Code): boolean {
    for (;;) {
      const symbol = this.#symbol(literals);
      if (symbol === END_OF_BLOCK) return true;
      if (symbol === BROKEN) return false;
      if (symbol < END_OF_BLOCK) {
        if (!this.#put(symbol)) return false;
        continue;
      }
      const length = this.#extended(symbol - 257, LENGTH_BASE, LENGTH_EXTRA);
      const distance = this.#extended(this.#symbol(distances), DISTANCE_BASE, DISTANCE_EXTRA);
      if (length === BROKEN || distance === BROKEN || distance > this.#length) return false;
      for (let i = 0; i < length; i++) {
        if (!this.#put(this.#output[this.#length - distance] ?? 0)) return false;
      }
    }
  }

  #extended(index: number, bases: readonly number[], extras: readonly number[]): number {
    const base = bases[index];
    if (base === undefined) return BROKEN;
    const extra = this.#bits(extras[index] ?? 0);
    return extra === BROKEN ? BROKEN : base + extra;
  }

  #put(octet: number): boolean {
    if (this.#length === this.#max) return false;
    if (this.#length === this.#output.length) {
      const larger = new Uint8Array(Math.min(this.#max, this.#length * 2));
      larger.set(this.#output);
      this.#output = larger;
    }
    this.#output[this.#length++] = octet;
    return true;
  }
}

/** §3.2.7: extra bits and least number of repetitions of the symbols 16, 17, 18. */
const REPEATS = [
  [2, 3],
  [3, 3],
  [7, 11],
] as const;

/** undefined when there are more codes than bits for them. */
function codeOf(lengths: readonly number[]): Code | undefined {
  const counts = Array.from({ length: MAX_BITS + 1 }, () => 0);
  const symbols: number[] = [];
  let left = 1;
  for (let length = 1; length <= MAX_BITS; length++) {
    for (const [symbol, own] of lengths.entries()) if (own === length) symbols.push(symbol);
    counts[length] = lengths.filter((own) => own === length).length;
    left = left * 2 - (counts[length] ?? 0);
    if (left < 0) return undefined;
  }
  return { counts, symbols };
}

/** §3.2.6. */
function fixed(lengths: readonly number[]): Code {
  const code = codeOf(lengths);
  if (code === undefined) throw new Error('the fixed code of RFC 1951 is a code');
  return code;
}
const FIXED_LENGTHS = fixed(
  Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8)),
);
const FIXED_DISTANCES = fixed(Array.from({ length: 30 }, () => 5));

/** RFC 1950 §8.2. */
function adler32(octets: Bytes): number {
  let low = 1;
  let high = 0;
  for (const octet of octets) {
    low = (low + octet) % 65521;
    high = (high + low) % 65521;
  }
  return high * 65536 + low;
}
