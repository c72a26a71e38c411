// One request to its final response, every state with every event (RFC 3263 §4.3, RFC 3261 §22.2, ERR-R4, ERR-R6).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  BEGIN_EXCHANGE,
  stepExchange,
  type ExchangeEvent,
  type ExchangeState,
} from '../../../src/sip/usage/exchange.ts';

const response = (status: number, moreTargets = false, answerable = false): ExchangeEvent => ({
  kind: 'response',
  status,
  moreTargets,
  answerable,
});
const STATES: Record<string, ExchangeState> = {
  locating: BEGIN_EXCHANGE,
  trying: { name: 'trying', authentications: 0 },
  'trying with the 4th credentials': { name: 'trying', authentications: 4 },
  done: { name: 'done' },
};
const EVENTS: Record<string, ExchangeEvent> = {
  located: { kind: 'located' },
  unlocatable: { kind: 'unlocatable' },
  '100': response(100),
  '200': response(200, true),
  '401': response(401, true),
  '407 answerable': response(407, true, true),
  '408': response(408, true),
  '489': response(489, true),
  '503': response(503),
  '503, more': response(503, true),
  timeout: { kind: 'failed', reason: 'timeout', moreTargets: false },
  'transport, more': { kind: 'failed', reason: 'transport', moreTargets: true },
  stopped: { kind: 'stopped' },
};
const FINAL = 'done: forgiveTarget respond';
const TRYING = {
  '100': 'trying:',
  '200': FINAL,
  '401': FINAL,
  '407 answerable': 'trying: forgiveTarget sendWithCredentials',
  '408': FINAL,
  '489': FINAL,
  '503': 'done: penaliseTarget respond',
  '503, more': 'trying: penaliseTarget send',
  timeout: 'done: penaliseTarget fail',
  'transport, more': 'trying: penaliseTarget send',
  stopped: 'done: fail',
};
const EXPECTED: Record<string, Record<string, string>> = {
  locating: { located: 'trying: send', unlocatable: 'done: fail', stopped: 'done: fail' },
  trying: TRYING,
  'trying with the 4th credentials': { ...TRYING, '407 answerable': FINAL },
  done: {},
};

for (const [name, state] of Object.entries(STATES)) {
  describe(name, () => {
    for (const [label, event] of Object.entries(EVENTS)) {
      test(label, () => {
        const { state: next, effects, expected } = stepExchange(state, event);
        const told = expected ? `${next.name}: ${effects.join(' ')}`.trim() : '-';
        assert.equal(told, EXPECTED[name]?.[label] ?? '-');
        if (!expected) assert.equal(next, state);
      });
    }
  });
}
