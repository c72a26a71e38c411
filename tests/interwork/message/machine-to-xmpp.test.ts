import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { stepToXmpp, ToXmppState, type ToXmppEvent } from '../../../src/interwork/message/machine-to-xmpp.ts';

const EVENTS: readonly ToXmppEvent[] = [
  'confirmed',
  'receipt',
  'errorStanza',
  'linkDown',
  'writtenAgain',
  'deadline',
  'drained',
];

// One line a state, one column an event in the order above. "-" keeps the state and is reported as unexpected;
// "=" keeps the state and is expected; else "next state: effects". From the "Outcome" and rows IM-29, ERR-G1,
// ERR-G5.
const MATRIX: Record<ToXmppState, readonly string[]> = {
  written: [
    'accepted: stopWaiting respondAccepted',
    'delivered: stopWaiting respondDelivered',
    'refused: stopWaiting respondMapped',
    'parked:',
    '-',
    'withdrawn: respondUnavailable',
    'withdrawn: stopWaiting respondUnavailable',
  ],
  parked: [
    '-',
    'delivered: stopWaiting respondDelivered',
    'refused: stopWaiting respondMapped',
    '-',
    'written:',
    'withdrawn: respondUnavailable',
    'withdrawn: stopWaiting respondUnavailable',
  ],
  accepted: ['-', '-', '-', '=', '-', '-', '='],
  delivered: ['=', '=', '-', '=', '-', '-', '='],
  refused: ['=', '-', '-', '=', '-', '-', '='],
  withdrawn: ['=', '=', '=', '=', '-', '-', '-'],
};

describe('SIP to XMPP: state × event', () => {
  for (const state of Object.values(ToXmppState)) {
    for (const [i, event] of EVENTS.entries()) {
      const expectation = MATRIX[state][i] ?? '';
      test(`${state} × ${event} → ${expectation}`, () => {
        const result = stepToXmpp(state, event);
        if (expectation === '-') assert.deepEqual(result, { state, effects: [], expected: false });
        else if (expectation === '=') assert.deepEqual(result, { state, effects: [], expected: true });
        else {
          const [next, effects] = expectation.split(':');
          assert.deepEqual(result, {
            state: next,
            effects: (effects ?? '').split(' ').filter((effect) => effect !== ''),
            expected: true,
          });
        }
      });
    }
  }

  test('property: whatever happens, at most one final response, and none twice', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 30 }), (events) => {
        let state: ToXmppState = ToXmppState.Written;
        let responses = 0;
        for (const event of events) {
          const result = stepToXmpp(state, event);
          responses += result.effects.filter((effect) => effect.startsWith('respond')).length;
          state = result.state;
        }
        assert.ok(responses <= 1);
        const open = state === ToXmppState.Written || state === ToXmppState.Parked;
        assert.equal(responses, open ? 0 : 1);
      }),
    );
  });

  test('property: the deadline always ends what is open', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 30 }), (events) => {
        let state: ToXmppState = ToXmppState.Written;
        for (const event of events) state = stepToXmpp(state, event).state;
        state = stepToXmpp(state, 'deadline').state;
        assert.ok(state !== ToXmppState.Written && state !== ToXmppState.Parked);
      }),
    );
  });
});
