// Digest authentication as a server: RFC 3261 §22, RFC 7616 §3.4, RFC 8760. Answers are worked out by the published
// examples, and by a client of node:crypto that shares nothing with the source.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { SeededRandom, Tokens, VirtualTime, utf8Bytes } from '../../../src/base/index.ts';
import { NonceCounts } from '../../../src/sip/auth/nonce-counts.ts';
import {
  buildRequest,
  DigestServer,
  parseChallenges,
  rawHeaderField,
  type DigestUser,
  type HeaderField,
  type SipRequest,
} from '../../../src/sip/index.ts';

const BOB: DigestUser = { user: 'bob', realm: 'biloxi.com', secret: { password: 'zanzibar' } };
const WALL = Date.UTC(2026, 10, 25);

interface Rig {
  readonly time: VirtualTime;
  readonly server: DigestServer<DigestUser>;
}

function rig(users: readonly DigestUser[] = [BOB], maxNonces = 100, seed = 1): Rig {
  const time = new VirtualTime(WALL);
  const random = new SeededRandom(seed);
  const tokens = new Tokens([new Uint8Array(32).fill(7)], random);
  return { time, server: new DigestServer({ tokens, random, clock: time }, { users, maxNonces }) };
}

function request(headers: readonly HeaderField[] = [], method = 'MESSAGE', body = 'hello'): SipRequest {
  return buildRequest({
    method,
    requestUri: 'sip:alice@example.org',
    from: '<sip:bob@biloxi.com>;tag=1',
    to: '<sip:alice@example.org>',
    callId: 'c1',
    cseq: 1,
    body: utf8Bytes(body),
    headers,
  });
}

interface Given {
  readonly user?: string;
  readonly password?: string;
  readonly realm?: string;
  readonly nonce: string;
  readonly nc?: number | string;
  readonly qop?: string;
  readonly algorithm?: 'MD5' | 'SHA-256';
  readonly uri?: string;
  readonly method?: string;
  readonly body?: string;
  readonly more?: string;
}

/** RFC 7616 §3.4.1 to §3.4.3, written anew. */
function authorization(given: Given): HeaderField {
  const { user = 'bob', password = 'zanzibar', realm = 'biloxi.com', nonce, qop = 'auth' } = given;
  const { algorithm = 'SHA-256', uri = 'sip:alice@example.org', method = 'MESSAGE', body = 'hello' } = given;
  const nc = typeof given.nc === 'string' ? given.nc : (given.nc ?? 1).toString(16).padStart(8, '0');
  const hash = (text: string): string =>
    createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex');
  const a2 = qop === 'auth-int' ? `${method}:${uri}:${hash(body)}` : `${method}:${uri}`;
  const response = hash(`${hash(`${user}:${realm}:${password}`)}:${nonce}:${nc}:cn:${qop}:${hash(a2)}`);
  return rawHeaderField(
    'Authorization',
    `Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", ` +
      `algorithm=${algorithm}, cnonce="cn", qop=${qop}, nc=${nc}${given.more ?? ''}`,
  );
}

function nonceOf({ server }: Rig, realm = 'biloxi.com'): string {
  const [first] = server.challenge(realm, false);
  const challenges = parseChallenges(first?.value ?? '');
  return challenges.ok ? (challenges.value[0]?.params.get('nonce') ?? '') : '';
}

const kindOf = ({ server }: Rig, given: Given, method = 'MESSAGE', body = 'hello'): string =>
  server.authenticate(request([authorization(given)], method, body)).kind;

