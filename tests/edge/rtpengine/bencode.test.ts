// Bencoding (BEP 3), in which rtpengine is spoken to. Tables of octets, both directions; what must not be read.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { latin1Bytes, latin1Text, utf8Bytes, type Bytes } from '../../../src/base/index.ts';
import {
  formatBencode,
  parseBencode,
  type BencodeInput,
  type BencodeValue,
} from '../../../src/edge/rtpengine/index.ts';

/** What is read of what was written. */
function asRead(value: BencodeInput): BencodeValue {
  if (typeof value === 'number') return value === 0 ? 0 : value;
  if (typeof value === 'string') return utf8Bytes(value);
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(asRead);
  return new Map(Object.entries(value).map(([key, each]) => [latin1Text(utf8Bytes(key)), asRead(each)]));
}

function plain(value: BencodeValue): unknown {
  if (value instanceof Uint8Array) return latin1Text(value);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, each]) => [key, plain(each)]));
  if (Array.isArray(value)) return value.map(plain);
  return value;
}

describe('BEP 3 "bencoding": written and read', () => {
  const cases: [string, BencodeInput, unknown][] = [
    ['4:spam', 'spam', 'spam'],
    ['0:', '', ''],
    ['i3e', 3, 3],
    ['i-3e', -3, -3],
    ['i0e', 0, 0],
    ['l4:spam4:eggse', ['spam', 'eggs'], ['spam', 'eggs']],
    ['le', [], []],
    ['de', {}, {}],
    ['d3:cow3:moo4:spam4:eggse', { cow: 'moo', spam: 'eggs' }, { cow: 'moo', spam: 'eggs' }],
    ['d4:spaml1:a1:bee', { spam: ['a', 'b'] }, { spam: ['a', 'b'] }],
    // Keys in the order of their octets, whatever the order in which they were given; lengths are octets.
    [
      'd3:ICE5:force4:SDESl3:offe7:command5:offere',
      { command: 'offer', SDES: ['off'], ICE: 'force' },
      undefined,
    ],
    ['2:\u00c3\u00a4', '\u00e4', '\u00c3\u00a4'],
    ['2:\u0000\u00ff', latin1Bytes('\u0000\u00ff'), '\u0000\u00ff'],
    ['i9007199254740991e', Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  ];
  for (const [octets, value, read] of cases) {
    test(octets, () => {
      assert.equal(latin1Text(formatBencode(value)), octets);
      const parsed = parseBencode(latin1Bytes(octets));
      assert.ok(parsed.ok);
      if (read !== undefined) assert.deepEqual(plain(parsed.value), read);
    });
  }
});

test('rtpengine does not sort its keys, and counts in 64 bits', () => {
  const parsed = parseBencode(latin1Bytes('d6:result2:ok7:createdi18446744073709551615e1:ai1ee'));
  assert.ok(parsed.ok);
  assert.deepEqual(plain(parsed.value), { result: 'ok', created: 18446744073709551615n, a: 1 });
});

describe('BEP 3: not read', () => {
  const cases: [string, RegExp][] = [
    ['', /ends too early/],
    ['i', /ends too early/],
    ['ie', /no digit/],
    ['i-e', /no digit/],
    ['i-0e', /-0/],
    ['i03e', /leading zero/],
    ['i3', /does not end/],
    ['i3x', /does not end/],
    ['i1.5e', /does not end/],
    ['i999999999999999999999e', /too many digits/],
    ['4spam', /without ":"/],
    ['5:spam', /longer than the rest/],
    ['99999999999999999999:x', /longer than the rest/],
    ['04:spam', /leading zero/],
    ['-1:x', /no digit/],
    ['l4:spam', /ends too early/],
    ['d3:cow', /ends too early/],
    ['d3:cow3:moo', /ends too early/],
    ['di1e3:mooe', /no digit/],
    ['d1:a1:b1:a1:ce', /twice/],
    ['4:spamx', /something follows/],
    ['i1ei2e', /something follows/],
    ['x', /no digit/],
    [`${'l'.repeat(40)}${'e'.repeat(40)}`, /too deep/],
  ];
  for (const [octets, message] of cases) {
    test(octets.slice(0, 40) || 'nothing', () => {
      const parsed = parseBencode(latin1Bytes(octets));
      assert.ok(!parsed.ok);
      assert.equal(parsed.error.code, 'ERR_RTPENGINE_SYNTAX');
      assert.match(parsed.error.message, message);
    });
  }
});

test('a number that is none is a fault of ours', () => {
  for (const value of [1.5, Number.NaN, 2 ** 53]) assert.throws(() => formatBencode(value), RangeError);
});

const values = fc.letrec<{ value: BencodeInput }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.maxSafeInteger(),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array({ maxLength: 30 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 8 }), tie('value'), { maxKeys: 4 }),
  ),
})).value;

test('what is written is read as it was', () => {
  fc.assert(
    fc.property(values, (value) => {
      const parsed = parseBencode(formatBencode(value));
      assert.ok(parsed.ok);
      assert.deepEqual(plain(parsed.value), plain(asRead(value)));
    }),
  );
});

test('no part of a value is a value, but for what the whole is', () => {
  fc.assert(
    fc.property(values, fc.nat(), (value, cut) => {
      const whole = formatBencode(value);
      const part: Bytes = whole.subarray(0, cut % whole.length);
      assert.ok(!parseBencode(part).ok);
    }),
  );
});

test('octets of any kind are read or refused, and never thrown about', () => {
  const kinds = fc
    .array(fc.constantFrom(...Array.from('dlie0123456789:-ax')), { maxLength: 60 })
    .map((all) => all.join(''));
  fc.assert(
    fc.property(fc.oneof(kinds, fc.string({ unit: 'binary' })), (text) => {
      const parsed = parseBencode(utf8Bytes(text));
      if (parsed.ok) assert.equal(typeof parsed.ok, 'boolean');
      else assert.equal(parsed.error.code, 'ERR_RTPENGINE_SYNTAX');
    }),
  );
});
