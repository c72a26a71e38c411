// The gateway as an XMPP server of its own, against real servers: a message each way, by whatever proof they use
// (RFC 6120 §9.2; XEP-0178, XEP-0220, XEP-0198; rows S2S-01 … S2S-06).
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { mustBecome } from '../peers/wait.ts';
import type { XmppClient } from '../peers/xmpp-client.ts';
import {
  FederationLab,
  OTHER_DOMAIN,
  SIP_DOMAIN,
  XMPP_DOMAIN,
  type FederationOptions,
} from './federation.ts';

const ALICE = `alice@${XMPP_DOMAIN}`;
const BOB = `bob@${SIP_DOMAIN}`;

const cases: readonly (FederationOptions & { readonly name: string })[] = [
  { name: 'SASL EXTERNAL, XEP-0198', server: 'prosody', dialback: 'never', by: 'next-hop' },
  {
    name: 'SASL EXTERNAL, without XEP-0198',
    server: 'prosody',
    dialback: 'never',
    by: 'dns',
    extensions: false,
  },
  { name: 'dialback', server: 'prosody', dialback: 'over-tls', by: 'dns', strangeCertificate: true },
  { name: 'TLS from the first octet', server: 'prosody', dialback: 'never', by: 'dns', directTls: true },
  { name: 'SASL EXTERNAL', server: 'ejabberd', dialback: 'never', by: 'dns' },
  { name: 'dialback', server: 'ejabberd', dialback: 'over-tls', by: 'next-hop', strangeCertificate: true },
  { name: 'dialback over TLS', server: 'jabberd2', dialback: 'over-tls', by: 'dns' },
];

for (const { name, ...options } of cases) {
  describe(`${options.server}, ${name}, by ${options.by}`, () => {
    let lab: FederationLab;
    let alice: XmppClient;

    before(async () => {
      lab = await FederationLab.open(options);
      alice = await lab.alice();
    });
    after(() => lab.close());

    test('SIP to XMPP: delivered, and confirmed before the answer', async () => {
      const { status } = await lab.say(ALICE, 'hello from SIP');
      assert.equal(status, 202);
      const message = await alice.message((m) => m.body === 'hello from SIP');
      assert.equal(message.sender, BOB);
    });

    test('XMPP to SIP', async () => {
      alice.send({ to: BOB, body: 'hello from XMPP' });
      await mustBecome('the MESSAGE', () => lab.sip.bodies.includes('hello from XMPP'), 8_000);
    });

    test('another domain of the gateway, on a stream of its own or on that one (XEP-0220 §2.5)', async () => {
      const { status } = await lab.say(ALICE, 'from another domain', `dan@${OTHER_DOMAIN}`);
      assert.equal(status, 202);
      const message = await alice.message((m) => m.body === 'from another domain');
      assert.equal(message.sender, `dan@${OTHER_DOMAIN}`);
      alice.send({ to: message.sender, body: 'back to that domain' });
      await mustBecome('the MESSAGE', () => lab.sip.bodies.includes('back to that domain'), 8_000);
    });

    test('a user who is not there: the answer of his server', async () => {
      const { status } = await lab.say(`nobody@${XMPP_DOMAIN}`, 'anybody?');
      assert.ok(status === 404 || status === 480 || status === 202, String(status));
    });

    test('the gateway answers for its domain (row FEAT-01)', async () => {
      const ask = `<iq type='get' to='${SIP_DOMAIN}' id='d1'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`;
      const { type, xml } = await alice.ask('d1', ask);
      assert.equal(type, 'result');
      assert.match(xml, /category=["']gateway["']/);
    });

    test('the server stops and comes back: 504 meanwhile, delivered afterwards', async () => {
      await alice.close();
      await lab.server.stop();
      const { status } = await lab.say(ALICE, 'are you there?');
      assert.equal(status, 504);
      await lab.server.start();
      alice = await lab.alice();
      await mustBecome('delivery', async () => (await lab.say(ALICE, 'there again')).status === 202, 20_000);
      await alice.message((m) => m.body === 'there again');
    });
  });
}
