// A call that comes from the SIP side, up to its end: flows by clause, races, and nothing left of any of them.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatSdp } from '../../../src/sdp/index.ts';
import { bodyOf, line, PHONE, portOf, sdp, SDP_FIELD, Stage } from './sip-stage.ts';
import { PEER } from '../../sip/transaction/rig.ts';

const OFFER = formatSdp(sdp(5002, 'sendonly', 2));

describe('RFC 3261 §13.3: an INVITE and its answer', () => {
  test('180, 200 with the answer, ACK, BYE of the peer with a Reason (CALL-03, CALL-05, CALL-09)', () => {
    const stage = new Stage();
    stage.invite();
    assert.deepEqual(stage.host.told(), ['invited 5000']);
    stage.time.advance(250);
    assert.deepEqual(stage.lines(), ['100 INVITE']);
    stage.host.say({ kind: 'progress', status: 180 });
    const ringing = stage.sentResponse(180);
    assert.match(ringing.header('contact') ?? '', /^<sip:192\.0\.2\.1>$/);
    assert.equal(ringing.to.tag, stage.ourTag);
    stage.host.say({ kind: 'accept', description: sdp(4000) });
    const accepted = stage.sentResponse(200);
    assert.equal(portOf(bodyOf(accepted)), 4000);
    assert.match(accepted.header('allow') ?? '', /INVITE.*BYE.*UPDATE/);
    stage.ack();
    assert.ok(stage.host.leg?.kept());
    stage.request({ method: 'BYE', headers: ['Reason: SIP;cause=480;text="Gone home"'] });
    assert.deepEqual(stage.lines(), ['200 BYE']);
    assert.deepEqual(stage.host.told(), ['ended hungUp peer cause 480 Gone home']);
    assert.equal(stage.host.leg?.kept(), undefined);
    assert.equal(stage.legs.size, 0);
    stage.assertNothingLeft();
  });

  test('§13.3.1.4: the 2xx is repeated from T1 up to T2, until the ACK is there', () => {
    const stage = new Stage();
    stage.invite();
    stage.host.say({ kind: 'accept', description: sdp(4000) });
    stage.sent();
    const at: number[] = [];
    for (let ms = 0; ms < 12_000; ms += 100) {
      stage.time.advance(100);
      if (stage.lines().includes('200 INVITE')) at.push(ms + 100);
    }
    assert.deepEqual(at, [500, 1500, 3500, 7500, 11_500]);
    stage.ack();
    stage.time.advance(20_000);
    assert.deepEqual(stage.lines(), []);
    stage.host.say({ kind: 'endSip', status: 480 });
    stage.respond(stage.sentRequest('BYE'), 200);
    stage.assertNothingLeft();
  });

  test('§13.3.1.4, CALL-32: no ACK in 64*T1, and the dialog is ended', () => {
    const stage = new Stage();
    stage.invite();
    stage.host.say({ kind: 'accept', description: sdp(4000) });
    stage.host.told();
    stage.time.advance(32_100);
    assert.deepEqual(stage.host.told(), ['ended lost noAck']);
    stage.respond(stage.sentRequest('BYE'), 200);
    stage.assertNothingLeft();
  });

  test('§15: who hangs up before the ACK sends BYE after it', () => {
    const stage = new Stage();
    stage.invite();
    stage.host.say({ kind: 'accept', description: sdp(4000) });
    stage.host.say({ kind: 'endSip', status: 480, cause: 486 });
    assert.deepEqual(stage.host.told(), ['invited 5000', 'ended hungUp us']);
    assert.deepEqual(stage.lines(), ['200 INVITE']);
    stage.ack();
    const bye = stage.sentRequest('BYE');
    assert.equal(bye.header('reason'), 'SIP;cause=486');
    stage.respond(bye, 200);
    stage.assertNothingLeft();
  });

  test('§13.3.1.3: refused, and said again until the ACK', () => {
    const stage = new Stage();
    const branch = stage.invite();
    stage.host.say({ kind: 'endSip', status: 486 });
    stage.time.advance(600);
    assert.deepEqual(stage.lines(), ['486 INVITE', '486 INVITE']);
    stage.ackFailure(branch);
    assert.deepEqual(stage.host.told(), ['invited 5000', 'ended refused 486']);
    assert.equal(stage.legs.size, 0);
    stage.assertNothingLeft();
  });

  test('§9.2, CALL-10: CANCEL with its Reason', () => {
    const stage = new Stage();
    const branch = stage.invite();
    stage.host.say({ kind: 'progress', status: 180 });
    stage.sent();
    const headers = ['Reason: SIP;cause=200;text="Call completed elsewhere"'];
    stage.request({ method: 'CANCEL', branch, headers, to: '<sip:juliet@example.com>' });
    assert.deepEqual(stage.lines(), ['200 CANCEL', '487 INVITE']);
    stage.ackFailure(branch);
    assert.deepEqual(stage.host.told().at(-1), 'ended cancelled peer cause 200 Call completed elsewhere');
    stage.assertNothingLeft();
  });

  test('§9.2: a CANCEL that crosses the 2xx has no effect', () => {
    const stage = new Stage();
    const branch = stage.invite();
    stage.host.say({ kind: 'accept', description: sdp(4000) });
    stage.sent();
    stage.request({ method: 'CANCEL', branch, to: '<sip:juliet@example.com>' });
    assert.deepEqual(stage.lines(), ['200 CANCEL']);
    stage.ack();
    stage.request({ method: 'BYE' });
    assert.deepEqual(stage.host.told(), ['invited 5000', 'ended hungUp peer']);
    stage.assertNothingLeft();
  });

  test('an answer that crosses the CANCEL is too late', () => {
    const stage = new Stage();
    const branch = stage.invite();
    stage.request({ method: 'CANCEL', branch, to: '<sip:juliet@example.com>' });
    stage.host.say({ kind: 'accept', description: sdp(4000) });
    assert.deepEqual(stage.lines(), ['200 CANCEL', '487 INVITE']);
    stage.ackFailure(branch);
    stage.assertNothingLeft();
  });

  test('§13.3.1: the time of Expires is over', () => {
    const stage = new Stage();
    const branch = stage.invite({ headers: ['Expires: 20'] });
    stage.time.advance(20_100);
    assert.deepEqual(stage.lines(), ['100 INVITE', '487 INVITE']);
    assert.deepEqual(stage.host.told().at(-1), 'ended noAnswer');
    stage.ackFailure(branch);
    stage.assertNothingLeft();
  });

  test('§15.1.2: BYE on the early dialog', () => {
    const stage = new Stage();
    const branch = stage.invite();
    stage.host.say({ kind: 'progress', status: 180 });
    stage.sent();
    stage.request({ method: 'BYE' });
    assert.deepEqual(stage.lines(), ['200 BYE', '487 INVITE']);
    stage.request({ method: 'ACK', branch, cseq: 1 });
    stage.assertNothingLeft();
  });

  test('CALL-30: an INVITE without an offer is told as such, and its refusal says why', () => {
    const stage = new Stage();
    stage.invite({ body: '' });
    assert.deepEqual(stage.host.told(), ['invited']);
    stage.host.say({ kind: 'endSip', status: 488 });
    assert.match(
      stage.sentResponse(488).header('warning') ?? '',
      /^399 \S+ "an INVITE needs an offer here"$/,
    );
    stage.time.advance(40_000);
    stage.assertNothingLeft();
  });

  test('a fault of ours: the INVITE is answered, and there is one outcome', () => {
    const stage = new Stage();
    const take = stage.host.take.bind(stage.host);
    stage.host.take = (event) => {
      take(event);
      if (event.kind === 'invited') throw new Error('a bug');
    };
    const branch = stage.invite();
    assert.deepEqual(stage.lines(), ['500 INVITE']);
    stage.ackFailure(branch);
    assert.deepEqual(stage.host.told(), ['invited 5000', 'ended refused 500']);
    stage.host.say({ kind: 'endSip', status: 480 });
    assert.deepEqual(stage.host.told(), []);
    stage.assertNothingLeft();
  });

  test('a fault of ours that comes back: nothing of the leg is left', () => {
    const stage = new Stage();
    stage.answered();
    stage.host.take = (event) => {
      stage.host.events.push(event);
      throw new Error('a bug');
    };
    stage.request({ method: 'INVITE', headers: [SDP_FIELD], body: OFFER });
    assert.equal(stage.host.told().filter((word) => word.startsWith('ended')).length, 1);
    stage.respond(stage.sentRequest('BYE'), 200);
    stage.assertNothingLeft();
  });

  test('RFC 6026 §7.1: legs are bounded', () => {
    const stage = new Stage({ maxLegs: 1 });
    stage.answered();
    stage.ourTag = '';
    stage.callId = 'c2';
    stage.invite({ to: '<sip:juliet@example.com>' });
    assert.deepEqual(stage.lines(), ['503 INVITE']);
    assert.equal(stage.legs.size, 1);
  });
});

