import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OpenMessage, speaksForDomain } from '../../src/gateway/messages/open-message.ts';
import { parseMessage, type ServerTransaction, type SipRequest } from '../../src/sip/index.ts';
import { element, NS_CLIENT } from '../../src/xml/index.ts';

const REPORTS = { messageId: 'm-0123456789-abcdef', positive: true, negative: true, display: false };

function request(): SipRequest {
  const lines = [
    'MESSAGE sip:juliet.capulet@example.com SIP/2.0',
    'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1',
    'From: <sip:romeo.montague@example.net>;tag=1',
    'To: <sip:juliet.capulet@example.com>',
    'Call-ID: c',
    'CSeq: 1 MESSAGE',
    'Max-Forwards: 70',
    '',
    '',
  ];
  const parsed = parseMessage(Buffer.from(lines.join('\r\n')), { stream: false });
  assert(parsed.kind === 'message' && parsed.message.kind === 'request');
  return parsed.message;
}

function opened(reports?: typeof REPORTS): OpenMessage {
  const stanza = element(
    'message',
    NS_CLIENT,
    { from: 'romeo.montague@example.net/gr', to: 'juliet@example.com/balcony' },
    element('body', NS_CLIENT, {}, 'Hi'),
  );
  // Only the request is asked for.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const tx = { request: request() } as unknown as ServerTransaction;
  return new OpenMessage({ step: () => undefined }, tx, 'id', stanza, reports, 0);
}

describe('what is remembered of a message that has ended', () => {
  const expected = {
    id: 'id',
    reports: REPORTS,
    senderUri: 'sip:romeo.montague@example.net',
    recipientUri: 'sip:juliet.capulet@example.com',
    sender: 'romeo.montague@example.net',
    recipient: 'juliet@example.com',
  };

  test('RFC 5438 §7: what a report is made of', () => {
    assert.deepEqual(opened(REPORTS).accepted, expected);
  });

  test('nothing for a sender that asked for no reports', () => {
    const message = opened();
    assert.equal(message.accepted, undefined);
    message.shrink();
    assert.equal(message.accepted, undefined);
  });

  test('neither its request nor its text; who may still speak of it', () => {
    const message = opened();
    message.shrink();
    assert.equal(message.tx, undefined);
    assert.equal(message.stanza.children.length, 0);
    const error = (from: string) => element('message', NS_CLIENT, { type: 'error', from });
    assert.equal(speaksForDomain(error('example.com'), message), true);
    assert.equal(speaksForDomain(error('juliet@example.com/x'), message), true);
    assert.equal(speaksForDomain(error('example.org'), message), false);
  });
});
