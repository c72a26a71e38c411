// A call that comes to us, every state with every event (RFC 3261 §13.3, §9.2, §15.1.2; RFC 3262 §3, §5; RFC 3311 §5).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { beginCallee, stepCallee } from '../../../src/sip/invite/callee.ts';
import type { CalleeEvent, CalleeState, Invitation } from '../../../src/sip/invite/invitation.ts';
import { beginReliable, enqueue } from '../../../src/sip/invite/reliable.ts';
import { play, told, type Line } from './rig.ts';

type Body = 'none' | 'offer' | 'answer';
const invitation = (
  reliability: Invitation['reliability'],
  description: 'offer' | 'none' = 'offer',
): CalleeState => beginCallee({ cseq: 1, description, reliability, firstRSeq: 100 });
const after = (start: CalleeState, ...events: CalleeEvent[]): CalleeState =>
  events.reduce((state, event) => stepCallee(state, event).state, start);

const progress = (status: number, description: Body = 'none'): CalleeEvent => ({
  kind: 'progress',
  progress: { status, description },
});
const accept = (description: Body): CalleeEvent => ({ kind: 'accept', description });
const prack = (rseq: number, description: Body = 'none', invite = 1): CalleeEvent => ({
  kind: 'prack',
  cseq: 2,
  rseq,
  invite,
  description,
});

const STATES: Record<string, CalleeState> = {
  invited: invitation('none'),
  'invited, reliable': invitation('supported'),
  'invited without an offer': invitation('none', 'none'),
  early: after(invitation('none'), progress(180)),
  'early, no PRACK': after(invitation('supported'), progress(180)),
  'early, answer without PRACK': after(invitation('required'), progress(183, 'answer')),
  'early, offer without PRACK': after(invitation('supported', 'none'), progress(183, 'offer')),
  'early, answer with PRACK': after(invitation('supported'), progress(183, 'answer'), prack(100)),
  holding: after(invitation('supported'), progress(183, 'answer'), accept('none')),
  answered: after(invitation('none'), accept('answer')),
  'answered before PRACK': after(invitation('supported'), progress(180), accept('answer')),
  refused: after(invitation('none'), { kind: 'refuse', status: 486 }),
};
const EVENTS: Record<string, CalleeEvent> = {
  'ring 180': progress(180),
  'progress 183 answer': progress(183, 'answer'),
  'progress 183 offer': progress(183, 'offer'),
  'progress 200': progress(200),
  'accept answer': accept('answer'),
  'accept offer': accept('offer'),
  'accept none': accept('none'),
  'refuse 486': { kind: 'refuse', status: 486 },
  'refuse 200': { kind: 'refuse', status: 200 },
  expires: { kind: 'timerExpires' },
  CANCEL: { kind: 'cancelled' },
  BYE: { kind: 'bye', cseq: 2 },
  'PRACK 100': prack(100),
  'PRACK 100 of another INVITE': prack(100, 'none', 9),
  'PRACK 101': prack(101),
  'PRACK 100 answer': prack(100, 'answer'),
  'PRACK 100 offer': prack(100, 'offer'),
  'answerPrack 200': { kind: 'answerPrack', status: 200 },
  UPDATE: { kind: 'change', event: { kind: 'received', method: 'UPDATE', cseq: 3, description: 'none' } },
  'UPDATE offer': {
    kind: 'change',
    event: { kind: 'received', method: 'UPDATE', cseq: 3, description: 'offer' },
  },
  timerPrack: { kind: 'timerPrack' },
  timerRepeat: { kind: 'timerRepeat' },
};

const CANCELLED = 'respond 487 none, ended {cancelled peer}';
const ALL_481 = {
  'PRACK 100': 'reply 2 481 none',
  'PRACK 100 of another INVITE': 'reply 2 481 none',
  'PRACK 101': 'reply 2 481 none',
  'PRACK 100 answer': 'reply 2 481 none',
  'PRACK 100 offer': 'reply 2 481 none',
};
const NEW = {
  ...ALL_481,
  'refuse 486': 'respond 486 none, ended {refused 486}',
  expires: 'respond 487 none, ended {noAnswer}',
  CANCEL: CANCELLED,
  // There is no early dialog before a provisional response with a tag.
  BYE: 'reply 2 481 none',
  UPDATE: 'reply 3 481 none',
  'UPDATE offer': 'reply 3 481 none',
};
const stops = (...names: string[]): string => [...names, ''].join(', ');
const BOTH = stops('stopWaitForPrack', 'stopWaitToRepeat');
const ends = (silence: string): Record<string, string> => ({
  'refuse 486': `${silence}respond 486 none, ended {refused 486}`,
  expires: `${silence}respond 487 none, ended {noAnswer}`,
  CANCEL: `${silence}${CANCELLED}`,
  BYE: `reply 2 200 none, ${silence}${CANCELLED}`,
});
const DONE = { ...ALL_481, CANCEL: '' };

