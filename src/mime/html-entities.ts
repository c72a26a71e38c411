// Character references of HTML: the 252 named ones of HTML 4.01 §24 (and "apos"), and the numeric ones.

// The names of U+00A0 … U+00FF in order.
const LATIN_1 =
  'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute ' +
  'micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig ' +
  'Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash ' +
  'Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ' +
  'ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc ' +
  'uuml yacute thorn yuml';

// The names of U+0391 … U+03A9 and U+03B1 … U+03C9; "-" where there is none.
const GREEK_CAPITALS =
  'Alpha Beta Gamma Delta Epsilon Zeta Eta Theta Iota Kappa Lambda Mu Nu Xi Omicron Pi Rho - Sigma Tau Upsilon Phi ' +
  'Chi Psi Omega';
const GREEK_SMALL =
  'alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigmaf sigma tau upsilon ' +
  'phi chi psi omega';

// Name and character in turn.
const OTHERS =
  'quot " amp & apos \' lt < gt > OElig Œ oelig œ Scaron Š scaron š Yuml Ÿ fnof ƒ circ ˆ tilde ˜ thetasym ϑ upsih ϒ ' +
  'piv ϖ ndash – mdash — lsquo ‘ rsquo ’ sbquo ‚ ldquo “ rdquo ” bdquo „ dagger † Dagger ‡ bull • hellip … permil ‰ ' +
  'prime ′ Prime ″ lsaquo ‹ rsaquo › oline ‾ frasl ⁄ euro € image ℑ weierp ℘ real ℜ trade ™ alefsym ℵ larr ← uarr ↑ ' +
  'rarr → darr ↓ harr ↔ crarr ↵ lArr ⇐ uArr ⇑ rArr ⇒ dArr ⇓ hArr ⇔ forall ∀ part ∂ exist ∃ empty ∅ nabla ∇ isin ∈ ' +
  'notin ∉ ni ∋ prod ∏ sum ∑ minus − lowast ∗ radic √ prop ∝ infin ∞ ang ∠ and ∧ or ∨ cap ∩ cup ∪ int ∫ there4 ∴ ' +
  'sim ∼ cong ≅ asymp ≈ ne ≠ equiv ≡ le ≤ ge ≥ sub ⊂ sup ⊃ nsub ⊄ sube ⊆ supe ⊇ oplus ⊕ otimes ⊗ perp ⊥ sdot ⋅ ' +
  'lceil ⌈ rceil ⌉ lfloor ⌊ rfloor ⌋ lang ⟨ rang ⟩ loz ◊ spades ♠ clubs ♣ hearts ♥ diams ♦';

// Spaces and marks that no editor shows.
const INVISIBLE: readonly (readonly [string, number])[] = [
  ['ensp', 0x2002],
  ['emsp', 0x2003],
  ['thinsp', 0x2009],
  ['zwnj', 0x200c],
  ['zwj', 0x200d],
  ['lrm', 0x200e],
  ['rlm', 0x200f],
];

/** Longest name; a search for the closing semicolon need not go further. */
const MAX_REFERENCE = 10;

const NAMED = makeTable();

function makeTable(): ReadonlyMap<string, string> {
  const table = new Map<string, string>();
  const range = (names: string, first: number): void => {
    for (const [i, name] of names.split(' ').entries()) {
      if (name !== '-') table.set(name, String.fromCodePoint(first + i));
    }
  };
  range(LATIN_1, 0xa0);
  range(GREEK_CAPITALS, 0x391);
  range(GREEK_SMALL, 0x3b1);
  for (const [name, codePoint] of INVISIBLE) table.set(name, String.fromCodePoint(codePoint));
  const others = OTHERS.split(' ');
  for (let i = 0; i < others.length; i += 2) table.set(others[i] ?? '', others[i + 1] ?? '');
  return table;
}

/** Replaces character references; what is no known one stays as it is. */
export function decodeReferences(text: string): string {
  let at = text.indexOf('&');
  if (at < 0) return text;
  let decoded = '';
  let done = 0;
  for (; at >= 0; at = text.indexOf('&', at + 1)) {
    const end = semicolonAfter(text, at + 1);
    if (end < 0) continue;
    const char = resolveReference(text.slice(at + 1, end));
    if (char === undefined) continue;
    decoded += text.slice(done, at) + char;
    done = end + 1;
    at = end;
  }
  return decoded + text.slice(done);
}

function semicolonAfter(text: string, from: number): number {
  const last = Math.min(text.length, from + MAX_REFERENCE);
  for (let at = from; at < last; at++) if (text.charCodeAt(at) === 0x3b) return at;
  return -1;
}

function resolveReference(name: string): string | undefined {
  const numeric = /^#(?:[xX]([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name);
  if (numeric === null) return NAMED.get(name);
  const codePoint = numeric[1] === undefined ? Number(numeric[2]) : Number.parseInt(numeric[1], 16);
  const isScalar = codePoint > 0 && codePoint <= 0x10ffff && (codePoint < 0xd800 || codePoint > 0xdfff);
  return isScalar ? String.fromCodePoint(codePoint) : '\ufffd';
}
