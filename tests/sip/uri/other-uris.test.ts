import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  equalTelUri,
  formatTelUri,
  formatXmppUri,
  parseImPresUri,
  parseTelUri,
  parseUri,
  parseXmppUri,
  percentDecode,
  percentDecodeUtf8,
  percentEncode,
  type TelUri,
} from '../../../src/sip/index.ts';

function tel(raw: string): TelUri {
  const read = parseTelUri(raw);
  assert(read.ok, read.ok ? '' : `${raw}: ${read.error.message}`);
  return read.value;
}

describe('RFC 3966 §3, §6: tel', () => {
  const cases: readonly [string, boolean, string, string | undefined, string | undefined][] = [
    ['tel:+1-201-555-0123', true, '+12015550123', undefined, undefined],
    ['tel:7042;phone-context=example.com', false, '7042', 'example.com', undefined],
    ['tel:863-1234;phone-context=+1-914-555', false, '8631234', '+1-914-555', undefined],
    ['TEL:+1.(201)-5550123;ext=1-2', true, '+12015550123', undefined, '12'],
    ['tel:*#0A;phone-context=example.com', false, '*#0a', 'example.com', undefined],
    ['tel:+358-555-1234567;isub=1411;postd=pp22', true, '+3585551234567', undefined, undefined],
  ];
  for (const [raw, global, number, context, extension] of cases) {
    test(raw, () => {
      const read = tel(raw);
      assert.deepEqual(
        [read.global, read.number, read.context, read.extension],
        [global, number, context, extension],
      );
    });
  }
  for (const raw of [
    'tel:',
    'tel:+',
    'tel:+-',
    'tel:+1a',
    'tel:-.',
    'tel:1 2;phone-context=a.b',
    'tel:7042',
    'tel:7042;phone-context=',
    'tel:7042;phone-context=1a_',
    'tel:+1;ext=',
    'tel:+1;ext=a',
    'tel:+1;ext=1;ext=1',
    'tel:+1;EXT=1;ext=1',
    'tel:+1;isub',
    'tel:+1;x=',
    'tel:+1;x=a;b;',
    'tel:+1;x_y=1',
    'tel:+1;x=%4',
    'sip:+1@a',
  ]) {
    test(`refused: ${raw}`, () => assert.equal(parseTelUri(raw).ok, false));
  }
  const equal: readonly [string, string][] = [
    ['tel:+1-201-555-0123', 'tel:+12015550123'],
    ['tel:+1.201.555.0123', 'TEL:+1(201)5550123'],
    ['tel:0A;phone-context=Example.com', 'tel:0a;phone-context=example.COM'],
    ['tel:1;phone-context=+1-914', 'tel:1;phone-context=+1(9)14'],
    ['tel:+1;ext=1-2;x=Y', 'tel:+1;X=y;ext=12'],
    ['tel:+1;x=%61', 'tel:+1;x=a'],
  ];
  const different: readonly [string, string][] = [
    ['tel:+12015550123', 'tel:12015550123;phone-context=a.b'],
    ['tel:1;phone-context=a.b', 'tel:1;phone-context=a.c'],
    ['tel:+1', 'tel:+1;x=1'],
    ['tel:+1;x=1', 'tel:+1;y=1'],
    ['tel:+1;x=1', 'tel:+1;x'],
    ['tel:+1;ext=1', 'tel:+1;ext=2'],
    ['tel:+1', 'tel:+2'],
  ];
  for (const [left, right] of equal) {
    test(`§4: ${left} = ${right}`, () => assert.equal(equalTelUri(tel(left), tel(right)), true));
  }
  for (const [left, right] of different) {
    test(`§4: ${left} ≠ ${right}`, () => {
      assert.equal(equalTelUri(tel(left), tel(right)), false);
      assert.equal(equalTelUri(tel(right), tel(left)), false);
    });
  }
  test('written without separators', () => {
    const made = formatTelUri(tel('tel:+1-201;ext=5;x'));
    assert.equal(made, 'tel:+1201;ext=5;x');
    assert.equal(equalTelUri(tel(made), tel('tel:+1-201;ext=5;x')), true);
  });
});

