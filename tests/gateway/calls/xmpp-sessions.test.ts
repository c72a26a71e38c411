// Flows of calls on the side of XMPP (interworking tables 7.1 and 7.4), with the real machines of session and proposal, machine K
// and a LinkGroup; each ends with one outcome and nothing left.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { element, serialize } from '../../../src/xml/index.ts';
import { dtmfElement, hasHint, NS_RTP, rtpInfoElement } from '../../../src/xmpp/index.ts';
import { contentOf, sdpOf } from '../../interwork/call/call-play.ts';
import { DESK, errorOf, JULIET, PHONE, POCKET, ROMEO, Stage, type StageCall } from './xmpp-stage.ts';

function play(name: string, act: (stage: Stage) => void): void {
  test(name, () => {
    const stage = new Stage();
    act(stage);
    stage.assertOver();
  });
}

function sidOf(stage: Stage): string {
  return stage.last('propose').child('propose')?.attr('id') ?? assert.fail('no id');
}

const info = (kind: 'hold' | 'ringing') =>
  ({ action: 'session-info', infos: [rtpInfoElement({ kind })] }) as const;
const answer = { action: 'session-accept', contents: [contentOf('0', 'initiator')] } as const;
const offer = {
  action: 'session-initiate',
  contents: [contentOf('voice', 'initiator', 'audio', { setup: 'actpass' })],
} as const;
const leave = (condition: 'success' | 'busy' | 'decline' | 'cancel') =>
  ({ action: 'session-terminate', reason: { condition } }) as const;

/** A call of the phone that is answered at the desk. */
function answeredAtDesk(stage: Stage): { sid: string; call: StageCall } {
  const call = stage.phoneCalls();
  const sid = sidOf(stage);
  stage.says('proceed', sid);
  stage.answers(stage.last('session-initiate'));
  stage.acts(answer, sid);
  assert.equal(call.state.phase, 'up');
  stage.sent();
  return { sid, call };
}

/** A call of the desk that is answered by the phone. */
function answeredByPhone(stage: Stage, sid = 'ca3cf894'): { sid: string; call: StageCall } {
  stage.proposes(sid);
  stage.acts(offer, sid);
  stage.call.take({
    ...{ kind: 'answered', tag: 't', trickle: false },
    description: sdpOf(['audio'], { setup: 'passive' }),
  });
  stage.answers(stage.last('session-accept'));
  assert.equal(stage.call.state.phase, 'up');
  stage.sent();
  return { sid, call: stage.call };
}

