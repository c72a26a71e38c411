// "Is composing" both ways, learned from what the peers themselves send (RFC 3994, XEP-0085; rows IM-10, IM-43, IM-60 … IM-69).

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { header, statusOf } from '../peers/sip-text.ts';
import { play, type Rig } from './rig.ts';
import { textOf } from './sip-peer.ts';
import { bodyOf, messageXml } from './xmpp-peer.ts';

const TYPE = 'application/im-iscomposing+xml';
const document = (state: string, refresh = ''): string =>
  `<?xml version='1.0'?><isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'><state>${state}</state>` +
  `<contenttype>text/plain</contenttype>${refresh}</isComposing>`;
const state = (name: string): string => `<${name} xmlns='http://jabber.org/protocol/chatstates'/>`;
const JULIET_BARE_URI = 'sip:juliet@example.com';

async function romeoComposes(rig: Rig, name: string, refresh?: string): Promise<void> {
  assert.equal(
    await rig.status({ uri: JULIET_BARE_URI, contentType: TYPE, body: document(name, refresh) }),
    200,
  );
}

describe('from SIP to XMPP', () => {
  play('IM-68: never first to a contact who has sent no chat state', {}, async (rig) => {
    await romeoComposes(rig, 'active');
    assert.equal(await rig.status({ body: 'text' }), 202);
    assert.deepEqual(rig.xmpp.stanzas.all.map(bodyOf), ['text']);
  });

  play('IM-60, IM-61: active → composing, idle → active, of type chat, without a body', {}, async (rig) => {
    rig.xmpp.write(messageXml({ id: 'm', type: 'chat', body: 'hello', more: state('active') }));
    await rig.sip.requests.next('the message');
    await romeoComposes(rig, 'active', '<refresh>90</refresh>');
    const composing = await rig.xmpp.stanzas.next('composing');
    assert.equal(composing.attr('type'), 'chat');
    assert.equal(bodyOf(composing), undefined);
    assert.ok(composing.child('composing', 'http://jabber.org/protocol/chatstates'));
    await romeoComposes(rig, 'idle');
    const idle = await rig.xmpp.stanzas.next('active');
    assert.ok(idle.child('active', 'http://jabber.org/protocol/chatstates'));
    assert.equal(rig.held('composing'), 0);
  });

  play('IM-67: without a refresh in time he is idle again', {}, async (rig) => {
    rig.xmpp.write(messageXml({ id: 'm', type: 'chat', body: 'hello', more: state('active') }));
    await rig.sip.requests.next('the message');
    await romeoComposes(rig, 'active', '<refresh>1</refresh>');
    assert.ok((await rig.xmpp.stanzas.next('composing')).child('composing'));
    assert.ok((await rig.xmpp.stanzas.next('active')).child('active'));
  });

  play('IM-67: a message with content ends it, without a state of its own', {}, async (rig) => {
    rig.xmpp.write(messageXml({ id: 'm', type: 'chat', body: 'hello', more: state('active') }));
    await rig.sip.requests.next('the message');
    await romeoComposes(rig, 'active', '<refresh>90</refresh>');
    assert.equal(await rig.status({ body: 'there' }), 202);
    assert.equal(rig.held('composing'), 0);
    await romeoComposes(rig, 'idle');
    assert.equal(await rig.status({ body: 'more' }), 202);
    assert.deepEqual(rig.xmpp.stanzas.all.map(bodyOf), [undefined, 'there', 'more']);
  });

  play('a document that is no isComposing: 400, no stanza', {}, async (rig) => {
    const response = await rig.ask({ contentType: TYPE, body: '<isComposing>' });
    assert.equal(statusOf(response), 400);
    assert.deepEqual(rig.xmpp.stanzas.all, []);
  });
});

