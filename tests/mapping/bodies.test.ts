import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { deflateSync } from 'node:zlib';
import * as fc from 'fast-check';
import { latin1Bytes, utf8Bytes, type Bytes } from '../../src/base/index.ts';
import { isXmlText } from '../../src/xml/index.ts';
import { parseMessage } from '../../src/sip/index.ts';
import { readSipBody, supportedTypes, type SipBody, type SipBodyInput } from '../../src/mapping/index.ts';

const ACCEPT: SipBody = { kind: 'refused', status: 415, headers: [['Accept', supportedTypes.join(', ')]] };
const MALFORMED: SipBody = { kind: 'refused', status: 400, headers: [] };

const crlf = (...lines: readonly string[]): string => lines.join('\r\n');

function read(
  contentType: string | undefined,
  body: string | Bytes,
  more: Partial<SipBodyInput> = {},
): SipBody {
  return readSipBody({ contentType, body: typeof body === 'string' ? utf8Bytes(body) : body, ...more });
}

const text = (value: string): SipBody => ({ kind: 'text', text: value });

describe('row IM-40: text/plain', () => {
  const cases: readonly [string, string | Bytes, SipBody][] = [
    ['text/plain', 'Art thou not Romeo?', text('Art thou not Romeo?')],
    ['text/plain;charset=UTF-8', 'Grüße 😀 שלום', text('Grüße 😀 שלום')],
    ['text/plain; charset=utf-8', '<b>&"\'', text('<b>&"\'')],
    ['TEXT/Plain ; Charset="utf-8"', 'x', text('x')],
    ['text/plain;format=flowed', 'x', text('x')],
    ['text/plain;charset=ISO-8859-1', latin1Bytes('f\xfc'), text('fü')],
    ['text/plain;charset=utf-16', latin1Bytes('\xfe\xff\x00a'), text('a')],
    ['text/plain', latin1Bytes('\xef\xbb\xbfa'), text('a')],
    ['text/plain;charset=x-klingon', 'x', ACCEPT],
    // IM-49, IM-50.
    ['text/plain', 'a\r\nb', text('a\nb')],
    ['text/plain', 'a\u0000b\u001b', text('a\ufffdb\ufffd')],
    ['text/plain', latin1Bytes('a\xffb'), text('a\ufffdb')],
    ['text/plain', ' ', text(' ')],
    ['text/plain', '\n', text('\n')],
  ];
  for (const [type, body, expected] of cases) {
    test(`${type} ${JSON.stringify(body)}`, () => assert.deepEqual(read(type, body), expected));
  }
});

describe('row IM-41: text/html', () => {
  test('plain text of it', () => {
    assert.deepEqual(read('text/html', '<p>Hi &amp; bye</p><script>x</script>'), text('Hi & bye'));
    assert.deepEqual(read('text/html;charset=iso-8859-1', latin1Bytes('<b>f\xfc</b>')), text('fü'));
  });
  test('no text in it: 415, since what is in it is lost', () => {
    assert.deepEqual(read('text/html', '<img src=x>'), ACCEPT);
  });
});

describe('row IM-46: other types', () => {
  test('415 with Accept', () => {
    for (const type of ['image/png', 'application/sdp', 'text/calendar', 'message/rfc822'])
      assert.deepEqual(read(type, 'x'), ACCEPT);
  });
  test('what is named in Accept is understood', () => {
    for (const type of supportedTypes) assert.notDeepEqual(read(type, 'x'), ACCEPT, type);
  });
  test('handling=optional: ignored', () => {
    const more = { contentDisposition: 'icon; Handling=OPTIONAL' };
    assert.deepEqual(read('image/png', 'x', more), { kind: 'ignored' });
    assert.deepEqual(read('text/plain', 'x', more), text('x'));
    assert.deepEqual(read('image/png', 'x', { contentDisposition: 'icon; handling=required' }), ACCEPT);
    assert.deepEqual(read('image/png', 'x', { contentDisposition: 'icon' }), ACCEPT);
  });
  test('a body without Content-Type (RFC 3261 §20.15), a broken one', () => {
    assert.deepEqual(read(undefined, 'x'), MALFORMED);
    assert.deepEqual(read('text', 'x'), MALFORMED);
    assert.deepEqual(read('text/plain;charset="', 'x'), MALFORMED);
  });
});

