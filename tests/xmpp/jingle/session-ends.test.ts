// How a session ends (XEP-0166 §6.7, §10; rows CALL-06 to CALL-11, CALL-26, CALL-33), and what crosses the end.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  GRACE_MS,
  jingleError,
  MAX_REQUESTS,
  overrules,
  stanzaError,
  type OwnAction,
  type SessionEnd,
  type StanzaError,
} from '../../../src/xmpp/index.ts';
import { answerOf, brief, content, jingle, rtp, Side, sideIn } from './session-play.ts';

const VOICE = [content('voice')];
const BUSY = { condition: 'busy', text: 'Busy' } as const;

describe('session-terminate', () => {
  for (const phase of ['pending', 'active'] as const) {
    for (const role of ['initiator', 'responder'] as const) {
      test(`of the other party in ${phase}, to the ${role}: the result first, then the end with its reason`, () => {
        const side = sideIn(phase, role);
        const effects = side.receive(jingle('session-terminate', [], { reason: BUSY }));
        assert.deepEqual(brief(effects), ['acknowledge', `end terminated in ${phase}`]);
        assert.deepEqual(side.ends, [{ cause: 'terminated', phase, reason: BUSY }]);
      });

      test(`of ours in ${phase}, as the ${role}: over before its answer`, () => {
        const side = sideIn(phase, role);
        const request = side.send({ action: 'session-terminate', reason: BUSY });
        assert.deepEqual(side.ends, [{ cause: 'left', phase, reason: BUSY }]);
        side.result(request);
        assert.equal(side.ends.length, 1);
      });
    }
  }

  test('without a reason', () => {
    const side = sideIn('active', 'responder');
    side.receive(jingle('session-terminate'));
    assert.deepEqual(side.ends, [{ cause: 'terminated', phase: 'active' }]);
  });
});

describe('races', () => {
  test('both terminate: each has its own end, and "MUST reply with an unknown-session error"', () => {
    const side = sideIn('active', 'initiator');
    const request = side.send({ action: 'session-terminate', reason: { condition: 'success' } });
    assert.equal(
      answerOf(side.receive(jingle('session-terminate', [], { reason: BUSY }))),
      'unknown-session',
    );
    assert.ok(side.step({ kind: 'error', request, error: jingleError('unknown-session') }).expected);
    assert.deepEqual(
      side.ends.map(({ cause }) => cause),
      ['left'],
    );
  });

  test('the initiator cancels while the responder accepts', () => {
    const romeo = sideIn('pending', 'initiator');
    romeo.send({ action: 'session-terminate', reason: { condition: 'cancel' } });
    assert.equal(answerOf(romeo.receive(jingle('session-accept', VOICE))), 'unknown-session');

    const juliet = sideIn('pending', 'responder');
    const request = juliet.send({ action: 'session-accept', contents: VOICE });
    juliet.receive(jingle('session-terminate', [], { reason: { condition: 'cancel' } }));
    assert.ok(juliet.step({ kind: 'error', request, error: jingleError('unknown-session') }).expected);
    assert.deepEqual(juliet.ends, [
      { cause: 'terminated', phase: 'active', reason: { condition: 'cancel' } },
    ]);
  });

  test('the responder accepts before the result of session-initiate: an error about that comes too late', () => {
    const side = new Side('initiator');
    const request = side.send({ action: 'session-initiate', contents: VOICE });
    side.receive(jingle('session-accept', VOICE));
    assert.equal(side.state.phase, 'active');
    assert.deepEqual(brief(side.step({ kind: 'timeout', request }).effects), ['failed session-initiate']);
    assert.deepEqual(side.ends, []);
  });

  test('… and a result that comes late is one', () => {
    const side = new Side('initiator');
    const request = side.send({ action: 'session-initiate', contents: VOICE });
    side.receive(jingle('session-accept', VOICE));
    side.result(request);
    assert.deepEqual(side.state.requests, []);
  });

  test('transport-info and ringing come before the result of session-initiate (as stanza.js and Dino do)', () => {
    const side = new Side('initiator');
    const request = side.send({ action: 'session-initiate', contents: VOICE });
    side.send({ action: 'transport-info', contents: VOICE });
    assert.equal(
      answerOf(side.receive(jingle('session-info', [], { infos: [rtp('ringing')] }))),
      'acknowledge',
    );
    side.result(request);
    assert.equal(side.state.phase, 'pending');
  });
});

