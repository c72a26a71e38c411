// XEP-0166 §5.1, §6, §7.2: every action in every phase, from both parties, in both directions.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { JINGLE_ACTIONS, type Content, type Creator, type JingleAction } from '../../../src/xmpp/index.ts';
import { answerOf, content, jingle, Side, sideIn } from './session-play.ts';

const PHASES = ['idle', 'pending', 'active', 'ended'] as const;
type Phase = (typeof PHASES)[number];
const ROLES: readonly Creator[] = ['initiator', 'responder'];
const other = (role: Creator): Creator => (role === 'initiator' ? 'responder' : 'initiator');

/** The figure of §5.1, as who may send what; what is not here may be sent by both while the session lives. */
function mayBeSent(phase: Phase, action: JingleAction, by: Creator): boolean {
  if (action === 'session-initiate') return phase === 'idle' && by === 'initiator';
  if (action === 'session-accept') return phase === 'pending' && by === 'responder';
  return phase === 'pending' || phase === 'active';
}

/** Those of a decision need something to decide on, which these sessions do not have. */
const DECISIONS: ReadonlySet<JingleAction> = new Set([
  ...(['content-accept', 'content-reject', 'transport-accept', 'transport-reject'] as const),
]);

function contentsOf(action: JingleAction, by: Creator): readonly Content[] {
  if (action === 'session-info' || action === 'session-terminate') return [];
  return [action === 'content-add' ? content('more', by) : content('voice')];
}

/** What §6.7, §6.8 and §10 say that the action is answered with. */
function expectedAnswer(phase: Phase, action: JingleAction, by: Creator): string {
  if (phase === 'ended' || (phase === 'idle' && action !== 'session-initiate')) return 'unknown-session';
  if (!mayBeSent(phase, action, by) || DECISIONS.has(action)) return 'out-of-order';
  // CALL-19.
  return action === 'security-info' ? 'unsupported-info' : 'acknowledge';
}

describe('XEP-0166 §5.1: what the other party sends', () => {
  for (const phase of PHASES) {
    for (const role of ROLES) {
      test(`in ${phase}, to the ${role}`, () => {
        for (const action of JINGLE_ACTIONS) {
          const by = other(role);
          const side = sideIn(phase, role, ['voice', 'webcam']);
          const answer = answerOf(side.receive(jingle(action, contentsOf(action, by))));
          assert.equal(answer, expectedAnswer(phase, action, by), action);
        }
      });
    }
  }
});

describe('XEP-0166 §5.1: what we send, or do not', () => {
  for (const phase of PHASES) {
    for (const role of ROLES) {
      test(`in ${phase}, as the ${role}`, () => {
        for (const action of JINGLE_ACTIONS) {
          const side = sideIn(phase, role, ['voice', 'webcam']);
          const { expected, effects } = side.step({
            kind: 'send',
            action: { action, contents: contentsOf(action, role) },
          });
          assert.equal(expected, mayBeSent(phase, action, role) && !DECISIONS.has(action), action);
          const isSent = effects.some(
            (effect) => effect.kind === 'request' && effect.jingle.action === action,
          );
          assert.equal(isSent, expected, action);
        }
      });
    }
  }
});

test('§7.1: the initiator stands in session-initiate and the responder in session-accept, and in nothing else', () => {
  const initiator = sideIn('pending', 'initiator');
  const responder = sideIn('active', 'responder');
  initiator.send({ action: 'session-info' });
  const said = [...initiator.effects, ...responder.effects].flatMap((effect) =>
    effect.kind === 'request'
      ? [[effect.jingle.action, effect.jingle.initiator, effect.jingle.responder]]
      : [],
  );
  assert.deepEqual(said, [
    ['session-initiate', 'romeo@montague.lit/orchard', undefined],
    ['session-info', undefined, undefined],
    ['session-accept', undefined, 'juliet@capulet.lit/balcony'],
  ]);
});

test('§6.7: another sid is an unknown session, in every phase', () => {
  for (const phase of PHASES) {
    for (const role of ROLES) {
      const side = sideIn(phase, role);
      const answer = answerOf(side.receive(jingle('session-info', [], { sid: 'another' })));
      assert.equal(answer, 'unknown-session');
    }
  }
});

