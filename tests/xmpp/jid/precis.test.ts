// PRECIS (RFC 8264, RFC 8265), the contextual rules (RFC 5892 Appendix A) and the Bidi Rule (RFC 5893 §2).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { satisfiesBidiRule } from '../../../src/xmpp/jid/bidi.ts';
import { derivedProperty, type DerivedProperty } from '../../../src/xmpp/jid/code-points.ts';
import { satisfiesContextRules } from '../../../src/xmpp/jid/context-rules.ts';
import { opaqueString, usernameCaseMapped } from '../../../src/xmpp/jid/precis.ts';

describe('RFC 8264 §8: derived property', () => {
  const cases: readonly (readonly [string, DerivedProperty, string])[] = [
    ['a', 'PVALID', 'letter'],
    ['~', 'PVALID', '§9.11: printable ASCII'],
    ['A', 'PVALID', 'upper case'],
    [' ', 'FREE_PVAL', '§9.14: space'],
    ['\u00a0', 'FREE_PVAL', '§9.17: no-break space'],
    ['\u1680', 'FREE_PVAL', '§9.14: ogham space mark'],
    ['\u0007', 'DISALLOWED', '§9.12: control'],
    ['\u00ad', 'DISALLOWED', '§9.13: soft hyphen'],
    ['\ufe0f', 'DISALLOWED', '§9.13: variation selector'],
    ['\ufdd0', 'DISALLOWED', '§9.13: noncharacter'],
    ['\u{1ffff}', 'DISALLOWED', '§9.13: noncharacter in a higher plane'],
    ['\u{e0041}', 'DISALLOWED', '§9.13: tag'],
    ['\ue000', 'DISALLOWED', 'private use'],
    ['\u0378', 'DISALLOWED', '§9.10: unassigned'],
    ['\u00df', 'PVALID', 'RFC 5892 §2.6: sharp s'],
    ['\u03c2', 'PVALID', 'RFC 5892 §2.6: final sigma'],
    ['\u06fd', 'PVALID', 'RFC 5892 §2.6: Sindhi ampersand'],
    ['\u3007', 'PVALID', 'RFC 5892 §2.6: ideographic zero'],
    ['\u00b7', 'CONTEXT', 'RFC 5892 §2.6: middle dot'],
    ['\u0665', 'CONTEXT', 'RFC 5892 §2.6: Arabic-Indic digit'],
    ['\u06f5', 'CONTEXT', 'RFC 5892 §2.6: extended Arabic-Indic digit'],
    ['\u0640', 'DISALLOWED', 'RFC 5892 §2.6: tatweel'],
    ['\u3031', 'DISALLOWED', 'RFC 5892 §2.6: kana repeat mark'],
    ['\u302e', 'DISALLOWED', 'RFC 5892 §2.6: Hangul tone mark'],
    ['\u200c', 'CONTEXT', '§9.8: ZWNJ'],
    ['\u200d', 'CONTEXT', '§9.8: ZWJ'],
    ['\u1100', 'DISALLOWED', '§9.9: leading jamo'],
    ['\u11ff', 'DISALLOWED', '§9.9: trailing jamo'],
    ['\ud7fb', 'DISALLOWED', '§9.9: extended jamo'],
    ['가', 'PVALID', 'Hangul syllable'],
    ['\u2163', 'FREE_PVAL', '§9.17: roman numeral four'],
    ['\ufb01', 'FREE_PVAL', '§9.17: ligature'],
    ['\u2126', 'FREE_PVAL', '§9.17: ohm'],
    ['\u01c5', 'FREE_PVAL', 'title case'],
    ['\u16ee', 'FREE_PVAL', '§9.18: runic number'],
    ['\u265a', 'FREE_PVAL', '§9.15: symbol'],
    ['😀', 'FREE_PVAL', '§9.15: emoji'],
    ['\u00ab', 'FREE_PVAL', '§9.16: punctuation'],
    ['\u20dd', 'FREE_PVAL', '§9.18: enclosing mark'],
    ['\u0301', 'PVALID', 'nonspacing mark'],
    ['\u0662', 'CONTEXT', 'digit'],
    ['\u0967', 'PVALID', 'Devanagari digit'],
  ];
  for (const [character, property, name] of cases) {
    test(`${name}: ${property}`, () => assert.equal(derivedProperty(character), property));
  }
});

