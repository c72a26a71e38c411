import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  formatNameAddr,
  formatParams,
  parseCSeq,
  parseNameAddr,
  parseVia,
  quote,
} from '../../../src/sip/index.ts';

type Expected = {
  uri: string;
  displayName?: string;
  tag?: string;
  params?: readonly (readonly [string, string | undefined])[];
};

describe('RFC 3261 §20.10, §20.20, §20.39: name-addr and addr-spec', () => {
  const accepted: readonly [string, Expected][] = [
    [
      '"A. G. Bell" <sip:agb@bell-telephone.com> ;tag=a48s',
      { displayName: 'A. G. Bell', uri: 'sip:agb@bell-telephone.com', tag: 'a48s' },
    ],
    [
      'sip:+12125551212@server.phone2net.com;tag=887s',
      { uri: 'sip:+12125551212@server.phone2net.com', tag: '887s' },
    ],
    [
      'Anonymous <sip:c8oqz84zk7z@privacy.org>;tag=hyh8',
      { displayName: 'Anonymous', uri: 'sip:c8oqz84zk7z@privacy.org', tag: 'hyh8' },
    ],
    [
      'The Operator <sip:operator@cs.columbia.edu>;tag=287447',
      { displayName: 'The Operator', uri: 'sip:operator@cs.columbia.edu', tag: '287447' },
    ],
    ['<sips:bob@biloxi.com;transport=tcp?a=b>', { uri: 'sips:bob@biloxi.com;transport=tcp?a=b' }],
    ['"" <sip:a@b>', { displayName: '', uri: 'sip:a@b' }],
    ['"<sip:not@this>" <sip:a@b>', { displayName: '<sip:not@this>', uri: 'sip:a@b' }],
    ['"\\"\\\\" <sip:a@b>', { displayName: '"\\', uri: 'sip:a@b' }],
    ['"a"<sip:a@b>', { displayName: 'a', uri: 'sip:a@b' }],
    ['  Two   Words\t<sip:a@b>  ', { displayName: 'Two Words', uri: 'sip:a@b' }],
    ['J\u00C3\u00BCrgen <sip:a@b>', { displayName: 'Jürgen', uri: 'sip:a@b' }],
    ['"\u00FF" <sip:a@b>', { displayName: '\uFFFD', uri: 'sip:a@b' }],
    ['<tel:+1-201-555-0123;ext=5>', { uri: 'tel:+1-201-555-0123;ext=5' }],
    [
      'sip:a@b ; x ; Y = "q;\\"r" ;tag=t',
      {
        uri: 'sip:a@b',
        tag: 't',
        params: [
          ['x', undefined],
          ['y', 'q;"r'],
          ['tag', 't'],
        ],
      },
    ],
    [
      '<sip:a@b>;+sip.instance="<urn:uuid:0>";q=0.5',
      {
        uri: 'sip:a@b',
        params: [
          ['+sip.instance', '<urn:uuid:0>'],
          ['q', '0.5'],
        ],
      },
    ],
    ['<sip:a@b>;x=1;X=2', { uri: 'sip:a@b', params: [['x', '1']] }],
    ['sip:a@b;x="<"', { uri: 'sip:a@b', params: [['x', '<']] }],
  ];
  for (const [raw, expected] of accepted) {
    test(raw, () => {
      const read = parseNameAddr(raw);
      assert(read.ok, read.ok ? '' : read.error.message);
      assert.equal(read.value.uri, expected.uri);
      assert.equal(read.value.displayName, expected.displayName ?? '');
      assert.equal(read.value.tag, expected.tag);
      if (expected.params !== undefined) assert.deepEqual([...read.value.params], expected.params);
    });
  }
  const refused = [
    '',
    '<>',
    '<sip:>',
    'sip:',
    '"open <sip:a@b>',
    '"a" sip:a@b',
    '"a" "b" <sip:a@b>',
    '<sip:a@b',
    '< sip:a@b>',
    '<sip:a@b >',
    '<sip:a b>',
    '<sip:a@b>x',
    '<sip:a@b>;',
    '<sip:a@b>;;x',
    '<sip:a@b>;=x',
    '<sip:a@b>;x=',
    '<sip:a@b>;x="y',
    '<sip:a@b>;tag=1;tag=1',
    '<sip:a@b>;tag',
    'sip:a@b;tag ;x',
    '<sip:a@b>, <sip:c@d>',
    'Bell, Alexander <sip:a@b>',
    'sip:a@b?x=y',
    'sip:a,b@c',
    'sip:a@b <sip:c@d>',
    '<1sip:a@b>',
    '<sip:\u00FC@b>',
    '<sip:a@b\u0000>',
    'a@b',
    '<<sip:a@b>>',
  ];
  for (const raw of refused) {
    test(`refused: ${JSON.stringify(raw)}`, () => {
      const read = parseNameAddr(raw);
      assert.equal(read.ok ? 'accepted' : read.error.code, 'ERR_SIP_HEADER_NAME_ADDR');
    });
  }
});

