// The ACK to a 2xx as RFC 3665 §3.3 prints it; the remote target of a dialog (RFC 3261 §12.2.2, RFC 3665 §3.7, RFC 6141 §4).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { latin1Bytes, utf8Bytes } from '../../../src/base/index.ts';
import { dialogFromResponse, type Dialog } from '../../../src/sip/dialog/dialog.ts';
import { routeList } from '../../../src/sip/header/addresses.ts';
import {
  afterTheirRefresh,
  buildAckTo2xx,
  optionField,
  seenInDialog,
} from '../../../src/sip/invite/in-dialog.ts';
import { parseMessage } from '../../../src/sip/message/parse.ts';
import type { SipRequest, SipResponse } from '../../../src/sip/message/types.ts';

function read(text: string): SipRequest | SipResponse {
  const lines = text.trim().split('\n');
  const parsed = parseMessage(latin1Bytes([...lines, '', ''].join('\r\n')), { stream: false });
  if (parsed.kind !== 'message') assert.fail(parsed.fault.message);
  return parsed.message;
}
function request(text: string): SipRequest {
  const message = read(text);
  return message.kind === 'request' ? message : assert.fail();
}
function response(text: string): SipResponse {
  const message = read(text);
  return message.kind === 'response' ? message : assert.fail();
}

const CREDENTIALS = [
  'Digest username="alice", realm="atlanta.example.com", nonce="wf84f1ceczx41ae6cbe5aea9c8e88d359", opaque="", uri="sip:bob@biloxi.example.com", response="42ce3cef44b22f50c6a6071bc8"',
  'Digest username="alice", realm="biloxi.example.com", nonce="c1e22c41ae6cbe5ae983a9c8e88d359", opaque="", uri="sip:bob@biloxi.example.com", response="f44ab22f150c6a56071bce8"',
];
const F11 = request(`INVITE sip:bob@biloxi.example.com SIP/2.0
Via: SIP/2.0/UDP client.atlanta.example.com:5060;branch=z9hG4bK74bf9
Max-Forwards: 70
From: Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl
To: Bob <sip:bob@biloxi.example.com>
Call-ID: 2xTb9vxSit55XU7p8@atlanta.example.com
CSeq: 3 INVITE
Contact: <sip:alice@client.atlanta.example.com>
Proxy-Authorization: ${CREDENTIALS[0] ?? ''}
Proxy-Authorization: ${CREDENTIALS[1] ?? ''}`);
const F18 = response(`SIP/2.0 200 OK
Via: SIP/2.0/UDP client.atlanta.example.com:5060;branch=z9hG4bK74bf9;received=192.0.2.101
Record-Route: <sip:ss2.biloxi.example.com;lr>, <sip:ss1.atlanta.example.com;lr>
From: Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl
To: Bob <sip:bob@biloxi.example.com>;tag=9103874
Call-ID: 2xTb9vxSit55XU7p8@atlanta.example.com
CSeq: 3 INVITE
Contact: <sip:bob@client.biloxi.example.com>`);

function dialog(): Dialog {
  const made = dialogFromResponse(F11, F18);
  return made.ok ? made.value : assert.fail(made.error.message);
}

describe('RFC 3665 §3.3, F19', () => {
  const ack = buildAckTo2xx(dialog(), F11);
  test('RFC 3261 §13.2.2.4: target, CSeq, credentials and routes', () => {
    const { request: sent } = ack;
    assert.equal(sent.requestUri, 'sip:bob@client.biloxi.example.com');
    assert.deepEqual(sent.cseq, { number: 3, method: 'ACK' });
    assert.equal(sent.from.tag, '9fxced76sl');
    assert.equal(sent.to.tag, '9103874');
    assert.equal(sent.callId, '2xTb9vxSit55XU7p8@atlanta.example.com');
    assert.deepEqual(sent.headerAll('proxy-authorization'), CREDENTIALS);
    const routes = routeList(sent);
    assert.deepEqual(routes.ok && routes.value.map(({ uri }) => uri), [
      'sip:ss1.atlanta.example.com;lr',
      'sip:ss2.biloxi.example.com;lr',
    ]);
    assert.equal(ack.nextHop, 'sip:ss1.atlanta.example.com;lr');
    assert.equal(sent.header('contact'), undefined);
  });
  test('it uses up no CSeq of the dialog', () => assert.deepEqual(ack.dialog, dialog()));
  test('an answer in it', () => {
    const { request: sent } = buildAckTo2xx(dialog(), F11, { body: utf8Bytes('v=0\r\n') });
    assert.equal(sent.body.length, 5);
  });
});

describe('requests of the peer', () => {
  const known: Dialog = { ...dialog(), remoteSeq: 14 };
  const reInvite = request(`INVITE sip:alice@client.atlanta.example.com SIP/2.0
Via: SIP/2.0/UDP client.chicago.example.com:5060;branch=z9hG4bKlkld5l
Max-Forwards: 70
From: Bob <sip:bob@biloxi.example.com>;tag=9103874
To: Alice <sip:alice@atlanta.example.com>;tag=9fxced76sl
Call-ID: 2xTb9vxSit55XU7p8@atlanta.example.com
CSeq: 15 INVITE
Contact: <sip:bob@client.chicago.example.com>`);
  test('RFC 3665 §3.7, F9: the target moves when it is accepted, and not before', () => {
    const seen = seenInDialog(known, reInvite);
    assert.ok(seen.ok);
    assert.deepEqual(seen.value, { ...known, remoteSeq: 15 });
    const moved = afterTheirRefresh(seen.value, reInvite);
    assert.deepEqual(moved, { ...known, remoteSeq: 15, remoteTarget: 'sip:bob@client.chicago.example.com' });
  });
  test('RFC 3261 §12.2.2: out of order, and the same number again', () => {
    for (const remoteSeq of [15, 16]) {
      const seen = seenInDialog({ ...known, remoteSeq }, reInvite);
      assert.equal(seen.ok ? 'ok' : seen.error.code, 'ERR_SIP_DIALOG_ORDER');
    }
    const { remoteSeq: _, ...fresh } = known;
    assert.equal(seenInDialog(fresh, reInvite).ok, true);
  });
  test('what was seen meanwhile stays', () => {
    assert.equal(afterTheirRefresh({ ...known, remoteSeq: 17 }, reInvite).remoteSeq, 17);
  });
  test('without a Contact, or with several, the target stays', () => {
    const bare = { ...reInvite, headers: reInvite.headers.filter(({ id }) => id !== 'contact') };
    assert.equal(afterTheirRefresh(known, bare), known);
    const twice = { ...reInvite, headers: [...reInvite.headers, ...F18.headers] };
    assert.equal(afterTheirRefresh(known, twice), known);
  });
});

test('option-tags are written as a list', () => {
  assert.equal(optionField('Supported', ['100rel', 'timer', 'replaces']).value, '100rel, timer, replaces');
});