describe('RFC 8265 §3.3: UsernameCaseMapped', () => {
  const cases: readonly (readonly [string, string | undefined, string])[] = [
    ['ÉCOLE', 'école', 'case'],
    ['e\u0301', 'é', 'NFC'],
    ['\uff21\uff22\uff11', 'ab1', '§3.3.1: full width'],
    ['\uff76\uff9e', 'ガ', '§3.3.1: half-width kana with voice mark'],
    ['ΣΑΣ', 'σασ', 'RFC 7622 §3.5: no final sigma'],
    ['σας', 'σας', 'final sigma stays'],
    ['STRASSE', 'strasse', 'ss stays'],
    ['straße', 'straße', 'sharp s stays'],
    ['\u1e9e', 'ß', 'capital sharp s'],
    ['İ', 'i\u0307', 'Turkish capital dotted i'],
    ['ı', 'ı', 'Turkish dotless i stays'],
    ['\u13a0', '\uab70', 'Cherokee'],
    ['\u1c90', '\u10d0', 'Georgian'],
    ['', undefined, '§3.3.3: empty'],
    ['a b', undefined, 'space'],
    ['\u2126', undefined, '§3.3.2: ohm is judged before it is lower-cased'],
    ['\u212a', undefined, '§3.3.2: kelvin'],
    ['henry\u2163', undefined, 'roman numeral'],
    ['\uffa1', undefined, 'half-width jamo'],
    ['\uffe3', undefined, 'full-width macron'],
    ['a\u0640', undefined, 'tatweel'],
    ['😀', undefined, 'emoji'],
    ['COL\u00b7LEGI', 'col·legi', 'RFC 5892 A.3: context after the case mapping'],
    ['שלום', 'שלום', 'Hebrew'],
    ['abcא', undefined, 'RFC 5893: both directions'],
  ];
  for (const [text, expected, name] of cases) {
    test(`${name}: ${JSON.stringify(text)}`, () => assert.equal(usernameCaseMapped(text), expected));
  }
});

describe('RFC 8265 §4.2, §4.3: OpaqueString', () => {
  const cases: readonly (readonly [string, string | undefined, string])[] = [
    ['correct horse battery staple', 'correct horse battery staple', 'example 12'],
    ['Correct Horse Battery Staple', 'Correct Horse Battery Staple', 'example 13'],
    ['πßå', 'πßå', 'example 14'],
    ['Jack of ♦s', 'Jack of ♦s', 'example 15'],
    ['foo\u1680bar', 'foo bar', 'example 16'],
    ['', undefined, 'example 17'],
    ['my cat is a \tby', undefined, 'example 18'],
    ['\u3000\u00a0', '  ', 'non-ASCII spaces'],
    ['\uff21', '\uff21', 'width stays'],
    ['ÉE\u0301', 'ÉÉ', 'NFC, case stays'],
    ['abcא', 'abcא', 'no directionality rule'],
    ['\u2126', 'Ω', 'NFC of ohm'],
    ['a\u200cb', undefined, 'RFC 5892 A.1'],
    ['👩\u200d💻', undefined, 'RFC 5892 A.2: ZWJ in an emoji sequence'],
    ['\u0378', undefined, 'unassigned'],
  ];
  for (const [text, expected, name] of cases) {
    test(`${name}: ${JSON.stringify(text)}`, () => assert.equal(opaqueString(text), expected));
  }
});

