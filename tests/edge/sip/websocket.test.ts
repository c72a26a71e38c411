// SIP over WebSocket at the edge: RFC 7118, RFC 6455.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { StoxgateError } from '../../../src/base/index.ts';
import type { SipEdgeEnv } from '../../../src/edge/sip/index.ts';
import { pause } from '../../peers/wait.ts';
import { pemFiles, TestCa } from '../../peers/test-ca.ts';
import { EdgeRig, bytes, listener, message, until } from './edge-rig.ts';
import { certificates } from './tls-rig.ts';

const ca = new TestCa();
after(() => ca.remove());
const own = ca.make({ names: ['DNS:localhost', 'IP:127.0.0.1'] });

const start = (transport: 'WS' | 'WSS', options: Partial<SipEdgeEnv> = {}): Promise<EdgeRig> =>
  EdgeRig.start([listener(transport)], { certificates: certificates(pemFiles(own)), ...options });

interface ClientOptions {
  readonly protocols?: readonly string[];
  readonly origin?: string;
}

function client(rig: EdgeRig, transport: 'WS' | 'WSS', { protocols = ['sip'], origin }: ClientOptions = {}) {
  const url = `${transport.toLowerCase()}://127.0.0.1:${rig.endpoint(transport).port}`;
  const socket = new WebSocket(url, [...protocols], {
    ...(origin === undefined ? {} : { origin }),
    ca: pemFiles(own).ca?.text,
  });
  const seen: { text: string; binary: boolean }[] = [];
  const state = { closed: false, status: 0, code: 0 };
  socket.on('message', (data, binary) => {
    if (data instanceof Buffer) seen.push({ text: data.toString('latin1'), binary });
  });
  socket.on('error', () => {});
  socket.on('close', (code) => {
    state.closed = true;
    state.code = code;
  });
  socket.on('unexpected-response', (_request, response) => {
    state.status = response.statusCode ?? 0;
    state.closed = true;
    response.resume();
  });
  return { socket, seen, state };
}

const request = (host = 'df7jal23ls0d.invalid', body = 'hello', transport = 'WS') =>
  message(body).replace('SIP/2.0/TCP peer.example', `SIP/2.0/${transport} ${host}`);

for (const transport of ['WS', 'WSS'] as const) {
  test(`RFC 7118 §4: a request in a frame, the answer in a frame, over ${transport}`, async () => {
    const rig = await start(transport);
    rig.onMessage = ({ source }) =>
      rig.edge.send(bytes('SIP/2.0 200 OK\r\n\r\n'), {
        transport,
        address: source.remoteAddress,
        port: 1,
        connectionId: source.connectionId,
      });
    const { socket, seen } = client(rig, transport);
    await once(socket, 'open');
    assert.equal(socket.protocol, 'sip');
    socket.send(request());
    socket.send(bytes(request('df7jal23ls0d.invalid', 'binary')));
    await until(() => seen.length === 2);
    assert.deepEqual(seen[0], { text: 'SIP/2.0 200 OK\r\n\r\n', binary: false });
    assert.deepEqual(
      rig.received.map(({ text, source }) => [text.split('\r\n').at(-1), source.transport, source.reliable]),
      [
        ['hello', transport, true],
        ['binary', transport, true],
      ],
    );
    socket.close();
    await until(() => rig.closed.length === 1);
    await rig.stop();
  });
}

test('the client of the platform, as a browser has it', async () => {
  const rig = await start('WS');
  const socket = new globalThis.WebSocket(`ws://127.0.0.1:${rig.endpoint('WS').port}`, 'sip');
  await once(socket, 'open');
  socket.send(request());
  await until(() => rig.received.length === 1);
  socket.close();
  await until(() => rig.edge.connectionCount === 0);
  await rig.stop();
});

