// A component link behind a jabberd2 router: barriers wait for its session manager.
// Source: docs/architecture.md "Acknowledgement"; the stanzas are those of jabberd2 2.7 (xmpp/stream/session-managers.ts).

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { XmlElement } from '../../../src/xml/index.ts';
import { SendRefusal } from '../../../src/edge/xmpp/index.ts';
import { FakeServer } from './fake-server.ts';
import { DOMAIN, message, Rig, settle, until } from './rig.ts';

const CONFIRM = { confirm: true };
const INTRODUCTION =
  `<iq xmlns='jabber:client' type='get' to='${DOMAIN}' from='sm' id='d1'>` +
  `<query xmlns='http://jabber.org/protocol/disco#info'></query></iq>`;
const open: { stop(): Promise<void> }[] = [];

afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.stop();
});

/** A fake router: it loops pings of the domain to itself; those of `sm` are the test's to answer. */
async function behindRouter(): Promise<{ server: FakeServer; rig: Rig; asked: () => XmlElement[] }> {
  const server = await new FakeServer().listen();
  const rig = new Rig(server.port);
  open.push({ stop: () => server.close() });
  open.push({
    stop: async () => {
      const stopped = rig.link.stop();
      await settle();
      rig.time.advance(10_000);
      await stopped;
    },
  });
  rig.link.start();
  await until('up', () => rig.link.state === 'up');
  await settle();
  return { server, rig, asked: () => server.stanzas.filter((el) => el.attr('to') === 'sm') };
}

function answer(server: FakeServer, ask: XmlElement | undefined): void {
  assert.ok(ask !== undefined);
  assert.equal(ask.attr('from'), DOMAIN);
  assert.equal(ask.child('ping', 'urn:xmpp:ping')?.name, 'ping');
  server.write(
    `<iq xmlns='jabber:client' type='result' id='${ask.attr('id')}' to='${DOMAIN}' from='sm'></iq>`,
  );
}

/** What jabberd2's router says without a session manager: the addresses are as they were. */
function bounce(server: FakeServer, ask: XmlElement | undefined): void {
  server.write(
    `<iq xmlns='jabber:client' type='error' id='${ask?.attr('id')}' to='sm' from='${DOMAIN}'>` +
      `<error type='cancel' code='503'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>` +
      `<ping xmlns='urn:xmpp:ping'></ping></iq>`,
  );
}

async function introduced(): Promise<Awaited<ReturnType<typeof behindRouter>>> {
  const all = await behindRouter();
  all.server.write(INTRODUCTION + INTRODUCTION);
  await until('asked', () => all.asked().length === 1);
  answer(all.server, all.asked()[0]);
  await settle();
  return all;
}

