// Fuzz target: bodies of a MESSAGE of every kind: text in any charset, HTML, multipart, CPIM, IMDN, isComposing.
//
// An input is header lines (Content-Type, Content-Encoding, Content-Disposition), a blank line, and the body.

import assert from 'node:assert/strict';
import { cleanText, readSipBody } from '../../src/mapping/index.ts';
import {
  decodeTransfer,
  formatImdn,
  formatIsComposing,
  parseImdn,
  parseIsComposing,
} from '../../src/mime/index.ts';
import { isXmlText } from '../../src/xml/index.ts';
import { recordedSip } from './recorded.ts';
import type { FuzzTarget } from './target.ts';

const SEEDS: readonly (readonly string[])[] = [
  ['Content-Type: text/plain;charset=UTF-8', '', 'Hi Carol ☺'],
  ['Content-Type: text/plain; charset="iso-8859-1"', '', 'na\u00efve'],
  ['Content-Type: text/plain;charset=utf-16', '', '\ufeff\0H\0i'],
  [
    'Content-Type: text/html',
    '',
    '<html><head><style>p{}</style></head><p class="a">One &amp; <b>two&nbsp;</b><br>&#x1f600;<script>x</script></html>',
  ],
  [
    'Content-Type: multipart/alternative;boundary=b',
    '',
    'preamble\r\n--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>caf=C3=A9=\r\n</p>',
    '--b\r\nContent-Transfer-Encoding: base64\r\nContent-Language: de\r\n\r\naGVsbG8=\r\n--b--\r\nepilogue',
  ],
  [
    'Content-Type: multipart/mixed; boundary="outer b"',
    '',
    '--outer b\r\nContent-Type: multipart/related;boundary=i\r\n\r\n--i\r\n\r\ninner\r\n--i--',
    '--outer b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment;handling=optional\r\n\r\n\0',
    '--outer b--',
  ],
  [
    'Content-Type: message/cpim',
    '',
    'From: <im:alice@example.com>\r\nTo: <im:bob@example.org>\r\nDateTime: 2000-12-13T13:40:00-08:00',
    'NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: 34jk324j',
    'imdn.Disposition-Notification: positive-delivery, negative-delivery\r\nSubject:;lang=fr beau temps',
    '',
    'Content-Type: text/plain;charset=utf-8\r\n\r\nHello World',
  ],
  [
    'Content-Type: application/im-iscomposing+xml',
    '',
    '<?xml version="1.0" encoding="UTF-8"?><isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing">',
    '<state>active</state><lastactive>2003-01-27T10:43:00Z</lastactive>',
    '<contenttype>text/plain</contenttype><refresh>90</refresh></isComposing>',
  ],
  [
    'Content-Type: message/imdn+xml',
    'Content-Disposition: notification',
    '',
    '<imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>34jk324j</message-id>',
    '<datetime>2008-04-04T12:16:49-05:00</datetime><recipient-uri>im:bob@example.com</recipient-uri>',
    '<delivery-notification><status><delivered/></status></delivery-notification></imdn>',
  ],
  ['Content-Type: application/x;handling=optional', 'Content-Encoding: gzip', '', 'x'],
];

export const target: FuzzTarget = {
  name: 'body',
  seeds: () => [...SEEDS.map((lines) => Buffer.from(lines.join('\r\n'), 'utf8')), ...recordedSip()],
  run(input) {
    const bytes = Buffer.from(input);
    const end = bytes.indexOf('\r\n\r\n');
    const head = bytes.toString('latin1', 0, end < 0 ? 0 : end);
    const body = end < 0 ? bytes : bytes.subarray(end + 4);
    for (const encoding of ['base64', 'quoted-printable']) {
      const decoded = decodeTransfer(encoding, body);
      assert.ok(decoded === undefined || decoded.length <= body.length, 'decoding makes it longer');
    }
    const read = readSipBody(
      {
        contentType: field(head, 'Content-Type'),
        contentEncoding: field(head, 'Content-Encoding'),
        contentDisposition: field(head, 'Content-Disposition'),
        body,
        from: 'im:alice@example.com',
        to: 'im:bob@example.org',
      },
      { maxTextOctets: 4000 },
    );
    switch (read.kind) {
      case 'text':
        assert.ok(isXmlText(read.text), 'a text that XML cannot hold');
        assert.ok(!read.text.includes('\r'), 'CR in a text');
        assert.equal(cleanText(read.text), read.text, 'cleaning does not settle');
        if (read.subject !== undefined) assert.doesNotMatch(read.subject, /[\r\n]/);
        if (read.dateMs !== undefined) assert.ok(Number.isFinite(read.dateMs));
        if (read.lang !== undefined) assert.match(read.lang, /^[A-Za-z0-9-]+$/);
        return;
      case 'composing':
        assert.ok(read.refreshSeconds === undefined || read.refreshSeconds > 0);
        break;
      case 'imdn':
        break;
      case 'refused':
        for (const [name, value] of read.headers) assert.doesNotMatch(`${name}${value}`, /[\r\n]/);
        return;
      default:
        return;
    }
    documents(body);
  },
};

/** What was read can be written, and is then read as the same. */
function documents(body: Uint8Array): void {
  const composing = parseIsComposing(body);
  if (composing.ok) {
    assert.deepEqual(parseIsComposing(Buffer.from(formatIsComposing(composing.value))), composing);
  }
  const imdn = parseImdn(body);
  if (imdn.ok) {
    const report = { dateMs: 0, ...imdn.value };
    assert.deepEqual(parseImdn(Buffer.from(formatImdn(report))), { ok: true, value: report });
  }
}

/** The value of a line of the head; undefined when it is not there. */
function field(head: string, name: string): string | undefined {
  const line = head.split('\r\n').find((candidate) => candidate.startsWith(`${name}:`));
  return line?.slice(name.length + 1).trim();
}
