// Source: XEP-0185 "Example"; XEP-0220 1.1.1 §2; row S2S-04.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { serialize } from '../../../src/xml/index.ts';
import {
  dialbackAnswer,
  dialbackKey,
  dialbackVerify,
  isDialbackKey,
  readDialback,
} from '../../../src/xmpp/index.ts';
import { SECRET, wire } from './server-rig.ts';

const pair = { from: 'example.org', to: 'xmpp.example.com' };
const KEY = '37c69b1cf07a3f67c04a5ef5902fa5114f2c76fe4a2686482ba5b89323075643';

describe('XEP-0185: keys', () => {
  test('the example', () => assert.equal(dialbackKey(SECRET, pair, 'D60000229F'), KEY));

  const wrong: [string, string, { from: string; to: string }, string][] = [
    ['another stream', KEY, pair, 'D60000229E'],
    ['another originating domain', KEY, { ...pair, from: 'example.net' }, 'D60000229F'],
    ['another receiving domain', KEY, { ...pair, to: 'example.com' }, 'D60000229F'],
    ['upper case', KEY.toUpperCase(), pair, 'D60000229F'],
    ['a part of it', KEY.slice(1), pair, 'D60000229F'],
  ];
  test('is recognised', () => assert.ok(isDialbackKey(KEY, SECRET, pair, 'D60000229F')));
  for (const [what, key, of, id] of wrong) {
    test(`${what} is no key`, () => assert.ok(!isDialbackKey(key, SECRET, of, id)));
  }
});

describe('XEP-0220 §2: elements', () => {
  test('a request', () => {
    const el = wire(`<db:result from='Example.org' to='xmpp.example.com'> ${KEY}\n</db:result>`);
    assert.deepEqual(readDialback(el), { name: 'result', pair, id: undefined, verdict: undefined, key: KEY });
  });

  test('a question and its answer', () => {
    const asked = readDialback(wire(serialize(dialbackVerify({ from: pair.to, to: pair.from }, 'D6', KEY))));
    assert.deepEqual(asked?.pair, { from: pair.to, to: pair.from });
    assert.equal(asked?.id, 'D6');
    const answered = readDialback(
      wire(serialize(dialbackAnswer('verify', { from: pair.to, to: pair.from }, 'D6', { kind: 'valid' }))),
    );
    assert.deepEqual(answered, { name: 'verify', pair, id: 'D6', verdict: { kind: 'valid' }, key: '' });
  });

  test('an error with its condition, also after a way over the wire', () => {
    const el = dialbackAnswer('result', pair, undefined, { kind: 'error', condition: 'item-not-found' });
    assert.deepEqual(readDialback(wire(serialize(el)))?.verdict, {
      kind: 'error',
      condition: 'item-not-found',
    });
  });

  for (const xml of [
    `<db:result to='a.example'>k</db:result>`,
    `<db:result from='a.example'>k</db:result>`,
    `<db:result from='x@a.example' to='b.example'>k</db:result>`,
    `<db:result from='a.example' to='b.example'/>`,
    `<db:result from='a.example' to='b.example' type='perhaps'>k</db:result>`,
    `<db:verify from='a.example' to='b.example'>k</db:verify>`,
    `<db:result from='a.example' to='b.example'>${'k'.repeat(257)}</db:result>`,
    `<result xmlns='jabber:server' from='a.example' to='b.example'>k</result>`,
    `<db:other from='a.example' to='b.example'>k</db:other>`,
  ]) {
    test(`is none: ${xml.slice(0, 60)}`, () => assert.equal(readDialback(wire(xml)), undefined));
  }
});
