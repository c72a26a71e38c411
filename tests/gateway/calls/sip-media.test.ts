// Descriptions by way of a media path, which may take its time: the order of everything stays, and what it refuses is refused.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { err, ok } from '../../../src/base/index.ts';
import type { DescriptionKind, MediaPath, PathResult } from '../../../src/gateway/calls/media-path.ts';
import { formatSdp, type SessionDescription } from '../../../src/sdp/index.ts';
import { bodyOf, portOf, sdp, SDP_FIELD, Stage } from './sip-stage.ts';

/** Adds 1000 to the port of what comes, 2000 to what goes, when the test says so. */
class SlowPath implements MediaPath {
  readonly mayRelay = true;
  readonly asked: string[] = [];
  readonly #waiting: (() => void)[] = [];
  refuses = false;
  ends = 0;
  retries = 0;

  fromSip(kind: DescriptionKind, description: SessionDescription, ref: { tag?: string | undefined }) {
    return this.#pass('from', kind, description, ref.tag, 1000);
  }

  toSip(kind: DescriptionKind, description: SessionDescription, ref: { tag?: string | undefined }) {
    return this.#pass('to', kind, description, ref.tag, 2000);
  }

  again(status: number): boolean {
    return status === 488 && this.retries-- > 0;
  }

  warning(status: number): string | undefined {
    return status === 488 ? 'no relay' : undefined;
  }

  kept(): undefined {
    return undefined;
  }

  end(): void {
    this.ends += 1;
  }

  async go(): Promise<void> {
    const next = this.#waiting.shift();
    assert.ok(next, 'it was asked');
    next();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }

  #pass(way: string, kind: string, description: SessionDescription, tag: string | undefined, add: number) {
    this.asked.push(`${way} ${kind} ${portOf(description)} ${tag ?? '-'}`);
    const refuses = this.refuses;
    const moved = sdp((portOf(description) ?? 0) + add);
    const result: PathResult = refuses ? err({ status: 488, warning: 'no relay' }) : ok(moved);
    return new Promise<PathResult>((resolve) => {
      this.#waiting.push(() => resolve(result));
    });
  }
}

describe('a call that comes', () => {
  test('each description, in order; what comes meanwhile waits', async () => {
    const media = new SlowPath();
    const stage = new Stage({ media });
    stage.invite();
    assert.deepEqual(stage.host.told(), []);
    await media.go();
    assert.deepEqual(stage.host.told(), ['invited 6000']);
    stage.host.say({ kind: 'accept', description: sdp(4000) });
    assert.deepEqual(stage.lines(), []);
    await media.go();
    assert.equal(portOf(bodyOf(stage.sentResponse(200))), 6000);
    stage.ack();
    stage.request({ method: 'INVITE', headers: [SDP_FIELD], body: formatSdp(sdp(5002)) });
    stage.request({ method: 'BYE' });
    assert.deepEqual(stage.lines(), []);
    await media.go();
    assert.deepEqual(stage.host.told(), ['asked INVITE 6002', 'ended hungUp peer']);
    assert.deepEqual(stage.lines(), ['200 BYE', '487 INVITE']);
    assert.deepEqual(media.asked, ['from offer 5000 f1', 'to answer 4000 f1', 'from offer 5002 f1']);
    assert.equal(media.ends, 1);
    stage.assertNothingLeft();
  });

  test('an offer that it refuses is none to K, and the 488 says why', async () => {
    const media = new SlowPath();
    media.refuses = true;
    const stage = new Stage({ media });
    stage.invite();
    await media.go();
    assert.deepEqual(stage.host.told(), ['invited']);
    stage.host.say({ kind: 'endSip', status: 500 });
    assert.equal(stage.sentResponse(488).header('warning'), '399 192.0.2.1 "no relay"');
    assert.deepEqual(stage.host.told(), ['ended refused 488']);
    stage.assertNothingLeft();
  });

  test('an answer that it refuses', async () => {
    const media = new SlowPath();
    const stage = new Stage({ media });
    stage.invite();
    await media.go();
    media.refuses = true;
    stage.host.say({ kind: 'accept', description: sdp(4000) });
    await media.go();
    assert.equal(stage.sentResponse(488).header('warning'), '399 192.0.2.1 "no relay"');
    assert.deepEqual(stage.host.told(), ['invited 6000', 'ended refused 488']);
    stage.assertNothingLeft();
  });

  test('CANCEL while it is asked: the INVITE is not answered with 200', async () => {
    const media = new SlowPath();
    const stage = new Stage({ media });
    const branch = stage.invite();
    stage.request({ method: 'CANCEL', branch, to: '<sip:juliet@example.com>' });
    await media.go();
    assert.deepEqual(stage.lines(), ['200 CANCEL', '487 INVITE']);
    assert.deepEqual(stage.host.told(), ['invited 6000', 'ended cancelled peer']);
    stage.assertNothingLeft();
  });
});