const EXPECTED: Record<string, Record<string, string>> = {
  invited: {
    ...NEW,
    'ring 180': 'provisional 180 none, waitToRepeat 60000',
    'progress 183 answer': 'provisional 183 answer, waitToRepeat 60000',
    'accept answer': 'respond 200 answer, established agreed 500',
  },
  'invited, reliable': {
    ...NEW,
    'ring 180': 'provisional 180 none 100, waitForPrack 500, waitToRepeat 150000',
    'progress 183 answer': 'provisional 183 answer 100, waitForPrack 500, waitToRepeat 150000',
    'accept answer': 'respond 200 answer, established agreed 500',
  },
  'invited without an offer': {
    ...NEW,
    'ring 180': 'provisional 180 none, waitToRepeat 60000',
    'accept offer': 'respond 200 offer, established ours 500',
  },
  early: {
    ...ALL_481,
    ...ends(stops('stopWaitToRepeat')),
    'ring 180': 'provisional 180 none, waitToRepeat 60000',
    'progress 183 answer': 'provisional 183 answer, waitToRepeat 60000',
    'accept answer': 'stopWaitToRepeat, respond 200 answer, established agreed 500',
    UPDATE: 'change {asked UPDATE 3 none}',
    // RFC 3311 §5.2: the offer of the INVITE has no answer yet.
    'UPDATE offer': 'change {reply 3 500 none retryAfter}',
    timerRepeat: 'provisional 180 none, waitToRepeat 60000',
  },
  'early, no PRACK': {
    ...ALL_481,
    ...ends(BOTH),
    'ring 180': '',
    'progress 183 answer': '',
    'accept answer': `${BOTH}respond 200 answer, established agreed 500`,
    'PRACK 100': 'stopWaitForPrack, reply 2 200 none',
    'PRACK 100 answer': 'stopWaitForPrack, reply 2 200 none',
    // RFC 3311 §5.2 by way of PRACK: an offer is open already.
    'PRACK 100 offer': 'stopWaitForPrack, reply 2 491 none',
    UPDATE: 'change {asked UPDATE 3 none}',
    'UPDATE offer': 'change {reply 3 500 none retryAfter}',
    timerPrack: 'provisionalAgain, waitForPrack 1000',
    timerRepeat: 'waitToRepeat 150000',
  },
  'early, answer without PRACK': {
    ...ALL_481,
    ...ends(BOTH),
    'ring 180': '',
    // RFC 3262 §3: the 2xx waits.
    'accept none': 'stopWaitToRepeat',
    'PRACK 100': 'stopWaitForPrack, reply 2 200 none',
    'PRACK 100 answer': 'stopWaitForPrack, reply 2 200 none',
    // §5: "it MUST place the answer in the 2xx to the PRACK".
    'PRACK 100 offer': 'stopWaitForPrack, take offer',
    UPDATE: 'change {asked UPDATE 3 none}',
    'UPDATE offer': 'change {asked UPDATE 3 offer}',
    timerPrack: 'provisionalAgain, waitForPrack 1000',
    timerRepeat: 'waitToRepeat 150000',
  },
  'early, offer without PRACK': {
    ...ALL_481,
    ...ends(BOTH),
    'ring 180': '',
    'accept none': 'stopWaitToRepeat',
    // Our offer is not answered.
    'PRACK 100': `stopWaitForPrack, reply 2 200 none, stopWaitToRepeat, respond 400 none, ended {lost noAnswer}`,
    'PRACK 100 offer': `stopWaitForPrack, reply 2 200 none, stopWaitToRepeat, respond 400 none, ended {lost noAnswer}`,
    'PRACK 100 answer': 'stopWaitForPrack, take answer, reply 2 200 none',
    UPDATE: 'change {asked UPDATE 3 none}',
    'UPDATE offer': 'change {reply 3 491 none}',
    timerPrack: 'provisionalAgain, waitForPrack 1000',
    timerRepeat: 'waitToRepeat 150000',
  },
  'early, answer with PRACK': {
    ...ALL_481,
    ...ends(stops('stopWaitToRepeat')),
    'ring 180': 'provisional 180 none 101, waitForPrack 500, waitToRepeat 150000',
    'accept none': 'stopWaitToRepeat, respond 200 none, established agreed 500',
    UPDATE: 'change {asked UPDATE 3 none}',
    'UPDATE offer': 'change {asked UPDATE 3 offer}',
    timerRepeat: 'provisional 183 none 101, waitForPrack 500, waitToRepeat 150000',
  },
  holding: {
    ...ALL_481,
    ...ends(BOTH),
    'PRACK 100':
      'stopWaitForPrack, reply 2 200 none, stopWaitToRepeat, respond 200 none, established agreed 500',
    'PRACK 100 answer':
      'stopWaitForPrack, reply 2 200 none, stopWaitToRepeat, respond 200 none, established agreed 500',
    'PRACK 100 offer': 'stopWaitForPrack, take offer',
    UPDATE: 'change {asked UPDATE 3 none}',
    'UPDATE offer': 'change {asked UPDATE 3 offer}',
    timerPrack: 'provisionalAgain, waitForPrack 1000',
  },
  // The session has everything else.
  answered: DONE,
  // RFC 3262 §3: "it MUST be prepared to process PRACK requests for those outstanding responses".
  'answered before PRACK': {
    ...DONE,
    'PRACK 100': 'reply 2 200 none',
    'PRACK 100 answer': 'reply 2 200 none',
    'PRACK 100 offer': 'reply 2 200 none',
  },
  refused: {
    ...DONE,
    BYE: 'reply 2 481 none',
    UPDATE: 'reply 3 481 none',
    'UPDATE offer': 'reply 3 481 none',
  },
};