type Case = readonly [string, OwnAction, StanzaError | undefined, readonly string[]];
const INITIATE: OwnAction = { action: 'session-initiate', contents: VOICE };
const ACCEPT: OwnAction = { action: 'session-accept', contents: VOICE };
const INFO: OwnAction = { action: 'session-info', infos: [rtp('hold')] };
const PING: OwnAction = { action: 'session-info' };
const TRANSPORT: OwnAction = { action: 'transport-info', contents: VOICE };
const ADD: OwnAction = { action: 'content-add', contents: [content('more', 'responder')] };
const UNKNOWN = jingleError('unknown-session');
const AWAY = stanzaError('service-unavailable');
const OTHER = stanzaError('not-acceptable');

describe('what an answer, or silence, does to the session', () => {
  const OVER_UNKNOWN = ['end unknown in active'];
  const OVER_AWAY = ['end away in active'];
  const CASES: readonly Case[] = [
    // §6.3.2, CALL-26.
    ['session-initiate, the initiator is not welcome', INITIATE, AWAY, ['end refused in pending']],
    ['session-initiate, redirect', INITIATE, stanzaError('redirect'), ['end refused in pending']],
    ['session-initiate, bad-request', INITIATE, stanzaError('bad-request'), ['end refused in pending']],
    ['session-initiate, unknown-session', INITIATE, UNKNOWN, ['end refused in pending']],
    // §7.2.16.
    ['session-initiate, tie-break', INITIATE, jingleError('tie-break'), ['end tie-break in pending']],
    // It may ring there.
    [
      'session-initiate, silence',
      INITIATE,
      undefined,
      ['send session-terminate timeout', 'end silent in pending'],
    ],
    ['session-accept, unknown-session', ACCEPT, UNKNOWN, OVER_UNKNOWN],
    ['session-accept, nobody there', ACCEPT, stanzaError('recipient-unavailable'), OVER_AWAY],
    [
      ...(['session-accept, out of order', ACCEPT, jingleError('out-of-order')] as const),
      ['send session-terminate general-error', 'end refused in active'],
    ],
    [
      'session-accept, silence',
      ACCEPT,
      undefined,
      ['send session-terminate timeout', 'end silent in active'],
    ],
    // What is only told may be misunderstood.
    ['hold, unsupported-info', INFO, jingleError('unsupported-info'), ['failed session-info']],
    ['hold, service-unavailable', INFO, AWAY, ['failed session-info']],
    ['hold, silence', INFO, undefined, ['failed session-info']],
    ['hold, unknown-session', INFO, UNKNOWN, OVER_UNKNOWN],
    // "to determine session vitality".
    ['ping, unknown-session', PING, UNKNOWN, OVER_UNKNOWN],
    ['ping, nobody there', PING, AWAY, OVER_AWAY],
    ['ping, not understood', PING, stanzaError('feature-not-implemented'), ['failed session-info']],
    ['ping, silence', PING, undefined, ['send session-terminate timeout', 'end silent in active']],
    ['transport-info, nobody there', TRANSPORT, stanzaError('remote-server-not-found'), OVER_AWAY],
    ['transport-info, refused', TRANSPORT, stanzaError('item-not-found'), ['failed transport-info']],
    ['content-add, refused', ADD, OTHER, ['failed content-add']],
    ['content-add, unknown-session', ADD, UNKNOWN, OVER_UNKNOWN],
    ['content-add, nobody there', ADD, stanzaError('gone'), OVER_AWAY],
  ];
  for (const [name, action, error, expected] of CASES) {
    test(name, () => {
      const side = sideOf(action);
      const request = side.send(action);
      const { effects } = side.step(
        error === undefined ? { kind: 'timeout', request } : { kind: 'error', request, error },
      );
      assert.deepEqual(brief(effects), expected);
      const [end] = side.ends;
      if (error !== undefined && end !== undefined) assert.equal(end.error, error, 'the owner learns why');
      // It has its answer: another one says nothing more.
      const again = side.step({ kind: 'timeout', request });
      assert.equal(again.effects.length, 0);
    });
  }
});

