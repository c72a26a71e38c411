// The life of streams between servers: silence, idleness, limits of the peer, queues, stanzas that break streams, the end.
// Source: RFC 6120 §4.4, §4.6, §8.3.3; XEP-0478; rows S2S-08, S2S-09, ERR-G2.

import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { after, afterEach, describe, test } from 'node:test';
import { SendRefusal, type ServerLimits } from '../../../src/edge/xmpp/index.ts';
import { element, NS_CLIENT, type XmlElement } from '../../../src/xml/index.ts';
import { TestCa } from '../../peers/test-ca.ts';
import { settle, until } from './rig.ts';
import { chat, RawPeer, ServerRig, Watched } from './server-rig.ts';

const ca = new TestCa();
after(() => ca.remove());
const A = 'a.example';
const B = 'b.example';
const certificates = new Map([A, B].map((domain) => [domain, ca.make({ names: [`DNS:${domain}`] })]));

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function start(domain: string, limits: Partial<ServerLimits> = {}): Promise<ServerRig> {
  const certificate = certificates.get(domain) ?? assert.fail();
  const rig = new ServerRig({ domains: [domain], certificate, limits });
  await rig.server.start();
  closing.push(() => rig.close());
  return rig;
}

async function pair(
  a: Partial<ServerLimits> = {},
  b: Partial<ServerLimits> = {},
): Promise<[ServerRig, ServerRig]> {
  const rigs: [ServerRig, ServerRig] = [await start(A, a), await start(B, b)];
  rigs[0].places.set(B, [rigs[1].place()]);
  rigs[1].places.set(A, [rigs[0].place()]);
  return rigs;
}

function send(rig: ServerRig, stanza: XmlElement): Watched {
  const watched = new Watched(stanza);
  assert.equal(rig.server.send(A, stanza, watched), 0);
  return watched;
}

const hello = (body = 'hello'): XmlElement => chat(`ann@${A}`, `bob@${B}`, body, body.slice(0, 20));

test('S2S-09: an idle stream is ended in order, and the next stanza opens another', async () => {
  const [a, b] = await pair({ idleMs: 150, keepAliveMs: 50 });
  const first = send(a, hello('first'));
  await until('the first', () => first.events.length > 0);
  await until('the end', () => a.server.sizes.s2s_out === 0);
  assert.deepEqual(a.reasons('s2s.out.down'), ['idle']);
  await until('the other end', () => b.server.sizes.s2s_in === 0);
  assert.deepEqual(b.reasons('s2s.in.down'), ['closed-by-peer']);
  const second = send(a, hello('second'));
  await until('the second', () => second.events.length > 0);
  assert.equal(b.stanzas.length, 2);
});

test('RFC 6120 §4.6.1: spaces on a silent stream', async () => {
  const b = await start(B, { keepAliveMs: 50, idleMs: 60_000 });
  const peer = await RawPeer.direct(b.tlsPort, certificates.get(A), B);
  await peer.authenticate(A, B);
  await until('three spaces', () => peer.spaces >= 3);
  peer.drop();
});

test('XEP-0478: what is larger than the peer takes is answered here, and the stream lives on', async () => {
  const [a, b] = await pair({}, { xml: { stanzaBytes: 20_000 } });
  const first = send(a, hello('first'));
  await until('the first', () => first.events.length > 0);
  send(a, hello('x'.repeat(30_000)));
  await until('the answer', () => a.stanzas.length === 1);
  assert.deepEqual(a.told, [`bob@${B} ann@${A} error policy-violation`]);
  const last = send(a, hello('last'));
  await until('the last', () => last.events.length > 0);
  assert.equal(b.stanzas.length, 2);
  assert.equal(b.server.sizes.s2s_in, 1);
});

test('a stanza that breaks each stream is written three times, then answered; others go on', async () => {
  const [a, b] = await pair({}, { xml: { depth: 8 } });
  let deep = element('x', 'urn:x');
  for (let i = 0; i < 10; i++) deep = element('x', 'urn:x', {}, deep);
  const attributes = { from: `ann@${A}`, to: `bob@${B}`, id: 'deep', type: 'chat' };
  const poison = send(a, element('message', NS_CLIENT, attributes, deep));
  await until('the answer', () => a.stanzas.length === 1);
  assert.deepEqual(a.told, [`bob@${B} ann@${A} error remote-server-timeout`]);
  assert.ok(!poison.events.includes('confirmed'));
  const good = send(a, hello('good'));
  await until('the good one', () => good.events.includes('confirmed'));
  await settle();
  assert.deepEqual(
    b.stanzas.map((el) => el.child('body')?.text()),
    ['good'],
  );
  assert.equal(a.stanzas.length, 1);
});

