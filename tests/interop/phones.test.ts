// What real phones do beyond plain text: CPIM, typing notices (rows IM-42, IM-60 … IM-68).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Linphone } from '../peers/linphone.ts';
import { pause } from '../peers/wait.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import { Lab, ONE_SERVER, SIP_DOMAIN, XMPP_DOMAIN } from './lab.ts';

const ALICE = `alice@${XMPP_DOMAIN}`;
const DAVE = `dave@${SIP_DOMAIN}`;

for (const server of ONE_SERVER) {
  describe(`linphone with CPIM and typing notices (${server})`, () => {
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

    test('XEP-0085 §5.1, IM-68: an XMPP state is not sent to a phone that has shown none', async () => {
      alice.send({ to: DAVE, state: 'composing' });
      await pause(500);
      assert.deepEqual(
        dave.agent.events.filter((e) => e.event === 'composing'),
        [],
      );
    });
    test('IM-42: message/cpim is unwrapped, its text is the body', async () => {
      const text = 'wrapped <&> "é" 👍';
      dave.send(ALICE, text);
      const message = await alice.message((m) => m.body !== null, 10_000);
      assert.equal(message.body, text);
      assert.ok(message.sender.startsWith(DAVE));
      assert.equal(await dave.fate(text), 'delivered');
    });
    test('IM-60: isComposing active arrives as composing, without a body, type chat', async () => {
      dave.agent.do('compose', { to: `sip:${ALICE}` });
      // The agent reports stanzas with a state only as messages without a body.
      const state = await alice.message((m) => m.state === 'composing', 15_000);
      assert.equal(state.body, null);
      assert.equal(state.type, 'chat');
    });
    test('IM-63: composing reaches a phone that has shown that it understands', async () => {
      alice.send({ to: DAVE, state: 'composing' });
      await dave.agent.wait('composing', (e) => e['composing'] === true, 15_000);
    });
    test('IM-67: the text that follows ends the notice on both sides', async () => {
      alice.send({ to: DAVE, body: 'here it is', state: 'active' });
      await dave.receives('here it is');
      await dave.agent.wait('composing', (e) => e['composing'] === false, 15_000);
    });
  });
}
