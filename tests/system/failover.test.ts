// XMPP → SIP when a target is silent, dead, overloaded or sends elsewhere (ERR-R5, ERR-R6, ERR-S408, IM-33; RFC 3263 §4.3).

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { XmlElement } from '../../src/xml/index.ts';
import { header } from '../peers/sip-text.ts';
import { pause, play, type Rig } from './rig.ts';
import { branchOf, SipPeer, TcpAnswerer, textOf } from './sip-peer.ts';
import { errorOf, JULIET, messageXml, ROMEO } from './xmpp-peer.ts';

/** RFC 6120 §8.3.1: addresses swapped, the id kept. */
function assertReply(stanza: XmlElement, id: string): void {
  assert.deepEqual(
    ['type', 'id', 'from', 'to'].map((name) => stanza.attr(name)),
    ['error', id, ROMEO, JULIET],
  );
}

describe('timeouts, transport failures and failover (ERR-R6, RFC 3263 §4.3)', { concurrency: true }, () => {
  const hops = (...ports: readonly (number | string)[]): Record<string, unknown> => ({
    next_hops: { 'example.net': ports.map((port) => `sip:127.0.0.1:${port};lr`) },
  });
  const QUICK = { t1Ms: 20, t2Ms: 160, t4Ms: 60 };

  play(
    'ERR-S408: no answer within timer F → remote-server-timeout, wait; timer E repeats the request',
    { timing: QUICK },
    async (rig) => {
      rig.sip.answer = () => undefined;
      const began = performance.now();
      rig.xmpp.write(messageXml({ id: 'silent', body: 'x' }));
      const stanza = await rig.xmpp.stanzas.next('the error');
      assert.ok(performance.now() - began >= 64 * QUICK.t1Ms);
      assertReply(stanza, 'silent');
      assert.equal(errorOf(stanza).condition, 'remote-server-timeout');
      assert.equal(errorOf(stanza).type, 'wait');
      // RFC 3261 §17.1.2.2: E = T1, then doubled up to T2.
      assert.ok(rig.sip.retransmissions >= 5);
      assert.equal(rig.sip.requests.all.length, 1);
    },
  );

  play(
    'IM-33: when the head ends by a timeout its whole queue ends with it',
    { timing: QUICK },
    async (rig) => {
      rig.sip.answer = () => undefined;
      rig.xmpp.write(['a', 'b', 'c'].map((id) => messageXml({ id, body: id })).join(''));
      for (const id of ['a', 'b', 'c']) {
        const stanza = await rig.xmpp.stanzas.next('the error');
        assert.equal(errorOf(stanza).condition, 'remote-server-timeout');
        assert.equal(typeof stanza.attr('id'), 'string', id);
      }
      assert.deepEqual(rig.sip.requests.all.map(textOf), ['a']);
    },
  );

  play('a late final response after the timeout changes nothing', { timing: QUICK }, async (rig) => {
    rig.sip.answer = () => undefined;
    rig.xmpp.write(messageXml({ id: 'late', body: 'x' }));
    const request = await rig.sip.requests.next('the request');
    await rig.xmpp.stanzas.next('the error');
    rig.sip.respond(request, 404);
    await pause(50);
    assert.equal(rig.xmpp.stanzas.all.length, 1);
  });

  play(
    'RFC 3261 §8.1.3.1: a closed TCP port is a transport failure → remote-server-timeout',
    {
      sip: { next_hops: { 'example.net': 'sip:127.0.0.1:9;transport=tcp;lr' } },
    },
    async (rig) => {
      rig.xmpp.write(messageXml({ id: 'refused', body: 'x' }));
      const stanza = await rig.xmpp.stanzas.next('the error');
      assertReply(stanza, 'refused');
      assert.equal(errorOf(stanza).condition, 'remote-server-timeout');
    },
  );

  play('RFC 3261 §18: a TCP next hop is used over TCP', {}, async (rig) => {
    const server = rig.own(await TcpAnswerer.open());
    await rig.gateway.reload(
      rig.config({ sip: { next_hops: { 'example.net': `sip:127.0.0.1:${server.port};transport=tcp;lr` } } }),
    );
    rig.xmpp.write(messageXml({ id: 'tcp', body: 'by TCP' }));
    const request = await server.requests.next('the request');
    assert.match(header(request, 'via'), /^SIP\/2\.0\/TCP /);
    assert.equal(textOf(request), 'by TCP');
    await rig.until('it is delivered', () => rig.held('messages_to_sip') === 0);
    assert.deepEqual(rig.xmpp.stanzas.all, []);
  });

  play(
    '503, then 200: the second next hop gets the request with a new branch, the sender hears nothing',
    {},
    async (rig) => {
      const first = rig.own(await SipPeer.open());
      first.answer = () => 503;
      await rig.gateway.reload(
        rig.config({ sip: hops(`${first.port};transport=udp`, `${rig.sip.port};transport=udp`) }),
      );
      rig.xmpp.write(messageXml({ id: 'over', body: 'failover' }));
      const [tried, delivered] = [
        await first.requests.next('the first try'),
        await rig.sip.requests.next('the second try'),
      ];
      assert.notEqual(branchOf(tried), branchOf(delivered));
      assert.equal(header(tried, 'call-id'), header(delivered, 'call-id'));
      await rig.until('it is delivered', () => rig.held('messages_to_sip') === 0);
      assert.deepEqual(rig.xmpp.stanzas.all, []);
      // The penalty: the next message does not ask the dead one first.
      rig.xmpp.write(messageXml({ id: 'next', body: 'next' }));
      assert.equal(textOf(await rig.sip.requests.next('the next')), 'next');
      assert.equal(first.requests.all.length, 1);
    },
  );

  for (const [retryAfter, again] of [
    ['0 (a nap);duration=3600', true],
    ['3600', false],
    ['soon', false],
  ] as const) {
    const asked = again ? 'asked again at once' : 'left alone';
    play(
      `DNS-15, RFC 3261 §21.5.4: after 503 with Retry-After: ${retryAfter} a hop is ${asked}`,
      {},
      async (rig) => {
        const first = rig.own(await SipPeer.open());
        first.answer = () => ({ status: 503, headers: [['Retry-After', retryAfter]] });
        await rig.gateway.reload(
          rig.config({ sip: hops(`${first.port};transport=udp`, `${rig.sip.port};transport=udp`) }),
        );
        for (const text of ['one', 'two']) {
          rig.xmpp.write(messageXml({ id: text, body: text }));
          assert.equal(textOf(await rig.sip.requests.next(text)), text);
          await rig.until('it is delivered', () => rig.held('messages_to_sip') === 0);
        }
        assert.deepEqual(first.requests.all.map(textOf), again ? ['one', 'two'] : ['one']);
      },
    );
  }

  play('a dead TCP port, then 200', {}, async (rig) => {
    await rig.gateway.reload(rig.config({ sip: hops('9;transport=tcp', `${rig.sip.port};transport=udp`) }));
    rig.xmpp.write(messageXml({ id: 'over', body: 'failover' }));
    assert.equal(textOf(await rig.sip.requests.next('the second try')), 'failover');
    await rig.until('it is delivered', () => rig.held('messages_to_sip') === 0);
    assert.deepEqual(rig.xmpp.stanzas.all, []);
  });

  play('a silent first hop, then 200', { timing: QUICK }, async (rig) => {
    const first = rig.own(await SipPeer.open());
    first.answer = () => undefined;
    await rig.gateway.reload(
      rig.config({ sip: hops(`${first.port};transport=udp`, `${rig.sip.port};transport=udp`) }),
    );
    rig.xmpp.write(messageXml({ id: 'over', body: 'failover' }));
    assert.equal(textOf(await rig.sip.requests.next('the second try')), 'failover');
  });

  play('both refuse with 503: one internal-server-error (never service-unavailable)', {}, async (rig) => {
    const first = rig.own(await SipPeer.open());
    first.answer = () => 503;
    rig.sip.answer = () => 503;
    await rig.gateway.reload(
      rig.config({ sip: hops(`${first.port};transport=udp`, `${rig.sip.port};transport=udp`) }),
    );
    rig.xmpp.write(messageXml({ id: 'both', body: 'x' }));
    const stanza = await rig.xmpp.stanzas.next('the error');
    assert.equal(errorOf(stanza).condition, 'internal-server-error');
    assert.equal(rig.sip.requests.all.length, 1);
    await pause(30);
    assert.equal(rig.xmpp.stanzas.all.length, 1);
  });

  play('a refusal that is no failure of the target is not tried elsewhere', {}, async (rig) => {
    const second = rig.own(await SipPeer.open());
    rig.sip.answer = () => 404;
    await rig.gateway.reload(
      rig.config({ sip: hops(`${rig.sip.port};transport=udp`, `${second.port};transport=udp`) }),
    );
    rig.xmpp.write(messageXml({ id: 'no', body: 'x' }));
    assert.equal(errorOf(await rig.xmpp.stanzas.next('the error')).condition, 'item-not-found');
    assert.deepEqual(second.requests.all, []);
  });
});

