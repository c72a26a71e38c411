// The ng protocol over UDP (rtpengine 10.5, README): cookies, repetitions, time limits, health, several instances. The network is
// a table here: who listens, and what it answers. With a real rtpengine: tests/interop/media-relay.test.ts.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  Counters,
  latin1Bytes,
  latin1Text,
  SeededRandom,
  silentLog,
  VirtualTime,
  type Bytes,
} from '../../../src/base/index.ts';
import {
  NG_LIMIT_MS,
  NG_PING_MS,
  NG_REPEATS_MS,
  NgInstance,
  NgPool,
  type NgAnswer,
  type NgFailure,
} from '../../../src/edge/rtpengine/index.ts';
import type { Result } from '../../../src/base/index.ts';

type Behaviour = 'answers' | 'silent' | 'unreachable' | 'full' | 'refuses' | 'garbage' | 'other-cookie';

/** What stands behind the cookie of an answer. */
const ANSWERS: Readonly<Record<string, string>> = {
  ping: 'd6:result4:ponge',
  offer: 'd3:sdp5:v=0\r\n6:result2:oke',
  delete: 'd6:result2:oke',
};

class Network {
  readonly time = new VirtualTime();
  readonly counters = new Counters();
  readonly behaviour = new Map<string, Behaviour>();
  readonly received: { readonly at: number; readonly to: string; readonly text: string }[] = [];
  readonly open = new Set<string>();

  env() {
    return {
      timers: this.time.timers,
      random: new SeededRandom(7),
      log: silentLog,
      counters: this.counters,
      open: (host: string, port: number, handlers: { message(d: Bytes): void; error(e: Error): void }) => {
        const to = `${host}:${port}`;
        this.open.add(to);
        return {
          send: (datagram: Bytes) => this.#arrive(to, latin1Text(datagram), handlers),
          close: () => {
            this.open.delete(to);
          },
        };
      },
    };
  }

  requests(to: string, command: string): number[] {
    return this.received
      .filter((each) => each.to === to && each.text.includes(`:${command}`))
      .map(({ at }) => at);
  }

