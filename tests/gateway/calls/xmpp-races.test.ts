// What crosses, what comes late, what others send, and what is too much, on the side of XMPP of calls.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CallEvent } from '../../../src/interwork/call/index.ts';
import { jingleElement } from '../../../src/xmpp/index.ts';
import { serialize } from '../../../src/xml/index.ts';
import { contentOf, sdpOf } from '../../interwork/call/call-play.ts';
import { readStanza } from '../../xmpp/read-xml.ts';
import { DESK, errorOf, JULIET, PHONE, POCKET, ROMEO, Stage } from './xmpp-stage.ts';

const MALLORY = 'mallory@capulet.example/desk';
const TIE = `<reason xmlns='urn:xmpp:jingle:1'><expired/></reason><tie-break/>`;
const answer = { action: 'session-accept', contents: [contentOf('0', 'initiator')] } as const;
const offer = {
  action: 'session-initiate',
  contents: [contentOf('voice', 'initiator', 'audio', { setup: 'actpass' })],
} as const;
const bye = { action: 'session-terminate', reason: { condition: 'success' } } as const;

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

describe('what crosses', () => {
  play('CALL-94: retract and proceed', (stage) => {
    const call = stage.phoneCalls();
    stage.sent();
    call.take({ kind: 'sipEnded', end: { cause: 'cancelled', by: 'peer' } });
    stage.says('proceed', sidOf(stage));
    assert.deepEqual(stage.words(), [`retract cancel > ${JULIET}`]);
    assert.deepEqual(call.outcomes, [{ kind: 'cancelled' }]);
  });

  play('CALL-92: a reject of the device that did not take the call', (stage) => {
    const call = stage.phoneCalls();
    stage.says('proceed', sidOf(stage));
    stage.says('reject', sidOf(stage), '', POCKET);
    assert.deepEqual(call.outcomes, []);
    stage.says('reject', sidOf(stage), '', DESK);
    assert.equal(call.outcomes.length, 1);
    assert.equal(stage.words().at(-1), `session-terminate decline > ${DESK}`);
  });

  play('CALL-100: both propose, and ours has the lower id', (stage) => {
    const call = stage.phoneCalls(undefined, 'b1');
    stage.sent();
    stage.proposes('b2');
    assert.deepEqual(stage.words(), [`reject expired > ${DESK}`]);
    const reject = stage.last('reject expired').child('reject');
    assert.equal(reject?.attr('id'), 'b2');
    assert.ok(reject?.child('tie-break') !== undefined);
    assert.deepEqual([stage.beginnings.length, call.outcomes], [0, []]);
    stage.says('retract', 'b2', TIE);
    stage.says('reject', 'b1');
    assert.equal(call.outcomes.length, 1);
  });

  play('CALL-100: both propose, and theirs has the lower id', (stage) => {
    const ours = stage.phoneCalls(undefined, 'b1');
    stage.sent();
    stage.proposes('a9');
    assert.deepEqual(stage.words(), [`retract expired > ${JULIET}`, `proceed > ${DESK}`]);
    assert.ok(stage.last('retract expired').child('retract')?.child('tie-break') !== undefined);
    assert.deepEqual(ours.sip, ['end 480']);
    stage.says('retract', 'a9');
    stage.says('reject', 'b1', TIE);
  });

  play('XEP-0353 "Existing session": another device goes on with the call', (stage) => {
    const old = stage.phoneCalls(undefined, 'old');
    stage.says('proceed', 'old');
    stage.answers(stage.last('session-initiate'));
    stage.acts(answer, 'old');
    stage.sent();
    stage.proposes('new', POCKET);
    assert.deepEqual(stage.words(), [
      `finish expired > ${DESK}`,
      `session-terminate expired > ${DESK}`,
      `proceed > ${POCKET}`,
    ]);
    const migrated = stage.last('finish expired').child('finish')?.child('migrated');
    assert.equal(migrated?.attr('to'), 'new');
    assert.equal(old.outcomes.length, 1);
    stage.says('retract', 'new', '', POCKET);
  });

  play('CALL-25, XEP-0166 §7.2.16: both begin a session, and ours has the lower sid', (stage) => {
    const ours = stage.phoneCalls(DESK, 'a');
    stage.sent();
    stage.acts(offer, 'b');
    assert.deepEqual(stage.words(), [`error conflict tie-break > ${DESK}`]);
    assert.deepEqual([stage.beginnings.length, ours.outcomes.length], [0, 0]);
    stage.answers(stage.last('session-initiate'));
    stage.acts(bye, 'a');
  });

  play('§7.2.16: both begin a session, and theirs has the lower sid', (stage) => {
    const ours = stage.phoneCalls(DESK, 'b');
    stage.sent();
    stage.acts(offer, 'a');
    assert.deepEqual(stage.words(), [`result > ${DESK}`]);
    stage.answers(stage.last('session-initiate'), errorOf('conflict', 'tie-break'));
    assert.deepEqual(ours.sip, ['end 480']);
    stage.acts(bye, 'a');
  });
});

