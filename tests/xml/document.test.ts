// XML 1.0 documents outside streams: comments and processing instructions are skipped, DTDs refused.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseDocument, type XmlLimits } from '../../src/xml/index.ts';
import { plain, type Plain } from './record.ts';

describe('accepted', () => {
  const cases: readonly (readonly [string, string, Plain])[] = [
    ['smallest', '<a/>', ['a', '', []]],
    [
      'RFC 3994 §3: isComposing',
      '<?xml version="1.0" encoding="UTF-8"?>\n<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing">' +
        '<state>active</state></isComposing>\n',
      [
        'isComposing',
        'urn:ietf:params:xml:ns:im-iscomposing',
        [],
        ['state', 'urn:ietf:params:xml:ns:im-iscomposing', [], 'active'],
      ],
    ],
    ['white space is kept', '<a> <b/>\n</a>', ['a', '', [], ' ', ['b', '', []], '\n']],
    [
      'comments before, inside and after',
      '<!-- - --><a>x<!---->y<!-- <b> & --></a><!--z-->',
      ['a', '', [], 'xy'],
    ],
    ['instructions before, inside and after', '<?p?><a>x<?q ?x>?>y</a><?xml-style z?>', ['a', '', [], 'xy']],
    ['declaration, comment, space', "<?xml version='1.0'?> <!-- --> <a/> ", ['a', '', []]],
    ['byte order mark', '\ufeff<?xml version="1.0"?><a/>', ['a', '', []]],
    ['CDATA', '<a><![CDATA[<b>]]></a>', ['a', '', [], '<b>']],
    ['prefixes', "<p:a xmlns:p='u'><p:b/></p:a>", ['a', 'u', [], ['b', 'u', []]]],
    ['jabber:server stays', "<a xmlns='jabber:server'/>", ['a', 'jabber:server', []]],
  ];
  for (const [name, source, expected] of cases) {
    test(name, () => {
      for (const form of [source, Buffer.from(source, 'utf8')]) {
        const result = parseDocument(form);
        assert.ok(result.ok, JSON.stringify(result));
        assert.deepEqual(plain(result.value), expected);
      }
    });
  }

  test('RFC 7303 §3: of decoded text the declared encoding says nothing', () => {
    const source = "<?xml version='1.0' encoding='ISO-8859-1'?><a>é</a>";
    assert.equal(parseDocument(source).ok, true);
    const octets = parseDocument(Buffer.from(source, 'utf8'));
    assert.equal(octets.ok ? '' : octets.error.code, 'unsupported-encoding');
    assert.equal(parseDocument(Buffer.from("<?xml version='1.0' encoding='us-ascii'?><a/>")).ok, true);
  });
});

describe('refused', () => {
  const cases: readonly (readonly [string, string, string | Uint8Array])[] = [
    ['not-well-formed', 'nothing', ''],
    ['not-well-formed', 'white space', ' \n'],
    ['not-well-formed', 'no end', '<a><b></b>'],
    ['not-well-formed', 'two roots', '<a/><b/>'],
    ['not-well-formed', 'text before', 'x<a/>'],
    ['not-well-formed', 'text after', '<a/>x'],
    ['not-well-formed', 'reference after', '<a/>&#32;'],
    ['not-well-formed', 'CDATA after', '<a/><![CDATA[]]>'],
    ['not-well-formed', 'end tag after', '<a/></a>'],
    ['not-well-formed', 'comment that does not end', '<a/><!-- '],
    ['not-well-formed', 'XML 1.0 §2.5: "--" in a comment', '<a><!-- -- --></a>'],
    ['not-well-formed', 'XML 1.0 §2.5: comment ends with "--->"', '<a><!-- ---></a>'],
    ['not-well-formed', 'control character in a comment', '<a><!-- \0 --></a>'],
    ['not-well-formed', 'instruction without name', '<a><? x?></a>'],
    ['not-well-formed', 'XML 1.0 [17]: instruction named XML', '<a><?XML x?></a>'],
    ['not-well-formed', 'second declaration', "<?xml version='1.0'?><?xml version='1.0'?><a/>"],
    ['not-well-formed', 'declaration after a space', " <?xml version='1.0'?><a/>"],
    ['not-well-formed', 'two byte order marks', '\ufeff\ufeff<a/>'],
    ['not-well-formed', 'lone surrogate', '<a>\ud800</a>'],
    ['restricted-xml', 'DTD', '<!DOCTYPE a><a/>'],
    ['restricted-xml', 'billion laughs', '<!DOCTYPE l [<!ENTITY l "l">]><l>&l;</l>'],
    ['restricted-xml', 'entity', '<a>&l;</a>'],
    ['unsupported-encoding', 'bad UTF-8', Buffer.of(0x3c, 0x61, 0x3e, 0xff)],
    ['unsupported-encoding', 'UTF-16', Buffer.from('\ufeff<a/>', 'utf16le')],
  ];
  for (const [code, name, source] of cases) {
    test(`${name} → ${code}`, () => {
      const result = parseDocument(source);
      assert.equal(result.ok ? 'accepted' : result.error.code, code);
    });
  }
});

describe('limits', () => {
  const cases: readonly (readonly [string, Partial<XmlLimits>, string, string])[] = [
    ['octets', { stanzaBytes: 20 }, '<a>xxxxxxxxxxxxx</a>', '<a>xxxxxxxxxxxxxx</a>'],
    ['octets of text beyond ASCII', { stanzaBytes: 20 }, '<a>éééééé</a>', '<a>ééééééé</a>'],
    ['depth', { depth: 3 }, '<a><b><c/></b></a>', '<a><b><c><d/></c></b></a>'],
    ['elements', { elements: 3 }, '<a><b/><c/></a>', '<a><b/><c/><d/></a>'],
  ];
  for (const [name, limits, within, beyond] of cases) {
    test(name, () => {
      assert.equal(parseDocument(within, limits).ok, true);
      const result = parseDocument(beyond, limits);
      assert.equal(result.ok ? 'accepted' : result.error.code, 'policy-violation');
      const octets = parseDocument(Buffer.from(beyond), limits);
      assert.equal(octets.ok ? 'accepted' : octets.error.code, 'policy-violation');
    });
  }
});
