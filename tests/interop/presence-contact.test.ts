// A real phone watches a user at a real XMPP server through Kamailio: she agrees, comes, goes and takes it back, and the
// gateway and her server are started anew in between (RFC 8048 §5.3).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Baresip } from '../peers/baresip.ts';
import { waitFor } from '../peers/wait.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import { Lab, SIP_DOMAIN, TWO_SERVERS, XMPP_DOMAIN } from './lab.ts';
import { notifications } from './phone-notifications.ts';

const ALICE = `alice@${XMPP_DOMAIN}`;
const BOB = `bob@${SIP_DOMAIN}`;
/** Five seconds may lie between two notifications (RFC 3856 §6.10). */
const PATIENCE_MS = 15_000;

// Side by side: most of the time they wait for timers.
describe('a phone watches, at each server', { concurrency: true }, () => {
  for (const server of TWO_SERVERS) {
    describe(`a phone (baresip) watches a user of ${server}`, { concurrency: 1 }, () => {
      let lab: Lab;
      let alice: XmppClient;
      let phone: Baresip;

      before(async () => {
        lab = await Lab.open({ server, presence: true });
        alice = await lab.xmpp('alice');
        phone = await lab.baresip('bob', [`sip:${ALICE}`]);
      });
      after(() => lab.close());

      async function asked(): Promise<void> {
        const came = (): boolean => alice.presences.some((p) => p.sender === BOB && p.type === 'subscribe');
        assert.ok(await waitFor(came, PATIENCE_MS), JSON.stringify(alice.presences));
      }

      /** The last thing that the phone was told. */
      async function shown(what: string | RegExp): Promise<void> {
        const last = (): string => notifications(phone, ALICE).at(-1) ?? '';
        const is = (): boolean => (typeof what === 'string' ? last() === what : what.test(last()));
        assert.ok(await waitFor(is, PATIENCE_MS), JSON.stringify(notifications(phone, ALICE)));
      }

      test('PRES-40: it is told that nobody has decided, and she is asked', async () => {
        await asked();
        await shown('pending');
        assert.ok(!notifications(phone, ALICE).some((each) => each.startsWith('active')));
      });

      test('PRES-44: she agrees, and is shown', async () => {
        alice.presence(BOB, 'subscribed');
        await shown(/^active open/);
      });

      test('PRES-46, PRES-68: away, then gone, then there again', async () => {
        alice.sendXml('<presence><show>away</show><status>tea &amp; cake</status></presence>');
        await shown('active open away tea & cake');
        await alice.close();
        await shown(/^active closed/);
        alice = await lab.xmpp('alice');
        await shown(/^active open/);
      });

      test('the gateway is started anew: she is shown as she is, without being asked again', async () => {
        const before = notifications(phone, ALICE).length;
        await lab.gateway.kill();
        alice.sendXml('<presence><show>dnd</show></presence>');
        await lab.gateway.start();
        await lab.gateway.healthy();
        await shown('active open dnd');
        assert.ok(
          !notifications(phone, ALICE).slice(before).includes('pending'),
          'the old subscription goes on',
        );
        assert.equal(subscribes(phone), 1);
      });

      test('her server is started anew: the same', async () => {
        await lab.server.stop();
        await lab.server.start();
        await lab.gateway.healthy();
        await alice.close();
        alice = await lab.xmpp('alice');
        alice.sendXml('<presence><show>xa</show></presence>');
        await shown('active open xa');
      });

      test('PRES-45: she takes it back', async () => {
        alice.presence(BOB, 'unsubscribed');
        assert.ok(
          await waitFor(
            () => notifications(phone, ALICE).includes('terminated;reason=rejected'),
            PATIENCE_MS,
          ),
          JSON.stringify(notifications(phone, ALICE)),
        );
      });
    });
  }

  /** Subscriptions to her that the phone has begun. */
  function subscribes(phone: Baresip): number {
    const calls = [...phone.output.matchAll(/^SUBSCRIBE sip:alice[^]*?^Call-ID: (\S+)/gm)].map(
      ([, id]) => id,
    );
    return new Set(calls).size;
  }
});
