// Who is not there any more, or says nothing (sipp, and a chat client behind Prosody; CALL-07, CALL-32, CALL-34, CALL-95): each call still
// has one outcome, and nothing is left of it. For the long script, since it pushes the clock for minutes; other tests see the same
// without phones.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { callee, caller, hears, pauses, phoneSdp, replies } from '../peers/sipp-scenario.ts';
import { pause } from '../peers/wait.ts';
import { FULL_MATRIX } from './lab.ts';
import { TRANSPORTS } from './sipp-rig.ts';
import { SippStage } from './sipp-stage.ts';

const SDP = phoneSdp(4000);
const TRYING = hears(100, { optional: true });
const RINGS = hears(180, { optional: true });
const TAKEN = [
  ...[caller.invites({ sdp: SDP }), TRYING, RINGS, caller.hearsAnswer(200), caller.asks('ACK', 1)],
];
/** Until it is ended from outside. */
const STAYS = pauses(30_000);

const CANCELLED = [hears('CANCEL'), replies(200), callee.answers(487), hears('ACK')];
const DIALS = [caller.invites({ sdp: SDP }), TRYING, RINGS];

const suite = (): void => {
  let stage: SippStage;
  before(async () => {
    stage = await SippStage.open();
  });
  after(() => stage.close());

  for (const transport of TRANSPORTS) {
    describe(`phones that die, over ${transport}`, () => {
      test('the callee, in the call: the client hangs up', async () => {
        const call = await stage.called(transport, [
          ...[callee.hearsInvite(), callee.answers(200, { sdp: SDP }), hears('ACK'), STAYS],
        ]);
        await stage.alice.action('session-accept');
        await call.phone.kill();
        await stage.ends(call);
        await pause(100);
        await stage.sipp.clock.push(40_000);
        await stage.told(call, 'ended');
      });

      test('the callee, while it rings', async () => {
        const call = await stage.called(transport, [callee.hearsInvite(), callee.answers(180), STAYS]);
        await stage.alice.action('session-info');
        await call.phone.kill();
        await stage.ends(call, 'cancel');
        await pause(100);
        await stage.sipp.clock.push(70_000);
        await stage.told(call, 'cancelled');
      });

      test('the caller, while it rings: the client takes the call', async () => {
        const call = await stage.calls(transport, [caller.invites({ sdp: SDP }), TRYING, hears(180), STAYS]);
        await pause(100);
        await call.phone.kill();
        await stage.takes(call);
        await pause(100);
        await stage.sipp.clock.push(80_000);
        assert.match((await stage.alice.action('session-terminate')).xml, /general-error/);
        await stage.told(call, 'lost');
      });

      test('the caller, in the call: the client holds', async () => {
        const call = await stage.calls(transport, [...TAKEN, STAYS]);
        await stage.takes(call);
        await pause(200);
        await call.phone.kill();
        const hold = `<hold xmlns='urn:xmpp:jingle:apps:rtp:info:1'/>`;
        await stage.alice.act('session-info', call.self, call.sid, hold);
        await pause(100);
        await stage.sipp.clock.push(80_000);
        if (transport === 'udp') {
          // RFC 3261 §12.2.1.2: no answer ends the dialog, as 408.
          await stage.alice.action('session-terminate');
          return stage.told(call, 'lost');
        }
        // §8.1.3.1: a connection that cannot be made is 503, which leaves the session as it is (§14.1).
        await stage.ends(call);
        return stage.told(call, 'ended');
      });
    });

    describe(`phones and clients that say nothing, over ${transport}`, () => {
      test('CALL-07: the phone says nothing at all, and the client gives up', async () => {
        const call = await stage.called(transport, [callee.hearsInvite(), pauses(1_200)]);
        await stage.ends(call, 'cancel');
        await pause(100);
        await stage.sipp.clock.push(36_000);
        await stage.met(call, 'cancelled');
      });

      test('RFC 3261 §17.1.1.2: the phone says nothing at all: timeout', async () => {
        const call = await stage.called(transport, [callee.hearsInvite(), pauses(1_200)]);
        await pause(100);
        await stage.sipp.clock.push(36_000);
        assert.match((await stage.alice.action('session-terminate')).xml, /timeout/);
        await stage.met(call, 'noAnswer');
      });

      test('CALL-34: it rings for three minutes', async () => {
        const call = await stage.called(transport, [
          ...[callee.hearsInvite(), callee.answers(180), ...CANCELLED],
        ]);
        await stage.alice.action('session-info');
        await stage.sipp.clock.push(182_000);
        assert.match((await stage.alice.action('session-terminate')).xml, /timeout/);
        await stage.met(call, 'noAnswer');
      });

      test('CALL-95: nobody takes the call of the phone', async () => {
        const call = await stage.calls(transport, [
          ...DIALS,
          hears(180, { optional: true }),
          hears(480),
          caller.acknowledges(),
        ]);
        await stage.sipp.clock.push(182_000);
        await stage.alice.proposal('retract');
        await stage.met(call, 'noAnswer');
      });
    });
  }
};
if (FULL_MATRIX) describe('calls that lose somebody (sipp)', suite);
