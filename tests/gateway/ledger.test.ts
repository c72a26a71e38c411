// The ledger in memory and before a store: bounds by number and age, a store that fails, reports that come late.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Counters, SecureRandom, silentLog, VirtualTime } from '../../src/base/index.ts';
import { Ledger, type LedgerSettings } from '../../src/gateway/messages/ledger.ts';
import { LedgerRing } from '../../src/gateway/messages/ledger-ring.ts';
import {
  LEDGER,
  linesOf,
  rowsPage,
  type LedgerPage,
  type LedgerRecord,
} from '../../src/interwork/message/index.ts';
import { MemoryCollection } from './memory-collection.ts';

const record = (id: string, more: Partial<LedgerRecord> = {}): LedgerRecord => ({
  direction: 'sip_to_xmpp',
  outcome: 'accepted',
  acceptedMs: 1,
  endedMs: 2,
  xmppId: id,
  callId: `call-${id}`,
  ...more,
});

const FULL: LedgerRecord = {
  direction: 'xmpp_to_sip',
  outcome: 'reported',
  acceptedMs: 1_700_000_000_123,
  endedMs: 1_700_000_000_456,
  xmppId: 'id-1',
  xmppFrom: 'juliet@example.com/balcony',
  xmppTo: 'rømeo@example.net',
  callId: 'c@192.0.2.1',
  fromTag: 'tag',
  cseq: 2,
  sipFrom: 'sip:juliet@example.com',
  requestUri: 'sip:romeo@example.net',
  imdnId: 'a\u0000b\u007fc',
  target: 'UDP 192.0.2.1 5060',
  attempts: 2,
  status: 404,
  condition: 'item-not-found',
  text: 'Nicht gefunden: Ø \u007f',
  clause: 'ERR-G6',
  deliveredMs: 3,
  displayedMs: 4,
  failedMs: 5,
  failure: 'gone',
};

describe('the ring', () => {
  test('what goes in comes out, also what is absent', () => {
    const ring = new LedgerRing(4);
    const rows = [
      FULL,
      record('a'),
      { direction: 'sip_to_xmpp', outcome: 'nothing', acceptedMs: 7 } as const,
    ];
    for (const [row, wanted] of rows.entries()) {
      assert.equal(ring.add(wanted), row);
      // Absent and undefined are the same here.
      assert.deepEqual(JSON.parse(JSON.stringify(ring.read(row))), JSON.parse(JSON.stringify(wanted)));
    }
  });

  test('CSeq 0 is not "none" (RFC 3261 §8.1.1.5: any number below 2^31)', () => {
    const ring = new LedgerRing(4);
    for (const cseq of [0, 2 ** 31 - 1]) assert.equal(ring.read(ring.add(record('a', { cseq }))).cseq, cseq);
    assert.equal(ring.read(ring.add(record('a'))).cseq, undefined);
  });

  test('the newest rows are there, whole, however long their texts are', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.tuple(fc.nat(510), fc.nat(500)), { minLength: 150, maxLength: 400 }),
        (capacity, lengths) => {
          const ring = new LedgerRing(capacity);
          const rows = lengths.map(([ids, texts], n) =>
            record(`${n}-${'x'.repeat(ids)}`.slice(0, 512), {
              acceptedMs: n,
              callId: undefined,
              xmppFrom: 'é'.repeat(texts),
              xmppTo: '€'.repeat(texts),
              text: '😀'.repeat(texts / 2),
            }),
          );
          for (const row of rows) ring.add(row);
          assert.ok(ring.size >= 1 && ring.size <= capacity);
          for (let row = ring.first; row < ring.next; row++) {
            const { xmppId, xmppFrom, xmppTo, text } = ring.read(row);
            const wanted = rows[row];
            assert.deepEqual(
              [xmppId, xmppFrom, xmppTo, text],
              [
                wanted?.xmppId,
                wanted?.xmppFrom || undefined,
                wanted?.xmppTo || undefined,
                wanted?.text || undefined,
              ],
            );
          }
          // As a page has them, wherever the places or the block began anew.
          const page = rowsPage(ring.packed(ring.first, ring.next), 1);
          assert.deepEqual(
            [...linesOf(page)],
            Array.from({ length: ring.size }, (_, n) => ({
              row: ring.first + n,
              record: ring.read(ring.first + n),
            })),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  test('short rows use all of the places', () => {
    const ring = new LedgerRing(100);
    for (let n = 0; n < 1000; n++) ring.add(record(`s${n}`));
    assert.deepEqual([ring.first, ring.next], [900, 1000]);
    assert.deepEqual([...ring.find('s950')], [950]);
    assert.deepEqual([...ring.find('call-s999')], [999]);
    assert.deepEqual([...ring.find('s95')], [], 'a part of an identifier is none');
    assert.deepEqual([...ring.find('s10')], [], 'gone');
  });

  test('a part of another field is not an identifier', () => {
    const ring = new LedgerRing(10);
    ring.add(record('a', { text: 'wanted', xmppFrom: 'wanted' }));
    assert.deepEqual([...ring.find('wanted')], []);
  });

  test('another capacity keeps the newest rows and their numbers', () => {
    const ring = new LedgerRing(10);
    for (let n = 0; n < 25; n++) ring.add(record(`s${n}`, n === 24 ? { failedMs: 9, failure: 'gone' } : {}));
    const smaller = ring.resized(3);
    assert.deepEqual([smaller.first, smaller.next], [22, 25]);
    assert.equal(smaller.read(24).failure, 'gone');
    const larger = smaller.resized(50);
    assert.equal(larger.add(record('new')), 25);
    assert.equal(larger.read(23).xmppId, 's23');
  });
});

interface Rig {
  readonly ledger: Ledger;
  readonly time: VirtualTime;
  readonly counters: Counters;
  readonly store: MemoryCollection<LedgerPage>;
  readonly warnings: string[];
}

function rig(settings: LedgerSettings, withStore = true, store = new MemoryCollection(LEDGER)): Rig {
  const time = new VirtualTime();
  const counters = new Counters();
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (event: string) => warnings.push(event) };
  const env = { clock: time, timers: time.timers, random: new SecureRandom(), log, counters };
  const ledger = new Ledger(env, settings, withStore ? store : undefined);
  return { ledger, time, counters, store, warnings };
}

const settled = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
};

