// SIP over TLS at the edge: who may be called, who is heard, what a connection may carry. RFC 3261 §26.2, RFC 5922, RFC 5923.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import { StoxgateError } from '../../../src/base/index.ts';
import type { StreamLimits } from '../../../src/edge/sip/index.ts';
import { pause } from '../../peers/wait.ts';
import { pemFiles, TestCa } from '../../peers/test-ca.ts';
import { EdgeRig, RawClient, bytes, listener, message, portOf, until } from './edge-rig.ts';
import { certificates, tlsClient, tlsServer } from './tls-rig.ts';

const ca = new TestCa();
const strangers = new TestCa('Strangers');
after(() => {
  ca.remove();
  strangers.remove();
});
const a = ca.make({ names: ['URI:sip:a.example'] });
const b = ca.make({ names: ['URI:sip:b.example', 'URI:sip:b2.example'] });

const start = (made = a, limits: Partial<StreamLimits> = {}): Promise<EdgeRig> =>
  EdgeRig.start([listener('TLS')], { certificates: certificates(pemFiles(made)), limits });

const code = (error: Error | undefined): string | undefined =>
  error instanceof StoxgateError ? error.code : undefined;

/** The trouble of the transport, by kind. */
const troubles = (rig: EdgeRig, what: string): boolean =>
  rig.counters.text().includes(`transport="TLS",what="${what}"`);

describe('between two gateways', () => {
  test('RFC 5922 §7: each knows the domains of the other; one connection for all; answers come back', async () => {
    const [left, right] = [await start(a), await start(b)];
    const target = { ...right.target('TLS'), names: ['b.example'] };
    for (let i = 0; i < 5; i++) left.edge.send(bytes(message(String(i))), target);
    await until(() => right.received.length === 5);
    assert.equal(left.edge.connectionCount, 1);
    const source = right.received[0]?.source;
    assert.ok(source !== undefined);
    assert.deepEqual(
      [source.transport, source.reliable, source.certifiedDomains],
      ['TLS', true, ['a.example']],
    );
    right.edge.send(bytes(message('back')), { ...left.target('TLS'), connectionId: source.connectionId });
    await until(() => left.received.length === 1);
    assert.deepEqual(left.received[0]?.source.certifiedDomains, ['b.example', 'b2.example']);
    assert.equal(right.edge.connectionCount, 1);
    await Promise.all([left.stop(), right.stop()]);
  });

  test('RFC 5922 §7.3: a connection that was authenticated for one host is not used for another', async () => {
    const [left, right] = [await start(a), await start(b)];
    const target = right.target('TLS');
    left.edge.send(bytes(message('1')), { ...target, names: ['b.example'] });
    left.edge.send(bytes(message('2')), { ...target, names: ['b2.example'] });
    await until(() => right.received.length === 2);
    assert.equal(left.edge.connectionCount, 2);
    await Promise.all([left.stop(), right.stop()]);
  });

  test('RFC 5923 §5: with alias and a certificate, requests come back on the same connection', async () => {
    const [left, right] = [await start(a), await start(b)];
    const { port } = left.endpoint('TLS');
    const aliased = message('1').replace('TCP peer.example;', `TLS a.example:${port};alias;`);
    left.edge.send(bytes(aliased), { ...right.target('TLS'), names: ['b.example'] });
    await until(() => right.received.length === 1);
    right.edge.send(bytes(message('2')), { ...left.target('TLS'), names: ['a.example'] });
    await until(() => left.received.length === 1);
    assert.equal(right.edge.connectionCount, 1, 'no connection of its own');
    // §9.3: not for a domain that the certificate does not name.
    const failures: Error[] = [];
    right.edge.send(bytes(message('3')), { ...left.target('TLS'), names: ['c.example'] }, (error) =>
      failures.push(error),
    );
    await until(() => failures.length === 1);
    assert.equal(code(failures[0]), 'ERR_SIP_TRANSPORT_CERTIFICATE');
    await Promise.all([left.stop(), right.stop()]);
  });

  test('RFC 5923 §5: without alias a connection of the peer carries no requests', async () => {
    const [left, right] = [await start(a), await start(b)];
    const { port } = left.endpoint('TLS');
    const plain = message('1').replace('TCP peer.example;', `TLS a.example:${port};`);
    left.edge.send(bytes(plain), { ...right.target('TLS'), names: ['b.example'] });
    await until(() => right.received.length === 1);
    right.edge.send(bytes(message('2')), { ...left.target('TLS'), names: ['a.example'] });
    await until(() => left.received.length === 1);
    assert.equal(right.edge.connectionCount, 2);
    await Promise.all([left.stop(), right.stop()]);
  });
});

