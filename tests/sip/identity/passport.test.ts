// Identity header fields and PASSporT: the examples of RFC 8224 §4.1.1, §5.1, RFC 8225 and RFC 7515 appendix A.3.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Es256Key, fromBase64Url, latin1Bytes, utf8Text } from '../../../src/base/index.ts';
import {
  buildRequest,
  identityValues,
  passportIdentity,
  rawHeaderField,
  readPassport,
  signingInput,
  type SipRequest,
} from '../../../src/sip/index.ts';

/** RFC 8225 appendix A. */
const RFC_8225_KEY =
  'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE8HNbQd_TmvCKwPKHkMF9fScavGeH78YTU8qLS8I5HLHSSmlATLcslQMhNC_OhlWBYC626nIlo7XeebYS7Sb37g';
const HEADER =
  'eyJhbGciOiJFUzI1NiIsInR5cCI6InBhc3Nwb3J0IiwieDV1IjoiaHR0cHM6Ly9jZXJ0LmV4YW1wbGUub3JnL3Bhc3Nwb3J0LmNlciJ9';
/** RFC 8224 §4.1.1. Its "iat" is a text, which RFC 7519 does not allow. */
const PAYLOAD_8224 =
  'eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlhdCI6IjE0NDMyMDgzNDUiLCJvcmlnIjp7InRuIjoiMTIxNTU1NTEyMTIifX0';
const SIGNATURE_8224 =
  'rq3pjT1hoRwakEGjHCnWSwUnshd0-zJ6F1VOgFWSjHBr8Qjpjlk-cpFYpFYsojNCpTzO3QfPOlckGaS6hEck7w';
/** RFC 8225 §6 and appendix A. */
const PAYLOAD_8225 =
  'eyJkZXN0Ijp7InVyaSI6WyJzaXA6YWxpY2VAZXhhbXBsZS5jb20iXX0sImlhdCI6MTQ3MTM3NTQxOCwib3JpZyI6eyJ0biI6IjEyMTU1NTUxMjEyIn19';
const X5U = 'https://cert.example.org/passport.cer';

const octets = (text: string): Uint8Array => {
  const bytes = fromBase64Url(text);
  assert.ok(bytes);
  return bytes;
};

describe('ES256', () => {
  test('RFC 8224 §4.1.1: the signature of the example, by the key of RFC 8225 appendix A', () => {
    const key = Es256Key.fromSpki(octets(RFC_8225_KEY));
    const signature = octets(SIGNATURE_8224);
    assert.equal(key?.verifies(latin1Bytes(`${HEADER}.${PAYLOAD_8224}`), signature), true);
    assert.equal(key?.verifies(latin1Bytes(`${HEADER}.${PAYLOAD_8225}`), signature), false);
    assert.equal(key?.verifies(latin1Bytes(`${HEADER}.${PAYLOAD_8224}`), signature.subarray(1)), false);
  });

  test('RFC 7515 appendix A.3', () => {
    // SubjectPublicKeyInfo of P-256 before the two coordinates (RFC 5480 §2.1.1.1).
    const spki = Buffer.concat([
      Buffer.from('3059301306072a8648ce3d020106082a8648ce3d03010703420004', 'hex'),
      octets('f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU'),
      octets('x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0'),
    ]);
    const input =
      'eyJhbGciOiJFUzI1NiJ9.' +
      'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';
    const signature =
      'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q';
    assert.equal(Es256Key.fromSpki(spki)?.verifies(latin1Bytes(input), octets(signature)), true);
  });

  test('no key of another kind', () => {
    assert.equal(Es256Key.fromSpki(new Uint8Array([1, 2, 3])), undefined);
  });
});

