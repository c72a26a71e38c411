// The Bidi Rule (RFC 5893 §2): keeps a label with right-to-left characters from being displayed in two ways.

import { BIDI_RANGES } from './bidi-table.ts';
import { RangeTable } from './range-table.ts';

const BIDI_CLASS = new RangeTable(BIDI_RANGES, 'L');

// Letters of the table: R = R, A = AL, N = AN, E = EN, S = ES, C = CS, T = ET, O = ON, B = BN, M = NSM, L = L.
const RTL_LABEL = /^[RA][RANESCTOBM]*$/;
const RTL_END = /[RAEN]M*$/;
const LTR_LABEL = /^L[LESCTOBM]*$/;
const LTR_END = /[LE]M*$/;

/** True when the text has no right-to-left character, or fulfils all six conditions of RFC 5893 §2. */
export function satisfiesBidiRule(text: string): boolean {
  let classes = '';
  for (const character of text) classes += BIDI_CLASS.get(character.codePointAt(0) ?? 0);
  // RFC 8265 §3.3.1: the rule is for strings that hold R, AL or AN (RFC 5893 §1.4).
  if (!/[RAN]/.test(classes)) return true;
  // Conditions 1 (first character), 2, 3, and 4 (not both kinds of digits).
  if (RTL_LABEL.test(classes)) {
    return RTL_END.test(classes) && !(classes.includes('E') && classes.includes('N'));
  }
  // Conditions 1, 5, 6.
  return LTR_LABEL.test(classes) && LTR_END.test(classes);
}
