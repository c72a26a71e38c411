// RFC 7622: addresses, split, prepared, compared.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  bareJid,
  equalBare,
  equalJid,
  formatBareJid,
  formatJid,
  jidFromParts,
  parseJid,
  prepareLocal,
  prepareResource,
  type Jid,
} from '../../../src/xmpp/jid/index.ts';

function jid(text: string): Jid {
  const result = parseJid(text);
  assert.ok(result.ok, `${JSON.stringify(text)}: ${result.ok ? '' : result.error.message}`);
  return result.value;
}

function refused(text: string): void {
  const result = parseJid(text);
  assert.equal(
    result.ok ? `accepted as ${formatJid(result.value)}` : result.error.code,
    'jid-malformed',
    text,
  );
}

describe('RFC 7622 §3.5 table 1: legal JIDs', () => {
  const cases: readonly (readonly [number, string, string, string, string])[] = [
    [1, 'juliet@example.com', 'juliet', 'example.com', ''],
    [2, 'juliet@example.com/foo', 'juliet', 'example.com', 'foo'],
    [3, 'juliet@example.com/foo bar', 'juliet', 'example.com', 'foo bar'],
    [4, 'juliet@example.com/foo@bar', 'juliet', 'example.com', 'foo@bar'],
    [5, 'foo\\20bar@example.com', 'foo\\20bar', 'example.com', ''],
    [6, 'fussball@example.com', 'fussball', 'example.com', ''],
    [7, 'fu\u00dfball@example.com', 'fußball', 'example.com', ''],
    [8, '\u03c0@example.com', 'π', 'example.com', ''],
    [9, '\u03a3@example.com/foo', 'σ', 'example.com', 'foo'],
    [10, '\u03c3@example.com/foo', 'σ', 'example.com', 'foo'],
    [11, '\u03c2@example.com/foo', 'ς', 'example.com', 'foo'],
    [12, 'king@example.com/\u265a', 'king', 'example.com', '♚'],
    [13, 'example.com', '', 'example.com', ''],
    [14, 'example.com/foobar', '', 'example.com', 'foobar'],
    [15, 'a.example.com/b@example.net', '', 'a.example.com', 'b@example.net'],
  ];
  for (const [number, text, local, domain, resource] of cases) {
    test(`example ${number}: ${text}`, () => assert.deepEqual(jid(text), { local, domain, resource }));
  }
});

describe('RFC 7622 §3.5 table 2: no JIDs', () => {
  const cases: readonly (readonly [number, string])[] = [
    [16, '"juliet"@example.com'],
    [17, 'foo bar@example.com'],
    [19, '@example.com/'],
    [20, 'henry\u2163@example.com'],
    [21, '\u265a@example.com'],
    [22, 'juliet@'],
    [23, '/foobar'],
  ];
  for (const [number, text] of cases) test(`example ${number}: ${text}`, () => refused(text));

  // RFC 7622 erratum 4560: OpaqueString has no rule against it, the example is wrong.
  test('example 18 is a JID: leading space in the resourcepart', () => {
    assert.equal(jid('juliet@example.com/ foo').resource, ' foo');
  });
});

describe('RFC 7622 §3.1, §3.2: where the parts begin', () => {
  const good: readonly (readonly [string, string, string, string])[] = [
    ['a@b/c/d@e', 'a', 'b', 'c/d@e'],
    ['b/@', '', 'b', '@'],
    ['b//', '', 'b', '/'],
    ['A@B.C./D', 'a', 'b.c', 'D'],
  ];
  for (const [text, local, domain, resource] of good) {
    test(text, () => assert.deepEqual(jid(text), { local, domain, resource }));
  }
  for (const text of [
    '',
    '@',
    '/',
    '@/',
    'a@b@c',
    '@b',
    'b/',
    'a@b/',
    'a@/c',
    'a@.',
    '.',
    'a@b..',
    ' b',
    'b ',
    'a@ b',
  ]) {
    test(`refused: ${JSON.stringify(text)}`, () => refused(text));
  }
});

describe('RFC 7622 §3.3: localpart', () => {
  for (const character of `"&'/:<>@`) {
    test(`§3.3.1: ${character} is excluded`, () => {
      assert.equal(prepareLocal(`a${character}b`).ok, false);
      assert.equal(prepareLocal(`é${character}b`).ok, false);
    });
  }
  const wide: readonly string[] = [
    '\uff02',
    '\uff06',
    '\uff07',
    '\uff0f',
    '\uff1a',
    '\uff1c',
    '\uff1e',
    '\uff20',
  ];
  for (const character of wide) {
    test(`§3.3.1: excluded also in full width: ${character}`, () =>
      assert.equal(prepareLocal(`a${character}`).ok, false));
  }

  test('ADDR-09: space and controls', () => {
    for (let code = 0; code <= 0x20; code++)
      assert.equal(prepareLocal(`a${String.fromCharCode(code)}`).ok, false);
    for (const text of [
      '\u007f',
      '\u0080',
      '\u009f',
      '\u00a0',
      '\u2028',
      '\u3000',
      '\u200b',
      '\ufeff',
      '\u00ad',
    ]) {
      assert.equal(prepareLocal(`a${text}`).ok, false, JSON.stringify(text));
    }
  });

  test('all other printable ASCII, letters in lower case', () => {
    for (let code = 0x21; code <= 0x7e; code++) {
      const character = String.fromCharCode(code);
      if (`"&'/:<>@`.includes(character)) continue;
      assert.deepEqual(prepareLocal(character), { ok: true, value: character.toLowerCase() });
      assert.deepEqual(prepareLocal(`é${character}`), { ok: true, value: `é${character.toLowerCase()}` });
    }
  });

  test('ADDR-15: 1 to 1023 octets after preparation', () => {
    assert.equal(prepareLocal('').ok, false);
    assert.equal(prepareLocal('a'.repeat(1023)).ok, true);
    assert.equal(prepareLocal('a'.repeat(1024)).ok, false);
    assert.equal(prepareLocal(`${'é'.repeat(511)}a`).ok, true);
    assert.equal(prepareLocal('é'.repeat(512)).ok, false);
    // Three octets each before, one after.
    assert.deepEqual(prepareLocal('\uff21'.repeat(1023)), { ok: true, value: 'a'.repeat(1023) });
    assert.equal(prepareLocal('\uff21'.repeat(1024)).ok, false);
  });
});

