// A user at a real XMPP server watches SIP contacts by one list of a real resource list server (Kamailio with rls, pua and
// presence): the list is kept there, the server subscribes to the contacts, and tells the gateway of all of them (row CSP-20).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { KamailioPresence } from '../peers/kamailio-presence.ts';
import { freePorts } from '../peers/ports.ts';
import { header, type SipText } from '../peers/sip-text.ts';
import { waitFor } from '../peers/wait.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import { Notifier } from '../system/notifier.ts';
import { Lab, SIP_DOMAIN, XMPP_DOMAIN } from './lab.ts';

const BOB = `bob@${SIP_DOMAIN}`;
const CAROL = `carol@${SIP_DOMAIN}`;
/** He is not in the list. */
const DAVE = `dave@${SIP_DOMAIN}`;
const PATIENCE_MS = 15_000;

const document = (user: string, basic: string): string =>
  `<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:${user}"><tuple id="ID-phone"><status><basic>${basic}</basic></status></tuple></presence>`;

describe('a user of prosody and a server of lists (Kamailio)', () => {
  let lab: Lab;
  let kamailio: KamailioPresence;
  /** Where the SIP users are. */
  let phones: Notifier;
  let alice: XmppClient;

  before(async () => {
    const [port = 0] = await freePorts(1);
    phones = await Notifier.open();
    lab = await Lab.open({
      server: 'prosody',
      kamailio: false,
      startGateway: false,
      config: ({ gatewayPort }) => ({
        domains: [
          { home: 'sip', sip: SIP_DOMAIN, xmpp: SIP_DOMAIN },
          {
            ...{ home: 'xmpp', sip: XMPP_DOMAIN, xmpp: XMPP_DOMAIN },
            presence: {
              model: 'presence-server',
              server: `sip:127.0.0.1:${port};transport=udp;lr`,
              lists: `sip:*-contacts@${XMPP_DOMAIN}`,
            },
          },
        ],
        sip: {
          listen: [`udp://127.0.0.1:${gatewayPort}`],
          trusted: [{ network: '127.0.0.1/32', domains: [SIP_DOMAIN] }],
        },
      }),
    });
    kamailio = new KamailioPresence({
      folder: lab.folder.folder('presence-server'),
      ...{ domain: XMPP_DOMAIN, port, nextPort: phones.port, password: 'unused', forceActive: true },
      lists: [
        {
          user: 'alice',
          uri: `sip:alice-contacts@${XMPP_DOMAIN}`,
          members: [`sip:${BOB}`, `sip:${CAROL}`],
        },
      ],
    });
    await kamailio.start();
    await lab.gateway.start();
    await lab.gateway.healthy();
    alice = await lab.xmpp('alice');
  });
  after(async () => {
    await kamailio.stop();
    await phones.close();
    await lab.close();
  });

  const subscribed = (user: string): Promise<SipText> =>
    phones.requests.next(
      `SUBSCRIBE for ${user}`,
      ({ startLine }) => startLine.startsWith(`SUBSCRIBE sip:${user} `),
      PATIENCE_MS,
    );
  const tell = (subscribe: SipText, user: string, basic: string): Promise<number> =>
    phones.notify(subscribe, { contentType: 'application/pidf+xml', body: document(user, basic) });
  async function hears(user: string, type: string, from = 0): Promise<void> {
    const heard = (): boolean =>
      alice.presences.slice(from).some((each) => each.sender.startsWith(user) && each.type === type);
    assert.ok(
      await waitFor(heard, PATIENCE_MS),
      `${type} of ${user}: ${JSON.stringify(alice.presences)} ${kamailio.output}`,
    );
  }

  let bob: SipText;
  let carol: SipText;

  test('one subscription by the gateway; the server subscribes to each contact', async () => {
    alice.presence(BOB, 'subscribe');
    alice.presence(CAROL, 'subscribe');
    bob = await subscribed(BOB);
    carol = await subscribed(CAROL);
    // Not the gateway's own.
    for (const each of [bob, carol]) assert.match(header(each, 'contact'), /<sip:rls@/);
    assert.equal(await tell(bob, BOB, 'open'), 200);
    assert.equal(await tell(carol, CAROL, 'closed'), 200);
    await hears(BOB, 'subscribed');
    await hears(BOB, 'available');
    await hears(CAROL, 'subscribed');
  });

  test('RFC 4662 §5.6.2: one changes', async () => {
    const from = alice.presences.length;
    assert.equal(await tell(carol, CAROL, 'open'), 200);
    await hears(CAROL, 'available', from);
  });

  test('who is not in the list is subscribed to by himself', async () => {
    alice.presence(DAVE, 'subscribe');
    const dave = await subscribed(DAVE);
    assert.equal(await tell(dave, DAVE, 'open'), 200);
    await hears(DAVE, 'available');
  });
});
