// A transfer by the SIP side, every state with every event (CALL-35, CALL-36; RFC 3515 §2.4, XEP-0251 §2, §3).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  BEGIN_TRANSFER,
  stepTransfer,
  type TransferEvent,
  type TransferState,
} from '../../../src/interwork/call/index.ts';
import { play, told } from '../../sip/invite/rig.ts';

const EVENTS = {
  able: { kind: 'able' },
  unable: { kind: 'unable' },
  taken: { kind: 'taken' },
  refused: { kind: 'refused' },
  '180': { kind: 'progress', status: 180 },
  answered: { kind: 'answered' },
  '486': { kind: 'failed', status: 486 },
  handed: { kind: 'left', handed: true, bySip: false },
  leftByXmpp: { kind: 'left', handed: false, bySip: false },
  leftBySip: { kind: 'left', handed: false, bySip: true },
  patience: { kind: 'patience' },
  expired: { kind: 'expired' },
} as const satisfies Record<string, TransferEvent>;
type Name = keyof typeof EVENTS;

const STATES: Readonly<Record<string, TransferState>> = {
  checking: BEGIN_TRANSFER,
  offered: { phase: 'offered', status: 100 },
  followed: { phase: 'followed', status: 100 },
  'followed, ringing': { phase: 'followed', status: 180 },
};

/** What each state says, and where it is then; "-" where nothing is expected. */
const EXPECTED: Readonly<Record<string, Readonly<Partial<Record<Name, string>>>>> = {
  checking: {
    able: 'offer → offered',
    // "else 603".
    unable: 'decline The XMPP client cannot be transferred → over',
    patience: 'decline The XMPP client did not answer → over',
    // The end of the dialog answers the REFER.
    handed: ' → over',
    leftByXmpp: ' → over',
    leftBySip: ' → over',
  },
  offered: {
    taken: 'accept → followed',
    // RFC 3515 §2.4.2: 202 before it is known what comes of it.
    patience: 'accept → followed',
    refused: 'decline The XMPP client refused the transfer → over',
    '180': 'accept, outcome 180 → followed',
    answered: 'accept, outcome 200 → over',
    '486': 'accept, outcome 486 → over',
    // XEP-0251 §2: "Now the caller's phone detects the successful transfer, so it hangs up".
    handed: 'accept, outcome 200 → over',
    leftByXmpp: ' → over',
    leftBySip: ' → over',
  },
  followed: {
    taken: ' → followed',
    patience: ' → followed',
    refused: 'outcome 603 → over',
    '180': 'outcome 180 → followed',
    answered: 'outcome 200 → over',
    '486': 'outcome 486 → over',
    handed: 'outcome 200 → over',
    leftByXmpp: 'outcome 603 → over',
    // RFC 5057: the subscription ends with its dialog.
    leftBySip: ' → over',
    expired: 'outcome 408 → over',
  },
};
const RINGING = { ...EXPECTED['followed'], '180': ' → followed' };

describe('every state with every event', () => {
  for (const [name, state] of Object.entries(STATES)) {
    const row = name === 'followed, ringing' ? RINGING : EXPECTED[name];
    for (const [label, event] of Object.entries<TransferEvent>(EVENTS)) {
      test(`${name}: ${label}`, () => {
        const step = stepTransfer(state, event);
        const text = told(state, step);
        const expected = Object.entries(row ?? {}).find(([key]) => key === label)?.[1];
        assert.equal(text === '-' ? text : `${text} → ${step.state.phase}`, expected ?? '-');
      });
    }
  }
  test('after its end nothing is said', () => {
    for (const event of Object.values<TransferEvent>(EVENTS)) {
      assert.equal(told({ phase: 'over', status: 0 }, stepTransfer({ phase: 'over', status: 0 }, event)), '');
    }
  });
});

test('XEP-0251 §2: taken, rings, and is answered', () => {
  play(BEGIN_TRANSFER, stepTransfer, [
    [EVENTS.able, 'offer'],
    [EVENTS.taken, 'accept'],
    [EVENTS['180'], 'outcome 180'],
    [EVENTS['180'], ''],
    [EVENTS.answered, 'outcome 200'],
    [EVENTS.handed, ''],
  ]);
});

test('property: any order of events answers the REFER at most once, and has at most one last word', () => {
  const names = fc.constantFrom(...Object.values<TransferEvent>(EVENTS));
  fc.assert(
    fc.property(fc.array(names, { maxLength: 20 }), (events) => {
      let state = BEGIN_TRANSFER;
      let answers = 0;
      let last = 0;
      for (const event of events) {
        const step = stepTransfer(state, event);
        for (const effect of step.effects) {
          if (effect.kind === 'accept' || effect.kind === 'decline') answers += 1;
          if (effect.kind === 'outcome') {
            assert.equal(answers, 1, 'a status is told of what was accepted');
            assert.equal(last, 0, 'nothing behind the last word');
            if (effect.status >= 200) last += 1;
          }
        }
        state = step.state;
      }
      assert.ok(answers <= 1 && last <= 1);
    }),
    { numRuns: 2000 },
  );
});
