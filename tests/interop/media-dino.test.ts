// Media of calls between Dino (Jingle with proposals, ICE, DTLS-SRTP) and baresip at Kamailio, in the long script alone: Dino needs a
// desktop, and a minute. Rows CALL-90, CALL-97, CALL-102.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { Baresip } from '../peers/baresip.ts';
import { Dino } from '../peers/dino.ts';
import { inOwnNetwork } from '../peers/own-network.ts';
import { TempFolder } from '../peers/temp-folder.ts';
import { TestCa } from '../peers/test-ca.ts';
import { mustBecome } from '../peers/wait.ts';
import { FULL_MATRIX, Lab, SIP_DOMAIN, XMPP_DOMAIN } from './lab.ts';
import { ALICE, hasNoMedia } from './media-stage.ts';

const BOB = `bob@${SIP_DOMAIN}`;

if (FULL_MATRIX) {
  inOwnNetwork(import.meta.filename, 4, (network) => {
    describe('media between Dino and baresip', () => {
      const folder = new TempFolder('dino');
      const ca = new TestCa();
      const clientTls = ca.make({ names: [`DNS:${XMPP_DOMAIN}`] });
      let lab: Lab;
      let dino: Dino;
      let bob: Baresip;

      before(async () => {
        network.name(XMPP_DOMAIN);
        network.trust(clientTls.ca, folder.path);
        lab = await Lab.open({ server: 'prosody', calls: true, presence: true, clientTls });
        dino = await Dino.start({
          ...{ folder: lab.folder.folder('dino'), jid: ALICE, password: 'alice-password' },
        });
        const address = network.host(70);
        bob = await lab.baresip('bob', [`sip:${ALICE}`], { address, security: 'webrtc' });
        await bob.presence('online');
        await dino.acceptSubscription(BOB);
        await mustBecome('Alice seen by bob', () => bob.output.includes('<basic>open</basic>'), 10_000);
      });
      after(async () => {
        await dino?.close();
        await lab?.close();
        ca.remove();
        folder.remove();
      });

      afterEach(async () => {
        await bob.command('hangup');
        await bob.event('CALL_CLOSED');
        bob.forget();
      });

      async function bothHear(): Promise<void> {
        const stream = await mustBecome(
          'audio of Dino',
          async () => {
            const now = await bob.stream('audio');
            return now !== undefined && now.received >= 50 ? now : undefined;
          },
          15_000,
        );
        assert.deepEqual([stream.encryption, stream.codec], ['dtls_srtp (secure=yes)', 'opus']);
        const isHeard = async (): Promise<boolean> => (await dino.loudness()) > 0.01;
        await mustBecome('the tone of the phone out of the loudspeaker', isHeard, 10_000);
        hasNoMedia(lab);
      }

      test('the phone calls: proposed, taken, heard at both ends', async () => {
        await bob.dial(`sip:${ALICE}`);
        await dino.acceptCall(BOB);
        await bothHear();
      });

      test('Dino calls: heard at both ends', async () => {
        await dino.call(BOB);
        await bob.event('CALL_INCOMING');
        await bob.command('accept');
        await bothHear();
      });
    });
  });
} else {
  describe('media between Dino and baresip', { skip: 'in the long script alone' }, () => {});
}
