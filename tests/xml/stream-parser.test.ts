// RFC 6120 §4, §11; XML 1.0 (Fifth Edition); Namespaces in XML 1.0 (Third Edition).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { XmlStreamParser } from '../../src/xml/index.ts';
import { events, OPEN, octets, plain, stanzas, type Plain } from './record.ts';

const CLIENT = 'jabber:client';

describe('stream header', () => {
  test('RFC 6120 §4.8: the root with its attributes and declarations, as declared', () => {
    const declarations = [
      '',
      CLIENT,
      'stream',
      'http://etherx.jabber.org/streams',
      'db',
      'jabber:server:dialback',
    ];
    assert.deepEqual(
      events(
        "<?xml version='1.0' encoding='UTF-8'?>\n<stream:stream from='im.example.com' xmlns='jabber:client' xml:lang='en'\n" +
          "  xmlns:stream='http://etherx.jabber.org/streams' xmlns:db='jabber:server:dialback' version='1.0'>",
      ),
      [
        [
          'open',
          [
            'stream',
            'http://etherx.jabber.org/streams',
            ['from', 'im.example.com', 'xml:lang', 'en', 'version', '1.0'],
          ],
          'stream',
          CLIENT,
          declarations,
        ],
      ],
    );
  });

  test('RFC 6120 §4.8.2: prefix-free canonicalization', () => {
    const found = events(
      "<stream xmlns='http://etherx.jabber.org/streams'><message xmlns='jabber:client'><body>foo</body></message></stream>",
    );
    assert.deepEqual(found, [
      [
        'open',
        ['stream', 'http://etherx.jabber.org/streams', []],
        '',
        'http://etherx.jabber.org/streams',
        ['', 'http://etherx.jabber.org/streams'],
      ],
      ['element', ['message', CLIENT, [], ['body', CLIENT, [], 'foo']]],
      ['close'],
    ]);
  });

  test('an empty root opens and closes', () => {
    assert.deepEqual(
      events('<a/>').map((event) => event[0]),
      ['open', 'close'],
    );
  });

  test('RFC 6120 §4.8.4: prefixes of the header hold in stanzas', () => {
    const found = events("<s:stream xmlns:s='u:s' xmlns:d='u:d'><d:result/></s:stream>");
    assert.deepEqual(found[1], ['element', ['result', 'u:d', []]]);
  });
});

