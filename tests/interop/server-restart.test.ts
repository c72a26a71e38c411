// The XMPP server is stopped and started again in mid-traffic: what SIP was told is accepted has arrived, and nothing
// else has (RFC 3428 §7: a 2xx is a promise; promise 1 of the gateway: one truthful outcome each).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Jabberd2 } from '../peers/jabberd2.ts';
import { pause, waitFor } from '../peers/wait.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import { Lab, SERVERS, XMPP_DOMAIN } from './lab.ts';
import { arrivedAt, difference, sipTraffic, statuses, type SipTraffic } from './traffic.ts';

const RATE = { perSecond: 50, seconds: 8 };
const STOP_AFTER_MS = 2_000;
const DOWN_MS = 500;

for (const server of SERVERS) {
  describe(`${server} restarts in mid-traffic`, () => {
    let lab: Lab;

    before(async () => {
      lab = await Lab.open({ server, kamailio: false });
      // jabberd2 knows a user from the first login on.
      await (await lab.xmpp('carol')).close();
    });
    after(() => lab.close());

    test('accepted = arrived, for who is offline (at the next login) and for whose client comes back', async () => {
      const alice = await lab.xmpp('alice', { reconnect: true });
      const [online, stored] = await Promise.all([
        sipTraffic(lab.direct, `alice@${XMPP_DOMAIN}`, 'online', RATE),
        sipTraffic(lab.direct, `carol@${XMPP_DOMAIN}`, 'stored', RATE),
        restart(),
      ]);
      await arrivals(alice, 'online', online.accepted);
      compare(online, [alice, ...(await storedFor('alice', alice, online, 'online'))], 'online');
      const carol = await lab.xmpp('carol');
      await arrivals(carol, 'stored', stored.accepted);
      compare(stored, [carol], 'stored');
    });

    test('the gateway is healthy again, and the next message crosses', async () => {
      await lab.gateway.healthy();
      assert.equal((await lab.direct.message(`alice@${XMPP_DOMAIN}`, 'afterwards')).status, 202);
    });

    /** At that user's next login, where something is missing: what comes in the moment of a login is not always among what the
     * server has stored and gives at that login, nor among what it passes on (seen with ejabberd); it is stored all the same. */
    async function storedFor(
      user: string,
      client: XmppClient,
      { accepted }: SipTraffic,
      label: string,
    ): Promise<readonly XmppClient[]> {
      if (difference(accepted, arrivedAt(client, label)).length === 0) return [];
      await client.close();
      const next = await lab.xmpp(user);
      await waitFor(() => difference(accepted, arrived([client, next], label)).length === 0, 5_000, 100);
      return [next];
    }

    async function restart(): Promise<void> {
      await pause(STOP_AFTER_MS);
      await lab.server.stop();
      await pause(DOWN_MS);
      await lab.server.start();
    }
  });
}

describe('the session manager of jabberd2 alone restarts in mid-traffic, its router stays up', () => {
  let lab: Lab;
  let server: Jabberd2;
  let alice: XmppClient;

  before(async () => {
    lab = await Lab.open({ server: 'jabberd2', kamailio: false });
    assert.ok(lab.server instanceof Jabberd2);
    server = lab.server;
    await (await lab.xmpp('carol')).close();
    alice = await lab.xmpp('alice', { reconnect: true });
  });
  after(() => lab.close());

  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    test(`${signal}: accepted = arrived, for who is online and for who is offline`, async () => {
      const restart = async (): Promise<void> => {
        await pause(STOP_AFTER_MS);
        await server.restartSessionManager(signal);
      };
      const [online, stored] = await Promise.all([
        sipTraffic(lab.direct, `alice@${XMPP_DOMAIN}`, signal, RATE),
        sipTraffic(lab.direct, `carol@${XMPP_DOMAIN}`, signal, RATE),
        restart(),
      ]);
      await arrivals(alice, signal, online.accepted);
      compare(online, [alice], signal);
      const carol = await lab.xmpp('carol');
      await arrivals(carol, signal, stored.accepted);
      compare(stored, [carol], signal);
      await carol.close();
      await lab.gateway.healthy();
    });
  }

  test('the gateway has told that it waits for the session manager', () => {
    const names = lab.gateway.logged('xmpp.link.session-manager').map(({ name }) => name);
    assert.deepEqual(new Set(names), new Set(['sm']));
  });
});

async function arrivals(client: XmppClient, label: string, accepted: ReadonlySet<string>): Promise<void> {
  await waitFor(() => difference(accepted, arrivedAt(client, label)).length === 0, 15_000, 100);
  // Time for what must not come.
  await pause(500);
}

/** At any of a user's clients, one after the other. */
function arrived(clients: readonly XmppClient[], label: string): ReadonlySet<string> {
  return new Set(clients.flatMap((client) => [...arrivedAt(client, label)]));
}

function compare(traffic: SipTraffic, clients: readonly XmppClient[], label: string): void {
  const here = arrived(clients, label);
  const told = JSON.stringify(statuses(traffic));
  assert.ok(traffic.accepted.size > RATE.perSecond, `too few were accepted: ${told}`);
  assert.deepEqual(difference(traffic.accepted, here), [], `accepted and lost (${told})`);
  assert.deepEqual(difference(here, traffic.accepted), [], `refused and arrived all the same (${told})`);
  // RFC 4320 §4.2: no 408; and each request has had a final response.
  assert.deepEqual(
    [...traffic.outcomes].filter(([, status]) => status === 0 || status === 408),
    [],
    `without a final response (${told})`,
  );
}
