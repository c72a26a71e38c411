// SIP → XMPP through the whole gateway: what crosses, and the one outcome that the sender is told
// (interworking rows IM-20 … IM-29, ERR-X01 … ERR-X26, RCPT-03, RCPT-05).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { XmlElement } from '../../src/xml/index.ts';
import { header, statusOf } from '../peers/sip-text.ts';
import { pause, play, stage, type Rig } from './rig.ts';
import { branchOf, requestBytes, TcpCaller, textOf, unique, type RequestParts } from './sip-peer.ts';
import { bodyOf, errorXml, receiptXml } from './xmpp-peer.ts';

describe('a MESSAGE crosses', () => {
  const rig = stage();

  const TEXTS: readonly (readonly [string, string])[] = [
    ['one octet', 'a'],
    ['markup', `<b>&amp;"it's"</b> ]]>`],
    ['line ends (IM-50: LF)', 'one\ntwo\n\nfour'],
    ['emoji outside of the basic plane', '👩‍👩‍👧‍👦 🇩🇪'],
    ['right to left', 'שלום, مرحبا'],
    ['white space at both ends', '  a\tb  '],
    ['8000 octets', 'x'.repeat(8000)],
  ];
  for (const [name, text] of TEXTS) {
    test(`IM-20: ${name} arrives as it was, answered 202 (IM-29)`, async () => {
      const response = await rig().ask({ body: text });
      assert.equal(statusOf(response), 202);
      const stanza = await rig().xmpp.stanzas.next('the message');
      assert.equal(bodyOf(stanza), text);
    });
  }

  test('IM-21 … IM-28: Subject, Call-ID, addresses, id, language and type', async () => {
    const callId = unique('thread');
    const parts: RequestParts = {
      callId,
      body: 'Neither, fair saint',
      headers: [
        ['Subject', 'Grüße'],
        ['Content-Language', 'de-AT, en'],
      ],
    };
    assert.equal(await rig().status(parts), 202);
    const stanza = await rig().xmpp.stanzas.next('the message');
    assert.equal(stanza.name, 'message');
    assert.equal(stanza.attr('from'), 'romeo@example.net');
    assert.equal(stanza.attr('to'), 'juliet@example.com');
    assert.equal(stanza.attr('xml:lang'), 'de-AT');
    assert.ok([undefined, 'normal'].includes(stanza.attr('type')), 'RFC 7572 §5: absent or normal');
    assert.ok(stanza.attr('id'));
    assert.equal(stanza.child('subject')?.text(), 'Grüße');
    assert.equal(stanza.child('thread')?.text(), callId);
    assert.equal(stanza.child('body')?.text(), 'Neither, fair saint');
  });

  test('IM-23, IM-24: gr on either address is the resource of a full JID', async () => {
    const status = await rig().status({
      uri: 'sip:juliet@example.com;gr=balcony',
      from: '<sip:romeo@example.net;gr=orchard>',
      body: 'here',
    });
    assert.equal(status, 202);
    const stanza = await rig().xmpp.stanzas.next('the message');
    assert.equal(stanza.attr('from'), 'romeo@example.net/orchard');
    assert.equal(stanza.attr('to'), 'juliet@example.com/balcony');
  });

  test('IM-24: the Request-URI decides, not To', async () => {
    assert.equal(await rig().status({ to: '<sip:nurse@example.com>', body: 'for Juliet' }), 202);
    assert.equal((await rig().xmpp.stanzas.next('the message')).attr('to'), 'juliet@example.com');
  });

  test('RFC 3261 §18: the same over TCP, two requests in one segment', async () => {
    const caller = rig().own(await TcpCaller.open(rig().tcpPort));
    const [first, second] = ['one', 'two'].map((body) => requestBytes({ body }, 'TCP', '127.0.0.1:9'));
    assert.ok(first && second);
    caller.write(Buffer.concat([first.bytes, second.bytes]));
    for (const { branch } of [first, second]) {
      const response = await caller.responses.next('a response', (each) => branchOf(each) === branch);
      assert.equal(statusOf(response), 202);
    }
    assert.equal(bodyOf(await rig().xmpp.stanzas.next('the first')), 'one');
    assert.equal(bodyOf(await rig().xmpp.stanzas.next('the second')), 'two');
  });

  test('RFC 3581 §4: the response goes to the port that the request came from', async () => {
    const response = await rig().ask({ body: 'rport' });
    await rig().xmpp.stanzas.next('the message');
    assert.match(header(response, 'via'), new RegExp(`rport=${rig().sip.port}(;|$)`));
  });

  test('RFC 3261 §17.2.2: a datagram that comes three times is one stanza, and gets the same answer each time', async () => {
    const parts: RequestParts = { body: 'again', fromTag: 'again', callId: unique('dup') };
    const { bytes, branch } = requestBytes(parts, 'UDP', `127.0.0.1:${rig().sip.port}`);
    rig().xmpp.barrier = 'hold';
    rig().sip.send(bytes, rig().port);
    await rig().xmpp.stanzas.next('the message');
    // In state Trying nothing can be answered; in Completed the final response is.
    rig().sip.send(bytes, rig().port);
    rig().xmpp.release();
    rig().xmpp.barrier = 'return';
    assert.equal(statusOf(await rig().sip.final(branch)), 202);
    rig().sip.send(bytes, rig().port);
    const repeated = await rig().sip.final(branch);
    assert.equal(statusOf(repeated), 202);
    await inspect(rig());
  });

  test('RFC 3261 §8.2.2.2: the same request by another way is merged: 482, and one stanza', async () => {
    const parts: RequestParts = { body: 'merged', fromTag: 'm', callId: unique('merge') };
    rig().xmpp.barrier = 'hold';
    const first = rig().sip.sendRequest(parts, rig().port);
    await rig().xmpp.stanzas.next('the message');
    assert.equal(await rig().status(parts), 482);
    rig().xmpp.release();
    rig().xmpp.barrier = 'return';
    assert.equal(statusOf(await rig().sip.final(first)), 202);
    await inspect(rig());
  });
});

