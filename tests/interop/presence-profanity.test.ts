// A person's XMPP client (profanity, by its keyboard and screen) and a phone (baresip) through Kamailio: what its user types
// and sees when he watches a SIP contact and lets it watch him.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Baresip } from '../peers/baresip.ts';
import type { Profanity } from '../peers/profanity.ts';
import { pause, waitFor } from '../peers/wait.ts';
import { Lab, ONE_SERVER, SIP_DOMAIN, XMPP_DOMAIN } from './lab.ts';
import { notifications } from './phone-notifications.ts';

const ALICE = `alice@${XMPP_DOMAIN}`;
const BOB = `bob@${SIP_DOMAIN}`;
const PATIENCE_MS = 15_000;

for (const server of ONE_SERVER) {
  describe(`profanity at ${server} and a phone (baresip)`, () => {
    let lab: Lab;
    let alice: Profanity;
    let phone: Baresip;

    before(async () => {
      lab = await Lab.open({ server, presence: true });
      alice = await lab.profanity('alice');
      phone = await lab.baresip('bob', [`sip:${ALICE}`]);
      await phone.presence('online');
    });
    after(() => lab.close());

    /** The last thing that the phone was told. */
    async function phoneSees(what: string): Promise<void> {
      const last = (): string => notifications(phone, ALICE).at(-1) ?? '';
      assert.ok(
        await waitFor(() => last() === what, PATIENCE_MS),
        `"${what}": ${JSON.stringify(notifications(phone, ALICE))}`,
      );
    }

    /** Her roster has him so: "to", "both" … */
    async function rosterSays(what: string): Promise<void> {
      alice.type('/roster');
      await alice.shows(new RegExp(`- +${BOB} - ${what}$`));
    }

    test('PRES-40: the phone asks: she is told so, and it is not shown her', async () => {
      await alice.shows(new RegExp(`Received authorization request from ${BOB}`));
      await phoneSees('pending');
    });

    test('PRES-01 … PRES-04: she asks, and sees the phone', async () => {
      alice.type(`/sub request ${BOB}`);
      await alice.lists(BOB, 'Online');
      await alice.shows(new RegExp(`Subscription received from ${BOB}`));
      await rosterSays('to');
    });

    test('PRES-44: she lets it watch her', async () => {
      alice.type(`/sub allow ${BOB}`);
      await phoneSees('active open');
      await rosterSays('both');
    });

    test('PRES-05: the phone goes and comes', async () => {
      await phone.presence('offline');
      await alice.lists(BOB, 'Offline');
      await phone.presence('online');
      await alice.lists(BOB, 'Online');
    });

    test('PRES-68, PRES-69: what she types is told as PIDF', async () => {
      alice.type('/status set dnd "tea & cake"');
      await phoneSees('active open dnd tea & cake');
      // Without a text it says the word itself.
      alice.type('/status set online');
      await phoneSees('active open online');
    });

    test('the gateway is started anew: her screen shows nothing of it, and both go on', async () => {
      const lines = (text: string): number => alice.console.filter((line) => line.includes(text)).length;
      const words = ['Received authorization request', `-- ${BOB}`, 'Subscription received'];
      const before = words.map(lines);
      await lab.gateway.kill();
      await lab.gateway.start();
      await lab.gateway.healthy();
      alice.type('/status set away');
      await phoneSees('active open away away');
      assert.deepEqual(words.map(lines), before);
      await phone.presence('offline');
      await alice.lists(BOB, 'Offline');
      await phone.presence('online');
      await alice.lists(BOB, 'Online');
    });

    test('PRES-45: it may not watch her any more, and she goes on watching it', async () => {
      alice.type(`/sub deny ${BOB}`);
      const refused = (): boolean => notifications(phone, ALICE).includes('terminated;reason=rejected');
      assert.ok(await waitFor(refused, PATIENCE_MS), JSON.stringify(notifications(phone, ALICE)));
      await rosterSays('to');
      await pause(700);
      assert.equal(alice.groupOf(BOB), 'Online');
      await phone.presence('offline');
      await alice.lists(BOB, 'Offline');
      await phone.presence('online');
      await alice.lists(BOB, 'Online');
    });

    test('PRES-15: she removes him, and sees nothing more of the phone', async () => {
      const before = subscribes(phone);
      alice.type(`/roster remove ${BOB}`);
      await alice.shows(new RegExp(`Roster item removed: ${BOB}`));
      assert.ok(await waitFor(() => subscribes(phone) > before, PATIENCE_MS), 'Expires 0');
      await phone.presence('offline');
      await phone.presence('online');
      await pause(700);
      assert.notEqual(alice.groupOf(BOB), 'Online');
    });
  });
}

/** SUBSCRIBE requests that the phone has seen. */
function subscribes(phone: Baresip): number {
  return [...phone.output.matchAll(/^SUBSCRIBE sip:bob/gm)].length;
}
