// Text on its way out (XML 1.0 §2.2, §2.4, §3.3.3). What XML cannot carry becomes U+FFFD: sent as it is, it would make
// the peer close the stream for everybody on it (RFC 6120 §4.9.3.13).

import { isWellFormed } from '../base/index.ts';

const FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;
const ALL_FORBIDDEN = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g;
const IN_TEXT = /[&<>\r\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;
const ALL_IN_TEXT = /[&<>\r\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g;
const IN_ATTRIBUTE = /[&<>"'\0-\x1f\ufffe\uffff]/;
const ALL_IN_ATTRIBUTE = /[&<>"'\0-\x1f\ufffe\uffff]/g;

const REPLACEMENT = '\ufffd';
// A literal carriage return would be read as a line feed, white space in an attribute as spaces.
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** True when XML 1.0 can carry the text as character data. */
export function isXmlText(text: string): boolean {
  return !FORBIDDEN.test(text) && isWellFormed(text);
}

/** The text with U+FFFD for each character that XML 1.0 cannot carry, lone surrogates among them. */
export function sanitizeText(text: string): string {
  return isXmlText(text) ? text : text.toWellFormed().replace(ALL_FORBIDDEN, REPLACEMENT);
}

/** Character data, safe between tags. */
export function escapeText(text: string): string {
  const whole = isWellFormed(text) ? text : text.toWellFormed();
  return IN_TEXT.test(whole) ? whole.replace(ALL_IN_TEXT, escapeOne) : whole;
}

/** An attribute value, safe between quotes of either kind. */
export function escapeAttribute(value: string): string {
  const whole = isWellFormed(value) ? value : value.toWellFormed();
  return IN_ATTRIBUTE.test(whole) ? whole.replace(ALL_IN_ATTRIBUTE, escapeOne) : whole;
}

function escapeOne(character: string): string {
  return ESCAPES[character] ?? REPLACEMENT;
}
