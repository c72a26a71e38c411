import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  equalSipUri,
  formatSipUri,
  isHostname,
  isIpv4,
  isParamChar,
  isUserChar,
  parseSipUri,
  percentEncode,
  readHost,
  readIpv6,
  type SipUri,
} from '../../../src/sip/index.ts';

function uri(raw: string): SipUri {
  const read = parseSipUri(raw);
  assert(read.ok, read.ok ? '' : `${raw}: ${read.error.message}`);
  return read.value;
}

function flat(raw: string): unknown {
  const { scheme, user, password, host, port, params, headers } = uri(raw);
  return [scheme, user, password, host, port, [...params], headers.map(({ name, value }) => [name, value])];
}

describe('RFC 3261 §19.1.1, §19.1.3: components', () => {
  const none: unknown[] = [];
  const cases: readonly [string, unknown][] = [
    ['sip:alice@atlanta.com', ['sip', 'alice', undefined, 'atlanta.com', undefined, none, none]],
    [
      'sip:alice:secretword@atlanta.com;transport=tcp',
      ['sip', 'alice', 'secretword', 'atlanta.com', undefined, [['transport', 'tcp']], none],
    ],
    [
      'sips:alice@atlanta.com?subject=project%20x&priority=urgent',
      [
        'sips',
        'alice',
        undefined,
        'atlanta.com',
        undefined,
        none,
        [
          ['subject', 'project%20x'],
          ['priority', 'urgent'],
        ],
      ],
    ],
    [
      'sip:+1-212-555-1212:1234@gateway.com;user=phone',
      ['sip', '+1-212-555-1212', '1234', 'gateway.com', undefined, [['user', 'phone']], none],
    ],
    ['sips:1212@gateway.com', ['sips', '1212', undefined, 'gateway.com', undefined, none, none]],
    ['sip:alice@192.0.2.4', ['sip', 'alice', undefined, '192.0.2.4', undefined, none, none]],
    [
      'sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com',
      [
        'sip',
        undefined,
        undefined,
        'atlanta.com',
        undefined,
        [['method', 'REGISTER']],
        [['to', 'alice%40atlanta.com']],
      ],
    ],
    [
      'sip:alice;day=tuesday@atlanta.com',
      ['sip', 'alice;day=tuesday', undefined, 'atlanta.com', undefined, none, none],
    ],
    [
      'SIP:Alice@ATLANTA.com:5060;Transport=TCP;LR',
      [
        'sip',
        'Alice',
        undefined,
        'atlanta.com',
        5060,
        [
          ['transport', 'TCP'],
          ['lr', undefined],
        ],
        none,
      ],
    ],
    ['sip:a?b/c@[2001:DB8::1]:5061', ['sip', 'a?b/c', undefined, '[2001:db8::1]', 5061, none, none]],
    ['sip:a:@b.example', ['sip', 'a', '', 'b.example', undefined, none, none]],
    ['sip:f%C3%BC@sip.example', ['sip', 'f%C3%BC', undefined, 'sip.example', undefined, none, none]],
    ['sip:a@b.example.', ['sip', 'a', undefined, 'b.example.', undefined, none, none]],
    [
      'sip:a@b.example;%6C%72;n%61me=v%61l',
      [
        'sip',
        'a',
        undefined,
        'b.example',
        undefined,
        [
          ['lr', undefined],
          ['name', 'v%61l'],
        ],
        none,
      ],
    ],
    ['sip:a@b.example;x=1;X=2', ['sip', 'a', undefined, 'b.example', undefined, [['x', '1']], none]],
    [
      'sip:a@b.example;gr=urn:uuid:f81d4fae',
      ['sip', 'a', undefined, 'b.example', undefined, [['gr', 'urn:uuid:f81d4fae']], none],
    ],
    ['sip:a@b.example?x=', ['sip', 'a', undefined, 'b.example', undefined, none, [['x', '']]]],
  ];
  for (const [raw, expected] of cases) test(raw, () => assert.deepEqual(flat(raw), expected));

  const refused: readonly [string, string][] = [
    ['tel:+1', 'SCHEME'],
    ['sip', 'SCHEME'],
    ['sip:', 'HOST'],
    ['sip:@b.example', 'USER'],
    ['sip::pw@b.example', 'USER'],
    ['sip:a@', 'HOST'],
    ['sip:a@b@c', 'HOST'],
    ['sip:a b@c', 'USER'],
    ['sip:a#b@c', 'USER'],
    ['sip:a%@c', 'USER'],
    ['sip:a%4@c', 'USER'],
    ['sip:a%4g@c', 'USER'],
    ['sip:ü@c', 'USER'],
    ['sip:a:p;w@c', 'USER'],
    ['sip:a@b:', 'PORT'],
    ['sip:a@b:0', 'PORT'],
    ['sip:a@b:65536', 'PORT'],
    ['sip:a@b:5x', 'HOST'],
    ['sip:a@-b', 'HOST'],
    ['sip:a@b_c', 'HOST'],
    ['sip:a@1.2.3', 'HOST'],
    ['sip:a@256.1.1.1', 'HOST'],
    ['sip:2001:db8::10', 'PORT'],
    ['sip:a@[::1', 'HOST'],
    ['sip:a@[::g]', 'HOST'],
    ['sip:a@[::1]x', 'HOST'],
    ['sip:a@b;', 'PARAM'],
    ['sip:a@b;;x', 'PARAM'],
    ['sip:a@b;=x', 'PARAM'],
    ['sip:a@b;x=', 'PARAM'],
    ['sip:a@b;x=y=z', 'PARAM'],
    ['sip:a@b; lr', 'PARAM'],
    ['sip:a@b?', 'HEADER'],
    ['sip:a@b?x', 'HEADER'],
    ['sip:a@b?=x', 'HEADER'],
    ['sip:a@b?x=y&', 'HEADER'],
    ['sip:a@b\r\nX: y', 'HOST'],
    ['sip:\u010Aa@b', 'USER'],
  ];
  for (const [raw, what] of refused) {
    test(`refused: ${JSON.stringify(raw)}`, () => {
      const read = parseSipUri(raw);
      assert(!read.ok);
      // An IPv6 address without brackets fails at its second colon, as host or as port.
      if (raw !== 'sip:2001:db8::10') assert.equal(read.error.code, `ERR_SIP_URI_${what}`);
    });
  }
});

