// Nothing that a peer supplies may add a header line, a stanza or an element (Bad input; promise 4).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isXmlText, type XmlElement } from '../../src/xml/index.ts';
import { header, type SipText } from '../peers/sip-text.ts';
import { stage } from './rig.ts';
import { textOf, unique, type RequestParts } from './sip-peer.ts';
import { bodyOf, escapeXml, messageXml, type StanzaParts } from './xmpp-peer.ts';

/** Fields that a MESSAGE of ours has; whatever else stood in one would have been put there by a peer. */
const OWN_FIELDS = new Set([
  'call-id',
  'content-language',
  'content-length',
  'content-type',
  'cseq',
  'date',
  'from',
  'max-forwards',
  'route',
  'subject',
  'to',
  'user-agent',
  'via',
]);

describe('from XMPP: line ends and other controls in every field', () => {
  const rig = stage();
  // The escape makes each of them a character reference, which an XML parser gives back as it is.
  const EVILS = [
    '\r\nX-Evil: 1',
    '\nX-Evil: 1',
    '\rX-Evil: 1',
    '\r\n\r\nbody',
    '\u0085X-Evil: 1',
    '\u2028X-Evil: 1',
    '",<sip:evil@example.net>;x="',
  ];

  const FIELDS: readonly (readonly [string, (evil: string) => StanzaParts])[] = [
    ['subject', (evil) => ({ more: `<subject>a${escapeXml(evil)}</subject>` })],
    ['thread', (evil) => ({ more: `<thread>a${escapeXml(evil)}</thread>` })],
    [
      'nick',
      (evil) => ({ more: `<nick xmlns='http://jabber.org/protocol/nick'>a${escapeXml(evil)}</nick>` }),
    ],
    ['xml:lang', (evil) => ({ lang: `en${evil}` })],
    ['id', (evil) => ({ id: `a${evil}` })],
    ['resource of from', (evil) => ({ from: `juliet@example.com/a${evil}` })],
    ['resource of to', (evil) => ({ to: `romeo@example.net/a${evil}` })],
    ['localpart of to', (evil) => ({ to: `romeo${evil}@example.net` })],
    [
      'delay stamp',
      (evil) => ({ more: `<delay xmlns='urn:xmpp:delay' stamp='2002-09-10T23:08:25Z${escapeXml(evil)}'/>` }),
    ],
    ['type', (evil) => ({ type: `chat${evil}` })],
  ];

  for (const [field, make] of FIELDS) {
    test(`${field}: no header line is added`, async () => {
      for (const evil of EVILS) {
        rig().sip.requests.forget();
        rig().xmpp.stanzas.forget();
        const [body, probe] = [unique('evil'), unique('probe')];
        rig().xmpp.write(messageXml({ id: unique('m'), ...make(evil), body }));
        rig().xmpp.write(messageXml({ to: 'probe@example.net', body: probe }));
        await rig().sip.requests.next('the probe', (request) => textOf(request) === probe);
        const outcomes = (): number => rig().sip.requests.untaken.length + rig().xmpp.stanzas.untaken.length;
        // With an at-sign of its own the address is at a domain that the link cannot answer for.
        const foreign = field === 'localpart of to' && evil.includes('@');
        // An error goes the other way than the probe, and may be slower.
        await rig().until('there is an outcome', () => foreign || outcomes() > 0);
        assert.equal(outcomes(), foreign ? 0 : 1, `${field} ${JSON.stringify(evil)}`);
        // Where the address cannot be one the message is refused instead of cleaned.
        for (const request of rig().sip.requests.untaken) assertClean(request, body);
        for (const stanza of rig().xmpp.stanzas.untaken) assert.equal(stanza.attr('type'), 'error');
      }
    });
  }

  function assertClean(request: SipText, body: string): void {
    const foreign = [...request.headers.keys()].filter((name) => !OWN_FIELDS.has(name));
    assert.deepEqual(foreign, []);
    for (const [name, values] of request.headers) {
      assert.equal(values.length, 1, name);
      // RFC 3261 §25.1: no control but HTAB; a bare CR or LF would be a line end to somebody.
      // oxlint-disable-next-line no-control-regex
      assert.doesNotMatch(values[0] ?? '', /[\u0000-\u0008\u000a-\u001f\u007f]/, name);
    }
    assert.equal(textOf(request), body);
    assert.equal(header(request, 'content-length'), String(request.body.length));
    assert.match(request.startLine, /^MESSAGE sip:[^ ]+ SIP\/2\.0$/);
    assert.match(header(request, 'to'), /^<sip:[^<>]*>$/);
    assert.match(
      header(request, 'from'),
      /^("([^"\\]|\\.)*" ?|[^<>",;]*)<sip:juliet@example\.com[^<>]*>;tag=[^;, ]+$/,
    );
  }

  test('a nick is a quoted display name, whatever is in it', async () => {
    const nick = `Ju"li\\et <sip:x@example.net>`;
    rig().xmpp.write(
      messageXml({
        id: 'n',
        body: 'x',
        more: `<nick xmlns='http://jabber.org/protocol/nick'>${escapeXml(nick)}</nick>`,
      }),
    );
    const from = header(await rig().sip.requests.next('the request'), 'from');
    const quoted = /^"((?:[^"\\]|\\.)*)" ?<sip:juliet@example\.com/.exec(from)?.[1];
    if (quoted !== undefined) assert.equal(quoted.replaceAll(/\\(.)/g, '$1'), nick);
    else assert.match(from, /^<sip:juliet@/);
  });
});

