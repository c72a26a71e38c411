// XMPP → SIP through the whole gateway: the MESSAGE that goes out, and the one outcome that the sender is told
// (interworking rows IM-01 … IM-18, IM-30, IM-33, ERR-S300 … S6xx, ERR-R1, R2).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { XmlElement } from '../../src/xml/index.ts';
import { header, type SipText } from '../peers/sip-text.ts';
import { pause, stage, type Rig } from './rig.ts';
import { branchOf, textOf, unique, type Answer } from './sip-peer.ts';
import { errorOf, JULIET, messageXml, ROMEO, type StanzaParts } from './xmpp-peer.ts';

/** Sends a message of Juliet's and gives the SIP request that it became. */
async function sent(rig: Rig, parts: StanzaParts): Promise<SipText> {
  rig.xmpp.write(messageXml({ id: unique('m'), ...parts }));
  return await rig.sip.requests.next('the request');
}

/** Sends a message that is answered like this, and gives the error stanza that came of it. */
async function failed(rig: Rig, answer: number | Answer, parts: StanzaParts = {}): Promise<XmlElement> {
  rig.sip.answer = () => answer;
  const id = parts.id ?? unique('m');
  rig.xmpp.write(messageXml({ body: 'x', ...parts, id }));
  return await rig.xmpp.stanzas.next('the error', (stanza) => stanza.attr('id') === id);
}

/** RFC 6120 §8.3.1: addresses swapped, the id kept. */
function assertReply(stanza: XmlElement, id: string, from = ROMEO, to = JULIET): void {
  assert.equal(stanza.name, 'message');
  assert.equal(stanza.attr('type'), 'error');
  assert.equal(stanza.attr('id'), id);
  assert.equal(stanza.attr('from'), from);
  assert.equal(stanza.attr('to'), to);
}