describe('the challenge', () => {
  test('RFC 8760 §2.3, §2.4: a field for each algorithm, SHA-256 above MD5, both with qop auth and auth-int', () => {
    const fields = rig().server.challenge('biloxi.com', false);
    const read = fields.map(({ id, value }) => {
      const list = parseChallenges(value);
      assert.ok(list.ok && list.value.length === 1);
      const params = list.value[0]?.params;
      return [id, list.value[0]?.scheme, params?.get('realm'), params?.get('algorithm'), params?.get('qop')];
    });
    assert.deepEqual(read, [
      ['www-authenticate', 'digest', 'biloxi.com', 'SHA-256', 'auth,auth-int'],
      ['www-authenticate', 'digest', 'biloxi.com', 'MD5', 'auth,auth-int'],
    ]);
    assert.ok(fields.every(({ value }) => !value.includes('stale')));
    assert.ok(
      rig()
        .server.challenge('biloxi.com', true)
        .every(({ value }) => value.endsWith(', stale=true')),
    );
  });

  test('RFC 8760 §2.4: what one user of the realm has no hash for is not offered', () => {
    const md5 = { user: 'eve', realm: 'biloxi.com', secret: { MD5: '0'.repeat(32) } };
    const algorithms = rig([BOB, md5]).server.challenge('biloxi.com', false);
    assert.deepEqual(
      algorithms.map(({ value }) => /algorithm=([^,]+)/.exec(value)?.[1]),
      ['MD5'],
    );
  });

  test('what the operator does not want is not offered, and not taken', () => {
    const time = new VirtualTime(WALL);
    const random = new SeededRandom(1);
    const tokens = new Tokens([new Uint8Array(32).fill(7)], random);
    const server = new DigestServer({ tokens, random, clock: time }, { users: [BOB], algorithms: ['MD5'] });
    const r = { time, server };
    assert.equal(server.challenge('biloxi.com', false).length, 1);
    assert.equal(kindOf(r, { nonce: nonceOf(r), algorithm: 'SHA-256' }), 'wrong');
    assert.equal(kindOf(r, { nonce: nonceOf(r), algorithm: 'MD5' }), 'accepted');
  });

  test('costs no memory, and no two have one nonce', () => {
    const r = rig();
    const nonces = new Set(Array.from({ length: 1000 }, () => nonceOf(r)));
    assert.equal(nonces.size, 1000);
    assert.equal(r.server.size, 0);
  });
});

describe('RFC 3261 §22.4, RFC 7616 §3.4: credentials', () => {
  for (const algorithm of ['SHA-256', 'MD5'] as const) {
    for (const qop of ['auth', 'auth-int']) {
      test(`${algorithm}, ${qop}: accepted`, () => {
        const r = rig();
        const found = r.server.authenticate(request([authorization({ nonce: nonceOf(r), algorithm, qop })]));
        assert.deepEqual(found, { kind: 'accepted', user: BOB });
      });
    }
  }

  test('RFC 2617 §3.2.2.2: a hash stands for the password', () => {
    const hash = createHash('md5').update('bob:biloxi.com:zanzibar').digest('hex');
    const r = rig([{ ...BOB, secret: { MD5: hash } }]);
    assert.equal(kindOf(r, { nonce: nonceOf(r), algorithm: 'MD5' }), 'accepted');
    assert.equal(kindOf(r, { nonce: nonceOf(r), algorithm: 'MD5', password: 'other' }), 'wrong');
  });

  test('RFC 7616 §4: names and passwords outside of ASCII are UTF-8 in NFC', () => {
    const user = { user: 'J\u00e4s\u00f8n', realm: 'biloxi.com', secret: { password: 'pa\u0308ss' } };
    const r = rig([user]);
    const nonce = nonceOf(r);
    const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
    // The client of this test hashes its text as UTF-8, which is what the octets of the field are.
    const field = authorization({ nonce, user: user.user, password: 'p\u00e4ss' });
    const raw = rawHeaderField('Authorization', utf8(field.value));
    assert.equal(r.server.authenticate(request([raw])).kind, 'accepted');
  });

  const wrong: readonly (readonly [string, Partial<Given>])[] = [
    ['another password', { password: 'sesame' }],
    ['an unknown user', { user: 'mallory' }],
    ['the digest of another method', { method: 'INVITE' }],
    ['auth-int of another body', { qop: 'auth-int', body: 'other' }],
  ];
  for (const [what, given] of wrong) {
    test(`${what}: wrong, and the nonce is not used up`, () => {
      const r = rig();
      const nonce = nonceOf(r);
      assert.equal(kindOf(r, { nonce, ...given }), 'wrong');
      assert.equal(r.server.size, 0);
      assert.equal(kindOf(r, { nonce }), 'accepted');
    });
  }

  const broken: readonly (readonly [string, Partial<Given>])[] = [
    ['RFC 7616 §3.4.6: the uri of another request', { uri: 'sip:carol@example.org' }],
    ['no qop, although it was offered', { qop: '' }],
    ['an unknown qop', { qop: 'auth-conf' }],
    ['nc that is no count', { nc: '1' }],
    ['nc 0', { nc: 0 }],
    ['RFC 7616 §3.4: a directive twice', { more: ', nc=00000001' }],
    ['no nonce', { nonce: '' }],
  ];
  for (const [what, given] of broken) {
    test(`${what}: broken`, () => {
      const r = rig();
      assert.equal(kindOf(r, { nonce: nonceOf(r), ...given }), 'broken');
    });
  }

  test('RFC 3261 §19.1.4: the uri may spell the Request-URI in another way', () => {
    const r = rig();
    assert.equal(kindOf(r, { nonce: nonceOf(r), uri: 'sip:%61lice@EXAMPLE.org' }), 'accepted');
  });

  test('an algorithm that is not offered in the realm: wrong, even when it fits', () => {
    const both = createHash('sha256').update('bob:biloxi.com:zanzibar').digest('hex');
    const r = rig([
      { ...BOB, secret: { 'SHA-256': both } },
      { user: 'x', realm: 'biloxi.com', secret: { 'SHA-256': both } },
    ]);
    assert.equal(kindOf(r, { nonce: nonceOf(r), algorithm: 'MD5' }), 'wrong');
  });

  test('RFC 3261 §22.4: credentials for another realm are for somebody else', () => {
    const r = rig();
    assert.equal(kindOf(r, { nonce: 'n', realm: 'elsewhere.example' }), 'absent');
    assert.equal(r.server.authenticate(request()).kind, 'absent');
    const other = authorization({ nonce: 'n', realm: 'elsewhere.example' });
    const own = authorization({ nonce: nonceOf(r) });
    assert.equal(r.server.authenticate(request([other, own])).kind, 'accepted');
    const basic = rawHeaderField('Authorization', 'Basic Ym9iOnphbnppYmFy');
    assert.equal(r.server.authenticate(request([basic])).kind, 'absent');
  });

  test('a name or realm that an object knows by itself is nobody', () => {
    const r = rig();
    assert.equal(kindOf(r, { nonce: nonceOf(r), user: '__proto__' }), 'wrong');
    assert.equal(kindOf(r, { nonce: nonceOf(r), realm: 'constructor' }), 'absent');
  });
});