describe('RFC 7622 §3.4: resourcepart', () => {
  test('case and all printable ASCII stay', () => {
    const all = Array.from({ length: 0x5f }, (_, i) => String.fromCharCode(0x20 + i)).join('');
    assert.deepEqual(prepareResource(all), { ok: true, value: all });
  });

  test('controls are refused', () => {
    for (let code = 0; code < 0x20; code++)
      assert.equal(prepareResource(`a${String.fromCharCode(code)}`).ok, false);
    for (const text of ['\u007f', '\u0085', '\u2028', '\u200b', '\ufeff'])
      assert.equal(prepareResource(text).ok, false);
  });

  test('ADDR-15: 1 to 1023 octets', () => {
    assert.equal(prepareResource('').ok, false);
    assert.equal(prepareResource('R'.repeat(1023)).ok, true);
    assert.equal(prepareResource('R'.repeat(1024)).ok, false);
    assert.equal(prepareResource('♚'.repeat(341)).ok, true);
    assert.equal(prepareResource('♚'.repeat(342)).ok, false);
  });
});

describe('parts, format, comparison', () => {
  test('jidFromParts prepares; an empty part is absent', () => {
    const full = jidFromParts('Romeo', 'EXAMPLE.net.', 'Orchard');
    assert.deepEqual(full, { ok: true, value: jid('romeo@example.net/Orchard') });
    assert.deepEqual(jidFromParts('', 'example.net'), { ok: true, value: jid('example.net') });
    const bad: readonly (readonly [string, string, string])[] = [
      ['a b', 'c', ''],
      ['a', '', ''],
      ['a', 'b c', ''],
      ['a', 'b', '\0'],
      ['a/b', 'c', ''],
    ];
    for (const [local, domain, resource] of bad) {
      assert.equal(jidFromParts(local, domain, resource).ok, false);
    }
  });

  test('formatJid, formatBareJid, bareJid', () => {
    for (const text of ['b', 'a@b', 'b/c', 'a@b/c d/e@f']) assert.equal(formatJid(jid(text)), text);
    assert.equal(formatBareJid(jid('a@b/c')), 'a@b');
    assert.deepEqual(bareJid(jid('a@b/c')), jid('a@b'));
    const bare = jid('a@b');
    assert.equal(bareJid(bare), bare);
  });

  test('equalJid, equalBare', () => {
    assert.equal(equalJid(jid('A@B.c/d'), jid('a@b.C./d')), true);
    assert.equal(equalJid(jid('a@b/d'), jid('a@b/D')), false);
    assert.equal(equalBare(jid('a@b/d'), jid('a@b/D')), true);
    assert.equal(equalBare(jid('a@b'), jid('c@b')), false);
    assert.equal(equalBare(jid('a@b'), jid('a@c')), false);
    // RFC 7622 §3.5 on examples 9 to 11.
    assert.equal(equalJid(jid('\u03a3@b'), jid('\u03c3@b')), true);
    assert.equal(equalJid(jid('\u03c2@b'), jid('\u03c3@b')), false);
  });
});

const characters = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc
    .array(
      fc.constantFrom(
        ...[
          'a',
          'A',
          '.',
          '-',
          '@',
          '/',
          '[',
          ']',
          ':',
          '1',
          'ß',
          'Σ',
          'ς',
          'İ',
          'ı',
          'ﬁ',
          'Å',
          '\u030a',
          'e',
          '\u0301',
        ],
        ...[
          'א',
          'ب',
          '٣',
          '۳',
          '\u200c',
          '\u200d',
          'क',
          '\u094d',
          '・',
          'カ',
          '·',
          'l',
          '׳',
          '͵',
          'xn--',
          'Ａ',
          'ｶ',
          'ﾞ',
        ],
        ...[
          '\u1e9e',
          '\u0345',
          '\u13a0',
          '\u1c90',
          '\ud800',
          '\u3000',
          ' ',
          '。',
          '♚',
          '\u{1f600}',
          '각',
          '\u1100',
        ],
      ),
      { maxLength: 8 },
    )
    .map((list) => list.join('')),
);

describe('properties', () => {
  test('RFC 8264 §7: what was prepared stays as it is', () => {
    fc.assert(
      fc.property(characters, (text) => {
        for (const prepare of [prepareLocal, prepareResource]) {
          const once = prepare(text);
          if (once.ok) assert.deepEqual(prepare(once.value), once);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('parse(format(parse(x))) = parse(x)', () => {
    fc.assert(
      fc.property(characters, characters, characters, (local, domain, resource) => {
        for (const text of [
          `${local}@${domain}/${resource}`,
          `${local}@example.com/${resource}`,
          domain,
          local,
        ]) {
          const once = parseJid(text);
          if (once.ok) assert.deepEqual(parseJid(formatJid(once.value)), once);
        }
      }),
      { numRuns: 500 },
    );
  });
});
