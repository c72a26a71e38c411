import { test, describe } from 'node:test';
import assert from 'node:assert/strict';
import { NextHops, isDnsName, parseSipUri } from '../../../src/sip/index.ts';
import { srv } from './dns-table.ts';
import { locatorRig, shown } from './locator-rig.ts';

describe('sip.next_hops', () => {
  const nextHops = {
    'example.net': ['sip:10.0.0.5:5062;transport=tcp;lr', 'sip:10.0.0.6;lr'],
    '*.example.net': 'sip:10.0.0.7',
    '*.a.example.net': 'sip:10.0.0.8',
    '*': 'sip:10.0.0.9;lr',
  };
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['example.net', ['TCP 10.0.0.5 5062', 'UDP 10.0.0.6 5060']],
    ['EXAMPLE.net', ['TCP 10.0.0.5 5062', 'UDP 10.0.0.6 5060']],
    ['example.net.', ['TCP 10.0.0.5 5062', 'UDP 10.0.0.6 5060']],
    ['x.example.net', ['UDP 10.0.0.7 5060']],
    ['y.x.example.net', ['UDP 10.0.0.7 5060']],
    ['x.a.example.net', ['UDP 10.0.0.8 5060']],
    ['badexample.net', ['UDP 10.0.0.9 5060']],
    ['5.6.7.8', ['UDP 10.0.0.9 5060']],
  ];
  for (const [host, targets] of rows) {
    test(`exact beats *.name beats *: ${host}`, async () => {
      const { locate, resolver } = locatorRig({}, { nextHops });
      assert.deepEqual(await locate(`sip:ann@${host}`), targets);
      assert.deepEqual(resolver.asked, []);
    });
  }

  test('RFC 3261 §16.12.1.1: ;lr makes a Route of the hop; without it the hop is a destination only', () => {
    const { locator } = locatorRig({}, { nextHops });
    const routes = (uri: string) => {
      const result = locator.locate(uri);
      assert.ok(!(result instanceof Promise) && result.ok);
      return result.value.map(({ route }) => route);
    };
    assert.deepEqual(routes('sip:example.net'), [
      '<sip:10.0.0.5:5062;transport=tcp;lr>',
      '<sip:10.0.0.6;lr>',
    ]);
    assert.deepEqual(routes('sip:x.example.net'), [undefined]);
  });

  test('a literal next hop costs no array: the same one each time', () => {
    const { locator } = locatorRig({}, { nextHops });
    const uri = parseSipUri('sip:ann@example.net');
    assert.ok(uri.ok);
    assert.equal(locator.locate(uri.value), locator.locate(uri.value));
  });

  test('a hop that is a name goes by RFC 3263, then is known at once', async () => {
    const table = {
      srv: { '_sip._udp.proxy.example': [srv('1 0 5066 a.proxy.example')] },
      a: { 'a.proxy.example': ['10.0.0.1'] },
    };
    const rig = locatorRig(table, { nextHops: { '*': 'sip:proxy.example;transport=udp;lr' } });
    await rig.locator.prefetch();
    const result = rig.locator.locate('sip:ann@anywhere.example');
    assert.ok(!(result instanceof Promise) && result.ok);
    assert.deepEqual(shown(result), ['UDP 10.0.0.1 5066']);
    assert.equal(result.value[0]?.route, '<sip:proxy.example;transport=udp;lr>');
  });

  test('hops that cannot be found are passed over; none at all is the fault of the first', async () => {
    const hops = { '*': ['sip:gone.example:5060', 'sip:10.0.0.6'] };
    const { locate } = locatorRig({}, { nextHops: hops });
    assert.deepEqual(await locate('sip:example.org'), ['UDP 10.0.0.6 5060']);
    const broken = locatorRig(
      { a: { 'b.example': 'timeout' } },
      { nextHops: { '*': ['sip:b.example:5060', 'sip:c.example:5060'] } },
    );
    assert.equal(await broken.locate('sip:example.org'), 'dns-timeout');
  });

  test('a server is asked for by its whole URI, and stands for no domain', async () => {
    const server = 'sip:127.0.0.1:5070;transport=udp;lr';
    const hops = NextHops.read({}, [server, 'sip:presence.example.net']);
    assert.ok(hops.ok);
    const rig = locatorRig({ a: { 'presence.example.net': ['10.0.0.7'] }, ttl: 300 }, { hops: hops.value });
    const found = await rig.locator.locate(server);
    assert.deepEqual(shown(found), ['UDP 127.0.0.1 5070']);
    assert.equal(found.ok && found.value[0]?.route, `<${server}>`);
    // The operator named it: it may be at a private address, and gets credentials.
    assert.deepEqual(await rig.locate('sip:presence.example.net'), ['UDP 10.0.0.7 5060']);
    assert.ok(rig.locator.isNamed(server) && rig.locator.isNamed('sip:presence.example.net'));
    // Whoever else is at this host is a stranger.
    assert.equal(await rig.locate('sip:bob@presence.example.net'), 'refused');
    assert.equal(await rig.locate('sip:bob@127.0.0.1:5070'), 'refused');
    assert.ok(!rig.locator.isNamed('sip:bob@127.0.0.1:5070'));
    assert.equal(NextHops.read({}, ['http://x.example']).ok, false);
  });

  test('what is no SIP URI is a fault that names it', () => {
    const result = NextHops.read({ 'example.net': 'http://example.net' });
    assert.ok(!result.ok);
    assert.equal(result.error.code, 'ERR_SIP_NEXT_HOP');
    assert.match(result.error.message, /http:\/\/example\.net/);
    assert.equal(NextHops.read({ '*': [] }).ok, false);
  });
});

