// What another XMPP server is told to be safe, is: each answer comes behind a commit that began after the question.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoreStatus } from '../../src/base/index.ts';
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

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

test('nothing is written: at once', () => {
  assert.equal(new Settlement(new SlowStore()).settled(), undefined);
});

test('memory keeps nothing, so that there is nothing to wait for', () => {
  const store = new SlowStore();
  store.kind = 'memory';
  store.pending = 3;
  assert.equal(new Settlement(store).settled(), undefined);
});

test('who asks while a commit runs waits for the next one, and all of them for the same', async () => {
  const store = new SlowStore();
  const settlement = new Settlement(store);
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
