// Lists of addresses in requests (RFC 4826 §3, RFC 5363 §4, RFC 5367 §4).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { utf8Text } from '../../src/base/index.ts';
import { formatUriList } from '../../src/mime/index.ts';
import { parseDocument } from '../../src/xml/index.ts';

const NS = 'urn:ietf:params:xml:ns:resource-lists';

test('RFC 4826 §3.2: one list, an entry for each address, in their order', () => {
  const text = utf8Text(formatUriList(['sip:bill@example.com', 'sip:a&b@example.com'])) ?? '';
  assert.ok(text.startsWith('<?xml version="1.0" encoding="UTF-8"?>'));
  const root = parseDocument(formatUriList(['sip:bill@example.com', 'sip:a&b@example.com']));
  assert.ok(root.ok);
  assert.deepEqual([root.value.name, root.value.ns], ['resource-lists', NS]);
  const lists = [...root.value.elements()];
  assert.deepEqual(
    lists.map(({ name, ns }) => [name, ns]),
    [['list', NS]],
  );
  const entries = [...(lists[0]?.elements() ?? [])];
  assert.deepEqual(
    entries.map((each) => [each.name, each.ns, each.attr('uri')]),
    [
      ['entry', NS, 'sip:bill@example.com'],
      ['entry', NS, 'sip:a&b@example.com'],
    ],
  );
});

test('whatever the addresses, they can be read again', () => {
  const address = fc
    .string({ unit: fc.constantFrom(...`a & < > " ' % ; =`.split(' ')) })
    .map((user) => `sip:${user}@example.com`);
  fc.assert(
    fc.property(fc.array(address), (uris) => {
      const root = parseDocument(formatUriList(uris));
      assert.ok(root.ok);
      const [list] = [...root.value.elements()];
      assert.deepEqual(
        [...(list?.elements() ?? [])].map((each) => each.attr('uri')),
        uris,
      );
    }),
  );
});