/** The rows that are in a store, oldest first, without what was noted of them later. */
async function rowsIn(store: MemoryCollection<LedgerPage>): Promise<LedgerRecord[]> {
  const pages = await store.scan();
  return pages.flatMap(({ record }) =>
    [...linesOf(record)].flatMap((line) => ('report' in line ? [] : [line.record])),
  );
}

async function ids(ledger: Ledger, id: string): Promise<(string | undefined)[]> {
  return (await ledger.find(id)).messages.map(({ xmppId }) => xmppId);
}

describe('in memory', () => {
  test('found by each identifier, newest first, and not by others', async () => {
    const { ledger } = rig({ rows: 10, hours: 1 }, false);
    ledger.add(record('a', { callId: 'c', imdnId: 'm' }));
    ledger.add(record('b', { callId: 'c' }));
    assert.deepEqual(await ids(ledger, 'a'), ['a']);
    assert.deepEqual(await ids(ledger, 'm'), ['a']);
    assert.deepEqual(await ids(ledger, 'c'), ['b', 'a']);
    for (const none of ['', 'x', 'A']) assert.deepEqual(await ids(ledger, none), []);
  });

  test('rows: the oldest go; hours: what is too old goes', async () => {
    const { ledger, time } = rig({ rows: 3, hours: 2 }, false);
    for (const id of ['a', 'b', 'c', 'd']) ledger.add(record(id, { endedMs: time.wall() }));
    assert.deepEqual(await ids(ledger, 'a'), []);
    assert.equal(ledger.size, 3);
    time.advance(3_600_000);
    ledger.add(record('e', { endedMs: time.wall() }));
    time.advance(3_600_001);
    ledger.sweep();
    assert.deepEqual([await ids(ledger, 'd'), await ids(ledger, 'e')], [[], ['e']]);
  });

  test('at most 10,000 without a store, however many may be kept', () => {
    const { ledger } = rig({ rows: 100_000, hours: 1 }, false);
    for (let n = 0; n < 10_100; n++) ledger.add(record(`s${n}`));
    assert.equal(ledger.size, 10_000);
  });

  test('off keeps nothing, and forgets what there was', async () => {
    const { ledger } = rig('off', false);
    assert.equal(ledger.add(record('a')), -1);
    assert.deepEqual(await ids(ledger, 'a'), []);
    const other = rig({ rows: 10, hours: 1 }, false).ledger;
    const row = other.add(record('a'));
    other.configure('off');
    assert.deepEqual(await ids(other, 'a'), []);
    other.report(row, 'delivered');
    other.configure({ rows: 10, hours: 1 });
    other.add(record('b'));
    assert.deepEqual([await ids(other, 'a'), await ids(other, 'b')], [[], ['b']]);
  });

  test('what is learned later stands in the row, the first time that it is', async () => {
    const { ledger, time } = rig({ rows: 10, hours: 1 }, false);
    const row = ledger.add(record('a'));
    const first = time.wall();
    ledger.report(row, 'delivered');
    time.advance(5);
    ledger.report(row, 'delivered');
    ledger.report(row, 'displayed');
    const [found] = (await ledger.find('a')).messages;
    assert.deepEqual(
      [found?.deliveredMs, found?.displayedMs, found?.failedMs],
      [first, first + 5, undefined],
    );
  });

  test('a loss known by 16 bits of its row and its id', async () => {
    const { ledger } = rig({ rows: 10_000, hours: 1 }, false);
    let row = 0;
    for (let n = 0; n < 70_000; n++) row = ledger.add(record(`s${n}`));
    ledger.reportFailure(row & 0xffff, `s${row}`, 'item-not-found');
    // Other bits, or another id: of nobody.
    ledger.reportFailure((row - 1) & 0xffff, `s${row}`, 'gone');
    ledger.reportFailure((row - 20_000) & 0xffff, `s${row - 20_000}`, 'gone');
    assert.equal((await ledger.find(`s${row}`)).messages[0]?.failure, 'item-not-found');
    assert.equal((await ledger.find(`s${row - 1}`)).messages[0]?.failure, undefined);
  });

  test('many of one identifier: the newest 50, and how many more', async () => {
    const { ledger } = rig({ rows: 1000, hours: 1 }, false);
    for (let n = 0; n < 70; n++) ledger.add(record(`s${n}`, { callId: 'thread' }));
    const { messages, older } = await ledger.find('thread');
    assert.deepEqual([messages.length, messages[0]?.xmppId, older], [50, 's69', 20]);
  });

  test('messages without an outcome come first', async () => {
    const { ledger } = rig({ rows: 10, hours: 1 }, false);
    ledger.add(record('a'));
    ledger.watch({
      findOpen: (named) =>
        [record('a', { outcome: 'open' }), record('b', { outcome: 'open' })]
          .filter(named)
          .map((open) => ({ record: open, state: 'written', sinceMs: 9, waitsFor: 'x' })),
    });
    assert.deepEqual(
      (await ledger.find('a')).messages.map(({ outcome, state }) => [outcome, state]),
      [
        ['open', 'written'],
        ['accepted', undefined],
      ],
    );
  });
});

