// Client transactions through the layer: requests out, responses in, in virtual time.
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';

import { headerField, transportForSize, type SipRequest } from '../../../src/sip/index.ts';
import {
  PEER,
  RecordingHandlers,
  RecordingTransport,
  TCP_TARGET,
  UDP_TARGET,
  US,
  endpoint,
  ourRequest,
  refused,
  responseBytes,
  rig,
  source,
  type Rig,
  type Sent,
} from './rig.ts';

let open: Rig[] = [];

function newRig(options: Parameters<typeof rig>[0] = {}): Rig {
  const made = rig(options);
  open.push(made);
  return made;
}

/** No residue: 70 s after the last event nothing may be left. */
afterEach(() => {
  for (const { time, layer, counters } of open) {
    time.advance(70_000);
    assert.equal(counters.total('stoxgate_sip_unexpected_events_total'), 0);
    assert.deepEqual(layer.pending, { client: 0, server: 0, completed: 0 });
    assert.equal(time.timers.size, 0);
  }
  open = [];
});

function last({ transport }: Rig): Sent {
  const sent = transport.sent.at(-1);
  assert.ok(sent !== undefined);
  return sent;
}

function started(r: Rig, method = 'MESSAGE', target = UDP_TARGET, request: SipRequest = ourRequest(method)) {
  const handlers = new RecordingHandlers();
  const transaction = r.layer.request(request, target, handlers);
  return { handlers, transaction };
}