describe('row IM-47: Content-Encoding', () => {
  describe('deflate is read in notifications and around them, as linphone sends it, and nowhere else', () => {
    const document =
      "<imdn xmlns='urn:ietf:params:xml:ns:imdn'><message-id>a</message-id><datetime>2020-01-01T00:00:00Z</datetime><delivery-notification><status><delivered/></status></delivery-notification></imdn>";
    const packed = deflateSync(document);
    test('by itself', () => {
      const body = read('message/imdn+xml', packed, { contentEncoding: 'Deflate' });
      assert.ok(body.kind === 'imdn' && body.report.messageId === 'a');
    });
    test('inside message/cpim', () => {
      const head =
        'From: <im:a@b>\r\n\r\nContent-Type: message/imdn+xml\r\nContent-Encoding: deflate\r\n\r\n';
      assert.equal(read('message/cpim', Buffer.concat([Buffer.from(head), packed])).kind, 'imdn');
    });
    test('inside message/cpim that is packed again', () => {
      const head =
        'From: <im:a@b>\r\n\r\nContent-Type: message/imdn+xml\r\nContent-Encoding: deflate\r\n\r\n';
      const twice = deflateSync(Buffer.concat([Buffer.from(head), packed]));
      assert.equal(read('message/cpim', twice, { contentEncoding: 'deflate' }).kind, 'imdn');
    });
    test('a composing notice', () => {
      const notice = deflateSync(
        "<isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'><state>active</state></isComposing>",
      );
      const body = read('application/im-iscomposing+xml', notice, { contentEncoding: 'deflate' });
      assert.equal(body.kind, 'composing');
    });
    test('broken: 400; another coding: 415', () => {
      const refused = (contentEncoding: string, body: Uint8Array) => {
        const result = read('message/imdn+xml', body, { contentEncoding });
        return result.kind === 'refused' ? result.status : result.kind;
      };
      assert.equal(refused('deflate', packed.subarray(1)), 400);
      assert.equal(refused('gzip', packed), 415);
    });
  });

  test('415 with Accept-Encoding', () => {
    for (const contentEncoding of ['gzip', 'deflate', 'x']) {
      const expected: SipBody = { kind: 'refused', status: 415, headers: [['Accept-Encoding', 'identity']] };
      assert.deepEqual(read('text/plain', 'x', { contentEncoding }), expected);
    }
  });
  test('identity is none', () =>
    assert.deepEqual(read('text/plain', 'x', { contentEncoding: 'Identity' }), text('x')));
});

test('row IM-48: nothing', () => {
  assert.deepEqual(read(undefined, ''), { kind: 'empty' });
  assert.deepEqual(read('text/plain', ''), { kind: 'empty' });
  assert.deepEqual(read('image/png', ''), { kind: 'empty' });
  assert.deepEqual(read('text/plain', latin1Bytes('\xef\xbb\xbf')), { kind: 'empty' });
});

describe('row IM-32: size', () => {
  const limited = (body: string, maxTextOctets: number): string => {
    const result = readSipBody({ contentType: 'text/plain', body: utf8Bytes(body) }, { maxTextOctets });
    return result.kind === 'refused' ? String(result.status) : result.kind;
  };
  const cases: readonly [string, number, string][] = [
    ['x'.repeat(100), 100, 'text'],
    ['x'.repeat(101), 100, '413'],
    ['ü'.repeat(50), 100, 'text'],
    ['ü'.repeat(51), 101, '413'],
    ['&'.repeat(20), 100, 'text'],
    ['&'.repeat(20), 99, '413'],
    [`${'x'.repeat(96)}&`, 97, '413'],
    ['<'.repeat(25), 100, 'text'],
    ['<'.repeat(25), 99, '413'],
    ['"'.repeat(10), 60, 'text'],
    ['"'.repeat(10), 59, '413'],
    ['😀'.repeat(25), 100, 'text'],
    ['😀'.repeat(25), 99, '413'],
  ];
  for (const [body, limit, expected] of cases) {
    test(`${body.slice(0, 2)} × ${body.length}, limit ${limit}`, () =>
      assert.equal(limited(body, limit), expected));
  }
  test('the same for text out of a container', () => {
    const body = utf8Bytes(crlf('From: <im:a@b>', '', 'Content-Type: text/plain', '', 'x'.repeat(200)));
    const result = readSipBody({ contentType: 'message/cpim', body }, { maxTextOctets: 100 });
    assert.deepEqual(result, { kind: 'refused', status: 413, headers: [] });
  });
  test('optional handling does not hide that a text was too long', () => {
    const result = readSipBody(
      {
        contentType: 'text/plain',
        body: utf8Bytes('x'.repeat(200)),
        contentDisposition: 'render;handling=optional',
      },
      { maxTextOctets: 100 },
    );
    assert.equal(result.kind, 'refused');
  });
});

