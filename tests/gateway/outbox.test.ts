// What the outbox makes of restarts, of clocks that are set, and of a store that fails (docs/architecture.md, "The
// outbox"), with time and deliveries in the test's hands.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  Counters,
  SecureRandom,
  silentLog,
  VirtualTime,
  type Collection,
  type Entry,
  type FindOptions,
  type Written,
} from '../../src/base/index.ts';
import type { DeliveryParts } from '../../src/gateway/messages/delivery-parts.ts';
import { Outbox } from '../../src/gateway/messages/outbox.ts';
import type { Letter, Sender } from '../../src/gateway/messages/outbox-message.ts';
import { OUTBOX, type OutboxRecord } from '../../src/interwork/message/index.ts';
import { stanzaError } from '../../src/xmpp/index.ts';
import { MemoryStore } from '../system/memory-store.ts';
import { pause } from '../system/rig.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const ROMEO = 'romeo@example.net';
const UNAVAILABLE = stanzaError('recipient-unavailable');

/** A collection whose disk fills up and is emptied again. */
class Disk implements Collection<OutboxRecord> {
  full = false;
  /** What a slow disk has not found yet. */
  slow: Promise<void> | undefined;
  readonly #records: Collection<OutboxRecord>;

  constructor(records: Collection<OutboxRecord>) {
    this.#records = records;
  }

  put(key: string, record: OutboxRecord, written?: Written): void {
    if (this.full) queueMicrotask(() => written?.(new Error('full')));
    else this.#records.put(key, record, written);
  }

  delete(key: string, written?: Written): void {
    if (this.full) queueMicrotask(() => written?.(new Error('full')));
    else this.#records.delete(key, written);
  }

  get(key: string): Promise<OutboxRecord | undefined> {
    return this.#records.get(key);
  }

  find(index: string, value: string, options?: FindOptions): Promise<readonly Entry<OutboxRecord>[]> {
    return this.#records.find(index, value, options);
  }

  async scan(options?: FindOptions): Promise<readonly Entry<OutboxRecord>[]> {
    await this.slow;
    return await this.#records.scan(options);
  }

  count(): Promise<number> {
    return this.#records.count();
  }

  takeExpired(nowMs: number, limit: number): Promise<readonly Entry<OutboxRecord>[]> {
    return this.#records.takeExpired(nowMs, limit);
  }

  trim(keep: number): Promise<number> {
    return this.#records.trim(keep);
  }
}

class Scene {
  readonly time = new VirtualTime(Date.UTC(2026, 10, 25), 1000);
  /** Added to the wall clock. */
  shiftMs = 0;
  readonly store = new MemoryStore();
  disk!: Disk;
  outbox!: Outbox;
  /** What is under way to SIP. */
  readonly sent: DeliveryParts[] = [];
  /** Errors that senders were told: the text of the message and the condition. */
  readonly told: string[] = [];
  readonly reading: boolean[] = [];

  static async open(): Promise<Scene> {
    const scene = new Scene();
    scene.disk = new Disk(await scene.store.collection(OUTBOX));
    scene.start();
    return scene;
  }

  /** Another process in the place of the last, which ended without a word. */
  start(): void {
    const { time } = this;
    this.sent.length = 0;
    this.outbox = new Outbox({
      clock: { now: () => time.now(), wall: () => time.wall() + this.shiftMs },
      timers: time.timers,
      random: new SecureRandom(),
      log: silentLog,
      counters: new Counters(),
      live: {
        offline: {
          keep: true,
          unknown_users: 'refuse',
          registrars: [],
          hours: 168,
          per_user: 100,
          per_domain: 1000,
        },
      },
      node: 'n',
      deliveries: { send: (parts) => void this.sent.push(parts) },
      records: this.disk,
      shared: false,
      durable: true,
      senderOf: (record) => this.#sender(record.callId),
      cpimRefused: () => undefined,
      pauseReading: (paused) => void this.reading.push(paused),
      awaited: () => undefined,
    });
  }

  send(text: string, letter: Partial<Letter> = {}): void {
    this.outbox.send({
      sender: this.#sender(text),
      recipient: ROMEO,
      mayKeep: true,
      from: 'sip:juliet@example.com',
      requestUri: 'sip:romeo@example.net',
      callId: text,
      fromTag: `tag-${text}`,
      maxForwards: 70,
      headers: [],
      body: new Uint8Array(),
      ...letter,
    });
  }

  /** What came to the deliveries since. */
  taken(): readonly DeliveryParts[] {
    return this.sent.splice(0);
  }

