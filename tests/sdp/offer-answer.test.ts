// Offer and answer (RFC 3264): every state with every event, which answers fit, which offers may follow, and the version.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  answerProblem,
  isUnchanged,
  nextVersion,
  NO_AGREEMENT,
  parseSdp,
  rejected,
  stepOfferAnswer,
  type OfferAnswerEvent,
  type OfferAnswerState,
  type SessionDescription,
} from '../../src/sdp/index.ts';

/** A description with these m= lines. */
function sdp(...media: string[]): SessionDescription {
  const head = ['v=0', 'o=- 7 1 IN IP4 192.0.2.1', 's=-', 'c=IN IP4 192.0.2.1', 't=0 0'];
  const result = parseSdp([...head, ...media.map((line) => `m=${line}`)].join('\r\n'));
  assert.ok(result.ok);
  return result.value;
}

const A = sdp('audio 1000 RTP/AVP 0');
const B = sdp('audio 2000 RTP/AVP 0');
const C = sdp('audio 3000 RTP/AVP 0', 'video 3002 RTP/AVP 31');
const D = sdp('audio 4000 RTP/AVP 0', 'video 0 RTP/AVP 31');
const agreed = { local: A, remote: B };

describe('state × event', () => {
  const STATES: Record<string, OfferAnswerState> = {
    'nothing agreed': NO_AGREEMENT,
    agreed: { name: 'stable', agreed },
    'our first offer': { name: 'offered', local: A },
    'our next offer': { name: 'offered', agreed, local: C },
    'their first offer': { name: 'asked', remote: B },
    'their next offer': { name: 'asked', agreed, remote: C },
  };
  const EVENTS = {
    sendOffer: { type: 'sendOffer', description: C },
    receiveOffer: { type: 'receiveOffer', description: C },
    sendAnswer: { type: 'sendAnswer', description: D },
    receiveAnswer: { type: 'receiveAnswer', description: D },
    fail: { type: 'fail' },
  } as const satisfies Record<string, OfferAnswerEvent>;
  const GLARE = 'ERR_SDP_GLARE';
  const ANSWER = 'ERR_SDP_ANSWER';
  // D has two media: it answers C, and does not fit an offer of one.
  const MATRIX: Record<string, Record<keyof typeof EVENTS, OfferAnswerState | string>> = {
    'nothing agreed': {
      sendOffer: { name: 'offered', agreed: undefined, local: C },
      receiveOffer: { name: 'asked', agreed: undefined, remote: C },
      sendAnswer: ANSWER,
      receiveAnswer: ANSWER,
      fail: NO_AGREEMENT,
    },
    agreed: {
      sendOffer: { name: 'offered', agreed, local: C },
      receiveOffer: { name: 'asked', agreed, remote: C },
      sendAnswer: ANSWER,
      receiveAnswer: ANSWER,
      fail: { name: 'stable', agreed },
    },
    'our first offer': {
      sendOffer: GLARE,
      receiveOffer: GLARE,
      sendAnswer: ANSWER,
      receiveAnswer: ANSWER,
      fail: { name: 'stable', agreed: undefined },
    },
    'our next offer': {
      sendOffer: GLARE,
      receiveOffer: GLARE,
      sendAnswer: ANSWER,
      receiveAnswer: { name: 'stable', agreed: { local: C, remote: D } },
      fail: { name: 'stable', agreed },
    },
    'their first offer': {
      sendOffer: GLARE,
      receiveOffer: GLARE,
      sendAnswer: ANSWER,
      receiveAnswer: ANSWER,
      fail: { name: 'stable', agreed: undefined },
    },
    'their next offer': {
      sendOffer: GLARE,
      receiveOffer: GLARE,
      sendAnswer: { name: 'stable', agreed: { local: D, remote: C } },
      receiveAnswer: ANSWER,
      fail: { name: 'stable', agreed },
    },
  };
  for (const [state, row] of Object.entries(MATRIX)) {
    for (const [event, wanted] of Object.entries(row)) {
      test(`${state} × ${event}`, () => {
        const from = STATES[state];
        const what = Object.entries(EVENTS).find(([name]) => name === event)?.[1];
        assert.ok(from !== undefined && what !== undefined);
        const result = stepOfferAnswer(from, what);
        assert.deepEqual(result.ok ? result.value : result.error.code, wanted);
      });
    }
  }
});