describe('RFC 3262: provisional responses that are acknowledged', () => {
  test('§3: required, repeated until the PRACK; a PRACK of another number is refused', () => {
    const stage = new Stage();
    stage.invite({ headers: ['Require: 100rel'] });
    stage.host.say({ kind: 'progress', status: 180 });
    const ringing = stage.sentResponse(180);
    assert.equal(ringing.header('require'), '100rel');
    const rseq = Number(ringing.header('rseq'));
    assert.ok(rseq >= 1 && rseq < 2 ** 31);
    stage.time.advance(1600);
    assert.deepEqual(stage.lines(), ['180 INVITE', '180 INVITE']);
    stage.request({ method: 'PRACK', headers: [`RAck: ${rseq + 1} 1 INVITE`] });
    stage.request({ method: 'PRACK', headers: [`RAck: ${rseq} 1 INVITE`] });
    stage.request({ method: 'PRACK', headers: [`RAck: ${rseq} 1 INVITE`] });
    stage.request({ method: 'PRACK' });
    assert.deepEqual(stage.lines(), ['481 PRACK', '200 PRACK', '481 PRACK', '400 PRACK']);
    stage.time.advance(5000);
    assert.deepEqual(stage.lines(), []);
    stage.host.say({ kind: 'accept', description: sdp(4000) });
    stage.ack({ cseq: 1 });
    stage.request({ method: 'BYE' });
    stage.assertNothingLeft();
  });

  test('§3: no PRACK in 64*T1', () => {
    const stage = new Stage();
    stage.invite({ headers: ['Supported: 100rel'] });
    stage.host.say({ kind: 'progress', status: 180 });
    stage.time.advance(32_100);
    assert.deepEqual(stage.host.told().at(-1), 'ended lost noAck');
    assert.equal(stage.lines().filter((each) => each === '504 INVITE').length, 1);
    stage.assertNothingLeft();
  });

  test('§3: a PRACK after the final response is still answered', () => {
    const stage = new Stage();
    const branch = stage.invite({ headers: ['Require: 100rel'] });
    stage.host.say({ kind: 'progress', status: 180 });
    const rseq = stage.sentResponse(180).header('rseq');
    stage.host.say({ kind: 'endSip', status: 486 });
    stage.ackFailure(branch);
    stage.sent();
    stage.request({ method: 'PRACK', headers: [`RAck: ${rseq} 1 INVITE`] });
    assert.deepEqual(stage.lines(), ['200 PRACK']);
    stage.assertNothingLeft();
  });
});

