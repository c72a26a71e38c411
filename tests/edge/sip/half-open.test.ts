// Thousands of connections on which nobody says anything: memory and descriptors are bounded (RFC 3261 §26.3.2.4 "denial of service"),
// whoever has something to say is heard meanwhile, and nothing stays. TLS is in tls.test.ts; other XMPP servers in
// tests/edge/xmpp/server-hostile.test.ts; component links are opened by the gateway, so that nobody can hold one half-open.

import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { after, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import { pause } from '../../peers/wait.ts';
import { pemFiles, TestCa } from '../../peers/test-ca.ts';
import { EdgeRig, listener, message, RawClient, until } from './edge-rig.ts';
import { certificates } from './tls-rig.ts';

const ca = new TestCa();
after(() => ca.remove());
const own = ca.make({ names: ['DNS:localhost', 'IP:127.0.0.1'] });
const PEERS = 2000;
const BOUND = 500;

type Transport = 'TCP' | 'WS' | 'WSS';

/** Somebody with something to say; returns how he leaves. */
async function speak(rig: EdgeRig, transport: Transport): Promise<() => void> {
  if (transport === 'TCP') {
    const client = await RawClient.connect(rig.target('TCP'));
    client.socket.write(message());
    return () => void client.socket.destroy();
  }
  const url = `${transport.toLowerCase()}://127.0.0.1:${rig.endpoint(transport).port}`;
  const client = new WebSocket(url, ['sip'], { ca: pemFiles(own).ca?.text });
  client.on('error', () => {});
  await new Promise<void>((resolve) => {
    client.once('open', resolve);
  });
  client.send(message().replace('SIP/2.0/TCP peer.example', `SIP/2.0/${transport} df7jal23ls0d.invalid`));
  return () => client.terminate();
}

describe(`${PEERS} half-open connections, of which ${BOUND} have a place`, () => {
  for (const [transport, what, said] of [
    ['TCP', 'nothing said', ''],
    ['TCP', 'half a message', message().slice(0, 40)],
    ['WS', 'half an upgrade', 'GET / HTTP/1.1\r\nHost: x\r\n'],
    ['WSS', 'no handshake', ''],
  ] as const) {
    test(`${transport}, ${what}`, async (t) => {
      const rig = await EdgeRig.start([listener(transport)], {
        certificates: certificates(pemFiles(own)),
        // As if each came from an address of its own: the bound of one address is tested elsewhere.
        limits: {
          maxUnprovenPerPeer: 10_000,
          maxPerPeer: 10_000,
          maxConnections: BOUND,
          handshakeMs: 60_000,
        },
      });
      const { port } = rig.endpoint(transport);
      const sockets: Socket[] = [];
      // Where it fails, nothing keeps the process from its end.
      t.after(async () => {
        for (const socket of sockets) socket.destroy();
        await rig.edge.stop();
      });
      let most = 0;
      let closed = 0;
      for (let i = 0; i < PEERS / 100; i++) {
        for (let k = 0; k < 100; k++) {
          const socket = connect(port, '127.0.0.1');
          socket.on('error', () => {});
          socket.on('close', () => (closed += 1));
          if (said !== '') socket.write(said);
          sockets.push(socket);
        }
        await pause(5);
        rig.time.advance(200);
        most = Math.max(most, rig.edge.connectionCount);
      }
      await until(() => sockets.every(({ connecting }) => !connecting) && closed >= PEERS - BOUND);
      assert.ok(most <= BOUND, `${most} at once`);
      // The grace of the silent is over: they give their places.
      rig.time.advance(2000);
      const leave = await speak(rig, transport);
      await until(() => rig.received.length === 1, 'somebody with something to say is heard');
      assert.ok(rig.edge.connectionCount <= BOUND);
      for (const socket of sockets) socket.destroy();
      leave();
      await until(() => rig.edge.connectionCount <= 1);
      rig.time.advance(33_000);
      await until(() => rig.edge.connectionCount === 0);
      await rig.stop();
    });
  }
});
