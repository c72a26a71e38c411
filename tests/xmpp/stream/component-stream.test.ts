// Source: XEP-0114 1.6 "Protocol Flow"; RFC 6120 §4.4, §4.9; rows COMP-01, 02, 04.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { element, NS_CLIENT } from '../../../src/xml/index.ts';
import {
  handshakeDigest,
  initialComponentState,
  NS_COMPONENT,
  NS_STREAM,
  stepComponent,
  streamErrorElement,
  type ComponentEffect,
  type ComponentEvent,
  type ComponentState,
  type StreamFailure,
} from '../../../src/xmpp/index.ts';

const env = { secret: 'secret' };
const failed: StreamFailure = { reason: 'barrier', during: 'up' };
const stopped: StreamFailure = { reason: 'stopped', during: 'up' };

const states = {
  closed: { kind: 'closed' },
  connecting: { kind: 'connecting' },
  opening: { kind: 'opening' },
  handshaking: { kind: 'handshaking' },
  up: { kind: 'up' },
  closing: { kind: 'closing', failure: failed },
  stopping: { kind: 'closing', failure: stopped },
  stoppingEarly: { kind: 'closing', failure: { reason: 'stopped', during: 'handshaking' } },
} as const satisfies Readonly<Record<string, ComponentState>>;

const header = { kind: 'streamOpen', name: 'stream', ns: NS_STREAM } as const;
const events = {
  start: { kind: 'start' },
  connected: { kind: 'connected' },
  streamOpen: { ...header, id: '3BF96D32', defaultNs: NS_COMPONENT },
  foreignStream: { ...header, id: '3BF96D32', defaultNs: NS_CLIENT },
  noStream: { ...header, name: 'html', ns: '', id: '1', defaultNs: '' },
  streamWithoutId: { ...header, id: undefined, defaultNs: NS_COMPONENT },
  handshake: { kind: 'element', element: element('handshake', NS_CLIENT) },
  message: { kind: 'element', element: element('message', NS_CLIENT) },
  iq: { kind: 'element', element: element('iq', NS_CLIENT) },
  presence: { kind: 'element', element: element('presence', NS_CLIENT) },
  foreign: { kind: 'element', element: element('message', 'urn:x') },
  streamError: { kind: 'element', element: streamErrorElement('conflict', 'two of them') },
  streamClosed: { kind: 'streamClosed' },
  badXml: { kind: 'badXml', condition: 'restricted-xml', text: 'comment' },
  disconnected: { kind: 'disconnected' },
  broken: { kind: 'disconnected', error: 'ECONNRESET' },
  timeout: { kind: 'timeout' },
  giveUp: { kind: 'giveUp', reason: 'keep-alive' },
  stop: { kind: 'stop' },
} as const satisfies Readonly<Record<string, ComponentEvent>>;

type StateName = keyof typeof states;
type EventName = keyof typeof events;

/** Next state and effects, in words; "?" stands for the unexpected. A state left out of a row: "?". */
const matrix: Readonly<Record<EventName, Partial<Record<StateName, string>>>> = {
  start: { closed: 'connecting: connect, setTimer connect' },
  connected: { connecting: 'opening: setTimer handshake, writeHeader' },
  streamOpen: { opening: 'handshaking: writeHandshake' },
  foreignStream: { opening: 'closing: writeError invalid-namespace, writeEnd, disconnect, setTimer close' },
  noStream: { opening: 'closing: writeError invalid-namespace, writeEnd, disconnect, setTimer close' },
  streamWithoutId: { opening: 'opening: ' }, // RFC 6120 §4.9.1.2: an error to the header comes behind a header
  handshake: { handshaking: 'up: clearTimer, up' },
  message: { up: 'up: deliver', stopping: 'closing: deliver' },
  iq: { up: 'up: deliver', stopping: 'closing: deliver' },
  presence: { up: 'up: deliver', stopping: 'closing: deliver' },
  foreign: {},
  streamError: {
    opening: 'closing: writeEnd, disconnect, setTimer close',
    handshaking: 'closing: writeEnd, disconnect, setTimer close',
    up: 'closing: down stream-error, writeEnd, disconnect, setTimer close',
  },
  streamClosed: {
    opening: 'closing: writeEnd, disconnect, setTimer close',
    handshaking: 'closing: writeEnd, disconnect, setTimer close',
    up: 'closing: down closed-by-peer, writeEnd, disconnect, setTimer close',
    closing: 'closing: disconnect',
    stopping: 'closing: disconnect',
    stoppingEarly: 'closing: disconnect',
  },
  badXml: {
    opening: 'closing: writeError restricted-xml, writeEnd, disconnect, setTimer close',
    handshaking: 'closing: writeError restricted-xml, writeEnd, disconnect, setTimer close',
    up: 'closing: down bad-xml, writeError restricted-xml, writeEnd, disconnect, setTimer close',
    closing: 'closing: ',
    stopping: 'closing: ',
    stoppingEarly: 'closing: ',
  },
  disconnected: {
    connecting: 'closed: clearTimer, ended connect-failed',
    opening: 'closed: clearTimer, ended closed-by-peer',
    handshaking: 'closed: clearTimer, ended closed-by-peer',
    up: 'closed: down closed-by-peer, clearTimer, ended closed-by-peer',
    closing: 'closed: clearTimer, ended barrier',
    stopping: 'closed: clearTimer, ended stopped',
    stoppingEarly: 'closed: clearTimer, ended stopped',
  },
  broken: {
    connecting: 'closed: clearTimer, ended connect-failed',
    opening: 'closed: clearTimer, ended connection-lost',
    handshaking: 'closed: clearTimer, ended connection-lost',
    up: 'closed: down connection-lost, clearTimer, ended connection-lost',
    closing: 'closed: clearTimer, ended barrier',
    stopping: 'closed: clearTimer, ended stopped',
    stoppingEarly: 'closed: clearTimer, ended stopped',
  },
  timeout: {
    connecting: 'closed: clearTimer, abort, ended connect-timeout',
    opening: 'closed: clearTimer, abort, ended handshake-timeout',
    handshaking: 'closed: clearTimer, abort, ended handshake-timeout',
    closing: 'closed: clearTimer, abort, ended barrier',
    stopping: 'closed: clearTimer, abort, ended stopped',
    stoppingEarly: 'closed: clearTimer, abort, ended stopped',
  },
  giveUp: {
    up: 'closing: down keep-alive, writeError connection-timeout, writeEnd, disconnect, setTimer close',
  },
  stop: {
    connecting: 'closed: clearTimer, abort, ended stopped',
    opening: 'closing: writeEnd, disconnect, setTimer close',
    handshaking: 'closing: writeEnd, disconnect, setTimer close',
    up: 'closing: down stopped, writeEnd, setTimer close',
    closing: 'closing: ',
    stopping: 'closing: ',
    stoppingEarly: 'closing: ',
  },
};

