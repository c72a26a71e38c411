// Sources: XEP-0114 1.6; rows COMP-01 … COMP-06; docs/architecture.md "Acknowledgement".

import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { afterEach, describe, test } from 'node:test';
import { SendRefusal, type ComponentLinkLimits } from '../../../src/edge/xmpp/index.ts';
import { FakeServer, type FakeOptions } from './fake-server.ts';
import { message, Rig, settle, until } from './rig.ts';

const CONFIRM = { confirm: true };
const open: { stop(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.stop();
});

async function serve(options: FakeOptions = {}): Promise<FakeServer> {
  const server = await new FakeServer(options).listen();
  open.push({ stop: () => server.close() });
  return server;
}

function rigFor(
  server: { readonly port: number },
  limits: Partial<ComponentLinkLimits> = {},
  secret?: string,
): Rig {
  const rig = new Rig(server.port, limits, secret);
  open.push({
    stop: async () => {
      const stopped = rig.link.stop();
      await settle();
      rig.time.advance(10_000);
      await stopped;
    },
  });
  rig.link.start();
  return rig;
}

async function linked(options: FakeOptions = {}, limits: Partial<ComponentLinkLimits> = {}) {
  const server = await serve(options);
  const rig = rigFor(server, limits);
  await until('up', () => rig.link.state === 'up');
  await settle();
  return { server, rig };
}

describe('XEP-0114: from connection to stream', () => {
  test('COMP-01: the header names component namespace and domain, without from and version', async () => {
    const { server } = await linked();
    assert.deepEqual(server.headers, [
      'stream http://etherx.jabber.org/streams jabber:component:accept to|sip.example.org',
    ]);
  });

  test('COMP-02: the id is hashed as after unescaping; <handshake/> opens the way', async () => {
    const { rig, server } = await linked();
    assert.equal(rig.link.everUp, true);
    assert.deepEqual(rig.events, ['up', 'proved']);
    assert.match(server.chunks.join(''), /<handshake>[0-9a-f]{40}<\/handshake>/);
    assert.deepEqual(rig.told(), ['info xmpp.link.up']);
  });

  test('before the handshake is accepted nothing is written and nothing is queued', async () => {
    const server = await serve({ handshake: 'never' });
    const rig = rigFor(server);
    await until('handshaking', () => rig.link.state === 'handshaking');
    assert.equal(rig.link.send(message('early')), SendRefusal.NotUp);
    server.write('<handshake/>');
    await until('up', () => rig.link.state === 'up');
    await settle();
    assert.deepEqual(server.stanzas, []);
  });

  test('pausing before the stream is up does not keep it from coming up', async () => {
    const server = await serve({ handshake: 'never' });
    const rig = rigFor(server);
    await until('handshaking', () => rig.link.state === 'handshaking');
    rig.link.pauseReading();
    server.write('<handshake/>');
    await until('up', () => rig.link.state === 'up');
  });

  test('a stanza before the handshake is accepted is not believed', async () => {
    const server = await serve({ handshake: 'never' });
    const rig = rigFor(server);
    await until('handshaking', () => rig.link.state === 'handshaking');
    server.write(`<message from='a@b' to='c@sip.example.org'/>`);
    await settle();
    assert.deepEqual(rig.stanzas, []);
    assert.equal(rig.counters.total('stoxgate_xmpp_unexpected_total'), 1);
  });

  test('a wrong secret is told once, with a remedy, and tried again rarely', async () => {
    const server = await serve({ secret: 'other' });
    const rig = rigFor(server);
    await until('first failure', () => rig.events.length === 1);
    assert.deepEqual(rig.events, ['ended stream-error:not-authorized']);
    rig.time.advance(7000);
    await settle();
    assert.equal(server.connections, 1, 'at least 7.5 s to the second attempt');
    for (let attempt = 2; attempt <= 6; attempt++) {
      rig.waitForAttempt();
      await until('another failure', () => rig.events.length === attempt);
    }
    assert.deepEqual(rig.told(), ['error xmpp.link.down stream-error:not-authorized']);
    assert.match(String(rig.lines.find((line) => line.level === 'error')?.fields['remedy']), /secret/);
    assert.equal(rig.link.everUp, false);
  });

  test('RFC 6120 §4.9.3.10: a port that takes no components is told as such', async () => {
    const header = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1'>`;
    const rig = rigFor(await serve({ header }));
    await until('failure', () => rig.events.length === 1);
    assert.deepEqual(rig.events, ['ended bad-stream:invalid-namespace']);
    assert.match(String(rig.lines.at(-1)?.fields['remedy']), /component port/);
  });

  test('RFC 6120 §4.9.1.2: an unknown domain is told by an error behind a header without id (Prosody)', async () => {
    const header =
      `<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams'>` +
      `<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>`;
    const rig = rigFor(await serve({ header }));
    await until('failure', () => rig.events.length === 1);
    assert.deepEqual(rig.events, ['ended stream-error:host-unknown']);
    assert.match(String(rig.lines.at(-1)?.fields['remedy']), /configure it there/);
  });

  test('a port that never answers ends after the handshake time', async () => {
    const server = await serve({ handshake: 'never' });
    const rig = rigFor(server);
    await until('handshaking', () => rig.link.state === 'handshaking');
    rig.time.advance(10_000);
    await until('failure', () => rig.events.length === 1);
    assert.deepEqual(rig.events, ['ended handshake-timeout']);
  });

  test('a name as host, and IPv6', async () => {
    const server = await serve();
    const byName = new Rig(server.port, {}, 'secret', 'localhost');
    open.push({ stop: () => byName.link.stop() });
    byName.link.start();
    await until('up', () => byName.link.state === 'up');
  });
});

