// The whole gateway over TLS, WebSocket and secure WebSocket, both ways, and what happens when servers fail on the way:
// RFC 3261 §26.2, RFC 3263 §4.3, RFC 5922, RFC 7118; row ADDR-63.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createTcpServer } from 'node:net';
import { after, describe } from 'node:test';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { header, statusOf } from '../peers/sip-text.ts';
import { pemFiles, TestCa, type TestCertificate } from '../peers/test-ca.ts';
import { pause, play, type Rig, type RigOptions } from './rig.ts';
import { TcpAnswerer, TcpCaller, textOf, unique, type RequestParts } from './sip-peer.ts';
import { WebPhone } from './web-phone.ts';
import { bodyOf, errorOf, messageXml } from './xmpp-peer.ts';

const ca = new TestCa();
after(() => ca.remove());
const gateway = ca.make({ names: ['URI:sip:example.com'] });
const renewed = ca.make({ names: ['URI:sip:example.com', 'DNS:renewed.example.com'] });
const proxy = ca.make({ names: ['URI:sip:example.net'] });
const stranger = ca.make({ names: ['URI:sip:elsewhere.example'] });

const tls = ({ certificate, key, ca: authority }: TestCertificate) => ({ certificate, key, ca: authority });

function secure(sip: Record<string, unknown> = {}, own = gateway): RigOptions {
  return {
    sip: {
      listen: ['udp://127.0.0.1:0', 'tls://127.0.0.1:0', 'ws://127.0.0.1:0', 'wss://127.0.0.1:0'],
      tls: tls(own),
      ...sip,
    },
    readFile: (path) => readFileSync(path, 'utf8'),
  };
}

async function tlsCaller(
  rig: Rig,
  made?: TestCertificate,
): Promise<{ caller: TcpCaller; socket: TLSSocket }> {
  const own =
    made === undefined ? {} : { cert: pemFiles(made).certificate.text, key: pemFiles(made).key.text };
  const socket = connect({ port: rig.ports['tls'], host: '127.0.0.1', rejectUnauthorized: false, ...own });
  await once(socket, 'secureConnect');
  return { caller: rig.own(TcpCaller.over(socket)), socket };
}

/** A SIP server over TLS with this certificate. */
function tlsAnswerer(rig: Rig, made: TestCertificate): Promise<TcpAnswerer> {
  const { certificate, key, ca: authority } = pemFiles(made);
  const options = {
    cert: certificate.text,
    key: key.text,
    ca: authority?.text,
    requestCert: true,
    rejectUnauthorized: true,
  };
  return TcpAnswerer.open((connected) => createServer(options, connected)).then((peer) => rig.own(peer));
}

async function webPhone(rig: Rig, transport: 'WS' | 'WSS'): Promise<WebPhone> {
  return rig.own(await WebPhone.open(transport, rig.ports[transport.toLowerCase()] ?? 0));
}

