// An established session, every state with every event (RFC 3261 §14, §15; RFC 4028 §7, §9, §10; RFC 5407 §2).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { beginChanges, unacknowledged } from '../../../src/sip/invite/changes.ts';
import type { ChangeEvent, Changes } from '../../../src/sip/invite/change.ts';
import { beginSession, stepSession } from '../../../src/sip/invite/session.ts';
import type {
  OpenSession,
  SessionEvent,
  SessionRules,
  SessionState,
} from '../../../src/sip/invite/session-state.ts';
import type { SessionTimer, TimerOffer } from '../../../src/sip/invite/session-timer.ts';
import { play, told, type Line } from './rig.ts';

const idle = beginChanges('confirmed', true, 'agreed');
function opened(changes: Changes, timer?: SessionTimer, update = false): OpenSession {
  const { state } = beginSession({ changes, timer, update });
  assert.equal(state.name, 'open');
  return state;
}
const change = (event: ChangeEvent): SessionEvent & { kind: 'change' } => ({ kind: 'change', event });
const want = (method: 'INVITE' | 'UPDATE', offer: boolean): SessionEvent =>
  change({ kind: 'want', change: { method, offer } });
const received = (
  method: 'INVITE' | 'UPDATE',
  description: 'none' | 'offer',
  offer?: TimerOffer,
): SessionEvent => ({
  kind: 'change',
  event: { kind: 'received', method, cseq: 9, description },
  ...(offer === undefined ? {} : { offer }),
});
const accepted = (description: 'none' | 'offer' | 'answer'): SessionEvent =>
  change({ kind: 'accepted', description });
const after = (start: SessionState, ...events: SessionEvent[]): SessionState =>
  events.reduce((state, event) => stepSession(state, event).state, start);

const firstWaits: Changes = { ...idle, unacknowledged: [unacknowledged(1, 'answer', true)] };
const hangUp: SessionEvent = { kind: 'hangUp' };
const bye: SessionEvent = { kind: 'bye', cseq: 8 };
const STATES: Record<string, SessionState> = {
  open: opened(idle),
  'open, our INVITE sent': after(opened(idle), want('INVITE', true)),
  'open, ACK owed': opened({ ...idle, offer: 'theirs', ours: { name: 'owed' } }),
  'open, their INVITE': after(opened(idle), received('INVITE', 'offer')),
  'open, first 2xx without ACK': opened(firstWaits),
  'open, we refresh': opened(idle, { interval: 1800, refresher: 'us' }),
  'open, the peer refreshes': opened(idle, { interval: 1800, refresher: 'peer' }),
  'mortal, our BYE': after(opened(idle), hangUp),
  'mortal, our BYE and INVITE': after(opened(idle), want('INVITE', true), hangUp),
  'mortal, their BYE, our INVITE': after(opened(idle), want('INVITE', true), bye),
  'mortal, BYE held': after(opened(firstWaits), hangUp),
  over: after(opened(idle), bye),
};
const EVENTS: Record<string, SessionEvent> = {
  'want INVITE': want('INVITE', true),
  'INVITE offer': received('INVITE', 'offer'),
  UPDATE: received('UPDATE', 'none'),
  'we 200': change({ kind: 'answer', method: 'INVITE', status: 200, description: 'answer' }),
  '200 answer': accepted('answer'),
  '200 offer': accepted('offer'),
  '200 again': change({ kind: 'acceptedAgain', cseq: 3 }),
  '488': change({ kind: 'refused', status: 488 }),
  '481': change({ kind: 'refused', status: 481 }),
  timeout: change({ kind: 'failed', reason: 'timeout' }),
  'ACK 1': change({ kind: 'ack', cseq: 1, description: 'none' }),
  'timerAgain 1': change({ kind: 'timerAgain', cseq: 1 }),
  acknowledge: change({ kind: 'acknowledge' }),
  hangUp,
  BYE: bye,
  byeDone: { kind: 'byeDone' },
  INFO: { kind: 'request', cseq: 6 },
  timerRefresh: { kind: 'timerRefresh' },
  timerEnd: { kind: 'timerEnd' },
};
const US = 'ended {hungUp us}';
const PEER = 'ended {hungUp peer}';
const OPEN = {
  '200 again': 'ackAgain 3',
  'ACK 1': '',
  hangUp: `bye, ${US}`,
  BYE: `reply 8 200 none, ${PEER}, over`,
  INFO: 'serve 6',
};
const ASKED = { 'INVITE offer': 'asked INVITE 9 offer', UPDATE: 'asked UPDATE 9 none' };
/** RFC 5407 §2: in "Mortal" BYE is accepted, "and the other messages … are responded to with an error". */
const MORTAL = {
  'want INVITE': '',
  'INVITE offer': 'reply 9 481 none',
  UPDATE: 'reply 9 481 none',
  'we 200': '',
  '200 again': 'ackAgain 3',
  'ACK 1': '',
  'timerAgain 1': '',
  acknowledge: '',
  hangUp: '',
  BYE: 'reply 8 200 none',
  INFO: 'reply 6 481 none',
  timerRefresh: '',
  timerEnd: '',
};