describe('SIP calls XMPP', () => {
  play('CALL-90, 91, 92, 05, 99: propose, ringing, proceed, session-initiate, accept, the end', (stage) => {
    const call = stage.phoneCalls();
    const [propose] = stage.sent();
    assert.ok(propose !== undefined);
    const sid = sidOf(stage);
    assert.deepEqual(
      [propose.attr('from'), propose.attr('to'), propose.attr('type')],
      [PHONE, JULIET, 'chat'],
    );
    assert.ok(hasHint(propose, 'store'), 'XEP-0353: "MUST … contain <store/> hints"');
    const described = propose.child('propose')?.child('description', NS_RTP);
    assert.equal(described?.attr('media'), 'audio');

    assert.equal(stage.says('ringing', sid), true);
    assert.deepEqual(call.sip, ['progress 180']);
    stage.says('ringing', sid, '', POCKET);
    assert.deepEqual(call.sip, ['progress 180'], 'once');

    stage.says('proceed', sid);
    assert.deepEqual(stage.words(), [`session-initiate > ${DESK}`]);
    const initiate = stage.last('session-initiate');
    assert.equal(initiate.child('jingle', 'urn:xmpp:jingle:1')?.attr('sid'), sid);
    assert.equal(initiate.child('jingle', 'urn:xmpp:jingle:1')?.attr('initiator'), PHONE);
    assert.equal(stage.answers(initiate), true);
    stage.says('proceed', sid, '', POCKET);
    assert.deepEqual(stage.words(), [], 'CALL-92: "later proceeds ignored"');

    const accepted = stage.acts(answer, sid);
    const [result] = stage.sent();
    assert.deepEqual(
      [result?.attr('type'), result?.attr('id'), result?.attr('to')],
      ['result', accepted, DESK],
    );
    assert.deepEqual(call.sip.at(-1), 'accept');

    call.take({ kind: 'sipEnded', end: { cause: 'hungUp', by: 'peer' } });
    assert.deepEqual(stage.words(), [`session-terminate success > ${DESK}`, `finish success > ${DESK}`]);
    assert.deepEqual(call.outcomes, [{ kind: 'ended', by: 'sip' }]);
  });

  play('CALL-101: a client that knows no proposals', (stage) => {
    const call = stage.phoneCalls(DESK, 'direct1');
    assert.deepEqual(stage.words(), [`session-initiate > ${DESK}`]);
    stage.answers(stage.last('session-initiate'));
    stage.acts(info('ringing'), 'direct1');
    assert.deepEqual(call.sip, ['progress 180']);
    stage.acts(leave('busy'), 'direct1');
    assert.deepEqual(stage.words(), [`result > ${DESK}`, `result > ${DESK}`]);
    assert.deepEqual([call.sip.at(-1), call.outcomes], ['end 486', [{ kind: 'busy' }]]);
  });

  for (const [reason, status] of [
    ['busy', 486],
    ['decline', 603],
  ] as const) {
    play(`CALL-93: reject ${reason} is ${status}`, (stage) => {
      const call = stage.phoneCalls();
      stage.says('reject', sidOf(stage), `<reason xmlns='urn:xmpp:jingle:1'><${reason}/></reason>`);
      assert.deepEqual(call.sip, [`end ${status}`]);
    });
  }

  play('CALL-94: CANCEL is retract to all', (stage) => {
    const call = stage.phoneCalls();
    stage.sent();
    call.take({ kind: 'sipEnded', end: { cause: 'cancelled', by: 'peer' } });
    assert.deepEqual(stage.words(), [`retract cancel > ${JULIET}`]);
  });

  play('CALL-95: nobody takes it', (stage) => {
    const call = stage.phoneCalls();
    stage.sent();
    stage.time.advance(119_000);
    assert.deepEqual([stage.words(), call.outcomes], [[], []]);
    stage.time.advance(1100);
    assert.deepEqual(stage.words(), [`retract cancel > ${JULIET}`]);
    assert.deepEqual([call.sip, call.outcomes], [['end 480'], [{ kind: 'noAnswer' }]]);
  });

  for (const [condition, status] of [
    ['item-not-found', 404],
    ['service-unavailable', 480],
    ['remote-server-timeout', 408],
  ] as const) {
    play(`CALL-96: the proposal comes back as ${condition}`, (stage) => {
      const call = stage.phoneCalls();
      assert.equal(stage.bounces(stage.last('propose'), condition), true);
      assert.deepEqual(call.sip, [`end ${status}`]);
      assert.equal(stage.bounces(stage.last('propose'), condition), false, 'once');
    });
  }

  play('CALL-26: an error to session-initiate', (stage) => {
    const call = stage.phoneCalls();
    stage.says('proceed', sidOf(stage));
    stage.sent();
    stage.answers(stage.last('session-initiate'), errorOf('service-unavailable'));
    assert.deepEqual(call.sip, ['end 480']);
    assert.deepEqual(stage.words(), [`finish general-error > ${DESK}`]);
  });

  play('no answer to session-initiate in time', (stage) => {
    const call = stage.phoneCalls();
    stage.says('proceed', sidOf(stage));
    stage.sent();
    stage.time.advance(29_900);
    assert.deepEqual(stage.words(), []);
    stage.time.advance(200);
    assert.deepEqual(stage.words(), [`session-terminate timeout > ${DESK}`, `finish timeout > ${DESK}`]);
    assert.deepEqual(call.sip, ['end 480']);
    assert.equal(stage.answers(stage.last('session-initiate')), false, 'a late result is of nothing');
  });

  play('without a link the caller hears at once', (stage) => {
    stage.link.state = 'down';
    const call = stage.phoneCalls();
    stage.time.advance(1);
    assert.equal(call.outcomes.length, 1);
    assert.deepEqual(call.sip, ['end 408']);
  });
});

