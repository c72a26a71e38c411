// Changes of a session, every state with every event (RFC 3261 §14, §13.3.1.4; RFC 3311 §5; RFC 3262 §5; RFC 6141).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ChangeEvent, Changes } from '../../../src/sip/invite/change.ts';
import { beginChanges, repliesAtEnd, stepChanges, unacknowledged } from '../../../src/sip/invite/changes.ts';
import { effectText, play, told } from './rig.ts';

const idle = beginChanges('confirmed', true, 'agreed');
const sent = (method: 'INVITE' | 'UPDATE', offer: boolean): Changes => ({
  ...idle,
  offer: offer ? 'ours' : 'agreed',
  ours: { name: 'sent', change: { method, offer }, rseq: undefined, owed: undefined, executed: false },
});

const STATES: Record<string, Changes> = {
  idle,
  'INVITE with an offer sent': sent('INVITE', true),
  'INVITE without an offer sent': sent('INVITE', false),
  'UPDATE with an offer sent': sent('UPDATE', true),
  'UPDATE without an offer sent': sent('UPDATE', false),
  'ACK owed': { ...idle, offer: 'theirs', ours: { name: 'owed' } },
  pausing: { ...idle, ours: { name: 'pausing' }, wanted: { method: 'INVITE', offer: true }, collisions: 1 },
  'their INVITE with an offer open': { ...idle, offer: 'theirs', invite: { cseq: 7, description: 'offer' } },
  'their INVITE without an offer open': { ...idle, invite: { cseq: 7, description: 'none' } },
  'their UPDATE with an offer open': { ...idle, offer: 'theirs', update: { cseq: 7, description: 'offer' } },
  'a 2xx without ACK': { ...idle, unacknowledged: [unacknowledged(7, 'answer', true)] },
  'a 2xx with an offer without ACK': {
    ...idle,
    offer: 'ours',
    unacknowledged: [unacknowledged(7, 'offer', true)],
  },
  'early, our offer open': beginChanges('early', true, 'ours'),
  'early, their offer open': beginChanges('early', false, 'theirs'),
  'early, agreed': beginChanges('early', false, 'agreed'),
};

const received = (method: 'INVITE' | 'UPDATE', description: 'none' | 'offer' | 'answer'): ChangeEvent => ({
  kind: 'received',
  method,
  cseq: 9,
  description,
});
const answer = (
  method: 'INVITE' | 'UPDATE',
  status: number,
  description: 'none' | 'offer' | 'answer',
): ChangeEvent => ({
  kind: 'answer',
  method,
  status,
  description,
});
const EVENTS: Record<string, ChangeEvent> = {
  'want INVITE': { kind: 'want', change: { method: 'INVITE', offer: true } },
  'want UPDATE, no offer': { kind: 'want', change: { method: 'UPDATE', offer: false } },
  'want UPDATE with offer': { kind: 'want', change: { method: 'UPDATE', offer: true } },
  '180': { kind: 'provisional', description: 'none' },
  '183 answer': { kind: 'provisional', description: 'answer' },
  '183 answer, reliable': { kind: 'provisional', rseq: 5, description: 'answer' },
  '183 offer, reliable': { kind: 'provisional', rseq: 5, description: 'offer' },
  '200': { kind: 'accepted', description: 'none' },
  '200 answer': { kind: 'accepted', description: 'answer' },
  '200 offer': { kind: 'accepted', description: 'offer' },
  '200 again': { kind: 'acceptedAgain', cseq: 3 },
  acknowledge: { kind: 'acknowledge' },
  '491': { kind: 'refused', status: 491 },
  '488': { kind: 'refused', status: 488 },
  '481': { kind: 'refused', status: 481 },
  '500 Retry-After 4': { kind: 'refused', status: 500, retryAfter: 4 },
  timeout: { kind: 'failed', reason: 'timeout' },
  transport: { kind: 'failed', reason: 'transport' },
  timerPause: { kind: 'timerPause' },
  'INVITE offer': received('INVITE', 'offer'),
  INVITE: received('INVITE', 'none'),
  'UPDATE offer': received('UPDATE', 'offer'),
  UPDATE: received('UPDATE', 'none'),
  'UPDATE answer': received('UPDATE', 'answer'),
  'we 200 answer INVITE': answer('INVITE', 200, 'answer'),
  'we 200 offer INVITE': answer('INVITE', 200, 'offer'),
  'we 488 INVITE': answer('INVITE', 488, 'none'),
  'we 200 answer UPDATE': answer('UPDATE', 200, 'answer'),
  'we 504 UPDATE': answer('UPDATE', 504, 'none'),
  'CANCEL 7': { kind: 'cancelled', cseq: 7 },
  'ACK 7': { kind: 'ack', cseq: 7, description: 'none' },
  'ACK 7 answer': { kind: 'ack', cseq: 7, description: 'answer' },
  'timerAgain 7': { kind: 'timerAgain', cseq: 7 },
};