describe('RFC 3860, RFC 3859: im and pres', () => {
  const cases: readonly [string, unknown][] = [
    ['im:fred@example.com', ['im', 'fred', 'example.com', undefined]],
    ['PRES:Fred@Example.com?a=b', ['pres', 'Fred', 'example.com', 'a=b']],
    ['im:f%C3%BC@sip.example', ['im', 'f%C3%BC', 'sip.example', undefined]],
    ['im:a?b@c.example', ['im', 'a?b', 'c.example', undefined]],
    ['im:example.com', undefined],
    ['im:@example.com', undefined],
    ['im:a@b@c', undefined],
    ['im:a%4@b', undefined],
    ['im:a b@c', undefined],
    ['im:a[@c', undefined],
    ['im:', undefined],
    ['sip:a@b', undefined],
  ];
  for (const [raw, expected] of cases) {
    test(raw, () => {
      const read = parseImPresUri(raw);
      assert.deepEqual(
        read.ok ? [read.value.scheme, read.value.user, read.value.host, read.value.headers] : undefined,
        expected,
      );
    });
  }
});

describe('RFC 5122: xmpp', () => {
  const cases: readonly [string, unknown][] = [
    ['xmpp:node@example.com', ['', 'node', 'example.com', '', undefined, undefined]],
    ['xmpp:example.com', ['', '', 'example.com', '', undefined, undefined]],
    [
      'xmpp:example-node@example.com/some-resource',
      ['', 'example-node', 'example.com', 'some-resource', undefined, undefined],
    ],
    [
      'xmpp:example-node@example.com?message;subject=Hello%20World',
      ['', 'example-node', 'example.com', '', 'message;subject=Hello%20World', undefined],
    ],
    ['xmpp://guest@example.com', ['guest@example.com', '', '', '', undefined, undefined]],
    [
      'xmpp://guest@example.com/support@example.com?message',
      ['guest@example.com', 'support', 'example.com', '', 'message', undefined],
    ],
    [
      'XMPP:nasty!%23$%25()*+,-.;=%3F%5B%5C%5D%5E_%60%7B%7C%7D~node@example.com',
      ['', 'nasty!#$%()*+,-.;=?[\\]^_`{|}~node', 'example.com', '', undefined, undefined],
    ],
    [
      "xmpp:node@example.com/repulsive%20!%23%22$%25&'()*+,-.%2F:;%3C=%3E%3F%40%5B%5C%5D%5E_%60%7B%7C%7D~resource",
      [
        '',
        'node',
        'example.com',
        'repulsive !#"$%&\'()*+,-./:;<=>?@[\\]^_`{|}~resource',
        undefined,
        undefined,
      ],
    ],
    [
      'xmpp:ji%C5%99i@%C4%8Dechy.example/v%20Praze',
      ['', 'jiři', 'čechy.example', 'v Praze', undefined, undefined],
    ],
    ['xmpp:ji\u00C5\u0099i@example/a%C4%8D#frag', ['', 'jiři', 'example', 'ač', undefined, 'frag']],
    ['xmpp:', undefined],
    ['xmpp:@example.com', undefined],
    ['xmpp:a@', undefined],
    ['xmpp:a@b/', undefined],
    ['xmpp:a@b@c', undefined],
    ['xmpp:a%@b', undefined],
    ['xmpp:a%FF@b', undefined],
    ['xmpp:a b@c', undefined],
    ['xmpp:///a@b', undefined],
    ['xmpp://example.com/a@b', undefined],
  ];
  for (const [raw, expected] of cases) {
    test(raw, () => {
      const read = parseXmppUri(raw);
      if (!read.ok) {
        assert.equal(expected, undefined, read.error.message);
        // Escapes have codes of their own.
        assert.match(read.error.code, /^ERR_SIP_URI_(?:XMPP|ESCAPE|UTF8)$/);
        return;
      }
      const { authority, local, domain, resource, query, fragment } = read.value;
      const account = authority === undefined ? '' : `${authority.local}@${authority.domain}`;
      assert.deepEqual([account, local, domain, resource, query, fragment], expected);
    });
  }
  test('the examples of §2.7.2, written', () => {
    assert.equal(
      formatXmppUri({ local: 'nasty!#$%()*+,-.;=?[\\]^_`{|}~node', domain: 'example.com' }),
      'xmpp:nasty!%23$%25()*+,-.;=%3F%5B%5C%5D%5E_%60%7B%7C%7D~node@example.com',
    );
    assert.equal(
      formatXmppUri({ local: 'jiři', domain: 'čechy.example', resource: 'v Praze' }),
      'xmpp:ji%C5%99i@%C4%8Dechy.example/v%20Praze',
    );
    assert.equal(formatXmppUri({ domain: '[2001:db8::1]', query: 'join' }), 'xmpp:[2001:db8::1]?join');
    assert.throws(() => formatXmppUri({ domain: 'a.b', query: 'a b' }), TypeError);
  });
  test('property: any address comes back', () => {
    const part = fc.string({ unit: 'binary', minLength: 1 }).map((text) => text.toWellFormed());
    fc.assert(
      fc.property(part, part, (local, resource) => {
        const made = formatXmppUri({ local, domain: 'example.org', resource });
        assert.match(made, /^[!-~]+$/);
        const read = parseXmppUri(made);
        assert(read.ok);
        assert.deepEqual(
          [read.value.local, read.value.domain, read.value.resource],
          [local, 'example.org', resource],
        );
      }),
    );
  });
});