describe('what does not cross', () => {
  play('calls of another SIP user, of another client, and one that was answered', (stage) => {
    stage.phoneCalls(DESK, 'a');
    stage.sent();
    stage.acts(offer, 'b', POCKET);
    assert.deepEqual(stage.words(), [`result > ${POCKET}`]);
    stage.answers(stage.last('session-initiate'));
    stage.acts(offer, 'c');
    assert.deepEqual(stage.words(), [`result > ${DESK}`]);
    for (const [sid, from] of [
      ['a', DESK],
      ['b', POCKET],
      ['c', DESK],
    ] as const) {
      stage.acts(bye, sid, from);
    }
    stage.phoneCalls(undefined, 'd');
    stage.sent();
    stage.proposes('a1', DESK, 'mercutio@sip.example');
    assert.deepEqual(stage.words(), [`proceed > ${DESK}`]);
    stage.says('retract', 'a1', '', DESK, 'mercutio@sip.example');
    stage.says('reject', 'd');
  });
});

describe('what others send', () => {
  play('a packet for the session of somebody else finds none (CALL-23)', (stage) => {
    const call = stage.phoneCalls(undefined, 's');
    stage.says('proceed', 's', '', MALLORY);
    stage.says('reject', 's', '', MALLORY);
    assert.equal(stage.bounces(stage.last('propose'), 'gone', MALLORY), false);
    assert.deepEqual(call.state.phase, 'proposing');
    stage.says('proceed', 's');
    stage.sent();
    const initiate = stage.last('session-initiate');
    assert.equal(stage.answers(initiate, errorOf('gone'), MALLORY), false);
    assert.equal(stage.answers(initiate, errorOf('gone'), POCKET), false);
    stage.acts(bye, 's', MALLORY);
    stage.acts(bye, 's', POCKET);
    stage.acts(bye, 's', DESK, 'mercutio@sip.example/sip');
    stage.acts(offer, 's', POCKET);
    assert.deepEqual(stage.words(), [
      `error item-not-found unknown-session > ${MALLORY}`,
      `error item-not-found unknown-session > ${POCKET}`,
      `error item-not-found unknown-session > ${DESK}`,
      `error unexpected-request out-of-order > ${POCKET}`,
    ]);
    assert.deepEqual([call.outcomes, call.state.phase], [[], 'initiating']);
    assert.equal(stage.answers(initiate), true);
    stage.acts(bye, 's');
  });

  play('the session belongs to the device that proposed, and to the address that proceeded', (stage) => {
    stage.proposes('s');
    stage.sent();
    stage.acts(offer, 's', POCKET);
    stage.acts(offer, 's', DESK, `${ROMEO}/other`);
    assert.deepEqual(stage.words(), [
      `error item-not-found unknown-session > ${POCKET}`,
      `error item-not-found unknown-session > ${DESK}`,
    ]);
    assert.deepEqual(stage.call.sip, []);
    stage.acts(offer, 's');
    assert.deepEqual(stage.call.sip, ['invite']);
    stage.acts(bye, 's');
  });

  test('words about calls that there are not are dropped; a body is left to others', () => {
    const stage = new Stage();
    for (const kind of ['ringing', 'proceed', 'reject', 'retract', 'finish'] as const) {
      assert.equal(stage.says(kind, 'nothing'), true);
    }
    assert.equal(stage.proposes('bare', JULIET), true, 'nobody could be told to proceed');
    assert.equal(stage.message(`<propose xmlns='urn:xmpp:jingle-message:0'/>`), true);
    const finish = `<finish xmlns='urn:xmpp:jingle-message:0' id='x'/>`;
    assert.equal(stage.message(finish, DESK, PHONE, `type='groupchat'`), true);
    assert.equal(stage.message(`<body>bye</body>${finish}`), false);
    assert.equal(stage.message('<body>hello</body>'), false);
    assert.equal(stage.message(errorOf('gone'), DESK, PHONE, `type='error'`), false);
    assert.deepEqual([stage.words(), stage.sessions.size, stage.beginnings.length], [[], 0, 0]);
    stage.assertOver();
  });
});