describe('RFC 3261 §19.1.4: comparison', () => {
  const equal: readonly [string, string][] = [
    ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtLanTa.CoM;Transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;security=on'],
    ['sip:carol@chicago.com;newparam=5', 'sip:carol@chicago.com;security=on'],
    [
      'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
      'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
    ],
    [
      'sip:alice@atlanta.com?subject=project%20x&priority=urgent',
      'sip:alice@atlanta.com?priority=urgent&subject=project%20x',
    ],
    ['sip:a@b?X=y', 'sip:a@b?x=Y'],
    ['sip:a%c3@b', 'sip:a%C3@b'],
    ['sip:a@b;lr', 'sip:a@b'],
    // RFC 5954 §4.2: the octets of an address are compared, not its text.
    ['sip:bob@[::ffff:192.0.2.128]', 'sip:bob@[::ffff:c000:280]'],
    ['sip:bob@[2001:db8::9:1]', 'sip:bob@[2001:db8::9:01]'],
    ['sip:bob@[2001:db8::1]:5062', 'sip:bob@[2001:0DB8:0:0:0:0::1]:5062'],
    ['sip:[0:0:0:0:0:FFFF:129.144.52.38]', 'sip:[::ffff:8190:3426]'],
  ];
  for (const [left, right] of equal) {
    test(`${left} = ${right}`, () => {
      assert.equal(equalSipUri(uri(left), uri(right)), true);
      assert.equal(equalSipUri(uri(right), uri(left)), true);
    });
  }
  const different: readonly [string, string][] = [
    ['SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting'],
    ['sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4'],
    ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;security=off'],
    ['sip:bob@[2001:db8::1]', 'sip:bob@[2001:db8:1::]'],
    ['sip:bob@[::ffff:192.0.2.1]', 'sip:bob@192.0.2.1'],
    ['sip:a@b', 'sips:a@b'],
    ['sip:b', 'sip:a@b'],
    ['sip:a@b', 'sip:a:p@b'],
    ['sip:a:p@b', 'sip:a:P@b'],
    ['sip:a@b', 'sip:a@b;user=ip'],
    ['sip:a@b', 'sip:a@b;ttl=1'],
    ['sip:a@b', 'sip:a@b;method=INVITE'],
    ['sip:a@b', 'sip:a@b;maddr=b'],
    ['sip:a@b;lr', 'sip:a@b;lr=x'],
    ['sip:a@b?x=y', 'sip:a@b?x=z'],
    ['sip:a@b?x=y&x=y', 'sip:a@b?x=y&x=z'],
    // "," is reserved: its escape is another user.
    ['sip:a,b@c', 'sip:a%2Cb@c'],
    // Never decoded twice.
    ['sip:a%2541@b', 'sip:aA@b'],
    ['sip:a%2541@b', 'sip:a%41@b'],
  ];
  for (const [left, right] of different) {
    test(`${left} ≠ ${right}`, () => {
      assert.equal(equalSipUri(uri(left), uri(right)), false);
      assert.equal(equalSipUri(uri(right), uri(left)), false);
    });
  }
});

