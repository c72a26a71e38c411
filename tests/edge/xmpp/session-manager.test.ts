// A component link behind a jabberd2 router: barriers wait for its session manager.
// Source: docs/architecture.md "Acknowledgement"; the stanzas are those of jabberd2 2.7 (xmpp/stream/session-managers.ts).

import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { XmlElement } from '../../../src/xml/index.ts';
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

/** A fake router: it loops barriers; pings of `sm` are the test's to answer. */
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
    test(`${name}: nothing is confirmed, the stream begins anew, and soon`, async () => {
      const { rig, server, asked } = await introduced();
      rig.link.send(message('x'), CONFIRM);
      await until('asked', () => asked().length === 2 && server.pings.length === 2);
      await settle();
      happens(server, asked()[1], rig);
      await until('down', () => rig.events.includes('down session-manager'));
      await until('ended', () => rig.link.state === 'closed');
      assert.deepEqual(rig.confirmed, []);
      assert.match(String(rig.lines.find((line) => line.level === 'error')?.fields['remedy']), /jabberd2-sm/);
      assert.ok(rig.waitForAttempt() <= 500, 'at most half a second');
      await until('up', () => rig.link.state === 'up');
      // It is remembered: the first barrier of the new stream asks it without an introduction.
      await until('asked on the new stream', () => asked().length === 3);
      const seq = rig.link.send(message('x'), CONFIRM);
      await settle();
      assert.deepEqual(rig.confirmed, []);
      answer(server, asked()[2]);
      await until('asked for the stanza', () => asked().length === 4);
      answer(server, asked()[3]);
      await until('confirmed', () => rig.confirmed.length === 1);
      assert.deepEqual(rig.confirmed, [seq]);
    });
  }

  test('one that comes back while nothing waits costs no stream', async () => {
    const { rig, server, asked } = await introduced();
    server.write(INTRODUCTION + INTRODUCTION);
    await until('asked', () => asked().length === 2);
    answer(server, asked()[1]);
    await settle();
    assert.equal(rig.link.state, 'up');
    assert.equal(server.connections, 1);
  });
});
