import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  isReportFinished,
  stepReport,
  type ReportEvent,
  type ReportState,
} from '../../../src/interwork/message/machine-report.ts';

const EVENTS: readonly ReportEvent[] = ['delivered', 'displayed', 'failed'];

// Columns in the order of EVENTS; "-" is unexpected and changes nothing; else "next state: what is told". From rows
// RCPT-03 … RCPT-09: each once, only forward, one outcome.
const MATRIX: Record<ReportState, readonly string[]> = {
  waiting: ['delivered: delivered', 'displayed: delivered displayed', 'failed: failed'],
  delivered: ['-', 'displayed: displayed', '-'],
  displayed: ['-', '-', '-'],
  failed: ['-', '-', '-'],
};

describe('reports about one message: state × event', () => {
  for (const state of ['waiting', 'delivered', 'displayed', 'failed'] as const) {
    for (const [i, event] of EVENTS.entries()) {
      const expectation = MATRIX[state][i] ?? '';
      test(`${state} × ${event} → ${expectation}`, () => {
        const result = stepReport(state, event);
        if (expectation === '-') return assert.deepEqual(result, { state, tell: [], expected: false });
        const [next, tell = ''] = expectation.split(': ');
        assert.deepEqual(result, { state: next, tell: tell.split(' '), expected: true });
      });
    }
  }

  test('property: nothing is told twice, and never both success and failure', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...EVENTS), { maxLength: 12 }), (events) => {
        let state: ReportState = 'waiting';
        const told: ReportEvent[] = [];
        for (const event of events) {
          const result = stepReport(state, event);
          told.push(...result.tell);
          state = result.state;
        }
        assert.equal(new Set(told).size, told.length);
        assert.ok(!told.includes('failed') || told.length === 1);
      }),
    );
  });
});

describe('when nothing more can be told', () => {
  for (const [state, display, finished] of [
    ['waiting', false, false],
    ['waiting', true, false],
    ['delivered', false, true],
    ['delivered', true, false],
    ['displayed', true, true],
    ['failed', true, true],
  ] as const) {
    test(`${state}, display ${display ? '' : 'not '}asked for: ${finished}`, () => {
      assert.equal(isReportFinished(state, { negative: true, display }), finished);
    });
  }
});
