// A user at a real XMPP server is published at a real SIP presence server (Kamailio with presence, presence_xml, xcap_server):
// watchers of the SIP side subscribe there, she is asked about them, and her answer becomes a rule (rows CSP-01 … CSP-18).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { KamailioPresence } from '../peers/kamailio-presence.ts';
import { freePorts } from '../peers/ports.ts';
import { header, parameter, statusOf, type SipText } from '../peers/sip-text.ts';
import { pause, waitFor } from '../peers/wait.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import { Notifier } from '../system/notifier.ts';
import { parsePidf } from '../system/pidf-text.ts';
import { SipPeer, unique } from '../system/sip-peer.ts';
import { DIRECT_DOMAIN, Lab, SIP_DOMAIN, TWO_SERVERS, XMPP_DOMAIN } from './lab.ts';

const ALICE = `alice@${XMPP_DOMAIN}`;
const BOB = `bob@${SIP_DOMAIN}`;
const PASSWORD = 'presence-password';
const PATIENCE_MS = 10_000;

/** A SIP user who subscribes to Alice at the presence server. */
class Watcher {
  readonly peer: SipPeer;
  readonly #name: string;
  readonly #server: number;

  private constructor(peer: SipPeer, name: string, server: number) {
    this.peer = peer;
    this.#name = name;
    this.#server = server;
  }

  static async open(name: string, server: number): Promise<Watcher> {
    return new Watcher(await SipPeer.open(), name, server);
  }

  /** Forgets what it knew, as a phone that starts. */
  async subscribe(expires = 600): Promise<number> {
    this.peer.requests.all.splice(0);
    const response = await this.peer.ask(
      {
        method: 'SUBSCRIBE',
        uri: `sip:${ALICE}`,
        from: `<sip:${this.#name}>`,
        to: `<sip:${ALICE}>`,
        callId: unique('watch'),
        headers: [
          ['Event', 'presence'],
          ['Accept', 'application/pidf+xml'],
          ['Contact', `<sip:watcher@127.0.0.1:${this.peer.port}>`],
          ['Expires', String(expires)],
        ],
      },
      this.#server,
    );
    return statusOf(response) ?? 0;
  }

  get notifications(): readonly SipText[] {
    return this.peer.requests.all.filter(({ startLine }) => startLine.startsWith('NOTIFY'));
  }

  /** "active", "pending", "terminated rejected" and what the last document says. */
  get sees(): string {
    const last = this.notifications.at(-1);
    if (last === undefined) return 'nothing';
    const state = header(last, 'subscription-state');
    const reason = parameter(state, 'reason');
    const body = last.body.toString('utf8');
    const tuples = body === '' ? '' : Object.values(parsePidf(body).tuples).join(' ');
    return [state.split(';', 1)[0], reason, tuples].filter(Boolean).join(' ');
  }

  async becomes(what: RegExp): Promise<void> {
    assert.ok(await waitFor(() => what.test(this.sees), PATIENCE_MS), `${what}: he sees "${this.sees}"`);
  }
}

