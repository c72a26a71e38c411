// What exact phones (sipp) may do besides, with a chat client behind Prosody: early media, early dialogs, answers that
// are none, limits of time, and what has no place (CALL-04, CALL-07, CALL-15, CALL-23, CALL-24, CALL-40).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { callee, caller, hears, pauses, phoneSdp, replies } from '../peers/sipp-scenario.ts';
import { pause } from '../peers/wait.ts';
import { ONE_TRANSPORT } from './sipp-rig.ts';
import { SippStage } from './sipp-stage.ts';

const SDP = phoneSdp(4000);
const TRYING = hears(100, { optional: true });
const RINGS = hears(180, { optional: true });
const DIALS = [caller.invites({ sdp: SDP }), TRYING, RINGS];
const TAKEN = [...DIALS, caller.hearsAnswer(200), caller.asks('ACK', 1)];
const HEARS_BYE = [hears('BYE'), replies(200)];
const CANCELLED = [hears('CANCEL'), replies(200), callee.answers(487), hears('ACK')];
const reliably = (rseq: number) => ['Require: 100rel', `RSeq: ${rseq}`];

describe('what else phones do (sipp)', () => {
  let stage: SippStage;
  before(async () => {
    stage = await SippStage.open();
  });
  after(() => stage.close());

  for (const transport of ONE_TRANSPORT) {
    describe(`before the answer, over ${transport}`, () => {
      test('CALL-04: early media without 100rel; the 200 repeats nothing', async () => {
        const call = await stage.called(transport, [
          ...[
            callee.hearsInvite(),
            callee.answers(183, { sdp: SDP }),
            pauses(100),
            callee.answers(200),
            hears('ACK'),
          ],
          ...HEARS_BYE,
        ]);
        assert.match((await stage.alice.action('session-accept')).xml, /port="4000"/);
        await stage.ends(call);
        await stage.met(call, 'ended');
      });

      test('RFC 3261 §13.2.1: a 200 that never has a description: ACK and BYE', async () => {
        const call = await stage.called(transport, [
          ...[callee.hearsInvite(), callee.answers(200), hears('ACK'), ...HEARS_BYE],
        ]);
        await stage.alice.action('session-terminate');
        const output = await call.phone.met();
        assert.ok(output);
        assert.equal((await stage.sipp.outcomes(call.sid)).length, 1);
      });

      test('CALL-07, RFC 3261 §9.1: CANCEL waits for a provisional response', async () => {
        const call = await stage.called(transport, [
          ...[callee.hearsInvite(), pauses(400), callee.answers(100), ...CANCELLED],
        ]);
        await stage.ends(call, 'cancel');
        await stage.met(call, 'cancelled');
      });

      test('RFC 3261 §13.3.1: its INVITE expires', async () => {
        const call = await stage.calls(transport, [
          ...[
            caller.invites({ headers: ['Expires: 5'], sdp: SDP }),
            TRYING,
            RINGS,
            hears(487),
            caller.acknowledges(),
          ],
        ]);
        await pause(100);
        await stage.sipp.clock.push(6_000);
        await stage.alice.proposal('retract');
        await call.phone.met();
        assert.equal((await stage.sipp.outcomes(call.sid)).length, 1);
      });

      test('RFC 3261 §15: the caller ends an early dialog by BYE', async () => {
        const call = await stage.calls(transport, [
          ...[caller.invites({ sdp: SDP }), TRYING, caller.hearsAnswer(180)],
          ...[caller.asks('BYE', 2), hears(200, { optional: true }), hears(487), caller.acknowledges()],
        ]);
        await stage.alice.proposal('retract');
        await stage.met(call, 'cancelled');
      });

      test('CALL-40, RFC 3311: UPDATE in the early dialog of either side', async () => {
        const call = await stage.called(transport, [
          ...[
            callee.hearsInvite(),
            callee.answers(183, { headers: reliably(1), sdp: SDP }),
            hears('PRACK'),
            replies(200),
          ],
          ...[
            callee.asks('UPDATE', 1, { sdp: phoneSdp(4004, [], 2) }),
            hears(200, { checks: [{ pattern: 'm=audio 40404' }] }),
          ],
          ...[callee.answers(200), hears('ACK'), callee.asks('BYE', 2), hears(200)],
        ]);
        const accept = await stage.alice.action('session-accept');
        assert.match(accept.xml, /port="400[04]"/);
        await stage.alice.action('session-terminate');
        await stage.met(call, 'ended');
        const theirs = await stage.calls(transport, [
          ...[caller.invites({ headers: ['Require: 100rel'], sdp: SDP }), TRYING, caller.hearsReliably(180)],
          ...[caller.acknowledgesReliably(2), hears(200), caller.asks('UPDATE', 3), hears(200)],
          // RFC 3311 §5.2: the offer of the INVITE has no answer yet.
          ...[
            caller.asks('UPDATE', 4, { sdp: phoneSdp(4002, [], 2) }),
            hears(500),
            caller.cancels(),
            hears(200),
            hears(487),
          ],
          caller.acknowledges(),
        ]);
        await stage.alice.proposal('retract');
        await stage.met(theirs, 'cancelled');
      });
    });

    describe(`forks with descriptions, over ${transport}`, () => {
      const port = (number: number) => phoneSdp(number);

      test('RFC 3262 §4: each fork has numbers of its own', async () => {
        const prack = (rseq: number, tag: string) =>
          hears('PRACK', {
            checks: [
              { header: 'RAck', pattern: `^ *${rseq} 1 INVITE` },
              { header: 'To', pattern: `tag=[0-9]+${tag}` },
            ],
          });
        const call = await stage.called(transport, [
          ...[
            callee.hearsInvite(),
            callee.answers(180, { tag: 'a', headers: reliably(5) }),
            prack(5, 'a'),
            replies(200),
          ],
          ...[
            callee.answers(183, { tag: 'b', headers: reliably(9), sdp: port(4002) }),
            prack(9, 'b'),
            replies(200),
          ],
          ...[
            callee.answers(183, { tag: 'a', headers: reliably(6), sdp: port(4000) }),
            prack(6, 'a'),
            replies(200),
          ],
          ...[
            callee.answers(200, { tag: 'b' }),
            hears('ACK'),
            callee.asks('BYE', 1, { tag: 'b' }),
            hears(200),
          ],
        ]);
        assert.match((await stage.alice.action('session-accept')).xml, /port="4002"/);
        await stage.alice.action('session-terminate');
        await stage.met(call, 'ended');
      });

      test('CALL-04, CALL-28: early media of two, and the answer is of the one that takes it', async () => {
        const call = await stage.called(transport, [
          ...[callee.hearsInvite(), callee.answers(183, { tag: 'a', sdp: port(4000) })],
          ...[callee.answers(183, { tag: 'b', sdp: port(4002) }), pauses(100)],
          ...[
            callee.answers(200, { tag: 'a' }),
            hears('ACK'),
            callee.asks('BYE', 1, { tag: 'a' }),
            hears(200),
          ],
        ]);
        assert.match((await stage.alice.action('session-accept')).xml, /port="4000"/);
        await stage.alice.action('session-terminate');
        await stage.met(call, 'ended');
      });

      test('RFC 3264 §6: an answer with another number of lines is none: ACK and BYE', async () => {
        const call = await stage.called(transport, [
          ...[
            callee.hearsInvite(),
            callee.answers(200, { sdp: `${SDP}m=video 4010 RTP/AVP 96\n` }),
            hears('ACK'),
          ],
          ...HEARS_BYE,
        ]);
        await stage.alice.action('session-terminate');
        await call.phone.met();
        assert.equal((await stage.sipp.outcomes(call.sid)).length, 1);
      });
    });

    describe(`in the call, over ${transport}`, () => {
      test('RFC 3261 §12.2.2, CALL-23, CALL-24: out of order 500; after the end 481', async () => {
        const call = await stage.calls(transport, [
          ...[...TAKEN, caller.asks('OPTIONS', 5), hears(200), caller.asks('OPTIONS', 3), hears(500)],
          ...[caller.asks('BYE', 6), hears(200), caller.asks('OPTIONS', 7), hears(481)],
          ...[
            caller.asks('INVITE', 8, { sdp: SDP }),
            TRYING,
            hears(481),
            caller.asks('ACK', 8, { failed: true }),
          ],
        ]);
        await stage.takes(call);
        await stage.alice.action('session-terminate');
        await stage.met(call, 'ended');
      });

      test('RFC 3261 §12.2.2: a re-INVITE moves the remote target', async () => {
        const moved = ['Contact: <sip:moved@[local_ip]:[local_port];transport=[transport]>'];
        const call = await stage.calls(transport, [
          ...[
            ...TAKEN,
            caller.asks('INVITE', 2, { headers: moved, sdp: phoneSdp(4000, [], 2) }),
            TRYING,
            hears(200),
          ],
          ...[
            caller.asks('ACK', 2),
            hears('BYE', { checks: [{ pattern: '^BYE sip:moved@' }] }),
            replies(200),
          ],
        ]);
        await stage.takes(call);
        await pause(200);
        await stage.ends(call);
        await stage.met(call, 'ended');
      });

      test('RFC 4028 §9: the phone leaves the refreshes to the gateway', async () => {
        const timer = ['Supported: timer', 'Session-Expires: 90;refresher=uas'];
        const answer = { headers: ['Session-Expires: 90;refresher=uac', 'Require: timer'], sdp: SDP };
        const call = await stage.calls(transport, [
          ...[caller.invites({ headers: timer, sdp: SDP }), TRYING, RINGS],
          caller.hearsAnswer(200, { checks: [{ header: 'Session-Expires', pattern: '90;refresher=uas' }] }),
          ...[
            caller.asks('ACK', 1),
            hears('INVITE', { checks: [{ header: 'Session-Expires', pattern: '90;refresher=uac' }] }),
          ],
          ...[replies(200, answer), hears('ACK'), caller.asks('BYE', 2), hears(200)],
        ]);
        await stage.takes(call);
        await pause(200);
        await stage.sipp.clock.push(46_000);
        await stage.alice.action('session-terminate');
        await stage.met(call, 'ended');
      });

      test('CALL-43: c=0.0.0.0 is a hold', async () => {
        const held = phoneSdp(4000, [], 2).replace('c=IN IP4 127.0.0.1', 'c=IN IP4 0.0.0.0');
        const call = await stage.calls(transport, [
          ...[...TAKEN, caller.asks('INVITE', 2, { sdp: held }), TRYING, hears(200), caller.asks('ACK', 2)],
          ...[caller.asks('BYE', 3), hears(200)],
        ]);
        await stage.takes(call);
        assert.match((await stage.alice.action('session-info')).xml, /hold/);
        await stage.alice.action('session-terminate');
        await stage.met(call, 'ended');
      });

      test('CALL-20: the phone adds a line, and the client does not want it', async () => {
        const more = `${phoneSdp(4000, [], 2)}m=video 4010 RTP/AVP 96\na=rtpmap:96 VP8/90000\n`;
        const call = await stage.calls(transport, [
          ...[
            ...TAKEN,
            caller.asks('INVITE', 2, { sdp: more }),
            TRYING,
            hears(200, { checks: [{ pattern: 'm=video 0 ' }] }),
          ],
          ...[caller.asks('ACK', 2), caller.asks('BYE', 3), hears(200)],
        ]);
        await stage.takes(call);
        const { xml } = await stage.alice.action('content-add');
        const name = /<[^<]*content [^>]*name="([^"]*)"/.exec(xml)?.[1] ?? '';
        const creator = /<[^<]*content [^>]*creator="([^"]*)"/.exec(xml)?.[1] ?? '';
        const reject = `<reason><failed-application/></reason><content creator='${creator}' name='${name}'/>`;
        assert.equal(await stage.alice.act('content-reject', call.self, call.sid, reject), 'result');
        await stage.alice.action('session-terminate');
        await stage.met(call, 'ended');
      });

      for (const [value, condition] of [
        ['SIP;cause=486;text="Busy"', 'busy'],
        ['Q.850;cause=16', 'success'],
      ] as const) {
        test(`CALL-09, RFC 3326: BYE with Reason ${value}`, async () => {
          const bye = { headers: [`Reason: ${value}`] };
          const call = await stage.calls(transport, [...TAKEN, caller.asks('BYE', 2, bye), hears(200)]);
          await stage.takes(call);
          assert.match((await stage.alice.action('session-terminate')).xml, new RegExp(`:${condition} `));
          await stage.met(call, 'ended');
        });
      }

      test('CALL-15: the phone removes its only line', async () => {
        const call = await stage.calls(transport, [
          ...[
            ...TAKEN,
            caller.asks('INVITE', 2, { sdp: phoneSdp(0, [], 2) }),
            TRYING,
            hears(200, { checks: [{ pattern: 'm=audio 0 ' }] }),
          ],
          ...[caller.asks('ACK', 2), ...HEARS_BYE],
        ]);
        await stage.takes(call);
        await stage.alice.action('session-terminate');
        await stage.met(call, 'ended');
      });

      for (const [status, goesOn] of [
        [488, true],
        [403, true],
        [500, true],
        [408, false],
        [481, false],
      ] as const) {
        test(`RFC 3261 §14.1, §12.2.1.2: a hold is refused with ${status}: the call ${goesOn ? 'goes on' : 'ends'}`, async () => {
          const call = await stage.called(transport, [
            ...[callee.hearsInvite(), callee.answers(200, { sdp: SDP }), hears('ACK')],
            ...[hears('INVITE'), replies(status), hears('ACK'), ...HEARS_BYE],
          ]);
          await stage.alice.action('session-accept');
          const hold = `<hold xmlns='urn:xmpp:jingle:apps:rtp:info:1'/>`;
          await stage.alice.act('session-info', call.self, call.sid, hold);
          if (goesOn) {
            await pause(100);
            assert.deepEqual(await stage.sipp.outcomes(call.sid), ['open']);
            await stage.ends(call);
          } else await stage.alice.action('session-terminate');
          await stage.met(call, goesOn ? 'ended' : 'lost');
        });
      }
    });

    test(`RFC 3261 §8.2: what no call comes of, over ${transport}`, async () => {
      const refused = (status: number, headers: readonly string[], more: object = { sdp: SDP }) =>
        stage.sipp.caller(transport, 'alice@example.com', [
          ...[caller.invites({ headers, ...more }), TRYING, hears(status), caller.acknowledges()],
        ]);
      const phones = [
        await refused(420, ['Require: foo']),
        await refused(415, [], { body: { type: 'application/x-unknown', text: 'x' } }),
        await refused(400, ['Session-Expires: soon']),
      ];
      for (const phone of phones) await phone.met();
    });
  }
});