describe('RFC 5922 §7.3: a server that is not authenticated gets nothing', () => {
  const cases: [string, ReturnType<TestCa['make']>, RegExp][] = [
    ['for another domain', b, /names b\.example, b2\.example, not a\.example/],
    ['for a wildcard (§7.2)', ca.make({ names: ['DNS:*.example'] }), /names nobody/],
    ['expired', ca.make({ names: ['URI:sip:a.example'], days: -1 }), /CERT_HAS_EXPIRED/],
    ['signed by itself', ca.make({ names: ['URI:sip:a.example'], selfSigned: true }), /SELF_SIGNED/],
    ['of an unknown authority', strangers.make({ names: ['URI:sip:a.example'] }), /not trusted/],
    [
      'with a name in CN beside others (§7.1)',
      ca.make({ names: ['DNS:x.example'], commonName: 'a.example' }),
      /names x\.example/,
    ],
  ];
  for (const [what, made, text] of cases) {
    test(what, async () => {
      const rig = await start(a);
      const server = await tlsServer(made);
      const failures: Error[] = [];
      for (let i = 0; i < 3; i++) {
        rig.edge.send(bytes(message(String(i))), { ...server.target, names: ['a.example'] }, (error) =>
          failures.push(error),
        );
      }
      await until(() => failures.length === 3);
      for (const error of failures) {
        assert.equal(code(error), 'ERR_SIP_TRANSPORT_CERTIFICATE');
        assert.match(error.message, text);
      }
      await until(() => rig.edge.connectionCount === 0);
      await pause(20);
      assert.equal(server.seen.text, '', 'not one octet of a message');
      assert.ok(troubles(rig, 'certificate'));
      await server.close();
      await rig.stop();
    });
  }

  test('RFC 9325 §3.4: a session that other authorities verified is not resumed', async () => {
    const store = certificates(pemFiles(a));
    const rig = await EdgeRig.start([listener('TLS')], { certificates: store });
    const server = await tlsServer(a);
    const failures: (string | undefined)[] = [];
    const send = (body: string) =>
      rig.edge.send(bytes(message(body)), { ...server.target, names: ['a.example'] }, (error) =>
        failures.push(code(error)),
      );
    send('first');
    await until(() => server.seen.text.endsWith('first'));
    // The tickets of TLS 1.3 come behind the handshake.
    server.sockets[0]?.write('SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n');
    await until(() => rig.received.length === 1);
    server.sockets[0]?.destroy();
    await until(() => rig.edge.connectionCount === 0);
    send('resumed');
    await until(() => server.seen.text.endsWith('resumed'));
    assert.equal(server.sockets[1]?.isSessionReused(), true);
    server.sockets[1]?.write('SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n');
    await until(() => rig.received.length === 2);
    server.sockets[1]?.destroy();
    await until(() => rig.edge.connectionCount === 0);
    const foreign = strangers.make({ names: ['URI:sip:a.example'] });
    store.replace([pemFiles(foreign)]);
    send('not any more');
    await until(() => failures.length === 1);
    assert.deepEqual(failures, ['ERR_SIP_TRANSPORT_CERTIFICATE']);
    await server.close();
    await rig.stop();
  });

  test('without a name to prove nobody is called', async () => {
    const rig = await start(a);
    const failures: Error[] = [];
    rig.edge.send(bytes(message()), rig.target('TLS'), (error) => failures.push(error));
    await until(() => failures.length === 1);
    assert.equal(code(failures[0]), 'ERR_SIP_TRANSPORT_CERTIFICATE');
    await rig.stop();
  });
});

