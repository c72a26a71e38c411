// Percent-encoding (RFC 3986 §2.1, RFC 3261 §25.1 "escaped").

import { fault, latin1Bytes, ok, toByteString, utf8Text, type Bytes, type Result } from '../../base/index.ts';
import { HEX, PERCENT, isClass } from '../header/chars.ts';

/** Octets of a raw text with each "%" HEX HEX decoded, once (never "%2541" to "A"). A "%" without two digits is a fault. */
export function percentDecode(raw: string): Result<Bytes> {
  const decoded = percentDecodeText(raw);
  return decoded.ok ? ok(latin1Bytes(decoded.value)) : decoded;
}

/** The same as a byte string. */
export function percentDecodeText(raw: string): Result<string> {
  let at = raw.indexOf('%');
  if (at < 0) return ok(raw);
  let text = '';
  let start = 0;
  while (at >= 0) {
    if (!isEscape(raw, at)) {
      return fault('ERR_SIP_URI_ESCAPE', 'a "%" without two hexadecimal digits', 'RFC 3986 §2.1');
    }
    text += raw.slice(start, at) + String.fromCharCode(Number.parseInt(raw.slice(at + 1, at + 3), 16));
    start = at + 3;
    at = raw.indexOf('%', start);
  }
  return ok(text + raw.slice(start));
}

/** The decoded octets as Unicode text; a fault when they are not UTF-8. */
export function percentDecodeUtf8(raw: string): Result<string> {
  const bytes = percentDecode(raw);
  if (!bytes.ok) return bytes;
  const text = utf8Text(bytes.value);
  return text === undefined
    ? fault('ERR_SIP_URI_UTF8', 'the escaped octets are not UTF-8', 'RFC 3986 §2.5')
    : ok(text);
}

/**
 * Unicode text as UTF-8 with every octet escaped whose char `isAllowed` refuses; upper-case digits (RFC 3986 §2.1).
 * `isAllowed` gets ASCII char codes only: others are always escaped, and so is "%".
 */
export function percentEncode(text: string, isAllowed: (code: number) => boolean): string {
  const octets = toByteString(text);
  let result = '';
  for (let i = 0; i < octets.length; i++) {
    const code = octets.charCodeAt(i);
    result += code < 0x80 && code !== PERCENT && isAllowed(code) ? octets[i] : escapeOctet(code);
  }
  return result;
}

/** "%" and two upper-case digits. */
export function escapeOctet(octet: number): string {
  return `%${octet < 16 ? '0' : ''}${octet.toString(16).toUpperCase()}`;
}

/** True when "%" HEX HEX stands at `pos`. */
export function isEscape(raw: string, pos: number): boolean {
  return (
    isClass(raw.charCodeAt(pos + 1), HEX) &&
    isClass(raw.charCodeAt(pos + 2), HEX) &&
    raw.charCodeAt(pos) === PERCENT
  );
}

/** True when [start, end) holds only chars of the classes and well-formed escapes. */
export function isEscapedText(raw: string, start: number, end: number, bits: number): boolean {
  for (let i = start; i < end; i++) {
    const code = raw.charCodeAt(i);
    if (isClass(code, bits)) continue;
    if (code !== PERCENT || i + 2 >= end || !isEscape(raw, i)) return false;
    i += 2;
  }
  return true;
}

/**
 * A raw text in which equal texts look equal (RFC 3261 §19.1.4): escapes of chars outside `reserved` are decoded,
 * the others have upper-case digits.
 */
export function normalizeEscapes(raw: string, reserved: string): string {
  if (!raw.includes('%')) return raw;
  return raw.replaceAll(/%[0-9A-Fa-f]{2}/g, (escape) => {
    const char = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    const stays = char <= ' ' || char >= '\u007F' || char === '%' || reserved.includes(char);
    return stays ? escape.toUpperCase() : char;
  });
}
