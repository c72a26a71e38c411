// Source: XEP-0198 1.6 §3 … §5, §8; row S2S-06.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  initialManagement,
  readCount,
  stepManagement,
  type ManagementEffect,
  type ManagementEvent,
  type ManagementState,
} from '../../../src/xmpp/index.ts';
import { SM, wire } from './server-rig.ts';

const on: ManagementState = { ...initialManagement, phase: 'on', id: 'id1' };
const states = {
  off: initialManagement,
  enabling: { ...initialManagement, phase: 'enabling' },
  on,
  open: { ...on, open: 3, acknowledged: 5 },
  asked: { ...on, open: 3, acknowledged: 5, asked: true },
  unresumable: { ...on, id: undefined, open: 1 },
  suspended: { ...on, phase: 'suspended', open: 3, acknowledged: 5, handled: 9 },
  resuming: { ...on, phase: 'resuming', open: 3, acknowledged: 5 },
} as const satisfies Readonly<Record<string, ManagementState>>;

const events = {
  enable: { kind: 'enable' },
  enabled: { kind: 'enabled', id: 'id2' },
  failed: { kind: 'failed', h: undefined },
  failedWithCount: { kind: 'failed', h: 7 },
  peerEnable: { kind: 'peerEnable', id: 'id3', maxSeconds: 300 },
  resume: { kind: 'resume' },
  resumed: { kind: 'resumed', h: 6 },
  peerResume: { kind: 'peerResume', h: 6 },
  sent: { kind: 'sent' },
  ask: { kind: 'ask' },
  request: { kind: 'request' },
  all: { kind: 'acknowledged', h: 8 },
  some: { kind: 'acknowledged', h: 6 },
  none: { kind: 'acknowledged', h: 5 },
  tooMany: { kind: 'acknowledged', h: 9 },
  handled: { kind: 'handled' },
  timeout: { kind: 'timeout' },
  down: { kind: 'down' },
} as const satisfies Readonly<Record<string, ManagementEvent>>;

type StateName = keyof typeof states;
type EventName = keyof typeof events;

const matrix: Readonly<Record<EventName, Partial<Record<StateName, string>>>> = {
  enable: { off: 'enabling: write enable' },
  enabled: { enabling: 'on: began' },
  failed: { enabling: 'off: unavailable', resuming: 'off: abandoned' },
  failedWithCount: { enabling: 'off: unavailable', resuming: 'off: confirmed 2, abandoned' },
  peerEnable: {
    off: 'on: write enabled, began',
    enabling: 'enabling: write failed',
    on: 'on: write failed',
    open: 'on: write failed',
    asked: 'on: write failed',
    unresumable: 'on: write failed',
    suspended: 'suspended: write failed',
    resuming: 'resuming: write failed',
  },
  resume: { suspended: 'resuming: write resume' },
  resumed: { resuming: 'on: confirmed 1, began, rewrite' },
  peerResume: { suspended: 'on: write resumed, confirmed 1, began, rewrite' },
  sent: { on: 'on: ', open: 'on: ', asked: 'on: ', unresumable: 'on: ' },
  ask: {
    off: 'off: ',
    enabling: 'enabling: ',
    on: 'on: write r, setTimer',
    open: 'on: write r, setTimer',
    asked: 'on: ',
    unresumable: 'on: write r, setTimer',
    suspended: 'suspended: ',
    resuming: 'resuming: ',
  },
  request: { on: 'on: write a', open: 'on: write a', asked: 'on: write a', unresumable: 'on: write a' },
  all: {
    on: 'on: tooHigh 8 of 0',
    open: 'on: clearTimer, confirmed 3',
    asked: 'on: clearTimer, confirmed 3',
    unresumable: 'on: tooHigh 8 of 1',
  },
  some: {
    on: 'on: tooHigh 6 of 0',
    open: 'on: confirmed 1, write r, setTimer',
    asked: 'on: confirmed 1, write r, setTimer',
    unresumable: 'on: tooHigh 6 of 1',
  },
  // What has moved nothing is not asked again at once: no storm of r and a.
  none: {
    on: 'on: tooHigh 5 of 0',
    open: 'on: setTimer',
    asked: 'on: setTimer',
    unresumable: 'on: tooHigh 5 of 1',
  },
  tooMany: {
    on: 'on: tooHigh 9 of 0',
    open: 'on: tooHigh 9 of 8',
    asked: 'on: tooHigh 9 of 8',
    unresumable: 'on: tooHigh 9 of 1',
  },
  handled: {
    off: 'off: ',
    enabling: 'enabling: ',
    on: 'on: ',
    open: 'on: ',
    asked: 'on: ',
    unresumable: 'on: ',
    suspended: 'suspended: ',
    resuming: 'resuming: ',
  },
  timeout: {
    on: 'on: write r, setTimer',
    open: 'on: write r, setTimer',
    asked: 'on: lost',
    unresumable: 'on: write r, setTimer',
  },
  down: {
    off: 'off: ',
    enabling: 'off: clearTimer',
    on: 'suspended: clearTimer',
    open: 'suspended: clearTimer',
    asked: 'suspended: clearTimer',
    unresumable: 'off: clearTimer, abandoned',
    suspended: 'suspended: ',
    resuming: 'suspended: clearTimer',
  },
};

