// Whatever comes in whatever order: every request is answered exactly once, and a call has exactly one outcome.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { beginCallee, stepCallee } from '../../../src/sip/invite/callee.ts';
import { beginCaller, stepCaller, type CallerEvent } from '../../../src/sip/invite/caller.ts';
import type { CalleeEvent, CalleeState } from '../../../src/sip/invite/invitation.ts';
import type { ChangeEvent } from '../../../src/sip/invite/change.ts';
import { Call, type End } from './ends.ts';

const description = fc.constantFrom('none' as const, 'offer' as const, 'answer' as const);
const tag = fc.constantFrom('a', 'B', 'b', 'c');
const status = fc.constantFrom(300, 408, 422, 480, 481, 486, 491, 500, 503, 603);

describe('two ends of an established call', () => {
  const actions = fc.array(fc.tuple(fc.nat(11), fc.boolean(), fc.nat(7)), { maxLength: 60 });
  function act(call: Call, [what, second, at]: readonly [number, boolean, number]): void {
    const end: End = second ? call.bob : call.alice;
    switch (what) {
      case 0:
        end.change({ kind: 'want', change: { method: 'INVITE', offer: true } });
        break;
      case 1:
        end.change({ kind: 'want', change: { method: 'UPDATE', offer: true } });
        break;
      case 2:
        end.change({ kind: 'want', change: { method: 'UPDATE', offer: false } });
        break;
      case 3:
        end.change({ kind: 'want', change: { method: 'INVITE', offer: false } });
        break;
      case 4:
        end.info();
        break;
      case 5:
        end.answerAsked(at % 2 === 0);
        break;
      case 6:
        end.fire();
        break;
      case 7: {
        // An ACK is lost.
        const lost = call.flying.findIndex(({ kind }) => kind === 'ack');
        if (lost >= 0) call.flying.splice(lost, 1);
        break;
      }
      case 8:
        if (at === 0) end.step({ kind: 'hangUp' });
        break;
      default:
        call.deliver(at % Math.max(1, call.flying.length));
    }
  }
  function checked(call: Call): void {
    for (const end of call.ends) {
      for (const [cseq, times] of end.answered) assert.equal(times, 1, `${end.name}: answers to ${cseq}`);
      assert.ok(end.outcomes <= 1 && end.over <= 1);
      assert.equal(end.outcomes === 1, end.state.name !== 'open');
      assert.equal(end.over === 1, end.state.name === 'over');
    }
  }

  test('they come to rest, agree, and end with one outcome each', () => {
    fc.assert(
      fc.property(actions, fc.boolean(), fc.boolean(), fc.boolean(), (plays, accepts, byAlice, both) => {
        const call = new Call();
        for (const play of plays) {
          act(call, play);
          checked(call);
        }
        call.drain(accepts);
        checked(call);
        const { alice, bob } = call;
        if (alice.state.name === 'open' && bob.state.name === 'open') {
          for (const end of call.ends) {
            assert.equal(end.state.name === 'open' && end.state.changes.offer, 'agreed');
            assert.equal(end.state.name === 'open' && end.state.changes.ours.name, 'idle');
          }
          assert.equal(alice.agreed, bob.agreed, 'both know the same session');
        }
        if (byAlice || both) alice.step({ kind: 'hangUp' });
        if (!byAlice || both) bob.step({ kind: 'hangUp' });
        call.drain(accepts);
        checked(call);
        for (const end of call.ends) {
          assert.equal(end.state.name, 'over');
          assert.equal(end.outcomes, 1);
          for (const [cseq, times] of end.finals) assert.equal(times, 1, `${end.name}: finals of ${cseq}`);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('RFC 5407 §3.3.1: glare is resolved by the pauses', () => {
    const call = new Call();
    call.drain(true);
    for (const end of call.ends) end.change({ kind: 'want', change: { method: 'INVITE', offer: true } });
    call.drain(true);
    assert.equal(call.alice.agreed, call.bob.agreed);
    assert.notEqual(call.alice.agreed, 'first');
  });
});

describe('a call that we make', () => {
  const inEarly: fc.Arbitrary<ChangeEvent> = fc.oneof(
    fc.record({
      kind: fc.constant('received' as const),
      method: fc.constant('UPDATE' as const),
      cseq: fc.constant(0),
      description,
    }),
    fc.record({
      kind: fc.constant('answer' as const),
      method: fc.constant('UPDATE' as const),
      status: fc.constantFrom(200, 488),
      description,
    }),
    fc.constant<ChangeEvent>({ kind: 'want', change: { method: 'UPDATE', offer: true } }),
    fc.record({ kind: fc.constant('accepted' as const), description }),
    fc.record({ kind: fc.constant('refused' as const), status }),
  );
  const events: fc.Arbitrary<CallerEvent> = fc.oneof(
    fc.constant<CallerEvent>({ kind: 'retried' }),
    fc.record({
      kind: fc.constant('provisional' as const),
      status: fc.constantFrom(100, 180, 183, 199),
      tag,
      description,
    }),
    fc.record({
      kind: fc.constant('provisional' as const),
      status: fc.constant(183),
      tag,
      rseq: fc.integer({ min: 1, max: 4 }),
      description,
    }),
    fc.record({ kind: fc.constant('accepted' as const), tag, description }),
    fc.record({ kind: fc.constant('refused' as const), status, minSe: fc.integer({ min: 0, max: 5000 }) }),
    fc.constant<CallerEvent>({ kind: 'failed', reason: 'timeout' }),
    fc.constant<CallerEvent>({ kind: 'hangUp' }),
    fc.constant<CallerEvent>({ kind: 'timerNoAnswer' }),
    fc.record({ kind: fc.constant('acknowledge' as const), tag }),
    fc.record({ kind: fc.constant('endFork' as const), tag }),
    fc.record({ kind: fc.constant('byeFailed' as const), tag }),
    fc.record({ kind: fc.constant('change' as const), tag, event: inEarly }),
  );
  test('one outcome, one INVITE at a time, an ACK to each 2xx, an answer to each UPDATE', () => {
    fc.assert(
      fc.property(fc.array(events, { maxLength: 40 }), fc.boolean(), (list, offers) => {
        let { state } = beginCaller({
          description: offers ? 'offer' : 'none',
          expires: undefined,
          minSe: undefined,
        });
        let outcomes = 0;
        let cancels = 0;
        let cseq = 10;
        let inSession: number | undefined;
        const answers = new Map<number, number>();
        const answered2xx = new Set<string>();
        const acked = new Set<string>();
        const owed = new Set<string>();
        const step = (event: CallerEvent): void => {
          const { state: next, effects } = stepCaller(state, event);
          state = next;
          for (const effect of effects) {
            if (effect.kind === 'ended' || effect.kind === 'established') outcomes += 1;
            if (effect.kind === 'cancel') cancels += 1;
            // After 422 or another try it is another INVITE.
            if (effect.kind === 'invite') cancels = 0;
            if (effect.kind === 'ack') acked.add(effect.tag);
            if (effect.kind === 'established') {
              if (effect.changes.ours.name === 'owed') owed.add(effect.tag);
              inSession = effect.changes.update?.cseq;
            }
            if (effect.kind === 'change' && effect.effect.kind === 'reply') {
              const { cseq: to } = effect.effect;
              answers.set(to, (answers.get(to) ?? 0) + 1);
            }
          }
        };
        for (const event of list) {
          // A transaction has no response after its final failure, and only 2xx after a 2xx.
          if (state.name === 'over') break;
          const response = ['retried', 'refused', 'failed'].includes(event.kind);
          if (state.name === 'answered' && response) continue;
          if (event.kind === 'accepted') answered2xx.add(event.tag.toLowerCase());
          if (event.kind === 'change' && event.event.kind === 'received') {
            cseq += 1;
            answers.set(cseq, 0);
            step({ ...event, event: { ...event.event, cseq } });
          } else step(event);
          assert.ok(outcomes <= 1 && cancels <= 1);
        }
        if (state.name === 'answered') step({ kind: 'timerForks' });
        else if (state.name !== 'over') step({ kind: 'failed', reason: 'timeout' });
        assert.equal(state.name, 'over');
        assert.equal(outcomes, 1);
        assert.deepEqual([...new Set([...acked, ...owed])].toSorted(), [...answered2xx].toSorted());
        for (const [to, times] of answers) assert.equal(times, to === inSession ? 0 : 1, `UPDATE ${to}`);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('a call that comes to us', () => {
  const inEarly: fc.Arbitrary<ChangeEvent> = fc.oneof(
    fc.record({
      kind: fc.constant('received' as const),
      method: fc.constant('UPDATE' as const),
      cseq: fc.constant(0),
      description,
    }),
    fc.record({
      kind: fc.constant('answer' as const),
      method: fc.constant('UPDATE' as const),
      status: fc.constantFrom(200, 488),
      description,
    }),
    fc.constant<ChangeEvent>({ kind: 'want', change: { method: 'UPDATE', offer: true } }),
    fc.record({ kind: fc.constant('accepted' as const), description }),
    fc.record({ kind: fc.constant('refused' as const), status }),
  );
  const events: fc.Arbitrary<CalleeEvent> = fc.oneof(
    fc.record({
      kind: fc.constant('progress' as const),
      progress: fc.record({ status: fc.constantFrom(180, 183), description }),
    }),
    fc.record({ kind: fc.constant('accept' as const), description }),
    fc.record({
      kind: fc.constant('prack' as const),
      cseq: fc.constant(0),
      rseq: fc.integer({ min: 1, max: 4 }),
      invite: fc.constantFrom(1, 1, 1, 2),
      description,
    }),
    fc.record({ kind: fc.constant('answerPrack' as const), status: fc.constantFrom(200, 488) }),
    fc.record({ kind: fc.constant('change' as const), event: inEarly }),
    fc.constant<CalleeEvent>({ kind: 'timerPrack' }),
    fc.constant<CalleeEvent>({ kind: 'timerRepeat' }),
  );
  const last: fc.Arbitrary<CalleeEvent> = fc.constantFrom<CalleeEvent>(
    { kind: 'cancelled' },
    { kind: 'bye', cseq: 0 },
    { kind: 'refuse', status: 486 },
    { kind: 'timerExpires' },
    { kind: 'timerPrack' },
  );
  test('one final response, one outcome, an answer to each PRACK, UPDATE and BYE', () => {
    fc.assert(
      fc.property(
        fc.array(events, { maxLength: 40 }),
        last,
        fc.array(events, { maxLength: 5 }),
        fc.constantFrom('none' as const, 'supported' as const, 'required' as const),
        fc.constantFrom('none' as const, 'offer' as const),
        (list, end, rest, reliability, offer) => {
          let state: CalleeState = beginCallee({ cseq: 1, description: offer, reliability, firstRSeq: 1 });
          let finals = 0;
          let outcomes = 0;
          let cseq = 10;
          let rseq = 0;
          let inSession: number | undefined;
          const answers = new Map<number, number>();
          const count = (to: number): void => void answers.set(to, (answers.get(to) ?? 0) + 1);
          const step = (given: CalleeEvent): void => {
            let event = given;
            if (event.kind === 'prack' || event.kind === 'bye') event = { ...event, cseq: ++cseq };
            else if (event.kind === 'change' && event.event.kind === 'received') {
              event = { ...event, event: { ...event.event, cseq: ++cseq } };
            }
            // Of an answered call these belong to the session.
            const passed = state.name === 'done' && state.accepted && event.kind !== 'prack';
            if (cseq > 10 && event !== given && !passed) answers.set(cseq, answers.get(cseq) ?? 0);
            const { state: next, effects } = stepCallee(state, event);
            state = next;
            for (const effect of effects) {
              if (effect.kind === 'respond') finals += 1;
              if (effect.kind === 'ended') outcomes += 1;
              if (effect.kind === 'established') {
                outcomes += 1;
                inSession = effect.changes.update?.cseq;
              }
              if (effect.kind === 'reply') count(effect.cseq);
              if (effect.kind === 'change' && effect.effect.kind === 'reply') count(effect.effect.cseq);
              if (effect.kind === 'provisional') {
                assert.equal(finals, 0, 'no provisional response after the final one');
                if (effect.rseq === undefined) continue;
                assert.equal(effect.rseq, rseq + 1, 'each RSeq is one higher');
                rseq = effect.rseq;
              }
            }
            assert.ok(finals <= 1 && outcomes === finals);
          };
          for (const event of list) step(event);
          step(end);
          for (const event of rest) step(event);
          step({ kind: 'refuse', status: 500 });
          assert.equal(finals, 1);
          assert.equal(outcomes, 1);
          for (const [to, times] of answers) assert.equal(times, to === inSession ? 0 : 1, `request ${to}`);
        },
      ),
      { numRuns: 3000 },
    );
  });
});
