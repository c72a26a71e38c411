// XML out: what is written is read back the same, and nothing in a text can become markup.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import {
  element,
  escapeAttribute,
  escapeText,
  isXmlText,
  NS_CLIENT,
  NS_XML,
  parseDocument,
  sanitizeText,
  serialize,
  XmlElement,
} from '../../src/xml/index.ts';
import { plain, stanzas, type Plain } from './record.ts';

describe('escaping', () => {
  const cases: readonly (readonly [string, string, string, string])[] = [
    ['nothing to do', 'abc é 😀', 'abc é 😀', 'abc é 😀'],
    ['XML 1.0 §2.4: markup', `<&>"'`, `&lt;&amp;&gt;"'`, '&lt;&amp;&gt;&quot;&apos;'],
    ['XML 1.0 §2.11, §3.3.3: white space', 'a\tb\nc\rd', 'a\tb\nc&#13;d', 'a&#9;b&#10;c&#13;d'],
    ['IM-49: control characters', '\0\b\u000b\f\u000e\u001f', '\ufffd'.repeat(6), '\ufffd'.repeat(6)],
    ['IM-49: U+FFFE, U+FFFF', '\ufffe\uffff', '\ufffd\ufffd', '\ufffd\ufffd'],
    ['IM-49: lone surrogates', '\ud83d<\ude00', '\ufffd&lt;\ufffd', '\ufffd&lt;\ufffd'],
    [
      'what XML 1.0 allows',
      '\u007f\u0085\u{1ffff}\ufeff',
      '\u007f\u0085\u{1ffff}\ufeff',
      '\u007f\u0085\u{1ffff}\ufeff',
    ],
    ['end of CDATA', ']]>', ']]&gt;', ']]&gt;'],
  ];
  for (const [name, source, text, attribute] of cases) {
    test(name, () => {
      assert.equal(escapeText(source), text);
      assert.equal(escapeAttribute(source), attribute);
    });
  }

  test('IM-49: isXmlText and sanitizeText', () => {
    for (const good of ['', 'a\t\n\r', '😀', '\ufffd', '<&>']) {
      assert.equal(isXmlText(good), true);
      assert.equal(sanitizeText(good), good);
    }
    for (const bad of ['\0', 'a\u001f', '\ufffe', '\ud800', '\udc00\ud800']) {
      assert.equal(isXmlText(bad), false);
      assert.equal(isXmlText(sanitizeText(bad)), true);
    }
    assert.equal(sanitizeText('a\0b\ud800c'), 'a\ufffdb\ufffdc');
  });
});

describe('serialize', () => {
  test('RFC 6120 §8.4: xmlns only where it changes', () => {
    const message = element(
      'message',
      NS_CLIENT,
      { to: 'a@b', from: undefined, id: '1' },
      element('body', NS_CLIENT, {}, 'hi', ' ', 'there', undefined, ''),
      element('x', 'u:x', {}, element('y', 'u:x'), element('z', '', {}, element('body', NS_CLIENT))),
    );
    const inner =
      "<body>hi there</body><x xmlns='u:x'><y/><z xmlns=''><body xmlns='jabber:client'/></z></x></message>";
    assert.equal(serialize(message), `<message to='a@b' id='1'>${inner}`);
    assert.equal(
      serialize(message, 'jabber:server'),
      `<message xmlns='jabber:client' to='a@b' id='1'>${inner}`,
    );
  });

  test('attributes in namespaces', () => {
    const odd = element('a', NS_CLIENT, { '{u:1}x': '1', 'xml:lang': 'de', '{u:2}x': '2', '{u:1}y': '3' });
    assert.equal(
      serialize(odd),
      "<a xmlns:a0='u:1' a0:x='1' xml:lang='de' xmlns:a1='u:2' a1:x='2' a0:y='3'/>",
    );
  });

  test('a namespace that holds "}" and markup', () => {
    const odd = new XmlElement('a', "u'><b>", ["{u}'><c>}x", "'><d>"]);
    assert.deepEqual(stanzas(serialize(odd)), [['a', "u'><b>", ["{u}'><c>}x", "'><d>"]]]);
  });

  test('Namespaces in XML 1.0 §3: an element in the namespace of xml keeps its prefix', () => {
    const odd = new XmlElement('lang', NS_XML, [], [new XmlElement('b', NS_CLIENT)]);
    assert.equal(serialize(odd), '<xml:lang><b/></xml:lang>');
    assert.deepEqual(stanzas(serialize(odd)), [plain(odd)]);
  });
});

const anyText = fc.string({ unit: 'binary', maxLength: 20 });
const mixedText = fc.oneof(anyText, fc.stringMatching(/^[\]><&'"\r\n\t\0\ud800-\udfff![-]{0,12}$/));
const name = fc.constantFrom('a', 'body', 'x-y', 'é', '𐀀z', '_1');
const ns = fc.constantFrom('', NS_CLIENT, 'u:1', 'http://example.org/?a=1&b=2', "it's");

const tree = fc.letrec<{ node: XmlElement }>((tie) => ({
  node: fc
    .tuple(
      name,
      ns,
      fc.uniqueArray(
        fc.tuple(fc.constantFrom('', '{u:1}', '{u:2}', 'xml:'), fc.constantFrom('a', 'lang', 'b'), mixedText),
        { selector: ([prefix, local]) => prefix + local, maxLength: 4 },
      ),
      fc.array(fc.oneof({ maxDepth: 4 }, mixedText, tie('node')), { maxLength: 4 }),
    )
    .map(([local, uri, attributes, children]) =>
      element(
        local,
        uri,
        Object.fromEntries(attributes.map(([prefix, key, value]) => [prefix + key, value])),
        ...children,
      ),
    ),
})).node;

/** What must come back: texts without what XML cannot carry. */
function expected(node: XmlElement): Plain {
  const attributes = node.attributes.map((text, index) => (index % 2 === 1 ? sanitizeText(text) : text));
  return [
    node.name,
    node.ns,
    attributes,
    ...node.children.map((child) => (typeof child === 'string' ? sanitizeText(child) : expected(child))),
  ];
}

describe('round trip', () => {
  test('any element → text → the same element, as a stanza', () => {
    fc.assert(
      fc.property(tree, (node) => {
        assert.deepEqual(stanzas(serialize(node)), [expected(node)]);
      }),
      { numRuns: 150 },
    );
  });

  test('any element → text → the same element, as a document', () => {
    fc.assert(
      fc.property(tree, (node) => {
        const result = parseDocument(serialize(node, ''));
        assert.ok(result.ok);
        assert.deepEqual(plain(result.value), expected(node));
        assert.equal(serialize(result.value, ''), serialize(node, ''));
      }),
      { numRuns: 150 },
    );
  });
});
