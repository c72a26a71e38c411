// What XMPP users send that becomes no MESSAGE, what they are told, and the manners of the gateway as a component.
// Rows IM-07, IM-11, IM-15 … IM-17, ERR-G6, ERR-G7, ERR-R1, ERR-R3, COMP-05, FEAT-01 … FEAT-07.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { play, stage, type Rig } from './rig.ts';
import { textOf, unique } from './sip-peer.ts';
import { errorOf, iqXml, JULIET, messageXml, ROMEO, type StanzaParts } from './xmpp-peer.ts';

/** Nothing came over, and an ordinary message does. */
async function untouched(rig: Rig): Promise<void> {
  const body = unique('probe');
  rig.xmpp.write(messageXml({ id: 'probe', body }));
  assert.equal(textOf(await rig.sip.requests.next('the probe')), body);
  assert.deepEqual(rig.sip.requests.untaken, []);
  assert.deepEqual(rig.xmpp.stanzas.untaken, []);
}

const OMEMO = `<encrypted xmlns='eu.siacs.conversations.axolotl'><payload>AAAA</payload></encrypted>`;
const FORWARDED =
  `<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='${JULIET}' to='${ROMEO}'>` +
  `<body>secret</body></message></forwarded>`;

describe('messages that are refused', () => {
  const rig = stage();
  const CASES: readonly (readonly [string, StanzaParts, string, string])[] = [
    [
      'ERR-G7: a sender whom no rule covers',
      { from: 'tybalt@elsewhere.example/x', body: 'x' },
      'forbidden',
      'auth',
    ],
    ['IM-07: groupchat to a person', { type: 'groupchat', body: 'x' }, 'service-unavailable', 'cancel'],
    [
      'IM-15: OMEMO with a fallback body',
      { body: 'You cannot read this', more: OMEMO },
      'not-acceptable',
      'modify',
    ],
    ['IM-15: OMEMO without a body', { more: OMEMO }, 'not-acceptable', 'modify'],
    ['IM-15: OTR', { body: '?OTR:AAMD' }, 'not-acceptable', 'modify'],
    [
      'IM-15: OpenPGP (XEP-0380)',
      { body: 'fallback', more: "<encryption xmlns='urn:xmpp:eme:0' namespace='urn:xmpp:openpgp:0'/>" },
      'not-acceptable',
      'modify',
    ],
    [
      'IM-17: a reaction without a body',
      { more: "<reactions xmlns='urn:xmpp:reactions:0' id='m1'><reaction>👍</reaction></reactions>" },
      'not-acceptable',
      'modify',
    ],
    [
      'IM-17: a retraction without a body',
      { more: "<retract xmlns='urn:xmpp:message-retract:1' id='m1'/>" },
      'not-acceptable',
      'modify',
    ],
  ];
  for (const [name, parts, condition, type] of CASES) {
    test(`${name} → ${condition}, ${type}; nothing is sent`, async () => {
      const id = unique('m');
      rig().xmpp.write(messageXml({ ...parts, id }));
      const stanza = await rig().xmpp.stanzas.next('the error');
      assert.equal(stanza.attr('id'), id);
      assert.equal(stanza.attr('from'), parts.to ?? ROMEO);
      assert.equal(stanza.attr('to'), parts.from ?? JULIET);
      const error = errorOf(stanza);
      assert.deepEqual([error.condition, error.type], [condition, type]);
      await untouched(rig());
    });
  }

  const SILENT: readonly (readonly [string, string])[] = [
    ['IM-11: no body, nothing that SIP could carry', messageXml({ more: "<x xmlns='urn:unknown'/>" })],
    ['IM-11: nothing at all', messageXml({ id: 'n' })],
    ['IM-16: carbons', messageXml({ more: `<sent xmlns='urn:xmpp:carbons:2'>${FORWARDED}</sent>` })],
    [
      'IM-16: an archive result',
      messageXml({ more: `<result xmlns='urn:xmpp:mam:2' queryid='q' id='1'>${FORWARDED}</result>` }),
    ],
    [
      'ERR-R1: an error with a body',
      messageXml({
        type: 'error',
        body: 'x',
        more: "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
      }),
    ],
    [
      'a receipt for a message that nobody sent',
      messageXml({ more: "<received xmlns='urn:xmpp:receipts' id='x'/>" }),
    ],
    ['a message without from', `<message to='${ROMEO}'><body>x</body></message>`],
  ];
  for (const [name, xml] of SILENT) {
    test(`${name}: nothing is sent, nothing is answered`, async () => {
      rig().xmpp.write(xml);
      await untouched(rig());
    });
  }

  test('IM-01: an empty body is carried or is nothing, but no error', async () => {
    rig().xmpp.write(messageXml({ id: 'empty', more: '<body/>' }));
    rig().xmpp.write(messageXml({ id: 'probe', body: 'probe' }));
    await rig().sip.requests.next('the probe', (request) => textOf(request) === 'probe');
    assert.deepEqual(rig().xmpp.stanzas.untaken, []);
    rig().sip.requests.forget();
  });

  test('IM-17, IM-18: corrections, replies and /me go as their text', async () => {
    const more = "<replace xmlns='urn:xmpp:message-correct:0' id='m0'/>";
    rig().xmpp.write(messageXml({ id: 'c', body: '/me corrects', more }));
    assert.equal(textOf(await rig().sip.requests.next('the message')), '/me corrects');
  });

  test('COMP-03: a stanza for a domain that is not the link’s is dropped', async () => {
    rig().xmpp.write(messageXml({ id: 'x', to: 'romeo@other.example', body: 'x' }));
    await untouched(rig());
    assert.equal(rig().counter('stoxgate_xmpp_misaddressed_total') > 0, true);
  });

  play(
    'IM-15: messages.encrypted: fallback sends the fallback text',
    { messages: { encrypted: 'fallback' } },
    async (own) => {
      own.xmpp.write(messageXml({ id: 'f', body: 'fallback', more: OMEMO }));
      assert.equal(textOf(await own.sip.requests.next('the message')), 'fallback');
    },
  );

  play(
    'ERR-G6: a user part that SIP cannot have at a rule that covers it, or a target without a rule',
    {
      domains: [
        { home: 'sip', sip: '*', xmpp: 'gw.example.com' },
        { home: 'xmpp', xmpp: 'example.com', sip: 'example.com' },
      ],
      components: (port) => [{ domain: 'gw.example.com', host: '127.0.0.1', port, secret: 'secret' }],
    },
    async (own) => {
      own.xmpp.write(messageXml({ id: 'g6', to: 'nobody@gw.example.com', body: 'x' }));
      const stanza = await own.xmpp.stanzas.next('the error');
      assert.ok(['item-not-found', 'remote-server-not-found'].includes(errorOf(stanza).condition ?? ''));
      assert.deepEqual(own.sip.requests.all, []);
    },
  );
});

