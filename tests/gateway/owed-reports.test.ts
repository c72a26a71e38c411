// How much is remembered of what SIP users ask for, and for how long (RCPT-09).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Counters, SecureRandom, silentLog, VirtualTime } from '../../src/base/index.ts';
import { Ledger } from '../../src/gateway/messages/ledger.ts';
import { OwedReports } from '../../src/gateway/messages/owed-reports.ts';
import { ToXmppOutcomes } from '../../src/gateway/messages/outcomes.ts';
import { ReportStore } from '../../src/gateway/messages/report-store.ts';
import { REPORTS_COLLECTION } from '../../src/interwork/message/index.ts';
import { element, NS_CLIENT } from '../../src/xml/index.ts';
import { MemoryStore } from '../system/memory-store.ts';

const DAY = 86_400_000;
const id = (n: number): string => `s1x-${String(n).padStart(22, '0')}`;

async function scene(store?: MemoryStore) {
  const time = new VirtualTime(Date.UTC(2026, 10, 25), 1000);
  const counters = new Counters();
  const told: string[] = [];
  const ledger = new Ledger(
    { clock: time, timers: time.timers, random: new SecureRandom(), log: silentLog, counters },
    { rows: 100, hours: 1 },
  );
  const reports = new ReportStore({ clock: time, log: silentLog });
  if (store !== undefined) reports.attach(await store.collection(REPORTS_COLLECTION));
  const owed = new OwedReports({
    clock: time,
    log: silentLog,
    counters,
    outcomes: new ToXmppOutcomes({ clock: time, counters }, ledger),
    store: reports,
    sink: { report: (status, message) => told.push(`${message.reports.messageId} ${status}`) },
  });
  const remember = (n: number, sender = 'romeo@example.net'): void =>
    owed.remember(
      {
        id: id(n),
        reports: { messageId: `m${n}`, positive: true, negative: true, display: false },
        senderUri: `sip:${sender}`,
        recipientUri: 'sip:juliet@example.com',
        sender,
        recipient: 'juliet@example.com',
      },
      'waiting',
    );
  const receive = (n: number): void => owed.said('delivered', id(n), 'juliet@example.com/balcony');
  return { time, counters, told, owed, remember, receive };
}

describe('what is remembered', () => {
  test('seven days, and not a moment more', async () => {
    const { time, told, remember, receive, owed } = await scene();
    remember(1);
    remember(2);
    time.advance(7 * DAY - 1000);
    receive(1);
    time.advance(1000);
    receive(2);
    assert.deepEqual(told, ['m1 delivered']);
    owed.sweep();
    assert.equal(owed.size, 0);
  });

  test('1000 of one sender: the oldest of his own go, not those of others', async () => {
    const store = new MemoryStore();
    const { told, remember, receive, owed } = await scene(store);
    remember(0, 'tybalt@example.net');
    for (let n = 1; n <= 1001; n++) remember(n);
    assert.equal(owed.size, 1001);
    assert.equal(store.table('reports').size, 1001);
    for (const n of [0, 2]) receive(n);
    assert.deepEqual(told, ['m0 delivered', 'm2 delivered']);
    assert.equal(store.table('reports').has(`o:${id(1)}`), false);
  });

  test('20,000 of all are at hand; those that went are found in the store', async () => {
    const store = new MemoryStore();
    const { told, remember, receive, owed } = await scene(store);
    for (let n = 0; n <= 20_000; n++) remember(n, `user${n % 50}@example.net`);
    assert.equal(owed.size, 20_000);
    receive(0);
    receive(0);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(told, ['m0 delivered'], 'asked for twice at the same time, told once');
  });

  test('an error of another domain says nothing', async () => {
    const { told, remember, owed } = await scene();
    remember(1);
    const error = (from: string) => element('message', NS_CLIENT, { type: 'error', from, id: id(1) });
    assert.equal(owed.error(id(1), error('example.org')), false);
    assert.equal(owed.error(id(1), error('example.com')), true);
    assert.deepEqual(told, ['m1 failed']);
  });
});
