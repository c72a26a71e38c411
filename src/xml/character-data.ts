// Runs of characters that mean themselves: text, CDATA sections, attribute values, with their line ends and white
// space normalised (XML 1.0 §2.4, §2.7, §2.11, §3.3.3). Each reader stops at the first character that is not its own
// and leaves it to the tokenizer; at the end of a piece it goes on with the next.

import { CLASS, TEXT_STOP, VALUE_STOP } from './characters.ts';

const TAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const CLOSE_BRACKET = 0x5d;
const GREATER = 0x3e;

export class CharacterData {
  /** What was read since it was last taken. (Joining is cheap: the engine links the parts and copies them once.) */
  text = '';
  /** The last character was a carriage return: a line feed now is part of the same line end (§2.11). */
  #afterCr = false;
  /** Length of the run of "]" that the last character ended. */
  #run = 0;

  clear(): void {
    this.text = '';
    this.#afterCr = false;
    this.#run = 0;
  }

  take(): string {
    const text = this.text;
    this.text = '';
    return text;
  }

  /** Text between tags, up to "<", "&", the ">" of a "]]>", or what is no character; or the length. */
  content(s: string, from: number): number {
    const length = s.length;
    let start = this.#skipLineFeed(s, from);
    let i = start;
    for (;;) {
      if (this.#run > 0) {
        for (; i < length && s.charCodeAt(i) === CLOSE_BRACKET; i++) this.#run++;
        if (i === length) break;
        // §2.4 [14]: "]]>" must not stand in text.
        const forbidden = this.#run >= 2 && s.charCodeAt(i) === GREATER;
        this.#run = 0;
        if (forbidden) break;
      }
      let code = 0;
      for (; i < length; i++) {
        code = s.charCodeAt(i);
        if (code < 128 ? ((CLASS[code] ?? 0) & TEXT_STOP) !== 0 : code >= 0xfffe) break;
      }
      if (i === length) break;
      if (code === CLOSE_BRACKET) {
        this.#run = 1;
        i++;
      } else if (code === CR) {
        this.#add(s, start, i);
        start = this.#lineEnd(s, i, '\n');
        i = start;
      } else break;
    }
    this.#add(s, start, i);
    return i;
  }

  /** A CDATA section, up to the ">" that ends it, or what is no character; or the length. */
  cdata(s: string, from: number): number {
    const length = s.length;
    let start = this.#skipLineFeed(s, from);
    let i = start;
    while (i < length) {
      const code = s.charCodeAt(i);
      if (code === CLOSE_BRACKET) {
        if (this.#run === 0) this.#add(s, start, i);
        this.#run++;
        start = ++i;
        continue;
      }
      if (this.#run > 0) {
        const ends = this.#run >= 2 && code === GREATER;
        this.text += ']'.repeat(ends ? this.#run - 2 : this.#run);
        this.#run = 0;
        start = i;
        if (ends) return i;
      }
      if (code === CR) {
        this.#add(s, start, i);
        start = this.#lineEnd(s, i, '\n');
        i = start;
      } else if (isStop(code) && code !== 0x3c && code !== 0x26) break;
      else i++;
    }
    this.#add(s, start, i);
    return i;
  }

  /** An attribute value, up to its closing quote, "&", "<", or what is no character; or the length. */
  value(s: string, from: number, quote: number): number {
    const length = s.length;
    let start = this.#skipLineFeed(s, from);
    let i = start;
    while (i < length) {
      const code = s.charCodeAt(i);
      if (code < 128 ? ((CLASS[code] ?? 0) & VALUE_STOP) === 0 : code < 0xfffe) i++;
      else if (code === TAB || code === LF || code === CR) {
        // §3.3.3: each becomes a space, a line end of two characters one space.
        this.#add(s, start, i);
        if (code === CR) start = this.#lineEnd(s, i, ' ');
        else {
          this.text += ' ';
          start = i + 1;
        }
        i = start;
      } else if ((code === 0x22 || code === 0x27) && code !== quote) i++;
      else break;
    }
    this.#add(s, start, i);
    return i;
  }

  #add(s: string, start: number, end: number): void {
    if (end > start) this.text = this.text === '' ? s.slice(start, end) : this.text + s.slice(start, end);
  }

  /** At a carriage return: writes `as` for the line end and gives the index behind it. */
  #lineEnd(s: string, i: number, as: string): number {
    this.text += as;
    if (i + 1 < s.length) return s.charCodeAt(i + 1) === LF ? i + 2 : i + 1;
    this.#afterCr = true;
    return i + 1;
  }

  #skipLineFeed(s: string, i: number): number {
    if (!this.#afterCr) return i;
    this.#afterCr = false;
    return s.charCodeAt(i) === LF ? i + 1 : i;
  }
}

function isStop(code: number): boolean {
  return code < 128 ? ((CLASS[code] ?? 0) & TEXT_STOP) !== 0 : code >= 0xfffe;
}
