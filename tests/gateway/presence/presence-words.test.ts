// What the operator is shown of a presence stanza.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { presenceWords } from '../../../src/gateway/presence/presence-words.ts';
import { element, NS_CLIENT, XmlElement } from '../../../src/xml/index.ts';

const stanza = (words: Readonly<Record<string, string>>): XmlElement =>
  new XmlElement(
    'presence',
    NS_CLIENT,
    [],
    Object.entries(words).map(([name, text]) => element(name, NS_CLIENT, {}, text)),
  );

test('show, status and priority; nothing else', () => {
  assert.deepEqual(presenceWords(stanza({ show: 'away', status: 'in the garden', priority: '5', x: 'y' })), {
    show: 'away',
    status: 'in the garden',
    priority: '5',
  });
  assert.deepEqual(presenceWords(stanza({})), { show: undefined, status: undefined, priority: undefined });
});

test('a status of more than 60 characters is shortened, and no character is cut in two', () => {
  const whole = '🎭'.repeat(60);
  assert.equal(presenceWords(stanza({ status: whole })).status, whole);
  for (const text of [`${whole}🎭`, `${whole}a`, `${whole}${'🎭'.repeat(1000)}`]) {
    assert.equal(presenceWords(stanza({ status: text })).status, `${whole}…`);
  }
  assert.equal(presenceWords(stanza({ status: 'a'.repeat(200_000) })).status, `${'a'.repeat(60)}…`);
});