describe('a session manager behind the router', () => {
  test('it is asked once, told to the operator once, and its question goes to the owner', async () => {
    const { rig, asked } = await introduced();
    assert.equal(asked().length, 1);
    assert.deepEqual(rig.told(), ['info xmpp.link.up', 'info xmpp.link.session-manager']);
    assert.deepEqual(
      rig.stanzas.map((el) => el.attr('id')),
      ['d1', 'd1'],
    );
  });

  test('the loop of the router alone confirms nothing; the answer does', async () => {
    const { rig, server, asked } = await introduced();
    server.chunks.length = 0;
    const seq = rig.link.send(message('x'), CONFIRM);
    await until('both pings', () => server.pings.length === 2 && asked().length === 2);
    assert.equal(server.chunks.length, 1, 'stanza and pings are one write');
    await settle();
    assert.deepEqual(rig.confirmed, []);
    answer(server, asked()[1]);
    await until('confirmed', () => rig.confirmed.length === 1);
    assert.deepEqual(rig.confirmed, [seq]);
    assert.equal(server.pings.length, 3, 'the router was asked once more');
  });

  test('a router that is slow to say that it is still there may be stopping: it is asked again', async () => {
    const { rig, server, asked } = await introduced();
    const seq = rig.link.send(message('x'), CONFIRM);
    await until('both pings', () => server.pings.length === 2 && asked().length === 2);
    await settle();
    server.barrier = 'never';
    answer(server, asked()[1]);
    for (let ping = 3; ping <= 7; ping++) {
      await until('asked once more', () => server.pings.length === ping);
      await settle();
      assert.deepEqual(rig.confirmed, []);
      rig.time.advance(1000);
      const id = server.pings.at(-1)?.attr('id') ?? '';
      server.write(`<iq xmlns='jabber:client' type='get' id='${id}' to='${DOMAIN}' from='${DOMAIN}'/>`);
    }
    // Five seconds are more than it takes to stop: it is merely slow.
    await until('confirmed', () => rig.confirmed.length === 1);
    assert.deepEqual(rig.confirmed, [seq]);
  });

  test('what was sent meanwhile has pings of its own', async () => {
    const { rig, server, asked } = await introduced();
    rig.link.send(message('1'), CONFIRM);
    await until('asked', () => asked().length === 2);
    const second = rig.link.send(message('2'), CONFIRM);
    await settle();
    assert.equal(asked().length, 2, 'one in flight');
    answer(server, asked()[1]);
    await until('asked again', () => asked().length === 3);
    answer(server, asked()[2]);
    await until('confirmed', () => rig.confirmed.at(-1) === second);
  });

  test('one that never answered is not waited for', async () => {
    const { rig, server, asked } = await behindRouter();
    server.write(INTRODUCTION);
    await until('asked', () => asked().length === 1);
    rig.link.send(message('x'), CONFIRM);
    await until('confirmed', () => rig.confirmed.length === 1);
    assert.equal(asked().length, 1);
  });

  test('without one nothing is asked, also when other servers ask what we are', async () => {
    const { rig, server } = await behindRouter();
    server.write(INTRODUCTION.replace(`from='sm'`, `from='example.org'`));
    rig.link.send(message('x'), CONFIRM);
    await until('confirmed', () => rig.confirmed.length === 1);
    assert.deepEqual(
      server.stanzas.map((el) => el.name),
      ['message'],
    );
  });

  const losses: readonly (readonly [
    string,
    (server: FakeServer, ask: XmlElement | undefined, rig: Rig) => void,
  ])[] = [
    ['the router knows it no more', (server, ask) => bounce(server, ask)],
    ['it introduces itself anew', (server) => server.write(INTRODUCTION)],
    ['it does not answer in 8 s', (_server, _ask, rig) => rig.time.advance(8000)],
  ];
  for (const [name, happens] of losses) {
    test(`${name}: nothing is confirmed, its owner hears of a new link, the stream stays`, async () => {
      const { rig, server, asked } = await introduced();
      const lost = rig.link.send(message('x'), CONFIRM);
      await until('asked', () => asked().length === 2 && server.pings.length === 2);
      await settle();
      happens(server, asked()[1], rig);
      await until('down', () => rig.events.includes('down session-manager'));
      assert.match(String(rig.lines.find((line) => line.level === 'error')?.fields['remedy']), /jabberd2-sm/);
      assert.equal(rig.counters.total('stoxgate_xmpp_link_failures_total'), 1);
      await until('asked anew', () => asked().length === 3 && server.pings.length === 3);
      await settle();
      assert.equal(rig.link.state, 'handshaking');
      // What the one before had still said, and the router's second return, are of the past.
      answer(server, asked()[1]);
      const old = server.pings[1]?.attr('id') ?? '';
      server.write(`<iq xmlns='jabber:client' type='get' id='${old}' to='${DOMAIN}' from='${DOMAIN}'/>`);
      await settle();
      assert.equal(rig.link.state, 'handshaking');
      answer(server, asked()[2]);
      await until('up', () => rig.link.state === 'up');
      const seq = rig.link.send(message('x'), CONFIRM);
      await until('asked for the stanza', () => asked().length === 4);
      answer(server, asked()[3]);
      await until('confirmed', () => rig.confirmed.length === 1);
      assert.deepEqual(rig.confirmed, [seq]);
      assert.ok(seq > lost);
      assert.deepEqual(rig.events, ['up', 'proved', 'down session-manager', 'up', 'proved']);
      assert.equal(server.connections, 1);
    });
  }

  test('stanzas of the same turn that want no confirmation are written, those that do are not taken', async () => {
    const { rig, server, asked } = await introduced();
    rig.link.send(message('x'), CONFIRM);
    await until('asked', () => asked().length === 2 && server.pings.length === 2);
    await settle();
    rig.onStanza = () => {
      rig.link.send(message('an answer'));
    };
    server.write(`<message from='a@example.org' to='b@${DOMAIN}'/>${INTRODUCTION}`);
    await until('down', () => rig.events.includes('down session-manager'));
    assert.equal(rig.link.send(message('y'), CONFIRM), SendRefusal.NotUp);
    await until('written', () => server.stanzas.some((el) => el.child('body')?.text() === 'an answer'));
    assert.equal(
      server.stanzas.some((el) => el.child('body')?.text() === 'y'),
      false,
    );
  });

  test('a new stream before it is there again: not up, but answering; its introduction opens it', async () => {
    const { rig, server, asked } = await introduced();
    server.drop();
    await until('ended', () => rig.link.state === 'closed');
    rig.waitForAttempt();
    await until('asked on the new stream', () => asked().length === 2);
    bounce(server, asked()[1]);
    await settle();
    assert.equal(rig.link.state, 'handshaking');
    assert.equal(rig.link.answering, true);
    assert.equal(rig.link.send(message('x'), CONFIRM), SendRefusal.NotUp);
    assert.ok(rig.link.send(message('an answer')) > 0);
    assert.deepEqual(rig.events.filter((event) => event === 'up').length, 1);
    server.write(INTRODUCTION);
    await until('asked again', () => asked().length === 3);
    answer(server, asked()[2]);
    await until('up', () => rig.link.state === 'up');
    assert.deepEqual(rig.events.slice(-2), ['up', 'proved']);
    assert.equal(server.connections, 2);
  });

  test('it does not come: asked every 8 s, told once, and no "down" without an "up"', async () => {
    const { rig, server, asked } = await introduced();
    server.drop();
    await until('ended', () => rig.link.state === 'closed');
    rig.waitForAttempt();
    for (let times = 2; times <= 5; times++) {
      await until('asked', () => asked().length === times);
      bounce(server, asked().at(-1));
      await settle();
      rig.time.advance(8000);
    }
    assert.deepEqual(rig.events, ['up', 'proved', 'down closed-by-peer', 'ended closed-by-peer']);
    assert.equal(rig.told().filter((line) => line === 'error xmpp.link.down session-manager').length, 1);
    assert.equal(server.connections, 2);
  });

  test('a router that returns nothing is a matter of the barrier, also behind a session manager', async () => {
    const { rig, server, asked } = await introduced();
    server.barrier = 'never';
    rig.link.send(message('x'), CONFIRM);
    await until('asked', () => asked().length === 2);
    answer(server, asked()[1]);
    await settle();
    rig.time.advance(8000);
    await until('ended', () => rig.link.state === 'closed');
    assert.ok(rig.events.includes('down barrier'));
  });

  test('one that comes back while nothing waits costs no stream', async () => {
    const { rig, server, asked } = await introduced();
    server.write(INTRODUCTION + INTRODUCTION);
    await until('asked for each', () => asked().length === 3);
    answer(server, asked()[1]);
    await settle();
    assert.equal(rig.link.state, 'up');
    assert.equal(server.connections, 1);
  });
});