describe('stanzas', () => {
  const cases: readonly (readonly [string, string, Plain])[] = [
    ['empty element', "<presence to='a'/>", ['presence', CLIENT, ['to', 'a']]],
    [
      'white space inside tags',
      '<a  b = \'c\'\n\td\r\n=\t"e"  ></a \n>',
      ['a', CLIENT, ['b', 'c', 'd', 'e']],
    ],
    ['white space inside an empty tag', "<a b='c' />", ['a', CLIENT, ['b', 'c']]],
    ['XML 1.0 §4.6: predefined entities', '<a>&lt;&gt;&amp;&apos;&quot;</a>', ['a', CLIENT, [], '<>&\'"']],
    [
      'XML 1.0 §4.1: character references',
      '<a>&#65;&#x42;&#x1F600;&#0000000000000067;</a>',
      ['a', CLIENT, [], 'AB😀C'],
    ],
    [
      'XML 1.0 §2.7: CDATA joins the text around it',
      '<a>x<![CDATA[<&]]]>]]<![CDATA[]]>y</a>',
      ['a', CLIENT, [], 'x<&]]]y'],
    ],
    ['brackets in a CDATA section', '<a><![CDATA[]]]]]]></a>', ['a', CLIENT, [], ']]]]']],
    [
      '"]]" and "]>" in text',
      '<a>]] ]> ]]&gt; ]]<b/>></a>',
      ['a', CLIENT, [], ']] ]> ]]> ]]', ['b', CLIENT, []], '>'],
    ],
    [
      'XML 1.0 §2.11: line ends',
      '<a>1\r\n2\r3\n4\r\r\n5\r<![CDATA[\r\n6\r7]]></a>',
      ['a', CLIENT, [], '1\n2\n3\n4\n\n5\n\n6\n7'],
    ],
    ['XML 1.0 §2.11: a referenced carriage return stays', '<a>&#13;\n&#xD;</a>', ['a', CLIENT, [], '\r\n\r']],
    [
      'XML 1.0 §3.3.3: white space in values',
      "<a b='1\t2\n3\r4\r\n5\r\r\n6&#9;&#10;&#13;\n'/>",
      ['a', CLIENT, ['b', '1 2 3 4 5  6\t\n\r ']],
    ],
    ['quotes and ">" in values', `<a b='"' c="'" d='>'/>`, ['a', CLIENT, ['b', '"', 'c', "'", 'd', '>']]],
    ['references in values', "<a b='x&amp;&#60;y&quot;'/>", ['a', CLIENT, ['b', 'x&<y"']]],
    [
      'text beyond ASCII',
      "<a ü='ÿ€😀'>é€😀\u{10ffff}\ufffd\u0085</a>",
      ['a', CLIENT, ['ü', 'ÿ€😀'], 'é€😀\u{10ffff}\ufffd\u0085'],
    ],
    ['XML 1.0 [4]: names beyond ASCII', '<Ω·\u0300‿ 𐀀="1"/>', ['Ω·\u0300‿', CLIENT, ['𐀀', '1']]],
    ['RFC 6120 §11.6: U+FEFF is a character', '<a>\ufeff</a>', ['a', CLIENT, [], '\ufeff']],
    ['white space only', '<a> \n </a>', ['a', CLIENT, [], ' \n ']],
    [
      'default namespace',
      "<a><b xmlns='u:1'><c xmlns=''><d/></c><e/></b><f/></a>",
      ['a', CLIENT, [], ['b', 'u:1', [], ['c', '', [], ['d', '', []]], ['e', 'u:1', []]], ['f', CLIENT, []]],
    ],
    [
      'prefixes, shadowed and back',
      "<p:a xmlns:p='u:1'><p:b xmlns:p='u:2' p:x='1' x='2'/><p:c/></p:a>",
      ['a', 'u:1', [], ['b', 'u:2', ['{u:2}x', '1', 'x', '2']], ['c', 'u:1', []]],
    ],
    ['a declaration after its use', "<p:a p:x='1' xmlns:p='u:1'/>", ['a', 'u:1', ['{u:1}x', '1']]],
    [
      'xml:lang',
      "<a xml:lang='de' xml:space='preserve'/>",
      ['a', CLIENT, ['xml:lang', 'de', 'xml:space', 'preserve']],
    ],
    [
      'the prefix xml, declared as what it is',
      "<a xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang='de'/>",
      ['a', CLIENT, ['xml:lang', 'de']],
    ],
    [
      'Namespaces §6.3: no default namespace for attributes',
      "<n:a xmlns:n='u:1' xmlns='u:1' n:a='1' a='2'/>",
      ['a', 'u:1', ['{u:1}a', '1', 'a', '2']],
    ],
    [
      'attributes that only look like declarations',
      "<a xmlnsx='1' xml='2'/>",
      ['a', CLIENT, ['xmlnsx', '1', 'xml', '2']],
    ],
  ];
  for (const [name, source, expected] of cases) {
    test(name, () => assert.deepEqual(stanzas(source), [expected]));
  }

  test('RFC 6120 §4.6.1: white space between stanzas is nothing', () => {
    assert.deepEqual(stanzas(' \n<a/>\r\n\t <b/> '), [
      ['a', CLIENT, []],
      ['b', CLIENT, []],
    ]);
  });

  test('COMP-04: content namespaces arrive as jabber:client, at any depth and under a prefix', () => {
    const options = { contentNamespaces: ['jabber:component:accept'] };
    const found = events(
      "<stream xmlns='jabber:component:accept' id='x'><message><body/></message>" +
        "<a:iq xmlns:a='jabber:component:accept'><q xmlns='jabber:server'/></a:iq></stream>",
      options,
    );
    assert.deepEqual(found, [
      [
        'open',
        ['stream', CLIENT, ['id', 'x']],
        '',
        'jabber:component:accept',
        ['', 'jabber:component:accept'],
      ],
      ['element', ['message', CLIENT, [], ['body', CLIENT, []]]],
      ['element', ['iq', CLIENT, [], ['q', 'jabber:server', []]]],
      ['close'],
    ]);
  });

  test('what follows the closing tag of the stream is ignored', () => {
    const found = events("<a xmlns='u'><b/></a>\n<?xml version='1.0'?><!DOCTYPE x>&");
    assert.deepEqual(
      found.map((event) => event[0]),
      ['open', 'element', 'close'],
    );
  });
});

describe('the connection ends', () => {
  const cases: readonly (readonly [string, string | Uint8Array, string | undefined])[] = [
    ['before anything', '', undefined],
    ['between stanzas', `${OPEN}<a/> `, undefined],
    ['after the stream', `${OPEN}</stream:stream>`, undefined],
    ['in the header', '<stream', 'not-well-formed'],
    ['in a stanza', `${OPEN}<a>b`, 'not-well-formed'],
    ['in a tag', `${OPEN}<`, 'not-well-formed'],
    ['in the XML declaration', '<?xml version', 'not-well-formed'],
    ['in a character', Buffer.concat([octets(`${OPEN}<a>`), Buffer.of(0xe2, 0x82)]), 'unsupported-encoding'],
  ];
  for (const [name, source, condition] of cases) {
    test(`${name}: ${condition ?? 'silence'}`, () => {
      const last = events(source).at(-1);
      assert.equal(last?.[0] === 'error' ? last[1] : undefined, condition);
    });
  }
});

