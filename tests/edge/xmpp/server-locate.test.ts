// Where the server of a domain is. Source: RFC 6120 §3.2; RFC 2782; XEP-0368 §3; RFC 8305; row S2S-01.

import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { after, afterEach, describe, test } from 'node:test';
import { Counters, SeededRandom, TimerWheel, VirtualTime } from '../../../src/base/index.ts';
import { dial } from '../../../src/edge/xmpp/server-dial.ts';
import { addressesOf, locateServer, type LocateEnv } from '../../../src/edge/xmpp/server-locate.ts';
import { DnsCache, type SrvRecord } from '../../../src/sip/index.ts';
import { TestCa } from '../../peers/test-ca.ts';
import { until } from './rig.ts';
import { chat, ServerRig, TableDns, Watched } from './server-rig.ts';

const srv = (target: string, port: number, priority = 0, weight = 0): SrvRecord => ({
  target,
  port,
  priority,
  weight,
});

function envOf(dns: TableDns, more: Partial<LocateEnv> = {}): LocateEnv {
  return {
    dns: new DnsCache(dns, new VirtualTime(), new Counters()),
    random: new SeededRandom(7),
    privateTargets: 'refuse',
    nextHops: () => undefined,
    ...more,
  };
}

async function placesOf(
  dns: TableDns,
  domain = 'b.example',
  more: Partial<LocateEnv> = {},
): Promise<string[] | string> {
  const located = await locateServer(domain, envOf(dns, more));
  return located.ok
    ? located.places.map(({ transport, host, port }) => `${transport} ${host}:${port}`)
    : located.found;
}

describe('services', () => {
  const clear = '_xmpp-server._tcp.b.example';
  const direct = '_xmpps-server._tcp.b.example';
  const cases: [string, Record<string, readonly SrvRecord[] | 'failure'>, string[] | string][] = [
    [
      '§3.2.1: by priority',
      { [clear]: [srv('two.example', 2, 20), srv('one.example', 1, 10)] },
      ['TCP one.example:1', 'TCP two.example:2'],
    ],
    [
      'XEP-0368 §3: both kinds in one order',
      {
        [clear]: [srv('c.example', 5269, 10)],
        [direct]: [srv('d.example', 5270, 5), srv('e.example', 5270, 20)],
      },
      ['TLS d.example:5270', 'TCP c.example:5269', 'TLS e.example:5270'],
    ],
    ['only with TLS from the start', { [direct]: [srv('d.example', 5270)] }, ['TLS d.example:5270']],
    ['§3.2.2: no record: the domain itself', {}, ['TCP b.example:5269']],
    [
      '§3.2.1: DNS does not answer: the domain itself',
      { [clear]: 'failure', [direct]: 'failure' },
      ['TCP b.example:5269'],
    ],
    [
      'one kind fails, the other is there',
      { [clear]: 'failure', [direct]: [srv('d.example', 5270)] },
      ['TLS d.example:5270'],
    ],
    ['RFC 2782: "." is no server, and no fallback', { [clear]: [srv('.', 1)] }, 'nothing'],
    [
      '"." for one kind alone',
      { [clear]: [srv('.', 1)], [direct]: [srv('d.example', 5270)] },
      ['TLS d.example:5270'],
    ],
    ['"." for both', { [clear]: [srv('.', 1)], [direct]: [srv('.', 1)] }, 'nothing'],
  ];
  for (const [what, records, expected] of cases) {
    test(what, async () => {
      const dns = new TableDns();
      for (const [name, list] of Object.entries(records)) dns.srvs.set(name, list);
      assert.deepEqual(await placesOf(dns), expected);
    });
  }

  test('RFC 2782: within one priority by chance of their weights', async () => {
    const dns = new TableDns();
    dns.srvs.set(clear, [srv('heavy.example', 1, 10, 90), srv('light.example', 1, 10, 10)]);
    const random = new SeededRandom(3);
    let heavy = 0;
    for (let i = 0; i < 500; i++) {
      const [first] = await placesOf(dns, 'b.example', { random });
      if (first === 'TCP heavy.example:1') heavy += 1;
    }
    assert.ok(heavy > 400 && heavy < 490, String(heavy));
  });

  test('static places come before DNS, which is not asked', async () => {
    const dns = new TableDns();
    const nextHops = () => [{ transport: 'TLS', host: '10.0.0.7', port: 5270 }] as const;
    assert.deepEqual(await placesOf(dns, 'b.example', { nextHops }), ['TLS 10.0.0.7:5270']);
    assert.deepEqual(dns.asked, []);
  });

  test('an internationalised domain is asked for by its A-labels (RFC 5890)', async () => {
    const dns = new TableDns();
    await placesOf(dns, 'münchen.example');
    assert.ok(dns.asked.includes('SRV _xmpp-server._tcp.xn--mnchen-3ya.example'));
  });

  test('a literal address has no services', async () => {
    const dns = new TableDns();
    assert.deepEqual(await placesOf(dns, '192.0.2.7'), ['TCP 192.0.2.7:5269']);
    assert.deepEqual(dns.asked, []);
  });
});

