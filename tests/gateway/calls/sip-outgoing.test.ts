// A call that we make towards the SIP side: flows by clause, forks and races, and nothing left of any of them.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatSdp } from '../../../src/sdp/index.ts';
import type { SipRequest } from '../../../src/sip/index.ts';
import { PEER } from '../../sip/transaction/rig.ts';
import { bodyOf, PHONE, portOf, ROMEO, sdp, SDP_FIELD, Stage } from './sip-stage.ts';

const END = { kind: 'endSip', status: 480 } as const;

/** The peer hangs up in the dialog with this tag. */
function hangUp(stage: Stage, invite: SipRequest, tag = 'peer'): void {
  stage.ourTag = invite.from.tag ?? '';
  stage.from = `<${ROMEO}>;tag=${tag}`;
  stage.request({ method: 'BYE', headers: ['Reason: Q.850;cause=16, SIP;cause=603'] });
}

describe('RFC 3261 §13.2: INVITE and its answer', () => {
  test('what the INVITE says; 180, 200, ACK; BYE with a Reason (CALL-01, CALL-03, CALL-05, CALL-80)', () => {
    const stage = new Stage();
    const invite = stage.call();
    assert.equal(invite.requestUri, ROMEO);
    assert.equal(invite.callId, 'c1');
    assert.equal(invite.from.uri, 'sip:juliet@example.com');
    assert.ok((invite.from.tag ?? '').length >= 16);
    assert.equal(invite.to.tag, undefined);
    assert.equal(portOf(bodyOf(invite)), 4000);
    assert.equal(invite.header('supported'), '100rel, timer, replaces, norefersub, trickle-ice');
    assert.equal(invite.header('contact'), '<sip:192.0.2.1>');
    stage.respond(invite, 100);
    stage.respond(invite, 180);
    assert.deepEqual(stage.host.told(), ['progress 180']);
    stage.respond(invite, 200, { body: sdp(5000), headers: ['Supported: trickle-ice'] });
    const [answered] = stage.host.events.splice(0);
    assert.ok(answered?.kind === 'answered');
    assert.equal(answered.tag, 'peer');
    assert.equal(answered.trickle, true);
    assert.equal(portOf(answered.description), 5000);
    const ack = stage.sentRequest('ACK');
    assert.equal(ack.requestUri, PHONE);
    assert.equal(ack.cseq.number, invite.cseq.number);
    assert.equal(ack.to.tag, 'peer');
    assert.ok(stage.host.leg?.kept());
    hangUp(stage, invite);
    assert.deepEqual(stage.lines(), ['200 BYE']);
    assert.deepEqual(stage.host.told(), ['ended hungUp peer cause 603']);
    stage.assertNothingLeft();
  });

  test('§13.2.2.4: the ACK was lost: it is sent again for each 2xx', () => {
    const stage = new Stage();
    const invite = stage.call();
    stage.respond(invite, 200, { body: sdp(5000) });
    stage.sent();
    stage.time.advance(500);
    stage.respond(invite, 200, { body: sdp(5000) });
    assert.deepEqual(stage.lines(), ['ACK']);
    hangUp(stage, invite);
    stage.respond(invite, 200, { body: sdp(5000) });
    assert.deepEqual(stage.lines(), ['200 BYE', 'ACK']);
    stage.assertNothingLeft();
  });

  test('§13.2.2.4: without an answer: ACK and BYE', () => {
    const stage = new Stage();
    const invite = stage.call();
    stage.respond(invite, 200);
    const [ack, bye] = stage.sent();
    assert.ok(ack?.kind === 'request' && bye?.kind === 'request');
    assert.deepEqual([ack.method, bye.method], ['ACK', 'BYE']);
    assert.deepEqual(stage.host.told(), ['ended lost noAnswer']);
    stage.respond(bye, 200);
    stage.assertNothingLeft();
  });

  test('phones leave the Contact out: the dialog is reached where the INVITE went', () => {
    const stage = new Stage();
    const invite = stage.call();
    stage.respond(invite, 180, { contact: false });
    stage.respond(invite, 200, { contact: false, body: sdp(5000) });
    assert.equal(stage.sentRequest('ACK').requestUri, ROMEO);
    hangUp(stage, invite);
    stage.assertNothingLeft();
  });

  test('§13.2.1: 183 with a description is early, and counts once (CALL-04)', () => {
    const stage = new Stage();
    const invite = stage.call();
    stage.respond(invite, 183, { body: sdp(5000) });
    stage.respond(invite, 183, { body: sdp(5002) });
    stage.respond(invite, 200, { body: sdp(5000) });
    assert.deepEqual(stage.host.told(), ['early 5000', 'progress 183', 'progress 183', 'answered']);
    hangUp(stage, invite);
    stage.assertNothingLeft();
  });

  const refusals: readonly [number, string][] = [
    [302, 'ended refused 302 Whatever'],
    [404, 'ended refused 404 Whatever'],
    [486, 'ended refused 486 Whatever'],
    [603, 'ended refused 603 Whatever'],
  ];
  for (const [status, told] of refusals) {
    test(`${status} (CALL-11)`, () => {
      const stage = new Stage();
      const invite = stage.call();
      stage.respond(invite, 180);
      stage.respond(invite, status);
      assert.deepEqual(stage.lines(), ['ACK']);
      assert.deepEqual(stage.host.told(), ['progress 180', told]);
      assert.equal(stage.legs.size, 0);
      stage.assertNothingLeft();
    });
  }

  test('§17.1.1.2: nobody answers at all', () => {
    const stage = new Stage();
    stage.call();
    stage.time.advance(32_100);
    assert.deepEqual(stage.host.told(), ['ended failed timeout']);
    stage.assertNothingLeft();
  });

  test('§12.1.2: the route set of the 2xx is reversed, and used by the ACK', () => {
    const stage = new Stage();
    const invite = stage.call();
    const headers = [`Record-Route: <sip:${PEER}:5062;lr>, <sip:${PEER}:5061;lr>`];
    stage.respond(invite, 200, { body: sdp(5000), headers });
    assert.equal(stage.sentRequest('ACK').header('route'), `<sip:${PEER}:5061;lr>, <sip:${PEER}:5062;lr>`);
    hangUp(stage, invite);
    stage.assertNothingLeft();
  });
});