const GOES_ON = { unknown: 'over', away: 'over', tie: 'on', refused: 'on', silent: 'on' } as const;
/** over: without a word. told: with a session-terminate. on: the session goes on, and the owner hears of it. */
const OUTCOMES: Record<string, readonly [OwnAction, Record<Failure, 'over' | 'told' | 'on'>]> = {
  'session-initiate': [
    INITIATE,
    { unknown: 'over', away: 'over', tie: 'over', refused: 'over', silent: 'told' },
  ],
  'session-accept': [ACCEPT, { unknown: 'over', away: 'over', tie: 'told', refused: 'told', silent: 'told' }],
  'content-add': [ADD, GOES_ON],
  'content-remove': [{ action: 'content-remove', contents: [content('asked')] }, GOES_ON],
  'content-accept': [{ action: 'content-accept', contents: [content('asked')] }, GOES_ON],
  'content-reject': [{ action: 'content-reject', contents: [content('asked')] }, GOES_ON],
  'transport-accept': [{ action: 'transport-accept', contents: VOICE }, GOES_ON],
  'transport-reject': [{ action: 'transport-reject', contents: VOICE }, GOES_ON],
  'transport-info': [TRANSPORT, GOES_ON],
  'what is told': [INFO, { unknown: 'over', away: 'on', tie: 'on', refused: 'on', silent: 'on' }],
  'a ping': [PING, { unknown: 'over', away: 'over', tie: 'on', refused: 'on', silent: 'told' }],
};
type Failure = 'unknown' | 'away' | 'tie' | 'refused' | 'silent';
const ANSWERS: readonly (readonly [Failure, StanzaError | undefined])[] = [
  ['unknown', UNKNOWN],
  ['away', AWAY],
  ['tie', jingleError('tie-break')],
  ['refused', OTHER],
  ['silent', undefined],
];

describe('every kind of request with every answer', () => {
  for (const [name, [action, outcomes]] of Object.entries(OUTCOMES)) {
    test(name, () => {
      for (const [failure, error] of ANSWERS) {
        const side = sideOf(action);
        if (side.state.phase === 'active') {
          side.receive(jingle('content-add', [content('asked')]));
          side.receive(jingle('transport-replace', VOICE));
        }
        const request = side.send(action);
        const { effects } = side.step(
          error === undefined ? { kind: 'timeout', request } : { kind: 'error', request, error },
        );
        const isTold = effects.some((effect) => effect.kind === 'request');
        const outcome = side.ends.length === 0 ? 'on' : isTold ? 'told' : 'over';
        assert.equal(outcome, outcomes[failure], failure);
        if (outcome === 'on') assert.deepEqual(brief(effects), [`failed ${action.action}`]);
        assert.equal(side.state.requests.length, 0);
      }
    });
  }

  test('a result is told', () => {
    const side = sideIn('active', 'responder');
    const { effects } = side.step({ kind: 'result', request: side.send(TRANSPORT) });
    assert.deepEqual(effects, [
      {
        kind: 'report',
        report: {
          kind: 'answered',
          action: 'transport-info',
          contents: [{ name: 'voice', creator: 'initiator' }],
        },
      },
    ]);
  });
});

function sideOf({ action }: OwnAction): Side {
  if (action === 'session-initiate') return new Side('initiator');
  return sideIn(action === 'session-accept' ? 'pending' : 'active', 'responder');
}

test('the answer to a request that there was not is nothing', () => {
  const side = sideIn('active', 'responder');
  assert.equal(side.step({ kind: 'result', request: 99 }).expected, false);
  assert.equal(side.step({ kind: 'timeout', request: 99 }).expected, false);
  assert.equal(new Side('initiator').step({ kind: 'result', request: 1 }).expected, false);
});

test('a party that answers nothing any more is gone', () => {
  const side = sideIn('active', 'responder');
  for (let n = 0; n < MAX_REQUESTS; n++) side.send(TRANSPORT);
  assert.equal(side.state.requests.length, MAX_REQUESTS);
  assert.deepEqual(brief(side.step({ kind: 'send', action: TRANSPORT }).effects), [
    'send session-terminate timeout',
    'end silent in active',
  ]);
});

