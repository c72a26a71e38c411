// Proposed calls (XEP-0353 0.8; rows CALL-90 to CALL-101): every phase with every event, on both sides, and the races.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  DEFAULT_INITIATION_LIMITS,
  initialInitiation,
  stepInitiation,
  type Initiation,
  type InitiationEffect,
  type InitiationEvent,
  type InitiationPhase,
  type InitiationRole,
  type InitiationState,
} from '../../../src/xmpp/index.ts';
import {
  BUSY,
  ERROR,
  EVENTS,
  got,
  ID,
  inPhase,
  JULIET,
  LOWER,
  PHASES,
  PHONE,
  ROLES,
  ROMEO,
  TABLET,
  type Name,
} from './initiation-play.ts';

/** Each effect as a few words: where a message goes, all of the other party's devices or one. */
function brief(effects: readonly InitiationEffect[]): readonly string[] {
  return effects.map((effect) => {
    switch (effect.kind) {
      case 'send': {
        const { initiation, to } = effect;
        const reason = 'reason' in initiation ? ` ${initiation.reason?.condition ?? ''}` : '';
        const tie = 'tieBreak' in initiation && initiation.tieBreak ? ' tie-break' : '';
        return `${initiation.kind}${reason}${tie} to ${to === JULIET ? 'all' : to.slice(JULIET.length + 1)}`;
      }
      case 'report':
        return `report ${effect.report.kind}`;
      case 'startTimer':
        return `timer ${effect.ms}`;
      case 'stopTimer':
        return 'stopTimer';
      case 'end':
        return `end ${effect.end.cause}`;
    }
  });
}

type Outcome = readonly [InitiationPhase, ...string[]];
type Expectation = Partial<Record<Name, Outcome>>;

/** A message that is late, or says what is known. */
const nothing = (phase: InitiationPhase, ...names: readonly Name[]): Expectation =>
  Object.fromEntries(names.map((name): [Name, Outcome] => [name, [phase]]));

/** `ringing` of the first device only. */
const waiting = (phase: 'proposed' | 'ringing'): Expectation => ({
  // CALL-91.
  gotRinging: phase === 'proposed' ? ['ringing', 'report ringing'] : ['ringing'],
  // CALL-92.
  gotProceed: ['proceeded', 'stopTimer', 'report proceed'],
  otherProceeds: ['proceeded', 'stopTimer', 'report proceed'],
  // CALL-93: by one device for all.
  gotReject: ['ended', 'stopTimer', 'end rejected'],
  otherRejects: ['ended', 'stopTimer', 'end rejected'],
  gotFinish: ['ended', 'stopTimer', 'end finished'],
  // CALL-94.
  leave: ['ended', 'stopTimer', 'retract busy to all', 'end left'],
  // CALL-95.
  timer: ['ended', 'stopTimer', 'retract cancel to all', 'end unanswered'],
  // CALL-96; somebody rings, so that it reached somebody.
  proposeBounced: phase === 'proposed' ? ['ended', 'stopTimer', 'end failed'] : ['ringing'],
  ...nothing(phase, 'proceedBounced', 'finishBounced'),
  // CALL-100.
  lowerCrosses: ['ended', 'stopTimer', 'retract expired tie-break to all', 'end overruled'],
  higherCrosses: [phase, 'reject expired tie-break to phone'],
});

const asked = (phase: 'proposed' | 'ringing'): Expectation => ({
  ring: phase === 'proposed' ? ['ringing', 'ringing to phone'] : ['ringing'],
  // CALL-97.
  proceed: ['proceeded', 'proceed to phone', `timer ${DEFAULT_INITIATION_LIMITS.initiateMs}`],
  begun: ['running'],
  leave: ['ended', 'reject busy to phone', 'end left'],
  // CALL-98.
  gotRetract: ['ended', 'end retracted'],
  gotFinish: ['ended', 'end finished'],
  ...nothing(phase, 'gotPropose', 'proposeBounced', 'proceedBounced', 'finishBounced'),
});

const running: Expectation = {
  // CALL-99: "both parties SHOULD send".
  leave: ['ended', 'finish busy to phone', 'end left'],
  gotFinish: ['ended', 'finish success to phone', 'end finished'],
  // "Existing session".
  lowerCrosses: ['ended', 'finish expired to phone', 'end migrated'],
  higherCrosses: ['ended', 'finish expired to phone', 'end migrated'],
  gotReject: ['ended', 'end rejected'],
  ...nothing(
    'running',
    'gotPropose',
    'gotRinging',
    'gotProceed',
    'gotRetract',
    'otherProceeds',
    'otherRejects',
  ),
  ...nothing('running', 'proposeBounced', 'proceedBounced', 'finishBounced'),
};