describe('non-INVITE client transactions', () => {
  test('RFC 3261 §17.2.3: a branch of the caller makes the same request of another process', () => {
    const [one, other] = [newRig(), newRig()];
    const octets = [one, other].map((r) => {
      r.layer.request(ourRequest('MESSAGE'), UDP_TARGET, new RecordingHandlers(), 1300, 'tag1-0');
      return Buffer.from(last(r).bytes).toString('latin1');
    });
    assert.match(octets[0] ?? '', /^Via:[^\r]*;branch=z9hG4bKtag1-0\r$/m);
    assert.equal(octets[0], octets[1]);
  });

  test('RFC 3261 §17.1.2.2: over UDP sent at 0, 0.5, 1.5, 3.5 … and given up after 64*T1', () => {
    const r = newRig();
    const { handlers } = started(r);
    r.time.advance(31_999);
    assert.deepEqual(
      r.transport.sent.map((sent) => sent.atMs),
      [0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500],
    );
    assert.equal(new Set(r.transport.sent.map((sent) => sent.text)).size, 1);
    assert.deepEqual(handlers.failures, []);
    r.time.advance(1);
    assert.equal(r.counters.total('stoxgate_sip_retransmissions_total'), 10);
    assert.equal(r.counters.total('stoxgate_sip_transaction_timeouts_total'), 1);
    assert.deepEqual(handlers.failures, ['timeout']);
    assert.match(String(handlers.errors[0]), /MESSAGE from 192\.0\.2\.9 port 5060 over UDP/);
    assert.equal(r.layer.pending.client, 0);
  });

  test('RFC 3261 §17.1.2.2: after 1xx every T2, and still given up', () => {
    const r = newRig();
    const { handlers } = started(r);
    r.layer.receive(responseBytes(last(r).message, 100), source());
    r.time.advance(32_000);
    assert.deepEqual(
      r.transport.sent.map((sent) => sent.atMs),
      [0, 500, 4500, 8500, 12_500, 16_500, 20_500, 24_500, 28_500],
    );
    assert.deepEqual(handlers.statuses, [100]);
    assert.deepEqual(handlers.failures, ['timeout']);
  });

  test('over TCP sent once, and given up after 64*T1', () => {
    const r = newRig();
    const { handlers } = started(r, 'MESSAGE', TCP_TARGET);
    r.time.advance(32_000);
    assert.equal(r.transport.sent.length, 1);
    assert.deepEqual(handlers.failures, ['timeout']);
  });

  test('the final response comes once; its retransmissions are absorbed for T4, then stray', () => {
    const r = newRig();
    const { handlers, transaction } = started(r);
    const answer = responseBytes(last(r).message, 202);
    r.layer.receive(answer, source());
    assert.deepEqual(r.layer.pending, { client: 0, server: 0, completed: 1 });
    assert.equal(transaction.state, 'Completed');
    r.layer.receive(answer, source());
    r.time.advance(4900);
    r.layer.receive(answer, source());
    assert.deepEqual(handlers.statuses, [202]);
    assert.equal(r.counters.total('stoxgate_sip_absorbed_total'), 2);
    assert.equal(r.user.strays.length, 0);
    r.time.advance(300);
    r.layer.receive(answer, source());
    assert.deepEqual(handlers.statuses, [202]);
    assert.equal(r.user.strays.length, 1);
    assert.equal(r.transport.sent.length, 1);
  });

  test('RFC 3261 §8.1.1.7, §18.1.1, RFC 3581 §3: our Via on top, a new branch for each transaction', () => {
    const r = newRig();
    started(r);
    started(r);
    const values = r.transport.sent.map((sent) => sent.message.header('via') ?? '');
    for (const value of values) {
      assert.match(value, /^SIP\/2\.0\/UDP 192\.0\.2\.1;rport;branch=z9hG4bK[a-z2-7]{16}$/);
    }
    assert.notEqual(values[0], values[1]);
    assert.ok(last(r).text.startsWith('MESSAGE sip:romeo@example.net SIP/2.0\r\nVia: '));
    r.layer.stop();
  });

  // RFC 3261 §18.2.2: where the connection is gone, the answer goes to sent-by; RFC 3581 §4 is about datagrams, and a server that
  // applies `rport` to streams (Kamailio) would answer at the port of a connection that is gone.
  for (const [transport, via] of [
    ['UDP', 'SIP/2.0/UDP 192.0.2.1;rport;branch='],
    ['TCP', 'SIP/2.0/TCP 192.0.2.1;branch='],
    ['TLS', 'SIP/2.0/TLS 192.0.2.1:5061;alias;branch='],
  ] as const) {
    test(`RFC 3261 §18.1.1, RFC 3581 §3, RFC 5923 §5: the Via over ${transport}`, () => {
      const r = newRig();
      started(r, 'MESSAGE', { ...UDP_TARGET, transport, local: endpoint(transport) });
      assert.ok(last(r).text.includes(`\r\nVia: ${via}z9hG4bK`), last(r).text);
      r.layer.stop();
    });
  }

  test('an advertised host and port stand in Via', () => {
    const r = newRig();
    const local = { ...endpoint('UDP'), advertiseHost: 'gw.example.com', advertisePort: 5070 };
    started(r, 'MESSAGE', { ...UDP_TARGET, local });
    assert.match(last(r).text, /Via: SIP\/2\.0\/UDP gw\.example\.com:5070;rport;branch=/);
    r.layer.stop();
  });

  test('no listener for the transport: fails after the call has returned', () => {
    const r = newRig();
    const { handlers } = started(r, 'MESSAGE', { ...UDP_TARGET, transport: 'TLS' });
    assert.deepEqual(handlers.failures, []);
    r.time.advance(1);
    assert.deepEqual(handlers.failures, ['transport']);
    assert.equal(r.transport.sent.length, 0);
  });

  test('RFC 3261 §17.1.4: a transport error ends it, once', () => {
    const r = newRig();
    const { handlers } = started(r);
    last(r).fail(refused());
    assert.deepEqual(handlers.failures, ['transport']);
    assert.equal(handlers.errors[0]?.message, 'connection refused');
    assert.equal(r.counters.total('stoxgate_sip_transport_failures_total'), 1);
    assert.equal(r.layer.pending.client, 0);
    assert.equal(r.time.timers.size, 0);
  });

  test('a transport that fails at once leaves no timer', () => {
    const transport = {
      send: (_: unknown, __: unknown, failed?: (error: Error) => void) => failed?.(refused()),
      localFor: () => endpoint('UDP'),
    };
    for (const method of ['MESSAGE', 'INVITE']) {
      const r = newRig({ transport });
      const { handlers } = started(r, method);
      assert.deepEqual(handlers.failures, ['transport']);
      assert.equal(r.time.timers.size, 0);
      assert.equal(r.layer.pending.client, 0);
    }
  });

  test('stop: an open transaction fails, an answered one does not', () => {
    const r = newRig();
    const answered = started(r);
    r.layer.receive(responseBytes(last(r).message, 200), source());
    const waiting = started(r);
    r.layer.stop();
    assert.deepEqual(answered.handlers.failures, []);
    assert.deepEqual(waiting.handlers.failures, ['stopped']);
    assert.equal(r.time.timers.size, 0);
  });
});

