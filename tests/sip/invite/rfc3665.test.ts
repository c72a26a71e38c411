// The call flows of RFC 3665 §3, as both ends see them. What is between them is not the gateway's.
import { describe, test } from 'node:test';
import { beginCallee, stepCallee } from '../../../src/sip/invite/callee.ts';
import { beginCaller, stepCaller, type CallOffer, type CallerEvent } from '../../../src/sip/invite/caller.ts';
import type { CalleeEvent } from '../../../src/sip/invite/invitation.ts';
import { beginSession, stepSession } from '../../../src/sip/invite/session.ts';
import type { SessionEvent, SessionState } from '../../../src/sip/invite/session-state.ts';
import type { Description } from '../../../src/sip/invite/offers.ts';
import { play, type Line } from './rig.ts';

const trying: CallerEvent = { kind: 'provisional', status: 100, description: 'none' };
const ringing: CallerEvent = { kind: 'provisional', status: 180, tag: '8321234356', description: 'none' };
const accepted = (description: Description): CallerEvent => ({
  kind: 'accepted',
  tag: '8321234356',
  description,
});
const ring: CalleeEvent = { kind: 'progress', progress: { status: 180, description: 'none' } };
const RANG = 'provisional 180 none, waitToRepeat 60000';
const offered: CallOffer = { description: 'offer', expires: undefined, minSe: undefined };

function caller(lines: readonly Line<CallerEvent>[], offer: CallOffer = offered): SessionState {
  let session: SessionState = { name: 'over' };
  play(
    beginCaller(offer).state,
    (state, event: CallerEvent) => {
      const transition = stepCaller(state, event);
      for (const effect of transition.effects) {
        if (effect.kind !== 'established') continue;
        session = beginSession({ changes: effect.changes, timer: undefined, update: false }).state;
      }
      return transition;
    },
    lines,
  );
  return session;
}

function callee(lines: readonly Line<CalleeEvent>[], description: 'offer' | 'none' = 'offer'): SessionState {
  let session: SessionState = { name: 'over' };
  play(
    beginCallee({ cseq: 1, description, reliability: 'none', firstRSeq: 1 }),
    (state, event: CalleeEvent) => {
      const transition = stepCallee(state, event);
      for (const effect of transition.effects) {
        if (effect.kind !== 'established') continue;
        session = beginSession({ changes: effect.changes, timer: undefined, update: false }).state;
      }
      return transition;
    },
    lines,
  );
  return session;
}

const change = (event: (SessionEvent & { kind: 'change' })['event']): SessionEvent => ({
  kind: 'change',
  event,
});
const byeOfPeer: Line<SessionEvent> = [
  { kind: 'bye', cseq: 1 },
  'reply 1 200 none, ended {hungUp peer}, over',
];
const ownBye: readonly Line<SessionEvent>[] = [
  [{ kind: 'hangUp' }, 'bye, ended {hungUp us}'],
  [{ kind: 'byeDone' }, 'over'],
];

describe('§3.1: successful session establishment', () => {
  test('Alice, who is hung up on', () => {
    const session = caller([
      [ringing, 'progress 180 8321234356'],
      [
        accepted('answer'),
        'take 8321234356 answer, ack 8321234356, waitForForks 32000, established 8321234356 agreed',
      ],
    ]);
    play(session, stepSession, [byeOfPeer]);
  });
  test('Bob, who hangs up', () => {
    const session = callee([
      [ring, RANG],
      [
        { kind: 'accept', description: 'answer' },
        'stopWaitToRepeat, respond 200 answer, established agreed 500',
      ],
    ]);
    play(session, stepSession, [
      [change({ kind: 'ack', cseq: 1, description: 'none' }), 'stopWait 1'],
      ...ownBye,
    ]);
  });
});

test('§3.2, §3.3, §3.4: challenges and a proxy that fails: the INVITE leaves once more, and it is one call', () => {
  caller([
    [{ kind: 'retried' }, ''],
    [trying, ''],
    [{ kind: 'retried' }, ''],
    [trying, ''],
    [
      accepted('answer'),
      'take 8321234356 answer, ack 8321234356, waitForForks 32000, established 8321234356 agreed',
    ],
  ]);
});

