// Receipts and markers both ways (RFC 5438 ⇄ XEP-0184, XEP-0333): rows RCPT-01 … RCPT-11, through a whole gateway.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { deflateSync } from 'node:zlib';
import { header, type SipText } from '../peers/sip-text.ts';
import type { XmlElement } from '../../src/xml/index.ts';
import { asking, messageIdOf, notice } from './imdn.ts';
import { play, pause, type Rig } from './rig.ts';
import { MemoryStore } from './memory-store.ts';
import { textOf } from './sip-peer.ts';
import { bodyOf, errorOf, errorXml, JULIET, messageXml, receiptXml } from './xmpp-peer.ts';

const REQUEST = "<request xmlns='urn:xmpp:receipts'/>";
const MARKABLE = "<markable xmlns='urn:xmpp:chat-markers:0'/>";
const ALWAYS = { messages: { reports: 'always' } };
const KEYS = [new Uint8Array(32).fill(1)];

const JULIET_URI = 'sip:juliet@example.com;gr=balcony';

/** Juliet writes; what Romeo's phone gets. */
async function written(rig: Rig, parts: Parameters<typeof messageXml>[0]): Promise<SipText> {
  rig.xmpp.write(messageXml({ type: 'chat', body: 'Romeo?', ...parts }));
  const request = await rig.sip.requests.next('the message');
  await rig.until('it is answered', () => rig.held('messages_to_sip') === 0);
  return request;
}

async function tells(rig: Rig, id: string, kind: string, status: string, parts = {}): Promise<void> {
  assert.equal(await rig.status({ uri: JULIET_URI, ...notice(id, kind, status), ...parts }), 200);
}

const children = (stanza: XmlElement): string[] =>
  [...stanza.elements()].map(({ name, ns }) => `${name} ${ns}`);
const results = (rig: Rig, name: string): Record<string, number> =>
  Object.fromEntries(
    [...rig.gateway.counters.text().matchAll(new RegExp(`^${name}\\{result="([a-z-]+)"\\} (\\d+)$`, 'gm'))]
      .map(([, result, count]): [string, number] => [result ?? '', Number(count)])
      .filter(([, count]) => count > 0),
  );
const imdn = (rig: Rig): Record<string, number> => results(rig, 'stoxgate_imdn_received_total');
const receipts = (rig: Rig): Record<string, number> => results(rig, 'stoxgate_receipts_received_total');

