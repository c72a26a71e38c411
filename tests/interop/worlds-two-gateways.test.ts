// Two gateways for one domain by SRV: what a person does may go through either, what comes back may go through the other, and
// one may die (docs/operation.md, "Several gateways"; rows RCPT-09, S2S-04; RFC 3263 §4.3).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Linphone } from '../peers/linphone.ts';
import { inOwnNetwork } from '../peers/own-network.ts';
import type { SipEndpoint } from '../peers/sip-endpoint.ts';
import { mustBecome, pause } from '../peers/wait.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import { FULL_MATRIX } from './lab.ts';
import { Worlds, XMPP_DOMAIN, SIP_DOMAIN, type HostName } from './worlds-stage.ts';

const ALICE = `alice@${XMPP_DOMAIN}`;
const ZOE = `zoe@${SIP_DOMAIN}`;
const DAVE = `dave@${SIP_DOMAIN}`;
const ASKS = "<request xmlns='urn:xmpp:receipts'/><markable xmlns='urn:xmpp:chat-markers:0'/>";
const A: readonly HostName[] = ['gw-a', 'gw-b'];
const B: readonly HostName[] = ['gw-b', 'gw-a'];

inOwnNetwork(import.meta.filename, 4, (network) => {
  describe('two gateways of one domain, with the same keys', () => {
    let worlds: Worlds;
    let alice: XmppClient;
    let zoe: SipEndpoint;
    let dave: Linphone;
    const numbers = Array.from({ length: 40 }, (_, i) => i);

    before(async () => {
      worlds = await Worlds.open({ network, server: 'prosody', gateways: ['a', 'b'] });
      worlds.links({ gatewayFromXmpp: A, gatewayFromSip: B });
      [alice, zoe, dave] = await Promise.all([worlds.alice(), worlds.zoe(), worlds.dave()]);
      await pause(1_200);
    });
    after(() => worlds.close());

    /** How many messages from SIP a gateway has answered with 202. */
    const accepted = async (name: 'a' | 'b'): Promise<number> => {
      const line =
        /^stoxgate_messages_total\{direction="sip_to_xmpp",outcome="(?:accepted|delivered)"\} (\d+)/gm;
      const metrics = await worlds.gateway(name).metrics();
      return [...metrics.matchAll(line)].reduce((sum, [, count]) => sum + Number(count), 0);
    };

    /** Messages from Alice to Zoe whose text is their id: each is there once, or its sender has an error. */
    const oneOutcomeEach = async (ids: readonly string[], limitMs: number): Promise<void> => {
      for (const id of ids) {
        const [heard, refused] = [
          (): number => zoe.bodies.filter((body) => body === id).length,
          (): number => alice.received.filter((m) => m.type === 'error' && m.id === id).length,
        ];
        await mustBecome(`an outcome of ${id}`, () => heard() + refused() > 0, limitMs);
        assert.ok(heard() <= 1 && refused() <= 1, `${id}: ${heard()} and ${refused()}`);
      }
    };

    test('from SIP through the one and through the other, as DNS names them', async () => {
      for (const [name, order] of [
        ['b', B],
        ['a', A],
        ['b', B],
      ] as const) {
        worlds.links({ gatewayFromXmpp: A, gatewayFromSip: order });
        await pause(1_200);
        const before = await accepted(name);
        assert.equal((await zoe.message(ALICE, `through ${name}`)).status, 202);
        assert.equal((await alice.message((m) => m.body === `through ${name}`)).sender, ZOE);
        assert.equal(await accepted(name), before + 1);
      }
    });

    test('RCPT-09: asked through one gateway, received and displayed through the other', async () => {
      alice.sendXml(
        `<message to='${DAVE}' type='chat' id='0b7c4bb4-8a2c-4d0b-8f38-3d6c1f5d2a10'><body>do you have it?</body>${ASKS}</message>`,
      );
      const arrived = await dave.receives('do you have it?');
      const received = await alice.message((m) => m.received === '0b7c4bb4-8a2c-4d0b-8f38-3d6c1f5d2a10');
      assert.deepEqual([received.sender, received.type, received.to], [DAVE, 'chat', alice.jid]);
      dave.agent.do('read', { from: String(arrived['sender']) });
      await alice.message((m) => m.displayed === '0b7c4bb4-8a2c-4d0b-8f38-3d6c1f5d2a10');
    });

    // Within the 5 s in which Kamailio has the transactions still: it repeats an answer to sent-by (RFC 3261 §17.2.2, §18.2.2).
    test('one is killed and back at once: what it had acknowledged is sent again, and answered', async () => {
      const ids = numbers.map((i) => `at once ${i}`);
      for (const id of ids) alice.send({ to: ZOE, body: id, id });
      await mustBecome('some are through', () => zoe.bodies.some((body) => ids.includes(body)), 8_000);
      const carries = (name: 'a' | 'b'): boolean =>
        worlds
          .gateway(name)
          .logged('message.sent')
          .some(({ cid }) => ids.includes(String(cid)));
      const gateway = worlds.gateway(carries('b') ? 'b' : 'a');
      await gateway.kill();
      await gateway.start();
      await oneOutcomeEach(ids, 5_000);
    });

    test('one is killed with messages under way: each from SIP has its outcome, and all goes on', async () => {
      const answers = numbers.map((i) => zoe.message(ALICE, `out ${i}`));
      for (const i of numbers) alice.send({ to: ZOE, body: `in ${i}`, id: `in ${i}` });
      await mustBecome('some are through', () => zoe.bodies.some((body) => body.startsWith('in ')), 8_000);
      await worlds.gateway('b').kill();
      for (const [i, { status }] of (await Promise.all(answers)).entries()) {
        assert.notEqual(status, 0, `out ${i}: no answer`);
        if (status === 202) await alice.message((m) => m.body === `out ${i}`);
      }
      assert.equal((await zoe.message(ALICE, 'through the other')).status, 202);
      alice.send({ to: ZOE, body: 'and back through it' });
      await mustBecome('the MESSAGE', () => zoe.bodies.includes('and back through it'), 10_000);
    });

    test('it comes back with what it had taken: nothing is lost, and nothing comes twice', async () => {
      await worlds.gateway('b').start();
      await oneOutcomeEach(
        numbers.map((i) => `in ${i}`),
        20_000,
      );
    });

    test('the other dies: all goes on', async () => {
      await worlds.gateway('a').kill();
      const { status } = await zoe.message(ALICE, 'through b again');
      assert.equal(status, 202);
      alice.send({ to: ZOE, body: 'and back through b' });
      await mustBecome('the MESSAGE', () => zoe.bodies.includes('and back through b'), 10_000);
    });
  });

  test('S2S-04: a key of dialback of the one gateway, asked about at the other', async () => {
    const worlds = await Worlds.open({ network, server: 'prosody', strangers: true, gateways: ['a', 'b'] });
    try {
      worlds.links({ gatewayFromXmpp: A, gatewayFromSip: B });
      await pause(1_200);
      const [alice, zoe] = await Promise.all([worlds.alice(), worlds.zoe()]);
      // Its answer is another matter: see docs/operation.md, "Several gateways".
      const answer = zoe.message(ALICE, 'by dialback');
      await alice.message((m) => m.body === 'by dialback');
      assert.equal(worlds.gateway('b').logged('s2s.out.up').length, 1);
      assert.equal(worlds.gateway('a').logged('s2s.out.up').length, 0);
      assert.equal(worlds.gateway('a').logged('s2s.in.up').length, 1);
      if (FULL_MATRIX) assert.equal((await answer).status, 504);
    } finally {
      // In order it would wait for that answer.
      await worlds.gateway('b').kill();
      await worlds.close();
    }
  });
});