describe('§3.6: the offer in the 2xx, the answer in the ACK', () => {
  test('Alice', () => {
    const session = caller(
      [
        [trying, ''],
        [ringing, 'progress 180 8321234356'],
        [accepted('offer'), 'take 8321234356 offer, waitForForks 32000, established 8321234356 theirs/owed'],
      ],
      { ...offered, description: 'none' },
    );
    play(session, stepSession, [[change({ kind: 'acknowledge' }), 'ack answer'], byeOfPeer]);
  });
  test('Bob', () => {
    const session = callee(
      [
        [ring, RANG],
        [
          { kind: 'accept', description: 'offer' },
          'stopWaitToRepeat, respond 200 offer, established ours 500',
        ],
      ],
      'none',
    );
    play(session, stepSession, [
      [change({ kind: 'ack', cseq: 1, description: 'answer' }), 'stopWait 1, take answer'],
      ...ownBye,
    ]);
  });
  test('its redirection is a failure with its status', () => {
    caller([[{ kind: 'refused', status: 302 }, 'ended {refused 302}']]);
  });
});

describe('§3.7: re-INVITE', () => {
  test('Alice, who is asked, and hangs up', () => {
    const session = caller([
      [trying, ''],
      [ringing, 'progress 180 8321234356'],
      [
        accepted('answer'),
        'take 8321234356 answer, ack 8321234356, waitForForks 32000, established 8321234356 agreed',
      ],
    ]);
    play(session, stepSession, [
      [
        change({ kind: 'received', method: 'INVITE', cseq: 14, description: 'offer' }),
        'asked INVITE 14 offer',
      ],
      [
        change({ kind: 'answer', method: 'INVITE', status: 200, description: 'answer' }),
        'reply 14 200 answer, wait 14 500',
      ],
      [change({ kind: 'ack', cseq: 14, description: 'none' }), 'stopWait 14'],
      ...ownBye,
    ]);
  });
  test('Bob, who asks', () => {
    const session = callee([
      [{ kind: 'accept', description: 'answer' }, 'respond 200 answer, established agreed 500'],
    ]);
    play(session, stepSession, [
      [change({ kind: 'want', change: { method: 'INVITE', offer: true } }), ''],
      [change({ kind: 'ack', cseq: 1, description: 'none' }), 'stopWait 1, send INVITE offer'],
      [change({ kind: 'accepted', description: 'answer' }), 'take answer, ack none, done INVITE, schedule'],
      byeOfPeer,
    ]);
  });
});

describe('§3.8 … §3.11: unsuccessful', () => {
  test('§3.8 no answer: Alice cancels', () => {
    caller([
      [trying, ''],
      [ringing, 'progress 180 8321234356'],
      [{ kind: 'hangUp' }, 'stopTrying, cancel'],
      [{ kind: 'refused', status: 487 }, 'forkEnded 8321234356, ended {cancelled us}'],
    ]);
  });
  test('§3.8 no answer: Bob', () => {
    callee([
      [ring, RANG],
      [{ kind: 'cancelled' }, 'stopWaitToRepeat, respond 487 none, ended {cancelled peer}'],
    ]);
  });
  const failures: readonly (readonly [string, number])[] = [
    ['§3.9 busy', 486],
    ['§3.10 no response from the user agent', 480],
    ['§3.11 temporarily unavailable', 480],
  ];
  for (const [name, status] of failures) {
    test(`${name}: Alice`, () => {
      caller([
        [trying, ''],
        [{ kind: 'refused', status }, `ended {refused ${status}}`],
      ]);
    });
  }
  test('§3.9 busy: Bob', () => {
    callee([[{ kind: 'refuse', status: 486 }, 'respond 486 none, ended {refused 486}']]);
  });
  test('§3.11 temporarily unavailable: Bob, after ringing', () => {
    callee([
      [ring, RANG],
      [{ kind: 'refuse', status: 480 }, 'stopWaitToRepeat, respond 480 none, ended {refused 480}'],
    ]);
  });
});
