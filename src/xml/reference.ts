// Entity and character references (XML 1.0 §4.1, §4.6). Only the five predefined entities exist: RFC 6120 §11.1
// forbids all others.

import { isNameChar, isNameStart, isXmlChar } from './characters.ts';
import { notWellFormed, restricted, type XmlStreamError } from './stream-error.ts';

const PREDEFINED: ReadonlyMap<string, string> = new Map([
  ['lt', '<'],
  ['gt', '>'],
  ['amp', '&'],
  ['apos', "'"],
  ['quot', '"'],
]);

const LONGEST_ENTITY = 64;
const HASH = 0x23;
const SEMICOLON = 0x3b;

/** One reference after its `&`, read a character at a time: short, and may be cut anywhere. */
export class ReferenceReader {
  #name = '';
  /** Value of a character reference so far, -1 while it is not one. */
  #value = -1;
  #radix = 10;
  #digits = 0;

  start(): void {
    this.#name = '';
    this.#value = -1;
    this.#radix = 10;
    this.#digits = 0;
  }

  /** Takes the next code point: undefined while unfinished, then the text it stands for, or what is wrong. */
  take(code: number): string | XmlStreamError | undefined {
    if (code === SEMICOLON) return this.#value < 0 ? this.#entity() : this.#character();
    if (this.#value >= 0) return this.#digit(code);
    if (this.#name === '' && code === HASH) {
      this.#value = 0;
      return undefined;
    }
    if (!(this.#name === '' ? isNameStart(code) : isNameChar(code))) return notWellFormed('bare ampersand');
    if (this.#name.length >= LONGEST_ENTITY) return restricted('unknown entity');
    this.#name += String.fromCodePoint(code);
    return undefined;
  }

  #digit(code: number): XmlStreamError | undefined {
    if (code === 0x78 && this.#digits === 0 && this.#radix === 10) {
      this.#radix = 16;
      return undefined;
    }
    const digit = digitValue(code);
    if (digit >= this.#radix) return notWellFormed('bad character reference');
    this.#digits = 1;
    // Held at one past the last code point, so that no number of digits overflows.
    this.#value = Math.min(this.#value * this.#radix + digit, 0x110000);
    return undefined;
  }

  #entity(): string | XmlStreamError {
    if (this.#name === '') return notWellFormed('empty reference');
    return PREDEFINED.get(this.#name) ?? restricted('unknown entity');
  }

  #character(): string | XmlStreamError {
    if (this.#digits === 0) return notWellFormed('empty character reference');
    // XML 1.0 §4.1, WFC "Legal Character".
    return isXmlChar(this.#value)
      ? String.fromCodePoint(this.#value)
      : notWellFormed('reference to no character');
  }
}

function digitValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  if (code >= 0x61 && code <= 0x66) return code - 0x57;
  return code >= 0x41 && code <= 0x46 ? code - 0x37 : 99;
}