describe('row IM-42: message/cpim', () => {
  const cpim = (headers: readonly string[], ...content: readonly string[]): string =>
    crlf(...headers, '', ...content);
  const PLAIN = ['Content-Type: text/plain;charset=utf-8', '', 'Hello World'];
  test('text, subject, time, language, requested reports', () => {
    const body = cpim(
      [
        'From: Alice <im:alice@example.com>',
        'To: Bob <im:bob@example.com>',
        'NS: imdn <urn:ietf:params:imdn>',
        'imdn.Message-ID: 34jk324j',
        'DateTime: 2006-04-04T12:16:49-05:00',
        'Subject: Gr\\u00fc\\u00dfe',
        'imdn.Disposition-Notification: positive-delivery, display',
      ],
      'Content-type: text/plain',
      'Content-Language: de, en',
      '',
      'Hello World',
    );
    assert.deepEqual(
      read('Message/CPIM', body, { from: 'sip:alice@example.com;transport=tcp', to: 'sip:bob@example.com' }),
      {
        kind: 'text',
        text: 'Hello World',
        subject: 'Grüße',
        dateMs: Date.UTC(2006, 3, 4, 17, 16, 49),
        lang: 'de',
        imdn: { messageId: '34jk324j', positive: true, negative: false, display: true },
      },
    );
  });
  test('other people inside than outside are noted; the request counts', () => {
    const body = cpim(['From: <im:mallory@example.com>', 'To: <im:bob@example.com>'], ...PLAIN);
    const result = read('message/cpim', body, { from: 'sip:alice@example.com', to: 'sip:bob@example.com' });
    assert.deepEqual(result, { kind: 'text', text: 'Hello World', disagrees: true });
  });
  test('what cannot be compared says nothing', () => {
    const body = cpim(['From: <tel:+1>', 'To: anonymous'], ...PLAIN);
    assert.deepEqual(
      read('message/cpim', body, { from: 'sip:a@b.example', to: 'sip:c@d.example' }),
      text('Hello World'),
    );
  });
  test('charset and transfer encoding of the content', () => {
    const headers = ['From: <im:a@b.example>'];
    assert.deepEqual(
      read(
        'message/cpim',
        cpim(headers, 'Content-Type: text/plain', 'Content-Transfer-Encoding: base64', '', 'R3LDvMOfZQ=='),
      ),
      text('Grüße'),
    );
    assert.deepEqual(
      read(
        'message/cpim',
        cpim(
          headers,
          'Content-Type: text/plain;charset=iso-8859-1',
          'Content-Transfer-Encoding: quoted-printable',
          '',
          'Gr=FC=DFe',
        ),
      ),
      text('Grüße'),
    );
    assert.deepEqual(
      read(
        'message/cpim',
        cpim(headers, 'Content-Type: text/plain', 'Content-Transfer-Encoding: x-y', '', 'x'),
      ),
      ACCEPT,
    );
    assert.deepEqual(
      read('message/cpim', cpim(headers, 'Content-Type: text/plain', 'Content-Encoding: gzip', '', 'x')),
      ACCEPT,
    );
    assert.deepEqual(read('message/cpim', cpim(headers, '', 'no type')), text('no type'));
  });
  test('isComposing and IMDN inside', () => {
    const headers = ['From: <im:a@b.example>'];
    assert.deepEqual(
      read(
        'message/cpim',
        cpim(
          headers,
          'Content-Type: application/im-iscomposing+xml',
          '',
          "<isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'><state>active</state><refresh>90</refresh></isComposing>",
        ),
      ),
      { kind: 'composing', state: 'active', refreshSeconds: 90 },
    );
    assert.deepEqual(
      read(
        'message/cpim',
        cpim(
          headers,
          'Content-Type: message/imdn+xml',
          'Content-Disposition: notification',
          '',
          "<imdn xmlns='urn:ietf:params:xml:ns:imdn'><message-id>1</message-id><delivery-notification><status><delivered/></status></delivery-notification></imdn>",
        ),
      ),
      { kind: 'imdn', report: { messageId: '1', kind: 'delivery', status: 'delivered' } },
    );
  });
  test('broken: 400', () => {
    for (const body of [
      'x',
      cpim(['no header'], ...PLAIN),
      cpim(['From: <im:a@b>'], 'no header', '', 'x'),
      cpim(['From: <im:a@b>'], 'Content-Type: x', '', 'x'),
    ]) {
      assert.deepEqual(read('message/cpim', body), MALFORMED);
    }
  });
  test('RFC 3862 §3.5: Require', () => {
    const ns = ['NS: imdn <urn:ietf:params:imdn>', 'NS: my <mid:x@y>'];
    assert.deepEqual(
      read('message/cpim', cpim([...ns, 'Require: imdn.Message-ID,Subject'], ...PLAIN)),
      text('Hello World'),
    );
    assert.deepEqual(read('message/cpim', cpim([...ns, 'Require: my.VitalMessageOption'], ...PLAIN)), ACCEPT);
    assert.deepEqual(read('message/cpim', cpim(['Require: imdn.Message-ID'], ...PLAIN)), ACCEPT);
  });
  test('type inside that is not supported', () => {
    assert.deepEqual(
      read('message/cpim', cpim(['From: <im:a@b>'], 'Content-Type: image/png', '', 'x')),
      ACCEPT,
    );
  });
});

