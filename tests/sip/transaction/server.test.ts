// Server transactions through the layer: datagrams in, datagrams out, in virtual time.
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';

import { headerField, rawHeaderField, type ServerTransaction } from '../../../src/sip/index.ts';
import {
  PEER,
  US,
  parsed,
  refused,
  requestBytes,
  rig,
  source,
  type RequestText,
  type Rig,
  type Sent,
} from './rig.ts';

let open: Rig[] = [];

function newRig(options: Parameters<typeof rig>[0] = {}): Rig {
  const made = rig(options);
  open.push(made);
  return made;
}

/** No residue: 40 s after the last event nothing may be left. */
afterEach(() => {
  for (const { time, layer, counters } of open) {
    time.advance(40_000);
    assert.equal(counters.total('stoxgate_sip_unexpected_events_total'), 0);
    assert.deepEqual(layer.pending, { client: 0, server: 0, completed: 0 });
    assert.equal(time.timers.size, 0);
  }
  open = [];
});

function only(sent: readonly Sent[]): Sent {
  assert.equal(sent.length, 1);
  const [first] = sent;
  assert.ok(first !== undefined);
  return first;
}

function transactionOf({ user }: Rig): ServerTransaction {
  const transaction = user.requests.at(-1);
  assert.ok(transaction !== undefined);
  return transaction;
}

describe('non-INVITE server transactions', () => {
  test('RFC 3261 §17.2.2: Trying absorbs retransmissions, Completed answers them for 64*T1, then it is a new request', () => {
    const r = newRig();
    const bytes = requestBytes();
    r.layer.receive(bytes, source());
    r.layer.receive(bytes, source());
    assert.equal(r.user.requests.length, 1);
    assert.equal(r.transport.sent.length, 0);
    transactionOf(r).respond(202);
    const first = only(r.transport.take());
    assert.deepEqual(r.layer.pending, { client: 0, server: 0, completed: 1 });
    for (const wait of [0, 500, 31_000]) {
      r.time.advance(wait);
      r.layer.receive(bytes, source());
      const again = only(r.transport.take());
      assert.equal(again.text, first.text);
      assert.deepEqual(again.target, first.target);
    }
    assert.equal(r.user.requests.length, 1);
    r.time.advance(700);
    r.layer.receive(bytes, source());
    assert.equal(r.user.requests.length, 2);
    transactionOf(r).respond(202);
  });

  test('RFC 3261 §8.2.6.2: a final response has a To tag, always the same; a tag of the request stays', () => {
    const r = newRig();
    r.user.answer = (transaction) => transaction.respond(200);
    r.layer.receive(requestBytes(), source());
    const { message } = only(r.transport.take());
    assert.match(message.to.tag ?? '', /^[a-z2-7]{12}$/);
    assert.equal(message.header('to'), `<sip:juliet@example.com>;tag=${message.to.tag}`);
    assert.equal(message.header('via'), `SIP/2.0/UDP ${PEER};branch=z9hG4bK1`);
    r.layer.receive(
      requestBytes({ via: `UDP ${PEER};branch=z9hG4bK2`, to: '<sip:j@example.com>;tag=theirs' }),
      source(),
    );
    assert.equal(only(r.transport.take()).message.to.tag, 'theirs');
  });

  test('a response with further fields or a body is kept whole for retransmissions', () => {
    const r = newRig();
    r.user.answer = (transaction) =>
      transaction.respond(480, { reason: 'Later', headers: [headerField('Retry-After', '7')] });
    r.layer.receive(requestBytes(), source());
    const first = only(r.transport.take());
    assert.match(first.text, /^SIP\/2\.0 480 Later\r\n/);
    assert.match(first.text, /\r\nRetry-After: 7\r\n/);
    r.layer.receive(requestBytes(), source());
    assert.equal(only(r.transport.take()).text, first.text);
  });

  test('above the bound of kept octets the status alone is repeated, and counted', () => {
    const r = newRig({ limits: { maxKeptResponseBytes: 100 } });
    r.user.answer = (transaction) => transaction.respond(480, { headers: [headerField('Retry-After', '7')] });
    r.layer.receive(requestBytes(), source());
    r.layer.receive(requestBytes(), source());
    assert.deepEqual(r.transport.statuses(), [480, 480]);
    assert.doesNotMatch(r.transport.sent[1]?.text ?? '', /Retry-After/);
    assert.equal(r.counters.total('stoxgate_sip_responses_not_kept_total'), 1);
  });

  test('RFC 4320 §4.1: over UDP 100 after 3.5 s, not before; retransmissions then get the 100', () => {
    const r = newRig();
    r.layer.receive(requestBytes(), source());
    transactionOf(r).respond(100);
    transactionOf(r).respond(183);
    r.time.advance(3499);
    assert.equal(r.transport.sent.length, 0);
    r.time.advance(1);
    assert.deepEqual(r.transport.statuses(), [100]);
    r.layer.receive(requestBytes(), source());
    transactionOf(r).respond(183);
    assert.deepEqual(r.transport.statuses(), [100, 100]);
    transactionOf(r).respond(200);
    assert.deepEqual(r.transport.statuses(), [100, 100, 200]);
  });

  test('RFC 4320 §4.2: 408 is never sent, and the retransmission is still absorbed', () => {
    const r = newRig();
    r.layer.receive(requestBytes(), source());
    transactionOf(r).respond(408);
    r.layer.receive(requestBytes(), source());
    assert.equal(r.transport.sent.length, 0);
    assert.equal(r.user.requests.length, 1);
    assert.deepEqual(r.layer.pending, { client: 0, server: 0, completed: 1 });
  });

  test('RFC 4320 §4.2: a request that nobody answers in 64*T1 stays without a final response', () => {
    const r = newRig();
    r.layer.receive(requestBytes(), source());
    r.time.advance(32_000);
    assert.deepEqual(r.transport.statuses(), [100]);
    assert.deepEqual(r.user.failures, ['timeout']);
    assert.equal(r.counters.total('stoxgate_sip_transaction_timeouts_total'), 1);
    assert.equal(r.layer.pending.server, 0);
    transactionOf(r).respond(200);
    r.layer.receive(requestBytes(), source());
    assert.deepEqual(r.transport.statuses(), [100]);
    assert.equal(r.user.requests.length, 1);
  });

  test('RFC 3261 §17.2.2: over a reliable transport nothing is kept after the response', () => {
    const r = newRig();
    r.user.answer = (transaction) => transaction.respond(200);
    r.layer.receive(requestBytes({ via: `TCP ${PEER};branch=z9hG4bK1` }), source('TCP', 40_000));
    const { target } = only(r.transport.take());
    // §18.2.2: the same connection; if it is gone, a new one to the port of sent-by, not to the source port.
    assert.equal(target.connectionId, 7);
    assert.equal(target.port, 5060);
    assert.deepEqual(r.layer.pending, { client: 0, server: 0, completed: 0 });
    assert.equal(r.time.timers.size, 0);
  });

  test('a second final response is discarded', () => {
    const r = newRig();
    r.layer.receive(requestBytes(), source());
    transactionOf(r).respond(200);
    transactionOf(r).respond(500);
    assert.deepEqual(r.transport.statuses(), [200]);
    assert.throws(() => transactionOf(r).respond(99), RangeError);
    assert.throws(() => transactionOf(r).respond(700), RangeError);
  });
});