describe('RFC 4028: session timers', () => {
  test('§9: an interval that is too small', () => {
    const stage = new Stage({ timer: { interval: undefined, minSe: 120 } });
    stage.invite({ headers: ['Supported: timer', 'Session-Expires: 100'] });
    const refused = stage.sentResponse(422);
    assert.equal(refused.header('min-se'), '120');
    assert.equal(stage.host.leg, undefined);
    assert.equal(stage.legs.size, 0);
  });

  test('§9, §10: the peer refreshes by UPDATE, K hears nothing of it, and it is over when it does not', () => {
    const stage = new Stage();
    stage.invite({ headers: ['Supported: timer', 'Session-Expires: 600;refresher=uac', 'Allow: UPDATE'] });
    stage.host.say({ kind: 'accept', description: sdp(4000) });
    const accepted = stage.sentResponse(200);
    assert.equal(accepted.header('session-expires'), '600;refresher=uac');
    assert.equal(accepted.header('require'), 'timer');
    stage.ack();
    stage.host.told();
    stage.time.advance(300_000);
    stage.request({
      method: 'UPDATE',
      headers: ['Supported: timer', 'Session-Expires: 600;refresher=uac', `Contact: <${PHONE}>`],
    });
    assert.equal(stage.sentResponse(200).header('session-expires'), '600;refresher=uac');
    stage.time.advance(567_000);
    assert.deepEqual(stage.host.told(), []);
    stage.time.advance(1100);
    assert.deepEqual(stage.host.told(), ['ended expired']);
    stage.respond(stage.sentRequest('BYE'), 200);
    stage.assertNothingLeft();
  });

  test('§7.4: we refresh at half of the interval, by UPDATE where it is allowed', () => {
    const stage = new Stage();
    stage.invite({ headers: ['Supported: timer', 'Session-Expires: 600;refresher=uas', 'Allow: UPDATE'] });
    stage.host.say({ kind: 'accept', description: sdp(4000) });
    stage.ack();
    stage.sent();
    stage.host.told();
    stage.time.advance(300_100);
    const update = stage.sentRequest('UPDATE');
    assert.equal(update.header('session-expires'), '600;refresher=uac');
    assert.equal(update.body.length, 0);
    stage.respond(update, 200, { headers: ['Session-Expires: 600;refresher=uac'] });
    stage.time.advance(299_000);
    assert.deepEqual(stage.lines(), []);
    stage.time.advance(1100);
    stage.respond(stage.sentRequest('UPDATE'), 481);
    assert.deepEqual(stage.host.told(), ['ended lost 481']);
    stage.respond(stage.sentRequest('BYE'), 481);
    stage.assertNothingLeft();
  });

  test('§7.3: 422 to a refresh of ours raises the interval', () => {
    const stage = new Stage();
    stage.invite({ headers: ['Supported: timer', 'Session-Expires: 600;refresher=uas', 'Allow: UPDATE'] });
    stage.host.say({ kind: 'accept', description: sdp(4000) });
    stage.ack();
    stage.sent();
    stage.time.advance(300_100);
    stage.respond(stage.sentRequest('UPDATE'), 422, { headers: ['Min-SE: 900'] });
    const update = stage.sentRequest('UPDATE');
    assert.equal(update.header('session-expires'), '900;refresher=uac');
    assert.equal(update.header('min-se'), '900');
    stage.respond(update, 200, { headers: ['Session-Expires: 900;refresher=uac'] });
    stage.request({ method: 'BYE' });
    stage.assertNothingLeft();
  });
});

