// The published examples of Digest: RFC 2617, RFC 7616 (with erratum 4897), draft-smith-sipping-auth-examples-01.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { emptyBytes, latin1Bytes, toByteString } from '../../../src/base/index.ts';
import {
  digestAlgorithm,
  digestResponse,
  type DigestAlgorithm,
  type DigestInput,
  type DigestQop,
} from '../../../src/sip/auth/digest.ts';

const SDP = [
  'v=0',
  'o=bob 2890844526 2890844526 IN IP4 media.biloxi.com',
  's=-',
  'c=IN IP4 media.biloxi.com',
  't=0 0',
  'm=audio 49170 RTP/AVP 0',
  'a=rtpmap:0 PCMU/8000',
  'm=video 51372 RTP/AVP 31',
  'a=rtpmap:31 H261/90000',
  'm=video 53000 RTP/AVP 32',
  'a=rtpmap:32 MPV/90000',
  '',
].join('\r\n');

function bob(algorithm: DigestAlgorithm, qop: DigestQop | undefined): DigestInput {
  return {
    algorithm,
    user: 'bob',
    realm: 'biloxi.com',
    password: 'zanzibar',
    nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
    method: 'INVITE',
    uri: 'sip:bob@biloxi.com',
    protection:
      qop === undefined ? undefined : { qop, nc: '00000001', cnonce: '0a4f113b', body: latin1Bytes(SDP) },
  };
}

function mufasa(algorithm: DigestAlgorithm): DigestInput {
  return {
    algorithm,
    user: 'Mufasa',
    realm: 'http-auth@example.org',
    password: 'Circle of Life',
    nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
    method: 'GET',
    uri: '/dir/index.html',
    protection: {
      qop: 'auth',
      nc: '00000001',
      cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
      body: emptyBytes(),
    },
  };
}

const CASES: readonly (readonly [string, DigestInput, string])[] = [
  [
    'RFC 2617 §3.5',
    {
      algorithm: 'MD5',
      user: 'Mufasa',
      realm: 'testrealm@host.com',
      password: 'Circle Of Life',
      nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
      method: 'GET',
      uri: '/dir/index.html',
      protection: { qop: 'auth', nc: '00000001', cnonce: '0a4f113b', body: emptyBytes() },
    },
    '6629fae49393a05397450978507c4ef1',
  ],
  ['RFC 7616 §3.9.1, MD5', mufasa('MD5'), '8ca523f5e9506fed4657c9700eebdbec'],
  [
    'RFC 7616 §3.9.1, SHA-256',
    mufasa('SHA-256'),
    '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
  ],
  [
    'RFC 7616 §3.9.2 with erratum 4897, SHA-512-256 and UTF-8',
    {
      algorithm: 'SHA-512-256',
      user: toByteString('J\u00e4s\u00f8n Doe'),
      realm: 'api@example.org',
      password: 'Secret, or not?',
      nonce: '5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK',
      method: 'GET',
      uri: '/doe.json',
      protection: {
        qop: 'auth',
        nc: '00000001',
        cnonce: 'NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v',
        body: emptyBytes(),
      },
    },
    '3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5',
  ],
  ['draft-smith §3.1, no qop (RFC 2069)', bob('MD5', undefined), 'bf57e4e0d0bffc0fbaedce64d59add5e'],
  ['draft-smith §3.3, MD5 auth', bob('MD5', 'auth'), '89eb0059246c02b2f6ee02c7961d5ea3'],
  ['draft-smith §3.4, MD5-sess auth', bob('MD5-sess', 'auth'), 'e4e4ea61d186d07a92c9e1f6919902e9'],
  ['draft-smith §3.5, MD5 auth-int', bob('MD5', 'auth-int'), 'bdbeebb2da6adb6bca02599c2239e192'],
  ['draft-smith §3.6, MD5-sess auth-int', bob('MD5-sess', 'auth-int'), '91984da2d8663716e91554859c22ca70'],
];

describe('digest arithmetic', () => {
  for (const [name, input, expected] of CASES) {
    test(name, () => assert.equal(digestResponse(input), expected));
  }

  test('RFC 3261 §22.4 item 7: auth-int of an empty body hashes the empty string', () => {
    const protection = { qop: 'auth-int' as const, nc: '00000001', cnonce: 'c' };
    const empty = digestResponse({
      ...bob('MD5', 'auth-int'),
      protection: { ...protection, body: emptyBytes() },
    });
    const one = digestResponse({
      ...bob('MD5', 'auth-int'),
      protection: { ...protection, body: latin1Bytes('x') },
    });
    assert.notEqual(empty, one);
  });

  test('algorithm tokens compare without case; absent means MD5; others are unknown', () => {
    assert.equal(digestAlgorithm(undefined), 'MD5');
    assert.equal(digestAlgorithm('sha-256'), 'SHA-256');
    assert.equal(digestAlgorithm('SHA-512-256-SESS'), 'SHA-512-256-sess');
    assert.equal(digestAlgorithm('AKAv1-MD5'), undefined);
  });
});
