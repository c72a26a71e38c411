// What must end the stream, with which condition (RFC 6120 §4.9.3, §11; XML 1.0; Namespaces in XML 1.0), and limits.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { XmlLimits } from '../../src/xml/index.ts';
import { events, OPEN, octets, record, singly, stanzas } from './record.ts';

const NWF = 'not-well-formed';
const RESTRICTED = 'restricted-xml';
const POLICY = 'policy-violation';
const ENCODING = 'unsupported-encoding';

function condition(source: string | Uint8Array, limits: Partial<XmlLimits> = {}): string {
  const found = events(source, { limits });
  const last = found.at(-1);
  assert.equal(found.filter((event) => event[0] === 'error').length, 1, JSON.stringify(found));
  return last?.[0] === 'error' ? last[1] : 'not the last event';
}

describe('RFC 6120 §11: forbidden in a stanza', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    [RESTRICTED, '<!-- c --><a/>', '§11.1: comment between stanzas'],
    [RESTRICTED, '<a><!-- c --></a>', '§11.1: comment'],
    [RESTRICTED, '<?pi x?><a/>', '§11.1: processing instruction between stanzas'],
    [RESTRICTED, '<a><?pi x?></a>', '§11.1: processing instruction'],
    [RESTRICTED, "<?xml version='1.0'?>", 'XML 1.0 §2.8: declaration not at the start'],
    [RESTRICTED, "<!DOCTYPE a [<!ENTITY b 'c'>]>", '§11.1: DTD'],
    [RESTRICTED, '<a>&nbsp;</a>', '§11.1: other entity'],
    [RESTRICTED, "<a b='&foo;'/>", '§11.1: other entity in a value'],
    [RESTRICTED, `<a>&${'e'.repeat(80)};</a>`, '§11.1: an entity without end'],
    ['bad-format', 'x<a/>', '§4.8: text between stanzas'],
    ['bad-format', '&#32;<a/>', 'a reference between stanzas'],
    ['bad-format', '<![CDATA[ ]]><a/>', 'a CDATA section between stanzas'],
    ['bad-format', '\ufeff', 'U+FEFF between stanzas'],
    [NWF, '<a><b></a></b>', 'XML 1.0 §3: end tags cross'],
    [NWF, '<a></A>', 'XML 1.0 §3: end tag in other case'],
    [NWF, '</a>', 'end tag without start tag'],
    [NWF, '<a></>', 'end tag without name'],
    [NWF, "<a></a b='c'>", 'attribute in an end tag'],
    [NWF, '<a></a/>', 'end tag with slash'],
    [NWF, "<a b='1' b='2'/>", 'XML 1.0 §3.1: attribute twice'],
    [
      NWF,
      "<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>",
      'Namespaces §6.3: attribute twice under two prefixes',
    ],
    [NWF, "<a xmlns:p='u' xmlns:p='v'/>", 'prefix declared twice'],
    [NWF, "<a xmlns='u' xmlns='v'/>", 'default namespace declared twice'],
    [NWF, '<p:a/>', 'RFC 6120 §4.9.3.13: undeclared prefix'],
    [NWF, "<a p:b='c'/>", 'undeclared prefix of an attribute'],
    [NWF, "<a xmlns:p='u'/><p:b/>", 'prefix out of scope'],
    [NWF, "<a xmlns:p=''/>", 'Namespaces §5: prefix undeclared'],
    [NWF, "<a xmlns:xmlns='u'/>", 'Namespaces §3: xmlns declared'],
    [NWF, "<a xmlns:xml='u'/>", 'Namespaces §3: xml bound to another name'],
    [
      NWF,
      "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
      'Namespaces §3: the name of xml bound to another',
    ],
    [NWF, "<a xmlns:p='http://www.w3.org/2000/xmlns/'/>", 'Namespaces §3: the name of xmlns bound'],
    [NWF, "<a xmlns='http://www.w3.org/2000/xmlns/'/>", 'Namespaces §3: the name of xmlns as default'],
    [NWF, "<a xmlns='http://www.w3.org/XML/1998/namespace'/>", 'Namespaces §3: the name of xml as default'],
    [NWF, '<xmlns:a/>', 'Namespaces §3: element with prefix xmlns'],
    [NWF, "<a xmlns:p='u'><p:b:c/></a>", 'Namespaces [7]: two colons'],
    [NWF, '<stream::a/>', 'Namespaces [7]: two colons in a row'],
    [NWF, '<:a/>', 'Namespaces [7]: colon first'],
    [NWF, '<stream:/>', 'Namespaces [7]: colon last'],
    [NWF, '<stream:1/>', 'Namespaces [4]: local part begins with a digit'],
    [NWF, "<a stream:-='1'/>", 'Namespaces [4]: local part of an attribute begins with a hyphen'],
    [NWF, "<a xmlns:='u'/>", 'declaration of an empty prefix'],
    [NWF, "<a xmlns:1='u'/>", 'declaration of a prefix that is no name'],
    [NWF, "<a b='<'/>", 'XML 1.0 §3.1: "<" in a value'],
    [NWF, '<a b=c/>', 'value without quotes'],
    [NWF, '<a b/>', 'attribute without value'],
    [NWF, "<a b='c'd='e'/>", 'XML 1.0 [40]: no space between attributes'],
    [NWF, '<a / >', 'space after the slash'],
    [NWF, '<1/>', 'name begins with a digit'],
    [NWF, '< a/>', 'space before the name'],
    [NWF, '<×/>', 'XML 1.0 [4]: U+00D7 in a name'],
    [NWF, "<a ∞='1'/>", 'XML 1.0 [4]: U+221E in a name'],
    [NWF, '<a>]]></a>', 'XML 1.0 [14]: "]]>" in text'],
    [NWF, '<a>]]]></a>', 'XML 1.0 [14]: "]]]>" in text'],
    [NWF, '<a>& </a>', 'bare ampersand'],
    [NWF, '<a>&</a>', 'ampersand before a tag'],
    [NWF, '<a>&amp</a>', 'reference without semicolon'],
    [NWF, '<a>&;</a>', 'empty reference'],
    [NWF, '<a>&#;</a>', 'empty character reference'],
    [NWF, '<a>&#x;</a>', 'empty hexadecimal reference'],
    [NWF, '<a>&#X41;</a>', 'XML 1.0 [66]: capital X'],
    [NWF, '<a>&#4A;</a>', 'letter in a decimal reference'],
    [NWF, '<a>&#0;</a>', 'XML 1.0 [2]: reference to U+0000'],
    [NWF, '<a>&#x1F;</a>', 'XML 1.0 [2]: reference to a control character'],
    [NWF, '<a>&#xD800;</a>', 'XML 1.0 [2]: reference to a surrogate'],
    [NWF, '<a>&#xFFFE;</a>', 'XML 1.0 [2]: reference to U+FFFE'],
    [NWF, '<a>&#x110000;</a>', 'reference beyond Unicode'],
    [NWF, `<a>&#${'9'.repeat(400)};</a>`, 'reference far beyond Unicode'],
    [NWF, '<a>\0</a>', 'XML 1.0 [2]: U+0000'],
    [NWF, '<a>\u000b</a>', 'XML 1.0 [2]: U+000B'],
    [NWF, '<a>\u001f</a>', 'XML 1.0 [2]: U+001F'],
    [NWF, '<a>\ufffe</a>', 'XML 1.0 [2]: U+FFFE'],
    [NWF, '<a>\uffff</a>', 'XML 1.0 [2]: U+FFFF'],
    [NWF, "<a b='\u0001'/>", 'control character in a value'],
    [NWF, "<a b='\uffff'/>", 'U+FFFF in a value'],
    [NWF, '<a><![CDATA[\u0000]]></a>', 'U+0000 in a CDATA section'],
    [NWF, '<a><![CDATA[\ufffe]]></a>', 'U+FFFE in a CDATA section'],
    [NWF, '<a><![cdata[x]]></a>', 'CDATA in small letters'],
    [NWF, '<a><!ELEMENT b></a>', 'declaration inside an element'],
    [NWF, '<a><!></a>', 'empty declaration'],
  ];
  for (const [expected, content, name] of cases) {
    test(`${name} → ${expected}`, () => {
      assert.equal(condition(`${OPEN}${content}</stream:stream>`), expected);
    });
  }
});