const ASKED = {
  'INVITE offer': 'asked INVITE 9 offer',
  INVITE: 'asked INVITE 9 none',
  'UPDATE offer': 'asked UPDATE 9 offer',
  UPDATE: 'asked UPDATE 9 none',
};
/** What any state does with what concerns it not. */
const ANY = {
  '200 again': 'ackAgain 3',
  'UPDATE answer': 'reply 9 400 none',
  'CANCEL 7': '',
  'ACK 7': '',
  'ACK 7 answer': '',
};
const LATER = { 'want INVITE': '', 'want UPDATE with offer': '' };
const NO_PRIVATE_UPDATE = 'send UPDATE none';
const UPDATE_PASSES = { UPDATE: 'asked UPDATE 9 none' };
const ALL_491 = {
  'INVITE offer': 'reply 9 491 none',
  INVITE: 'reply 9 491 none',
  'UPDATE offer': 'reply 9 491 none',
};
const ALL_500 = {
  'INVITE offer': 'reply 9 500 none retryAfter',
  INVITE: 'reply 9 500 none retryAfter',
  'UPDATE offer': 'reply 9 500 none retryAfter',
};
const SENDING = {
  ...ANY,
  ...LATER,
  'want UPDATE, no offer': '',
  '491': 'pause 2100 4000',
  '500 Retry-After 4': 'pause 4000 4000',
  '481': 'lost 481',
  timeout: 'lost timeout',
};