describe('XEP-0114: stanzas', () => {
  test('COMP-04: stanzas of the component namespace and payloads of jabber:client read alike', async () => {
    const { rig, server } = await linked();
    server.write(
      `<message type="chat" to="joe@sip.example.org" from="alice@jd2.test/s"><body>x</body></message>`,
    );
    server.write(
      `<message type="chat" to="joe@sip.example.org" id="75acf90a808047aab8648529040ee9b3" xml:lang="en" ` +
        `from="alice@jd2.test/s"><body xmlns="jabber:client">c2</body></message>`,
    );
    await until('two stanzas', () => rig.stanzas.length === 2);
    assert.deepEqual(
      rig.stanzas.map((el) => [el.ns, el.child('body', 'jabber:client')?.text()]),
      [
        ['jabber:client', 'x'],
        ['jabber:client', 'c2'],
      ],
    );
  });

  test('characters split over segments, white space between stanzas', async () => {
    const { rig, server } = await linked();
    for (const octet of Buffer.from(
      ` \n<message from='a@b' to='c@sip.example.org'><body>ü😀</body></message>\n `,
    )) {
      server.write(Uint8Array.of(octet));
    }
    await until('stanza', () => rig.stanzas.length === 1);
    assert.equal(rig.stanzas[0]?.child('body')?.text(), 'ü😀');
  });

  const senders: readonly (readonly [string, string | undefined, boolean])[] = [
    ['the domain', 'sip.example.org', true],
    ['a user', 'bob@sip.example.org', true],
    ['a resource', 'bob@sip.example.org/gr@x/y', true],
    ['the domain with a resource', 'sip.example.org/a@b', true],
    ['nobody', undefined, false],
    ['empty', '', false],
    ['another domain', 'bob@example.org', false],
    ['a subdomain', 'bob@a.sip.example.org', false],
    ['a longer domain', 'bob@xsip.example.org', false],
    ['the domain as localpart', 'sip.example.org@evil.example', false],
    ['the domain as resource', 'evil.example/sip.example.org', false],
    ['the domain as user in a resource', 'evil.example/bob@sip.example.org', false],
    ['an empty localpart', '@sip.example.org', false],
    ['two at-signs', 'a@b@sip.example.org', false],
  ];
  for (const [what, from, allowed] of senders) {
    test(`COMP-03: from ${what}: ${allowed ? 'written' : 'refused'}`, async () => {
      const { rig, server } = await linked();
      const stanza = message('x', from ?? null);
      const seq = rig.link.send(stanza);
      assert.equal(seq > 0, allowed);
      if (!allowed) assert.equal(seq, SendRefusal.ForeignFrom);
      await settle();
      assert.equal(server.stanzas.length, allowed ? 1 : 0);
    });
  }

  test('XEP-0114: a stanza without `to` is not written either', async () => {
    const { rig } = await linked();
    assert.equal(rig.link.send(message('x', 'bob@sip.example.org', '')), SendRefusal.ForeignFrom);
  });

  test('one turn of the event loop is one write, the barrier at its end', async () => {
    const { rig, server } = await linked();
    server.chunks.length = 0;
    for (let i = 0; i < 100; i++) assert.equal(rig.link.send(message(`m${i}`), CONFIRM), i + 1);
    await until('confirmed', () => rig.confirmed.length === 1);
    assert.deepEqual(rig.confirmed, [100]);
    assert.equal(server.chunks.length, 1);
    assert.match(
      server.chunks[0] ?? '',
      /m99<\/body><\/message><iq [^>]*><ping xmlns=.urn:xmpp:ping.\/><\/iq>$/,
    );
    assert.deepEqual(
      server.stanzas.map((el) => el.child('body')?.text()),
      Array.from({ length: 100 }, (_, i) => `m${i}`),
    );
  });

  test('a large batch goes out before its turn ends', async () => {
    const { rig, server } = await linked({}, { batchLength: 1000 });
    for (let i = 0; i < 20; i++) rig.link.send(message('x'.repeat(200)));
    assert.ok(rig.link.queued < 1000);
    await until('all', () => server.stanzas.length === 20);
  });

  test('what no server would take is refused: octets, not characters', async () => {
    const { rig, server } = await linked({}, { stanzaBytes: 400 });
    assert.equal(rig.link.send(message('ü'.repeat(200))), SendRefusal.TooLarge);
    assert.ok(rig.link.send(message('u'.repeat(200))) > 0);
    await settle();
    assert.equal(server.stanzas.length, 1);
  });

  test('no injection: text of a stanza stays text', async () => {
    const { rig, server } = await linked();
    rig.link.send(message(`</body></message><presence/>\u0000\uD800`, `bob@sip.example.org/'"><x/>`));
    await until('stanza', () => server.stanzas.length === 1);
    assert.equal(server.stanzas[0]?.child('body')?.text(), '</body></message><presence/>\uFFFD\uFFFD');
    assert.equal(server.stanzas[0]?.attr('from'), `bob@sip.example.org/'"><x/>`);
  });

  test('ERR-G2: a peer that does not read fills a bounded queue, and room is told', async () => {
    const { rig, server } = await linked({}, { queueBytes: 300_000 });
    for (const socket of server.sockets) socket.pause();
    const text = 'x'.repeat(10_000);
    let last = 0;
    for (let i = 0; i < 2000 && last >= 0; i++) {
      last = rig.link.send(message(text));
      if (i % 10 === 0) await settle();
    }
    assert.equal(last, SendRefusal.Full);
    assert.ok(rig.link.queued <= 300_000);
    for (const socket of server.sockets) socket.resume();
    await until('writable', () => rig.events.includes('writable'));
    assert.ok(rig.link.send(message('again')) > 0);
  });

  test('pauseReading leaves stanzas with the server, and silence then proves nothing', async () => {
    const { rig, server } = await linked({}, { barrierTimeoutMs: 8000 });
    rig.link.pauseReading();
    rig.link.send(message('x'), CONFIRM);
    await until('written', () => server.stanzas.length === 1);
    server.write(`<message from='a@b' to='c@sip.example.org'/>`);
    await settle();
    rig.time.advance(30_000);
    assert.deepEqual(rig.stanzas, []);
    assert.equal(rig.link.state, 'up');
    rig.link.resumeReading();
    await until('both', () => rig.stanzas.length === 1 && rig.confirmed.length === 1);
  });

  test('a paused link does not probe, comes up again paused, and stops in order', async () => {
    const { rig, server } = await linked();
    rig.link.pauseReading();
    rig.time.advance(200_000);
    await settle();
    assert.equal(server.pings.length, 1);
    assert.equal(rig.link.state, 'up');
    rig.link.resumeReading();
    server.drop();
    await until('ended', () => rig.link.state === 'closed');
    rig.link.pauseReading();
    rig.waitForAttempt();
    await until('up again', () => rig.link.state === 'up');
    server.write(`<message from='a@b' to='c@sip.example.org'/>`);
    await settle();
    assert.deepEqual(rig.stanzas, []);
    await rig.link.stop();
    assert.equal(server.ended, 1);
  });
});

