import { test, describe } from 'node:test';
import assert from 'node:assert/strict';
import { IpNetwork, parseIpAddress } from '../../../src/base/index.ts';
import { isDualStack, plainAddress, readAdvertise } from '../../../src/edge/sip/listen-config.ts';
import { ListenerChoice, LocalSide, type InterfaceAddress } from '../../../src/edge/sip/local-side.ts';

function iface(address: string, length: number): InterfaceAddress {
  const parsed = parseIpAddress(address);
  assert.ok(parsed !== undefined);
  return {
    address,
    network: new IpNetwork(parsed, length),
    loopback: address.startsWith('127.') || address === '::1',
    linkLocal: address.startsWith('fe80:'),
  };
}

const interfaces = [
  iface('127.0.0.1', 8),
  iface('10.1.0.9', 16),
  iface('5.0.0.9', 24),
  iface('::1', 128),
  iface('fe80::9', 64),
  iface('2a00::9', 64),
];

function side(address: string, advertise?: string, port = 5060, dualStack = false): LocalSide {
  return new LocalSide({
    transport: 'UDP',
    address,
    port,
    dualStack,
    advertise: advertise === undefined ? undefined : readAdvertise(advertise),
    interfaces,
  });
}

describe('RFC 3261 §18.1.1: what Via and Contact say', () => {
  const rows: readonly (readonly [string, string | undefined, number, string, string, number | undefined])[] =
    [
      // bound, advertise, port, peer, host, port
      ['10.1.0.9', undefined, 5060, '5.5.5.5', '10.1.0.9', undefined],
      ['10.1.0.9', undefined, 5070, '5.5.5.5', '10.1.0.9', 5070],
      ['2a00::9', undefined, 5060, '2a00::1', '[2a00::9]', undefined],
      ['10.1.0.9', 'gw.example.net', 5060, '5.5.5.5', 'gw.example.net', undefined],
      ['10.1.0.9', 'gw.example.net', 5070, '5.5.5.5', 'gw.example.net', 5070],
      ['10.1.0.9', 'gw.example.net:5080', 5070, '5.5.5.5', 'gw.example.net', 5080],
      ['10.1.0.9', 'gw.example.net:5060', 5070, '5.5.5.5', 'gw.example.net', undefined],
      ['10.1.0.9', '[2a00::7]:5080', 5060, '5.5.5.5', '[2a00::7]', 5080],
      ['10.1.0.9', '[2a00::7]', 5060, '5.5.5.5', '[2a00::7]', undefined],
      ['10.1.0.9', '2a00::7', 5060, '5.5.5.5', '[2a00::7]', undefined],
      // Bound to all addresses: the one that is nearest to the peer.
      ['0.0.0.0', undefined, 5060, '127.0.0.1', '127.0.0.1', undefined],
      ['0.0.0.0', undefined, 5060, '10.1.200.3', '10.1.0.9', undefined],
      ['0.0.0.0', undefined, 5060, '5.0.0.1', '5.0.0.9', undefined],
      ['0.0.0.0', undefined, 5060, '8.8.8.8', '10.1.0.9', undefined],
      ['0.0.0.0', 'gw.example.net', 5060, '127.0.0.1', 'gw.example.net', undefined],
      ['::', undefined, 5060, '::1', '[::1]', undefined],
      ['::', undefined, 5060, '2a00:1::1', '[2a00::9]', undefined],
      ['::', undefined, 5060, 'fe80::1', '[fe80::9]', undefined],
    ];
  for (const [bound, advertise, port, peer, host, shownPort] of rows) {
    test(`${bound} port ${port}, advertise ${advertise ?? '–'}, to ${peer} → ${host} ${shownPort ?? ''}`, () => {
      const endpoint = side(bound, advertise, port).endpointFor(peer);
      assert.equal(endpoint.advertiseHost, host);
      assert.equal(endpoint.advertisePort, shownPort);
      assert.equal(endpoint.address, bound);
      assert.equal(endpoint.port, port);
    });
  }

  test('where a listener can be reached: its address, or all of its family', () => {
    const hosts = (each: LocalSide) => each.reachableAt().map(({ address }) => address);
    assert.deepEqual(hosts(side('10.1.0.9')), ['10.1.0.9']);
    assert.deepEqual(hosts(side('0.0.0.0')), ['127.0.0.1', '10.1.0.9', '5.0.0.9']);
    assert.deepEqual(hosts(side('::')), ['::1', 'fe80::9', '2a00::9']);
    assert.equal(side('::', undefined, 5060, true).reachableAt().length, 6);
    assert.equal(side('0.0.0.0', 'gw.example.net:5080', 5070).reachableAt()[0]?.port, 5070);
  });

  test('one object for one way to be seen', () => {
    const all = side('0.0.0.0');
    assert.equal(all.endpointFor('10.1.0.1'), all.endpointFor('10.1.0.2'));
    assert.notEqual(all.endpointFor('10.1.0.1'), all.endpointFor('127.0.0.1'));
  });

  test('never more remembered than the limit, and right afterwards', () => {
    const all = side('0.0.0.0');
    for (let i = 0; i < 10_000; i++) all.endpointFor(`10.1.${i >> 8}.${i & 255}`);
    assert.equal(all.endpointFor('127.0.0.1').advertiseHost, '127.0.0.1');
  });
});

