// A dialog as it is kept: the same in all its parts, without the messages that they came in.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { latin1Bytes } from '../../../src/base/index.ts';
import { ownDialog, ownKey } from '../../../src/gateway/subscriptions/own-dialog.ts';
import { dialogFromRequest, keyOfDialog, parseMessage, type SipRequest } from '../../../src/sip/index.ts';
import { liveOctets } from '../../fuzz/heap.ts';

/** Enough that what other tests of the process leave is little of it. */
const COUNT = 3000;
const TAG = 'b'.repeat(16);
/** Names of two kilobytes, that nothing of a dialog holds. */
const LONG = 100;

function notify(i: number, more: readonly string[] = []): SipRequest {
  const parsed = parseMessage(
    latin1Bytes(
      [
        'NOTIFY sip:gateway.example.com SIP/2.0',
        'Via: SIP/2.0/UDP phone.example.net;branch=z9hG4bKnashds7',
        'Max-Forwards: 70',
        `From: "${'Somebody with a name '.repeat(LONG)}" <sip:somebody${i}@example.net>;tag=a-long-enough-tag-${i}`,
        `To: <sip:the.gateway@example.com>;tag=${TAG}`,
        `Call-ID: a-long-enough-call-id-${i}@phone.example.net`,
        'CSeq: 7 NOTIFY',
        `Contact: "${'Somebody with a name '.repeat(LONG)}" <sip:somebody@phone.example.net;transport=udp>`,
        ...more,
        '',
        '',
      ].join('\r\n'),
    ),
    { stream: false },
  );
  if (parsed.kind !== 'message' || parsed.message.kind !== 'request') assert.fail();
  return parsed.message;
}

const ROUTED = ['Record-Route: <sip:a-first-proxy.example.net;lr>, <sip:a-second-proxy.example.net;lr>'];

function dialogOf(request: SipRequest): Parameters<typeof ownDialog>[0] {
  const dialog = dialogFromRequest(request, TAG);
  return dialog.ok ? dialog.value : assert.fail(dialog.error.message);
}

describe('a dialog that is kept', () => {
  for (const [how, more] of [
    ['without routes', []],
    ['with routes', ROUTED],
  ] as const) {
    test(`RFC 3261 §12: all its parts, ${how}`, () => {
      const dialog = dialogOf(notify(1, more));
      assert.deepEqual(ownDialog(dialog, {}, 12), { ...dialog, localSeq: 12 });
      const { remoteSeq: _, ...unheard } = dialog;
      assert.deepEqual(ownDialog(unheard, dialog, 12), { ...unheard, localSeq: 12 });
    });
  }

  test('another remote target, other routes are not those of before', () => {
    const dialog = dialogOf(notify(1, ROUTED));
    const moved = {
      ...dialog,
      remoteTarget: 'sip:elsewhere@example.net',
      routeSet: ['<sip:other.example.net;lr>'],
    };
    assert.deepEqual(ownDialog(moved, dialog, dialog.localSeq), moved);
    assert.deepEqual(ownDialog({ ...dialog, routeSet: [] }, dialog, 1).routeSet, []);
  });

  test('its routes are the same list as long as they are the same', () => {
    const known = ownDialog(dialogOf(notify(1, ROUTED)), {}, 1);
    assert.equal(ownDialog(dialogOf(notify(1, ROUTED)), known, 2).routeSet, known.routeSet);
  });

  test('RFC 3261 §12.2.2: its key is that of a request in it', () => {
    const request = notify(1);
    const key = keyOfDialog(dialogOf(request));
    assert.equal(ownKey(request, undefined), key);
    assert.equal(ownKey(request, key), key);
    assert.equal(ownKey(request, keyOfDialog(dialogOf(notify(2)))), key);
  });

  test('it keeps nothing of the datagram', () => {
    const kept: unknown[] = [];
    const before = liveOctets();
    for (let i = 0; i < COUNT; i++) {
      const request = notify(i, [
        ...ROUTED,
        ...Array.from({ length: 10 }, () => `X-More: ${'x'.repeat(1000)}`),
      ]);
      kept.push(ownDialog(dialogOf(request), {}, 1), ownKey(request, undefined));
    }
    const each = (liveOctets() - before) / COUNT;
    assert.ok(each < 3000, `${each} octets each`);
  });
});
