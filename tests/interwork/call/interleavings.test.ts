// Property: whatever both sides do, in whatever order it arrives, a call ends with exactly one outcome, and nothing of it is
// left on either side. Played with the real machines of phone, gateway and devices.

import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { CallDirection } from '../../../src/interwork/call/index.ts';
import { rtpInfoElement } from '../../../src/xmpp/index.ts';
import { CallPlay, contentOf, LINES } from './call-play.ts';

type Deed = (play: CallPlay) => void;

const info = (play: CallPlay, kind: 'hold' | 'unhold'): void =>
  play.act(play.desk, { action: 'session-info', infos: [rtpInfoElement({ kind })] });

/** What can happen, of its own accord. */
const DEEDS: Readonly<Record<string, Deed>> = {
  phoneRings: (play) => play.phone.progress(180),
  phoneTakes: (play) => play.phoneTakesCall(),
  phoneLeaves: (play) => play.phone.end(486),
  phoneHolds: (play) => {
    play.phoneDirection = play.phoneDirection === 'sendrecv' ? 'sendonly' : 'sendrecv';
    play.phone.want(true);
  },
  phoneAsks: (play) => play.phone.want(false),
  phoneAdds: (play) => {
    if (play.phoneMedia.length < 2) play.phoneMedia = [...play.phoneMedia, 'video'];
    play.phone.want(true);
  },
  phoneMoves: (play) => {
    play.phoneUfrag = `${play.phoneUfrag}x`;
    play.phone.want(true);
  },
  deskRings: (play) => play.desk.initiate({ kind: 'ring' }),
  deskTakes: (play) => play.take(play.desk),
  pocketTakes: (play) => play.take(play.pocket),
  deskStarts: (play) => play.startSession(play.desk),
  deskTrickles: (play) => play.startSession(play.desk, { candidates: false }),
  deskLeaves: (play) => play.leave(play.desk),
  deskBusy: (play) => play.leave(play.desk, 'busy'),
  pocketDeclines: (play) => play.leave(play.pocket, 'decline'),
  deskAdds: (play) =>
    play.act(play.desk, {
      action: 'content-add',
      contents: [contentOf('cam', play.desk.session?.role ?? 'responder', 'video')],
    }),
  deskRemoves: (play) =>
    play.act(play.desk, {
      action: 'content-remove',
      contents: [{ name: 'cam', creator: play.desk.session?.role ?? 'responder' }],
    }),
  deskMoves: (play) => {
    const [content] = play.desk.session?.contents ?? [];
    if (content === undefined) return;
    const { name, creator } = content;
    const { transport } = contentOf(name, creator, 'audio', { ufrag: 'mov1' });
    play.act(play.desk, { action: 'transport-replace', contents: [{ name, creator, transport }] });
  },
  deskHolds: (play) => info(play, 'hold'),
  deskUnholds: (play) => info(play, 'unhold'),
  deskGone: (play) => {
    play.xmpp.step({ kind: 'unavailable' });
    play.xmpp.step({ kind: 'graceOver' });
  },
  crossing: (play) => play.xmpp.initiate({ kind: 'crossed', from: play.desk.self, id: '0' }),
  nobodyAnswers: (play) => play.expire('answer'),
  gathered: (play) => play.expire('gather'),
  undecided: (play) => play.expire('change'),
  stopped: (play) => {
    if (play.call.phase !== 'idle') play.feed({ kind: 'shutDown' });
  },
  habits: (play) => {
    const { phoneTakes, clientTakes } = play.habits;
    play.habits = { phoneTakes: !clientTakes, clientTakes: phoneTakes };
  },
};

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
            if (isAnswered) answer(play);
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

function answer(play: CallPlay): void {
  play.flush();
  play.startSession(play.desk);
  play.take(play.desk);
  play.flush();
  play.take(play.desk);
  play.phoneTakesCall();
  play.rest();
}