describe('a server fails', () => {
  test('in the handshake: it speaks no TLS, or goes away', async () => {
    for (const act of [
      (socket: Socket) => void socket.end('SIP/2.0 400 No TLS here\r\n\r\n'),
      (socket: Socket) => void socket.resetAndDestroy(),
    ]) {
      const server = createServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', () => act(socket));
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const rig = await start(a);
      const failures: Error[] = [];
      const target = { transport: 'TLS' as const, address: '127.0.0.1', port: portOf(server.address()) };
      rig.edge.send(bytes(message()), { ...target, names: ['a.example'] }, (error) => failures.push(error));
      await until(() => failures.length === 1);
      assert.equal(code(failures[0]), 'ERR_SIP_TRANSPORT_TLS');
      server.close();
      await rig.stop();
    }
  });

  test('in silence: the handshake has the time of a connection', async () => {
    const server = createServer((socket) => socket.on('error', () => {}));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const rig = await start(a);
    const failures: Error[] = [];
    const target = { transport: 'TLS' as const, address: '127.0.0.1', port: portOf(server.address()) };
    rig.edge.send(bytes(message()), { ...target, names: ['a.example'] }, (error) => failures.push(error));
    await pause(30);
    rig.time.advance(5000);
    await until(() => failures.length === 1);
    assert.equal(code(failures[0]), 'ERR_SIP_TRANSPORT_TIMEOUT');
    server.close();
    await rig.stop();
  });

  test('RFC 3261 §18.4: mid-stream: what waits for an answer is told, what has one is not', async () => {
    const rig = await start(a);
    const server = await tlsServer(a);
    const failures: string[] = [];
    const send = (name: string) =>
      rig.edge.send(bytes(message(name)), { ...server.target, names: ['a.example'] }, (error) =>
        failures.push(`${name} ${code(error)}`),
      );
    send('answered');
    await until(() => server.seen.text.endsWith('answered'));
    server.sockets[0]?.write('SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n');
    await until(() => rig.received.length === 1);
    send('open');
    await until(() => server.seen.text.endsWith('open'));
    server.sockets[0]?.destroy();
    await until(() => failures.length === 1);
    await pause(10);
    assert.deepEqual(failures, ['open ERR_SIP_TRANSPORT_CLOSED']);
    await server.close();
    await rig.stop();
  });
});

describe('clients', () => {
  test('without a certificate, or with one that is not trusted, they are heard and are nobody', async () => {
    const rig = await start(a);
    for (const made of [undefined, strangers.make({ names: ['URI:sip:a.example'] })]) {
      const client = await tlsClient(rig.endpoint('TLS').port, made);
      client.write(message());
      await until(() => rig.received.length === 1);
      assert.equal(rig.received.splice(0)[0]?.source.certifiedDomains, undefined);
      client.destroy();
    }
    await rig.stop();
  });

  test('RFC 3261 §7.5, RFC 5626 §3.5.1: octet by octet, and pings', async () => {
    const rig = await start(a);
    const client = new RawClient(await tlsClient(rig.endpoint('TLS').port));
    for (const char of message('one')) client.socket.write(char);
    client.socket.write('\r\n\r\n');
    await until(() => client.text !== '');
    assert.equal(client.text, '\r\n');
    assert.equal(rig.received[0]?.text, message('one'));
    client.socket.destroy();
    await rig.stop();
  });
});