describe('TLS', () => {
  play('SIP → XMPP: taken, answered on the same connection', secure(), async (rig) => {
    const { caller, socket } = await tlsCaller(rig, proxy);
    assert.equal(statusOf(await caller.ask({ body: 'over TLS' }, 'TLS')), 202);
    assert.equal(bodyOf(await rig.xmpp.stanzas.next('the message')), 'over TLS');
    // RFC 3261 §26.3.1: the gateway shows who it is.
    assert.equal(socket.getPeerCertificate().subjectaltname, 'URI:sip:example.com');
  });

  for (const [what, hop] of [
    ['a next hop with transport=tls', (port: number) => `sip:127.0.0.1:${port};transport=tls;lr`],
    ['a next hop with sips', (port: number) => `sips:127.0.0.1:${port};lr`],
  ] as const) {
    play(
      `XMPP → SIP over ${what}: Via TLS with alias (RFC 5923), the gateway’s certificate asked for and shown`,
      secure(),
      async (rig) => {
        const server = await tlsAnswerer(rig, proxy);
        await rig.gateway.reload(rig.config(secure({ next_hops: { 'example.net': hop(server.port) } })));
        rig.xmpp.write(messageXml({ id: 'a', body: 'one' }) + messageXml({ id: 'b', body: 'two' }));
        const requests = [await server.requests.next('the first'), await server.requests.next('the second')];
        assert.deepEqual(requests.map(textOf), ['one', 'two']);
        for (const request of requests) assert.match(header(request, 'via'), /^SIP\/2\.0\/TLS [^;]+;alias;/);
        await rig.until('both are delivered', () => rig.counter('stoxgate_messages_total') === 2);
        assert.equal(rig.held('connections'), 1);
        assert.equal(rig.xmpp.stanzas.all.length, 0);
      },
    );
  }

  play(
    'RFC 3263 §4.3: dead at connect, dead in TLS, the wrong certificate, gone mid-stream, then one that works; once each',
    secure(),
    async (rig) => {
      const dead = await TcpAnswerer.open();
      const deadPort = dead.port;
      await dead.close();
      // It takes the connection, and resets it at the first octets of the handshake.
      const speechless = await TcpAnswerer.open((connected) =>
        createTcpServer((socket) => {
          connected(socket);
          socket.once('data', () => socket.resetAndDestroy());
        }),
      );
      rig.own(speechless);
      const wrong = await tlsAnswerer(rig, stranger);
      const gone = await tlsAnswerer(rig, proxy);
      gone.act = (_message, socket) => void socket.destroy();
      const good = await tlsAnswerer(rig, proxy);
      const ports = [deadPort, speechless.port, wrong.port, gone.port, good.port];
      const hops = ports.map((port) => `sip:127.0.0.1:${port};transport=tls;lr`);
      await rig.gateway.reload(rig.config(secure({ next_hops: { 'example.net': hops } })));
      const began = performance.now();
      rig.xmpp.write(messageXml({ id: 'failover', body: 'x' }));
      const request = await good.requests.next('the message at the last server');
      assert.ok(performance.now() - began < 20_000, 'nobody waited for a timer of 32 s');
      assert.equal(textOf(request), 'x');
      assert.equal(wrong.requests.all.length, 0, 'not a word to the wrong one');
      assert.equal(gone.requests.all.length, 1);
      await rig.until('it is delivered', () => rig.counter('stoxgate_messages_total') === 1);
      await pause(30);
      assert.equal(good.requests.all.length, 1);
      assert.equal(rig.xmpp.stanzas.all.length, 0);
    },
  );

  play('nobody of them is the right one: the sender is told', secure({ next_hops: {} }), async (rig) => {
    const wrong = await tlsAnswerer(rig, stranger);
    const hop = `sip:127.0.0.1:${wrong.port};transport=tls;lr`;
    await rig.gateway.reload(rig.config(secure({ next_hops: { 'example.net': hop } })));
    rig.xmpp.write(messageXml({ id: 'wrong', body: 'x' }));
    assert.equal(errorOf(await rig.xmpp.stanzas.next('the error')).condition, 'remote-server-timeout');
    assert.equal(wrong.requests.all.length, 0);
  });

  play('a reload shows another certificate, and connections stay', secure(), async (rig) => {
    const { caller } = await tlsCaller(rig);
    await rig.gateway.reload(rig.config(secure({}, renewed)));
    const { socket } = await tlsCaller(rig);
    assert.match(socket.getPeerCertificate().subjectaltname ?? '', /DNS:renewed\.example\.com/);
    assert.equal(statusOf(await caller.ask({ body: 'still here' }, 'TLS')), 202);
  });
});

describe('RFC 5922 §7.4: whom a client’s certificate lets speak', () => {
  const cases: [string, TestCertificate | undefined, number][] = [
    ['a domain that it names', proxy, 202],
    ['another domain', stranger, 403],
    ['without a certificate', undefined, 403],
    ['expired', ca.make({ names: ['URI:sip:example.net'], days: -1 }), 403],
    ['signed by itself', ca.make({ names: ['URI:sip:example.net'], selfSigned: true }), 403],
    ['a wildcard', ca.make({ names: ['DNS:*.net'] }), 403],
  ];
  for (const [what, made, status] of cases) {
    play(`${what}: ${status}`, secure({ trusted: [] }), async (rig) => {
      const { caller } = await tlsCaller(rig, made);
      assert.equal(statusOf(await caller.ask({ body: 'x' }, 'TLS')), status);
      assert.equal(rig.xmpp.stanzas.all.length, status === 202 ? 1 : 0);
    });
  }
});