describe('writing', () => {
  test('ADDR-70: quotes and backslashes escaped, CR and LF dropped', () => {
    assert.equal(formatNameAddr({ displayName: 'a"b\\c\r\nd', uri: 'sip:a@b' }), '"a\\"b\\\\cd" <sip:a@b>');
    assert.equal(
      formatNameAddr({
        uri: 'sip:a@b',
        params: new Map([
          ['tag', 't'],
          ['x', 'a b'],
          ['lr', undefined],
        ]),
      }),
      '<sip:a@b>;tag=t;x="a b";lr',
    );
    assert.equal(formatNameAddr({ displayName: 'ü', uri: 'sip:a@b' }), '"\u00C3\u00BC" <sip:a@b>');
  });
  for (const uri of ['', 'sip:a b', 'sip:a>', 'sip:a\r\nb', 'sip:ü', 'sip:\u010A']) {
    test(`a URI that cannot stand there throws: ${JSON.stringify(uri)}`, () =>
      assert.throws(() => formatNameAddr({ uri }), TypeError));
  }
  test('property: any display name and parameter come back', () => {
    const anyText = fc
      .string({ unit: 'binary' })
      .map((text) => text.toWellFormed().replaceAll(/[\r\n\0]/g, ''));
    const octets = fc.string({
      unit: fc.integer({ min: 1, max: 255 }).map((octet) => String.fromCharCode(octet)),
    });
    fc.assert(
      fc.property(anyText, octets, (displayName, value) => {
        const read = parseNameAddr(
          formatNameAddr({ displayName, uri: 'sip:a@b', params: new Map([['x', value]]) }),
        );
        assert(read.ok);
        assert.equal(read.value.displayName, displayName);
        assert.equal(read.value.params.get('x'), value.replaceAll(/[\r\n]/g, ''));
      }),
    );
  });
  test('quote and formatParams', () => {
    assert.equal(quote('a"\\\n'), '"a\\"\\\\"');
    assert.equal(formatParams(new Map([['a', '']])), ';a=""');
  });
});

describe('RFC 3261 §20.42: Via', () => {
  const accepted: readonly [string, readonly unknown[]][] = [
    [
      'SIP/2.0/UDP erlang.bell-telephone.com:5060;branch=z9hG4bK87asdks7',
      ['UDP', 'erlang.bell-telephone.com', 5060, 'z9hG4bK87asdks7'],
    ],
    [
      'SIP/2.0/UDP 192.0.2.1:5060 ;received=192.0.2.207;branch=z9hG4bK77asjd',
      ['UDP', '192.0.2.1', 5060, 'z9hG4bK77asjd'],
    ],
    [
      'SIP / 2.0 / UDP first.example.com: 4000;ttl=16 ;maddr=224.2.0.1 ;branch=z9hG4bKa7c6a8dlze.1',
      ['UDP', 'first.example.com', 4000, 'z9hG4bKa7c6a8dlze.1'],
    ],
    ['sip/2.0/tls [2001:DB8::1]:5061', ['TLS', '[2001:db8::1]', 5061, undefined]],
    [
      'SIP/2.0/WSS df7jal23ls0d.invalid;BRANCH=z9hG4bK1;rport',
      ['WSS', 'df7jal23ls0d.invalid', undefined, 'z9hG4bK1'],
    ],
    ['SIP/2.0/TLS-SCTP host_with_underscore', ['TLS-SCTP', 'host_with_underscore', undefined, undefined]],
  ];
  for (const [raw, expected] of accepted) {
    test(raw, () => {
      const read = parseVia(raw);
      assert(read.ok, read.ok ? '' : read.error.message);
      const { transport, host, port, branch } = read.value;
      assert.deepEqual([transport, host, port, branch], expected);
    });
  }
  test('stops at a comma and tells where', () => {
    const raw = 'SIP/2.0/UDP a;x="1,2" , SIP/2.0/UDP b';
    const read = parseVia(raw);
    assert(read.ok);
    assert.equal(raw[read.value.end], ',');
    const second = parseVia(raw, read.value.end + 2);
    assert(second.ok);
    assert.equal(second.value.host, 'b');
  });
  for (const raw of [
    '',
    'SIP/2.0',
    'SIP/2.0/UDP',
    'SIP/2.0/UDP ',
    'SIP/2.0/ a',
    'SIP/1.0/UDP a',
    'HTTP/2.0/UDP a',
    'SIP/2.0/UDP a b',
    'SIP/2.0/UDP [::1',
    'SIP/2.0/UDP [x::1]',
    'SIP/2.0/UDP []',
    'SIP/2.0/UDP a:',
    'SIP/2.0/UDP a:x',
    'SIP/2.0/UDP a;;',
    'SIP/2.0/UDP a;branch=1;branch=2',
  ]) {
    test(`refused: ${raw}`, () => assert.equal(parseVia(raw).ok, false));
  }
});

describe('RFC 3261 §20.16: CSeq', () => {
  const cases: readonly [string, unknown][] = [
    ['4711 INVITE', { number: 4711, method: 'INVITE' }],
    ['0009  invite', { number: 9, method: 'invite' }],
    ['2147483647 X', { number: 2147483647, method: 'X' }],
    ['2147483648 X', undefined],
    ['-1 X', undefined],
    ['1', undefined],
    ['1 ', undefined],
    ['1X', undefined],
    ['X 1', undefined],
    ['1 X Y', undefined],
    ['1.0 X', undefined],
    ['', undefined],
  ];
  for (const [raw, expected] of cases) {
    test(JSON.stringify(raw), () => {
      const read = parseCSeq(raw);
      assert.deepEqual(read.ok ? read.value : undefined, expected);
    });
  }
});