describe('RFC 7118 §5: a host under ".invalid" is where its connection is', () => {
  const target = (rig: EdgeRig, host: string) => {
    const flow = rig.edge.flowOf(host);
    assert.ok(flow !== undefined, `no flow to ${host}`);
    return flow;
  };
  test('requests go there while it is open, and nowhere afterwards', async () => {
    const rig = await start('WS');
    const { socket, seen } = client(rig, 'WS');
    await once(socket, 'open');
    socket.send(request('AbC.invalid'));
    await until(() => rig.received.length === 1);
    const flow = target(rig, 'abc.invalid');
    assert.equal(rig.edge.localFor(flow), rig.endpoint('WS'));
    rig.edge.send(bytes(message('to the client')), flow);
    await until(() => seen.length === 1);
    assert.match(seen[0]?.text ?? '', /to the client$/);
    socket.close();
    await until(() => rig.edge.connectionCount === 0);
    assert.equal(rig.edge.flowOf('abc.invalid'), undefined);
    const failures: Error[] = [];
    rig.edge.send(bytes(message()), flow, (error) => failures.push(error));
    await until(() => failures.length === 1);
    assert.equal(failures[0] instanceof StoxgateError && failures[0].code, 'ERR_SIP_TRANSPORT_CLOSED');
    await rig.stop();
  });
  test('nobody takes the name of somebody who is connected', async () => {
    const rig = await start('WS');
    const [one, two] = [client(rig, 'WS'), client(rig, 'WS')];
    await Promise.all([once(one.socket, 'open'), once(two.socket, 'open')]);
    one.socket.send(request('same.invalid'));
    await until(() => rig.received.length === 1);
    two.socket.send(request('same.invalid'));
    await until(() => rig.received.length === 2);
    rig.edge.send(bytes(message()), target(rig, 'same.invalid'));
    await until(() => one.seen.length === 1);
    assert.equal(two.seen.length, 0);
    one.socket.close();
    two.socket.close();
    await until(() => rig.edge.connectionCount === 0);
    await rig.stop();
  });
  test('other hosts are no names of connections', async () => {
    const rig = await start('WS');
    const { socket } = client(rig, 'WS');
    await once(socket, 'open');
    socket.send(request('victim.example'));
    await until(() => rig.received.length === 1);
    assert.equal(rig.edge.flowOf('victim.example'), undefined);
    socket.close();
    await until(() => rig.edge.connectionCount === 0);
    await rig.stop();
  });
  test('the gateway does not look for servers over WebSocket', async () => {
    const rig = await start('WS');
    assert.equal(rig.edge.support.has('WS'), false);
    await rig.stop();
  });
});

describe('who may connect', () => {
  const cases: [string, ClientOptions, readonly string[], number][] = [
    ['RFC 7118 §4.1: without the subprotocol', { protocols: [] }, [], 400],
    ['RFC 7118 §4.1: with others only', { protocols: ['xmpp', 'msrp'] }, [], 400],
    ['RFC 6455 §10.2: a web page, when none is named', { origin: 'https://evil.example' }, [], 403],
    ['a web page that is not named', { origin: 'https://evil.example' }, ['https://phone.example'], 403],
    ['the same host over another scheme', { origin: 'http://phone.example' }, ['https://phone.example'], 403],
    ['a page without an origin of its own', { origin: 'null' }, ['https://phone.example'], 403],
    ['a web page that is named', { origin: 'https://phone.example' }, ['https://phone.example'], 101],
    ['any web page, by the operator’s will', { origin: 'https://evil.example' }, ['*'], 101],
    ['a client that is no web page', {}, [], 101],
    ['several subprotocols', { protocols: ['x', 'sip'] }, [], 101],
  ];
  for (const [what, options, origins, status] of cases) {
    test(what, async () => {
      const rig = await start('WS', { origins: () => origins });
      const { socket, state } = client(rig, 'WS', options);
      await until(() => state.closed || socket.readyState === socket.OPEN);
      assert.equal(state.closed ? state.status : 101, status);
      socket.terminate();
      await until(() => rig.edge.connectionCount === 0);
      await rig.stop();
    });
  }
  test('plain HTTP is told so', async () => {
    const rig = await start('WS');
    const response = await fetch(`http://127.0.0.1:${rig.endpoint('WS').port}/`);
    assert.equal(response.status, 426);
    await response.text();
    await until(() => rig.edge.connectionCount === 0);
    await rig.stop();
  });
});

