// Answered calls that go on after a restart (RFC 3261 §12, RFC 4028 §10): the dialog as it was, timers where the clock stands.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatSdp } from '../../../src/sdp/index.ts';
import type { KeptSession } from '../../../src/sip/index.ts';
import { PHONE, sdp, SDP_FIELD, Stage } from './sip-stage.ts';

function kept(stage: Stage): KeptSession {
  const session = stage.host.leg?.kept();
  assert.ok(session);
  stage.legs.stop();
  stage.layer.stop();
  stage.sent();
  return session;
}

function incoming(): Stage {
  const stage = new Stage();
  stage.answered({
    headers: ['Supported: timer', 'Session-Expires: 600;refresher=uas', 'Allow: UPDATE'],
  });
  return stage;
}

describe('a restored call', () => {
  test('requests of the peer find it, in the order of CSeq', () => {
    const before = incoming();
    const stage = Stage.restored(kept(before), before.time, before);
    stage.request({ method: 'OPTIONS', cseq: 1 });
    stage.request({
      method: 'INVITE',
      headers: [SDP_FIELD, `Contact: <${PHONE}>`],
      body: formatSdp(sdp(5002)),
    });
    assert.deepEqual(stage.lines(), ['500 OPTIONS']);
    assert.deepEqual(stage.host.told(), ['asked INVITE 5002']);
    stage.host.say({ kind: 'answer', method: 'INVITE', status: 200, description: sdp(4002) });
    stage.ack();
    stage.request({ method: 'BYE' });
    assert.deepEqual(stage.lines(), ['200 INVITE', '200 BYE']);
    assert.deepEqual(stage.host.told(), ['ended hungUp peer']);
    stage.assertNothingLeft();
  });

  test('a request of ours has a higher CSeq than any before', () => {
    const before = new Stage();
    before.established();
    before.host.say({ kind: 'change' });
    const last = before.sentRequest('INVITE');
    before.respond(last, 200, { body: sdp(5002) });
    const stage = Stage.restored(kept(before), before.time, before);
    stage.host.say({ kind: 'endSip', status: 480 });
    const bye = stage.sentRequest('BYE');
    assert.ok(bye.cseq.number > last.cseq.number);
    assert.equal(bye.requestUri, PHONE);
    stage.respond(bye, 200);
    stage.assertNothingLeft();
  });

  test('the refresh is due when it was', () => {
    const before = incoming();
    before.time.advance(200_000);
    const stage = Stage.restored(kept(before), before.time, before);
    stage.time.advance(99_000);
    assert.deepEqual(stage.lines(), []);
    stage.time.advance(1100);
    stage.respond(stage.sentRequest('UPDATE'), 200, { headers: ['Session-Expires: 600;refresher=uac'] });
    stage.request({ method: 'BYE' });
    stage.assertNothingLeft();
  });

  test('one that expired meanwhile is ended at once', () => {
    const before = incoming();
    const session = kept(before);
    before.time.advance(700_000);
    const stage = Stage.restored(session, before.time, before);
    stage.time.advance(10);
    assert.deepEqual(stage.host.told(), ['ended expired']);
    stage.respond(stage.sentRequest('BYE'), 481);
    stage.assertNothingLeft();
  });

  test('a record that is none is refused', () => {
    const stage = new Stage();
    const broken = JSON.parse('{"version":1,"dialog":{}}');
    assert.equal(stage.legs.restore(broken, stage.host), undefined);
    stage.assertNothingLeft();
  });
});
