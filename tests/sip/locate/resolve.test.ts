import { test, describe } from 'node:test';
import assert from 'node:assert/strict';
import { naptr, srv, type DnsTable } from './dns-table.ts';
import { locatorRig, type RigOptions } from './locator-rig.ts';

interface Case {
  readonly name: string;
  readonly uri: string;
  readonly table?: DnsTable;
  readonly options?: RigOptions;
  readonly targets: readonly string[] | string;
  /** Questions in order, where the clause is about them. */
  readonly asked?: readonly string[];
}

// 5.x.y.z stands for public addresses: those for documentation may not be led to.
const SECURE: RigOptions = { transports: ['UDP', 'TCP', 'TLS'] };
const RFC3263_EXAMPLE: DnsTable = {
  naptr: {
    'example.com': [
      naptr('50 50 s SIPS+D2T _sips._tcp.example.com'),
      naptr('90 50 s SIP+D2T _sip._tcp.example.com'),
      naptr('100 50 s SIP+D2U _sip._udp.example.com'),
    ],
  },
  srv: {
    '_sip._tcp.example.com': [srv('0 1 5060 server1.example.com'), srv('1 2 5060 server2.example.com')],
    '_sips._tcp.example.com': [srv('0 0 5061 secure.example.com')],
    '_sip._udp.example.com': [srv('0 0 5060 udp.example.com')],
  },
  a: {
    'server1.example.com': ['5.0.0.1'],
    'server2.example.com': ['5.0.0.2'],
    'secure.example.com': ['5.0.0.3'],
    'udp.example.com': ['5.0.0.4'],
    'example.com': ['5.0.0.9'],
  },
};

