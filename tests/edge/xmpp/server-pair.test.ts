// Two XMPP servers of ours over loopback: both ways of TLS, both ways of proof, acknowledgement, resumption.
// Source: RFC 6120 §9.2; XEP-0178, 0198, 0220, 0288, 0368; rows S2S-01 … S2S-06.

import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, afterEach, describe, test } from 'node:test';
import type { DialbackPolicy } from '../../../src/xmpp/index.ts';
import { TestCa, type CertificateWish, type TestCertificate } from '../../peers/test-ca.ts';
import { until } from './rig.ts';
import { chat, RawPeer, ServerRig, Watched, type ServerRigOptions } from './server-rig.ts';

const ca = new TestCa();
const otherCa = new TestCa('Other CA');
after(() => {
  ca.remove();
  otherCa.remove();
});
const A = 'a.example';
const B = 'b.example';
const certificateOf = (domain: string, wish: CertificateWish = {}) =>
  ca.make({ names: [`DNS:${domain}`], ...wish });
const certificateA = certificateOf(A);
const certificateB = certificateOf(B);

const open: ServerRig[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((rig) => rig.close()));
});

async function start(options: ServerRigOptions): Promise<ServerRig> {
  const rig = new ServerRig(options);
  open.push(rig);
  await rig.server.start();
  return rig;
}

async function pair(
  dialback: DialbackPolicy = 'never',
  transport: 'TCP' | 'TLS' = 'TCP',
  more: Partial<ServerRigOptions> = {},
): Promise<[ServerRig, ServerRig]> {
  const a = await start({ domains: [A], certificate: certificateA, dialback, ...more });
  const b = await start({ domains: [B], certificate: certificateB, dialback, ...more });
  a.places.set(B, [b.place(transport)]);
  b.places.set(A, [a.place(transport)]);
  return [a, b];
}

function send(rig: ServerRig, from: string, to: string, body: string): Watched {
  const watched = new Watched(chat(from, to, body));
  assert.equal(rig.server.send(from.slice(from.indexOf('@') + 1), watched.stanza, watched), 0);
  return watched;
}

for (const transport of ['TCP', 'TLS'] as const) {
  test(`EXTERNAL over ${transport}: a message each way, each confirmed once`, async () => {
    const [a, b] = await pair('never', transport);
    const there = send(a, `ann@${A}`, `bob@${B}`, 'hello');
    const back = send(b, `bob@${B}`, `ann@${A}`, 'and back');
    await until('both confirmed', () => there.events.length + back.events.length === 2);
    assert.deepEqual(there.events, ['confirmed']);
    assert.deepEqual(back.events, ['confirmed']);
    assert.deepEqual(b.told, [`ann@${A} bob@${B} hello`]);
    assert.deepEqual(a.told, [`bob@${B} ann@${A} and back`]);
  });
}

test('the order holds, also of what waited for the stream', async () => {
  const [a, b] = await pair();
  const sent = Array.from({ length: 300 }, (_, i) => send(a, `ann@${A}`, `bob@${B}`, String(i)));
  await until('all confirmed', () => sent.every(({ events }) => events.length === 1));
  assert.deepEqual(
    b.stanzas.map((el) => el.child('body')?.text()),
    sent.map((_, i) => String(i)),
  );
});

