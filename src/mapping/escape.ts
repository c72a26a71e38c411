// Text of a user ↔ localpart of a JID: JID escaping (XEP-0106 1.1.1; RFC 7247 §6.4, §6.5; rows ADDR-04 … 09, 31, 32).
//
// The two functions are each other's inverse wherever both succeed, and refuse the rest: two users of one side are
// never one user of the other (except that SIP users which differ in case only become one, ADDR-08).

import { isAscii, type Result } from '../base/index.ts';
import { prepareLocal } from '../xmpp/index.ts';
import { addressFault, type AddressFault } from './address-fault.ts';

// The ten escapes of XEP-0106 §3.2, lower-case hexadecimal.
const ESCAPES: ReadonlyMap<string, string> = new Map([
  [' ', '\\20'],
  ['"', '\\22'],
  ['&', '\\26'],
  ["'", '\\27'],
  ['/', '\\2f'],
  [':', '\\3a'],
  ['<', '\\3c'],
  ['>', '\\3e'],
  ['@', '\\40'],
]);

const UNESCAPES: ReadonlyMap<string, string> = new Map([
  ...[...ESCAPES].map(([char, escape]): [string, string] => [escape, char]),
  ['\\5c', '\\'],
]);

const NEEDS_ESCAPE = /[ "&'/:<>@]|\\(?=20|22|26|27|2[fF]|3[aA]|3[cC]|3[eE]|40|5[cC])/g;
const ESCAPED = /\\(?:20|22|26|27|2f|3a|3c|3e|40|5c)/g;

/**
 * Escapes what no localpart can hold. A backslash is escaped only where it would look like one of the ten escapes
 * (ADDR-06); letters of such an escape count in either case, since the localpart will be lower-cased.
 */
export function escapeLocal(text: string): string {
  return text.replace(NEEDS_ESCAPE, (char) => ESCAPES.get(char) ?? '\\5c');
}

/** Undoes the ten escapes in one pass from left to right; other sequences stay (ADDR-32). */
export function unescapeLocal(local: string): string {
  return local.includes('\\') ? local.replace(ESCAPED, (escape) => UNESCAPES.get(escape) ?? escape) : local;
}

/** The prepared localpart of a user; `text` is decoded and not empty. Fault `unmappable`. */
export function textToLocal(text: string): Result<string, AddressFault> {
  const plain = isAscii(text);
  // Composed before escaping, as preparation would do it after: else the user "\\3" "c" with a cedilla has his backslash
  // escaped for an escape that is none any more.
  const folded = plain ? text : foldWidth(text).toLowerCase().normalize('NFC');
  const escaped = escapeLocal(folded);
  // XEP-0106 §3.2: "\20 MUST NOT be the first or last character of an escaped localpart" (ADDR-07).
  if (folded.startsWith(' ') || folded.endsWith(' ')) return edgeSpace();
  const prepared = prepareLocal(escaped);
  if (!prepared.ok) return addressFault('unmappable', prepared.error.message, prepared.error.clause);
  // Normalisation may join a combining mark to the last digit of an escape, which then is none any more.
  if (!plain && unescapeLocal(prepared.value).normalize('NFKC') !== folded.normalize('NFKC')) {
    return addressFault('unmappable', 'a combining mark cannot follow an escaped character', 'XEP-0106 §4.1');
  }
  return prepared;
}

/**
 * The user behind a prepared localpart. A localpart that no user is mapped to (a needless `\5c`, an outer `\20`) is
 * refused: its answers would go to somebody else. Fault `unmappable`.
 */
export function localToText(local: string): Result<string, AddressFault> {
  if (!local.includes('\\')) return { ok: true, value: local };
  const text = unescapeLocal(local);
  if (text.startsWith(' ') || text.endsWith(' ')) return edgeSpace();
  // A mark behind an escape may join what the escape stands for: "\3e" U+0338 would be U+226F, which is another user.
  if (escapeLocal(text.normalize('NFC')) !== local) {
    return addressFault('unmappable', 'an escape stands where none must be', 'XEP-0106 §4.1');
  }
  return { ok: true, value: text };
}

function edgeSpace(): Result<never, AddressFault> {
  return addressFault('unmappable', 'a localpart cannot begin or end with a space', 'XEP-0106 §3.2');
}

/**
 * Full-width ASCII becomes ASCII before escaping, as preparation would do it after (RFC 8265 §3.3.2): else the user
 * "＠" or "\２７" would come out as, or turn into, an escape.
 */
function foldWidth(text: string): string {
  return text.replace(/[\u3000\uff01-\uff5e]/g, (char) =>
    char === '\u3000' ? ' ' : String.fromCharCode(char.charCodeAt(0) - 0xfee0),
  );
}