const cases: readonly Case[] = [
  {
    name: 'RFC 3263 §4.1: numeric, sip → UDP and 5060, no question',
    uri: 'sip:ann@5.0.0.1',
    targets: ['UDP 5.0.0.1 5060'],
    asked: [],
  },
  { name: 'RFC 3263 §4.2: numeric with a port', uri: 'sip:5.0.0.1:5070', targets: ['UDP 5.0.0.1 5070'] },
  {
    name: 'RFC 3263 §4.1: numeric with a transport',
    uri: 'sip:5.0.0.1;transport=TCP',
    targets: ['TCP 5.0.0.1 5060'],
  },
  {
    name: 'RFC 3263 §4.1: numeric, sips → TLS and 5061',
    uri: 'sips:5.0.0.1',
    options: SECURE,
    targets: ['TLS 5.0.0.1 5061'],
  },
  { name: 'RFC 3261 §26.2.2: sips without a TLS listener', uri: 'sips:5.0.0.1', targets: 'no-transport' },
  {
    name: 'RFC 3261 §26.2.2: sips with transport=tcp is TLS over TCP',
    uri: 'sips:5.0.0.1;transport=tcp',
    options: SECURE,
    targets: ['TLS 5.0.0.1 5061'],
  },
  {
    name: 'RFC 3261 §26.2.2: sips with transport=udp cannot be',
    uri: 'sips:5.0.0.1;transport=udp',
    options: SECURE,
    targets: 'no-transport',
  },
  {
    name: 'RFC 3263 §4.1: a transport unknown here',
    uri: 'sip:5.0.0.1;transport=sctp',
    targets: 'no-transport',
  },
  {
    name: 'RFC 3263 §4.1: no UDP listener, so TCP',
    uri: 'sip:5.0.0.1',
    options: { transports: ['TCP'] },
    targets: ['TCP 5.0.0.1 5060'],
  },
  {
    name: 'RFC 3263 §4.2: numeric IPv6, canonical',
    uri: 'sip:ann@[2A00:0::1]:5062',
    options: { families: [6, 4] },
    targets: ['UDP 2a00::1 5062'],
  },
  { name: 'an IPv6 address without an IPv6 listener', uri: 'sip:[2a00::1]', targets: 'no-transport' },
  {
    name: 'RFC 3263 §4: TARGET is maddr if present',
    uri: 'sip:ann@example.com;maddr=5.0.0.7',
    table: RFC3263_EXAMPLE,
    targets: ['UDP 5.0.0.7 5060'],
    asked: [],
  },
  {
    name: 'RFC 3263 §4: TARGET is maddr, a name',
    uri: 'sip:ann@example.org:5080;maddr=udp.example.com',
    table: RFC3263_EXAMPLE,
    targets: ['UDP 5.0.0.4 5080'],
  },
  {
    name: 'RFC 3263 §4.2: an explicit port, even 5060 → addresses only, UDP',
    uri: 'sip:example.com:5060',
    table: RFC3263_EXAMPLE,
    targets: ['UDP 5.0.0.9 5060'],
    asked: ['A example.com'],
  },
  {
    name: 'RFC 3263 §4.2: port and transport',
    uri: 'sip:example.com:5070;transport=tcp',
    table: RFC3263_EXAMPLE,
    targets: ['TCP 5.0.0.9 5070'],
  },
  {
    name: 'RFC 3263 §4.1, its example: a client of TCP and UDP takes TCP',
    uri: 'sip:user@example.com',
    table: RFC3263_EXAMPLE,
    targets: ['TCP 5.0.0.1 5060', 'TCP 5.0.0.2 5060'],
    asked: [
      'NAPTR example.com',
      'SRV _sip._tcp.example.com',
      'A server1.example.com',
      'A server2.example.com',
    ],
  },
  {
    name: 'RFC 3263 §4.1: a sip URI keeps SIPS services if the client does TLS',
    uri: 'sip:user@example.com',
    table: RFC3263_EXAMPLE,
    options: SECURE,
    targets: ['TLS 5.0.0.3 5061'],
  },
  {
    name: 'RFC 3263 §4.1: a sips URI discards services without SIPS',
    uri: 'sips:user@example.com',
    table: {
      ...RFC3263_EXAMPLE,
      naptr: {
        'example.com': [
          naptr('10 50 s SIP+D2T _sip._tcp.example.com'),
          naptr('90 50 s SIPS+D2T _sips._tcp.example.com'),
        ],
      },
    },
    options: SECURE,
    targets: ['TLS 5.0.0.3 5061'],
  },
  {
    name: 'RFC 3403 §4.1: preference decides within an order; RFC 3263 §4.3: the others are tried after it',
    uri: 'sip:example.com',
    table: {
      ...RFC3263_EXAMPLE,
      naptr: {
        'example.com': [
          naptr('10 20 s SIP+D2T _sip._tcp.example.com'),
          naptr('10 10 S sip+d2u _sip._udp.example.com'),
        ],
      },
    },
    targets: ['UDP 5.0.0.4 5060', 'TCP 5.0.0.1 5060', 'TCP 5.0.0.2 5060'],
  },
  {
    name: 'RFC 3403 §4.1: once a record of one order applies, those of another order are not considered',
    uri: 'sip:example.com',
    table: {
      ...RFC3263_EXAMPLE,
      naptr: {
        'example.com': [
          naptr('10 1 s SIP+D2U _sip._udp.gone.example'),
          naptr('20 1 s SIP+D2T _sip._tcp.other.example'),
        ],
      },
      srv: { '_sip._tcp.other.example': [srv('0 0 5060 udp.example.com')] },
    },
    targets: ['UDP 5.0.0.9 5060'],
  },
  {
    name: 'RFC 3263 §4.1: a replacement in another domain',
    uri: 'sip:school.example',
    table: {
      naptr: { 'school.example': [naptr('1 1 s SIP+D2U _sip._udp.example.com')] },
      srv: { '_sip._udp.example.com': [srv('0 0 5066 udp.example.com')] },
      a: { 'udp.example.com': ['5.0.0.4'] },
    },
    targets: ['UDP 5.0.0.4 5066'],
  },
  {
    name: 'RFC 3263 §4.1: other services, flags and regular expressions are discarded',
    uri: 'sip:example.com',
    table: {
      ...RFC3263_EXAMPLE,
      naptr: {
        'example.com': [
          naptr('1 1 s SIP+D2S _sip._sctp.example.com'),
          naptr('2 1 u E2U+sip .', '!^.*$!sip:info@evil.example!'),
          naptr('3 1 s SIP+D2T _sip._tcp.example.com', '!x!y!'),
          naptr('4 1 a SIP+D2T server2.example.com'),
          naptr('5 1 s SIP+D2U .'),
          naptr('6 1 s SIP+D2U _sip._udp.example.com'),
        ],
      },
    },
    targets: ['UDP 5.0.0.4 5060'],
  },
  {
    name: 'RFC 3263 §4.1: SIP only over other transports → our SRV names, never a guess at the address',
    uri: 'sip:example.com',
    table: {
      naptr: { 'example.com': [naptr('1 1 s SIP+D2S _sip._sctp.example.com')] },
      a: { 'example.com': ['5.0.0.9'] },
    },
    targets: 'no-transport',
    asked: ['NAPTR example.com', 'SRV _sip._tcp.example.com', 'SRV _sip._udp.example.com'],
  },
  {
    name: 'RFC 3263 §4.2: NAPTR but no SRV → the addresses of the domain over the chosen transport',
    uri: 'sip:example.com',
    table: {
      naptr: { 'example.com': [naptr('1 1 s SIP+D2T _sip._tcp.gone.example')] },
      a: { 'example.com': ['5.0.0.9'] },
    },
    targets: ['TCP 5.0.0.9 5060'],
  },
  {
    name: 'RFC 3263 §4.1: no NAPTR → SRV for each transport; row DNS-13: TCP before UDP',
    uri: 'sip:example.com',
    table: { ...RFC3263_EXAMPLE, naptr: {} },
    targets: ['TCP 5.0.0.1 5060', 'TCP 5.0.0.2 5060', 'UDP 5.0.0.4 5060'],
  },
  {
    name: 'RFC 3263 §4.1: no NAPTR, sips → only _sips._tcp',
    uri: 'sips:example.com',
    table: { ...RFC3263_EXAMPLE, naptr: {} },
    options: SECURE,
    targets: ['TLS 5.0.0.3 5061'],
    asked: ['NAPTR example.com', 'SRV _sips._tcp.example.com', 'A secure.example.com'],
  },
  {
    name: 'RFC 3263 §4.2: a transport but no port → SRV of that transport, no NAPTR',
    uri: 'sip:example.com;transport=udp',
    table: RFC3263_EXAMPLE,
    targets: ['UDP 5.0.0.4 5060'],
    asked: ['SRV _sip._udp.example.com', 'A udp.example.com'],
  },
  {
    name: 'RFC 3263 §4.2: transport=tls of a sip URI uses _sips',
    uri: 'sip:example.com;transport=tls',
    table: RFC3263_EXAMPLE,
    options: SECURE,
    targets: ['TLS 5.0.0.3 5061'],
    asked: ['SRV _sips._tcp.example.com', 'A secure.example.com'],
  },
  {
    name: 'RFC 3263 §4.2: no SRV → addresses, UDP and 5060',
    uri: 'sip:example.com',
    table: { a: { 'example.com': ['5.0.0.9', '5.0.0.10'] } },
    targets: ['UDP 5.0.0.9 5060', 'UDP 5.0.0.10 5060'],
  },
  {
    name: 'RFC 3263 §4.2: no SRV, sips → TLS and 5061',
    uri: 'sips:example.com',
    table: { a: { 'example.com': ['5.0.0.9'] } },
    options: SECURE,
    targets: ['TLS 5.0.0.9 5061'],
  },
  {
    name: 'RFC 7118 §5: WebSocket has no SRV name; 443 for wss',
    uri: 'sip:example.com;transport=wss',
    table: { a: { 'example.com': ['5.0.0.9'] } },
    options: { transports: ['WSS'] },
    targets: ['WSS 5.0.0.9 443'],
    asked: ['A example.com'],
  },
  {
    name: 'RFC 2782: the target "." says that the service is not available, and the address is no way round',
    uri: 'sip:example.com;transport=udp',
    table: { srv: { '_sip._udp.example.com': [srv('0 0 0 .')] }, a: { 'example.com': ['5.0.0.9'] } },
    targets: 'unresolvable',
  },
  {
    name: 'RFC 2782: "." for one transport leaves the other',
    uri: 'sip:example.com',
    table: {
      srv: {
        '_sip._tcp.example.com': [srv('0 0 0 .')],
        '_sip._udp.example.com': [srv('0 0 5060 udp.example.com')],
      },
      a: { 'udp.example.com': ['5.0.0.4'] },
    },
    targets: ['UDP 5.0.0.4 5060'],
  },
  {
    name: 'RFC 2782: priorities in order, whatever the order in the answer',
    uri: 'sip:example.com;transport=udp',
    table: {
      srv: {
        '_sip._udp.example.com': [
          srv('30 9 5063 c.example'),
          srv('10 0 5061 a.example'),
          srv('20 5 5062 b.example'),
        ],
      },
      a: { 'a.example': ['5.0.0.1'], 'b.example': ['5.0.0.2'], 'c.example': ['5.0.0.3'] },
    },
    targets: ['UDP 5.0.0.1 5061', 'UDP 5.0.0.2 5062', 'UDP 5.0.0.3 5063'],
  },
  {
    name: 'RFC 3263 §4.3: a server without an address is left out, the others stay',
    uri: 'sip:example.com;transport=udp',
    table: {
      srv: { '_sip._udp.example.com': [srv('10 0 5061 gone.example'), srv('20 5 5062 b.example')] },
      a: { 'b.example': ['5.0.0.2'] },
    },
    targets: ['UDP 5.0.0.2 5062'],
  },
  {
    name: 'both families, IPv6 first by default order of the listeners',
    uri: 'sip:example.com',
    table: { a: { 'example.com': ['5.0.0.9'] }, aaaa: { 'example.com': ['2a00::9'] } },
    options: { families: [6, 4] },
    targets: ['UDP 2a00::9 5060', 'UDP 5.0.0.9 5060'],
  },
  {
    name: 'no IPv4 listener: IPv4 addresses are not even asked for',
    uri: 'sip:example.com:5060',
    table: { a: { 'example.com': ['5.0.0.9'] }, aaaa: { 'example.com': ['2a00::9'] } },
    options: { families: [6] },
    targets: ['UDP 2a00::9 5060'],
    asked: ['AAAA example.com'],
  },
  { name: 'RFC 7247 §7: nothing at all', uri: 'sip:example.com', table: {}, targets: 'unresolvable' },
  {
    name: 'row DNS-05: no answer to NAPTR',
    uri: 'sip:example.com',
    table: { ...RFC3263_EXAMPLE, naptr: { 'example.com': 'timeout' } },
    targets: 'dns-timeout',
    asked: ['NAPTR example.com'],
  },
  {
    name: 'a server that cannot do NAPTR: SRV is asked all the same',
    uri: 'sip:example.com',
    table: { ...RFC3263_EXAMPLE, naptr: { 'example.com': 'server' } },
    targets: ['TCP 5.0.0.1 5060', 'TCP 5.0.0.2 5060', 'UDP 5.0.0.4 5060'],
  },
  {
    name: 'an error for SRV is not the knowledge that there is none',
    uri: 'sip:example.com;transport=udp',
    table: { srv: { '_sip._udp.example.com': 'server' }, a: { 'example.com': ['5.0.0.9'] } },
    targets: 'dns-timeout',
  },
  {
    name: 'an error for one transport leaves the other',
    uri: 'sip:example.com',
    table: {
      srv: { '_sip._tcp.example.com': 'timeout', '_sip._udp.example.com': [srv('0 0 5060 udp.example.com')] },
      a: { 'udp.example.com': ['5.0.0.4'] },
    },
    targets: ['UDP 5.0.0.4 5060'],
  },
  {
    name: 'no answer for the address',
    uri: 'sip:example.com:5060',
    table: { a: { 'example.com': 'timeout' } },
    targets: 'dns-timeout',
  },
  {
    name: 'a resolver that rejects against its contract',
    uri: 'sip:example.com:5060',
    table: { a: { 'example.com': 'reject' } },
    targets: 'dns-timeout',
  },
  {
    name: 'an address that two servers share is tried once',
    uri: 'sip:example.com;transport=udp',
    table: {
      srv: { '_sip._udp.example.com': [srv('1 0 5060 a.example'), srv('2 0 5060 b.example')] },
      a: { 'a.example': ['5.0.0.1'], 'b.example': ['5.0.0.1', '5.0.0.2'] },
    },
    targets: ['UDP 5.0.0.1 5060', 'UDP 5.0.0.2 5060'],
  },
  {
    name: 'no more targets than the limit',
    uri: 'sip:example.com:5060',
    table: { a: { 'example.com': ['5.0.0.1', '5.0.0.2', '5.0.0.3'] } },
    options: { limits: { maxTargets: 2 } },
    targets: ['UDP 5.0.0.1 5060', 'UDP 5.0.0.2 5060'],
  },
  {
    name: 'no more servers asked for than the limit: the best ones',
    uri: 'sip:example.com;transport=udp',
    table: {
      srv: {
        '_sip._udp.example.com': [srv('3 0 1 c.example'), srv('1 0 1 a.example'), srv('2 0 1 b.example')],
      },
      a: { 'a.example': ['5.0.0.1'], 'b.example': ['5.0.0.2'], 'c.example': ['5.0.0.3'] },
    },
    options: { limits: { maxServers: 2 } },
    targets: ['UDP 5.0.0.1 1', 'UDP 5.0.0.2 1'],
    asked: ['SRV _sip._udp.example.com', 'A a.example', 'A b.example'],
  },
  {
    name: 'RFC 6761 §6.3: localhost is no question for DNS',
    uri: 'sip:localhost',
    options: { privateTargets: 'allow' },
    targets: ['UDP 127.0.0.1 5060'],
    asked: [],
  },
  {
    name: 'a final dot means the same name',
    uri: 'sip:example.com.:5060',
    table: RFC3263_EXAMPLE,
    targets: ['UDP 5.0.0.9 5060'],
  },
  { name: 'no URI at all', uri: 'sip:', targets: 'unresolvable', asked: [] },
  { name: 'no SIP URI', uri: 'tel:+15551234', targets: 'unresolvable', asked: [] },
];

describe('Locating SIP servers', () => {
  for (const { name, uri, table = {}, options, targets, asked } of cases) {
    test(name, async () => {
      const rig = locatorRig(table, options);
      assert.deepEqual(await rig.locate(uri), targets);
      if (asked !== undefined) assert.deepEqual(rig.resolver.asked, asked);
      assert.equal(rig.locator.sizes.pending, 0);
      assert.equal(rig.time.timers.size, 0);
    });
  }
});
