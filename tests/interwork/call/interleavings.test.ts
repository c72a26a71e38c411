// Property: whatever both sides do, in whatever order it arrives, a call ends with exactly one outcome, and nothing of it is
// left on either side. Played with the real machines of phone, gateway and devices.

import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { CallDirection } from '../../../src/interwork/call/index.ts';
import { answerCall, CHANGES, LIFE, type Deed } from './call-deeds.ts';
import { CallPlay, LINES } from './call-play.ts';

const DEEDS = { ...LIFE, ...CHANGES };

const DELIVERIES: readonly Deed[] = LINES.map((line) => (play: CallPlay) => void play.deliver(line));
const NAMES = Object.keys(DEEDS);

const step: fc.Arbitrary<number> = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: DELIVERIES.length - 1 }) },
  { weight: 1, arbitrary: fc.integer({ min: DELIVERIES.length, max: DELIVERIES.length + NAMES.length - 1 }) },
  // All that is on its way arrives: else few calls would come to their answer.
  { weight: 1, arbitrary: fc.constant(-1) },
);

function run(play: CallPlay, at: number): void {
  if (at < 0) play.rest();
  else if (at < DELIVERIES.length) DELIVERIES[at]?.(play);
  else DEEDS[NAMES[at - DELIVERIES.length] ?? '']?.(play);
}

function finish(play: CallPlay): void {
  play.rest();
  // Somebody hangs up at last, if nobody has; devices that nobody answers give up.
  play.phone.end(480);
  play.rest();
  play.leave(play.desk);
  play.rest();
  for (let round = 0; round < 3; round++) {
    for (const device of play.devices) device.fire();
    play.xmpp.fire();
    play.rest();
  }
  for (const timer of ['gather', 'change', 'answer'] as const) {
    play.expire(timer);
    play.rest();
  }
}

describe('any interleaving', () => {
  for (const direction of ['toXmpp', 'toSip'] as const satisfies readonly CallDirection[]) {
    for (const isAnswered of [false, true]) {
      test(`${direction}${isAnswered ? ', answered' : ''}: one outcome, both legs ended`, () => {
        fc.assert(
          fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
            const play = new CallPlay(direction);
            play.begin();
            if (isAnswered) answerCall(play);
            for (const each of steps) run(play, each);
            finish(play);
            if (play.call.phase !== 'idle') play.assertOver();
          }),
          { numRuns: 600 },
        );
      });
    }
  }
});