describe('the beginning of a stream', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    [RESTRICTED, `<!DOCTYPE a>${OPEN}`, 'DTD'],
    [RESTRICTED, `<!-- -->${OPEN}`, 'comment'],
    [RESTRICTED, `<?pi?>${OPEN}`, 'processing instruction'],
    [RESTRICTED, `<?xml-stylesheet href='x'?>${OPEN}`, 'an instruction whose name begins with xml'],
    [RESTRICTED, ` <?xml version='1.0'?>${OPEN}`, 'XML 1.0 §2.8: white space before the declaration'],
    [RESTRICTED, `<?xml version='1.0'?><?xml version='1.0'?>${OPEN}`, 'two declarations'],
    [RESTRICTED, `<?XML version='1.0'?>${OPEN}`, 'declaration in capitals'],
    [NWF, `<?xml version='2.0'?>${OPEN}`, 'XML 1.0 [26]: version 2.0'],
    [NWF, `<?xml?>${OPEN}`, 'declaration without version'],
    [NWF, `<?xml encoding='UTF-8' version='1.0'?>${OPEN}`, 'declaration in wrong order'],
    [NWF, `<?xml version='1.0' standalone='maybe'?>${OPEN}`, 'standalone neither yes nor no'],
    [NWF, `<?xml version='1.0" ?>${OPEN}`, 'quotes that do not match'],
    [ENCODING, `<?xml version='1.0' encoding='ISO-8859-1'?>${OPEN}`, 'RFC 6120 §11.6: declared ISO-8859-1'],
    [ENCODING, `<?xml version='1.0' encoding='UTF-16'?>${OPEN}`, 'RFC 6120 §4.9.3.22: declared UTF-16'],
    [NWF, `\ufeff${OPEN}`, 'RFC 6120 §11.6: byte order mark'],
    [NWF, `x${OPEN}`, 'text'],
    [NWF, '<![CDATA[x]]>', 'CDATA section'],
    [NWF, '</a>', 'end tag'],
    [NWF, '<p:a/>', 'undeclared prefix'],
    [NWF, "<a b='1' b='1'>", 'attribute twice'],
  ];
  for (const [expected, source, name] of cases) {
    test(`${name} → ${expected}`, () => assert.equal(condition(source), expected));
  }

  const accepted = [
    "<?xml version='1.0'?>",
    '<?xml version="1.0" encoding="utf-8" standalone="yes" ?>',
    "<?xml\tversion = '1.0'\r\nencoding='UTF-8'?>\r\n ",
    "<?xml version='1.1'?>",
    ' \n',
  ];
  for (const prolog of accepted) {
    test(`accepted: ${JSON.stringify(prolog)}`, () => {
      assert.deepEqual(
        events(`${prolog}${OPEN}`).map((event) => event[0]),
        ['open'],
      );
    });
  }
});

