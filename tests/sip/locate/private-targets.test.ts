import { test, describe } from 'node:test';
import assert from 'node:assert/strict';
import { specialUse, type SpecialUse } from '../../../src/sip/index.ts';
import { srv } from './dns-table.ts';
import { locatorRig, shown } from './locator-rig.ts';

const addresses: readonly (readonly [string, SpecialUse | undefined, string])[] = [
  ['0.0.0.0', 'unspecified', 'RFC 1122 §3.2.1.3'],
  ['10.0.0.1', 'private', 'RFC 1918'],
  ['100.64.0.1', 'private', 'RFC 6598'],
  ['100.63.255.255', undefined, 'RFC 6598'],
  ['100.128.0.0', undefined, 'RFC 6598'],
  ['127.255.255.255', 'loopback', 'RFC 1122 §3.2.1.3'],
  ['169.254.169.254', 'link-local', 'RFC 3927'],
  ['172.15.255.255', undefined, 'RFC 1918'],
  ['172.16.0.0', 'private', 'RFC 1918'],
  ['172.31.255.255', 'private', 'RFC 1918'],
  ['192.0.2.1', 'documentation', 'RFC 5737'],
  ['192.168.1.1', 'private', 'RFC 1918'],
  ['198.18.0.1', 'reserved', 'RFC 2544'],
  ['224.0.1.75', 'multicast', 'RFC 5771, sip.mcast.net'],
  ['255.255.255.255', 'reserved', 'RFC 919'],
  ['5.6.7.8', undefined, 'public'],
  ['::', 'unspecified', 'RFC 4291 §2.5.2'],
  ['::1', 'loopback', 'RFC 4291 §2.5.3'],
  ['::ffff:5.6.7.8', 'mapped', 'RFC 4291 §2.5.5.2'],
  ['::ffff:127.0.0.1', 'mapped', 'RFC 4291 §2.5.5.2'],
  ['::127.0.0.1', 'reserved', 'RFC 4291 §2.5.5.1'],
  ['fd00::1', 'private', 'RFC 4193'],
  ['fe80::1', 'link-local', 'RFC 4291 §2.5.6'],
  ['fec0::1', 'private', 'RFC 3879'],
  ['ff02::1', 'multicast', 'RFC 4291 §2.7'],
  ['2001:db8::1', 'documentation', 'RFC 3849'],
  ['2001::1', 'reserved', 'RFC 4380, Teredo'],
  ['2002:0a00:0001::1', 'private', 'RFC 3056 with 10.0.0.1 inside'],
  ['2002:0506:0708::1', undefined, 'RFC 3056 with 5.6.7.8 inside'],
  ['64:ff9b::10.0.0.1', 'private', 'RFC 6052 with 10.0.0.1 inside'],
  ['64:ff9b::5.6.7.8', undefined, 'RFC 6052 with 5.6.7.8 inside'],
  ['64:ff9b:1::1', 'reserved', 'RFC 8215'],
  ['2a00:1450:4001::5', undefined, 'public'],
  ['4000::1', 'reserved', 'outside of 2000::/3'],
  ['nonsense', 'reserved', 'no address'],
];

describe('Addresses to which foreign names may not lead', () => {
  for (const [address, use, why] of addresses) {
    test(`${why}: ${address} is ${use ?? 'public'}`, () => assert.equal(specialUse(address), use));
  }
});

describe('design "Targets from DNS"', () => {
  const table = {
    a: {
      'evil.example': ['127.0.0.1'],
      'mixed.example': ['10.0.0.1', '5.0.0.1'],
      'hop.example': ['5.0.0.5'],
      'alias.example': ['5.0.0.6'],
      'self.example': ['5.0.0.7'],
      'proxy.example.net': ['5.0.0.6', '10.1.1.1'],
    },
    srv: { '_sip._udp.inner.example': [srv('0 0 6379 redis.inner.example')] },
  };
  const nextHops = { 'example.net': ['sip:5.0.0.5;lr', 'sip:proxy.example.net:5060;lr'] };

  test('a name that leads to a private address only is refused, and counted', async () => {
    const { locate, counters } = locatorRig(table);
    assert.equal(await locate('sip:ann@evil.example:5060'), 'refused');
    assert.equal(counters.total('stoxgate_sip_targets_refused_total'), 1);
  });

  test('of several addresses the private ones are left out', async () => {
    const { locate } = locatorRig(table);
    assert.deepEqual(await locate('sip:mixed.example:5060'), ['UDP 5.0.0.1 5060']);
  });

  test('a literal address in a foreign Request-URI counts as one from DNS', async () => {
    const { locate } = locatorRig({}, { families: [6, 4] });
    for (const host of [
      '127.0.0.1',
      '10.0.0.5',
      '169.254.169.254',
      '[::1]',
      '[::ffff:10.0.0.1]',
      'localhost',
    ]) {
      assert.equal(await locate(`sip:ann@${host}`), 'refused', host);
    }
    assert.equal(await locate('sip:ann@public.example;maddr=192.168.0.1'), 'refused');
  });

  test('a configured next hop is refused to foreign names: a literal one, and one known by its name', async () => {
    const { locate, locator } = locatorRig(table, { nextHops });
    assert.equal(await locate('sip:hop.example:5060'), 'refused');
    await locator.prefetch();
    assert.equal(await locate('sip:alias.example:5060'), 'refused');
  });

  test('our own listener is refused to foreign names', async () => {
    const { locate } = locatorRig(table, { own: [{ address: '5.0.0.7', port: 5060 }] });
    assert.equal(await locate('sip:self.example:5060'), 'refused');
    assert.deepEqual(await locate('sip:self.example:5070'), ['UDP 5.0.0.7 5070']);
  });

  test('dns.private_targets: allow', async () => {
    const { locate } = locatorRig(table, { nextHops, privateTargets: 'allow' });
    assert.deepEqual(await locate('sip:evil.example:5060'), ['UDP 127.0.0.1 5060']);
    assert.deepEqual(await locate('sip:hop.example:5060'), ['UDP 5.0.0.5 5060']);
    assert.deepEqual(await locate('sip:10.0.0.5'), ['UDP 10.0.0.5 5060']);
  });

  test('a next hop itself may be anywhere: the operator named it', async () => {
    const { locate } = locatorRig(table, { nextHops });
    assert.deepEqual(await locate('sip:ann@example.net'), [
      'UDP 5.0.0.5 5060',
      'UDP 5.0.0.6 5060',
      'UDP 10.1.1.1 5060',
    ]);
  });

  test('RFC 3263 §5: a response may go back to its source and to next hops, not elsewhere inside', async () => {
    const { locator } = locatorRig(table, { nextHops });
    const via = (host: string, port?: number) => ({ transport: 'TCP', host, port });
    assert.deepEqual(shown(await locator.locateSentBy(via('10.0.0.9', 5070), '10.0.0.9')), [
      'TCP 10.0.0.9 5070',
    ]);
    assert.deepEqual(shown(await locator.locateSentBy(via('5.0.0.5'), '5.9.9.9')), ['TCP 5.0.0.5 5060']);
    assert.equal(shown(await locator.locateSentBy(via('10.0.0.9'), '5.9.9.9')), 'refused');
    assert.equal(shown(await locator.locateSentBy(via('evil.example', 5060), '5.9.9.9')), 'refused');
  });
});
