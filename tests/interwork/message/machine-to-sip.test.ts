import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  QUEUED,
  stepToSip,
  type ToSipEvent,
  type ToSipState,
} from '../../../src/interwork/message/machine-to-sip.ts';

const STATES: Record<string, ToSipState> = {
  queued: QUEUED,
  locating: stepToSip(QUEUED, { kind: 'turn' }).state,
  trying: { kind: 'trying', authentications: 0, redirects: 0 },
  'trying with the 4th credentials': { kind: 'trying', authentications: 4, redirects: 0 },
  'trying the 5th redirect': { kind: 'trying', authentications: 0, redirects: 5 },
  delivered: { kind: 'delivered' },
  reported: { kind: 'reported' },
};

const response = (status: number, more: Partial<ToSipEvent & { kind: 'response' }> = {}): ToSipEvent => ({
  kind: 'response',
  status,
  moreTargets: false,
  ...more,
});

const EVENTS: Record<string, ToSipEvent> = {
  turn: { kind: 'turn' },
  located: { kind: 'located' },
  unlocatable: { kind: 'unlocatable' },
  '100': response(100),
  '200': response(200),
  '202': response(202),
  '302 not followed': response(302),
  '302 followed': response(302, { redirect: true }),
  '404 another Contact': response(404, { redirect: true }),
  '503 another Contact': response(503, { redirect: true }),
  '503 more targets and another Contact': response(503, { moreTargets: true, redirect: true }),
  '603 another Contact': response(603, { redirect: true }),
  'failed another Contact': { kind: 'failed', moreTargets: false, redirect: true },
  '401 no credentials': response(401),
  '407 credentials': response(407, { answerable: true }),
  '404': response(404),
  '408': response(408),
  '408 more targets': response(408, { moreTargets: true }),
  '503': response(503),
  '503 more targets': response(503, { moreTargets: true }),
  '603': response(603),
  '200 wrapped': response(200, { wrapped: true }),
  '404 wrapped': response(404, { wrapped: true }),
  '406 wrapped': response(406, { wrapped: true }),
  '415 wrapped': response(415, { wrapped: true }),
  '488 wrapped, more targets and another Contact': response(488, {
    wrapped: true,
    moreTargets: true,
    redirect: true,
  }),
  '415 plain': response(415, { wrapped: false }),
  failed: { kind: 'failed', moreTargets: false },
  'failed more targets': { kind: 'failed', moreTargets: true },
  headFailed: { kind: 'headFailed' },
  tooLong: { kind: 'tooLong' },
  drained: { kind: 'drained' },
};

const REPORT = 'reported: report releaseTurn';
/** What differs from "unexpected, keeps the state". "trying*" keeps the counters. */
const EXPECTED: Record<string, Record<string, string>> = {
  queued: { turn: 'locating: locate', headFailed: 'reported: report', drained: 'reported: report' },
  locating: { located: 'trying: send', unlocatable: REPORT, drained: REPORT },
  trying: {
    '100': 'trying:',
    '200': 'delivered: countDelivered releaseTurn',
    '202': 'delivered: countDelivered releaseTurn',
    '302 not followed': REPORT,
    '302 followed': 'locating: follow locate',
    '404 another Contact': 'locating: follow locate',
    '503 another Contact': 'locating: penalizeTarget follow locate',
    '503 more targets and another Contact': 'trying: penalizeTarget send',
    '603 another Contact': REPORT,
    'failed another Contact': 'locating: penalizeTarget follow locate',
    '401 no credentials': REPORT,
    '407 credentials': 'trying: sendWithCredentials',
    '404': REPORT,
    '408': REPORT,
    '408 more targets': 'trying: send',
    '503': 'reported: penalizeTarget report releaseTurn',
    '503 more targets': 'trying: penalizeTarget send',
    '603': REPORT,
    '200 wrapped': 'delivered: countDelivered releaseTurn',
    '404 wrapped': REPORT,
    // RCPT-01: the text at once, in the same turn.
    '406 wrapped': 'trying: sendPlain',
    '415 wrapped': 'trying: sendPlain',
    '488 wrapped, more targets and another Contact': 'trying: sendPlain',
    '415 plain': REPORT,
    failed: 'reported: penalizeTarget report failQueue releaseTurn',
    'failed more targets': 'trying: penalizeTarget send',
    tooLong: REPORT,
    drained: REPORT,
  },
  delivered: { drained: 'delivered:' },
  reported: { drained: 'reported:' },
};
// ERR-R4: an end even where each realm asks for itself.
EXPECTED['trying with the 4th credentials'] = { ...EXPECTED['trying'], '407 credentials': REPORT };
// ERR-R5: at most 5 targets.
EXPECTED['trying the 5th redirect'] = {
  ...EXPECTED['trying'],
  '302 followed': REPORT,
  '404 another Contact': REPORT,
  '503 another Contact': 'reported: penalizeTarget report releaseTurn',
  'failed another Contact': 'reported: penalizeTarget report failQueue releaseTurn',
};

describe('XMPP to SIP: state × event', () => {
  for (const [stateName, state] of Object.entries(STATES)) {
    for (const [eventName, event] of Object.entries(EVENTS)) {
      const expectation = EXPECTED[stateName]?.[eventName];
      test(`${stateName} × ${eventName} → ${expectation ?? 'unexpected'}`, () => {
        const result = stepToSip(state, event);
        if (expectation === undefined) {
          assert.deepEqual(result, { state, effects: [], expected: false });
          return;
        }
        const [next, effects] = expectation.split(':');
        assert.equal(result.state.kind, next);
        assert.deepEqual(
          result.effects,
          (effects ?? '').split(' ').filter((effect) => effect !== ''),
        );
        assert.equal(result.expected, true);
      });
    }
  }

  test('ERR-R4: a repetition with credentials is counted, ERR-R5: so is a redirect', () => {
    assert.deepEqual(stepToSip(STATES['trying'] ?? QUEUED, response(401, { answerable: true })).state, {
      kind: 'trying',
      authentications: 1,
      redirects: 0,
    });
    const redirected = stepToSip(
      STATES['trying with the 4th credentials'] ?? QUEUED,
      response(302, { redirect: true }),
    ).state;
    assert.deepEqual(redirected, { kind: 'locating', authentications: 0, redirects: 1 });
    assert.deepEqual(stepToSip(redirected, { kind: 'located' }).state, {
      kind: 'trying',
      authentications: 0,
      redirects: 1,
    });
  });

  test('property: exactly one outcome, whatever happens', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...Object.values(EVENTS)), { maxLength: 40 }), (events) => {
        let state: ToSipState = QUEUED;
        let outcomes = 0;
        for (const event of events) {
          const result = stepToSip(state, event);
          outcomes += result.effects.filter(
            (effect) => effect === 'report' || effect === 'countDelivered',
          ).length;
          state = result.state;
        }
        assert.equal(outcomes, state.kind === 'delivered' || state.kind === 'reported' ? 1 : 0);
      }),
    );
  });
});