describe('writing', () => {
  for (const raw of [
    'sip:alice:pw@atlanta.com:5060;transport=tcp;lr?a=b&c=d',
    'sips:[2001:db8::1]',
    'sip:a;b=c@d.example',
  ]) {
    test(raw, () => assert.equal(formatSipUri(uri(raw)), raw));
  }
  test('names of parameters are escaped again', () => {
    assert.equal(formatSipUri(uri('sip:a@b;%3d%41=1')), 'sip:a@b;%3Da=1');
  });
  const unsafe: readonly [string, Parameters<typeof formatSipUri>[0]][] = [
    ['a host with a parameter', { host: 'b;x=y' }],
    ['a host with a port', { host: 'b:1' }],
    ['a user with "@"', { user: 'a@b', host: 'c' }],
    ['a user with ":"', { user: 'a:b', host: 'c' }],
    ['an empty user', { user: '', host: 'c' }],
    ['a line end', { host: 'c', user: 'a\r\nb' }],
    ['a value with ";"', { host: 'c', params: new Map([['x', 'y;z']]) }],
    ['a value with "?"', { host: 'c', params: new Map([['x', 'y?z=1']]) }],
    ['a header with "&"', { host: 'c', headers: [{ name: 'x', value: 'y&z=1' }] }],
    ['a port that is none', { host: 'c', port: 70000 }],
  ];
  for (const [name, parts] of unsafe)
    test(`${name} throws`, () => assert.throws(() => formatSipUri(parts), TypeError));
  test('property: any user and parameter value come back', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 1 }),
        fc.string({ unit: 'binary', minLength: 1 }),
        (user, value) => {
          const made = {
            user: percentEncode(user, isUserChar),
            host: 'example.org',
            params: new Map([['gr', percentEncode(value, isParamChar)]]),
          };
          const read = uri(formatSipUri(made));
          assert.equal(read.user, made.user);
          assert.equal(read.params.get('gr'), made.params.get('gr'));
          assert.equal(equalSipUri(read, uri(formatSipUri(read))), true);
        },
      ),
    );
  });
});

describe('hosts (RFC 3261 §25.1, RFC 5954, RFC 5118)', () => {
  const hostnames: readonly [string, boolean][] = [
    ['a', true],
    ['example.com', true],
    ['example.com.', true],
    ['a-b.c-d', true],
    ['a--b', true],
    ['1.a', true],
    ['xn--tschss-p2a.example', true],
    [`${'a'.repeat(63)}.b`, true],
    [`${'a'.repeat(64)}.b`, false],
    [`${'a.'.repeat(126)}b`, true],
    [`${'a.'.repeat(127)}b`, false],
    ['', false],
    ['.', false],
    ['a..b', false],
    ['.a', false],
    ['-a', false],
    ['a-', false],
    ['a-.b', false],
    ['a.1', false],
    ['a_b', false],
    ['a b', false],
    ['ä', false],
  ];
  for (const [text, expected] of hostnames) {
    test(`hostname ${text.slice(0, 30)}: ${expected}`, () => assert.equal(isHostname(text), expected));
  }
  const ipv6: readonly [string, string | undefined][] = [
    ['::', '::'],
    ['::1', '::1'],
    ['2001:DB8::10:5070', '2001:db8::10:5070'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    // RFC 5952 §4: one text; §4.2.2 "::" is not for one group, §4.2.3 the longest run, §5 IPv4-mapped mixed.
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['2001:0DB8:0:0:1:0:0:0', '2001:db8:0:0:1::'],
    ['1:2:3:4:5:6:192.0.2.1', '1:2:3:4:5:6:c000:201'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['::ffff:c000:0201', '::ffff:192.0.2.1'],
    ['2001:db8:::192.0.2.1', '2001:db8::c000:201'],
    ['1:2:3:4:5:6:7', undefined],
    ['1:2:3:4:5:6:7:8:9', undefined],
    ['1:2:3:4:5:6:7::8', undefined],
    ['1::2::3', undefined],
    [':::', undefined],
    [':1', undefined],
    ['1:', undefined],
    ['12345::', undefined],
    ['::192.0.2', undefined],
    ['::192.0.2.256', undefined],
    ['::192.0.2.01', undefined],
    ['192.0.2.1', undefined],
    ['192.0.2.1::', undefined],
    ['::192.0.2.1:1', undefined],
    ['fe80::1%eth0', undefined],
    ['', undefined],
  ];
  for (const [text, expected] of ipv6) {
    test(`IPv6 ${text || '(empty)'}`, () => assert.equal(readIpv6(text), expected));
  }
  test('IPv4', () => {
    assert.deepEqual(
      ['192.0.2.1', '0.0.0.0', '255.255.255.255', '1.2.3', '1.2.3.4.5', '1.2.3.256', '1.2.3.', 'a.b.c.d'].map(
        isIpv4,
      ),
      [true, true, true, false, false, false, false, false],
    );
    // RFC 5954 §4.1: IPv4address is the one of RFC 3986, whose octets have no leading zeros.
    assert.deepEqual(['192.0.2.01', '00.0.0.1', '0192.0.2.1'].map(isIpv4), [false, false, false]);
  });
  test('readHost', () => {
    assert.deepEqual(
      ['Example.ORG', '192.0.2.1', '[2001:DB8::1]', '[192.0.2.1]', '2001:db8::1', '[]'].map(readHost),
      ['example.org', '192.0.2.1', '[2001:db8::1]', undefined, undefined, undefined],
    );
  });
});