for (const server of TWO_SERVERS) {
  describe(`a user of ${server} at a presence server (Kamailio)`, () => {
    let lab: Lab;
    let kamailio: KamailioPresence;
    let phone: Notifier;
    let alice: XmppClient;
    let bob: Watcher;

    before(async () => {
      const [port = 0] = await freePorts(1);
      phone = await Notifier.open();
      lab = await Lab.open({
        server,
        kamailio: false,
        startGateway: false,
        config: ({ gatewayPort }) => ({
          domains: [
            { home: 'sip', sip: SIP_DOMAIN, xmpp: SIP_DOMAIN },
            { home: 'sip', sip: DIRECT_DOMAIN, xmpp: DIRECT_DOMAIN },
            {
              ...{ home: 'xmpp', sip: XMPP_DOMAIN, xmpp: XMPP_DOMAIN },
              presence: {
                model: 'presence-server',
                server: `sip:127.0.0.1:${port};transport=udp;lr`,
                xcap: { root: `http://127.0.0.1:${port}/xcap-root`, user: 'xcap', password: PASSWORD },
              },
            },
          ],
          sip: {
            listen: [`udp://127.0.0.1:${gatewayPort}`],
            trusted: [{ network: '127.0.0.1/32', domains: [SIP_DOMAIN, DIRECT_DOMAIN] }],
            credentials: [{ realm: XMPP_DOMAIN, user: 'gateway', password: PASSWORD }],
          },
        }),
      });
      kamailio = new KamailioPresence({
        folder: lab.folder.folder('presence-server'),
        ...{ domain: XMPP_DOMAIN, port, nextPort: phone.port, password: PASSWORD, forceActive: false },
      });
      bob = await Watcher.open(BOB, port);
      await kamailio.start();
      await lab.gateway.start();
      await lab.gateway.healthy();
      alice = await lab.xmpp('alice');
    });
    after(async () => {
      await kamailio.stop();
      await Promise.all([phone.close(), bob.peer.close()]);
      await lab.close();
    });

    /** She answers the question of somebody. */
    async function answers(who: string, type: 'subscribed' | 'unsubscribed', from = 0): Promise<void> {
      const asked = (): boolean =>
        alice.presences.slice(from).some((each) => each.sender === who && each.type === 'subscribe');
      assert.ok(await waitFor(asked, PATIENCE_MS), `${who} does not ask: ${JSON.stringify(alice.presences)}`);
      alice.presence(who, type);
    }

    const log = (event: string): number => lab.gateway.output.split(`"${event}"`).length - 1;

    test('she puts the address of the gateway into her roster, and is published', async () => {
      alice.presence(SIP_DOMAIN, 'subscribe');
      const there = (): boolean =>
        alice.presences.some(({ sender, type }) => sender === SIP_DOMAIN && type === 'available');
      assert.ok(await waitFor(there, PATIENCE_MS), JSON.stringify(alice.presences));
      await answers(SIP_DOMAIN, 'subscribed');
    });

    test('CSP-10 … CSP-12: a watcher waits, she is asked and says yes, he sees her', async () => {
      assert.ok([200, 202].includes(await bob.subscribe()));
      await bob.becomes(/^pending/);
      await answers(BOB, 'subscribed');
      await bob.becomes(/^active open$/);
    });

    test('CSP-02: she changes', async () => {
      alice.sendXml('<presence><show>dnd</show></presence>');
      await bob.becomes(/^active open dnd$/);
    });

    test('CSP-05: the presence server is started anew and knows nothing: 412 mends it', async () => {
      await kamailio.stop();
      await kamailio.start();
      alice.sendXml('<presence><show>away</show></presence>');
      await pause(500);
      assert.ok([200, 202].includes(await bob.subscribe()));
      await bob.becomes(/^active open away$/);
    });

    test('the gateway is started anew: what is published is changed, not doubled', async () => {
      await lab.gateway.stop();
      await lab.gateway.start();
      await lab.gateway.healthy();
      // Her server is asked, and tells.
      await pause(1500);
      alice.sendXml('<presence><show>xa</show></presence>');
      await bob.becomes(/^active open xa$/);
      assert.equal(log('publications.refused'), 0);
    });

    test('CSP-13: she takes it back: he is refused', async () => {
      alice.presence(BOB, 'unsubscribed');
      await bob.becomes(/^terminated rejected/);
    });

    test('he is not let in again, until she asks for him herself: then she is asked anew', async () => {
      assert.ok([200, 202].includes(await bob.subscribe()));
      await bob.becomes(/^terminated rejected/);
      const from = alice.presences.length;
      alice.presence(BOB, 'subscribe');
      await pause(700);
      assert.ok([200, 202].includes(await bob.subscribe()));
      await answers(BOB, 'subscribed', from);
      await bob.becomes(/^active open xa$/);
    });

    test('CSP-17: her own subscription goes by the presence server', async () => {
      const carol = `carol@${SIP_DOMAIN}`;
      alice.presence(carol, 'subscribe');
      const subscribe = await phone.requests.next('SUBSCRIBE', ({ startLine }) => startLine.includes(carol));
      assert.equal(subscribe.startLine, `SUBSCRIBE sip:${carol} SIP/2.0`);
      assert.equal(subscribe.headers.get('via')?.length, 2, 'by way of the presence server');
    });

    test('CSP-04: she logs out', async () => {
      await alice.close();
      await bob.becomes(/^active closed/);
    });
  });
}