describe('an answer (RFC 3264 §6)', () => {
  const CASES: [string, string[], string[], boolean][] = [
    [
      'the same media in the same order',
      ['audio 1 RTP/AVP 0', 'video 3 RTP/AVP 31'],
      ['audio 5 RTP/AVP 0', 'video 7 RTP/AVP 31'],
      true,
    ],
    [
      'one is rejected',
      ['audio 1 RTP/AVP 0', 'video 3 RTP/AVP 31'],
      ['audio 5 RTP/AVP 0', 'video 0 RTP/AVP 31'],
      true,
    ],
    ['fewer media', ['audio 1 RTP/AVP 0', 'video 3 RTP/AVP 31'], ['audio 5 RTP/AVP 0'], false],
    ['more media', ['audio 1 RTP/AVP 0'], ['audio 5 RTP/AVP 0', 'video 7 RTP/AVP 31'], false],
    [
      'another order',
      ['audio 1 RTP/AVP 0', 'video 3 RTP/AVP 31'],
      ['video 7 RTP/AVP 31', 'audio 5 RTP/AVP 0'],
      false,
    ],
    ['another protocol', ['audio 1 RTP/SAVP 0'], ['audio 5 RTP/AVP 0'], false],
    ['another protocol where it is rejected', ['audio 1 RTP/SAVP 0'], ['audio 0 RTP/AVP 0'], true],
    ['what was not offered', ['audio 0 RTP/AVP 0'], ['audio 5 RTP/AVP 0'], false],
  ];
  for (const [name, offer, answer, fits] of CASES)
    test(name, () => assert.equal(answerProblem(sdp(...offer), sdp(...answer)) === undefined, fits));
});

describe('another offer (RFC 3264 §8)', () => {
  const CASES: [string, string[], string[], boolean][] = [
    [
      'a medium more, at the end (§8.1)',
      ['audio 1 RTP/AVP 0'],
      ['audio 1 RTP/AVP 0', 'video 3 RTP/AVP 31'],
      true,
    ],
    [
      'one is removed: port 0 (§8.2)',
      ['audio 1 RTP/AVP 0', 'video 3 RTP/AVP 31'],
      ['audio 1 RTP/AVP 0', 'video 0 RTP/AVP 31'],
      true,
    ],
    ['one is left out', ['audio 1 RTP/AVP 0', 'video 3 RTP/AVP 31'], ['audio 1 RTP/AVP 0'], false],
    ['another kind in the place of one that is there', ['audio 1 RTP/AVP 0'], ['video 1 RTP/AVP 31'], false],
    [
      'another kind in the place of a removed one (§8.1)',
      ['audio 0 RTP/AVP 0'],
      ['video 1 RTP/AVP 31'],
      true,
    ],
  ];
  for (const [name, before, next, may] of CASES) {
    test(name, () => {
      const from: OfferAnswerState = {
        name: 'stable',
        agreed: { local: sdp(...before), remote: sdp(...before) },
      };
      for (const type of ['sendOffer', 'receiveOffer'] as const) {
        const result = stepOfferAnswer(from, { type, description: sdp(...next) });
        assert.equal(result.ok || result.error.code, may ? true : 'ERR_SDP_OFFER', type);
      }
    });
  }
});

describe('the version of o= (RFC 3264 §8)', () => {
  test('one higher when anything differs, the same when nothing does; id and address stay', () => {
    const same = nextVersion(A, { ...A, origin: { ...A.origin, sessionId: '9', address: '192.0.2.9' } });
    assert.deepEqual(same.origin, A.origin);
    const other = nextVersion(A, C);
    assert.deepEqual(other.origin, { ...A.origin, sessionVersion: '2' });
    assert.equal(isUnchanged(A, same), true);
    assert.equal(isUnchanged(A, other), false);
  });

  test('numbers of any length', () => {
    const long = { ...A, origin: { ...A.origin, sessionVersion: '18446744073709551615' } };
    assert.equal(nextVersion(long, C).origin.sessionVersion, '18446744073709551616');
  });
});

test('a rejected medium keeps its kind, its protocol, one format and its name', () => {
  const text = sdp('audio 1 RTP/AVP 0 8');
  const [medium] = text.media;
  assert.ok(medium !== undefined);
  const named = { ...medium, attributes: [{ name: 'mid', value: 'a' }, { name: 'rtcp-mux' }] };
  assert.deepEqual(rejected(named), {
    ...{ media: 'audio', port: 0, protocol: 'RTP/AVP', formats: ['0'], connections: [], bandwidths: [] },
    attributes: [{ name: 'mid', value: 'a' }],
  });
  assert.equal(answerProblem({ ...text, media: [named] }, { ...text, media: [rejected(named)] }), undefined);
});

test('whatever happens, at most one offer is open, and what was agreed is a pair that fits', () => {
  const descriptions = fc.constantFrom(A, B, C, D);
  const events: fc.Arbitrary<OfferAnswerEvent> = fc.oneof(
    fc.record({
      type: fc.constantFrom(
        'sendOffer' as const,
        'receiveOffer' as const,
        'sendAnswer' as const,
        'receiveAnswer' as const,
      ),
      description: descriptions,
    }),
    fc.constant({ type: 'fail' as const }),
  );
  fc.assert(
    fc.property(fc.array(events, { maxLength: 30 }), (list) => {
      let state = NO_AGREEMENT;
      for (const event of list) {
        const before = state;
        const result = stepOfferAnswer(state, event);
        if (!result.ok) continue;
        state = result.value;
        if (event.type.endsWith('Offer')) assert.equal(before.name, 'stable');
        const now = state.agreed;
        if (now !== undefined) assert.equal(now.local.media.length, now.remote.media.length);
      }
    }),
  );
});
