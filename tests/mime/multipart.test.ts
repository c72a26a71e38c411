import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { latin1Bytes, latin1Text } from '../../src/base/index.ts';
import { parseMultipart } from '../../src/mime/index.ts';

function parts(text: string, boundary: string): [string, string][] | string {
  const result = parseMultipart(latin1Bytes(text), boundary);
  if (!result.ok) return result.error.code;
  return result.value.map((part) => [part.contentType, latin1Text(part.body)]);
}

const crlf = (...lines: readonly string[]): string => lines.join('\r\n');

test('RFC 2046 §5.1.1: the example with preamble, implicitly typed and explicitly typed part, epilogue', () => {
  const text = crlf(
    'This is the preamble.  It is to be ignored, though it',
    'is a handy place for composition agents to include an',
    'explanatory note to non-MIME conformant readers.',
    '',
    '--simple boundary',
    '',
    'This is implicitly typed plain US-ASCII text.',
    'It does NOT end with a linebreak.',
    '--simple boundary',
    'Content-type: text/plain; charset=us-ascii',
    '',
    'This is explicitly typed plain US-ASCII text.',
    'It DOES end with a linebreak.',
    '',
    '--simple boundary--',
    '',
    'This is the epilogue.  It is also to be ignored.',
  );
  assert.deepEqual(parts(text, 'simple boundary'), [
    ['text/plain', 'This is implicitly typed plain US-ASCII text.\r\nIt does NOT end with a linebreak.'],
    [
      'text/plain; charset=us-ascii',
      'This is explicitly typed plain US-ASCII text.\r\nIt DOES end with a linebreak.\r\n',
    ],
  ]);
});

describe('RFC 2046 §5.1.1: delimiters', () => {
  const cases: readonly [string, string, string, [string, string][] | string][] = [
    ['padding after the boundary', crlf('--b \t', '', 'x', '--b--  ', ''), 'b', [['text/plain', 'x']]],
    ['LF only', '--b\n\nx\n--b--\n', 'b', [['text/plain', 'x']]],
    ['no line break after the last', crlf('--b', '', 'x', '--b--'), 'b', [['text/plain', 'x']]],
    [
      'a longer boundary is another one',
      crlf('--b', '', 'x', '--bb', 'y', '--b--'),
      'b',
      [['text/plain', 'x\r\n--bb\r\ny']],
    ],
    ['not at the beginning of a line', crlf('--b', '', 'x--b', '--b--'), 'b', [['text/plain', 'x--b']]],
    ['empty body', crlf('--b', '', '', '--b--'), 'b', [['text/plain', '']]],
    ['headers only', crlf('--b', 'Content-Type: text/html', '--b--'), 'b', [['text/html', '']]],
    ['wholly empty part', crlf('--b', '--b--'), 'b', [['text/plain', '']]],
    ['closed at once', crlf('--b--'), 'b', []],
    [
      'folded header',
      crlf('--b', 'Content-Type: text/plain;', ' charset=x', '', 'x', '--b--'),
      'b',
      [['text/plain; charset=x', 'x']],
    ],
    ['never closed', crlf('--b', '', 'x'), 'b', 'ERR_MIME_MULTIPART'],
    ['closed only by a lookalike', crlf('--b', '', 'x', '--b--x'), 'b', 'ERR_MIME_MULTIPART'],
    ['no delimiter', 'x', 'b', 'ERR_MIME_MULTIPART'],
    ['no boundary parameter', crlf('--', '', 'x', '----'), '', 'ERR_MIME_MULTIPART'],
    ['boundary that ends in a space', crlf('--b ', '', 'x', '--b --'), 'b ', 'ERR_MIME_MULTIPART'],
    ['boundary of 71 characters', '', 'b'.repeat(71), 'ERR_MIME_MULTIPART'],
    ['bad header', crlf('--b', 'no colon', '', 'x', '--b--'), 'b', 'ERR_MIME_HEADER'],
  ];
  for (const [name, text, boundary, expected] of cases) {
    test(name, () => assert.deepEqual(parts(text, boundary), expected));
  }
});

test('limits: 33 parts are refused, 32 are read; 33 header fields are refused', () => {
  const many = (n: number): string => `${'--b\r\n\r\nx\r\n'.repeat(n)}--b--`;
  assert.equal(parts(many(32), 'b').length, 32);
  assert.equal(parts(many(33), 'b'), 'ERR_MIME_MULTIPART');
  assert.equal(parts(`--b\r\n${'A: b\r\n'.repeat(33)}\r\nx\r\n--b--`, 'b'), 'ERR_MIME_HEADER');
});

test('time grows with the length only', () => {
  for (const unit of ['--b', '\n--b', '\n--b ', '\n--b--', '\n--b--   x']) {
    const started = performance.now();
    parseMultipart(latin1Bytes(unit.repeat(200_000 / unit.length)), 'b');
    assert.ok(performance.now() - started < 1000, unit);
  }
});