/** What differs from "not expected". */
const EXPECTED: Record<string, Record<string, string>> = {
  idle: {
    ...ANY,
    ...ASKED,
    'want INVITE': 'send INVITE offer',
    'want UPDATE, no offer': 'send UPDATE none',
    'want UPDATE with offer': 'send UPDATE offer',
  },
  'INVITE with an offer sent': {
    ...SENDING,
    // RFC 3261 §14.2; RFC 3311 §5.2. An UPDATE without an offer collides with nothing (RFC 5407 §3.3.2).
    ...ALL_491,
    ...UPDATE_PASSES,
    '180': '',
    '183 answer': 'take answer',
    '183 answer, reliable': 'take answer, prack 5 none',
    '183 offer, reliable': 'prack 5 none',
    '200': 'ack none, lost noAnswer',
    '200 answer': 'take answer, ack none, done INVITE',
    '200 offer': 'ack none, lost noAnswer',
    '488': 'undone INVITE 488',
    transport: 'undone INVITE transport',
  },
  'INVITE without an offer sent': {
    ...SENDING,
    'INVITE offer': 'reply 9 491 none',
    INVITE: 'reply 9 491 none',
    'UPDATE offer': 'asked UPDATE 9 offer',
    ...UPDATE_PASSES,
    '180': '',
    '183 answer': '',
    '183 answer, reliable': 'prack 5 none',
    // RFC 3262 §5: the answer goes into the PRACK.
    '183 offer, reliable': 'take offer',
    '200': 'ack none, done INVITE',
    '200 answer': 'ack none, done INVITE',
    '200 offer': 'take offer, done INVITE',
    '488': 'undone INVITE 488',
    transport: 'undone INVITE transport',
  },
  'UPDATE with an offer sent': {
    ...SENDING,
    ...ALL_491,
    ...UPDATE_PASSES,
    '200': 'lost noAnswer',
    '200 answer': 'take answer, done UPDATE',
    '200 offer': 'lost noAnswer',
    '488': 'undone UPDATE 488',
    transport: 'undone UPDATE transport',
  },
  'UPDATE without an offer sent': {
    ...SENDING,
    ...ASKED,
    '200': 'done UPDATE',
    '200 answer': 'done UPDATE',
    '200 offer': 'done UPDATE',
    '488': 'undone UPDATE 488',
    transport: 'undone UPDATE transport',
  },
  'ACK owed': {
    ...ANY,
    ...LATER,
    'want UPDATE, no offer': '',
    'INVITE offer': 'reply 9 491 none',
    INVITE: 'reply 9 491 none',
    'UPDATE offer': 'reply 9 500 none retryAfter',
    ...UPDATE_PASSES,
    acknowledge: 'ack answer',
  },
  pausing: {
    ...ANY,
    ...ASKED,
    ...LATER,
    'want UPDATE, no offer': '',
    timerPause: 'send INVITE offer',
  },
  'their INVITE with an offer open': {
    ...ANY,
    ...LATER,
    ...ALL_500,
    ...UPDATE_PASSES,
    'want UPDATE, no offer': NO_PRIVATE_UPDATE,
    'we 200 answer INVITE': 'reply 7 200 answer, wait 7 500',
    'we 488 INVITE': 'reply 7 488 none',
    'CANCEL 7': 'reply 7 487 none',
  },
  'their INVITE without an offer open': {
    ...ANY,
    'want INVITE': '',
    'want UPDATE, no offer': NO_PRIVATE_UPDATE,
    'want UPDATE with offer': '',
    'INVITE offer': 'reply 9 500 none retryAfter',
    INVITE: 'reply 9 500 none retryAfter',
    'UPDATE offer': 'asked UPDATE 9 offer',
    ...UPDATE_PASSES,
    'we 200 offer INVITE': 'reply 7 200 offer, wait 7 500',
    'we 488 INVITE': 'reply 7 488 none',
    'CANCEL 7': 'reply 7 487 none',
  },
  'their UPDATE with an offer open': {
    ...ANY,
    ...LATER,
    ...ALL_500,
    UPDATE: 'reply 9 500 none retryAfter',
    'want UPDATE, no offer': NO_PRIVATE_UPDATE,
    'we 200 answer UPDATE': 'reply 7 200 answer',
    'we 504 UPDATE': 'reply 7 504 none',
  },
  // RFC 5407 §3.1.4: the peer goes on, and its ACK may have been lost.
  'a 2xx without ACK': {
    ...ANY,
    ...ASKED,
    'want INVITE': '',
    'want UPDATE, no offer': NO_PRIVATE_UPDATE,
    'want UPDATE with offer': 'send UPDATE offer',
    'ACK 7': 'stopWait 7',
    'ACK 7 answer': 'stopWait 7',
    'timerAgain 7': 'replyAgain 7, wait 7 1000',
  },
  // RFC 5407 §3.1.5.
  'a 2xx with an offer without ACK': {
    ...ANY,
    ...LATER,
    ...ALL_491,
    ...UPDATE_PASSES,
    'want UPDATE, no offer': NO_PRIVATE_UPDATE,
    'ACK 7': 'stopWait 7, lost noAnswer',
    'ACK 7 answer': 'stopWait 7, take answer',
    'timerAgain 7': 'replyAgain 7, wait 7 1000',
  },
  'early, our offer open': {
    ...ANY,
    'want UPDATE, no offer': NO_PRIVATE_UPDATE,
    'want UPDATE with offer': '',
    // RFC 3261 §14.2: "while an INVITE it had sent on that dialog is in progress".
    ...ALL_491,
    ...UPDATE_PASSES,
  },
  'early, their offer open': {
    ...ANY,
    'want UPDATE, no offer': NO_PRIVATE_UPDATE,
    'want UPDATE with offer': '',
    ...ALL_500,
    ...UPDATE_PASSES,
  },
  'early, agreed': {
    ...ANY,
    'want UPDATE, no offer': NO_PRIVATE_UPDATE,
    'want UPDATE with offer': 'send UPDATE offer',
    'INVITE offer': 'reply 9 500 none retryAfter',
    INVITE: 'reply 9 500 none retryAfter',
    'UPDATE offer': 'asked UPDATE 9 offer',
    ...UPDATE_PASSES,
  },
};

