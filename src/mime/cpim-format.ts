// message/cpim (RFC 3862): writing. What a caller gives cannot add a line: controls are escaped or encoded here.

import { joinHeadAndBody, toByteString, type Bytes } from '../base/index.ts';
import type { CpimAddress, CpimHeader, CpimMessage } from './cpim.ts';

// RFC 3862 §2.3.1: "the special sequences MUST be used", the others by code.
const SPECIAL: ReadonlyMap<string, string> = new Map([
  ['\\', '\\\\'],
  ['\b', '\\b'],
  ['\t', '\\t'],
  ['\n', '\\n'],
  ['\r', '\\r'],
]);

/** Text as a header value: backslash and control characters escaped. */
export function escapeCpimText(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\\\u0000-\u001f\u007f]/g, (char) => SPECIAL.get(char) ?? unicodeEscape(char));
}

/** `"Formal name" <uri>`, or `<uri>` when there is no name. */
export function formatCpimAddress(address: CpimAddress): string {
  // What cannot stand in a URI is percent-encoded, so that the angle brackets stay the only ones.
  const uri = address.uri.toWellFormed().replace(/[^!#-;=?-[\]-~]/gu, encodeURIComponent);
  if (address.displayName === '') return `<${uri}>`;
  return `"${escapeCpimText(address.displayName).replaceAll('"', '\\"')}" <${uri}>`;
}

/** A header whose value is text. */
export function cpimTextHeader(name: string, text: string, lang?: string): CpimHeader {
  const tagged = lang !== undefined && /^[A-Za-z0-9-]+$/.test(lang);
  return { name, params: tagged ? `;lang=${lang}` : '', value: escapeCpimText(trimSpaces(text)) };
}

/**
 * The octets of a message. Header values are written as they are, since they are raw (see `CpimHeader`); control
 * characters, which no raw value holds, are escaped all the same.
 */
export function formatCpim(message: CpimMessage): Bytes {
  let head = '';
  for (const { name, params, value } of message.headers) {
    head += `${withoutControls(name)}:${withoutControls(params)} ${withoutControls(value)}\r\n`;
  }
  head += '\r\n';
  for (const { name, value } of message.contentHeaders) {
    head += `${name.replace(/[^!-9;-~]/g, '')}: ${value.replace(/[\u0000-\u001f\u007f]+/g, ' ')}\r\n`;
  }
  return joinHeadAndBody(`${toByteString(head)}\r\n`, message.body);
}

/** Spaces at the ends of a value are not kept by its readers. */
function trimSpaces(text: string): string {
  return text.replace(/^ +/, '').replace(/(?<! ) +$/, '');
}

function withoutControls(raw: string): string {
  return raw.replace(/[\u0000-\u001f\u007f]/g, (char) => SPECIAL.get(char) ?? unicodeEscape(char));
}

function unicodeEscape(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
