// A property of code points as sorted ranges, from the compact text that tools/make-unicode-tables.ts writes.

export class RangeTable {
  readonly #begins: number[] = [];
  readonly #ends: number[] = [];
  readonly #letters: string[] = [];
  readonly #other: string;

  /**
   * `text`: for each range a capital letter, its distance from the end of the range before, and "," with its length
   * less one unless that is 0; numbers in base 36 with small letters. `other` is the value of all else.
   */
  constructor(text: string, other: string) {
    this.#other = other;
    let at = 0;
    for (const [, letter, gap, more] of text.matchAll(/([A-Z])([0-9a-z]+)(?:,([0-9a-z]+))?/g)) {
      at += Number.parseInt(gap ?? '', 36);
      this.#begins.push(at);
      at += more === undefined ? 1 : Number.parseInt(more, 36) + 1;
      this.#ends.push(at);
      this.#letters.push(letter ?? '');
    }
  }

  /** The letter of a code point. */
  get(code: number): string {
    let low = 0;
    let high = this.#begins.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (code < (this.#begins[middle] ?? 0)) high = middle;
      else if (code >= (this.#ends[middle] ?? 0)) low = middle + 1;
      else return this.#letters[middle] ?? this.#other;
    }
    return this.#other;
  }
}