  /** The one that is under way ends so. */
  async answer(status: number, cseq?: number): Promise<void> {
    const [parts] = this.taken();
    assert.ok(parts, 'something is under way');
    if (status < 300) parts.origin.delivered({});
    else parts.origin.refused(UNAVAILABLE, status, cseq ?? parts.cseq ?? 1);
    await pause(10);
  }

  /** Sends and has it kept. */
  async keep(...texts: readonly string[]): Promise<void> {
    for (const text of texts) {
      this.send(text);
      if (this.sent.length > 0) await this.answer(480);
    }
    this.taken();
  }

  /** Brings everything that is kept to the user, and says in which order. */
  async deliverAll(): Promise<readonly string[]> {
    const order: string[] = [];
    this.outbox.seen(ROMEO);
    for (let guard = 0; guard < 100; guard++) {
      await pause(10);
      const [parts] = this.taken();
      if (parts === undefined) break;
      order.push(parts.callId);
      parts.origin.delivered({});
    }
    return order;
  }

  get records(): number {
    return this.store.table('outbox').size;
  }

  #sender(text: string): Sender {
    return {
      cid: text,
      displayName: '',
      stanza: [],
      delivered: () => undefined,
      refused: () => undefined,
      report: (error, reported) => {
        this.told.push(`${text} ${error.condition} ${error.type}`);
        reported();
      },
    };
  }
}

describe('the next attempt', () => {
  for (const status of [480, 410, 430, 503]) {
    test(`RFC 3261 §8.1.3.5: after ${status} it has the CSeq after the last one, and a 482 is no delivery`, async () => {
      const scene = await Scene.open();
      scene.send('one');
      assert.equal(scene.sent[0]?.cseq, 1);
      assert.equal(scene.sent[0]?.repeated, false);
      // 2: it was asked for credentials on the way.
      await scene.answer(status, 2);
      scene.outbox.seen(ROMEO);
      await pause(10);
      const [again] = scene.sent;
      assert.deepEqual([again?.cseq, again?.repeated, again?.fromTag], [3, false, 'tag-one']);
      await scene.answer(480);
      scene.outbox.seen(ROMEO);
      await pause(10);
      assert.equal(scene.sent[0]?.cseq, 4);
    });
  }

  for (const status of [408, 504]) {
    test(`RFC 3261 §8.2.2.2: after ${status} it is the same request, and a 482 says that it is there`, async () => {
      const scene = await Scene.open();
      scene.send('one');
      await scene.answer(status);
      scene.outbox.seen(ROMEO);
      await pause(10);
      assert.deepEqual([scene.sent[0]?.cseq, scene.sent[0]?.repeated], [1, true]);
    });
  }

  test('nothing was sent: the same request', async () => {
    const scene = await Scene.open();
    scene.send('one');
    await scene.answer(503, 0);
    scene.outbox.seen(ROMEO);
    await pause(10);
    assert.equal(scene.sent[0]?.cseq, 1);
  });

  test('after a restart it is the one that may have been under way, by the same name', async () => {
    const scene = await Scene.open();
    await scene.keep('one');
    scene.outbox.seen(ROMEO);
    await pause(10);
    await scene.answer(480);
    scene.start();
    await scene.outbox.restore();
    scene.outbox.seen(ROMEO);
    await pause(10);
    assert.deepEqual([scene.sent[0]?.cseq, scene.sent[0]?.repeated], [3, true]);
  });

  test('RFC 3261 §17.2.3: after a restart it has the branch of what may be there, so it is a retransmission', async () => {
    const scene = await Scene.open();
    scene.send('one');
    const branch = scene.sent[0]?.branch;
    assert.match(branch ?? '', /^tag-one/);
    scene.start();
    await scene.outbox.restore();
    assert.equal(scene.sent[0]?.branch, branch);
    // This process has waited for its answer in vain: the next one is a transaction of its own.
    await scene.answer(408);
    scene.outbox.seen(ROMEO);
    await pause(10);
    assert.equal(scene.sent[0]?.branch, undefined);
    await scene.answer(480);
    scene.outbox.seen(ROMEO);
    await pause(10);
    assert.match(scene.sent[0]?.branch ?? '', /^tag-one/);
    assert.notEqual(scene.sent[0]?.branch, branch);
  });

  test('ADDR-70: a message that was under way at a restart keeps the name of its sender', async () => {
    const scene = await Scene.open();
    scene.send('one', { displayName: 'Juliet' });
    scene.start();
    await scene.outbox.restore();
    assert.equal(scene.sent[0]?.origin.displayName, 'Juliet');
  });
});