describe('Locator', () => {
  const address = { a: { 'example.com': ['5.0.0.1', '5.0.0.2'] }, ttl: 300 };

  test('look-ups of one name at one time are one question', async () => {
    const { locate, resolver } = locatorRig(address);
    const answers = await Promise.all(['sip:a@example.com:5060', 'sip:b@example.com:5060'].map(locate));
    assert.deepEqual(answers[0], answers[1]);
    assert.deepEqual(resolver.asked, ['A example.com']);
  });

  test('a known answer comes at once, as the same array', async () => {
    const { locate, locator } = locatorRig(address);
    await locate('sip:example.com:5060');
    const [first, second] = [locator.locate('sip:example.com:5060'), locator.locate('sip:example.com:5060')];
    assert.ok(!(first instanceof Promise) && first.ok && !(second instanceof Promise) && second.ok);
    assert.equal(first.value, second.value);
  });

  test('addresses are kept as long as they live, between 30 s and a day', async () => {
    for (const [ttl, keptMs] of [
      [300, 300_000],
      [1, 30_000],
      [1_000_000, 86_400_000],
    ] as const) {
      const { locate, resolver, time } = locatorRig({ ...address, ttl });
      await locate('sip:example.com:5060');
      time.advance(keptMs - 1);
      await locate('sip:example.com:5060');
      assert.equal(resolver.asked.length, 1, `ttl ${ttl}`);
      time.advance(1);
      await locate('sip:example.com:5060');
      assert.equal(resolver.asked.length, 2, `ttl ${ttl}`);
    }
  });

  test('what NAPTR and SRV had a part in is asked again after 60 s, but the addresses are still known', async () => {
    const { locate, resolver, time } = locatorRig({
      srv: { '_sip._udp.example.com': [srv('0 0 5060 example.com')] },
      ...address,
    });
    await locate('sip:example.com;transport=udp');
    time.advance(59_999);
    await locate('sip:example.com;transport=udp');
    assert.deepEqual(resolver.asked, ['SRV _sip._udp.example.com', 'A example.com']);
    time.advance(1);
    await locate('sip:example.com;transport=udp');
    assert.deepEqual(resolver.asked.slice(2), ['SRV _sip._udp.example.com']);
  });

  test('a server that cannot do NAPTR shortens nothing; a part that failed is asked again after 10 s', async () => {
    const table = {
      srv: { '_sip._udp.example.com': [srv('0 0 5060 a.example'), srv('1 0 5060 b.example')] },
    };
    const whole = locatorRig({
      ...table,
      naptr: { 'example.com': 'server' },
      a: { 'a.example': ['5.0.0.1'], 'b.example': ['5.0.0.2'] },
    });
    await whole.locate('sip:example.com');
    whole.time.advance(59_999);
    assert.ok(!(whole.locator.locate('sip:example.com') instanceof Promise));
    const part = locatorRig({ ...table, a: { 'a.example': ['5.0.0.1'], 'b.example': 'timeout' } });
    assert.deepEqual(await part.locate('sip:example.com'), ['UDP 5.0.0.1 5060']);
    part.resolver.table = { ...table, a: { 'a.example': ['5.0.0.1'], 'b.example': ['5.0.0.2'] } };
    part.time.advance(10_000);
    assert.deepEqual(await part.locate('sip:example.com'), ['UDP 5.0.0.1 5060', 'UDP 5.0.0.2 5060']);
  });

  test('no more targets than the limit, also when chance orders them', async () => {
    const { locate } = locatorRig(
      {
        srv: { '_sip._udp.example.com': [srv('0 1 5060 a.example'), srv('0 1 5060 b.example')] },
        a: { 'a.example': ['5.0.0.1', '5.0.0.2'], 'b.example': ['5.0.0.3', '5.0.0.4'] },
      },
      { limits: { maxTargets: 3 } },
    );
    assert.equal((await locate('sip:example.com;transport=udp')).length, 3);
  });

  test('"no such name" and failures hold for 10 s', async () => {
    for (const entry of ['timeout', []] as const) {
      const { locate, resolver, time } = locatorRig({ a: { 'example.com': entry } });
      const before = await locate('sip:example.com:5060');
      resolver.table = address;
      time.advance(9999);
      assert.deepEqual(await locate('sip:example.com:5060'), before);
      time.advance(1);
      assert.deepEqual(await locate('sip:example.com:5060'), ['UDP 5.0.0.1 5060', 'UDP 5.0.0.2 5060']);
    }
  });

  test('a look-up takes 8 s at most, then is a dns-timeout; nothing is left of it', async () => {
    const { locate, locator, time } = locatorRig({ a: { 'example.com': 'never' } });
    const answer = locate('sip:example.com:5060');
    assert.deepEqual(locator.sizes, { plans: 0, pending: 1, penalties: 0, names: 0 });
    time.advance(8000);
    assert.equal(await answer, 'dns-timeout');
    assert.equal(locator.sizes.pending, 0);
    assert.equal(time.timers.size, 0);
  });

  test('too many look-ups at one time are answered at once', async () => {
    const table = { a: { 'a.example': 'never', 'b.example': ['5.0.0.1'] } } as const;
    const { locate, locator } = locatorRig(table, { limits: { maxPending: 1 } });
    const waiting = locate('sip:a.example:5060');
    assert.equal(await locate('sip:b.example:5060'), 'dns-timeout');
    locator.stop();
    assert.equal(await waiting, 'dns-timeout');
    assert.deepEqual(await locate('sip:b.example:5060'), ['UDP 5.0.0.1 5060']);
  });

  test('stop ends what is under way, and its timer', async () => {
    const { locate, locator, time } = locatorRig({ a: { 'example.com': 'never' } });
    const answer = locate('sip:example.com:5060');
    locator.stop();
    assert.equal(await answer, 'dns-timeout');
    assert.equal(time.timers.size, 0);
  });

  test('row DNS-15: a failed target goes to the end of later lists, for next hops as for DNS', async () => {
    const { locate, locator } = locatorRig(address, {
      nextHops: { 'example.net': ['sip:10.0.0.1', 'sip:10.0.0.2'] },
    });
    locator.penalise({ transport: 'UDP', address: '5.0.0.1', port: 5060 });
    locator.penalise({ transport: 'UDP', address: '10.0.0.1', port: 5060 });
    assert.deepEqual(await locate('sip:example.com:5060'), ['UDP 5.0.0.2 5060', 'UDP 5.0.0.1 5060']);
    assert.deepEqual(await locate('sip:example.net'), ['UDP 10.0.0.2 5060', 'UDP 10.0.0.1 5060']);
    locator.forgive({ transport: 'UDP', address: '5.0.0.1', port: 5060 });
    assert.deepEqual(await locate('sip:example.com:5060'), ['UDP 5.0.0.1 5060', 'UDP 5.0.0.2 5060']);
  });

  test('RFC 2782: the order of equal servers is drawn anew for each request', async () => {
    const { locate } = locatorRig({
      srv: { '_sip._udp.example.com': [srv('0 1 5060 a.example'), srv('0 1 5060 b.example')] },
      a: { 'a.example': ['5.0.0.1'], 'b.example': ['5.0.0.2'] },
    });
    const seen = new Set<string>();
    for (let i = 0; i < 50; i++) seen.add(String(await locate('sip:example.com;transport=udp')));
    assert.deepEqual(
      seen,
      new Set(['UDP 5.0.0.1 5060,UDP 5.0.0.2 5060', 'UDP 5.0.0.2 5060,UDP 5.0.0.1 5060']),
    );
  });

  test('RFC 3263 §5: sent-by numeric, name with port, name alone', async () => {
    const { locator } = locatorRig({
      srv: { '_sip._tcp.ua.example': [srv('0 0 5071 host.ua.example')] },
      a: { 'ua.example': ['5.0.0.1'], 'host.ua.example': ['5.0.0.2'] },
    });
    const to = async (host: string, port?: number, transport = 'TCP') =>
      shown(await locator.locateSentBy({ transport, host, port }, '5.0.0.9'));
    assert.deepEqual(await to('5.0.0.3'), ['TCP 5.0.0.3 5060']);
    assert.deepEqual(await to('ua.example', 5070), ['TCP 5.0.0.1 5070']);
    assert.deepEqual(await to('ua.example'), ['TCP 5.0.0.2 5071']);
    assert.equal(await to('ua.example', undefined, 'SCTP'), 'no-transport');
    assert.equal(await to('ua.example', undefined, 'TLS'), 'no-transport');
  });
});

describe('Names for DNS', () => {
  const long = (length: number): string => `${'a'.repeat(length)}.example`;
  const rows: readonly (readonly [string, boolean])[] = [
    ['example.com', true],
    ['_sip._udp.example.com', true],
    ['xn--bcher-kva.example', true],
    ['a', true],
    [long(63), true],
    [long(64), false],
    [`${'a.'.repeat(126)}a`, true],
    [`${'a.'.repeat(127)}a`, false],
    ['', false],
    ['.', false],
    ['example..com', false],
    ['example.com.', false],
    ['-a.example', false],
    ['a-.example', false],
    ['a b.example', false],
    ['bücher.example', false],
    ['example.com\r\n', false],
    ['1.2.3.4', false],
    ['host.123', false],
  ];
  for (const [name, valid] of rows) {
    test(`RFC 1123 §2.1: ${JSON.stringify(name.slice(0, 30))} ${valid ? 'may' : 'may not'} be asked for`, () =>
      assert.equal(isDnsName(name), valid));
  }
});
