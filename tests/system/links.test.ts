// What becomes of messages when the link to the XMPP server, or the gateway itself, goes away (design: "Outcome",
// "Acknowledgement"; rows ERR-G1, IM-29; promise 5).

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { statusOf } from '../peers/sip-text.ts';
import { component, pause, play, type Rig } from './rig.ts';
import { requestBytes, unique } from './sip-peer.ts';
import { bodyOf, errorOf, JULIET, messageXml, XmppPeer } from './xmpp-peer.ts';

describe('links that go away', { concurrency: true }, () => {
  play(
    'ERR-G1: while the link is down the answer is 503 at once, without Retry-After',
    { unlinked: true },
    async (rig) => {
      await rig.linked();
      await rig.xmpp.close();
      await rig.unlinked();
      const before = performance.now();
      const response = await rig.ask({ body: 'nobody home' });
      assert.equal(statusOf(response), 503);
      assert.ok(performance.now() - before < 5000);
      // RFC 3261 §21.5.4: with Retry-After the sender would shut the whole gateway out.
      assert.equal(response.headers.has('retry-after'), false);
      await rig.xmpp.listen();
      await rig.linked();
      assert.equal(await rig.status({ body: 'back' }), 202);
      assert.deepEqual(rig.xmpp.stanzas.all.map(bodyOf), ['back']);
    },
  );

  play(
    'a link that drops between write and barrier: the same id is written again, and 202 is said once',
    {},
    async (rig) => {
      rig.xmpp.barrier = 'never';
      const branch = rig.sip.sendRequest({ body: 'twice written' }, rig.port);
      const first = await rig.xmpp.stanzas.next('the message');
      rig.xmpp.barrier = 'return';
      rig.xmpp.drop();
      const second = await rig.xmpp.stanzas.next('the message again', () => true);
      assert.equal(second.attr('id'), first.attr('id'));
      assert.equal(bodyOf(second), 'twice written');
      assert.equal(statusOf(await rig.sip.final(branch)), 202);
      await pause(50);
      assert.equal(rig.sip.responses.all.length, 1);
      assert.equal(rig.xmpp.stanzas.all.length, 2);
    },
  );

  play(
    'an error about a parked message comes by the new link: it is the answer, and nothing is written after it',
    {},
    async (rig) => {
      rig.xmpp.barrier = 'never';
      const branch = rig.sip.sendRequest({ body: 'refused later' }, rig.port);
      await rig.xmpp.stanzas.next('the message');
      rig.xmpp.barrier = 'return';
      rig.xmpp.react = (stanza) =>
        `<message from='juliet@example.com' to='romeo@example.net' type='error' id='${stanza.attr('id')}'>` +
        `<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`;
      rig.xmpp.drop();
      assert.equal(statusOf(await rig.sip.final(branch, 5000)), 604);
    },
  );

  play(
    'jabberd2 (recorded): what its router has no route for comes back with the addresses as they were, and is the answer',
    {},
    async (rig) => {
      rig.xmpp.react = (stanza) =>
        `<message xmlns='jabber:client' type='error' id='${stanza.attr('id')}' to='${stanza.attr('to')}'` +
        ` from='${stanza.attr('from')}'><error type='cancel' code='503'>` +
        `<service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error><body>hi</body></message>`;
      const branch = rig.sip.sendRequest({ body: 'no route' }, rig.port);
      assert.equal(statusOf(await rig.sip.final(branch)), 480);
      assert.equal(rig.counter('stoxgate_xmpp_misaddressed_total'), 0);
    },
  );

  play(
    'two links of one domain: the second carries on at once when the first drops',
    {
      components: (port) => [component('example.net', port)],
    },
    async (rig) => {
      const second = rig.own(await XmppPeer.open());
      await rig.gateway.reload(
        rig.config({
          sip: { listen: ['udp://127.0.0.1:0', 'tcp://127.0.0.1:0'] },
          components: (port) => [component('example.net', port), component('example.net', second.port)],
        }),
      );
      await rig.linked();
      rig.xmpp.barrier = 'never';
      const branch = rig.sip.sendRequest({ body: 'carried on' }, rig.port);
      const first = await rig.xmpp.stanzas.next('the message');
      await rig.xmpp.close();
      const again = await second.stanzas.next('the message by the second link');
      assert.equal(again.attr('id'), first.attr('id'));
      assert.equal(statusOf(await rig.sip.final(branch)), 202);
      assert.deepEqual(second.faults, []);
    },
  );

  play(
    'a retransmission that meets a restarted gateway repeats the id (IM-25, promise 5)',
    {},
    async (rig) => {
      const { bytes } = requestBytes(
        { body: 'before and after', callId: unique('restart'), fromTag: 'r1', cseq: 7 },
        'UDP',
        `127.0.0.1:${rig.sip.port}`,
      );
      rig.sip.send(bytes, rig.port);
      const first = await rig.xmpp.stanzas.next('the message');
      await rig.sip.responses.next('the first 202');
      await rig.restart();
      rig.sip.send(bytes, rig.port);
      const second = await rig.xmpp.stanzas.next('the message again');
      assert.equal(second.attr('id'), first.attr('id'));
      assert.equal(statusOf(await rig.sip.responses.next('the second 202')), 202);
    },
  );

  play('messages with different CSeq, Call-ID or From tag have different ids', {}, async (rig) => {
    for (const parts of [
      { callId: 'a', fromTag: 'x', cseq: 1 },
      { callId: 'a', fromTag: 'x', cseq: 2 },
      { callId: 'a', fromTag: 'y', cseq: 1 },
      { callId: 'b', fromTag: 'x', cseq: 1 },
    ])
      assert.equal(await rig.status({ ...parts, body: 'x' }), 202);
    assert.equal(new Set(rig.xmpp.stanzas.all.map((stanza) => stanza.attr('id'))).size, 4);
  });

  play(
    'ERR-R6: an error that is due while the link is down comes after the reconnection',
    {},
    async (rig) => {
      rig.sip.answer = () => undefined;
      rig.xmpp.write(messageXml({ id: 'due', body: 'to nobody' }));
      const request = await rig.sip.requests.next('the request');
      await rig.xmpp.close();
      await rig.unlinked();
      rig.sip.respond(request, 404);
      await rig.until('the report is due', () => rig.held('error_reports') === 1);
      await rig.xmpp.listen();
      const error = await rig.xmpp.stanzas.next('the report', () => true, 6000);
      assert.equal(error.attr('id'), 'due');
      assert.equal(error.attr('to'), JULIET);
      assert.equal(errorOf(error).condition, 'item-not-found');
    },
  );

  play(
    'an error that was written and not confirmed is written again after the link dropped',
    {},
    async (rig) => {
      rig.sip.answer = () => 486;
      rig.xmpp.barrier = 'never';
      rig.xmpp.write(messageXml({ id: 'again', body: 'busy' }));
      await rig.xmpp.stanzas.next('the report');
      rig.xmpp.barrier = 'return';
      rig.xmpp.drop();
      const error = await rig.xmpp.stanzas.next('the report again', () => true, 6000);
      assert.equal(error.attr('id'), 'again');
      assert.equal(errorOf(error).condition, 'recipient-unavailable');
    },
  );

  play('a 2xx from SIP while the link is down needs no word to anybody', {}, async (rig) => {
    rig.sip.answer = () => undefined;
    rig.xmpp.write(messageXml({ id: 'fine', body: 'arrives' }));
    const request = await rig.sip.requests.next('the request');
    rig.xmpp.drop();
    rig.sip.respond(request, 200);
    await rig.linked();
    assert.deepEqual(rig.xmpp.stanzas.all, []);
  });
});

