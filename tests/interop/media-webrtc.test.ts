// Media of calls between a chat client in Chromium (Jingle, WebRTC) and baresip at Kamailio: ICE and DTLS-SRTP from one to the
// other (rows CALL-12, CALL-27, CALL-101, SDP-23 to SDP-26). Packets are counted at both ends, and none pass the gateway.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Medium } from '../peers/browser-media.ts';
import { inOwnNetwork } from '../peers/own-network.ts';
import { ALICE, hasNoMedia, MediaStage, type SeenPhone } from './media-stage.ts';

const ANNOUNCED = [
  ...['urn:xmpp:jingle:1', 'urn:xmpp:jingle:apps:rtp:1', 'urn:xmpp:jingle:apps:rtp:audio'],
  ...[
    'urn:xmpp:jingle:apps:rtp:video',
    'urn:xmpp:jingle:transports:ice-udp:1',
    'urn:xmpp:jingle:apps:dtls:0',
  ],
];
const CODECS = { audio: ['audio/opus', 'opus'], video: ['video/VP8', 'VP8'] } as const;
const BOTH = ['audio', 'video'] as const;

inOwnNetwork(import.meta.filename, 4, (network) => {
  describe('media between a chat client in Chromium and baresip', () => {
    let stage: MediaStage;
    let bob: SeenPhone;
    let dave: SeenPhone;

    before(async () => {
      stage = await MediaStage.open(network);
      bob = await stage.phone('bob', { security: 'webrtc' });
      dave = await stage.phone('dave', { security: 'webrtc', video: true });
    });
    after(() => stage?.close());

    /** RFC 5763: the keys of both ends come from DTLS, and what each sends arrives at the other without a stop between. */
    async function flowsDirectly({ phone }: SeenPhone, kind: Medium): Promise<void> {
      const { page, phone: other, ice } = await stage.flows(phone, kind);
      assert.deepEqual(
        [ice, page.dtls, other.encryption],
        ['connected', 'connected', 'dtls_srtp (secure=yes)'],
      );
      assert.match(page.srtp, /AES/);
      assert.equal(other.remote, page.local);
      assert.equal(page.remote.split(':')[0], network.host(70));
      assert.deepEqual([page.codec, other.codec], CODECS[kind]);
      if (kind === 'audio') assert.ok(page.energy > 0, 'the tone of the phone is heard');
      else assert.ok(page.frames > 0, 'the picture of the phone is seen');
      // Both are asked one after the other, and go on meanwhile.
      assert.ok(page.sent >= other.received - 50, `${page.sent} sent, ${other.received} received`);
      assert.ok(other.sent >= page.received - 50, `${other.sent} sent, ${page.received} received`);
    }

    test('CALL-01, CALL-12: the client calls who announces that he can be called; audio both ways; the phone hangs up', async () => {
      const { alice } = stage;
      const features = await alice.features(bob.jid);
      for (const each of ANNOUNCED) assert.ok(features.includes(each), each);
      await alice.call(bob.jid);
      await bob.phone.event('CALL_INCOMING');
      await bob.phone.command('accept');
      await flowsDirectly(bob, 'audio');
      hasNoMedia(stage.lab);
      await bob.phone.command('hangup');
      assert.equal((await alice.event('ended')).detail, 'success');
    });

    test('CALL-27, CALL-101: the phone calls a client that knows no proposals; audio both ways; the client hangs up', async () => {
      const { alice } = stage;
      await bob.phone.dial(`sip:${ALICE}`);
      await alice.event('incoming');
      await alice.accept();
      await flowsDirectly(bob, 'audio');
      hasNoMedia(stage.lab);
      await alice.hangUp();
      await bob.phone.event('CALL_CLOSED');
    });

    test('the client calls with audio and video: both ways, in two transports, since the phone knows no BUNDLE', async () => {
      const { alice } = stage;
      await alice.call(dave.jid, BOTH);
      await dave.phone.event('CALL_INCOMING');
      await dave.phone.command('accept');
      for (const kind of BOTH) await flowsDirectly(dave, kind);
      hasNoMedia(stage.lab);
      await alice.hangUp();
      await dave.phone.event('CALL_CLOSED');
    });

    test('the phone calls with audio and video: both ways', async () => {
      const { alice } = stage;
      await dave.phone.dial(`sip:${ALICE}`);
      await alice.event('incoming');
      await alice.accept(BOTH);
      for (const kind of BOTH) await flowsDirectly(dave, kind);
      hasNoMedia(stage.lab);
      await dave.phone.command('hangup');
      await alice.event('ended');
    });
  });
});
