import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  addressOctets,
  parseDnsServer,
  parseDomainPattern,
  parseHostPort,
  parseListenUrl,
  parseNetwork,
} from '../../../src/gateway/config/fields.ts';
import { parseNextHop } from '../../../src/gateway/config/next-hop.ts';

describe('listen URLs', () => {
  const good: [string, object][] = [
    ['udp://0.0.0.0:5060', { transport: 'UDP', host: '0.0.0.0', port: 5060 }],
    ['TCP://[2001:db8::9]:5070', { transport: 'TCP', host: '2001:db8::9', port: 5070 }],
    ['tcp://[::]', { transport: 'TCP', host: '::', port: 5060 }],
    ['udp://127.0.0.1:0', { transport: 'UDP', host: '127.0.0.1', port: 0 }],
  ];
  for (const [text, value] of good) {
    test(`${text} is read`, () => assert.deepEqual(parseListenUrl(text), { ok: true, value }));
  }
  const bad: [string, RegExp][] = [
    ['tls://10.0.0.9:5061', /not built yet/],
    ['ws://10.0.0.9', /not built yet/],
    ['sctp://10.0.0.9', /unknown transport/],
    ['10.0.0.9:5060', /must look like/],
    ['udp://localhost', /is a name/],
    ['udp://[10.0.0.1]:5060', /not an IPv6/],
    ['udp://::1:5060', /not|brackets|":"/],
    ['udp://10.0.0.256', /not an address/],
    ['udp://10.0.0.9:65536', /not a port/],
    ['udp://10.0.0.9:5060/', /not a port/],
    ['udp://[::1', /without/],
    ['udp://', /not an address/],
  ];
  for (const [text, reason] of bad) {
    test(`${text} is refused`, () => {
      const result = parseListenUrl(text);
      assert.ok(!result.ok);
      assert.match(result.error, reason);
    });
  }
});

describe('host:port', () => {
  test('a port is required where there is no default', () => {
    assert.deepEqual(parseHostPort('127.0.0.1', undefined), { ok: false, error: 'the port is missing' });
  });
  test('port 0 only for listeners', () => {
    assert.equal(parseHostPort('127.0.0.1:0', undefined).ok, false);
    assert.equal(parseHostPort('127.0.0.1:0', undefined, 0).ok, true);
  });
  test('an IPv6 address without brackets is pointed out', () => {
    assert.deepEqual(parseHostPort('2001:db8::1', 1), {
      ok: false,
      error: 'an IPv6 address is written in brackets: [2001:db8::1]',
    });
  });
  test('DNS servers are addresses', () => {
    assert.equal(parseDnsServer('127.0.0.1:53').ok, true);
    assert.equal(parseDnsServer('::1').ok, true);
    assert.equal(parseDnsServer('[::1]:5353').ok, true);
    assert.equal(parseDnsServer('ns.example.net').ok, false);
  });
});

describe('networks', () => {
  test('RFC 4291 §2.2: the three text forms of an IPv6 address', () => {
    const wanted = [0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4];
    for (const text of ['2001:db8:0:0:0:0:102:304', '2001:DB8::102:304', '2001:db8::1.2.3.4']) {
      assert.deepEqual([...(addressOctets(text) ?? [])], wanted, text);
    }
    assert.deepEqual([...(addressOctets('::') ?? [])], Array(16).fill(0));
    assert.deepEqual([...(addressOctets('::1') ?? [])], [...Array<number>(15).fill(0), 1]);
    assert.deepEqual([...(addressOctets('1::') ?? [])], [0, 1, ...Array<number>(14).fill(0)]);
  });
  test('what is no address has no octets', () => {
    for (const text of ['', '1.2.3', '::g', 'fe80::1%eth0', '1:2:3'])
      assert.equal(addressOctets(text), undefined);
  });
  const good: [string, number, number[]][] = [
    ['10.1.0.0/16', 16, [10, 1, 0, 0]],
    ['0.0.0.0/0', 0, [0, 0, 0, 0]],
    ['10.0.0.5', 32, [10, 0, 0, 5]],
    ['10.0.0.128/25', 25, [10, 0, 0, 128]],
  ];
  for (const [text, prefix, octets] of good) {
    test(`${text} is read`, () => {
      const result = parseNetwork(text);
      assert.ok(result.ok);
      assert.equal(result.value.prefix, prefix);
      assert.deepEqual([...result.value.octets], octets);
    });
  }
  for (const text of [
    '10.0.0.5/24',
    '10.0.0.129/25',
    '2001:db8::1/64',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    'a/8',
    '',
  ]) {
    test(`"${text}" is refused`, () => assert.equal(parseNetwork(text).ok, false));
  }
});

describe('domain patterns', () => {
  const good: [string, string][] = [
    ['Example.NET', 'example.net'],
    ['*.Example.net', '*.example.net'],
    ['*', '*'],
    ['bücher.example', 'bücher.example'],
    ['10.0.0.1', '10.0.0.1'],
    ['[2001:DB8::1]', '[2001:db8::1]'],
    ['localhost', 'localhost'],
  ];
  for (const [text, value] of good) {
    test(`${text} is read`, () => assert.deepEqual(parseDomainPattern(text), { ok: true, value }));
  }
  for (const text of [
    '',
    'a..b',
    '-a.de',
    'a b',
    'ex*.net',
    '*.*',
    'user@a',
    'a.',
    '*.10.0.0.1',
    '::1',
    `${'a'.repeat(64)}.b`,
  ]) {
    test(`"${text}" is refused`, () => assert.equal(parseDomainPattern(text).ok, false));
  }
});

describe('next hops', () => {
  for (const text of [
    'sip:10.0.0.5:5060;transport=udp;lr',
    'sip:proxy.example.net;lr',
    'SIP:[2001:db8::1]:5070;transport=TCP',
    'sip:proxy.example.net',
  ]) {
    test(`${text} is kept as written`, () => assert.deepEqual(parseNextHop(text), { ok: true, value: text }));
  }
  for (const text of [
    'sips:a.example',
    'sip:a;transport=tls',
    'sip:a;transport=sctp',
    'sip:bob@a.example',
    'sip:a.example?Subject=x',
    'sip:a.example;lr\r\nVia: x',
    'sip:',
    'a.example',
    'sip:a b',
    'sip:a:70000',
    'sip:a;;lr',
  ]) {
    test(`${JSON.stringify(text)} is refused`, () => assert.equal(parseNextHop(text).ok, false));
  }
});