describe('a message crosses', () => {
  const rig = stage();

  const TEXTS: readonly (readonly [string, string])[] = [
    ['one octet', 'a'],
    ['markup', `<b>&amp;"it's"</b> ]]>`],
    ['line ends', 'one\ntwo\n\nfour'],
    ['emoji outside of the basic plane', '👩‍👩‍👧‍👦 🇩🇪'],
    ['right to left', 'שלום, مرحبا'],
    ['white space at both ends', '  a\tb  '],
  ];
  for (const [name, text] of TEXTS) {
    test(`IM-01: ${name} arrives as it was, in text/plain and UTF-8`, async () => {
      const request = await sent(rig(), { body: text });
      assert.equal(textOf(request), text);
      assert.match(header(request, 'content-type'), /^text\/plain; ?charset=UTF-8$/i);
      assert.equal(header(request, 'content-length'), String(Buffer.byteLength(text)));
    });
  }

  test('IM-02 … IM-08: subject, thread, addresses, language', async () => {
    const request = await sent(rig(), {
      body: 'Art thou not Romeo?',
      lang: 'en',
      more: '<subject>Grüße</subject><thread>711609sa</thread>',
    });
    assert.equal(request.startLine, 'MESSAGE sip:romeo@example.net SIP/2.0');
    assert.match(header(request, 'from'), /^<sip:juliet@example\.com;gr=balcony>;tag=./);
    assert.equal(header(request, 'to'), '<sip:romeo@example.net>');
    assert.equal(header(request, 'subject'), 'Grüße');
    assert.equal(header(request, 'call-id'), '711609sa');
    assert.equal(header(request, 'content-language'), 'en');
    assert.equal(header(request, 'max-forwards'), '70');
    assert.match(branchOf(request), /^z9hG4bK/);
    // RFC 3428 §4: a MESSAGE has no Contact.
    assert.equal(request.headers.has('contact'), false);
    // The next hop has ;lr: it is in a Route, and the Request-URI stays.
    assert.match(header(request, 'route'), new RegExp(`^<sip:127\\.0\\.0\\.1:${rig().sip.port};.*lr>$`));
  });

  test('IM-06: the resource of a full JID is gr', async () => {
    const request = await sent(rig(), { to: `${ROMEO}/orchard`, body: 'x' });
    assert.equal(request.startLine, 'MESSAGE sip:romeo@example.net;gr=orchard SIP/2.0');
  });

  test('IM-03: two messages of one thread are not merged: same Call-ID, other From tag or higher CSeq', async () => {
    const thread = '<thread>one-thread</thread>';
    const first = await sent(rig(), { body: 'a', more: thread });
    const second = await sent(rig(), { body: 'b', more: thread });
    assert.equal(header(second, 'call-id'), header(first, 'call-id'));
    const merge = (request: SipText): string =>
      [header(request, 'from').split(';tag=')[1], header(request, 'cseq')].join(' ');
    assert.notEqual(merge(second), merge(first));
  });

  test('IM-28: the type that Juliet used last is the type of the answer (mirror)', async () => {
    await sent(rig(), { body: 'chat', type: 'chat' });
    await rig().ask({ body: 'back' });
    assert.equal((await rig().xmpp.stanzas.next('the answer')).attr('type'), 'chat');
    await sent(rig(), { body: 'normal' });
    await rig().ask({ body: 'back' });
    assert.ok([undefined, 'normal'].includes((await rig().xmpp.stanzas.next('the answer')).attr('type')));
  });

  test('ERR-S1xx2xx, RCPT-10: 100, 180, 200 and 202 are silence', async () => {
    for (const status of [200, 202]) {
      rig().sip.answer = () => undefined;
      const request = await sent(rig(), { body: 'x', more: "<request xmlns='urn:xmpp:receipts'/>" });
      rig().sip.respond(request, 100);
      rig().sip.respond(request, 180);
      rig().sip.respond(request, status);
    }
    await rig().until('both are delivered', () => rig().held('messages_to_sip') === 0);
    await pause(30);
    assert.deepEqual(rig().xmpp.stanzas.untaken, []);
    rig().sip.answer = () => 200;
  });
});

