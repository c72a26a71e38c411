// The gateway is ended with SIGTERM in mid-traffic, and started again: it drains, exits 0, and the counts are equal.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { mustBecome, pause, waitFor } from '../peers/wait.ts';
import { DIRECT_DOMAIN, Lab, ONE_SERVER, XMPP_DOMAIN } from './lab.ts';
import { arrivedAt, difference, sipTraffic, statuses, xmppTraffic } from './traffic.ts';

const RATE = { perSecond: 50, seconds: 6 };
const STOP_AFTER_MS = 2_000;
/** Longer than the 10 s within which every SIP request has its final response. */
const DRAIN_LIMIT_MS = 12_000;

for (const server of ONE_SERVER) {
  describe(`the gateway is stopped in mid-traffic (${server})`, () => {
    let lab: Lab;

    before(async () => {
      lab = await Lab.open({ server, kamailio: false });
    });
    after(() => lab.close());

    async function restartGateway(): Promise<void> {
      await pause(STOP_AFTER_MS);
      const began = performance.now();
      assert.equal(await lab.gateway.stop(), 0, 'exit status after SIGTERM');
      assert.ok(performance.now() - began < DRAIN_LIMIT_MS, `draining took ${performance.now() - began} ms`);
      await lab.gateway.start();
      await lab.gateway.healthy();
    }

    test('SIP → XMPP: accepted = arrived', async () => {
      const alice = await lab.xmpp('alice');
      const [traffic] = await Promise.all([
        sipTraffic(lab.direct, `alice@${XMPP_DOMAIN}`, 'sip', RATE),
        restartGateway(),
      ]);
      await waitFor(() => difference(traffic.accepted, arrivedAt(alice, 'sip')).length === 0, 15_000, 100);
      await pause(500);
      const told = JSON.stringify(statuses(traffic));
      const arrived = arrivedAt(alice, 'sip');
      assert.ok(traffic.accepted.size > RATE.perSecond, `too few were accepted: ${told}`);
      assert.deepEqual(difference(traffic.accepted, arrived), [], `accepted and lost (${told})`);
      assert.deepEqual(
        difference(arrived, traffic.accepted),
        [],
        `refused and arrived all the same (${told})`,
      );
    });

    test('XMPP → SIP: each message arrives or comes back as an error, never both, never neither', async () => {
      const carol = await lab.xmpp('carol');
      const [sent] = await Promise.all([
        xmppTraffic(carol, `zoe@${DIRECT_DOMAIN}`, 'xmpp', RATE),
        restartGateway(),
      ]);
      const arrived = (): ReadonlySet<string> =>
        new Set(lab.direct.bodies.filter((body) => body.startsWith('xmpp-')));
      const refused = (): ReadonlySet<string> =>
        new Set(carol.received.filter((m) => m.type === 'error').map((m) => m.id ?? ''));
      await waitFor(() => arrived().size + refused().size >= sent.length, 15_000, 100);
      await pause(500);
      const [there, back] = [arrived(), refused()];
      const told = `${there.size} arrived, ${back.size} came back of ${sent.length}`;
      assert.deepEqual(
        sent.filter((text) => !there.has(text) && !back.has(text)),
        [],
        `no outcome (${told})`,
      );
      assert.deepEqual(
        sent.filter((text) => there.has(text) && back.has(text)),
        [],
        `both outcomes (${told})`,
      );
      assert.equal(
        lab.direct.bodies.filter((body) => body.startsWith('xmpp-')).length,
        there.size,
        'each once',
      );
    });

    test('a second SIGTERM ends a drain that somebody does not let finish', async () => {
      lab.direct.answer = () => 100;
      const alice = await lab.xmpp('dora');
      alice.send({ to: `zoe@${DIRECT_DOMAIN}`, body: 'never answered' });
      await mustBecome('the request', () => lab.direct.bodies.includes('never answered'), 15_000);
      const stopped = lab.gateway.stop(DRAIN_LIMIT_MS + 30_000);
      await pause(300);
      const began = performance.now();
      await lab.gateway.stop();
      assert.equal(await stopped, 1);
      assert.ok(performance.now() - began < 10_000);
      lab.direct.answer = () => 200;
      await lab.gateway.start();
      await lab.gateway.healthy();
    });
  });
}