describe('RFC 3261 §17.1.3: matching', () => {
  test('branch and method of CSeq; the branch without regard to case', () => {
    const r = newRig();
    const { handlers } = started(r);
    const request = last(r).message;
    const text = Buffer.from(responseBytes(request, 200)).toString();
    const branch = request.via.branch ?? '';
    r.layer.receive(Buffer.from(text.replace(branch, `${branch}x`)), source());
    r.layer.receive(responseBytes(request, 200, 'peer', 'OPTIONS'), source());
    assert.deepEqual(handlers.statuses, []);
    assert.equal(r.user.strays.length, 2);
    assert.equal(r.counters.total('stoxgate_sip_stray_total'), 2);
    r.layer.receive(Buffer.from(text.replace(branch, branch.toUpperCase())), source());
    assert.deepEqual(handlers.statuses, [200]);
  });

  test('RFC 3261 §8.1.3.3: a response with more than one Via is discarded', () => {
    const r = newRig();
    const { handlers } = started(r);
    const text = Buffer.from(responseBytes(last(r).message, 200)).toString();
    r.layer.receive(
      Buffer.from(text.replace('From:', `Via: SIP/2.0/UDP ${PEER};branch=z9hG4bKx\r\nFrom:`)),
      source(),
    );
    r.layer.receive(
      Buffer.from(text.replace(';rport', `;rport, SIP/2.0/UDP ${PEER};branch=z9hG4bKx`)),
      source(),
    );
    assert.deepEqual(handlers.statuses, []);
    r.layer.receive(Buffer.from(text), source());
    assert.deepEqual(handlers.statuses, [200]);
  });
});

describe('RFC 3261 §18.1.1: large requests', () => {
  const bodyFor = (bytes: number): SipRequest => {
    const r = rig();
    started(r, 'MESSAGE', UDP_TARGET, ourRequest('MESSAGE', 'x'.repeat(1000)));
    const overhead = last(r).bytes.length - 1000;
    r.layer.stop();
    return ourRequest('MESSAGE', 'x'.repeat(bytes - overhead));
  };

  test('the rule alone', () => {
    assert.equal(transportForSize(UDP_TARGET, 1300), UDP_TARGET);
    assert.deepEqual(transportForSize(UDP_TARGET, 1301), { transport: 'TCP', address: PEER, port: 5060 });
    assert.equal(transportForSize(TCP_TARGET, 9999), TCP_TARGET);
  });

  test('1300 octets go over UDP, one more over TCP with another Via', () => {
    const r = newRig();
    started(r, 'MESSAGE', UDP_TARGET, bodyFor(1300));
    assert.equal(last(r).bytes.length, 1300);
    assert.equal(last(r).target.transport, 'UDP');
    const { transaction } = started(r, 'MESSAGE', UDP_TARGET, bodyFor(1301));
    assert.equal(last(r).target.transport, 'TCP');
    assert.equal(transaction.target.transport, 'TCP');
    assert.match(last(r).text, /\r\nVia: SIP\/2\.0\/TCP 192\.0\.2\.1;/);
    r.layer.stop();
  });

  test('TCP refused: again over UDP, with the Via of UDP and its retransmissions', () => {
    const r = newRig();
    const { handlers, transaction } = started(r, 'MESSAGE', UDP_TARGET, bodyFor(1301));
    const overTcp = last(r);
    overTcp.fail(refused());
    assert.equal(last(r).target.transport, 'UDP');
    assert.equal(transaction.target.transport, 'UDP');
    assert.match(last(r).text, /\r\nVia: SIP\/2\.0\/UDP 192\.0\.2\.1;/);
    assert.equal(last(r).message.via.branch, overTcp.message.via.branch);
    r.time.advance(500);
    assert.equal(r.transport.sent.length, 3);
    assert.equal(r.counters.total('stoxgate_sip_retransmissions_total'), 1);
    r.layer.receive(responseBytes(last(r).message, 200), source());
    assert.deepEqual(handlers.statuses, [200]);
    assert.deepEqual(handlers.failures, []);
    assert.equal(r.counters.total('stoxgate_sip_size_switches_total'), 2);
  });

  test('UDP refused as well: failed', () => {
    const r = newRig();
    const { handlers } = started(r, 'MESSAGE', UDP_TARGET, bodyFor(1301));
    last(r).fail(refused());
    last(r).fail(refused());
    assert.deepEqual(handlers.failures, ['transport']);
  });

  test('without a TCP listener it stays with UDP', () => {
    const made = rig();
    const transport = new RecordingTransport(made.time, [endpoint('UDP')]);
    const r = { ...rig({ transport }), transport };
    started(r, 'MESSAGE', UDP_TARGET, bodyFor(1301));
    assert.equal(last(r).target.transport, 'UDP');
    r.layer.stop();
  });
});