describe('RFC 3629 §3, §4: what is not UTF-8 → unsupported-encoding, after what was good', () => {
  const cases: readonly (readonly [string, readonly number[]])[] = [
    ['lone continuation', [0x80]],
    ['overlong "/"', [0xc0, 0xaf]],
    ['overlong three octets', [0xe0, 0x80, 0xaf]],
    ['overlong four octets', [0xf0, 0x80, 0x80, 0xaf]],
    ['surrogate', [0xed, 0xa0, 0x80]],
    ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['five octets', [0xf8, 0x88, 0x80, 0x80, 0x80]],
    ['0xFF', [0xff]],
    ['cut sequence', [0xe2, 0x82, 0x41]],
    ['cut sequence of four', [0xf0, 0x9f, 0x98, 0x41]],
    ['UTF-16', [0xff, 0xfe, 0x3c, 0x00]],
  ];
  for (const [name, bad] of cases) {
    test(name, () => {
      const source = Buffer.concat([octets(`${OPEN}<a>é€😀</a><b>`), Buffer.from(bad), octets('</b>')]);
      const found = events(source);
      assert.deepEqual(
        found.map((event) => (event[0] === 'error' ? event[1] : event[0])),
        ['open', 'element', ENCODING],
      );
    });
  }
});

describe('limits', () => {
  test('S2S-08: a stanza of exactly the limit passes, one octet more → policy-violation', () => {
    // "<a>" + "</a>" are 7 octets; "é" is two.
    for (const [text, over] of [
      ['x'.repeat(93), 'x'],
      [`${'é'.repeat(46)}x`, 'é'],
      [`${'😀'.repeat(23)}x`, 'y'],
      [`${'\r\n'.repeat(46)}x`, 'x'],
    ] as const) {
      const limits = { stanzaBytes: 120 };
      const filler = 'z'.repeat(20);
      assert.equal(stanzas(`<a>${text}${filler}</a>   <a/>`, { limits }).length, 2);
      assert.equal(condition(`${OPEN}<a>${text}${over}${filler}</a>`, limits), POLICY);
    }
  });

  test('the size counts from "<" to ">" of each stanza alone, white space between not at all', () => {
    const limits = { stanzaBytes: 120 };
    assert.equal(stanzas(`${' '.repeat(500)}<a/>`.repeat(20), { limits }).length, 20);
  });

  test('an endless stanza is refused before it ends, whatever is wrong further on', () => {
    const limits = { stanzaBytes: 120 };
    for (const rest of ["<a b='", '<a>', '<a><![CDATA[', `<a${' '.repeat(50)}`, '<a><b>']) {
      assert.equal(
        condition(`${OPEN}${rest}${rest.endsWith(' ') ? ' '.repeat(150) : 'x'.repeat(150)}\0`, limits),
        POLICY,
      );
    }
  });

  test('what is wrong before the limit is named first', () => {
    assert.equal(condition(`${OPEN}<a>\0${'x'.repeat(200)}`, { stanzaBytes: 120 }), NWF);
  });

  test('the stream header and what comes before it', () => {
    assert.equal(condition(`<a b='${'x'.repeat(200)}'>`, { stanzaBytes: 120 }), POLICY);
    assert.equal(condition(' '.repeat(200), { stanzaBytes: 120 }), POLICY);
    assert.equal(condition(`<?xml ${' '.repeat(200)}`, { stanzaBytes: 120 }), POLICY);
  });

  test('S2S-08: depth', () => {
    const nested = (depth: number): string => '<a>'.repeat(depth) + '</a>'.repeat(depth);
    assert.equal(stanzas(nested(64)).length, 1);
    assert.equal(condition(OPEN + nested(65)), POLICY);
    assert.equal(stanzas(`${'<a>'.repeat(63)}<b/>${'</a>'.repeat(63)}`).length, 1);
    assert.equal(condition(`${OPEN}${'<a>'.repeat(64)}<b/>`), POLICY);
  });

  test('attributes of one element', () => {
    const many = (count: number): string =>
      `<a${Array.from({ length: count }, (_, i) => ` b${i}=''`).join('')}/>`;
    assert.equal(stanzas(many(64)).length, 1);
    assert.equal(condition(OPEN + many(65)), POLICY);
  });

  test('elements of one stanza', () => {
    const limits = { elements: 10 };
    const wide = (count: number): string => `<a>${'<b/>'.repeat(count)}</a>`;
    assert.equal(stanzas(wide(9).repeat(5), { limits }).length, 5);
    assert.equal(condition(OPEN + wide(10), limits), POLICY);
  });

  test('length of a name', () => {
    const limits = { nameLength: 20 };
    assert.equal(stanzas(`<${'a'.repeat(20)}/>`, { limits }).length, 1);
    assert.equal(condition(`${OPEN}<${'a'.repeat(21)}/>`, limits), POLICY);
    assert.equal(condition(`${OPEN}<a ${'b'.repeat(21)}=''/>`, limits), POLICY);
    assert.equal(condition(`${OPEN}<a></${'a'.repeat(21)}>`, limits), POLICY);
  });

  test('namespace declarations in scope', () => {
    const limits = { namespaces: 5 };
    // The header's "stream" is one.
    const declares = (count: number): string =>
      Array.from({ length: count }, (_, i) => `<a xmlns:p${i}='u:${i}'>`).join('') + '</a>'.repeat(count);
    assert.equal(stanzas(declares(4).repeat(3), { limits }).length, 3);
    assert.equal(condition(OPEN + declares(5), limits), POLICY);
  });
});