describe('RFC 8225 §4, §5: the text that is signed', () => {
  test('the example of §6: keys in order, no white space', () => {
    const orig = passportIdentity('sip:12155551212@example.com;user=phone');
    const dest = passportIdentity('sip:alice@example.com');
    assert.ok(orig && dest);
    assert.equal(signingInput({ orig, dest, iat: 1_471_375_418 }, X5U), `${HEADER}.${PAYLOAD_8225}`);
  });

  test('RFC 8224 §5.1: the payload of the example', () => {
    const orig = passportIdentity('sip:12155551212@example.com;user=phone');
    const dest = passportIdentity('sip:alice@example.com');
    assert.ok(orig && dest);
    const payload = signingInput({ orig, dest, iat: 1_443_208_345 }, X5U).split('.')[1] ?? '';
    assert.equal(
      utf8Text(octets(payload)),
      '{"dest":{"uri":["sip:alice@example.com"]},"iat":1443208345,"orig":{"tn":"12155551212"}}',
    );
  });

  test('a full one is read; an "iat" that is a text is none', () => {
    const read = readPassport(HEADER, PAYLOAD_8225);
    assert.deepEqual(read.ok && read.value, {
      ...{ typ: 'passport', alg: 'ES256', x5u: X5U, ppt: undefined, iat: 1_471_375_418 },
      orig: [{ kind: 'tn', tn: '12155551212' }],
      dest: [{ kind: 'uri', uri: 'sip:alice@example.com', host: '' }],
    });
    const text = readPassport(HEADER, PAYLOAD_8224);
    assert.equal(text.ok && text.value.iat, undefined);
    for (const bad of ['', '!', 'e30x', 'W10', 'bnVsbA']) {
      assert.equal(readPassport(HEADER, bad).ok, false, bad);
      assert.equal(readPassport(bad, PAYLOAD_8225).ok, false, bad);
    }
  });
});

describe('RFC 8224 §8.3, §8.5: canonical identities', () => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['sip:Bob@Example.COM', 'sip:bob@example.com'],
    ['sips:bob@example.com', 'sips:bob@example.com'],
    ['sip:bob:secret@example.com:5070;transport=tcp?subject=x', 'sip:bob@example.com'],
    ['sip:%42ob%2fx@example.com', 'sip:bob%2Fx@example.com'],
    ['sip:example.com', 'sip:example.com'],
    ['sip:+1-215-555-1212@example.com;user=phone', '12155551212'],
    ['sip:+1(215)5551212@example.com', '12155551212'],
    ['sip:12155551212@example.com', 'sip:12155551212@example.com'],
    ['tel:+1-215-555-1212', '12155551212'],
    ['sip:*21#@example.com;user=phone', undefined],
    ['mailto:bob@example.com', undefined],
  ];
  for (const [uri, expected] of rows) {
    test(uri, () => {
      const identity = passportIdentity(uri);
      assert.equal(identity?.kind === 'tn' ? identity.tn : identity?.uri, expected);
    });
  }
});

describe('RFC 8224 §4: the header field', () => {
  const withIdentity = (...values: string[]): SipRequest =>
    buildRequest({
      method: 'MESSAGE',
      requestUri: 'sip:alice@example.com',
      from: '<sip:bob@example.org>;tag=1',
      to: '<sip:alice@example.com>',
      callId: 'c',
      cseq: 1,
      headers: values.map((value) => rawHeaderField('Identity', value)),
    });

  test('compact and full form; alg is ES256 when nothing is said', () => {
    const compact = `..${SIGNATURE_8224};info=<${X5U}>`;
    const full = `${HEADER}.${PAYLOAD_8225}.${SIGNATURE_8224} ; alg=ES256; info = <${X5U}>;ppt=shaken`;
    const read = identityValues(withIdentity(compact, full));
    assert.deepEqual(read.ok && read.value, [
      { full: undefined, signature: SIGNATURE_8224, info: X5U, alg: 'ES256', ppt: undefined },
      {
        full: { header: HEADER, payload: PAYLOAD_8225 },
        ...{ signature: SIGNATURE_8224, info: X5U, alg: 'ES256', ppt: 'shaken' },
      },
    ]);
    const one = identityValues(withIdentity(`${compact}, ${compact}`));
    assert.equal(one.ok && one.value.length, 2);
  });

  for (const bad of [
    '',
    SIGNATURE_8224,
    `..${SIGNATURE_8224}`,
    `.x.${SIGNATURE_8224};info=<${X5U}>`,
    `x..${SIGNATURE_8224};info=<${X5U}>`,
    `..;info=<${X5U}>`,
    `..abc;info=${X5U}`,
    `..abc;info=<${X5U}> junk`,
  ]) {
    test(`broken: ${bad}`, () => assert.equal(identityValues(withIdentity(bad)).ok, false));
  }

  test('more than eight are no sender but an attack', () => {
    const one = `..abc;info=<${X5U}>`;
    assert.equal(identityValues(withIdentity(...Array.from({ length: 8 }, () => one))).ok, true);
    assert.equal(identityValues(withIdentity(...Array.from({ length: 9 }, () => one))).ok, false);
  });
});