const EXPECTED: Record<string, Record<string, string>> = {
  open: { ...OPEN, ...ASKED, 'want INVITE': 'send INVITE offer' },
  'open, our INVITE sent': {
    ...OPEN,
    'want INVITE': '',
    'INVITE offer': 'reply 9 491 none',
    UPDATE: 'asked UPDATE 9 none',
    '200 answer': 'take answer, ack none, done INVITE, schedule',
    '200 offer': `ack none, bye, ended {lost noAnswer}`,
    '488': 'undone INVITE 488',
    '481': 'bye, ended {lost 481}',
    timeout: 'bye, ended {lost timeout}',
    // The INVITE is still under way.
    BYE: `reply 8 200 none, ${PEER}`,
  },
  'open, ACK owed': {
    ...OPEN,
    'want INVITE': '',
    'INVITE offer': 'reply 9 491 none',
    UPDATE: 'asked UPDATE 9 none',
    acknowledge: 'ack answer',
    // RFC 5407 appendix D: the INVITE is completed first.
    hangUp: `ack answer rejecting, bye, ${US}`,
    BYE: `reply 8 200 none, ack answer rejecting, ${PEER}, over`,
  },
  'open, their INVITE': {
    ...OPEN,
    'want INVITE': '',
    'INVITE offer': 'reply 9 500 none retryAfter',
    UPDATE: 'asked UPDATE 9 none',
    'we 200': 'reply 9 200 answer, wait 9 500',
    hangUp: `reply 9 487 none, bye, ${US}`,
    // RFC 3261 §15.1.2.
    BYE: `reply 8 200 none, reply 9 487 none, ${PEER}, over`,
  },
  'open, first 2xx without ACK': {
    ...OPEN,
    ...ASKED,
    'want INVITE': '',
    'ACK 1': 'stopWait 1',
    'timerAgain 1': 'replyAgain 1, wait 1 1000',
    // RFC 3261 §15: no BYE "until it has received an ACK for its 2xx".
    hangUp: US,
    // RFC 5407 §3.1.6.
    BYE: `reply 8 200 none, stopWait 1, ${PEER}, over`,
  },
  'open, we refresh': {
    ...OPEN,
    ...ASKED,
    'want INVITE': 'send INVITE offer {1800 uac}',
    hangUp: `schedule, bye, ${US}`,
    BYE: `reply 8 200 none, schedule, ${PEER}, over`,
    timerRefresh: 'send INVITE offer {1800 uac}',
    timerEnd: 'schedule, bye, ended {expired}',
  },
  'open, the peer refreshes': {
    ...OPEN,
    ...ASKED,
    'want INVITE': 'send INVITE offer {1800 uas}',
    hangUp: `schedule, bye, ${US}`,
    BYE: `reply 8 200 none, schedule, ${PEER}, over`,
    timerEnd: 'schedule, bye, ended {expired}',
  },
  'mortal, our BYE': { ...MORTAL, byeDone: 'over' },
  'mortal, our BYE and INVITE': {
    ...MORTAL,
    '200 answer': 'ack none',
    '200 offer': 'ack answer rejecting',
    '488': '',
    '481': '',
    timeout: '',
    byeDone: '',
  },
  'mortal, their BYE, our INVITE': {
    ...MORTAL,
    '200 answer': 'ack none, over',
    '200 offer': 'ack answer rejecting, over',
    '488': 'over',
    '481': 'over',
    timeout: 'over',
  },
  'mortal, BYE held': {
    ...MORTAL,
    'ACK 1': 'stopWait 1, bye',
    'timerAgain 1': 'replyAgain 1, wait 1 1000',
    BYE: 'reply 8 200 none, stopWait 1, over',
  },
  over: {
    'INVITE offer': 'reply 9 481 none',
    UPDATE: 'reply 9 481 none',
    '200 again': 'ackAgain 3',
    'ACK 1': '',
    hangUp: '',
    BYE: 'reply 8 481 none',
    INFO: 'reply 6 481 none',
  },
};