for (const [name, state] of Object.entries(STATES)) {
  describe(name, () => {
    for (const [label, event] of Object.entries(EVENTS)) {
      test(label, () => assert.equal(told(state, stepCallee(state, event)), EXPECTED[name]?.[label] ?? '-'));
    }
  });
}

describe('RFC 3262 §3: reliable provisional responses', () => {
  test('repeated after T1, doubled without a cap, for 64*T1; then 5xx', () => {
    let state = after(invitation('supported'), progress(183, 'answer'));
    let elapsed = 500;
    for (const ms of [1000, 2000, 4000, 8000, 16_000, 500]) {
      state = play(state, stepCallee, [[{ kind: 'timerPrack' }, `provisionalAgain, waitForPrack ${ms}`]]);
      elapsed += ms;
    }
    assert.equal(elapsed, 32_000);
    play(state, stepCallee, [
      [{ kind: 'timerPrack' }, `${BOTH}respond 504 none, ended {lost noAck}`],
      [prack(100), 'reply 2 200 none'],
      [prack(100), 'reply 2 481 none'],
    ]);
  });
  test('one at a time, each number one higher, each said once', () => {
    play(invitation('supported'), stepCallee, [
      [progress(180), 'provisional 180 none 100, waitForPrack 500, waitToRepeat 150000'],
      [progress(180), ''],
      [progress(183, 'answer'), ''],
      [progress(180), ''],
      [
        prack(100),
        'stopWaitForPrack, reply 2 200 none, provisional 183 answer 101, waitForPrack 500, waitToRepeat 150000',
      ],
      [prack(100), 'reply 2 481 none'],
      [
        prack(101),
        'stopWaitForPrack, reply 2 200 none, provisional 180 none 102, waitForPrack 500, waitToRepeat 150000',
      ],
    ]);
  });
  test('a description in the queue is not lost, however much is said before it', () => {
    let state = after(invitation('supported'), progress(180));
    for (const status of [181, 182, 180, 181, 182]) state = after(state, progress(status));
    state = after(state, progress(183, 'answer'), accept('none'));
    let answers = 0;
    for (let rseq = 100; rseq < 110; rseq++) {
      const { state: next, effects } = stepCallee(state, prack(rseq));
      answers += effects
        .filter(({ kind }) => kind === 'provisional')
        .filter((e) => 'description' in e && e.description === 'answer').length;
      state = next;
    }
    assert.equal(answers, 1);
    assert.equal(state.name, 'done');
  });
  test('§5: the 2xx waits for the answer to the offer of a PRACK', () => {
    play(invitation('supported'), stepCallee, [
      [progress(183, 'answer'), 'provisional 183 answer 100, waitForPrack 500, waitToRepeat 150000'],
      [prack(100, 'offer'), 'stopWaitForPrack, take offer'],
      [accept('none'), 'stopWaitToRepeat'],
      [
        { kind: 'answerPrack', status: 200 },
        'reply 2 200 answer, stopWaitToRepeat, respond 200 none, established agreed 500',
      ],
    ]);
  });
  test('an offer in a PRACK that is refused leaves what was agreed; a call that ends answers the PRACK', () => {
    const asked: readonly Line<CalleeEvent>[] = [
      [progress(183, 'answer'), 'provisional 183 answer 100, waitForPrack 500, waitToRepeat 150000'],
      [prack(100, 'offer'), 'stopWaitForPrack, take offer'],
    ];
    play(invitation('supported'), stepCallee, [
      ...asked,
      [{ kind: 'answerPrack', status: 300 }, 'reply 2 300 none'],
      [accept('none'), 'stopWaitToRepeat, respond 200 none, established agreed 500'],
    ]);
    play(invitation('supported'), stepCallee, [
      ...asked,
      [{ kind: 'cancelled' }, `stopWaitToRepeat, reply 2 487 none, ${CANCELLED}`],
      [{ kind: 'answerPrack', status: 200 }, '-'],
    ]);
  });
  test('§5: without an offer in the INVITE the first reliable response holds one', () => {
    play(invitation('required', 'none'), stepCallee, [
      [progress(180), '-'],
      [progress(183, 'offer'), 'provisional 183 offer 100, waitForPrack 500, waitToRepeat 150000'],
      [prack(100, 'answer'), 'stopWaitForPrack, take answer, reply 2 200 none'],
      [accept('offer'), '-'],
      [accept('none'), 'stopWaitToRepeat, respond 200 none, established agreed 500'],
    ]);
    // Who only supports it may be told without.
    play(invitation('supported', 'none'), stepCallee, [
      [progress(180), 'provisional 180 none, waitToRepeat 60000'],
      [{ kind: 'timerRepeat' }, 'provisional 180 none, waitToRepeat 60000'],
      [accept('offer'), 'stopWaitToRepeat, respond 200 offer, established ours 500'],
    ]);
  });
});

