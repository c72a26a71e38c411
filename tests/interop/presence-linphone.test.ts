// linphone and a user at a real XMPP server watch each other through Kamailio. Its user decides about each watcher, its
// tuples have a new id in each document, its Contact is a GRUU, and it shows what it was told as a person would see it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Linphone } from '../peers/linphone.ts';
import { pause, waitFor } from '../peers/wait.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import { Lab, OTHER_SERVER, SIP_DOMAIN, XMPP_DOMAIN } from './lab.ts';

const ALICE = `alice@${XMPP_DOMAIN}`;
const DAVE = `dave@${SIP_DOMAIN}`;
/** Five seconds may lie between two notifications (RFC 3856 §6.10). */
const PATIENCE_MS = 15_000;

for (const server of OTHER_SERVER) {
  describe(`linphone and a user of ${server} watch each other`, () => {
    let lab: Lab;
    let alice: XmppClient;
    let dave: Linphone;

    before(async () => {
      lab = await Lab.open({ server, presence: true });
      [alice, dave] = await Promise.all([lab.xmpp('alice'), lab.linphone('dave')]);
    });
    after(() => lab.close());

    /** What Alice was told of him, in order: "subscribed", "available away gone fishing" … */
    const told = (from = 0): string[] =>
      alice.presences
        .slice(from)
        .filter(({ sender }) => sender.startsWith(DAVE))
        .map(({ type, show, status }) => [type, show, status].filter((word) => word !== null).join(' '));

    /** His resources that she sees as available. */
    function shown(upTo = alice.presences.length): Set<string> {
      const resources = new Set<string>();
      for (const { sender, type } of alice.presences.slice(0, upTo)) {
        if (!sender.startsWith(`${DAVE}/`)) continue;
        if (type === 'available') resources.add(sender);
        else if (type === 'unavailable') resources.delete(sender);
      }
      return resources;
    }

    async function becomes(what: string, from: number): Promise<void> {
      const came = await waitFor(() => told(from).includes(what), PATIENCE_MS);
      assert.ok(came, `"${what}" did not come: ${JSON.stringify(told(from))}`);
    }

    async function daveSees(what: string): Promise<void> {
      const came = await waitFor(() => dave.sees(ALICE) === what, PATIENCE_MS);
      assert.ok(came, `"${what}": he sees "${dave.sees(ALICE)}"`);
    }

    async function asked(from: number): Promise<void> {
      assert.ok(
        await waitFor(() => told(from).includes('subscribe'), PATIENCE_MS),
        JSON.stringify(alice.presences),
      );
    }

    test('PRES-02: she asks, he has not decided: she is told nothing', async () => {
      alice.presence(DAVE, 'subscribe');
      await dave.agent.wait('watcher', (e) => e['uri'] === `sip:${ALICE}`);
      await pause(500);
      assert.deepEqual(told(), []);
    });

    test('PRES-04: he lets her see him', async () => {
      dave.friend(ALICE, 'accept', false);
      await becomes('available', 0);
      assert.deepEqual(told(), ['subscribed', 'available']);
      assert.equal(shown().size, 1);
    });

    test('PRES-87, RPID: what he does and says; the new tuple is there before the old one goes', async () => {
      const from = alice.presences.length;
      dave.activity('away', 'gone fishing');
      await becomes('available away gone fishing', from);
      dave.activity('on-the-phone', 'back soon');
      await becomes('available dnd back soon', from);
      assert.ok(await waitFor(() => shown().size === 1, PATIENCE_MS), JSON.stringify(told(from)));
      for (let upTo = from; upTo <= alice.presences.length; upTo++)
        assert.notEqual(shown(upTo).size, 0, `gone in between: ${JSON.stringify(told(from))}`);
    });

    test('PRES-80: offline, and online again', async () => {
      dave.presence('offline');
      assert.ok(await waitFor(() => shown().size === 0, PATIENCE_MS), JSON.stringify(told()));
      const from = alice.presences.length;
      dave.presence('online');
      await becomes('available', from);
      assert.ok(!told().slice(1).includes('subscribed'), 'only once for one authorization');
    });

    test('PRES-40: he asks for her; undecided she is not shown', async () => {
      const from = alice.presences.length;
      dave.friend(ALICE, 'accept', true);
      await asked(from);
      await pause(500);
      assert.doesNotMatch(dave.sees(ALICE), /open/);
    });

    test('PRES-44, PRES-68, PRES-69: she agrees; what she does and says', async () => {
      alice.presence(DAVE, 'subscribed');
      await daveSees('open');
      alice.sendXml('<presence><show>away</show><status>tea &amp; cake</status></presence>');
      await daveSees('open away: tea & cake');
      alice.sendXml('<presence><show>dnd</show></presence>');
      await daveSees('open busy');
    });

    test('the gateway is started anew: both go on', async () => {
      await lab.gateway.kill();
      alice.sendXml('<presence><show>xa</show><status>asleep</status></presence>');
      await lab.gateway.start();
      await lab.gateway.healthy();
      await daveSees('open away: asleep');
      const from = alice.presences.length;
      dave.activity('meeting', 'all day');
      assert.ok(await waitFor(() => told(from).some((each) => each.endsWith('all day')), PATIENCE_MS));
      assert.ok(!told(from).includes('subscribe'), 'she is not asked again');
    });

    test('PRES-71: she goes, and comes', async () => {
      await alice.close();
      await daveSees('closed');
      alice = await lab.xmpp('alice');
      await daveSees('open');
      await becomes('available dnd all day', 0);
    });

    test('PRES-45: he may not watch her any more, and she goes on watching him', async () => {
      const from = alice.presences.length;
      alice.presence(DAVE, 'unsubscribed');
      await daveSees('closed');
      dave.activity('on-the-phone', 'still seen');
      await becomes('available dnd still seen', from);
      assert.ok(await waitFor(() => shown().size === 1, PATIENCE_MS), JSON.stringify(told(from)));
    });

    test('PRES-15: she asks no longer', async () => {
      alice.presence(DAVE, 'unsubscribe');
      assert.ok(await waitFor(() => shown().size === 0, PATIENCE_MS), JSON.stringify(told()));
      const from = alice.presences.length;
      dave.activity('away', 'nobody hears');
      await pause(700);
      assert.ok(!told(from).some((each) => each.startsWith('available')), JSON.stringify(told(from)));
    });
  });
}