describe('ADDR-63: sips', () => {
  const OPTIONS = { method: 'OPTIONS', uri: 'sips:juliet@example.com', body: '' };
  play(
    'over UDP and WebSocket without TLS it is refused; over TLS and secure WebSocket it is served',
    secure(),
    async (rig) => {
      assert.equal(await rig.status(OPTIONS), 403);
      assert.equal(statusOf(await (await webPhone(rig, 'WS')).ask(OPTIONS)), 403);
      assert.equal(rig.counter('stoxgate_sip_refused_total'), 2);
      const { caller } = await tlsCaller(rig);
      const ofTls = statusOf(await caller.ask(OPTIONS, 'TLS'));
      const ofWss = statusOf(await (await webPhone(rig, 'WSS')).ask(OPTIONS));
      // Whom it names cannot be reached by TLS on every hop, so that he is not served under this scheme (RFC 7247 §8).
      assert.deepEqual([ofTls, ofWss], [404, 404]);
      const own = { ...OPTIONS, uri: 'sips:127.0.0.1' };
      assert.equal(statusOf(await caller.ask(own, 'TLS')), 200);
      assert.equal(await rig.status(own), 403);
    },
  );
});

describe('ADDR-63: `sips: carry` for one domain, where the operator promises TLS behind the gateway', () => {
  const carrying: RigOptions = {
    ...secure(),
    domains: [
      { home: 'sip', sip: 'example.net', xmpp: 'example.net' },
      { home: 'xmpp', xmpp: 'example.com', sip: 'example.com', sips: 'carry' },
      { home: 'xmpp', xmpp: 'example.org', sip: 'example.org' },
    ],
  };
  play('a MESSAGE to a sips address crosses over TLS, and nowhere else', carrying, async (rig) => {
    const uri = 'sips:juliet@example.com';
    const { caller } = await tlsCaller(rig, proxy);
    assert.equal(statusOf(await caller.ask({ uri, body: 'secured' }, 'TLS')), 202);
    const stanza = await rig.xmpp.stanzas.next('the message');
    assert.deepEqual([bodyOf(stanza), stanza.attr('to')], ['secured', 'juliet@example.com']);
    assert.equal(statusOf(await caller.ask({ uri: 'sips:ann@example.org', body: 'x' }, 'TLS')), 403);
    assert.equal(await rig.status({ uri, body: 'in the clear' }), 403);
    await pause(30);
    assert.equal(rig.xmpp.stanzas.all.length, 1);
  });

  play('without it the same MESSAGE is refused', secure(), async (rig) => {
    const { caller } = await tlsCaller(rig, proxy);
    const request = { uri: 'sips:juliet@example.com', body: 'x' };
    assert.equal(statusOf(await caller.ask(request, 'TLS')), 403);
    assert.equal(rig.xmpp.stanzas.all.length, 0);
  });
});

describe('WebSocket (RFC 7118)', () => {
  for (const transport of ['WS', 'WSS'] as const) {
    play(
      `${transport}: a MESSAGE crosses; a subscription’s NOTIFY comes back on the same connection`,
      secure(),
      async (rig) => {
        const phone = await webPhone(rig, transport);
        assert.equal(statusOf(await phone.ask({ body: 'from a web page' })), 202);
        assert.equal(bodyOf(await rig.xmpp.stanzas.next('the message')), 'from a web page');
        const callId = unique('sub');
        const fromTag = unique('t');
        const subscribe: RequestParts = {
          method: 'SUBSCRIBE',
          callId,
          fromTag,
          body: '',
          headers: [
            ['Event', 'presence'],
            ['Expires', '600'],
            ['Contact', `<sip:romeo@${phone.host};transport=ws>`],
          ],
        };
        const accepted = await phone.ask(subscribe);
        assert.equal(statusOf(accepted), 200);
        // RFC 7118 §5.2.2: both kinds are called "ws" in a URI.
        assert.match(header(accepted, 'contact'), /;transport=ws>$/);
        const notify = await phone.requests.next('the NOTIFY');
        assert.equal(notify.startLine, `NOTIFY sip:romeo@${phone.host};transport=ws SIP/2.0`);
        assert.match(header(notify, 'via'), new RegExp(`^SIP/2\\.0/${transport} `));
        const tag = /tag=([^;>]+)/.exec(header(accepted, 'to'))?.[1] ?? '';
        await phone.ask({
          ...subscribe,
          cseq: 2,
          to: `<sip:juliet@example.com>;tag=${tag}`,
          headers: [
            ['Event', 'presence'],
            ['Expires', '0'],
            ['Contact', `<sip:romeo@${phone.host};transport=ws>`],
          ],
        });
        await phone.requests.next('the last NOTIFY');
      },
    );
  }
});
