// A call that we make, every state with every event (RFC 3261 §13.2, §9.1; RFC 3262 §4; RFC 4028 §7.3; RFC 6228).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  beginCaller,
  stepCaller,
  type CallOffer,
  type CallerEvent,
  type CallerState,
} from '../../../src/sip/invite/caller.ts';
import { beginSession } from '../../../src/sip/invite/session.ts';
import { play, told, type Line } from './rig.ts';

const OFFER: CallOffer = { description: 'offer', expires: undefined, minSe: undefined };
const start = beginCaller(OFFER).state;
const after = (...events: CallerEvent[]): CallerState =>
  events.reduce((state, event) => stepCaller(state, event).state, start);

const trying: CallerEvent = { kind: 'provisional', status: 100, description: 'none' };
const ringing = (tag: string): CallerEvent => ({
  kind: 'provisional',
  status: 180,
  tag,
  description: 'none',
});
const reliable = (tag: string, rseq: number, description: 'none' | 'offer' | 'answer'): CallerEvent => ({
  kind: 'provisional',
  status: 183,
  tag,
  rseq,
  description,
});
const ok = (tag: string, description: 'none' | 'offer' | 'answer' = 'answer'): CallerEvent => ({
  kind: 'accepted',
  tag,
  description,
});
const refused = (status: number, minSe?: number): CallerEvent =>
  minSe === undefined ? { kind: 'refused', status } : { kind: 'refused', status, minSe };
const hangUp: CallerEvent = { kind: 'hangUp' };
const noAnswer: CallerEvent = { kind: 'timerNoAnswer' };
const update = (tag: string): CallerEvent => ({
  kind: 'change',
  tag,
  event: { kind: 'received', method: 'UPDATE', cseq: 4, description: 'none' },
});

const STATES: Record<string, CallerState> = {
  calling: start,
  'calling, hung up': after(hangUp),
  'proceeding after 100': after(trying),
  'proceeding, a rings': after(ringing('a')),
  'proceeding, a rings, hung up': after(ringing('a'), hangUp),
  'proceeding, a ended': after(ringing('a'), { kind: 'endFork', tag: 'a' }),
  'answered by a': after(ringing('b'), ok('a')),
  over: after(refused(486)),
};
const EVENTS: Record<string, CallerEvent> = {
  retried: { kind: 'retried' },
  '100': trying,
  '180 without tag': { kind: 'provisional', status: 180, description: 'none' },
  '180 a': ringing('a'),
  '180 A': ringing('A'),
  '183 a answer': { kind: 'provisional', status: 183, tag: 'a', description: 'answer' },
  '183 a answer, reliable': reliable('a', 7, 'answer'),
  '199 a': { kind: 'provisional', status: 199, tag: 'a', description: 'none' },
  '200 a': ok('a'),
  '200 a, none': ok('a', 'none'),
  '200 c': ok('c'),
  '486': refused(486),
  '422 Min-SE 3600': refused(422, 3600),
  timeout: { kind: 'failed', reason: 'timeout' },
  hangUp,
  noAnswer,
  'acknowledge a': { kind: 'acknowledge', tag: 'a' },
  'UPDATE in a': update('a'),
  'endFork a': { kind: 'endFork', tag: 'a' },
  'byeFailed a': { kind: 'byeFailed', tag: 'a' },
  forks: { kind: 'timerForks' },
};
const established = (tag: string): string =>
  `take ${tag} answer, ack ${tag}, waitForForks 32000, established ${tag} agreed`;
const NO_DIALOG = { 'UPDATE in a': 'change a {reply 4 481 none}' };
const CANCELLED = 'ended {cancelled us}';

