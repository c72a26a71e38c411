import { test, describe } from 'node:test';
import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { once } from 'node:events';
import { Counters, StoxgateError, VirtualTime, silentLog } from '../../../src/base/index.ts';
import { StreamCarrier } from '../../../src/edge/sip/stream-carrier.ts';
import { pause } from '../../peers/wait.ts';
import { EdgeRig, RawClient, bytes, hasIpv6Loopback, message, portOf, tcp, udp, until } from './edge-rig.ts';

const noIpv6 = hasIpv6Loopback ? false : 'this machine has no ::1';

function code(error: Error | undefined): string | undefined {
  return error instanceof StoxgateError ? error.code : undefined;
}

/** A TCP server that accepts and does nothing else. */
async function rawServer(onSocket: (socket: Socket) => void = () => {}) {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    sockets.push(socket);
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    sockets,
    target: { transport: 'TCP' as const, address: '127.0.0.1', port: portOf(server.address()) },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('SIP over TCP: receiving', () => {
  for (const [address, skip] of [
    ['127.0.0.1', false],
    ['::1', noIpv6],
  ] as const) {
    test(
      `RFC 3261 §18.2.2: the response goes back on the connection of the request, ${address}`,
      { skip },
      async () => {
        const rig = await EdgeRig.start([tcp(address)]);
        const client = await RawClient.connect(rig.target('TCP'));
        rig.onMessage = ({ source }) =>
          rig.edge.send(bytes('SIP/2.0 200 OK\r\n\r\n'), {
            transport: 'TCP',
            address: source.remoteAddress,
            port: 5060,
            connectionId: source.connectionId,
          });
        client.socket.write(message());
        await until(() => client.text !== '');
        assert.equal(client.text, 'SIP/2.0 200 OK\r\n\r\n');
        const [received] = rig.received;
        assert.equal(received?.text, message());
        assert.deepEqual(received?.source, {
          transport: 'TCP',
          reliable: true,
          remoteAddress: address,
          remotePort: client.socket.localPort,
          local: rig.endpoint('TCP'),
          connectionId: 1,
        });
        client.socket.destroy();
        await until(() => rig.closed.length === 1);
        await rig.stop();
      },
    );
  }

  test('RFC 3261 §7.5: messages octet by octet, several in one segment, cut anywhere', async () => {
    const rig = await EdgeRig.start([tcp()]);
    const client = await RawClient.connect(rig.target('TCP'));
    const [one, two, three] = [message('one', '1'), message('two\r\n\r\n', '2'), message('', '3')];
    for (const char of one) {
      client.socket.write(bytes(char));
      await pause(0);
    }
    client.socket.write(bytes(two + three + one.slice(0, 100)));
    await until(() => rig.received.length === 3);
    client.socket.write(bytes(one.slice(100)));
    await until(() => rig.received.length === 4);
    assert.deepEqual(
      rig.received.map(({ text }) => text),
      [one, two, three, one],
    );
    client.socket.destroy();
    await rig.stop();
  });

  test('RFC 5626 §3.5.1: a double CRLF is answered with one; a single one is not', async () => {
    const rig = await EdgeRig.start([tcp()]);
    const client = await RawClient.connect(rig.target('TCP'));
    client.socket.write('\r\n\r\n');
    await until(() => client.text !== '');
    client.socket.write(`${message()}\r\n`);
    client.socket.write(message());
    await until(() => rig.received.length === 2);
    assert.equal(client.text, '\r\n');
    client.socket.destroy();
    await rig.stop();
  });

  test('RFC 3261 §18.3: a broken stream: its head goes up, may be answered, and the connection closes', async () => {
    const rig = await EdgeRig.start([tcp()]);
    const client = await RawClient.connect(rig.target('TCP'));
    rig.onMessage = ({ source }) =>
      rig.edge.send(bytes('SIP/2.0 400 Missing Content-Length\r\n\r\n'), {
        transport: 'TCP',
        address: source.remoteAddress,
        port: source.remotePort,
        connectionId: source.connectionId,
      });
    client.socket.write(message().replace(/Content-Length.*\r\n/, ''));
    client.socket.write(message());
    await until(() => client.text.startsWith('SIP/2.0 400'));
    assert.equal(rig.received.length, 1);
    assert.equal(client.closed, false);
    rig.time.advance(2000);
    await until(() => client.closed);
    await until(() => rig.closed.length === 1);
    assert.equal(code(rig.closed[0]?.error), 'ERR_SIP_TRANSPORT_CLOSED');
    await rig.stop();
  });

  test('a message must be whole within 32 s of its first octet, however slowly it drips', async () => {
    const rig = await EdgeRig.start([tcp()]);
    const client = await RawClient.connect(rig.target('TCP'));
    client.socket.write(message());
    await until(() => rig.received.length === 1);
    rig.time.advance(100_000);
    assert.equal(client.closed, false);
    for (let second = 0; second < 34 && !client.closed; second++) {
      client.socket.write('M');
      await pause(3);
      rig.time.advance(1000);
    }
    await until(() => client.closed);
    assert.equal(code(rig.closed[0]?.error), 'ERR_SIP_TRANSPORT_CLOSED');
    await rig.stop();
  });

  test('whole messages in a row never run into that time', async () => {
    const rig = await EdgeRig.start([tcp()]);
    const client = await RawClient.connect(rig.target('TCP'));
    // Each segment ends inside of the next message, so that something is always incomplete.
    const text = message();
    client.socket.write(text.slice(0, 50));
    for (let i = 1; i <= 5; i++) {
      client.socket.write(text.slice(50) + text.slice(0, 50));
      await until(() => rig.received.length === i);
      rig.time.advance(20_000);
    }
    assert.equal(client.closed, false);
    client.socket.destroy();
    await rig.stop();
  });

  test('who connects and says nothing is closed after 32 s; who pings stays for 10 minutes', async () => {
    const rig = await EdgeRig.start([tcp()]);
    const silent = await RawClient.connect(rig.target('TCP'));
    const pinging = await RawClient.connect(rig.target('TCP'));
    pinging.socket.write('\r\n\r\n');
    await until(() => pinging.text !== '' && rig.edge.connectionCount === 2);
    rig.time.advance(33_000);
    await until(() => silent.closed);
    assert.equal(pinging.closed, false);
    rig.time.advance(566_000);
    await pause(20);
    assert.equal(pinging.closed, false);
    rig.time.advance(2000);
    await until(() => pinging.closed);
    await rig.stop();
  });

  test('a peer that has sent its last request still gets the response', async () => {
    const rig = await EdgeRig.start([tcp()]);
    const client = await RawClient.connect(rig.target('TCP'));
    client.socket.end(message());
    await until(() => rig.received.length === 1);
    await pause(20);
    const source = rig.received[0]?.source;
    assert.ok(source !== undefined);
    const target = { ...rig.target('TCP'), connectionId: source.connectionId };
    rig.edge.send(bytes('SIP/2.0 100 Trying\r\n\r\n'), target);
    rig.edge.send(bytes('SIP/2.0 200 OK\r\n\r\n'), target);
    // With the last response that is owed the connection ends.
    await until(() => client.closed);
    assert.equal(client.text, 'SIP/2.0 100 Trying\r\n\r\nSIP/2.0 200 OK\r\n\r\n');
    await rig.stop();
  });

  test('of a peer that is gone nothing is kept', async () => {
    const time = new VirtualTime();
    const env = { clock: time, timers: time.timers, log: silentLog, counters: new Counters() };
    const carrier = new StreamCarrier([tcp()], env, { message: () => {}, closed: () => {} }, []);
    await carrier.start();
    const [endpoint] = carrier.endpoints;
    assert.ok(endpoint !== undefined);
    const clients = [await RawClient.connect(endpoint), await RawClient.connect(endpoint)];
    await until(() => carrier.connectionCount === 2);
    assert.equal(carrier.inboundPeerCount, 1);
    for (const client of clients) client.socket.destroy();
    await until(() => carrier.connectionCount === 0);
    assert.equal(carrier.inboundPeerCount, 0);
    await carrier.stop();
    assert.equal(time.timers.size, 0);
  });

  test('no more connections of one peer, and of all, than the limits', async () => {
    for (const limits of [{ maxPerPeer: 2 }, { maxConnections: 2 }]) {
      const rig = await EdgeRig.start([tcp()], { limits });
      const clients: RawClient[] = [];
      for (let i = 0; i < 3; i++) clients.push(await RawClient.connect(rig.target('TCP')));
      await until(() => clients[2]?.closed === true);
      assert.equal(rig.edge.connectionCount, 2);
      clients[0]?.socket.destroy();
      await until(() => rig.edge.connectionCount === 1);
      const next = await RawClient.connect(rig.target('TCP'));
      next.socket.write(message());
      await until(() => rig.received.length === 1);
      for (const client of [...clients, next]) client.socket.destroy();
      await rig.stop();
    }
  });
});

describe('SIP over TCP: sending', () => {
  test('RFC 3261 §18.1.1: one connection for all messages to an address and port; sent-by is the listener', async () => {
    const [left, right] = [await EdgeRig.start([tcp()]), await EdgeRig.start([tcp()])];
    const target = right.target('TCP');
    assert.equal(left.edge.localFor(target), left.endpoint('TCP'));
    for (let i = 0; i < 10; i++) left.edge.send(bytes(message(String(i))), target);
    await until(() => right.received.length === 10);
    assert.deepEqual(
      right.received.map(({ text }) => text.at(-1)),
      Array.from('0123456789'),
    );
    assert.equal(left.edge.connectionCount, 1);
    // Responses come back on it.
    const source = right.received[0]?.source;
    assert.ok(source !== undefined && source.remotePort !== left.endpoint('TCP').port);
    right.edge.send(bytes(message('response')), { ...left.target('TCP'), connectionId: source.connectionId });
    await until(() => left.received.length === 1);
    assert.equal(left.received[0]?.source.local, left.endpoint('TCP'));
    assert.equal(right.edge.connectionCount, 1);
    await Promise.all([left.stop(), right.stop()]);
  });

  test('RFC 5923 §5: a request never goes on a connection that the peer opened', async () => {
    const [left, right] = [await EdgeRig.start([tcp()]), await EdgeRig.start([tcp()])];
    left.edge.send(bytes(message()), right.target('TCP'));
    await until(() => right.received.length === 1);
    const source = right.received[0]?.source;
    assert.ok(source !== undefined);
    // To the very address and ephemeral port of the peer: a new connection is tried, and refused.
    const failures: Error[] = [];
    right.edge.send(
      bytes(message()),
      { transport: 'TCP', address: source.remoteAddress, port: source.remotePort },
      (error) => failures.push(error),
    );
    await until(() => failures.length === 1);
    assert.equal(left.received.length, 0);
    right.edge.send(bytes(message()), left.target('TCP'));
    await until(() => left.received.length === 1);
    assert.equal(right.edge.connectionCount, 2);
    await Promise.all([left.stop(), right.stop()]);
  });

  test('RFC 3261 §18.2.2: a response whose connection is gone goes to address and port on a new one', async () => {
    const rig = await EdgeRig.start([tcp()]);
    const other = await EdgeRig.start([tcp()]);
    rig.edge.send(bytes(message('response')), { ...other.target('TCP'), connectionId: 999 });
    await until(() => other.received.length === 1);
    await Promise.all([rig.stop(), other.stop()]);
  });

  test('RFC 3261 §18.1.1: a refused connection fails every message that waits, each once', async () => {
    const rig = await EdgeRig.start([tcp()]);
    const server = await rawServer();
    await server.close();
    const failures: (string | undefined)[] = [];
    for (let i = 0; i < 3; i++) {
      rig.edge.send(bytes(message()), server.target, (error) => failures.push(code(error)));
    }
    rig.edge.send(bytes(message()), server.target);
    assert.equal(failures.length, 0);
    await until(() => failures.length === 3);
    await until(() => rig.edge.connectionCount === 0);
    assert.deepEqual(failures, Array(3).fill('ERR_SIP_TRANSPORT_REFUSED'));
    assert.equal(code(rig.closed[0]?.error), 'ERR_SIP_TRANSPORT_REFUSED');
    await rig.stop();
  });

  test('a connection that does not open within 4 s fails what waits', async () => {
    const rig = await EdgeRig.start([tcp()]);
    const server = createServer();
    // A full accept queue: the kernel leaves further SYNs without an answer.
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 });
    await once(server, 'listening');
    const target = { transport: 'TCP' as const, address: '127.0.0.1', port: portOf(server.address()) };
    const failures: Error[] = [];
    rig.edge.send(bytes(message()), target, (error) => failures.push(error));
    // Before the event loop lets the connection come up, time has passed.
    rig.time.advance(5000);
    await until(() => failures.length === 1);
    assert.equal(code(failures[0]), 'ERR_SIP_TRANSPORT_TIMEOUT');
    server.close();
    await rig.stop();
  });

  test('a peer that never reads: what is above the limit fails at once, and after 32 s all of it', async () => {
    const rig = await EdgeRig.start([tcp()], { limits: { maxQueuedBytes: 200_000 } });
    const server = await rawServer((socket) => socket.pause());
    const block = bytes(message('x'.repeat(50_000)));
    const failures: (string | undefined)[] = [];
    const send = () => rig.edge.send(block, server.target, (error) => failures.push(code(error)));
    send();
    await until(() => server.sockets.length === 1);
    for (let i = 0; i < 400 && failures.length === 0; i++) {
      send();
      await pause(1);
    }
    assert.equal(failures[0], 'ERR_SIP_TRANSPORT_QUEUE');
    const before = failures.length;
    rig.time.advance(34_000);
    await until(() => rig.edge.connectionCount === 0);
    assert.ok(failures.length > before);
    assert.equal(failures.at(-1), 'ERR_SIP_TRANSPORT_CLOSED');
    await server.close();
    await rig.stop();
  });

  test('a peer that reads again in time keeps its connection', async () => {
    const rig = await EdgeRig.start([tcp()], { limits: { maxQueuedBytes: 20_000_000 } });
    const server = await rawServer((socket) => socket.pause());
    for (let i = 0; i < 10; i++) rig.edge.send(Buffer.alloc(1_000_000), server.target);
    await until(() => server.sockets.length === 1);
    await pause(20);
    rig.time.advance(20_000);
    let read = 0;
    server.sockets[0]?.on('data', (chunk) => {
      read += chunk.length;
    });
    server.sockets[0]?.resume();
    await until(() => read === 10_000_000);
    await pause(20);
    rig.time.advance(40_000);
    await pause(20);
    assert.equal(rig.edge.connectionCount, 1);
    await server.close();
    await rig.stop();
  });

  test('RFC 5626 §3.5.1: who opened the connection does not answer a double CRLF', async () => {
    const rig = await EdgeRig.start([tcp()]);
    let text = '';
    const server = await rawServer((socket) => {
      socket.on('data', (chunk) => {
        text += chunk.toString();
      });
    });
    rig.edge.send(bytes(message('one')), server.target);
    await until(() => text !== '');
    server.sockets[0]?.write('\r\n\r\n');
    server.sockets[0]?.write(message('response'));
    await until(() => rig.received.length === 1);
    rig.edge.send(bytes(message('two')), server.target);
    await until(() => text.endsWith('two'));
    assert.equal(text, message('one') + message('two'));
    await server.close();
    await rig.stop();
  });

  test('connections leave from the address of their listener, by which the peer knows us', async () => {
    const rig = await EdgeRig.start([tcp('127.0.0.2')]);
    const server = await rawServer();
    rig.edge.send(bytes(message()), server.target);
    await until(() => server.sockets.length === 1);
    assert.equal(server.sockets[0]?.remoteAddress, '127.0.0.2');
    await server.close();
    await rig.stop();
  });

  test('a peer that resets the connection: those above are told, the next message opens a new one', async () => {
    const rig = await EdgeRig.start([tcp()]);
    const server = await rawServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
    rig.edge.send(bytes(message()), server.target);
    await until(() => rig.closed.length === 1);
    assert.equal(code(rig.closed[0]?.error), 'ERR_SIP_TRANSPORT_CLOSED');
    rig.edge.send(bytes(message()), server.target);
    await until(() => server.sockets.length === 2);
    await server.close();
    await rig.stop();
  });

  test('RFC 3261 §18.2.2: a peer that asks on our connection and closes its half gets the response, by a new one if need be', async () => {
    const rig = await EdgeRig.start([tcp()]);
    let read = '';
    const server = await rawServer((socket) => {
      socket.on('data', (chunk) => {
        if (read === '') socket.end(message('asked back'));
        read += chunk.toString('latin1');
      });
    });
    // The end of its half is seen before the response is known.
    rig.onMessage = ({ source }) =>
      setTimeout(() => {
        rig.edge.send(bytes('SIP/2.0 200 OK\r\n\r\n'), {
          transport: 'TCP',
          address: source.remoteAddress,
          port: source.remotePort,
          connectionId: source.connectionId,
        });
      }, 30);
    rig.edge.send(bytes(message()), server.target);
    await until(() => read.endsWith('SIP/2.0 200 OK\r\n\r\n'));
    await server.close();
    await rig.stop();
  });

  test('a peer that closes: no request is written to what it will not read', async () => {
    const rig = await EdgeRig.start([tcp()]);
    const server = await rawServer((socket) => socket.once('data', () => socket.end()));
    rig.edge.send(bytes(message()), server.target);
    await until(() => rig.closed.length === 1);
    assert.equal(rig.closed[0]?.error, undefined);
    rig.edge.send(bytes(message()), server.target);
    await until(() => server.sockets.length === 2);
    await server.close();
    await rig.stop();
  });

  test('an idle connection is closed after 10 minutes', async () => {
    const [left, right] = [await EdgeRig.start([tcp()]), await EdgeRig.start([tcp()])];
    left.edge.send(bytes(message()), right.target('TCP'));
    await until(() => right.received.length === 1);
    // In steps, so that the other side can answer pings.
    const pass = async (seconds: number) => {
      for (let i = 0; i < seconds; i += 9) {
        left.time.advance(Math.min(9, seconds - i) * 1000);
        await pause(2);
      }
    };
    await pass(599);
    left.edge.send(bytes(message()), right.target('TCP'));
    await until(() => right.received.length === 2);
    await pass(599);
    await pause(20);
    assert.equal(left.edge.connectionCount, 1);
    left.time.advance(2000);
    await until(() => left.edge.connectionCount === 0);
    // The other side owes two responses, and waits for 32 s whether somebody will read them.
    await pause(20);
    assert.equal(right.edge.connectionCount, 1);
    right.time.advance(33_000);
    await until(() => right.edge.connectionCount === 0);
    await Promise.all([left.stop(), right.stop()]);
  });

  test('no more connections of our own than the limit', async () => {
    const rig = await EdgeRig.start([tcp()], { limits: { maxConnections: 1 } });
    const [first, second] = [await rawServer(), await rawServer()];
    const failures: Error[] = [];
    rig.edge.send(bytes(message()), first.target, (error) => failures.push(error));
    rig.edge.send(bytes(message()), second.target, (error) => failures.push(error));
    await until(() => failures.length === 1);
    assert.equal(code(failures[0]), 'ERR_SIP_TRANSPORT_CONNECTIONS');
    await Promise.all([first.close(), second.close()]);
    await rig.stop();
  });

  test('a port that cannot be', async () => {
    const rig = await EdgeRig.start([tcp()]);
    const failures: (string | undefined)[] = [];
    for (const port of [0, 65_536, -1]) {
      const target = { transport: 'TCP' as const, address: '127.0.0.1', port };
      rig.edge.send(bytes('x'), target, (error) => failures.push(code(error)));
    }
    await until(() => failures.length === 3);
    for (const failure of failures) assert.match(String(failure), /^ERR_SIP_TRANSPORT_(CONNECT|REFUSED)$/);
    await until(() => rig.edge.connectionCount === 0);
    await rig.stop();
  });

  test('once stop has begun nothing comes in any more', async () => {
    const rig = await EdgeRig.start([tcp()]);
    const socket = connect({ ...rig.target('TCP'), host: '127.0.0.1', allowHalfOpen: true });
    socket.write(message());
    await until(() => rig.received.length === 1);
    const stopped = rig.stop();
    socket.write(message());
    await pause(50);
    socket.end(message());
    await stopped;
    assert.equal(rig.received.length, 1);
    socket.destroy();
  });

  test('stop lets what was written leave, closes those who do not read, and nothing is left', async () => {
    const rig = await EdgeRig.start([tcp(), udp()]);
    const reading = await RawClient.connect(rig.target('TCP'));
    const deaf = await rawServer((socket) => socket.pause());
    reading.socket.write(message());
    await until(() => rig.received.length === 1);
    const connectionId = rig.received[0]?.source.connectionId;
    const failures: Error[] = [];
    for (let i = 0; i < 20; i++) {
      rig.edge.send(Buffer.alloc(50_000), deaf.target, (error) => failures.push(error));
    }
    await until(() => deaf.sockets.length === 1);
    rig.edge.send(Buffer.alloc(300_000, 0x61), { ...rig.target('TCP'), connectionId });
    await rig.stop();
    await until(() => reading.closed || reading.ended);
    assert.equal(reading.text.length, 300_000);
    await deaf.close();
    reading.socket.destroy();
    // Who waits for an answer is told that none will come. After the stop nothing is sent any more.
    await until(() => failures.length === 20);
    rig.edge.send(bytes('x'), { transport: 'TCP', address: '127.0.0.1', port: 5060 }, (error) =>
      failures.push(error),
    );
    await until(() => failures.length === 21);
    assert.equal(code(failures.at(-1)), 'ERR_SIP_TRANSPORT_NONE');
  });
});
