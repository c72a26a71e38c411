// Machine K, state by state: every state with every event, and the answer of each to "the other side vanished".

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stepCall, type CallEvent } from '../../../src/interwork/call/index.ts';
import { NO_AGREEMENT } from '../../../src/sdp/index.ts';
import {
  isTransferred,
  stanzaError,
  type ReasonCondition,
  type StanzaCondition,
} from '../../../src/xmpp/index.ts';
import { contentOf, DESK, sdpOf } from './call-play.ts';
import {
  ACCEPT,
  ANSWERED,
  Call,
  callIn,
  info,
  INITIATE,
  INVITED,
  jingle,
  PROCEED,
  PROPOSED,
  words,
  type Way,
} from './call-states.ts';

const video = contentOf('cam', 'responder', 'video');
const EVENTS = {
  invited: INVITED,
  progress: { kind: 'progress', status: 180 },
  early: { kind: 'early', tag: 'a', description: sdpOf(['audio']) },
  answered: ANSWERED,
  asked: { kind: 'asked', method: 'INVITE', description: sdpOf(['audio'], { version: 2 }) },
  askedNoMore: { kind: 'askedNoMore' },
  acknowledged: { kind: 'acknowledged', description: sdpOf(['audio']) },
  offerDue: { kind: 'offerDue' },
  changed: { kind: 'changed' },
  unchanged: { kind: 'unchanged', status: 488 },
  trickled: { kind: 'trickled', media: [] },
  tone: { kind: 'tone', cseq: 2, tone: { code: '1', duration: 100 } },
  toned: { kind: 'toned', id: 'i1' },
  probed: { kind: 'probed', id: 'i1' },
  asksTones: {
    kind: 'session',
    report: {
      kind: 'question',
      id: 'i1',
      question: { kind: 'tones', tones: [{ code: '1', duration: 100 }] },
    },
  },
  sipEnded: { kind: 'sipEnded', end: { cause: 'failed', reason: 'transport' } },
  ringing: { kind: 'initiation', report: { kind: 'ringing' } },
  proceed: PROCEED,
  proposed: PROPOSED,
  initiationEnded: { kind: 'initiationEnded', end: { cause: 'unanswered' } },
  initiate: INITIATE,
  accept: ACCEPT,
  add: jingle('content-add', [video]),
  contentAccept: jingle('content-accept', [video]),
  infoRinging: info('ringing'),
  hold: info('hold'),
  failed: { kind: 'session', report: { kind: 'failed', action: 'content-add', contents: [] } },
  sessionEnded: { kind: 'sessionEnded', end: { cause: 'vanished', phase: 'pending' } },
  timerAnswer: { kind: 'timer', timer: 'answer' },
  timerGather: { kind: 'timer', timer: 'gather' },
  timerChange: { kind: 'timer', timer: 'change' },
  handedOver: { kind: 'handedOver', by: 'sip' },
  shutDown: { kind: 'shutDown' },
} as const satisfies Record<string, CallEvent>;
type Name = keyof typeof EVENTS;
const NAMES = Object.keys(EVENTS);

/** What belongs to every state after the first: words of the XMPP side that may be late, and the ends. */
const ALWAYS = 'asksTones add contentAccept infoRinging hold failed shutDown';
/** Events that each state expects. */
const EXPECTED: Readonly<Record<Way, string>> = {
  proposing: `${ALWAYS} asked ringing proceed sipEnded initiationEnded timerAnswer`,
  initiating: `${ALWAYS} asked ringing trickled accept sipEnded initiationEnded sessionEnded timerAnswer`,
  answering: `${ALWAYS} asked ringing trickled sipEnded initiationEnded sessionEnded timerAnswer timerGather`,
  proposed: `${ALWAYS} ringing initiate initiationEnded`,
  gathering: `${ALWAYS} ringing trickled initiationEnded sessionEnded timerAnswer timerGather`,
  calling: `${ALWAYS} ringing progress early answered asked trickled sipEnded initiationEnded sessionEnded timerAnswer`,
  up: `${ALWAYS} handedOver ringing progress early asked askedNoMore offerDue changed unchanged trickled tone toned probed sipEnded initiationEnded sessionEnded acknowledged`,
  upToSip: `${ALWAYS} handedOver ringing progress early asked askedNoMore offerDue changed unchanged trickled tone toned probed sipEnded initiationEnded sessionEnded acknowledged`,
  // It never had a description that could be offered.
  ended: NAMES.filter((name) => name !== 'invited' && name !== 'offerDue').join(' '),
};

