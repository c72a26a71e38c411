// Messages for SIP users whose phones are off: kept, and delivered in order with their times when the phones register
// (row IM-12; RFC 3428 §8, RFC 3680), to real phones, behind a real registrar.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Baresip } from '../peers/baresip.ts';
import { pause, waitFor } from '../peers/wait.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import { Lab, ONE_SERVER, SIP_DOMAIN } from './lab.ts';

const REQUEST = "<request xmlns='urn:xmpp:receipts'/>";
const PATIENCE_MS = 10_000;
/** Longer than the resolution of Date, so that the time of writing differs from that of delivery. */
const ABSENT_MS = 3_000;

for (const server of ONE_SERVER) {
  describe(`phones that register late (${server})`, () => {
    let lab: Lab;
    let alice: XmppClient;

    before(async () => {
      lab = await Lab.open({
        server,
        registrationEvents: true,
        config: () => ({
          offline: { keep: true, registrars: [SIP_DOMAIN] },
          messages: { reports: 'always' },
        }),
      });
      alice = await lab.xmpp('alice');
    });
    after(() => lab.close());

    const kept = async (): Promise<number> =>
      Number(/^stoxgate_held\{kind="kept_messages"\} (\d+)$/m.exec(await lab.gateway.metrics())?.[1]);

    /** Three texts for an absent user; when the first was written, in milliseconds. */
    async function write(user: string): Promise<number> {
      const began = Date.now();
      const before = await kept();
      for (const n of [1, 2, 3]) {
        alice.sendXml(
          `<message to='${user}@${SIP_DOMAIN}' type='chat' id='${user}-${n}'><body>${user} ${n}</body>${REQUEST}</message>`,
        );
      }
      assert.ok(
        await waitFor(async () => (await kept()) === before + 3, PATIENCE_MS),
        `${await kept()} kept`,
      );
      await pause(ABSENT_MS);
      return began;
    }

    const errors = (): unknown[] => alice.received.filter((m) => m.type === 'error');

    test('linphone: in order, with the times of writing; the receipt comes at delivery', async () => {
      const began = await write('dave');
      assert.deepEqual(
        alice.received.filter((m) => m.type === 'error' || m.received !== null),
        [],
        'the sender hears nothing while they wait',
      );
      const dave = await lab.linphone('dave', { cpim: true, imdn: true });
      await dave.receives('dave 3', 2 * PATIENCE_MS);
      const arrived = dave.agent.events.filter(({ event }) => event === 'message');
      assert.deepEqual(
        arrived.map((message) => message['text']),
        ['dave 1', 'dave 2', 'dave 3'],
      );
      for (const message of arrived) near(Number(message['time']) * 1000, began);
      for (const n of [1, 2, 3]) await alice.message((m) => m.received === `dave-${n}`);
      assert.deepEqual(errors(), []);
      assert.equal(await kept(), 0);
    });

    test('baresip: the same, after a restart of the gateway by kill -9', async () => {
      const began = await write('bob');
      await lab.gateway.kill();
      await lab.gateway.start();
      await lab.gateway.healthy();
      assert.equal(await kept(), 3);
      const bob = await lab.baresip('bob', []);
      // It refuses message/cpim with 415, and takes the plain text that follows (RCPT-01).
      const plain = (): Baresip['received'] => bob.received.filter(({ body }) => /^bob \d$/.test(body));
      assert.ok(await waitFor(() => plain().length >= 3, 2 * PATIENCE_MS), bob.output.slice(-2000));
      assert.deepEqual(
        plain().map(({ body }) => body),
        ['bob 1', 'bob 2', 'bob 3'],
      );
      for (const { head } of plain()) near(Date.parse(/^Date: (.*?)\r?$/im.exec(head)?.[1] ?? ''), began);
      assert.deepEqual(errors(), []);
      assert.ok(await waitFor(async () => (await kept()) === 0, PATIENCE_MS));
    });

    test('an endpoint that registers, goes, and comes again: nothing comes twice', async () => {
      const began = await write('erin');
      const erin = await lab.sip('erin');
      assert.ok(await waitFor(() => erin.bodies.length >= 3, 2 * PATIENCE_MS), erin.bodies.join());
      await erin.register(0);
      await erin.register();
      await pause(1_000);
      assert.deepEqual(
        erin.bodies.map((body) => /erin \d/.exec(body)?.[0]),
        ['erin 1', 'erin 2', 'erin 3'],
      );
      for (const body of erin.bodies) near(Date.parse(/^DateTime: (\S+)/m.exec(body)?.[1] ?? ''), began);
    });
  });
}

/** The same moment, as far as a field in whole seconds tells it. */
function near(timeMs: number, beganMs: number): void {
  assert.ok(
    timeMs >= beganMs - 1000 && timeMs <= beganMs + 2000,
    `${timeMs - beganMs} ms after it was written`,
  );
}