describe('redirects (ERR-R5, RFC 3261 §8.1.3.4)', () => {
  const redirect = (rig: Rig, uri: string): void => {
    rig.sip.answer = (request) =>
      request.startLine.includes(uri) ? 200 : { status: 302, headers: [['Contact', `<${uri}>`]] };
  };

  play(
    'messages.redirects: ignore (the default): the sender is told, nothing is followed',
    {},
    async (rig) => {
      redirect(rig, 'sip:romeo2@example.net');
      rig.xmpp.write(messageXml({ id: 'r', body: 'x' }));
      const error = errorOf(await rig.xmpp.stanzas.next('the error'));
      assert.deepEqual([error.condition, error.address], ['redirect', 'xmpp:romeo2@example.net']);
      assert.equal(rig.sip.requests.all.length, 1);
    },
  );

  play(
    'messages.redirects: follow: the Contact is the new Request-URI',
    { messages: { redirects: 'follow' } },
    async (rig) => {
      redirect(rig, 'sip:romeo2@example.net');
      rig.xmpp.write(messageXml({ id: 'r', body: 'x' }));
      await rig.sip.requests.next('the first');
      const second = await rig.sip.requests.next('the second');
      assert.equal(second.startLine, 'MESSAGE sip:romeo2@example.net SIP/2.0');
      await rig.until('it is delivered', () => rig.held('messages_to_sip') === 0);
      assert.deepEqual(rig.xmpp.stanzas.all, []);
    },
  );

  play('follow: a circle ends with one error', { messages: { redirects: 'follow' } }, async (rig) => {
    rig.sip.answer = (request) => ({
      status: 302,
      headers: [
        [
          'Contact',
          request.startLine.includes('romeo2') ? '<sip:romeo@example.net>' : '<sip:romeo2@example.net>',
        ],
      ],
    });
    rig.xmpp.write(messageXml({ id: 'r', body: 'x' }));
    assert.equal(errorOf(await rig.xmpp.stanzas.next('the error')).condition, 'redirect');
    assert.equal(rig.sip.requests.all.length, 2);
  });

  play(
    'follow: an endless chain ends after 5 targets',
    { messages: { redirects: 'follow' } },
    async (rig) => {
      let count = 0;
      rig.sip.answer = () => ({ status: 302, headers: [['Contact', `<sip:r${(count += 1)}@example.net>`]] });
      rig.xmpp.write(messageXml({ id: 'r', body: 'x' }));
      assert.equal(errorOf(await rig.xmpp.stanzas.next('the error')).condition, 'redirect');
      assert.equal(rig.sip.requests.all.length, 6);
    },
  );
});
