import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decodeText } from '../../src/mime/index.ts';

describe('row IM-40: charset parameter', () => {
  const cases: readonly [string | undefined, readonly number[], string | undefined][] = [
    [undefined, [0x66, 0xc3, 0xbc], 'fü'],
    ['', [0x66, 0xc3, 0xbc], 'fü'],
    ['UTF-8', [0x66, 0xc3, 0xbc], 'fü'],
    ['utf8', [0xf0, 0x9f, 0x98, 0x80], '😀'],
    ['utf-8', [0xef, 0xbb, 0xbf, 0x61], 'a'],
    ['utf-8', [0x61, 0xff, 0x62], 'a\ufffdb'],
    ['utf-8', [0xed, 0xa0, 0x80], '\ufffd\ufffd\ufffd'],
    ['US-ASCII', [0x61], 'a'],
    ['us-ascii', [0xc3, 0xbc], 'ü'],
    ['ISO-8859-1', [0x66, 0xfc], 'fü'],
    ['iso-8859-2', [0xb1, 0xe6], 'ąć'],
    ['ISO-8859-5', [0xbf, 0xe0], 'Пр'],
    ['ISO-8859-15', [0xa4], '€'],
    ['windows-1251', [0xcf, 0xf0], 'Пр'],
    ['windows-1252', [0x80], '€'],
    ['KOI8-R', [0xf0, 0xd2], 'Пр'],
    ['Shift_JIS', [0x82, 0xa0], 'あ'],
    ['GBK', [0xc4, 0xe3], '你'],
    ['Big5', [0xa7, 0x41], '你'],
    ['EUC-KR', [0xb0, 0xa1], '가'],
    ['utf-16', [0x00, 0x61], 'a'],
    ['UTF-16', [0xfe, 0xff, 0x00, 0x61], 'a'],
    ['UTF-16', [0xff, 0xfe, 0x61, 0x00], 'a'],
    ['UTF-16', [0xff, 0x21], 'Ａ'],
    ['utf-16le', [0x61, 0x00], 'a'],
    ['utf-16be', [0xd8, 0x00, 0x00, 0x61], '\ufffda'],
    ['x-klingon', [0x61], undefined],
    ['utf-7', [0x61], undefined],
    ['utf-32', [0, 0, 0, 0x61], undefined],
  ];
  for (const [charset, octets, expected] of cases) {
    test(`${charset}: ${octets.map((o) => o.toString(16)).join(' ')}`, () => {
      assert.equal(decodeText(Uint8Array.from(octets), charset), expected);
    });
  }
});
