// Character classes of the SIP grammar as one table of bits (RFC 3261 §25.1), and the smallest scanners over it.
// All scanners work on byte strings, by char code: they run several times for each message.

/** RFC 3261 token. */
export const TOKEN = 0x01;
/** unreserved / user-unreserved ("%" is treated apart). */
export const USER = 0x02;
/** unreserved and & = + $ , : the password of userinfo. */
export const PASSWORD = 0x04;
/** paramchar without "%". */
export const PARAM = 0x08;
/** hnv-unreserved / unreserved: names and values of URI headers. */
export const HVALUE = 0x10;
export const DIGIT = 0x20;
export const ALPHA = 0x40;
export const HEX = 0x80;
/** What may stand in any URI at all (RFC 3986 §2, with "%"): everything visible but " < > and DEL. */
export const URI = 0x100;
/** An unquoted parameter value: token, host or what peers put there; no separators of the list, no quotes. */
export const VALUE = 0x200;
/** token, white space and octets of UTF-8: an unquoted display name. */
export const DISPLAY = 0x400;
/** What may follow the first letter of a scheme (RFC 3986 §3.1). */
export const SCHEME = 0x800;
/** RFC 3986 unreserved: ALPHA DIGIT - . _ ~ . */
export const UNRESERVED = 0x1000;

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const QUOTE = 0x22;
export const PERCENT = 0x25;
export const COMMA = 0x2c;
export const SLASH = 0x2f;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const LESS = 0x3c;
export const EQUALS = 0x3d;
export const GREATER = 0x3e;
export const QUESTION = 0x3f;
export const AT = 0x40;
export const BACKSLASH = 0x5c;

const classes = new Uint16Array(256);

function mark(bits: number, chars: string): void {
  for (let i = 0; i < chars.length; i++) {
    const code = chars.charCodeAt(i);
    classes[code] = (classes[code] ?? 0) | bits;
  }
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';
mark(ALPHA, LETTERS);
mark(DIGIT, DIGITS);
mark(HEX, `${DIGITS}ABCDEFabcdef`);
mark(TOKEN | DISPLAY, `${LETTERS}${DIGITS}-.!%*_+\`'~`);
mark(DISPLAY, ' \t');
mark(SCHEME, `${LETTERS}${DIGITS}+-.`);
mark(UNRESERVED, `${LETTERS}${DIGITS}-._~`);
const SIP_UNRESERVED = `${LETTERS}${DIGITS}-_.!~*'()`;
mark(USER, `${SIP_UNRESERVED}&=+$,;?/`);
mark(PASSWORD, `${SIP_UNRESERVED}&=+$,`);
mark(PARAM, `${SIP_UNRESERVED}[]/:&+$`);
mark(HVALUE, `${SIP_UNRESERVED}[]/?:+$`);
for (let code = 0x21; code < 0x7f; code++) {
  const char = String.fromCharCode(code);
  if (!'"<>'.includes(char)) mark(URI, char);
  if (!'"<>;,\\'.includes(char)) mark(VALUE, char);
}
for (let code = 0x80; code < 0x100; code++) mark(DISPLAY | VALUE, String.fromCharCode(code));

/** True when the char code belongs to one of the classes; false for anything above U+00FF. */
export function isClass(code: number, bits: number): boolean {
  return ((classes[code] ?? 0) & bits) !== 0;
}

/** First index from `pos` on that does not belong to the classes. */
export function skipClass(text: string, pos: number, end: number, bits: number): number {
  while (pos < end && ((classes[text.charCodeAt(pos)] ?? 0) & bits) !== 0) pos++;
  return pos;
}

/** Skips SP and HTAB. Folding was undone before (RFC 3261 §7.3.1), so this is LWS and SWS. */
export function skipSpace(text: string, pos: number, end: number): number {
  while (pos < end) {
    const code = text.charCodeAt(pos);
    if (code !== SP && code !== TAB) break;
    pos++;
  }
  return pos;
}

/** True for a token of at least one char. */
export function isToken(text: string): boolean {
  return text.length > 0 && skipClass(text, 0, text.length, TOKEN) === text.length;
}

/**
 * Index after the closing quote of the quoted-string that opens at `pos`; -1 when it never closes. A quoted-pair
 * may hold any octet but CR and LF (RFC 3261 §25.1).
 */
export function skipQuoted(text: string, pos: number, end: number): number {
  for (let i = pos + 1; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) return i + 1;
    if (code === BACKSLASH) i++;
  }
  return -1;
}

/** Content of the quoted-string at [start, end), quotes included there, quoted-pairs resolved. */
export function unquote(text: string, start: number, end: number): string {
  const inner = text.slice(start + 1, end - 1);
  if (!inner.includes('\\')) return inner;
  let result = '';
  for (let i = 0; i < inner.length; i++) {
    if (inner.charCodeAt(i) === BACKSLASH && i + 1 < inner.length) i++;
    result += inner[i];
  }
  return result;
}

/** Value of 1*DIGIT at [start, end); -1 for anything else and for what a double cannot count exactly. */
export function readNumber(text: string, start: number, end: number): number {
  if (start >= end) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
    if (value > Number.MAX_SAFE_INTEGER) return -1;
  }
  return value;
}

/** True when `lower` (lower-case ASCII) stands at `pos`, in any case. */
export function matchesAt(text: string, pos: number, lower: string): boolean {
  if (pos + lower.length > text.length) return false;
  for (let i = 0; i < lower.length; i++) {
    const code = text.charCodeAt(pos + i);
    const folded = code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
    if (folded !== lower.charCodeAt(i)) return false;
  }
  return true;
}