describe('half-open and slow peers', () => {
  test('unfinished handshakes of one address are bounded, and end in time', async () => {
    const rig = await start(a, { maxUnprovenPerPeer: 5, handshakeMs: 400 });
    const { port } = rig.endpoint('TLS');
    const sockets = Array.from({ length: 40 }, () => connect(port, '127.0.0.1'));
    let closed = 0;
    for (const socket of sockets) {
      socket.on('error', () => {});
      socket.on('close', () => (closed += 1));
    }
    await until(() => closed === 35);
    assert.equal(rig.edge.connectionCount, 5);
    await until(() => closed === 40);
    assert.ok(troubles(rig, 'too-many-inbound') && troubles(rig, 'handshake'));
    const client = await tlsClient(port);
    client.write(message());
    await until(() => rig.received.length === 1);
    client.destroy();
    await rig.stop();
  });

  test('RFC 3261 §26.3: two thousand silent connections keep nobody out, and nothing of them stays', async () => {
    // As if each came from an address of its own: the bound of one address is the test before.
    const rig = await start(a, {
      maxUnprovenPerPeer: 10_000,
      maxPerPeer: 10_000,
      maxConnections: 1000,
      handshakeMs: 60_000,
    });
    const { port } = rig.endpoint('TLS');
    const sockets: Socket[] = [];
    for (let i = 0; i < 20; i++) {
      for (let k = 0; k < 100; k++) {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', () => {});
        sockets.push(socket);
      }
      await pause(5);
      rig.time.advance(200);
    }
    await until(() => rig.edge.connectionCount <= 1000 && sockets.every(({ connecting }) => !connecting));
    rig.time.advance(2000);
    const client = await tlsClient(port);
    client.write(message());
    await until(() => rig.received.length === 1, 'somebody with something to say is heard');
    for (const socket of sockets) socket.destroy();
    client.destroy();
    // The last owes an answer to somebody who may still read it.
    await until(() => rig.edge.connectionCount <= 1);
    rig.time.advance(33_000);
    await until(() => rig.edge.connectionCount === 0);
    await rig.stop();
  });

  test('who has shaken hands and says nothing, or half a message, is closed after 32 s', async () => {
    const rig = await start(a);
    const { port } = rig.endpoint('TLS');
    const silent = new RawClient(await tlsClient(port));
    const half = new RawClient(await tlsClient(port));
    half.socket.write(message().slice(0, 40));
    await until(() => rig.edge.connectionCount === 2);
    await pause(20);
    rig.time.advance(33_000);
    await until(() => silent.closed && half.closed);
    await rig.stop();
  });
});

describe('RFC 5626 §4.4.1: keep-alive of connections that we opened', () => {
  const open = async () => {
    const rig = await start(a);
    const server = await tlsServer(a);
    const failures: (string | undefined)[] = [];
    rig.edge.send(bytes(message('x')), { ...server.target, names: ['a.example'] }, (error) =>
      failures.push(code(error)),
    );
    await until(() => server.seen.text.endsWith('x'));
    server.sockets[0]?.write('SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n');
    await until(() => rig.received.length === 1);
    server.seen.text = '';
    return { rig, server, failures };
  };
  const tick = async (rig: EdgeRig, seconds: number) => {
    for (let i = 0; i < seconds; i++) rig.time.advance(1000);
    await pause(20);
  };

  test('a ping between 95 and 120 s; a server that never answers one is left in peace', async () => {
    const { rig, server } = await open();
    await tick(rig, 94);
    assert.equal(server.seen.text, '');
    await tick(rig, 28);
    assert.equal(server.seen.text, '\r\n\r\n');
    await tick(rig, 20);
    assert.equal(rig.edge.connectionCount, 1);
    await server.close();
    await rig.stop();
  });

  test('one that answered and does not any more has failed after 10 s', async () => {
    const { rig, server } = await open();
    await tick(rig, 122);
    server.sockets[0]?.write('\r\n');
    await pause(20);
    server.seen.text = '';
    await tick(rig, 94);
    for (let i = 0; i < 30 && server.seen.text === ''; i++) await tick(rig, 1);
    assert.equal(server.seen.text, '\r\n\r\n');
    await tick(rig, 8);
    assert.equal(rig.edge.connectionCount, 1);
    await tick(rig, 4);
    await until(() => rig.edge.connectionCount === 0);
    assert.ok(troubles(rig, 'no-pong'));
    await server.close();
    await rig.stop();
  });

  test('pongs alone keep no connection open for ever', async () => {
    const { rig, server } = await open();
    for (let i = 0; i < 7 && rig.edge.connectionCount > 0; i++) {
      await tick(rig, 90);
      server.sockets[0]?.write('\r\n');
      await pause(5);
    }
    await until(() => rig.edge.connectionCount === 0);
    await server.close();
    await rig.stop();
  });
});
