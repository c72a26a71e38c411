// INVITE transactions that go on after a restart: what was sent is not sent again, and all that follows is as if there had been none
// (RFC 3261 §9.1, §17.1.1, §17.2.1, §18.2.2; RFC 6026).
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { ClientTransaction, ServerTransaction, SipRequest } from '../../../src/sip/index.ts';
import {
  parsed,
  PEER,
  RecordingHandlers,
  requestBytes,
  responseBytes,
  rig,
  source,
  TCP_TARGET,
  UDP_TARGET,
  type Rig,
} from './rig.ts';

let open: Rig[] = [];

function newRig(): Rig {
  const made = rig();
  open.push(made);
  return made;
}

afterEach(() => {
  for (const { time, layer, counters } of open) {
    time.advance(40_000);
    assert.equal(counters.total('stoxgate_sip_unexpected_events_total'), 0);
    assert.deepEqual(layer.pending, { client: 0, server: 0, completed: 0 });
    assert.equal(time.timers.size, 0);
  }
  open = [];
});

const BYTES = requestBytes({
  method: 'INVITE',
  via: `UDP ${PEER};branch=z9hG4bK1;rport=5070;received=${PEER}`,
});

function invite(bytes = BYTES): SipRequest {
  const message = parsed(bytes);
  assert.ok(message.kind === 'request');
  return message;
}

/** First lines of what left since the last call. */
const left = ({ transport }: Rig): readonly (string | undefined)[] =>
  transport.take().map(({ text }) => text.split(' SIP/2.0')[0]?.split('\r\n')[0]);

describe('one that we sent', () => {
  function resumed(rings: boolean): Rig & { handlers: RecordingHandlers; tx: ClientTransaction } {
    const r = newRig();
    const handlers = new RecordingHandlers();
    const tx = r.layer.resumeInvite(invite(), UDP_TARGET, rings, handlers);
    return { ...r, handlers, tx };
  }

  test('that rings is cancelled at once; its 487 is acknowledged, each time', () => {
    const r = resumed(true);
    assert.deepEqual(left(r), []);
    r.tx.cancel();
    assert.deepEqual(left(r), ['CANCEL sip:juliet@example.com']);
    r.layer.receive(responseBytes(invite(), 200, 'peer', 'CANCEL'), source());
    for (let i = 0; i < 2; i++) {
      r.layer.receive(responseBytes(invite(), 487), source());
      assert.deepEqual(left(r), ['ACK sip:juliet@example.com']);
    }
    assert.deepEqual(r.handlers.statuses, [487]);
  });

  test('§9.1: without a provisional response not before there is one', () => {
    const r = resumed(false);
    r.tx.cancel();
    r.time.advance(20_000);
    assert.deepEqual(left(r), []);
    r.layer.receive(responseBytes(invite(), 180), source());
    assert.deepEqual(left(r), ['CANCEL sip:juliet@example.com']);
    r.layer.receive(responseBytes(invite(), 200, 'peer', 'CANCEL'), source());
    r.layer.receive(responseBytes(invite(), 487), source());
  });

  test('timer B: nothing is heard of it in 64*T1', () => {
    const r = resumed(false);
    r.time.advance(31_900);
    assert.deepEqual(r.handlers.failures, []);
    r.time.advance(200);
    assert.deepEqual(r.handlers.failures, ['timeout']);
    assert.deepEqual(left(r), []);
  });

  test('RFC 6026 §7.2: each 2xx is for its user', () => {
    const r = resumed(true);
    for (const tag of ['one', 'two', 'one']) r.layer.receive(responseBytes(invite(), 200, tag), source());
    assert.deepEqual(r.handlers.statuses, [200, 200, 200]);
  });

  test('over TCP nothing is repeated', () => {
    const r = newRig();
    const handlers = new RecordingHandlers();
    r.layer.resumeInvite(invite(), TCP_TARGET, true, handlers).cancel();
    r.time.advance(10_000);
    assert.deepEqual(left(r), ['CANCEL sip:juliet@example.com']);
    r.layer.receive(responseBytes(invite(), 200, 'peer', 'CANCEL'), source('TCP'));
    r.layer.receive(responseBytes(invite(), 487), source('TCP'));
    assert.deepEqual(handlers.statuses, [487]);
  });
});

describe('one that came', () => {
  function resumed(transport: 'UDP' | 'TCP' = 'UDP'): Rig & { tx: ServerTransaction } {
    const r = newRig();
    const from = { ...source(transport, 5070), connectionId: undefined };
    return { ...r, tx: r.layer.resumeReceived(invite(), from) };
  }
  const ack = requestBytes({ method: 'ACK', to: '<sip:juliet@example.com>;tag=known' });

  test('is absorbed without a response, and nobody is asked', () => {
    const r = resumed();
    r.layer.receive(BYTES, source());
    r.time.advance(1000);
    assert.deepEqual(left(r), []);
    assert.equal(r.user.requests.length, 0);
    assert.equal(r.tx.state, 'Proceeding');
    r.tx.respond(500);
    r.layer.receive(ack, source());
  });

  test('§17.2.1: its final response is repeated by timer G and for each INVITE, until the ACK', () => {
    const r = resumed();
    r.tx.respond(500, { toTag: 'known' });
    const [first] = r.transport.sent;
    assert.match(first?.text ?? '', /^To: .*;tag=known\r$/m);
    // RFC 3581 §4: to the port from which it came.
    assert.deepEqual([first?.target.address, first?.target.port], [PEER, 5070]);
    r.time.advance(500);
    r.layer.receive(BYTES, source());
    assert.deepEqual(left(r), [
      'SIP/2.0 500 Server Internal Error',
      'SIP/2.0 500 Server Internal Error',
      'SIP/2.0 500 Server Internal Error',
    ]);
    r.layer.receive(ack, source());
    r.time.advance(4000);
    assert.deepEqual(left(r), []);
    assert.equal(r.user.requests.length, 0);
  });

  test('without an ACK it ends by timer H, and its user hears that', () => {
    const r = resumed();
    r.tx.respond(500);
    r.time.advance(33_000);
    assert.deepEqual(r.user.failures, ['timeout']);
    r.transport.take();
  });

  test('§18.2.2: over TCP to the port of sent-by, once', () => {
    const r = resumed('TCP');
    r.tx.respond(500);
    r.time.advance(4000);
    const sent = r.transport.take();
    assert.equal(sent.length, 1);
    assert.equal(sent[0]?.target.port, 5060);
    assert.equal(sent[0]?.target.connectionId, undefined);
    r.layer.receive(ack, source('TCP'));
  });

  test('that has come again already is that transaction', () => {
    const r = newRig();
    r.layer.receive(BYTES, source());
    const tx = r.layer.resumeReceived(invite(), source());
    assert.equal(tx, r.user.requests[0]);
    tx.respond(500);
    r.layer.receive(ack, source());
    r.transport.take();
  });
});
