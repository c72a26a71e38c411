// RFC 1950, RFC 1951: what another implementation (zlib) packs comes out; anything else is refused, and bounded.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { constants, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { inflate } from '../../src/mime/index.ts';

const MAX = 100_000;
const TEXT = Buffer.from('<imdn>delivered</imdn>, '.repeat(400));

describe('deflate', () => {
  for (const [what, options] of [
    ['stored', { level: 0 }],
    ['the fixed code', { strategy: constants.Z_FIXED }],
    ['codes of its own', { level: 9 }],
    ['codes without repetitions', { strategy: constants.Z_HUFFMAN_ONLY }],
  ] as const) {
    test(what, () => assert.deepEqual(Buffer.from(inflate(deflateSync(TEXT, options), MAX) ?? ''), TEXT));
  }

  test('property: whatever zlib packs', () => {
    const octets = fc.oneof(
      fc.uint8Array({ maxLength: 3000 }),
      fc.array(fc.constantFrom(1, 2, 3, 255), { maxLength: 3000 }).map((list) => Uint8Array.from(list)),
    );
    fc.assert(
      fc.property(
        octets,
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: 0, max: 4 }),
        (input, level, strategy) => {
          const packed = deflateSync(input, { level, strategy });
          assert.deepEqual(Buffer.from(inflate(packed, MAX) ?? 'broken'), Buffer.from(input));
        },
      ),
    );
  });

  test('no longer than allowed, to the octet', () => {
    const packed = deflateSync(Buffer.alloc(50_000));
    assert.equal(inflate(packed, 50_000)?.length, 50_000);
    assert.equal(inflate(packed, 49_999), undefined);
  });

  test('cut anywhere, or with something behind it: broken', () => {
    for (const options of [{ level: 0 }, { level: 9 }, { strategy: constants.Z_FIXED }]) {
      const packed = deflateSync(TEXT, options);
      for (let i = 0; i < Math.min(packed.length, 300); i++) {
        assert.equal(inflate(packed.subarray(0, packed.length - 1 - i), MAX), undefined);
      }
      assert.equal(inflate(Buffer.concat([packed, Buffer.from('x')]), MAX), undefined);
    }
  });

  test('property: what a peer makes up ends, and a changed octet does not pass for the text', () => {
    const packed = deflateSync(TEXT);
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.nat(packed.length - 1),
        fc.nat(254),
        (noise, at, by) => {
          inflate(Buffer.concat([Buffer.from([0x78, 0x9c]), noise]), MAX);
          const changed = Buffer.from(packed);
          changed[at] = ((changed[at] ?? 0) + by + 1) & 0xff;
          const result = inflate(changed, MAX);
          // The two octets at the front have forms that mean the same.
          if (at > 1) assert.ok(result === undefined || Buffer.from(result).equals(TEXT));
        },
      ),
    );
  });
});