describe('within the call', () => {
  async function answered(media: SlowPath): Promise<Stage> {
    const stage = new Stage({ media });
    stage.invite();
    await media.go();
    stage.host.say({ kind: 'accept', description: sdp(4000) });
    await media.go();
    stage.ack();
    stage.sent();
    stage.host.told();
    return stage;
  }

  test('an offer of the peer that it refuses', async () => {
    const media = new SlowPath();
    const stage = await answered(media);
    media.refuses = true;
    stage.request({ method: 'UPDATE', headers: [SDP_FIELD], body: formatSdp(sdp(5002)) });
    await media.go();
    assert.equal(stage.sentResponse(488).header('warning'), '399 192.0.2.1 "no relay"');
    assert.deepEqual(stage.host.told(), []);
    stage.request({ method: 'BYE' });
    stage.assertNothingLeft();
  });

  test('an offer of ours that it refuses does not leave', async () => {
    const media = new SlowPath();
    const stage = await answered(media);
    media.refuses = true;
    stage.host.say({ kind: 'change' });
    await media.go();
    assert.deepEqual(stage.lines(), []);
    assert.deepEqual(stage.host.told(), ['offerDue', 'unchanged 488']);
    stage.request({ method: 'BYE' });
    stage.assertNothingLeft();
  });

  test('an answer of ours that it refuses: K believes in it, so that the call ends', async () => {
    const media = new SlowPath();
    const stage = await answered(media);
    stage.request({ method: 'UPDATE', headers: [SDP_FIELD], body: formatSdp(sdp(5002)) });
    await media.go();
    media.refuses = true;
    stage.host.say({ kind: 'answer', method: 'UPDATE', status: 200, description: sdp(4002) });
    await media.go();
    assert.deepEqual(stage.host.told(), ['asked UPDATE 6002', 'ended lost 488']);
    const [refused, bye] = stage.sent();
    assert.ok(refused?.kind === 'response' && refused.status === 488);
    assert.ok(bye?.kind === 'request');
    stage.respond(bye, 200);
    stage.assertNothingLeft();
  });

  test('what comes behind a path that is slow is bounded', async () => {
    const media = new SlowPath();
    const stage = await answered(media);
    stage.host.say({ kind: 'change' });
    for (let n = 0; n < 100; n++) stage.request({ method: 'OPTIONS' });
    assert.deepEqual(stage.lines(), Array(36).fill('500 OPTIONS'));
    await media.go();
    assert.equal(stage.lines().filter((line) => line === '200 OPTIONS').length, 64);
    stage.legs.stop();
    stage.layer.stop();
    stage.assertNothingLeft();
  });
});

describe('a call that we make', () => {
  test('the offer, and the answer', async () => {
    const media = new SlowPath();
    const stage = new Stage({ media });
    stage.start();
    assert.deepEqual(stage.lines(), []);
    await media.go();
    const invite = stage.sentRequest('INVITE');
    assert.equal(portOf(bodyOf(invite)), 6000);
    assert.equal(invite.header('supported'), '100rel, timer, replaces, norefersub');
    stage.respond(invite, 183, { body: sdp(5000) });
    stage.respond(invite, 200);
    assert.deepEqual(stage.host.told(), []);
    await media.go();
    assert.deepEqual(stage.host.told(), ['early 6000', 'progress 183', 'answered']);
    assert.deepEqual(media.asked, ['to offer 4000 -', 'from answer 5000 peer']);
    stage.legs.stop();
    stage.layer.stop();
    stage.assertNothingLeft();
  });

  test('given up before it has left', async () => {
    const media = new SlowPath();
    const stage = new Stage({ media });
    stage.start();
    stage.host.say({ kind: 'endSip', status: 480 });
    await media.go();
    assert.deepEqual(stage.lines(), []);
    assert.deepEqual(stage.host.told(), ['ended cancelled us']);
    stage.assertNothingLeft();
  });

  test('an offer that it refuses', async () => {
    const media = new SlowPath();
    media.refuses = true;
    const stage = new Stage({ media });
    stage.start();
    await media.go();
    assert.deepEqual(stage.lines(), []);
    assert.deepEqual(stage.host.told(), ['ended refused 488']);
    stage.assertNothingLeft();
  });

  test('an answer that it refuses: ACK, BYE', async () => {
    const media = new SlowPath();
    const stage = new Stage({ media });
    stage.start();
    await media.go();
    media.refuses = true;
    stage.respond(stage.sentRequest('INVITE'), 200, { body: sdp(5000) });
    await media.go();
    const [ack, bye] = stage.sent();
    assert.ok(ack?.kind === 'request' && bye?.kind === 'request');
    assert.deepEqual([ack.method, bye.method], ['ACK', 'BYE']);
    assert.deepEqual(stage.host.told(), ['ended lost 488']);
    stage.respond(bye, 200);
    stage.assertNothingLeft();
  });

  test('refused, and another offer is made of the same (RFC 3261 §8.1.3.5)', async () => {
    const media = new SlowPath();
    media.retries = 1;
    const stage = new Stage({ media });
    stage.start();
    await media.go();
    const invite = stage.sentRequest('INVITE');
    stage.respond(invite, 180, { tag: 'a' });
    stage.respond(invite, 488);
    await media.go();
    const again = stage.sentRequest('INVITE');
    assert.equal(again.cseq.number, invite.cseq.number + 1);
    assert.equal(again.callId, invite.callId);
    assert.equal(again.from.tag, invite.from.tag);
    stage.respond(again, 488);
    assert.deepEqual(stage.host.told(), ['progress 180', 'ended refused 488 Whatever']);
    stage.assertNothingLeft();
  });
});
