// Two machines that speak with each other, each stanza on its way for as long as it likes: whatever both do and whenever it
// arrives, neither acts out of order, both come to the same contents, and each hears of exactly one end.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  JINGLE_ACTIONS,
  stanzaError,
  type Creator,
  type JingleAction,
  type SessionEffect,
  type SessionEvent,
} from '../../../src/xmpp/index.ts';
import { content, jingle, rtp, Side } from './session-play.ts';

const NAMES = ['a', 'b', 'c'] as const;
const SENDERS = ['both', 'none', 'initiator', 'responder'] as const;
const other = (role: Creator): Creator => (role === 'initiator' ? 'responder' : 'initiator');

/** One side with the line on which its stanzas travel to the other, in order. */
class End {
  readonly side: Side;
  readonly line: SessionEvent[] = [];
  readonly refused: string[] = [];

  constructor(role: Creator) {
    this.side = new Side(role);
  }

  /** Steps, and puts on its line what the other side will see. */
  step(event: SessionEvent): void {
    const { effects } = this.side.step(event);
    for (const effect of effects) this.#travel(effect);
  }

  #travel(effect: SessionEffect): void {
    if (effect.kind === 'request') {
      this.line.push({ kind: 'received', id: String(effect.request), jingle: effect.jingle });
    } else if (effect.kind === 'acknowledge') {
      this.line.push({ kind: 'result', request: Number(effect.id) });
    } else if (effect.kind === 'refuse') {
      this.refused.push(effect.error.condition);
      this.line.push({ kind: 'error', request: Number(effect.id), error: effect.error });
    }
  }
}

type Move =
  | {
      readonly kind: 'send';
      readonly by: Creator;
      readonly action: JingleAction;
      readonly name: (typeof NAMES)[number];
      readonly creator: Creator;
      readonly senders: (typeof SENDERS)[number];
    }
  | { readonly kind: 'deliver'; readonly to: Creator };

const role = fc.constantFrom<Creator>('initiator', 'responder');
const ACTIONS = JINGLE_ACTIONS.filter((action) => action !== 'security-info');
const LIVELY = ACTIONS.filter((action) => action !== 'session-terminate');

const moves = (actions: readonly JingleAction[]): fc.Arbitrary<Move[]> =>
  fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('deliver' as const), to: role }) },
      {
        weight: 4,
        arbitrary: fc.record({
          ...{ kind: fc.constant('send' as const), by: role, action: fc.constantFrom(...actions) },
          ...{ name: fc.constantFrom(...NAMES), creator: role, senders: fc.constantFrom(...SENDERS) },
        }),
      },
    ),
    { maxLength: 60 },
  );

function play(list: readonly Move[]): Record<Creator, End> {
  const ends = { initiator: new End('initiator'), responder: new End('responder') };
  const deliver = (to: Creator): boolean => {
    const event = ends[other(to)].line.shift();
    if (event !== undefined) ends[to].step(event);
    return event !== undefined;
  };
  ends.initiator.step({
    kind: 'send',
    action: { action: 'session-initiate', contents: [content('a'), content('b')] },
  });
  for (const move of list) {
    if (move.kind === 'deliver') deliver(move.to);
    else {
      const { by, action, name, creator, senders } = move;
      const isAboutSession = action === 'session-info' || action === 'session-terminate';
      const contents = isAboutSession
        ? []
        : [content(name, action === 'content-add' ? by : creator, { senders })];
      const infos = action === 'session-info' ? [rtp('hold')] : [];
      ends[by].step({ kind: 'send', action: { action, contents, infos } });
    }
  }
  // Everything arrives in the end; answers bring no new requests but the terminations.
  for (let n = 0; n < 10_000 && (deliver('initiator') || deliver('responder')); n++);
  assert.deepEqual([ends.initiator.line, ends.responder.line], [[], []]);
  return ends;
}

