// Phones in a real browser (Chromium with SIP.js; RFC 7118) with a user of Prosody: connected to the gateway itself, and
// registered at Kamailio, whose next hop the gateway is. Both over secure WebSocket.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { BrowserPhone } from '../peers/browser-phone.ts';
import { Chromium } from '../peers/chromium.ts';
import { SecureKamailio } from '../peers/kamailio-secure.ts';
import { freePorts } from '../peers/ports.ts';
import { TempFolder } from '../peers/temp-folder.ts';
import { TestCa } from '../peers/test-ca.ts';
import { mustBecome } from '../peers/wait.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import { DIRECT_DOMAIN, Lab, SIP_DOMAIN, XMPP_DOMAIN } from './lab.ts';

const ALICE = `alice@${XMPP_DOMAIN}`;
const WENDY = { user: 'wendy', domain: DIRECT_DOMAIN, password: 'opensesame' };
const WALT = { user: 'walt', domain: SIP_DOMAIN, password: '' };
/** Other than ASCII in both directions: frames of a browser are text (RFC 7118 §4.2). */
const TEXT = 'Grüße, 你好 👋';

describe('phones in Chromium', () => {
  const folder = new TempFolder('browser');
  const ca = new TestCa();
  const own = ca.make({ names: [`URI:sip:${XMPP_DOMAIN}`, `DNS:${DIRECT_DOMAIN}`] });
  const kamailioOwn = ca.make({ names: [`URI:sip:${SIP_DOMAIN}`, `DNS:${SIP_DOMAIN}`] });
  let lab: Lab;
  let kamailio: SecureKamailio;
  let chromium: Chromium;
  let alice: XmppClient;
  /** The gateway's listener for pages, and Kamailio's. */
  let direct = '';
  let proxied = '';

  before(async () => {
    const [tlsPort = 0, webSocketPort = 0, secureWebSocketPort = 0, gatewayTls = 0, gatewayWss = 0] =
      await freePorts(5);
    direct = `wss://127.0.0.1:${gatewayWss}`;
    proxied = `wss://127.0.0.1:${secureWebSocketPort}`;
    kamailio = new SecureKamailio({
      ...{ folder: folder.folder('kamailio'), domain: SIP_DOMAIN, xmppDomain: XMPP_DOMAIN },
      ...{ tlsPort, webSocketPort, secureWebSocketPort, gatewayPort: gatewayTls, certificate: kamailioOwn },
    });
    const certificates = [own.certificate, kamailioOwn.certificate];
    chromium = await Chromium.start({ folder: folder.folder('chromium'), certificates });
    const { origin } = chromium;
    [lab] = await Promise.all([
      Lab.open({
        server: 'prosody',
        kamailio: false,
        config: ({ gatewayPort }) => ({
          sip: {
            listen: [`udp://127.0.0.1:${gatewayPort}`, `tls://127.0.0.1:${gatewayTls}`, direct],
            tls: { certificate: own.certificate, key: own.key, ca: own.ca },
            origins: [origin],
            next_hops: {
              [SIP_DOMAIN]: `sip:127.0.0.1:${tlsPort};transport=tls;lr`,
            },
            // Kamailio is believed by its certificate, the page by its password: SIP.js 0.21 knows MD5 alone.
            trusted: [],
            digest_algorithms: ['MD5'],
            users: [{ user: WENDY.user, realm: WENDY.domain, password: WENDY.password, web_phone: true }],
          },
        }),
      }),
      kamailio.start(),
    ]);
    alice = await lab.xmpp('alice');
  });
  after(async () => {
    await chromium?.close();
    await lab?.close();
    await kamailio?.stop();
    ca.remove();
    folder.remove();
  });

  const reads = (text: string) => alice.message((stanza) => stanza.body === text);

  async function bothWays(phone: BrowserPhone, address: string): Promise<void> {
    for (const text of [`out of a browser, ${address}`, `${TEXT} ${address}`]) {
      assert.equal(await phone.send(`sip:${ALICE}`, text), 202);
      assert.equal((await reads(text)).sender, address);
      alice.send({ to: address, body: `re: ${text}` });
      assert.deepEqual(await phone.next(), { from: `sip:${ALICE};gr=alice-client`, text: `re: ${text}` });
    }
  }

  test('connected to the gateway: challenged, answered, delivered; the reply on the same connection', async () => {
    const phone = await chromium.page();
    assert.match(await phone.open({ server: direct, ...WENDY }), /\.invalid$/);
    await bothWays(phone, `wendy@${DIRECT_DOMAIN}`);
    const metrics = await lab.gateway.metrics();
    assert.match(metrics, /stoxgate_sip_believed_total\{by="digest"\} 2\n/);
    assert.match(metrics, /stoxgate_held\{kind="connections"\} 1\n/);
    await phone.close();
  });

  test('connected to the gateway with a wrong password: 401, and nothing crosses', async () => {
    const phone = await chromium.page();
    await phone.open({ server: direct, ...WENDY, password: 'guessed' });
    assert.equal(await phone.send(`sip:${ALICE}`, 'a guess'), 401);
    assert.equal(
      alice.received.some(({ body }) => body === 'a guess'),
      false,
    );
    await phone.close();
  });

  test('the page is closed: who writes to it hears an error', async () => {
    const closed = async (): Promise<boolean> =>
      /stoxgate_held\{kind="connections"\} 0\n/.test(await lab.gateway.metrics());
    await mustBecome('the connections are closed', closed, 10_000);
    alice.send({ to: `wendy@${DIRECT_DOMAIN}`, body: 'anybody there?', id: 'late' });
    const { type, condition } = await alice.message(({ id }) => id === 'late');
    assert.deepEqual([type, condition], ['error', 'recipient-unavailable']);
  });

  test('registered at Kamailio: both ways', async () => {
    const phone = await chromium.page();
    assert.match(await phone.open({ server: proxied, ...WALT }), /\.invalid$/);
    assert.deepEqual(await phone.register(), [200, true]);
    await bothWays(phone, `walt@${SIP_DOMAIN}`);
    await phone.close();
  });

  test('RFC 6455 §10.2: a page of another origin is not let in', async () => {
    const other = await Chromium.start({
      folder: folder.folder('other'),
      certificates: [own.certificate],
    });
    try {
      const phone = await other.page();
      await assert.rejects(phone.open({ server: direct, ...WENDY }), /WebSocket|1006|closed/);
      assert.match(
        await lab.gateway.metrics(),
        /stoxgate_sip_transport_troubles_total\{[^}]*transport="WSS"[^}]*what="origin"[^}]*\} 1\n/,
      );
    } finally {
      await other.close();
    }
  });
});
