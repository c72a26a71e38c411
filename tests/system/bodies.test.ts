// The content types of a MESSAGE through the whole gateway (rows IM-40 … IM-50, IM-32; RFC 7572 §7).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { header, statusOf } from '../peers/sip-text.ts';
import { stage } from './rig.ts';
import type { RequestParts } from './sip-peer.ts';
import { bodyOf } from './xmpp-peer.ts';

const crlf = (...lines: readonly string[]): string => lines.join('\r\n');

const CPIM = crlf(
  'From: Romeo <im:romeo@example.net>',
  'To: <im:juliet@example.com>',
  'DateTime: 2000-12-13T13:40:00-08:00',
  'Subject: the weather',
  '',
  'Content-Type: text/plain; charset=utf-8',
  '',
  'It rains.',
);

const ALTERNATIVE = crlf(
  '--cut',
  'Content-Type: text/html',
  '',
  '<p>rich</p>',
  '--cut',
  'Content-Type: text/plain',
  '',
  'plain',
  '--cut--',
  '',
);

const MIXED = crlf(
  'preamble',
  '--cut',
  'Content-Type: image/png',
  '',
  'not text',
  '--cut',
  'Content-Type: text/plain; charset=ISO-8859-1',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  'caf=E9',
  '--cut--',
);

const SIGNED = crlf(
  '--cut',
  'Content-Type: text/plain',
  '',
  'signed words',
  '--cut',
  'Content-Type: application/pkcs7-signature',
  '',
  'AAAA',
  '--cut--',
);

/** `text`: what the XMPP side reads; undefined: no stanza. */
interface Case {
  readonly row: string;
  readonly parts: RequestParts;
  readonly status: number;
  readonly text?: string;
}

const CASES: readonly Case[] = [
  {
    row: 'IM-40: ISO-8859-1',
    parts: { contentType: 'text/plain; charset=ISO-8859-1', body: Buffer.from('caf\u00e9', 'latin1') },
    status: 202,
    text: 'café',
  },
  {
    row: 'IM-40: charset in quotes and capitals',
    parts: { contentType: 'Text/Plain;Charset="UTF-8"', body: 'é' },
    status: 202,
    text: 'é',
  },
  {
    row: 'IM-40: UTF-16 with a byte order mark',
    parts: { contentType: 'text/plain;charset=utf-16', body: Buffer.from('fffe48006900', 'hex') },
    status: 202,
    text: 'Hi',
  },
  {
    row: 'IM-40: a charset that is not known',
    parts: { contentType: 'text/plain;charset=klingon', body: 'x' },
    status: 415,
  },
  {
    row: 'IM-41: text/html becomes plain text, without scripts',
    parts: {
      contentType: 'text/html',
      body: '<html><head><script>evil()</script></head><body><p>One &amp; <b>two</b></p></body></html>',
    },
    status: 202,
    text: 'One & two',
  },
  {
    row: 'IM-42: message/cpim is unwrapped',
    parts: { contentType: 'message/cpim', body: CPIM },
    status: 202,
    text: 'It rains.',
  },
  {
    row: 'IM-44, RCPT-09: an imdn about nothing that we know',
    parts: {
      contentType: 'message/imdn+xml',
      body: "<imdn xmlns='urn:ietf:params:xml:ns:imdn'><message-id>none</message-id><datetime>2020-01-01T00:00:00Z</datetime><delivery-notification><status><delivered/></status></delivery-notification></imdn>",
    },
    status: 200,
  },
  {
    row: 'IM-45: multipart/alternative, the plain part wins',
    parts: { contentType: 'multipart/alternative;boundary=cut', body: ALTERNATIVE },
    status: 202,
    text: 'plain',
  },
  {
    row: 'IM-45: multipart/mixed, the first text',
    parts: { contentType: 'multipart/mixed; boundary="cut"', body: MIXED },
    status: 202,
    text: 'café',
  },
  {
    row: 'IM-45: multipart/signed, the content',
    parts: {
      contentType: 'multipart/signed;boundary=cut;protocol="application/pkcs7-signature"',
      body: SIGNED,
    },
    status: 202,
    text: 'signed words',
  },
  {
    row: 'IM-45: multipart without a boundary',
    parts: { contentType: 'multipart/mixed', body: MIXED },
    status: 400,
  },
  { row: 'IM-46: another type', parts: { contentType: 'application/json', body: '{}' }, status: 415 },
  {
    row: 'IM-46: another type that is optional',
    parts: {
      contentType: 'application/json',
      headers: [['Content-Disposition', 'render;handling=optional']],
      body: '{}',
    },
    status: 200,
  },
  { row: 'IM-47: gzip', parts: { headers: [['Content-Encoding', 'gzip']], body: 'x' }, status: 415 },
  {
    row: 'IM-47: identity is no coding',
    parts: { headers: [['Content-Encoding', 'identity']], body: 'x' },
    status: 202,
    text: 'x',
  },
  { row: 'IM-48: no body', parts: {}, status: 200 },
  {
    row: 'IM-49: what XML cannot hold is replaced',
    parts: { body: 'a\u0000b\u0007c\u001fd\ufffee' },
    status: 202,
    text: 'a\ufffdb\ufffdc\ufffdd\ufffde',
  },
  {
    row: 'IM-50: CRLF and CR are LF',
    parts: { body: 'one\r\ntwo\rthree\n' },
    status: 202,
    text: 'one\ntwo\nthree\n',
  },
  { row: 'IM-32: more than a stanza may hold', parts: { body: '"'.repeat(50_000) }, status: 413 },
];

