// What a review of the first version found: attempts under one id, errors that are no losses, bodies that can never go,
// and the Contacts of a redirect.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { header, statusOf } from '../peers/sip-text.ts';
import { pause, play } from './rig.ts';
import { errorOf, errorXml, messageXml } from './xmpp-peer.ts';

describe('losses are counted, and nothing else is', { concurrency: true }, () => {
  play('a second attempt after a refusal: an error after its 202 is a loss of its own', {}, async (rig) => {
    const same = { body: 'again', callId: 'second', fromTag: 'attempt', cseq: 7 };
    rig.xmpp.react = (stanza) => errorXml(stanza, 'recipient-unavailable');
    assert.equal(await rig.status(same), 600);
    rig.xmpp.react = () => undefined;
    await rig.xmpp.stanzas.next('the first attempt');
    assert.equal(await rig.status(same), 202);
    const stanza = await rig.xmpp.stanzas.next('the second attempt');
    rig.xmpp.write(errorXml(stanza, 'service-unavailable'));
    await rig.until('it is counted', () => rig.counter('stoxgate_messages_lost_total') === 1);
  });

  play('an error about a chat state is no loss', {}, async (rig) => {
    rig.xmpp.write(
      messageXml({ id: 's', body: 'hello', more: "<active xmlns='http://jabber.org/protocol/chatstates'/>" }),
    );
    await rig.sip.requests.next('the message that shows chat states');
    const body =
      "<isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'><state>active</state></isComposing>";
    assert.equal(await rig.status({ body, contentType: 'application/im-iscomposing+xml' }), 200);
    const stanza = await rig.xmpp.stanzas.next('the state');
    rig.xmpp.write(errorXml(stanza, 'service-unavailable'));
    assert.equal(await rig.status({ body: 'after it' }), 202);
    assert.equal(rig.counter('stoxgate_messages_lost_total'), 0);
    // Ends the state, whose timer would be left.
    await rig.xmpp.stanzas.next('the message');
  });

  play('nobody can invent a loss', {}, async (rig) => {
    const id = `s1y-${'A'.repeat(22)}`;
    rig.xmpp.write(
      `<message from='juliet@example.com' to='romeo@example.net' type='error' id='${id}'>` +
        `<error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`,
    );
    assert.equal(await rig.status({ body: 'after it' }), 202);
    assert.equal(rig.counter('stoxgate_messages_lost_total'), 0);
  });
});

describe('IM-30: what can never go need not wait', { concurrency: true }, () => {
  play('a body of 100 kB behind an outstanding message is refused at once', {}, async (rig) => {
    rig.sip.answer = () => undefined;
    rig.xmpp.write(messageXml({ id: 'first', body: 'first' }));
    const first = await rig.sip.requests.next('the first');
    rig.xmpp.write(messageXml({ id: 'huge', body: 'x'.repeat(100_000) }));
    const error = await rig.xmpp.stanzas.next('the error');
    assert.deepEqual([error.attr('id'), errorOf(error).condition], ['huge', 'policy-violation']);
    assert.equal(rig.held('messages_to_sip'), 1);
    rig.sip.respond(first, 200);
    await rig.until('the first is delivered', () => rig.held('messages_to_sip') === 0);
  });
});

describe('ERR-R5: the Contacts of a redirect', { concurrency: true }, () => {
  const follow = { messages: { redirects: 'follow' }, dns: { private_targets: 'allow' } };

  play('by q, each in turn, without what they say of method and header fields', follow, async (rig) => {
    const at = (user: string): string => `sip:${user}@127.0.0.1:${rig.sip.port}`;
    rig.sip.answer = (request) => {
      if (request.startLine.includes('@example.net')) {
        const contact = `<${at('second')}>;q=0.2, <${at('first')};method=INVITE?Subject=evil>;q=0.9`;
        return { status: 302, headers: [['Contact', contact]] };
      }
      return request.startLine.includes('first@') ? 404 : 200;
    };
    rig.xmpp.write(messageXml({ id: 'r', body: 'follow me' }));
    await rig.until(
      'it is delivered',
      () => rig.held('messages_to_sip') === 0 && rig.sip.requests.all.length === 3,
    );
    assert.deepEqual(
      rig.sip.requests.all.map(({ startLine }) => startLine.split(' ')[1]),
      ['sip:romeo@example.net', at('first'), at('second')],
    );
    for (const request of rig.sip.requests.all) assert.equal(header(request, 'subject'), '');
    assert.deepEqual(rig.xmpp.stanzas.all, []);
  });

  play('when all refuse there is one error, of the last', follow, async (rig) => {
    rig.sip.answer = (request) =>
      request.startLine.includes('@example.net')
        ? { status: 302, headers: [['Contact', `<sip:other@127.0.0.1:${rig.sip.port}>`]] }
        : 404;
    rig.xmpp.write(messageXml({ id: 'r', body: 'follow me' }));
    const error = await rig.xmpp.stanzas.next('the error');
    assert.equal(errorOf(error).condition, 'item-not-found');
    await pause(50);
    assert.equal(rig.xmpp.stanzas.all.length, 1);
  });
});

describe('every response is counted by its status', { concurrency: true }, () => {
  play('202, 405 and 420', {}, async (rig) => {
    await rig.status({ body: 'x' });
    await rig.status({ method: 'REGISTER' });
    assert.equal(statusOf(await rig.ask({ body: 'x', headers: [['Require', 'nothing-known']] })), 420);
    const text = rig.gateway.counters.text();
    for (const status of [202, 405, 420]) {
      assert.match(text, new RegExp(`^stoxgate_sip_responses_total\\{status="${status}"\\} 1$`, 'm'));
    }
    assert.match(text, /^stoxgate_messages_total\{direction="sip_to_xmpp",outcome="rejected"\} 1$/m);
  });
});
