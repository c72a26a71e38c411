// Draining, stopping and reloading a whole gateway (row ERR-G5; contract: SIGTERM and SIGHUP).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig, startGateway } from '../../src/gateway/index.ts';
import { silentLog } from '../../src/base/index.ts';
import { statusOf } from '../peers/sip-text.ts';
import { component, pause, play, Rig } from './rig.ts';
import { SipPeer, textOf } from './sip-peer.ts';
import { bodyOf, errorOf, messageXml, XmppPeer } from './xmpp-peer.ts';

describe('draining (ERR-G5)', () => {
  play('new messages are refused on both sides, open ones have their outcome first', {}, async (rig) => {
    rig.xmpp.barrier = 'hold';
    rig.sip.answer = () => undefined;
    const open = rig.sip.sendRequest({ body: 'open' }, rig.port);
    await rig.xmpp.stanzas.next('the open message');
    rig.xmpp.write(messageXml({ id: 'open', body: 'open' }));
    rig.xmpp.write(messageXml({ id: 'queued', body: 'queued' }));
    const request = await rig.sip.requests.next('the open request');

    let drained = false;
    const draining = rig.gateway.drain().then(() => {
      drained = true;
    });
    assert.equal(rig.gateway.status().draining, true);
    assert.equal(rig.gateway.status().healthy, false);
    const refused = await rig.ask({ body: 'new' });
    assert.equal(statusOf(refused), 503);
    assert.equal(refused.headers.has('retry-after'), false);
    rig.xmpp.barrier = 'return';
    rig.xmpp.write(messageXml({ id: 'new', body: 'new' }));
    const error = await rig.xmpp.stanzas.next('the refusal');
    assert.equal(error.attr('id'), 'new');
    assert.deepEqual([errorOf(error).condition, errorOf(error).type], ['remote-server-timeout', 'wait']);
    assert.equal(statusOf(await rig.ask({ method: 'OPTIONS' })), 503);
    assert.equal(drained, false);

    rig.xmpp.release();
    assert.equal(statusOf(await rig.sip.final(open)), 202);
    rig.sip.answer = () => 200;
    rig.sip.respond(request, 200);
    assert.equal(textOf(await rig.sip.requests.next('the queued one')), 'queued');
    await draining;
    await pause(20);
    assert.deepEqual(rig.xmpp.stanzas.all.map(bodyOf), ['open', undefined]);
  });

  play('a retransmission of what was answered before still gets its answer', {}, async (rig) => {
    const parts = { body: 'once', fromTag: 'd', callId: 'drain-1', branch: 'z9hG4bKdrain1' };
    assert.equal(await rig.status(parts), 202);
    await rig.gateway.drain();
    assert.equal(await rig.status(parts), 202);
    assert.equal(rig.xmpp.stanzas.all.length, 1);
  });

  test('stop ends what is open: 503 to SIP, an error to XMPP; nothing is left', async () => {
    const rig = await Rig.start({});
    rig.xmpp.barrier = 'hold';
    rig.sip.answer = () => undefined;
    const open = rig.sip.sendRequest({ body: 'open' }, rig.port);
    await rig.xmpp.stanzas.next('the open message');
    rig.xmpp.write(messageXml({ id: 'open', body: 'open' }));
    rig.xmpp.write(messageXml({ id: 'queued', body: 'queued' }));
    await rig.sip.requests.next('the open request');
    await rig.until('both are open', () => rig.held('messages_to_sip') === 2);
    const stopped = rig.gateway.stop();
    rig.xmpp.barrier = 'return';
    rig.xmpp.release();
    await stopped;
    assert.equal(statusOf(await rig.sip.final(open)), 503);
    const told = [];
    for (const what of ['the first error', 'the second error']) told.push(await rig.xmpp.stanzas.next(what));
    assert.deepEqual(told.map((stanza) => stanza.attr('id') ?? '').sort(), ['open', 'queued']);
    for (const stanza of told) assert.equal(errorOf(stanza).condition, 'remote-server-timeout');
    await rig.stop();
  });
});

describe('what the server had on its way when the link was closed', () => {
  test('is delivered, since no error can be written any more', async () => {
    const rig = await Rig.start({});
    rig.xmpp.lastWords = messageXml({ id: 'late', body: 'almost too late' });
    await rig.gateway.drain();
    await rig.gateway.stop();
    const request = await rig.sip.requests.next('the late message');
    assert.equal(textOf(request), 'almost too late');
    assert.equal(rig.counter('stoxgate_reports_lost_total'), 0);
    await rig.stop();
  });

  test('and when SIP refuses it, it is a counted and logged loss', async () => {
    const rig = await Rig.start({});
    rig.sip.answer = () => 404;
    rig.xmpp.lastWords = messageXml({ id: 'late', body: 'to nobody' });
    await rig.gateway.stop();
    assert.equal(rig.counter('stoxgate_reports_lost_total'), 1);
    assert.deepEqual(
      rig.log.filter(({ event }) => event === 'report.lost').map(({ fields }) => fields['id']),
      ['late'],
    );
    await rig.stop();
  });
});