describe('with a store', () => {
  test('rows go there in pages, and are found there when they have left the memory', async () => {
    const { ledger, time, store } = rig({ rows: 100_000, hours: 1 });
    ledger.add(record('first', { imdnId: 'm' }));
    assert.equal(store.puts, 0, 'not at once');
    time.advance(200);
    assert.equal(store.puts, 1);
    await settled();
    for (let n = 0; n < 10_200; n++) {
      ledger.add(record(`s${n}`, { callId: 'thread' }));
      if (n % 1000 === 0) await settled();
    }
    time.advance(200);
    await settled();
    assert.equal(store.size, Math.ceil(10_201 / 64), 'full pages');
    assert.deepEqual(await ids(ledger, 'first'), ['first']);
    assert.deepEqual(await ids(ledger, 'm'), ['first']);
    assert.deepEqual(await ids(ledger, 's10199'), ['s10199'], 'once, though it is in both');
    const { messages, older } = await ledger.find('thread');
    assert.deepEqual([messages.length, messages[0]?.xmppId, older], [50, 's10199', 10_150]);
  });

  test('a page that is not full is written again with what comes', async () => {
    const { ledger, time, store } = rig({ rows: 100_000, hours: 1 });
    for (const id of ['a', 'b', 'c']) {
      ledger.add(record(id));
      time.advance(200);
      await settled();
    }
    assert.deepEqual([store.puts, store.size], [3, 1]);
    assert.deepEqual(
      (await rowsIn(store)).map(({ xmppId }) => xmppId),
      ['a', 'b', 'c'],
    );
  });

  test('another run of the gateway finds the rows of the first and writes over none', async () => {
    const store = new MemoryCollection(LEDGER);
    for (const id of ['a', 'b']) {
      const { ledger } = rig({ rows: 1000, hours: 1 }, true, store);
      ledger.add(record(id, { callId: 'c', endedMs: Date.UTC(2026, 0, 1) }));
      ledger.stop();
      await settled();
    }
    const { ledger } = rig({ rows: 1000, hours: 1 }, true, store);
    assert.deepEqual(await ids(ledger, 'c'), ['b', 'a']);
  });

  for (const rows of [10, 64, 100, 2000]) {
    test(`rows: never more than ${rows} in the store, trimmed in the background, in small steps`, async () => {
      const { ledger, time, store } = rig({ rows, hours: 1 });
      for (let n = 0; n < 8000; n++) {
        ledger.add(record(`s${n}`, { endedMs: time.wall() }));
        if (n % 500 === 0) await settled();
      }
      time.advance(200);
      await settled();
      await settled();
      const kept = await rowsIn(store);
      assert.ok(kept.length <= rows && kept.length >= rows - 64 && kept.length > 0, String(kept.length));
      assert.equal(kept.at(-1)?.xmppId, 's7999');
      assert.ok(store.largestTrim <= 32, String(store.largestTrim));
    });
  }

  test('many rows: one trim for many new pages, since each makes the store commit at once', async () => {
    const { ledger, time, store } = rig({ rows: 64 * 200, hours: 1 });
    let trims = 0;
    const trim = store.trim.bind(store);
    store.trim = async (keep: number) => ((trims += 1), await trim(keep));
    for (let n = 0; n < 64 * 300; n++) {
      ledger.add(record(`s${n}`, { endedMs: time.wall() }));
      if (n % 64 === 63) await settled();
    }
    const kept = await rowsIn(store);
    assert.ok(kept.length <= 64 * 200 && kept.length >= 64 * 195, String(kept.length));
    // 100 pages too many, four at a time; at the start it was looked at too.
    assert.ok(trims >= 20 && trims <= 27, String(trims));
  });

  test('fewer rows by a reload, or by a new start: the same', async () => {
    const { ledger, time, store } = rig({ rows: 2000, hours: 1 });
    for (let n = 0; n < 1500; n++) ledger.add(record(`s${n}`, { endedMs: time.wall() }));
    time.advance(200);
    await settled();
    ledger.configure({ rows: 700, hours: 1 });
    await settled();
    assert.equal(store.size, 10);
    rig({ rows: 130, hours: 1 }, true, store);
    await settled();
    assert.equal(store.size, 2);
    rig('off', true, store);
    await settled();
    assert.equal(store.size, 0);
  });

  test('another size by a reload, with rows that wait: none is lost or twice', async () => {
    const { ledger, time, store } = rig({ rows: 5000, hours: 1 });
    for (let n = 0; n < 10; n++) ledger.add(record(`a${n}`, { endedMs: time.wall() }));
    time.advance(200);
    for (let n = 0; n < 10; n++) ledger.add(record(`b${n}`, { endedMs: time.wall() }));
    ledger.configure({ rows: 6000, hours: 1 });
    for (let n = 0; n < 10; n++) ledger.add(record(`c${n}`, { endedMs: time.wall() }));
    time.advance(200);
    await settled();
    const kept = (await rowsIn(store)).map(({ xmppId }) => xmppId);
    assert.deepEqual(
      kept,
      ['a', 'b', 'c'].flatMap((letter) => Array.from({ length: 10 }, (_, n) => `${letter}${n}`)),
    );
  });

  test('off by a reload: nothing of before comes back', async () => {
    const { ledger, time, store } = rig({ rows: 2000, hours: 1 });
    ledger.add(record('a', { endedMs: time.wall() }));
    time.advance(200);
    await settled();
    ledger.configure('off');
    await settled();
    assert.equal(store.size, 0);
    ledger.configure({ rows: 2000, hours: 1 });
    ledger.add(record('b', { endedMs: time.wall() }));
    time.advance(200);
    await settled();
    assert.deepEqual(
      (await rowsIn(store)).map(({ xmppId }) => xmppId),
      ['b'],
    );
  });

  test('hours: what is too old is deleted, though its page was not full', async () => {
    const { ledger, time, store } = rig({ rows: 2000, hours: 2 });
    for (let n = 0; n < 1201; n++) ledger.add(record(`s${n}`, { endedMs: time.wall() }));
    time.advance(3_600_000);
    await settled();
    ledger.add(record('later', { endedMs: time.wall() }));
    time.advance(3_600_001);
    await settled();
    assert.equal((await rowsIn(store)).length, 1202);
    time.advance(300_000);
    ledger.sweep();
    await settled();
    assert.deepEqual(
      (await rowsIn(store)).map(({ xmppId }) => xmppId),
      ['later'],
    );
  });

  test('a store that fails: rows wait, are written when it works again, and nothing is lost', async () => {
    const { ledger, time, store, counters, warnings } = rig({ rows: 100_000, hours: 1 });
    store.failure = new Error('disk full');
    for (let n = 0; n < 1000; n++) ledger.add(record(`s${n}`, { endedMs: time.wall() }));
    time.advance(200);
    await settled();
    assert.equal(store.size, 0);
    assert.deepEqual(warnings, ['ledger.store-failed'], 'told once');
    assert.deepEqual(await ids(ledger, 's5'), ['s5'], 'from memory');
    store.failure = undefined;
    time.advance(5000);
    await settled();
    time.advance(200);
    await settled();
    assert.deepEqual(
      (await rowsIn(store)).map(({ xmppId }) => xmppId),
      Array.from({ length: 1000 }, (_, n) => `s${n}`),
    );
    assert.equal(counters.total('stoxgate_ledger_dropped_total'), 0);
  });

  test('a store that fails too long: what memory cannot hold is counted', async () => {
    const { ledger, time, store, counters } = rig({ rows: 100_000, hours: 1 });
    store.failure = new Error('disk full');
    for (let n = 0; n < 15_000; n++) ledger.add(record(`s${n}`, { endedMs: time.wall() }));
    await settled();
    store.failure = undefined;
    for (let i = 0; i < 3; i++) {
      time.advance(5000);
      await settled();
    }
    const dropped = counters.total('stoxgate_ledger_dropped_total');
    assert.ok(dropped > 0 && dropped <= 5000, String(dropped));
    const kept = await rowsIn(store);
    assert.equal(kept.length + dropped, 15_000);
    assert.equal(new Set(kept.map(({ xmppId }) => xmppId)).size, kept.length, 'none twice');
  });

  test('a store that is slow: no more than 64 pages are with it at a time', async () => {
    const { ledger, store } = rig({ rows: 100_000, hours: 1 });
    store.held = true;
    for (let n = 0; n < 9000; n++) ledger.add(record(`s${n}`));
    assert.ok(store.puts <= 65, String(store.puts));
    store.held = false;
    store.commit();
    await settled();
    assert.ok(store.puts > 100, 'it goes on by itself');
  });

  test('stop hands over everything', async () => {
    const { ledger, store } = rig({ rows: 100_000, hours: 1 });
    store.held = true;
    for (let n = 0; n < 9000; n++) ledger.add(record(`s${n}`));
    ledger.stop();
    store.commit();
    assert.equal((await rowsIn(store)).length, 9000);
  });

  test('a report before and after the row was written, and after it left the memory', async () => {
    const { ledger, time, store } = rig({ rows: 100_000, hours: 1 });
    const rows = ['a', 'b', 'c'].map((id) =>
      ledger.add(record(id, { imdnId: `m-${id}`, endedMs: time.wall() })),
    );
    ledger.report(rows[0] ?? -1, 'delivered');
    assert.equal(store.puts, 0, 'it goes with the row');
    time.advance(200);
    await settled();
    ledger.report(rows[1] ?? -1, 'failed', 'gone');
    await settled();
    for (let n = 0; n < 10_100; n++) {
      ledger.add(record(`s${n}`, { endedMs: time.wall() }));
      if (n % 1000 === 0) await settled();
    }
    ledger.reportNamed('sip_to_xmpp', 'c', 'displayed');
    // The first that says so counts.
    ledger.reportNamed('sip_to_xmpp', 'b', 'failed', 'other');
    // Of the other direction, or of nobody.
    ledger.reportNamed('xmpp_to_sip', 'c', 'failed', 'gone');
    ledger.reportNamed('sip_to_xmpp', 'nobody', 'failed', 'gone');
    ledger.reportFailure(0, 'a', 'item-not-found');
    time.advance(200);
    await settled();
    const found = await Promise.all(['a', 'm-b', 'call-c'].map((id) => ledger.find(id)));
    assert.deepEqual(
      found.map(({ messages: [row] }) => [
        row?.deliveredMs !== undefined,
        row?.displayedMs !== undefined,
        row?.failure,
      ]),
      [
        [true, false, 'item-not-found'],
        [false, false, 'gone'],
        [false, true, undefined],
      ],
    );
  });
});