for (const [name, state] of Object.entries(STATES)) {
  describe(name, () => {
    for (const [label, event] of Object.entries(EVENTS)) {
      test(label, () => assert.equal(told(state, stepChanges(state, event)), EXPECTED[name]?.[label] ?? '-'));
    }
  });
}

describe('what is wanted meanwhile leaves once, when it may', () => {
  test('RFC 3261 §14.1: after our own INVITE, in one that does for both', () => {
    play(idle, stepChanges, [
      [{ kind: 'want', change: { method: 'UPDATE', offer: true } }, 'send UPDATE offer'],
      [{ kind: 'want', change: { method: 'UPDATE', offer: false } }, ''],
      [{ kind: 'want', change: { method: 'INVITE', offer: false } }, ''],
      [{ kind: 'want', change: { method: 'UPDATE', offer: true } }, ''],
      [{ kind: 'accepted', description: 'answer' }, 'take answer, done UPDATE, send INVITE offer'],
      [{ kind: 'accepted', description: 'answer' }, 'take answer, ack none, done INVITE'],
      [{ kind: 'accepted', description: 'answer' }, '-'],
    ]);
  });
  test('§14.1: a re-INVITE waits until the INVITE of the peer is confirmed', () => {
    play(idle, stepChanges, [
      [received('INVITE', 'offer'), 'asked INVITE 9 offer'],
      [{ kind: 'want', change: { method: 'INVITE', offer: true } }, ''],
      [answer('INVITE', 200, 'answer'), 'reply 9 200 answer, wait 9 500'],
      [{ kind: 'ack', cseq: 9, description: 'none' }, 'stopWait 9, send INVITE offer'],
    ]);
  });
  test('RFC 3311 §5.1: an UPDATE of a caller waits for the answer in a reliable response', () => {
    play(beginChanges('early', true, 'agreed'), stepChanges, [
      [{ kind: 'want', change: { method: 'UPDATE', offer: true } }, 'send UPDATE offer'],
      [{ kind: 'refused', status: 504 }, 'undone UPDATE 504'],
      [{ kind: 'want', change: { method: 'UPDATE', offer: true } }, 'send UPDATE offer'],
      [{ kind: 'accepted', description: 'answer' }, 'take answer, done UPDATE'],
    ]);
  });
});

test('RFC 3311 §5.1: an offer in UPDATE before the first one is made collides with that', () => {
  const early = beginChanges('early', false, 'none');
  assert.equal(told(early, stepChanges(early, received('UPDATE', 'offer'))), 'reply 9 491 none');
});

describe('collisions', () => {
  test('RFC 3261 §14.1: who is not the owner of the Call-ID waits 0 … 2 s', () => {
    const other = { ...sent('UPDATE', true), owner: false };
    assert.equal(told(other, stepChanges(other, { kind: 'refused', status: 491 })), 'pause 0 2000');
  });
  test('six in a row are enough', () => {
    let state: Changes = sent('INVITE', true);
    for (let i = 0; i < 6; i++) {
      state = play(state, stepChanges, [
        [{ kind: 'refused', status: 491 }, 'pause 2100 4000'],
        [{ kind: 'timerPause' }, 'send INVITE offer'],
      ]);
    }
    play(state, stepChanges, [[{ kind: 'refused', status: 491 }, 'undone INVITE 491']]);
  });
  test('a long Retry-After is a refusal', () => {
    const state = sent('INVITE', true);
    const event: ChangeEvent = { kind: 'refused', status: 500, retryAfter: 33 };
    assert.equal(told(state, stepChanges(state, event)), 'undone INVITE 500');
    assert.equal(told(state, stepChanges(state, { kind: 'refused', status: 500 })), 'undone INVITE 500');
  });
});

describe('RFC 5057 §5.1, tables 1 and 2: what a failure of a re-INVITE destroys', () => {
  const request = [
    400, 401, 402, 403, 406, 407, 412, 413, 414, 415, 417, 420, 421, 422, 423, 428, 429, 436, 437, 438, 486,
    487, 488, 493, 494, 500, 503, 504, 505, 513, 580, 600, 603, 606,
  ];
  const call = [404, 410, 416, 480, 481, 482, 483, 484, 485, 502, 604, 408];
  const state = sent('INVITE', true);
  for (const status of request) {
    test(`${status}: the request`, () =>
      assert.equal(told(state, stepChanges(state, { kind: 'refused', status })), `undone INVITE ${status}`));
  }
  for (const status of call) {
    test(`${status}: the call`, () =>
      assert.equal(told(state, stepChanges(state, { kind: 'refused', status })), `lost ${status}`));
  }
});