describe('Acknowledgement', () => {
  for (const barrier of ['loop', 'result', 'error', 'both'] as const) {
    test(`a barrier that returns as ${barrier} confirms, and is not handed on`, async () => {
      const { rig, server } = await linked({ barrier });
      const seq = rig.link.send(message('x'), CONFIRM);
      await until('confirmed', () => rig.confirmed.length > 0);
      rig.link.send(message('y'), CONFIRM);
      await until('confirmed', () => rig.confirmed.length > 1);
      await settle();
      assert.deepEqual(rig.confirmed, [seq, seq + 1]);
      assert.deepEqual(rig.stanzas, []);
      assert.equal(server.pings.length, 3, 'the looped get is not answered');
    });
  }

  test('without confirm no barrier is sent', async () => {
    const { rig, server } = await linked();
    rig.link.send(message('x'));
    await until('stanza', () => server.stanzas.length === 1);
    await settle();
    assert.equal(server.pings.length, 1, 'the first of the stream');
  });

  test('one barrier in flight; the next goes out at once when it returns', async () => {
    const { rig, server } = await linked();
    server.barrier = 'never';
    rig.link.send(message('1'), CONFIRM);
    await until('ping', () => server.pings.length === 2);
    rig.link.send(message('2'), CONFIRM);
    await until('second stanza', () => server.stanzas.length === 2);
    rig.link.send(message('3'));
    await settle();
    assert.equal(server.pings.length, 2);
    server.barrier = 'loop';
    const id = server.pings[1]?.attr('id') ?? '';
    server.write(`<iq from='sip.example.org' to='sip.example.org' id='${id}' type='result'/>`);
    await until('confirmed', () => rig.confirmed.length === 2);
    assert.deepEqual(rig.confirmed, [1, 3]);
    assert.equal(server.pings.length, 3);
  });

  test('another id, or one of an earlier stream, confirms nothing', async () => {
    const { rig, server } = await linked();
    server.barrier = 'never';
    rig.link.send(message('1'), CONFIRM);
    await until('ping', () => server.pings.length === 2);
    const old = server.pings[1]?.attr('id') ?? '';
    server.drop();
    await until(
      'down',
      () => rig.events.includes('ended connection-lost') || rig.events.includes('ended closed-by-peer'),
    );
    server.barrier = 'loop';
    rig.time.advance(2000);
    await until('up again', () => rig.events.filter((event) => event === 'proved').length === 2);
    server.write(`<iq from='sip.example.org' to='sip.example.org' id='${old}' type='result'/>`);
    server.write(`<iq from='sip.example.org' to='sip.example.org' id='barrier-1' type='result'/>`);
    await until('both are plain stanzas', () => rig.stanzas.length === 2);
    assert.deepEqual(rig.confirmed, []);
    const seq = rig.link.send(message('2'), CONFIRM);
    assert.equal(seq, 2, 'numbers continue over reconnects');
    await until('confirmed', () => rig.confirmed.length === 1);
    assert.deepEqual(rig.confirmed, [2]);
  });

  test('two links of one domain: a barrier that comes back on the other is still its own (ejabberd)', async () => {
    const { rig, server } = await linked();
    const first = [...server.sockets][0];
    const other = new Rig(server.port, {}, 'secret', '127.0.0.1', 8, rig.desk);
    open.push({ stop: () => other.link.stop() });
    other.link.start();
    await until('up', () => other.link.proved);
    server.barrier = 'never';
    rig.link.send(message('1'), CONFIRM);
    await until('ping', () => server.pings.length === 3);
    for (const socket of server.sockets) {
      if (socket === first) continue;
      socket.write(
        `<iq from='sip.example.org' to='sip.example.org' id='${server.pings[2]?.attr('id')}' type='get'/>`,
      );
    }
    await until('confirmed', () => rig.confirmed.length === 1);
    assert.deepEqual([rig.confirmed, other.confirmed, other.stanzas], [[1], [], []]);
    assert.equal(rig.desk.size, 2);
  });

  test('no return within the barrier time: the link is down, reported as `barrier`, and nothing is confirmed', async () => {
    const { rig, server } = await linked();
    server.barrier = 'never';
    rig.link.send(message('1'), CONFIRM);
    await until('ping', () => server.pings.length === 2);
    rig.time.advance(7999);
    assert.equal(rig.link.state, 'up');
    rig.time.advance(1);
    assert.deepEqual(rig.events, ['up', 'proved', 'down barrier']);
    await until('ended', () => rig.events.includes('ended barrier'));
    await until('the server was told', () => server.errors.length === 1);
    assert.ok(server.errors[0]?.child('connection-timeout'));
    assert.deepEqual(rig.confirmed, []);
    assert.match(String(rig.lines.find((line) => line.level === 'error')?.fields['remedy']), /ping/);
  });

  test('a server that never returns barriers is known before the first stanza', async () => {
    const { rig } = await linked({ barrier: 'never' });
    assert.equal(rig.link.proved, false);
    rig.time.advance(8000);
    assert.deepEqual(rig.events, ['up', 'down barrier']);
  });
});

