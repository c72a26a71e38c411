// A user at a real XMPP server watches a real SIP phone through Kamailio: he asks, sees the phone come and go, logs out and
// in, and takes it back (RFC 8048 §5.2). In between the gateway is started anew.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Baresip } from '../peers/baresip.ts';
import { pause, waitFor } from '../peers/wait.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import { Lab, SIP_DOMAIN, TWO_SERVERS } from './lab.ts';

const BOB = `bob@${SIP_DOMAIN}`;
const PATIENCE_MS = 10_000;

for (const server of TWO_SERVERS) {
  describe(`a user of ${server} watches a phone (baresip)`, () => {
    let lab: Lab;
    let alice: XmppClient;
    let phone: Baresip;

    before(async () => {
      lab = await Lab.open({ server, presence: true });
      [alice, phone] = await Promise.all([lab.xmpp('alice'), lab.baresip('bob', [])]);
      await phone.presence('online');
    });
    after(() => lab.close());

    /** What came from Bob since, as types. */
    const types = (client: XmppClient, from = 0): string[] =>
      client.presences
        .slice(from)
        .filter(({ sender }) => sender.startsWith(BOB))
        .map(({ type }) => type);

    async function becomes(client: XmppClient, what: string, from = 0): Promise<void> {
      const came = await waitFor(() => types(client, from).includes(what), PATIENCE_MS);
      assert.ok(came, `${what} did not come: ${JSON.stringify(client.presences)}`);
    }

    test('PRES-01 … PRES-04: he asks, and sees the phone', async () => {
      alice.presence(BOB, 'subscribe');
      await becomes(alice, 'subscribed');
      await becomes(alice, 'available');
      const [subscribed, available] = types(alice);
      assert.deepEqual([subscribed, available], ['subscribed', 'available']);
      const shown = alice.presences.find(
        ({ type, sender }) => type === 'available' && sender.startsWith(BOB),
      );
      // The id of baresip's tuple is the resource.
      assert.match(shown?.sender ?? '', /^bob@example\.net\/.+/);
    });

    test('PRES-05, PRES-87: the phone goes and comes', async () => {
      const from = alice.presences.length;
      await phone.presence('offline');
      await becomes(alice, 'unavailable', from);
      const again = alice.presences.length;
      await phone.presence('online');
      await becomes(alice, 'available', again);
      assert.ok(!types(alice, from).includes('subscribed'), 'only once for one authorization');
    });

    test('PRES-18: he logs in once more, and his server asks: answered without SUBSCRIBE', async () => {
      const before = subscribes(phone);
      await alice.close();
      alice = await lab.xmpp('alice');
      await becomes(alice, 'available');
      assert.equal(subscribes(phone), before);
    });

    test('the gateway is started anew: the phone’s next notification arrives in the old dialog', async () => {
      const before = subscribes(phone);
      await lab.gateway.stop();
      await lab.gateway.start();
      await lab.gateway.healthy();
      const from = alice.presences.length;
      await phone.presence('offline');
      await becomes(alice, 'unavailable', from);
      const again = alice.presences.length;
      await phone.presence('online');
      await becomes(alice, 'available', again);
      assert.equal(subscribes(phone), before);
    });

    // jabberd2 takes a refusal of a subscription that is not there yet for a mistake, and errors to a bare JID too.
    const skip = server === 'jabberd2';
    test('PRES-13: nobody of that name: he hears why, and asks no longer', { skip }, async () => {
      const nobody = `nobody@${SIP_DOMAIN}`;
      const told = (type: string) =>
        alice.presences.find((each) => each.sender.startsWith(nobody) && each.type === type);
      alice.presence(nobody, 'subscribe');
      assert.ok(await waitFor(() => told('unsubscribed'), PATIENCE_MS), JSON.stringify(alice.presences));
      assert.equal(told('error')?.condition, 'item-not-found');
      const roster = await alice.ask(
        'roster',
        `<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>`,
      );
      const [item] = /<item [^>]*nobody[^>]*>/.exec(roster.xml) ?? [];
      assert.match(item ?? '', /subscription="none"/);
      assert.doesNotMatch(item ?? '', /ask=/);
    });

    test('PRES-15: he takes it back', async () => {
      const from = alice.presences.length;
      const before = subscribes(phone);
      alice.presence(BOB, 'unsubscribe');
      assert.ok(await waitFor(() => subscribes(phone) > before, PATIENCE_MS), 'Expires 0');
      await becomes(alice, 'unavailable', from);
      const quiet = alice.presences.length;
      await phone.presence('offline');
      await pause(500);
      assert.deepEqual(
        types(alice, quiet).filter((type) => type === 'available'),
        [],
      );
    });
  });
}

/** SUBSCRIBE requests that the phone has seen. */
function subscribes(phone: Baresip): number {
  return [...phone.output.matchAll(/^SUBSCRIBE sip:/gm)].length;
}