describe('reload', () => {
  const ADDED = [
    { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
    { home: 'sip', sip: 'corp.example', xmpp: 'corp.example' },
    { home: 'xmpp', xmpp: 'example.com', sip: 'example.com' },
  ];

  play('an added rule with its component works, the old link stays up', {}, async (rig) => {
    assert.equal(await rig.status({ from: '<sip:boss@corp.example>', body: 'early' }), 403);
    const added = rig.own(await XmppPeer.open());
    await rig.gateway.reload(
      rig.config({
        domains: ADDED,
        components: (port) => [component('example.net', port), component('corp.example', added.port)],
      }),
    );
    await rig.linked();
    assert.equal(await rig.status({ from: '<sip:boss@corp.example>', body: 'now' }), 202);
    assert.equal((await added.stanzas.next('the message')).attr('from'), 'boss@corp.example');
    assert.equal(await rig.status({ body: 'as ever' }), 202);
    assert.equal(rig.xmpp.links, 1);
    assert.deepEqual(added.faults, []);
  });

  play('a removed component goes, a removed rule too', {}, async (rig) => {
    const next = rig.own(await XmppPeer.open());
    await rig.gateway.reload(
      rig.config({
        domains: [
          { home: 'sip', sip: 'corp.example', xmpp: 'corp.example' },
          { home: 'xmpp', xmpp: 'example.com', sip: 'example.com' },
        ],
        components: () => [component('corp.example', next.port)],
      }),
    );
    await rig.linked();
    assert.equal(await rig.status({ body: 'gone' }), 403);
    assert.deepEqual(
      rig.gateway.status().links.map(({ domain }) => domain),
      ['corp.example'],
    );
  });

  play('trust, next hops and message settings are those of the new file', {}, async (rig) => {
    const other = rig.own(await SipPeer.open());
    await rig.gateway.reload(
      rig.config({
        sip: { next_hops: { 'example.net': `sip:127.0.0.1:${other.port};transport=udp;lr` } },
        messages: { accepted: 200, type: 'chat' },
      }),
    );
    assert.equal(await rig.status({ body: 'x' }), 200);
    assert.equal((await rig.xmpp.stanzas.next('the message')).attr('type'), 'chat');
    rig.xmpp.write(messageXml({ id: 'm', body: 'by the new way' }));
    assert.equal(textOf(await other.requests.next('the message')), 'by the new way');
    await rig.gateway.reload(rig.config({ sip: { trusted: ['127.0.0.9/32'] } }));
    assert.equal(await rig.status({ body: 'x' }), 403);
  });

  play('a message that is open during the reload has its outcome', {}, async (rig) => {
    rig.xmpp.barrier = 'hold';
    const open = rig.sip.sendRequest({ body: 'open' }, rig.port);
    await rig.xmpp.stanzas.next('the message');
    await rig.gateway.reload(rig.config({ messages: { type: 'chat' } }));
    rig.xmpp.barrier = 'return';
    rig.xmpp.release();
    assert.equal(statusOf(await rig.sip.final(open)), 202);
  });

  play('a change of sip.listen is refused, and nothing else of the file is taken', {}, async (rig) => {
    const change = rig.config({ sip: { listen: ['udp://127.0.0.1:0'] }, messages: { accepted: 200 } });
    await assert.rejects(rig.gateway.reload(change), { code: 'ERR_GATEWAY_RELOAD' });
    assert.equal(await rig.status({ body: 'as before' }), 202);
  });
});

describe('start', () => {
  test('a port that is taken: an error with a code, and nothing stays open', async () => {
    const holder = await SipPeer.open();
    const before = process.getActiveResourcesInfo().filter((name) => /^(TCP|UDP)/.test(name)).length;
    const config = parseConfig(
      JSON.stringify({
        domains: [{ home: 'xmpp', xmpp: 'example.com', sip: 'example.com' }],
        sip: { listen: ['tcp://127.0.0.1:0', `udp://127.0.0.1:${holder.port}`] },
        store: 'memory:',
      }),
      'test.yaml',
      { env: {}, readFile: () => '' },
    );
    try {
      assert.ok(config.ok);
      await assert.rejects(startGateway(config.value, { log: silentLog, version: '0' }), /./);
      await pause(20);
      const left = process.getActiveResourcesInfo().filter((name) => /^(TCP|UDP)/.test(name)).length;
      // Sockets of the plays before may still have been closing when it began.
      assert.ok(left <= before, `${left} after, ${before} before`);
    } finally {
      await holder.close();
    }
  });
});