describe('RFC 3261 §9.1: CANCEL', () => {
  test('after a provisional response, with the Reason (CALL-07)', () => {
    const stage = new Stage();
    const invite = stage.call();
    stage.respond(invite, 180);
    stage.host.say({ ...END, cause: 200, text: 'Call completed elsewhere' });
    const cancel = stage.sentRequest('CANCEL');
    assert.equal(cancel.header('reason'), 'SIP;cause=200;text="Call completed elsewhere"');
    assert.equal(cancel.via.branch, invite.via.branch);
    stage.respond(cancel, 200);
    stage.respond(invite, 487);
    assert.deepEqual(stage.lines(), ['ACK']);
    assert.deepEqual(stage.host.told(), ['progress 180', 'ended cancelled us']);
    stage.assertNothingLeft();
  });

  test('"If no provisional response has been received, the CANCEL request MUST NOT be sent"', () => {
    const stage = new Stage();
    const invite = stage.call();
    stage.host.say(END);
    assert.deepEqual(stage.lines(), []);
    stage.respond(invite, 100);
    stage.respond(stage.sentRequest('CANCEL'), 200);
    stage.respond(invite, 487);
    assert.deepEqual(stage.host.told(), ['ended cancelled us']);
    stage.assertNothingLeft();
  });

  test('the 2xx wins the race: ACK, then BYE', () => {
    const stage = new Stage();
    const invite = stage.call();
    stage.respond(invite, 180);
    stage.host.say(END);
    stage.respond(stage.sentRequest('CANCEL'), 200);
    stage.respond(invite, 200, { body: sdp(5000) });
    const bye = stage.sent().at(-1);
    assert.ok(bye?.kind === 'request' && bye.method === 'BYE');
    assert.deepEqual(stage.host.told(), ['progress 180', 'ended cancelled us']);
    stage.respond(bye, 200);
    stage.assertNothingLeft();
  });

  test('who ignores the CANCEL has 64*T1', () => {
    const stage = new Stage();
    const invite = stage.call();
    stage.respond(invite, 180);
    stage.host.say(END);
    stage.time.advance(33_000);
    assert.deepEqual(stage.host.told(), ['progress 180', 'ended cancelled us']);
    stage.assertNothingLeft();
  });

  test('no other target and no credentials are tried after it', () => {
    for (const status of [401, 503]) {
      const stage = new Stage({ servers: [PEER, '192.0.2.10'] });
      const invite = stage.call();
      stage.respond(invite, 180);
      stage.host.say(END);
      stage.respond(stage.sentRequest('CANCEL'), 200);
      const headers = ['WWW-Authenticate: Digest realm="example.net", nonce="n", qop="auth"'];
      stage.respond(invite, status, { headers });
      assert.deepEqual(stage.lines(), ['ACK']);
      assert.deepEqual(stage.host.told(), ['progress 180', 'ended cancelled us']);
      stage.assertNothingLeft();
    }
  });
});

