// What a notification about a list changes for each resource (RFC 4662 §4.5, §5.5, §5.6; row CSP-20).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { entityKey, listChanges, withoutContent } from '../../../src/interwork/presence/index.ts';
import { utf8Bytes } from '../../../src/base/index.ts';
import type { ListedInstance, ListedResource, ResourceList } from '../../../src/mime/index.ts';

const STATES = { '+': 'active', '?': 'pending', '-': 'terminated' } as const;

/** "a +1 ?2 -3=rejected": a with these instances. */
function resource(text: string): ListedResource {
  const [uri = '', ...instances] = text.split(' ');
  return {
    uri,
    instances: instances.map((each): ListedInstance => {
      const [id = '', reason] = each.slice(1).split('=');
      const sign = each.slice(0, 1);
      assert.ok(sign === '+' || sign === '?' || sign === '-');
      return { id, state: STATES[sign], ...(reason === undefined ? {} : { reason }) };
    }),
  };
}

const list = (full: boolean, ...texts: readonly string[]): ResourceList => ({
  uri: 'sip:l@b',
  version: 8,
  full,
  resources: texts.map(resource),
});

describe('changes', () => {
  const before = { version: 7, resources: ['a +1 +2', 'b ?3'].map(resource) };
  const cases: readonly (readonly [string, ResourceList, readonly string[]])[] = [
    ['nothing is named', list(false), []],
    ['partial: the others are as they were', list(false, 'a +1 +2'), ['a told 1 2 ended']],
    ['an instance is not named any more', list(false, 'a +1'), ['a told 1 ended 2']],
    ['none is: its state is not known', list(false, 'a'), ['a told ended 1 2']],
    ['terminated', list(false, 'a +1 -2=Probation'), ['a told 1 ended 2=probation']],
    ['terminated, and never known', list(false, 'c -4=rejected'), ['c told ended 4=rejected']],
    ['a new resource', list(false, 'c ?4'), ['c told 4 ended']],
    [
      'full: who is not named is in the list no more',
      list(true, 'b +3'),
      ['b told 3 ended', 'a told ended 1 2'],
    ],
    ['full, and empty', list(true), ['a told ended 1 2', 'b told ended 3']],
  ];
  for (const [name, next, expected] of cases) {
    test(name, () => {
      const words = listChanges(before, next).map(({ uri, told, ended }) =>
        [
          ...[uri, 'told', ...told.map(({ id }) => id), 'ended'],
          ...ended.map(({ id, reason }) => (reason === undefined ? id : `${id}=${reason}`)),
        ].join(' '),
      );
      assert.deepEqual(words, expected);
    });
  }
  test('the first one', () => {
    assert.deepEqual(listChanges(undefined, list(true, 'a +1')), [
      { uri: 'a', told: [{ id: '1', state: 'active' }], ended: [] },
    ]);
  });
});

test('what is kept of a table: the wanted resources, without names and documents', () => {
  const content = { type: 'application/pidf+xml', contentType: 'application/pidf+xml', body: utf8Bytes('x') };
  const table = {
    version: 7,
    resources: [
      { uri: 'a', name: 'A', instances: [{ id: '1', state: 'active' as const, content }] },
      { uri: 'b', instances: [] },
    ],
  };
  assert.deepEqual(
    withoutContent(table, (uri) => uri === 'a'),
    { version: 7, resources: [{ uri: 'a', instances: [{ id: '1', state: 'active' }] }] },
  );
});

describe('RFC 4662 §5.3, RFC 3859 §3.2: whom the URI of a resource means', () => {
  for (const [uri, key] of [
    ['sip:romeo@example.net', 'romeo@example.net'],
    ['sip:romeo@example.net:5070;transport=tcp', 'romeo@example.net'],
    ['sips:Romeo@EXAMPLE.net', 'romeo@example.net'],
    ['pres:romeo@example.net', 'romeo@example.net'],
    [' sip:romeo@example.net ', 'romeo@example.net'],
    ['mailto:romeo@example.net', undefined],
    ['romeo', undefined],
    ['', undefined],
  ] as const) {
    test(JSON.stringify(uri), () => assert.equal(entityKey(uri), key));
  }
});
