import { test, describe, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { Counters, SeededRandom, StoxgateError, VirtualTime } from '../../../src/base/index.ts';
import { Locator, TransportSupport } from '../../../src/sip/index.ts';
import { NodeDnsResolver } from '../../../src/edge/dns/index.ts';
import { TestDnsServer, type NaptrData, type SrvData } from './dns-server.ts';

const naptr = (order: number, services: string, replacement: string, flags = 's'): NaptrData => ({
  order,
  preference: 50,
  flags,
  services,
  regexp: '',
  replacement,
});
const srv = (priority: number, weight: number, port: number, target: string): SrvData => ({
  priority,
  weight,
  port,
  target,
});

const zone = {
  'NAPTR example.com': [
    naptr(50, 'SIPS+D2T', '_sips._tcp.example.com'),
    naptr(90, 'SIP+D2T', '_sip._tcp.example.com'),
    naptr(100, 'SIP+D2U', '_sip._udp.example.com'),
  ],
  'SRV _sip._tcp.example.com': [
    srv(0, 1, 5060, 'Server1.example.com'),
    srv(1, 2, 5070, 'server2.example.com'),
  ],
  'A server1.example.com': ['5.0.0.1', '5.0.0.2'],
  'AAAA server1.example.com': ['2a00::1'],
  'A server2.example.com': ['5.0.0.3'],
  'SRV _sip._udp.none.example': [srv(0, 0, 0, '.')],
  'CNAME alias.example': ['server2.example.com'],
  'A broken.example': 'SERVFAIL',
  'A refused.example': 'REFUSED',
  'A gone.example': 'NXDOMAIN',
  'A silent.example': 'silent',
  'NAPTR silent.example': 'silent',
  'A garbage.example': 'garbage',
  'SRV _sip._udp.hostile.example': [srv(0, 0, 5060, 'with space.example'), srv(0, 0, 5060, '10.0.0.1')],
  'A private.example': ['127.0.0.1'],
} as const;

describe('node:dns against a DNS server', () => {
  const server = new TestDnsServer(zone);
  let resolver: NodeDnsResolver;
  let address: string;

  before(async () => {
    address = await server.start();
    resolver = new NodeDnsResolver({ servers: [address], timeoutMs: 100, tries: 1 });
  });
  after(() => server.stop());

  test('RFC 3403 §4.1: NAPTR', async () => {
    const answer = await resolver.naptr('example.com');
    assert.ok(answer.kind === 'records');
    assert.deepEqual(
      answer.records.map(({ order, flags, service, regexp, replacement }) => [
        order,
        flags,
        service,
        regexp,
        replacement,
      ]),
      [
        [50, 's', 'SIPS+D2T', '', '_sips._tcp.example.com'],
        [90, 's', 'SIP+D2T', '', '_sip._tcp.example.com'],
        [100, 's', 'SIP+D2U', '', '_sip._udp.example.com'],
      ],
    );
  });

  test('RFC 2782: SRV, targets in lower case', async () => {
    assert.deepEqual(await resolver.srv('_sip._tcp.example.com'), {
      kind: 'records',
      records: [
        { priority: 0, weight: 1, port: 5060, target: 'server1.example.com' },
        { priority: 1, weight: 2, port: 5070, target: 'server2.example.com' },
      ],
    });
  });

  test('RFC 2782: the target "."', async () => {
    assert.deepEqual(await resolver.srv('_sip._udp.none.example'), {
      kind: 'records',
      records: [{ priority: 0, weight: 0, port: 0, target: '.' }],
    });
  });

  test('A and AAAA with their time to live; CNAME is followed', async () => {
    assert.deepEqual(await resolver.a('server1.example.com'), {
      kind: 'records',
      records: ['5.0.0.1', '5.0.0.2'],
      ttlMs: 300_000,
    });
    assert.deepEqual(await resolver.aaaa('server1.example.com'), {
      kind: 'records',
      records: ['2a00::1'],
      ttlMs: 300_000,
    });
    assert.deepEqual(await resolver.a('alias.example'), {
      kind: 'records',
      records: ['5.0.0.3'],
      ttlMs: 300_000,
    });
  });

  const outcomes = [
    ['gone.example', { kind: 'none' }, 'NXDOMAIN'],
    ['nodata.example', { kind: 'none' }, 'no record of the type'],
    ['broken.example', { kind: 'failure', reason: 'server' }, 'SERVFAIL'],
    ['refused.example', { kind: 'failure', reason: 'server' }, 'REFUSED'],
    ['silent.example', { kind: 'failure', reason: 'timeout' }, 'no answer'],
  ] as const;
  for (const [name, expected, what] of outcomes) {
    test(`RFC 1035 §4.1.1: ${what} → ${JSON.stringify(expected)}`, async () => {
      assert.deepEqual(await resolver.a(name), expected);
    });
  }

  test('a packet full of noise is a failure', async () => {
    assert.equal((await resolver.a('garbage.example')).kind, 'failure');
  });

  test('records with names that are none are a failure, not "no record"', async () => {
    assert.deepEqual(await resolver.srv('_sip._udp.hostile.example'), { kind: 'failure', reason: 'server' });
  });

  test('nobody at the address of the server', async () => {
    const probe = createSocket('udp4').bind(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address();
    probe.close();
    const lonely = new NodeDnsResolver({ servers: [`127.0.0.1:${port}`], timeoutMs: 50, tries: 1 });
    assert.deepEqual(await lonely.a('example.com'), { kind: 'failure', reason: 'timeout' });
  });

  test('the second server is asked when the first does not answer', async () => {
    const dead = new TestDnsServer({ 'A example.org': 'silent' });
    const deadAddress = await dead.start();
    const both = new NodeDnsResolver({ servers: [deadAddress, address], timeoutMs: 50, tries: 1 });
    assert.equal((await both.a('server2.example.com')).kind === 'failure', false);
    await dead.stop();
  });

  test('cancel ends open questions', async () => {
    const slow = new NodeDnsResolver({ servers: [address], timeoutMs: 60_000, tries: 1 });
    const answer = slow.a('silent.example');
    slow.cancel();
    assert.equal((await answer).kind, 'failure');
  });

  test('what is no server is said at once', () => {
    assert.throws(
      () => new NodeDnsResolver({ servers: ['dns.example:53'] }),
      (error: unknown) => error instanceof StoxgateError && error.code === 'ERR_DNS_SERVERS',
    );
  });

  test('RFC 3263 §4.1 and §4.2 from the wire to targets in failover order', async () => {
    const time = new VirtualTime();
    const support = new TransportSupport([
      ['UDP', 4],
      ['TCP', 6],
      ['TCP', 4],
    ]);
    const env = {
      clock: time,
      timers: time.timers,
      random: new SeededRandom(1),
      resolver,
      counters: new Counters(),
    };
    const locator = new Locator(env, { support });
    const targets = async (uri: string) => {
      const result = await locator.locate(uri);
      return result.ok
        ? result.value.map((target) => `${target.transport} ${target.address} ${target.port}`)
        : result.error.code;
    };
    assert.deepEqual(await targets('sip:ann@example.com'), [
      'TCP 2a00::1 5060',
      'TCP 5.0.0.1 5060',
      'TCP 5.0.0.2 5060',
      'TCP 5.0.0.3 5070',
    ]);
    assert.equal(await targets('sip:ann@none.example;transport=udp'), 'unresolvable');
    assert.equal(await targets('sip:ann@silent.example'), 'dns-timeout');
    assert.equal(await targets('sip:ann@gone.example:5060'), 'unresolvable');
    assert.equal(await targets('sip:ann@private.example:5060'), 'refused');
    assert.equal(time.timers.size, 0);
  });
});
