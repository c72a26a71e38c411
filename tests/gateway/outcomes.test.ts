// The names under which operators find what became of their messages: dashboards depend on them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counters } from '../../src/base/index.ts';
import { ToSipOutcomes, ToXmppOutcomes } from '../../src/gateway/messages/outcomes.ts';

test('each outcome of each direction is a counter of its own, under its own labels', () => {
  const counters = new Counters();
  const toXmpp = new ToXmppOutcomes(counters);
  const toSip = new ToSipOutcomes(counters);
  const { accepted, delivered, refused, rejected, unconfirmed, nothing, lost } = toXmpp;
  for (const [index, counter] of [
    ...[accepted, delivered, refused, rejected, unconfirmed, nothing, lost],
    ...[toSip.delivered, toSip.reported, toSip.nothing],
  ].entries()) {
    for (let times = 0; times <= index; times++) counter.add();
  }
  const lines = counters
    .text()
    .split('\n')
    .filter((line) => line.startsWith('stoxgate_messages_'));
  assert.deepEqual(lines.toSorted(), [
    'stoxgate_messages_lost_total{direction="sip_to_xmpp"} 7',
    'stoxgate_messages_total{direction="sip_to_xmpp",outcome="accepted"} 1',
    'stoxgate_messages_total{direction="sip_to_xmpp",outcome="delivered"} 2',
    'stoxgate_messages_total{direction="sip_to_xmpp",outcome="nothing"} 6',
    'stoxgate_messages_total{direction="sip_to_xmpp",outcome="refused"} 3',
    'stoxgate_messages_total{direction="sip_to_xmpp",outcome="rejected"} 4',
    'stoxgate_messages_total{direction="sip_to_xmpp",outcome="unconfirmed"} 5',
    'stoxgate_messages_total{direction="xmpp_to_sip",outcome="delivered"} 8',
    'stoxgate_messages_total{direction="xmpp_to_sip",outcome="nothing"} 10',
    'stoxgate_messages_total{direction="xmpp_to_sip",outcome="reported"} 9',
  ]);
});
