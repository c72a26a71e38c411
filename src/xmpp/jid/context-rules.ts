// The contextual rules for join controls and for characters that are harmless only in some company (RFC 5892
// Appendix A).

import { JOINING_RANGES } from './joining-table.ts';
import { RangeTable } from './range-table.ts';

const JOINING_TYPE = new RangeTable(JOINING_RANGES, 'U');

const NEEDS_CONTEXT = /[\u00b7\u0375\u05f3\u05f4\u30fb\u0660-\u0669\u06f0-\u06f9\u200c\u200d]/;
const ARABIC_INDIC_DIGIT = /[\u0660-\u0669]/;
const EXTENDED_ARABIC_INDIC_DIGIT = /[\u06f0-\u06f9]/;
const GREEK = /^\p{Script=Greek}$/u;
const HEBREW = /^\p{Script=Hebrew}$/u;
const KANA_OR_HAN = /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u;

/** True when every character that needs a context has it. */
export function satisfiesContextRules(text: string): boolean {
  if (!NEEDS_CONTEXT.test(text)) return true;
  // A.8, A.9: the two kinds of digits do not mix.
  if (ARABIC_INDIC_DIGIT.test(text) && EXTENDED_ARABIC_INDIC_DIGIT.test(text)) return false;
  // A.7: one of these scripts somewhere; the dot itself is of none.
  if (text.includes('\u30fb') && !KANA_OR_HAN.test(text)) return false;
  const characters = Array.from(text);
  return characters.every((_, index) => hasContext(characters, index));
}

function hasContext(characters: readonly string[], index: number): boolean {
  const before = characters[index - 1];
  const after = characters[index + 1];
  switch (characters[index]) {
    case '\u200c':
      // A.1
      return (before !== undefined && isVirama(before)) || breaksCursiveJoin(characters, index);
    case '\u200d':
      // A.2
      return before !== undefined && isVirama(before);
    case '\u00b7':
      // A.3
      return before === 'l' && after === 'l';
    case '\u0375':
      // A.4
      return after !== undefined && GREEK.test(after);
    case '\u05f3':
    case '\u05f4':
      // A.5, A.6
      return before !== undefined && HEBREW.test(before);
    default:
      return true;
  }
}

/** A.1: (Joining_Type:{L,D}) (Joining_Type:T)* ZWNJ (Joining_Type:T)* (Joining_Type:{R,D}). */
function breaksCursiveJoin(characters: readonly string[], index: number): boolean {
  let left = index - 1;
  while (left >= 0 && joiningType(characters[left]) === 'T') left--;
  const leftType = joiningType(characters[left]);
  if (leftType !== 'L' && leftType !== 'D') return false;
  let right = index + 1;
  while (right < characters.length && joiningType(characters[right]) === 'T') right++;
  const rightType = joiningType(characters[right]);
  return rightType === 'R' || rightType === 'D';
}

function joiningType(character: string | undefined): string {
  return character === undefined ? 'U' : JOINING_TYPE.get(character.codePointAt(0) ?? 0);
}

/**
 * Canonical_Combining_Class = 9 (Virama). The engine has no such property, but it sorts marks by it: U+05B0 has class
 * 10 and U+3099 class 8, so that only a mark of class 9 moves before the one and behind the other.
 */
function isVirama(character: string): boolean {
  return movesBefore(character, '\u05b0') && movesBefore('\u3099', character);
}

/** True when the second mark, followed by the first, is sorted the other way round. */
function movesBefore(first: string, second: string): boolean {
  return first !== second && (second + first).normalize('NFD') === first + second;
}
