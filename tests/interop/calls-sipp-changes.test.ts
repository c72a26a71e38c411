// Calls of exact phones (sipp) with a chat client behind Prosody, once they are up: changes and their collisions
// (CALL-20, CALL-25, CALL-40, CALL-41, CALL-43), races at the beginning and at the end (CALL-05, CALL-07, CALL-32), and requests that
// are about something else (CALL-35, CALL-39). The gateway's clock is pushed on where time has to go by.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  callee,
  caller,
  hears,
  hearsFirst,
  pauses,
  phoneSdp,
  replies,
  repliesLate,
  type Said,
} from '../peers/sipp-scenario.ts';
import type { Sipp } from '../peers/sipp.ts';
import { pause } from '../peers/wait.ts';
import { OTHER_TRANSPORT } from './sipp-rig.ts';
import { SippStage, type AliceCall } from './sipp-stage.ts';

const SDP = phoneSdp(4000);
const TRYING = hears(100, { optional: true });
const RINGS = hears(180, { optional: true });
const DIALS = [caller.invites({ sdp: SDP }), TRYING, RINGS];
const TAKEN = [...DIALS, caller.hearsAnswer(200), caller.asks('ACK', 1)];
/** With a line more. */
const MORE = `${phoneSdp(4000, [], 2)}m=video 4010 RTP/AVP 96\na=rtpmap:96 VP8/90000\n`;
const HEARS_BYE = [hears('BYE'), replies(200)];

const says = (pattern: string) => ({ checks: [{ pattern }] });
/** The phone's re-INVITE with a description of version `cseq`, and what the answer says. */
const changes = (cseq: number, line: string, answer: string) => [
  ...[caller.asks('INVITE', cseq, { sdp: phoneSdp(4000, [line], cseq) }), TRYING, hears(200, says(answer))],
  caller.asks('ACK', cseq),
];
const updates = (cseq: number, line: string, answer: string) => [
  ...[caller.asks('UPDATE', cseq, { sdp: phoneSdp(4000, [line], cseq) }), hears(200, says(answer))],
];
const hangsUp = (cseq: number) => [caller.asks('BYE', cseq), hears(200)];

