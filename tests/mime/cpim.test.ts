import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { latin1Bytes, latin1Text, utf8Bytes, utf8Text } from '../../src/base/index.ts';
import {
  cpimContentHeader,
  cpimHeaders,
  cpimLanguage,
  cpimText,
  cpimTextHeader,
  formatCpim,
  formatCpimAddress,
  NS_CPIM,
  parseCpim,
  parseCpimAddress,
  type CpimMessage,
} from '../../src/mime/index.ts';

const crlf = (...lines: readonly string[]): string => lines.join('\r\n');

function read(text: string): CpimMessage {
  const result = parseCpim(utf8Bytes(text));
  assert.ok(result.ok, result.ok ? '' : result.error.message);
  return result.value;
}

const EXAMPLE = crlf(
  'From: MR SANDERS <im:piglet@100akerwood.com>',
  'To: Depressed Donkey <im:eeyore@100akerwood.com>',
  'DateTime: 2000-12-13T13:40:00-08:00',
  'Subject: the weather will be fine today',
  "Subject:;lang=fr beau temps prevu pour aujourd'hui",
  'NS: MyFeatures <mid:MessageFeatures@id.foo.com>',
  'Require: MyFeatures.VitalMessageOption',
  'MyFeatures.VitalMessageOption: Confirmation-requested',
  'MyFeatures.WackyMessageOption: Use-silly-font',
  '',
  'Content-type: text/xml; charset=utf-8',
  'Content-ID: <1234567890@foo.com>',
  '',
  '<body>',
  'Here is the text of my message.',
  '</body>',
);

test('RFC 3862 §5.1: the example message', () => {
  const message = read(EXAMPLE);
  const core = cpimHeaders(message, NS_CPIM);
  assert.deepEqual(parseCpimAddress(core.get('From')?.[0]?.value ?? ''), {
    displayName: 'MR SANDERS',
    uri: 'im:piglet@100akerwood.com',
  });
  assert.equal(parseCpimAddress(core.get('To')?.[0]?.value ?? '')?.displayName, 'Depressed Donkey');
  assert.equal(core.get('DateTime')?.[0]?.value, '2000-12-13T13:40:00-08:00');
  const [subject, french] = core.get('Subject') ?? [];
  assert.equal(subject?.value, 'the weather will be fine today');
  assert.equal(subject && cpimLanguage(subject), undefined);
  assert.equal(french?.value, "beau temps prevu pour aujourd'hui");
  assert.equal(french && cpimLanguage(french), 'fr');
  assert.equal(core.get('Require')?.[0]?.value, 'MyFeatures.VitalMessageOption');
  const features = cpimHeaders(message, 'mid:MessageFeatures@id.foo.com');
  assert.equal(features.get('WackyMessageOption')?.[0]?.value, 'Use-silly-font');
  assert.equal(cpimContentHeader(message, 'content-type'), 'text/xml; charset=utf-8');
  assert.equal(cpimContentHeader(message, 'content-id'), '<1234567890@foo.com>');
  assert.equal(utf8Text(message.body), '<body>\r\nHere is the text of my message.\r\n</body>');
});

test('RFC 3862 §2.2: writing what was read gives the same octets but the spelling of the MIME header', () => {
  assert.equal(utf8Text(formatCpim(read(EXAMPLE))), EXAMPLE);
});