describe('RFC 3261 §17.2.3: matching', () => {
  const base: RequestText = { via: `UDP ${PEER}:5070;branch=z9hG4bKabc` };
  const cases: readonly (readonly [string, RequestText, boolean])[] = [
    ['the same', base, true],
    ['branch in other case', { via: `UDP ${PEER}:5070;branch=Z9HG4BKABC` }, true],
    ['another branch', { via: `UDP ${PEER}:5070;branch=z9hG4bKabd`, callId: 'other' }, false],
    ['another sent-by port', { via: `UDP ${PEER}:5071;branch=z9hG4bKabc`, callId: 'other' }, false],
    ['another sent-by host', { via: 'UDP 192.0.2.8:5070;branch=z9hG4bKabc', callId: 'other' }, false],
    ['another method', { ...base, method: 'OPTIONS' }, false],
    ['another Call-ID changes nothing: the branch decides', { ...base, callId: 'other' }, true],
  ];
  for (const [name, parts, same] of cases) {
    test(`${name} → ${same ? 'retransmission' : 'new request'}`, () => {
      for (const complete of [true, false]) {
        const r = newRig();
        r.layer.receive(requestBytes(base), source());
        if (complete) transactionOf(r).respond(200);
        r.layer.receive(requestBytes(parts), source());
        assert.equal(r.user.requests.length, same ? 1 : 2);
        for (const transaction of r.user.requests) transaction.respond(200);
      }
    });
  }

  const old = (via: string, more: RequestText = {}): Uint8Array => requestBytes({ via, ...more });

  test('RFC 2543 peer without cookie: Request-URI, tags, Call-ID, CSeq and top Via', () => {
    const via = `UDP ${PEER};branch=1`;
    const changes: readonly RequestText[] = [
      { callId: 'c2' },
      { cseq: 2 },
      { uri: 'sip:other@example.com', cseq: 3 },
    ];
    for (const change of changes) {
      const r = newRig();
      r.layer.receive(old(via), source());
      r.layer.receive(old(via), source());
      assert.equal(r.user.requests.length, 1);
      r.layer.receive(old(via, change), source());
      assert.equal(r.user.requests.length, 2);
      for (const transaction of r.user.requests) transaction.respond(200);
      r.layer.receive(old(via, change), source());
      assert.equal(r.user.requests.length, 2);
      assert.equal(r.transport.sent.length, 3);
    }
  });

  test('RFC 2543 peer without any branch: the ACK matches by our To tag', () => {
    const r = newRig();
    const via = `UDP ${PEER}`;
    r.layer.receive(old(via, { method: 'INVITE' }), source());
    transactionOf(r).respond(486);
    const { tag } = only(r.transport.take()).message.to;
    r.layer.receive(old(via, { method: 'ACK', to: '<sip:juliet@example.com>;tag=other' }), source());
    assert.equal(transactionOf(r).state, 'Completed');
    assert.equal(r.user.acks.length, 1);
    assert.equal(r.counters.total('stoxgate_sip_stray_total'), 1);
    r.layer.receive(old(via, { method: 'ACK', to: `<sip:juliet@example.com>;tag=${tag}` }), source());
    assert.equal(transactionOf(r).state, 'Confirmed');
    assert.equal(r.user.acks.length, 1);
  });
});