test('parseUri chooses by scheme', () => {
  const schemes = [
    'sip:a@b',
    'SIPS:a@b',
    'tel:+1',
    'im:a@b',
    'pres:a@b',
    'xmpp:a@b',
    'soap.beep://192.0.2.103:3002',
    'isbn:2983792873',
  ];
  assert.deepEqual(
    schemes.map((raw) => {
      const read = parseUri(raw);
      return read.ok ? read.value.scheme : read.error.code;
    }),
    ['sip', 'sips', 'tel', 'im', 'pres', 'xmpp', 'other', 'other'],
  );
  assert.deepEqual(parseUri('NoBody:x:y'), {
    ok: true,
    value: { scheme: 'other', name: 'nobody', rest: 'x:y' },
  });
  for (const raw of ['', 'sip', ':x', '1a:b', 'sip:', 'tel:x', 'a b:c'])
    assert.equal(parseUri(raw).ok, false, raw);
});

describe('RFC 3986 §2.1: percent-encoding', () => {
  test('decoding happens once', () => {
    const read = percentDecode('a%2541%00%C3%bc');
    assert(read.ok);
    assert.deepEqual([...read.value], [0x61, 0x25, 0x34, 0x31, 0x00, 0xc3, 0xbc]);
  });
  for (const raw of ['%', '%4', 'a%', '%zz', '%4g', '%%41']) {
    test(`refused: ${raw}`, () => assert.equal(percentDecode(raw).ok, false));
  }
  test('text that is no UTF-8 is refused: bare, overlong, surrogate (ADDR-03)', () => {
    for (const raw of ['%FF', '%C0%80', '%ED%A0%80', '%C3'])
      assert.equal(percentDecodeUtf8(raw).ok, false, raw);
  });
  test('encoding: upper case, "%" always, ASCII only asked for', () => {
    const asked: number[] = [];
    const made = percentEncode('a%ü\u0000~', (codePoint) => {
      asked.push(codePoint);
      return codePoint === 0x61 || codePoint === 0x25;
    });
    assert.equal(made, 'a%25%C3%BC%00%7E');
    assert(asked.every((codePoint) => codePoint < 0x80));
  });
});