describe('RFC 3261 §13.2.2.4: forks (CALL-28)', () => {
  test('only the first 2xx counts; another one gets ACK and BYE, also when it is late', () => {
    const stage = new Stage();
    const invite = stage.call();
    stage.respond(invite, 180, { tag: 'a' });
    stage.respond(invite, 180, { tag: 'b' });
    stage.respond(invite, 200, { tag: 'b', body: sdp(5000) });
    stage.sent();
    stage.time.advance(5000);
    stage.respond(invite, 200, { tag: 'a', body: sdp(5002), contact: `sip:a@${PEER}` });
    const [ack, bye] = stage.sent();
    assert.ok(ack?.kind === 'request' && bye?.kind === 'request');
    assert.deepEqual([ack.method, ack.to.tag], ['ACK', 'a']);
    assert.deepEqual([bye.method, bye.to.tag, bye.requestUri], ['BYE', 'a', `sip:a@${PEER}`]);
    assert.deepEqual(stage.host.told(), ['progress 180', 'progress 180', 'answered 5000']);
    stage.respond(bye, 200);
    // Of the first one, whose ACK was lost.
    stage.respond(invite, 200, { tag: 'b', body: sdp(5000) });
    const [again] = stage.sent();
    assert.equal(again?.to.tag, 'b');
    hangUp(stage, invite, 'b');
    stage.assertNothingLeft();
  });

  test('a 2xx after the call is over is ended too', () => {
    const stage = new Stage();
    const invite = stage.call();
    stage.respond(invite, 200, { tag: 'a', body: sdp(5000) });
    hangUp(stage, invite, 'a');
    stage.sent();
    stage.respond(invite, 200, { tag: 'b', body: sdp(5000) });
    const sent = stage.sent();
    assert.deepEqual(
      sent.map((each) => (each.kind === 'request' ? `${each.method} ${each.to.tag}` : '')),
      ['ACK b', 'BYE b'],
    );
    const [, bye] = sent;
    assert.ok(bye?.kind === 'request');
    stage.respond(bye, 200);
    stage.assertNothingLeft();
  });

  test('descriptions of several forks', () => {
    const stage = new Stage();
    const invite = stage.call();
    stage.respond(invite, 183, { tag: 'a', body: sdp(5000) });
    stage.respond(invite, 183, { tag: 'b', body: sdp(5002) });
    stage.respond(invite, 200, { tag: 'b', body: sdp(5002) });
    assert.deepEqual(stage.host.told(), [
      'early 5000',
      'progress 183',
      'early 5002',
      'progress 183',
      'answered',
    ]);
    hangUp(stage, invite, 'b');
    stage.assertNothingLeft();
  });

  test('a flood of forks is bounded, and all of it ends', () => {
    const stage = new Stage();
    const invite = stage.call();
    for (let n = 0; n < 200; n++) stage.respond(invite, 180, { tag: `t${n}` });
    assert.ok(stage.legs.dialogs <= 32);
    stage.respond(invite, 486);
    stage.assertNothingLeft();
  });
});