describe('bad-request: what an action has to hold (§7.2, §7.3)', () => {
  const without = (part: keyof Content): Content => content('voice', 'initiator', { [part]: undefined });
  const CASES: readonly [string, Phase, Creator, JingleAction, readonly Content[]][] = [
    ['session-initiate without a content', 'idle', 'responder', 'session-initiate', []],
    ['… without a description', 'idle', 'responder', 'session-initiate', [without('description')]],
    ['… without a transport', 'idle', 'responder', 'session-initiate', [without('transport')]],
    ['… of the responder', 'idle', 'responder', 'session-initiate', [content('voice', 'responder')]],
    [
      '… without a content of the disposition "session"',
      ...(['idle', 'responder', 'session-initiate'] as const),
      [content('voice', 'initiator', { disposition: 'early-session' })],
    ],
    ['session-accept without a content', 'pending', 'initiator', 'session-accept', []],
    ['… without a description', 'pending', 'initiator', 'session-accept', [without('description')]],
    ['… without a transport', 'pending', 'initiator', 'session-accept', [without('transport')]],
    ['… of a content that there never was', 'pending', 'initiator', 'session-accept', [content('other')]],
    ['content-add without a content', 'active', 'initiator', 'content-add', []],
    [
      '… in the name of the other party',
      'active',
      'initiator',
      'content-add',
      [content('more', 'initiator')],
    ],
    ['… of one that there is', 'active', 'responder', 'content-add', [content('voice')]],
    [
      '… without a transport',
      'active',
      'responder',
      'content-add',
      [{ ...without('transport'), name: 'more' }],
    ],
    ['content-modify without senders', 'active', 'initiator', 'content-modify', [without('senders')]],
    ['content-remove of nothing', 'active', 'initiator', 'content-remove', []],
    ['… of a content that there never was', 'active', 'initiator', 'content-remove', [content('other')]],
    [
      'description-info without a description',
      'active',
      'initiator',
      'description-info',
      [without('description')],
    ],
    ['transport-info without a transport', 'active', 'initiator', 'transport-info', [without('transport')]],
    ['… of a content that there never was', 'pending', 'initiator', 'transport-info', [content('other')]],
    [
      'transport-replace without a transport',
      'active',
      'initiator',
      'transport-replace',
      [without('transport')],
    ],
  ];
  for (const [name, phase, role, action, contents] of CASES) {
    test(name, () => {
      const side = sideIn(phase, role);
      assert.equal(answerOf(side.receive(jingle(action, contents))), 'bad-request');
      assert.equal(side.state.phase, phase);
      // The same from our side is not sent.
      const mirror = sideIn(phase, other(role));
      assert.equal(mirror.step({ kind: 'send', action: { action, contents } }).expected, false);
    });
  }

  test('one content of another disposition beside one of a session is no reason', () => {
    const side = new Side('responder');
    const early = content('early', 'initiator', { disposition: 'early-session' });
    assert.equal(
      answerOf(side.receive(jingle('session-initiate', [early, content('voice')]))),
      'acknowledge',
    );
  });
});

test('more contents than anybody needs are refused, and a content that is gone makes room', () => {
  const names = Array.from({ length: 32 }, (_, n) => `c${n}`);
  const side = sideIn('active', 'responder', names);
  const add = (name: string): string => answerOf(side.receive(jingle('content-add', [content(name)])));
  assert.equal(add('one-more'), 'resource-constraint');
  assert.equal(answerOf(side.receive(jingle('content-remove', [content('c7')]))), 'acknowledge');
  assert.equal(add('one-more'), 'acknowledge');
  assert.deepEqual(
    [side.status('c7'), side.status('one-more'), side.state.contents.length],
    [undefined, 'adding', 32],
  );
  assert.equal(add('and-more'), 'resource-constraint');
  assert.equal(answerOf(side.receive(jingle('content-remove', [content('c0')]))), 'acknowledge');
  assert.equal(add('and-more'), 'acknowledge');
  const tooMany = [...names, 'c32'].map((name) => content(name));
  assert.equal(
    answerOf(new Side('responder').receive(jingle('session-initiate', tooMany))),
    'resource-constraint',
  );
});
