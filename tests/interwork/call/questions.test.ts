// What one side asks and the other one answers in machine K: tones (CALL-38) and pings (CALL-22).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CallEffect, CallEvent } from '../../../src/interwork/call/index.ts';
import type { SessionDescription } from '../../../src/sdp/index.ts';
import {
  dtmfError,
  jingleError,
  readJingleError,
  stanzaError,
  type Dtmf,
  type StanzaError,
} from '../../../src/xmpp/index.ts';
import { ACCEPT, Call, callIn, INVITED, PROCEED } from './call-states.ts';
import { contentOf } from './call-play.ts';

const TONES: readonly Dtmf[] = [
  { code: '4', duration: 100 },
  { code: '#', duration: 250 },
];
const asks = (tones = TONES): CallEvent => ({
  ...{ kind: 'session', report: { kind: 'question', id: 'i1', question: { kind: 'tones', tones } } },
});
const PING: CallEvent = {
  kind: 'session',
  report: { kind: 'question', id: 'i1', question: { kind: 'ping' } },
};

/** The stanza error of the one answer; undefined: a result. */
function answerOf(effects: readonly CallEffect[]): StanzaError | undefined {
  const [effect, ...more] = effects;
  assert.deepEqual(more, []);
  assert.ok(effect?.kind === 'decide', effect?.kind);
  assert.equal(effect.id, 'i1');
  return effect.error;
}

describe('tones of the XMPP side', () => {
  test('go to the SIP side, and what it says goes back', () => {
    for (const way of ['up', 'upToSip']) {
      const call = callIn(way);
      assert.deepEqual(call.step(asks()), [{ kind: 'tones', id: 'i1', tones: TONES }]);
      assert.equal(answerOf(call.step({ kind: 'toned', id: 'i1' })), undefined);
    }
  });

  // XEP-0181 §4 has an error for who knows no tones and one for an unknown code; the others are those of RFC 7247 table 1.
  for (const [status, condition] of [
    [415, 'service-unavailable'],
    [469, 'service-unavailable'],
    [405, 'service-unavailable'],
    [501, 'service-unavailable'],
    [400, 'feature-not-implemented'],
    [488, 'feature-not-implemented'],
    [408, 'remote-server-timeout'],
    [403, 'forbidden'],
  ] as const) {
    test(`${status}: ${condition}`, () => {
      const error = answerOf(callIn('up').step({ kind: 'toned', id: 'i1', status }));
      assert.equal(error?.condition, condition);
    });
  }

  test('before the answer there is nobody to hear them: out-of-order', () => {
    for (const way of ['initiating', 'calling', 'gathering']) {
      const error = answerOf(callIn(way).step(asks()));
      assert.ok(error !== undefined && readJingleError(error) === 'out-of-order', way);
    }
  });

  test('XEP-0181: where both take them as media (RFC 4733), not-acceptable', () => {
    const events = (description: SessionDescription): SessionDescription => ({
      ...description,
      media: description.media.map((medium) => ({
        ...medium,
        formats: [...medium.formats, '101'],
        attributes: [...medium.attributes, { name: 'rtpmap', value: '101 telephone-event/8000' }],
      })),
    });
    assert.ok(INVITED.description);
    const withEvents: CallEvent = { ...INVITED, description: events(INVITED.description) };
    const content = contentOf('0', 'initiator');
    assert.ok(content.description?.kind === 'rtp');
    const payload = { id: 101, name: 'telephone-event', clockrate: 8000 } as const;
    const [first] = content.description.payloads;
    assert.ok(first);
    const description = {
      ...content.description,
      payloads: [first, { ...first, ...payload }],
    };
    const accept = (contents: readonly (typeof content)[]): CallEvent => ({
      kind: 'session',
      report: {
        kind: 'action',
        jingle: { action: 'session-accept', sid: 's', contents, groups: [], infos: [] },
      },
    });
    const both = new Call('toXmpp');
    both.steps(withEvents, PROCEED, accept([{ ...content, description }]));
    assert.equal(both.state.phase, 'up');
    assert.equal(answerOf(both.step(asks()))?.condition, 'not-acceptable');
    const one = new Call('toXmpp');
    one.steps(withEvents, PROCEED, ACCEPT);
    assert.equal(one.step(asks())[0]?.kind, 'tones');
  });
});

describe('a tone of the SIP side', () => {
  const tone: Dtmf = { code: '5', duration: 160 };
  const SAID: CallEvent = { kind: 'tone', cseq: 7, tone };
  const said = { action: 'session-info', contents: [], about: '7' } as const;

  test('is a session-info, whose answer is that of the INFO', () => {
    const call = callIn('up');
    const [effect, ...more] = call.step(SAID);
    assert.ok(effect?.kind === 'session' && more.length === 0);
    assert.equal(effect.action.action, 'session-info');
    const [dtmf] = effect.action.infos ?? [];
    assert.deepEqual(
      [dtmf?.name, dtmf?.ns, dtmf?.attr('code'), dtmf?.attr('duration')],
      ['dtmf', 'urn:xmpp:jingle:dtmf:0', '5', '160'],
    );
    const taken = call.step({ kind: 'session', report: { kind: 'answered', ...said } });
    assert.deepEqual(taken, [{ kind: 'toneAnswer', cseq: 7, status: 200 }]);
  });

  // Of those that leave the dialog as it is (RFC 5057 §5.1); 415 says that no tones are taken, 488 that not this one.
  for (const [what, error, status] of [
    ['XEP-0181: it knows none', dtmfError('unsupported'), 415],
    ['XEP-0181: it takes them as media', dtmfError('method'), 415],
    ['XEP-0166: it knows nothing of that', jingleError('unsupported-info'), 415],
    ['XEP-0181: it has not that one', dtmfError('code'), 488],
    ['it has no time', stanzaError('resource-constraint'), 500],
    ['it does not answer', undefined, 504],
  ] as const) {
    test(`${what}: ${status}`, () => {
      const call = callIn('up');
      call.step(SAID);
      const report = { kind: 'failed', ...said, error } as const;
      assert.deepEqual(call.step({ kind: 'session', report }), [{ kind: 'toneAnswer', cseq: 7, status }]);
      assert.equal(call.state.phase, 'up');
    });
  }
});

test('CALL-22: a ping is asked of the SIP side of an answered call', () => {
  const call = callIn('up');
  assert.deepEqual(call.step(PING), [{ kind: 'probe', id: 'i1' }]);
  assert.equal(answerOf(call.step({ kind: 'probed', id: 'i1' })), undefined);
  assert.equal(answerOf(callIn('initiating').step(PING)), undefined);
});