const EXPECTED: Record<string, Record<string, string>> = {
  calling: {
    ...NO_DIALOG,
    retried: '',
    '100': '',
    '180 without tag': 'progress 180',
    '180 a': 'progress 180 a',
    '180 A': 'progress 180 a',
    '183 a answer': 'take a answer, progress 183 a',
    '183 a answer, reliable': 'take a answer, prack a 7 none, progress 183 a',
    '199 a': '',
    '200 a': established('a'),
    '200 a, none': 'ack a, bye a, waitForForks 32000, ended {lost noAnswer}',
    '200 c': established('c'),
    '486': 'ended {refused 486}',
    '422 Min-SE 3600': 'invite {offer {3600} 3600}',
    timeout: 'ended {failed timeout}',
    hangUp: 'stopTrying',
    noAnswer: 'stopTrying',
  },
  // RFC 3261 §9.1: no CANCEL before a provisional response.
  'calling, hung up': {
    ...NO_DIALOG,
    '100': 'cancel',
    '180 without tag': 'cancel',
    '180 a': 'cancel',
    '180 A': 'cancel',
    '183 a answer': 'cancel, take a answer',
    '183 a answer, reliable': 'cancel, take a answer, prack a 7 none',
    '199 a': 'cancel',
    '200 a': `ack a, bye a, waitForForks 32000, ${CANCELLED}`,
    '200 a, none': `ack a, bye a, waitForForks 32000, ${CANCELLED}`,
    '200 c': `ack c, bye c, waitForForks 32000, ${CANCELLED}`,
    '486': CANCELLED,
    '422 Min-SE 3600': CANCELLED,
    timeout: CANCELLED,
    hangUp: '',
    noAnswer: '',
  },
  'proceeding after 100': {
    ...NO_DIALOG,
    retried: '',
    '100': '',
    '180 without tag': 'progress 180',
    '180 a': 'progress 180 a',
    '180 A': 'progress 180 a',
    '183 a answer': 'take a answer, progress 183 a',
    '183 a answer, reliable': 'take a answer, prack a 7 none, progress 183 a',
    '199 a': '',
    '200 a': established('a'),
    '200 a, none': 'ack a, bye a, waitForForks 32000, ended {lost noAnswer}',
    '200 c': established('c'),
    '486': 'ended {refused 486}',
    '422 Min-SE 3600': 'invite {offer {3600} 3600}',
    timeout: 'ended {failed timeout}',
    hangUp: 'stopTrying, cancel',
    noAnswer: 'stopTrying, cancel',
  },
  'proceeding, a rings': {
    retried: 'forkEnded a',
    '100': '',
    '180 without tag': 'progress 180',
    '180 a': 'progress 180 a',
    '180 A': 'progress 180 a',
    '183 a answer': 'take a answer, progress 183 a',
    '183 a answer, reliable': 'take a answer, prack a 7 none, progress 183 a',
    '199 a': 'forkEnded a',
    '200 a': established('a'),
    '200 a, none': 'ack a, bye a, waitForForks 32000, ended {lost noAnswer}',
    '200 c': 'take c answer, ack c, waitForForks 32000, forkEnded a, established c agreed',
    '486': 'forkEnded a, ended {refused 486}',
    '422 Min-SE 3600': 'forkEnded a, invite {offer {3600} 3600}',
    timeout: 'forkEnded a, ended {failed timeout}',
    hangUp: 'stopTrying, cancel',
    noAnswer: 'stopTrying, cancel',
    'UPDATE in a': 'change a {asked UPDATE 4 none}',
    'endFork a': 'bye a, forkEnded a',
  },
  'proceeding, a rings, hung up': {
    '100': '',
    '180 without tag': '',
    '180 a': '',
    '180 A': '',
    '183 a answer': 'take a answer',
    '183 a answer, reliable': 'take a answer, prack a 7 none',
    '199 a': 'forkEnded a',
    '200 a': `ack a, bye a, waitForForks 32000, ${CANCELLED}`,
    '200 a, none': `ack a, bye a, waitForForks 32000, ${CANCELLED}`,
    '200 c': `ack c, bye c, waitForForks 32000, forkEnded a, ${CANCELLED}`,
    '486': `forkEnded a, ${CANCELLED}`,
    '422 Min-SE 3600': `forkEnded a, ${CANCELLED}`,
    timeout: `forkEnded a, ${CANCELLED}`,
    hangUp: '',
    noAnswer: '',
    'UPDATE in a': 'change a {asked UPDATE 4 none}',
    'endFork a': 'bye a, forkEnded a',
  },
  'proceeding, a ended': {
    ...NO_DIALOG,
    retried: '',
    '100': '',
    '180 without tag': 'progress 180',
    '180 a': '',
    '180 A': '',
    '183 a answer': '',
    '183 a answer, reliable': '',
    '199 a': '',
    // RFC 5407 §3.1.3: the ACK only; its BYE is under way.
    '200 a': 'ack a, waitForForks 32000',
    '200 a, none': 'ack a, waitForForks 32000',
    '200 c': established('c'),
    '486': 'ended {refused 486}',
    '422 Min-SE 3600': 'invite {offer {3600} 3600}',
    timeout: 'ended {failed timeout}',
    hangUp: 'stopTrying, cancel',
    noAnswer: 'stopTrying, cancel',
    'byeFailed a': '',
  },
  // RFC 3261 §13.2.2.4.
  'answered by a': {
    ...NO_DIALOG,
    '100': '',
    '180 without tag': '',
    '180 a': '',
    '180 A': '',
    '183 a answer': '',
    '183 a answer, reliable': '',
    '199 a': '',
    '200 a': 'ackAgain a',
    '200 a, none': 'ackAgain a',
    '200 c': 'ack c, bye c',
    hangUp: '',
    noAnswer: '',
    forks: '',
  },
  // A 2xx that nobody waits for is ended all the same.
  over: {
    ...NO_DIALOG,
    '200 a': 'ack a, bye a',
    '200 a, none': 'ack a, bye a',
    '200 c': 'ack c, bye c',
    hangUp: '',
  },
};

