// Source: docs/architecture.md "Acknowledgement".

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { array, assert as check, constantFrom, property } from 'fast-check';
import {
  awaitsConfirmation,
  initialBarrierState,
  stepBarrier,
  type BarrierEffect,
  type BarrierEvent,
  type BarrierState,
} from '../../../src/xmpp/index.ts';

function inWords(effect: BarrierEffect): string {
  switch (effect.kind) {
    case 'ping':
      return `ping ${effect.counter}`;
    case 'setTimer':
      return `time for ${effect.purpose}`;
    case 'confirmed':
      return `confirmed ${effect.seq}`;
    case 'lost':
      return `lost ${effect.purpose}`;
    default:
      return effect.kind;
  }
}

/** Runs events; the words of the effects of each. */
function play(events: readonly BarrierEvent[], from: BarrierState = initialBarrierState): string[] {
  let state = from;
  return events.map((event) => {
    const transition = stepBarrier(state, event);
    state = transition.state;
    return transition.effects.map(inWords).join(', ');
  });
}

const up: BarrierEvent = { kind: 'up', seq: 0 };
const down: BarrierEvent = { kind: 'down' };
const timeout: BarrierEvent = { kind: 'timeout' };
const idle: BarrierEvent = { kind: 'idle' };
const write = (seq: number, wanted: number): BarrierEvent => ({ kind: 'write', seq, wanted });
const returned = (counter: number): BarrierEvent => ({ kind: 'returned', counter });

describe('Acknowledgement barrier', () => {
  const cases: readonly (readonly [string, readonly BarrierEvent[], readonly string[]])[] = [
    ['the first ping goes out at once', [up], ['ping 1, time for confirm']],
    [
      'and confirms nothing, for nothing was sent',
      [up, returned(1)],
      ['ping 1, time for confirm', 'clearTimer'],
    ],
    [
      'a write that wants nothing has no ping',
      [up, returned(1), write(1, 0)],
      ['ping 1, time for confirm', 'clearTimer', ''],
    ],
    [
      'a write that wants confirmation has one; its return covers the whole write',
      [up, returned(1), write(3, 2), returned(2)],
      ['ping 1, time for confirm', 'clearTimer', 'ping 2, time for confirm', 'clearTimer, confirmed 3'],
    ],
    [
      'one in flight; what was written behind it waits for the next',
      [up, write(1, 1), write(2, 2), returned(1), write(2, 2), returned(2)],
      [
        'ping 1, time for confirm',
        '',
        '',
        'clearTimer, flush',
        'ping 2, time for confirm',
        'clearTimer, confirmed 2',
      ],
    ],
    [
      'a later write that wants nothing does not cause another',
      [up, returned(1), write(1, 1), write(2, 1), returned(2)],
      ['ping 1, time for confirm', 'clearTimer', 'ping 2, time for confirm', '', 'clearTimer, confirmed 1'],
    ],
    [
      'twice returned, once counted',
      [up, returned(1), write(1, 1), returned(2), returned(2)],
      ['ping 1, time for confirm', 'clearTimer', 'ping 2, time for confirm', 'clearTimer, confirmed 1', ''],
    ],
    [
      'an old or made-up number is nothing',
      [up, returned(1), write(1, 1), returned(1), returned(3), returned(Number.NaN)],
      ['ping 1, time for confirm', 'clearTimer', 'ping 2, time for confirm', '', '', ''],
    ],
    [
      'no return',
      [up, returned(1), write(1, 1), timeout],
      ['ping 1, time for confirm', 'clearTimer', 'ping 2, time for confirm', 'lost confirm'],
    ],
    ['a timer without a barrier', [up, returned(1), timeout], ['ping 1, time for confirm', 'clearTimer', '']],
    [
      'idle: a probe',
      [up, returned(1), idle, timeout],
      ['ping 1, time for confirm', 'clearTimer', 'ping 2, time for probe', 'lost probe'],
    ],
    ['idle while one is in flight', [up, idle], ['ping 1, time for confirm', '']],
    [
      'a probe that stanzas come to wait for gets their time, and they a barrier of their own',
      [up, returned(1), idle, write(1, 1), returned(2), write(1, 1), returned(3)],
      [
        'ping 1, time for confirm',
        'clearTimer',
        'ping 2, time for probe',
        'time for confirm',
        'clearTimer, flush',
        'ping 3, time for confirm',
        'clearTimer, confirmed 1',
      ],
    ],
    [
      'what an earlier stream left open is never confirmed',
      [up, returned(1), write(5, 5), down, { kind: 'up', seq: 7 }, returned(3), write(8, 8), returned(4)],
      [
        'ping 1, time for confirm',
        'clearTimer',
        'ping 2, time for confirm',
        'clearTimer',
        'ping 3, time for confirm',
        'clearTimer',
        'ping 4, time for confirm',
        'clearTimer, confirmed 8',
      ],
    ],
    [
      'a return after the link went down',
      [up, returned(1), write(1, 1), down, returned(2), timeout],
      ['ping 1, time for confirm', 'clearTimer', 'ping 2, time for confirm', 'clearTimer', '', ''],
    ],
  ];
  for (const [name, events, expected] of cases) {
    test(name, () => assert.deepEqual(play(events), expected));
  }

  test('against a server that takes in order: never too early, never forgotten, one in flight', () => {
    const action = constantFrom('send', 'sendWanted', 'flush', 'serve', 'idle', 'reconnect');
    check(
      property(array(action, { maxLength: 60 }), (actions) => {
        let state = initialBarrierState;
        let seq = 0;
        let wanted = 0;
        let confirmed = 0;
        let floor = 0;
        // What is on the way: stanzas and pings in the order of writing.
        let wire: (number | { readonly ping: number })[] = [];
        let held = 0;
        const step = (event: BarrierEvent): void => {
          const transition = stepBarrier(state, event);
          state = transition.state;
          for (const effect of transition.effects) {
            if (effect.kind === 'ping') {
              assert.ok(!wire.some((each) => typeof each === 'object'), 'one in flight');
              wire.push({ ping: effect.counter });
            } else if (effect.kind === 'confirmed') {
              assert.ok(effect.seq <= held, 'only what the server holds');
              assert.ok(effect.seq > confirmed && effect.seq > floor);
              confirmed = effect.seq;
            } else if (effect.kind === 'flush') flush();
          }
        };
        let unwritten: number[] = [];
        const flush = (): void => {
          wire.push(...unwritten);
          unwritten = [];
          step({ kind: 'write', seq, wanted });
        };
        const serve = (): void => {
          const next = wire.shift();
          if (typeof next === 'number') held = next;
          else if (next !== undefined) step({ kind: 'returned', counter: next.ping });
        };
        step({ kind: 'up', seq });
        for (const each of actions) {
          if (each === 'send' || each === 'sendWanted') {
            seq += 1;
            if (each === 'sendWanted') wanted = seq;
            unwritten.push(seq);
          } else if (each === 'flush') flush();
          else if (each === 'serve') serve();
          else if (each === 'idle') step({ kind: 'idle' });
          else {
            wire = [];
            unwritten = [];
            floor = seq;
            wanted = seq;
            step({ kind: 'down' });
            step({ kind: 'up', seq });
          }
        }
        flush();
        while (wire.length > 0) serve();
        assert.equal(awaitsConfirmation(state), false);
        if (wanted > floor) assert.ok(confirmed >= wanted, 'everything wanted is confirmed in the end');
        assert.equal(state.inFlight, undefined);
      }),
    );
  });
});
