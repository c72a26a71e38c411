// A compositor by the steps of RFC 3903 §6 (row CSP-19), and the header fields of §12.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  rawHeaderField,
  receivePublish,
  sipEtag,
  sipIfMatch,
  type CompositorRules,
  type PublishedStates,
} from '../../../src/sip/index.ts';

const RULES: CompositorRules = { minExpires: 60, maxExpires: 3600, defaultExpires: 1800, maxStates: 2 };
const one = (tag: string, document = 'open', expiresAtMs = 100_000) => ({ tag, document, expiresAtMs });
const at = (newTag = 'new', nowMs = 0) => ({ nowMs, newTag, rules: RULES });

interface Case {
  readonly name: string;
  readonly before: PublishedStates<string>;
  readonly request: Parameters<typeof receivePublish<string>>[1];
  readonly answer: object;
  /** Unchanged when absent. */
  readonly after?: PublishedStates<string>;
  readonly changed?: boolean;
}

const CASES: readonly Case[] = [
  {
    name: 'step 3: initial, "MUST generate and store a locally unique entity-tag"',
    before: [one('a')],
    request: { document: 'busy', expires: 600 },
    answer: { status: 200, tag: 'new', expires: 600 },
    after: [one('a'), one('new', 'busy', 600_000)],
    changed: true,
  },
  {
    name: 'step 3: no such tag: 412',
    before: [one('a')],
    request: { ifMatch: 'b', document: 'busy' },
    answer: { status: 412 },
  },
  {
    name: 'step 3 before step 4: 412, although the interval is too brief as well',
    before: [],
    request: { ifMatch: 'b', expires: 1 },
    answer: { status: 412 },
  },
  {
    name: 'tags are compared byte by byte',
    before: [one('a')],
    request: { ifMatch: 'A', document: 'busy' },
    answer: { status: 412 },
  },
  {
    name: 'step 4: no Expires: "a locally-configured default value"',
    before: [],
    request: { document: 'busy' },
    answer: { status: 200, tag: 'new', expires: 1800 },
    after: [one('new', 'busy', 1_800_000)],
    changed: true,
  },
  {
    name: 'step 4: "MAY choose an expiration less than the requested"',
    before: [],
    request: { document: 'busy', expires: 86_400 },
    answer: { status: 200, tag: 'new', expires: 3600 },
    after: [one('new', 'busy', 3_600_000)],
    changed: true,
  },
  {
    name: 'step 4: too brief: 423',
    before: [one('a')],
    request: { ifMatch: 'a', expires: 59 },
    answer: { status: 423, minExpires: 60 },
  },
  {
    name: 'step 4: the minimum itself is not less than the minimum',
    before: [],
    request: { document: 'busy', expires: 60 },
    answer: { status: 200, tag: 'new', expires: 60 },
    after: [one('new', 'busy', 60_000)],
    changed: true,
  },
  {
    name: 'step 5: neither body nor tag: 400',
    before: [one('a')],
    request: { expires: 600 },
    answer: { status: 400 },
  },
  {
    name: 'step 5: a refresh keeps the document and gets a new tag',
    before: [one('a'), one('b', 'busy')],
    request: { ifMatch: 'a', expires: 600 },
    answer: { status: 200, tag: 'new', expires: 600 },
    after: [one('new', 'open', 600_000), one('b', 'busy')],
  },
  {
    name: '§4.4: a modification replaces the document, in its place',
    before: [one('a'), one('b')],
    request: { ifMatch: 'a', expires: 600, document: 'busy' },
    answer: { status: 200, tag: 'new', expires: 600 },
    after: [one('new', 'busy', 600_000), one('b')],
    changed: true,
  },
  {
    name: 'step 5: 0 with a tag: "MUST be immediately removed"',
    before: [one('a'), one('b')],
    request: { ifMatch: 'a', expires: 0 },
    answer: { status: 200, tag: 'new', expires: 0 },
    after: [one('b')],
    changed: true,
  },
  {
    name: 'step 5: 0 without a tag: "MUST NOT store any event state"',
    before: [],
    request: { expires: 0, document: 'busy' },
    answer: { status: 200, tag: 'new', expires: 0 },
  },
  {
    name: 'the resource has as many as it may; those it has can be changed',
    before: [one('a'), one('b')],
    request: { document: 'busy' },
    answer: { status: 480 },
  },
];