test('it begins with the INVITE', () => {
  assert.equal(told(start, beginCaller(OFFER)), 'invite {offer}');
});

for (const [name, state] of Object.entries(STATES)) {
  describe(name, () => {
    for (const [label, event] of Object.entries(EVENTS)) {
      test(label, () => assert.equal(told(state, stepCaller(state, event)), EXPECTED[name]?.[label] ?? '-'));
    }
  });
}

describe('several dialogs', () => {
  const cases: Record<string, readonly Line<CallerEvent>[]> = {
    'RFC 5407 figure 4: a 2xx ends the other early dialog': [
      [ringing('a'), 'progress 180 a'],
      [ringing('b'), 'progress 180 b'],
      [ok('a'), 'take a answer, ack a, waitForForks 32000, forkEnded b, established a agreed'],
      [{ kind: 'timerForks' }, ''],
    ],
    'RFC 5407 figure 5: a 2xx of each': [
      [ringing('a'), 'progress 180 a'],
      [ringing('b'), 'progress 180 b'],
      [ok('a'), 'take a answer, ack a, waitForForks 32000, forkEnded b, established a agreed'],
      [ok('b'), 'ack b, bye b'],
      [ok('b'), 'ackAgain b'],
      [{ kind: 'timerForks' }, ''],
    ],
    'RFC 5407 figure 6: a 2xx of each without a provisional response of the second': [
      [ringing('a'), 'progress 180 a'],
      [ok('a'), established('a')],
      [ok('b'), 'ack b, bye b'],
    ],
    'RFC 5407 appendix A: a BYE ends one, and another answers': [
      [ringing('A'), 'progress 180 a'],
      [{ kind: 'endFork', tag: 'A' }, 'bye a, forkEnded a'],
      [ok('B'), established('b')],
    ],
    'appendix A as drawn: she wants none of them': [
      [ringing('A'), 'progress 180 a'],
      [{ kind: 'endFork', tag: 'A' }, 'bye a, forkEnded a'],
      [hangUp, 'stopTrying, cancel'],
      [ok('B'), `ack b, bye b, waitForForks 32000, ${CANCELLED}`],
    ],
    'only a dialog that we ended answers: the outcome is told when nothing can come any more': [
      [ringing('a'), 'progress 180 a'],
      [{ kind: 'endFork', tag: 'a' }, 'bye a, forkEnded a'],
      [{ kind: 'byeFailed', tag: 'a' }, ''],
      [ok('a'), 'ack a, bye a, waitForForks 32000'],
      [{ kind: 'timerForks' }, CANCELLED],
    ],
    'a dialog that we ended answers first, and then another, which is the call': [
      [ringing('a'), 'progress 180 a'],
      [{ kind: 'endFork', tag: 'a' }, 'bye a, forkEnded a'],
      [ok('a'), 'ack a, waitForForks 32000'],
      [ok('c'), 'take c answer, ack c, established c agreed'],
      [ok('d'), 'ack d, bye d'],
      [{ kind: 'timerForks' }, ''],
    ],
    'a dialog that we ended is not ended twice when another has answered': [
      [ringing('a'), 'progress 180 a'],
      [{ kind: 'endFork', tag: 'a' }, 'bye a, forkEnded a'],
      [ok('c'), established('c')],
      [ok('a'), 'ack a'],
    ],
    'nothing goes on in the others when one has answered': [
      [ringing('a'), 'progress 180 a'],
      [ringing('b'), 'progress 180 b'],
      [ok('a'), 'take a answer, ack a, waitForForks 32000, forkEnded b, established a agreed'],
      [update('b'), 'change b {reply 4 481 none}'],
      [{ kind: 'endFork', tag: 'b' }, '-'],
    ],
    'each has an order of reliable responses of its own (RFC 3262 §4)': [
      [reliable('a', 700, 'none'), 'prack a 700 none, progress 183 a'],
      [reliable('b', 3, 'none'), 'prack b 3 none, progress 183 b'],
      [reliable('a', 700, 'none'), ''],
      [reliable('a', 702, 'answer'), ''],
      [reliable('a', 701, 'answer'), 'take a answer, prack a 701 none, progress 183 a'],
      [reliable('b', 4, 'answer'), 'take b answer, prack b 4 none, progress 183 b'],
      [ok('b', 'none'), 'ack b, waitForForks 32000, forkEnded a, established b agreed'],
    ],
  };
  for (const [name, lines] of Object.entries(cases)) test(name, () => void play(start, stepCaller, lines));

  test('no more than sixteen are heard before they answer', () => {
    let state = start;
    for (let i = 0; i < 16; i++) state = play(state, stepCaller, [[ringing(`t${i}`), `progress 180 t${i}`]]);
    play(state, stepCaller, [[ringing('t16'), '']]);
    assert.match(
      told(state, stepCaller(state, ok('t16'))),
      /^take t16 answer, ack t16, .*established t16 agreed$/,
    );
  });
});

