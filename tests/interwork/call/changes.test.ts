// Property: whatever both sides change in an answered call, in whatever order it crosses, at rest all know the same: the
// phone and the gateway hold the same two descriptions, and each line in use is a content that the client has.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { placeOf, type CallDirection } from '../../../src/interwork/call/index.ts';
import { formatSdp } from '../../../src/sdp/index.ts';
import { answerCall, CHANGES } from './call-deeds.ts';
import { CallPlay, LINES } from './call-play.ts';

const DEEDS = [
  ...LINES.map((line) => (play: CallPlay) => void play.deliver(line)),
  ...Object.values(CHANGES),
];

const names = (contents: readonly { name: string; creator: string }[]): string[] =>
  contents.map(({ name, creator }) => `${creator}/${name}`).toSorted();

function assertAgreed(play: CallPlay): void {
  const { call } = play;
  assert.equal(call.phase, 'up');
  assert.equal(call.exchange.name, 'stable');
  assert.deepEqual([call.asked, call.offered], [undefined, undefined]);
  assert.deepEqual([call.adding, call.replacing], [[], []]);
  const { agreed } = call.exchange;
  assert.ok(agreed !== undefined && play.phoneSays !== undefined && play.phoneHears !== undefined);
  const live = (side: typeof play.xmpp): string[] =>
    names((side.session?.contents ?? []).filter(({ status }) => status === 'agreed'));
  assert.deepEqual(live(play.xmpp), live(play.desk), 'gateway and client have the same contents');
  assert.deepEqual(names(call.contents), live(play.desk), 'and the call knows them');
  const used = agreed.local.media.flatMap(({ port }, place) => (port === 0 ? [] : [place]));
  const places = call.contents.map(({ name, creator }) => placeOf(call.table, name, creator));
  assert.ok(
    places.every((place) => used.includes(place)),
    'each is a line in use',
  );
  // A phone that refuses the end of a line has it still (RFC 3261 §14.1).
  if (play.habits.phoneTakes) assert.equal(used.length, places.length, 'and there is no other');
  assert.equal(formatSdp(agreed.remote), formatSdp(play.phoneTold('remote')), 'what the phone says');
  assert.equal(formatSdp(agreed.local), formatSdp(play.phoneTold('local')), 'what the phone hears');
  assert.deepEqual(play.surprises, []);
}

describe('changes that cross', () => {
  for (const direction of ['toXmpp', 'toSip'] as const satisfies readonly CallDirection[]) {
    test(`${direction}: at rest all agree`, () => {
      fc.assert(
        fc.property(fc.array(fc.integer({ min: 0, max: DEEDS.length - 1 }), { maxLength: 40 }), (deeds) => {
          const play = new CallPlay(direction);
          play.begin();
          answerCall(play);
          for (const each of deeds) DEEDS[each]?.(play);
          play.rest();
          assertAgreed(play);
        }),
        { numRuns: 500 },
      );
    });
  }
});
