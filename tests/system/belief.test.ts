// Who is believed about what: sources, links, receipts, challenges (SIPT-06, ERR-G7, COMP-03; promise 3).

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { header, statusOf } from '../peers/sip-text.ts';
import { component, pause, play } from './rig.ts';
import { errorOf, messageXml } from './xmpp-peer.ts';

describe('who is not believed costs next to nothing', { concurrency: true }, () => {
  play(
    'an untrusted INVITE is refused 403 without a transaction: said once, held for no time',
    { sip: { trusted: ['192.0.2.1/32'] } },
    async (rig) => {
      const branch = rig.sip.sendRequest({ method: 'INVITE', body: '' }, rig.port);
      assert.equal(statusOf(await rig.sip.final(branch)), 403);
      assert.equal(rig.held('server_transactions'), 0);
      assert.equal(rig.held('completed_transactions'), 0);
      // RFC 3261 §17.2.1, timer G: a transaction would say it again after half a second.
      await pause(700);
      assert.equal(rig.sip.responses.all.length, 1);
    },
  );

  play(
    'above the rate of rejections nothing is said, and believed senders are served meanwhile',
    { sip: { trusted: ['192.0.2.1/32'] } },
    async (rig) => {
      for (let i = 0; i < 1000; i++) rig.sip.sendRequest({ body: `noise ${i}` }, rig.port);
      await rig.until('all were refused', () => rig.counter('stoxgate_sip_refused_total') >= 1000);
      await pause(100);
      const answers = rig.sip.responses.all.length;
      assert.ok(answers >= 100 && answers <= 500, `${answers} answers`);
      assert.equal(rig.held('completed_transactions'), 0);
    },
  );
});

describe('stanzas of a server with several of our components', { concurrency: true }, () => {
  const two = {
    domains: [
      { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
      { home: 'sip', sip: 'example.org', xmpp: 'example.org' },
      { home: 'xmpp', xmpp: 'example.com', sip: 'example.com' },
    ],
    components: (port: number) => [component('example.net', port), component('example.org', port)],
  };

  play(
    'one that comes on the link of a sibling is served, its error goes by the right link',
    two,
    async (rig) => {
      rig.sip.answer = () => 404;
      rig.xmpp.write(messageXml({ id: 'sib', to: 'romeo@example.net', body: 'x' }), 'example.org');
      const error = await rig.xmpp.stanzas.next('the error');
      assert.deepEqual([error.attr('id'), error.attr('from')], ['sib', 'romeo@example.net']);
      assert.equal(errorOf(error)?.condition, 'item-not-found');
    },
  );

  play(
    'one for a domain that the server carries no link of is dropped, counted and told',
    {},
    async (rig) => {
      rig.xmpp.write(messageXml({ id: 'x', to: 'romeo@elsewhere.example', body: 'x' }));
      await rig.until('it is counted', () => rig.counter('stoxgate_xmpp_misaddressed_total') === 1);
      assert.equal(rig.log.filter(({ event }) => event === 'xmpp.misaddressed').length, 1);
      assert.deepEqual(rig.sip.requests.all, []);
    },
  );
});

describe('receipts and errors count from the recipient only', { concurrency: true }, () => {
  play('a receipt of somebody else is no delivery', {}, async (rig) => {
    rig.xmpp.barrier = 'hold';
    const branch = rig.sip.sendRequest({ body: 'for juliet' }, rig.port);
    const stanza = await rig.xmpp.stanzas.next('the message');
    const receipt = `<received xmlns='urn:xmpp:receipts' id='${stanza.attr('id')}'/>`;
    rig.xmpp.write(`<message from='iago@example.com' to='romeo@example.net'>${receipt}</message>`);
    await pause(50);
    // Also a barrier that comes later, on a slow machine.
    rig.xmpp.barrier = 'return';
    rig.xmpp.release();
    assert.equal(statusOf(await rig.sip.final(branch)), 202);
  });

  play('an error of another domain is not the answer', {}, async (rig) => {
    rig.xmpp.barrier = 'hold';
    const branch = rig.sip.sendRequest({ body: 'for juliet' }, rig.port);
    const stanza = await rig.xmpp.stanzas.next('the message');
    rig.xmpp.write(
      `<message from='mallory@evil.example' to='romeo@example.net' type='error' id='${stanza.attr('id')}'>` +
        `<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`,
    );
    await pause(50);
    // Also a barrier that comes later, on a slow machine.
    rig.xmpp.barrier = 'return';
    rig.xmpp.release();
    assert.equal(statusOf(await rig.sip.final(branch)), 202);
    assert.equal(rig.counter('stoxgate_messages_lost_total'), 0);
  });
});

describe('RFC 3261 §22: credentials are for next hops', { concurrency: true }, () => {
  play(
    'a server that a redirect led to gets none, whatever realm it names',
    {
      sip: ({ sipPort }) => ({
        next_hops: { 'example.net': `sip:127.0.0.1:${sipPort};transport=udp;lr` },
        credentials: [{ realm: 'example.net', user: 'gw', password: 'opensesame' }],
      }),
      messages: { redirects: 'follow' },
      dns: { private_targets: 'allow' },
    },
    async (rig) => {
      rig.sip.answer = (request) =>
        request.startLine.includes('@127.0.0.1')
          ? {
              status: 401,
              headers: [
                ['WWW-Authenticate', 'Digest realm="example.net", nonce="n1", algorithm=MD5, qop="auth"'],
              ],
            }
          : { status: 302, headers: [['Contact', `<sip:romeo@127.0.0.1:${rig.sip.port}>`]] };
      rig.xmpp.write(messageXml({ id: 'c', body: 'x' }));
      const error = await rig.xmpp.stanzas.next('the error');
      assert.equal(errorOf(error)?.condition, 'not-authorized');
      assert.equal(rig.sip.requests.all.length, 2);
      for (const request of rig.sip.requests.all) assert.equal(header(request, 'authorization'), '');
    },
  );
});
