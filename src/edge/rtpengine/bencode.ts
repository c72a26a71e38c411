// Bencoding (BEP 3, "bencoding"), in which rtpengine's control protocol is written: numbers, strings of octets, lists, maps.
// Strict where two readers could disagree (leading zeros, "-0", a key twice); the order of keys is not looked at, since
// rtpengine does not sort them.

import {
  concatBytes,
  fault,
  latin1Bytes,
  latin1Text,
  ok,
  utf8Bytes,
  type Bytes,
  type Result,
} from '../../base/index.ts';

/** What may be written: text becomes UTF-8, and maps are written in the order of their keys. */
export type BencodeInput =
  | number
  | string
  | Bytes
  | readonly BencodeInput[]
  | { readonly [key: string]: BencodeInput };

/** What is read. A number beyond those that a double holds exactly is a bigint. Keys are byte strings. */
export type BencodeValue = number | bigint | Bytes | readonly BencodeValue[] | BencodeMap;
export type BencodeMap = ReadonlyMap<string, BencodeValue>;

/** Deeper than anything that rtpengine answers (7 in an answer to `query`). */
const MAX_DEPTH = 32;
/** Digits of a number: 64 bits and a sign have 20. */
const MAX_DIGITS = 20;

const [DIGIT_0, DIGIT_9, COLON, MINUS] = [0x30, 0x39, 0x3a, 0x2d] as const;
const [LIST, MAP, NUMBER, END] = [0x6c, 0x64, 0x69, 0x65] as const;

/** Writes a value. A number must be a safe integer: anything else is a fault of ours, and thrown. */
export function formatBencode(value: BencodeInput): Bytes {
  const parts: Bytes[] = [];
  write(value, parts);
  return concatBytes(parts);
}

function write(value: BencodeInput, parts: Bytes[]): void {
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no whole number`);
    // "-0" is not a number of this format.
    parts.push(latin1Bytes(`i${value === 0 ? 0 : value}e`));
  } else if (typeof value === 'string' || value instanceof Uint8Array) {
    const octets = typeof value === 'string' ? utf8Bytes(value) : value;
    parts.push(latin1Bytes(`${octets.length}:`), octets);
  } else if (isList(value)) {
    parts.push(latin1Bytes('l'));
    for (const each of value) write(each, parts);
    parts.push(latin1Bytes('e'));
  } else {
    parts.push(latin1Bytes('d'));
    const keys = Object.keys(value).map((key): readonly [string, Bytes] => [key, utf8Bytes(key)]);
    for (const [key, octets] of keys.toSorted((a, b) => byOctets(latin1Text(a[1]), latin1Text(b[1])))) {
      write(octets, parts);
      write(value[key] ?? '', parts);
    }
    parts.push(latin1Bytes('e'));
  }
}

function isList(value: BencodeInput): value is readonly BencodeInput[] {
  return Array.isArray(value);
}

function byOctets(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Reads one value that is the whole of `octets`; else ERR_RTPENGINE_SYNTAX. Never throws. */
export function parseBencode(octets: Bytes): Result<BencodeValue> {
  const reader = new Reader(octets);
  const value = reader.value(0);
  if (value === undefined) return fault('ERR_RTPENGINE_SYNTAX', reader.problem, 'BEP 3');
  if (reader.at !== octets.length)
    return fault('ERR_RTPENGINE_SYNTAX', 'something follows the value', 'BEP 3');
  return ok(value);
}

class Reader {
  at = 0;
  problem = 'ends too early';
  readonly #octets: Bytes;

  constructor(octets: Bytes) {
    this.#octets = octets;
  }

  /** Undefined: `problem` says why not. */
  value(depth: number): BencodeValue | undefined {
    if (depth > MAX_DEPTH) return this.#fail('is nested too deep');
    switch (this.#octets[this.at]) {
      case undefined:
        return undefined;
      case NUMBER:
        return this.#number();
      case LIST:
        return this.#list(depth);
      case MAP:
        return this.#map(depth);
      default:
        return this.#text();
    }
  }

  #list(depth: number): BencodeValue | undefined {
    this.at += 1;
    const list: BencodeValue[] = [];
    while (this.#octets[this.at] !== END) {
      const value = this.value(depth + 1);
      if (value === undefined) return undefined;
      list.push(value);
    }
    this.at += 1;
    return list;
  }

  #map(depth: number): BencodeValue | undefined {
    this.at += 1;
    const map = new Map<string, BencodeValue>();
    while (this.#octets[this.at] !== END) {
      const key = this.#text();
      if (key === undefined) return undefined;
      const name = latin1Text(key);
      if (map.has(name)) return this.#fail('has a key twice');
      const value = this.value(depth + 1);
      if (value === undefined) return undefined;
      map.set(name, value);
    }
    this.at += 1;
    return map;
  }

  #number(): number | bigint | undefined {
    this.at += 1;
    const negative = this.#octets[this.at] === MINUS;
    if (negative) this.at += 1;
    const digits = this.#digits();
    if (digits === undefined) return undefined;
    if (negative && digits === '0') return this.#fail('has a number "-0"');
    if (this.#octets[this.at] !== END) return this.#fail('has a number that does not end');
    this.at += 1;
    const value = BigInt(negative ? `-${digits}` : digits);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  #text(): Bytes | undefined {
    const digits = this.#digits();
    if (digits === undefined) return undefined;
    if (this.#octets[this.at] !== COLON) return this.#fail('has a length without ":"');
    const start = this.at + 1;
    const end = start + Number(digits);
    if (end > this.#octets.length) return this.#fail('has a text that is longer than the rest');
    this.at = end;
    return this.#octets.subarray(start, end);
  }

  #digits(): string | undefined {
    const start = this.at;
    for (let octet = this.#octets[this.at]; octet !== undefined; octet = this.#octets[this.at]) {
      if (octet < DIGIT_0 || octet > DIGIT_9) break;
      this.at += 1;
    }
    const digits = latin1Text(this.#octets, start, this.at);
    if (digits === '')
      return this.#fail(start < this.#octets.length ? 'has no digit where one must be' : this.problem);
    if (digits.length > MAX_DIGITS) return this.#fail('has too many digits');
    if (digits.length > 1 && digits.startsWith('0')) return this.#fail('has a number with a leading zero');
    return digits;
  }

  #fail(problem: string): undefined {
    this.problem = problem;
    return undefined;
  }
}