const over: Expectation = {
  ...nothing('ended', 'gotPropose', 'gotRinging', 'gotProceed', 'gotReject', 'gotRetract', 'gotFinish'),
  ...nothing('ended', 'otherProceeds', 'otherRejects', 'proposeBounced', 'proceedBounced', 'finishBounced'),
};

const EXPECTED: Record<InitiationRole, Record<InitiationPhase, Expectation>> = {
  proposer: {
    idle: { propose: ['proposed', 'propose to all', `timer ${DEFAULT_INITIATION_LIMITS.answerMs}`] },
    proposed: waiting('proposed'),
    ringing: waiting('ringing'),
    proceeded: {
      begun: ['running'],
      // No session-initiate went out: it is still an intent.
      leave: ['ended', 'retract busy to all', 'end left'],
      gotReject: ['ended', 'end rejected'],
      gotFinish: ['ended', 'end finished'],
      lowerCrosses: ['ended', 'finish expired to phone', 'end migrated'],
      higherCrosses: ['ended', 'finish expired to phone', 'end migrated'],
      // CALL-92: "later proceeds ignored".
      ...nothing('proceeded', 'gotRinging', 'gotProceed', 'otherProceeds', 'otherRejects'),
      ...nothing('proceeded', 'proposeBounced', 'proceedBounced', 'finishBounced'),
    },
    running,
    ended: over,
  },
  proposee: {
    idle: { gotPropose: ['proposed', 'report proposed'] },
    proposed: asked('proposed'),
    ringing: asked('ringing'),
    proceeded: {
      begun: ['running', 'stopTimer'],
      leave: ['ended', 'stopTimer', 'reject busy to phone', 'end left'],
      timer: ['ended', 'stopTimer', 'reject expired to phone', 'end unanswered'],
      gotRetract: ['ended', 'stopTimer', 'end retracted'],
      gotFinish: ['ended', 'stopTimer', 'end finished'],
      proceedBounced: ['ended', 'stopTimer', 'end failed'],
      lowerCrosses: ['ended', 'stopTimer', 'finish expired to phone', 'end migrated'],
      higherCrosses: ['ended', 'stopTimer', 'finish expired to phone', 'end migrated'],
      ...nothing('proceeded', 'gotPropose', 'proposeBounced', 'finishBounced'),
    },
    running,
    ended: over,
  },
};

for (const role of ROLES) {
  describe(`the ${role}`, () => {
    for (const phase of PHASES) {
      test(`in ${phase}: every event`, () => {
        for (const [name, event] of Object.entries(EVENTS)) {
          const before = inPhase(role, phase);
          const { state, effects, expected } = stepInitiation(before, event);
          const outcome = Object.entries(EXPECTED[role][phase]).find(([each]) => each === name)?.[1];
          assert.equal(expected, outcome !== undefined, name);
          assert.deepEqual([state.phase, ...brief(effects)], outcome ?? [phase], name);
          if (!expected) assert.equal(state, before);
        }
      });
    }
  });
}

describe('what an end says', () => {
  const endOf = (state: InitiationState, event: InitiationEvent): unknown =>
    stepInitiation(state, event).effects.find(({ kind }) => kind === 'end');

  test('the reason of a reject, a retract, a finish; the error of a message that came back', () => {
    assert.deepEqual(endOf(inPhase('proposer', 'ringing'), EVENTS.gotReject), {
      ...{ kind: 'end', end: { cause: 'rejected', reason: BUSY } },
    });
    assert.deepEqual(endOf(inPhase('proposee', 'ringing'), EVENTS.gotRetract), {
      ...{ kind: 'end', end: { cause: 'retracted', reason: { condition: 'cancel' } } },
    });
    assert.deepEqual(endOf(inPhase('proposer', 'proposed'), EVENTS.proposeBounced), {
      ...{ kind: 'end', end: { cause: 'failed', error: ERROR } },
    });
    const migrated: Initiation = {
      kind: 'finish',
      id: ID,
      reason: { condition: 'expired' },
      migratedTo: LOWER,
    };
    assert.deepEqual(
      endOf(inPhase('proposee', 'running'), { kind: 'received', from: PHONE, initiation: migrated }),
      {
        kind: 'end',
        end: { cause: 'finished', reason: { condition: 'expired' }, migratedTo: LOWER },
      },
    );
  });

  test('"Tie Breaking": the other party says so too', () => {
    for (const [role, kind] of [
      ['proposer', 'reject'],
      ['proposee', 'retract'],
    ] as const) {
      const initiation: Initiation = { kind, id: ID, reason: { condition: 'expired' }, tieBreak: true };
      assert.deepEqual(endOf(inPhase(role, 'proposed'), { kind: 'received', from: PHONE, initiation }), {
        ...{ kind: 'end', end: { cause: 'overruled' } },
      });
    }
  });

  test('where the call goes on', () => {
    assert.deepEqual(endOf(inPhase('proposer', 'running'), EVENTS.lowerCrosses), {
      ...{ kind: 'end', end: { cause: 'migrated', to: LOWER } },
    });
  });
});