describe('RFC 3261 §8.2.2.2: merged requests', () => {
  const other = `UDP ${PEER};branch=z9hG4bKother`;
  for (const complete of [true, false]) {
    test(`the same request on another way → 482, while the first is ${complete ? 'completed' : 'pending'}`, () => {
      const r = newRig();
      r.layer.receive(requestBytes(), source());
      const [first] = r.user.requests;
      assert.ok(first !== undefined);
      if (complete) first.respond(200);
      r.transport.take();
      r.layer.receive(requestBytes({ via: other }), source());
      assert.equal(r.user.requests.length, 1);
      assert.deepEqual(r.transport.statuses(), [482]);
      // And the 482 is a transaction like others: it is repeated, and does not become the first.
      r.layer.receive(requestBytes({ via: other }), source());
      assert.deepEqual(r.transport.statuses(), [482, 482]);
      if (!complete) first.respond(200);
      r.transport.take();
      r.layer.receive(requestBytes(), source());
      assert.deepEqual(r.transport.statuses(), [200]);
      assert.equal(r.counters.total('stoxgate_sip_merged_requests_total'), 1);
    });
  }

  const different: readonly (readonly [string, RequestText])[] = [
    ['CSeq number', { cseq: 2 }],
    ['Call-ID', { callId: 'c2' }],
    ['Call-ID in other case', { callId: 'C1' }],
    ['From tag', { from: '<sip:romeo@example.net>;tag=f2' }],
    ['a To tag', { to: '<sip:juliet@example.com>;tag=t' }],
    ['method', { method: 'OPTIONS' }],
  ];
  for (const [name, parts] of different) {
    test(`another ${name} is another request`, () => {
      const r = newRig();
      r.user.answer = (transaction) => transaction.respond(200);
      r.layer.receive(requestBytes(), source());
      r.layer.receive(requestBytes({ via: other, ...parts }), source());
      assert.deepEqual(r.transport.statuses(), [200, 200]);
    });
  }

  test('RFC 3263 §4.3: what was refused may be tried again by another way', () => {
    const r = newRig();
    r.user.answer = (transaction) => transaction.respond(503);
    r.layer.receive(requestBytes(), source());
    r.user.answer = (transaction) => transaction.respond(202);
    r.layer.receive(requestBytes({ via: other }), source());
    assert.deepEqual(r.transport.statuses(), [503, 202]);
  });

  test('after timer J it is a new request', () => {
    const r = newRig();
    r.user.answer = (transaction) => transaction.respond(200);
    r.layer.receive(requestBytes(), source());
    r.time.advance(32_200);
    r.layer.receive(requestBytes({ via: other }), source());
    assert.deepEqual(r.transport.statuses(), [200, 200]);
  });

  test('a merged INVITE: 482 until its ACK', () => {
    const r = newRig();
    r.layer.receive(requestBytes({ method: 'INVITE' }), source());
    r.layer.receive(requestBytes({ method: 'INVITE', via: other }), source());
    r.layer.receive(
      requestBytes({ method: 'ACK', via: other, to: '<sip:juliet@example.com>;tag=x' }),
      source(),
    );
    r.time.advance(100);
    assert.deepEqual(r.transport.statuses(), [482]);
    assert.equal(r.user.acks.length, 0);
    transactionOf(r).respond(486);
    r.layer.receive(requestBytes({ method: 'ACK', to: '<sip:juliet@example.com>;tag=x' }), source());
  });
});

