// What a server that is called must not be able to do to the one that calls: each case ends with the stream error that the standard
// names, the sender has one error, and nothing is delivered. Source: RFC 6120 §4.9, §5, §13; RFC 7590; rows S2S-02, S2S-07, S2S-08.

import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { readFileSync } from 'node:fs';
import { after, afterEach, describe, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { TestCa } from '../../peers/test-ca.ts';
import { until } from './rig.ts';
import { chat, ServerRig, Watched } from './server-rig.ts';

const ca = new TestCa();
after(() => ca.remove());
const A = 'a.example';
const B = 'b.example';
const certificateA = ca.make({ names: [`DNS:${A}`] });
const certificateB = ca.make({ names: [`DNS:${B}`] });

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function listen(server: Server, sockets: Set<Socket>): Promise<number> {
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return address !== null && typeof address === 'object' ? address.port : 0;
}

async function caller(port: number, transport: 'TCP' | 'TLS'): Promise<ServerRig> {
  const limits = { negotiateTimeoutMs: 500, reachTimeoutMs: 1000, closeTimeoutMs: 300 };
  const b = new ServerRig({ domains: [B], certificate: certificateB, dialback: 'over-tls', limits });
  await b.server.start();
  closing.push(() => b.close());
  b.places.set(A, [{ transport, host: '127.0.0.1', port }]);
  return b;
}

const head = (more = ''): string =>
  `<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' from='${A}' id='x' version='1.0'${more}>`;
const features = (inner: string): string => `<stream:features>${inner}</stream:features>`;
const TLS = `<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`;
const message = `<message from='ann@${A}' to='bob@${B}'><body>in</body></message>`;

describe('in the clear', () => {
  const cases: [string, string, string | undefined][] = [
    ['a stream header of more than 256 KiB', head(` x='${'y'.repeat(270_000)}'`), 'policy-violation'],
    ['a stanza before TLS', head() + features(TLS) + message, 'not-authorized'],
    ['a header of a client stream', head().replace('jabber:server', 'jabber:client'), 'invalid-namespace'],
    ['no version', head().replace(" version='1.0'", ''), 'unsupported-version'],
    ['not XMPP', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'not-well-formed'],
    ['a document type', `<!DOCTYPE x>${head()}`, 'restricted-xml'],
    [
      'no TLS offered, but dialback',
      head() + features(`<dialback xmlns='urn:xmpp:features:dialback'/>`),
      undefined,
    ],
    ['TLS refused', `${head()}${features(TLS)}<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`, undefined],
    ['nothing at all', '', undefined],
    ['a header, and nothing more', head(), undefined],
  ];
  for (const [what, says, condition] of cases) {
    test(`${what}: ${condition ?? 'given up'}, told to the sender, nothing delivered`, async () => {
      let heard = '';
      const server = createServer((socket) => {
        socket.on('error', () => {});
        socket.on('data', (chunk) => (heard += chunk.toString('latin1')));
        socket.write(says);
      });
      const b = await caller(await listen(server, new Set()), 'TCP');
      const sent = new Watched(chat(`bob@${B}`, `ann@${A}`, 'secret'));
      b.server.send(B, sent.stanza, sent);
      await until('an answer', () => b.stanzas.length > 0);
      assert.deepEqual(b.told, [`ann@${A} bob@${B} error remote-server-timeout`]);
      assert.ok(!heard.includes('secret') && !heard.includes('db:result'));
      if (condition !== undefined) {
        await until('the stream error', () => heard.includes('</stream:error>'));
        assert.match(heard, new RegExp(`<${condition} xmlns=['"]urn:ietf:params:xml:ns:xmpp-streams['"]`));
      }
      await until('nobody is left', () => b.server.sizes.s2s_out === 0);
    });
  }

  test('slow loris: one octet now and then does not prolong the time', async () => {
    const drips: NodeJS.Timeout[] = [];
    closing.push(() => {
      for (const drip of drips) clearInterval(drip);
    });
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.resume();
      drips.push(setInterval(() => socket.write(' '), 20));
    });
    const b = await caller(await listen(server, new Set()), 'TCP');
    const began = performance.now();
    const sent = new Watched(chat(`bob@${B}`, `ann@${A}`, 'secret'));
    b.server.send(B, sent.stanza, sent);
    await until('an answer', () => b.stanzas.length > 0);
    assert.ok(performance.now() - began < 8000);
    assert.deepEqual(b.told, [`ann@${A} bob@${B} error remote-server-timeout`]);
  });
});

describe('direct TLS', () => {
  const server = (options: object) =>
    createTlsServer(
      {
        cert: readFileSync(certificateA.certificate),
        key: readFileSync(certificateA.key),
        ALPNProtocols: ['xmpp-server'],
        ...options,
      },
      (socket) => {
        socket.on('error', () => {});
        socket.write(head() + features('') + message);
      },
    );
  for (const [what, options] of [
    [
      'RFC 7590 §3.2: TLS 1.1 alone',
      { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' },
    ],
    [
      'RFC 9325 §4.1: a cipher without forward secrecy alone',
      { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA' },
    ],
    ['XEP-0368 §2.1: another protocol by ALPN', { ALPNProtocols: ['xmpp-client'] }],
    ['RFC 6120 §4.9.3.14: a stanza before authentication', {}],
  ] as const) {
    test(`${what}: told to the sender, nothing delivered`, async () => {
      const tls = server(options);
      tls.on('tlsClientError', () => {});
      const b = await caller(await listen(tls, new Set()), 'TLS');
      const sent = new Watched(chat(`bob@${B}`, `ann@${A}`, 'secret'));
      b.server.send(B, sent.stanza, sent);
      await until('an answer', () => b.stanzas.length > 0);
      assert.deepEqual(b.told, [`ann@${A} bob@${B} error remote-server-timeout`]);
      await until('nobody is left', () => b.server.sizes.s2s_out === 0);
    });
  }
});