function inWords(effect: ManagementEffect): string {
  switch (effect.kind) {
    case 'write':
      return `write ${effect.element.name}`;
    case 'confirmed':
      return `confirmed ${effect.count}`;
    case 'tooHigh':
      return `tooHigh ${effect.h} of ${effect.sent}`;
    default:
      return effect.kind;
  }
}

const stateNames = Object.keys(states).filter((name): name is StateName => Object.hasOwn(states, name));
const eventNames = Object.keys(events).filter((name): name is EventName => Object.hasOwn(events, name));

describe('Stream management: every state and event', () => {
  for (const eventName of eventNames) {
    for (const stateName of stateNames) {
      const expected = matrix[eventName][stateName];
      test(`${stateName} × ${eventName}: ${expected ?? 'unexpected, nothing changes'}`, () => {
        const before = states[stateName];
        const { state, effects } = stepManagement(before, events[eventName]);
        const words = effects.map(inWords).join(', ');
        if (expected === undefined) {
          assert.equal(state, before);
          assert.equal(words, 'unexpected');
        } else assert.equal(`${state.phase}: ${words}`, expected);
      });
    }
  }
});

describe('XEP-0198 §8: counts go round at 2^32', () => {
  test('ours', () => {
    const before: ManagementState = { ...on, acknowledged: 2 ** 32 - 1, open: 2 };
    const { state, effects } = stepManagement(before, { kind: 'acknowledged', h: 1 });
    assert.deepEqual(effects.map(inWords), ['clearTimer', 'confirmed 2']);
    assert.equal(state.acknowledged, 1);
    assert.equal(state.open, 0);
  });

  test("the peer's", () => {
    const before: ManagementState = { ...on, handled: 2 ** 32 - 1 };
    const { state } = stepManagement(before, { kind: 'handled' });
    assert.equal(state.handled, 0);
    const [answer] = stepManagement(state, { kind: 'request' }).effects;
    assert.ok(answer?.kind === 'write');
    assert.equal(answer.element.attr('h'), '0');
  });

  for (const [text, count] of [
    ['0', 0],
    ['4294967295', 4_294_967_295],
    ['4294967296', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['', undefined],
  ] as const) {
    test(`h='${text}' is ${count ?? 'no count'}`, () => {
      assert.equal(readCount(wire(`<a ${SM} h='${text}'/>`)), count);
    });
  }
});

test('XEP-0198 §5: a resumption says what was handled, under the id of the peer', () => {
  const [effect] = stepManagement(states.suspended, { kind: 'resume' }).effects;
  assert.ok(effect?.kind === 'write');
  assert.equal(effect.element.attr('previd'), 'id1');
  assert.equal(effect.element.attr('h'), '9');
});

test('after a resumption counting goes on where it was', () => {
  const resumed = stepManagement(states.resuming, { kind: 'resumed', h: 6 }).state;
  assert.equal(resumed.open, 2);
  const { effects } = stepManagement(resumed, { kind: 'acknowledged', h: 8 });
  assert.deepEqual(effects.map(inWords), ['clearTimer', 'confirmed 2']);
});
