// What another XMPP server is told to be safe, is (XEP-0198 §4): each answer comes behind a commit that began after the
// question, and when what waited for DNS or for the route script has gone on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualTime, type StoreStatus } from '../../src/base/index.ts';
import { InHand } from '../../src/gateway/in-hand.ts';
import { Settlement } from '../../src/gateway/settlement.ts';

class SlowStore {
  pending = 0;
  kind: StoreStatus['kind'] = 'sqlite';
  readonly commits: (() => void)[] = [];

  status(): StoreStatus {
    return { kind: this.kind, writable: true, pending: this.pending, pendingMs: 0 };
  }

  flush(): Promise<void> {
    return new Promise((resolve) => {
      this.commits.push(() => {
        this.pending = 0;
        resolve();
      });
    });
  }
}

const nothing = new InHand(new VirtualTime().timers);

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

test('nothing is written: at once', () => {
  assert.equal(new Settlement(new SlowStore(), nothing).settled(), undefined);
});

test('memory keeps nothing, so that there is nothing to wait for', () => {
  const store = new SlowStore();
  store.kind = 'memory';
  store.pending = 3;
  assert.equal(new Settlement(store, nothing).settled(), undefined);
});

test('who asks while a commit runs waits for the next one, and all of them for the same', async () => {
  const store = new SlowStore();
  const settlement = new Settlement(store, nothing);
  const done: string[] = [];
  const ask = (name: string): void => {
    void Promise.resolve(settlement.settled()).then(() => done.push(name));
  };
  store.pending = 1;
  ask('first');
  ask('second');
  ask('third');
  assert.equal(store.commits.length, 1);
  store.commits[0]?.();
  store.pending = 1;
  await turn();
  assert.deepEqual(done, ['first']);
  assert.equal(store.commits.length, 2);
  store.commits[1]?.();
  await turn();
  assert.deepEqual(done, ['first', 'second', 'third']);
});

test('what is in hand is waited for, and then for its commit; what comes later is not', async () => {
  const store = new SlowStore();
  const inHand = new InHand(new VirtualTime().timers);
  const settlement = new Settlement(store, inHand);
  const ends: (() => void)[] = [];
  const take = (): void => inHand.until((done) => ends.push(done));
  const answered: string[] = [];
  const ask = (name: string): void => {
    void Promise.resolve(settlement.settled()).then(() => answered.push(name));
  };
  take();
  take();
  ask('first');
  take();
  ask('second');
  ends[2]?.();
  ends[1]?.();
  await turn();
  assert.deepEqual([answered, store.commits.length], [[], 0]);
  store.pending = 1;
  ends[0]?.();
  // Only once.
  ends[0]?.();
  await turn();
  assert.deepEqual([answered, store.commits.length], [[], 1]);
  store.commits[0]?.();
  await turn();
  store.commits[1]?.();
  await turn();
  assert.deepEqual(answered, ['first', 'second']);
  assert.equal(settlement.settled(), undefined);
});

test('what goes on at once is never in hand', () => {
  const inHand = new InHand(new VirtualTime().timers);
  inHand.until((done) => done());
  assert.equal(inHand.gone(), undefined);
});

test('it is waited for two seconds, so that one slow DNS server does not hold up the streams of all', async () => {
  const time = new VirtualTime();
  const inHand = new InHand(time.timers);
  let gone = false;
  const ends: (() => void)[] = [];
  inHand.until((done) => ends.push(done));
  void inHand.gone()?.then(() => {
    gone = true;
  });
  time.advance(1_900);
  await turn();
  assert.equal(gone, false);
  time.advance(200);
  await turn();
  assert.equal(gone, true);
  assert.equal(inHand.gone(), undefined);
  ends[0]?.();
  assert.equal(time.timers.size, 0);
});
