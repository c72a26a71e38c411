// Whoever cannot be reached: the sender is told, on his side, with the standard's word (RFC 7247 §7; rows ERR-…).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { runSipp } from '../peers/sipp.ts';
import type { SipEndpoint } from '../peers/sip-endpoint.ts';
import { SipEndpoint as Endpoint } from '../peers/sip-endpoint.ts';
import { pause } from '../peers/wait.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import { DIRECT_DOMAIN, Lab, SERVERS, SIP_DOMAIN, XMPP_DOMAIN } from './lab.ts';

const ALICE = `alice@${XMPP_DOMAIN}`;

for (const server of SERVERS) {
  describe(`refusals through ${server} and Kamailio`, () => {
    let lab: Lab;
    let alice: XmppClient;
    let erin: SipEndpoint;

    before(async () => {
      lab = await Lab.open({ server });
      [alice, erin] = await Promise.all([lab.xmpp('alice'), lab.sip('erin')]);
      // jabberd2 knows a user from the first login on.
      const dora = await lab.xmpp('dora');
      await dora.close();
    });
    after(() => lab.close());

    async function errorFor(
      to: string,
      id: string,
    ): Promise<{ condition: string | null; type: string | null; from: string }> {
      alice.send({ to, body: 'is anybody there?', id });
      const error = await alice.message((m) => m.id === id && m.type === 'error', 8_000);
      return { condition: error.condition, type: error.errorType, from: error.sender };
    }

    test('an unknown XMPP user: the server says service-unavailable, the phone hears 480 (ERR-X20)', async () => {
      const { status } = await erin.message(`nobody@${XMPP_DOMAIN}`, 'x');
      assert.equal(status, 480);
    });
    test('an unknown SIP user: 404 is item-not-found, cancel, from the address that was used (ERR-S404, ERR-R2)', async () => {
      const to = `nobody@${SIP_DOMAIN}`;
      assert.deepEqual(await errorFor(to, 'unknown-1'), {
        condition: 'item-not-found',
        type: 'cancel',
        from: to,
      });
    });
    test('a SIP user who is not registered: 480 is recipient-unavailable, wait (ERR-S480)', async () => {
      const to = `frank@${SIP_DOMAIN}`;
      assert.deepEqual(await errorFor(to, 'offline-1'), {
        condition: 'recipient-unavailable',
        type: 'wait',
        from: to,
      });
    });
    test('an XMPP user who is offline: the server keeps it, 202, and it is there at the next login', async () => {
      assert.equal((await erin.message(`dora@${XMPP_DOMAIN}`, 'for later')).status, 202);
      const dora = await lab.xmpp('dora');
      const message = await dora.message((m) => m.body === 'for later', 5_000);
      assert.ok(message.sender.startsWith(`erin@${SIP_DOMAIN}`));
    });
    test('ERR-R1: an error is not answered, and a refused message arrives nowhere', async () => {
      await pause(300);
      assert.equal(alice.received.filter((m) => m.type === 'error').length, 2);
      assert.equal(erin.received.length, 0);
    });

    test('ERR-G6: a SIP target of a domain without a rule is 404', async () => {
      assert.equal((await lab.direct.message('x@unknown.example', 'x')).status, 404);
    });
    test('ERR-G6, sipp: the same', async () => {
      const { exitCode, output } = await runSipp({
        folder: lab.folder.folder('sipp'),
        scenario: 'message-refused.xml',
        targetPort: lab.gatewayPort,
        keys: { from: `bob@${SIP_DOMAIN}`, to: 'x@unknown.example', text: 'x' },
      });
      assert.equal(exitCode, 0, output.slice(-1_000));
    });
    test('ERR-G7: a From that no rule covers is 403, also from a trusted network', async () => {
      assert.equal((await lab.direct.message(ALICE, 'x', { from: 'mallory@elsewhere.example' })).status, 403);
    });
    test('ERR-G7: a From of the XMPP side itself is 403', async () => {
      assert.equal((await lab.direct.message(ALICE, 'x', { from: `carol@${XMPP_DOMAIN}` })).status, 403);
    });
    test('ERR-G7: an untrusted source is 403, and nothing crosses', async () => {
      const stranger = await Endpoint.open({
        user: 'bob',
        domain: SIP_DOMAIN,
        proxyPort: lab.gatewayPort,
        localAddress: '127.0.0.2',
      });
      const before = alice.received.length;
      assert.equal((await stranger.message(ALICE, 'let me in')).status, 403);
      await stranger.close();
      await pause(200);
      assert.equal(alice.received.length, before);
    });
    test('IM-46, IM-47: unknown types are 415 with Accept, an encoding 415 with Accept-Encoding', async () => {
      const image = await lab.direct.message(ALICE, 'x', { contentType: 'image/png' });
      assert.equal(image.status, 415);
      assert.match(image.response?.headers.get('accept')?.[0] ?? '', /text\/plain/);
      const packed = await lab.direct.message(ALICE, 'x', { headers: [['Content-Encoding', 'gzip']] });
      assert.equal(packed.status, 415);
      assert.ok(packed.response?.headers.has('accept-encoding'));
    });
    test('the SIP side refuses with 486, 503 and 603: recipient-unavailable, internal-server-error, recipient-unavailable', async () => {
      const to = `zoe@${DIRECT_DOMAIN}`;
      const rows = [
        [486, 'recipient-unavailable', 'wait'],
        [603, 'recipient-unavailable', 'wait'],
        [503, 'internal-server-error', 'cancel'],
      ] as const;
      for (const [status, condition, type] of rows) {
        lab.direct.answer = () => status;
        assert.deepEqual(await errorFor(to, `refused-${status}`), { condition, type, from: to });
      }
      lab.direct.answer = () => 200;
    });
    test('the links have not suffered', async () => {
      assert.equal(await lab.gateway.health(), 200);
    });
  });
}
