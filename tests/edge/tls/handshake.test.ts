// Handshakes of both sides over real sockets: SNI, who is verified, resumption, what is refused.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { Counters, silentLog, TimerWheel } from '../../../src/base/index.ts';
import {
  CertificateStore,
  peerIdentity,
  secureClient,
  SessionCache,
  TlsAcceptor,
  type CertificateEntry,
} from '../../../src/edge/tls/index.ts';
import { pemFiles, TestCa } from '../../peers/test-ca.ts';

const clock = { now: () => performance.now(), wall: () => Date.now() };
const ca = new TestCa();
const strangers = new TestCa('Strangers');
after(() => {
  ca.remove();
  strangers.remove();
});

function storeOf(...entries: CertificateEntry[]): CertificateStore {
  return new CertificateStore('sip', entries, {
    clock,
    timers: new TimerWheel(clock.now),
    log: silentLog,
    counters: new Counters(),
    readFile: (path) => readFileSync(path, 'utf8'),
    modifiedMs: () => 0,
  });
}

const a = ca.make({ names: ['DNS:a.example', 'URI:sip:a.example'] });
const b = ca.make({ names: ['DNS:b.example'] });

class Host {
  readonly results: (TLSSocket | Error)[] = [];
  readonly acceptor: TlsAcceptor;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #waiting: (() => void) | undefined;