describe('RFC 3862 §3.4: namespaces', () => {
  const headers = (...lines: readonly string[]): CpimMessage =>
    read(crlf(...lines, '', 'Content-Type: text/plain', '', 'x'));
  test('the prefix has no meaning of its own', () => {
    for (const prefix of ['acme', 'widget']) {
      const message = headers(
        `NS: ${prefix} <http://id.acme.widgets/wily-headers/>`,
        `${prefix}.runner-trap: set`,
      );
      assert.equal(
        cpimHeaders(message, 'http://id.acme.widgets/wily-headers/').get('runner-trap')?.[0]?.value,
        'set',
      );
    }
  });
  test('a declaration without prefix sets the default for what follows', () => {
    const message = headers(
      'From: <im:a@b>',
      'NS: <http://id.acme.widgets/wily-headers/>',
      'runner-trap: set',
      'To: <im:c@d>',
    );
    assert.equal(
      cpimHeaders(message, 'http://id.acme.widgets/wily-headers/').get('runner-trap')?.[0]?.value,
      'set',
    );
    assert.deepEqual([...cpimHeaders(message, NS_CPIM).keys()], ['From']);
  });
  test('a prefix must be declared before it is used', () => {
    const message = headers('imdn.Message-ID: 1', 'NS: imdn <urn:ietf:params:imdn>');
    assert.equal(cpimHeaders(message, 'urn:ietf:params:imdn').size, 0);
  });
  test('a core header may come under a prefix', () => {
    const message = headers('NS: c <urn:ietf:params:cpim-headers:>', 'c.Subject: s');
    assert.equal(cpimHeaders(message, NS_CPIM).get('Subject')?.[0]?.value, 's');
  });
  test('§2.2: names are compared with their case', () => {
    assert.equal(cpimHeaders(headers('from: <im:a@b>'), NS_CPIM).get('From'), undefined);
  });
});

describe('RFC 3862 §2.3.1: escapes', () => {
  const cases: readonly [string, string][] = [
    ['plain', 'plain'],
    ['a\\\\b', 'a\\b'],
    ['\\b\\t\\n\\r', '\b\t\n\r'],
    ['\\"\\\'', '"\''],
    ['\\u0041\\u00e9\\u263A', 'Aé☺'],
    ['\\uD83D\\uDE00', '😀'],
    ['\\uD83D', '\ufffd'],
    // "Any unrecognized escape sequence SHOULD be treated as an instance of the character following".
    ['\\q\\u12', 'qu12'],
    ['\\😀', '😀'],
    // "An isolated backslash that is the last character of a header SHOULD be ignored."
    ['end\\', 'end'],
  ];
  for (const [raw, text] of cases) test(raw, () => assert.equal(cpimText(raw), text));

  test('every text comes back and no control is written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { value } = cpimTextHeader('Subject', text);
        assert.doesNotMatch(value, /[\u0000-\u001f\u007f]/);
        assert.equal(cpimText(value), text.toWellFormed().replace(/^ +| +$/g, ''));
      }),
    );
  });
});

describe('RFC 3862 §4.1: addresses', () => {
  const cases: readonly [string, { displayName: string; uri: string } | undefined][] = [
    ['<im:tigger@100akerwood.com>', { displayName: '', uri: 'im:tigger@100akerwood.com' }],
    [
      'Winnie the Pooh <im:pooh@100akerwood.com>',
      { displayName: 'Winnie the Pooh', uri: 'im:pooh@100akerwood.com' },
    ],
    ['"A \\"B\\" <c>" <sip:a@b>', { displayName: 'A "B" <c>', uri: 'sip:a@b' }],
    ['Zoë<sip:z@b;gr=x>', { displayName: 'Zoë', uri: 'sip:z@b;gr=x' }],
    ['sip:a@b', undefined],
    ['<sip:a@b> x', undefined],
    ['<sip:a b>', undefined],
    ['"open <sip:a@b>', undefined],
    ['<>', undefined],
  ];
  for (const [value, expected] of cases)
    test(value, () => assert.deepEqual(parseCpimAddress(value), expected));

  test('quotes and backslashes in a name', () => {
    const displayName = 'A "B" \\ <c>';
    const written = formatCpimAddress({ displayName, uri: 'sip:a@b' });
    assert.equal(written, '"A \\"B\\" \\\\ <c>" <sip:a@b>');
    assert.equal(parseCpimAddress(written)?.displayName, displayName);
  });
  test('any name comes back; any URI stays inside its brackets', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ minLength: 1 }), (displayName, uri) => {
        const read = parseCpimAddress(formatCpimAddress({ displayName, uri }));
        assert.equal(read?.displayName, displayName.trim());
        assert.doesNotMatch(read?.uri ?? ' ', /[<>\s"]/);
      }),
    );
  });
});