describe('from SIP: markup and controls in every field', () => {
  const rig = stage();
  const MARKUP = `</body></message><message to='x@example.com'><body>evil</body></message>&amp;&#x0;]]>'"`;

  const FIELDS: readonly (readonly [string, RequestParts])[] = [
    ['body', { body: MARKUP }],
    ['Subject', { headers: [['Subject', MARKUP]], body: 'x' }],
    ['Call-ID', { callId: `a<b>"'&lt;]]>`, body: 'x' }],
    ['display name', { from: `"${MARKUP.replaceAll('"', '\\"')}" <sip:romeo@example.net>`, body: 'x' }],
    ['user part', { from: '<sip:ro%3Cm%3E%26%22eo@example.net>', body: 'x' }],
    ['gr', { from: '<sip:romeo@example.net;gr=%3Ca%3E%26%27%22>', body: 'x' }],
    ['gr of the target', { uri: 'sip:juliet@example.com;gr=%3Ca%3E%26%27%22', body: 'x' }],
    ['Content-Language', { headers: [['Content-Language', `en'/><evil xmlns='`]], body: 'x' }],
    ['From tag', { fromTag: `a'%3C`, body: 'x' }],
    ['Subject with controls', { headers: [['Subject', 'a\u0001b\u0000c\u001fd\ufffe']], body: 'x' }],
    ['display name with controls', { from: '"a\u0001\u0008b" <sip:romeo@example.net>', body: 'x' }],
    ['user part with escaped controls', { from: '<sip:romeo%00%0d%0a@example.net>', body: 'x' }],
    ['gr with escaped controls', { from: '<sip:romeo@example.net;gr=a%00%01%0d%0a>', body: 'x' }],
    ['Subject that is no UTF-8', { headers: [['Subject', '\u00ff\u00fe']], body: 'x' }],
    ['body of lone surrogates in UTF-8', { body: Buffer.from('eda0bd20edb080', 'hex') }],
    [
      'CPIM Subject',
      { contentType: 'message/cpim', body: `Subject: ${MARKUP}\r\n\r\nContent-Type: text/plain\r\n\r\nx` },
    ],
  ];

  for (const [field, parts] of FIELDS) {
    test(`${field}: at most one stanza, with no element that is not ours`, async () => {
      rig().xmpp.stanzas.forget();
      await rig().ask({ fromTag: unique('t'), ...parts });
      const probe = unique('probe');
      await rig().ask({ body: probe });
      await rig().xmpp.stanzas.next('the probe', (stanza) => bodyOf(stanza) === probe);
      const came = [...rig().xmpp.stanzas.untaken];
      assert.ok(came.length <= 1);
      for (const stanza of came) assertOurs(stanza);
      assert.deepEqual(rig().xmpp.faults, []);
    });
  }

  function assertOurs(stanza: XmlElement): void {
    const known = new Set(['body', 'subject', 'thread', 'nick', 'delay', 'request']);
    for (const child of stanza.elements()) {
      assert.ok(known.has(child.name), child.name);
      assert.deepEqual([...child.elements()], []);
      assert.ok(isXmlText(child.text()), child.name);
    }
    for (let i = 0; i < stanza.attributes.length; i += 2) {
      assert.ok(['from', 'to', 'id', 'type', 'xml:lang'].includes(stanza.attributes[i] ?? ''));
      assert.ok(isXmlText(stanza.attributes[i + 1] ?? ''));
    }
    assert.match(stanza.attr('from') ?? '', /@example\.net(\/|$)/);
    assert.match(stanza.attr('to') ?? '', /^juliet@example\.com(\/|$)/);
  }

  test('the texts themselves arrive as they were', async () => {
    rig().xmpp.stanzas.forget();
    await rig().ask({ body: MARKUP, headers: [['Subject', MARKUP]] });
    const stanza = await rig().xmpp.stanzas.next('the message');
    assert.equal(bodyOf(stanza), MARKUP);
    assert.equal(stanza.child('subject')?.text(), MARKUP);
  });
});