describe('XMPP asks, SIP tells', () => {
  play('RCPT-01: a receipt request goes out as CPIM with IMDN headers', ALWAYS, async (rig) => {
    const request = await written(rig, { id: 'one', body: 'Röm?', more: REQUEST, lang: 'de' });
    assert.equal(header(request, 'content-type'), 'message/cpim');
    assert.equal(request.headers.get('content-language'), undefined, 'it belongs to the text');
    const [head = '', inner = '', text] = textOf(request).split('\r\n\r\n');
    const lines = head.split('\r\n');
    assert.deepEqual(
      [lines[0], lines[1], lines[3], lines[5]],
      [
        'From: <sip:juliet@example.com;gr=balcony>',
        'To: <sip:romeo@example.net>',
        'NS: imdn <urn:ietf:params:imdn>',
        'imdn.Disposition-Notification: positive-delivery, negative-delivery',
      ],
    );
    assert.match(lines[2] ?? '', /^DateTime: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    // RFC 5438 §6.3: at least 64 random bits, so at least 11 characters.
    assert.match(lines[4] ?? '', /^imdn\.Message-ID: [A-Za-z0-9_-]{27,64}$/);
    assert.deepEqual(inner.split('\r\n'), [
      'Content-Type: text/plain;charset=UTF-8',
      'Content-Language: de',
      'Content-Length: 5',
    ]);
    assert.equal(text, 'Röm?');
  });

  play(
    'RCPT-02: a markable message asks for display as well; a subject stays outside',
    ALWAYS,
    async (rig) => {
      const request = await written(rig, { id: 'one', more: `<subject>Night</subject>${MARKABLE}` });
      assert.match(
        textOf(request),
        /Disposition-Notification: positive-delivery, negative-delivery, display\r/,
      );
      assert.equal(header(request, 'subject'), 'Night');
    },
  );

  play('RCPT-01: without an id, or with nothing asked for, the text is plain', ALWAYS, async (rig) => {
    for (const parts of [{ more: REQUEST }, { id: 'x' }, { id: 'y', more: '<thread>t</thread>' }]) {
      assert.equal(header(await written(rig, parts), 'content-type'), 'text/plain;charset=UTF-8');
    }
  });

  play('RCPT-06, RCPT-11: delivered → received, displayed → displayed, each once', ALWAYS, async (rig) => {
    const id = messageIdOf(await written(rig, { id: 'one', more: REQUEST + MARKABLE }));
    await tells(rig, id, 'delivery', 'delivered');
    const received = await rig.xmpp.stanzas.next('the receipt');
    assert.deepEqual(
      [received.attr('from'), received.attr('to'), received.attr('type')],
      ['romeo@example.net', JULIET, 'chat'],
    );
    assert.equal(received.child('received', 'urn:xmpp:receipts')?.attr('id'), 'one');
    assert.deepEqual(children(received), ['received urn:xmpp:receipts', 'store urn:xmpp:hints']);
    await tells(rig, id, 'delivery', 'delivered');
    await tells(rig, id, 'display', 'displayed');
    const displayed = await rig.xmpp.stanzas.next('the marker');
    assert.equal(displayed.child('displayed', 'urn:xmpp:chat-markers:0')?.attr('id'), 'one');
    assert.deepEqual(children(displayed), ['displayed urn:xmpp:chat-markers:0', 'store urn:xmpp:hints']);
    await tells(rig, id, 'display', 'displayed');
    await tells(rig, id, 'delivery', 'failed');
    assert.equal(rig.xmpp.stanzas.all.length, 2);
    assert.deepEqual(imdn(rig), { told: 2, repeated: 3 });
    assert.deepEqual(rig.sip.requests.untaken, [], 'RCPT-08: an IMDN is not answered by one');
  });

  for (const [what, wish, expected] of [
    ['only receipts were asked for', REQUEST, ['received']],
    ['only markers were asked for', MARKABLE, ['displayed']],
    ['both were asked for', REQUEST + MARKABLE, ['received', 'displayed']],
  ] as const) {
    play(`RCPT-06: displayed, and no delivery before: ${what}`, ALWAYS, async (rig) => {
      const id = messageIdOf(await written(rig, { id: 'one', type: 'normal', more: wish }));
      await tells(rig, id, 'display', 'displayed');
      for (const name of expected) {
        const stanza = await rig.xmpp.stanzas.next(name);
        assert.ok(stanza.child(name));
        assert.equal(stanza.attr('type'), undefined);
      }
      assert.equal(rig.xmpp.stanzas.all.length, expected.length);
    });
  }

  play('RCPT-06: a delivery that only a marker was asked for is not told', ALWAYS, async (rig) => {
    const id = messageIdOf(await written(rig, { id: 'one', more: MARKABLE }));
    await tells(rig, id, 'delivery', 'delivered');
    assert.deepEqual(imdn(rig), { 'not-asked': 1 });
    assert.deepEqual(rig.xmpp.stanzas.all, []);
  });

  for (const [status, condition] of [
    ['failed', 'recipient-unavailable'],
    ['forbidden', 'forbidden'],
    ['error', 'undefined-condition'],
  ] as const) {
    play(`RCPT-07: ${status} → ${condition}, for the original id`, ALWAYS, async (rig) => {
      const id = messageIdOf(await written(rig, { id: 'one', more: REQUEST }));
      await tells(rig, id, 'delivery', status);
      const error = await rig.xmpp.stanzas.next('the error');
      assert.deepEqual(
        [
          error.attr('type'),
          error.attr('id'),
          error.attr('from'),
          error.attr('to'),
          errorOf(error).condition,
        ],
        ['error', 'one', 'romeo@example.net', JULIET, condition],
      );
      await tells(rig, id, 'delivery', 'delivered');
      assert.deepEqual(imdn(rig), { told: 1, repeated: 1 });
    });
  }

  play('processing notifications, and those that only withhold, are no news', ALWAYS, async (rig) => {
    const id = messageIdOf(await written(rig, { id: 'one', more: REQUEST + MARKABLE }));
    await tells(rig, id, 'processing', 'stored');
    await tells(rig, id, 'display', 'forbidden');
    assert.deepEqual(imdn(rig), { processing: 1, withheld: 1 });
    assert.deepEqual(rig.xmpp.stanzas.all, []);
  });

  play(
    'RCPT-09: of another user, about another user, made up: 200, nothing, counted',
    ALWAYS,
    async (rig) => {
      const id = messageIdOf(await written(rig, { id: 'one', more: REQUEST }));
      await tells(rig, id, 'delivery', 'delivered', { from: '<sip:iago@example.net>' });
      await tells(rig, id, 'delivery', 'delivered', { uri: 'sip:nurse@example.com' });
      await tells(rig, 'A'.repeat(50), 'delivery', 'delivered');
      await tells(rig, `${id.slice(0, -1)}${id.endsWith('A') ? 'B' : 'A'}`, 'delivery', 'delivered');
      assert.deepEqual(imdn(rig), { invalid: 4 });
      assert.equal(await rig.status({ contentType: 'message/imdn+xml', body: '<imdn' }), 400);
      assert.deepEqual(rig.xmpp.stanzas.all, []);
    },
  );

  play('IM-47: compressed, as linphone sends it', ALWAYS, async (rig) => {
    const id = messageIdOf(await written(rig, { id: 'one', more: REQUEST }));
    const document = notice(id, 'delivery', 'delivered').body.split('\r\n').at(-1) ?? '';
    const parts = {
      uri: JULIET_URI,
      contentType: 'message/imdn+xml',
      headers: [['Content-Encoding', 'deflate']] as const,
    };
    assert.equal(await rig.status({ ...parts, body: deflateSync(document) }), 200);
    assert.ok((await rig.xmpp.stanzas.next('the receipt')).child('received'));
    assert.equal(await rig.status({ ...parts, body: 'x' }), 400);
    assert.equal(await rig.status({ ...parts, headers: [['Content-Encoding', 'gzip']], body: 'x' }), 415);
  });

  play(
    'RCPT-11: from the full JID that was written to; to the bare one when no gr came back',
    ALWAYS,
    async (rig) => {
      const id = messageIdOf(await written(rig, { id: 'one', to: 'romeo@example.net/phone', more: REQUEST }));
      await tells(rig, id, 'delivery', 'delivered', { uri: 'sip:juliet@example.com' });
      const received = await rig.xmpp.stanzas.next('the receipt');
      assert.equal(received.attr('from'), 'romeo@example.net/phone');
      assert.equal(received.attr('to'), 'juliet@example.com');
    },
  );

  play('RCPT-09: a stanza id that is too long for a token is remembered', ALWAYS, async (rig) => {
    const long = 'x'.repeat(200);
    const id = messageIdOf(await written(rig, { id: long, more: REQUEST }));
    assert.ok(id.length <= 64);
    await tells(rig, id, 'delivery', 'delivered');
    const received = await rig.xmpp.stanzas.next('the receipt');
    assert.equal(received.child('received')?.attr('id'), long);
  });

  play(
    'RCPT-06: a notification that comes while the link is down is told when it is up',
    ALWAYS,
    async (rig) => {
      const id = messageIdOf(await written(rig, { id: 'one', more: REQUEST }));
      rig.xmpp.drop();
      await rig.unlinked();
      await tells(rig, id, 'delivery', 'delivered');
      await rig.linked();
      assert.ok((await rig.xmpp.stanzas.next('the receipt')).child('received'));
    },
  );

  play('RCPT-10: a 2xx is no receipt', ALWAYS, async (rig) => {
    await written(rig, { id: 'one', more: REQUEST });
    await pause(50);
    assert.deepEqual(rig.xmpp.stanzas.all, []);
  });
});

describe('messages.reports', () => {
  play('learned: nobody is asked before he has asked himself', {}, async (rig) => {
    const plain = await written(rig, { id: 'one', more: REQUEST });
    assert.equal(header(plain, 'content-type'), 'text/plain;charset=UTF-8');
    assert.equal(textOf(plain), 'Romeo?');
    assert.equal(await rig.status(asking('m1', 'positive-delivery')), 202);
    const wrapped = await written(rig, { id: 'two', more: REQUEST });
    assert.equal(header(wrapped, 'content-type'), 'message/cpim');
    const other = await written(rig, { id: 'three', to: 'tybalt@example.net', more: REQUEST });
    assert.equal(header(other, 'content-type'), 'text/plain;charset=UTF-8');
  });

  play('learned: from a notification as well', {}, async (rig) => {
    await tells(rig, 'unknown', 'delivery', 'delivered');
    assert.equal(header(await written(rig, { id: 'one', more: REQUEST }), 'content-type'), 'message/cpim');
  });

  play('never', { messages: { reports: 'never' } }, async (rig) => {
    await tells(rig, 'unknown', 'delivery', 'delivered');
    const request = await written(rig, { id: 'one', more: REQUEST });
    assert.equal(header(request, 'content-type'), 'text/plain;charset=UTF-8');
  });

  for (const status of [415, 406, 488]) {
    play(
      `RCPT-01: ${status} to message/cpim: the text at once, and to him no more of it`,
      ALWAYS,
      async (rig) => {
        rig.sip.answer = (request) => (header(request, 'content-type') === 'message/cpim' ? status : 200);
        rig.xmpp.write(
          messageXml({ id: 'one', body: 'first', more: REQUEST }) + messageXml({ id: 'two', body: 'second' }),
        );
        const wrapped = await rig.sip.requests.next('the wrapped one');
        const plain = await rig.sip.requests.next('the plain one');
        const second = await rig.sip.requests.next('the second');
        assert.equal(header(wrapped, 'content-type'), 'message/cpim');
        assert.deepEqual([textOf(plain), textOf(second)], ['first', 'second'], 'inside its turn (IM-33)');
        // RFC 3261 §8.2.2.2: the same Call-ID and tag, so a higher CSeq.
        assert.equal(header(plain, 'call-id'), header(wrapped, 'call-id'));
        assert.equal(header(plain, 'from'), header(wrapped, 'from'));
        assert.deepEqual([header(wrapped, 'cseq'), header(plain, 'cseq')], ['1 MESSAGE', '2 MESSAGE']);
        await rig.until('all is answered', () => rig.held('messages_to_sip') === 0);
        assert.deepEqual(rig.xmpp.stanzas.all, [], 'nobody is told of it');
        const third = await written(rig, { id: 'three', more: REQUEST });
        assert.equal(header(third, 'content-type'), 'text/plain;charset=UTF-8');
        // He shows that he understands it after all.
        await tells(rig, 'unknown', 'delivery', 'delivered');
        rig.sip.answer = () => 200;
        assert.equal(
          header(await written(rig, { id: 'four', more: REQUEST }), 'content-type'),
          'message/cpim',
        );
      },
    );
  }

  play('who refuses the plain text as well: one error', ALWAYS, async (rig) => {
    rig.sip.answer = () => 415;
    rig.xmpp.write(messageXml({ id: 'one', body: 'x', more: REQUEST }));
    const error = await rig.xmpp.stanzas.next('the error');
    assert.equal(error.attr('id'), 'one');
    assert.equal(rig.sip.requests.all.length, 2);
  });

  play('IM-30: plain when only so it is not longer than 1300 octets', ALWAYS, async (rig) => {
    const text = 'x'.repeat(850);
    const request = await written(rig, { id: 'one', body: text, more: REQUEST });
    assert.equal(header(request, 'content-type'), 'text/plain;charset=UTF-8');
    assert.equal(textOf(request), text);
    assert.equal(header(await written(rig, { id: 'two', more: REQUEST }), 'content-type'), 'message/cpim');
  });

  play('FEAT-03: the features of a SIP user say what is true of him', {}, async (rig) => {
    const features = async (id: string): Promise<string[]> => {
      rig.xmpp.write(
        `<iq type='get' id='${id}' from='${JULIET}' to='romeo@example.net/phone'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
      );
      const answer = await rig.xmpp.stanzas.next('the features', (stanza) => stanza.attr('id') === id);
      return [...(answer.child('query')?.elements() ?? [])].map((child) => child.attr('var') ?? '');
    };
    const before = await features('a');
    assert.ok(before.includes('http://jabber.org/protocol/chatstates'));
    assert.ok(!before.includes('urn:xmpp:receipts') && !before.includes('urn:xmpp:chat-markers:0'));
    await tells(rig, 'unknown', 'delivery', 'delivered');
    const after = await features('b');
    assert.ok(after.includes('urn:xmpp:receipts') && after.includes('urn:xmpp:chat-markers:0'));
  });
});

describe('SIP asks, XMPP tells', () => {
  const markerXml = (about: XmlElement): string =>
    messageXml({
      from: about.attr('to') ?? '',
      to: about.attr('from') ?? '',
      id: 'd1',
      more: `<displayed xmlns='urn:xmpp:chat-markers:0' id='${about.attr('id')}'/>`,
    });
  async function accepted(rig: Rig, messageId: string, wishes: string, text?: string): Promise<XmlElement> {
    assert.equal(await rig.status(asking(messageId, wishes, text)), 202);
    return rig.xmpp.stanzas.next('the message', (stanza) => bodyOf(stanza) !== undefined);
  }
  const report = async (rig: Rig): Promise<string> => {
    const request = await rig.sip.requests.next('the report');
    assert.match(request.startLine, /^MESSAGE sip:romeo@example\.net[; ]/);
    assert.match(header(request, 'from'), /^<sip:juliet@example\.com>/);
    const text = textOf(request);
    return (
      `${/<message-id>(.*?)<\/message-id>/.exec(text)?.[1]}` +
      ` ${/<(\w+)-notification><status><(\w+)\s*\/>/.exec(text)?.slice(1).join(' ')}`
    );
  };

  play('RCPT-03, RCPT-04: received → delivered, displayed → displayed, each once', {}, async (rig) => {
    const stanza = await accepted(rig, 'm1', 'positive-delivery, negative-delivery, display');
    assert.deepEqual(children(stanza).slice(-2), [
      'request urn:xmpp:receipts',
      'markable urn:xmpp:chat-markers:0',
    ]);
    rig.xmpp.write(receiptXml(stanza));
    assert.equal(await report(rig), 'm1 delivery delivered');
    rig.xmpp.write(receiptXml(stanza));
    rig.xmpp.write(markerXml(stanza));
    assert.equal(await report(rig), 'm1 display displayed');
    rig.xmpp.write(markerXml(stanza));
    await rig.until('all is counted', () => rig.counter('stoxgate_receipts_received_total') === 4);
    assert.deepEqual(receipts(rig), { told: 2, repeated: 1, unknown: 1 });
    assert.deepEqual(rig.sip.requests.untaken, []);
    assert.equal(rig.held('reports_owed'), 0);
  });

  play(
    'RCPT-04: a marker alone is a delivery too; it speaks for everything before (XEP-0333 §1)',
    {},
    async (rig) => {
      const stanzas: XmlElement[] = [];
      for (const id of ['m1', 'm2', 'm3'])
        stanzas.push(await accepted(rig, id, 'positive-delivery, display', id));
      const [first, second] = stanzas;
      assert.ok(first !== undefined && second !== undefined);
      rig.xmpp.write(receiptXml(first));
      assert.equal(await report(rig), 'm1 delivery delivered');
      rig.xmpp.write(markerXml(second));
      const told = [await report(rig), await report(rig), await report(rig)];
      assert.deepEqual(told, ['m1 display displayed', 'm2 delivery delivered', 'm2 display displayed']);
      await pause(50);
      assert.deepEqual(rig.sip.requests.untaken, [], 'the third was not displayed yet');
    },
  );

  play('IM-29, RCPT-04: a marker that comes before the barrier: 200, and both are told', {}, async (rig) => {
    rig.xmpp.react = (stanza) => (bodyOf(stanza) === undefined ? undefined : markerXml(stanza));
    assert.equal(await rig.status(asking('m1', 'positive-delivery, display')), 200);
    assert.equal(await report(rig), 'm1 delivery delivered');
    assert.equal(await report(rig), 'm1 display displayed');
  });

  play('only what was asked for is told', {}, async (rig) => {
    const stanza = await accepted(rig, 'm1', 'negative-delivery');
    assert.equal(stanza.child('request'), undefined);
    assert.equal(stanza.child('markable'), undefined);
    rig.xmpp.write(markerXml(stanza));
    await rig.until('it is counted', () => rig.counter('stoxgate_receipts_received_total') === 1);
    assert.deepEqual(receipts(rig), { 'not-asked': 1 });
    assert.deepEqual(rig.sip.requests.untaken, []);
  });

  play('RCPT-05: a failure after the 2xx; what comes after that changes nothing', {}, async (rig) => {
    const stanza = await accepted(rig, 'm1', 'positive-delivery, negative-delivery, display');
    rig.xmpp.write(errorXml(stanza, 'service-unavailable'));
    assert.equal(await report(rig), 'm1 delivery failed');
    rig.xmpp.write(receiptXml(stanza));
    await rig.until('it is counted', () => rig.counter('stoxgate_receipts_received_total') === 1);
    assert.deepEqual(rig.sip.requests.untaken, []);
    assert.equal(rig.counter('stoxgate_messages_lost_total'), 1);
  });

  play('of somebody else, or for ids that were never sent: ignored, counted', {}, async (rig) => {
    const stanza = await accepted(rig, 'm1', 'positive-delivery');
    const id = stanza.attr('id') ?? '';
    const receipt = (about: string): string => `<received xmlns='urn:xmpp:receipts' id='${about}'/>`;
    rig.xmpp.write(messageXml({ from: 'iago@example.com/x', id: 'r', more: receipt(id) }));
    rig.xmpp.write(messageXml({ id: 'r', more: receipt('never') }));
    rig.xmpp.write(messageXml({ id: 'r', more: receipt('') }));
    await rig.until('all is counted', () => rig.counter('stoxgate_receipts_received_total') === 3);
    assert.deepEqual(receipts(rig), { foreign: 1, unknown: 2 });
    assert.deepEqual(rig.sip.requests.untaken, []);
    rig.xmpp.write(receiptXml(stanza));
    assert.equal(await report(rig), 'm1 delivery delivered');
  });

  play('a receipt beside a text: both count', {}, async (rig) => {
    const stanza = await accepted(rig, 'm1', 'positive-delivery');
    const more = `<received xmlns='urn:xmpp:receipts' id='${stanza.attr('id')}'/>`;
    rig.xmpp.write(messageXml({ id: 'x', body: 'I have it', more }));
    const both = [await rig.sip.requests.next('one'), await rig.sip.requests.next('the other')].map(textOf);
    assert.ok(both.includes('I have it'));
    assert.ok(both.some((text) => text.includes('<delivered')));
  });

  play('RCPT-08: a receipt that asks for one is not sent to SIP as a question', ALWAYS, async (rig) => {
    const stanza = await accepted(rig, 'm1', 'positive-delivery');
    const more = `<received xmlns='urn:xmpp:receipts' id='${stanza.attr('id')}'/>${REQUEST}`;
    rig.xmpp.write(messageXml({ id: 'x', more }));
    assert.equal(await report(rig), 'm1 delivery delivered');
    await pause(50);
    assert.deepEqual(rig.sip.requests.untaken, []);
  });
});

describe('after a restart', () => {
  play(
    'RCPT-09: with the same keys a notification finds its stanza',
    { ...ALWAYS, keys: KEYS },
    async (rig) => {
      const id = messageIdOf(
        await written(rig, { id: '5f0c1e86-3b1f-4f0e-9a53-7c3f4a2f1d11', more: REQUEST }),
      );
      await rig.restart();
      await tells(rig, id, 'delivery', 'delivered');
      const received = await rig.xmpp.stanzas.next('the receipt');
      assert.equal(received.child('received')?.attr('id'), '5f0c1e86-3b1f-4f0e-9a53-7c3f4a2f1d11');
    },
  );

  play('without keys it is nobody’s: 200 and nothing', ALWAYS, async (rig) => {
    const id = messageIdOf(await written(rig, { id: 'one', more: REQUEST }));
    await rig.restart();
    await tells(rig, id, 'delivery', 'delivered');
    assert.deepEqual(imdn(rig), { invalid: 1 });
  });

  const stored = (): { keys: typeof KEYS; store: MemoryStore } => ({ keys: KEYS, store: new MemoryStore() });

  play('a long stanza id is found in the store', { ...ALWAYS, ...stored() }, async (rig) => {
    const long = 'é'.repeat(60);
    const id = messageIdOf(await written(rig, { id: long, more: REQUEST }));
    await rig.restart();
    await tells(rig, id, 'delivery', 'delivered');
    assert.equal((await rig.xmpp.stanzas.next('the receipt')).child('received')?.attr('id'), long);
  });

  play('who understands it is still known', stored(), async (rig) => {
    await tells(rig, 'unknown', 'delivery', 'delivered');
    await rig.restart();
    assert.equal(header(await written(rig, { id: 'one', more: REQUEST }), 'content-type'), 'message/cpim');
  });

  play('what SIP asked for is told, once, and then forgotten', stored(), async (rig) => {
    assert.equal(await rig.status(asking('m1', 'positive-delivery, negative-delivery')), 202);
    const one = await rig.xmpp.stanzas.next('the message');
    assert.equal(await rig.status(asking('m2', 'negative-delivery')), 202);
    const two = await rig.xmpp.stanzas.next('the message');
    await rig.restart();
    rig.xmpp.write(receiptXml(one) + receiptXml(one));
    assert.match(textOf(await rig.sip.requests.next('the report')), /<message-id>m1<[^]*<delivered/);
    rig.xmpp.write(errorXml(two, 'recipient-unavailable'));
    assert.match(textOf(await rig.sip.requests.next('the report')), /<message-id>m2<[^]*<failed/);
    await rig.until('all is counted', () => rig.counter('stoxgate_receipts_received_total') === 2);
    assert.deepEqual(receipts(rig), { told: 1, unknown: 1 });
    assert.deepEqual(rig.sip.requests.untaken, []);
    assert.equal(rig.store('reports').size, 0);
  });
});