describe('races and strangers', () => {
  test('the device that proceeds first has the call', () => {
    const { state } = stepInitiation(inPhase('proposer', 'ringing'), EVENTS.otherProceeds);
    const second = stepInitiation(state, EVENTS.gotProceed);
    assert.deepEqual([second.state.device, second.effects], [TABLET, []]);
  });

  test('a retract crosses a proceed: the proposee forgets the session that it waited for', () => {
    const proposer = stepInitiation(inPhase('proposer', 'ringing'), EVENTS.leave);
    assert.deepEqual(stepInitiation(proposer.state, EVENTS.gotProceed).effects, []);
    assert.deepEqual(brief(stepInitiation(inPhase('proposee', 'proceeded'), EVENTS.gotRetract).effects), [
      'stopTimer',
      'end retracted',
    ]);
  });

  test('what is of another call, of somebody else or of no device is not expected', () => {
    const state = inPhase('proposer', 'ringing');
    const EVENTS_OF_OTHERS: readonly InitiationEvent[] = [
      { kind: 'received', from: PHONE, initiation: { kind: 'proceed', id: LOWER } },
      got('proceed', 'mallory@capulet.example/phone'),
      got('proceed', `${JULIET}x/phone`),
      // A session-initiate needs a full JID.
      got('proceed', JULIET),
      { kind: 'crossed', from: 'mallory@capulet.example/phone', id: LOWER },
      { kind: 'crossed', from: PHONE, id: ID },
      { kind: 'propose', descriptions: [] },
    ];
    for (const event of EVENTS_OF_OTHERS) assert.equal(stepInitiation(state, event).expected, false);
    const idle = inPhase('proposee', 'idle');
    assert.equal(stepInitiation(idle, got('propose', JULIET)).expected, false);
    const nobody = stepInitiation(inPhase('proposer', 'idle'), { kind: 'propose', descriptions: [] });
    assert.equal(nobody.expected, false);
  });
});

describe('a call for one device (ADDR-11)', () => {
  const proposed = (): InitiationState => {
    const state = initialInitiation({ role: 'proposer', id: ID, self: ROMEO, peer: JULIET, only: PHONE });
    const step = stepInitiation(state, EVENTS.propose);
    assert.deepEqual(brief(step.effects), ['propose to phone', 'timer 120000']);
    return step.state;
  };

  test('what another one says decides nothing; that it takes the call is refused', () => {
    const state = proposed();
    for (const kind of ['ringing', 'reject', 'finish', 'retract'] as const) {
      const step = stepInitiation(state, got(kind, TABLET));
      assert.deepEqual([step.state, step.effects, step.expected], [state, [], true]);
    }
    const step = stepInitiation(state, EVENTS.otherProceeds);
    assert.equal(step.state.phase, 'proposed');
    assert.deepEqual(brief(step.effects), ['retract cancel to tablet']);
  });

  test('it takes the call', () => {
    const rings = stepInitiation(proposed(), EVENTS.gotRinging);
    const step = stepInitiation(rings.state, EVENTS.gotProceed);
    assert.deepEqual([step.state.phase, step.state.device], ['proceeded', PHONE]);
    const late = stepInitiation(step.state, EVENTS.otherProceeds);
    assert.deepEqual(brief(late.effects), ['retract cancel to tablet']);
    assert.equal(late.state.phase, 'proceeded');
  });

  test('only it hears that the call is taken back', () => {
    assert.deepEqual(brief(stepInitiation(proposed(), EVENTS.leave).effects), [
      ...['stopTimer', 'retract busy to phone', 'end left'],
    ]);
    assert.deepEqual(brief(stepInitiation(proposed(), EVENTS.timer).effects), [
      ...['stopTimer', 'retract cancel to phone', 'end unanswered'],
    ]);
  });
});