  constructor(store: CertificateStore, handshakeMs = 2000) {
    this.acceptor = new TlsAcceptor(store, { requestCertificate: true, handshakeMs, alpn: ['sip/2'] });
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {});
      this.#sockets.add(socket);
      this.acceptor.accept(socket, (result) => {
        this.results.push(result);
        if (!(result instanceof Error)) result.on('error', () => {});
        this.#waiting?.();
      });
    });
  }

  async start(): Promise<number> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    assert.ok(typeof address === 'object' && address !== null);
    return address.port;
  }

  async next(): Promise<TLSSocket | Error> {
    while (this.results.length === 0) await new Promise<void>((resolve) => (this.#waiting = resolve));
    const result = this.results.shift();
    assert.ok(result !== undefined);
    return result;
  }

  async secured(): Promise<TLSSocket> {
    const result = await this.next();
    if (result instanceof Error) throw result;
    return result;
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** The tickets of TLS 1.3 come when they come. */
async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !holds(); i++) await sleep(10);
  assert.ok(holds());
}

async function call(
  port: number,
  store: CertificateStore,
  options: Parameters<typeof secureClient>[2],
): Promise<TLSSocket> {
  const socket = secureClient(connectTcp(port, '127.0.0.1'), store, options);
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}

describe('the acceptor and the client', () => {
  const store = storeOf(pemFiles(a), { ...pemFiles(b), domain: 'other.example' });
  const host = new Host(store);
  let port = 0;
  before(async () => void (port = await host.start()));
  after(() => host.stop());

  const names: [string, string, string][] = [
    ['the default', '127.0.0.1', 'a.example'],
    ['by domain', 'other.example', 'b.example'],
    ['by the names of the certificate', 'b.example', 'b.example'],
  ];
  for (const [what, name, expected] of names) {
    test(`SNI: ${what}`, async () => {
      const client = await call(port, storeOf(pemFiles(b)), { name });
      const seen = peerIdentity(client);
      assert.ok(seen.verified);
      assert.deepEqual(seen.names.dns, [expected]);
      const accepted = await host.secured();
      const peer = peerIdentity(accepted);
      assert.ok(peer.verified, 'the client’s certificate is asked for, and verified');
      assert.deepEqual(peer.names.dns, ['b.example']);
      assert.match(client.getProtocol() ?? '', /^TLSv1\.[23]$/);
      client.destroy();
      // RFC 3261 §18.2.2: who has sent his last request may still read; who owns the socket ends it.
      await once(accepted.resume(), 'end');
      accepted.destroy();
      assert.equal(host.acceptor.pending, 0);
    });
  }

  const clients: [string, CertificateEntry, string][] = [
    [
      'of an unknown authority',
      { ...pemFiles(strangers.make({ names: ['DNS:a.example'] })), ca: pemFiles(a).ca },
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ],
    [
      'signed by itself',
      pemFiles(ca.make({ names: ['DNS:a.example'], selfSigned: true })),
      'DEPTH_ZERO_SELF_SIGNED_CERT',
    ],
    ['expired', pemFiles(ca.make({ names: ['DNS:a.example'], days: -1 })), 'CERT_HAS_EXPIRED'],
    [
      'for another use (RFC 5280 §4.2.1.12)',
      pemFiles(ca.make({ names: ['DNS:a.example'], usage: 'emailProtection' })),
      'INVALID_PURPOSE',
    ],
  ];
  for (const [what, entry, reason] of clients) {
    test(`a certificate ${what} does not verify, at either end`, async () => {
      const client = await call(port, storeOf(entry), { name: 'a.example' });
      const accepted = await host.secured();
      assert.deepEqual(peerIdentity(accepted), { verified: false, reason });
      client.destroy();

      const other = new Host(storeOf(entry));
      const otherPort = await other.start();
      const caller = await call(otherPort, storeOf(pemFiles(b)), { name: 'a.example' });
      assert.deepEqual(peerIdentity(caller), { verified: false, reason });
      caller.destroy();
      other.stop();
    });
  }

  test('a client without a certificate is nobody', async () => {
    const client = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    await once(client, 'secureConnect');
    assert.deepEqual(peerIdentity(await host.secured()), { verified: false, reason: 'none' });
    client.destroy();
  });

  test('RFC 9325 §3.1.1: nothing older than TLS 1.2', async () => {
    const client = connect({
      ...{ port, host: '127.0.0.1', rejectUnauthorized: false },
      ...{ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' },
    });
    client.on('error', () => {});
    assert.ok((await host.next()) instanceof Error);
  });

  test('RFC 9325 §3.5: no renegotiation', async () => {
    const client = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion: 'TLSv1.2' });
    await once(client, 'secureConnect');
    const accepted = await host.secured();
    accepted.on('error', () => {});
    const failed = once(client, 'error');
    client.on('error', () => {});
    client.renegotiate({}, (error) => assert.ok(error !== null));
    await failed;
  });

  test('ALPN: the name is agreed on; only others are refused (RFC 7301 §3.2)', async () => {
    const client = await call(port, store, { name: 'a.example', alpn: ['x', 'sip/2'] });
    assert.equal(client.alpnProtocol, 'sip/2');
    await host.secured();
    client.destroy();
    const other = secureClient(connectTcp(port, '127.0.0.1'), store, { name: 'a.example', alpn: ['x'] });
    other.on('error', () => {});
    assert.ok((await host.next()) instanceof Error);
  });

  test('a peer that is no TLS, and one that goes away, end the handshake', async () => {
    const plain = connectTcp(port, '127.0.0.1');
    plain.on('error', () => {});
    plain.write('OPTIONS sip:a SIP/2.0\r\n\r\n');
    assert.ok((await host.next()) instanceof Error);
    for (const go of [(gone: Socket) => gone.resetAndDestroy(), (gone: Socket) => gone.destroy()]) {
      const gone = connectTcp(port, '127.0.0.1');
      await once(gone, 'connect');
      const began = performance.now();
      go(gone);
      assert.ok((await host.next()) instanceof Error);
      assert.ok(performance.now() - began < 1000, 'at once, not when the handshake has taken too long');
    }
    assert.equal(host.acceptor.pending, 0);
  });

  test('sessions are resumed, with the same identity at both ends', async () => {
    const mine = storeOf(pemFiles(b));
    const sessions = { cache: new SessionCache(clock), key: 'x' };
    const reused: boolean[] = [];
    for (let i = 0; i < 2; i++) {
      const client = await call(port, mine, { name: 'a.example', sessions });
      const accepted = await host.secured();
      accepted.write('x');
      await once(client, 'data');
      await until(() => sessions.cache.get('x') !== undefined);
      reused.push(client.isSessionReused());
      for (const [end, dns] of [
        [client, 'a.example'],
        [accepted, 'b.example'],
      ] as const) {
        const identity = peerIdentity(end);
        assert.ok(identity.verified);
        assert.deepEqual(identity.names.dns, [dns]);
      }
      client.destroy();
    }
    assert.deepEqual(reused, [false, true]);
  });

  test('a session of a server that was not verified is not kept', async () => {
    const sessions = { cache: new SessionCache(clock), key: 'x' };
    const doubting = storeOf(pemFiles(strangers.make({ names: ['DNS:b.example'] })));
    const client = await call(port, doubting, { name: 'a.example', sessions });
    let tickets = 0;
    client.on('session', () => (tickets += 1));
    const accepted = await host.secured();
    accepted.write('x');
    await once(client, 'data');
    await until(() => tickets > 0);
    assert.equal(sessions.cache.get('x'), undefined);
    client.destroy();
    accepted.destroy();
  });

  test('a renewed certificate is shown at the next handshake, and old sessions are not resumed', async () => {
    const renewing = storeOf(pemFiles(a));
    const other = new Host(renewing);
    const otherPort = await other.start();
    const sessions = { cache: new SessionCache(clock), key: 'x' };
    const dns: (readonly string[])[] = [];
    for (let i = 0; i < 2; i++) {
      const client = await call(otherPort, storeOf(pemFiles(b)), { name: '127.0.0.1', sessions });
      const accepted = await other.secured();
      accepted.write('x');
      await once(client, 'data');
      await until(() => sessions.cache.get('x') !== undefined);
      assert.equal(client.isSessionReused(), false);
      const identity = peerIdentity(client);
      assert.ok(identity.verified);
      dns.push(identity.names.dns);
      client.destroy();
      if (i === 0) renewing.replace([pemFiles(b)]);
    }
    assert.deepEqual(dns, [['a.example'], ['b.example']]);
    other.stop();
  });
});

test('a handshake that does not go on is ended in time', async () => {
  const host = new Host(storeOf(pemFiles(a)), 300);
  const port = await host.start();
  const silent = connectTcp(port, '127.0.0.1');
  const began = performance.now();
  assert.ok((await host.next()) instanceof Error);
  assert.ok(performance.now() - began < 8000);
  silent.destroy();
  host.stop();
});