describe('RFC 3262 §4: reliable provisional responses', () => {
  const reliable = (rseq: number): string[] => ['Require: 100rel', `RSeq: ${rseq}`];

  test('PRACK in the order of RSeq, one for each', () => {
    const stage = new Stage();
    const invite = stage.call();
    stage.respond(invite, 183, { headers: reliable(10), body: sdp(5000) });
    const prack = stage.sentRequest('PRACK');
    assert.equal(prack.header('rack'), `10 ${invite.cseq.number} INVITE`);
    assert.equal(prack.requestUri, PHONE);
    stage.respond(prack, 200);
    // Once more, and one that is out of order.
    stage.respond(invite, 183, { headers: reliable(10), body: sdp(5000) });
    stage.respond(invite, 180, { headers: reliable(12) });
    assert.deepEqual(stage.lines(), []);
    stage.respond(invite, 180, { headers: reliable(11) });
    stage.respond(stage.sentRequest('PRACK'), 200);
    stage.respond(invite, 200);
    assert.deepEqual(stage.host.told(), ['early 5000', 'progress 183', 'progress 180', 'answered']);
    assert.deepEqual(stage.lines(), ['ACK']);
    hangUp(stage, invite);
    stage.assertNothingLeft();
  });

  test('a PRACK that fails ends its dialog', () => {
    const stage = new Stage();
    const invite = stage.call();
    stage.respond(invite, 180, { headers: reliable(10) });
    stage.respond(stage.sentRequest('PRACK'), 481);
    stage.respond(stage.sentRequest('BYE'), 200);
    stage.respond(invite, 487);
    assert.deepEqual(stage.host.told(), ['progress 180', 'ended refused 487 Whatever']);
    stage.assertNothingLeft();
  });

  test('RFC 3311 §5.2: UPDATE of the callee before the answer (CALL-40)', () => {
    const stage = new Stage();
    const invite = stage.call();
    stage.respond(invite, 183, { headers: reliable(1), body: sdp(5000) });
    stage.respond(stage.sentRequest('PRACK'), 200);
    stage.host.told();
    stage.ourTag = invite.from.tag ?? '';
    stage.from = `<${ROMEO}>;tag=peer`;
    stage.request({ method: 'UPDATE', headers: [SDP_FIELD], body: formatSdp(sdp(5004)) });
    assert.deepEqual(stage.host.told(), ['asked UPDATE 5004']);
    // §5.2: "before it has generated a final response to a previous UPDATE": 500 with Retry-After.
    stage.request({ method: 'UPDATE', headers: [SDP_FIELD], body: formatSdp(sdp(5006)) });
    assert.match(stage.sentResponse(500).header('retry-after') ?? '', /^(?:\d|10)$/);
    stage.host.say({ kind: 'answer', method: 'UPDATE', status: 200, description: sdp(4004), tag: 'peer' });
    assert.equal(portOf(bodyOf(stage.sentResponse(200))), 4004);
    stage.respond(invite, 200);
    assert.deepEqual(stage.host.told(), ['answered']);
    hangUp(stage, invite);
    stage.assertNothingLeft();
  });

  test('RFC 3311 §5.2: UPDATE with an offer while ours is open: 491', () => {
    const stage = new Stage();
    const invite = stage.call();
    stage.respond(invite, 180);
    stage.ourTag = invite.from.tag ?? '';
    stage.from = `<${ROMEO}>;tag=peer`;
    stage.request({ method: 'UPDATE', headers: [SDP_FIELD], body: formatSdp(sdp(5004)) });
    stage.request({ method: 'BYE' });
    stage.request({ method: 'INFO' });
    assert.deepEqual(stage.lines(), ['491 UPDATE', '481 BYE', '200 INFO']);
    stage.respond(invite, 486);
    stage.assertNothingLeft();
  });
});

