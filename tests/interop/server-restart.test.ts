// The XMPP server is stopped and started again in mid-traffic: what SIP was told is accepted has arrived, and nothing
// else has (RFC 3428 §7: a 2xx is a promise; promise 1 of the gateway: one truthful outcome each).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { pause, waitFor } from '../peers/wait.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import { Lab, SERVERS, XMPP_DOMAIN } from './lab.ts';
import { arrivedAt, difference, sipTraffic, statuses, type SipTraffic } from './traffic.ts';

const RATE = { perSecond: 50, seconds: 8 };
const STOP_AFTER_MS = 2_000;
const DOWN_MS = 500;
/**
 * jabberd2's router returns the gateway's ping before its session manager has the message. What is between the two at
 * the moment of the stop is gone, and no gateway can know it. The other servers must lose nothing.
 */
const LOST_BY_JABBERD2 = 2;

for (const server of SERVERS) {
  describe(`${server} restarts in mid-traffic`, () => {
    const losses = server === 'jabberd2' ? LOST_BY_JABBERD2 : 0;
    let lab: Lab;

    before(async () => {
      lab = await Lab.open({ server, kamailio: false });
      // jabberd2 knows a user from the first login on.
      await (await lab.xmpp('carol')).close();
    });
    after(() => lab.close());

    test('SIP → XMPP, a recipient who is offline: accepted = stored = there at the next login', async () => {
      const [traffic] = await Promise.all([
        sipTraffic(lab.direct, `carol@${XMPP_DOMAIN}`, 'stored', RATE),
        restart(),
      ]);
      const carol = await lab.xmpp('carol');
      await arrivals(carol, 'stored', traffic.accepted);
      compare(traffic, carol, 'stored', losses);
    });

    test('SIP → XMPP, a recipient whose client comes back: accepted = arrived', async () => {
      const alice = await lab.xmpp('alice', { reconnect: true });
      const [traffic] = await Promise.all([
        sipTraffic(lab.direct, `alice@${XMPP_DOMAIN}`, 'online', RATE),
        restart(),
      ]);
      await arrivals(alice, 'online', traffic.accepted);
      compare(traffic, alice, 'online', losses);
    });

    test('the gateway is healthy again, and the next message crosses', async () => {
      await lab.gateway.healthy();
      assert.equal((await lab.direct.message(`alice@${XMPP_DOMAIN}`, 'afterwards')).status, 202);
    });

    async function restart(): Promise<void> {
      await pause(STOP_AFTER_MS);
      await lab.server.stop();
      await pause(DOWN_MS);
      await lab.server.start();
    }
  });
}

async function arrivals(client: XmppClient, label: string, accepted: ReadonlySet<string>): Promise<void> {
  await waitFor(() => difference(accepted, arrivedAt(client, label)).length === 0, 5_000, 100);
  // Time for what must not come.
  await pause(500);
}

function compare(traffic: SipTraffic, client: XmppClient, label: string, losses: number): void {
  const arrived = arrivedAt(client, label);
  const told = JSON.stringify(statuses(traffic));
  assert.ok(traffic.accepted.size > RATE.perSecond, `too few were accepted: ${told}`);
  const lost = difference(traffic.accepted, arrived);
  assert.ok(lost.length <= losses, `accepted and lost: ${lost.join(', ')} (${told})`);
  assert.deepEqual(difference(arrived, traffic.accepted), [], `refused and arrived all the same (${told})`);
  // RFC 4320 §4.2: no 408; and each request has had a final response.
  assert.deepEqual(
    [...traffic.outcomes].filter(([, status]) => status === 0 || status === 408),
    [],
    `without a final response (${told})`,
  );
}