describe('frames', () => {
  test('keep-alives are answered and are no messages; an empty frame ends the connection', async () => {
    const rig = await start('WS');
    const { socket, seen, state } = client(rig, 'WS');
    await once(socket, 'open');
    socket.send('\r\n\r\n');
    await until(() => seen.length === 1);
    assert.equal(seen[0]?.text, '\r\n');
    socket.send('\r\n');
    socket.send('');
    await until(() => state.closed);
    assert.deepEqual([state.code, rig.received.length], [1003, 0]);
    await rig.stop();
  });
  test('a frame longer than a message may be ends the connection', async () => {
    const rig = await start('WS');
    const { socket, state } = client(rig, 'WS');
    await once(socket, 'open');
    socket.send('x'.repeat(300_000));
    await until(() => state.closed);
    assert.equal(rig.received.length, 0);
    await until(() => rig.edge.connectionCount === 0);
    await rig.stop();
  });
  test('RFC 6455 §5.6: a body that is not UTF-8 goes in a binary frame', async () => {
    const rig = await start('WS');
    const { socket, seen } = client(rig, 'WS');
    await once(socket, 'open');
    socket.send(request('a.invalid'));
    await until(() => rig.received.length === 1);
    const flow = rig.edge.flowOf('a.invalid');
    assert.ok(flow !== undefined);
    rig.edge.send(bytes(message('caf\xe9')), flow);
    rig.edge.send(Buffer.from(message('café')), flow);
    await until(() => seen.length === 2);
    assert.deepEqual(
      seen.map(({ binary }) => binary),
      [true, false],
    );
    socket.terminate();
    await until(() => rig.edge.connectionCount === 0);
    await rig.stop();
  });
});

describe('silence', () => {
  test('RFC 7118 §6: the gateway pings each 30 s; who does not pong within 10 s is gone', async () => {
    const rig = await start('WS');
    const alive = client(rig, 'WS');
    await once(alive.socket, 'open');
    alive.socket.send(request());
    await until(() => rig.received.length === 1);
    let pings = 0;
    alive.socket.on('ping', () => (pings += 1));
    for (let i = 0; i < 3; i++) {
      for (let second = 0; second < 31; second++) rig.time.advance(1000);
      await until(() => pings === i + 1);
      await pause(10);
    }
    assert.equal(alive.state.closed, false);
    // It stops reading.
    alive.socket.pause();
    for (let second = 0; second < 45; second++) rig.time.advance(1000);
    await until(() => rig.edge.connectionCount === 0);
    assert.match(rig.counters.text(), /transport="WS",what="no-pong"/);
    alive.socket.terminate();
    await rig.stop();
  });
  test('who opens and says nothing is closed after 32 s', async () => {
    const rig = await start('WS');
    const { socket, state } = client(rig, 'WS');
    await once(socket, 'open');
    for (let second = 0; second < 33; second++) {
      rig.time.advance(1000);
      if (second === 30) await pause(20);
    }
    await until(() => state.closed);
    await rig.stop();
  });
  test('handshakes that do not go on are bounded in number and time, for TLS and for HTTP', async () => {
    for (const transport of ['WS', 'WSS'] as const) {
      const rig = await start(transport, { limits: { maxUnprovenPerPeer: 5, handshakeMs: 400 } });
      const { port } = rig.endpoint(transport);
      const sockets: Socket[] = [];
      let closed = 0;
      for (let i = 0; i < 30; i++) {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => {});
        socket.on('close', () => (closed += 1));
        if (transport === 'WS') socket.write('GET / HTTP/1.1\r\nHost: x\r\n');
        sockets.push(socket);
      }
      await until(() => closed === 25);
      assert.equal(rig.edge.connectionCount, 5);
      await until(() => closed === 30);
      await until(() => rig.edge.connectionCount === 0);
      await rig.stop();
    }
  });
});