describe('PUBLISH', () => {
  for (const { name, before, request, answer, after, changed } of CASES) {
    test(name, () => {
      const outcome = receivePublish(before, request, at());
      assert.deepEqual(outcome, { answer, states: after ?? before, changed: changed ?? false });
    });
  }

  test('what has expired is not there: 412 for its tag, and its place is free', () => {
    const before = [one('a', 'open', 1000), one('b')];
    const late = receivePublish(before, { ifMatch: 'a', expires: 600 }, at('new', 1000));
    assert.deepEqual(late, { answer: { status: 412 }, states: [one('b')], changed: true });
    const fresh = receivePublish(before, { document: 'busy', expires: 60 }, at('new', 1000));
    assert.deepEqual(fresh.states, [one('b'), one('new', 'busy', 61_000)]);
    const early = receivePublish(before, { ifMatch: 'a', expires: 60 }, at('new', 999));
    assert.equal(early.answer.status, 200);
  });

  test('§6 step 6, whatever comes: no tag twice, none below the bound, nothing kept after its time', () => {
    const request = fc.record({
      match: fc.nat(6),
      expires: fc.constantFrom(undefined, 0, 1, 60, 600, 10_000),
      document: fc.constantFrom(undefined, 'x', 'y'),
      pauseMs: fc.nat(700_000),
    });
    fc.assert(
      fc.property(fc.array(request, { maxLength: 30 }), (requests) => {
        let states: PublishedStates<string> = [];
        let nowMs = 0;
        for (const [i, { match, expires, document, pauseMs }] of requests.entries()) {
          nowMs += pauseMs;
          const ifMatch = states[match]?.tag;
          const outcome = receivePublish(
            states,
            { ifMatch, expires, document },
            { nowMs, newTag: `t${i}`, rules: RULES },
          );
          states = outcome.states;
          assert.ok(states.length <= RULES.maxStates);
          assert.equal(new Set(states.map(({ tag }) => tag)).size, states.length);
          assert.ok(states.every(({ expiresAtMs }) => expiresAtMs > nowMs));
          assert.ok(states.every(({ expiresAtMs }) => expiresAtMs <= nowMs + RULES.maxExpires * 1000));
          if (outcome.answer.status === 200 && ifMatch !== undefined) {
            assert.ok(!states.some(({ tag }) => tag === ifMatch), 'replaced');
          }
        }
      }),
    );
  });
});

describe('SIP-ETag and SIP-If-Match (RFC 3903 §12: entity-tag = token)', () => {
  const READERS = [
    ['SIP-ETag', sipEtag],
    ['SIP-If-Match', sipIfMatch],
  ] as const;
  for (const [name, read] of READERS) {
    const of = (...values: readonly string[]) =>
      read({ headers: values.map((value) => rawHeaderField(name, value)) });
    test(name, () => {
      assert.deepEqual(of(), { ok: true, value: undefined });
      assert.deepEqual(of('dx200xyz'), { ok: true, value: 'dx200xyz' });
      assert.deepEqual(of("a.b!%*_+`'~-1"), { ok: true, value: "a.b!%*_+`'~-1" });
      for (const bad of ['', '"quoted"', 'two tags', 'a,b', 'a;b=c', 'x'.repeat(257)]) {
        const result = of(bad);
        assert.ok(!result.ok && result.error.code === 'ERR_SIP_HEADER_TOKEN', bad);
      }
      const twice = of('a', 'b');
      assert.ok(!twice.ok && twice.error.code === 'ERR_SIP_HEADER_REPEATED');
    });
  }
});
