// What a document says of one resource, as it is held.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeldResource } from '../../../src/gateway/presence/held-resource.ts';
import type { ResourcePresence } from '../../../src/interwork/presence/index.ts';
import { element, NS_CLIENT } from '../../../src/xml/index.ts';
import { plain } from '../../xml/record.ts';

const CASES: readonly (readonly [string, ResourcePresence])[] = [
  ['nothing but that it is there', { resource: 'desk', available: true, children: [] }],
  ['the bare address', { resource: '', available: false, children: [] }],
  [
    'show, status with a language, priority, idle',
    {
      resource: 'kulatý stůl',
      available: true,
      lang: 'cs',
      children: [
        element('show', NS_CLIENT, {}, 'dnd'),
        element('status', NS_CLIENT, { 'xml:lang': 'de' }, '<im> & \'am\' "Platz"'),
        element('status', NS_CLIENT, {}),
        element('priority', NS_CLIENT, {}, '-5'),
        element('idle', 'urn:xmpp:idle:1', { since: '2026-01-01T00:00:00Z' }),
      ],
    },
  ],
];

describe('a resource that is held (RFC 8048 §6.3)', () => {
  for (const [what, resource] of CASES) {
    test(`is what the document said: ${what}`, () => {
      const held: ResourcePresence = new HeldResource(resource);
      assert.deepEqual(
        [held.resource, held.available, held.lang, held.children.map(plain)],
        [resource.resource, resource.available, resource.lang, resource.children.map(plain)],
      );
    });
  }
});
