import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { latin1Bytes, latin1Text, utf8Bytes } from '../../src/base/index.ts';
import { decodeTransfer } from '../../src/mime/index.ts';

function decode(encoding: string | undefined, text: string): string | undefined {
  const bytes = decodeTransfer(encoding, latin1Bytes(text));
  return bytes && latin1Text(bytes);
}

test('RFC 2045 §6.2: identity encodings leave the octets alone', () => {
  for (const encoding of [undefined, '7bit', '8BIT', ' binary '])
    assert.equal(decode(encoding, 'a=3D\xff'), 'a=3D\xff');
});

test('RFC 2045 §6.3: an unknown encoding is none of ours', () => {
  assert.equal(decode('x-uuencode', 'abc'), undefined);
});

test('RFC 4648 §10: base64 test vectors', () => {
  const vectors = [
    '',
    '',
    'Zg==',
    'f',
    'Zm8=',
    'fo',
    'Zm9v',
    'foo',
    'Zm9vYg==',
    'foob',
    'Zm9vYmE=',
    'fooba',
    'Zm9vYmFy',
    'foobar',
  ];
  for (let i = 0; i < vectors.length; i += 2)
    assert.equal(decode('base64', vectors[i] ?? ''), vectors[i + 1]);
});

test('RFC 2045 §6.8: line breaks and characters outside the alphabet are ignored, "=" ends', () => {
  assert.equal(decode('Base64', 'Zm9v\r\nYm!Fy\r\n'), 'foobar');
  assert.equal(decode('base64', 'Zg==Zm9v'), 'f');
});

test('base64: any octets come back', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const written = Buffer.from(bytes).toString('base64');
      assert.deepEqual(Buffer.from(decodeTransfer('base64', utf8Bytes(written)) ?? []), Buffer.from(bytes));
    }),
  );
});

test('RFC 2045 §6.7: quoted-printable', () => {
  const cases: readonly [string, string][] = [
    ['caf=C3=A9', 'caf\xc3\xa9'],
    ['=e2=82=ac', '\xe2\x82\xac'],
    ['soft=\r\nbreak', 'softbreak'],
    ['soft= \t\r\nbreak', 'softbreak'],
    ['soft=\nbreak', 'softbreak'],
    ['trailing \t \r\nspace  ', 'trailing\r\nspace'],
    ['in  between', 'in  between'],
    ['1=1 and =G0', '1=1 and =G0'],
    ['=3D', '='],
    ['=', '='],
  ];
  for (const [written, expected] of cases)
    assert.equal(decode('Quoted-Printable', written), expected, written);
});