describe('addresses', () => {
  const place = { transport: 'TCP', host: 'h.example', port: 5269 } as const;
  const find = (dns: TableDns, foreign = true, more: Partial<LocateEnv> = {}) =>
    addressesOf(place, foreign, envOf(dns, more));

  test('RFC 8305 §4: the families in turn, IPv6 first', async () => {
    const dns = new TableDns();
    dns.addresses.set('h.example', ['9.9.9.1', '9.9.9.2', '2a00::1']);
    const found = await find(dns);
    assert.deepEqual(found.ok && found.target.addresses, ['2a00::1', '9.9.9.1', '9.9.9.2']);
  });

  test('dns.private_targets: a foreign name does not lead into our own network', async () => {
    const dns = new TableDns();
    dns.addresses.set('h.example', ['127.0.0.1', '10.0.0.1', 'fd00::1']);
    assert.deepEqual(await find(dns), { ok: false, found: 'refused' });
    const allowed = await find(dns, true, { privateTargets: 'allow' });
    assert.ok(allowed.ok);
    // What the operator has written is his own.
    assert.ok((await find(dns, false)).ok);
  });

  test('no address, and no answer', async () => {
    const dns = new TableDns();
    assert.deepEqual(await find(dns), { ok: false, found: 'nothing' });
    dns.addresses.set('h.example', 'failure');
    assert.deepEqual(await find(dns), { ok: false, found: 'unknown' });
  });
});

describe('RFC 8305 §5: the race', () => {
  const timers = new TimerWheel(() => performance.now(), { tickMs: 5 });
  const interval = setInterval(() => timers.advance(), 5);
  after(() => clearInterval(interval));
  const race = (addresses: readonly string[], port: number, raceMs: number): Promise<Socket | Error> =>
    new Promise((resolve) => {
      dial({ addresses, port, raceMs }, timers, resolve);
    });

  test('one that refuses is passed over at once', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const began = performance.now();
    const result = await race(['127.0.0.9', '127.0.0.1'], port, 10_000);
    assert.ok(!(result instanceof Error));
    assert.equal(result.remoteAddress, '127.0.0.1');
    assert.ok(performance.now() - began < 8000);
    result.destroy();
    server.close();
  });

  test('none: the error of the last', async () => {
    const result = await race(['127.0.0.9', '127.0.0.8'], 1, 10);
    assert.ok(result instanceof Error);
    assert.match(result.message, /ECONNREFUSED/);
  });
});

describe('a whole server by DNS', () => {
  const ca = new TestCa();
  after(() => ca.remove());
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });
  const A = 'a.example';
  const B = 'b.example';

  async function pair(): Promise<[ServerRig, ServerRig]> {
    const limits = { reachTimeoutMs: 3000, connectTimeoutMs: 500, idleMs: 60_000 };
    const rigs: [ServerRig, ServerRig] = [
      new ServerRig({ domains: [A], certificate: ca.make({ names: [`DNS:${A}`] }), limits }),
      new ServerRig({ domains: [B], certificate: ca.make({ names: [`DNS:${B}`] }), limits }),
    ];
    for (const rig of rigs) {
      await rig.server.start();
      closing.push(() => rig.close());
    }
    return rigs;
  }

  test('RFC 2782: a dead host first, then the living one', async () => {
    const [a, b] = await pair();
    a.dns.srvs.set(`_xmpp-server._tcp.${B}`, [srv('dead.example', 1, 1), srv('host.example', b.port, 20)]);
    a.dns.addresses.set('dead.example', ['127.0.0.9']);
    a.dns.addresses.set('host.example', ['127.0.0.1']);
    const sent = new Watched(chat(`ann@${A}`, `bob@${B}`, 'hello'));
    a.server.send(A, sent.stanza, sent);
    await until('confirmed', () => sent.events.length > 0);
    assert.deepEqual(b.told, [`ann@${A} bob@${B} hello`]);
  });

  for (const [what, prepare, condition] of [
    ['no such domain', () => {}, 'remote-server-not-found'],
    [
      'a domain that has no XMPP server',
      (dns: TableDns) => dns.srvs.set(`_xmpp-server._tcp.${B}`, [srv('.', 1)]),
      'remote-server-not-found',
    ],
    [
      'a server that does not answer',
      (dns: TableDns) => {
        dns.srvs.set(`_xmpp-server._tcp.${B}`, [srv('dead.example', 1)]);
        dns.addresses.set('dead.example', ['127.0.0.9']);
      },
      'remote-server-timeout',
    ],
    [
      'DNS that does not answer',
      (dns: TableDns) => {
        dns.srvs.set(`_xmpp-server._tcp.${B}`, 'failure');
        dns.addresses.set(B, 'failure');
      },
      'remote-server-timeout',
    ],
  ] as const) {
    test(`${what}: ${condition}, once for each stanza`, async () => {
      const [a] = await pair();
      prepare(a.dns);
      for (const id of ['1', '2']) a.server.send(A, chat(`ann@${A}`, `bob@${B}`, 'hello', id));
      await until('both answers', () => a.stanzas.length === 2);
      assert.deepEqual(a.told, Array(2).fill(`bob@${B} ann@${A} error ${condition}`));
    });
  }
});
