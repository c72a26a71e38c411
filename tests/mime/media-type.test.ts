import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseDisposition, parseMediaType } from '../../src/mime/index.ts';

function read(value: string): [string, Record<string, string>] | undefined {
  const type = parseMediaType(value);
  return type && [type.name, Object.fromEntries(type.params)];
}

describe('RFC 2045 §5.1 and RFC 3261 §25.1: media type', () => {
  const cases: readonly [string, [string, Record<string, string>] | undefined][] = [
    ['text/plain', ['text/plain', {}]],
    ['Text/PLAIN', ['text/plain', {}]],
    ['text/plain;charset=UTF-8', ['text/plain', { charset: 'UTF-8' }]],
    ['text / plain ; charset = "UTF-8"', ['text/plain', { charset: 'UTF-8' }]],
    ['text/html; charset=ISO-8859-4', ['text/html', { charset: 'ISO-8859-4' }]],
    ['multipart/mixed;boundary="a;b\\"c"', ['multipart/mixed', { boundary: 'a;b"c' }]],
    [
      'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha1; boundary=boundary42',
      [
        'multipart/signed',
        { protocol: 'application/pkcs7-signature', micalg: 'sha1', boundary: 'boundary42' },
      ],
    ],
    ['text/plain;charset=a;CHARSET=b', ['text/plain', { charset: 'a' }]],
    ['text/plain;', ['text/plain', {}]],
    ['text/plain;;charset=x', ['text/plain', { charset: 'x' }]],
    ['text/plain;format', ['text/plain', { format: '' }]],
    ['text/plain;charset=', ['text/plain', { charset: '' }]],
    ['application/im-iscomposing+xml', ['application/im-iscomposing+xml', {}]],
    ['text', undefined],
    ['text/', undefined],
    ['/plain', undefined],
    ['text/pl ain', undefined],
    ['text/plain;charset="x', undefined],
    ['text/plain;charset="x"y', undefined],
    ['text/plain;=x', undefined],
    ['', undefined],
  ];
  for (const [value, expected] of cases) {
    test(JSON.stringify(value), () => assert.deepEqual(read(value), expected));
  }
});

test('RFC 2183 §2: a disposition is a token with parameters', () => {
  const disposition = parseDisposition('Attachment; filename=smime.p7s; handling=Required');
  assert.equal(disposition?.name, 'attachment');
  assert.equal(disposition?.params.get('handling'), 'Required');
  assert.equal(parseDisposition('a/b'), undefined);
});
