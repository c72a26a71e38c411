// Decisions about watchers as authorization rules (RFC 5025, RFC 4745; rows CSP-12, CSP-13).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  decideWatcher,
  NS_COMMON_POLICY,
  type WatcherDecision,
} from '../../../src/interwork/presence/index.ts';
import { parseDocument, serialize, type XmlElement } from '../../../src/xml/index.ts';

const NS_PRES_RULES = 'urn:ietf:params:xml:ns:pres-rules';
const BOB = 'sip:bob@example.net';
const EVE = 'sip:eve@example.net';

function read(text: string): XmlElement {
  const root = parseDocument(text);
  assert.ok(root.ok);
  return root.value;
}

/** RFC 5025 §6. */
const EXAMPLE = read(`<?xml version="1.0" encoding="UTF-8"?>
   <cr:ruleset xmlns="urn:ietf:params:xml:ns:pres-rules"
    xmlns:pr="urn:ietf:params:xml:ns:pres-rules"
    xmlns:cr="urn:ietf:params:xml:ns:common-policy">
    <cr:rule id="a">
     <cr:conditions><cr:identity><cr:one id="sip:user@example.com"/></cr:identity></cr:conditions>
     <cr:actions><pr:sub-handling>allow</pr:sub-handling></cr:actions>
     <cr:transformations>
      <pr:provide-persons><pr:all-persons/></pr:provide-persons>
      <pr:provide-unknown-attribute ns="urn:vendor-specific:foo-namespace" name="foo">true</pr:provide-unknown-attribute>
     </cr:transformations>
    </cr:rule>
   </cr:ruleset>`);

/** Each rule as "id: handling watchers…". */
function rules(root: XmlElement): string[] {
  assert.equal(root.name, 'ruleset');
  assert.equal(root.ns, NS_COMMON_POLICY);
  return [...root.elements()].map((rule) => {
    const identity = rule.child('conditions', NS_COMMON_POLICY)?.child('identity', NS_COMMON_POLICY);
    const ones = [...(identity?.elements() ?? [])].map((one) => one.attr('id'));
    const handling = rule.child('actions', NS_COMMON_POLICY)?.child('sub-handling', NS_PRES_RULES)?.text();
    return `${rule.attr('id')}: ${handling} ${ones.join(' ')}`;
  });
}

/** What is decided, one after the other; the last document that was written. */
function decide(
  from: XmlElement | undefined,
  ...decisions: readonly (readonly [string, WatcherDecision])[]
): XmlElement | undefined {
  let document = from;
  for (const [watcher, decision] of decisions)
    document = decideWatcher(document, watcher, decision) ?? document;
  // As it comes back from the server.
  return document === undefined ? undefined : read(serialize(document, ''));
}

describe('decisions', () => {
  test('CSP-12: there is no document: one that allows, and shows everything (RFC 5025 §3.3)', () => {
    const root = decide(undefined, [BOB, 'allow']);
    assert.ok(root !== undefined);
    assert.deepEqual(rules(root), [`stoxgate-allow: allow ${BOB}`]);
    const shown = [...(root.child('rule')?.child('transformations', NS_COMMON_POLICY)?.elements() ?? [])];
    assert.ok(shown.every(({ ns }) => ns === NS_PRES_RULES));
    assert.deepEqual(
      shown.map(({ name }) => name),
      ['provide-services', 'provide-persons', 'provide-devices', 'provide-all-attributes'],
    );
  });

  test('CSP-13: block, and its way back', () => {
    assert.deepEqual(rules(decide(undefined, [BOB, 'block']) ?? assert.fail()), [
      `stoxgate-block: block ${BOB}`,
    ]);
    const both = decide(undefined, [BOB, 'allow'], [EVE, 'allow'], [BOB, 'block']);
    assert.deepEqual(rules(both ?? assert.fail()), [
      `stoxgate-allow: allow ${EVE}`,
      `stoxgate-block: block ${BOB}`,
    ]);
    // No rule stays without a watcher: it would be for everybody.
    const back = decide(both, [BOB, 'ask'], [EVE, 'block']);
    assert.deepEqual(rules(back ?? assert.fail()), [
      `stoxgate-confirm: confirm ${BOB}`,
      `stoxgate-block: block ${EVE}`,
    ]);
    assert.deepEqual(rules(decide(back, [BOB, 'allow']) ?? assert.fail()), [
      `stoxgate-allow: allow ${BOB}`,
      `stoxgate-block: block ${EVE}`,
    ]);
  });

  test('what is said already is not written', () => {
    const allowed = decide(undefined, [BOB, 'allow']);
    assert.equal(decideWatcher(allowed, BOB, 'allow'), undefined);
    // Who asks for somebody's presence changes nothing for whom he allowed, or never heard of.
    assert.equal(decideWatcher(allowed, BOB, 'ask'), undefined);
    assert.equal(decideWatcher(allowed, EVE, 'ask'), undefined);
    assert.equal(decideWatcher(undefined, EVE, 'ask'), undefined);
  });

  test('rules of the user’s own stay as they are', () => {
    const root = decide(EXAMPLE, [BOB, 'allow']) ?? assert.fail();
    assert.deepEqual(rules(root), ['a: allow sip:user@example.com', `stoxgate-allow: allow ${BOB}`]);
    const [own] = root.elements();
    const [before] = EXAMPLE.elements();
    assert.equal(serialize(own ?? assert.fail(), ''), serialize(before ?? assert.fail(), ''));
  });

  test('a thousand watchers in a rule at most', () => {
    let root: XmlElement | undefined;
    for (let i = 0; i < 1002; i++) root = decideWatcher(root, `sip:u${i}@example.net`, 'block') ?? root;
    const [line = ''] = rules(root ?? assert.fail());
    const ones = line.split(' ').slice(2);
    assert.equal(ones.length, 1000);
    assert.deepEqual([ones[0], ones.at(-1)], ['sip:u2@example.net', 'sip:u1001@example.net']);
  });

  test('whatever is decided, everybody is in one rule at most, and the last word about him counts', () => {
    const watcher = fc.constantFrom(...['a', 'b', 'c'].map((name) => `sip:${name}@example.net`));
    const decision = fc.constantFrom<WatcherDecision>('allow', 'block', 'ask');
    fc.assert(
      fc.property(fc.array(fc.tuple(watcher, decision), { maxLength: 20 }), (decisions) => {
        const root = decide(EXAMPLE, ...decisions) ?? EXAMPLE;
        const ours = rules(root).slice(1);
        const placed = new Map<string, string>();
        for (const line of ours) {
          const [, handling = '', ...ones] = line.split(' ');
          assert.ok(ones.length > 0);
          for (const one of ones) {
            assert.ok(!placed.has(one));
            placed.set(one, handling);
          }
        }
        for (const each of new Set(decisions.map(([one]) => one))) {
          const told = decisions.filter(([one]) => one === each).map(([, what]) => what);
          let expected: string | undefined;
          for (const what of told) {
            if (what !== 'ask') expected = what;
            else if (expected === 'block') expected = 'confirm';
          }
          assert.equal(placed.get(each), expected);
        }
      }),
    );
  });
});