describe('a good citizen (COMP-05)', () => {
  const rig = stage();
  const ask = async (type: string, to: string, payload: string) => {
    const id = unique('iq');
    rig().xmpp.write(iqXml(type, id, to, payload));
    const answer = await rig().xmpp.stanzas.next('the answer');
    assert.equal(answer.name, 'iq');
    assert.equal(answer.attr('id'), id);
    assert.equal(answer.attr('from'), to);
    assert.equal(answer.attr('to'), JULIET);
    return answer;
  };

  test('FEAT-01: disco#info of the domain has a gateway identity and the features', async () => {
    const answer = await ask('get', 'example.net', "<query xmlns='http://jabber.org/protocol/disco#info'/>");
    assert.equal(answer.attr('type'), 'result');
    const children = [...(answer.child('query')?.elements() ?? [])];
    const identity = children.find(({ name }) => name === 'identity');
    assert.deepEqual([identity?.attr('category'), identity?.attr('type')], ['gateway', 'sip']);
    const features = children.filter(({ name }) => name === 'feature').map((child) => child.attr('var'));
    for (const feature of [
      'http://jabber.org/protocol/disco#info',
      'urn:xmpp:ping',
      'jabber:iq:version',
      'jid\\20escaping',
    ])
      assert.ok(features.includes(feature), feature);
  });

  test('FEAT-02: a user is account/registered, whoever he is', async () => {
    for (const to of [ROMEO, 'nobody-of-that-name@example.net']) {
      const answer = await ask('get', to, "<query xmlns='http://jabber.org/protocol/disco#info'/>");
      const identity = answer.child('query')?.child('identity');
      assert.deepEqual([identity?.attr('category'), identity?.attr('type')], ['account', 'registered']);
    }
  });

  const RESULTS: readonly (readonly [string, string, string])[] = [
    ['FEAT-06: ping of the domain', 'example.net', "<ping xmlns='urn:xmpp:ping'/>"],
    ['FEAT-06: ping of a user', ROMEO, "<ping xmlns='urn:xmpp:ping'/>"],
    ['FEAT-06: version', 'example.net', "<query xmlns='jabber:iq:version'/>"],
    ['last activity of the domain', 'example.net', "<query xmlns='jabber:iq:last'/>"],
    ['disco#items', 'example.net', "<query xmlns='http://jabber.org/protocol/disco#items'/>"],
  ];
  for (const [name, to, payload] of RESULTS) {
    test(`${name}: a result`, async () =>
      assert.equal((await ask('get', to, payload)).attr('type'), 'result'));
  }

  for (const type of ['get', 'set']) {
    test(`ERR-R3, FEAT-07: an unknown ${type}: service-unavailable, cancel`, async () => {
      for (const to of ['example.net', ROMEO, `${ROMEO}/orchard`]) {
        const error = errorOf(await ask(type, to, "<query xmlns='urn:unknown'/>"));
        assert.deepEqual([error.condition, error.type], ['service-unavailable', 'cancel']);
      }
    });
  }

  test('ERR-R1: results and errors are not answered', async () => {
    rig().xmpp.write(iqXml('result', 'r', ROMEO, ''));
    rig().xmpp.write(
      iqXml(
        'error',
        'e',
        ROMEO,
        "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
      ),
    );
    rig().xmpp.write(`<presence type='error' from='${JULIET}' to='${ROMEO}' id='p'/>`);
    await untouched(rig());
  });
});
