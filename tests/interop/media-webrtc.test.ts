// Media of calls between a chat client in Chromium (Jingle, WebRTC) and baresip at Kamailio: ICE and DTLS-SRTP from one to the
// other (rows CALL-12, CALL-27, CALL-101, SDP-23 to SDP-26). Packets are counted at both ends, and none pass the gateway.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { inOwnNetwork } from '../peers/own-network.ts';
import { ALICE, MediaStage, type Flow, type SeenPhone } from './media-stage.ts';

const ANNOUNCED = [
  ...['urn:xmpp:jingle:1', 'urn:xmpp:jingle:apps:rtp:1', 'urn:xmpp:jingle:apps:rtp:audio'],
  ...['urn:xmpp:jingle:transports:ice-udp:1', 'urn:xmpp:jingle:apps:dtls:0'],
];

inOwnNetwork(import.meta.filename, 4, (network) => {
  describe('media between a chat client in Chromium and baresip', () => {
    let stage: MediaStage;
    let bob: SeenPhone;

    before(async () => {
      stage = await MediaStage.open(network);
      bob = await stage.phone('bob', { security: 'webrtc' });
    });
    after(() => stage?.close());

    /** RFC 5763: the keys of both ends come from DTLS, and what each sends arrives at the other without a stop. */
    function isDirect({ page, phone, media }: Flow): void {
      assert.deepEqual([media.ice, media.dtls], ['connected', 'connected']);
      assert.match(media.srtp, /^SRTP_/);
      assert.equal(phone.encryption, 'dtls_srtp (secure=yes)');
      assert.equal(phone.remote, media.local);
      assert.equal(media.remote.split(':')[0], network.host(70));
      assert.deepEqual([page.codec, phone.codec], ['audio/opus', 'opus']);
      assert.ok(page.energy > 0, 'the tone of the phone is heard');
      assert.ok(page.sent >= phone.received - 5, `${page.sent} sent, ${phone.received} received`);
      assert.ok(phone.sent >= page.received - 50, `${phone.sent} sent, ${page.received} received`);
    }

    test('CALL-01, CALL-12: the client calls who announces that he can be called; audio both ways; the phone hangs up', async () => {
      const { alice } = stage;
      const features = await alice.features(bob.jid);
      for (const each of ANNOUNCED) assert.ok(features.includes(each), each);
      await alice.call(bob.jid);
      await bob.phone.event('CALL_INCOMING');
      await bob.phone.command('accept');
      isDirect(await stage.flows(bob.phone, 'audio'));
      stage.gatewayHasNoMedia();
      await bob.phone.command('hangup');
      assert.equal((await alice.event('ended')).detail, 'success');
    });

    test('CALL-27, CALL-101: the phone calls a client that knows no proposals; audio both ways; the client hangs up', async () => {
      const { alice } = stage;
      await bob.phone.dial(`sip:${ALICE}`);
      await alice.event('incoming');
      await alice.accept();
      isDirect(await stage.flows(bob.phone, 'audio'));
      stage.gatewayHasNoMedia();
      await alice.hangUp();
      await bob.phone.event('CALL_CLOSED');
    });
  });
});