describe('RFC 7247 Table 3: a final response becomes an error stanza', () => {
  const rig = stage();

  // Status, condition, type: interworking/02.
  const ROWS: readonly (readonly [number, string, string])[] = [
    [300, 'redirect', 'modify'],
    [301, 'gone', 'cancel'],
    [302, 'redirect', 'modify'],
    [305, 'redirect', 'modify'],
    [380, 'not-acceptable', 'modify'],
    [399, 'redirect', 'modify'],
    [400, 'bad-request', 'modify'],
    [401, 'not-authorized', 'auth'],
    [402, 'bad-request', 'modify'],
    [403, 'forbidden', 'auth'],
    [404, 'item-not-found', 'cancel'],
    [405, 'feature-not-implemented', 'cancel'],
    [406, 'not-acceptable', 'modify'],
    [407, 'registration-required', 'auth'],
    [408, 'remote-server-timeout', 'wait'],
    [410, 'gone', 'cancel'],
    [413, 'policy-violation', 'modify'],
    [414, 'policy-violation', 'modify'],
    [415, 'not-acceptable', 'modify'],
    [416, 'not-acceptable', 'modify'],
    [420, 'feature-not-implemented', 'cancel'],
    [421, 'not-acceptable', 'modify'],
    [423, 'resource-constraint', 'wait'],
    [428, 'bad-request', 'modify'],
    [430, 'recipient-unavailable', 'wait'],
    [439, 'feature-not-implemented', 'cancel'],
    [440, 'policy-violation', 'modify'],
    [480, 'recipient-unavailable', 'wait'],
    [481, 'item-not-found', 'cancel'],
    [482, 'not-acceptable', 'modify'],
    [483, 'not-acceptable', 'modify'],
    [484, 'item-not-found', 'cancel'],
    [485, 'item-not-found', 'cancel'],
    [486, 'recipient-unavailable', 'wait'],
    [487, 'recipient-unavailable', 'wait'],
    [488, 'not-acceptable', 'modify'],
    [489, 'policy-violation', 'modify'],
    [491, 'unexpected-request', 'wait'],
    [493, 'bad-request', 'modify'],
    [494, 'bad-request', 'modify'],
    [500, 'internal-server-error', 'cancel'],
    [501, 'feature-not-implemented', 'cancel'],
    [502, 'remote-server-not-found', 'cancel'],
    [503, 'internal-server-error', 'cancel'],
    [504, 'remote-server-timeout', 'wait'],
    [505, 'not-acceptable', 'modify'],
    [513, 'policy-violation', 'modify'],
    [580, 'internal-server-error', 'cancel'],
    [600, 'recipient-unavailable', 'wait'],
    [603, 'recipient-unavailable', 'wait'],
    [604, 'item-not-found', 'cancel'],
    [606, 'not-acceptable', 'modify'],
    [608, 'recipient-unavailable', 'wait'],
  ];
  for (const [status, condition, type] of ROWS) {
    test(`ERR-S${status} → ${condition}, ${type}`, async () => {
      const id = `s${status}`;
      const stanza = await failed(rig(), { status, reason: 'Grund: ü' }, { id });
      assertReply(stanza, id);
      const error = errorOf(stanza);
      assert.equal(error.condition, condition);
      assert.equal(error.type, type);
      // ERR-S-txt.
      assert.equal(error.text, 'Grund: ü');
    });
  }

  test('ERR-S301, S302: the new address is the text of the condition', async () => {
    const headers = [['Contact', '<sip:romeo2@example.net>']] as const;
    assert.equal(errorOf(await failed(rig(), { status: 301, headers })).address, 'xmpp:romeo2@example.net');
    assert.equal(errorOf(await failed(rig(), { status: 302, headers })).address, 'xmpp:romeo2@example.net');
  });

  test('ERR-S410: no text in gone, whatever Contact says (MUST NOT)', async () => {
    const headers = [['Contact', '<sip:romeo2@example.net>']] as const;
    assert.equal(errorOf(await failed(rig(), { status: 410, headers })).address, '');
  });

  test('ERR-R2: it comes from the address that the sender used: full stays full', async () => {
    const id = unique('m');
    assertReply(await failed(rig(), 404, { id, to: `${ROMEO}/orchard` }), id, `${ROMEO}/orchard`);
  });

  test('ERR-R1: an error about this error is not answered', async () => {
    const stanza = await failed(rig(), 404);
    const requests = rig().sip.requests.all.length;
    rig().xmpp.write(
      `<message type='error' from='${JULIET}' to='${ROMEO}' id='${stanza.attr('id')}'><body>x</body>` +
        `<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>`,
    );
    await failed(rig(), 404);
    assert.deepEqual(rig().xmpp.stanzas.untaken, []);
    assert.equal(rig().sip.requests.all.length, requests + 1);
  });

  test('a reason phrase with markup and controls is text', async () => {
    const error = errorOf(await failed(rig(), { status: 404, reason: `<a/>&amp;\u0001]]>"` }));
    assert.equal(error.condition, 'item-not-found');
    assert.match(error.text ?? '', /^<a\/>&amp;\ufffd?\]\]>"$/);
  });
});