for (const [name, state] of Object.entries(STATES)) {
  describe(name, () => {
    for (const [label, event] of Object.entries(EVENTS)) {
      test(label, () => assert.equal(told(state, stepSession(state, event)), EXPECTED[name]?.[label] ?? '-'));
    }
  });
}

test('it begins with the wait for the ACK and the timers', () => {
  const begun = beginSession({
    changes: firstWaits,
    timer: { interval: 1800, refresher: 'us' },
    update: true,
  });
  assert.equal(told(begun.state, begun), 'wait 1 500, schedule 900000 1768000');
});

test('BYE held: 64*T1 without ACK are over, and it leaves', () => {
  let state = after(opened(firstWaits), hangUp);
  for (let i = 0; i < 10; i++) state = after(state, change({ kind: 'timerAgain', cseq: 1 }));
  play(state, stepSession, [
    [change({ kind: 'timerAgain', cseq: 1 }), 'bye'],
    [{ kind: 'byeDone' }, 'over'],
  ]);
});

test('RFC 3261 §15: only the first 2xx holds the BYE back, not that of a re-INVITE', () => {
  play(opened(idle), stepSession, [
    [received('INVITE', 'offer'), 'asked INVITE 9 offer'],
    [
      change({ kind: 'answer', method: 'INVITE', status: 200, description: 'answer' }),
      'reply 9 200 answer, wait 9 500',
    ],
    [hangUp, `stopWait 9, bye, ${US}`],
  ]);
});

test('CALL-32: no ACK to a re-INVITE ends the call, too', () => {
  let state = after(
    opened(idle),
    received('INVITE', 'offer'),
    change({ kind: 'answer', method: 'INVITE', status: 200, description: 'answer' }),
  );
  for (let i = 0; i < 10; i++) state = after(state, change({ kind: 'timerAgain', cseq: 9 }));
  play(state, stepSession, [[change({ kind: 'timerAgain', cseq: 9 }), 'bye, ended {lost noAck}']]);
});

