// PRES-08 against real servers: before a refresh the gateway asks the user's server whether he is there. The contact does not
// watch him back, as most phones do not, so that no server may tell it (RFC 6121 §4.3.2).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { header } from '../peers/sip-text.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import { waitFor } from '../peers/wait.ts';
import { Notifier } from '../system/notifier.ts';
import { pidf } from '../system/presence-rig.ts';
import { DIRECT_DOMAIN, Lab, TWO_SERVERS, XMPP_DOMAIN } from './lab.ts';

const ZOE = `zoe@${DIRECT_DOMAIN}`;
/** Seconds; refreshed when half of it is over, or ten seconds later where no answer comes. */
const GRANTED = 25;

// Side by side: most of the time they wait for timers.
describe('a refresh, at each server', { concurrency: true }, () => {
  for (const server of TWO_SERVERS) {
    describe(`a refresh for a user of ${server}`, { concurrency: 1 }, () => {
      let lab: Lab;
      let notifier: Notifier;
      let alice: XmppClient;

      before(async () => {
        notifier = await Notifier.open();
        notifier.fields = () => [['Expires', String(GRANTED)]];
        lab = await Lab.open({
          server,
          kamailio: false,
          config: (own) => ({
            domains: [
              { home: 'sip', sip: DIRECT_DOMAIN, xmpp: DIRECT_DOMAIN },
              { home: 'xmpp', xmpp: XMPP_DOMAIN, sip: XMPP_DOMAIN },
            ],
            sip: {
              listen: [`udp://127.0.0.1:${own.gatewayPort}`],
              next_hops: { [DIRECT_DOMAIN]: `sip:127.0.0.1:${notifier.port};transport=udp;lr` },
              trusted: ['127.0.0.1/32'],
            },
            xmpp: { components: [own.component(DIRECT_DOMAIN)] },
          }),
        });
        alice = await lab.xmpp('alice');
      });
      after(async () => {
        await lab.close();
        await notifier.close();
      });

      test('he is logged in: SUBSCRIBE in the dialog, and he notices nothing', async () => {
        alice.presence(ZOE, 'subscribe');
        const subscribe = await notifier.subscribe();
        const body = pidf('orchard').replace(/pres:[^"]*/, `pres:${ZOE}`);
        const document = { contentType: 'application/pidf+xml', body, state: `active;expires=${GRANTED}` };
        assert.equal(await notifier.notify(subscribe, document), 200);
        const shown = (): string[] =>
          alice.presences.filter((each) => each.sender.startsWith(ZOE)).map(({ type }) => type);
        assert.ok(
          await waitFor(() => shown().includes('available'), 15_000),
          JSON.stringify(alice.presences),
        );
        const refresh = await notifier.requests.next('the refresh', undefined, GRANTED * 1_000);
        assert.equal(header(refresh, 'call-id'), header(subscribe, 'call-id'));
        assert.equal(header(refresh, 'cseq'), '2 SUBSCRIBE');
        assert.equal(header(refresh, 'expires'), '3600');
        assert.equal(await notifier.notify(refresh, document), 200);
        assert.ok(!shown().includes('unavailable'), JSON.stringify(shown()));
      });
    });
  }
});