describe('bad input', () => {
  const content = serialize(jingleElement({ ...offer, sid: 'x', groups: [], infos: [] })).replace(
    /^<jingle[^>]*>|<\/jingle>$/g,
    '',
  );
  const jingle = (attributes: string, inner = content): string =>
    `<jingle xmlns='urn:xmpp:jingle:1' ${attributes}>${inner}</jingle>`;
  const many = Array.from({ length: 33 }, (_, i) => content.replace(/name=(["'])voice/, `name=$1c${i}`)).join(
    '',
  );
  const cases: readonly [string, string, string][] = [
    ['no action', jingle(`sid='x'`), 'error bad-request'],
    ['an action that there is not', jingle(`sid='x' action='session-begin'`), 'error bad-request'],
    ['no sid', jingle(`action='session-initiate'`), 'error bad-request'],
    ['an empty sid', jingle(`action='session-initiate' sid=''`), 'error bad-request'],
    ['a long sid', jingle(`action='session-initiate' sid='${'x'.repeat(257)}'`), 'error bad-request'],
    [
      'two contents of one name',
      jingle(`action='session-initiate' sid='x'`, content + content),
      'error bad-request',
    ],
    ['33 contents', jingle(`action='session-initiate' sid='x'`, many), 'error resource-constraint'],
    ['no content', jingle(`action='session-initiate' sid='x'`, ''), 'error bad-request'],
  ];
  for (const [name, payload, expected] of cases) {
    test(`${name}: ${expected}, and nothing of it is left`, () => {
      const stage = new Stage();
      stage.iq(payload);
      assert.deepEqual(stage.words(), [`${expected} > ${DESK}`]);
      assert.deepEqual([stage.calls.flatMap(({ sip }) => sip), stage.sessions.waiting], [[], 0]);
      stage.time.advance(33_000);
      assert.deepEqual([stage.sessions.size, stage.time.timers.size], [0, 0]);
    });
  }

  test('what is no action of Jingle is left to others', () => {
    const stage = new Stage();
    const ends = `from='${DESK}' to='${PHONE}'`;
    for (const text of [
      `<iq ${ends} id='1' type='get'><jingle xmlns='urn:xmpp:jingle:1' action='session-info' sid='x'/></iq>`,
      `<iq ${ends} id='1' type='set'><query xmlns='jabber:iq:roster'/></iq>`,
      `<iq ${ends} type='set'><jingle xmlns='urn:xmpp:jingle:1' action='session-info' sid='x'/></iq>`,
      `<iq ${ends} id='1' type='result'/>`,
      `<iq to='${PHONE}' id='1' type='set'><jingle xmlns='urn:xmpp:jingle:1' action='session-info' sid='x'/></iq>`,
    ]) {
      assert.equal(stage.sessions.iq(readStanza(text), stage.group), false, text);
    }
    stage.assertOver();
  });
});

describe('bounds', () => {
  test('32 calls of one XMPP user, and as many as there may be of all', () => {
    const stage = new Stage(40);
    for (let i = 0; i < 33; i += 1) stage.acts(offer, `s${i}`);
    assert.equal(stage.words().at(-1), `error resource-constraint > ${DESK}`);
    assert.equal(stage.beginnings.length, 32);
    for (let i = 0; i < 9; i += 1) stage.proposes(`p${i}`, `user${i}@capulet.example/x`);
    assert.equal(stage.beginnings.length, 40);
    assert.equal(stage.words().at(-1), 'error resource-constraint > user8@capulet.example/x');
    const host = stage.call;
    assert.equal(stage.sessions.outgoing(host, { self: ROMEO, peer: JULIET }), undefined);
    assert.equal(stage.sessions.size, 40);
    stage.sessions.stop();
    assert.deepEqual([stage.sessions.size, stage.sessions.waiting], [0, 0]);
  });

  play('one answer of a device is enough to end a call, however many come', (stage) => {
    stage.phoneCalls(undefined, 's');
    for (let i = 0; i < 100; i += 1) stage.says('ringing', 's', '', `${JULIET}/${i}`);
    for (let i = 0; i < 100; i += 1) stage.says('reject', 's', '', `${JULIET}/${i}`);
    assert.equal(stage.call.outcomes.length, 1);
  });
});

describe('a link that goes away', () => {
  play('what the server may not have is written again with its id; who had it says out-of-order', (stage) => {
    const call = stage.phoneCalls(DESK, 's');
    const [first] = stage.sent();
    stage.link.state = 'down';
    stage.group.linkDown(stage.link);
    stage.link.state = 'up';
    stage.group.linkUp();
    const [again] = stage.sent();
    assert.equal(again?.attr('id'), first?.attr('id'));
    assert.ok(again !== undefined);
    stage.answers(again, errorOf('unexpected-request', 'out-of-order'));
    assert.deepEqual(call.outcomes, []);
    stage.acts(answer, 's');
    assert.equal(call.state.phase, 'up');
    stage.sent();
    stage.link.state = 'down';
    stage.group.linkDown(stage.link);
    call.take({ kind: 'sipEnded', end: { cause: 'hungUp', by: 'peer' } });
    assert.deepEqual(stage.words(), []);
    stage.link.state = 'up';
    stage.group.linkUp();
    assert.deepEqual(
      stage.words(),
      [`session-terminate success > ${DESK}`],
      'the end is told when it can be',
    );
  });

  play('what nobody waits for any more is not written', (stage) => {
    const call = stage.phoneCalls(DESK, 's');
    stage.answers(stage.last('session-initiate'));
    stage.sent();
    stage.link.state = 'down';
    stage.group.linkDown(stage.link);
    call.take({ kind: 'sipEnded', end: { cause: 'cancelled', by: 'peer' } });
    stage.time.advance(30_100);
    stage.link.state = 'up';
    stage.group.linkUp();
    assert.deepEqual(stage.words(), []);
  });
});

describe('order', () => {
  play('CALL-15: the last content goes: what the session says comes before what follows from it', (stage) => {
    stage.proposes('s');
    stage.acts(offer, 's');
    stage.sent();
    stage.acts({ action: 'content-remove', contents: [{ name: 'voice', creator: 'initiator' }] }, 's');
    assert.deepEqual(stage.words(), [
      `result > ${DESK}`,
      `session-terminate success > ${DESK}`,
      // It was not answered.
      `finish failed-application > ${DESK}`,
    ]);
  });

  test('what the session may not send is told as failed, unless it is over', () => {
    const stage = new Stage();
    const events: CallEvent[] = [];
    const host = { take: (event: CallEvent) => void events.push(event), changed: () => undefined };
    const leg = stage.sessions.outgoing(host, { self: PHONE, peer: DESK, sid: 's' });
    const contents = [{ name: 'cam', creator: 'responder' }] as const;
    const accept = { kind: 'session', action: { action: 'content-accept', contents } } as const;
    leg?.command({ kind: 'session', action: offer, to: DESK });
    leg?.command(accept);
    const failed = { kind: 'failed', action: 'content-accept', contents };
    assert.deepEqual(events, [{ kind: 'session', report: failed }]);
    leg?.command({ kind: 'session', action: bye });
    leg?.command(accept);
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['session', 'sessionEnded'],
    );
    stage.assertOver();
  });

  play('out-of-order to what was written once ends the call', (stage) => {
    const call = stage.phoneCalls(DESK, 's');
    stage.answers(stage.last('session-initiate'), errorOf('unexpected-request', 'out-of-order'));
    assert.equal(call.outcomes.length, 1);
  });

  play('an answer that comes behind the end is of nothing', (stage) => {
    stage.acts(offer, 's');
    stage.call.take({ kind: 'progress', status: 180 });
    stage.acts(bye, 's');
    assert.equal(stage.sessions.waiting, 0);
    assert.equal(stage.answers(stage.last('session-info ringing'), errorOf('gone')), false);
  });
});

describe('silence', () => {
  play('CALL-05: no answer to session-accept', (stage) => {
    stage.proposes('s');
    stage.acts(offer, 's');
    const description = sdpOf(['audio'], { setup: 'passive' });
    stage.call.take({ kind: 'answered', tag: 't', description, trickle: false });
    stage.sent();
    stage.time.advance(30_100);
    assert.deepEqual(stage.words(), [`session-terminate timeout > ${DESK}`, `finish timeout > ${DESK}`]);
    assert.deepEqual(stage.call.outcomes, [{ kind: 'lost', side: 'xmpp', why: 'silent' }]);
    assert.equal(stage.answers(stage.last('session-accept')), false);
  });

  play('CALL-03: ringing that nobody understands does not end the call', (stage) => {
    stage.proposes('s');
    stage.acts(offer, 's');
    stage.call.take({ kind: 'progress', status: 180 });
    stage.answers(stage.last('session-info ringing'), errorOf('feature-not-implemented', 'unsupported-info'));
    assert.deepEqual(stage.call.outcomes, []);
    stage.acts(bye, 's');
  });
});
