// Certificates of servers, looked at again where OpenSSL refuses them as clients: what of a chain counts (RFC 5280 §6.1), and
// that a listener for servers takes them while one for clients does not.

import assert from 'node:assert/strict';
import type { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { after, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { connect as secure, type TLSSocket } from 'node:tls';
import { Counters, silentLog, VirtualTime } from '../../../src/base/index.ts';
import { CertificateStore, peerIdentity, TlsAcceptor } from '../../../src/edge/tls/index.ts';
import { authoritiesOf, isServerChain } from '../../../src/edge/tls/server-chains.ts';
import { pemFiles, TestCa, type CertificateWish, type TestCertificate } from '../../peers/test-ca.ts';

const ca = new TestCa();
const foreign = new TestCa('Another CA');
after(() => {
  ca.remove();
  foreign.remove();
});

const DAY_MS = 86_400_000;
const NAMES = ['DNS:peer.example'];
const AUTHORITY = 'critical,CA:true';
const server = (wish: CertificateWish = {}): CertificateWish => ({
  names: NAMES,
  usage: 'serverAuth',
  ...wish,
});

function certificatesOf({ certificate }: TestCertificate): [X509Certificate, ...X509Certificate[]] {
  const [leaf, ...rest] = authoritiesOf(readFileSync(certificate, 'utf8'));
  assert.ok(leaf !== undefined);
  return [leaf, ...rest];
}

function counts(made: TestCertificate, { authority = ca, atMs = Date.now() } = {}): boolean {
  const [leaf, ...between] = certificatesOf(made);
  return isServerChain(leaf, between, authoritiesOf(readFileSync(authority.certificate, 'utf8')), atMs);
}

describe('a chain of a server', () => {
  const middle = ca.make({ commonName: 'Middle', constraints: AUTHORITY, usage: 'serverAuth' });
  const CASES: [string, CertificateWish, boolean, { authority?: TestCa; atMs?: number }?][] = [
    ['for servers', {}, true],
    ['for servers and clients', { usage: 'serverAuth,clientAuth' }, true],
    ['§4.2.1.12: for anything', { usage: 'anyExtendedKeyUsage' }, true],
    ['§4.2.1.12: for mail only', { usage: 'emailProtection' }, false],
    ['with an authority between', { issuer: middle }, true],
    ['of an RSA key of 2048 bits', { rsaBits: 2048 }, true],
    ['of an RSA key of 1024 bits', { rsaBits: 1024 }, false],
    ['signed with SHA-1', { digest: 'sha1' }, false],
    ['expired', {}, false, { atMs: Date.now() + 31 * DAY_MS }],
    ['not valid yet', {}, false, { atMs: Date.now() - 31 * DAY_MS }],
    ['signed by itself', { selfSigned: true }, false],
    ['of another authority', {}, false, { authority: foreign }],
  ];
  for (const [name, wish, wanted, how] of CASES) {
    test(name, () => assert.equal(counts(ca.make(server(wish)), how), wanted));
  }

  test('§4.2.1.9: what is no authority issues nothing', () => {
    const leaf = ca.make(server());
    assert.equal(counts(ca.make(server({ issuer: leaf }))), false);
  });

  test('§4.2.1.9: a path that is longer than an authority allows', () => {
    const last = ca.make({ commonName: 'Last', constraints: `${AUTHORITY},pathlen:0`, usage: 'serverAuth' });
    assert.equal(counts(ca.make(server({ issuer: last }))), true);
    const below = ca.make({ commonName: 'Below', constraints: AUTHORITY, usage: 'serverAuth', issuer: last });
    assert.equal(counts(ca.make(server({ issuer: below }))), false);
  });

  test('§4.2.1.10: an authority for some names only is not followed', () => {
    const extensions = ['nameConstraints=critical,permitted;DNS:peer.example'];
    const bound = ca.make({ commonName: 'Bound', constraints: AUTHORITY, usage: 'serverAuth', extensions });
    assert.equal(counts(ca.make(server({ issuer: bound }))), false);
  });

  test('an authority that is not for servers vouches for none', () => {
    const mail = ca.make({ commonName: 'Mail', constraints: AUTHORITY, usage: 'emailProtection' });
    assert.equal(counts(ca.make(server({ issuer: mail }))), false);
  });

  test('the certificate between is missing', () => {
    const made = ca.make(server({ issuer: middle }));
    const [leaf] = certificatesOf(made);
    assert.equal(
      isServerChain(leaf, [], authoritiesOf(readFileSync(ca.certificate, 'utf8')), Date.now()),
      false,
    );
  });

  test('without a file: those that Node trusts', () => assert.ok(authoritiesOf(undefined).length > 50));
});

describe('a listener', () => {
  const own = ca.make({ names: ['DNS:gateway.example'] });
  const time = new VirtualTime(Date.now());
  const clock = { now: () => performance.now(), wall: () => Date.now() };
  const store = new CertificateStore('xmpp', [pemFiles(own)], {
    ...{ clock: time, timers: time.timers, log: silentLog, counters: new Counters() },
    readFile: (path) => readFileSync(path, 'utf8'),
    modifiedMs: () => 1,
  });

  after(() => store.stop());

  /** Whom the listener takes the peer for. */
  async function seen(
    made: TestCertificate,
    servers: boolean,
    session?: Buffer,
  ): Promise<[string, Buffer | undefined]> {
    const options = { requestCertificate: true, handshakeMs: 5000 };
    const acceptor =
      acceptors.get(servers) ??
      new TlsAcceptor(store, { ...options, ...(servers ? { servers: { clock } } : {}) });
    acceptors.set(servers, acceptor);
    const { promise, resolve } = Promise.withResolvers<TLSSocket | Error>();
    const listener = createServer((socket) => acceptor.accept(socket, resolve));
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const address = listener.address();
    assert.ok(address !== null && typeof address === 'object');
    const { port } = address;
    const plain = connect(port, '127.0.0.1');
    const client = secure({
      socket: plain,
      servername: 'gateway.example',
      ca: readFileSync(ca.certificate),
      cert: readFileSync(made.certificate),
      key: readFileSync(made.key),
      ...(session === undefined ? {} : { session }),
    });
    const tickets: Buffer[] = [];
    client.on('session', (value: Buffer) => tickets.push(value));
    client.on('error', () => {});
    const socket = await promise;
    assert.ok(!(socket instanceof Error), socket instanceof Error ? socket.message : '');
    if (session !== undefined) assert.equal(socket.isSessionReused(), true, 'the session is resumed');
    const identity = peerIdentity(socket);
    socket.write('x');
    await once(client, 'data');
    for (let i = 0; i < 50 && tickets.length === 0; i++) await pause(10);
    client.destroy();
    socket.destroy();
    listener.close();
    return [identity.verified ? identity.names.dns.join() : identity.reason, tickets.at(-1)];
  }
  const acceptors = new Map<boolean, TlsAcceptor>();

  test('for servers: one that is for servers only is good, also with an authority between', async () => {
    const middle = ca.make({ commonName: 'Middle', constraints: AUTHORITY, usage: 'serverAuth' });
    for (const made of [ca.make(server()), ca.make(server({ issuer: middle }))]) {
      assert.equal((await seen(made, true))[0], 'peer.example');
    }
  });

  test('for clients: it is none', async () => {
    assert.equal((await seen(ca.make(server()), false))[0], 'INVALID_PURPOSE');
  });

  test('for servers: what is wrong besides is not forgiven', async () => {
    assert.equal((await seen(foreign.make(server()), true))[0] === 'peer.example', false);
    assert.equal((await seen(ca.make(server({ days: -1 })), true))[0] === 'peer.example', false);
    assert.equal((await seen(ca.make(server({ selfSigned: true })), true))[0] === 'peer.example', false);
  });

  test('for servers: a session that is resumed, whose chain is not shown again', async () => {
    const middle = ca.make({ commonName: 'Middle', constraints: AUTHORITY, usage: 'serverAuth' });
    const made = ca.make(server({ issuer: middle }));
    const [first, ticket] = await seen(made, true);
    assert.deepEqual([first, ticket !== undefined], ['peer.example', true]);
    assert.equal((await seen(made, true, ticket))[0], 'peer.example');
  });
});
