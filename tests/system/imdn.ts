// Messages that ask for reports and reports themselves, as a phone writes them (RFC 5438).

import assert from 'node:assert/strict';
import type { SipText } from '../peers/sip-text.ts';
import { textOf } from './sip-peer.ts';

/** imdn.Message-ID of a request that asks for reports. */
export const messageIdOf = (request: SipText): string =>
  /^imdn\.Message-ID: (\S+)\r$/m.exec(textOf(request))?.[1] ?? assert.fail('no imdn.Message-ID');

/** What a phone sends about a message that it got, as RFC 5438 §7.2.1.1 prints it. */
export function notice(
  messageId: string,
  kind: string,
  status: string,
): { contentType: string; body: string } {
  const document =
    `<?xml version="1.0" encoding="UTF-8"?><imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>${messageId}</message-id>` +
    `<datetime>2026-11-25T12:16:49-05:00</datetime><recipient-uri>im:romeo@example.net</recipient-uri>` +
    `<${kind}-notification><status><${status}/></status></${kind}-notification></imdn>`;
  const lines = [
    'From: Romeo <im:romeo@example.net>',
    'To: Juliet <im:juliet@example.com>',
    'NS: imdn <urn:ietf:params:imdn>',
    'imdn.Message-ID: d834jied93rf',
    '',
    'Content-type: message/imdn+xml',
    'Content-Disposition: notification',
    `Content-length: ${document.length}`,
    '',
    document,
  ];
  return { contentType: 'message/cpim', body: lines.join('\r\n') };
}

/** A text of Romeo's phone that asks for reports. */
export function asking(
  messageId: string,
  wishes: string,
  text = 'hello',
): { contentType: string; body: string } {
  const lines = [
    'From: <im:romeo@example.net>',
    'To: <im:juliet@example.com>',
    'DateTime: 2020-01-01T00:00:00Z',
    'NS: imdn <urn:ietf:params:imdn>',
    `imdn.Message-ID: ${messageId}`,
    `imdn.Disposition-Notification: ${wishes}`,
    '',
    'Content-Type: text/plain;charset=UTF-8',
    '',
    text,
  ];
  return { contentType: 'message/cpim', body: lines.join('\r\n') };
}