describe('RFC 6120 §13.12: time is linear in the octets', () => {
  // Octet by octet. A tenth of a second each; copying what came before at every octet would take many.
  const size = 100_000;
  const cases: readonly (readonly [string, string])[] = [
    ['a long attribute', `<a b='${'x'.repeat(size)}'/>`],
    ['a long text', `<a>${'x'.repeat(size)}</a>`],
    ['a text of references', `<a>${'&lt;'.repeat(size / 4)}</a>`],
    ['a text of line ends', `<a>${'\r'.repeat(size)}</a>`],
    ['brackets', `<a>${']'.repeat(size)}</a>`],
    ['brackets in a CDATA section', `<a><![CDATA[${']'.repeat(size)}]]></a>`],
    ['white space in a tag', `<a${' '.repeat(size)}/>`],
    ['a reference with many zeros', `<a>&#${'0'.repeat(size)}65;</a>`],
  ];
  for (const [name, content] of cases) {
    test(name, () => {
      const before = process.cpuUsage();
      const found = record(singly(octets(`${OPEN}${content}`)));
      assert.deepEqual(
        found.map((event) => event[0]),
        ['open', 'element'],
      );
      // CPU time, which other work on the machine does not lengthen.
      const { user, system } = process.cpuUsage(before);
      assert.ok(user + system < 1_000_000, `${user + system} µs`);
    });
  }
});
