// Proposed calls (XEP-0353 0.8), whatever happens and whenever it arrives.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  initialInitiation,
  overrules,
  stepInitiation,
  type InitiationEvent,
  type InitiationPhase,
  type InitiationRole,
} from '../../../src/xmpp/index.ts';
import { EVENTS, ID, inPhase, JULIET, PHONE, ROLES, ROMEO } from './initiation-play.ts';

const ids = fc.stringMatching(/^[0-9a-f]{1,4}$/);

test('two proposals that cross leave the same one on both sides', () => {
  const hears = (own: string, self: string, peer: string, id: string, from: string): InitiationPhase => {
    const start = initialInitiation({ role: 'proposer', id: own, self, peer });
    const { state } = stepInitiation(start, EVENTS.propose);
    return stepInitiation(state, { kind: 'crossed', from, id }).state.phase;
  };
  fc.assert(
    fc.property(ids, ids, (romeos, juliets) => {
      fc.pre(romeos !== juliets);
      const phases = [
        hears(romeos, ROMEO, JULIET, juliets, PHONE),
        hears(juliets, PHONE, 'romeo@montague.example', romeos, ROMEO),
      ];
      const isRomeos = overrules({ sid: romeos, jid: ROMEO }, { sid: juliets, jid: PHONE });
      assert.deepEqual(phases, isRomeos ? ['proposed', 'ended'] : ['ended', 'proposed']);
    }),
  );
});

test('any events in any order: one end at most, nothing behind it, and no timer left', () => {
  const event = fc.constantFrom<InitiationEvent>(...Object.values(EVENTS));
  fc.assert(
    fc.property(fc.constantFrom(...ROLES), fc.array(event, { maxLength: 40 }), (role, events) => {
      let state = inPhase(role, 'idle');
      let ends = 0;
      let isTimed = false;
      for (const each of events) {
        const before = state;
        const transition = stepInitiation(before, each);
        state = transition.state;
        for (const effect of transition.effects) {
          assert.equal(ends, 0, `${effect.kind} behind the end`);
          if (effect.kind === 'end') ends += 1;
          if (effect.kind === 'startTimer') isTimed = true;
          if (effect.kind === 'stopTimer') {
            assert.ok(isTimed);
            isTimed = false;
          }
        }
        if (!transition.expected) assert.equal(state, before);
      }
      assert.equal(ends, state.phase === 'ended' ? 1 : 0);
      if (ends === 1) assert.equal(isTimed, false);
    }),
    { numRuns: 3000 },
  );
});

test('two sides in any order: if one is over the other is, when everything has arrived', () => {
  const OWN = ['ring', 'proceed', 'begun', 'leave'] as const;
  const move = fc.oneof(
    fc.record({ by: fc.constantFrom(...ROLES), name: fc.constantFrom(...OWN) }),
    fc.record({ to: fc.constantFrom(...ROLES) }),
  );
  fc.assert(
    fc.property(fc.array(move, { maxLength: 30 }), (list) => {
      const ROMEO_BARE = 'romeo@montague.example';
      const states = {
        proposer: initialInitiation({ role: 'proposer', id: ID, self: ROMEO, peer: JULIET }),
        proposee: initialInitiation({ role: 'proposee', id: ID, self: PHONE, peer: ROMEO_BARE }),
      };
      const lines: Record<InitiationRole, InitiationEvent[]> = { proposer: [], proposee: [] };
      const step = (role: InitiationRole, event: InitiationEvent): void => {
        const { state, effects } = stepInitiation(states[role], event);
        const hasBegun = role === 'proposer' && event.kind === 'begun' && state !== states[role];
        states[role] = state;
        const from = role === 'proposer' ? ROMEO : PHONE;
        for (const effect of effects) {
          if (effect.kind === 'send')
            lines[role].push({ kind: 'received', from, initiation: effect.initiation });
        }
        // Its session-initiate.
        if (hasBegun) lines[role].push({ kind: 'begun' });
      };
      const deliver = (to: InitiationRole): boolean => {
        const event = lines[to === 'proposer' ? 'proposee' : 'proposer'].shift();
        if (event !== undefined) step(to, event);
        return event !== undefined;
      };
      step('proposer', EVENTS.propose);
      for (const each of list) {
        if ('to' in each) deliver(each.to);
        // A session begins where it was proposed.
        else if (each.name !== 'begun' || each.by === 'proposer') step(each.by, EVENTS[each.name]);
      }
      for (let n = 0; n < 1000 && (deliver('proposer') || deliver('proposee')); n++);
      assert.equal(states.proposer.phase === 'ended', states.proposee.phase === 'ended');
    }),
    { numRuns: 3000 },
  );
});