describe('RFC 3862 §3.6: what is no message', () => {
  const cases: readonly [string, string, string][] = [
    ['empty', '', 'ERR_MIME_CPIM'],
    ['no empty line', 'From: <im:a@b>', 'ERR_MIME_CPIM'],
    ['no colon', crlf('From <im:a@b>', '', '', 'x'), 'ERR_MIME_CPIM'],
    ['space before the colon', crlf('From : <im:a@b>', '', '', 'x'), 'ERR_MIME_CPIM'],
    ['folded line', crlf('Subject: a', ' b', '', '', 'x'), 'ERR_MIME_CPIM'],
    ['control character', crlf('Subject: a\u0000b', '', '', 'x'), 'ERR_MIME_CPIM'],
    ['bare CR', crlf('Subject: a\rTo: <im:x@y>', '', '', 'x'), 'ERR_MIME_CPIM'],
    ['two dots in the name', crlf('a.b.c: x', '', '', 'x'), 'ERR_MIME_CPIM'],
    ['bad MIME header', crlf('From: <im:a@b>', '', 'no colon', '', 'x'), 'ERR_MIME_HEADER'],
    ['65 headers', crlf(...Array.from({ length: 65 }, () => 'A: b'), '', '', 'x'), 'ERR_MIME_CPIM'],
    ['too long a header', crlf(`A: ${'b'.repeat(16_384)}`, '', '', 'x'), 'ERR_MIME_CPIM'],
  ];
  for (const [name, text, code] of cases) {
    test(name, () => {
      const result = parseCpim(utf8Bytes(text));
      assert.equal(result.ok ? 'accepted' : result.error.code, code);
    });
  }
});

describe('tolerance', () => {
  test('LF alone, empty lines in front, no space after the colon', () => {
    const message = read('\r\n\nFrom:<im:a@b>\nTo:   <im:c@d>  \n\nContent-Type: text/plain\n\nHi\r\nyou');
    assert.deepEqual(
      message.headers.map((h) => h.value),
      ['<im:a@b>', '<im:c@d>'],
    );
    assert.equal(utf8Text(message.body), 'Hi\r\nyou');
  });
  test('headers that are not UTF-8 get U+FFFD, the content keeps its octets', () => {
    const result = parseCpim(latin1Bytes('Subject: caf\xe9\r\n\r\n\r\n\xe9'));
    assert.ok(result.ok);
    assert.equal(result.value.headers[0]?.value, 'caf\ufffd');
    assert.equal(latin1Text(result.value.body), '\xe9');
  });
});

test('injection: whatever text is given, the number of header lines stays', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (text, type) => {
      const octets = formatCpim({
        headers: [cpimTextHeader('Subject', text, text), { name: 'X', params: '', value: `${type}\r\nY: z` }],
        contentHeaders: [{ name: 'Content-Type', value: `text/plain${type}\r\nEvil: 1` }],
        body: utf8Bytes('body'),
      });
      const lines = latin1Text(octets).split('\r\n');
      assert.equal(lines.length, 6);
      assert.equal(lines.at(-1), 'body');
      const result = parseCpim(octets);
      assert.ok(result.ok);
      assert.deepEqual(
        result.value.headers.map((h) => h.name),
        ['Subject', 'X'],
      );
      assert.deepEqual(
        result.value.contentHeaders.map((h) => h.name),
        ['Content-Type'],
      );
    }),
  );
});

test('the lines of a long message take time in proportion', () => {
  const body = utf8Bytes(
    `${'A: b\n'.repeat(60)}${';a=b'.repeat(3000)}: x\nSubject:${';a=b'.repeat(4000)} x\n\n\nx`,
  );
  const started = performance.now();
  parseCpim(body);
  parseCpimAddress(' '.repeat(16_000));
  parseCpimAddress(`"${'\\"'.repeat(8000)}`);
  assert.ok(performance.now() - started < 1000);
});
