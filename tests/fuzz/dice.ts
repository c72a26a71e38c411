// Numbers that are repeatable from a seed and an index, so that each input of a run can be made again alone.

/** A small generator (xorshift32); its start is mixed, so that neighbouring indices have nothing in common. */
export class Dice {
  #state: number;

  constructor(seed: number, index: number) {
    this.#state = mix(mix(seed | 0) ^ Math.imul(index + 1, 0x9e3779b1)) || 1;
  }

  /** A whole number from 0 to below `sides`; 0 when there is no side. */
  below(sides: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return Math.floor(((x >>> 0) / 2 ** 32) * sides);
  }

  pick<T>(things: readonly T[]): T {
    const thing = things[this.below(things.length)];
    if (thing === undefined) throw new RangeError('nothing to pick from');
    return thing;
  }
}

/** The finalizer of MurmurHash3. */
function mix(value: number): number {
  let x = value;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