/** Nothing came over but what the test took: one more message is the next. */
async function inspect(rig: Rig): Promise<void> {
  const body = unique('probe');
  assert.equal(await rig.status({ body }), 202);
  assert.equal(bodyOf(await rig.xmpp.stanzas.next('the probe')), body);
}

describe('IM-29: what decides the final response', () => {
  const rig = stage();

  test('nothing is answered before the barrier returns', async () => {
    rig().xmpp.barrier = 'hold';
    const branch = rig().sip.sendRequest({ body: 'not yet' }, rig().port);
    await rig().xmpp.stanzas.next('the message');
    await pause(100);
    assert.deepEqual(rig().sip.responses.untaken, []);
    rig().xmpp.release();
    rig().xmpp.barrier = 'return';
    assert.equal(statusOf(await rig().sip.final(branch)), 202);
  });

  test('a receipt (XEP-0184) that comes before the barrier: 200', async () => {
    rig().xmpp.react = receiptXml;
    assert.equal(await rig().status({ body: 'received' }), 200);
    rig().xmpp.react = () => undefined;
    rig().xmpp.stanzas.forget();
  });

  test('a receipt after the 202 changes nothing for a sender who asked for none', async () => {
    const stanza = await accepted(rig(), { body: 'late receipt' });
    rig().xmpp.write(receiptXml(stanza));
    await inspect(rig());
    assert.deepEqual(rig().sip.requests.all, []);
  });

  test('an error after the 202 is a counted and logged loss', async () => {
    const stanza = await accepted(rig(), { body: 'lost' });
    rig().xmpp.write(errorXml(stanza, 'service-unavailable'));
    await rig().until('it is counted', () => rig().counter('stoxgate_messages_lost_total') === 1);
    const entry = rig().log.find(({ event }) => event === 'message.lost');
    assert.equal(entry?.fields['cid'], stanza.attr('id'));
    assert.deepEqual(rig().sip.requests.all, []);
  });

  play(
    'messages.accepted: 200 says 200 where 202 is the default (RFC 7572 §5)',
    { messages: { accepted: 200 } },
    async (own) => {
      assert.equal(await own.status({ body: 'to the letter' }), 200);
    },
  );
});

async function accepted(rig: Rig, parts: RequestParts): Promise<XmlElement> {
  assert.equal(await rig.status(parts), 202);
  return await rig.xmpp.stanzas.next('the message');
}