describe('INVITE client transactions', () => {
  test('RFC 3261 §17.1.1.2: sent at 0, 0.5, 1.5, 3.5 … 31.5 s and given up after 64*T1', () => {
    const r = newRig();
    const { handlers } = started(r, 'INVITE');
    r.time.advance(32_000);
    assert.deepEqual(
      r.transport.sent.map((sent) => sent.atMs),
      [0, 500, 1500, 3500, 7500, 15_500, 31_500],
    );
    assert.deepEqual(handlers.failures, ['timeout']);
  });

  test('RFC 3261 §17.1.1.2: a provisional response ends retransmission, and it may ring as long as it likes', () => {
    const r = newRig();
    const { handlers } = started(r, 'INVITE');
    r.layer.receive(responseBytes(last(r).message, 180), source());
    r.time.advance(180_000);
    assert.equal(r.transport.sent.length, 1);
    assert.deepEqual(handlers.failures, []);
    r.layer.receive(responseBytes(last(r).message, 486), source());
    assert.deepEqual(handlers.statuses, [180, 486]);
  });

  test('RFC 3261 §17.1.1.3: the ACK to a failure, again for each retransmission of it', () => {
    const r = newRig();
    const request = ourRequest('INVITE', 'sdp', [
      ['Route', '<sip:p1.example.net;lr>'],
      ['Route', '<sip:p2.example.net;lr>'],
      ['Proxy-Authorization', 'Digest username="gw"'],
      ['Subject', 'hello'],
    ]);
    const { handlers } = started(r, 'INVITE', UDP_TARGET, request);
    const invite = last(r).message;
    r.layer.receive(responseBytes(invite, 486, 'theirs'), source());
    const ack = last(r);
    assert.equal(ack.message.kind === 'request' && ack.message.method, 'ACK');
    assert.equal(ack.message.kind === 'request' && ack.message.requestUri, 'sip:romeo@example.net');
    assert.deepEqual(ack.message.headerAll('via'), [invite.header('via')]);
    assert.equal(ack.message.header('from'), '<sip:juliet@example.com>;tag=ours');
    assert.equal(ack.message.header('to'), '<sip:romeo@example.net>;tag=theirs');
    assert.equal(ack.message.header('call-id'), 'k1');
    assert.equal(ack.message.header('cseq'), '1 ACK');
    assert.equal(ack.message.header('max-forwards'), '70');
    assert.deepEqual(ack.message.headerAll('route'), ['<sip:p1.example.net;lr>', '<sip:p2.example.net;lr>']);
    // RFC 3261 §22.1: the credentials of the INVITE are duplicated.
    assert.equal(ack.message.header('proxy-authorization'), 'Digest username="gw"');
    assert.equal(ack.message.header('subject'), undefined);
    assert.equal(ack.message.body.length, 0);
    assert.deepEqual(ack.target, UDP_TARGET);
    r.time.advance(31_000);
    r.layer.receive(responseBytes(invite, 486, 'theirs'), source());
    assert.equal(last(r).text, ack.text);
    assert.equal(r.transport.sent.length, 3);
    assert.deepEqual(handlers.statuses, [486]);
  });

  test('RFC 6026 §7.2: 2xx are passed up for 64*T1, of all forks, without an ACK', () => {
    const r = newRig();
    const { handlers } = started(r, 'INVITE');
    const invite = last(r).message;
    r.layer.receive(responseBytes(invite, 200, 'one'), source());
    r.time.advance(31_000);
    r.layer.receive(responseBytes(invite, 200, 'two'), source());
    assert.deepEqual(handlers.statuses, [200, 200]);
    r.layer.receive(responseBytes(invite, 180, 'two'), source());
    assert.deepEqual(handlers.statuses, [200, 200]);
    assert.equal(r.transport.sent.length, 1);
    r.time.advance(1000);
    assert.equal(r.counters.total('stoxgate_sip_absorbed_total'), 1);
    r.layer.receive(responseBytes(invite, 200, 'one'), source());
    assert.deepEqual(handlers.statuses, [200, 200]);
    assert.equal(r.user.strays.length, 1);
  });

  test('RFC 3261 §13.2.2.4: the ACK to a 2xx is sent outside of any transaction', () => {
    const r = newRig();
    r.layer.send(ourRequest('ACK'), UDP_TARGET);
    assert.match(last(r).text, /^ACK .*\r\nVia: SIP\/2\.0\/UDP 192\.0\.2\.1;rport;branch=z9hG4bK/);
    assert.equal(r.layer.pending.client, 0);
    let failures = 0;
    r.layer.send(ourRequest('ACK'), { ...UDP_TARGET, transport: 'WSS' }, () => (failures += 1));
    r.time.advance(1);
    assert.equal(failures, 1);
  });
});