describe('XMPP calls SIP', () => {
  play('CALL-97, 01, 03, 05, 08: propose, proceed, session-initiate, 180, 200, the end', (stage) => {
    assert.equal(stage.proposes('ca3cf894'), true);
    const [begun] = stage.beginnings;
    assert.deepEqual(
      [begun?.kind, begun?.self, begun?.peer, begun?.sid, begun?.media],
      ['proposal', PHONE, DESK, 'ca3cf894', ['audio']],
    );
    assert.deepEqual(stage.words(), [`proceed > ${DESK}`]);
    assert.equal(stage.last('proceed').attr('from'), PHONE);
    assert.deepEqual(stage.call.sip, [], 'there is no description yet');

    const id = stage.acts(offer, 'ca3cf894');
    const [result] = stage.sent();
    assert.deepEqual([result?.attr('type'), result?.attr('id'), result?.attr('from')], ['result', id, PHONE]);
    assert.deepEqual(stage.call.sip, ['invite']);

    stage.call.take({ kind: 'progress', status: 180 });
    stage.call.take({ kind: 'progress', status: 180 });
    assert.deepEqual(stage.words(), [`session-info ringing > ${DESK}`]);
    stage.answers(stage.last('session-info ringing'));

    const description = sdpOf(['audio'], { setup: 'passive' });
    stage.call.take({ kind: 'answered', tag: 't', description, trickle: false });
    assert.deepEqual(stage.words(), [`session-accept > ${DESK}`]);
    assert.equal(stage.last('session-accept').child('jingle', 'urn:xmpp:jingle:1')?.attr('responder'), PHONE);
    stage.answers(stage.last('session-accept'));
    assert.ok(stage.call.changes > 0);

    stage.acts(leave('success'), 'ca3cf894');
    stage.says('finish', 'ca3cf894');
    assert.deepEqual(stage.words(), [`result > ${DESK}`, `finish success > ${DESK}`]);
    assert.deepEqual(stage.call.outcomes, [{ kind: 'ended', by: 'xmpp' }]);
  });

  for (const attributes of [`type='chat'`, `type='normal'`, '', `type='headline'`]) {
    play(`CALL-97: a propose in a message ${attributes}`, (stage) => {
      const inner = `<description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'/>`;
      const text = `<propose xmlns='urn:xmpp:jingle-message:0' id='a1'>${inner}</propose>`;
      assert.equal(stage.message(text, DESK, ROMEO, attributes), true);
      assert.deepEqual(stage.words(), [`proceed > ${DESK}`]);
      stage.says('retract', 'a1');
    });
  }

  play('CALL-01: a session-initiate without a proposal, for an address as presence shows it', (stage) => {
    const self = `${ROMEO}/ID-a1`;
    stage.acts(offer, 's1', DESK, self);
    const [begun] = stage.beginnings;
    assert.deepEqual([begun?.kind, begun?.self, begun?.media], ['session', self, ['audio']]);
    assert.deepEqual(stage.words(), [`result > ${DESK}`]);
    assert.deepEqual(stage.call.sip, ['invite']);
    stage.call.take({ kind: 'sipEnded', end: { cause: 'refused', status: 486 } });
    assert.deepEqual(stage.words(), [`session-terminate busy > ${DESK}`]);
    assert.equal(stage.last('session-terminate busy').attr('from'), self);
  });

  play('CALL-97: proceeded, and no session comes', (stage) => {
    stage.proposes('a1');
    stage.sent();
    stage.time.advance(30_100);
    assert.deepEqual(stage.words(), [`reject expired > ${DESK}`]);
    assert.deepEqual(stage.call.outcomes.length, 1);
  });

  play('CALL-98: retract, before and behind its session-initiate', (stage) => {
    stage.proposes('a1');
    stage.says('retract', 'a1', `<reason xmlns='urn:xmpp:jingle:1'><cancel/></reason>`);
    assert.deepEqual(stage.call.outcomes, [{ kind: 'cancelled' }]);
    stage.sent();
    // It crossed the retract of another device: there is no call that it could begin.
    stage.time.advance(31_000);
    stage.acts(offer, 'a1');
    assert.deepEqual(stage.words(), [`result > ${DESK}`, `session-terminate expired > ${DESK}`]);
    assert.equal(stage.beginnings.length, 1);
  });

  play('CALL-07: the caller gives up while it rings', (stage) => {
    stage.proposes('a1');
    stage.acts(offer, 'a1');
    stage.acts(leave('cancel'), 'a1');
    assert.deepEqual(stage.call.outcomes, [{ kind: 'cancelled' }]);
    assert.deepEqual(stage.call.sip, ['invite', 'end 480']);
  });

  test('who may not call hears why, by the same means', () => {
    const stage = new Stage();
    stage.refusal = { type: 'auth', condition: 'forbidden' };
    stage.proposes('a1');
    stage.acts(offer, 's1');
    assert.deepEqual(stage.words(), [`error forbidden > ${DESK}`, `error forbidden > ${DESK}`]);
    assert.deepEqual([stage.sessions.size, stage.calls.length], [0, 0]);
    stage.assertOver();
  });

  test('a proposal of files is rejected', () => {
    const stage = new Stage();
    const file = serialize(element('description', 'urn:xmpp:jingle:apps:file-transfer:5'));
    stage.says('propose', 'f1', file, DESK, ROMEO);
    assert.deepEqual(stage.words(), [`reject unsupported-applications > ${DESK}`]);
    assert.deepEqual([stage.beginnings.length, stage.sessions.size], [0, 0]);
    stage.assertOver();
  });
});

