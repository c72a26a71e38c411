// The setup of a call between two ends, in any order of events and deliveries (RFC 3261 §9, §13; RFC 3262; RFC 3311).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { ChangeEvent } from '../../../src/sip/invite/change.ts';
import { Setup } from './setup.ts';

const UPDATE: ChangeEvent = { kind: 'want', change: { method: 'UPDATE', offer: true } };
const REFRESH: ChangeEvent = { kind: 'want', change: { method: 'UPDATE', offer: false } };

function act(call: Setup, [what, at]: readonly [number, number]): void {
  const { alice, bob } = call;
  const offer = bob.changes()?.offer;
  const description = offer === 'theirs' ? 'answer' : offer === 'none' ? 'offer' : 'none';
  switch (what) {
    case 0:
      bob.step({ kind: 'progress', progress: { status: 180, description: 'none' } });
      break;
    case 1:
      bob.step({ kind: 'progress', progress: { status: 183, description } });
      break;
    case 2:
      if (at === 0) bob.step({ kind: 'accept', description });
      break;
    case 3:
      if (at === 0) bob.step({ kind: 'refuse', status: 486 });
      break;
    case 4:
      if (at === 0) alice.step({ kind: 'hangUp' });
      break;
    case 5:
      alice.change(UPDATE);
      break;
    case 6:
      bob.change(at % 2 === 0 ? UPDATE : REFRESH);
      break;
    case 7:
      alice.answerOwed();
      break;
    case 8:
      bob.answerOwed();
      break;
    case 9:
      bob.fire();
      break;
    default:
      call.deliver(at % Math.max(1, call.flying.length));
  }
}

describe('two ends of a call that begins', () => {
  test('one outcome each; who talks, knows the same session as the other', () => {
    let talked = 0;
    let refused = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(15), fc.nat(5)), { maxLength: 60 }),
        fc.constantFrom('offer' as const, 'none' as const),
        fc.constantFrom('none' as const, 'supported' as const, 'required' as const),
        fc.boolean(),
        (plays, offer, reliability, accepts) => {
          const call = new Setup(offer, reliability);
          const { alice, bob } = call;
          for (const play of plays) {
            act(call, play);
            for (const end of [alice, bob]) {
              for (const [cseq, times] of end.answered)
                assert.equal(times, 1, `${end.name}: answers to ${cseq}`);
              assert.ok(end.outcomes <= 1);
            }
          }
          call.drain();
          if (accepts) act(call, [2, 0]);
          call.drain();
          if (bob.state.name !== 'done') bob.step({ kind: 'refuse', status: 480 });
          call.drain();
          assert.equal(bob.finals, 1);
          assert.equal(bob.outcomes, 1);
          assert.equal(alice.outcomes, 1);
          for (const end of [alice, bob]) {
            for (const [cseq, times] of end.answered)
              assert.equal(times, 1, `${end.name}: answers to ${cseq}`);
          }
          if (alice.session?.name === 'open') {
            talked += 1;
            assert.equal(bob.session?.name, 'open');
            assert.equal(alice.session.changes.offer, 'agreed');
            assert.equal(bob.session?.name === 'open' && bob.session.changes.offer, 'agreed');
            assert.equal(alice.agreed, bob.agreed);
          } else {
            refused += 1;
            assert.notEqual(bob.session?.name, 'open', 'nobody talks alone');
          }
        },
      ),
      { numRuns: 3000 },
    );
    // The property has something to say about both.
    assert.ok(talked > 300 && refused > 300, `${talked} calls, ${refused} that failed`);
  });
});