describe('a restart', () => {
  test('kept messages are tried while their receiver would still know them: within 15 s', async () => {
    const scene = await Scene.open();
    await scene.keep('one');
    scene.start();
    await scene.outbox.restore();
    scene.time.advance(15_000);
    await pause(10);
    assert.equal(scene.sent[0]?.callId, 'one');
  });

  test('nothing new is read before what is old is known, so nothing overtakes', async () => {
    const scene = await Scene.open();
    await scene.keep('one');
    scene.start();
    scene.reading.length = 0;
    const found = Promise.withResolvers<void>();
    scene.disk.slow = found.promise;
    const restored = scene.outbox.restore();
    await pause(10);
    assert.deepEqual(scene.reading, [true]);
    found.resolve();
    await restored;
    assert.deepEqual(scene.reading, [true, false]);
  });

  test('what came in one piece with the handshake waits for it', async () => {
    const scene = await Scene.open();
    await scene.keep('one');
    scene.start();
    const found = Promise.withResolvers<void>();
    scene.disk.slow = found.promise;
    const restored = scene.outbox.restore();
    scene.send('two');
    await pause(10);
    assert.deepEqual(scene.sent, []);
    found.resolve();
    await restored;
    assert.deepEqual(await scene.deliverAll(), ['one', 'two']);
  });
});

describe('a wall clock that is set', () => {
  test('back: the order stays', async () => {
    const scene = await Scene.open();
    await scene.keep('one');
    scene.shiftMs = -DAY;
    await scene.keep('two');
    scene.shiftMs = -2 * DAY;
    await scene.keep('three');
    assert.deepEqual(await scene.deliverAll(), ['one', 'two', 'three']);
  });

  test('back: the order stays over a restart', async () => {
    const scene = await Scene.open();
    await scene.keep('one');
    scene.shiftMs = -DAY;
    await scene.keep('two');
    scene.start();
    await scene.outbox.restore();
    assert.deepEqual(await scene.deliverAll(), ['one', 'two']);
  });

  test('forward: nothing has grown older by it', async () => {
    const scene = await Scene.open();
    await scene.keep('one');
    scene.shiftMs = 8 * DAY;
    scene.outbox.sweep();
    await pause(10);
    assert.deepEqual(scene.told, []);
    assert.deepEqual(await scene.deliverAll(), ['one']);
  });

  test('back: what has been kept for its time is given up all the same', async () => {
    const scene = await Scene.open();
    await scene.keep('one');
    scene.shiftMs = -30 * DAY;
    scene.outbox.drain();
    scene.time.advance(7 * DAY + HOUR);
    scene.outbox.sweep();
    await pause(10);
    assert.deepEqual(scene.told, ['one recipient-unavailable wait']);
    assert.equal(scene.records, 0);
  });

  test('the age counts over a restart', async () => {
    const scene = await Scene.open();
    await scene.keep('one');
    scene.outbox.drain();
    scene.time.advance(6 * DAY);
    scene.start();
    await scene.outbox.restore();
    scene.outbox.drain();
    scene.outbox.sweep();
    await pause(10);
    assert.deepEqual(scene.told, []);
    scene.time.advance(DAY + HOUR);
    scene.outbox.sweep();
    await pause(10);
    assert.deepEqual(scene.told, ['one recipient-unavailable wait']);
  });
});

describe('a disk that is full', () => {
  test('a record that could not be taken out is taken out later: a restart does not send it again', async () => {
    const scene = await Scene.open();
    scene.send('one');
    scene.disk.full = true;
    await scene.answer(200);
    assert.equal(scene.records, 1);
    assert.equal(scene.outbox.undeleted, 1);
    scene.outbox.sweep();
    await pause(10);
    assert.equal(scene.outbox.undeleted, 1);
    scene.disk.full = false;
    scene.outbox.sweep();
    await pause(10);
    assert.equal(scene.outbox.undeleted, 0);
    assert.equal(scene.records, 0);
  });

  test('the same at the end of the process', async () => {
    const scene = await Scene.open();
    scene.send('one');
    scene.disk.full = true;
    await scene.answer(200);
    scene.disk.full = false;
    scene.outbox.drain();
    await pause(10);
    assert.equal(scene.records, 0);
  });

  test('ERR-G4: what could not be kept is told once, and not sent besides', async () => {
    const scene = await Scene.open();
    scene.send('one');
    scene.disk.full = true;
    const [parts] = scene.taken();
    parts?.origin.refused(UNAVAILABLE, 480, 1);
    // Before the disk has answered, its user comes; and the record of the first attempt is still there.
    scene.outbox.seen(ROMEO);
    await pause(10);
    assert.deepEqual(scene.told, ['one internal-server-error wait']);
    assert.deepEqual(scene.sent, []);
    assert.equal(scene.outbox.kept, 0);
  });
});
