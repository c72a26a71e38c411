// Source: RFC 6121 §4.7.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readPresence } from '../../../src/xmpp/index.ts';
import { readStanza } from '../read-xml.ts';

const presence = (inner: string, attributes = '', streamLang?: string) =>
  readPresence(readStanza(`<presence ${attributes}>${inner}</presence>`), streamLang);

describe('RFC 6121 §4.7.1: types', () => {
  for (const type of [
    'error',
    'probe',
    'subscribe',
    'subscribed',
    'unavailable',
    'unsubscribe',
    'unsubscribed',
  ]) {
    test(type, () => assert.equal(presence('', `type='${type}'`).type, type));
  }
  test('none is available', () => assert.equal(presence('').type, 'available'));
  test('others are none', () => {
    for (const type of ['available', 'invisible', '']) {
      assert.equal(presence('', `type='${type}'`).type, undefined, type);
    }
  });
});

test('addresses, id', () => {
  const { from, to, id } = presence('', `from='a@b/c' to='d@e' id='1'`);
  assert.deepEqual([from, to, id], ['a@b/c', 'd@e', '1']);
});

describe('RFC 6121 §4.7.2.1: show', () => {
  for (const show of ['away', 'chat', 'dnd', 'xa']) {
    test(show, () => assert.equal(presence(`<show> ${show}\n</show>`).show, show));
  }
  test('others count as none', () => {
    for (const inner of ['', '<show/>', '<show>online</show>', `<show xmlns='urn:x'>away</show>`]) {
      assert.equal(presence(inner).show, undefined, inner);
    }
  });
});

describe('RFC 6121 §4.7.2.2: status', () => {
  test('several languages, own and inherited', () => {
    const inner = `<status>Wooing</status><status xml:lang='cs'>Dvo\u0159\u00edm se</status><status xml:lang=''>x</status>`;
    assert.deepEqual(presence(inner, `xml:lang='en'`, 'de').statuses, [
      { text: 'Wooing', lang: 'en', ownLang: false },
      { text: 'Dvo\u0159\u00edm se', lang: 'cs', ownLang: true },
      { text: 'x', lang: undefined, ownLang: true },
    ]);
  });
  test('the language of the stream', () => {
    assert.equal(presence('<status>a</status>', '', 'de').statuses[0]?.lang, 'de');
  });
  test('the first of each language; empty ones say nothing', () => {
    const inner = `<status/><status xml:lang='en'>a</status><status xml:lang='EN'>b</status>`;
    assert.deepEqual(presence(inner).statuses, [{ text: 'a', lang: 'en', ownLang: true }]);
  });
});

describe('RFC 6121 §4.7.2.3: priority', () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['1', 1],
    [' 0 ', 0],
    ['-0', 0],
    ['+5', 5],
    ['-128', -128],
    ['127', 127],
    ['128', undefined],
    ['-129', undefined],
    ['1.5', undefined],
    ['high', undefined],
    ['', undefined],
  ];
  for (const [text, expected] of cases) {
    test(JSON.stringify(text), () => {
      assert.equal(presence(`<priority>${text}</priority>`).priority, expected);
    });
  }
  test('none', () => assert.equal(presence('').priority, undefined));
});