// The real deadline: ten seconds each, all at once.
describe(
  'IM-29: the final response comes no later than 10 s after the request',
  { concurrency: true },
  () => {
    async function answeredInTime(rig: Rig, branch: string, began: number): Promise<void> {
      const response = await rig.sip.final(branch, 12_000);
      assert.equal(statusOf(response), 503);
      assert.equal(response.headers.has('retry-after'), false);
      const elapsed = performance.now() - began;
      assert.ok(elapsed > 5000 && elapsed < 10_000, `${elapsed} ms`);
    }

    play('a server that never returns a barrier: 503, and the message is withdrawn', {}, async (rig) => {
      rig.xmpp.barrier = 'never';
      const began = performance.now();
      const branch = rig.sip.sendRequest({ body: 'unconfirmed' }, rig.port);
      const first = await rig.xmpp.stanzas.next('the message');
      await answeredInTime(rig, branch, began);
      // A link whose barriers do not return is down (design); whatever was written again had the same id.
      const ids = (): (string | undefined)[] =>
        rig.xmpp.stanzas.all.map((stanza) => `${stanza.name} ${stanza.attr('id')}`);
      assert.deepEqual([...new Set(ids())], [`message ${first.attr('id')}`]);
      assert.deepEqual(
        rig.xmpp.stanzas.all.filter((stanza) => bodyOf(stanza) !== 'unconfirmed'),
        [],
      );
      rig.xmpp.barrier = 'return';
      rig.xmpp.drop();
      const written = rig.xmpp.stanzas.all.length;
      await rig.until('the link is up again', () => rig.gateway.status().links[0]?.state === 'up', 10_000);
      assert.equal(await rig.status({ body: 'another' }), 202);
      assert.equal(rig.xmpp.stanzas.all.length, written + 1);
    });

    play('once 503 was said, a parked message is never sent when a link returns', {}, async (rig) => {
      rig.xmpp.barrier = 'never';
      const began = performance.now();
      const branch = rig.sip.sendRequest({ body: 'withdrawn' }, rig.port);
      await rig.xmpp.stanzas.next('the message');
      await rig.xmpp.close();
      await rig.unlinked();
      await answeredInTime(rig, branch, began);
      // Another link of the same domain, so that nothing waits for the back-off of the first.
      const next = rig.own(await XmppPeer.open());
      await rig.gateway.reload(rig.config({ components: () => [component('example.net', next.port)] }));
      await rig.linked();
      assert.equal(await rig.status({ body: 'another' }), 202);
      assert.deepEqual(next.stanzas.all.map(bodyOf), ['another']);
      assert.deepEqual(next.faults, []);
    });
  },
);
