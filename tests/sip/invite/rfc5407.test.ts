// The race conditions of RFC 5407, figure by figure, each at the end, or ends, where the race is.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { beginCallee, stepCallee } from '../../../src/sip/invite/callee.ts';
import { beginCaller, stepCaller, type CallerEvent } from '../../../src/sip/invite/caller.ts';
import { beginChanges, unacknowledged } from '../../../src/sip/invite/changes.ts';
import type { ChangeEvent } from '../../../src/sip/invite/change.ts';
import type { CalleeEvent } from '../../../src/sip/invite/invitation.ts';
import type { Description, Offer } from '../../../src/sip/invite/offers.ts';
import { beginSession, stepSession } from '../../../src/sip/invite/session.ts';
import type { SessionEvent, SessionState } from '../../../src/sip/invite/session-state.ts';
import { play, type Line } from './rig.ts';

/** Alice made the call and has sent her ACK: "Est". */
const alice = open(true);
/** Bob, at whom the ACK has arrived: "Est". */
const bob = open(false);
/** Bob, whose 2xx to CSeq 1 has no ACK yet: "Mora". */
const moratorium = open(false, 'agreed', 'answer');

function open(owner: boolean, offer: Offer = 'agreed', body?: Description): SessionState {
  const changes = beginChanges('confirmed', owner, offer);
  const waiting = body === undefined ? [] : [unacknowledged(1, body, true)];
  return beginSession({ changes: { ...changes, unacknowledged: waiting }, timer: undefined, update: true })
    .state;
}
const change = (event: ChangeEvent): SessionEvent => ({ kind: 'change', event });
const received = (method: 'INVITE' | 'UPDATE', cseq: number, description: Description): SessionEvent =>
  change({ kind: 'received', method, cseq, description });
const ack = (cseq: number, description: Description = 'none'): SessionEvent =>
  change({ kind: 'ack', cseq, description });
const answer = (method: 'INVITE' | 'UPDATE', description: Description): SessionEvent =>
  change({ kind: 'answer', method, status: 200, description });
const want = (method: 'INVITE' | 'UPDATE', offer = true): SessionEvent =>
  change({ kind: 'want', change: { method, offer } });
const refused = (status: number): SessionEvent => change({ kind: 'refused', status });
const hangUp: SessionEvent = { kind: 'hangUp' };
const bye = (cseq: number): SessionEvent => ({ kind: 'bye', cseq });
const ringing: CallerEvent = { kind: 'provisional', status: 180, tag: 'bob', description: 'none' };
const ok: CallerEvent = { kind: 'accepted', tag: 'bob', description: 'answer' };
const called = beginCaller({ description: 'offer', expires: undefined, minSe: undefined }).state;
const invited = beginCallee({ cseq: 1, description: 'offer', reliability: 'none', firstRSeq: 1 });
const ring: Line<CalleeEvent> = [
  { kind: 'progress', progress: { status: 180, description: 'none' } },
  'provisional 180 none, waitToRepeat 60000',
];
const accept: Line<CalleeEvent> = [
  { kind: 'accept', description: 'answer' },
  'stopWaitToRepeat, respond 200 answer, established agreed 500',
];
const inSession = (state: SessionState, lines: readonly Line<SessionEvent>[]): void =>
  void play(state, stepSession, lines);

