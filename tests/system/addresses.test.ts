// The domain rules of the configuration through the whole gateway, there and back (design: "Configuration"; RFC 7247 §6,
// XEP-0106), and the hop count that crosses with a message (ERR-R9).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { header } from '../peers/sip-text.ts';
import { component, stage, type Rig } from './rig.ts';
import { unique } from './sip-peer.ts';
import { errorOf, messageXml } from './xmpp-peer.ts';

interface Pair {
  readonly name: string;
  /** SIP user: his URI, and what he is called in XMPP. */
  readonly uri: string;
  readonly jid: string;
  /** XMPP user: his JID, and what he is called in SIP. */
  readonly otherJid: string;
  readonly otherUri: string;
}

const PLAIN = { otherJid: 'juliet@example.com', otherUri: 'sip:juliet@example.com' };

const PAIRS: readonly Pair[] = [
  { name: 'transparent', uri: 'sip:romeo@example.net', jid: 'romeo@example.net', ...PLAIN },
  { name: 'renamed', uri: 'sip:boss@corp.example', jid: 'boss@phones.corp.example', ...PLAIN },
  {
    name: 'any other SIP user (XEP-0106)',
    uri: 'sip:bob@sip.org',
    jid: 'bob\\40sip.org@sip.example.org',
    ...PLAIN,
  },
  {
    name: 'any other XMPP user, with a separator',
    uri: 'sip:romeo@example.net',
    jid: 'romeo@example.net',
    otherJid: 'ann@jabber.org',
    otherUri: 'sip:ann*jabber.org@xmpp.example.net',
  },
  {
    name: 'a local part that holds the separator',
    uri: 'sip:romeo@example.net',
    jid: 'romeo@example.net',
    otherJid: 'a*b@jabber.org',
    otherUri: 'sip:a*b*jabber.org@xmpp.example.net',
  },
  {
    name: 'an apostrophe, which a JID escapes and SIP does not',
    uri: "sip:o'hara@example.net",
    jid: 'o\\27hara@example.net',
    ...PLAIN,
  },
  {
    name: 'a local part in UTF-8, which SIP escapes',
    uri: 'sip:romeo@example.net',
    jid: 'romeo@example.net',
    otherJid: 'jürgen@example.com',
    otherUri: 'sip:j%C3%BCrgen@example.com',
  },
];

describe('domain rules', () => {
  const rig = stage({
    domains: [
      { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
      { home: 'sip', sip: 'corp.example', xmpp: 'phones.corp.example' },
      { home: 'sip', sip: '*', xmpp: 'sip.example.org' },
      { home: 'xmpp', xmpp: 'example.com', sip: 'example.com' },
      { home: 'xmpp', xmpp: '*', sip: 'xmpp.example.net', separator: '*' },
    ],
    sip: ({ sipPort }) => ({ next_hops: { '*': `sip:127.0.0.1:${sipPort};transport=udp;lr` } }),
    components: (port) =>
      ['example.net', 'phones.corp.example', 'sip.example.org'].map((domain) => component(domain, port)),
  });

  for (const { name, uri, jid, otherJid, otherUri } of PAIRS) {
    test(`${name}: ${uri} is ${jid}, ${otherJid} is ${otherUri}, in both directions`, async () => {
      const status = await rig().status({ uri: otherUri, from: `<${uri}>`, body: 'there' });
      assert.equal(status, 202);
      const stanza = await rig().xmpp.stanzas.next('the message');
      assert.deepEqual([stanza.attr('from'), stanza.attr('to')], [jid, otherJid]);
      const id = unique('m');
      rig().xmpp.write(messageXml({ id, from: otherJid, to: jid, body: 'and back' }), jid.split('@')[1]);
      const request = await rig().sip.requests.next('the message back');
      assert.equal(request.startLine, `MESSAGE ${uri} SIP/2.0`);
      assert.equal(header(request, 'from').split(';tag=')[0], `<${otherUri}>`);
      assert.equal(header(request, 'to'), `<${uri}>`);
      rig().sip.requests.forget();
      rig().xmpp.stanzas.forget();
    });
  }
});

describe('ERR-R9: hops are counted through XMPP', () => {
  const rig = stage();

  async function back(own: Rig, maxForwards: number): Promise<string> {
    await own.ask({ maxForwards, body: 'round' });
    const stanza = await own.xmpp.stanzas.next('the message');
    const id = stanza.attr('id') ?? '';
    own.xmpp.write(messageXml({ id, body: 'and round' }));
    return id;
  }

  test('a message that returns with its id has one hop less', async () => {
    await back(rig(), 5);
    assert.equal(header(await rig().sip.requests.next('the message'), 'max-forwards'), '4');
  });

  test('after the last hop it is refused as a proxy would: 483, not-acceptable', async () => {
    const id = await back(rig(), 1);
    const error = await rig().xmpp.stanzas.next('the error');
    assert.equal(error.attr('id'), id);
    assert.equal(errorOf(error).condition, 'not-acceptable');
    assert.deepEqual(rig().sip.requests.untaken, []);
  });
});