describe('RFC 3261 §14, RFC 3311: the peer changes the session', () => {
  test('re-INVITE: asked, answered; its Contact is where the next request goes (§12.2.2)', () => {
    const stage = new Stage();
    stage.answered();
    const contact = `Contact: <sip:romeo@${PEER}:5099>`;
    stage.request({ method: 'INVITE', headers: [SDP_FIELD, contact], body: OFFER });
    assert.deepEqual(stage.host.told(), ['asked INVITE 5002']);
    stage.host.say({ kind: 'answer', method: 'INVITE', status: 200, description: sdp(4002, 'recvonly') });
    assert.equal(portOf(bodyOf(stage.sentResponse(200))), 4002);
    stage.ack();
    stage.host.say({ kind: 'endSip', status: 480 });
    const bye = stage.sentRequest('BYE');
    assert.equal(bye.requestUri, `sip:romeo@${PEER}:5099`);
    stage.respond(bye, 200);
    stage.assertNothingLeft();
  });

  test('§14.2: refused, and all is as it was, the remote target too', () => {
    const stage = new Stage();
    stage.answered();
    const headers = [SDP_FIELD, `Contact: <sip:romeo@${PEER}:5099>`];
    const branch = stage.request({ method: 'INVITE', headers, body: OFFER });
    stage.host.say({ kind: 'answer', method: 'INVITE', status: 488 });
    assert.deepEqual(stage.lines(), ['488 INVITE']);
    stage.ackFailure(branch);
    stage.host.say({ kind: 'endSip', status: 480 });
    const bye = stage.sentRequest('BYE');
    assert.equal(bye.requestUri, PHONE);
    stage.respond(bye, 200);
    stage.assertNothingLeft();
  });

  test('§14.2: without an offer ours is in the 2xx, and the answer in the ACK', () => {
    const stage = new Stage();
    stage.answered();
    stage.request({ method: 'INVITE', headers: [`Contact: <${PHONE}>`] });
    assert.deepEqual(stage.host.told(), ['asked INVITE']);
    stage.host.say({ kind: 'answer', method: 'INVITE', status: 200, description: sdp(4004) });
    assert.equal(portOf(bodyOf(stage.sentResponse(200))), 4004);
    stage.ack({ headers: [SDP_FIELD], body: OFFER });
    assert.deepEqual(stage.host.told(), ['acknowledged 5002']);
    stage.request({ method: 'BYE' });
    stage.assertNothingLeft();
  });

  test('§13.3.1.4: that ACK has no answer, and the call cannot go on', () => {
    const stage = new Stage();
    stage.answered();
    stage.request({ method: 'INVITE', headers: [`Contact: <${PHONE}>`] });
    stage.host.say({ kind: 'answer', method: 'INVITE', status: 200, description: sdp(4004) });
    stage.sent();
    stage.ack({ headers: [SDP_FIELD], body: 'v=1\r\n' });
    assert.deepEqual(stage.host.told(), ['asked INVITE', 'ended lost noAnswer']);
    stage.respond(stage.sentRequest('BYE'), 200);
    stage.assertNothingLeft();
  });

  test('§9.2: CANCEL of a re-INVITE takes back what was asked', () => {
    const stage = new Stage();
    stage.answered();
    const branch = stage.request({ method: 'INVITE', headers: [SDP_FIELD], body: OFFER });
    stage.request({ method: 'CANCEL', branch });
    assert.deepEqual(stage.lines(), ['200 CANCEL', '487 INVITE']);
    stage.ackFailure(branch);
    assert.deepEqual(stage.host.told(), ['asked INVITE 5002', 'askedNoMore']);
    stage.request({ method: 'BYE' });
    stage.assertNothingLeft();
  });

  test('§14.2: a second one before the first is answered: 500 with Retry-After', () => {
    const stage = new Stage();
    stage.answered();
    stage.request({ method: 'INVITE', headers: [SDP_FIELD], body: OFFER });
    const branch = stage.request({ method: 'INVITE', headers: [SDP_FIELD], body: OFFER });
    const refused = stage.sentResponse(500);
    assert.ok(Number(refused.header('retry-after')) <= 10);
    stage.ackFailure(branch);
    assert.deepEqual(stage.host.told(), ['asked INVITE 5002']);
    stage.request({ method: 'BYE' });
    assert.deepEqual(stage.lines(), ['200 BYE', '487 INVITE']);
    stage.assertNothingLeft();
  });

  test('UPDATE with an offer (CALL-40)', () => {
    const stage = new Stage();
    stage.answered();
    stage.request({ method: 'UPDATE', headers: [SDP_FIELD, `Contact: <${PHONE}>`], body: OFFER });
    assert.deepEqual(stage.host.told(), ['asked UPDATE 5002']);
    stage.host.say({ kind: 'answer', method: 'UPDATE', status: 200, description: sdp(4002) });
    assert.equal(portOf(bodyOf(stage.sentResponse(200))), 4002);
    stage.request({ method: 'BYE' });
    stage.assertNothingLeft();
  });

  test('RFC 3311 §5.2: UPDATE before the answer: an offer has to wait, a refresh has not', () => {
    const stage = new Stage();
    stage.invite();
    stage.host.say({ kind: 'progress', status: 180 });
    stage.sent();
    stage.request({ method: 'UPDATE', headers: [SDP_FIELD], body: OFFER });
    stage.request({ method: 'UPDATE' });
    const [refusal, accepted] = stage.sent();
    assert.ok(refusal && accepted);
    assert.deepEqual([line(refusal), line(accepted)], ['500 UPDATE', '200 UPDATE']);
    // "MUST include a Retry-After header field with a randomly chosen value between 0 and 10 seconds"
    assert.match(refusal.header('retry-after') ?? '', /^(?:\d|10)$/);
    // §7, table 1: Contact is mandatory in a 2xx.
    assert.match(accepted.header('contact') ?? '', /^<sip:/);
    assert.deepEqual(stage.host.told(), ['invited 5000']);
    stage.host.say({ kind: 'endSip', status: 486 });
    stage.assertNothingLeft();
  });
});

