// The throttle of questions and tellings, and the places of NOTIFY: what is put off comes later, once, and nothing is forgotten.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { VirtualTime } from '../../../src/base/index.ts';
import { Throttle } from '../../../src/gateway/presence/throttle.ts';
import { NotifyQueue, type Notifying } from '../../../src/gateway/subscriptions/notify-queue.ts';
import { Parties, type Party } from '../../../src/gateway/subscriptions/parties.ts';

describe('Throttle', () => {
  const LIMITS = { times: 3, windowMs: 1000 };

  test('so often at once, then once for all that came meanwhile, then again so often', () => {
    const time = new VirtualTime(0, 20);
    const ran: string[] = [];
    const throttle = new Throttle<string>(time.timers, LIMITS, (key) => ran.push(key));
    assert.deepEqual(Array.from({ length: 50 }, () => throttle.may('a')).filter(Boolean).length, 3);
    assert.equal(throttle.may('b'), true, 'another is not concerned');
    time.advance(980);
    assert.deepEqual(ran, []);
    time.advance(40);
    assert.deepEqual(ran, ['a']);
    assert.deepEqual([throttle.may('a'), throttle.may('a'), throttle.may('a')], [true, true, false]);
    time.advance(5000);
    assert.deepEqual(ran, ['a', 'a']);
    assert.equal(time.timers.size, 0);
  });

  test('what was put off and is cancelled does not run', () => {
    const time = new VirtualTime(0, 20);
    const throttle = new Throttle<string>(time.timers, LIMITS, () => assert.fail('it ran'));
    for (let i = 0; i < 5; i++) throttle.may('a');
    throttle.cancel('a');
    time.advance(5000);
    for (let i = 0; i < 5; i++) throttle.may('a');
    throttle.stop();
    time.advance(5000);
    assert.equal(time.timers.size, 0);
  });

  test('whatever comes when: never more often than allowed, and the last wish is always run', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(900), { maxLength: 60 }), (pauses) => {
        const time = new VirtualTime(0, 20);
        const runs: number[] = [];
        const throttle = new Throttle<string>(time.timers, LIMITS, () => runs.push(time.now()));
        let wishedMs = 0;
        for (const ms of pauses) {
          time.advance(ms);
          wishedMs = time.now();
          if (throttle.may('a')) runs.push(wishedMs);
        }
        time.advance(3000);
        assert.equal(time.timers.size, 0);
        assert.ok(pauses.length === 0 || (runs.at(-1) ?? -1) >= wishedMs);
        // Windows follow each other, so that any second has at most those of two.
        for (const from of runs) {
          assert.ok(runs.filter((at) => at >= from && at < from + 1000).length <= 2 * LIMITS.times);
        }
      }),
    );
  });
});

describe('NotifyQueue', () => {
  class One implements Notifying {
    readonly name: string;
    readonly watcherParty: Party;
    readonly #sent: string[];
    gone = false;

    constructor(name: string, watcherParty: Party, sent: string[]) {
      this.name = name;
      this.watcherParty = watcherParty;
      this.#sent = sent;
    }

    transmit(): boolean {
      if (this.gone) return false;
      this.#sent.push(this.name);
      return true;
    }
  }

  function make(width: number, perWatcher: number, perDomain: number) {
    const domains = new Parties({ limit: Infinity, places: perDomain });
    const watchers = new Parties({ limit: 1000, places: perWatcher, domains });
    const queue = new NotifyQueue(width);
    const sent: string[] = [];
    const one = (name: string, jid: string): One => new One(name, watchers.take(jid), sent);
    return { queue, sent, one, watchers };
  }

  test('a watcher has so many places, his others wait in order, and others go before them', () => {
    const { queue, sent, one } = make(10, 2, 8);
    const all = Array.from({ length: 5 }, (_, i) => one(`a${i}`, 'a@x.example'));
    for (const each of all) queue.add(each);
    queue.add(one('b', 'b@x.example'));
    assert.deepEqual(sent, ['a0', 'a1', 'b']);
    assert.equal(queue.length, 3);
    for (const each of all) queue.done(each);
    assert.deepEqual(sent, ['a0', 'a1', 'b', 'a2', 'a3', 'a4']);
    assert.equal(queue.length, 0);
  });

  test('a domain has so many, whoever in it wants them', () => {
    const { queue, sent, one } = make(10, 5, 3);
    const all = Array.from({ length: 6 }, (_, i) => one(`x${i}`, `u${i}@x.example`));
    for (const each of all) queue.add(each);
    queue.add(one('y', 'u@y.example'));
    assert.deepEqual(sent, ['x0', 'x1', 'x2', 'y']);
    all[3]!.gone = true;
    queue.done(all[0]!);
    assert.deepEqual(sent, ['x0', 'x1', 'x2', 'y', 'x4'], 'who has ended leaves his place to the next');
    assert.equal(queue.length, 1);
  });

  test('whatever ends when: each has his turn once, and no share is exceeded', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ user: fc.nat(3), domain: fc.nat(2), end: fc.nat(20), gone: fc.boolean() }), {
          maxLength: 80,
        }),
        (plan) => {
          const { queue, sent, one, watchers } = make(6, 2, 4);
          const items = plan.map(({ user, domain, gone }, i) => {
            const item = one(String(i), `u${user}@d${domain}.example`);
            item.gone = gone;
            return item;
          });
          const ended = new Set<string>();
          const under = (): One[] => items.filter(({ name }) => sent.includes(name) && !ended.has(name));
          const check = (): void => {
            assert.ok(under().length <= 6);
            for (const { watcherParty } of under()) {
              const same = under().filter((each) => each.watcherParty === watcherParty);
              assert.ok(same.length <= 2);
              const domain = under().filter((each) => each.watcherParty.domain === watcherParty.domain);
              assert.ok(domain.length <= 4);
            }
          };
          const end = (which: number): void => {
            const open = under();
            const item = open[which % Math.max(1, open.length)];
            if (item === undefined) return;
            ended.add(item.name);
            queue.done(item);
            check();
          };
          for (const [i, { end: which }] of plan.entries()) {
            queue.add(items[i]!);
            check();
            if (which < 10) end(which);
          }
          while (under().length > 0) end(0);
          assert.equal(queue.length, 0);
          const live = items.filter(({ gone }) => !gone).map(({ name }) => name);
          assert.deepEqual(sent.toSorted(), live.toSorted());
          for (const { watcherParty } of items) {
            for (const share of watcherParty.shares) assert.equal(share.open, 0);
          }
          for (const { watcherParty } of items) watchers.release(watcherParty);
          assert.equal(watchers.isFull('u0@d0.example'), false);
        },
      ),
    );
  });
});
