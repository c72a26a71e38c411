// What is played between two worlds, whatever they run on: there and back, presence, and who does not exist.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Baresip } from '../peers/baresip.ts';
import type { OwnNetwork } from '../peers/own-network.ts';
import { mustBecome } from '../peers/wait.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import type { XmppServerKind } from '../peers/xmpp-server.ts';
import { SIP_DOMAIN, Worlds, XMPP_DOMAIN } from './worlds-stage.ts';

const ALICE = `alice@${XMPP_DOMAIN}`;
const BOB = `bob@${SIP_DOMAIN}`;

export function playWorlds(server: XmppServerKind, network: OwnNetwork): void {
  describe(`two worlds by DNS alone, IPv${network.family}, ${server}`, () => {
    let worlds: Worlds;
    let alice: XmppClient;
    let bob: Baresip;

    before(async () => {
      worlds = await Worlds.open({ network, server });
      [alice, bob] = await Promise.all([worlds.alice(), worlds.bob()]);
    });
    after(() => worlds.close());

    const heard = (body: string): Promise<boolean> =>
      mustBecome(
        `"${body}" at the phone`,
        () => bob.received.some((message) => message.body === body),
        10_000,
      );

    test('phone → Kamailio → NAPTR, SRV, TLS → gateway → SRV, TLS → XMPP server → client', async () => {
      await bob.message(`sip:${ALICE}`, 'over the whole way');
      const message = await alice.message((m) => m.body === 'over the whole way');
      assert.equal(message.sender, BOB);
    });

    test('and back', async () => {
      alice.send({ to: BOB, body: 'and all the way back' });
      await heard('and all the way back');
      assert.deepEqual(
        alice.received.filter((m) => m.type === 'error'),
        [],
      );
    });

    test('presence: she asks, his phone says that he is there', async () => {
      alice.presence(BOB, 'subscribe');
      await mustBecome('his agreement', () => alice.presences.some((p) => p.type === 'subscribed'), 10_000);
      await bob.presence('online');
      await mustBecome(
        'his presence',
        () => alice.presences.some((p) => p.sender.startsWith(BOB) && p.type === 'available'),
        10_000,
      );
    });

    test('nobody of that name in SIP: one error, from the address that she wrote to', async () => {
      const nobody = `nobody@${SIP_DOMAIN}`;
      alice.send({ to: nobody, body: 'are you there?', id: 'lost' });
      const error = await alice.message((m) => m.type === 'error');
      assert.deepEqual([error.sender, error.id, error.condition], [nobody, 'lost', 'item-not-found']);
      alice.send({ to: BOB, body: 'after the error' });
      await heard('after the error');
      assert.equal(alice.received.filter((m) => m.type === 'error').length, 1);
    });

    test('nobody of that name in XMPP: the phone is told once, and not that it was taken', async () => {
      await bob.message(`sip:nobody@${XMPP_DOMAIN}`, 'are you there?');
      const finals = (): string[] => refusals(bob.output, `nobody@${XMPP_DOMAIN}`);
      await mustBecome('the refusal', () => finals().length > 0, 12_000);
      // RFC 6121 §8.5.1: all three say service-unavailable.
      assert.deepEqual(finals(), ['480']);
      assert.ok(!alice.received.some((m) => m.body === 'are you there?'));
    });
  });
}

/** The final answers to a MESSAGE in the trace of a phone, but for the challenge of its own proxy. */
function refusals(trace: string, to: string): string[] {
  const heads = trace.split(/^SIP\/2\.0 /m).slice(1);
  return heads.flatMap((text) => {
    const head = text.slice(0, text.indexOf('\r\n\r\n'));
    const status = head.slice(0, 3);
    const about = /^CSeq: \d+ MESSAGE\r?$/im.test(head) && head.includes(`To: <sip:${to}>`);
    return about && status >= '200' && status !== '407' ? [status] : [];
  });
}
