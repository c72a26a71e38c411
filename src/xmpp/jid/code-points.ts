// The derived property of a code point for PRECIS (RFC 8264 §8, §9; RFC 5892 §2), from the engine's own Unicode
// properties, so that it moves on with Unicode as the RFC intends.

/** RFC 8264 §8. Unassigned counts as disallowed (§4.2.4, §4.3.4). */
export type DerivedProperty = 'PVALID' | 'CONTEXT' | 'FREE_PVAL' | 'DISALLOWED';

// RFC 5892 §2.6 (Exceptions).
const EXCEPTION_VALID = /^[\u00df\u03c2\u06fd\u06fe\u0f0b\u3007]$/u;
const EXCEPTION_CONTEXT = /^[\u00b7\u0375\u05f3\u05f4\u30fb\u0660-\u0669\u06f0-\u06f9]$/u;
const EXCEPTION_DISALLOWED = /^[\u0640\u07fa\u302e\u302f\u3031-\u3035\u303b]$/u;

const UNASSIGNED = /^\p{Cn}$/u;
const JOIN_CONTROL = /^\p{Join_Control}$/u;
// RFC 5892 §2.9: Hangul_Syllable_Type L, V, T.
const OLD_HANGUL_JAMO = /^[\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7c6\ud7cb-\ud7fb]$/u;
const IGNORABLE = /^[\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]$/u;
const CONTROL = /^\p{Cc}$/u;
const LETTER_DIGIT = /^[\p{Ll}\p{Lu}\p{Lo}\p{Nd}\p{Lm}\p{Mn}\p{Mc}]$/u;
const FREEFORM_ONLY = /^[\p{Lt}\p{Nl}\p{No}\p{Me}\p{Zs}\p{S}\p{P}]$/u;

/** The derived property; the order of the tests is the RFC's and must stay (RFC 8264 §8). */
export function derivedProperty(character: string): DerivedProperty {
  if (EXCEPTION_VALID.test(character)) return 'PVALID';
  if (EXCEPTION_CONTEXT.test(character)) return 'CONTEXT';
  if (EXCEPTION_DISALLOWED.test(character)) return 'DISALLOWED';
  if (UNASSIGNED.test(character)) return 'DISALLOWED';
  if (character >= '!' && character <= '~' && character.length === 1) return 'PVALID';
  if (JOIN_CONTROL.test(character)) return 'CONTEXT';
  if (OLD_HANGUL_JAMO.test(character)) return 'DISALLOWED';
  if (IGNORABLE.test(character)) return 'DISALLOWED';
  if (CONTROL.test(character)) return 'DISALLOWED';
  // HasCompat (RFC 8264 §9.17).
  if (character.normalize('NFKC') !== character) return 'FREE_PVAL';
  if (LETTER_DIGIT.test(character)) return 'PVALID';
  return FREEFORM_ONLY.test(character) ? 'FREE_PVAL' : 'DISALLOWED';
}

/** IdentifierClass (RFC 8264 §4.2), contextual rules aside. */
export function isIdentifierClass(text: string): boolean {
  for (const character of text) {
    const property = derivedProperty(character);
    if (property !== 'PVALID' && property !== 'CONTEXT') return false;
  }
  return true;
}

/** FreeformClass (RFC 8264 §4.3), contextual rules aside. */
export function isFreeformClass(text: string): boolean {
  for (const character of text) if (derivedProperty(character) === 'DISALLOWED') return false;
  return true;
}