describe('RFC 3261 §13.3.1.4: a 2xx is repeated after T1, doubled up to T2, for 64*T1', () => {
  const intervals = [1000, 2000, 4000, 4000, 4000, 4000, 4000, 4000, 4000, 500];
  test('and then the call is lost (CALL-32)', () => {
    let state: Changes = { ...idle, unacknowledged: [unacknowledged(1, 'answer', true)] };
    let elapsed = 500;
    for (const ms of intervals) {
      state = play(state, stepChanges, [[{ kind: 'timerAgain', cseq: 1 }, `replyAgain 1, wait 1 ${ms}`]]);
      elapsed += ms;
    }
    assert.equal(elapsed, 32_000);
    play(state, stepChanges, [
      [{ kind: 'timerAgain', cseq: 1 }, 'lost noAck'],
      [{ kind: 'timerAgain', cseq: 1 }, '-'],
    ]);
  });
  test('several wait, each for its own ACK, and not without bound', () => {
    let state = idle;
    for (const cseq of [1, 2, 3]) {
      state = play(state, stepChanges, [
        [{ kind: 'received', method: 'INVITE', cseq, description: 'offer' }, `asked INVITE ${cseq} offer`],
        [answer('INVITE', 200, 'answer'), `reply ${cseq} 200 answer, wait ${cseq} 500`],
      ]);
    }
    play(state, stepChanges, [
      [received('INVITE', 'offer'), 'reply 9 500 none retryAfter'],
      [{ kind: 'ack', cseq: 2, description: 'none' }, 'stopWait 2'],
      [{ kind: 'timerAgain', cseq: 1 }, 'replyAgain 1, wait 1 1000'],
      [{ kind: 'timerAgain', cseq: 2 }, '-'],
      [received('INVITE', 'offer'), 'asked INVITE 9 offer'],
    ]);
  });
});

describe('RFC 6141', () => {
  test('figure 4, as its UAC: a reliable answer, UPDATE of both, then 2xx without a description', () => {
    play(idle, stepChanges, [
      [{ kind: 'want', change: { method: 'INVITE', offer: true } }, 'send INVITE offer'],
      [{ kind: 'provisional', rseq: 1, description: 'answer' }, 'take answer, prack 1 none'],
      [received('UPDATE', 'offer'), 'asked UPDATE 9 offer'],
      [answer('UPDATE', 200, 'answer'), 'reply 9 200 answer'],
      [{ kind: 'accepted', description: 'none' }, 'ack none, done INVITE'],
    ]);
  });
  test('§3.4, figure 5: an error after changes were executed: both are told once more', () => {
    play(idle, stepChanges, [
      [{ kind: 'want', change: { method: 'INVITE', offer: true } }, 'send INVITE offer'],
      [{ kind: 'provisional', rseq: 1, description: 'answer' }, 'take answer, prack 1 none'],
      [received('UPDATE', 'offer'), 'asked UPDATE 9 offer'],
      [answer('UPDATE', 200, 'answer'), 'reply 9 200 answer'],
      [{ kind: 'refused', status: 488 }, 'undone INVITE 488, send INVITE offer'],
    ]);
  });
  test('§3.4: the answer in a reliable response alone is such a change', () => {
    play(idle, stepChanges, [
      [{ kind: 'want', change: { method: 'INVITE', offer: true } }, 'send INVITE offer'],
      [{ kind: 'provisional', rseq: 1, description: 'answer' }, 'take answer, prack 1 none'],
      [{ kind: 'refused', status: 488 }, 'undone INVITE 488, send INVITE offer'],
    ]);
  });
  test('RFC 3262 §4: reliable responses to a re-INVITE in order', () => {
    play(sent('INVITE', true), stepChanges, [
      [{ kind: 'provisional', rseq: 8, description: 'none' }, 'prack 8 none'],
      [{ kind: 'provisional', rseq: 8, description: 'none' }, ''],
      [{ kind: 'provisional', rseq: 10, description: 'answer' }, ''],
      [{ kind: 'provisional', rseq: 9, description: 'answer' }, 'take answer, prack 9 none'],
    ]);
  });
  test('an offer in a reliable response: the PRACK waits for the answer; a hasty 2xx gets it in the ACK', () => {
    play(sent('INVITE', false), stepChanges, [
      [{ kind: 'provisional', rseq: 1, description: 'offer' }, 'take offer'],
      [{ kind: 'acknowledge' }, 'prack 1 answer'],
      [{ kind: 'accepted', description: 'none' }, 'ack none, done INVITE'],
    ]);
    play(sent('INVITE', false), stepChanges, [
      [{ kind: 'provisional', rseq: 1, description: 'offer' }, 'take offer'],
      [{ kind: 'accepted', description: 'none' }, 'done INVITE'],
      [{ kind: 'acknowledge' }, 'ack answer'],
    ]);
  });
});

