// The digest client: which challenges are answered, how often, and how the header fields look.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { SeededRandom, VirtualTime, utf8Bytes, type Result } from '../../../src/base/index.ts';
import {
  buildRequest,
  buildResponse,
  parseChallenges,
  rawHeaderField,
  serializeMessage,
  type SipRequest,
  type SipResponse,
} from '../../../src/sip/index.ts';
import { digestAlgorithm, digestResponse, type DigestQop } from '../../../src/sip/auth/digest.ts';
import {
  DigestClient,
  NO_ANSWERS,
  type AuthRetry,
  type Credential,
} from '../../../src/sip/auth/digest-client.ts';

const HOP = 'proxy.example.net';
const CREDENTIALS: readonly Credential[] = [
  { realm: 'example.net', user: 'gw', password: 'secret' },
  { realm: 'biloxi.com', user: 'bob', password: 'zanzibar' },
];

function newClient(credentials = CREDENTIALS, time = new VirtualTime()): DigestClient {
  return new DigestClient({ credentials, random: new SeededRandom(1), clock: time, nonceTtlMs: 10_000 });
}

function message(body = 'hello'): SipRequest {
  return buildRequest({
    method: 'MESSAGE',
    requestUri: 'sip:romeo@example.net',
    from: '<sip:juliet@example.com>;tag=1',
    to: '<sip:romeo@example.net>',
    callId: 'c1',
    cseq: 7,
    body: utf8Bytes(body),
  });
}

function challenged(status: number, ...fields: readonly (readonly [string, string])[]): SipResponse {
  const request = buildRequest({
    method: 'MESSAGE',
    requestUri: 'sip:romeo@example.net',
    via: 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1',
    from: '<sip:juliet@example.com>;tag=1',
    to: '<sip:romeo@example.net>',
    callId: 'c1',
    cseq: 7,
  });
  return buildResponse(request, status, {
    headers: fields.map(([name, value]) => rawHeaderField(name, value)),
  });
}

const proxy = (value: string): SipResponse => challenged(407, ['Proxy-Authenticate', value]);
const user = (value: string): SipResponse => challenged(401, ['WWW-Authenticate', value]);

function success(result: Result<AuthRetry>): AuthRetry {
  if (!result.ok) assert.fail(result.error.message);
  return result.value;
}

function code(result: Result<unknown>): string {
  return result.ok ? 'ok' : result.error.code;
}

/** The parameters of the only field of this id. */
function credentials(request: SipRequest, id: string): ReadonlyMap<string, string | undefined> {
  const values = request.headerAll(id);
  assert.equal(values.length, 1);
  const parsed = parseChallenges(values[0] ?? '');
  if (!parsed.ok) assert.fail(parsed.error.message);
  assert.equal(parsed.value[0]?.scheme, 'digest');
  return parsed.value[0].params;
}

function qopOf(text: string | undefined): DigestQop | undefined {
  return text === 'auth' || text === 'auth-int' ? text : undefined;
}

/** What the server computes (RFC 7616 §3.4.1). */
function verify(request: SipRequest, id: string, password: string): void {
  const params = credentials(request, id);
  const get = (name: string): string => params.get(name) ?? '';
  const qop = qopOf(params.get('qop'));
  const expected = digestResponse({
    algorithm: digestAlgorithm(params.get('algorithm')) ?? 'MD5',
    user: get('username'),
    realm: get('realm'),
    password,
    nonce: get('nonce'),
    method: request.method,
    uri: request.requestUri,
    protection: qop && { qop, nc: get('nc'), cnonce: get('cnonce'), body: request.body },
  });
  assert.equal(get('uri'), request.requestUri);
  assert.equal(get('response'), expected);
}