describe('RFC 3261 §9.1: CANCEL', () => {
  test('waits for a provisional response, has the branch of the INVITE, and the 487 is acknowledged', () => {
    const r = newRig();
    const { handlers, transaction } = started(
      r,
      'INVITE',
      UDP_TARGET,
      ourRequest('INVITE', '', [['Route', '<sip:p;lr>']]),
    );
    const invite = last(r).message;
    transaction.cancel([headerField('Reason', 'SIP;cause=200')]);
    assert.equal(r.transport.sent.length, 1);
    r.layer.receive(responseBytes(invite, 180), source());
    const cancel = last(r).message;
    assert.equal(cancel.kind === 'request' && cancel.method, 'CANCEL');
    assert.deepEqual(cancel.headerAll('via'), invite.headerAll('via'));
    assert.equal(cancel.header('cseq'), '1 CANCEL');
    assert.equal(cancel.header('to'), '<sip:romeo@example.net>');
    assert.equal(cancel.header('route'), '<sip:p;lr>');
    assert.equal(cancel.header('reason'), 'SIP;cause=200');
    transaction.cancel();
    r.layer.receive(responseBytes(cancel, 200), source());
    r.layer.receive(responseBytes(invite, 487), source());
    assert.deepEqual(handlers.statuses, [180, 487]);
    assert.equal(last(r).message.cseq.method, 'ACK');
    assert.equal(r.transport.sent.length, 3);
  });

  test('leaves once, also when it is wanted on account of the first provisional response', () => {
    const r = newRig();
    const transaction = r.layer.request(ourRequest('INVITE'), TCP_TARGET, {
      response: ({ status }) => {
        if (status === 100) transaction.cancel();
      },
      failed: () => undefined,
    });
    const invite = last(r).message;
    r.layer.receive(responseBytes(invite, 100), source());
    assert.deepEqual(
      r.transport.sent.map(({ message }) => message.cseq.method),
      ['INVITE', 'CANCEL'],
    );
    r.layer.receive(responseBytes(last(r).message, 200), source());
    r.layer.receive(responseBytes(invite, 487), source());
  });

  test('no final response in 64*T1 after it: given up', () => {
    const r = newRig();
    const { handlers, transaction } = started(r, 'INVITE');
    r.layer.receive(responseBytes(last(r).message, 180), source());
    r.time.advance(60_000);
    transaction.cancel();
    r.layer.receive(responseBytes(last(r).message, 200), source());
    r.time.advance(31_999);
    assert.deepEqual(handlers.failures, []);
    r.time.advance(1);
    assert.deepEqual(handlers.failures, ['timeout']);
  });

  test('only for INVITE, and not after a final response', () => {
    const r = newRig();
    const message = started(r);
    r.layer.receive(responseBytes(last(r).message, 100), source());
    message.transaction.cancel();
    assert.equal(r.transport.sent.length, 1);
    r.layer.receive(responseBytes(last(r).message, 200), source());
    const invite = started(r, 'INVITE');
    r.layer.receive(responseBytes(last(r).message, 200), source());
    invite.transaction.cancel();
    assert.equal(r.transport.sent.length, 2);
    assert.notEqual(US, PEER);
  });
});