describe('queues (row ERR-G2)', () => {
  /** Takes connections and says nothing. */
  async function deaf(): Promise<number> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => sockets.add(socket));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    closing.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const address = server.address();
    return address !== null && typeof address === 'object' ? address.port : 0;
  }

  test('a domain that does not answer fills its own queue only, and each stanza has its answer', async () => {
    const a = await start(A, { queueStanzas: 10, negotiateTimeoutMs: 300 });
    const b = await start(B);
    a.places.set(B, [b.place()]);
    a.places.set('deaf.example', [{ transport: 'TCP', host: '127.0.0.1', port: await deaf() }]);
    const results = Array.from({ length: 12 }, (_, i) =>
      a.server.send(A, chat(`ann@${A}`, 'x@deaf.example', String(i), String(i))),
    );
    assert.deepEqual(results, [...Array<number>(10).fill(0), SendRefusal.Full, SendRefusal.Full]);
    const other = send(a, hello('other'));
    await until('the other domain', () => other.events.length > 0);
    await until('ten answers', () => a.stanzas.length === 10);
    await settle();
    assert.deepEqual(
      a.stanzas.map((el) => el.attr('id')),
      Array.from({ length: 10 }, (_, i) => String(i)),
    );
    assert.equal(a.server.sizes.s2s_stanzas, 0);
  });

  test('what waits and whose owner has lost interest is not sent', async () => {
    const a = await start(A, { negotiateTimeoutMs: 300 });
    a.places.set(B, [{ transport: 'TCP', host: '127.0.0.1', port: await deaf() }]);
    const withdrawn = send(a, hello());
    withdrawn.open = false;
    await until('given up', () => a.server.sizes.s2s_out === 0);
    assert.deepEqual([a.told, withdrawn.events], [[], []]);
  });
});

describe('what nobody may be answered about', () => {
  test('an error with an owner waits until the domain is there (RFC 6120 §8.3.1)', async () => {
    const backOff = { minMs: 100, maxMs: 200, configurationMs: 100, quickMs: 100 };
    const [a, b] = await pair({ backOff, reachTimeoutMs: 500 });
    const port = b.place();
    a.places.set(B, [{ transport: 'TCP', host: '127.0.0.1', port: 1 }]);
    const error = element('message', NS_CLIENT, { from: `ann@${A}`, to: `bob@${B}`, id: 'e', type: 'error' });
    const report = send(a, error);
    await until('a failure', () => a.reasons('s2s.out.failed').length > 0);
    a.places.set(B, [port]);
    await until('confirmed', () => report.events.includes('confirmed'));
    assert.deepEqual(a.told, []);
    assert.equal(b.stanzas.length, 1);
  });

  test('without an owner it is dropped', async () => {
    const a = await start(A);
    a.places.set(B, [{ transport: 'TCP', host: '127.0.0.1', port: 1 }]);
    a.server.send(A, element('iq', NS_CLIENT, { from: A, to: B, id: 'r', type: 'result' }));
    await until('given up', () => a.server.sizes.s2s_out === 0 && a.server.sizes.s2s_stanzas === 0);
    assert.deepEqual(a.told, []);
  });
});

test('stop: what is written is acknowledged first, then the streams end in order', async () => {
  const [a, b] = await pair();
  const first = send(a, hello('first'));
  await until('the first', () => first.events.length > 0);
  const last = Array.from({ length: 50 }, (_, i) => send(a, hello(`last ${i}`)));
  await a.server.stop();
  assert.ok(last.every(({ events }) => events.includes('confirmed')));
  assert.equal(b.stanzas.length, 51);
  assert.equal(a.server.send(A, hello()), SendRefusal.NotUp);
});

test('a `from` that the server may not speak for is never written', async () => {
  const [a, b] = await pair();
  assert.equal(a.server.send(A, chat('eve@c.example', `bob@${B}`, 'x')), SendRefusal.ForeignFrom);
  assert.equal(a.server.send(A, chat(`ann@${A}`, '', 'x')), SendRefusal.ForeignFrom);
  await settle();
  assert.deepEqual(b.told, []);
});