/** What both have to agree on. */
const contentsOf = ({ side }: End): unknown =>
  side.state.contents
    .filter(({ status }) => status !== 'gone')
    .map(({ name, creator, status, senders, replacing }) =>
      [creator, name, status, senders, replacing].join(' '),
    )
    .toSorted();

describe('two sides, any order', () => {
  test('contents are the same on both sides when everything has arrived', () => {
    fc.assert(
      fc.property(moves(LIVELY), (list) => {
        const { initiator, responder } = play(list);
        if (initiator.side.state.phase === 'ended' || responder.side.state.phase === 'ended') return;
        assert.deepEqual(contentsOf(initiator), contentsOf(responder));
        assert.equal(initiator.side.state.phase, responder.side.state.phase);
        assert.deepEqual([initiator.side.state.requests, responder.side.state.requests], [[], []]);
      }),
      { numRuns: 2000 },
    );
  });

  test('if one ends the other ends, each exactly once', () => {
    fc.assert(
      fc.property(moves(ACTIONS), (list) => {
        const { initiator, responder } = play(list);
        const isOver = initiator.side.state.phase === 'ended';
        assert.equal(responder.side.state.phase === 'ended', isOver);
        const count = isOver ? 1 : 0;
        assert.deepEqual([initiator.side.ends.length, responder.side.ends.length], [count, count]);
      }),
      { numRuns: 2000 },
    );
  });

  test('while both live, nothing is refused but what crossed', () => {
    const KNOWN = new Set(['conflict', 'unexpected-request', 'bad-request', 'item-not-found']);
    fc.assert(
      fc.property(moves(LIVELY), (list) => {
        const { initiator, responder } = play(list);
        for (const condition of [...initiator.refused, ...responder.refused])
          assert.ok(KNOWN.has(condition), condition);
        // With nothing under way there is nothing to cross.
        const calm = list
          .filter(({ kind }) => kind === 'send')
          .flatMap((move): Move[] => [move, ...ALL_ARRIVES]);
        const quiet = play([...ALL_ARRIVES, ...calm]);
        assert.deepEqual([quiet.initiator.refused, quiet.responder.refused], [[], []]);
      }),
      { numRuns: 500 },
    );
  });
});

const ALL_ARRIVES: readonly Move[] = Array.from({ length: 4 }, () => [
  { kind: 'deliver', to: 'initiator' } as const,
  { kind: 'deliver', to: 'responder' } as const,
]).flat();

test('any events in any order: one end at most, and no action behind it (checked at each step)', () => {
  const event = (): fc.Arbitrary<SessionEvent> => {
    const request = fc.integer({ min: 0, max: 12 });
    const action = fc.constantFrom(...JINGLE_ACTIONS);
    const contents = fc.array(
      fc
        .record({ name: fc.constantFrom(...NAMES), creator: role })
        .map(({ name, creator }) => content(name, creator)),
      { maxLength: 3 },
    );
    return fc.oneof(
      fc.record({ action, contents }).map(({ action: what, contents: of }): SessionEvent => ({
        ...{ kind: 'received', id: 'i', jingle: jingle(what, of) },
      })),
      fc.record({ action, contents }).map((own): SessionEvent => ({ kind: 'send', action: own })),
      request.map((n): SessionEvent => ({ kind: 'result', request: n })),
      request.map((n): SessionEvent => ({ kind: 'timeout', request: n })),
      request.map((n): SessionEvent => ({
        kind: 'error',
        request: n,
        error: stanzaError('service-unavailable'),
      })),
      fc.constantFrom<SessionEvent>({ kind: 'available' }, { kind: 'unavailable' }, { kind: 'graceOver' }),
    );
  };
  fc.assert(
    fc.property(role, fc.array(event(), { maxLength: 80 }), (as, events) => {
      const side = new Side(as);
      for (const each of events) side.step(each);
      assert.equal(side.ends.length, side.state.phase === 'ended' ? 1 : 0);
      assert.ok(side.state.contents.length <= 32);
      if (side.state.phase === 'idle') assert.deepEqual(side.state.contents, []);
    }),
    { numRuns: 3000 },
  );
});