describe('rows IM-43, IM-44: recorded from linphone', () => {
  const recorded = (name: string): SipBody => {
    const octets = readFileSync(new URL(`../vectors/linphone/${name}.sip`, import.meta.url));
    const parsed = parseMessage(octets, { stream: false });
    assert.ok(parsed.kind === 'message');
    const { message } = parsed;
    return readSipBody({
      contentType: message.header('content-type'),
      contentEncoding: message.header('content-encoding'),
      contentDisposition: message.header('content-disposition'),
      body: message.body,
      from: message.from.uri,
      to: message.to.uri,
    });
  };
  test('isComposing', () =>
    assert.deepEqual(recorded('is-composing'), { kind: 'composing', state: 'active', refreshSeconds: 60 }));
  test('text', () => assert.deepEqual(recorded('text'), text('Hi Carol ☺')));
  test('IMDN, without CPIM around it', () => {
    const body = recorded('imdn-displayed');
    assert.ok(body.kind === 'imdn');
    assert.deepEqual(
      [body.report.messageId, body.report.kind, body.report.status],
      ['pBfjAcZpc6', 'display', 'displayed'],
    );
  });
  test('broken documents: 400', () => {
    assert.deepEqual(read('application/im-iscomposing+xml', '<x/>'), MALFORMED);
    assert.deepEqual(read('message/imdn+xml', 'x'), MALFORMED);
  });
});