describe('content types from SIP', () => {
  const rig = stage();

  for (const { row, parts, status, text } of CASES) {
    test(`${row} → ${status}${text === undefined ? ', no stanza' : ''}`, async () => {
      const response = await rig().ask(parts);
      assert.equal(statusOf(response), status);
      if (text !== undefined) assert.equal(bodyOf(await rig().xmpp.stanzas.next('the message')), text);
      assert.deepEqual(rig().xmpp.stanzas.untaken, []);
    });
  }

  test('IM-49: bad UTF-8 is 400, or replaced; never sent as it is', async () => {
    const response = await rig().ask({ body: Buffer.from('61ff62', 'hex') });
    if (statusOf(response) === 400) return;
    assert.equal(statusOf(response), 202);
    assert.equal(bodyOf(await rig().xmpp.stanzas.next('the message')), 'a\ufffdb');
  });

  test('IM-46, IM-47: the 415 says what would be understood', async () => {
    const type = await rig().ask({ contentType: 'application/json', body: '{}' });
    assert.match(header(type, 'accept'), /text\/plain/);
    const coding = await rig().ask({ headers: [['Content-Encoding', 'deflate']], body: 'x' });
    assert.equal(header(coding, 'accept-encoding'), 'identity');
  });

  test('IM-42: Subject of the CPIM message; the SIP addresses win over its own; DateTime is a delay', async () => {
    const body = CPIM.replace('im:romeo@example.net', 'im:tybalt@example.net').replace(
      'im:juliet@',
      'im:nurse@',
    );
    assert.equal(await rig().status({ contentType: 'message/cpim', body }), 202);
    const stanza = await rig().xmpp.stanzas.next('the message');
    assert.equal(stanza.attr('from'), 'romeo@example.net');
    assert.equal(stanza.attr('to'), 'juliet@example.com');
    assert.equal(stanza.child('subject')?.text(), 'the weather');
    assert.equal(stanza.child('delay', 'urn:xmpp:delay')?.attr('stamp')?.slice(0, 19), '2000-12-13T21:40:00');
  });

  test('IM-26: a Date older than a minute is a delay, a present one is not', async () => {
    await rig().ask({ headers: [['Date', 'Sat, 13 Nov 2010 23:29:00 GMT']], body: 'old' });
    const old = await rig().xmpp.stanzas.next('the old one');
    assert.equal(old.child('delay', 'urn:xmpp:delay')?.attr('stamp')?.slice(0, 19), '2010-11-13T23:29:00');
    await rig().ask({ headers: [['Date', new Date().toUTCString()]], body: 'new' });
    const fresh = await rig().xmpp.stanzas.next('the new one');
    assert.equal(fresh.child('delay'), undefined);
  });

  test('IM-26: what has expired is delivered with its time, however young it is', async () => {
    const date = ['Date', new Date(Date.now() - 20_000).toUTCString()] as const;
    await rig().ask({ headers: [date, ['Expires', '10']], body: 'expired' });
    const expired = await rig().xmpp.stanzas.next('the expired one');
    assert.ok(expired.child('delay', 'urn:xmpp:delay') !== undefined);
    await rig().ask({ headers: [date, ['Expires', '300']], body: 'in time' });
    const timely = await rig().xmpp.stanzas.next('the timely one');
    assert.equal(timely.child('delay'), undefined);
  });
});