describe('every state with every event', () => {
  for (const [way, handled] of Object.entries(EXPECTED)) {
    test(way, () => {
      const before = callIn(way).state;
      const expected = handled.split(' ');
      for (const [name, event] of Object.entries<CallEvent>(EVENTS)) {
        const step = stepCall(before, event);
        assert.equal(step.expected, expected.includes(name), `${way}: ${name}`);
        if (!step.expected) {
          assert.equal(step.state, before);
          assert.equal(step.effects.length, 0);
        }
        const outcomes = step.effects.filter(({ kind }) => kind === 'outcome').length;
        const isEnd = before.phase !== 'ended' && step.state.phase === 'ended';
        assert.equal(
          outcomes,
          isEnd ? 1 : 0,
          `${way}: ${name} tells its outcome when it ends, and only then`,
        );
        if (!isEnd) continue;
        const { table, contents, groups, exchange, sent } = step.state;
        assert.deepEqual([table, contents, groups], [[], [], []], `${way}: ${name} keeps no contents`);
        assert.deepEqual([exchange, sent], [NO_AGREEMENT, undefined], `${way}: ${name} keeps no description`);
      }
    });
  }
});

/** What each state says when a leg is gone: the SIP leg, the session, the proposal. */
const VANISHED: Readonly<Record<Exclude<Way, 'ended'>, Partial<Record<Name, string>>>> = {
  proposing: {
    sipEnded: 'stop answer; leave general-error; = failed sip 503 503',
    initiationEnded: 'stop answer; endSip 480; = noAnswer',
  },
  initiating: {
    sipEnded: 'stop answer; session-terminate general-error; leave general-error; = failed sip 503 503',
    sessionEnded: 'stop answer; endSip 480; leave gone; = failed xmpp 480 vanished',
    initiationEnded: 'stop answer; endSip 480; session-terminate timeout; = noAnswer',
    timerAnswer: 'endSip 408; session-terminate timeout; leave timeout; = noAnswer',
  },
  answering: {
    sipEnded:
      'stop answer; stop gather; session-terminate general-error; leave general-error; = failed sip 503 503',
    sessionEnded: 'stop answer; stop gather; endSip 480; leave gone; = failed xmpp 480 vanished',
  },
  proposed: { initiationEnded: '= failed xmpp 480 unanswered; over' },
  gathering: {
    sessionEnded: 'stop answer; stop gather; leave gone; = failed xmpp 480 vanished',
    timerAnswer: 'stop gather; session-terminate timeout; leave timeout; = noAnswer',
  },
  calling: {
    sipEnded: 'stop answer; session-terminate general-error; leave general-error; = failed sip 503 503',
    sessionEnded: 'stop answer; endSip 480; leave gone; = failed xmpp 480 vanished',
    timerAnswer: 'endSip 408; session-terminate timeout; leave timeout; = noAnswer',
  },
  up: {
    sipEnded: 'session-terminate general-error; leave general-error; = failed sip 503 503',
    sessionEnded: 'endSip 480; leave gone; = lost xmpp vanished',
    shutDown: 'endSip 500 cause 500; session-terminate general-error; leave general-error; = ended gateway',
  },
  upToSip: { sessionEnded: 'endSip 480; leave gone; = lost xmpp vanished' },
};

describe('the other side vanished (CALL-32, CALL-33, CALL-34)', () => {
  for (const [way, rows] of Object.entries(VANISHED)) {
    for (const [name, expected] of Object.entries(rows)) {
      test(`${way}: ${name}`, () => {
        const event = Object.entries<CallEvent>(EVENTS).find(([each]) => each === name)?.[1];
        assert.ok(event !== undefined);
        assert.equal(words(callIn(way).step(event)).join('; '), expected);
      });
    }
  }

  test('after the outcome each leg says that it has ended, and then the call is over, once', () => {
    const call = callIn('ended');
    assert.deepEqual(
      words(call.step({ kind: 'sessionEnded', end: { cause: 'left', phase: 'pending' } })),
      [],
    );
    assert.deepEqual(words(call.step({ kind: 'sipEnded', end: { cause: 'refused', status: 500 } })), []);
    const end = { cause: 'left', reason: { condition: 'general-error' } } as const;
    assert.deepEqual(words(call.step({ kind: 'initiationEnded', end })), ['over']);
    assert.deepEqual(words(call.step({ kind: 'initiationEnded', end })), []);
  });

  test('a session-initiate that crossed the end of its call is ended as well', () => {
    const call = new Call('toSip');
    call.steps(PROPOSED, { kind: 'shutDown' });
    assert.deepEqual(words(call.step(INITIATE)), ['session-terminate expired']);
  });
});

