// Calls of exact phones (sipp) with a chat client behind Prosody: forks (CALL-28), reliable provisional responses
// (CALL-04, CALL-29, RFC 3262), session timers (CALL-31, RFC 4028). The gateway's clock is pushed on where time has to go by.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { callee, caller, hears, pauses, phoneSdp, replies } from '../peers/sipp-scenario.ts';
import { pause } from '../peers/wait.ts';
import { ONE_TRANSPORT } from './sipp-rig.ts';
import { SippStage } from './sipp-stage.ts';

const SDP = phoneSdp(4000);
const TRYING = hears(100, { optional: true });
const RINGS = hears(180, { optional: true });
const BYE = [callee.asks('BYE', 1), hears(200)];

/** A dialog of the callee, by the tag of its answers. */
const of = (tag: string) => ({ checks: [{ header: 'To', pattern: `tag=[0-9]+${tag}` }] });

describe('calls of sipp and a chat client', () => {
  let stage: SippStage;
  before(async () => {
    stage = await SippStage.open();
  });
  after(() => stage.close());

  for (const transport of ONE_TRANSPORT) {
    describe(`forks, over ${transport}`, () => {
      test('CALL-28: two ring, one answers, then the other one: ACK and BYE', async () => {
        const call = await stage.called(transport, [
          ...[callee.hearsInvite(), callee.answers(100)],
          ...[
            callee.answers(180, { tag: 'a' }),
            callee.answers(183, { tag: 'b' }),
            callee.answers(180, { tag: 'c' }),
          ],
          ...[callee.answers(200, { tag: 'b', sdp: SDP }), hears('ACK', of('b'))],
          ...[callee.answers(200, { tag: 'c', sdp: phoneSdp(4002) }), hears('ACK', of('c'))],
          ...[hears('BYE', of('c')), replies(200)],
          ...[callee.asks('BYE', 1, { tag: 'b' }), hears(200)],
        ]);
        const accept = await stage.alice.action('session-accept');
        assert.match(accept.xml, /port="4000"/);
        await stage.alice.action('session-terminate');
        await stage.met(call, 'ended');
        assert.equal(stage.heard(call.sid, 'session-accept'), 1);
        assert.equal(stage.heard(call.sid, 'ringing'), 1);
      });

      test('CALL-28, RFC 6228: one fork has failed, another one answers', async () => {
        const call = await stage.called(transport, [
          ...[callee.hearsInvite(), callee.answers(180, { tag: 'a' }), callee.answers(180, { tag: 'b' })],
          ...[
            callee.answers(199, { tag: 'a' }),
            callee.answers(200, { tag: 'b', sdp: SDP }),
            hears('ACK', of('b')),
          ],
          ...[callee.asks('BYE', 1, { tag: 'b' }), hears(200)],
        ]);
        await stage.alice.action('session-terminate');
        await stage.met(call, 'ended');
      });
    });

    describe(`reliable provisional responses, over ${transport}`, () => {
      const reliably = (rseq: number) => ({ headers: ['Require: 100rel', `RSeq: ${rseq}`] });
      const prack = (rseq: number) =>
        hears('PRACK', { checks: [{ header: 'RAck', pattern: `^ *${rseq} 1 INVITE` }] });

      test('CALL-29, CALL-04: 180, then 183 with the answer; the 2xx has none', async () => {
        const call = await stage.called(transport, [
          ...[callee.hearsInvite({ checks: [{ header: 'Supported', pattern: '100rel' }] })],
          ...[callee.answers(180, reliably(7)), prack(7), replies(200)],
          ...[callee.answers(183, { ...reliably(8), sdp: SDP }), prack(8), replies(200), pauses(100)],
          ...[callee.answers(200), hears('ACK'), ...BYE],
        ]);
        assert.match((await stage.alice.action('session-accept')).xml, /port="4000"/);
        await stage.alice.action('session-terminate');
        await stage.met(call, 'ended');
        assert.equal(stage.heard(call.sid, 'session-accept'), 1);
      });

      test('RFC 3262 §4: one that comes out of order is not acknowledged, nor is one twice', async () => {
        const call = await stage.called(transport, [
          ...[callee.hearsInvite(), callee.answers(180, reliably(1)), prack(1), replies(200)],
          // Both would be answered at once.
          ...[callee.answers(183, reliably(3)), pauses(200), callee.answers(180, reliably(1)), pauses(200)],
          ...[callee.answers(183, reliably(2)), prack(2), replies(200)],
          ...[callee.answers(200, { sdp: SDP }), hears('ACK'), ...BYE],
        ]);
        await stage.alice.action('session-terminate');
        await stage.met(call, 'ended');
      });

      // sipp takes what comes again over UDP for a retransmission, and counts it; over TCP it is a message like others.
      const again = transport === 'udp' ? pauses(800) : hears(180);

      test('CALL-29: the phone requires it, and is late with its PRACK', async () => {
        const call = await stage.calls(transport, [
          ...[caller.invites({ headers: ['Require: 100rel'], sdp: SDP }), TRYING],
          ...[caller.hearsReliably(180), again, caller.acknowledgesReliably(2), hears(200)],
          ...[caller.hearsAnswer(200), caller.asks('ACK', 1), caller.asks('BYE', 3), hears(200)],
        ]);
        await pause(1_000);
        await stage.takes(call);
        await stage.alice.action('session-terminate');
        const output = await stage.met(call, 'ended');
        // RFC 3262 §3: the 180 came again after T1.
        if (transport === 'udp') assert.match(output, / 180 <-+ +1 +1 /);
      });

      test('RFC 3262 §3: a PRACK for nothing is 481', async () => {
        const call = await stage.calls(transport, [
          ...[caller.invites({ headers: ['Require: 100rel'], sdp: SDP }), TRYING, caller.hearsReliably(180)],
          ...[caller.asks('PRACK', 2, { headers: ['RAck: 1 1 INVITE'] }), hears(481)],
          ...[caller.acknowledgesReliably(3), hears(200), caller.cancels(), hears(200), hears(487)],
          caller.acknowledges(),
        ]);
        await stage.alice.proposal('retract');
        await stage.met(call, 'cancelled');
      });

      test('RFC 3262 §3: without any PRACK the call is refused with 504', async () => {
        const call = await stage.calls(transport, [
          ...[caller.invites({ headers: ['Require: 100rel'], sdp: SDP }), TRYING, caller.hearsReliably(180)],
          ...[hears(180, { optional: true }), hears(504), caller.acknowledges()],
        ]);
        await pause(100);
        await stage.sipp.clock.push(45_000);
        await stage.alice.proposal('retract');
        await stage.met(call, 'failed');
      });
    });

    describe(`session timers, over ${transport}`, () => {
      const timer = (value: string, ...more: string[]) => ({
        headers: ['Supported: timer', `Session-Expires: ${value}`, ...more],
      });
      const expires = (pattern: string) => ({ checks: [{ header: 'Session-Expires', pattern }] });
      const isOpen = async (sid: string) => assert.deepEqual(await stage.sipp.outcomes(sid), ['open']);

      test('RFC 4028 §9, §10: 422, then refreshes of the phone, then none: BYE in time', async () => {
        const ours = timer('90;refresher=uac', 'Min-SE: 90');
        const call = await stage.calls(transport, [
          ...[caller.invites({ ...timer('60'), sdp: SDP }), TRYING],
          ...[hears(422, { checks: [{ header: 'Min-SE', pattern: '^ *90' }] }), caller.acknowledges()],
          ...[caller.invites({ ...ours, sdp: SDP }, 2), TRYING, RINGS],
          ...[caller.hearsAnswer(200, expires('90;refresher=uac')), caller.asks('ACK', 2)],
          ...[caller.asks('UPDATE', 3, ours), hears(200, expires('90;refresher=uac'))],
          ...[
            caller.asks('INVITE', 4, { ...ours, sdp: SDP }),
            TRYING,
            hears(200, expires('90;refresher=uac')),
          ],
          ...[caller.asks('ACK', 4), hears('BYE'), replies(200)],
        ]);
        await stage.takes(call);
        await pause(300);
        // 90 s, less a third of them.
        await stage.sipp.clock.push(56_000);
        await isOpen(call.sid);
        await stage.sipp.clock.push(6_000);
        assert.match((await stage.alice.action('session-terminate')).xml, /timeout/);
        await stage.met(call, 'lost');
        // Of the refreshes she heard nothing.
        assert.equal(stage.heard(call.sid, 'session-info'), 0);
        assert.equal(stage.heard(call.sid, 'content-modify'), 0);
      });

      test('RFC 4028 §7.3: the phone wants a longer interval', async () => {
        const call = await stage.called(transport, [
          ...[
            callee.hearsInvite(expires('^ *1800')),
            callee.answers(422, { headers: ['Min-SE: 1900'] }),
            hears('ACK'),
          ],
          callee.hearsInvite({
            checks: [
              ...[
                { header: 'Session-Expires', pattern: '^ *1900' },
                { header: 'Min-SE', pattern: '^ *1900' },
              ],
              { header: 'CSeq', pattern: '^ *2 ' },
            ],
          }),
          ...[
            callee.answers(200, { ...timer('1900;refresher=uas', 'Require: timer'), sdp: SDP }),
            hears('ACK'),
          ],
          ...[
            callee.asks('UPDATE', 1, timer('1900;refresher=uac', 'Min-SE: 1900')),
            hears(200, expires('1900;refresher=uac')),
          ],
          ...[callee.asks('BYE', 2), hears(200)],
        ]);
        await stage.alice.action('session-terminate');
        await stage.met(call, 'ended');
      });

      test('RFC 4028 §7.4: the gateway refreshes: by UPDATE, and by re-INVITE where that is refused', async () => {
        const ours = timer('90;refresher=uac');
        const refresh = expires('90;refresher=uac');
        const call = await stage.called(transport, [
          ...[
            callee.hearsInvite(),
            callee.answers(200, { headers: [...ours.headers, 'Allow: INVITE, ACK, BYE, UPDATE'], sdp: SDP }),
          ],
          ...[hears('ACK'), hears('UPDATE', refresh), replies(200, ours)],
          ...[
            hears('UPDATE', refresh),
            replies(501),
            hears('INVITE', refresh),
            replies(200, { ...ours, sdp: SDP }),
            hears('ACK'),
          ],
          ...[
            hears('INVITE', refresh),
            replies(200, { ...ours, sdp: SDP }),
            hears('ACK'),
            hears('BYE'),
            replies(200),
          ],
        ]);
        await stage.alice.action('session-accept');
        for (let turn = 0; turn < 3; turn++) {
          await stage.sipp.clock.push(46_000);
          await pause(100);
        }
        await isOpen(call.sid);
        await stage.ends(call);
        await stage.met(call, 'ended');
      });

      test('RFC 4028 §10: a refresh is answered with 481: BYE', async () => {
        const call = await stage.called(transport, [
          ...[
            callee.hearsInvite(),
            callee.answers(200, { ...timer('90;refresher=uac'), sdp: SDP }),
            hears('ACK'),
          ],
          ...[hears('INVITE'), replies(481), hears('ACK'), hears('BYE'), replies(200)],
        ]);
        await stage.alice.action('session-accept');
        await stage.sipp.clock.push(46_000);
        await stage.alice.action('session-terminate');
        await stage.met(call, 'lost');
      });
    });
  }
});