describe('offers and answers', () => {
  test('RFC 3261 §13.2.1: the first description counts, the 2xx repeats it', () => {
    play(start, stepCaller, [
      [
        { kind: 'provisional', status: 183, tag: 'a', description: 'answer' },
        'take a answer, progress 183 a',
      ],
      [{ kind: 'provisional', status: 183, tag: 'a', description: 'answer' }, 'progress 183 a'],
      [ok('a'), 'ack a, waitForForks 32000, established a agreed'],
    ]);
  });
  test('RFC 3311 §5.1: an early answer that may be lost allows no UPDATE yet', () => {
    const want: CallerEvent = {
      kind: 'change',
      tag: 'a',
      event: { kind: 'want', change: { method: 'UPDATE', offer: true } },
    };
    play(start, stepCaller, [
      [
        { kind: 'provisional', status: 183, tag: 'a', description: 'answer' },
        'take a answer, progress 183 a',
      ],
      [want, ''],
      [reliable('a', 1, 'answer'), 'prack a 1 none, progress 183 a, change a {send UPDATE offer}'],
      [
        { kind: 'change', tag: 'a', event: { kind: 'accepted', description: 'answer' } },
        'change a {take answer}, change a {done UPDATE}',
      ],
      [ok('a'), 'ack a, waitForForks 32000, established a agreed'],
    ]);
  });
  test('an UPDATE that is wanted leaves behind the PRACK with our answer, or in the session', () => {
    const want: CallerEvent = {
      kind: 'change',
      tag: 'a',
      event: { kind: 'want', change: { method: 'UPDATE', offer: true } },
    };
    play(beginCaller({ ...OFFER, description: 'none' }).state, stepCaller, [
      [reliable('a', 9, 'offer'), 'take a offer, progress 183 a'],
      [want, ''],
      [{ kind: 'acknowledge', tag: 'a' }, 'prack a 9 answer, change a {send UPDATE offer}'],
    ]);
    const waiting = play(start, stepCaller, [
      [ringing('a'), 'progress 180 a'],
      [want, ''],
    ]);
    const established = stepCaller(waiting, ok('a')).effects.find(({ kind }) => kind === 'established');
    assert.ok(established?.kind === 'established');
    const begun = beginSession({ changes: established.changes, timer: undefined, update: true });
    assert.equal(told(begun.state, begun), 'send UPDATE offer');
  });
  test('an UPDATE under way goes on in the session; the 2xx to the INVITE does not answer it', () => {
    play(start, stepCaller, [
      [reliable('a', 1, 'answer'), 'take a answer, prack a 1 none, progress 183 a'],
      [
        { kind: 'change', tag: 'a', event: { kind: 'want', change: { method: 'UPDATE', offer: true } } },
        'change a {send UPDATE offer}',
      ],
      [ok('a'), 'ack a, waitForForks 32000, established a ours/sent'],
    ]);
  });
  test('RFC 3311 §5.3: an UPDATE without any answer ends its early dialog', () => {
    play(start, stepCaller, [
      [reliable('a', 1, 'answer'), 'take a answer, prack a 1 none, progress 183 a'],
      [
        { kind: 'change', tag: 'a', event: { kind: 'want', change: { method: 'UPDATE', offer: true } } },
        'change a {send UPDATE offer}',
      ],
      [{ kind: 'change', tag: 'a', event: { kind: 'failed', reason: 'timeout' } }, 'bye a, forkEnded a'],
      [ok('a'), 'ack a, waitForForks 32000'],
    ]);
  });

  const noOffer = beginCaller({ ...OFFER, description: 'none' }).state;
  test('RFC 3262 §5: an offer in a reliable response is answered in the PRACK', () => {
    play(noOffer, stepCaller, [
      [reliable('a', 9, 'offer'), 'take a offer, progress 183 a'],
      [reliable('a', 10, 'none'), 'prack a 10 none, progress 183 a'],
      [{ kind: 'acknowledge', tag: 'A' }, 'prack a 9 answer'],
      [{ kind: 'acknowledge', tag: 'a' }, '-'],
      [ok('a', 'none'), 'ack a, waitForForks 32000, established a agreed'],
    ]);
  });
  test('a reliable response without the offer that is due, and a second offer, are acknowledged, and nothing else', () => {
    play(noOffer, stepCaller, [
      [reliable('a', 1, 'none'), 'prack a 1 none, progress 183 a'],
      [reliable('a', 2, 'offer'), 'take a offer, progress 183 a'],
      [{ kind: 'acknowledge', tag: 'a' }, 'prack a 2 answer'],
      [reliable('a', 3, 'offer'), 'prack a 3 none, progress 183 a'],
    ]);
  });
  test('RFC 3665 §3.6: an offer in the 2xx is answered in the ACK, by the session', () => {
    play(noOffer, stepCaller, [
      [ringing('a'), 'progress 180 a'],
      [ok('a', 'offer'), 'take a offer, waitForForks 32000, established a theirs/owed'],
      [ok('a', 'offer'), 'ackAgain a'],
      [ok('b', 'offer'), 'ack b rejecting, bye b'],
    ]);
  });
  test('a 2xx that does not wait for the PRACK with the answer gets it in the ACK', () => {
    play(noOffer, stepCaller, [
      [reliable('a', 9, 'offer'), 'take a offer, progress 183 a'],
      [ok('a', 'none'), 'waitForForks 32000, established a theirs/owed'],
    ]);
  });
  test('a 2xx without the offer that is due', () => {
    play(noOffer, stepCaller, [
      [ok('a', 'none'), 'ack a, bye a, waitForForks 32000, ended {lost noAnswer}'],
      [ok('b', 'offer'), 'ack b rejecting, bye b'],
    ]);
  });
  test('hung up: an offer in the 2xx is refused in the ACK', () => {
    play(noOffer, stepCaller, [
      [hangUp, 'stopTrying'],
      [ok('a', 'offer'), `ack a rejecting, bye a, waitForForks 32000, ${CANCELLED}`],
    ]);
  });
});

