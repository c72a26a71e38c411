// Which certificate a peer is shown that connects in the clear and begins TLS by STARTTLS: that of the domain in its stream
// header, since that is known before TLS (RFC 6120 §4.7.2, §13.7.2), or the one it asks for by SNI (RFC 6066 §3).

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, afterEach, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { TestCa, type TestCertificate } from '../../peers/test-ca.ts';
import { RawPeer, ServerRig } from './server-rig.ts';

const PEER = 'a.example';
const FIRST = 'first.example';
const SECOND = 'second.example';
const THIRD = 'third.example';

const ca = new TestCa();
after(() => ca.remove());
const of = (domain: string): TestCertificate => ca.make({ names: [`DNS:${domain}`], commonName: domain });
const [peers, first, second] = [of(PEER), of(FIRST), of(SECOND)];

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function start(): Promise<ServerRig> {
  const rig = new ServerRig({ domains: [FIRST, SECOND, THIRD], certificate: first, more: [second] });
  await rig.server.start();
  closing.push(() => rig.close());
  return rig;
}

describe('STARTTLS', () => {
  const cases: [string, string, string, string][] = [
    ['no SNI, to the first', FIRST, '', FIRST],
    ['no SNI, to the second', SECOND, '', SECOND],
    ['no SNI, to a domain without a certificate of its own: the first', THIRD, '', FIRST],
    ['SNI as the header', SECOND, SECOND, SECOND],
    ['another SNI than the header: what TLS asks for', SECOND, FIRST, FIRST],
    ['the SNI of nobody: as without', SECOND, 'nobody.example', SECOND],
  ];
  for (const [what, to, sni, shown] of cases) {
    test(`${what}: ${shown}`, async () => {
      const b = await start();
      const peer = await RawPeer.connect(b.port);
      const socket = await peer.startTls(PEER, to, peers, sni);
      assert.equal(socket.getPeerCertificate().subjectaltname, `DNS:${shown}`);
      // Whoever it was shown, the stream is one for `to`.
      await peer.authenticate(PEER, to);
      peer.write(`<message from='ann@${PEER}' to='bob@${to}'><body>in</body></message>`);
      peer.write('</stream:stream>');
      await peer.untilClosed();
      assert.deepEqual(b.told, [`ann@${PEER} bob@${to} in`]);
    });
  }

  test('RFC 6120 §4.9.3.6: to a domain that is not served: host-unknown, and no TLS', async () => {
    const b = await start();
    const peer = await RawPeer.connect(b.port);
    await assert.rejects(peer.startTls(PEER, 'nobody.example', peers, ''), /closed without/);
    assert.equal(peer.error, 'host-unknown');
    assert.equal(peer.headers[0]?.attr('from'), undefined);
  });

  for (const domain of [FIRST, SECOND]) {
    test(`openssl s_client, no SNI, for ${domain}`, async () => {
      const b = await start();
      const options = ['-connect', `127.0.0.1:${b.port}`, '-starttls', 'xmpp-server', '-xmpphost', domain];
      const run = promisify(execFile)('openssl', ['s_client', ...options, '-noservername'], {
        timeout: 10_000,
      });
      run.child.stdin?.end();
      const { stdout } = await run;
      assert.match(stdout, new RegExp(`subject=CN ?= ?${domain}`));
    });
  }
});