describe('stop and reset', () => {
  const run = (source: string, onElement: (parser: XmlStreamParser, name: string) => void): unknown[] => {
    const seen: unknown[] = [];
    const parser: XmlStreamParser = new XmlStreamParser(
      {},
      {
        streamOpen: (header) => {
          seen.push(`open ${header.name}`);
          onElement(parser, header.name);
        },
        element: (element) => {
          seen.push(plain(element)[0]);
          onElement(parser, element.name);
        },
        streamClose: () => seen.push('close'),
        error: (error) => seen.push(error.condition),
      },
    );
    parser.write(octets(source));
    return seen;
  };

  test('stop: nothing more of the chunk', () => {
    assert.deepEqual(
      run('<s><a/><b/>&</s>', (parser, name) => name === 'a' && parser.stop()),
      ['open s', 'a'],
    );
  });

  test('stop at the header of an empty root: no close', () => {
    assert.deepEqual(
      run('<s/>', (parser) => parser.stop()),
      ['open s'],
    );
  });

  test('RFC 6120 §4.3.3: reset in a callback, the rest of the chunk is a new stream with its own declaration', () => {
    assert.deepEqual(
      run(
        "<s><success/><?xml version='1.0'?><t><c/></t>",
        (parser, name) => name === 'success' && parser.reset(),
      ),
      ['open s', 'success', 'open t', 'c', 'close'],
    );
  });

  test('RFC 6120 §5.4.3.3: stop, then reset, drops what came in the clear', () => {
    const seen: string[] = [];
    const parser: XmlStreamParser = new XmlStreamParser(
      {},
      {
        streamOpen: (header) => seen.push(header.name),
        element: (element) => {
          seen.push(element.name);
          if (element.name !== 'proceed') return;
          parser.stop();
          parser.reset();
        },
        streamClose: () => seen.push('close'),
        error: (error) => seen.push(error.condition),
      },
    );
    parser.write(octets('<s><proceed/><injected><x/>\xe9'));
    parser.write(octets('<t><c/>'));
    assert.deepEqual(seen, ['s', 'proceed', 't', 'c']);
  });

  const unfinished: readonly (readonly [string, string | Uint8Array])[] = [
    ['text', '<s><a>old'],
    ['a half "]]>"', '<s><a>]]'],
    ['a carriage return', '<s><a>old\r'],
    ['a name', '<s><ol'],
    ['an attribute name', '<s><a ol'],
    ['a value', "<s><a b='old"],
    ['a reference', '<s><a>&am'],
    ['a CDATA section', '<s><a><![CDATA[old]'],
    ['an end tag', '<s><a></a'],
    ['a declaration', '<?xml old?'],
    ['a half character', Buffer.concat([octets('<s>'), Buffer.of(0xe2, 0x82)])],
    ['nested elements and prefixes', "<s xmlns='u:0'><a xmlns='u:1' xmlns:p='u:2'><b><p:c>"],
    ['nearly too many octets', `<s><a>${'x'.repeat(262_100)}`],
  ];
  for (const [name, source] of unfinished) {
    test(`reset between chunks leaves nothing of ${name}`, () => {
      const seen: unknown[] = [];
      const parser = new XmlStreamParser(
        {},
        {
          streamOpen: (header) => seen.push(plain(header)),
          element: (element) => seen.push(plain(element)),
          streamClose: () => seen.push('close'),
          error: (error) => seen.push(error.condition),
        },
      );
      parser.write(octets(source));
      seen.length = 0;
      parser.reset();
      parser.write(
        octets(`<?xml version='1.0'?><t><a b='\nc'>\n><![CDATA[>]]>d</a><a>${'y'.repeat(1000)}</a><p:x/>`),
      );
      assert.deepEqual(seen, [
        ['t', '', []],
        ['a', '', ['b', ' c'], '\n>>d'],
        ['a', '', [], 'y'.repeat(1000)],
        'not-well-formed',
      ]);
    });
  }

  test('reset after an error makes it usable again', () => {
    const seen: string[] = [];
    const parser = new XmlStreamParser(
      {},
      {
        streamOpen: (header) => seen.push(header.name),
        element: (element) => seen.push(element.name),
        streamClose: () => seen.push('close'),
        error: (error) => seen.push(error.condition),
      },
    );
    parser.write(octets('<s><a><b>&'));
    parser.write(octets('x y'));
    parser.write(octets('<more/>'));
    parser.reset();
    parser.write(octets("<s xmlns='u'><a/></s>"));
    assert.deepEqual(seen, ['s', 'not-well-formed', 's', 'a', 'close']);
  });
});
