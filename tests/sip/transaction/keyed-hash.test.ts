// HalfSipHash against the vectors published with the algorithm: key 00 01 … 07, input 00 01 … n-1.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { SeededRandom } from '../../../src/base/index.ts';
import { KeyedHash } from '../../../src/sip/transaction/keyed-hash.ts';

const PUBLISHED = [
  '218d1f59b9b83cc8',
  'be552412f8387315',
  '064f39ef7c50eb57',
  'ce0f1a45f7060679',
  'd5e78a175be52ea1',
  'cb9d7c3f2f3db580',
];

function tag(hash: KeyedHash, text: string): string {
  hash.digest(text);
  return hash.tag();
}

describe('keyed hash', () => {
  test('HalfSipHash-2-4, 64-bit output: the published vectors', () => {
    const hash = new KeyedHash(0x03020100, 0x07060504);
    for (const [length, expected] of PUBLISHED.entries()) {
      hash.digest(String.fromCharCode(...Array.from({ length }, (_, i) => i)));
      const bytes = Buffer.alloc(8);
      bytes.writeInt32LE(hash.word0, 0);
      bytes.writeInt32LE(hash.word1, 4);
      assert.equal(bytes.toString('hex'), expected, `length ${length}`);
    }
  });

  test('RFC 3261 §19.3: a tag has at least 32 random bits, and another secret gives another tag', () => {
    const random = new SeededRandom(7);
    const one = KeyedHash.random(random);
    const two = KeyedHash.random(random);
    assert.match(tag(one, 'branch'), /^[a-z2-7]{12}$/);
    assert.equal(tag(one, 'branch'), tag(one, 'branch'));
    assert.notEqual(tag(one, 'branch'), tag(two, 'branch'));
    assert.notEqual(tag(one, 'branch'), tag(one, 'branch2'));
  });
});
