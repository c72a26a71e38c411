// Where DNS says that a domain is at home: records, never plain addresses, and never those that lead here.
// Rows DNS-01 … DNS-06; RFC 7247 §5.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Counters, VirtualTime } from '../../src/base/index.ts';
import { NodeDnsResolver } from '../../src/edge/dns/index.ts';
import { Homes } from '../../src/gateway/homes.ts';
import type { Home } from '../../src/policy/index.ts';
import { TestDnsServer, type ZoneEntry } from '../edge/dns/dns-server.ts';

const srv = (target: string, port = 5060) => [{ priority: 0, weight: 0, port, target }];
const naptr = (services: string, replacement: string) => [
  { order: 10, preference: 10, flags: 's', services, regexp: '', replacement },
];

describe('by DNS', () => {
  const dns = new TestDnsServer({});
  let resolver: NodeDnsResolver;
  const time = new VirtualTime();
  before(async () => {
    resolver = new NodeDnsResolver({ servers: [await dns.start()], timeoutMs: 150, tries: 1 });
  });
  after(() => dns.stop());

  const homes = (): Homes =>
    new Homes({
      clock: time,
      counters: new Counters(),
      dns: () => resolver,
      own: () => ({
        hosts: new Set(['gw.example']),
        listeners: [
          { address: '0.0.0.0', port: 5060 },
          { address: '127.0.0.1', port: 5269 },
        ],
      }),
    });

  const SIP = { 'SRV _sip._udp.d.example': srv('sip.example') };
  const XMPP = { 'SRV _xmpp-server._tcp.d.example': srv('xmpp.example', 5222) };
  const cases: [string, Record<string, ZoneEntry>, Home, Home][] = [
    ['nothing but an address (DNS-03)', { 'A d.example': ['192.0.2.1'] }, 'nobody', 'nobody'],
    ['SIP by SRV', SIP, 'sip', 'sip'],
    ['SIP by NAPTR alone', { 'NAPTR d.example': naptr('SIP+D2U', '_x._udp.d.example') }, 'sip', 'sip'],
    ['NAPTR of something else', { 'NAPTR d.example': naptr('E2U+sip', '_x.d.example') }, 'nobody', 'nobody'],
    ['XMPP', XMPP, 'xmpp', 'xmpp'],
    [
      'XMPP with TLS from the start',
      { 'SRV _xmpps-server._tcp.d.example': srv('x.example', 443) },
      'xmpp',
      'xmpp',
    ],
    ['both: the side that asks (DNS-01, DNS-02)', { ...SIP, ...XMPP }, 'xmpp', 'sip'],
    ['"." is no server', { 'SRV _xmpp-server._tcp.d.example': srv('.'), ...SIP }, 'sip', 'sip'],
    [
      'the SIP records lead here by name: we stand for an XMPP domain (DNS-06)',
      { 'SRV _sip._udp.d.example': srv('gw.example'), ...XMPP },
      'xmpp',
      'xmpp',
    ],
    [
      'the XMPP records lead here by address: we stand for a SIP domain',
      {
        ...SIP,
        'SRV _xmpp-server._tcp.d.example': srv('other.example', 5269),
        'A other.example': ['127.0.0.1'],
      },
      'sip',
      'sip',
    ],
    [
      'the same address, and not our port',
      { 'SRV _xmpp-server._tcp.d.example': srv('other.example', 5555), 'A other.example': ['127.0.0.1'] },
      'xmpp',
      'xmpp',
    ],
    [
      'our port at another address of this machine: somebody else listens there',
      { 'SRV _xmpp-server._tcp.d.example': srv('other.example', 5269), 'A other.example': ['127.0.0.2'] },
      'xmpp',
      'xmpp',
    ],
    [
      'a listener at every address of this machine',
      { 'SRV _sip._udp.d.example': srv('other.example'), 'A other.example': ['127.0.0.1'], ...XMPP },
      'xmpp',
      'xmpp',
    ],
    [
      'several gateways, of which we are one: by records (DNS-06)',
      { 'SRV _sip._udp.d.example': [...srv('gw2.example'), ...srv('gw.example')], ...XMPP },
      'xmpp',
      'xmpp',
    ],
    [
      'several gateways, of which we are one: by addresses of one name',
      {
        ...SIP,
        'SRV _xmpp-server._tcp.d.example': srv('gws.example', 5269),
        'A gws.example': ['192.0.2.9', '127.0.0.1'],
      },
      'sip',
      'sip',
    ],
    ['no answer about XMPP', { ...SIP, 'SRV _xmpp-server._tcp.d.example': 'SERVFAIL' }, 'unknown', 'sip'],
    ['no answer about SIP', { ...XMPP, 'SRV _sip._udp.d.example': 'SERVFAIL' }, 'xmpp', 'unknown'],
  ];
  for (const [what, zone, forXmpp, forSip] of cases) {
    test(`${what}: ${forXmpp} to XMPP, ${forSip} to SIP`, async () => {
      dns.zone = zone;
      assert.equal(await homes().of('d.example', 'xmpp'), forXmpp);
      assert.equal(await homes().of('d.example', 'sip'), forSip);
    });
  }

  test('DNS-04: what is known is not asked again for a minute', async () => {
    dns.zone = SIP;
    const known = homes();
    assert.equal(await known.of('d.example', 'sip'), 'sip');
    dns.asked.length = 0;
    assert.equal(known.of('d.example', 'sip'), 'sip');
    assert.deepEqual(dns.asked, []);
    dns.zone = {};
    time.advance(61_000);
    assert.equal(await known.of('d.example', 'sip'), 'nobody');
  });
});