describe('presence (§6.7, "5 or 10 seconds"; CALL-33)', () => {
  const vanishing = (): Side => {
    const side = sideIn('active', 'responder');
    assert.deepEqual(side.step({ kind: 'unavailable' }).effects, [{ kind: 'startGrace', ms: GRACE_MS }]);
    assert.ok(GRACE_MS >= 5000 && GRACE_MS <= 10_000);
    return side;
  };

  test('unavailable, and nothing since: over, and the "seemingly unavailable party" is told', () => {
    const side = vanishing();
    assert.deepEqual(side.step({ kind: 'unavailable' }).effects, []);
    assert.deepEqual(brief(side.step({ kind: 'graceOver' }).effects), [
      'send session-terminate gone',
      'end vanished in active',
    ]);
  });

  test('whatever comes of it shows that it is there', () => {
    const COMES: readonly ((side: Side) => void)[] = [
      (side) => side.step({ kind: 'available' }),
      (side) => side.receive(jingle('session-info')),
      (side) => side.receive(jingle('transport-info', VOICE)),
      (side) => side.result(side.send(PING)),
    ];
    for (const comes of COMES) {
      const side = vanishing();
      comes(side);
      assert.ok(brief(side.effects).includes('stopGrace'));
      assert.equal(side.step({ kind: 'graceOver' }).expected, false);
      assert.deepEqual(side.ends, []);
    }
  });

  test('an error may be of a server, and shows nothing', () => {
    const side = vanishing();
    side.step({ kind: 'error', request: side.send(TRANSPORT), error: OTHER });
    assert.ok(side.step({ kind: 'graceOver' }).expected);
  });

  test('the timer goes with the session', () => {
    const side = vanishing();
    assert.deepEqual(brief(side.receive(jingle('session-terminate'))), [
      'acknowledge',
      'stopGrace',
      'end terminated in active',
    ]);
    assert.equal(side.step({ kind: 'graceOver' }).expected, false);
  });

  test('before session-initiate there is nobody to miss', () => {
    assert.equal(new Side('initiator').step({ kind: 'unavailable' }).expected, false);
    assert.deepEqual(sideIn('ended', 'initiator').step({ kind: 'unavailable' }).effects, []);
  });
});

describe('§7.2.16: which of two sessions is the one', () => {
  const CASES: readonly (readonly [string, string, string, string, boolean])[] = [
    ['a', 'z@x.example/1', 'b', 'a@x.example/1', true],
    ['b', 'a@x.example/1', 'a', 'z@x.example/1', false],
    // "the action sent by the lower of the JabberIDs".
    ['same', 'juliet@capulet.lit/balcony', 'same', 'romeo@montague.lit/orchard', true],
    ['same', 'romeo@montague.lit/orchard', 'same', 'juliet@capulet.lit/balcony', false],
    // i;octet: upper case before lower case, the shorter one first, and UTF-8 rather than UTF-16.
    ['Z', 'a@x.example', 'a', 'a@x.example', true],
    ['ab', 'a@x.example', 'abc', 'a@x.example', true],
    ['\u{ff5e}', 'a@x.example', '\u{10000}', 'a@x.example', true],
    ['x\u{10000}a', 'a@x.example', 'x\u{10000}b', 'a@x.example', true],
  ];
  for (const [sid, jid, otherSid, otherJid, wins] of CASES) {
    test(`${sid} of ${jid}, ${otherSid} of ${otherJid}`, () => {
      const ours = { sid, jid };
      const theirs = { sid: otherSid, jid: otherJid };
      assert.equal(overrules(ours, theirs), wins);
      assert.equal(overrules(theirs, ours), !wins);
      assert.equal(
        Buffer.compare(Buffer.from(`${sid}\0${jid}`), Buffer.from(`${otherSid}\0${otherJid}`)) < 0,
        wins,
        'as octets compare',
      );
    });
  }
});

test('each end says in which phase it was', () => {
  const phases = (['pending', 'active'] as const).map((phase): SessionEnd['phase'] | undefined => {
    const side = sideIn(phase, 'initiator');
    side.send({ action: 'session-terminate' });
    return side.ends[0]?.phase;
  });
  assert.deepEqual(phases, ['pending', 'active']);
});
