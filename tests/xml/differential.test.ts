// Our parser against saxes (namespaces on): what it accepts and what it finds, on documents that are mostly right.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { NS_XML, parseDocument } from '../../src/xml/index.ts';
import { plain, type Plain, type PlainNode } from './record.ts';

const NS_XMLNS = 'http://www.w3.org/2000/xmlns/';

/** The root as saxes sees it; undefined when it refuses the document. */
function bySaxes(source: string): Plain | undefined {
  const parser = new SaxesParser({ xmlns: true });
  const stack: PlainNode[][] = [[]];
  let failed = false;
  const addText = (text: string): void => {
    const nodes = stack.at(-1) ?? [];
    const last = nodes.at(-1);
    if (text === '' || stack.length === 1) return;
    if (typeof last === 'string') nodes[nodes.length - 1] = last + text;
    else nodes.push(text);
  };
  parser.on('error', () => {
    failed = true;
  });
  parser.on('doctype', () => {
    failed = true;
  });
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('opentag', () => stack.push([]));
  parser.on('closetag', (tag) => {
    const children = stack.pop() ?? [];
    const attributes: string[] = [];
    for (const { prefix, local, uri, value } of Object.values(tag.attributes)) {
      if (uri === NS_XMLNS) continue;
      attributes.push(uri === '' ? local : uri === NS_XML ? `${prefix}:${local}` : `{${uri}}${local}`, value);
    }
    stack.at(-1)?.push([tag.local, tag.uri, attributes, ...children]);
  });
  try {
    parser.write(source).close();
  } catch {
    return undefined;
  }
  const root = stack[0]?.[0];
  return failed || root === undefined || typeof root === 'string' ? undefined : root;
}

function byUs(source: string): Plain | undefined {
  const result = parseDocument(source);
  return result.ok ? plain(result.value) : undefined;
}

function compare(source: string): void {
  assert.deepEqual(byUs(source), bySaxes(source), JSON.stringify(source));
}

const piece = fc.constantFrom(
  '<a>',
  '</a>',
  '<b/>',
  '<p:a>',
  '</p:a>',
  "<a xmlns='u:1'>",
  "<a xmlns:p='u:2' p:x='1' x='2'>",
  "<a xmlns:p='u:1' xmlns:q='u:1' p:x='' ",
  "q:x=''>",
  "y='",
  "'>",
  "<a b='1'",
  ' ',
  '/>',
  '>',
  '<',
  '&amp;',
  '&#13;',
  '&#x0;',
  '&',
  ']]',
  '<![CDATA[',
  ']]>',
  '<!--',
  '-->',
  '--',
  '<?p',
  '?>',
  '\r\n',
  '\r',
  '\t',
  'text',
  'é😀',
  '\u0001',
  "xml:lang='en'",
);

/** Elements that nest rightly, with pieces between. */
const document = fc.letrec<{ element: string; content: string }>((tie) => ({
  content: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(
      'x',
      ' ',
      '&lt;',
      '&#65;',
      '\r\n',
      '\r',
      '<![CDATA[<&]]>',
      '<!-- c -->',
      '<?p q?>',
      'é😀',
      ']',
    ),
    piece,
    tie('element'),
  ),
  element: fc
    .tuple(
      fc.constantFrom('a', 'p:a', 'é', 'q:b'),
      fc.uniqueArray(
        fc.constantFrom(
          "xmlns='u:1'",
          "xmlns:p='u:1'",
          "xmlns:q='u:1'",
          "xmlns:p='u:2'",
          "p:x='1'",
          "q:x='2'",
          "x='3\r\n\t&#9;'",
          "xml:lang='de'",
          "xmlns=''",
          'y="\'"',
        ),
        { maxLength: 4 },
      ),
      fc.array(tie('content'), { maxLength: 4 }),
    )
    .map(
      ([name, attributes, content]) => `<${[name, ...attributes].join(' ')}>${content.join('')}</${name}>`,
    ),
})).element;

test('documents that nest', () => {
  let accepted = 0;
  fc.assert(
    fc.property(document, (source) => {
      const bound = `<r xmlns:p='u:p' xmlns:q='u:q'>${source}</r>`;
      if (byUs(bound) !== undefined) accepted++;
      compare(bound);
    }),
    { numRuns: 1500 },
  );
  assert.ok(accepted > 200, `only ${accepted} accepted`);
});

test('pieces in any order', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => compare(`<a>${pieces.join('')}</a>`)),
    { numRuns: 1500 },
  );
});

test('any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (text) => {
      if (text.isWellFormed()) compare(`<a>${text}</a>`);
    }),
    { numRuns: 500 },
  );
});