describe('RFC 3261 §14.1: we change the session', () => {
  test('re-INVITE with what K offers then; its answer, and the ACK to the new target', () => {
    const stage = new Stage();
    stage.answered();
    stage.host.offer = sdp(4006);
    stage.host.say({ kind: 'change' });
    const invite = stage.sentRequest('INVITE');
    assert.equal(portOf(bodyOf(invite)), 4006);
    assert.equal(invite.requestUri, PHONE);
    stage.respond(invite, 200, { body: sdp(5006), contact: `sip:romeo@${PEER}:5099` });
    assert.deepEqual(stage.host.told(), ['offerDue', 'changed 5006']);
    const ack = stage.sentRequest('ACK');
    assert.equal(ack.cseq.number, invite.cseq.number);
    assert.equal(ack.requestUri, `sip:romeo@${PEER}:5099`);
    // The ACK was lost.
    stage.respond(invite, 200, { body: sdp(5006) });
    assert.deepEqual(stage.lines(), ['ACK']);
    stage.request({ method: 'BYE' });
    stage.assertNothingLeft();
  });

  test('491: once more after a pause of 0 to 2 s, since the Call-ID is not ours (CALL-25)', () => {
    const stage = new Stage();
    stage.answered();
    stage.host.say({ kind: 'change' });
    stage.respond(stage.sentRequest('INVITE'), 491);
    assert.deepEqual(stage.lines(), ['ACK']);
    stage.time.advance(2100);
    const again = stage.sentRequest('INVITE');
    stage.respond(again, 200, { body: sdp(5006) });
    assert.deepEqual(stage.host.told(), ['offerDue', 'offerDue', 'changed 5006']);
    stage.request({ method: 'BYE' });
    stage.assertNothingLeft();
  });

  test('§14.2: glare: the INVITE of the peer is refused with 491', () => {
    const stage = new Stage();
    stage.answered();
    stage.host.say({ kind: 'change' });
    const ours = stage.sentRequest('INVITE');
    const branch = stage.request({ method: 'INVITE', headers: [SDP_FIELD], body: OFFER });
    assert.deepEqual(stage.lines(), ['491 INVITE']);
    stage.ackFailure(branch);
    stage.respond(ours, 488);
    assert.deepEqual(stage.host.told(), ['offerDue', 'unchanged 488']);
    stage.request({ method: 'BYE' });
    stage.assertNothingLeft();
  });

  const ends: readonly [number, string][] = [
    [481, 'ended lost 481'],
    [408, 'ended lost 408'],
    [404, 'ended lost 404'],
  ];
  for (const [status, told] of ends) {
    test(`RFC 5057 §5.1: ${status} ends the call`, () => {
      const stage = new Stage();
      stage.answered();
      stage.host.say({ kind: 'change' });
      stage.respond(stage.sentRequest('INVITE'), status);
      assert.deepEqual(stage.host.told(), ['offerDue', told]);
      stage.respond(stage.sentRequest('BYE'), 481);
      stage.assertNothingLeft();
    });
  }

  test('§12.2.1.2: no response at all ends the call', () => {
    const stage = new Stage();
    stage.answered();
    stage.host.say({ kind: 'change' });
    stage.time.advance(32_100);
    assert.deepEqual(stage.host.told(), ['offerDue', 'ended lost timeout']);
    stage.assertNothingLeft();
  });

  test('RFC 3261 §15: BYE of both sides at once', () => {
    const stage = new Stage();
    stage.answered();
    stage.host.say({ kind: 'endSip', status: 480 });
    const bye = stage.sentRequest('BYE');
    stage.request({ method: 'BYE' });
    assert.deepEqual(stage.lines(), ['200 BYE']);
    assert.deepEqual(stage.host.told(), ['ended hungUp us']);
    stage.respond(bye, 481);
    assert.equal(stage.legs.size, 0);
    stage.assertNothingLeft();
  });

  test('RFC 5407 §3.2.3: BYE while our re-INVITE is open, and its 2xx still gets an ACK', () => {
    const stage = new Stage();
    stage.answered();
    stage.host.say({ kind: 'change' });
    const invite = stage.sentRequest('INVITE');
    stage.request({ method: 'BYE' });
    assert.deepEqual(stage.lines(), ['200 BYE']);
    stage.respond(invite, 200, { body: sdp(5006) });
    assert.deepEqual(stage.lines(), ['ACK']);
    stage.assertNothingLeft();
  });
});

