import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  parseDnsServer,
  parseHostPort,
  parseListenUrl,
  parseNetwork,
  parseSipPattern,
  parseXmppPattern,
} from '../../../src/gateway/config/fields.ts';
import { parseNextHop } from '../../../src/gateway/config/next-hop.ts';

describe('listen URLs', () => {
  const good: [string, object][] = [
    ['udp://0.0.0.0:5060', { transport: 'UDP', host: '0.0.0.0', port: 5060 }],
    ['TCP://[2001:db8::9]:5070', { transport: 'TCP', host: '2001:db8::9', port: 5070 }],
    ['tcp://[::]', { transport: 'TCP', host: '::', port: 5060 }],
    ['tls://10.0.0.9', { transport: 'TLS', host: '10.0.0.9', port: 5061 }],
    ['ws://10.0.0.9', { transport: 'WS', host: '10.0.0.9', port: 80 }],
    ['wss://[::1]', { transport: 'WSS', host: '::1', port: 443 }],
    ['WSS://[::1]:8443', { transport: 'WSS', host: '::1', port: 8443 }],
    ['udp://127.0.0.1:0', { transport: 'UDP', host: '127.0.0.1', port: 0 }],
  ];
  for (const [text, value] of good) {
    test(`${text} is read`, () => assert.deepEqual(parseListenUrl(text), { ok: true, value }));
  }
  const bad: [string, RegExp][] = [
    ['wss://10.0.0.9/sip', /not an address/],
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
      assert.equal(result.value.prefixLength, prefix);
      assert.deepEqual([...result.value.address.octets], octets);
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
  const good: [string, string, string?][] = [
    ['Example.NET', 'example.net'],
    ['*.Example.net', '*.example.net'],
    ['*', '*'],
    ['bücher.example', 'xn--bcher-kva.example', 'bücher.example'],
    ['XN--bcher-kva.example', 'xn--bcher-kva.example', 'bücher.example'],
    ['10.0.0.1', '10.0.0.1'],
    ['[2001:DB8::1]', '[2001:db8::1]'],
    ['localhost', 'localhost'],
  ];
  for (const [text, sip, xmpp = sip] of good) {
    test(`${text} is read`, () => {
      assert.deepEqual(parseSipPattern(text), { ok: true, value: sip });
      assert.deepEqual(parseXmppPattern(text), { ok: true, value: xmpp });
    });
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
    test(`"${text}" is refused`, () => {
      assert.equal(parseSipPattern(text).ok, false);
      assert.equal(parseXmppPattern(text).ok, false);
    });
  }
});

describe('next hops', () => {
  for (const text of [
    'sip:10.0.0.5:5060;transport=udp;lr',
    'sip:proxy.example.net;lr',
    'SIP:[2001:db8::1]:5070;transport=TCP',
    'sip:proxy.example.net',
    'sips:proxy.example.net',
    'sip:10.0.0.5;transport=tls;lr',
    'sips:proxy.example.net;transport=tcp',
  ]) {
    test(`${text} is kept as written`, () => assert.deepEqual(parseNextHop(text), { ok: true, value: text }));
  }
  for (const text of [
    'sips:a.example;transport=udp',
    'sip:a;transport=ws',
    'sip:a;transport=wss',
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