describe('an offer is not taken for another one', () => {
  test('their UPDATE stays open when our re-INVITE, answered before, fails', () => {
    const state = play(idle, stepChanges, [
      [{ kind: 'want', change: { method: 'INVITE', offer: true } }, 'send INVITE offer'],
      [{ kind: 'provisional', rseq: 1, description: 'answer' }, 'take answer, prack 1 none'],
      [received('UPDATE', 'offer'), 'asked UPDATE 9 offer'],
      [{ kind: 'refused', status: 488 }, 'undone INVITE 488'],
    ]);
    assert.equal(state.offer, 'theirs');
    play(state, stepChanges, [[answer('UPDATE', 200, 'answer'), 'reply 9 200 answer, send INVITE offer']]);
  });
  test('an answer in the PRACK counts as executed (RFC 6141 §3.3)', () => {
    play(sent('INVITE', false), stepChanges, [
      [{ kind: 'provisional', rseq: 1, description: 'offer' }, 'take offer'],
      [{ kind: 'acknowledge' }, 'prack 1 answer'],
      [{ kind: 'refused', status: 488 }, 'undone INVITE 488, send INVITE offer'],
    ]);
  });
  test('an offer of ours in a 2xx has to wait for the answer to an UPDATE of theirs', () => {
    play(idle, stepChanges, [
      [received('INVITE', 'none'), 'asked INVITE 9 none'],
      [{ kind: 'received', method: 'UPDATE', cseq: 10, description: 'offer' }, 'asked UPDATE 10 offer'],
      [answer('INVITE', 200, 'offer'), '-'],
      [answer('UPDATE', 200, 'answer'), 'reply 10 200 answer'],
      [answer('INVITE', 200, 'offer'), 'reply 9 200 offer, wait 9 500'],
    ]);
  });
});

describe('offers that fail leave what was agreed (RFC 3261 §14.1, RFC 3311 §5.3)', () => {
  const cases: readonly (readonly [string, Changes, ChangeEvent])[] = [
    ['ours', sent('INVITE', true), { kind: 'refused', status: 488 }],
    ['ours, previewed', { ...sent('INVITE', true), offer: 'previewed' }, { kind: 'refused', status: 488 }],
    ['theirs', STATES['their INVITE with an offer open'] ?? idle, answer('INVITE', 488, 'none')],
    ['theirs, cancelled', STATES['their INVITE with an offer open'] ?? idle, { kind: 'cancelled', cseq: 7 }],
    ['theirs in UPDATE', STATES['their UPDATE with an offer open'] ?? idle, answer('UPDATE', 504, 'none')],
  ];
  for (const [name, state, event] of cases) {
    test(name, () => assert.equal(stepChanges(state, event).state.offer, 'agreed'));
  }
});

test('RFC 3261 §15.1.2: what is open when the dialog ends is answered 487', () => {
  const state: Changes = {
    ...idle,
    invite: { cseq: 4, description: 'none' },
    update: { cseq: 5, description: 'none' },
    unacknowledged: [unacknowledged(3, 'answer', false)],
  };
  assert.deepEqual(repliesAtEnd(state).map(effectText), [
    'reply 4 487 none',
    'reply 5 487 none',
    'stopWait 3',
  ]);
});
