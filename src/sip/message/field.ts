// Header fields that can be written without harm. Whoever makes a field of a text goes through here, so that no
// value can bring a line of its own (RFC 3261 §7.3.1: a field ends at CRLF).

import { toByteString } from '../../base/index.ts';
import { CR, LF, isToken } from '../header/chars.ts';
import { headerName } from './names.ts';
import type { HeaderField } from './types.ts';

/** Made by the functions below only: holds neither CR nor LF, nor chars above U+00FF, and its name is a token. */
export class CheckedField implements HeaderField {
  readonly name: string;
  readonly id: string;
  readonly value: string;

  constructor(name: string, id: string, value: string) {
    this.name = name;
    this.id = id;
    this.value = value;
  }
}

/**
 * A field with Unicode text of any origin. Runs of CR, LF and NUL become one space (table row IM-02), the rest is
 * written as UTF-8. The text is not quoted: that depends on the field.
 */
export function headerField(name: string, unicodeValue: string): HeaderField {
  return rawHeaderField(name, toByteString(unicodeValue.toWellFormed().replaceAll(/[\r\n\0]+/g, ' ')).trim());
}

/** A field whose value is already a byte string in the syntax of the field. Throws TypeError when it cannot be one line. */
export function rawHeaderField(name: string, value: string): HeaderField {
  if (!isToken(name)) throw new TypeError('a header field name that is no token');
  if (!isOneLine(value)) throw new TypeError(`a value of ${name} with a line end or a char above U+00FF`);
  const known = headerName(name);
  return new CheckedField(known.name, known.id, value);
}

/** The field itself when it is safe to write, else a checked copy; throws TypeError as `rawHeaderField`. */
export function checkedField(field: HeaderField): HeaderField {
  return field instanceof CheckedField ? field : rawHeaderField(field.name, field.value);
}

/**
 * True when the text can stand in one line of a head. Chars above U+00FF count as line ends: written as single
 * octets U+010A would become LF.
 */
export function isOneLine(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === CR || code === LF || code > 0xff) return false;
  }
  return true;
}