describe('reasons and codes through the machine', () => {
  const terminated = (condition: ReasonCondition, phase: 'pending' | 'active' = 'pending'): CallEvent => ({
    ...{ kind: 'sessionEnded', end: { cause: 'terminated', phase, reason: { condition } } },
  });

  // CALL-06, CALL-50 to CALL-60.
  for (const [condition, status, outcome] of [
    ['busy', 486, 'busy'],
    ['decline', 603, 'declined'],
    ['timeout', 480, 'noAnswer'],
    ['cancel', 480, 'failed xmpp 480 cancel'],
    ['gone', 480, 'failed xmpp 480 gone'],
    ['failed-application', 488, 'failed xmpp 488 failed-application'],
    ['security-error', 488, 'failed xmpp 488 security-error'],
    ['general-error', 500, 'failed xmpp 500 general-error'],
    ['success', 480, 'failed xmpp 480 success'],
  ] as const) {
    test(`session-terminate ${condition} of the callee: ${status}`, () => {
      const said = words(callIn('initiating').step(terminated(condition)));
      assert.ok(said.includes(`endSip ${status}`));
      assert.ok(said.includes(`= ${outcome}`), said.join('; '));
    });
  }

  test('session-terminate of the caller before the answer: the SIP leg is cancelled (CALL-07)', () => {
    assert.deepEqual(words(callIn('calling').step(terminated('success'))), [
      ...['stop answer', 'endSip 480', 'leave success', '= cancelled'],
    ]);
  });

  // CALL-08, table 7.2 "after accept".
  for (const [condition, cause] of [
    ['success', undefined],
    ['busy', 486],
    ['decline', 603],
    ['timeout', 408],
    ['media-error', 488],
    ['general-error', 500],
  ] as const) {
    test(`session-terminate ${condition} after the answer: BYE${cause === undefined ? '' : ` with cause ${cause}`}`, () => {
      const [first, , outcome] = words(callIn('up').step(terminated(condition, 'active')));
      assert.equal(first, `endSip 480${cause === undefined ? '' : ` cause ${cause}`}`);
      assert.equal(outcome, '= ended xmpp');
    });
  }

  // CALL-11, CALL-70 to CALL-79.
  for (const [status, reason, outcome] of [
    [486, 'busy', 'busy'],
    [600, 'busy', 'busy'],
    [603, 'decline', 'declined'],
    [403, 'decline', 'declined'],
    [408, 'timeout', 'noAnswer'],
    [480, 'timeout', 'noAnswer'],
    [504, 'timeout', 'failed sip 504 504'],
    [404, 'gone', 'failed sip 404 404'],
    [488, 'incompatible-parameters', 'failed sip 488 488'],
    [401, 'security-error', 'failed sip 401 401'],
    [420, 'unsupported-applications', 'failed sip 420 420'],
    [487, 'general-error', 'failed sip 487 487'],
    [503, 'general-error', 'failed sip 503 503'],
  ] as const) {
    test(`${status} to the INVITE: session-terminate ${reason}`, () => {
      const event: CallEvent = { kind: 'sipEnded', end: { cause: 'refused', status }, text: 'Its phrase' };
      const effects = callIn('calling').step(event);
      assert.deepEqual(words(effects), [
        ...['stop answer', `session-terminate ${reason}`, `leave ${reason}`, `= ${outcome}`],
      ]);
      const ended = effects.find(({ kind }) => kind === 'session');
      assert.ok(ended?.kind === 'session' && ended.action.reason?.text === 'Its phrase');
    });
  }

  // CALL-09, CALL-80.
  for (const [cause, reason] of [
    [undefined, 'success'],
    [200, 'success'],
    [486, 'busy'],
    [408, 'timeout'],
  ] as const) {
    test(`BYE${cause === undefined ? '' : ` with cause ${cause}`}: session-terminate ${reason}`, () => {
      const event: CallEvent = { kind: 'sipEnded', end: { cause: 'hungUp', by: 'peer' }, cause };
      assert.deepEqual(words(callIn('up').step(event)), [
        ...[`session-terminate ${reason}`, `leave ${reason}`, '= ended sip'],
      ]);
    });
  }

  // CALL-35 to CALL-37; XEP-0251 §2: "<success/> <transferred/>".
  for (const by of ['sip', 'xmpp'] as const) {
    test(`handed over by ${by}: BYE, and a reason that says so`, () => {
      const effects = callIn('up').step({ kind: 'handedOver', by });
      assert.deepEqual(words(effects), [
        ...['endSip 480', 'session-terminate success', 'leave success', `= ended ${by}`],
      ]);
      const ended = effects.find(({ kind }) => kind === 'session');
      assert.ok(ended?.kind === 'session' && isTransferred(ended.action.reason));
    });
  }

  test('no ACK in 32 s: general-error, and the call was lost (CALL-32)', () => {
    const event: CallEvent = { kind: 'sipEnded', end: { cause: 'lost', why: 'noAck' } };
    assert.deepEqual(words(callIn('up').step(event)), [
      ...['session-terminate general-error', 'leave general-error', '= lost sip noAck'],
    ]);
  });

  // CALL-26, CALL-96: RFC 7247 table 2 for a full JID; service-unavailable is 480 by practice.
  for (const [condition, status] of [
    ['service-unavailable', 480],
    ['item-not-found', 404],
    ['not-acceptable', 488],
    ['forbidden', 403],
  ] as const satisfies readonly (readonly [StanzaCondition, number])[]) {
    test(`an error to session-initiate or propose, ${condition}: ${status}`, () => {
      const error = stanzaError(condition);
      const refused = words(
        callIn('initiating').step({
          kind: 'sessionEnded',
          end: { cause: 'refused', phase: 'pending', error },
        }),
      );
      assert.ok(refused.includes(`endSip ${status}`), refused.join('; '));
      const failed = words(
        callIn('proposing').step({ kind: 'initiationEnded', end: { cause: 'failed', error } }),
      );
      assert.ok(failed.includes(`endSip ${status}`), failed.join('; '));
      assert.ok(failed.includes(`= failed xmpp ${status} ${condition}`));
    });
  }
});

