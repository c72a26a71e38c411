// Media of calls from page to page: a chat client (Jingle) and a phone (SIP.js) in Chromium, by the gateway and Kamailio, and by
// the gateway alone. Both are the same WebRTC, so that nothing may be lost between: BUNDLE, trickled candidates, msid, extensions.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { BrowserChat } from '../peers/browser-chat.ts';
import type { BrowserCaller, Medium } from '../peers/browser-media.ts';
import type { BrowserPhone } from '../peers/browser-phone.ts';
import { inOwnNetwork } from '../peers/own-network.ts';
import { BrowserStage, WALT, WENDY } from './browser-stage.ts';
import { DIRECT_DOMAIN, SIP_DOMAIN } from './lab.ts';
import { ALICE, hasNoMedia, pagesHear } from './media-stage.ts';

const BOTH: readonly Medium[] = ['audio', 'video'];

inOwnNetwork(import.meta.filename, 4, (network) => {
  describe('media between a chat client and a phone in pages of Chromium', () => {
    let stage: BrowserStage;
    let alice: BrowserChat;
    /** Connected to the gateway, and registered at Kamailio. */
    let wendy: BrowserPhone;
    let walt: BrowserPhone;

    before(async () => {
      stage = await BrowserStage.open('media-browsers', { webSocket: true });
      const { lab, chromium, direct, proxied } = stage;
      alice = await lab.browserChat(chromium, 'alice');
      wendy = await chromium.page();
      await wendy.open({ server: direct, ...WENDY });
      walt = await chromium.page();
      await walt.open({ server: proxied, ...WALT });
      assert.deepEqual(await walt.register(), [200, true]);
      for (const phone of [wendy, walt]) await watches(phone);
    });
    after(() => stage?.close());

    /** The client knows no proposals, so that its resource has to be known (CALL-101). */
    async function watches(phone: BrowserPhone): Promise<void> {
      await phone.watch(`sip:${ALICE}`);
      await alice.event('subscribe');
      for (;;) if ((await phone.event('notified')).detail.includes('<basic>open</basic>')) return;
    }

    /** What one sends arrives at the other without a stop between, all of it by one transport (RFC 9143). */
    async function flows(media: readonly Medium[], phone: BrowserPhone): Promise<void> {
      const pages: readonly BrowserCaller[] = [alice, phone];
      for (const kind of media) {
        const [one, other] = (await pagesHear(pages, kind)).map(({ kinds }) => kinds[kind] ?? assert.fail());
        assert.ok(one && other);
        for (const each of [one, other]) {
          assert.equal(each.dtls, 'connected');
          assert.equal(each.codec, kind === 'audio' ? 'audio/opus' : 'video/VP8');
          assert.ok(kind === 'audio' ? each.energy > 0 : each.frames > 0, `${kind} is heard and seen`);
          assert.equal(each.local.split(':')[0], network.host(70));
        }
        assert.deepEqual([one.local, one.remote], [other.remote, other.local]);
      }
      hasNoMedia(stage.lab);
    }

    test('the client calls a phone at Kamailio with audio and video, and hangs up', async () => {
      await alice.call(`walt@${SIP_DOMAIN}/sip`, BOTH);
      await walt.event('incoming');
      await walt.accept(BOTH);
      await flows(BOTH, walt);
      await alice.hangUp();
      await walt.event('ended');
    });

    test('a phone at Kamailio calls the client with audio and video, and hangs up', async () => {
      await walt.call(`sip:${ALICE}`, BOTH);
      await alice.event('incoming');
      await alice.accept(BOTH);
      await flows(BOTH, walt);
      await walt.hangUp();
      await alice.event('ended');
    });

    test('the client calls a phone that is connected to the gateway; the phone hangs up', async () => {
      await alice.call(`wendy@${DIRECT_DOMAIN}/sip`);
      await wendy.event('incoming');
      await wendy.accept();
      await flows(['audio'], wendy);
      await wendy.hangUp();
      await alice.event('ended');
    });

    test('a phone that is connected to the gateway calls the client; the client hangs up', async () => {
      await wendy.call(`sip:${ALICE}`);
      await alice.event('incoming');
      await alice.accept();
      await flows(['audio'], wendy);
      await alice.hangUp();
      await wendy.event('ended');
    });
  });
});
