// What a leg does, in which order: what follows from an input comes before the next input, also where something is waited for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agenda } from '../../../src/gateway/calls/sip-agenda.ts';

function agenda() {
  const did: string[] = [];
  const made = new Agenda(
    () => did.push('rest'),
    (error) => did.push(`failed ${String(error)}`),
  );
  return { did, agenda: made };
}

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

test('what follows goes ahead of what waits, in the order in which it was added', () => {
  const { did, agenda: it } = agenda();
  const say = (word: string) => () => void did.push(word);
  it.input(() => {
    it.input(say('next input'));
    it.follow([
      () => {
        did.push('a');
        it.follow([say('a1')]);
        it.follow([say('a2')]);
      },
      say('b'),
    ]);
  });
  assert.deepEqual(did, ['a', 'a1', 'a2', 'b', 'next input', 'rest']);
});

test('a promise holds everything up', async () => {
  const { did, agenda: it } = agenda();
  let go: (() => void) | undefined;
  it.input(() =>
    new Promise<void>((resolve) => {
      go = resolve;
    }).then(() => it.follow([() => void did.push('follows')])),
  );
  it.input(() => void did.push('next input'));
  assert.deepEqual(did, []);
  go?.();
  await turn();
  assert.deepEqual(did, ['follows', 'next input', 'rest']);
});

test('a fault is told, and the rest goes on', async () => {
  const { did, agenda: it } = agenda();
  it.input(() => {
    throw new Error('one');
  });
  it.input(() => Promise.reject(new Error('two')));
  it.input(() => void did.push('on'));
  await turn();
  assert.deepEqual(did, ['failed Error: one', 'rest', 'failed Error: two', 'on', 'rest']);
});

test('it is full with 64 inputs that wait, and empty after a stop', async () => {
  const { did, agenda: it } = agenda();
  it.input(() => turn());
  for (let n = 0; n < 63; n++) it.input(() => void did.push('input'));
  assert.equal(it.isFull, false);
  it.input(() => void did.push('input'));
  assert.equal(it.isFull, true);
  it.stop();
  await turn();
  await turn();
  assert.deepEqual(did, []);
});
