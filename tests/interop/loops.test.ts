// What goes round in circles stops by itself: two gateways back to back, and addresses that lead back
// (RFC 3261 §8.1.1.6 Max-Forwards, RFC 7247 §8; row ERR-R9).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { freePort } from '../peers/ports.ts';
import { Stoxgate } from '../peers/stoxgate.ts';
import { mustBecome, pause } from '../peers/wait.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import { DIRECT_DOMAIN, Lab, ONE_SERVER, SIP_DOMAIN, XMPP_DOMAIN } from './lab.ts';

const ALICE = `alice@${XMPP_DOMAIN}`;
/** Max-Forwards starts at 70: no circle may turn more often. */
const MOST_TURNS = 70;
const log = { level: 'debug', format: 'json' };

for (const server of ONE_SERVER) {
  describe(`two gateways back to back (${server})`, () => {
    let lab: Lab;
    let alice: XmppClient;
    let second: Stoxgate;

    // The first takes a.example from XMPP to SIP and hands it to the second, which takes it back to XMPP: to the
    // first one's component. A circle through both gateways and the XMPP server, with addresses that stay the same.
    before(async () => {
      const [secondPort, consolePort] = [await freePort(), await freePort()];
      lab = await Lab.open({
        server,
        kamailio: false,
        components: ['a.example', 'b.example'],
        config: (own) => ({
          domains: [
            { home: 'sip', sip: 'a.example', xmpp: 'a.example' },
            { home: 'xmpp', xmpp: XMPP_DOMAIN, sip: XMPP_DOMAIN },
            { home: 'xmpp', xmpp: 'b.example', sip: 'b.example' },
          ],
          sip: {
            listen: [`udp://127.0.0.1:${own.gatewayPort}`],
            next_hops: { 'a.example': `sip:127.0.0.1:${secondPort};transport=udp;lr` },
            trusted: ['127.0.0.1/32'],
          },
          xmpp: { components: [own.component('a.example')] },
        }),
      });
      second = new Stoxgate({
        name: 'stoxgate-2',
        folder: lab.folder.folder('stoxgate-2'),
        consolePort,
        config: {
          domains: [
            { home: 'xmpp', xmpp: 'a.example', sip: 'a.example' },
            { home: 'sip', sip: XMPP_DOMAIN, xmpp: 'b.example' },
            { home: 'sip', sip: 'b.example', xmpp: 'b.example' },
          ],
          sip: {
            listen: [`udp://127.0.0.1:${secondPort}`],
            next_hops: { '*': `sip:127.0.0.1:${lab.gatewayPort};transport=udp;lr` },
            trusted: ['127.0.0.1/32'],
          },
          xmpp: { components: [lab.component('b.example')] },
          log,
        },
      });
      await second.start();
      await second.healthy();
      alice = await lab.xmpp('alice');
    });
    after(async () => {
      await second.stop();
      await lab.close();
    });

    test('a message to an address that circles through both stops after at most 70 turns', async () => {
      const turns = (): number => second.logged('message.written').length;
      alice.send({ to: 'x@a.example', body: 'round and round' });
      await mustBecome('the first turn', () => turns() > 0, 15_000);
      await settled(turns);
      assert.ok(turns() <= MOST_TURNS, `${turns()} turns`);
      assert.equal(await lab.gateway.health(), 200);
      assert.equal(await second.health(), 200);
    });
  });

  describe(`addresses that lead back (${server})`, () => {
    let lab: Lab;
    let alice: XmppClient;

    before(async () => {
      lab = await Lab.open({
        server,
        kamailio: false,
        components: ['folded.example'],
        config: (own) => ({
          domains: [
            { home: 'sip', sip: SIP_DOMAIN, xmpp: SIP_DOMAIN },
            { home: 'sip', sip: DIRECT_DOMAIN, xmpp: DIRECT_DOMAIN },
            { home: 'sip', sip: '*', xmpp: 'folded.example' },
            { home: 'xmpp', xmpp: XMPP_DOMAIN, sip: XMPP_DOMAIN },
            { home: 'xmpp', xmpp: '*', sip: 'xmpp.example', separator: '*' },
          ],
          sip: {
            listen: [`udp://127.0.0.1:${own.gatewayPort}`],
            // The operator's mistake: the SIP domain's next hop is the gateway itself.
            next_hops: { [SIP_DOMAIN]: `sip:127.0.0.1:${own.gatewayPort};transport=udp;lr` },
            trusted: ['127.0.0.1/32'],
          },
          xmpp: {
            components: [
              own.component(SIP_DOMAIN),
              own.component(DIRECT_DOMAIN),
              own.component('folded.example'),
            ],
          },
        }),
      });
      alice = await lab.xmpp('alice');
    });
    after(() => lab.close());

    async function refused(to: string, id: string): Promise<string | null> {
      alice.send({ to, body: 'come back', id });
      return (await alice.message((m) => m.id === id && m.type === 'error', 10_000)).condition;
    }

    test('the next hop of the SIP domain is the gateway itself: one turn, the sender is told', async () => {
      const turns = (): number => lab.gateway.logged('message.sent').length;
      const condition = await refused(`bob@${SIP_DOMAIN}`, 'self-1');
      assert.ok(
        condition === 'item-not-found' || condition === 'forbidden' || condition === 'not-acceptable',
        `${condition}`,
      );
      await settled(turns);
      assert.ok(turns() <= 2, `${turns()} turns`);
    });
    test('a folded SIP address whose domain is an XMPP domain of the gateway is not sent to SIP', async () => {
      const before = lab.gateway.logged('message.sent').length;
      const condition = await refused(`carol\\40${XMPP_DOMAIN}@folded.example`, 'folded-1');
      assert.equal(condition, 'remote-server-not-found');
      assert.equal(lab.gateway.logged('message.sent').length, before);
    });
    test('a folded XMPP address whose domain is a SIP domain of the gateway is 482', async () => {
      const before = lab.gateway.logged('message.written').length;
      assert.equal((await lab.direct.message(`bob*${SIP_DOMAIN}@xmpp.example`, 'come back')).status, 482);
      assert.equal(lab.gateway.logged('message.written').length, before);
    });
    test('and a message that leads nowhere back still crosses', async () => {
      assert.equal((await lab.direct.message(ALICE, 'straight')).status, 202);
    });
  });
}

/** Waits until the count has not changed for a second. */
async function settled(count: () => number): Promise<void> {
  for (let last = -1; last !== count(); await pause(1_000)) last = count();
}