describe('from XMPP to SIP', () => {
  const juliet = (rig: Rig, name: string): void =>
    rig.xmpp.write(messageXml({ type: 'chat', more: state(name) }));

  play('IM-10: learned: nothing to a peer that has not shown that it understands it', {}, async (rig) => {
    juliet(rig, 'composing');
    rig.xmpp.write(messageXml({ id: 'm', body: 'text' }));
    assert.equal(textOf(await rig.sip.requests.next('the message')), 'text');
    assert.equal(rig.sip.requests.all.length, 1);
  });

  play('IM-63, IM-64, IM-66: composing → active with refresh ≥ 60, paused → idle', {}, async (rig) => {
    await romeoComposes(rig, 'active');
    await romeoComposes(rig, 'idle');
    rig.xmpp.stanzas.forget();
    juliet(rig, 'composing');
    const active = await rig.sip.requests.next('active');
    assert.equal(header(active, 'content-type'), TYPE);
    assert.match(textOf(active), /<state>active<\/state>/);
    assert.ok(Number(/<refresh>(\d+)<\/refresh>/.exec(textOf(active))?.[1]) >= 60);
    await rig.until('it is answered', () => rig.held('messages_to_sip') === 0);
    juliet(rig, 'paused');
    assert.match(textOf(await rig.sip.requests.next('idle')), /<state>idle<\/state>/);
    await rig.until('nobody composes', () => rig.held('composing') === 0);
  });

  for (const [row, ends] of [
    ['IM-62', 'active'],
    ['IM-64', 'paused'],
    ['IM-64', 'inactive'],
    ['IM-65, IM-70', 'gone'],
  ] as const) {
    play(
      `${row}: ${ends} → idle where he was composing, else nothing`,
      { messages: { composing: 'always' } },
      async (rig) => {
        const answered = (): Promise<void> =>
          rig.until('it is answered', () => rig.held('messages_to_sip') === 0);
        juliet(rig, ends);
        juliet(rig, 'composing');
        assert.match(textOf(await rig.sip.requests.next('active')), /<state>active</);
        await answered();
        juliet(rig, ends);
        juliet(rig, ends);
        const idle = textOf(await rig.sip.requests.next('idle'));
        // RFC 3994 §6.1: the order of the schema.
        assert.match(idle, /<state>idle<\/state><lastactive>[^<]+Z<\/lastactive><contenttype>text\/plain</);
        await answered();
        rig.xmpp.write(messageXml({ id: 'm', body: 'text' }));
        assert.equal(textOf(await rig.sip.requests.next('the message')), 'text');
        assert.equal(rig.sip.requests.all.length, 3);
        assert.deepEqual(rig.xmpp.stanzas.all, []);
      },
    );
  }

  play(
    'IM-67: a message with content ends it, without a document of its own',
    { messages: { composing: 'always' } },
    async (rig) => {
      const answered = (): Promise<void> =>
        rig.until('it is answered', () => rig.held('messages_to_sip') === 0);
      juliet(rig, 'composing');
      await rig.sip.requests.next('active');
      await answered();
      rig.xmpp.write(messageXml({ id: 'm', type: 'chat', body: 'text' }));
      await rig.sip.requests.next('the message');
      await answered();
      juliet(rig, 'paused');
      rig.xmpp.write(messageXml({ id: 'm2', type: 'chat', body: 'more' }));
      assert.equal(textOf(await rig.sip.requests.next('the next')), 'more');
    },
  );

  play(
    'IM-68: a peer that answered 415 gets no more of them, and nobody is told',
    { messages: { composing: 'always' } },
    async (rig) => {
      rig.sip.answer = () => 415;
      juliet(rig, 'composing');
      await rig.sip.requests.next('active');
      await rig.until('it is answered', () => rig.held('messages_to_sip') === 0);
      rig.sip.answer = () => 200;
      juliet(rig, 'paused');
      juliet(rig, 'composing');
      rig.xmpp.write(messageXml({ id: 'm', body: 'text' }));
      const next = await rig.sip.requests.next('the message');
      assert.equal(textOf(next), 'text');
      assert.deepEqual(rig.xmpp.stanzas.all, []);
    },
  );

  play(
    'IM-33: a document never stands beside or behind a message that is outstanding',
    { messages: { composing: 'always' } },
    async (rig) => {
      rig.sip.answer = () => undefined;
      rig.xmpp.write(messageXml({ id: 'm', to: 'romeo@example.net', body: 'first' }));
      const first = await rig.sip.requests.next('the message');
      juliet(rig, 'composing');
      rig.sip.respond(first, 200);
      rig.sip.answer = () => 200;
      await rig.until('it is delivered', () => rig.held('messages_to_sip') === 0);
      rig.xmpp.write(messageXml({ id: 'm2', body: 'second' }));
      await rig.sip.requests.next('the second');
      assert.deepEqual(rig.sip.requests.all.map(textOf), ['first', 'second']);
    },
  );

  play('IM-69: a body with a state: only the body', { messages: { composing: 'always' } }, async (rig) => {
    rig.xmpp.write(messageXml({ id: 'm', body: 'text', more: state('active') }));
    await rig.sip.requests.next('the message');
    await rig.until('it is delivered', () => rig.held('messages_to_sip') === 0);
    assert.equal(rig.sip.requests.all.length, 1);
  });

  play('messages.composing: never', { messages: { composing: 'never' } }, async (rig) => {
    await romeoComposes(rig, 'active');
    juliet(rig, 'composing');
    rig.xmpp.write(messageXml({ id: 'm', body: 'text' }));
    assert.equal(textOf(await rig.sip.requests.next('the message')), 'text');
    await romeoComposes(rig, 'idle');
  });
});
