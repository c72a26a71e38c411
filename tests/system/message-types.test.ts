// `messages.type` of a rule of `domains`: what one service behind the XMPP server takes says nothing of the others (row IM-28).

import assert from 'node:assert/strict';
import { play, type Rig } from './rig.ts';
import { messageXml } from './xmpp-peer.ts';

const RULES = [
  { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
  { home: 'xmpp', xmpp: 'example.com', sip: 'example.com' },
  // As biboumi wants it, which drops every other type.
  { home: 'xmpp', xmpp: 'irc.example.org', sip: 'irc.example.org', messages: { type: 'chat' } },
  { home: 'xmpp', xmpp: 'normal.example', sip: 'normal.example', messages: { type: 'normal' } },
  { home: 'xmpp', xmpp: 'mirror.example', sip: 'mirror.example', messages: { type: 'mirror' } },
  { home: 'xmpp', xmpp: '*', sip: 'folded.example', separator: '*' },
];

/** The type of a message to this address, as RFC 6121 §5.2.2 reads it. */
async function typeTo(rig: Rig, uri: string): Promise<string> {
  assert.equal(await rig.status({ uri, body: 'x' }), 202);
  return (await rig.xmpp.stanzas.next('the message')).attr('type') ?? 'normal';
}

async function says(rig: Rig, from: string, type: string): Promise<void> {
  rig.xmpp.write(messageXml({ from, body: 'x', type }));
  await rig.sip.requests.next('the message');
  await rig.until('it is delivered', () => rig.held('messages_to_sip') === 0);
}

play('IM-28: the type of the domain, and for others that of the file', { domains: RULES }, async (rig) => {
  assert.equal(await typeTo(rig, 'sip:ivy@irc.example.org'), 'chat');
  assert.equal(await typeTo(rig, 'sip:juliet@example.com'), 'normal');
  await says(rig, 'ivy@irc.example.org/pda', 'normal');
  assert.equal(await typeTo(rig, 'sip:ivy@irc.example.org'), 'chat', 'whatever she last used');
});

play('the folded addresses of the domain too, and no other folded ones', { domains: RULES }, async (rig) => {
  assert.equal(await typeTo(rig, 'sip:ivy*irc.example.org@folded.example'), 'chat');
  assert.equal(await typeTo(rig, 'sip:ann*elsewhere.example@folded.example'), 'normal');
});

play(
  'the other way round: `normal` and `mirror` for a domain, where the file says chat',
  { domains: RULES, messages: { type: 'chat' } },
  async (rig) => {
    assert.equal(await typeTo(rig, 'sip:juliet@example.com'), 'chat');
    assert.equal(await typeTo(rig, 'sip:ann@normal.example'), 'normal');
    assert.equal(await typeTo(rig, 'sip:ann@mirror.example'), 'normal');
    await says(rig, 'ann@mirror.example/pda', 'chat');
    assert.equal(await typeTo(rig, 'sip:ann@mirror.example'), 'chat');
  },
);

play('a reload changes it', { domains: RULES }, async (rig) => {
  assert.equal(await typeTo(rig, 'sip:ivy@irc.example.org'), 'chat');
  const without = RULES.map(({ home, xmpp, sip }) => ({ home, xmpp, sip })).slice(0, 3);
  await rig.gateway.reload(rig.config({ domains: without }));
  assert.equal(await typeTo(rig, 'sip:ivy@irc.example.org'), 'normal');
});