test('an offer in a 2xx that comes after the end is refused in the ACK', () => {
  play(start, stepCaller, [
    [refused(486), 'ended {refused 486}'],
    [ok('a', 'offer'), 'ack a rejecting, bye a'],
  ]);
});

test('RFC 3311 §5.3: the Call-ID is ours, so that we wait longer after 491', () => {
  play(start, stepCaller, [
    [reliable('a', 1, 'answer'), 'take a answer, prack a 1 none, progress 183 a'],
    [
      { kind: 'change', tag: 'a', event: { kind: 'want', change: { method: 'UPDATE', offer: true } } },
      'change a {send UPDATE offer}',
    ],
    [{ kind: 'change', tag: 'a', event: { kind: 'refused', status: 491 } }, 'change a {pause 2100 4000}'],
  ]);
});

describe('a call that is over answers what is still asked in its early dialogs', () => {
  test('RFC 3261 §15.1.2', () => {
    play(start, stepCaller, [
      [ringing('a'), 'progress 180 a'],
      [update('a'), 'change a {asked UPDATE 4 none}'],
      [refused(486), 'change a {reply 4 487 none}, forkEnded a, ended {refused 486}'],
    ]);
  });
  test('CALL-34: no answer', () => {
    play(start, stepCaller, [
      [ringing('a'), 'progress 180 a'],
      [noAnswer, 'stopTrying, cancel'],
      [hangUp, ''],
      [refused(487), 'forkEnded a, ended {noAnswer}'],
    ]);
  });
});

