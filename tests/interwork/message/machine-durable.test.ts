import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  isUnreachable,
  stepDurable,
  type DurableEffect,
  type DurableEvent,
  type DurableState,
} from '../../../src/interwork/message/index.ts';

const STATES: readonly DurableState[] = ['sending', 'kept', 'reporting', 'ended'];
const EVENTS: readonly DurableEvent[] = [
  'delivered',
  'refused',
  'unreachable',
  'notKept',
  'retry',
  'expired',
  'reported',
];

/** Promise 1: every way out of `sending` and `kept` ends in a delivery that is counted or in one report. */
const EXPECTED: Partial<
  Record<`${DurableState} ${DurableEvent}`, readonly [DurableState, ...DurableEffect[]]>
> = {
  'sending delivered': ['ended', 'countDelivered', 'forget'],
  'sending refused': ['reporting', 'report'],
  'sending unreachable': ['kept', 'keep'],
  'kept retry': ['sending', 'send'],
  'kept expired': ['reporting', 'report'],
  'kept notKept': ['reporting', 'report'],
  'reporting reported': ['ended', 'forget'],
};

describe('the durable life of a message, state × event', () => {
  for (const state of STATES) {
    for (const event of EVENTS) {
      test(`${state}, ${event}`, () => {
        const { state: next, effects, expected } = stepDurable(state, event);
        const wanted = EXPECTED[`${state} ${event}`];
        assert.deepEqual([next, ...effects], wanted ?? [state]);
        assert.equal(expected, wanted !== undefined);
      });
    }
  }

  test('a record goes only after a delivery or a report that was confirmed', () => {
    for (const state of STATES) {
      for (const event of EVENTS) {
        const { effects } = stepDurable(state, event);
        if (effects.includes('forget')) assert.ok(event === 'delivered' || event === 'reported', event);
      }
    }
  });
});

describe('which answers wait for better times', () => {
  for (const [status, waits, waitsIfUnknownDo] of [
    [undefined, false, false],
    [404, false, true],
    [604, false, true],
    [408, true, true],
    [410, true, true],
    [430, true, true],
    [480, true, true],
    [503, true, true],
    [504, true, true],
    [400, false, false],
    [403, false, false],
    [413, false, false],
    [415, false, false],
    [486, false, false],
    [603, false, false],
  ] as const) {
    test(`${status}`, () => {
      assert.equal(isUnreachable(status, false), waits);
      assert.equal(isUnreachable(status, true), waitsIfUnknownDo);
    });
  }
});