describe('RFC 3263 §4.3, RFC 3261 §22: other targets, and credentials', () => {
  test('503: the next server; what the first one began is gone', () => {
    const stage = new Stage({ servers: [PEER, '192.0.2.10'] });
    const invite = stage.call();
    stage.respond(invite, 180, { tag: 'a' });
    stage.respond(invite, 503);
    const [, second] = stage.transport.sent;
    assert.equal(second?.target.address, '192.0.2.10');
    const again = stage.sentRequest('INVITE');
    stage.ourTag = invite.from.tag ?? '';
    stage.from = `<${ROMEO}>;tag=a`;
    stage.request({ method: 'UPDATE' });
    assert.deepEqual(stage.lines(), ['481 UPDATE']);
    stage.respond(again, 200, { tag: 'b', body: sdp(5000) });
    assert.deepEqual(stage.host.told(), ['progress 180', 'answered 5000']);
    hangUp(stage, again, 'b');
    stage.assertNothingLeft();
  });

  test('nobody there: the next server', () => {
    const stage = new Stage({ servers: [PEER, '192.0.2.10'] });
    stage.call();
    stage.time.advance(31_900);
    stage.sent();
    stage.time.advance(200);
    const again = stage.sentRequest('INVITE');
    stage.respond(again, 200, { body: sdp(5000) });
    assert.deepEqual(stage.host.told(), ['answered 5000']);
    hangUp(stage, again);
    stage.assertNothingLeft();
  });

  const challenges: readonly [number, string, string][] = [
    [401, 'WWW-Authenticate', 'authorization'],
    [407, 'Proxy-Authenticate', 'proxy-authorization'],
  ];
  for (const [status, field, credentials] of challenges) {
    test(`${status}: with the next CSeq, and the ACK has the same credentials`, () => {
      const stage = new Stage();
      const invite = stage.call();
      const headers = [`${field}: Digest realm="example.net", nonce="n", qop="auth"`];
      stage.respond(invite, status, { headers });
      const again = stage.sentRequest('INVITE');
      assert.equal(again.cseq.number, invite.cseq.number + 1);
      assert.match(again.header(credentials) ?? '', /username="gateway"/);
      assert.equal(again.from.tag, invite.from.tag);
      stage.respond(again, 200, { body: sdp(5000) });
      const ack = stage.sentRequest('ACK');
      assert.equal(ack.cseq.number, again.cseq.number);
      assert.equal(ack.header(credentials), again.header(credentials));
      stage.host.say(END);
      const bye = stage.sentRequest('BYE');
      assert.equal(bye.cseq.number, again.cseq.number + 1);
      stage.respond(bye, 200);
      stage.assertNothingLeft();
    });
  }

  test('credentials that are not believed', () => {
    const stage = new Stage();
    const headers = ['WWW-Authenticate: Digest realm="elsewhere", nonce="n"'];
    stage.respond(stage.call(), 401, { headers });
    assert.deepEqual(stage.host.told(), ['ended refused 401 Whatever']);
    stage.assertNothingLeft();
  });
});

describe('RFC 4028: session timers', () => {
  const timer = { interval: 1800, minSe: 90 };

  test('§7.1, §7.4: asked for; 422 raises it; the CSeq goes on', () => {
    const stage = new Stage({ timer });
    const invite = stage.call();
    assert.equal(invite.header('session-expires'), '1800');
    stage.respond(invite, 422, { headers: ['Min-SE: 3600'] });
    const again = stage.sentRequest('INVITE');
    assert.equal(again.header('session-expires'), '3600');
    assert.equal(again.header('min-se'), '3600');
    assert.equal(again.cseq.number, invite.cseq.number + 1);
    stage.respond(again, 200, { body: sdp(5000), headers: ['Session-Expires: 3600;refresher=uas'] });
    stage.host.told();
    stage.time.advance(3_567_000);
    assert.deepEqual(stage.host.told(), []);
    stage.time.advance(2000);
    assert.deepEqual(stage.host.told(), ['ended expired']);
    stage.respond(stage.sentRequest('BYE'), 200);
    stage.assertNothingLeft();
  });

  test('§7.2: who knows nothing of timers leaves it to us: a re-INVITE with what was agreed', () => {
    const stage = new Stage({ timer });
    const invite = stage.call();
    stage.respond(invite, 200, { body: sdp(5000) });
    stage.sent();
    stage.host.told();
    stage.time.advance(900_100);
    const refresh = stage.sentRequest('INVITE');
    assert.equal(portOf(bodyOf(refresh)), 4000);
    stage.respond(refresh, 200, { body: sdp(5000) });
    assert.deepEqual(stage.host.told(), ['offerDue', 'changed 5000']);
    assert.ok(stage.host.changes > 0);
    hangUp(stage, invite);
    stage.assertNothingLeft();
  });
});