describe('INVITE server transactions', () => {
  test('§17.2.1: 100 after 200 ms; 486 again after T1, 2*T1 … up to T2 until the ACK; I absorbs more ACKs', () => {
    const r = newRig();
    const bytes = requestBytes({ method: 'INVITE' });
    const ack = requestBytes({ method: 'ACK', to: '<sip:juliet@example.com>;tag=x' });
    r.layer.receive(bytes, source());
    r.layer.receive(bytes, source());
    r.time.advance(200);
    r.layer.receive(bytes, source());
    assert.deepEqual(r.transport.statuses(), [100, 100]);
    assert.equal(r.transport.sent[0]?.message.to.tag, undefined);
    transactionOf(r).respond(180);
    const { tag } = r.transport.take().at(-1)?.message.to ?? {};
    transactionOf(r).respond(486);
    const startMs = r.time.now();
    r.time.advance(16_000);
    const sent = r.transport.take();
    assert.deepEqual(
      sent.map((s) => s.atMs - startMs),
      [0, 500, 1500, 3500, 7500, 11_500, 15_500],
    );
    assert.equal(sent[6]?.message.to.tag, tag);
    r.layer.receive(ack, source());
    r.time.advance(4000);
    r.layer.receive(ack, source());
    r.layer.receive(bytes, source());
    assert.equal(r.transport.sent.length, 0);
    assert.equal(r.user.acks.length, 0);
    assert.equal(r.layer.pending.server, 1);
    r.time.advance(1000);
    assert.equal(r.layer.pending.server, 0);
  });

  test('§17.2.1: no ACK in 64*T1 → the user hears of it', () => {
    const r = newRig();
    r.layer.receive(requestBytes({ method: 'INVITE' }), source());
    transactionOf(r).respond(486);
    r.time.advance(32_000);
    assert.deepEqual(r.user.failures, ['timeout']);
    assert.equal(r.layer.pending.server, 0);
  });

  test('RFC 6026 §7.1: Accepted absorbs the INVITE, sends the 2xx of the user again, passes the ACK up', () => {
    const r = newRig();
    const bytes = requestBytes({ method: 'INVITE' });
    r.layer.receive(bytes, source());
    transactionOf(r).respond(200);
    r.layer.receive(bytes, source());
    assert.deepEqual(r.transport.statuses(), [200]);
    transactionOf(r).respond(200);
    assert.deepEqual(r.transport.statuses(), [200, 200]);
    r.layer.receive(requestBytes({ method: 'ACK', to: '<sip:juliet@example.com>;tag=x' }), source());
    assert.equal(r.user.acks.length, 1);
    r.time.advance(31_999);
    assert.equal(r.layer.pending.server, 1);
    r.time.advance(1);
    assert.equal(r.layer.pending.server, 0);
  });

  test('§13.3.1.4: the ACK to a 2xx, with a branch of its own, goes to the user', () => {
    const r = newRig();
    r.layer.receive(requestBytes({ method: 'ACK', via: `UDP ${PEER};branch=z9hG4bKack` }), source());
    assert.equal(r.user.acks.length, 1);
    assert.equal(r.transport.sent.length, 0);
    assert.equal(r.layer.pending.server, 0);
  });

  test('RFC 6026 §7.1: a transport error does not end it', () => {
    const r = newRig();
    r.layer.receive(requestBytes({ method: 'INVITE' }), source());
    transactionOf(r).respond(486);
    r.transport.sent[0]?.fail(refused());
    assert.deepEqual(r.user.failures, ['transport']);
    assert.equal(transactionOf(r).state, 'Completed');
  });

  test('a To tag of the user stays for all later responses', () => {
    const r = newRig();
    r.layer.receive(requestBytes({ method: 'INVITE' }), source());
    transactionOf(r).respond(180, { toTag: 'token' });
    transactionOf(r).respond(200);
    assert.deepEqual(
      r.transport.sent.map((sent) => sent.message.to.tag),
      ['token', 'token'],
    );
  });
});

