// Calls between baresip with plain RTP and a chat client that takes ICE and DTLS-SRTP only, by a real rtpengine: either calls, and
// the INVITE that baresip refuses is sent once more with what the relay made of it (SDP-30, CALL-76, CALL-102).
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { Baresip } from '../peers/baresip.ts';
import { JingleClient, reason, secureAudio, WANTED } from '../peers/jingle-client.ts';
import { freeAddress } from '../peers/ports.ts';
import { Rtpengine } from '../peers/rtpengine.ts';
import { TempFolder } from '../peers/temp-folder.ts';
import { mustBecome } from '../peers/wait.ts';
import { Lab, ONE_SERVER, SIP_DOMAIN, XMPP_DOMAIN } from './lab.ts';

const ALICE = `alice@${XMPP_DOMAIN}`;
const BOB = `bob@${SIP_DOMAIN}`;
const NG_PORT = 2223;
/** Where Alice would hear; nobody is there. */
const PORT = 40_404;

for (const server of ONE_SERVER) {
  describe(`calls by a media relay (${server})`, () => {
    const folder = new TempFolder('rtpengine');
    let relay: Rtpengine;
    let lab: Lab;
    let bob: Baresip;
    let alice: JingleClient;

    before(async () => {
      const address = await freeAddress(NG_PORT);
      relay = new Rtpengine({ folder: folder.path, address, port: NG_PORT });
      await relay.start();
      lab = await Lab.open({
        server,
        calls: true,
        config: () => ({
          admin: 'unix:stoxgate.sock',
          media_relay: { instances: [`${address}:${NG_PORT}`] },
        }),
      });
      const [client, phone] = await Promise.all([lab.xmpp('alice'), lab.baresip('bob', [`sip:${ALICE}`])]);
      alice = new JingleClient(client);
      bob = phone;
    });
    after(async () => {
      await lab.close();
      await relay.stop();
      folder.remove();
    });
    afterEach(() => {
      alice.forget();
      bob.forget();
    });

    const place = (creator: 'initiator' | 'responder', name: string) => ({
      ...{ creator, name, address: '127.0.0.1', port: PORT },
    });
    const ownPlace = (text: string): RegExp => new RegExp(text.replaceAll('.', String.raw`\.`));

    test('SDP-30: the phone calls: its offer is ICE and DTLS-SRTP for the client, her answer plain RTP', async () => {
      await bob.dial(`sip:${ALICE}`);
      const { sender, sid } = await alice.proposal('propose');
      alice.propose('proceed', sender, sid);
      const { xml } = await alice.action('session-initiate');
      assert.match(xml, /urn:xmpp:jingle:transports:ice-udp:1/);
      assert.match(xml, /urn:xmpp:jingle:apps:dtls:0/);
      assert.match(xml, ownPlace(`ip="${relay.options.address}"`));
      const name = /<[^<]*content [^>]*name="([^"]*)"/.exec(xml)?.[1] ?? '';
      const content = secureAudio(place('initiator', name), 'active');
      assert.equal(await alice.act('session-accept', sender, sid, content), 'result');
      await bob.event('CALL_ESTABLISHED');
      assert.match(
        await lab.gateway.asks('call', sid),
        ownPlace(`media by the relay ${relay.options.address}:${NG_PORT}`),
      );
      await bob.command('hangup');
      assert.match((await alice.action('session-terminate')).xml, /success/);
    });

    test('CALL-76: the client calls: what the phone refuses comes once more as plain RTP', async () => {
      const sid = 'by-relay';
      alice.propose('propose', BOB, sid, WANTED);
      const { sender } = await alice.proposal('proceed');
      const content = secureAudio(place('initiator', 'voice'), 'actpass');
      assert.equal(await alice.act('session-initiate', sender, sid, content), 'result');
      await bob.event('CALL_INCOMING');
      await bob.command('accept');
      const { xml } = await alice.action('session-accept');
      await bob.event('CALL_ESTABLISHED');
      assert.match(xml, /urn:xmpp:jingle:transports:ice-udp:1/);
      assert.match(xml, ownPlace(`ip="${relay.options.address}"`));
      assert.match(
        await lab.gateway.asks('call', sid),
        ownPlace(`media by the relay ${relay.options.address}:${NG_PORT}`),
      );
      assert.equal(await alice.act('session-terminate', sender, sid, reason('success')), 'result');
      await bob.event('CALL_CLOSED');
      await mustBecome(
        'an end at the relay',
        async () => /^stoxgate_held\{kind="relayed_calls"\} 0$/m.test(await lab.gateway.metrics()),
        5_000,
      );
    });
  });
}
