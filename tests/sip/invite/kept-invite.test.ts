// An INVITE beyond a restart: as much of it as its ACK, its CANCEL and its responses are made of, and nothing that is not read with
// suspicion (RFC 3261 §8.2.6.2, §9.1, §17.1.1.3, §22.1).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  isKeptInvite,
  keptReceivedInvite,
  keptSentInvite,
  readKeptInvite,
  type KeptInvite,
} from '../../../src/sip/index.ts';
import { buildAck, buildCancel } from '../../../src/sip/transaction/companions.ts';
import {
  buildResponse,
  serializeMessage,
  type SipRequest,
  type SipResponse,
} from '../../../src/sip/index.ts';
import {
  parsed,
  requestBytes,
  responseBytes,
  source,
  UDP_TARGET,
  type RequestText,
} from '../transaction/rig.ts';

function invite(parts: RequestText = {}): SipRequest {
  const message = parsed(requestBytes({ method: 'INVITE', ...parts }));
  assert.ok(message.kind === 'request');
  return message;
}

const WHOLE: RequestText = {
  // A display name in ISO 8859-1, which is no UTF-8, and one in UTF-8.
  from: '"Rom\u00e9o" <sip:romeo@example.net>;tag=f1',
  headers: [
    'Route: <sip:edge.example.net;lr>',
    'Route: <sip:core.example.net;lr>',
    'Proxy-Authorization: Digest username="gateway", realm="example.net", response="0"',
    'Contact: <sip:romeo@192.0.2.9>',
    'Content-Type: application/sdp',
    'X-Account: 4711',
  ],
  body: 'v=0\r\n',
};

function read(kept: KeptInvite | undefined): SipRequest {
  // As a store has it.
  const stored: unknown = JSON.parse(JSON.stringify(kept));
  assert.ok(isKeptInvite(stored));
  return readKeptInvite(stored) ?? assert.fail('it cannot be read');
}

const texts = (...messages: (SipRequest | SipResponse)[]): string[] =>
  messages.map((message) => Buffer.from(serializeMessage(message)).toString('latin1'));

test('what ends one that we sent is the same afterwards', () => {
  const before = invite(WHOLE);
  const after = read(keptSentInvite(before, UDP_TARGET, true));
  const refused = parsed(responseBytes(before, 487));
  assert.ok(refused.kind === 'response');
  assert.deepEqual(
    texts(buildCancel(after), buildAck(after, refused)),
    texts(buildCancel(before), buildAck(before, refused)),
  );
});

test('the response to one that came is the same afterwards', () => {
  const before = invite({ ...WHOLE, via: 'UDP 192.0.2.9;branch=z9hG4bK1;rport=5070;received=192.0.2.9' });
  const after = read(keptReceivedInvite(before, source('UDP', 5070), 'ours'));
  assert.deepEqual(
    texts(buildResponse(after, 500, { toTag: 'ours' })),
    texts(buildResponse(before, 500, { toTag: 'ours' })),
  );
});

test('neither has its description, nor anything else that nobody needs', () => {
  for (const kept of [
    keptSentInvite(invite(WHOLE), UDP_TARGET, false),
    keptReceivedInvite(invite(WHOLE), source(), 'ours'),
  ]) {
    assert.equal(read(kept).body.length, 0);
    assert.doesNotMatch(kept?.head ?? '', /v=0|X-Account|Contact|application/);
  }
});

test('one with an endless head is not kept', () => {
  const headers = Array.from(
    { length: 200 },
    (_, at) => `Route: <sip:${'x'.repeat(40)}${at}.example.net;lr>`,
  );
  assert.equal(keptSentInvite(invite({ headers }), UDP_TARGET, true), undefined);
});

describe('anything else in its place is refused', () => {
  const sent = keptSentInvite(invite(), { ...UDP_TARGET, names: ['example.net'] }, true);
  const received = keptReceivedInvite(invite(), source(), 'ours');
  for (const kept of [sent, received]) {
    assert.ok(kept !== undefined);
    for (const name of Object.keys(kept)) {
      test(`${kept.kind}: ${name}`, () => {
        for (const other of [undefined, null, 7.5, {}]) {
          assert.equal(isKeptInvite({ ...kept, [name]: other }), false, JSON.stringify(other));
        }
      });
    }
  }

  for (const target of [
    { ...UDP_TARGET, port: 0 },
    { ...UDP_TARGET, port: 65_536 },
    { ...UDP_TARGET, transport: 'SCTP' },
    { ...UDP_TARGET, names: [7] },
  ]) {
    test(`sent: to ${JSON.stringify(target)}`, () => assert.equal(isKeptInvite({ ...sent, target }), false));
  }

  test('a head that is no INVITE', () => {
    assert.ok(sent !== undefined);
    for (const head of [
      '',
      'INVITE sip:a@example.com SIP/2.0\r\n\r\n',
      sent.head.replaceAll('INVITE', 'BYE'),
    ]) {
      assert.equal(readKeptInvite({ ...sent, head }), undefined, head);
    }
  });
});
