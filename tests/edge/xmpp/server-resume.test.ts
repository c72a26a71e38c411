// A connection that breaks between two servers: XEP-0198 goes on over another, without it all is written again; each stanza
// has one outcome. Source: XEP-0198 1.6 §5; RFC 6120 §8.3.3.17; row S2S-06.

import assert from 'node:assert/strict';
import { after, afterEach, describe, test } from 'node:test';
import { TestCa } from '../../peers/test-ca.ts';
import { settle, until } from './rig.ts';
import { chat, RawPeer, Relay, ServerRig, Watched, type ServerRigOptions } from './server-rig.ts';

const ca = new TestCa();
after(() => ca.remove());
const A = 'a.example';
const B = 'b.example';
const certificateA = ca.make({ names: [`DNS:${A}`] });
const certificateB = ca.make({ names: [`DNS:${B}`] });

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function start(options: ServerRigOptions): Promise<ServerRig> {
  const rig = new ServerRig(options);
  await rig.server.start();
  closing.push(() => rig.close());
  return rig;
}

/** a reaches b over a wire that can be cut. */
async function wired(limits: ServerRigOptions['limits'] = {}): Promise<[ServerRig, ServerRig, Relay]> {
  const a = await start({ domains: [A], certificate: certificateA, limits });
  const b = await start({ domains: [B], certificate: certificateB, limits });
  const relay = new Relay(() => b.port);
  a.places.set(B, [{ transport: 'TCP', host: '127.0.0.1', port: await relay.listen() }]);
  b.places.set(A, [a.place()]);
  closing.push(() => relay.close());
  return [a, b, relay];
}

function send(rig: ServerRig, body: string): Watched {
  const watched = new Watched(chat(`ann@${A}`, `bob@${B}`, body, body));
  assert.equal(rig.server.send(A, watched.stanza, watched), 0);
  return watched;
}

const bodies = (rig: ServerRig): unknown[] => rig.stanzas.map((el) => el.child('body')?.text());

describe('XEP-0198 §5', () => {
  test('acknowledgements that were lost come with the resumption: nothing twice, nothing lost', async () => {
    const [a, b, relay] = await wired();
    const first = send(a, 'first');
    await until('the first', () => first.events.length > 0);
    relay.holdsAnswers = true;
    const held = ['one', 'two', 'three'].map((body) => send(a, body));
    await until('all there', () => b.stanzas.length === 4);
    assert.deepEqual(
      held.map(({ events }) => events),
      [[], [], []],
    );
    relay.holdsAnswers = false;
    relay.cut();
    await until('all confirmed', () => held.every(({ events }) => events.length > 0));
    assert.deepEqual(
      held.map(({ events }) => events),
      [['confirmed'], ['confirmed'], ['confirmed']],
    );
    await settle();
    assert.deepEqual(bodies(b), ['first', 'one', 'two', 'three']);
    assert.equal(b.counters.total('stoxgate_xmpp_server_resumed_total'), 1);
    assert.equal(relay.connections, 2);
  });

  test('what was not handled is written again, with the same id, and confirmed once', async () => {
    const [a, b, relay] = await wired();
    const first = send(a, 'first');
    await until('the first', () => first.events.length > 0);
    relay.cut();
    const lost = ['one', 'two'].map((body) => send(a, body));
    await until('all confirmed', () => lost.every(({ events }) => events.includes('confirmed')));
    await settle();
    assert.deepEqual(bodies(b), ['first', 'one', 'two']);
    assert.deepEqual(
      lost.map(({ events }) => events.filter((each) => each === 'confirmed').length),
      [1, 1],
    );
  });

  test('a stream that the peer has forgotten: all that is open goes out on a new one', async () => {
    const [a, b, relay] = await wired({ resumeSeconds: 0 });
    const first = send(a, 'first');
    await until('the first', () => first.events.length > 0);
    relay.holdsAnswers = true;
    const held = send(a, 'held');
    await until('there', () => b.stanzas.length === 2);
    relay.holdsAnswers = false;
    relay.cut();
    await until('confirmed', () => held.events.includes('confirmed'));
    assert.deepEqual(held.events, ['parked', 'again', 'confirmed']);
    // The same id: the recipient can tell.
    assert.deepEqual(
      b.stanzas.map((el) => el.attr('id')),
      ['first', 'held', 'held'],
    );
  });

  test('the peer is gone for good: each that was open comes back as an error, once', async () => {
    const [a, b, relay] = await wired({ reachTimeoutMs: 1000, connectTimeoutMs: 300 });
    const first = send(a, 'first');
    await until('the first', () => first.events.length > 0);
    relay.holdsAnswers = true;
    const held = ['one', 'two'].map((body) => send(a, body));
    await until('there', () => b.stanzas.length === 3);
    await relay.close();
    await until('errors', () => a.stanzas.length === 2);
    await settle();
    assert.deepEqual(a.told, [
      `bob@${B} ann@${A} error remote-server-timeout`,
      `bob@${B} ann@${A} error remote-server-timeout`,
    ]);
    assert.deepEqual(
      held.map(({ events }) => events),
      [['parked'], ['parked']],
    );
    assert.deepEqual(
      a.stanzas.map((el) => el.attr('id')),
      ['one', 'two'],
    );
    // Whoever writes while it is left alone hears it at once.
    const late = send(a, 'late');
    await until('the answer', () => a.stanzas.length === 3);
    assert.deepEqual(late.events, []);
    assert.equal(a.server.sizes.s2s_stanzas, 0);
  });
});