describe('§3.1: in the Moratorium state', () => {
  test('§3.1.1 an INVITE again: the transaction (RFC 6026) absorbs it; the 2xx is repeated by its own timer', () => {
    inSession(moratorium, [
      [change({ kind: 'timerAgain', cseq: 1 }), 'replyAgain 1, wait 1 1000'],
      [ack(1), 'stopWait 1'],
    ]);
    play(called, stepCaller, [
      [ok, 'take bob answer, ack bob, waitForForks 32000, established bob agreed'],
      [ok, 'ackAgain bob'],
    ]);
  });
  test('§3.1.2 CANCEL: Bob', () => {
    play(invited, stepCallee, [ring, accept, [{ kind: 'cancelled' }, '']]);
    inSession(moratorium, [
      [ack(1), 'stopWait 1'],
      [bye(2), 'reply 2 200 none, ended {hungUp peer}, over'],
    ]);
  });
  test('§3.1.2 CANCEL: Alice, "she immediately sends a BYE"', () => {
    play(called, stepCaller, [
      [ringing, 'progress 180 bob'],
      [{ kind: 'hangUp' }, 'stopTrying, cancel'],
      [ok, 'ack bob, bye bob, waitForForks 32000, ended {cancelled us}'],
    ]);
  });
  test('§3.1.3 BYE of the early dialog: Bob', () => {
    inSession(moratorium, [[bye(2), 'reply 2 200 none, stopWait 1, ended {hungUp peer}, over']]);
  });
  test('§3.1.3 BYE of the early dialog: Alice "does not begin a session", and sends the ACK', () => {
    play(called, stepCaller, [
      [ringing, 'progress 180 bob'],
      [{ kind: 'endFork', tag: 'bob' }, 'bye bob, forkEnded bob'],
      [ok, 'ack bob, waitForForks 32000'],
      [ok, 'ackAgain bob'],
      [{ kind: 'timerForks' }, 'ended {cancelled us}'],
    ]);
  });
  test('§3.1.4 re-INVITE, case 1: 200, and the ACK that comes late', () => {
    inSession(moratorium, [
      [received('INVITE', 2, 'offer'), 'asked INVITE 2 offer'],
      [answer('INVITE', 'answer'), 'reply 2 200 answer, wait 2 500'],
      [ack(1), 'stopWait 1'],
      [ack(2), 'stopWait 2'],
    ]);
  });
  test('§3.1.4: "if the UAS doesn\'t receive an ACK for a long time, it should send a BYE"', () => {
    let state = play(moratorium, stepSession, [
      [received('INVITE', 2, 'offer'), 'asked INVITE 2 offer'],
      [answer('INVITE', 'answer'), 'reply 2 200 answer, wait 2 500'],
      [ack(2), 'stopWait 2'],
    ]);
    for (let i = 0; i < 10; i++) state = stepSession(state, change({ kind: 'timerAgain', cseq: 1 })).state;
    inSession(state, [[change({ kind: 'timerAgain', cseq: 1 }), 'bye, ended {lost noAck}']]);
  });
  test('§3.1.5 re-INVITE, case 2: 491, since the answer to our offer is not there; the same for UPDATE', () => {
    inSession(open(false, 'ours', 'offer'), [
      [received('INVITE', 2, 'offer'), 'reply 2 491 none'],
      [received('UPDATE', 3, 'offer'), 'reply 3 491 none'],
      [ack(1, 'answer'), 'stopWait 1, take answer'],
      [received('INVITE', 4, 'offer'), 'asked INVITE 4 offer'],
    ]);
  });
  test('§3.1.6 BYE: the 2xx is not repeated any more, and a late ACK means nothing', () => {
    inSession(open(false, 'ours', 'offer'), [
      [bye(2), 'reply 2 200 none, stopWait 1, ended {hungUp peer}, over'],
      [ack(1, 'answer'), ''],
    ]);
  });
  test('§3.1.6: Alice acknowledges the 2xx that comes again', () => {
    inSession(alice, [
      [hangUp, 'bye, ended {hungUp us}'],
      [change({ kind: 'acceptedAgain', cseq: 1 }), 'ackAgain 1'],
      [{ kind: 'byeDone' }, 'over'],
      [change({ kind: 'acceptedAgain', cseq: 1 }), 'ackAgain 1'],
    ]);
  });
});

describe('§3.2: in the Mortal state', () => {
  for (const [name, state] of Object.entries({ alice, bob })) {
    test(`§3.2.1 BYE of both: ${name}`, () => {
      inSession(state, [
        [hangUp, 'bye, ended {hungUp us}'],
        [bye(2), 'reply 2 200 none'],
        [{ kind: 'byeDone' }, 'over'],
      ]);
    });
  }
  test('§3.2.2 re-INVITE: 481', () => {
    inSession(alice, [
      [hangUp, 'bye, ended {hungUp us}'],
      [received('INVITE', 1, 'offer'), 'reply 1 481 none'],
    ]);
    inSession(bob, [
      [want('INVITE'), 'send INVITE offer'],
      [bye(2), 'reply 2 200 none, ended {hungUp peer}'],
      [refused(481), 'over'],
    ]);
  });
  test('§3.2.3 200 to a re-INVITE: ACK', () => {
    inSession(bob, [
      [want('INVITE'), 'send INVITE offer'],
      [hangUp, 'bye, ended {hungUp us}'],
      [{ kind: 'byeDone' }, ''],
      [change({ kind: 'accepted', description: 'answer' }), 'ack none, over'],
    ]);
    inSession(alice, [
      [received('INVITE', 1, 'offer'), 'asked INVITE 1 offer'],
      [answer('INVITE', 'answer'), 'reply 1 200 answer, wait 1 500'],
      [bye(2), 'reply 2 200 none, stopWait 1, ended {hungUp peer}, over'],
      [ack(1), ''],
    ]);
  });
  test('§3.2.4 ACK, its answer is ignored; Bob waits for it with his BYE (RFC 3261 §15)', () => {
    inSession(open(false, 'ours', 'offer'), [
      [hangUp, 'ended {hungUp us}'],
      [ack(1, 'answer'), 'stopWait 1, bye'],
      [{ kind: 'byeDone' }, 'over'],
    ]);
    // A Bob who does not wait: Alice has sent her ACK, or owes it with the answer.
    inSession(alice, [[bye(1), 'reply 1 200 none, ended {hungUp peer}, over']]);
    const changes = { ...beginChanges('confirmed', true, 'theirs'), ours: { name: 'owed' as const } };
    inSession(beginSession({ changes, timer: undefined, update: true }).state, [
      [bye(1), 'reply 1 200 none, ack answer rejecting, ended {hungUp peer}, over'],
    ]);
  });
});