describe('certificate × dialback × kind of TLS', () => {
  type Kind = 'valid' | 'valid, for servers only' | 'expired' | 'wrong name' | 'self-signed' | 'unknown CA';
  const bad: Readonly<Record<Kind, ReturnType<typeof certificateOf>>> = {
    valid: certificateA,
    'valid, for servers only': certificateOf(A, { usage: 'serverAuth' }),
    expired: certificateOf(A, { days: -1 }),
    'wrong name': certificateOf('elsewhere.example'),
    'self-signed': certificateOf(A, { selfSigned: true }),
    'unknown CA': { ...otherCa.make({ names: [`DNS:${A}`] }), ca: ca.certificate },
  };
  for (const [kind, certificate] of Object.entries(bad)) {
    for (const dialback of ['never', 'over-tls'] as const) {
      for (const transport of ['TCP', 'TLS'] as const) {
        const passes = kind.startsWith('valid') || dialback === 'over-tls';
        const scene = async (): Promise<[ServerRig, ServerRig]> => {
          const limits = { reachTimeoutMs: 3000 };
          const a = await start({
            domains: [A],
            certificate: { ...certificate, ca: ca.certificate },
            dialback,
            limits,
          });
          const b = await start({ domains: [B], certificate: certificateB, dialback, limits });
          a.places.set(B, [b.place(transport)]);
          b.places.set(A, [a.place(transport)]);
          return [a, b];
        };
        test(`${kind}, ${dialback}, ${transport}: shown by the one that calls: ${passes ? 'heard' : 'not heard'}`, async () => {
          const [a, b] = await scene();
          const sent = send(a, `ann@${A}`, `bob@${B}`, 'hello');
          await until('an outcome', () => sent.events.length + a.stanzas.length > 0);
          assert.deepEqual(b.told, passes ? [`ann@${A} bob@${B} hello`] : []);
          if (!passes) assert.deepEqual(a.told, [`bob@${B} ann@${A} error remote-server-timeout`]);
          else {
            await until('confirmed', () => sent.events.length > 0);
            assert.deepEqual(sent.events, ['confirmed']);
          }
        });
        test(`${kind}, ${dialback}, ${transport}: shown by the one that is called: ${passes ? 'told' : 'not told'}`, async () => {
          const [a, b] = await scene();
          const sent = send(b, `bob@${B}`, `ann@${A}`, 'hello');
          await until('an outcome', () => sent.events.length + b.stanzas.length > 0);
          assert.deepEqual(a.told, passes ? [`bob@${B} ann@${A} hello`] : []);
          if (!passes) assert.deepEqual(b.told, [`ann@${A} bob@${B} error remote-server-timeout`]);
        });
      }
    }
  }
});

describe('dialback is allowed, but not for this domain (`certified`)', () => {
  const nobody = () => ({ ...ca.make({ names: ['DNS:nobody.example'] }), ca: ca.certificate });
  const scene = async (certificate: TestCertificate): Promise<[ServerRig, ServerRig]> => {
    const limits = { reachTimeoutMs: 3000 };
    const a = await start({ domains: [A], certificate, dialback: 'over-tls', limits });
    const options = { domains: [B], certificate: certificateB, dialback: 'over-tls', limits } as const;
    const b = await start({ ...options, certified: [A] });
    a.places.set(B, [b.place()]);
    b.places.set(A, [a.place()]);
    return [a, b];
  };
  test('its server calls without its certificate: not heard', async () => {
    const [a, b] = await scene(nobody());
    send(a, `ann@${A}`, `bob@${B}`, 'hello');
    await until('an outcome', () => a.stanzas.length + b.stanzas.length > 0);
    assert.deepEqual(b.told, []);
    assert.match(a.told.join(), /error remote-server/);
  });
  test('its server is called and shows no such certificate: not told', async () => {
    const [a, b] = await scene(nobody());
    send(b, `bob@${B}`, `ann@${A}`, 'hello');
    await until('an outcome', () => a.stanzas.length + b.stanzas.length > 0);
    assert.deepEqual([a.told, b.told], [[], [`ann@${A} bob@${B} error remote-server-timeout`]]);
  });
  test('with its certificate: both', async () => {
    const [a, b] = await scene(certificateA);
    const there = send(a, `ann@${A}`, `bob@${B}`, 'one');
    const back = send(b, `bob@${B}`, `ann@${A}`, 'two');
    await until('both', () => there.events.length > 0 && back.events.length > 0);
    assert.deepEqual([...there.events, ...back.events], ['confirmed', 'confirmed']);
  });
});

test('XEP-0220 §2.5: two domains of ours share a stream, each proved by itself', async () => {
  const own = [A, 'phones.a.example'];
  const certificate = ca.make({ names: ['DNS:nobody.example'] });
  const a = await start({ domains: own, certificate, dialback: 'over-tls' });
  const b = await start({ domains: [B], certificate: certificateB, dialback: 'over-tls' });
  for (const domain of own) b.places.set(domain, [a.place()]);
  a.places.set(B, [b.place()]);
  const first = send(a, `ann@${A}`, `bob@${B}`, 'one');
  await until('the first', () => first.events.length > 0);
  const second = send(a, 'bell@phones.a.example', `bob@${B}`, 'two');
  await until('the second', () => second.events.length > 0);
  assert.deepEqual([...first.events, ...second.events], ['confirmed', 'confirmed']);
  assert.equal(b.server.sizes.s2s_in, 1);
  assert.deepEqual(b.told, [`ann@${A} bob@${B} one`, `bell@phones.a.example bob@${B} two`]);
});