describe('COMP-06: keep-alive and reconnecting', () => {
  test('silence is probed after 60 s; without an answer the link is down 20 s later', async () => {
    const { rig, server } = await linked();
    rig.time.advance(59_000);
    await settle();
    assert.equal(server.pings.length, 1);
    server.barrier = 'never';
    rig.time.advance(1100);
    await until('probe', () => server.pings.length === 2);
    rig.time.advance(19_800);
    assert.equal(rig.link.state, 'up');
    rig.time.advance(200);
    assert.deepEqual(rig.events, ['up', 'proved', 'down keep-alive']);
  });

  test('a peer that lives but leaves the probe unanswered returns no barriers', async () => {
    const { rig, server } = await linked();
    server.barrier = 'never';
    rig.time.advance(61_000);
    await until('probe', () => server.pings.length === 2);
    rig.time.advance(10_000);
    server.write(' ');
    await settle();
    rig.time.advance(10_000);
    assert.deepEqual(rig.events, ['up', 'proved', 'down barrier']);
  });

  test('the wait begins anew only after the link was up for a while', async () => {
    const server = await serve({ handshake: 'conflict' });
    const rig = rigFor(server);
    for (let failure = 1; failure <= 3; failure++) {
      await until('failure', () => rig.events.length === failure);
      if (failure === 3) server.handshake = 'check';
      rig.waitForAttempt();
    }
    await until('up', () => rig.link.proved);
    for (const [upMs, least, most] of [
      [1000, 6000, 8100],
      [30_000, 1000, 1300],
    ] as const) {
      rig.time.advance(upMs);
      server.drop();
      await until('ended', () => rig.link.state === 'closed');
      const waited = rig.waitForAttempt();
      assert.ok(waited >= least && waited <= most, `${waited} after ${upMs}`);
      await until('up', () => rig.link.proved);
    }
  });

  test('a secret that worked before: tried again soon at first', async () => {
    const { rig, server } = await linked();
    server.handshake = 'host-unknown';
    server.drop();
    await until('ended', () => rig.link.state === 'closed');
    rig.waitForAttempt();
    await until('refused', () => rig.link.lastEnd === 'stream-error:host-unknown');
    assert.ok(rig.waitForAttempt() <= 2050);
  });

  test('each change of state is told, also the same one again', async () => {
    const { rig, server } = await linked();
    for (let i = 0; i < 2; i++) {
      for (const socket of server.sockets) socket.end();
      await until('ended', () => rig.link.state === 'closed');
      rig.waitForAttempt();
      await until('up', () => rig.link.proved);
    }
    const pair = ['warn xmpp.link.down closed-by-peer', 'info xmpp.link.up'];
    assert.deepEqual(rig.told(), ['info xmpp.link.up', ...pair, ...pair]);
  });

  test('an answered probe, and white space, keep the link', async () => {
    const { rig, server } = await linked();
    for (let minute = 0; minute < 5; minute++) {
      rig.time.advance(30_000);
      server.write(' ');
      await settle();
    }
    assert.equal(server.pings.length, 1, 'white space is a sign of life');
    rig.time.advance(61_000);
    await until('probe', () => server.pings.length === 2);
    await settle();
    rig.time.advance(59_000);
    assert.equal(rig.link.state, 'up');
  });

  test('a half-open peer that stopped reading and answering is noticed while stanzas wait', async () => {
    const { rig, server } = await linked();
    for (const socket of server.sockets) socket.pause();
    rig.link.send(message('1'), CONFIRM);
    await settle();
    rig.time.advance(8000);
    assert.deepEqual(rig.events, ['up', 'proved', 'down barrier']);
    // Our end tag is not read either: the connection is dropped after the close time.
    rig.time.advance(2000);
    await settle();
    assert.deepEqual(rig.events.slice(3), ['ended barrier']);
  });

  test('a server that stops and starts again: told once, back with growing, bounded waits', async () => {
    const server = await new FakeServer().listen();
    const rig = rigFor(server);
    await until('up', () => rig.link.state === 'up');
    await settle();
    rig.time.advance(31_000);
    await settle();
    await server.close();
    await until('ended', () => rig.link.state === 'closed');
    const waits: number[] = [];
    for (let attempt = 0; attempt < 9; attempt++) {
      const before = rig.events.length;
      waits.push(rig.waitForAttempt());
      await until('refused', () => rig.events.length > before);
    }
    const expected: readonly (readonly [number, number])[] = [
      [1000, 1300],
      [1500, 2100],
      [3000, 4100],
      [6000, 8100],
      [12_000, 16_100],
      [24_000, 32_100],
      [45_000, 60_100],
      [45_000, 60_100],
      [45_000, 60_100],
    ];
    for (const [i, [least, most]] of expected.entries()) {
      const waited = waits[i] ?? 0;
      assert.ok(waited >= least && waited <= most, `wait ${i} is ${waited}`);
    }
    assert.deepEqual(rig.told().slice(1), [
      rig.events.includes('down closed-by-peer')
        ? 'warn xmpp.link.down closed-by-peer'
        : 'warn xmpp.link.down connection-lost',
      'error xmpp.link.down connect-failed',
    ]);

    const again = await new FakeServer().listen(server.port);
    open.push({ stop: () => again.close() });
    rig.waitForAttempt();
    await until('up', () => rig.link.state === 'up');
    assert.ok(rig.link.send(message('x')) > 0);
  });

  test('RFC 6120 §4.9.3.20: after system-shutdown the first attempt comes soon', async () => {
    const { rig, server } = await linked();
    server.write(
      `<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>`,
    );
    await until('ended', () => rig.link.state === 'closed');
    assert.deepEqual(rig.events.slice(2), [
      'down stream-error:system-shutdown',
      'ended stream-error:system-shutdown',
    ]);
    rig.time.advance(500);
    await until('up again', () => rig.link.state === 'up');
  });

  test('closed in the middle of a stanza', async () => {
    const { rig, server } = await linked();
    server.write(`<message from='a@b' to='c@sip.example.org'><bo`);
    await settle();
    for (const socket of server.sockets) socket.end();
    await until('ended', () => rig.link.state === 'closed');
    assert.deepEqual(rig.events.slice(2), ['down closed-by-peer', 'ended closed-by-peer']);
    assert.deepEqual(rig.stanzas, []);
  });

  const forbidden: readonly (readonly [string, string, string])[] = [
    ['not well-formed', '<message></iq>', 'not-well-formed'],
    ['a comment', '<!-- -->', 'restricted-xml'],
    ['too large', `<message><body>${'x'.repeat(20_000)}</body></message>`, 'policy-violation'],
  ];
  for (const [what, text, condition] of forbidden) {
    test(`RFC 6120 §4.9.3: ${what} is answered by ${condition}, and the link begins anew`, async () => {
      const { rig, server } = await linked({}, { xml: { stanzaBytes: 10_000 } });
      server.write(text);
      await until('ended', () => rig.link.state === 'closed');
      await until('answered', () => server.errors.length === 1);
      assert.ok(server.errors[0]?.child(condition));
      assert.deepEqual(rig.events.slice(2), [`down bad-xml:${condition}`, `ended bad-xml:${condition}`]);
      rig.time.advance(2000);
      await until('up again', () => rig.link.state === 'up');
    });
  }

  test('what a link that went down had not written is not written to the next stream', async () => {
    const { rig, server } = await linked();
    rig.onStanza = () => {
      rig.link.send(message('lost'));
      rig.onStanza = () => {};
    };
    server.write(`<message from='a@b' to='c@sip.example.org'/><x></y>`);
    await until('ended', () => rig.link.state === 'closed');
    rig.time.advance(2000);
    await until('up again', () => rig.link.state === 'up');
    await settle();
    assert.deepEqual(server.stanzas, []);
  });

  test('a fault in a handler is logged and does no harm', async () => {
    const { rig, server } = await linked();
    rig.onStanza = () => {
      throw new Error('bug');
    };
    server.write(`<message from='a@b' to='c@sip.example.org'/>`.repeat(2));
    await until('both', () => rig.stanzas.length === 2);
    assert.equal(rig.link.state, 'up');
    assert.equal(rig.counters.total('stoxgate_xmpp_handler_faults_total'), 2);
  });
});