function inWords(effect: ComponentEffect): string {
  switch (effect.kind) {
    case 'writeError':
      return `writeError ${effect.condition}`;
    case 'setTimer':
      return `setTimer ${effect.timer}`;
    case 'down':
    case 'ended':
      return `${effect.kind} ${effect.failure.reason}`;
    default:
      return effect.kind;
  }
}

const stateNames = Object.keys(states).filter((name): name is StateName => Object.hasOwn(states, name));
const eventNames = Object.keys(events).filter((name): name is EventName => Object.hasOwn(events, name));

describe('Component stream: every state and event', () => {
  for (const eventName of eventNames) {
    for (const stateName of stateNames) {
      const expected = matrix[eventName][stateName];
      test(`${stateName} × ${eventName}: ${expected ?? 'unexpected, nothing changes'}`, () => {
        const before = states[stateName];
        const { state, effects } = stepComponent(before, events[eventName], env);
        const words = effects.map(inWords).join(', ');
        if (expected === undefined) {
          assert.equal(state, before);
          assert.equal(words, 'unexpected');
        } else assert.equal(`${state.kind}: ${words}`, expected);
      });
    }
  }

  test('each start has one end, and each up one down before that end, whatever happens', () => {
    const walk = (state: ComponentState, open: boolean, up: boolean, depth: number): void => {
      assert.equal(open, state.kind !== 'closed');
      assert.equal(up, state.kind === 'up');
      if (depth === 0) return;
      for (const eventName of eventNames) {
        const next = stepComponent(state, events[eventName], env);
        let isOpen = open || next.state.kind === 'connecting';
        let isUp = up;
        for (const { kind } of next.effects) {
          if (kind === 'up') {
            assert.ok(!isUp && isOpen);
            isUp = true;
          } else if (kind === 'down') {
            assert.ok(isUp);
            isUp = false;
          } else if (kind === 'ended') {
            assert.ok(isOpen && !isUp);
            isOpen = false;
          }
        }
        if (next.state !== state) walk(next.state, isOpen, isUp, depth - 1);
      }
    };
    walk(initialComponentState, false, false, 7);
  });

  test('the failure tells the state it happened in, and the words of the peer', () => {
    const { state } = stepComponent(states.handshaking, events.streamError, env);
    assert.deepEqual(state, {
      kind: 'closing',
      failure: { reason: 'stream-error', during: 'handshaking', condition: 'conflict', text: 'two of them' },
    });
  });
});

describe('COMP-02: handshake', () => {
  test('XEP-0114 examples 2 and 3: SHA-1 of id and secret in lower-case hexadecimal', () => {
    // The example does not tell its secret; it is "test".
    const { effects } = stepComponent({ kind: 'opening' }, events.streamOpen, { secret: 'test' });
    assert.deepEqual(effects, [
      { kind: 'writeHandshake', digest: 'aaee83c26aeeafcbabeabfcbcd50df997e0a2a1e' },
    ]);
  });

  test('id and secret are hashed as UTF-8', () => {
    assert.equal(handshakeDigest('ü', '€'), '8c97be53a40cd0ee3855efde23be16fa8fc99caa');
  });
});