describe('calls of sipp that are up', () => {
  let stage: SippStage;
  before(async () => {
    stage = await SippStage.open();
  });
  after(() => stage.close());

  const info = (call: AliceCall, name: string): Promise<string> =>
    stage.alice.act(
      'session-info',
      call.self,
      call.sid,
      `<${name} xmlns='urn:xmpp:jingle:apps:rtp:info:1'/>`,
    );

  for (const transport of OTHER_TRANSPORT) {
    // sipp takes what comes again over UDP for a retransmission, and counts it; over TCP it is a message like others.
    const isUdp = transport === 'udp';

    describe(`changes, over ${transport}`, () => {
      test('CALL-43, CALL-20, CALL-40: the phone holds and goes on, by re-INVITE and by UPDATE', async () => {
        const call = await stage.calls(transport, [
          ...[...TAKEN, ...changes(2, 'a=sendonly', 'a=recvonly'), ...changes(3, 'a=sendrecv', 'a=sendrecv')],
          ...[
            ...updates(4, 'a=inactive', 'a=inactive'),
            ...updates(5, 'a=sendrecv', 'a=sendrecv'),
            ...hangsUp(6),
          ],
        ]);
        await stage.takes(call);
        await stage.alice.action('session-terminate');
        await stage.met(call, 'ended');
        assert.equal(stage.heard(call.sid, 'hold'), 2);
        assert.equal(stage.heard(call.sid, 'unhold') + stage.heard(call.sid, 'active'), 2);
      });

      test('RFC 3261 §14.2: a re-INVITE without an offer: ours, and the answer in the ACK', async () => {
        const call = await stage.calls(transport, [
          ...[...TAKEN, caller.asks('INVITE', 2), TRYING, hears(200, says('m=audio 40404'))],
          ...[caller.asks('ACK', 2, { sdp: phoneSdp(4000, [], 2) }), ...hangsUp(3)],
        ]);
        await stage.takes(call);
        await stage.alice.action('session-terminate');
        await stage.met(call, 'ended');
      });

      test('CALL-41: the client holds, and goes on', async () => {
        const call = await stage.called(transport, [
          ...[callee.hearsInvite(), callee.answers(200, { sdp: SDP }), hears('ACK')],
          ...[
            hears('INVITE', says('a=sendonly')),
            replies(200, { sdp: phoneSdp(4000, ['a=recvonly'], 2) }),
            hears('ACK'),
          ],
          ...[
            hears('INVITE', says('a=sendrecv')),
            replies(200, { sdp: phoneSdp(4000, [], 3) }),
            hears('ACK'),
          ],
          ...HEARS_BYE,
        ]);
        await stage.alice.action('session-accept');
        assert.equal(await info(call, 'hold'), 'result');
        assert.equal(await info(call, 'active'), 'result');
        // Both are through: what is wanted besides would leave as one.
        await pause(200);
        await stage.ends(call);
        await stage.met(call, 'ended');
      });

      test('CALL-25: 491, and once more after a pause, by who made the Call-ID and by who did not', async () => {
        const glare = [
          ...[hears('INVITE', says('a=sendonly')), replies(491), hears('ACK')],
          ...[
            hears('INVITE', says('a=sendonly')),
            replies(200, { sdp: phoneSdp(4000, ['a=recvonly'], 2) }),
            hears('ACK'),
          ],
          ...HEARS_BYE,
        ];
        const ours = await stage.called(transport, [
          ...[callee.hearsInvite(), callee.answers(200, { sdp: SDP }), hears('ACK'), ...glare],
        ]);
        await stage.alice.action('session-accept');
        await collide(ours);
        const theirs = await stage.calls(transport, [...TAKEN, ...glare]);
        await stage.takes(theirs);
        await collide(theirs);
      });

      async function collide(call: AliceCall & { readonly phone: Sipp }): Promise<void> {
        await info(call, 'hold');
        await pause(200);
        // RFC 3261 §14.1: 2.1 to 4 s, or up to 2 s.
        await stage.sipp.clock.push(4_500);
        await pause(200);
        await stage.ends(call);
        await stage.met(call, 'ended');
      }

      test('CALL-25: both at once: the phone hears 491 to its own, and answers that of the gateway', async () => {
        const call = await stage.calls(transport, [
          ...[...TAKEN, hearsFirst('INVITE', says('a=sendonly'))],
          ...[caller.asks('INVITE', 2, { sdp: phoneSdp(4000, ['a=inactive'], 2) }), hears(491)],
          ...[
            caller.asks('ACK', 2, { failed: true }),
            repliesLate(200, { sdp: phoneSdp(4000, ['a=recvonly'], 3) }),
          ],
          ...[hears('ACK'), ...changes(3, 'a=inactive', 'a=inactive'), ...hangsUp(4)],
        ]);
        await stage.takes(call);
        await info(call, 'hold');
        await stage.alice.action('session-terminate');
        await stage.met(call, 'ended');
      });
    });

    describe(`races, over ${transport}`, () => {
      test('CALL-07: CANCEL and 200 cross: ACK and BYE', async () => {
        const call = await stage.called(transport, [
          ...[callee.hearsInvite(), callee.answers(180), hears('CANCEL'), replies(200)],
          ...[callee.answers(200, { sdp: SDP }), hears('ACK'), ...HEARS_BYE],
        ]);
        await stage.alice.action('session-info');
        await stage.ends(call, 'cancel');
        await stage.met(call, 'cancelled');
      });

      test('RFC 3261 §9.2: a CANCEL that comes after the 200 changes nothing', async () => {
        const call = await stage.calls(transport, [
          ...[...DIALS, caller.hearsAnswer(200), caller.cancels(), hears(200)],
          ...[caller.asks('ACK', 1), ...hangsUp(2)],
        ]);
        await stage.takes(call);
        await stage.alice.action('session-terminate');
        await stage.met(call, 'ended');
      });

      test('RFC 3261 §15: the phone hangs up before its ACK', async () => {
        const call = await stage.calls(transport, [
          ...[...DIALS, caller.hearsAnswer(200), ...hangsUp(2), caller.asks('ACK', 1), pauses(200)],
        ]);
        await stage.takes(call);
        await stage.alice.action('session-terminate');
        await stage.met(call, 'ended');
      });

      test('RFC 3261 §13.3.1.4, §15: the 200 comes again, and a BYE only after the ACK', async () => {
        const again = isUdp ? pauses(700) : hears(200);
        const call = await stage.calls(transport, [
          ...[...DIALS, caller.hearsAnswer(200), again, caller.asks('ACK', 1), ...HEARS_BYE],
        ]);
        await stage.takes(call);
        await stage.ends(call);
        const output = await stage.met(call, 'ended');
        if (isUdp) assert.match(output, / 200 <-+ +1 +1 /);
      });

      test('RFC 3261 §13.2.2.4: the ACK again for each 200 that comes again', async () => {
        const call = await stage.called(transport, [
          ...[callee.hearsInvite(), callee.answers(200, { sdp: SDP }), hears('ACK')],
          // Or sipp would take the second ACK for a retransmission, and say the 200 once more.
          ...[callee.asks('OPTIONS', 1), hears(200)],
          ...[callee.answers(200, { sdp: SDP, once: true }), hears('ACK'), callee.asks('BYE', 2), hears(200)],
        ]);
        await stage.alice.action('session-terminate');
        await stage.met(call, 'ended');
      });

      test('CALL-32: no ACK in 32 s: BYE', async () => {
        const call = await stage.calls(transport, [
          ...[...DIALS, caller.hearsAnswer(200), hears(200, { optional: true }), ...HEARS_BYE],
        ]);
        await stage.takes(call);
        await pause(100);
        await stage.sipp.clock.push(45_000);
        assert.match((await stage.alice.action('session-terminate')).xml, /general-error/);
        await stage.met(call, 'lost');
      });
    });

    describe(`what is taken back, over ${transport}`, () => {
      test('RFC 3261 §9.2: a re-INVITE that adds a line is cancelled; the call goes on', async () => {
        const call = await stage.calls(transport, [
          ...[
            ...TAKEN,
            caller.asks('INVITE', 2, { sdp: MORE }),
            hears(100),
            caller.cancelsChange(2),
            hears(200),
          ],
          ...[hears(487), caller.asks('ACK', 2, { failed: true })],
          ...[caller.asks('UPDATE', 3), hears(200), caller.asks('BYE', 4), hears(200)],
        ]);
        await stage.takes(call);
        await stage.alice.action('content-add');
        await stage.alice.action('session-terminate');
        await stage.met(call, 'ended');
      });

      test('RFC 3261 §15.1.2: BYE while its re-INVITE is open: 487', async () => {
        const call = await stage.calls(transport, [
          ...[...TAKEN, caller.asks('INVITE', 2, { sdp: MORE }), hears(100), caller.asks('BYE', 3)],
          // In either order.
          ...[
            hears(200, { optional: true }),
            hears(487),
            caller.asks('ACK', 2, { failed: true }),
            pauses(100),
          ],
        ]);
        await stage.takes(call);
        await stage.alice.action('session-terminate');
        await stage.met(call, 'ended');
      });

      test('CALL-20: the client never says whether it wants a line: 488, and the call goes on', async () => {
        const call = await stage.calls(transport, [
          ...[...TAKEN, caller.asks('INVITE', 2, { sdp: MORE }), hears(100), hears(488)],
          ...[caller.asks('ACK', 2, { failed: true }), caller.asks('BYE', 3), hears(200)],
        ]);
        await stage.takes(call);
        await stage.alice.action('content-add');
        await stage.sipp.clock.push(32_000);
        await stage.alice.action('session-terminate');
        await stage.met(call, 'ended');
      });

      test('RFC 3262 §4: its PRACK is answered with 481: that dialog is ended', async () => {
        const reliably = { headers: ['Require: 100rel', 'RSeq: 1'] };
        const call = await stage.called(transport, [
          ...[callee.hearsInvite(), callee.answers(180, reliably), hears('PRACK'), replies(481)],
          ...[hears('BYE'), replies(200), callee.answers(487), hears('ACK')],
        ]);
        await stage.alice.action('session-terminate');
        await call.phone.met();
        assert.equal((await stage.sipp.outcomes(call.sid)).length, 1);
      });
    });

    test(`CALL-35, CALL-39, RFC 3261 §11.2, §8.2.1: other requests in the call, over ${transport}`, async () => {
      const asked = (cseq: number, method: string, status: number, said: Said = {}, header?: string) => [
        caller.asks(method, cseq, said),
        hears(status, header === undefined ? {} : { checks: [{ header, pattern: '.' }] }),
      ];
      const package_ = { headers: ['Info-Package: foo'], body: { type: 'text/plain', text: 'x' } };
      const call = await stage.calls(transport, [
        ...[...TAKEN, ...asked(2, 'INFO', 469, package_, 'Recv-Info'), ...asked(3, 'INFO', 200)],
        ...asked(4, 'INFO', 415, { body: { type: 'application/x-unknown', text: 'x' } }, 'Accept'),
        ...[...asked(5, 'OPTIONS', 200, {}, 'Allow'), ...asked(6, 'FOO', 501)],
        ...[...asked(7, 'REFER', 603, { headers: ['Refer-To: <sip:carol@udp.example>'] }), ...hangsUp(8)],
      ]);
      await stage.takes(call);
      await stage.alice.action('session-terminate');
      await stage.met(call, 'ended');
    });
  }
});