describe('IM-30: the whole request is at most 1300 octets', () => {
  const rig = stage();

  test('exactly 1300 goes out, 1301 is policy-violation and nothing is sent', async () => {
    // The Call-ID is the thread, so that nothing but the body is of varying length.
    const more = '<thread>size</thread>';
    const probe = await sent(rig(), { body: 'x'.repeat(500), more });
    const fits = 1300 - probe.bytes + 500;
    const whole = await sent(rig(), { body: 'x'.repeat(fits), more });
    assert.equal(whole.bytes, 1300);
    const before = rig().sip.requests.all.length;
    const id = unique('m');
    rig().xmpp.write(messageXml({ id, body: 'x'.repeat(fits + 1), more }));
    const stanza = await rig().xmpp.stanzas.next('the error');
    assertReply(stanza, id);
    assert.equal(errorOf(stanza).condition, 'policy-violation');
    assert.equal(rig().sip.requests.all.length, before);
  });

  test('ADDR-70: a nick is cut after 128 characters, and left out where the message has no room for it', async () => {
    const nick = (text: string): string => `<nick xmlns='http://jabber.org/protocol/nick'>${text}</nick>`;
    const more = '<thread>size</thread>';
    const cut = await sent(rig(), { body: 'x', more: more + nick('n'.repeat(1400)) });
    assert.match(header(cut, 'from'), /^"?n{128}"? ?<sip:juliet@example\.com/);
    const bare = await sent(rig(), { body: 'x', more });
    const body = 'x'.repeat(1300 - bare.bytes - 10);
    const whole = await sent(rig(), { body, more: more + nick('😀'.repeat(200)) });
    assert.equal(textOf(whole), body);
    assert.match(header(whole, 'from'), /^<sip:juliet@example\.com[^>]*>;tag=\w+$/);
  });

  test('octets count, not characters', async () => {
    const stanza = await failed(rig(), 200, { body: 'ü'.repeat(700) });
    assert.equal(errorOf(stanza).condition, 'policy-violation');
  });
});

describe('IM-33: one MESSAGE outstanding to each target', () => {
  const rig = stage();

  test('the next goes when the one before has its final response, in order; other targets do not wait', async () => {
    rig().sip.answer = () => undefined;
    for (const body of ['1', '2', '3']) rig().xmpp.write(messageXml({ id: body, body }));
    rig().xmpp.write(messageXml({ id: 'other', to: 'mercutio@example.net', body: 'other' }));
    const next = (): Promise<SipText> =>
      rig().sip.requests.next('the request', (request) => request.startLine.includes('romeo'));
    let request = await next();
    const other = await rig().sip.requests.next('the other', (each) => each.startLine.includes('mercutio'));
    rig().sip.respond(other, 200);
    for (const body of ['1', '2', '3']) {
      assert.equal(textOf(request), body);
      await pause(20);
      assert.equal(rig().sip.requests.untaken.length, 0);
      // A refusal ends the turn as well as a success.
      rig().sip.respond(request, body === '2' ? 486 : 200);
      if (body !== '3') request = await next();
    }
    assert.equal((await rig().xmpp.stanzas.next('the refusal')).attr('id'), '2');
  });

  test('ERR-G2: a full queue is resource-constraint (wait); what waits is not harmed', async () => {
    rig().sip.requests.forget();
    rig().sip.answer = () => undefined;
    const before = rig().sip.requests.all.length;
    const count = 120;
    let text = '';
    for (let i = 0; i < count; i++) text += messageXml({ id: `q${i}`, body: String(i) });
    rig().xmpp.write(text);
    const refused = await rig().xmpp.stanzas.next('a refusal');
    assert.equal(errorOf(refused).condition, 'resource-constraint');
    assert.equal(errorOf(refused).type, 'wait');
    rig().sip.answer = () => 200;
    rig().sip.respond(await rig().sip.requests.next('the first'), 200);
    await rig().until('all have their outcome', () => rig().held('messages_to_sip') === 0);
    const delivered = rig().sip.requests.all.slice(before).map(textOf);
    const told = rig().xmpp.stanzas.all.filter((stanza) => stanza.attr('id')?.startsWith('q'));
    assert.equal(delivered.length + told.length, count);
    assert.deepEqual(
      delivered,
      Array.from(delivered, (_, i) => String(i)),
      'in order',
    );
    rig().xmpp.stanzas.forget();
  });
});
