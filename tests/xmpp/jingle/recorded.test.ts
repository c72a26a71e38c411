// Two calls between Dino and stanza.js as they were recorded, with our machine in the place of each of them: nothing
// that they really send is refused, in the order in which it came.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { serialize, type XmlElement } from '../../../src/xml/index.ts';
import {
  initialSession,
  jingleElement,
  readJingle,
  stepSession,
  type Jingle,
  type SessionEffect,
} from '../../../src/xmpp/index.ts';
import { readStanza } from '../read-xml.ts';

const FILE = new URL('../../vectors/xmpp/dino-jingle-with-stanza.txt', import.meta.url);

interface Recorded {
  /** C: Dino, S: stanza.js. */
  readonly by: 'C' | 'S';
  readonly stanza: XmlElement;
  readonly jingle: Jingle | undefined;
}

const RECORDED = readFileSync(FILE, 'utf8')
  .trim()
  .split('\n')
  .map((line): Recorded => {
    const stanza = readStanza(line.slice(3));
    const payload = stanza.child('jingle');
    const read = payload === undefined ? undefined : readJingle(payload);
    assert.notEqual(read?.ok, false, line);
    return {
      by: line.startsWith('C') ? 'C' : 'S',
      stanza,
      jingle: read?.ok === true ? read.value : undefined,
    };
  });
const SIDS = [...new Set(RECORDED.flatMap(({ jingle }) => jingle?.sid ?? []))];

/** What a call does to the machine in the place of `we`. */
function play(we: 'C' | 'S', sid: string): { effects: readonly SessionEffect[]; sent: readonly string[] } {
  const first = RECORDED.find(({ jingle }) => jingle?.sid === sid);
  const role = first?.by === we ? 'initiator' : 'responder';
  const [self, peer] =
    we === 'C'
      ? ['alice@xmpp.test/dino', 'bob@xmpp.test/web']
      : ['bob@xmpp.test/web', 'alice@xmpp.test/dino'];
  let state = initialSession({ role, sid, self, peer });
  const effects: SessionEffect[] = [];
  const sent: string[] = [];
  /** Number of a request of ours by the id that it was recorded with. */
  const requests = new Map<string, number>();
  for (const { by, stanza, jingle } of RECORDED) {
    const id = stanza.attr('id') ?? '';
    const number = requests.get(id);
    if (jingle === undefined) {
      if (by === we || number === undefined) continue;
      const { state: next, expected } = stepSession(state, { kind: 'result', request: number });
      assert.ok(expected, id);
      state = next;
    } else if (jingle.sid !== sid) continue;
    else {
      const { action, contents, groups, infos, reason } = jingle;
      const transition = stepSession(
        state,
        by === we
          ? { kind: 'send', action: { action, contents, groups, infos, reason } }
          : { kind: 'received', id, jingle },
      );
      assert.ok(transition.expected, action);
      state = transition.state;
      effects.push(...transition.effects);
      for (const effect of transition.effects) {
        if (effect.kind !== 'request') continue;
        requests.set(id, effect.request);
        sent.push(serialize(jingleElement(effect.jingle)));
        // What is ours to say is as it was, apart from who is named beside it.
        assert.deepEqual(
          { ...effect.jingle, initiator: undefined, responder: undefined },
          {
            ...jingle,
            ...{ initiator: undefined, responder: undefined },
          },
        );
      }
    }
  }
  assert.equal(state.phase, 'ended');
  return { effects, sent };
}

describe('recorded calls', () => {
  test('there are two', () => assert.equal(SIDS.length, 2));
  for (const we of ['C', 'S'] as const) {
    for (const [n, sid] of SIDS.entries()) {
      test(`call ${n + 1}, in the place of ${we === 'C' ? 'Dino' : 'stanza.js'}`, () => {
        const { effects, sent } = play(we, sid);
        assert.deepEqual(
          effects.filter(({ kind }) => kind === 'refuse'),
          [],
        );
        const acknowledged = effects.flatMap((effect) => (effect.kind === 'acknowledge' ? [effect.id] : []));
        const asked = RECORDED.filter(({ by, jingle }) => by !== we && jingle?.sid === sid);
        assert.deepEqual(
          acknowledged,
          asked.map(({ stanza }) => stanza.attr('id')),
        );
        assert.equal(
          sent.length,
          RECORDED.filter(({ by, jingle }) => by === we && jingle?.sid === sid).length,
        );
        const ends = effects.flatMap((effect) => (effect.kind === 'end' ? [effect.end] : []));
        // stanza.js hung up both times.
        const cause = we === 'S' ? 'left' : 'terminated';
        assert.deepEqual(ends, [{ cause, phase: 'active', reason: { condition: 'success' } }]);
      });
    }
  }
});