describe('nonces', () => {
  test('RFC 7616 §3.3 stale: too old, and the credentials are right', () => {
    const r = rig();
    const nonce = nonceOf(r);
    r.time.advance(301_000);
    const found = r.server.authenticate(request([authorization({ nonce })]));
    assert.deepEqual(found, { kind: 'stale', realm: 'biloxi.com', replayed: false });
    assert.equal(kindOf(r, { nonce, password: 'x' }), 'wrong');
  });

  test('one that was made up, or by an earlier run, or for another realm is stale, not accepted', () => {
    const other = { user: 'bob', realm: 'atlanta.com', secret: { password: 'zanzibar' } };
    const r = rig([BOB, other]);
    assert.equal(kindOf(r, { nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093' }), 'stale');
    assert.equal(kindOf(r, { nonce: nonceOf(r, 'atlanta.com') }), 'stale');
    assert.equal(kindOf(r, { nonce: nonceOf(rig([BOB], 100, 2)) }), 'stale');
  });

  test('RFC 7616 §3.4 nc: each count is good once; they may overtake each other', () => {
    const r = rig();
    const nonce = nonceOf(r);
    const kinds = [1, 3, 2, 3, 1, 2, 40, 39, 39, 4].map((nc) => kindOf(r, { nonce, nc }));
    assert.deepEqual(kinds, [
      ...['accepted', 'accepted', 'accepted', 'stale', 'stale', 'stale'],
      ...['accepted', 'accepted', 'stale', 'stale'],
    ]);
    assert.equal(r.server.size, 1);
  });

  test('of more nonces than are remembered, none that was used counts as new', () => {
    const r = rig([BOB], 10);
    const nonces = Array.from({ length: 30 }, () => {
      r.time.advance(2000);
      return nonceOf(r);
    });
    for (const nonce of nonces) assert.equal(kindOf(r, { nonce }), 'accepted');
    assert.equal(r.server.size, 10);
    for (const nonce of nonces) assert.equal(kindOf(r, { nonce }), 'stale');
    r.time.advance(2000);
    assert.equal(kindOf(r, { nonce: nonceOf(r) }), 'accepted');
  });

  test('what has expired is forgotten', () => {
    const r = rig();
    assert.equal(kindOf(r, { nonce: nonceOf(r) }), 'accepted');
    r.time.advance(301_000);
    r.server.sweep();
    assert.equal(r.server.size, 0);
  });

  test('no sequence of counts lets one through twice, and each new highest gets through', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 80 }), { maxLength: 200 }), (sequence) => {
        const counts = new NonceCounts(4);
        const seen = new Set<number>();
        let highest = 0;
        for (const nc of sequence) {
          const use = counts.use('n', nc, 10_000, 0);
          if (use === 'fresh') assert.ok(!seen.has(nc), `${nc} twice`);
          else assert.ok(seen.has(nc) || highest - nc >= 32, `${nc} refused below ${highest}`);
          if (nc > highest) assert.equal(use, 'fresh');
          highest = Math.max(highest, nc);
          seen.add(nc);
        }
      }),
    );
  });
});