describe('RFC 3311 in the early dialog', () => {
  test('§5.1: an UPDATE of the callee after the PRACK', () => {
    play(invitation('supported'), stepCallee, [
      [progress(183, 'answer'), 'provisional 183 answer 100, waitForPrack 500, waitToRepeat 150000'],
      [prack(100), 'stopWaitForPrack, reply 2 200 none'],
      [
        { kind: 'change', event: { kind: 'want', change: { method: 'UPDATE', offer: true } } },
        'change {send UPDATE offer}',
      ],
      [
        { kind: 'change', event: { kind: 'received', method: 'UPDATE', cseq: 3, description: 'offer' } },
        'change {reply 3 491 none}',
      ],
      [accept('none'), 'stopWaitToRepeat, respond 200 none, established ours/sent 500'],
    ]);
  });
  test('§5.1: not before the PRACK for the answer', () => {
    play(invitation('supported'), stepCallee, [
      [progress(183, 'answer'), 'provisional 183 answer 100, waitForPrack 500, waitToRepeat 150000'],
      [{ kind: 'change', event: { kind: 'want', change: { method: 'UPDATE', offer: true } } }, ''],
      [prack(100), 'stopWaitForPrack, reply 2 200 none, change {send UPDATE offer}'],
    ]);
    play(invitation('supported'), stepCallee, [
      [progress(183, 'answer'), 'provisional 183 answer 100, waitForPrack 500, waitToRepeat 150000'],
      [{ kind: 'change', event: { kind: 'want', change: { method: 'UPDATE', offer: true } } }, ''],
      [prack(100, 'offer'), 'stopWaitForPrack, take offer'],
      [{ kind: 'answerPrack', status: 200 }, 'reply 2 200 answer, change {send UPDATE offer}'],
    ]);
  });
  test('an UPDATE that is open goes on in the session', () => {
    play(invitation('supported'), stepCallee, [
      [progress(183, 'answer'), 'provisional 183 answer 100, waitForPrack 500, waitToRepeat 150000'],
      [prack(100), 'stopWaitForPrack, reply 2 200 none'],
      [
        { kind: 'change', event: { kind: 'received', method: 'UPDATE', cseq: 3, description: 'offer' } },
        'change {asked UPDATE 3 offer}',
      ],
      [accept('none'), 'stopWaitToRepeat, respond 200 none, established theirs 500'],
    ]);
  });
  test('§5.2: the answer to an UPDATE stands in its own 2xx, and in no response to the INVITE', () => {
    play(invitation('required'), stepCallee, [
      [progress(183, 'answer'), 'provisional 183 answer 100, waitForPrack 500, waitToRepeat 150000'],
      [prack(100), 'stopWaitForPrack, reply 2 200 none'],
      [
        { kind: 'change', event: { kind: 'received', method: 'UPDATE', cseq: 3, description: 'offer' } },
        'change {asked UPDATE 3 offer}',
      ],
      [progress(183, 'answer'), '-'],
      [
        {
          kind: 'change',
          event: { kind: 'answer', method: 'UPDATE', status: 200, description: 'answer' },
        },
        'change {reply 3 200 answer}',
      ],
    ]);
  });
  test('RFC 3262 §5: nor the answer to an offer in a PRACK', () => {
    play(invitation('supported'), stepCallee, [
      [progress(183, 'answer'), 'provisional 183 answer 100, waitForPrack 500, waitToRepeat 150000'],
      [prack(100, 'offer'), 'stopWaitForPrack, take offer'],
      [progress(183, 'answer'), '-'],
      [{ kind: 'answerPrack', status: 200 }, 'reply 2 200 answer'],
    ]);
  });
  test('§5.3: the Call-ID is not ours, so that we wait less after 491', () => {
    play(invitation('supported'), stepCallee, [
      [progress(183, 'answer'), 'provisional 183 answer 100, waitForPrack 500, waitToRepeat 150000'],
      [prack(100), 'stopWaitForPrack, reply 2 200 none'],
      [
        { kind: 'change', event: { kind: 'want', change: { method: 'UPDATE', offer: true } } },
        'change {send UPDATE offer}',
      ],
      [{ kind: 'change', event: { kind: 'refused', status: 491 } }, 'change {pause 0 2000}'],
    ]);
  });
  test('§5.3: one that gets no answer ends the call; what the peer asked is answered', () => {
    play(after(invitation('none'), progress(180)), stepCallee, [
      [
        { kind: 'change', event: { kind: 'want', change: { method: 'UPDATE', offer: false } } },
        'change {send UPDATE none}',
      ],
      [
        { kind: 'change', event: { kind: 'received', method: 'UPDATE', cseq: 3, description: 'none' } },
        'change {asked UPDATE 3 none}',
      ],
      [
        { kind: 'change', event: { kind: 'refused', status: 481 } },
        'stopWaitToRepeat, change {reply 3 487 none}, respond 500 none, ended {lost 481}',
      ],
    ]);
  });
});

test('RFC 3261 §15: the 2xx that it hands over holds the BYE of the session back', () => {
  const { effects } = stepCallee(invitation('none'), accept('answer'));
  const established = effects.find((effect) => effect.kind === 'established');
  assert.deepEqual(established?.changes.unacknowledged, [
    { cseq: 1, intervalMs: 500, leftMs: 31_500, answerDue: false, first: true },
  ]);
});

describe('the queue of reliable responses', () => {
  const timing = { t1Ms: 500, t2Ms: 4000, t4Ms: 5000 };
  const filled = [180, 181, 182, 183, 184, 185].reduce(
    (queue, status) => enqueue(queue, { status, description: 'none' }, timing),
    beginReliable(1),
  );
  const statuses = (reliable: typeof filled): number[] => reliable.queue.map(({ status }) => status);
  test('has four places behind the one under way', () => {
    assert.equal(filled.unconfirmed?.status, 180);
    assert.deepEqual(statuses(filled), [181, 182, 183, 184]);
  });
  test('what holds a description takes the place of the first that does not', () => {
    assert.deepEqual(
      statuses(enqueue(filled, { status: 199, description: 'answer' }, timing)),
      [182, 183, 184, 199],
    );
  });
});
