// The names under which operators find what became of their messages: dashboards depend on them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counters, SecureRandom, silentLog, VirtualTime } from '../../src/base/index.ts';
import { Ledger } from '../../src/gateway/messages/ledger.ts';
import { ToSipOutcomes, ToXmppOutcomes } from '../../src/gateway/messages/outcomes.ts';
import { parseMessage, type SipRequest } from '../../src/sip/index.ts';

function request(): SipRequest {
  const lines = [
    'MESSAGE sip:juliet@example.com SIP/2.0',
    'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1',
    'From: <sip:romeo@example.net>;tag=1',
    'To: <sip:juliet@example.com>',
    'Call-ID: c',
    'CSeq: 1 MESSAGE',
    'Max-Forwards: 70',
    '',
    '',
  ];
  const parsed = parseMessage(Buffer.from(lines.join('\r\n')), { stream: false });
  assert(parsed.kind === 'message' && parsed.message.kind === 'request');
  return parsed.message;
}

test('each outcome of each direction is a counter of its own, under its own labels; a row and a total each', async () => {
  const counters = new Counters();
  const time = new VirtualTime();
  const env = { clock: time, timers: time.timers, random: new SecureRandom(), log: silentLog, counters };
  const ledger = new Ledger(env, { rows: 100, hours: 1 });
  const toXmpp = new ToXmppOutcomes(env, ledger);
  const toSip = new ToSipOutcomes(env, ledger);
  const facts = { request: request() };
  const times = (count: number, act: () => void): void => {
    for (let i = 0; i < count; i++) act();
  };
  times(1, () => toXmpp.end('accepted', facts));
  times(2, () => toXmpp.end('delivered', facts));
  times(3, () => toXmpp.end('refused', facts));
  times(4, () => toXmpp.end('rejected', facts));
  times(5, () => toXmpp.end('unconfirmed', facts));
  times(6, () => toXmpp.end('nothing', facts));
  times(7, () => toXmpp.lost());
  times(8, () => toSip.end('delivered', { xmppId: 'a' }));
  times(9, () => toSip.end('reported', { xmppId: 'a' }));
  times(10, () => toSip.end('nothing', { xmppId: 'a' }));
  times(2, () => toXmpp.typing());
  times(3, () => toSip.typing());
  const lines = counters
    .text()
    .split('\n')
    .filter((line) => line.startsWith('stoxgate_messages_'));
  assert.deepEqual(lines.toSorted(), [
    'stoxgate_messages_lost_total{direction="sip_to_xmpp"} 7',
    'stoxgate_messages_total{direction="sip_to_xmpp",outcome="accepted"} 1',
    'stoxgate_messages_total{direction="sip_to_xmpp",outcome="delivered"} 2',
    'stoxgate_messages_total{direction="sip_to_xmpp",outcome="nothing"} 8',
    'stoxgate_messages_total{direction="sip_to_xmpp",outcome="refused"} 3',
    'stoxgate_messages_total{direction="sip_to_xmpp",outcome="rejected"} 4',
    'stoxgate_messages_total{direction="sip_to_xmpp",outcome="unconfirmed"} 5',
    'stoxgate_messages_total{direction="xmpp_to_sip",outcome="delivered"} 8',
    'stoxgate_messages_total{direction="xmpp_to_sip",outcome="nothing"} 13',
    'stoxgate_messages_total{direction="xmpp_to_sip",outcome="reported"} 9',
  ]);
  assert.deepEqual(
    ledger.totals().totals.map(({ direction, outcome, messages }) => `${direction} ${outcome} ${messages}`),
    [
      'sip_to_xmpp accepted 1',
      'sip_to_xmpp delivered 2',
      'sip_to_xmpp refused 3',
      'sip_to_xmpp rejected 4',
      'sip_to_xmpp unconfirmed 5',
      'sip_to_xmpp nothing 8',
      'xmpp_to_sip delivered 8',
      'xmpp_to_sip reported 9',
      'xmpp_to_sip nothing 13',
    ],
  );
  // "Is composing" is counted and has no row.
  assert.equal(ledger.size, 48);
  const found = await ledger.find('c');
  assert.equal(found.messages.length, 21);
});
