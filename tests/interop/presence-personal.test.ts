// A mood that a user publishes at a real XMPP server reaches the phone that watches her: by the capabilities that the gateway
// announces for the phone, her server sends it (XEP-0163 §4, XEP-0115; rows FEAT-04, RPID-15).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Baresip } from '../peers/baresip.ts';
import { waitFor } from '../peers/wait.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import { Lab, SIP_DOMAIN, XMPP_DOMAIN } from './lab.ts';

const ALICE = `alice@${XMPP_DOMAIN}`;
const BOB = `bob@${SIP_DOMAIN}`;
const PATIENCE_MS = 15_000;

describe('a user of prosody and a phone (baresip) watch each other', () => {
  let lab: Lab;
  let alice: XmppClient;
  let phone: Baresip;

  before(async () => {
    lab = await Lab.open({ server: 'prosody', presence: true });
    alice = await lab.xmpp('alice');
    phone = await lab.baresip('bob', [`sip:${ALICE}`]);
    await phone.presence('online');
    const came = (type: string) => (): boolean =>
      alice.presences.some((each) => each.sender.startsWith(BOB) && each.type === type);
    assert.ok(await waitFor(came('subscribe'), PATIENCE_MS), 'the phone asks');
    alice.presence(BOB, 'subscribed');
    alice.presence(BOB, 'subscribe');
    assert.ok(await waitFor(came('available'), PATIENCE_MS), 'she sees the phone');
  });
  after(() => lab.close());

  const publish = (mood: string): void =>
    alice.sendXml(
      `<iq type='set' id='mood'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='http://jabber.org/protocol/mood'>` +
        `<item id='current'><mood xmlns='http://jabber.org/protocol/mood'>${mood}</mood></item></publish></pubsub></iq>`,
    );
  /** The newest document that the phone has of her. */
  const newest = (): string => phone.output.split('<presence ').at(-1) ?? '';

  test('RPID-15: published, and taken back', async () => {
    publish('<happy/>');
    assert.ok(await waitFor(() => newest().includes('rpid:happy'), PATIENCE_MS), newest());
    publish('');
    assert.ok(await waitFor(() => !newest().includes('rpid:happy'), PATIENCE_MS), newest());
  });
});