describe('RFC 4028: the timer within a session', () => {
  const policy: SessionRules = {
    timing: { t1Ms: 500, t2Ms: 4000, t4Ms: 5000 },
    timer: { interval: 1800, minSe: 120 },
  };
  const step = (state: SessionState, event: SessionEvent) => stepSession(state, event, policy);
  const us: SessionTimer = { interval: 4000, refresher: 'us' };

  test('§13: refresh by UPDATE at half, end 32 s before the expiry', () => {
    const begun = beginSession({ changes: idle, timer: us, update: true });
    assert.equal(told(begun.state, begun), 'schedule 2000000 3968000');
    play(begun.state, step, [
      [{ kind: 'timerRefresh' }, 'send UPDATE none {4000 uac}'],
      [
        {
          kind: 'change',
          event: { kind: 'accepted', description: 'none' },
          expires: { seconds: 4000, refresher: 'uac' },
        },
        'done UPDATE, schedule 2000000 3968000',
      ],
    ]);
  });
  test('§7.2: the 2xx hands the refreshes to the peer, or turns the timer off', () => {
    play(opened(idle, us, true), step, [
      [{ kind: 'timerRefresh' }, 'send UPDATE none {4000 uac}'],
      [
        {
          kind: 'change',
          event: { kind: 'accepted', description: 'none' },
          expires: { seconds: 600, refresher: 'uas' },
        },
        'done UPDATE, schedule 568000',
      ],
      [{ kind: 'timerRefresh' }, '-'],
      [{ kind: 'timerEnd' }, 'schedule, bye, ended {expired}'],
    ]);
  });
  test('any other change of ours refreshes as well', () => {
    play(opened(idle, us, true), step, [
      [want('INVITE', true), 'send INVITE offer {4000 uac}'],
      [{ kind: 'timerRefresh' }, ''],
      [
        {
          kind: 'change',
          event: { kind: 'accepted', description: 'answer' },
          expires: { seconds: 4000, refresher: 'uac' },
        },
        'take answer, ack none, done INVITE, schedule 2000000 3968000',
      ],
    ]);
  });
  test('§10: a refresh that fails is tried again, each time after half of what is left, and not for ever', () => {
    const lines: Line<SessionEvent>[] = [];
    for (const ms of [1_000_000, 500_000, 250_000, 125_000, 62_500, 31_250]) {
      lines.push(
        [{ kind: 'timerRefresh' }, 'send UPDATE none {4000 uac}'],
        [change({ kind: 'refused', status: 503 }), `undone UPDATE 503, retryRefresh ${ms}`],
      );
    }
    lines.push(
      [{ kind: 'timerRefresh' }, 'send UPDATE none {4000 uac}'],
      [change({ kind: 'refused', status: 503 }), 'undone UPDATE 503'],
      [{ kind: 'timerEnd' }, 'schedule, bye, ended {expired}'],
    );
    play(opened(idle, us, true), step, lines);
  });
  test('a change that fails before a refresh is due leaves the timer alone, at the start and after a 2xx', () => {
    const failing: readonly Line<SessionEvent>[] = [
      [want('INVITE', true), 'send INVITE offer {4000 uac}'],
      [change({ kind: 'refused', status: 488 }), 'undone INVITE 488'],
    ];
    play(opened(idle, us, true), step, [
      ...failing,
      [{ kind: 'timerRefresh' }, 'send UPDATE none {4000 uac}'],
      [
        {
          ...change({ kind: 'accepted', description: 'none' }),
          expires: { seconds: 4000, refresher: 'uac' },
        },
        'done UPDATE, schedule 2000000 3968000',
      ],
      ...failing,
    ]);
  });
  test('§10: no response, 408 and 481 end it at once', () => {
    play(opened(idle, us, true), step, [
      [{ kind: 'timerRefresh' }, 'send UPDATE none {4000 uac}'],
      [change({ kind: 'failed', reason: 'timeout' }), 'schedule, bye, ended {lost timeout}'],
    ]);
  });
  test('§7.3, §7.4: 422 to a refresh, with the largest Min-SE from then on', () => {
    play(opened(idle, us, true), step, [
      [{ kind: 'timerRefresh' }, 'send UPDATE none {4000 uac}'],
      [{ ...change({ kind: 'refused', status: 422 }), minSe: 5000 }, 'send UPDATE none {5000 uac} 5000'],
      [{ ...change({ kind: 'refused', status: 422 }), minSe: 6000 }, 'send UPDATE none {6000 uac} 6000'],
      [
        { ...change({ kind: 'refused', status: 422 }), minSe: 6000 },
        'undone UPDATE 422, retryRefresh 250000',
      ],
    ]);
  });
  test('422: what was wanted besides leaves behind the change that is sent again', () => {
    play(opened(idle, us, true), step, [
      [want('INVITE', true), 'send INVITE offer {4000 uac}'],
      [want('INVITE', true), ''],
      [{ ...change({ kind: 'refused', status: 422 }), minSe: 5000 }, 'send INVITE offer {5000 uac} 5000'],
      [
        {
          ...change({ kind: 'accepted', description: 'answer' }),
          expires: { seconds: 5000, refresher: 'uac' },
        },
        'take answer, ack none, done INVITE, send INVITE offer {5000 uac} 5000, schedule 2500000 4968000',
      ],
    ]);
  });
  test('422 may raise the interval four times in a row', () => {
    const lines: Line<SessionEvent>[] = [[{ kind: 'timerRefresh' }, 'send UPDATE none {4000 uac}']];
    for (const minSe of [4001, 4002, 4003, 4004]) {
      const event = { ...change({ kind: 'refused', status: 422 }), minSe };
      lines.push([event, `send UPDATE none {${minSe} uac} ${minSe}`]);
    }
    const fifth = { ...change({ kind: 'refused', status: 422 }), minSe: 4005 };
    play(opened(idle, us, true), step, [...lines, [fifth, 'undone UPDATE 422, retryRefresh 62500']]);
  });
  for (const status of [405, 501]) {
    test(`UPDATE that is refused with ${status} after all becomes a re-INVITE, from then on`, () =>
      refusedUpdate(status));
  }
  function refusedUpdate(status: number): void {
    play(opened(idle, us, true), step, [
      [{ kind: 'timerRefresh' }, 'send UPDATE none {4000 uac}'],
      [change({ kind: 'refused', status }), 'send INVITE offer {4000 uac}'],
      [
        {
          kind: 'change',
          event: { kind: 'accepted', description: 'answer' },
          expires: { seconds: 4000, refresher: 'uac' },
        },
        'take answer, ack none, done INVITE, schedule 2000000 3968000',
      ],
      [{ kind: 'timerRefresh' }, 'send INVITE offer {4000 uac}'],
    ]);
  }
  const asks: TimerOffer = { supported: true, expires: { seconds: 300, refresher: 'uac' }, minSe: 100 };
  const answer: SessionEvent = change({ kind: 'answer', method: 'UPDATE', status: 200, description: 'none' });
  test('§9: a refresh of the peer', () => {
    play(opened(idle, { interval: 300, refresher: 'peer' }), step, [
      [received('UPDATE', 'none', asks), 'asked UPDATE 9 none'],
      [answer, 'reply 9 200 none {300 uac} require, schedule 268000'],
      // §7.4: Min-SE of a request within the dialog comes back in ours.
      [want('INVITE', true), 'send INVITE offer {300 uas} 100'],
    ]);
  });
  test('§9: an interval that is too short is answered 422; what holds stays', () => {
    const short: TimerOffer = { supported: true, expires: { seconds: 119 } };
    play(opened(idle, { interval: 300, refresher: 'peer' }), step, [
      [received('UPDATE', 'none', short), 'reply 9 422 none 120'],
      [received('INVITE', 'offer', short), 'reply 9 422 none 120'],
      [received('INVITE', 'offer', asks), 'asked INVITE 9 offer'],
    ]);
  });
  test('§4: a request of a peer without timers leaves it to us', () => {
    play(opened(idle, us, true), step, [
      [received('UPDATE', 'none', { supported: false }), 'asked UPDATE 9 none'],
      [answer, 'reply 9 200 none {1800 uas}, schedule 900000 1768000'],
      [{ kind: 'timerRefresh' }, 'send UPDATE none {1800 uac}'],
    ]);
  });
  test('a refusal of ours changes no timer', () => {
    play(opened(idle, us, true), step, [
      [received('UPDATE', 'none', asks), 'asked UPDATE 9 none'],
      [change({ kind: 'answer', method: 'UPDATE', status: 504, description: 'none' }), 'reply 9 504 none'],
      [{ kind: 'timerRefresh' }, 'send UPDATE none {4000 uac} 100'],
    ]);
  });
});
