// Makes inputs from seeds: bit flips, splices, tokens of the grammar, edits of numbers, repetition. Input `index` of a
// run depends on the seed of the run and on `index` alone, so that one can be made again without those before it.

import { Dice } from './dice.ts';

export interface MutatorOptions {
  /** Longest input, octets. One in a thousand may grow to 16 times that, for what is slow only in the long run. */
  readonly maxLength?: number;
}

const DEFAULT_MAX_LENGTH = 2048;
const LONG_ONE_IN = 1024;
const LONG_FACTOR = 16;
const MOST_EDITS = 6;

/** Octets at which the grammars turn. */
const OCTETS = Buffer.from(
  '\0\t\n\r !"#%&\'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~\x7f\x80\xa0\xbf\xc0\xe2\xf0\xff',
  'latin1',
);

/** Numbers at which counters and lengths turn. */
const NUMBERS: readonly string[] = [
  ...['0', '00', '1', '-1', '127', '255', '256', '1300', '65535', '65536', '2147483647', '2147483648'],
  ...['4294967295', '4294967296', '9007199254740993', '18446744073709551616', '1e9', '0x10', '+1', '1.5'],
  '9'.repeat(40),
];

type Edit = (data: Buffer, dice: Dice) => Buffer;

export class Mutator {
  readonly #seeds: readonly Uint8Array[];
  readonly #tokens: readonly Buffer[];
  readonly #maxLength: number;
  readonly #edits: readonly Edit[];

  constructor(seeds: readonly Uint8Array[], tokens: readonly string[], options: MutatorOptions = {}) {
    this.#seeds = seeds;
    this.#tokens = tokens.map((token) => Buffer.from(token, 'utf8'));
    this.#maxLength = options.maxLength ?? DEFAULT_MAX_LENGTH;
    const token: Edit = (data, dice) => insert(data, dice.below(data.length + 1), dice.pick(this.#tokens));
    const overToken: Edit = (data, dice) => {
      const [from, to] = slice(data, dice, 12);
      return replace(data, from, to, dice.pick(this.#tokens));
    };
    this.#edits = [
      flipBit,
      ...[setOctet, setOctet],
      addOctets,
      ...[drop, drop],
      double,
      moveSlice,
      editNumber,
      truncate,
      ...(this.#tokens.length > 0 ? [token, token, token, overToken] : [addOctets]),
      ...[this.#splice, this.#splice],
      this.#crossOver,
    ];
  }

  /** The first inputs are the seeds themselves. */
  input(seed: number, index: number): Uint8Array {
    const given = this.#seeds[index];
    if (given !== undefined) return given;
    const dice = new Dice(seed, index);
    let data: Buffer = Buffer.from(dice.pick(this.#seeds));
    for (let edits = 1 + dice.below(MOST_EDITS); edits > 0; edits--)
      data = dice.pick(this.#edits)(data, dice);
    if (dice.below(LONG_ONE_IN) === 0) return this.#repeat(data, dice);
    return data.subarray(0, this.#maxLength);
  }

  /** A piece of another seed goes in. */
  readonly #splice: Edit = (data, dice) => {
    const other = dice.pick(this.#seeds);
    const [from, to] = slice(other, dice, 48);
    return insert(data, dice.below(data.length + 1), other.subarray(from, to));
  };

  /** The head of this and the tail of another. */
  readonly #crossOver: Edit = (data, dice) => {
    const other = dice.pick(this.#seeds);
    const head = data.subarray(0, dice.below(data.length + 1));
    return Buffer.concat([head, other.subarray(dice.below(other.length + 1))]);
  };

  /** The same piece again and again: depth, counts, and time that grows faster than the input. */
  #repeat(data: Buffer, dice: Dice): Uint8Array {
    const [from, to] = slice(data, dice, 24);
    const room = this.#maxLength * LONG_FACTOR - data.length;
    const times = to === from ? 0 : dice.below(Math.max(0, room) / (to - from));
    const many = Buffer.alloc(times * (to - from), data.subarray(from, Math.max(to, from + 1)));
    return insert(data, from, many);
  }
}

function flipBit(data: Buffer, dice: Dice): Buffer {
  const at = dice.below(data.length);
  if (at < data.length) data[at] = (data[at] ?? 0) ^ (1 << dice.below(8));
  return data;
}

function setOctet(data: Buffer, dice: Dice): Buffer {
  const at = dice.below(data.length);
  if (at < data.length) data[at] = anOctet(dice);
  return data;
}

function addOctets(data: Buffer, dice: Dice): Buffer {
  const some = Array.from({ length: 1 + dice.below(4) }, () => anOctet(dice));
  return insert(data, dice.below(data.length + 1), Buffer.from(some));
}

function drop(data: Buffer, dice: Dice): Buffer {
  const [from, to] = slice(data, dice, 16);
  return replace(data, from, to, Buffer.alloc(0));
}

function double(data: Buffer, dice: Dice): Buffer {
  const [from, to] = slice(data, dice, 64);
  return insert(data, to, data.subarray(from, to));
}

function moveSlice(data: Buffer, dice: Dice): Buffer {
  const [from, to] = slice(data, dice, 64);
  const rest = replace(data, from, to, Buffer.alloc(0));
  return insert(rest, dice.below(rest.length + 1), data.subarray(from, to));
}

/** A number of the text becomes another one: the next, the one before, or one at a border. */
function editNumber(data: Buffer, dice: Dice): Buffer {
  const start = dice.below(data.length);
  let from = start;
  while (from < data.length && !isDigit(data[from])) from += 1;
  let to = from;
  while (to < data.length && to - from < 15 && isDigit(data[to])) to += 1;
  if (from === to) return data;
  const value = Number(data.toString('latin1', from, to));
  const near = [String(value + 1), String(value - 1), String(value * 2), ''];
  return replace(data, from, to, Buffer.from(dice.pick(dice.below(2) === 0 ? near : NUMBERS)));
}

function truncate(data: Buffer, dice: Dice): Buffer {
  return dice.below(3) === 0 ? data.subarray(0, dice.below(data.length + 1)) : data;
}

function anOctet(dice: Dice): number {
  return dice.below(2) === 0 ? dice.below(256) : (OCTETS[dice.below(OCTETS.length)] ?? 0);
}

function isDigit(octet: number | undefined): boolean {
  return octet !== undefined && octet >= 0x30 && octet <= 0x39;
}

function slice(data: Uint8Array, dice: Dice, longest: number): readonly [from: number, to: number] {
  const from = dice.below(data.length);
  return [from, Math.min(data.length, from + 1 + dice.below(longest))];
}

function insert(data: Buffer, at: number, piece: Uint8Array): Buffer {
  return replace(data, at, at, piece);
}

function replace(data: Buffer, from: number, to: number, piece: Uint8Array): Buffer {
  return Buffer.concat([data.subarray(0, from), piece, data.subarray(to)]);
}
