// Texts both ways between real user agents, through each XMPP server and Kamailio (rows IM-01, IM-20, IM-40, IM-50).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Baresip } from '../peers/baresip.ts';
import type { Linphone } from '../peers/linphone.ts';
import type { SipEndpoint } from '../peers/sip-endpoint.ts';
import { runSipp } from '../peers/sipp.ts';
import { mustBecome, waitFor } from '../peers/wait.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import { Lab, SERVERS, SIP_DOMAIN, XMPP_DOMAIN } from './lab.ts';
import { EXACT_TEXTS, TEXTS } from './texts.ts';

const ALICE = `alice@${XMPP_DOMAIN}`;

for (const server of SERVERS) {
  describe(`texts through ${server} and Kamailio`, () => {
    let lab: Lab;
    let alice: XmppClient;
    let erin: SipEndpoint;
    let bob: Baresip;
    let dave: Linphone;

    before(async () => {
      lab = await Lab.open({ server });
      [alice, erin, bob, dave] = await Promise.all([
        lab.xmpp('alice'),
        lab.sip('erin'),
        lab.baresip('bob', [`sip:${ALICE}`]),
        lab.linphone('dave'),
      ]);
    });
    after(() => lab.close());

    /** The next message of that sender after those that were there before. */
    async function arrivesAtAlice(sender: string, from: number): Promise<string | null> {
      return (await alice.message((m) => m.sender.startsWith(sender), 10_000, from)).body;
    }

    for (const { name, text } of [...TEXTS, ...EXACT_TEXTS]) {
      test(`endpoint → slixmpp: ${name}`, async () => {
        const from = alice.agent.events.length;
        const outcome = await erin.message(ALICE, text);
        assert.equal(outcome.status, 202);
        assert.equal(await arrivesAtAlice(`erin@${SIP_DOMAIN}`, from), text);
      });
      test(`slixmpp → endpoint: ${name}`, async () => {
        const before = erin.received.length;
        alice.send({ to: `erin@${SIP_DOMAIN}`, body: text });
        await mustBecome('arrival at the endpoint', () => erin.received.length > before, 10_000);
        assert.equal(erin.bodies[before], text);
        assert.equal(erin.received.length, before + 1);
      });
    }

    for (const { name, text } of TEXTS) {
      test(`baresip → slixmpp: ${name}`, async () => {
        const from = alice.agent.events.length;
        await bob.message(`sip:${ALICE}`, text);
        assert.equal(await arrivesAtAlice(`bob@${SIP_DOMAIN}`, from), text);
      });
      test(`slixmpp → baresip: ${name}`, async () => {
        const before = bob.received.length;
        alice.send({ to: `bob@${SIP_DOMAIN}`, body: text });
        await waitFor(() => bob.received.length > before, 10_000);
        assert.equal(bob.received[before]?.body, text);
      });
      test(`linphone → slixmpp: ${name}`, async () => {
        const from = alice.agent.events.length;
        dave.send(ALICE, text);
        assert.equal(await arrivesAtAlice(`dave@${SIP_DOMAIN}`, from), text);
        assert.equal(await dave.fate(text), 'delivered');
      });
      test(`slixmpp → linphone: ${name}`, async () => {
        alice.send({ to: `dave@${SIP_DOMAIN}`, body: text });
        // IM-04: the sender's resource as `gr`.
        assert.equal((await dave.receives(text))['sender'], `sip:${ALICE};gr=alice-client`);
      });
    }

    for (const transport of ['u1', 't1'] as const) {
      test(`sipp → slixmpp over ${transport === 'u1' ? 'UDP' : 'TCP'}: 40 messages, each accepted and there once`, async () => {
        const from = alice.agent.events.length;
        const text = `sipp ${transport} <&>`;
        const { exitCode, output } = await runSipp({
          folder: lab.folder.folder(`sipp-${transport}`),
          scenario: 'message.xml',
          targetPort: lab.gatewayPort,
          transport,
          count: 40,
          ratePerSecond: 100,
          keys: { from: `frank@${SIP_DOMAIN}`, to: ALICE, text },
        });
        assert.equal(exitCode, 0, output.slice(-2_000));
        await mustBecome('the last of 40', () => arrived(alice, text, from).length >= 40, 15_000);
        const expected = Array.from({ length: 40 }, (_, index) => `${text} ${index + 1}`);
        assert.deepEqual(arrived(alice, text, from).toSorted(), expected.toSorted());
      });
    }

    test('RFC 3428 §7, IM-50: CRLF in a text arrives as LF', async () => {
      const from = alice.agent.events.length;
      await erin.message(ALICE, 'one\r\ntwo');
      assert.equal(await arrivesAtAlice('erin', from), 'one\ntwo');
    });
    test('IM-40: ISO-8859-1 by its charset parameter', async () => {
      const from = alice.agent.events.length;
      const body = Buffer.from('caf\u00e9', 'latin1');
      assert.equal(
        (await erin.message(ALICE, body, { contentType: 'text/plain; charset=ISO-8859-1' })).status,
        202,
      );
      assert.equal(await arrivesAtAlice('erin', from), 'café');
    });
    test('IM-49: what XML cannot hold does not reach the stream, and the stream lives on', async () => {
      const from = alice.agent.events.length;
      const outcome = await erin.message(ALICE, Buffer.from([0x61, 0x00, 0x01, 0xff, 0xfe, 0x62]));
      assert.ok([202, 400].includes(outcome.status), `status ${outcome.status}`);
      await erin.message(ALICE, 'still here');
      await alice.message((m) => m.body === 'still here', 10_000, from);
      assert.equal(await lab.gateway.health(), 200);
    });
    test('IM-03, IM-22: thread ⇄ Call-ID', async () => {
      const from = alice.agent.events.length;
      const { callId } = await erin.message(ALICE, 'threaded', { callId: 'a84b4c76e66710@pc33.example.net' });
      assert.equal((await alice.message((m) => m.body === 'threaded', 15_000, from)).thread, callId);
      alice.send({ to: `erin@${SIP_DOMAIN}`, body: 'threaded back', thread: callId });
      const back = await mustBecome(
        'the answer',
        () => erin.received.find((m) => m.body.toString() === 'threaded back'),
        15_000,
      );
      assert.equal(back.headers.get('call-id')?.[0], callId);
    });
  });
}

function arrived(client: XmppClient, start: string, from: number): string[] {
  return client.agent.events
    .slice(from)
    .map((event) => event['body'])
    .filter((body): body is string => typeof body === 'string' && body.startsWith(start));
}
