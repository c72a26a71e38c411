import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { toByteString } from '../../src/base/index.ts';
import {
  callIdToThread,
  chatStateFor,
  chatStateToIsComposing,
  cleanText,
  languageForSip,
  languageForXml,
  stanzaIdFor,
  subjectForSip,
  subjectForXml,
  threadToCallId,
} from '../../src/mapping/index.ts';
import { GenerationCache } from '../../src/mapping/generation-cache.ts';

describe('rows IM-08, IM-27: languages', () => {
  for (const tag of [
    'en',
    'de-DE',
    'zh-Hant-TW',
    'es-419',
    'x-private',
    'i-klingon',
    'sl-rozaj-biske-1994',
  ]) {
    test(tag, () => {
      assert.equal(languageForSip(tag), tag);
      assert.equal(languageForXml(tag), tag);
    });
  }
  for (const tag of [
    '',
    'e_n',
    'en-',
    '-en',
    'en\r\nX: y',
    "en' x='",
    'toolonglanguage',
    '1en',
    'en de',
    'ёж',
  ]) {
    test(`none: ${JSON.stringify(tag)}`, () => {
      assert.equal(languageForSip(tag), undefined);
      assert.equal(languageForXml(tag), undefined);
    });
  }
  test('IM-27: the first of a list', () => assert.equal(languageForXml('fr , en'), 'fr'));
});

describe('row IM-25: stanza ids', () => {
  test('the same for the same triple, other for any other, 22 characters of base64url', () => {
    const id = stanzaIdFor('a@b', 1, 't');
    assert.equal(stanzaIdFor('a@b', 1, 't'), id);
    assert.match(id, /^[A-Za-z0-9_-]{22}$/);
    assert.equal(id, createHash('sha256').update('a@b\n1\nt').digest('base64url').slice(0, 22));
    const others = [
      stanzaIdFor('a@b', 2, 't'),
      stanzaIdFor('a@b', 1, 'u'),
      stanzaIdFor('a@b1', 1, 't'),
      stanzaIdFor('a@b', 11, ''),
    ];
    assert.equal(new Set([id, ...others]).size, 5);
  });
});

describe('row IM-03: thread → Call-ID', () => {
  const good = [
    'e0ffe42b28561960c6b12b944a092794b9683a38',
    'a@b',
    '2fd1cba9-e2b2-11ea@host.example',
    'a.b!%*_+`\'~()<>:\\"/[]?{}',
  ];
  const bad = ['', '@', 'a@', '@b', 'a@b@c', 'a b', 'a,b', 'a;b', 'a=b', 'ä', 'a\r\nX: y', 'x'.repeat(129)];
  for (const thread of good) test(thread, () => assert.equal(threadToCallId(thread), thread));
  for (const thread of bad)
    test(`none: ${JSON.stringify(thread.slice(0, 20))}`, () =>
      assert.equal(threadToCallId(thread), undefined));
  test('IM-22: Call-ID → thread', () => {
    assert.equal(callIdToThread('a@b'), 'a@b');
    assert.equal(callIdToThread(toByteString('ä\u0001')), 'ä\ufffd');
  });
});

describe('rows IM-49, IM-50: text', () => {
  const cases: readonly [string, string][] = [
    ['a\r\nb\rc\nd', 'a\nb\nc\nd'],
    ['a\r\r\nb', 'a\n\nb'],
    ['tab\tstays', 'tab\tstays'],
    ['\u0000\u0008\u000b\u000c\u000e\u001f', '\ufffd'.repeat(6)],
    ['\ufffe\uffff', '\ufffd\ufffd'],
    ['\ud800x\udc00', '\ufffdx\ufffd'],
    ['😀 <>&"\'', '😀 <>&"\''],
    ['\u007f\u0085', '\u007f\u0085'],
  ];
  for (const [text, expected] of cases)
    test(JSON.stringify(text), () => assert.equal(cleanText(text), expected));
});

describe('rows IM-02, IM-21: subject', () => {
  test('one line, whatever it holds', () => {
    assert.equal(subjectForSip(' Hi\r\n\r\nEvil: 1\u0000\u2028x '), 'Hi Evil: 1 x');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.doesNotMatch(subjectForSip(text), /[\u0000-\u001f\u007f\ud800-\udfff]/u);
      }),
    );
  });
  test('UTF-8 both ways', () => {
    assert.equal(subjectForSip('Grüße 😀'), 'Grüße 😀');
    assert.equal(subjectForXml(toByteString(' Grüße 😀 ')), 'Grüße 😀');
    assert.equal(subjectForXml('caf\xe9'), 'caf\ufffd');
  });
});

test('rows IM-60, IM-61: isComposing → chat state', () => {
  assert.equal(chatStateFor('active'), 'composing');
  assert.equal(chatStateFor('idle'), 'active');
});

test('rows IM-62 … IM-65: chat state → isComposing', () => {
  const states = (['active', 'composing', 'paused', 'inactive', 'gone'] as const).map(chatStateToIsComposing);
  assert.deepEqual(states, ['idle', 'active', 'idle', 'idle', undefined]);
});

describe('generation cache', () => {
  test('never more than its limit; what is in use stays', () => {
    const cache = new GenerationCache<number>(10);
    cache.set('used', 0);
    for (let i = 0; i < 1000; i++) {
      assert.equal(cache.get('used'), 0);
      cache.set(`k${i}`, i);
      assert.ok(cache.size <= 10);
    }
    assert.equal(cache.get('k999'), 999);
    assert.equal(cache.get('k0'), undefined);
    cache.clear();
    assert.equal(cache.size, 0);
    assert.equal(cache.get('used'), undefined);
  });
});