describe('within a call', () => {
  play('CALL-41, 42, 43, 22: hold both ways, mute, and an empty session-info', (stage) => {
    const { sid, call } = answeredAtDesk(stage);
    stage.acts(info('hold'), sid);
    assert.equal(call.sip.at(-1), 'change');
    call.take({ kind: 'unchanged', status: 488 });
    stage.acts({ action: 'session-info', infos: [rtpInfoElement({ kind: 'mute' })] }, sid);
    const id = stage.acts({ action: 'session-info' }, sid);
    assert.equal(call.sip.at(-1), 'probe');
    call.take({ kind: 'probed', id });
    assert.deepEqual(
      stage.words(),
      Array.from({ length: 3 }, () => `result > ${DESK}`),
    );
    call.take({
      ...{ kind: 'asked', method: 'INVITE' },
      description: sdpOf(['audio'], { version: 2, direction: 'sendonly' }),
    });
    assert.deepEqual(stage.words(), [`session-info hold > ${DESK}`]);
    stage.acts(leave('success'), sid);
  });

  play('CALL-38: tones of the client are answered by what the phone says', (stage) => {
    const { sid, call } = answeredAtDesk(stage);
    const tone = { action: 'session-info', infos: [dtmfElement({ code: '1', duration: 100 })] } as const;
    const taken = stage.acts(tone, sid);
    const refused = stage.acts(tone, sid);
    assert.deepEqual([call.sip.slice(-2), stage.words()], [['tones', 'tones'], []]);
    call.take({ kind: 'toned', id: refused, status: 415 });
    call.take({ kind: 'toned', id: taken });
    assert.deepEqual(stage.words(), [`error service-unavailable > ${DESK}`, `result > ${DESK}`]);
    stage.acts(tone, sid);
    stage.acts(leave('success'), sid);
    assert.ok(
      stage.words().includes(`error item-not-found unknown-session > ${DESK}`),
      'the end answers what is open',
    );
  });

  play('CALL-12, 13: candidates one by one, before the INVITE leaves', (stage) => {
    stage.proposes('a1');
    const bare = contentOf('voice', 'initiator', 'audio', { setup: 'actpass', candidates: false });
    stage.acts({ action: 'session-initiate', contents: [bare] }, 'a1');
    assert.deepEqual(stage.call.sip, []);
    const { transport } = contentOf('voice', 'initiator');
    stage.acts(
      { action: 'transport-info', contents: [{ name: 'voice', creator: 'initiator', transport }] },
      'a1',
    );
    stage.time.advance(2100);
    assert.deepEqual(stage.call.sip, ['invite']);
    stage.acts(leave('cancel'), 'a1');
  });

  play('CALL-19, 23, 24: what is out of order is refused, and changes nothing', (stage) => {
    const { sid, call } = answeredByPhone(stage);
    stage.acts({ action: 'security-info' }, sid);
    stage.acts({ action: 'session-accept', contents: [contentOf('voice', 'initiator')] }, sid);
    stage.acts(offer, sid);
    stage.acts(info('hold'), 'unknown');
    assert.deepEqual(stage.words(), [
      `error feature-not-implemented unsupported-info > ${DESK}`,
      `error unexpected-request out-of-order > ${DESK}`,
      `error unexpected-request out-of-order > ${DESK}`,
      `error item-not-found unknown-session > ${DESK}`,
    ]);
    assert.equal(call.state.phase, 'up');
    stage.acts(leave('success'), sid);
    stage.acts(info('hold'), sid);
    assert.equal(
      stage.words().at(-1),
      `error item-not-found unknown-session > ${DESK}`,
      '§6.7: after its end',
    );
  });

  play('CALL-33: the client is unavailable, and not heard of for 10 s', (stage) => {
    const { call } = answeredAtDesk(stage);
    stage.presence(`type='unavailable'`, POCKET);
    stage.presence(`type='unavailable'`, DESK, 'mercutio@sip.example');
    stage.time.advance(11_000);
    assert.deepEqual(call.outcomes, [], 'it was another device, and another contact');
    stage.presence(`type='unavailable'`);
    stage.time.advance(9_000);
    stage.presence('');
    stage.time.advance(2_000);
    assert.deepEqual(call.outcomes, [], 'it came back');
    stage.presence(`type='unavailable'`, JULIET);
    stage.time.advance(10_100);
    assert.deepEqual(call.outcomes, [{ kind: 'lost', side: 'xmpp', why: 'vanished' }]);
    assert.deepEqual(stage.words(), [`session-terminate gone > ${DESK}`, `finish gone > ${DESK}`]);
  });
});
