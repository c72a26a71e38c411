// What a server must not be taken in by: each case ends with the stream error that the standard names, and with nothing
// delivered. Source: RFC 6120 §4.9, §5, §6, §8.1, §13; RFC 7590; rows S2S-02, S2S-07, S2S-08.

import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { after, afterEach, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { TestCa } from '../../peers/test-ca.ts';
import { settle, until } from './rig.ts';
import { chat, RawPeer, ServerRig, Watched, type ServerRigOptions } from './server-rig.ts';

const ca = new TestCa();
after(() => ca.remove());
const A = 'a.example';
const B = 'b.example';
const OTHER = 'other.example';
const certificateA = ca.make({ names: [`DNS:${A}`] });
const certificateB = ca.make({ names: [`DNS:${B}`] });
const strange = ca.make({ names: ['DNS:nobody.example'] });

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function start(options: Partial<ServerRigOptions> = {}): Promise<ServerRig> {
  const rig = new ServerRig({ domains: [B, OTHER], certificate: certificateB, ...options });
  await rig.server.start();
  closing.push(() => rig.close());
  return rig;
}

const message = (from: string, to: string): string =>
  `<message${from === '' ? '' : ` from='${from}'`}${to === '' ? '' : ` to='${to}'`}><body>in</body></message>`;
const right = message(`ann@${A}`, `bob@${B}`);

type Stage = 'clear' | 'secure' | 'proved';

async function peerAt(b: ServerRig, stage: Stage): Promise<RawPeer> {
  if (stage === 'clear') {
    const peer = await RawPeer.connect(b.port);
    peer.open(A, B);
    await peer.expect('features');
    return peer;
  }
  const peer = await RawPeer.direct(b.tlsPort, certificateA, B);
  if (stage === 'proved') await peer.authenticate(A, B);
  else {
    peer.open(A, B);
    await peer.expect('features');
  }
  return peer;
}

describe('stanzas and other things at the wrong time, or in a wrong name', () => {
  const big = `<message from='ann@${A}' to='bob@${B}'><body>${'x'.repeat(262_200)}</body></message>`;
  const cases: [string, Stage, string, string][] = [
    ['a stanza before TLS', 'clear', right, 'not-authorized'],
    ['dialback before TLS', 'clear', `<db:result from='${A}' to='${B}'>k</db:result>`, 'policy-violation'],
    [
      'SASL before TLS',
      'clear',
      `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>`,
      'policy-violation',
    ],
    ['a stanza before authentication', 'secure', right, 'not-authorized'],
    ['something unknown before authentication', 'secure', `<x xmlns='urn:x'/>`, 'unsupported-stanza-type'],
    ['a from of another domain', 'proved', message('ann@c.example', `bob@${B}`), 'invalid-from'],
    ['a from of a domain of ours', 'proved', message(`eve@${B}`, `bob@${B}`), 'invalid-from'],
    ['a from below the proved domain', 'proved', message(`ann@x.${A}`, `bob@${B}`), 'invalid-from'],
    [
      'a second domain of ours on one stream',
      'proved',
      message(`ann@${A}`, `bob@${OTHER}`),
      'not-authorized',
    ],
    ['a domain that is not served', 'proved', message(`ann@${A}`, 'bob@c.example'), 'host-unknown'],
    ['no from', 'proved', message('', `bob@${B}`), 'improper-addressing'],
    ['no to', 'proved', message(`ann@${A}`, ''), 'improper-addressing'],
    ['a from that is no address', 'proved', message(`@${A}`, `bob@${B}`), 'improper-addressing'],
    ['a comment', 'proved', `<!-- x -->${right}`, 'restricted-xml'],
    ['a processing instruction', 'proved', `<?x y?>${right}`, 'restricted-xml'],
    ['a document type', 'proved', `<!DOCTYPE x>${right}`, 'restricted-xml'],
    ['not well-formed', 'proved', `<message from='ann@${A}'><body></message>${right}`, 'not-well-formed'],
    ['a stanza of more than 256 KiB', 'proved', big, 'policy-violation'],
    [
      'an entity of one’s own',
      'proved',
      `<message from='ann@${A}' to='bob@${B}'><body>&x;</body></message>`,
      'restricted-xml',
    ],
  ];
  for (const [what, stage, xml, condition] of cases) {
    test(`${what}: ${condition}, nothing delivered`, async () => {
      const b = await start({ dialback: 'over-tls' });
      const peer = await peerAt(b, stage);
      peer.write(xml);
      await peer.untilClosed();
      assert.equal(peer.error, condition);
      assert.ok(peer.ended);
      assert.deepEqual(b.told, []);
      await until('nobody is left', () => b.server.sizes.s2s_in === 0);
    });
  }

  test('the same stream, with what is right: delivered', async () => {
    const b = await start();
    const peer = await peerAt(b, 'proved');
    peer.write(right);
    await until('delivered', () => b.stanzas.length === 1);
    assert.deepEqual(b.told, [`ann@${A} bob@${B} in`]);
    peer.drop();
  });
});

describe('headers', () => {
  const head = (attributes: string, ns = 'jabber:server'): string =>
    `<stream:stream xmlns='${ns}' xmlns:stream='http://etherx.jabber.org/streams' ${attributes}>`;
  const cases: [string, string, string][] = [
    ['for a domain that is not served', head(`from='${A}' to='c.example' version='1.0'`), 'host-unknown'],
    ['for nobody', head(`from='${A}' version='1.0'`), 'improper-addressing'],
    ['from a domain of ours', head(`from='${OTHER}' to='${B}' version='1.0'`), 'invalid-from'],
    ['of a client', head(`to='${B}' version='1.0'`, 'jabber:client'), 'invalid-namespace'],
    ['without a version', head(`from='${A}' to='${B}'`), 'unsupported-version'],
    ['of HTTP', 'GET / HTTP/1.1\r\n\r\n', 'not-well-formed'],
    [
      'of more than 64 KiB',
      head(`from='${A}' to='${B}' version='1.0' x='${'y'.repeat(70_000)}'`),
      'policy-violation',
    ],
  ];
  for (const [what, xml, condition] of cases) {
    test(`${what}: ${condition}, behind a header of ours (§4.9.1.2)`, async () => {
      const b = await start();
      const peer = await RawPeer.connect(b.port);
      peer.write(xml);
      await peer.untilClosed();
      assert.equal(peer.error, condition);
      assert.equal(peer.headers.length, 1);
      assert.notEqual(peer.headers[0]?.attr('id') ?? '', '');
    });
  }
});

describe('TLS', () => {
  test('RFC 6120 §5.4.3.3: what comes in the clear behind <starttls/> is never read', async () => {
    const b = await start();
    const socket = connect({ host: '127.0.0.1', port: b.port });
    socket.on('error', () => {});
    closing.push(() => void socket.destroy());
    const header = `<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' from='${A}' to='${B}' version='1.0'>`;
    // All in one segment, as an attacker in the middle would slip it in.
    socket.write(`${header}<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>${right}${header}${right}`);
    await settle();
    assert.deepEqual(b.told, []);
  });

  test('RFC 7590 §3.4: a server that offers no TLS is told nothing', async () => {
    const heard: string[] = [];
    const port = await fakeServer((socket, text) => {
      heard.push(text);
      if (!text.includes('<stream:stream')) return;
      socket.write(
        `<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' from='${A}' id='x' version='1.0'>` +
          `<stream:features><dialback xmlns='urn:xmpp:features:dialback'/></stream:features>`,
      );
    });
    const b = await start({ dialback: 'over-tls' });
    b.places.set(A, [{ transport: 'TCP', host: '127.0.0.1', port }]);
    const sent = new Watched(chat(`bob@${B}`, `ann@${A}`, 'secret'));
    b.server.send(B, sent.stanza, sent);
    await until('an answer', () => b.stanzas.length === 1);
    assert.deepEqual(b.told, [`ann@${A} bob@${B} error remote-server-timeout`]);
    assert.ok(!heard.join('').includes('secret') && !heard.join('').includes('db:result'));
  });

  test('features in the clear behind <proceed/> do not count after TLS', async () => {
    // Whoever sits in the middle of the clear part can say nothing about the part under TLS: the handshake fails here.
    const port = await fakeServer((socket, text) => {
      const features = `<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism></mechanisms></stream:features>`;
      if (text.includes('<stream:stream')) {
        socket.write(
          `<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' from='${A}' id='x' version='1.0'>` +
            `<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>`,
        );
      } else if (text.includes('<starttls')) {
        socket.write(`<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>${features}`);
      }
    });
    const b = await start({ dialback: 'over-tls', limits: { negotiateTimeoutMs: 500 } });
    b.places.set(A, [{ transport: 'TCP', host: '127.0.0.1', port }]);
    b.server.send(B, chat(`bob@${B}`, `ann@${A}`, 'secret'));
    await until('an answer', () => b.stanzas.length === 1);
    assert.deepEqual(b.told, [`ann@${A} bob@${B} error remote-server-timeout`]);
  });

  test('RFC 7590 §3.2, row S2S-02: TLS 1.1 is refused', async () => {
    const b = await start();
    const socket = connectTls({
      ...{ host: '127.0.0.1', port: b.tlsPort, rejectUnauthorized: false },
      ...{ minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' },
    });
    const error = await new Promise<Error>((resolve) => {
      socket.once('error', resolve);
      socket.once('secureConnect', () => resolve(new Error('TLS 1.1 was taken')));
    });
    assert.match(error.message, /version|alert/i);
    socket.destroy();
  });

  test('XEP-0368 §2.1: a peer that wants another protocol is refused by ALPN', async () => {
    const b = await start();
    const socket = connectTls({
      ...{ host: '127.0.0.1', port: b.tlsPort, rejectUnauthorized: false, ALPNProtocols: ['xmpp-client'] },
    });
    const ended = await new Promise<string>((resolve) => {
      socket.once('error', () => resolve('refused'));
      socket.once('secureConnect', () => resolve('taken'));
    });
    assert.equal(ended, 'refused');
    socket.destroy();
  });

  test('EXTERNAL without a certificate, and with one of somebody else: not-authorized, three times, and the end', async () => {
    for (const certificate of [undefined, strange]) {
      const b = await start();
      const peer = await RawPeer.direct(b.tlsPort, certificate, B);
      peer.open(A, B);
      assert.equal((await peer.expect('features')).child('mechanisms'), undefined);
      for (let i = 0; i < 3; i++) {
        peer.write(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>`);
      }
      await peer.untilClosed();
      assert.equal(peer.elements.filter((el) => el.child('not-authorized') !== undefined).length, 3);
      assert.equal(peer.error, 'policy-violation');
      assert.deepEqual(b.told, []);
    }
  });
});

test('byte by byte: the whole of a stream, and a stanza', async () => {
  const b = await start();
  const peer = await RawPeer.direct(b.tlsPort, certificateA, B);
  const slowly = async (text: string): Promise<void> => {
    for (const octet of Buffer.from(text)) {
      peer.write(String.fromCharCode(octet));
      if (octet === 0x3e) await settle();
    }
  };
  const header =
    `<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'` +
    ` from='${A}' to='${B}' version='1.0'>`;
  await slowly(header);
  await slowly(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>`);
  await peer.expect('success');
  await slowly(header);
  await slowly(right);
  await until('delivered', () => b.stanzas.length === 1);
  assert.deepEqual(b.told, [`ann@${A} bob@${B} in`]);
  peer.drop();
});

describe('bounds', () => {
  test('slow loris: one octet now and then does not prolong the time', async () => {
    const b = await start({ limits: { negotiateTimeoutMs: 300 } });
    const peer = await RawPeer.connect(b.port);
    const began = performance.now();
    const drip = setInterval(() => peer.write(' '), 20);
    await peer.untilClosed();
    clearInterval(drip);
    assert.ok(performance.now() - began < 8000);
    await until('nobody is left', () => b.server.sizes.s2s_in === 0 && b.server.sizes.s2s_unproved === 0);
  });

  test('a TLS handshake that never comes is given up', async () => {
    const b = await start({ limits: { negotiateTimeoutMs: 300 } });
    const direct = await RawPeer.connect(b.tlsPort);
    await direct.untilClosed();
    await until('nobody is left', () => b.server.sizes.s2s_unproved === 0);
  });

  test('from one address: no more than the bound, and its places come back', async () => {
    const b = await start({ limits: { unprovedPerAddress: 5 } });
    const peers = await Promise.all(Array.from({ length: 5 }, () => RawPeer.connect(b.port)));
    await until('all in', () => b.server.sizes.s2s_unproved === 5);
    const sixth = await RawPeer.connect(b.port);
    await sixth.untilClosed();
    peers[0]?.drop();
    await until('one place', () => b.server.sizes.s2s_unproved === 4);
    const peer = await peerAt(b, 'proved');
    // Who has proved something counts no more.
    await until('proved', () => b.server.sizes.s2s_unproved === 4);
    for (const each of [...peers, peer]) each.drop();
  });

  test('in all: no more than the bound, from however many addresses', async () => {
    const b = await start({ limits: { unproved: 12, unprovedPerAddress: 10, negotiateTimeoutMs: 500 } });
    for (let i = 0; i < 18; i++) {
      const socket = connect({ host: '127.0.0.1', port: b.port, localAddress: `127.0.1.${1 + (i % 3)}` });
      socket.on('error', () => {});
      socket.resume();
      closing.push(() => void socket.destroy());
    }
    await until('six turned away', () => b.counters.total('stoxgate_xmpp_server_turned_away_total') === 6);
    assert.equal(b.server.sizes.s2s_unproved, 12);
    await until('all given up', () => b.server.sizes.s2s_unproved === 0);
  });

  test('three thousand half-open connections: bounded, given up, and others served meanwhile and afterwards', async () => {
    const limits = { unproved: 1000, unprovedPerAddress: 100, negotiateTimeoutMs: 1500 };
    const b = await start({ limits });
    const sockets: Socket[] = [];
    closing.push(() => {
      for (const socket of sockets) socket.destroy();
    });
    let most = 0;
    // 9 × 100 stay inside of all bounds; the rest is turned away by one or the other.
    for (let i = 0; i < 3000; i++) {
      const socket = connect({ host: '127.0.0.1', port: b.port, localAddress: `127.0.1.${1 + (i % 9)}` });
      socket.on('error', () => {});
      sockets.push(socket);
      if (i % 100 === 99) await settle();
      most = Math.max(most, b.server.sizes.s2s_unproved);
    }
    await until('as many as may', () => b.server.sizes.s2s_unproved >= 900);
    assert.ok(most <= 1000, String(most));
    const peer = await peerAt(b, 'proved');
    peer.write(right);
    await until('a real peer is served', () => b.stanzas.length === 1);
    await until('all given up', () => b.server.sizes.s2s_unproved === 0);
    assert.ok(b.counters.total('stoxgate_xmpp_server_turned_away_total') >= 2000);
    peer.drop();
  });
});

async function fakeServer(heard: (socket: Socket, text: string) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => heard(socket, chunk.toString('latin1')));
  });
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