describe('RFC 3261 §9.2: CANCEL', () => {
  test('of a pending INVITE: 200 with the same tag, and the user answers 487', () => {
    const r = newRig();
    r.layer.receive(requestBytes({ method: 'INVITE' }), source());
    transactionOf(r).respond(180);
    r.layer.receive(requestBytes({ method: 'CANCEL' }), source());
    assert.equal(r.user.cancels.length, 1);
    assert.equal(r.user.cancels[0], transactionOf(r));
    assert.equal(r.user.requests.length, 1);
    transactionOf(r).respond(487);
    assert.deepEqual(r.transport.statuses(), [180, 200, 487]);
    const tags = r.transport.sent.map((sent) => sent.message.to.tag);
    assert.equal(new Set(tags).size, 1);
    assert.equal(r.transport.sent[1]?.message.cseq.method, 'CANCEL');
    r.transport.take();
    r.layer.receive(requestBytes({ method: 'CANCEL' }), source());
    assert.equal(only(r.transport.take()).message.to.tag, tags[0]);
    assert.equal(r.user.cancels.length, 1);
  });

  test('with a To tag of the user, also in the repeated answer', () => {
    const r = newRig();
    r.layer.receive(requestBytes({ method: 'INVITE' }), source());
    transactionOf(r).respond(180, { toTag: 'token' });
    r.layer.receive(requestBytes({ method: 'CANCEL' }), source());
    r.layer.receive(requestBytes({ method: 'CANCEL' }), source());
    assert.deepEqual(
      r.transport.sent.map((sent) => sent.message.to.tag),
      ['token', 'token', 'token'],
    );
    transactionOf(r).respond(487);
  });

  test('without a matching transaction: 481', () => {
    const r = newRig();
    r.layer.receive(requestBytes({ method: 'CANCEL' }), source());
    assert.deepEqual(r.transport.statuses(), [481]);
    assert.equal(r.user.requests.length, 0);
  });

  test('after the final response: 200 without effect', () => {
    const r = newRig();
    r.layer.receive(requestBytes({ method: 'INVITE' }), source());
    transactionOf(r).respond(200);
    r.layer.receive(requestBytes({ method: 'CANCEL' }), source());
    assert.deepEqual(r.transport.statuses(), [200, 200]);
    assert.equal(r.user.cancels.length, 0);
  });
});