describe('RFC 8840: candidates that leave one by one (CALL-12)', () => {
  const medium = {
    ...{ media: 'audio', mid: '0', ufrag: 'abcd', pwd: '0123456789012345678901', end: true },
    candidates: [
      {
        ...{ foundation: '1', component: 1, transport: 'udp', priority: 1, address: '192.0.2.7', port: 5 },
        ...{ type: 'host', extensions: [] },
      },
    ],
  };

  test('§9: in INFO, one after the other', () => {
    const stage = new Stage();
    const invite = stage.established();
    stage.host.say({ kind: 'trickle', media: [medium] });
    stage.host.say({ kind: 'trickle', media: [medium] });
    const info = stage.sentRequest('INFO');
    assert.equal(info.header('info-package'), 'trickle-ice');
    assert.equal(info.header('content-disposition'), 'Info-Package');
    assert.equal(
      new TextDecoder().decode(info.body),
      [
        'a=ice-ufrag:abcd',
        'a=ice-pwd:0123456789012345678901',
        'm=audio 9 RTP/AVP 0',
        'a=mid:0',
        'a=candidate:1 1 udp 1 192.0.2.7 5 typ host',
        'a=end-of-candidates',
        '',
      ].join('\r\n'),
    );
    stage.respond(info, 200);
    stage.respond(stage.sentRequest('INFO'), 469);
    hangUp(stage, invite);
    stage.assertNothingLeft();
  });

  test('481 to INFO: the dialog is no more', () => {
    const stage = new Stage();
    stage.established();
    stage.host.say({ kind: 'trickle', media: [medium] });
    stage.respond(stage.sentRequest('INFO'), 481);
    assert.deepEqual(stage.host.told(), ['ended lost 481']);
    stage.respond(stage.sentRequest('BYE'), 481);
    stage.assertNothingLeft();
  });
});

test('§14.1: 491 to a change, and the Call-ID is ours: a pause of 2.1 to 4 s (CALL-25)', () => {
  const stage = new Stage();
  const invite = stage.established();
  stage.host.say({ kind: 'change' });
  stage.respond(stage.sentRequest('INVITE'), 491);
  stage.sent();
  stage.time.advance(2090);
  assert.deepEqual(stage.lines(), []);
  stage.time.advance(1920);
  stage.respond(stage.sentRequest('INVITE'), 200, { body: sdp(5002) });
  assert.deepEqual(stage.host.told(), ['offerDue', 'offerDue', 'changed 5002']);
  hangUp(stage, invite);
  stage.assertNothingLeft();
});

test('§14.1: a change that only rings is cancelled after 180 s, and the call goes on', () => {
  const stage = new Stage();
  const invite = stage.established();
  stage.host.say({ kind: 'change' });
  const change = stage.sentRequest('INVITE');
  stage.respond(change, 180);
  stage.time.advance(180_100);
  stage.respond(stage.sentRequest('CANCEL'), 200);
  stage.respond(change, 487);
  assert.deepEqual(stage.host.told(), ['offerDue', 'unchanged 487']);
  hangUp(stage, invite);
  stage.assertNothingLeft();
});

test('a leg that never called leaves nothing', () => {
  const stage = new Stage();
  stage.host.leg = stage.legs.outgoing(stage.host, {
    from: { uri: 'sip:juliet@example.com' },
    to: { uri: ROMEO },
    callId: 'c1',
  });
  stage.host.say(END);
  assert.deepEqual(stage.lines(), []);
  assert.deepEqual(stage.host.told(), ['ended cancelled us']);
  stage.assertNothingLeft();
});

test('a stop says nothing, and leaves nothing', () => {
  const stage = new Stage();
  stage.established();
  stage.legs.stop();
  stage.layer.stop();
  assert.deepEqual(stage.lines(), []);
  assert.deepEqual(stage.host.told(), []);
  stage.assertNothingLeft();
});
