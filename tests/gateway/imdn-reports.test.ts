import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Counters, SeededRandom, VirtualTime, utf8TextLossy } from '../../src/base/index.ts';
import type { DeliveryParts } from '../../src/gateway/messages/delivery-parts.ts';
import { ImdnReports } from '../../src/gateway/messages/reports.ts';
import type { SipDeliveries } from '../../src/gateway/messages/sip-deliveries.ts';
import { stanzaError } from '../../src/xmpp/index.ts';

const MESSAGE = {
  id: 's1y-x',
  reports: { messageId: '34jk324j', positive: true, negative: true, display: false },
  senderUri: 'sip:romeo@example.net',
  recipientUri: 'sip:juliet@example.com',
};

function report(status: 'delivered' | 'displayed' | 'failed') {
  const sent: DeliveryParts[] = [];
  const time = new VirtualTime(Date.UTC(2026, 10, 23));
  const counters = new Counters();
  // Only `send` is asked for.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const deliveries = { send: (parts: DeliveryParts) => sent.push(parts) } as unknown as SipDeliveries;
  const env = { clock: time, random: new SeededRandom(1), counters };
  new ImdnReports(env, deliveries).report(status, MESSAGE);
  const [parts] = sent;
  assert.ok(parts !== undefined && sent.length === 1);
  return { parts, counters };
}

describe('a delivery notification', () => {
  for (const [status, kind] of [
    ['delivered', 'delivery'],
    ['failed', 'delivery'],
    ['displayed', 'display'],
  ] as const) {
    test(`RFC 5438 §7.2.1.1, §7.2.1.2, §8.2: ${status}, from the recipient to the sender, wrapped in CPIM`, () => {
      const { parts } = report(status);
      assert.equal(parts.from, MESSAGE.recipientUri);
      assert.equal(parts.requestUri, MESSAGE.senderUri);
      assert.deepEqual(
        parts.headers.map(({ name, value }) => [name, value]),
        [['Content-Type', 'message/cpim']],
      );
      const text = utf8TextLossy(parts.body);
      const [head = '', contentHead = '', document = ''] = text.split('\r\n\r\n');
      const lines = head.split('\r\n');
      assert.deepEqual(lines.slice(0, 4), [
        'From: <sip:juliet@example.com>',
        'To: <sip:romeo@example.net>',
        'DateTime: 2026-11-23T00:00:00Z',
        'NS: imdn <urn:ietf:params:imdn>',
      ]);
      // §6.3: an identifier of its own; §8.2: a notification asks for none.
      assert.match(lines[4] ?? '', /^imdn\.Message-ID: [a-z2-7]{16}$/);
      assert.equal(lines.length, 5);
      assert.deepEqual(contentHead.split('\r\n'), [
        'Content-Type: message/imdn+xml',
        'Content-Disposition: notification',
        `Content-Length: ${Buffer.byteLength(document)}`,
      ]);
      assert.match(document, /<message-id>34jk324j<\/message-id>/);
      assert.match(
        document,
        new RegExp(`<${kind}-notification><status><${status}/></status></${kind}-notification>`),
      );
    });
  }

  test('RCPT-08: what became of it is counted, and nothing more', () => {
    const { parts, counters } = report('delivered');
    parts.origin.delivered({});
    parts.origin.refused(stanzaError('item-not-found'), 404, 1);
    const lines = counters
      .text()
      .split('\n')
      .filter((line) => line.startsWith('stoxgate_imdn_total{'));
    assert.deepEqual(lines.toSorted(), [
      'stoxgate_imdn_total{outcome="delivered"} 1',
      'stoxgate_imdn_total{outcome="refused"} 1',
    ]);
  });
});