describe('RFC 3261 §12.2.2: requests within the dialog', () => {
  test('the order of CSeq is strict: 500', () => {
    const stage = new Stage();
    stage.answered();
    stage.request({ method: 'OPTIONS', cseq: 9 });
    stage.request({ method: 'OPTIONS', cseq: 8 });
    stage.request({ method: 'OPTIONS', cseq: 9 });
    assert.deepEqual(stage.lines(), ['200 OPTIONS', '500 OPTIONS', '500 OPTIONS']);
    stage.request({ method: 'BYE', cseq: 10 });
    stage.assertNothingLeft();
  });

  test('another dialog is not known, and other tags are no key to this one', () => {
    const stage = new Stage();
    stage.answered();
    const known = stage.ourTag;
    for (const ourTag of ['', 'another', `${known}x`]) {
      stage.ourTag = ourTag;
      stage.request({ method: 'BYE' });
    }
    stage.ourTag = known;
    stage.request({ method: 'BYE', from: '<sip:romeo@example.net>;tag=f2' });
    stage.request({ method: 'BYE', callId: 'c2' });
    assert.deepEqual(stage.lines(), Array(5).fill('481 BYE'));
    assert.deepEqual(stage.host.told(), []);
    stage.request({ method: 'BYE' });
    assert.deepEqual(stage.lines(), ['200 BYE']);
    stage.assertNothingLeft();
  });

  test('who may not speak for the other party is refused, whatever he knows', () => {
    const stage = new Stage();
    stage.answered();
    stage.scope = { covers: (host) => host === 'example.org' };
    stage.request({ method: 'BYE' });
    assert.deepEqual(stage.lines(), ['403 BYE']);
    stage.scope = { covers: (host) => host === 'example.net' };
    stage.request({ method: 'BYE' });
    assert.deepEqual(stage.lines(), ['200 BYE']);
    stage.assertNothingLeft();
  });

  test('RFC 3325: who asserted another identity than From speaks for that one', () => {
    const stage = new Stage();
    stage.believed = 'example.org';
    stage.answered();
    stage.scope = { covers: (host) => host === 'example.org' };
    stage.request({ method: 'BYE' });
    assert.deepEqual(stage.lines(), ['200 BYE']);
    stage.assertNothingLeft();
  });

  test('§12.1.1, §12.2.1.1: the route set is that of Record-Route, in order', () => {
    const stage = new Stage();
    const routes = [`Record-Route: <sip:${PEER}:5061;lr>`, `Record-Route: <sip:${PEER}:5062;lr>`];
    stage.invite({ headers: routes });
    stage.host.say({ kind: 'accept', description: sdp(4000) });
    assert.deepEqual(stage.sentResponse(200).headerAll('record-route'), [
      `<sip:${PEER}:5061;lr>`,
      `<sip:${PEER}:5062;lr>`,
    ]);
    stage.ack();
    stage.host.say({ kind: 'endSip', status: 480 });
    const bye = stage.sentRequest('BYE');
    assert.equal(bye.header('route'), `<sip:${PEER}:5061;lr>, <sip:${PEER}:5062;lr>`);
    stage.respond(bye, 200);
    stage.assertNothingLeft();
  });

  const FRAGMENT = [
    'a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901',
    'm=audio 9 RTP/AVP 0\r\na=mid:0',
    'a=candidate:1 1 UDP 2130706431 192.0.2.9 5000 typ host',
    'a=candidate:nonsense',
    'a=end-of-candidates\r\n',
  ].join('\r\n');
  const TYPE = 'Content-Type: application/trickle-ice-sdpfrag';
  const requests: readonly {
    what: string;
    method: string;
    headers?: readonly string[];
    body?: string;
    answer: string;
    field?: [string, string];
    told?: string[];
  }[] = [
    {
      what: 'RFC 8840 §9: candidates (CALL-12)',
      method: 'INFO',
      headers: ['Info-Package: trickle-ice', TYPE],
      body: FRAGMENT,
      answer: '200 INFO',
      told: ['trickled 0:1'],
    },
    {
      what: 'RFC 8840: a fragment without a medium',
      method: 'INFO',
      headers: ['Info-Package: trickle-ice', TYPE],
      body: 'a=mid:0\r\n',
      answer: '400 INFO',
      field: ['warning', '399 192.0.2.1 "no m= line"'],
    },
    {
      what: 'RFC 8840 §10.9: another body of this package',
      method: 'INFO',
      headers: ['Info-Package: trickle-ice', 'Content-Type: text/plain'],
      body: 'x',
      answer: '415 INFO',
      field: ['accept', 'application/trickle-ice-sdpfrag'],
    },
    {
      what: 'RFC 6086 §4.2.2: a package that is not taken (CALL-39)',
      method: 'INFO',
      headers: ['Info-Package: nonsense'],
      answer: '469 INFO',
      field: ['recv-info', 'trickle-ice'],
    },
    {
      what: 'RFC 2976: a body that nobody takes',
      method: 'INFO',
      headers: ['Content-Type: application/x-nonsense'],
      body: 'x',
      answer: '415 INFO',
      field: ['accept', 'application/trickle-ice-sdpfrag, application/dtmf-relay, application/dtmf'],
    },
    { what: 'RFC 2976: an empty one', method: 'INFO', answer: '200 INFO' },
    { what: 'RFC 3261 §11.2: OPTIONS', method: 'OPTIONS', answer: '200 OPTIONS' },
    {
      what: 'CALL-35: REFER',
      method: 'REFER',
      headers: ['Refer-To: <sip:x@example.net>'],
      answer: '603 REFER',
    },
    {
      what: '§8.2.1: a method that is known and not meant here',
      method: 'PUBLISH',
      answer: '405 PUBLISH',
    },
    {
      what: 'RFC 6665 §4.2.1.3, RFC 3515: SUBSCRIBE to a transfer that there is not',
      method: 'SUBSCRIBE',
      headers: ['Event: refer'],
      answer: '481 SUBSCRIBE',
    },
    {
      what: '§8.2.2.3: an extension that is required and not there',
      method: 'UPDATE',
      headers: ['Require: nonsense'],
      answer: '420 UPDATE',
      field: ['unsupported', 'nonsense'],
    },
    {
      what: 'RFC 3262: PRACK of nothing',
      method: 'PRACK',
      headers: ['RAck: 1 1 INVITE'],
      answer: '481 PRACK',
    },
  ];
  for (const { what, method, headers = [], body = '', answer, field, told = [] } of requests) {
    test(what, () => {
      const stage = new Stage();
      stage.answered();
      stage.request({ method, headers, body });
      const [response] = stage.sent();
      assert.ok(response);
      assert.equal(line(response), answer);
      if (field !== undefined) assert.equal(response.header(field[0]), field[1]);
      assert.deepEqual(stage.host.told(), told);
      stage.request({ method: 'BYE' });
      assert.deepEqual(stage.lines(), ['200 BYE']);
      stage.assertNothingLeft();
    });
  }
});
