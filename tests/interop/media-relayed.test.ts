// Media of calls between a chat client in Chromium (ICE, DTLS-SRTP) and baresip with plain RTP, by a real rtpengine (rows SDP-30,
// CALL-76, CALL-102): each hears the other, by the relay and not by the gateway.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { inOwnNetwork } from '../peers/own-network.ts';
import { Rtpengine } from '../peers/rtpengine.ts';
import { TempFolder } from '../peers/temp-folder.ts';
import { ALICE, hasNoMedia, MediaStage, type SeenPhone } from './media-stage.ts';

const NG_PORT = 2223;

inOwnNetwork(import.meta.filename, 4, (network) => {
  describe('media between a chat client in Chromium and baresip with plain RTP', () => {
    const folder = new TempFolder('media-relayed');
    const address = network.host(70);
    const relay = new Rtpengine({ folder: folder.path, address, port: NG_PORT });
    let stage: MediaStage;
    let bob: SeenPhone;

    before(async () => {
      await relay.start();
      stage = await MediaStage.open(network, () => ({
        media_relay: { instances: [`${address}:${NG_PORT}`] },
      }));
      bob = await stage.phone('bob', { security: 'plain' });
    });
    after(async () => {
      await stage?.close();
      await relay.stop();
      folder.remove();
    });

    async function flowsByTheRelay(): Promise<void> {
      const { page, phone, ice } = await stage.flows(bob.phone, 'audio');
      assert.deepEqual([ice, page.dtls, phone.encryption], ['connected', 'connected', '(none) (secure=no)']);
      assert.ok(page.energy > 0, 'the tone of the phone is heard');
      for (const place of [page.remote, phone.remote]) {
        const [host, port] = place.split(':');
        assert.equal(host, address);
        assert.ok(Number(port) >= 30_000 && Number(port) <= 30_999, `${place} is the relay's`);
      }
      // The relay has no socket of the gateway's, and the gateway one for the relay's control protocol besides its own.
      hasNoMedia(stage.lab, 1);
    }

    test('SDP-30: the phone calls: audio both ways', async () => {
      const { alice } = stage;
      await bob.phone.dial(`sip:${ALICE}`);
      await alice.event('incoming');
      await alice.accept();
      await flowsByTheRelay();
      await bob.phone.command('hangup');
      assert.equal((await alice.event('ended')).detail, 'success');
    });

    test('CALL-76: the client calls: audio both ways', async () => {
      const { alice } = stage;
      await alice.call(bob.jid);
      await bob.phone.event('CALL_INCOMING');
      await bob.phone.command('accept');
      await flowsByTheRelay();
      await alice.hangUp();
      await bob.phone.event('CALL_CLOSED');
    });
  });
});
