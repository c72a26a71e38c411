// A good citizen of the XMPP network, asked by a real client through each server (rows FEAT-…, ERR-R3).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { XmppClient } from '../peers/xmpp-client.ts';
import { Lab, SERVERS, SIP_DOMAIN } from './lab.ts';

for (const server of SERVERS) {
  describe(`questions through ${server}`, () => {
    let lab: Lab;
    let alice: XmppClient;

    before(async () => {
      lab = await Lab.open({ server, kamailio: false });
      alice = await lab.xmpp('alice');
    });
    after(() => lab.close());

    const query = (id: string, namespace: string, to = SIP_DOMAIN, type = 'get', name = 'query'): string =>
      `<iq xmlns='jabber:client' type='${type}' to='${to}' id='${id}'><${name} xmlns='${namespace}'/></iq>`;

    test('XEP-0030: the domain is a gateway to SIP', async () => {
      const answer = await alice.ask('q1', query('q1', 'http://jabber.org/protocol/disco#info'));
      assert.equal(answer.type, 'result');
      assert.match(answer.xml, /<identity[^>]*category=["']gateway["']/);
      assert.match(answer.xml, /<identity[^>]*type=["']sip["']/);
    });
    test('XEP-0030: it has no items', async () => {
      const answer = await alice.ask('q2', query('q2', 'http://jabber.org/protocol/disco#items'));
      assert.equal(answer.type, 'result');
      assert.doesNotMatch(answer.xml, /<item /);
    });
    test('XEP-0199: it answers a ping', async () => {
      const answer = await alice.ask('q3', query('q3', 'urn:xmpp:ping', SIP_DOMAIN, 'get', 'ping'));
      assert.equal(answer.type, 'result');
    });
    test('XEP-0092: it tells its name and version', async () => {
      const answer = await alice.ask('q4', query('q4', 'jabber:iq:version'));
      assert.match(answer.xml, /<name>[^<]*stoxgate/i);
      assert.match(answer.xml, /<version>\d+\.\d+\.\d+/);
    });
    test('RFC 6120 §8.2.3: an unknown get and set are service-unavailable, one answer each', async () => {
      for (const type of ['get', 'set']) {
        const answer = await alice.ask(
          `q5${type}`,
          query(`q5${type}`, 'urn:example:unknown', SIP_DOMAIN, type),
        );
        assert.equal(answer.type, 'error');
        assert.equal(answer.condition, 'service-unavailable');
      }
    });
    test('RFC 6120 §8.2.3: so are they for a SIP user', async () => {
      const answer = await alice.ask('q6', query('q6', 'urn:example:unknown', `bob@${SIP_DOMAIN}`, 'set'));
      assert.equal(answer.condition, 'service-unavailable');
    });
    test('SIP: OPTIONS is answered with what the gateway can do (RFC 3261 §11.2)', async () => {
      const { status, response } = await lab.direct.askOptions('alice@example.org');
      assert.equal(status, 200);
      assert.match(response?.headers.get('allow')?.[0] ?? '', /MESSAGE/);
      assert.match(response?.headers.get('accept')?.[0] ?? '', /text\/plain/);
    });
  });
}