describe('where responses go', () => {
  interface Case {
    readonly name: string;
    readonly via: string;
    readonly from?: readonly [port: number, address: string];
    readonly port: number;
    readonly address: string;
    readonly answered: string;
  }
  const cases: readonly Case[] = [
    {
      name: 'RFC 3261 §18.2.2: the port of sent-by, not the source port',
      via: `UDP ${PEER}:5070;branch=z9hG4bK1`,
      from: [33_333, PEER],
      address: PEER,
      port: 5070,
      answered: `SIP/2.0/UDP ${PEER}:5070;branch=z9hG4bK1`,
    },
    {
      name: 'RFC 3261 §18.2.2: 5060 when sent-by has no port',
      via: `UDP ${PEER};branch=z9hG4bK1`,
      from: [33_333, PEER],
      address: PEER,
      port: 5060,
      answered: `SIP/2.0/UDP ${PEER};branch=z9hG4bK1`,
    },
    {
      name: 'RFC 3261 §18.2.1: received for a name',
      via: 'UDP romeo.example.net;branch=z9hG4bK1',
      address: PEER,
      port: 5060,
      answered: `SIP/2.0/UDP romeo.example.net;branch=z9hG4bK1;received=${PEER}`,
    },
    {
      name: 'RFC 3581 §4: rport, to the source port, and received even when equal',
      via: `UDP ${PEER}:5070;rport;branch=z9hG4bK1`,
      from: [33_333, PEER],
      address: PEER,
      port: 33_333,
      answered: `SIP/2.0/UDP ${PEER}:5070;rport=33333;branch=z9hG4bK1;received=${PEER}`,
    },
    {
      name: 'RFC 3261 §18.2.2: maddr does not direct a unicast response',
      via: `UDP ${PEER};branch=z9hG4bK1;maddr=203.0.113.66`,
      address: PEER,
      port: 5060,
      answered: `SIP/2.0/UDP ${PEER};branch=z9hG4bK1;maddr=203.0.113.66`,
    },
    {
      name: 'IPv6: sent-by in brackets is the same as the source without',
      via: 'UDP [2001:db8::9]:5070;branch=z9hG4bK1',
      from: [5070, '2001:db8::9'],
      address: '2001:db8::9',
      port: 5070,
      answered: 'SIP/2.0/UDP [2001:db8::9]:5070;branch=z9hG4bK1',
    },
    {
      name: 'a received that the client wrote himself does not lead elsewhere',
      via: `UDP ${PEER};rport=1;received=203.0.113.66;branch=z9hG4bK1`,
      from: [33_333, PEER],
      address: PEER,
      port: 33_333,
      answered: `SIP/2.0/UDP ${PEER};rport=33333;branch=z9hG4bK1;received=${PEER}`,
    },
  ];
  for (const { name, via, from = [5060, PEER] as const, address, port, answered } of cases) {
    test(name, () => {
      const r = newRig();
      r.user.answer = (transaction) => transaction.respond(200);
      const received = source('UDP', from[0], from[1]);
      // The second is a rebuilt answer: it must go the same way and say the same.
      for (let i = 0; i < 2; i++) {
        r.layer.receive(requestBytes({ via }), received);
        const { target, message } = only(r.transport.take());
        assert.deepEqual([target.address, target.port, target.transport], [address, port, 'UDP']);
        // RFC 3581 §4: from the address and port at which the request was received.
        assert.equal(target.local, received.local);
        assert.equal(message.header('via'), answered);
      }
    });
  }

  test('RFC 3261 §18.2.2: over TLS the default port of sent-by is 5061', () => {
    for (const [transport, port] of [
      ['TLS', 5061],
      ['WSS', 5061],
      ['TCP', 5060],
      ['WS', 5060],
    ] as const) {
      const r = newRig();
      r.user.answer = (transaction) => transaction.respond(200);
      r.layer.receive(
        requestBytes({ via: `${transport} ${PEER};branch=z9hG4bK1` }),
        source(transport, 40_000),
      );
      assert.equal(only(r.transport.take()).target.port, port);
    }
  });

  test('rport in other spellings, and where it only seems to be', () => {
    const asks: readonly (readonly [string, boolean])[] = [
      [';RPORT;branch=z9hG4bK1', true],
      [' ; rport ;branch=z9hG4bK1', true],
      [';rport=1;branch=z9hG4bK1', true],
      [';branch=z9hG4bK1;rport, SIP/2.0/UDP 192.0.2.8;branch=z9hG4bK2', true],
      [';branch=z9hG4bK1, SIP/2.0/UDP 192.0.2.8;rport;branch=z9hG4bK2', false],
      [';branch=z9hG4bK1;x=";rport"', false],
      [';branch=z9hG4bK1;rports=2', false],
      [';branch=z9hG4bKrport', false],
    ];
    for (const [params, asked] of asks) {
      const r = newRig();
      r.user.answer = (transaction) => transaction.respond(200);
      r.layer.receive(requestBytes({ via: `UDP ${PEER}${params}` }), source('UDP', 33_333));
      assert.equal(only(r.transport.take()).target.port, asked ? 33_333 : 5060, params);
    }
  });

  test('RFC 3263 §5: when the connection and a new one fail, the backups by sent-by in turn', () => {
    const backup = (port: number) => ({ transport: 'TCP' as const, address: PEER, port });
    const r = newRig({ resolveSentBy: (_request, _source, found) => found([backup(6001), backup(6002)]) });
    r.layer.receive(requestBytes({ via: 'TCP romeo.example.net;branch=z9hG4bK1' }), source('TCP', 40_000));
    transactionOf(r).respond(200);
    for (let i = 0; i < 3; i++) r.transport.sent[i]?.fail(refused());
    assert.equal(r.counters.total('stoxgate_sip_transport_failures_total'), 1);
    assert.deepEqual(
      r.transport.sent.map((sent) => sent.target.port),
      [5060, 6001, 6002],
    );
    assert.deepEqual(r.user.failures, ['transport']);
  });
});