describe('RFC 3261 §22: answering a challenge', () => {
  test('407: Proxy-Authorization, the next CSeq, everything else as it was', () => {
    const request = message();
    const { request: again } = success(
      newClient().retry(
        proxy('Digest realm="example.net", nonce="n1", qop="auth,auth-int", algorithm=SHA-256, opaque="o"'),
        request,
        HOP,
        NO_ANSWERS,
      ),
    );
    assert.equal(again.cseq.number, 8);
    assert.equal(again.header('cseq'), '8 MESSAGE');
    assert.equal(again.header('authorization'), undefined);
    const params = credentials(again, 'proxy-authorization');
    assert.deepEqual(
      ['username', 'realm', 'nonce', 'uri', 'algorithm', 'qop', 'nc', 'opaque'].map((name) =>
        params.get(name),
      ),
      ['gw', 'example.net', 'n1', 'sip:romeo@example.net', 'SHA-256', 'auth', '00000001', 'o'],
    );
    assert.match(params.get('cnonce') ?? '', /^[a-z2-7]{16}$/);
    verify(again, 'proxy-authorization', 'secret');
    assert.equal(Buffer.from(again.body).toString(), 'hello');
    assert.equal(again.callId, 'c1');
    assert.equal(again.from.tag, '1');
    // RFC 3261 §25.1: uri and username are quoted, algorithm, qop and nc are not.
    const text = again.header('proxy-authorization') ?? '';
    assert.match(text, /^Digest username="gw", /);
    assert.match(text, /uri="sip:romeo@example\.net"/);
    assert.match(text, /algorithm=SHA-256, .*qop=auth, nc=00000001/);
    assert.ok(serializeMessage(again).length > 0);
  });

  test('401: Authorization', () => {
    const { request } = success(
      newClient().retry(user('Digest realm="biloxi.com", nonce="n"'), message(), HOP, NO_ANSWERS),
    );
    assert.equal(request.header('proxy-authorization'), undefined);
    verify(request, 'authorization', 'zanzibar');
  });

  test('RFC 2069, no qop: neither qop, nc nor cnonce; no algorithm when none was named', () => {
    const { request } = success(
      newClient().retry(user('Digest realm="biloxi.com", nonce="n"'), message(), HOP, NO_ANSWERS),
    );
    const params = credentials(request, 'authorization');
    for (const name of ['qop', 'nc', 'cnonce', 'algorithm', 'opaque'])
      assert.equal(params.has(name), false, name);
  });

  test('auth-int only: the body is hashed', () => {
    const { request } = success(
      newClient().retry(
        user('Digest realm="biloxi.com", nonce="n", qop="token, AUTH-INT", algorithm=md5-SESS'),
        message(),
        HOP,
        NO_ANSWERS,
      ),
    );
    assert.equal(credentials(request, 'authorization').get('qop'), 'auth-int');
    verify(request, 'authorization', 'zanzibar');
  });

  test('RFC 8760 §2.4: of one realm the topmost that is supported, of several lines or one', () => {
    const lines: readonly string[] = [
      'Digest realm="biloxi.com", nonce="a", algorithm=SHA-512/256',
      'Basic realm="biloxi.com"',
      'Digest realm="biloxi.com", nonce="b", algorithm=SHA-256, qop="token"',
      'Digest realm="biloxi.com", nonce="c", algorithm=SHA-256-sess',
      'Digest realm="biloxi.com", nonce="d", algorithm=SHA-512-256, qop="auth"',
      'Digest realm="biloxi.com", nonce="e", algorithm=MD5, qop="auth"',
    ];
    const several = challenged(401, ...lines.map((line) => ['WWW-Authenticate', line] as const));
    const one = user(lines.join(', '));
    for (const response of [several, one]) {
      const { request } = success(newClient().retry(response, message(), HOP, NO_ANSWERS));
      assert.equal(credentials(request, 'authorization').get('nonce'), 'd');
      verify(request, 'authorization', 'zanzibar');
    }
  });

  test('§22.3: challenges of several realms and of both kinds in one response are all answered', () => {
    const response = challenged(
      401,
      ['WWW-Authenticate', 'Digest realm="biloxi.com", nonce="a", qop="auth"'],
      ['Proxy-Authenticate', 'Digest realm="example.net", nonce="b", qop="auth"'],
      ['Proxy-Authenticate', 'Digest realm="elsewhere", nonce="c", qop="auth"'],
    );
    const { request } = success(newClient().retry(response, message(), HOP, NO_ANSWERS));
    verify(request, 'authorization', 'zanzibar');
    verify(request, 'proxy-authorization', 'secret');
  });

  test('quotes, backslashes and UTF-8: quoted when written, plain when hashed', () => {
    const odd = { realm: 'a "realm" \\ \u00e4', user: 'J\u0061\u0308s "n', password: 'p\u00e4ss' };
    const raw = Buffer.from(
      'Digest realm="a \\"realm\\" \\\\ \u00e4", nonce="n\\"1", qop="auth", charset=UTF-8',
      'utf8',
    ).toString('latin1');
    const { request } = success(newClient([odd]).retry(user(raw), message(), HOP, NO_ANSWERS));
    const text = request.header('authorization') ?? '';
    // RFC 7616 §4: normalised to NFC, in UTF-8.
    assert.ok(
      text.startsWith(
        Buffer.from('Digest username="J\u00e4s \\"n", realm="a \\"realm\\" \\\\ \u00e4"', 'utf8').toString(
          'latin1',
        ),
      ),
    );
    assert.match(text, /nonce="n\\"1"/);
    verify(request, 'authorization', Buffer.from('p\u00e4ss', 'utf8').toString('latin1'));
  });
});

describe('table row ERR-R4: when to stop', () => {
  const first = user('Digest realm="biloxi.com", nonce="a", qop="auth"');
  const again = user('Digest realm="biloxi.com", nonce="b", qop="auth"');
  const stale = user('Digest realm="biloxi.com", nonce="c", qop="auth", stale=TRUE');

  test('the same realm a second time: rejected, not tried again', () => {
    const client = newClient();
    const one = success(client.retry(first, message(), HOP, NO_ANSWERS));
    assert.equal(code(client.retry(again, one.request, HOP, one.state)), 'ERR_SIP_AUTH_REJECTED');
    // Nor are the credentials that were wrong sent unasked with the next request.
    assert.equal(client.authorize(message(), HOP).header('authorization'), undefined);
  });

  test('stale=true allows one more, with the new nonce, and no third', () => {
    const client = newClient();
    const one = success(client.retry(first, message(), HOP, NO_ANSWERS));
    const two = success(client.retry(stale, one.request, HOP, one.state));
    assert.equal(two.request.cseq.number, 9);
    const params = credentials(two.request, 'authorization');
    assert.deepEqual([params.get('nonce'), params.get('nc')], ['c', '00000001']);
    assert.equal(code(client.retry(stale, two.request, HOP, two.state)), 'ERR_SIP_AUTH_REJECTED');
  });

  test('another realm on the way is asked in its turn, and both are answered then', () => {
    const client = newClient();
    const one = success(
      client.retry(proxy('Digest realm="example.net", nonce="a", qop="auth"'), message(), HOP, NO_ANSWERS),
    );
    const two = success(client.retry(first, one.request, HOP, one.state));
    assert.equal(credentials(two.request, 'proxy-authorization').get('nc'), '00000002');
    verify(two.request, 'proxy-authorization', 'secret');
    verify(two.request, 'authorization', 'zanzibar');
    assert.equal(code(client.retry(first, two.request, HOP, two.state)), 'ERR_SIP_AUTH_REJECTED');
  });

  const refusals: readonly (readonly [string, SipResponse, string])[] = [
    ['no challenge', challenged(401), 'ERR_SIP_AUTH_CHALLENGE'],
    ['a broken challenge', user('Digest realm="biloxi.com" nonce="n"'), 'ERR_SIP_AUTH_CHALLENGE'],
    ['Basic', user('Basic realm="biloxi.com"'), 'ERR_SIP_AUTH_UNSUPPORTED'],
    [
      'an unknown algorithm',
      user('Digest realm="biloxi.com", nonce="n", algorithm=AKAv1-MD5'),
      'ERR_SIP_AUTH_UNSUPPORTED',
    ],
    ['no nonce', user('Digest realm="biloxi.com"'), 'ERR_SIP_AUTH_UNSUPPORTED'],
    [
      '-sess without qop',
      user('Digest realm="biloxi.com", nonce="n", algorithm=MD5-sess'),
      'ERR_SIP_AUTH_UNSUPPORTED',
    ],
    ['an unknown realm', user('Digest realm="elsewhere", nonce="n"'), 'ERR_SIP_AUTH_NO_CREDENTIALS'],
    ['a realm in other case', user('Digest realm="Biloxi.com", nonce="n"'), 'ERR_SIP_AUTH_NO_CREDENTIALS'],
  ];
  for (const [name, response, expected] of refusals) {
    test(`${name} → ${expected}`, () => {
      assert.equal(code(newClient().retry(response, message(), HOP, NO_ANSWERS)), expected);
    });
  }
});

describe('nonces are used again', () => {
  test('RFC 7616 §3.4: nc counts the requests with one nonce; the response is another each time', () => {
    const client = newClient();
    success(
      client.retry(proxy('Digest realm="example.net", nonce="n", qop="auth"'), message(), HOP, NO_ANSWERS),
    );
    const seen = new Set<string>();
    for (let nc = 2; nc <= 17; nc++) {
      const request = client.authorize(message(), HOP);
      const params = credentials(request, 'proxy-authorization');
      assert.equal(params.get('nc'), nc.toString(16).padStart(8, '0'));
      seen.add(params.get('response') ?? '');
      verify(request, 'proxy-authorization', 'secret');
      assert.equal(request.cseq.number, 7);
    }
    assert.equal(seen.size, 16);
  });

  test('only for the server that gave it, and for a limited time', () => {
    const time = new VirtualTime();
    const client = newClient(CREDENTIALS, time);
    success(
      client.retry(proxy('Digest realm="example.net", nonce="n", qop="auth"'), message(), HOP, NO_ANSWERS),
    );
    const request = message();
    assert.equal(client.authorize(request, 'other.example.net'), request);
    time.advance(10_000);
    assert.equal(client.authorize(request, HOP), request);
  });

  test('a request that was authorised unasked may be challenged once more', () => {
    const client = newClient();
    const challenge = proxy('Digest realm="example.net", nonce="n", qop="auth"');
    success(client.retry(challenge, message(), HOP, NO_ANSWERS));
    const unasked = client.authorize(message(), HOP);
    const { request } = success(
      client.retry(proxy('Digest realm="example.net", nonce="m", qop="auth"'), unasked, HOP, NO_ANSWERS),
    );
    const params = credentials(request, 'proxy-authorization');
    assert.deepEqual([params.get('nonce'), params.get('nc')], ['m', '00000001']);
  });

  test('a server with ever new realms does not fill the memory', () => {
    const realms = Array.from({ length: 40 }, (_, i) => ({ realm: `r${i}`, user: 'u', password: 'p' }));
    const client = newClient(realms);
    for (const { realm } of realms) {
      success(
        client.retry(user(`Digest realm="${realm}", nonce="n", qop="auth"`), message(), HOP, NO_ANSWERS),
      );
    }
    assert.equal(client.authorize(message(), HOP).headerAll('authorization').length, 8);
  });

  test('no value of a challenge or a credential brings a line of its own', () => {
    const client = newClient([{ realm: 'biloxi.com', user: 'u\r\nX-Evil: 1', password: 'p' }]);
    const value = 'Digest realm="biloxi.com", nonce="n\\", X-Evil: 2", opaque=";,", qop="auth"';
    const { request } = success(client.retry(user(value), message(), HOP, NO_ANSWERS));
    const params = credentials(request, 'authorization');
    assert.equal(params.get('nonce'), 'n", X-Evil: 2');
    assert.equal(params.get('opaque'), ';,');
    assert.doesNotMatch(Buffer.from(serializeMessage(request)).toString(), /\nX-Evil/);
  });
});