describe('RFC 7247 Table 2: an error stanza before the barrier becomes the response', () => {
  const rig = stage();
  const FULL = 'sip:juliet@example.com;gr=balcony';
  const BARE = 'sip:juliet@example.com';

  // Statuses about a full and about a bare JID, from interworking/02 with its practice notes for MESSAGE.
  const ROWS: readonly (readonly [string, string, number, number])[] = [
    ['ERR-X01', 'bad-request', 400, 400],
    ['ERR-X02', 'conflict', 400, 400],
    ['ERR-X03', 'feature-not-implemented', 405, 501],
    ['ERR-X04', 'forbidden', 403, 603],
    ['ERR-X06', 'gone', 410, 410],
    ['ERR-X07', 'internal-server-error', 500, 500],
    ['ERR-X08', 'item-not-found', 404, 604],
    ['ERR-X09', 'jid-malformed', 400, 400],
    ['ERR-X10', 'not-acceptable', 406, 606],
    ['ERR-X11', 'not-allowed', 403, 403],
    ['ERR-X12', 'not-authorized', 403, 403],
    ['ERR-X13', 'policy-violation', 403, 403],
    ['ERR-X14', 'recipient-unavailable', 480, 600],
    ['ERR-X15 (without address)', 'redirect', 480, 480],
    ['ERR-X16', 'registration-required', 403, 403],
    ['ERR-X17', 'remote-server-not-found', 404, 404],
    ['ERR-X18 (RFC 4320: never 408)', 'remote-server-timeout', 504, 504],
    ['ERR-X19', 'resource-constraint', 500, 500],
    ['ERR-X20 (never 503)', 'service-unavailable', 480, 480],
    ['ERR-X21', 'subscription-required', 400, 400],
    ['ERR-X22', 'undefined-condition', 400, 400],
    ['ERR-X23 (outside a dialog)', 'unexpected-request', 400, 400],
    ['ERR-X24', 'payment-required', 402, 402],
  ];
  for (const [row, condition, full, bare] of ROWS) {
    test(`${row}: ${condition} → ${full} (full JID), ${bare} (bare JID)`, async () => {
      rig().xmpp.react = (stanza) => errorXml(stanza, condition);
      assert.equal(await rig().status({ uri: FULL, body: condition }), full);
      assert.equal(await rig().status({ uri: BARE, body: condition }), bare);
    });
  }

  test('ERR-X03: the 405 names the methods that are allowed (RFC 3261 §21.4.6)', async () => {
    rig().xmpp.react = (stanza) => errorXml(stanza, 'feature-not-implemented');
    const response = await rig().ask({ uri: FULL, body: 'no' });
    assert.equal(statusOf(response), 405);
    assert.ok(response.headers.has('allow'));
  });

  test('ERR-X05: gone with an address → 301 with Contact', async () => {
    rig().xmpp.react = (stanza) => errorXml(stanza, 'gone', { address: 'xmpp:capulet@example.com' });
    const response = await rig().ask({ uri: BARE, body: 'moved' });
    assert.equal(statusOf(response), 301);
    assert.equal(header(response, 'contact'), '<sip:capulet@example.com>');
  });

  test('ERR-X15: redirect with an address → 302 with Contact', async () => {
    rig().xmpp.react = (stanza) => errorXml(stanza, 'redirect', { address: 'xmpp:nurse@example.com' });
    const response = await rig().ask({ uri: BARE, body: 'elsewhere' });
    assert.equal(statusOf(response), 302);
    assert.equal(header(response, 'contact'), '<sip:nurse@example.com>');
  });

  test('ERR-X19: resource-constraint says when to try again', async () => {
    rig().xmpp.react = (stanza) => errorXml(stanza, 'resource-constraint');
    const response = await rig().ask({ uri: BARE, body: 'busy' });
    assert.match(header(response, 'retry-after'), /^\d+/);
  });

  const BY_TYPE: readonly (readonly [string, number])[] = [
    ['auth', 403],
    ['cancel', 500],
    ['continue', 500],
    ['modify', 400],
    ['wait', 480],
  ];
  for (const [type, status] of BY_TYPE) {
    test(`ERR-X25: an unknown condition of type ${type}, or none, → ${status}`, async () => {
      rig().xmpp.react = (stanza) => errorXml(stanza, 'of-another-world', { type });
      assert.equal(await rig().status({ body: 'unknown' }), status);
      rig().xmpp.react = (stanza) => errorXml(stanza, '', { type });
      assert.equal(await rig().status({ body: 'none' }), status);
    });
  }

  test('ERR-X26: the text is the reason phrase, on one line, in UTF-8', async () => {
    rig().xmpp.react = (stanza) =>
      errorXml(stanza, 'item-not-found', { text: 'Kein Zugang\r\nX-Injected: 1\r\n\r\nfür Sie' });
    const response = await rig().ask({ body: 'who' });
    assert.equal(response.startLine, 'SIP/2.0 604 Kein Zugang X-Injected: 1 für Sie');
    assert.equal(response.headers.has('x-injected'), false);
  });

  test('the error of a server that answers for the bare JID of a full one', async () => {
    rig().xmpp.react = (stanza) => errorXml(stanza, 'item-not-found', { from: 'juliet@example.com' });
    assert.equal(await rig().status({ uri: FULL, body: 'who' }), 604);
  });

  test('ERR-R1: none of these errors was answered with another', async () => {
    rig().xmpp.react = () => undefined;
    rig().xmpp.stanzas.forget();
    await inspect(rig());
    assert.equal(
      rig().xmpp.stanzas.all.every((stanza) => stanza.attr('type') !== 'error'),
      true,
    );
  });
});