describe('Which listener a message leaves by', () => {
  const loopback = { local: side('127.0.0.1'), name: 'loopback' };
  const inner = { local: side('10.1.0.9'), name: 'inner' };
  const outer = { local: side('5.0.0.9'), name: 'outer' };
  const any = { local: side('0.0.0.0'), name: 'any' };
  const six = { local: side('::', undefined, 5060, true), name: 'six' };
  const rows = [
    [[loopback, inner, outer], '127.0.0.1', 'loopback'],
    [[loopback, inner, outer], '10.1.7.7', 'inner'],
    [[loopback, inner, outer], '5.0.0.1', 'outer'],
    [[loopback, inner, outer], '8.8.8.8', 'inner'],
    [[outer, inner], '8.8.8.8', 'outer'],
    [[outer], '127.0.0.1', 'outer'],
    [[loopback], '8.8.8.8', 'loopback'],
    [[loopback, any], '8.8.8.8', 'any'],
    [[loopback, any], '127.0.0.1', 'loopback'],
    [[six, any], '8.8.8.8', 'any'],
    [[six, any], '2a00::1', 'six'],
    [[six], '8.8.8.8', 'six'],
    [[any], '2a00::1', undefined],
    [[any], 'nonsense', undefined],
  ] as const;
  for (const [listeners, peer, expected] of rows) {
    test(`${listeners.map(({ name }) => name).join(', ')} to ${peer} → ${expected ?? 'none'}`, () => {
      const choice = new ListenerChoice(listeners);
      assert.equal(choice.for(peer)?.name, expected);
      assert.equal(choice.for(peer)?.name, expected);
    });
  }

  test('RFC 3581 §4: the listener of an endpoint, unless it cannot reach the peer', () => {
    const choice = new ListenerChoice([loopback, inner, any]);
    assert.equal(choice.of(inner.local.endpoint, '127.0.0.1'), inner);
    assert.equal(choice.of(any.local.endpointFor('127.0.0.1'), '127.0.0.1'), any);
    assert.equal(choice.of(six.local.endpoint, '127.0.0.1'), loopback);
    assert.equal(choice.of({ ...inner.local.endpoint }, '127.0.0.1'), loopback);
  });
});

describe('Listeners', () => {
  test('"::" takes IPv4 too unless an IPv4 listener of its transport has the port', () => {
    const listen = (transport: 'UDP' | 'TCP', host: string, port = 5060) => ({ transport, host, port });
    const six = listen('UDP', '::');
    assert.equal(isDualStack(six, [six]), true);
    assert.equal(isDualStack(six, [six, listen('TCP', '0.0.0.0')]), true);
    assert.equal(isDualStack(six, [six, listen('UDP', '0.0.0.0', 5070)]), true);
    assert.equal(isDualStack(six, [six, listen('UDP', '0.0.0.0')]), false);
    assert.equal(isDualStack(six, [six, listen('UDP', '10.0.0.1')]), false);
    const one = listen('UDP', '2a00::9');
    assert.equal(isDualStack(one, [one]), false);
  });

  test('addresses of peers are plain: no zone, no IPv4 in disguise', () => {
    assert.equal(plainAddress('::ffff:10.0.0.1'), '10.0.0.1');
    assert.equal(plainAddress('fe80::1%eth0'), 'fe80::1');
    assert.equal(plainAddress('2a00::1'), '2a00::1');
    assert.equal(plainAddress('10.0.0.1'), '10.0.0.1');
  });
});