  #arrive(to: string, text: string, handlers: { message(d: Bytes): void; error(e: Error): void }): void {
    this.received.push({ at: this.time.now(), to, text });
    const [cookie = '', body = ''] = text.split(/ (.*)/s);
    const command = /7:command\d+:(ping|offer|delete)/.exec(body)?.[1] ?? '';
    const say = (answer: string): void => queueMicrotask(() => handlers.message(latin1Bytes(answer)));
    switch (this.behaviour.get(to) ?? 'answers') {
      case 'answers':
        return say(`${cookie} ${ANSWERS[command]}`);
      case 'full':
        return say(`${cookie} ${command === 'offer' ? 'd6:result10:load limite' : ANSWERS[command]}`);
      case 'refuses':
        return say(`${cookie} d6:result5:error12:error-reason9:no such xe`);
      case 'garbage':
        return say(`${cookie} d6:result`);
      case 'other-cookie':
        return say(`x${cookie} ${ANSWERS[command]}`);
      case 'unreachable':
        return queueMicrotask(() => handlers.error(new Error('ECONNREFUSED')));
      case 'silent':
        return undefined;
    }
  }

  /** Lets answers arrive, then time go on. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 100) {
      await settle();
      this.time.advance(Math.min(left, 100));
    }
    await settle();
  }
}

async function settle(): Promise<void> {
  for (let n = 0; n < 20; n++) await Promise.resolve();
}

const A = { host: '10.0.0.1', port: 2223 };
const B = { host: '10.0.0.2', port: 2223 };

describe('one request', () => {
  const cases: [Behaviour, NgFailure | NgAnswer['kind'], number[]][] = [
    ['answers', 'ok', [0]],
    ['full', 'full', [0]],
    ['refuses', 'refused', [0]],
    ['garbage', 'unreadable', [0]],
    ['unreachable', 'unreachable', [0]],
    ['silent', 'silent', [0, ...NG_REPEATS_MS]],
    // Nobody else's answer is ours.
    ['other-cookie', 'silent', [0, ...NG_REPEATS_MS]],
  ];
  for (const [behaviour, expected, sent] of cases) {
    test(`${behaviour}: ${expected}`, async () => {
      const network = new Network();
      network.behaviour.set('10.0.0.1:2223', behaviour);
      const instance = new NgInstance(A, network.env());
      const results: Result<NgAnswer, NgFailure>[] = [];
      const start = network.time.now();
      void instance.request('offer', { sdp: 'x' }).then((each) => results.push(each));
      await network.pass(NG_LIMIT_MS + 500);
      assert.equal(results.length, 1);
      const [result] = results;
      assert.equal(result?.ok === true ? result.value.kind : result?.error, expected);
      assert.deepEqual(
        network.requests('10.0.0.1:2223', 'offer').map((at) => at - start),
        sent,
      );
      // A repetition is the same datagram, so that rtpengine knows it (README: "cookie").
      assert.equal(new Set(network.received.map(({ text }) => text)).size, 1);
      assert.equal(instance.pending, 0);
      instance.stop();
      assert.equal(network.time.timers.size, 0);
      assert.equal(network.open.size, 0);
    });
  }
});

test('its end is told to who waits', async () => {
  const network = new Network();
  network.behaviour.set('10.0.0.1:2223', 'silent');
  const instance = new NgInstance(A, network.env());
  const result = instance.request('offer');
  instance.stop();
  assert.deepEqual(await result, { ok: false, error: 'stopped' });
});

test('what is larger than a datagram is not sent', async () => {
  const network = new Network();
  const instance = new NgInstance(A, network.env());
  assert.deepEqual(await instance.request('offer', { sdp: 'x'.repeat(65_600) }), {
    ok: false,
    error: 'busy',
  });
  assert.equal(network.received.length, 0);
});

test('a ping tells whether it is there: down after one without an answer, up after one with', async () => {
  const network = new Network();
  network.behaviour.set('10.0.0.1:2223', 'silent');
  const instance = new NgInstance(A, network.env());
  assert.equal(instance.health, 'unknown');
  instance.watch();
  await network.pass(NG_LIMIT_MS + 100);
  assert.equal(instance.health, 'down');
  network.behaviour.set('10.0.0.1:2223', 'answers');
  await network.pass(NG_PING_MS + 100);
  assert.equal(instance.health, 'up');
  network.behaviour.set('10.0.0.1:2223', 'unreachable');
  await network.pass(NG_PING_MS + 100);
  assert.equal(instance.health, 'down');
  instance.stop();
  assert.equal(network.time.timers.size, 0);
});

async function begun(network: Network, pool: NgPool): Promise<string | undefined> {
  let name: string | undefined;
  void pool.begin({ sdp: 'x' }).then((each) => {
    name = each?.instance.name;
  });
  await network.pass(3 * NG_LIMIT_MS + 500);
  return name;
}

describe('several instances', () => {
  test('new calls take turns', async () => {
    const network = new Network();
    const pool = new NgPool(network.env());
    pool.configure([A, B]);
    const names = [await begun(network, pool), await begun(network, pool), await begun(network, pool)];
    assert.deepEqual(names, ['10.0.0.1:2223', '10.0.0.2:2223', '10.0.0.1:2223']);
    assert.equal(pool.calls, 3);
    pool.stop();
    assert.equal(network.time.timers.size, 0);
  });

  const failures: [Behaviour, number][] = [
    ['silent', 1],
    ['unreachable', 1],
    ['garbage', 1],
    ['full', 1],
  ];
  for (const [behaviour] of failures) {
    test(`one is ${behaviour}: the other one takes all`, async () => {
      const network = new Network();
      network.behaviour.set('10.0.0.1:2223', behaviour);
      const pool = new NgPool(network.env());
      pool.configure([A, B]);
      assert.equal(await begun(network, pool), '10.0.0.2:2223');
      assert.equal(await begun(network, pool), '10.0.0.2:2223');
      assert.equal(pool.calls, 2);
      pool.stop();
    });
  }

  test('one that is known to be down is not asked, until it answers a ping', async () => {
    const network = new Network();
    network.behaviour.set('10.0.0.1:2223', 'silent');
    const pool = new NgPool(network.env());
    pool.configure([A, B]);
    await network.pass(NG_LIMIT_MS + 100);
    assert.equal(await begun(network, pool), '10.0.0.2:2223');
    assert.deepEqual(network.requests('10.0.0.1:2223', 'offer'), []);
    network.behaviour.set('10.0.0.1:2223', 'answers');
    await network.pass(NG_PING_MS + NG_LIMIT_MS);
    const names = new Set([await begun(network, pool), await begun(network, pool)]);
    assert.deepEqual(names, new Set(['10.0.0.1:2223', '10.0.0.2:2223']));
    pool.stop();
  });

  test('a refusal is an answer: nobody else is asked', async () => {
    const network = new Network();
    network.behaviour.set('10.0.0.1:2223', 'refuses');
    const pool = new NgPool(network.env());
    pool.configure([A, B]);
    assert.equal(await begun(network, pool), '10.0.0.1:2223');
    pool.stop();
  });

  test('all are dead: told in bounded time, and nothing is held', async () => {
    const network = new Network();
    for (const to of ['10.0.0.1:2223', '10.0.0.2:2223']) network.behaviour.set(to, 'silent');
    const pool = new NgPool(network.env());
    pool.configure([A, B]);
    assert.equal(await begun(network, pool), undefined);
    assert.equal(pool.calls, 0);
    pool.stop();
  });

  test('none is configured: told at once', async () => {
    const pool = new NgPool(new Network().env());
    assert.equal(await pool.begin({}), undefined);
  });

  test('a reload: who has calls stays until the last one is over, and gets no new one', async () => {
    const network = new Network();
    const pool = new NgPool(network.env());
    pool.configure([A]);
    await begun(network, pool);
    const [first] = pool.instances;
    assert.ok(first !== undefined);
    pool.configure([B]);
    assert.equal(await begun(network, pool), '10.0.0.2:2223');
    assert.ok(network.open.has('10.0.0.1:2223'), 'the call is still changed and deleted there');
    pool.release(first);
    assert.ok(!network.open.has('10.0.0.1:2223'));
    pool.stop();
    assert.equal(network.open.size, 0);
    assert.equal(network.time.timers.size, 0);
  });
});
