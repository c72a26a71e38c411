import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { htmlToText } from '../../src/mime/index.ts';

describe('row IM-41: text of HTML', () => {
  const cases: readonly [string, string, string][] = [
    ['bare text', 'Hello', 'Hello'],
    ['inline markup', '<b>Art thou</b> not <i>Romeo</i>?', 'Art thou not Romeo?'],
    ['white space collapses', 'a \r\n\t b', 'a b'],
    ['white space over tags', 'a <b> b</b> c', 'a b c'],
    ['br', 'a<br>b<BR/>c', 'a\nb\nc'],
    ['two br', 'a<br><br>b', 'a\n\nb'],
    ['div', '<div>a</div><div>b</div>', 'a\nb'],
    ['paragraphs', '<p>a</p>\n<p>b</p>', 'a\n\nb'],
    ['nested blocks give one break', '<div><div>a</div></div><div>b</div>', 'a\nb'],
    ['list', '<ul><li>a</li><li>b</li></ul>', 'a\nb'],
    ['table', '<table><tr><td>a</td><td>b</td></tr><tr><th>c</th><td>d</td></tr></table>', 'a\tb\nc\td'],
    ['pre keeps its spaces', '<pre>a  b\n c</pre>d', 'a  b\n c\nd'],
    ['named references', '&lt;&amp;&gt;&quot;&apos;&uuml;&Omega;&euro;&hearts;', '<&>"\'üΩ€♥'],
    ['numeric references', '&#65;&#x42;&#X1F600;', 'AB😀'],
    ['references are decoded once', '&amp;lt;b&amp;gt;', '&lt;b&gt;'],
    ['bad numeric references', '&#0;&#xD800;&#x110000;', '\ufffd\ufffd\ufffd'],
    ['what is no reference stays', 'a & b &nosuch; &amp', 'a & b &nosuch; &amp'],
    ['script', 'a<script>alert("<b>x</b>")</script>b', 'ab'],
    ['script, any case and attributes', 'a<SCRIPT type="x">y</ScRiPt >b', 'ab'],
    ['script never closed', 'a<script>b', 'a'],
    ['script made of references is text', '&lt;script&gt;x&lt;/script&gt;', '<script>x</script>'],
    ['style and title', '<head><title>t</title><style>p{}</style></head><body>b', 'b'],
    ['svg', 'a<svg><text>x</text></svg>b', 'ab'],
    ['svg never closed', 'a<svg>b', 'ab'],
    ['comment', 'a<!-- <b>x</b> -->b', 'ab'],
    ['short comments', 'a<!-->b<!--->c<!---->d', 'abcd'],
    ['comment never closed', 'a<!-- b', 'a'],
    ['doctype and processing instruction', '<!DOCTYPE html><?xml version="1.0"?>a', 'a'],
    ['image text', 'a <img src="x" alt="smile"> b', 'a smile b'],
    ['image without text', 'a<img src=x onerror="alert(1)">b', 'ab'],
    ['a link keeps its address', '<a href="https://x.example/">here</a>!', 'here <https://x.example/>!'],
    ['unless it can be read', '<a href="https://x.example/">https://x.example/</a>', 'https://x.example/'],
    ['mail address', '<a href="mailto:a@b.example">a@b.example</a>', 'a@b.example'],
    ['no script addresses', '<a href="javascript:alert(1)">x</a>', 'x'],
    ['">" in a quoted attribute', '<b title="a>b">c</b>', 'c'],
    ['less-than sign', '1 < 2 <3 and a<b>c', '1 < 2 <3 and ac'],
    ['unfinished tag', 'a<b', 'a'],
    ['capital I with dot before a script', 'İİİ<script>x</script>b', 'İİİb'],
    [
      'RFC 7572 §7 XHTML-IM like body',
      "<html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'><p>Hi &amp; bye</p></body></html>",
      'Hi & bye',
    ],
    ['empty', '', ''],
  ];
  for (const [name, html, text] of cases) test(name, () => assert.equal(htmlToText(html), text));
});

test('never longer than the input, never a script element, whatever comes', () => {
  const piece = fc.constantFrom(
    '<script>',
    '</script>',
    '<p>',
    '</p>',
    '<br>',
    '<a href="http://a.b/">',
    '</a>',
    '<pre>',
    '<td>',
    '"',
    "'",
    '<',
    '>',
    '&',
    ';',
    '<!--',
    '-->',
    'x',
    ' ',
    '\n',
    '&lt;',
    'İ',
    '<img alt="q">',
    '<svg>',
    '=',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const html = pieces.join('');
      assert.ok(htmlToText(html).length <= html.length);
    }),
    { numRuns: 1000 },
  );
});

test('time grows with the length only', () => {
  for (const unit of [
    '<svg>',
    '<script></script>',
    '<a href="x',
    '<!--',
    "<a ='",
    '&',
    '<p>',
    'a ',
    '<a href=http://a.b/>x',
    '</',
    '<td>',
    '<pre>\r',
    '< ',
    '&#',
    '<b "',
  ]) {
    const started = performance.now();
    htmlToText(unit.repeat(200_000 / unit.length));
    assert.ok(performance.now() - started < 1000, unit);
  }
});
