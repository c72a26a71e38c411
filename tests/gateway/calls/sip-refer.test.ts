// REFER in the dialog of a call, at its edges: order and loss of NOTIFYs, the end of the call, time that runs out (RFC 3515 §2.4,
// RFC 4488, RFC 6665 §4.1.3).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ReferralTalk } from '../../../src/gateway/calls/sip-refer.ts';
import type { ReferOutcome, ReferTarget, SipRequest } from '../../../src/sip/index.ts';
import { latin1Text } from '../../../src/base/index.ts';
import { Host, sdp, Stage } from './sip-stage.ts';

/** Hears of a REFER, and does nothing by itself. */
class Referral extends Host {
  target: ReferTarget | undefined;
  talk!: ReferralTalk;

  referred(target: ReferTarget, talk: ReferralTalk): void {
    this.target = target;
    this.talk = talk;
  }
}

function answered(host: Host = new Referral()): Stage {
  const stage = new Stage();
  stage.use(host);
  stage.invite();
  stage.host.say({ kind: 'accept', description: sdp(4000) });
  stage.ack();
  stage.sent();
  return stage;
}

function refer(stage: Stage, ...headers: readonly string[]): ReferralTalk {
  stage.request({ method: 'REFER', headers: ['Refer-To: <sip:carol@example.net>', ...headers] });
  const { host } = stage;
  assert.ok(host instanceof Referral);
  return host.talk;
}

/** A NOTIFY in words. */
function shown(notify: SipRequest): string {
  const state = notify.header('subscription-state') ?? '';
  return `${latin1Text(notify.body).slice(8, 11)} ${state} ${notify.header('event') ?? ''}`;
}

describe('a REFER of the peer', () => {
  test('§2.4.4: 202 and NOTIFY at once; one after the other, of those that wait the last one counts', () => {
    const stage = answered();
    const talk = refer(stage);
    assert.deepEqual(stage.lines(), []);
    talk.accept();
    const first = stage.sent();
    assert.deepEqual(
      first.map((message) => (message.kind === 'request' ? message.method : message.status)),
      [202, 'NOTIFY'],
    );
    const notify = first[1];
    assert.ok(notify?.kind === 'request');
    assert.equal(shown(notify), '100 active;expires=300 refer');
    talk.outcome(180);
    talk.outcome(183);
    assert.deepEqual(stage.lines(), []);
    stage.time.advance(100);
    stage.respond(notify, 200);
    const second = stage.sentRequest('NOTIFY');
    assert.equal(shown(second), '183 active;expires=300 refer');
    talk.outcome(200);
    stage.respond(second, 200);
    const last = stage.sentRequest('NOTIFY');
    assert.equal(shown(last), '200 terminated;reason=noresource refer');
    stage.respond(last, 200);
    stage.request({ method: 'BYE' });
    stage.assertNothingLeft();
  });

  test('RFC 6665 §4.2.2: a NOTIFY that is refused ends the subscription, and the reference goes on', () => {
    const stage = answered();
    const talk = refer(stage);
    talk.accept();
    stage.respond(stage.sentRequest('NOTIFY'), 481);
    talk.outcome(180);
    talk.outcome(200);
    assert.deepEqual(stage.lines(), []);
    // The call is none the worse for it.
    assert.ok(stage.host.leg?.kept());
    stage.request({ method: 'BYE' });
    stage.assertNothingLeft();
  });

  test('RFC 4488 §4: without a subscription', () => {
    const stage = answered();
    const talk = refer(stage, 'Refer-Sub: false');
    talk.accept();
    const response = stage.sentResponse(200);
    assert.equal(response.header('refer-sub'), 'false');
    talk.outcome(200);
    assert.deepEqual(stage.lines(), []);
    stage.request({ method: 'BYE' });
    stage.assertNothingLeft();
  });

  test('declined: 603 with its Warning, and the next one is heard', () => {
    const stage = answered();
    refer(stage).decline('No such luck');
    assert.match(stage.sentResponse(603).header('warning') ?? '', /^399 .*"No such luck"$/);
    refer(stage).accept();
    stage.sentRequest('NOTIFY');
  });

  test('BYE before the answer: 487', () => {
    const stage = answered();
    refer(stage);
    stage.request({ method: 'BYE' });
    assert.deepEqual(stage.lines().toSorted(), ['200 BYE', '487 REFER']);
    stage.assertNothingLeft();
  });

  test('BYE after it: one last NOTIFY, and nothing behind it', () => {
    const stage = answered();
    const talk = refer(stage);
    talk.accept();
    stage.respond(stage.sentRequest('NOTIFY'), 200);
    stage.request({ method: 'BYE' });
    const last = stage.sentRequest('NOTIFY');
    assert.equal(shown(last), '100 terminated;reason=noresource refer');
    talk.outcome(200);
    assert.deepEqual(stage.lines(), []);
    stage.respond(last, 481);
    stage.assertNothingLeft();
  });

  test('the outcome is told before our BYE', () => {
    const stage = answered();
    const talk = refer(stage);
    talk.accept();
    stage.respond(stage.sentRequest('NOTIFY'), 200);
    talk.outcome(200);
    stage.host.say({ kind: 'endSip', status: 480 });
    assert.deepEqual(stage.lines(), ['NOTIFY', 'BYE']);
  });

  test('a host that hears of none declines; a call that rings has nobody to hand over', () => {
    const stage = answered(new Host());
    stage.request({ method: 'REFER', headers: ['Refer-To: <sip:carol@example.net>'] });
    assert.deepEqual(stage.lines(), ['603 REFER']);
    const early = new Stage();
    early.invite();
    early.host.say({ kind: 'progress', status: 180 });
    early.sent();
    early.request({ method: 'REFER', headers: ['Refer-To: <sip:carol@example.net>'] });
    early.request({ method: 'NOTIFY', headers: ['Event: refer', 'Subscription-State: active'] });
    assert.deepEqual(early.lines(), ['603 REFER', '481 NOTIFY']);
  });
});