describe('XEP-0198 as the server of a stream', () => {
  const SM = "xmlns='urn:xmpp:sm:3'";
  const message = (body: string): string =>
    `<message from='ann@${A}' to='bob@${B}' id='${body}'><body>${body}</body></message>`;

  async function enabled(b: ServerRig): Promise<[RawPeer, string]> {
    const peer = await RawPeer.direct(b.tlsPort, certificateA, B);
    await peer.authenticate(A, B);
    peer.write(`<enable ${SM} resume='true'/>`);
    const answer = await peer.expect('enabled');
    assert.equal(answer.attr('resume'), 'true');
    return [peer, answer.attr('id') ?? ''];
  }

  test('counts, acknowledges, and knows the count again', async () => {
    const b = await start({ domains: [B], certificate: certificateB });
    const [peer, id] = await enabled(b);
    peer.write(`${message('one')}${message('two')}<r ${SM}/>`);
    assert.equal((await peer.expect('a')).attr('h'), '2');
    peer.drop();
    await until('suspended', () => b.server.sizes.s2s_suspended === 1);
    const again = await RawPeer.direct(b.tlsPort, certificateA, B);
    await again.authenticate(A, B);
    again.write(`<resume ${SM} previd='${id}' h='0'/>`);
    const resumed = await again.expect('resumed');
    assert.equal(resumed.attr('h'), '2');
    assert.equal(resumed.attr('previd'), id);
    again.write(`${message('three')}<r ${SM}/>`);
    assert.equal((await again.expect('a')).attr('h'), '3');
    assert.deepEqual(bodies(b), ['one', 'two', 'three']);
    again.drop();
  });

  test('what is not safe yet is not acknowledged: a crash would lose it', async () => {
    let safe = (): void => {};
    const settled = (): Promise<void> =>
      new Promise((resolve) => {
        safe = resolve;
      });
    const b = await start({ domains: [B], certificate: certificateB, settled });
    const [peer] = await enabled(b);
    peer.write(`${message('one')}<r ${SM}/>`);
    await until('taken', () => b.stanzas.length === 1);
    // This one is not covered by what is being made safe.
    peer.write(message('two'));
    await until('taken', () => b.stanzas.length === 2);
    await settle();
    assert.ok(!peer.elements.some((el) => el.name === 'a'));
    safe();
    assert.equal((await peer.expect('a')).attr('h'), '1');
    peer.drop();
  });

  test('only who has proved the same domains may resume', async () => {
    const b = await start({ domains: [B], certificate: certificateB });
    const [peer, id] = await enabled(b);
    peer.drop();
    await until('suspended', () => b.server.sizes.s2s_suspended === 1);
    const thief = await RawPeer.direct(b.tlsPort, ca.make({ names: ['DNS:c.example'] }), B);
    await thief.authenticate('c.example', B);
    thief.write(`<resume ${SM} previd='${id}' h='0'/>`);
    const failed = await thief.expect('failed');
    assert.notEqual(failed.child('item-not-found'), undefined);
    // It is still there for whom it belongs to.
    assert.equal(b.server.sizes.s2s_suspended, 1);
    thief.drop();
  });

  test('a stream that was ended in order cannot be resumed', async () => {
    const b = await start({ domains: [B], certificate: certificateB });
    const [peer] = await enabled(b);
    peer.write('</stream:stream>');
    await peer.untilClosed();
    assert.equal(b.server.sizes.s2s_suspended, 0);
  });

  test('XEP-0198 §4: an acknowledgement of more than was sent ends the stream', async () => {
    const b = await start({ domains: [B], certificate: certificateB });
    const [peer] = await enabled(b);
    peer.write(`<a ${SM} h='5'/>`);
    await peer.untilClosed();
    assert.equal(peer.error, 'undefined-condition');
  });
});