describe('row IM-45: multipart', () => {
  const part = (type: string, body: string, ...headers: readonly string[]): string =>
    crlf('--b', `Content-Type: ${type}`, ...headers, '', body, '');
  const whole = (...parts: readonly string[]): string => `${parts.join('')}--b--\r\n`;
  const plain = part('text/plain', 'plain');
  const html = part('text/html', '<b>html</b>');
  const image = part('image/png', 'x');
  const cases: readonly [string, string, string, SipBody][] = [
    ['alternative: plain wins', 'multipart/alternative;boundary=b', whole(plain, html), text('plain')],
    [
      'alternative: plain wins, wherever it is',
      'multipart/alternative;boundary=b',
      whole(html, plain, image),
      text('plain'),
    ],
    [
      'alternative: html when there is no plain',
      'multipart/alternative;boundary=b',
      whole(html, image),
      text('html'),
    ],
    [
      'alternative: the last is the best (RFC 2046 §5.1.4)',
      'multipart/alternative;boundary=b',
      whole(html, part('text/html', 'better')),
      text('better'),
    ],
    ['alternative: nothing supported', 'multipart/alternative;boundary=b', whole(image), ACCEPT],
    ['mixed: the first text', 'multipart/mixed; boundary="b"', whole(image, html, plain), text('html')],
    ['mixed: no text', 'multipart/mixed;boundary=b', whole(image), ACCEPT],
    [
      'mixed: optional parts only',
      'multipart/mixed;boundary=b',
      whole(part('image/png', 'x', 'Content-Disposition: icon;handling=optional')),
      { kind: 'ignored' },
    ],
    ['unknown subtype is mixed', 'multipart/x-foo;boundary=b', whole(image, plain), text('plain')],
    ['related: the root', 'multipart/related;boundary=b;type="text/html"', whole(html, image), text('html')],
    [
      'signed: the content',
      'multipart/signed;boundary=b;micalg=sha1',
      whole(plain, part('application/pkcs7-signature', 'x')),
      text('plain'),
    ],
    ['signed: never the signature', 'multipart/signed;boundary=b', whole(image, plain), ACCEPT],
    ['no parts', 'multipart/mixed;boundary=b', '--b--', ACCEPT],
    [
      'language of the part',
      'multipart/mixed;boundary=b',
      whole(part('text/plain', 'x', 'Content-Language: fr')),
      { kind: 'text', text: 'x', lang: 'fr' },
    ],
    [
      'transfer encoding',
      'multipart/mixed;boundary=b',
      whole(part('text/plain', 'caf=C3=A9', 'Content-Transfer-Encoding: quoted-printable')),
      text('café'),
    ],
    [
      'empty text, then text',
      'multipart/mixed;boundary=b',
      whole(part('text/plain', ''), plain),
      text('plain'),
    ],
    ['no boundary', 'multipart/mixed', whole(plain), MALFORMED],
    ['never closed', 'multipart/mixed;boundary=b', plain, MALFORMED],
  ];
  for (const [name, type, body, expected] of cases)
    test(name, () => assert.deepEqual(read(type, body), expected));

  test('CPIM in multipart in CPIM', () => {
    const inner = crlf('From: <im:a@b.example>', 'Subject: s', '', 'Content-Type: text/plain', '', 'deep');
    const outer = crlf(
      'From: <im:a@b.example>',
      '',
      'Content-Type: multipart/mixed;boundary=b',
      '',
      whole(part('message/cpim', inner)),
    );
    assert.deepEqual(read('message/cpim', outer), { kind: 'text', text: 'deep', subject: 's' });
  });
  test('nested four deep, not five', () => {
    const nest = (depth: number): [string, string] => {
      if (depth === 0) return ['text/plain', 'x'];
      const [type, body] = nest(depth - 1);
      return [
        `multipart/mixed;boundary=b${depth}`,
        crlf(`--b${depth}`, `Content-Type: ${type}`, '', body, `--b${depth}--`),
      ];
    };
    assert.deepEqual(read(...nest(4)), text('x'));
    assert.deepEqual(read(...nest(5)), MALFORMED);
  });
});

test('any octets under any type: an answer, and text that XML can hold', () => {
  const types = fc.constantFrom(
    ...supportedTypes,
    'text/plain;charset=utf-16',
    'multipart/mixed;boundary=b',
    'multipart/alternative;boundary=b',
    'text/plain;charset=gbk',
  );
  const piece = fc.constantFrom(
    '--b',
    '--b--',
    '\r\n',
    '\r\n\r\n',
    'Content-Type: text/html',
    'From: <im:a@b.c>',
    '<p>',
    '&#0;',
    '\u0000',
    '\ud800',
    'x',
    'Content-Type: message/cpim',
    'Content-Transfer-Encoding: base64',
    'Subject: \\u0000',
  );
  fc.assert(
    fc.property(
      types,
      fc.oneof(
        fc.uint8Array(),
        fc.array(piece).map((pieces) => utf8Bytes(pieces.join(''))),
      ),
      (type, body) => {
        const result = read(type, body);
        if (result.kind !== 'text') return;
        assert.ok(isXmlText(result.text));
        assert.doesNotMatch(result.text, /\r/);
        assert.ok(isXmlText(result.subject ?? ''));
      },
    ),
    { numRuns: 1000 },
  );
});