describe('stop', () => {
  test('waits for open confirmations, ends the stream with its tag, leaves nothing', async () => {
    const { rig, server } = await linked();
    rig.link.send(message('last'), CONFIRM);
    const stopped = rig.link.stop();
    assert.equal(rig.link.state, 'closing');
    assert.equal(rig.link.send(message('too late')), SendRefusal.NotUp);
    await stopped;
    assert.deepEqual(rig.confirmed, [1]);
    assert.deepEqual(rig.events, ['up', 'proved', 'down stopped', 'ended stopped']);
    assert.equal(server.ended, 1);
    assert.match(server.chunks.join(''), /<\/stream:stream>$/);
    assert.equal(rig.time.timers.size, 0);
    assert.equal(rig.link.queued, 0);
    assert.equal(rig.desk.size, 0);
  });

  test('does not wait longer than it may for a server that does not answer', async () => {
    const { rig, server } = await linked();
    for (const socket of server.sockets) socket.pause();
    rig.link.send(message('x'), CONFIRM);
    const stopped = rig.link.stop();
    await settle();
    rig.time.advance(3000);
    await settle();
    assert.equal(rig.link.state, 'closing');
    rig.time.advance(2000);
    await stopped;
    assert.equal(rig.time.timers.size, 0);
  });

  test('while waiting for the next attempt, while connecting, and twice', async () => {
    const refused = await closedPort();
    const rig = new Rig(refused);
    rig.link.start();
    await until('refused', () => rig.events.length === 1);
    assert.deepEqual(rig.events, ['ended connect-failed']);
    await Promise.all([rig.link.stop(), rig.link.stop()]);
    assert.equal(rig.time.timers.size, 0);

    const server = await serve();
    const connecting = new Rig(server.port);
    connecting.link.start();
    await connecting.link.stop();
    assert.deepEqual(connecting.events, ['ended stopped']);
    assert.equal(connecting.time.timers.size, 0);
    connecting.link.start();
    assert.equal(connecting.link.state, 'closed', 'for good');
  });

  test('what the server still sends after our end tag is taken (RFC 6120 §4.4)', async () => {
    const { rig, server } = await linked();
    for (const socket of server.sockets) socket.pause();
    const stopped = rig.link.stop();
    server.write(`<message from='a@b' to='c@sip.example.org'/>`);
    await until('stanza', () => rig.stanzas.length === 1);
    for (const socket of server.sockets) socket.resume();
    await stopped;
  });

  test('no residue: no socket and no timer of ours is left in the process', async () => {
    await settle();
    const before = process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;
    const server = await new FakeServer().listen();
    const rigs = Array.from({ length: 5 }, () => new Rig(server.port));
    for (const rig of rigs) rig.link.start();
    await until('all up', () => rigs.every((rig) => rig.link.proved));
    server.drop();
    await until('all closed', () => rigs.every((rig) => rig.link.state === 'closed'));
    for (const rig of rigs) rig.time.advance(2000);
    await until('all up again', () => rigs.every((rig) => rig.link.proved));
    await Promise.all(rigs.map((rig) => rig.link.stop()));
    for (const rig of rigs) assert.equal(rig.time.timers.size, 0);
    await server.close();
    await settle();
    assert.equal(process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length, before);
  });
});

async function closedPort(): Promise<number> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return address !== null && typeof address === 'object' ? address.port : 1;
}
