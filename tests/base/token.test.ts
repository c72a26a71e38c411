// Signed tokens (design, "State"): bound to purpose, parties and expiry, 80 bits of MAC, 64 characters, two keys.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  fromBase32,
  fromBase64Url,
  maxTokenContent,
  SeededRandom,
  toBase32,
  toBase64Url,
  Tokens,
  type TokenKind,
} from '../../src/base/index.ts';

const KEY = new Uint8Array(32).fill(7);
const OTHER_KEY = new Uint8Array(32).fill(9);
const WALL = Date.UTC(2026, 10, 25);
const IMDN: TokenKind = { purpose: 'imdn', text: 'base64url' };
const TAG: TokenKind = { purpose: 'tag', text: 'base32' };
const PARTIES = ['romeo@example.net', 'juliet@example.com'];
const CONTENT = Buffer.from('message 1');

const made = (keys: readonly Uint8Array[] = [KEY], seed = 1): Tokens =>
  new Tokens(keys, new SeededRandom(seed));
const token = (tokens = made(), kind = IMDN): string => {
  const text = tokens.sign(kind, PARTIES, CONTENT, WALL + 60_000);
  assert.ok(text !== undefined);
  return text;
};

describe('a token', () => {
  for (const kind of [IMDN, TAG]) {
    test(`comes back with its content (${kind.text}), at most 64 characters of its alphabet`, () => {
      const text = token(made(), kind);
      const read = made().read(kind, PARTIES, text, WALL);
      assert.ok(read.kind === 'valid');
      assert.deepEqual(Buffer.from(read.content), CONTENT);
      assert.equal(read.expiresMs, WALL + 60_000);
      const longest = made().sign(kind, PARTIES, Buffer.alloc(maxTokenContent(kind.text)), WALL);
      assert.ok(longest !== undefined && longest.length <= 64);
      assert.match(longest, kind.text === 'base32' ? /^[a-z2-7]+$/ : /^[A-Za-z0-9_-]+$/);
      assert.equal(made().sign(kind, PARTIES, Buffer.alloc(maxTokenContent(kind.text) + 1), WALL), undefined);
    });
  }

  test('base32 survives a peer that does not keep case', () => {
    const text = token(made(), TAG).toUpperCase();
    assert.equal(made().read(TAG, PARTIES, text, WALL).kind, 'valid');
  });

  test('two for the same thing differ', () => {
    const tokens = made();
    assert.notEqual(token(tokens), token(tokens));
  });

  for (const [what, kind, parties] of [
    ['another purpose', { ...IMDN, purpose: 'other' }, PARTIES],
    ['another party', IMDN, ['romeo@example.net', 'nurse@example.com']],
    ['the parties exchanged', IMDN, PARTIES.toReversed()],
    ['the parties cut elsewhere', IMDN, ['romeo@example.netj', 'uliet@example.com']],
    ['no parties', IMDN, []],
  ] as const) {
    test(`is invalid for ${what}`, () => {
      assert.deepEqual(made().read(kind, parties, token(), WALL), { kind: 'invalid' });
    });
  }

  test('is good until it expires, and not at that moment', () => {
    assert.equal(made().read(IMDN, PARTIES, token(), WALL + 59_999).kind, 'valid');
    assert.deepEqual(made().read(IMDN, PARTIES, token(), WALL + 60_000), { kind: 'expired' });
  });

  test('the key before is still read, not the one before that; the first one signs', () => {
    const old = token(made([KEY]));
    const rotated = made([OTHER_KEY, KEY]);
    assert.equal(rotated.read(IMDN, PARTIES, old, WALL).kind, 'valid');
    assert.equal(made([OTHER_KEY]).read(IMDN, PARTIES, old, WALL).kind, 'invalid');
    const fresh = token(rotated);
    assert.equal(made([OTHER_KEY]).read(IMDN, PARTIES, fresh, WALL).kind, 'valid');
    rotated.replaceKeys([KEY]);
    assert.equal(rotated.read(IMDN, PARTIES, fresh, WALL).kind, 'invalid');
  });

  test('three keys, none, or a short one are a mistake', () => {
    for (const keys of [[], [KEY, KEY, KEY], [new Uint8Array(31)]])
      assert.throws(() => made(keys), RangeError);
  });

  test('no octet of it can be changed, none left out, none added', () => {
    const text = token();
    for (let i = 0; i < text.length; i++) {
      const changed = text.slice(0, i) + (text[i] === 'A' ? 'B' : 'A') + text.slice(i + 1);
      assert.equal(made().read(IMDN, PARTIES, changed, WALL).kind, 'invalid', `character ${i}`);
      assert.equal(made().read(IMDN, PARTIES, text.slice(0, i), WALL).kind, 'invalid');
    }
    assert.equal(made().read(IMDN, PARTIES, `${text}A`, WALL).kind, 'invalid');
  });

  test('property: what a peer makes up is never valid', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 80 }), (text) => {
        assert.equal(made().read(IMDN, PARTIES, text, WALL).kind, 'invalid');
        assert.equal(made().read(TAG, PARTIES, text, WALL).kind, 'invalid');
      }),
    );
  });
});

describe('RFC 4648: octets as text', () => {
  test('§5: as another implementation writes it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (octets) => {
        const text = Buffer.from(octets).toString('base64url');
        assert.equal(toBase64Url(octets), text);
        assert.deepEqual(fromBase64Url(text), octets);
        assert.deepEqual(fromBase32(toBase32(octets)), octets);
      }),
    );
  });
  test('§10: its own examples, in lower case and without padding', () => {
    for (const [plain, text] of [
      ['', ''],
      ['f', 'my'],
      ['fo', 'mzxq'],
      ['foo', 'mzxw6'],
      ['foob', 'mzxw6yq'],
      ['fooba', 'mzxw6ytb'],
      ['foobar', 'mzxw6ytboi'],
    ] as const) {
      assert.equal(toBase32(Buffer.from(plain)), text);
    }
  });
  for (const text of ['A', 'AB=', 'A B', 'é', 'AB', 'AAB', 'AAAAA'])
    test(`§3.5: "${text}" is not the text of any octets`, () => assert.equal(fromBase64Url(text), undefined));
  for (const text of ['a', 'abc', 'ab=', 'a1', 'my======', 'mz'])
    test(`base32 "${text}" is not the text of any octets`, () => assert.equal(fromBase32(text), undefined));
});