describe('what is no good message', () => {
  test('RFC 5626 §3.5.1: CRLF keep-alives are ignored', () => {
    const r = newRig();
    for (const text of ['', '\r\n', '\r\n\r\n', '\0']) r.layer.receive(Buffer.from(text), source());
    assert.equal(r.counters.total('stoxgate_sip_keep_alives_total'), 4);
    assert.equal(r.counters.total('stoxgate_sip_malformed_total'), 0);
    for (const text of ['x', '\r\nx', 'abcd']) r.layer.receive(Buffer.from(text), source());
    assert.equal(r.counters.total('stoxgate_sip_malformed_total'), 3);
    assert.equal(r.transport.sent.length, 0);
  });

  test('RFC 3261 §8.2.7: a malformed request gets 400 without state, with the same tag each time', () => {
    const r = newRig();
    const bytes = Buffer.from(
      requestBytes().toString().length === 0
        ? ''
        : Buffer.from(requestBytes()).toString().replace('CSeq: 1 MESSAGE', 'CSeq: 1 INFO'),
    );
    r.layer.receive(bytes, source('UDP', 5099));
    r.layer.receive(bytes, source('UDP', 5099));
    assert.deepEqual(r.transport.statuses(), [400, 400]);
    assert.equal(r.transport.sent[0]?.text, r.transport.sent[1]?.text);
    assert.equal(r.transport.sent[0]?.target.port, 5060);
    assert.deepEqual(r.layer.pending, { client: 0, server: 0, completed: 0 });
    assert.equal(r.counters.total('stoxgate_sip_malformed_total'), 2);
    assert.equal(r.user.requests.length, 0);
  });

  test('RFC 3581 §4: also a malformed request with rport is answered to its source port', () => {
    const r = newRig();
    const text = Buffer.from(requestBytes({ via: `UDP ${PEER};rport;branch=z9hG4bK1` })).toString();
    r.layer.receive(Buffer.from(text.replace('Call-ID: c1\r\n', '')), source('UDP', 40_001));
    assert.equal(only(r.transport.take()).target.port, 40_001);
  });

  test('RFC 3261 §17.1.1.3: a malformed ACK, and a malformed response, are never answered', () => {
    const r = newRig();
    const ack = Buffer.from(requestBytes({ method: 'ACK' }))
      .toString()
      .replace('CSeq: 1 ACK', 'CSeq: ACK');
    r.layer.receive(Buffer.from(ack), source());
    r.layer.receive(Buffer.from('SIP/2.0 200 OK\r\nVia: nonsense\r\n\r\n'), source());
    assert.equal(r.transport.sent.length, 0);
    assert.equal(r.counters.total('stoxgate_sip_malformed_total'), 2);
  });

  test('answers to malformed requests have a bounded rate', () => {
    const r = newRig({ limits: { rejectionsPerSecond: 10 } });
    const bytes = Buffer.from(Buffer.from(requestBytes()).toString().replace('CSeq: 1', 'CSeq: x'));
    for (let i = 0; i < 50; i++) r.layer.receive(bytes, source());
    assert.equal(r.transport.sent.length, 10);
    r.time.advance(1000);
    for (let i = 0; i < 50; i++) r.layer.receive(bytes, source());
    assert.equal(r.transport.sent.length, 20);
    assert.equal(r.counters.total('stoxgate_sip_malformed_total'), 100);
    assert.match(r.counters.text(), /stoxgate_sip_stateless_rejections_total\{result="sent"\} 20\n/);
    assert.match(r.counters.text(), /stoxgate_sip_stateless_rejections_total\{result="suppressed"\} 80\n/);
  });
});

