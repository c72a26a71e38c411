// Where a request goes over TLS, and of whom the certificate there has to speak: RFC 3261 §26.2.2, RFC 3263 §4.1 and §4.3,
// RFC 5922 §7.3, RFC 7118 §5; rows DNS-10 … DNS-13, ADDR-63.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LocatorOptions } from '../../../src/sip/index.ts';
import { naptr, srv, type DnsTable } from './dns-table.ts';
import { locatorRig, type RigOptions } from './locator-rig.ts';

const TABLE: DnsTable = {
  naptr: {
    'example.com': [
      naptr('10 10 s SIPS+D2T _sips._tcp.example.com'),
      naptr('10 20 s SIP+D2T _sip._tcp.example.com'),
      naptr('10 5 s SIPS+D2W _wss.example.com'),
      naptr('20 1 s SIP+D2U _sip._udp.example.com'),
    ],
  },
  srv: {
    '_sips._tcp.example.com': [srv('0 0 5061 secure.hoster.example'), srv('1 0 5061 second.hoster.example')],
    '_sip._tcp.example.com': [srv('0 0 5060 plain.hoster.example')],
    '_sip._udp.example.com': [srv('0 0 5060 udp.hoster.example')],
    '_sips._tcp.example.org': [srv('0 0 5061 secure.hoster.example')],
    '_sip._udp.example.org': [srv('0 0 5060 udp.hoster.example')],
  },
  a: {
    'secure.hoster.example': ['5.0.0.3'],
    'second.hoster.example': ['5.0.0.4'],
    'plain.hoster.example': ['5.0.0.5'],
    'udp.hoster.example': ['5.0.0.6'],
    'proxy.example.net': ['10.0.0.5'],
  },
};
const ALL: RigOptions = { transports: ['UDP', 'TCP', 'TLS'] };

describe('all transports, one after the other', () => {
  const cases: [string, string, RigOptions, readonly string[] | string][] = [
    [
      'RFC 3263 §4.1, §4.3: the NAPTR records of one order by preference, servers of each by priority',
      'sip:ann@example.com',
      ALL,
      ['TLS 5.0.0.3 5061', 'TLS 5.0.0.4 5061', 'TCP 5.0.0.5 5060'],
    ],
    [
      'RFC 3263 §4.1: sips uses SIPS services alone',
      'sips:ann@example.com',
      ALL,
      ['TLS 5.0.0.3 5061', 'TLS 5.0.0.4 5061'],
    ],
    ['RFC 3261 §26.2.2: sips where TLS is not spoken', 'sips:ann@example.com', {}, 'no-transport'],
    [
      'DNS-13: without NAPTR SRV of all transports, TLS first',
      'sip:ann@example.org',
      ALL,
      ['TLS 5.0.0.3 5061', 'UDP 5.0.0.6 5060'],
    ],
    [
      'RFC 3261 §26.2.2: sips by next hops: only those over TLS',
      'sips:ann@example.net',
      {
        ...ALL,
        nextHops: { 'example.net': ['sip:10.0.0.1;lr', 'sip:10.0.0.2;transport=tls', 'sips:10.0.0.3'] },
      },
      ['TLS 10.0.0.2 5061', 'TLS 10.0.0.3 5061'],
    ],
    [
      'RFC 3261 §26.2.2: sips, and no next hop is over TLS',
      'sips:ann@example.net',
      { ...ALL, nextHops: { '*': ['sip:10.0.0.1;lr', 'sip:10.0.0.2;transport=tcp'] } },
      'no-transport',
    ],
    [
      'RFC 6761 §6.4: ".invalid" is no question for DNS',
      'sip:ann@x.invalid;transport=ws',
      ALL,
      'unresolvable',
    ],
  ];
  for (const [what, uri, options, targets] of cases) {
    test(what, async () => {
      const { locate, resolver } = locatorRig(TABLE, options);
      assert.deepEqual(await locate(uri), targets);
      if (uri.includes('.invalid')) assert.deepEqual(resolver.asked, []);
    });
  }
});