describe('how a call begins', () => {
  test('INVITE without an offer: 488 (CALL-30)', () => {
    const call = new Call('toXmpp');
    assert.deepEqual(words(call.step({ kind: 'invited', trickle: false })), [
      ...['endSip 488 cause 488', '= failed gateway 488 no offer'],
    ]);
  });

  test('INVITE with nothing that Jingle can say: 488 (SDP-04)', () => {
    const description = sdpOf(['audio']);
    const [medium] = description.media;
    assert.ok(medium !== undefined);
    const text = { ...description, media: [{ ...medium, media: 'text' }] };
    const said = words(new Call('toXmpp').step({ kind: 'invited', description: text, trickle: false }));
    assert.ok(said.includes('= failed gateway 488 no media'));
  });

  test('one description for each medium is proposed (CALL-90)', () => {
    const effects = new Call('toXmpp').step({
      ...{ kind: 'invited', description: sdpOf(['audio', 'video']), trickle: false },
    });
    const propose = effects.find(({ kind }) => kind === 'initiation');
    assert.ok(propose?.kind === 'initiation' && propose.event.kind === 'propose');
    assert.deepEqual(
      propose.event.descriptions.map((each) => each.attr('media')),
      ['audio', 'video'],
    );
  });

  test('a client that knows no proposals gets its session-initiate at once (CALL-101)', () => {
    const effects = new Call('toXmpp').step({ ...INVITED, device: DESK });
    assert.deepEqual(words(effects), ['start answer 180000', 'session-initiate']);
    const session = effects.find(({ kind }) => kind === 'session');
    assert.ok(session?.kind === 'session' && session.to === DESK);
  });

  test('proceed before the session is known, and no INVITE before it is there (CALL-97)', () => {
    const call = new Call('toSip');
    assert.deepEqual(words(call.step(PROPOSED)), ['proceed']);
    assert.deepEqual(words(call.step(INITIATE)), ['begun', 'start answer 180000', 'invite']);
  });

  test('it rings once, whatever says so (CALL-03)', () => {
    const call = callIn('calling');
    const say = (status: number): readonly string[] => words(call.step({ kind: 'progress', status }));
    assert.deepEqual(say(183), []);
    assert.deepEqual(say(181), ['session-info ringing']);
    assert.deepEqual([...say(180), ...say(182)], []);
    const other = callIn('proposing');
    const rings: CallEvent = { kind: 'initiation', report: { kind: 'ringing' } };
    assert.deepEqual(words(other.steps(rings, rings, PROCEED, info('ringing'))), [
      ...['progress 180', 'session-initiate', 'begun'],
    ]);
  });
});