describe('a REFER of ours', () => {
  interface Sent {
    readonly stage: Stage;
    readonly told: (string | ReferOutcome)[];
    readonly refer: SipRequest;
  }

  function sends(): Sent {
    const stage = answered();
    const told: (string | ReferOutcome)[] = [];
    const order = { to: '<sip:carol@example.net>', by: '<sip:juliet@example.com>' };
    const handlers = {
      accepted: () => void told.push('accepted'),
      ended: (outcome: ReferOutcome) => void told.push(outcome),
    };
    assert.equal(stage.host.leg?.refer?.(order, handlers), true);
    // One at a time.
    assert.equal(stage.host.leg?.refer?.(order, handlers), false);
    return { stage, told, refer: stage.sentRequest('REFER') };
  }

  function notifies(
    stage: Stage,
    body: string,
    state: string,
    event = 'refer',
    type = 'message/sipfrag',
  ): string {
    stage.request({
      method: 'NOTIFY',
      headers: [
        `Event: ${event}`,
        `Subscription-State: ${state}`,
        ...(body === '' ? [] : [`Content-Type: ${type}`]),
      ],
      body,
    });
    return stage.lines().join();
  }

  test('what it says', () => {
    const { refer: request } = sends();
    assert.equal(request.header('refer-to'), '<sip:carol@example.net>');
    assert.equal(request.header('referred-by'), '<sip:juliet@example.com>');
    assert.match(request.header('contact') ?? '', /^<sip:/);
    assert.equal(request.header('require'), undefined);
  });

  test('§2.4.4: a NOTIFY that comes before the response counts', () => {
    const { stage, told, refer: request } = sends();
    assert.equal(notifies(stage, 'SIP/2.0 200 OK\r\n', 'terminated;reason=noresource'), '200 NOTIFY');
    assert.deepEqual(told, [{ kind: 'succeeded' }]);
    stage.respond(request, 202);
    assert.deepEqual(told, [{ kind: 'succeeded' }, 'accepted']);
  });

  const cases: readonly (readonly [string, string, string, string, string, string])[] = [
    ['a fragment without a status line', 'nonsense', 'active', 'refer', 'message/sipfrag', '400 NOTIFY'],
    ['another event', 'SIP/2.0 200 OK\r\n', 'active', 'presence', 'message/sipfrag', '489 NOTIFY'],
    ['another REFER', 'SIP/2.0 200 OK\r\n', 'active', 'refer;id=77', 'message/sipfrag', '481 NOTIFY'],
    ['its own id', '', 'active', 'refer;id=1', 'message/sipfrag', '200 NOTIFY'],
    ['another type says nothing', 'SIP/2.0 200 OK\r\n', 'active', 'refer', 'text/plain', '200 NOTIFY'],
  ];
  for (const [name, body, state, event, type, expected] of cases) {
    test(name, () => {
      const { stage, told, refer: request } = sends();
      stage.respond(request, 202);
      assert.equal(request.cseq.number, 1);
      assert.equal(notifies(stage, body, state, event, type), expected);
      assert.deepEqual(told, ['accepted']);
    });
  }

  test('nobody says how it went: 300 s', () => {
    const { stage, told, refer: request } = sends();
    stage.respond(request, 202);
    stage.time.advance(299_000);
    assert.deepEqual(told, ['accepted']);
    stage.time.advance(2000);
    assert.deepEqual(told, ['accepted', { kind: 'unknown' }]);
    assert.equal(notifies(stage, 'SIP/2.0 200 OK\r\n', 'active'), '481 NOTIFY');
    assert.ok(stage.host.leg?.kept());
  });

  test('the call ends before that', () => {
    const { stage, told, refer: request } = sends();
    stage.respond(request, 202);
    stage.request({ method: 'BYE' });
    assert.deepEqual(told, ['accepted', { kind: 'unknown' }]);
    stage.assertNothingLeft();
  });

  for (const status of [408, 481] as const) {
    test(`RFC 3261 §12.2.1.2: ${status} ends the call`, () => {
      const { stage, told, refer: request } = sends();
      stage.respond(request, status);
      assert.deepEqual(told, [{ kind: 'refused', status }]);
      stage.respond(stage.sentRequest('BYE'), 481);
      assert.deepEqual(stage.host.told().at(-1), `ended lost ${status}`);
      stage.assertNothingLeft();
    });
  }

  test('a REFER of the peer that crosses it: 603', () => {
    const { stage, refer: request } = sends();
    stage.request({ method: 'REFER', headers: ['Refer-To: <sip:carol@example.net>'] });
    assert.deepEqual(stage.lines(), ['603 REFER']);
    stage.respond(request, 603);
    refer(stage).accept();
    stage.sentRequest('NOTIFY');
  });
});