describe('RFC 5892 Appendix A: contextual rules', () => {
  const cases: readonly (readonly [string, boolean, string])[] = [
    ['abc', true, 'nothing to judge'],
    ['\u0915\u094d\u200c\u0937', true, 'A.1: ZWNJ after Devanagari virama'],
    ['\u0c15\u0c4d\u200c\u0c37', true, 'A.1: ZWNJ after Telugu virama'],
    ['\u0628\u200c\u0628', true, 'A.1: between dual-joining letters'],
    ['\u0628\u064b\u200c\u064b\u0627', true, 'A.1: transparent marks between'],
    ['\u0627\u200c\u0628', false, 'A.1: after a right-joining letter'],
    ['\u0628\u200c', false, 'A.1: nothing after'],
    ['\u200c\u0628', false, 'A.1: nothing before'],
    ['\u0628\u200c\u200c\u0628', false, 'A.1: two of them'],
    ['a\u200cb', false, 'A.1: Latin'],
    ['\u0915\u094d\u200d\u0937', true, 'A.2: ZWJ after virama'],
    ['\u0628\u200d\u0628', false, 'A.2: no rule for cursive letters'],
    ['\u200d', false, 'A.2: alone'],
    ['a\u0301\u200d', false, 'A.2: mark of another class (230)'],
    ['\u05b0\u200d', false, 'A.2: mark of class 10'],
    ['\u3099\u200d', false, 'A.2: mark of class 8'],
    ['l\u00b7l', true, 'A.3'],
    ['l\u00b7', false, 'A.3: nothing after'],
    ['\u00b7l', false, 'A.3: nothing before'],
    ['L\u00b7L', false, 'A.3: capitals'],
    ['\u0375\u03b1', true, 'A.4'],
    ['\u0375a', false, 'A.4: Latin after'],
    ['\u03b1\u0375', false, 'A.4: nothing after'],
    ['\u05d0\u05f3', true, 'A.5'],
    ['a\u05f3', false, 'A.5: Latin before'],
    ['\u05f3\u05d0', false, 'A.5: nothing before'],
    ['\u05d0\u05f4\u05d1', true, 'A.6'],
    ['1\u05f4', false, 'A.6: digit before'],
    ['\u30fb\u3042', true, 'A.7: hiragana'],
    ['\u30a2\u30fb', true, 'A.7: katakana'],
    ['a\u30fb\u6f22', true, 'A.7: han, anywhere'],
    ['a\u30fbb', false, 'A.7: none'],
    ['\u0660\u0669', true, 'A.8'],
    ['\u06f0\u06f9', true, 'A.9'],
    ['\u0660a\u06f0', false, 'A.8, A.9: mixed'],
    ['\u06601', true, 'A.8: with ASCII digits'],
  ];
  for (const [text, expected, name] of cases) {
    test(`${name}: ${expected}`, () => assert.equal(satisfiesContextRules(text), expected));
  }
});

describe('RFC 5893 §2: Bidi Rule', () => {
  const cases: readonly (readonly [string, boolean, string])[] = [
    ['abc', true, 'no right-to-left character'],
    ['1-', true, 'no right-to-left character, although no condition holds'],
    ['אבג', true, 'R'],
    ['ابج', true, 'AL'],
    ['אا', true, 'R and AL'],
    ['1א', false, 'condition 1: begins with EN'],
    ['٣א', false, 'condition 1: begins with AN'],
    ['\u05b7א', false, 'condition 1: begins with NSM'],
    ['אaב', false, 'condition 2: L in an RTL label'],
    ['א1', true, 'condition 3: ends in EN'],
    ['א٣', true, 'condition 3: ends in AN'],
    ['א\u05b7', true, 'condition 3: ends in NSM'],
    ['א1\u05b7\u05b7', true, 'condition 3: several NSM'],
    ['א-', false, 'condition 3: ends in ES'],
    ['א-ב', true, 'condition 2: ES inside'],
    ['א!', false, 'condition 3: ends in ON'],
    ['א!\u05b7', false, 'condition 3: NSM after ON'],
    ['ا1٣', false, 'condition 4: EN and AN'],
    ['ا٣٣', true, 'condition 4: AN alone'],
    ['aא', false, 'condition 5: R in an LTR label'],
    ['a٣', false, 'condition 5: AN in an LTR label'],
    ['\u{10a00}\u{10a01}', true, 'Kharoshthi'],
    ['\u07c1\u07c2', true, "N'Ko digits are R"],
  ];
  for (const [text, expected, name] of cases) {
    test(`${name}: ${expected}`, () => assert.equal(satisfiesBidiRule(text), expected));
  }
});
