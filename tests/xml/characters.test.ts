// The character classes against the productions of XML 1.0 (Fifth Edition) as they are printed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNameChar, isNameStart, isNcName, isXmlChar } from '../../src/xml/characters.ts';

// [4] and [4a]; [2].
const START =
  ':A-Z_a-z\\u{C0}-\\u{D6}\\u{D8}-\\u{F6}\\u{F8}-\\u{2FF}\\u{370}-\\u{37D}\\u{37F}-\\u{1FFF}\\u{200C}-\\u{200D}' +
  '\\u{2070}-\\u{218F}\\u{2C00}-\\u{2FEF}\\u{3001}-\\u{D7FF}\\u{F900}-\\u{FDCF}\\u{FDF0}-\\u{FFFD}\\u{10000}-\\u{EFFFF}';
const NAME_START_CHAR = new RegExp(`^[${START}]$`, 'u');
const NAME_CHAR = new RegExp(`^[${START}\\-.0-9\\u{B7}\\u{300}-\\u{36F}\\u{203F}-\\u{2040}]$`, 'u');
const CHAR = /^[\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]$/u;

test('XML 1.0 [2], [4], [4a]: every code point of the first plane and the edges of the others', () => {
  const codes = Array.from({ length: 0x10000 }, (_, code) => code);
  for (let plane = 1; plane <= 16; plane++) {
    codes.push(plane * 0x10000, plane * 0x10000 + 1, plane * 0x10000 + 0xfffe, plane * 0x10000 + 0xffff);
  }
  for (const code of codes) {
    const character = String.fromCodePoint(code);
    if (isNameStart(code) !== NAME_START_CHAR.test(character)) assert.fail(`start ${code.toString(16)}`);
    if (isNameChar(code) !== NAME_CHAR.test(character)) assert.fail(`name ${code.toString(16)}`);
    if (isXmlChar(code) !== CHAR.test(character)) assert.fail(`char ${code.toString(16)}`);
  }
});

test('Namespaces in XML 1.0 [4]: NCName', () => {
  for (const good of ['a', '_', 'a-b.c1', 'é', '𐀀𐀀', 'a\u0300']) assert.equal(isNcName(good), true, good);
  for (const bad of ['', '1', '-a', 'a:b', ':', 'a b', '\u0300a', 'a\u{f0000}'])
    assert.equal(isNcName(bad), false, bad);
});