describe('delivery reports to SIP senders who ask for them (RFC 5438)', () => {
  const rig = stage();
  const cpim = (id: string, wishes: string): string =>
    [
      'From: <im:romeo@example.net>',
      'To: <im:juliet@example.com>',
      'DateTime: 2020-01-01T00:00:00Z',
      'NS: imdn <urn:ietf:params:imdn>',
      `imdn.Message-ID: ${id}`,
      `imdn.Disposition-Notification: ${wishes}`,
      '',
      'Content-Type: text/plain;charset=UTF-8',
      '',
      'Are you there?',
    ].join('\r\n');

  const report = async (): Promise<string> => {
    const request = await rig().sip.requests.next('the report');
    assert.match(request.startLine, /^MESSAGE sip:romeo@example\.net[; ]/);
    assert.match(header(request, 'from'), /^<sip:juliet@example\.com>/);
    assert.equal(header(request, 'content-type'), 'message/cpim');
    return textOf(request);
  };

  test('RCPT-05: an error after the 202 → a negative notification reaches the sender', async () => {
    const stanza = await accepted(rig(), {
      contentType: 'message/cpim',
      body: cpim('neg1', 'positive-delivery, negative-delivery'),
    });
    assert.equal(bodyOf(stanza), 'Are you there?');
    rig().xmpp.write(errorXml(stanza, 'recipient-unavailable'));
    const text = await report();
    assert.match(text, /<message-id>neg1<\/message-id>/);
    assert.match(text, /<delivery-notification>\s*<status>\s*<(failed|error)\s*\/>/);
    assert.match(text, /Content-Disposition: notification/i);
  });

  test('RCPT-03: a receipt after the 202 → a positive notification', async () => {
    const stanza = await accepted(rig(), {
      contentType: 'message/cpim',
      body: cpim('pos1', 'positive-delivery'),
    });
    assert.ok(stanza.child('request', 'urn:xmpp:receipts'));
    rig().xmpp.write(receiptXml(stanza));
    assert.match(await report(), /<message-id>pos1<\/message-id>[^]*<delivered\s*\/>/);
  });

  test('negative-delivery not asked for: a loss, and no notification', async () => {
    const stanza = await accepted(rig(), {
      contentType: 'message/cpim',
      body: cpim('pos2', 'positive-delivery'),
    });
    const before = rig().counter('stoxgate_messages_lost_total');
    rig().xmpp.write(errorXml(stanza, 'recipient-unavailable'));
    await rig().until('it is counted', () => rig().counter('stoxgate_messages_lost_total') === before + 1);
    await inspect(rig());
    assert.deepEqual(rig().sip.requests.untaken, []);
  });

  test('RCPT-08: a notification is not acknowledged by another', async () => {
    rig().sip.answer = () => 480;
    const stanza = await accepted(rig(), {
      contentType: 'message/cpim',
      body: cpim('neg2', 'negative-delivery'),
    });
    rig().xmpp.write(errorXml(stanza, 'recipient-unavailable'));
    await report();
    await inspect(rig());
    assert.deepEqual(rig().sip.requests.untaken, []);
    rig().sip.answer = () => 200;
  });
});
