// Receipts and markers between a real phone and a real client (rows RCPT-01 … RCPT-06): linphone speaks CPIM and IMDN.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Linphone } from '../peers/linphone.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import { Lab, ONE_SERVER, SIP_DOMAIN, XMPP_DOMAIN } from './lab.ts';

const ALICE = `alice@${XMPP_DOMAIN}`;
const DAVE = `dave@${SIP_DOMAIN}`;
const BOB = `bob@${SIP_DOMAIN}`;
const REQUEST = "<request xmlns='urn:xmpp:receipts'/>";
const MARKABLE = "<markable xmlns='urn:xmpp:chat-markers:0'/>";

for (const server of ONE_SERVER) {
  describe(`receipts between linphone and slixmpp (${server})`, () => {
    let lab: Lab;
    let alice: XmppClient;
    let dave: Linphone;

    before(async () => {
      lab = await Lab.open({ server });
      [alice, dave] = await Promise.all([
        lab.xmpp('alice'),
        lab.linphone('dave', { cpim: true, imdn: true }),
      ]);
    });
    after(() => lab.close());

    const ask = (to: string, id: string, body: string): void =>
      alice.sendXml(
        `<message to='${to}' type='chat' id='${id}'><body>${body}</body>${REQUEST}${MARKABLE}</message>`,
      );

    test('RCPT-03, RCPT-04: what the phone asks for comes back to it', async () => {
      dave.send(ALICE, 'do you have it?');
      const message = await alice.message((m) => m.body === 'do you have it?');
      assert.deepEqual(message.asks, ['request', 'markable']);
      const tell = (xml: string): void =>
        alice.sendXml(`<message to='${message.sender}' type='chat'>${xml}</message>`);
      tell(`<received xmlns='urn:xmpp:receipts' id='${message.id}'/>`);
      const state = (name: string): Promise<unknown> =>
        dave.agent.wait(
          'message-state',
          (e) => e['text'] === 'do you have it?' && e['state'] === name,
          10_000,
        );
      await state('delivered-to-user');
      tell(`<displayed xmlns='urn:xmpp:chat-markers:0' id='${message.id}'/>`);
      await state('displayed');
    });

    test('RCPT-01, RCPT-02, RCPT-06: receipt and marker of the phone, which has shown that it knows them', async () => {
      ask(DAVE, 'first', 'do you have this?');
      const arrived = await dave.receives('do you have this?');
      assert.match(String(arrived['content_type']), /^text\/plain/);
      const received = await alice.message((m) => m.received === 'first');
      assert.equal(received.sender, DAVE);
      assert.equal(received.type, 'chat');
      assert.equal(received.to, alice.jid);
      // The conversation that it opened: From names the client of the XMPP user by gr.
      dave.agent.do('read', { from: String(arrived['sender']) });
      const displayed = await alice.message((m) => m.displayed === 'first');
      assert.equal(displayed.sender, DAVE);
    });

    test('RCPT-09: after a restart of the gateway the receipt still finds its message', async () => {
      ask(DAVE, '0b7c4bb4-8a2c-4d0b-8f38-3d6c1f5d2a10', 'and this?');
      const arrived = await dave.receives('and this?');
      await alice.message((m) => m.received === '0b7c4bb4-8a2c-4d0b-8f38-3d6c1f5d2a10');
      await lab.gateway.stop();
      await lab.gateway.start();
      await lab.gateway.healthy();
      dave.agent.do('read', { from: String(arrived['sender']) });
      await alice.message((m) => m.displayed === '0b7c4bb4-8a2c-4d0b-8f38-3d6c1f5d2a10');
    });

    test('RCPT-01: a phone that has shown nothing gets plain text', async () => {
      const bob = await lab.linphone('bob');
      ask(BOB, 'plain', 'plain text?');
      const arrived = await bob.receives('plain text?');
      assert.match(String(arrived['content_type']), /^text\/plain/);
      assert.deepEqual(
        alice.received.filter((m) => m.received === 'plain' || m.type === 'error'),
        [],
      );
    });
  });
}
