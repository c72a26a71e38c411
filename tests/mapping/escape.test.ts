import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { prepareLocal } from '../../src/xmpp/index.ts';
import { escapeLocal, unescapeLocal } from '../../src/mapping/index.ts';
import { localToText, textToLocal } from '../../src/mapping/escape.ts';

describe('XEP-0106 §3.2, rows ADDR-04, ADDR-05: the ten escapes, both ways', () => {
  const pairs: readonly [string, string][] = [
    ['a b', 'a\\20b'],
    ['"', '\\22'],
    ['&', '\\26'],
    ["'", '\\27'],
    ['/', '\\2f'],
    [':', '\\3a'],
    ['<', '\\3c'],
    ['>', '\\3e'],
    ['@', '\\40'],
    // XEP-0106 §4.2, §4.3 and §5: examples.
    ["d'artagnan", 'd\\27artagnan'],
    ['space cadet', 'space\\20cadet'],
    ['call me "ishmael"', 'call\\20me\\20\\22ishmael\\22'],
    ['at&t guy', 'at\\26t\\20guy'],
    ['/.fanboy', '\\2f.fanboy'],
    ['::foo::', '\\3a\\3afoo\\3a\\3a'],
    ['<foo>', '\\3cfoo\\3e'],
    ['user@host', 'user\\40host'],
    ['c:\\net', 'c\\3a\\net'],
    ['c:\\\\net', 'c\\3a\\\\net'],
    ['c:\\cool stuff', 'c\\3a\\cool\\20stuff'],
    ['c:\\5commas', 'c\\3a\\5c5commas'],
    ['\\3and\\2is\\5cool', '\\5c3and\\2is\\5c5cool'],
    // Row ADDR-06: left alone.
    ['\\2plus\\2is\\4', '\\2plus\\2is\\4'],
    ['foo\\bar', 'foo\\bar'],
    ['foob\\41r', 'foob\\41r'],
    ['\\', '\\'],
    ['\\\\27', '\\\\5c27'],
    // Row ADDR-32: one pass from left to right.
    ['\\27', '\\5c27'],
    ['\\5c27', '\\5c5c27'],
    ['tréville@musketeers.lit', 'tréville\\40musketeers.lit'],
  ];
  for (const [text, local] of pairs) {
    test(`${text} ↔ ${local}`, () => {
      assert.equal(escapeLocal(text), local);
      assert.equal(unescapeLocal(local), text);
      assert.deepEqual(textToLocal(text), { ok: true, value: local });
      assert.deepEqual(localToText(local), { ok: true, value: text });
    });
  }
});

describe('row ADDR-08: the localpart is prepared', () => {
  const cases: readonly [string, string][] = [
    ['Alice', 'alice'],
    ["O'Malley", 'o\\27malley'],
    ['Tschüß', 'tschüß'],
    ['u\u0308', 'ü'],
    ['ＡＢ', 'ab'],
    // Upper-case digits of an escape will be lower-cased, so they count as well.
    ['\\2F', '\\5c2f'],
    // Full-width ASCII is ASCII first, and then escaped.
    ['a＠b', 'a\\40b'],
    ['\\２７', '\\5c27'],
    ['＼27', '\\5c27'],
    ['a\u3000b', 'a\\20b'],
    // Final sigma: decided by the text, not by its escape.
    ["ΑΣ'Β", 'ασ\\27β'],
    ['ΑΣ', 'ας'],
  ];
  for (const [text, local] of cases) {
    test(`${text} → ${local}`, () => assert.deepEqual(textToLocal(text), { ok: true, value: local }));
  }
});

describe('what has no localpart', () => {
  const cases: readonly [string, string][] = [
    ['ADDR-07: space first', ' a'],
    ['ADDR-07: space last', 'a '],
    ['ADDR-07: ideographic space last', 'a\u3000'],
    ['ADDR-09: NUL', 'a\u0000'],
    ['ADDR-09: line feed', 'a\nb'],
    ['ADDR-09: DEL', 'a\u007f'],
    ['RFC 8264 §9: symbol', 'a♥'],
    ['RFC 8264 §9: emoji', '😀'],
    ['no-break space', 'a\u00a0b'],
    ['lone surrogate', 'a\ud800'],
    ['ADDR-15: 1024 octets', 'a'.repeat(1024)],
    ['ADDR-15: 1024 octets of escapes', '/'.repeat(342)],
    // NFC would make "\2f" + U+0307 into "\2ḟ", another user.
    ['a combining mark after a slash', '/\u0307'],
    ['a combining mark after "<"', '<\u0327x'],
  ];
  for (const [name, text] of cases) {
    test(name, () => {
      const result = textToLocal(text);
      assert.equal(result.ok ? result.value : result.error.kind, 'unmappable');
    });
  }
  test('ADDR-15: 1023 octets are a localpart', () => assert.ok(textToLocal('a'.repeat(1023)).ok));
});

describe('localparts that no user is mapped to are refused: answers would go to somebody else', () => {
  for (const local of ['a\\5cb', '\\20a', 'a\\20', '\\5c', 'a\\5c2p', '\\5c\\5c', '\\3e\u0338']) {
    test(local, () => {
      const result = localToText(local);
      assert.equal(result.ok ? result.value : result.error.kind, 'unmappable');
    });
  }
});

test('a letter that only composes with its mark is no digit of an escape (RFC 8265 §3.3.2: NFC)', () => {
  for (const text of ['\\3c\u0327', '\\3e\u0301', '\\2\uff43\u0327']) {
    const local = textToLocal(text);
    assert.ok(local.ok, text);
    const back = localToText(local.value);
    assert.equal(back.ok && back.value, text.normalize('NFKC'), text);
  }
});

const userText = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom(...Array.from('\\2567acfACF340e/:\'"<>@& .üßΣσς\u0307\u0327\u0338＼２＠İı')),
    maxLength: 12,
  }),
);

test('text → localpart → text: the same up to case, width and normalisation', () => {
  fc.assert(
    fc.property(userText, (text) => {
      const local = textToLocal(text);
      if (!local.ok) return;
      assert.deepEqual(prepareLocal(local.value), local, 'a prepared localpart');
      const back = localToText(local.value);
      assert.ok(back.ok);
      const same = (value: string): string =>
        value.normalize('NFKC').toLowerCase().replace(/ς/g, 'σ').normalize('NFKC');
      assert.equal(same(back.value), same(text));
      // And from then on it does not move any more.
      assert.deepEqual(textToLocal(back.value), local);
    }),
    { numRuns: 1000 },
  );
});

test('localpart → text → localpart: the same', () => {
  fc.assert(
    fc.property(userText, (text) => {
      const local = prepareLocal(text);
      if (!local.ok) return;
      const back = localToText(local.value);
      if (back.ok) assert.deepEqual(textToLocal(back.value), local);
    }),
    { numRuns: 1000 },
  );
});
