// Transfers with exact phones (sipp) and a chat client behind Prosody that knows XEP-0251: who refers, what is reported of it, and
// what becomes of the call (CALL-35, CALL-37; RFC 3515 §2.4.4, §2.4.5, RFC 4488).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  callee,
  caller,
  hears,
  hearsFirst,
  phoneSdp,
  replies,
  repliesLate,
  type Expected,
  type Step,
} from '../peers/sipp-scenario.ts';
import { pause } from '../peers/wait.ts';
import { OTHER_TRANSPORT, SIP_HOME, type Transport } from './sipp-rig.ts';
import { SippStage } from './sipp-stage.ts';

const NS_TRANSFER = 'urn:xmpp:jingle:transfer:0';
const SDP = phoneSdp(4000);
const TAKEN = [
  ...[caller.invites({ sdp: SDP }), hears(100, { optional: true }), hears(180, { optional: true })],
  ...[caller.hearsAnswer(200), caller.asks('ACK', 1)],
];
const ANSWERS = [callee.hearsInvite(), callee.answers(200, { sdp: SDP }), hears('ACK')];
const HEARS_BYE = [hears('BYE'), replies(200)];

/** What the gateway reports to the phone. */
const fragment = (status: number, state: string): Expected => ({
  checks: [
    { pattern: `SIP/2.0 ${status}` },
    { header: 'Event', pattern: 'refer' },
    { header: 'Subscription-State', pattern: state },
  ],
});
/** What the phone reports to the gateway. */
const reports = (cseq: number, line: string, state: string): readonly Step[] => [
  callee.asks('NOTIFY', cseq, {
    headers: ['Event: refer', `Subscription-State: ${state}`],
    body: { type: 'message/sipfrag;version=2.0', text: `${line}\n` },
  }),
  hears(200),
];

describe('transfers of sipp and a chat client', () => {
  let stage: SippStage;
  before(async () => {
    stage = await SippStage.open();
  });
  after(() => stage.close());

  const carolOf = (transport: Transport): string => `carol@${SIP_HOME[transport]}`;
  const refersTo = (carol: string, headers: readonly string[] = []) =>
    caller.asks('REFER', 2, { headers: [`Refer-To: <sip:${carol}>`, ...headers] });

  // Before Alice's client says that it knows them.
  for (const transport of OTHER_TRANSPORT) {
    test(`CALL-35: 603 where the client does not know transfers, and the call goes on (${transport})`, async () => {
      const call = await stage.calls(transport, [
        ...[
          ...TAKEN,
          refersTo(carolOf(transport)),
          hears(603, { checks: [{ header: 'Warning', pattern: '399' }] }),
        ],
        ...[caller.asks('BYE', 3), hears(200)],
      ]);
      await stage.takes(call);
      await stage.alice.action('session-terminate');
      await stage.met(call, 'ended');
    });
  }

  for (const transport of OTHER_TRANSPORT) {
    const carol = carolOf(transport);

    test(`CALL-35: 202, NOTIFY of 100, and of 200 when the client has left for the other one (${transport})`, async () => {
      stage.announce(NS_TRANSFER);
      const call = await stage.calls(transport, [
        ...[...TAKEN, refersTo(carol), hears(202), hears('NOTIFY', fragment(100, 'active')), replies(200)],
        // The BYE does not wait for the answer to the last NOTIFY, and sipp may read both at once.
        ...[hearsFirst('NOTIFY', fragment(200, 'terminated;reason=noresource')), hears('BYE')],
        ...[repliesLate(200), replies(200)],
      ]);
      await stage.takes(call);
      const info = await stage.alice.action('session-info');
      assert.match(info.xml, new RegExp(`transfer[^>]* to="${carol}`));
      // One NOTIFY at a time: that of 100 is answered before there is another one to be sent.
      await pause(200);
      await stage.ends(call);
      await stage.met(call, 'ended');
    });

    test(`RFC 4488 §4: Refer-Sub: false: nothing is reported (${transport})`, async () => {
      const call = await stage.calls(transport, [
        ...[...TAKEN, refersTo(carol, ['Refer-Sub: false', 'Require: norefersub']), hears(200), ...HEARS_BYE],
      ]);
      await stage.takes(call);
      await stage.alice.action('session-info');
      await stage.ends(call);
      await stage.met(call, 'ended');
    });

    const asks = hears('REFER', { checks: [{ header: 'Refer-To', pattern: `sip:${carol}` }] });

    test(`CALL-37: the client refers the phone, which reports 200: the call is over (${transport})`, async () => {
      const call = await stage.called(transport, [
        ...[...ANSWERS, asks, replies(202), ...reports(1, 'SIP/2.0 100 Trying', 'active;expires=60')],
        ...[...reports(2, 'SIP/2.0 200 OK', 'terminated;reason=noresource'), ...HEARS_BYE],
      ]);
      await stage.alice.action('session-accept');
      assert.equal(await transfer(call, carol), 'result');
      assert.match((await stage.alice.action('session-terminate')).xml, /transferred/);
      await stage.met(call, 'ended');
    });

    test(`CALL-37: it reports a failure: the call goes on; it refuses: the client hears that (${transport})`, async () => {
      const call = await stage.called(transport, [
        ...[...ANSWERS, asks, replies(202)],
        ...[...reports(1, 'SIP/2.0 486 Busy Here', 'terminated;reason=noresource'), asks, replies(403)],
        ...HEARS_BYE,
      ]);
      await stage.alice.action('session-accept');
      assert.equal(await transfer(call, carol), 'result');
      await stage.sipp.rig.until('it is told', () =>
        stage.sipp.rig.log.some(({ event, fields }) => event === 'call.transfer' && fields['status'] === 486),
      );
      assert.notEqual(await transfer(call, carol), 'result');
      await stage.ends(call);
      await stage.met(call, 'ended');
    });
  }

  function transfer(call: { readonly self: string; readonly sid: string }, to: string): Promise<string> {
    const element = `<transfer xmlns='${NS_TRANSFER}' to='${to}'/>`;
    return stage.alice.act('session-info', call.self, call.sid, element);
  }
});