describe('RFC 4028 §13: 50 s, 422 with 3600, 422 with 4000', () => {
  test('the INVITE leaves three times', () => {
    const begun = beginCaller({ ...OFFER, expires: { seconds: 50 } });
    assert.equal(told(begun.state, begun), 'invite {offer {50}}');
    play(begun.state, stepCaller, [
      [trying, ''],
      [refused(422, 3600), 'invite {offer {3600} 3600}'],
      [refused(422, 4000), 'invite {offer {4000} 4000}'],
      [ok('9as888nd'), established('9as888nd')],
    ]);
  });
  const stubborn: Record<string, CallerEvent> = {
    'without Min-SE': refused(422),
    'that asks for no more': refused(422, 90),
    'that asks for more than a day': refused(422, 86_401),
  };
  for (const [name, event] of Object.entries(stubborn)) {
    test(`422 ${name}`, () => {
      const { state } = beginCaller({ ...OFFER, expires: { seconds: 90 } });
      play(state, stepCaller, [[event, 'ended {refused 422}']]);
    });
  }
  test('not more than four times', () => {
    play(start, stepCaller, [
      [refused(422, 100), 'invite {offer {100} 100}'],
      [refused(422, 101), 'invite {offer {101} 101}'],
      [refused(422, 102), 'invite {offer {102} 102}'],
      [refused(422, 103), 'invite {offer {103} 103}'],
      [refused(422, 104), 'ended {refused 422}'],
    ]);
  });
});
