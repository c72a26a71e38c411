// The two PRECIS profiles of a JID: UsernameCaseMapped for the localpart, OpaqueString for the resourcepart
// (RFC 8265 §3.3, §4.2; RFC 8264 §7).

import { satisfiesBidiRule } from './bidi.ts';
import { isFreeformClass, isIdentifierClass } from './code-points.ts';
import { satisfiesContextRules } from './context-rules.ts';

// Decomposition_Type Wide and Narrow (RFC 8264 §5.2.1). NFKC of one of them is its decomposition, or something that is
// as much disallowed as that (half-width Hangul).
const WIDE_OR_NARROW = /[\u3000\uff01-\uffee]/g;
const NON_ASCII_SPACE = /\p{Zs}/gu;
const CAPITAL_SIGMA = /\u03a3/g;

/** RFC 8264 §7: rules are applied again until nothing changes, three more times at most. */
const ROUNDS = 4;

/**
 * UsernameCaseMapped (RFC 8265 §3.3): the enforced form, or undefined when the text has none. Code points are judged
 * both before the mappings (§3.3.2) and after (RFC 8264 §7), contextual rules after.
 */
export function usernameCaseMapped(text: string): string | undefined {
  return untilStable(text, (from) => {
    const narrow = from.replace(WIDE_OR_NARROW, (character) => character.normalize('NFKC'));
    if (!isIdentifierClass(narrow)) return undefined;
    // RFC 7622 §3.5 on example 11: PRECIS knows no final sigma, toLowerCase does.
    const mapped = narrow.replace(CAPITAL_SIGMA, '\u03c3').toLowerCase().normalize('NFC');
    return isIdentifierClass(mapped) && satisfiesContextRules(mapped) && satisfiesBidiRule(mapped)
      ? mapped
      : undefined;
  });
}

/** OpaqueString (RFC 8265 §4.2): the enforced form, or undefined when the text has none. */
export function opaqueString(text: string): string | undefined {
  return untilStable(text, (from) => {
    if (!isFreeformClass(from)) return undefined;
    const mapped = from.replace(NON_ASCII_SPACE, ' ').normalize('NFC');
    return isFreeformClass(mapped) && satisfiesContextRules(mapped) ? mapped : undefined;
  });
}

function untilStable(text: string, enforce: (text: string) => string | undefined): string | undefined {
  let from = text;
  for (let round = 0; round < ROUNDS; round++) {
    const to = enforce(from);
    if (to === undefined || to === '') return undefined;
    if (to === from) return to;
    from = to;
  }
  return undefined;
}