describe('RFC 5922 §7.3: the certificate is for the domain that was asked for, not for what DNS said', () => {
  const nextHops = {
    'example.net': ['sip:10.0.0.1;transport=tls', 'sips:proxy.example.net;lr'],
    '*': 'sips:proxy.example.net;maddr=10.0.0.9',
  };
  const cases: [string, string, RigOptions, readonly (readonly string[])[]][] = [
    ['SRV targets', 'sips:ann@example.com', ALL, [['example.com'], ['example.com']]],
    ['maddr is only the way', 'sip:ann@example.com;maddr=5.0.0.9;transport=tls', ALL, [['example.com']]],
    ['a literal address', 'sips:5.0.0.1', ALL, [['5.0.0.1']]],
    [
      'a next hop: its own host, or the domain for which the operator named it',
      'sips:ann@example.net',
      { ...ALL, nextHops },
      [
        ['10.0.0.1', 'example.net'],
        ['proxy.example.net', 'example.net'],
      ],
    ],
    [
      'a next hop for all: its own host alone',
      'sips:ann@x.example',
      { ...ALL, nextHops },
      [['proxy.example.net']],
    ],
  ];
  for (const [what, uri, options, names] of cases) {
    test(what, async () => {
      const { locator } = locatorRig(TABLE, options);
      const result = await locator.locate(uri);
      assert.ok(result.ok);
      assert.deepEqual(
        result.value.map((target) => target.names),
        names,
      );
    });
  }
  test('RFC 3263 §5: a response on a new connection: the sent-by', async () => {
    const { locator } = locatorRig(TABLE, ALL);
    const result = await locator.locateSentBy(
      { transport: 'TLS', host: 'example.org', port: undefined },
      '5.9.9.9',
    );
    assert.ok(result.ok);
    assert.deepEqual(result.value[0]?.names, ['example.org']);
  });
});

describe('a user who is connected himself goes before next hops', () => {
  for (const transport of ['WS', 'WSS'] as const) {
    const phone = { transport, address: '5.1.1.1', port: 4711, connectionId: 7 };
    const webPhone: LocatorOptions['webPhone'] = ({ user }) => (user === 'ann' ? phone : undefined);
    const nextHops = { 'example.net': 'sip:10.0.0.1;transport=tls;lr' };
    const { locator } = locatorRig(TABLE, { ...ALL, webPhone, nextHops });
    const places = async (uri: string): Promise<readonly unknown[]> => {
      const found = await locator.locate(uri);
      return found.ok ? found.value.map(({ connectionId, route }) => [connectionId, route]) : [];
    };
    const hop = [[undefined, '<sip:10.0.0.1;transport=tls;lr>']];
    test(`${transport}: he, without a Route; others by the next hop`, async () => {
      assert.deepEqual(await places('sip:ann@example.net'), [[7, undefined]]);
      assert.deepEqual(await places('sip:bob@example.net'), hop);
    });
    test(`RFC 3261 §26.2.2: sips over ${transport}`, async () =>
      assert.deepEqual(await places('sips:ann@example.net'), transport === 'WSS' ? [[7, undefined]] : hop));
  }
});

test('RFC 3261 §21.4.18: a user who connects himself and is not there has no location, unless by a next hop', async () => {
  const webPhone: LocatorOptions['webPhone'] = ({ user }) => (user === 'ann' ? 'absent' : undefined);
  const nextHops = { 'example.net': 'sip:10.0.0.1;transport=tls;lr' };
  const { locator, resolver } = locatorRig(TABLE, { ...ALL, webPhone, nextHops });
  const gone = await locator.locate('sip:ann@example.com');
  assert.equal(gone.ok ? '' : gone.error.code, 'not-connected');
  assert.deepEqual(resolver.asked, []);
  assert.equal((await locator.locate('sip:ann@example.net')).ok, true);
  assert.equal((await locator.locate('sip:bob@example.com')).ok, true);
});

test('RFC 7118 §5: a host under ".invalid" is a connection, with next hops for everybody beside it', async () => {
  const flow = { transport: 'WS', address: '5.1.1.1', port: 4711, connectionId: 7 } as const;
  const flowOf: LocatorOptions['flowOf'] = (host) => (host === 'abc.invalid' ? flow : undefined);
  const { locator } = locatorRig(TABLE, { ...ALL, flowOf, nextHops: { '*': 'sip:10.0.0.1;lr' } });
  const found = await locator.locate('sip:ann@ABC.invalid;transport=ws');
  assert.deepEqual(found.ok && found.value, [{ ...flow, name: 'abc.invalid', route: undefined }]);
  const gone = await locator.locate('sip:ann@gone.invalid;transport=ws');
  assert.equal(gone.ok ? '' : gone.error.code, 'unresolvable');
});