test('XEP-0288: what comes back takes the stream that is there', async () => {
  const [a, b] = await pair();
  const there = send(a, `ann@${A}`, `bob@${B}`, 'hello');
  await until('confirmed', () => there.events.length > 0);
  b.places.set(A, []);
  const back = send(b, `bob@${B}`, `ann@${A}`, 'back');
  await until('back', () => back.events.length > 0);
  assert.deepEqual(back.events, ['confirmed']);
  assert.deepEqual(a.told, [`bob@${B} ann@${A} back`]);
  assert.equal(b.server.sizes.s2s_out, 0);
});

describe('dialback with several gateways of one domain', () => {
  for (const [what, secret, passes] of [
    ['that share their keys: any of them knows a key', 's3cr3tf0rd14lb4ck', true],
    ['with keys of their own: the other one calls it invalid', undefined, false],
  ] as const) {
    test(what, async () => {
      const more = secret === undefined ? {} : { dialbackSecret: secret };
      const certificate = ca.make({ names: ['DNS:nobody.example'] });
      const first = await start({ domains: [A], certificate, dialback: 'over-tls', ...more });
      const second = await start({ domains: [A], certificate, dialback: 'over-tls', ...more });
      const b = await start({ domains: [B], certificate: certificateB, dialback: 'over-tls' });
      first.places.set(B, [b.place()]);
      // Whom the other server asks is not whom it is told by.
      b.places.set(A, [second.place()]);
      const sent = send(first, `ann@${A}`, `bob@${B}`, 'hello');
      await until('an outcome', () => sent.events.length + first.stanzas.length > 0);
      assert.deepEqual(b.told, passes ? [`ann@${A} bob@${B} hello`] : []);
    });
  }
});

test('a stranger cannot have more keys verified at a time than the bound allows', async () => {
  const b = await start({
    domains: [B],
    certificate: certificateB,
    dialback: 'over-tls',
    limits: { verifying: 1 },
  });
  const silent = createServer();
  await new Promise<void>((resolve) => {
    silent.listen(0, '127.0.0.1', resolve);
  });
  const address = silent.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  for (const domain of ['c.example', 'd.example'])
    b.places.set(domain, [{ transport: 'TCP', host: '127.0.0.1', port }]);
  const peer = await RawPeer.direct(b.tlsPort, undefined, B);
  peer.open(undefined, B);
  await peer.expect('features');
  peer.write(
    `<db:result from='c.example' to='${B}'>k</db:result><db:result from='d.example' to='${B}'>k</db:result>`,
  );
  const answer = await peer.expect('result');
  assert.equal(answer.attr('to'), 'd.example');
  assert.notEqual(answer.child('error')?.child('resource-constraint'), undefined);
  peer.drop();
  silent.close();
});

test('XEP-0288 §2.2: each pair that is proved on the stream goes back on it, the first by EXTERNAL, another by dialback', async () => {
  const second = 'phones.a.example';
  // XEP-0344: what the certificate proves of the second needs no question on a stream of its own.
  const certificate = ca.make({ names: [`DNS:${A}`, `DNS:${second}`] });
  const a = await start({ domains: [A, second], certificate, dialback: 'over-tls' });
  const b = await start({ domains: [B], certificate: certificateB, dialback: 'over-tls' });
  for (const domain of [A, second]) b.places.set(domain, [a.place()]);
  a.places.set(B, [b.place()]);
  const first = send(a, `ann@${A}`, `bob@${B}`, 'one');
  await until('the first', () => first.events.length > 0);
  const added = send(a, `bell@${second}`, `bob@${B}`, 'two');
  await until('the second', () => added.events.length > 0);
  assert.equal(b.server.sizes.s2s_in, 1);
  for (const domain of [A, second]) b.places.set(domain, []);
  for (const to of [`bell@${second}`, `ann@${A}`]) {
    const back = send(b, `bob@${B}`, to, `back to ${to}`);
    await until('back', () => back.events.length > 0);
    assert.deepEqual(back.events, ['confirmed']);
  }
  assert.deepEqual(a.told, [
    `bob@${B} bell@${second} back to bell@${second}`,
    `bob@${B} ann@${A} back to ann@${A}`,
  ]);
  assert.deepEqual([b.server.sizes.s2s_out, a.server.sizes.s2s_in], [0, 0]);
});
