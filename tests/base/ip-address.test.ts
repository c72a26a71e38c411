import { test, describe } from 'node:test';
import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import * as fc from 'fast-check';
import { IpNetwork, canonicalIp, formatIpAddress, parseIpAddress, unmapped } from '../../src/base/index.ts';

describe('IP addresses', () => {
  const canonical: readonly (readonly [string, string | undefined])[] = [
    ['192.0.2.1', '192.0.2.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['256.0.0.1', undefined],
    ['1.2.3', undefined],
    ['1.2.3.4.5', undefined],
    ['1.2.3.', undefined],
    ['1..3.4', undefined],
    ['010.0.0.1', undefined],
    ['1.2.3.4 ', undefined],
    ['', undefined],
    ['example.net', undefined],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'], // RFC 5952 §4.2.3
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'], // RFC 5952 §4.2.2
    ['2001:0db8::0001', '2001:db8::1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
    ['::FFFF:C000:0201', '::ffff:192.0.2.1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1:2:3:4:5:6:7', undefined],
    ['1:2:3:4:5:6:7:8:9', undefined],
    ['1:2:3:4:5:6:7::8', undefined],
    ['1::2::3', undefined],
    [':::', undefined],
    [':1::', undefined],
    ['1:2:3:4:5:6:7:', undefined],
    ['12345::', undefined],
    ['::g', undefined],
    ['1.2.3.4::', undefined],
    ['fe80::1%eth0', undefined],
    ['[::1]', undefined],
  ];
  for (const [text, expected] of canonical) {
    test(`RFC 4291 §2.2, RFC 5952: ${JSON.stringify(text)} → ${expected ?? 'no address'}`, () => {
      assert.equal(canonicalIp(text), expected);
    });
  }

  test('reads what the system reads, and writes what it reads back as the same octets', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), fc.stringMatching(/^[0-9a-f:.]{0,20}$/)), (text) => {
        const address = parseIpAddress(text);
        assert.equal(address?.family ?? 0, isIP(text));
        if (address !== undefined) assert.deepEqual(parseIpAddress(formatIpAddress(address)), address);
      }),
    );
  });

  test('RFC 4291 §2.5.5.2: an IPv4-mapped address stands for its IPv4 address', () => {
    const mapped = parseIpAddress('::ffff:10.0.0.1');
    assert.ok(mapped !== undefined);
    assert.equal(formatIpAddress(unmapped(mapped)), '10.0.0.1');
    const plain = parseIpAddress('2001:db8::1');
    assert.ok(plain !== undefined);
    assert.equal(unmapped(plain), plain);
  });
});

describe('IP networks', () => {
  const networks: readonly (readonly [string, string, boolean])[] = [
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['172.16.0.0/12', '172.31.255.255', true],
    ['172.16.0.0/12', '172.32.0.0', false],
    ['192.0.2.5', '192.0.2.5', true],
    ['192.0.2.5', '192.0.2.4', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '::1', false],
    ['2000::/3', '3fff::1', true],
    ['2000::/3', '4000::1', false],
    ['fe80::/10', 'febf::1', true],
    ['fe80::/10', 'fec0::1', false],
  ];
  for (const [network, address, inside] of networks) {
    test(`${address} is ${inside ? '' : 'not '}in ${network}`, () => {
      const parsed = parseIpAddress(address);
      assert.ok(parsed !== undefined);
      assert.equal(IpNetwork.parse(network)?.contains(parsed), inside);
    });
  }
  for (const text of [
    '10.0.0.0/33',
    '10.0.0.1/8',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    'a/8',
    '::/129',
    '',
  ]) {
    test(`${JSON.stringify(text)} is no network`, () => assert.equal(IpNetwork.parse(text), undefined));
  }
});