describe('§3.3: others', () => {
  test('§3.3.1 re-INVITE of both: Alice, the owner of the Call-ID, waits longer', () => {
    inSession(alice, [
      [want('INVITE'), 'send INVITE offer'],
      [received('INVITE', 1, 'offer'), 'reply 1 491 none'],
      [refused(491), 'pause 2100 4000'],
      [received('INVITE', 2, 'offer'), 'asked INVITE 2 offer'],
      [answer('INVITE', 'answer'), 'reply 2 200 answer, wait 2 500'],
      [ack(2), 'stopWait 2'],
      [change({ kind: 'timerPause' }), 'send INVITE offer'],
      [change({ kind: 'accepted', description: 'answer' }), 'take answer, ack none, done INVITE, schedule'],
    ]);
  });
  test('§3.3.1: Bob', () => {
    inSession(bob, [
      [want('INVITE'), 'send INVITE offer'],
      [received('INVITE', 2, 'offer'), 'reply 2 491 none'],
      [refused(491), 'pause 0 2000'],
      [change({ kind: 'timerPause' }), 'send INVITE offer'],
      [change({ kind: 'accepted', description: 'answer' }), 'take answer, ack none, done INVITE, schedule'],
      [received('INVITE', 3, 'offer'), 'asked INVITE 3 offer'],
    ]);
  });
  test('§3.3.2 UPDATE with an offer and re-INVITE: 491 to both', () => {
    inSession(alice, [
      [want('UPDATE'), 'send UPDATE offer'],
      [received('INVITE', 1, 'offer'), 'reply 1 491 none'],
      [refused(491), 'pause 2100 4000'],
      [received('INVITE', 2, 'offer'), 'asked INVITE 2 offer'],
      [answer('INVITE', 'answer'), 'reply 2 200 answer, wait 2 500'],
      [ack(2), 'stopWait 2'],
      [change({ kind: 'timerPause' }), 'send UPDATE offer'],
    ]);
    inSession(bob, [
      [want('INVITE'), 'send INVITE offer'],
      [received('UPDATE', 2, 'offer'), 'reply 2 491 none'],
    ]);
  });
  test('§3.3.2: an UPDATE without a description crosses everything, "both requests succeed with 200"', () => {
    inSession(alice, [
      [want('UPDATE', false), 'send UPDATE none'],
      [received('INVITE', 1, 'offer'), 'asked INVITE 1 offer'],
      [answer('INVITE', 'answer'), 'reply 1 200 answer, wait 1 500'],
      [change({ kind: 'accepted', description: 'none' }), 'done UPDATE, schedule'],
    ]);
    inSession(bob, [
      [want('INVITE'), 'send INVITE offer'],
      [received('UPDATE', 2, 'none'), 'asked UPDATE 2 none'],
      [answer('UPDATE', 'none'), 'reply 2 200 none'],
    ]);
    inSession(alice, [
      [want('UPDATE', false), 'send UPDATE none'],
      [received('UPDATE', 1, 'none'), 'asked UPDATE 1 none'],
    ]);
  });
  test('§3.3.3 REFER in the Mortal state: 481', () => {
    inSession(alice, [
      [hangUp, 'bye, ended {hungUp us}'],
      [{ kind: 'request', cseq: 1 }, 'reply 1 481 none'],
    ]);
  });
});

describe('appendices', () => {
  test('B: a BYE that overtakes the re-INVITE: 481 to what comes later', () => {
    const over = play(bob, stepSession, [[bye(3), 'reply 3 200 none, ended {hungUp peer}, over']]);
    inSession(over, [[received('INVITE', 2, 'offer'), 'reply 2 481 none']]);
    inSession(alice, [
      [want('INVITE'), 'send INVITE offer'],
      [hangUp, 'bye, ended {hungUp us}'],
      [{ kind: 'byeDone' }, ''],
      [refused(481), 'over'],
    ]);
  });
  test('C, figure 3: CANCEL before any response, in the early dialog, and after the 2xx', () => {
    const cancel: CalleeEvent = { kind: 'cancelled' };
    play(invited, stepCallee, [[cancel, 'respond 487 none, ended {cancelled peer}']]);
    play(invited, stepCallee, [
      ring,
      [cancel, 'stopWaitToRepeat, respond 487 none, ended {cancelled peer}'],
      [cancel, ''],
    ]);
    play(invited, stepCallee, [ring, accept, [cancel, '']]);
  });
  test('figure 2: BYE in the early dialog is answered 200, and the INVITE 487', () => {
    play(invited, stepCallee, [
      ring,
      [
        { kind: 'bye', cseq: 2 },
        'reply 2 200 none, stopWaitToRepeat, respond 487 none, ended {cancelled peer}',
      ],
    ]);
  });
  test('a second re-INVITE before the answer to the first: 500 (RFC 3261 §14.2)', () => {
    inSession(bob, [
      [received('INVITE', 2, 'offer'), 'asked INVITE 2 offer'],
      [received('INVITE', 3, 'offer'), 'reply 3 500 none retryAfter'],
      [answer('INVITE', 'answer'), 'reply 2 200 answer, wait 2 500'],
    ]);
    assert.equal(bob.name, 'open');
  });
});