describe('answers to those who are not believed (RFC 3261 §8.2.7)', () => {
  const refusing = (status: number) => {
    const r = newRig({
      limits: { rejectionsPerSecond: 30, challengesPerSecond: 60, refusalsPerAddress: 10 },
    });
    r.user.refusal = { status, reason: 'Not you', headers: [rawHeaderField('X-Why', 'because')] };
    let serial = 0;
    const flood = (count: number, from: string): number => {
      const before = r.transport.sent.length;
      for (let i = 0; i < count; i++) {
        const via = `UDP ${PEER};branch=z9hG4bK${++serial}`;
        r.layer.receive(requestBytes({ via, callId: `c${serial}` }), { ...source(), remoteAddress: from });
      }
      return r.transport.sent.length - before;
    };
    return { r, flood };
  };

  test('with the phrase and the fields of the refusal, and no transaction', () => {
    const { r, flood } = refusing(403);
    assert.equal(flood(1, '192.0.2.7'), 1);
    const [sent] = r.transport.sent;
    assert.match(sent?.text ?? '', /^SIP\/2\.0 403 Not you\r\n[^]*\r\nX-Why: because\r\n/);
    assert.deepEqual(r.layer.pending, { client: 0, server: 0, completed: 0 });
  });

  test('one address has its own rate, twice as many at once, whatever it is told', () => {
    for (const status of [403, 401]) {
      const { r, flood } = refusing(status);
      assert.equal(flood(500, '192.0.2.7'), 20);
      assert.equal(flood(5, '192.0.2.8'), 5, 'somebody else is answered');
      r.time.advance(1000);
      assert.equal(flood(500, '192.0.2.7'), 10);
    }
  });

  test('all together: challenges at a rate of their own', () => {
    for (const [status, rate] of [
      [403, 30],
      [401, 60],
    ] as const) {
      const { flood } = refusing(status);
      let sent = 0;
      for (let i = 0; i < 100; i++) sent += flood(1, `192.0.2.${i}`);
      assert.equal(sent, rate);
    }
  });
});

describe('limits', () => {
  test('what cannot be remembered is refused before it is done: 503 without state or Retry-After', () => {
    const r = newRig({ limits: { maxServerTransactions: 256 } });
    for (let i = 0; i < 300; i++) {
      r.layer.receive(requestBytes({ via: `UDP ${PEER};branch=z9hG4bK${i}`, callId: `c${i}` }), source());
    }
    assert.equal(r.user.requests.length, 256);
    assert.deepEqual(new Set(r.transport.statuses()), new Set([503]));
    assert.equal(r.transport.sent.length, 44);
    assert.equal(r.counters.total('stoxgate_sip_overload_total'), 44);
    for (const transaction of r.user.requests) transaction.respond(200);
    assert.equal(r.layer.pending.completed, 256);
    r.time.advance(33_000);
    r.layer.receive(requestBytes(), source());
    assert.equal(r.user.requests.length, 257);
    transactionOf(r).respond(200);
  });

  test('requests without an answer have a bound of their own', () => {
    const r = newRig({ limits: { maxPendingServerTransactions: 10 } });
    for (let i = 0; i < 12; i++) {
      r.layer.receive(requestBytes({ via: `UDP ${PEER};branch=z9hG4bK${i}`, callId: `c${i}` }), source());
    }
    assert.equal(r.user.requests.length, 10);
    assert.deepEqual(r.transport.statuses(), [503, 503]);
    for (const transaction of r.user.requests) transaction.respond(200);
    r.layer.receive(requestBytes({ via: `UDP ${PEER};branch=z9hG4bKnew`, callId: 'new' }), source());
    assert.equal(r.user.requests.length, 11);
    transactionOf(r).respond(200);
  });

  test('what happened is counted', () => {
    const r = newRig();
    r.layer.receive(requestBytes(), source());
    r.layer.receive(requestBytes(), source());
    transactionOf(r).respond(200);
    r.layer.receive(requestBytes(), source());
    r.transport.sent[0]?.fail(refused());
    r.transport.sent[1]?.fail(refused());
    assert.equal(r.counters.total('stoxgate_sip_transactions_total'), 1);
    assert.equal(r.counters.total('stoxgate_sip_absorbed_total'), 2);
    assert.equal(r.counters.total('stoxgate_sip_transport_failures_total'), 2);
  });

  test('stop: no timers, nothing pending, nothing answered', () => {
    const r = newRig();
    r.layer.receive(requestBytes(), source());
    transactionOf(r).respond(200);
    r.layer.receive(requestBytes({ via: `UDP ${PEER};branch=z9hG4bK2`, callId: 'c2' }), source());
    r.layer.receive(
      requestBytes({ method: 'INVITE', via: `UDP ${PEER};branch=z9hG4bK3`, callId: 'c3' }),
      source(),
    );
    r.layer.stop();
    assert.deepEqual(r.layer.pending, { client: 0, server: 0, completed: 0 });
    assert.equal(r.time.timers.size, 0);
    open = [];
    for (const transaction of r.user.requests) transaction.respond(200);
    assert.equal(r.counters.total('stoxgate_sip_unexpected_events_total'), 2);
    assert.equal(r.transport.sent.length, 1);
    assert.equal(parsed(r.transport.sent[0]?.bytes ?? new Uint8Array()).kind, 'response');
    assert.notEqual(US, PEER);
  });
});
