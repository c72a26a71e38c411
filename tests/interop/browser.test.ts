// Phones in a real browser (Chromium with SIP.js; RFC 7118) with a user of Prosody: connected to the gateway itself, and
// registered at Kamailio, whose next hop the gateway is. Both over secure WebSocket.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { BrowserPhone } from '../peers/browser-phone.ts';
import type { Chromium } from '../peers/chromium.ts';
import { mustBecome } from '../peers/wait.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import { BrowserStage, WALT, WENDY } from './browser-stage.ts';
import { DIRECT_DOMAIN, SIP_DOMAIN, XMPP_DOMAIN, type Lab } from './lab.ts';

const ALICE = `alice@${XMPP_DOMAIN}`;
/** Other than ASCII in both directions: frames of a browser are text (RFC 7118 §4.2). */
const TEXT = 'Grüße, 你好 👋';

describe('phones in Chromium', () => {
  let stage: BrowserStage;
  let lab: Lab;
  let chromium: Chromium;
  let alice: XmppClient;
  /** The gateway's listener for pages, and Kamailio's. */
  let direct = '';
  let proxied = '';

  before(async () => {
    stage = await BrowserStage.open('browser');
    ({ lab, chromium, direct, proxied } = stage);
    alice = await lab.xmpp('alice');
  });
  after(() => stage?.close());

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
    const other = await stage.otherChromium();
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
